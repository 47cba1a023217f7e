"Lesson 12: losses cell by cell, mistakes, maps, wrong labels, unknown images, several views."

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlc_course import interpret
from mlc_course.interpret import (
    cell_losses,
    class_activation_maps,
    cooccurrence_learned,
    f1_by_frequency,
    find_label_issues,
    finding_scores,
    flip_labels,
    grad_cam,
    issues_per_label,
    mistakes,
    out_of_sample_probs,
    overlay,
    plot_probability_histograms,
    predict_tta,
    predicted_labels,
    rank_label_issues,
    separation,
    worst_losses,
)
from mlc_course.metrics import Predictions, confusion, simulate_predictions

VOCAB = ["boat", "moon", "sun"]


def some(n=40, seed=0):
    rng = np.random.default_rng(seed)
    t = rng.random((n, 3)) < 0.4
    return Predictions(
        (0.4 * t + 0.55 * rng.random((n, 3))).astype("float32"),
        t,
        VOCAB,
        [f"{i}.png" for i in range(n)],
    )


def test_no_framework_is_loaded():
    code = (
        "import sys, mlc_course.interpret; print([m for m in ('torch', 'tensorflow', 'cleanlab', "
        "'sklearn', 'matplotlib', 'PIL') if m in sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


# ---- what it says


def test_predicted_labels():
    p = Predictions(
        [[0.9, 0.6, 0.1], [0.2, 0.1, 0.3], [0.5, 0.8, 0.95]],
        np.zeros((3, 3)),
        VOCAB,
        ["a", "b", "c"],
    )
    assert predicted_labels(p).to_dict() == {
        "a": "boat, moon",
        "b": "no predictions",
        "c": "sun, moon",
    }  # 0.5 isn't above 0.5
    assert predicted_labels(p, [0.95, 0.7, 0.2], nothing="-").to_dict() == {
        "a": "-",
        "b": "sun",
        "c": "sun, moon",
    }
    with pytest.raises(ValueError, match="one number for each of the 3"):
        predicted_labels(p, [0.5, 0.5])


def test_cell_losses_are_those_of_sklearn():
    from sklearn.metrics import log_loss

    p = some()
    losses = cell_losses(p)
    assert losses.shape == (40, 3) and losses.dtype == np.float64
    for c in range(3):
        assert losses[:, c].mean() == pytest.approx(
            log_loss(p.targets[:, c], p.probs[:, c].astype(float))
        )
    sure = Predictions([[0.0, 1.0]], [[True, False]], ["a", "b"], ["x"])
    assert (
        np.allclose(cell_losses(sure), -np.log(1e-7), rtol=1e-6)
        and np.isfinite(cell_losses(sure)).all()
    )


def test_worst_losses():
    p = Predictions([[0.9, 0.01, 0.5], [0.2, 0.99, 0.6]], [[0, 1, 0], [0, 1, 1]], VOCAB, ["a", "b"])
    worst = worst_losses(p, 3)
    assert list(worst.columns) == ["fname", "label", "target", "prob", "loss"]
    assert list(zip(worst.fname, worst.label, worst.target)) == [
        ("a", "moon", True),
        ("a", "boat", False),
        ("a", "sun", False),
    ]
    assert worst.loss.is_monotonic_decreasing and worst.loss[0] == pytest.approx(
        -np.log(0.01), rel=1e-4
    )
    only = worst_losses(p, 5, "sun")
    assert list(only.fname) == ["a", "b"] and set(only.label) == {"sun"}
    assert len(worst_losses(p, 100)) == 6
    with pytest.raises(ValueError, match="'car' isn't in the vocab"):
        worst_losses(p, 3, "car")
    with pytest.raises(ValueError, match="at least one"):
        worst_losses(p, 0)


def test_mistakes_are_those_of_the_confusion():
    p, thresh = some(80), np.array([0.3, 0.5, 0.7])
    wrong, counts = mistakes(p, thresh), confusion(p.probs, p.targets, thresh)
    assert list(wrong.columns) == ["fname", "label", "kind", "prob", "thresh"]
    for c, name in enumerate(VOCAB):
        mine = wrong[wrong.label == name]
        assert (mine.kind == "false positive").sum() == counts.fp[c] and (
            mine.kind == "false negative"
        ).sum() == counts.fn[c]
        pd.testing.assert_frame_equal(mistakes(p, thresh, name), mine.reset_index(drop=True))
    over, under = wrong[wrong.kind == "false positive"], wrong[wrong.kind == "false negative"]
    assert (over.prob > over.thresh).all() and (under.prob <= under.thresh).all()


def test_mistakes_begin_with_the_most_confident():
    p = Predictions(
        [[0.95, 0.5], [0.6, 0.9], [0.1, 0.04]],
        [[0, 0], [0, 0], [1, 1]],
        ["a", "b"],
        ["x", "y", "z"],
    )
    wrong = mistakes(p, [0.5, 0.8])  # of the way from the threshold: 0.9, 0.2, 0.5; 0.8, 0.95
    assert list(zip(wrong.fname, wrong.label)) == [
        ("z", "b"),
        ("x", "a"),
        ("z", "a"),
        ("y", "b"),
        ("y", "a"),
    ]
    assert len(mistakes(Predictions([[1.0, 0.0]], [[1, 0]], ["a", "b"], ["x"]))) == 0
    assert (
        len(mistakes(Predictions([[0.0, 1.0]], [[1, 0]], ["a", "b"], ["x"]), [0.0, 0.99])) == 2
    )  # no way to go, no division by zero


# ---- histograms, frequency


def test_histograms():
    p = some()
    fig = plot_probability_histograms(p, [0.2, 0.5, 0.9], ncols=2)
    panels = [ax for ax in fig.axes if ax.get_title()]
    assert [ax.get_title() for ax in panels] == VOCAB
    for i, ax in enumerate(panels):
        heights = [q.get_height() for q in ax.patches if hasattr(q, "get_height")]
        assert sum(heights) == (~p.targets[:, i]).sum() and ax.lines[0].get_xdata()[
            0
        ] == pytest.approx([0.2, 0.5, 0.9][i])
    with pytest.raises(ValueError, match="must lie in"):
        plot_probability_histograms(p, 3)


def test_f1_by_frequency_and_the_artefact():
    from sklearn.metrics import f1_score

    p = simulate_predictions(3000)
    d = f1_by_frequency(p, 0.5)
    assert d.frequency.is_monotonic_increasing
    np.testing.assert_allclose(
        d.set_index("label").f1.reindex(p.vocab), f1_score(p.targets, p.probs > 0.5, average=None)
    )
    assert (f1_by_frequency(p).set_index("label").f1 >= d.set_index("label").f1 - 1e-12).all()
    shuffled = Predictions(
        p.probs[np.random.default_rng(0).permutation(len(p))], p.targets, p.vocab, p.fnames
    )
    a = f1_by_frequency(shuffled)
    assert (a.f1 - 2 * a.frequency / (1 + a.frequency)).abs().max() < 0.06 and np.corrcoef(
        a.f1, a.frequency
    )[0, 1] > 0.98


# ---- maps


@pytest.fixture(scope="module")
def pocket():
    import torch

    from mlc_course.backbones import create_model

    torch.manual_seed(0)
    model = create_model(3, "pocket_resnet", True)
    torch.nn.init.normal_(model.head.weight)
    model.vocab, model.image_size = VOCAB, 64
    return model.eval()


def test_grad_cam_is_the_closed_form(pocket):
    import torch

    x = torch.rand(3, 3, 64, 48, generator=torch.Generator().manual_seed(0))
    maps = grad_cam(pocket, x)
    with torch.no_grad():
        A = pocket.feature_map(x).numpy()
    assert (
        maps.shape == (3, 3, 4, 3)
        and maps.dtype == np.float32
        and (maps >= 0).all()
        and maps.max() > 0
    )
    np.testing.assert_allclose(
        maps, class_activation_maps(A, pocket.head.weight.detach().numpy()), rtol=1e-3, atol=1e-5
    )
    np.testing.assert_allclose(grad_cam(pocket, x, ["sun", "boat"]), maps[:, [2, 0]], rtol=1e-5)
    np.testing.assert_allclose(grad_cam(pocket, x, "moon"), maps[:, [1]], rtol=1e-5)
    np.testing.assert_allclose(grad_cam(pocket, x, 1), maps[:, [1]], rtol=1e-5)
    assert grad_cam(pocket, x, []).shape == (3, 0, 4, 3)


def test_grad_cam_leaves_the_network_as_it_was(pocket):
    import torch

    x = torch.rand(2, 3, 32, 32)
    before = {k: v.clone() for k, v in pocket.state_dict().items()}
    expected = grad_cam(pocket, x)
    pocket.train()
    with torch.no_grad():
        again = grad_cam(pocket, x)  # asks in evaluation mode all the same
    assert (
        pocket.training
        and all(p.grad is None for p in pocket.parameters())
        and not any(m._forward_hooks for m in pocket.modules())
    )
    pocket.eval().requires_grad_(False)
    with torch.inference_mode():
        frozen = grad_cam(pocket, x)
    pocket.requires_grad_(True)
    for maps in (again, frozen):
        np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-6)
    assert all(torch.equal(before[k], v) for k, v in pocket.state_dict().items())


