"What lesson 08 leans on: helpers around its loop, its figures, and labels that leave the frame."

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from mlc_course.figures import train_torch as draw
from mlc_course.postcards import compose
from mlc_course.postcards.leaving import labels_gone
from mlc_course.training.around import kept_for_backward, print_epoch, timed


def test_a_line_says_epoch_losses_and_score(capsys):
    print_epoch(dict(epoch=3, train_loss=0.5, valid_loss=0.25, valid_map=0.75))
    assert capsys.readouterr().out == (
        "epoch  3: train loss 0.5000, valid loss 0.2500, valid mAP 0.750\n"
    )


def test_the_stopwatch_names_what_it_timed(capsys):
    with timed("nothing"):
        pass
    assert capsys.readouterr().out == "nothing: 0.0 s\n"


def test_kept_memory_is_that_of_the_factors_of_a_product_and_nothing_without_gradients():
    a, b = (torch.ones(1000, requires_grad=True) for _ in range(2))
    assert kept_for_backward(lambda: a * b) == pytest.approx(2 * 4000 / 1e6)
    assert kept_for_backward(lambda: a * a) == pytest.approx(4000 / 1e6)  # one tensor counts once
    with torch.no_grad():
        assert kept_for_backward(lambda: a * b) == 0


def test_epochs_and_losses_have_plain_whole_numbers_on_their_axes():
    rows = [dict(epoch=k, train_loss=0.1, valid_loss=0.2 / k, valid_map=0.1 * k) for k in (1, 2, 3)]
    fig = draw.runs_by_epoch({"one": rows, "two": rows})
    fig.canvas.draw()
    for ax in fig.axes:
        low, high = ax.get_xlim()
        shown = [t.get_text() for t in ax.get_xticklabels() if low <= t.get_position()[0] <= high]
        assert shown == ["1", "2", "3"] and len(ax.lines) == 2
    ax = draw.by_heart({"a": [0.7, 0.1, 0.02]})
    ax.figure.canvas.draw()
    assert {"1", "0.1"} <= {t.get_text() for t in ax.get_yticklabels()}
    assert list(ax.lines[0].get_xdata()) == [1, 2, 3]


def test_nothing_leaves_a_frame_that_stays_as_it_is_and_all_leave_a_scene_blown_up():
    for seed in range(30):
        scene, rng = compose(np.random.default_rng(seed)), np.random.default_rng(seed)
        assert not labels_gone(scene, rng, degrees=0, shift=0, scale=(1, 1))
        assert labels_gone(scene, rng, shift=100) == set(scene.labels)


@pytest.mark.parametrize("seed", range(8))
def test_a_label_is_gone_where_torchvisions_transform_moves_its_centre_out(seed):
    scene = compose(np.random.default_rng(seed))
    gone = labels_gone(scene, np.random.default_rng(seed))
    rng = np.random.default_rng(seed)  # the same draws, in the same order
    angle, scale, shift = rng.uniform(-20, 20), rng.uniform(0.5, 1.5), rng.uniform(-0.2, 0.2, 2)
    for label in scene.labels:
        seen, doubtful = False, False
        for item in scene.items:
            if item.kind != label:
                continue
            left, top, right, bottom = item.box
            wide = torch.zeros(1, 512, 512)  # the scene in the middle of a wider picture
            x, y = round(192 + (left + right) / 2), round(192 + (top + bottom) / 2)
            wide[0, y - 1 : y + 2, x - 1 : x + 2] = 1
            move = [float(o) for o in shift * 128]
            out = v2.functional.affine(wide, angle, move, scale, [0.0, 0.0])[0]
            rows, columns = out.nonzero().float().mean(0).tolist()
            away = max(abs(rows - 255.5), abs(columns - 255.5))
            seen, doubtful = seen or away < 64, doubtful or abs(away - 64) < 3
        assert doubtful or (label in gone) == (not seen)
