"The three trainers' one recipe: the head's fit, the schedule, the optimiser and the moves."

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mlc_course.training import cycle


def torch_rates(steps, top, warm_up=cycle.WARM_UP):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.AdamW([weight], lr=top)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, top, total_steps=steps, pct_start=warm_up
    )
    found = []
    for _ in range(steps):
        found.append(schedule.get_last_lr()[0])
        optimiser.step()
        schedule.step()
    return found


@settings(deadline=None, max_examples=30)
@given(st.integers(5, 900), st.floats(1e-4, 1), st.floats(0.25, 0.6))
def test_keras_schedule_is_onecyclelr(steps, top, warm_up):
    from mlc_course.training.tf_step import OneCycle

    schedule = OneCycle(top, steps, warm_up)
    ours = np.asarray(schedule(np.arange(steps)))
    np.testing.assert_allclose(ours, torch_rates(steps, top, warm_up), rtol=1e-4, atol=2e-6 * top)
    again = OneCycle.from_config(schedule.get_config())
    assert float(again(steps // 3)) == pytest.approx(ours[steps // 3], rel=1e-6)


def test_fastai_schedule_is_onecyclelr_to_a_step():
    from fastai.callback.schedule import combined_cos

    from mlc_course.training.fastai_recipe import CYCLE

    top, steps = 4e-3, 900
    ends = top / CYCLE["div"], top, top / CYCLE["div_final"]
    rate = combined_cos(CYCLE["pct_start"], *ends)
    theirs = [float(rate(i / steps)) for i in range(steps)]
    near = torch_rates(steps, top)
    step = np.abs(np.diff(near)).max()  # fastai counts from 0 to 1, not to the last step
    np.testing.assert_allclose(theirs, near, atol=1.5 * step)


def test_one_step_of_each_optimiser_is_torchs_adamw():
    import keras
    from fastcore.foundation import L

    from mlc_course.settings import load_profile
    from mlc_course.training.fastai_recipe import adamw
    from mlc_course.training.tf_step import one_cycle

    profile = load_profile("smoke")
    grads = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    start = np.random.default_rng(1).normal(size=3).astype("float32")
    rates = torch_rates(6, profile.learning_rate)

    weight = torch.nn.Parameter(torch.tensor(start))
    theirs = torch.optim.AdamW(
        [weight], lr=1, betas=cycle.BETAS, eps=cycle.EPSILON, weight_decay=profile.weight_decay
    )
    own = torch.nn.Parameter(torch.tensor(start))
    fastais = adamw(L(own), lr=1, wd=profile.weight_decay)
    variable = keras.Variable(start)
    kerass = one_cycle(profile, 6)
    kerass.build([variable])
    for grad, rate in zip(grads, rates):
        theirs.param_groups[0]["lr"] = rate
        weight.grad = torch.tensor(grad)
        theirs.step()
        fastais.set_hyper("lr", rate)
        own.grad = torch.tensor(grad)
        fastais.step()
        kerass.apply([keras.ops.convert_to_tensor(grad)])
    expected = weight.detach().numpy()
    np.testing.assert_allclose(own.detach().numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(np.asarray(variable), expected, rtol=1e-5)


def test_the_moves_of_fastai_are_those_of_torch():
    from mlc_course.train_torch import augment_batch
    from mlc_course.training.fastai_recipe import FlipsAndShifts

    images = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), dtype=np.uint8)
    ours = FlipsAndShifts(3)(images.copy(), batch=5)
    drawn = torch.Generator().manual_seed(3 * 1_000_003 + 5)
    theirs = augment_batch(torch.from_numpy(images), drawn).numpy() / np.float32(255)
    np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(ours, FlipsAndShifts(3)(images.copy(), batch=6))


def test_the_head_that_all_begin_with_is_the_same(squares, tiny):
    from dataclasses import replace

    from mlc_course import train_fastai, train_tf, train_torch

    once = replace(tiny, image_size=16, epochs=1, learning_rate=1e-9, weight_decay=0.0)
    probs = [
        o.train(squares, once, progress=False, augment="none").predictions["valid"].probs
        for o in (train_fastai, train_torch, train_tf)
    ]
    # BatchNorm's statistics move even so; the heads, fitted to the same features, are equal
    assert np.abs(probs[0] - probs[1]).max() < 0.05
    assert np.abs(probs[0] - probs[2]).max() < 0.05