def test_grad_cam_of_a_torchvision_body():
    import torch

    from mlc_course.backbones import create_model

    torch.manual_seed(0)
    model = create_model(4, "resnet18", False).eval()
    x = torch.rand(2, 3, 64, 64)
    maps = grad_cam(model, x, [3, 0])
    found = []
    hook = model.body.layer4.register_forward_hook(lambda m, a, o: found.append(o))
    with torch.no_grad():
        model(x)
    hook.remove()
    assert maps.shape == (2, 2, 2, 2)
    np.testing.assert_allclose(
        maps,
        class_activation_maps(found[0].numpy(), model.head.weight.detach().numpy()[[3, 0]]),
        rtol=1e-3,
        atol=1e-6,
    )


def test_grad_cam_at_an_earlier_layer_is_autograd_there(pocket):
    import torch

    x = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    for k, side in ((0, 32), (2, 8), (3, 4)):
        maps = grad_cam(pocket, x, ["sun", 0], layer=pocket.stages[k])
        A = torch.relu(pocket.bn(pocket.stem((x - 0.5) * 4)))
        for stage in pocket.stages[: k + 1]:
            A = stage(A)
        A = A.detach().requires_grad_(True)
        B = A
        for stage in pocket.stages[k + 1 :]:
            B = stage(B)
        logits = pocket.head(torch.cat([B.mean((2, 3)), B.amax((2, 3))], 1))
        for n, c in enumerate((2, 0)):
            (g,) = torch.autograd.grad(logits[:, c].sum(), A, retain_graph=True)
            by_hand = torch.einsum("nk,nkhw->nhw", g.mean((2, 3)), A).relu().detach()
            np.testing.assert_allclose(maps[:, n], by_hand, rtol=1e-3, atol=1e-6)
        assert maps.shape == (2, 2, side, side)
    np.testing.assert_allclose(maps, grad_cam(pocket, x, ["sun", 0]), rtol=1e-5)
    with pytest.raises(ValueError, match="isn't a module of this network"):
        grad_cam(pocket, x, layer=torch.nn.ReLU())
    with pytest.raises(ValueError, match="This layer never"):
        grad_cam(pocket, x, layer=pocket.head)
    assert not any(m._forward_hooks for m in pocket.modules())


