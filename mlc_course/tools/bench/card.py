"Large networks on a GPU: the loop with its augmentation beside a step on one batch in its memory."

from dataclasses import replace

import numpy as np

from mlc_course.tools.bench.core import Row
from mlc_course.tools.bench.steps import Fixed, epoch_rate, state_of

WAYS = ((None, "flip and shift"), (0.35, "random resized crop and flip"))


def bench_card(
    report,  # a `Report`: the rows go there
    say,  # is told what is going on
    archs=("resnet18", "resnet50"),
    size=224,  # pixels
    batch_size=256,  # images in a step
    n=2048,  # images
    rounds=5,  # pairs of epochs
):
    "A row for each network and augmentation."
    from mlc_course.settings import load_profile
    from mlc_course.train_torch import ImageBatches

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n, size, size, 3), dtype=np.uint8)
    targets = rng.random((n, 20)) < 0.075
    for arch in archs:
        say(f"... {arch} at {size} px")
        more = dict(arch=arch, pretrained=False, image_size=size, batch_size=batch_size)
        profile = replace(load_profile("gpu"), **more)
        state = state_of([f"label {i}" for i in range(20)], profile, 100_000)
        for min_scale, what in WAYS:
            batches = ImageBatches(images, targets, batch_size, train=True, min_scale=min_scale)
            name = f"{arch}, {size} px, {what}"
            report.rows.append(beside_fixed(name, state, batches, rounds))


def beside_fixed(
    name: str,  # what is measured
    state,  # a `TrainingState`
    batches,  # ImageBatches
    rounds: int,  # pairs of epochs
) -> Row:
    "An epoch beside one of a batch that is there."
    fixed = Fixed(batches)
    for b in (fixed, batches):
        epoch_rate(state, b)
    pairs = np.array(
        [(epoch_rate(state, batches), epoch_rate(state, fixed)) for _ in range(rounds)]
    )
    share = float(np.median(pairs[:, 0] / pairs[:, 1]))
    ours, ceiling = np.median(pairs, axis=0)
    return Row(
        f"{name}: {ours:,.0f} images/s",
        f"fixed batch on the card: {ceiling:,.0f} images/s",
        1 / ours,
        share / ours,
        "90 % of it or more",
        share >= 0.9,
        f"{share:.1%}; batches of {batches.batch_size}, {state.precision}.",
    )