def test_grad_cam_refuses(pocket):
    import torch

    x = torch.rand(1, 3, 32, 32)
    with pytest.raises(ValueError, match=r"x\[None\]"):
        grad_cam(pocket, x[0])
    with pytest.raises(ValueError, match="'car' isn't in the model's vocab"):
        grad_cam(pocket, x, ["car"])
    for bad in (3, -1):
        with pytest.raises(ValueError, match="no label number"):
            grad_cam(pocket, x, [bad])
    flat = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 2))
    with pytest.raises(ValueError, match="nowhere to look"):
        grad_cam(flat, x)
    with pytest.raises(ValueError, match="carries no vocab"):
        grad_cam(
            torch.nn.Sequential(
                torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten(), torch.nn.Linear(4 * 900, 2)
            ),
            x,
            "sun",
        )
    assert not any(m._forward_hooks for m in pocket.modules())


def test_class_activation_maps():
    A, w = np.arange(16, dtype=float).reshape(1, 2, 2, 4), np.array([[1.0, -1.0], [-1.0, 1.0]])
    maps = class_activation_maps(A, w)
    assert (
        maps.shape == (1, 2, 2, 4) and maps[0, 0].max() == 0 and (maps[0, 1] == 1).all()
    )  # (8 - 0)/8
    np.testing.assert_allclose(class_activation_maps(A, np.c_[w, w]), 2 * maps)
    for bad in (np.ones((2, 3)), np.ones(2), np.ones((2, 0))):
        with pytest.raises(ValueError, match="expected"):
            class_activation_maps(A, bad)


def test_overlay():
    image, heat = np.full((8, 12, 3), 100, np.uint8), np.array([[0.0, 0.0], [0.0, 2.0]])
    drawn = overlay(image, heat)
    assert drawn.shape == image.shape and drawn.dtype == np.uint8
    assert (drawn[:4, :6][0, 0] == 100).all() and drawn[-1, -1, 0] > 180 and (image == 100).all()
    np.testing.assert_array_equal(overlay(image, 0 * heat), image)
    np.testing.assert_array_equal(overlay(image, heat, alpha=0), image)
    assert overlay(image, heat, top=200)[-1, -1].astype(int).sum() < drawn[-1, -1].astype(int).sum()
    with pytest.raises(ValueError, match="one map"):
        overlay(image, heat[None])
    with pytest.raises(ValueError, match="uint8"):
        overlay(image / 255, heat)


# ---- co-occurrence


def test_cooccurrence_learned():
    p = Predictions(
        [[0.9, 0.9, 0.1], [0.9, 0.1, 0.1], [0.1, 0.9, 0.9], [0.9, 0.9, 0.9]],
        [[1, 1, 0], [1, 1, 0], [0, 1, 1], [1, 0, 0]],
        VOCAB,
        list("wxyz"),
    )
    d = cooccurrence_learned(p).set_index(["a", "b"])
    assert d.index[0] == ("boat", "moon") and d.truth.tolist() == [2, 1, 0]
    assert d.predicted.to_dict() == {("boat", "moon"): 2, ("boat", "sun"): 1, ("moon", "sun"): 2}
    assert d.loc[("boat", "moon"), "chance"] == 3 * 3 / 4


# ---- wrong labels


@given(st.integers(0, 60), st.integers(1, 5), st.floats(0, 1), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_flip_labels(n, c, share, seed):
    t = np.random.default_rng(seed).random((n, c)) < 0.3
    noisy, flipped = flip_labels(t, share, seed)
    assert noisy.dtype == flipped.dtype == bool and ((noisy != t) == flipped).all()
    assert (flipped & t).sum() == round(share * t.sum())
    roomy = t.sum(0) <= n / 2
    assert (noisy.sum(0) == t.sum(0))[roomy].all()
    again = flip_labels(t.astype(int), share, seed)
    assert (again[0] == noisy).all()


def test_flip_labels_refuses():
    with pytest.raises(ValueError, match="between 0 and 1"):
        flip_labels(np.ones((2, 2)), 5)
    with pytest.raises(ValueError, match=r"\[N, C\]"):
        flip_labels(np.ones(4))
    assert not flip_labels(np.ones((4, 2), bool), 1.0)[0].any()  # nowhere to add


def easy(n=300, seed=0):
    "Features that tell the labels nearly perfectly."
    rng = np.random.default_rng(seed)
    t = rng.random((n, 3)) < (0.5, 0.3, 0.2)
    return (3.0 * t + rng.normal(0, 0.4, (n, 3))).astype("float32"), t


def test_out_of_sample_probs():
    x, t = easy()
    p = out_of_sample_probs(x, t, C=1.0)
    assert p.shape == t.shape and p.dtype == np.float32 and ((p > 0.5) == t).mean() > 0.98
    np.testing.assert_array_equal(p, out_of_sample_probs(x, t, C=1.0))
    noisy = t.copy()
    noisy[7] = ~noisy[7]
    before, after = (out_of_sample_probs(x, y, C=1.0, seed=3)[7] for y in (t, noisy))
    assert (
        abs(before - after) < 0.2
    ).all()  # its own labels hardly matter, only how the pictures are dealt
    for bad, message in ((dict(folds=1), "at least 2"), (dict(folds=301), "at most one fold")):
        with pytest.raises(ValueError, match=message):
            out_of_sample_probs(x, t, **bad)
    with pytest.raises(ValueError, match="same order"):
        out_of_sample_probs(x[:5], t)


def test_a_picture_is_never_judged_by_a_model_that_saw_it(monkeypatch):
    import mlc_course.train_torch as tt

    x, t = easy(20)
    x[:, 0] = np.arange(20)
    seen, fit = [], tt.fit_head
    monkeypatch.setattr(
        tt,
        "fit_head",
        lambda head, f, y, **k: (seen.append(set(f[:, 0].int().tolist())), fit(head, f, y, **k))[1],
    )
    out_of_sample_probs(x, t, folds=4)
    assert len(seen) == 4 and all(sum(i in s for s in seen) == 3 for i in range(20))


def test_issues_are_found():
    pytest.importorskip("cleanlab")
    x, t = easy(400)
    noisy, flipped = flip_labels(t, 0.1)
    probs = out_of_sample_probs(x, noisy, C=1.0)
    found = find_label_issues(noisy, probs)
    s = finding_scores(found, flipped)
    assert (
        found.dtype == bool
        and s["precision"] > 0.9
        and s["recall"] > 0.9
        and s["base_rate"] == flipped.mean()
    )
    for c in range(3):  # the rule by hand, as in the lesson
        y, p = noisy[:, c], probs[:, c].astype(float)
        np.testing.assert_array_equal(
            found[:, c],
            np.where(y, (1 - p >= (1 - p[~y]).mean()) & (p < 0.5), (p >= p[y].mean()) & (p > 0.5)),
        )
    assert find_label_issues(noisy, probs, "prune_by_noise_rate").sum() >= found.sum() * 0.8


def test_labels_without_both_kinds_have_no_issues(recwarn):
    pytest.importorskip("cleanlab")
    x, t = easy(200)
    p = out_of_sample_probs(x, flip_labels(t, 0.1)[0], C=1.0)
    t = flip_labels(t, 0.1)[0]
    expected = find_label_issues(t, p)
    t[:, 0], t[:, 2] = True, False
    found = find_label_issues(t, p)
    assert not found[:, [0, 2]].any()
    np.testing.assert_array_equal(found[:, 1], expected[:, 1])
    assert not find_label_issues(np.zeros((5, 3), bool), np.full((5, 3), 0.1)).any()


def test_without_cleanlab_the_message_says_what_to_install(monkeypatch):
    for name in [m for m in sys.modules if m.split(".")[0] == "cleanlab"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cleanlab", None)
    with pytest.raises(ImportError, match=r'pip install "mlc_course\[noise\]"'):
        find_label_issues(np.eye(3, dtype=bool), np.eye(3))


def test_finding_scores():
    assert finding_scores([[1, 1], [0, 0]], [[1, 0], [1, 0]]) == dict(
        found=2, precision=0.5, recall=0.5, base_rate=0.5
    )
    assert finding_scores(np.zeros((2, 2)), np.zeros((2, 2))) == dict(
        found=0, precision=0.0, recall=0.0, base_rate=0.0
    )
    with pytest.raises(ValueError, match="same cells"):
        finding_scores(np.zeros((2, 2)), np.zeros((2, 3)))


def found_cells():
    p = Predictions(
        [[0.9, 0.2, 0.6], [0.05, 0.9, 0.5], [0.3, 0.97, 0.1]],
        [[0, 0, 1], [1, 1, 0], [0, 0, 0]],
        VOCAB,
        list("xyz"),
    )
    return p, np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0]], bool)


def test_found_cells_are_ranked_by_the_probability_of_what_is_given():
    p, issues = found_cells()
    ranked = rank_label_issues(p, issues)
    assert list(zip(ranked.fname, ranked.label, ranked.target)) == [
        ("z", "moon", False),
        ("y", "boat", True),
        ("x", "boat", False),
    ]
    everything = rank_label_issues(p, np.ones((3, 3)))
    pd.testing.assert_frame_equal(everything, worst_losses(p, 9))
    assert len(rank_label_issues(p, issues & False)) == 0
    for f in (rank_label_issues, issues_per_label):
        with pytest.raises(ValueError, match="issues has shape"):
            f(p, issues[:2])
        with pytest.raises(TypeError, match="Predictions"):
            f(p.probs, issues)
        with pytest.raises(ValueError, match="0 or 1"):
            f(p, p.probs)


def test_finds_are_counted_label_by_label():
    p, issues = found_cells()
    table = issues_per_label(p, issues).set_index("label")
    assert table.loc["boat"].tolist() == [1, 1, 1, 2.0]
    assert table.loc["moon"].tolist() == [1, 0, 1, 1.0]
    assert table.loc["sun"].tolist() == [1, 0, 0, 0.0]
    assert list(table.index) == ["boat", "moon", "sun"]
    never = Predictions([[0.1, 0.9]], [[0, 1]], ["a", "b"], ["x"])
    assert np.isnan(issues_per_label(never, [[0, 0]]).set_index("label").share["a"])


# ---- unknown images


@given(
    st.lists(st.integers(-3, 3), min_size=1, max_size=30),
    st.lists(st.integers(-3, 3), min_size=1, max_size=30),
)
@settings(max_examples=80, deadline=None)
def test_separation_is_sklearns_auroc(a, b):
    from sklearn.metrics import roc_auc_score

    assert separation(a, b) == pytest.approx(roc_auc_score([1] * len(a) + [0] * len(b), a + b))
    assert separation(a, b) + separation(b, a) == pytest.approx(1)


def test_separation_refuses():
    with pytest.raises(ValueError, match="at least one of each"):
        separation([], [1])
    with pytest.raises(ValueError, match="NaN"):
        separation([np.nan], [1])


# ---- several views


def test_predict_tta(squares):
    from dataclasses import replace

    import torch

    from mlc_course import train_torch
    from mlc_course.settings import load_profile

    profile = replace(load_profile("smoke"), precision="fp32")
    model = train_torch.make_model(squares.vocab, profile)
    torch.nn.init.normal_(model.head.weight)
    one = train_torch.predict(model, squares, "test")
    same = predict_tta(model, squares, "test", flip=False)
    np.testing.assert_allclose(same.probs, one.probs, atol=1e-5)
    assert same.fnames == one.fnames and (same.targets == one.targets).all()
    from mlc_course.tables import decode_images

    x = (
        torch.from_numpy(decode_images(squares.paths("test"), profile.image_size))
        .permute(0, 3, 1, 2)
        .float()
        .to(next(model.parameters()).device)
        / 255
    )
    with torch.no_grad():
        both = (model.eval()(x).sigmoid() + model(x.flip(3)).sigmoid()).cpu().numpy() / 2
    model.train()
    np.testing.assert_allclose(
        predict_tta(model, squares, "test", batch_size=7).probs, both, atol=1e-5
    )
    assert model.training
    many = predict_tta(model, squares, "test", shift=2)
    np.testing.assert_allclose(
        many.probs, predict_tta(model, squares, "test", shift=2, batch_size=5).probs, atol=1e-5
    )
    assert np.abs(many.probs - both).max() > 1e-4
    for bad in (-1, profile.image_size):
        with pytest.raises(ValueError, match="number of pixels from 0"):
            predict_tta(model, squares, "test", shift=bad)
    from mlc_course.tables import ImageTable

    other = ImageTable(squares.df, squares.root, [*squares.vocab, "zebra"])
    with pytest.raises(ValueError, match="knows the labels"):
        predict_tta(model, other, "test")


def test_everything_is_exported():
    assert {
        "grad_cam",
        "class_activation_maps",
        "worst_losses",
        "predicted_labels",
        "predict_tta",
    } <= set(interpret.__all__)


def test_predicted_labels_of_many_labels_are_in_order_of_probability():
    rng = np.random.default_rng(0)
    p = Predictions(
        (rng.random((30, 200)) * 8).round() / 8, rng.random((30, 200)) < 0.1
    )  # many ties: those keep the order of the vocab
    for text, row in zip(predicted_labels(p, 0.4), p.probs):
        assert text == ", ".join(
            p.vocab[c] for c in np.argsort(-row, kind="stable") if row[c] > 0.4
        )


def test_features_of_a_diverged_network_are_refused():
    with pytest.raises(ValueError, match="NaN or infinite"):
        out_of_sample_probs(np.full((6, 2), np.nan), np.eye(6, 3, dtype=bool), 2)
