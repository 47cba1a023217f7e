"The checks of lesson 07: right answers pass, each likely mistake is named."

from functools import partial

import numpy as np
import pytest
from checks_kit import mistakes_are_told_apart, not_done, odd_answers_are_refused, passes, says

from mlc_course.tools import checks
from mlc_course.tools.checks import NotDone
from mlc_course.tools.checks import train_fastai as module


@pytest.fixture(scope="module", autouse=True)
def torch():
    import torch

    return torch


# ---- 1


def by_fastai(model):
    "fastai itself freezes, and torch says what is left."
    from fastai.optimizer import Adam
    from fastai.torch_core import norm_bias_params

    opt = Adam([list(model[0].parameters()), list(model[1].parameters())], lr=0.1)
    for p in norm_bias_params(model, False):
        opt.state[p]["force_train"] = True
    opt.freeze_to(-1)
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def numbers(module, kind=None):
    return sum(
        p.numel()
        for m in module.modules()
        if kind is None or isinstance(m, kind)
        for p in m.parameters(recurse=False)
    )


def norms_of_the_first_level(model):
    norms = [m for m in model[0] if type(m).__name__ == "BatchNorm2d"]
    return sum(numbers(m) for m in norms) + numbers(model[1])


def all_but_convolutions(model):
    layers = [m for m in model[0].modules() if type(m).__name__ != "Conv2d"]
    own = sum(p.numel() for m in layers for p in m.parameters(recurse=False))
    return own + numbers(model[1])


def test_trainable_while_frozen(torch):
    nn = torch.nn
    passes(checks.trainable_while_frozen, by_fastai)
    assert (
        by_fastai(
            nn.Sequential(
                nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)), nn.Linear(4, 2)
            )
        )
        == 18
    )  # the exercise's example
    odd_answers_are_refused(checks.trainable_while_frozen)
    any_norm = (nn.BatchNorm1d, nn.BatchNorm2d)
    for wrong, message in [
        (lambda m: numbers(m[1]), "head alone"),
        (norms_of_the_first_level, "`modules()` finds them"),
        (all_but_convolutions, "Its linear layers stay frozen as well"),
        (lambda m: numbers(m), "all parameters"),
        (lambda m: sum(p.numel() for p in m.parameters() if p.requires_grad), "all parameters"),
        (lambda m: numbers(m[0], any_norm), "BatchNorm layers of the body alone"),
        (
            lambda m: numbers(m[0], nn.BatchNorm2d) + numbers(m[1]),
            "BatchNorm1d, and fastai trains every kind",
        ),
        (lambda m: numbers(m, any_norm), "other layers learn too"),
        (lambda m: numbers(m, any_norm) + numbers(m[1]), "counted twice"),
        (
            lambda m: (
                len([p for o in m[0].modules() if isinstance(o, any_norm) for p in o.parameters()])
                + len(list(m[1].parameters()))
            ),
            "count tensors",
        ),
        (
            lambda m: (
                sum(
                    v.numel()
                    for o in m[0].modules()
                    if isinstance(o, any_norm)
                    for v in o.state_dict().values()
                )
                + numbers(m[1])
            ),
            "buffers",
        ),
        (
            lambda m: (
                sum(
                    v.numel()
                    for o in m[0].modules()
                    if isinstance(o, any_norm)
                    for v in o.state_dict().values()
                )
                + sum(v.numel() for v in m[1].state_dict().values())
            ),
            "buffers",
        ),
        (
            lambda m: (
                sum(numbers(o) for o in m[0].children() if isinstance(o, any_norm)) + numbers(m[1])
            ),
            "first level",
        ),
        (
            lambda m: (
                sum(o.weight.numel() for o in m[0].modules() if isinstance(o, any_norm))
                + numbers(m[1])
            ),
            "a weight and a bias",
        ),
        (
            lambda m: (
                sum(p.numel() for k, p in m[0].named_parameters() if p.dim() < 2) + numbers(m[1])
            ),
            "have one axis",
        ),
        (lambda m: numbers(m) - by_fastai(m), "what stays frozen"),
        (lambda m: by_fastai(m) + 1, "isn't right yet"),
    ]:
        says(checks.trainable_while_frozen, wrong, message)


def test_mistakes_of_exercise_1_are_told_apart(monkeypatch):
    mistakes_are_told_apart(module, "trainable_while_frozen", by_fastai, monkeypatch)


# ---- 2

RIGHT = dict(show_results=0.3, predict=0.3, metric=0.9, valid_loss=None, get_preds=None)


def test_the_quiz_is_what_fastai_does(torch):
    from fastai.losses import BCEWithLogitsLossFlat

    from mlc_course.metrics import accuracy_multi

    loss, metric = (
        BCEWithLogitsLossFlat(thresh=RIGHT["predict"]),
        partial(accuracy_multi, thresh=RIGHT["metric"]),
    )
    x, y = torch.tensor([[-0.5, 1.0], [3.0, -2.0]]), torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert torch.equal(loss.decodes(loss.activation(x)), x.sigmoid() > 0.3)
    assert metric(x, y).item() == 0.75
    assert loss(x, y).item() == pytest.approx(
        torch.nn.functional.binary_cross_entropy_with_logits(x, y).item()
    ) and torch.equal(loss.activation(x), x.sigmoid())


def test_which_threshold(torch):
    passes(checks.which_threshold, RIGHT)
    passes(checks.which_threshold, {**RIGHT, "get_preds": "None", "valid_loss": "no threshold"})
    not_done(lambda a: checks.which_threshold(a if not callable(a) else ...))
    says(
        checks.which_threshold, dict.fromkeys(RIGHT, ...), "no answer is written yet", kind=NotDone
    )
    says(
        checks.which_threshold,
        {**RIGHT, "show_results": 0.9},
        "show_results isn't 0.9: it decodes with the loss",
    )
    says(
        checks.which_threshold,
        {**RIGHT, "predict": 0.5},
        "predict isn't 0.5, which is only the default",
    )
    says(checks.which_threshold, {**RIGHT, "metric": 0.3}, "the partial brings its own")
    says(checks.which_threshold, {**RIGHT, "valid_loss": 0.3}, "computed from logits")
    says(checks.which_threshold, {**RIGHT, "get_preds": 0.3}, "before any threshold")
    says(checks.which_threshold, {**RIGHT, "metric": None}, "metric isn't without a threshold")
    says(checks.which_threshold, {**RIGHT, "metric": "high"}, "should be a number")
    says(checks.which_threshold, {**RIGHT, "metric": 9}, "should be a number")
    says(checks.which_threshold, {**RIGHT, "loss": 0.3}, "no question called 'loss'")
    for odd in (
        (0.3,),
        np.array([0.3, 0.3]),
        torch.tensor([0.3, 0.3]),
        1j,
        max,
        float("nan"),
        True,
    ):
        says(checks.which_threshold, {**RIGHT, "predict": odd}, "should be a number")
    passes(
        checks.which_threshold, {**RIGHT, "predict": torch.tensor(0.3), "metric": np.float32(0.9)}
    )
    says(checks.which_threshold, [0.3], "should be a dict")


# ---- 3


def test_metrics_at(torch):
    from fastai.learner import AvgMetric
    from fastai.metrics import accuracy_multi as theirs

    from mlc_course.metrics import accuracy_multi

    passes(checks.metrics_at, lambda ts: [partial(accuracy_multi, thresh=t) for t in ts])
    passes(checks.metrics_at, lambda ts: tuple(partial(theirs, thresh=t) for t in ts))
    odd_answers_are_refused(checks.metrics_at)

    def loop(ts):
        out = []
        for t in ts:
            out.append(lambda i, y: accuracy_multi(i, y, thresh=t))
        return out

    for wrong, message in [
        (loop, "all of your metrics use the last threshold, 0.9"),
        (
            lambda ts: [lambda i, y: accuracy_multi(i, y, thresh=t) for t in ts],
            "use the last threshold",
        ),
        (
            lambda ts: [lambda i, y, t=t: accuracy_multi(i, y, thresh=t) for t in ts],
            "plain pickle can't store",
        ),
        (lambda ts: [partial(accuracy_multi, thresh=t) for t in ts[::-1]], "reverse order"),
        (lambda ts: [accuracy_multi for _ in ts], "every metric uses 0.5"),
        (
            lambda ts: [lambda i, y, t=t: ((i > t) == y.bool()).float().mean() for t in ts],
            "the sigmoid is missing",
        ),
        (
            lambda ts: [lambda i, y, t=t: accuracy_multi(i.sigmoid(), y, thresh=t) for t in ts],
            "applied twice",
        ),
        (lambda ts: [partial(accuracy_multi, thresh=ts[0])], "1 metric for the 3"),
        (lambda ts: partial(accuracy_multi, thresh=ts[0]), "should give back a list"),
        (lambda ts: [0.5 for _ in ts], "isn't a function"),
        (lambda ts: {partial(accuracy_multi, thresh=t) for t in ts}, "should give back a list"),
        (lambda ts: (partial(accuracy_multi, thresh=t) for t in ts), "Make a list of it"),
        (
            lambda ts: [partial(accuracy_multi, thresh=t) for t in (0.1, 0.5, 0.99)],
            "whatever is passed",
        ),
        (lambda ts: [partial(accuracy_multi, thresh=1 - t) for t in ts], "isn't right yet"),
        (
            lambda ts: [lambda i, y, t=t: accuracy_multi(i, y, thresh=t) / 2 for t in ts],
            "isn't right yet",
        ),
        (lambda ts: [partial(accuracy_multi, ts) for t in ts], "fixes arguments from the left"),
        (lambda ts: [partial(accuracy_multi, t) for t in ts], "fixes arguments from the left"),
        (lambda ts: [partial(accuracy_multi, thresh=ts) for t in ts], "the whole list"),
        (lambda ts: [AvgMetric(partial(accuracy_multi, thresh=t)) for t in ts], "AvgMetric"),
        (
            lambda ts: [
                lambda i, y, t=t: ((i.sigmoid() > t) == y.bool()).all(1).float().mean() for t in ts
            ],
            "every label right",
        ),
    ]:
        says(checks.metrics_at, wrong, message)


# ---- 4


def groups(m):
    return [list(m[0][:2].parameters()), list(m[0][2:].parameters()), list(m[1].parameters())]


def by_map(m):
    from fastai.torch_core import params
    from fastcore.foundation import L

    return L(m[0][:2], m[0][2:], m[1]).map(params)


@pytest.mark.parametrize("kind, n", [(list, 3), (tuple, 1), (set, 1)])
def test_fastai_makes_groups_from_lists_only(torch, kind, n):
    from fastai.optimizer import Adam

    nn = torch.nn
    net = nn.Sequential(nn.Sequential(*[nn.Linear(2, 2) for _ in range(3)]), nn.Linear(2, 1))
    assert len(Adam([kind(g) for g in groups(net)], lr=0.1).param_lists) == n


def test_three_groups(torch):
    from fastai.torch_core import params
    from fastcore.foundation import L

    nn = torch.nn
    passes(checks.three_groups, groups)

    def by_fastai(m):
        return L(m[0][:2], m[0][2:], m[1]).map(params)

    says(checks.three_groups, by_fastai, "defined within another function")
    passes(checks.three_groups, by_map)
    odd_answers = [
        (0.5, "should be a function"),
        (lambda m: 3, "gave int"),
        (lambda m: m[0][7], "stopped with IndexError"),
    ]
    for wrong, message in odd_answers:
        says(checks.three_groups, wrong, message)
    not_done(checks.three_groups)
    flat = lambda m: [p for g in groups(m) for p in g]
    no_norm = lambda o: [
        p
        for m in o.modules()
        if not isinstance(m, nn.modules.batchnorm._BatchNorm)
        for p in m.parameters(recurse=False)
    ]
    for wrong, message in [
        (lambda m: [m[0][:2], m[0][2:], m[1]], "gives modules"),
        (flat, "one flat list"),
        (lambda m: list(m.named_parameters()), "gives names"),
        (lambda m: [[k for k, _ in m.named_parameters()]], "gives names"),
        (lambda m: dict(zip("abc", groups(m))), "gives a dict"),
        (lambda m: [{"params": g} for g in groups(m)], "gives dicts"),
        (lambda m: [sum(p.numel() for p in g) for g in groups(m)], "one of yours is"),
        (lambda m: [None] * 3, "one of yours is None"),
        (
            lambda m: [list(o.state_dict().values()) for o in (m[0][:2], m[0][2:], m[1])],
            "state_dict() give others",
        ),
        (
            lambda m: [
                list(m[0][: len(m[0]) // 2].parameters()),
                list(m[0][len(m[0]) // 2 :].parameters()),
                list(m[1].parameters()),
            ],
            "cut in another place",
        ),
        (lambda m: [[p.clone() for p in g] for g in groups(m)], "isn't a parameter of the model"),
        (lambda m: [list(m[0].parameters()), *groups(m)[1:]], "is in two groups"),
        (
            lambda m: [no_norm(m[0][:2]), no_norm(m[0][2:]), list(m[1].parameters())],
            "BatchNorm's weights and biases need a group",
        ),
        (lambda m: groups(m)[:2], "is in no group"),
        (lambda m: [list(m[0].parameters()), list(m[1].parameters())], "gives 2 groups"),
        (lambda m: groups(m)[::-1], "reverse order"),
        (lambda m: [groups(m)[o] for o in (1, 0, 2)], "their order isn't"),
        (
            lambda m: [
                list(m[0][:1].parameters()),
                list(m[0][1:].parameters()),
                list(m[1].parameters()),
            ],
            "cut in another place",
        ),
        (
            lambda m: [
                list(m[0][:2].parameters()),
                [],
                [*m[0][2:].parameters(), *m[1].parameters()],
            ],
            "all of it and nothing else",
        ),
        (lambda m: [tuple(g) for g in groups(m)], "a group is a tuple"),
        (lambda m: [set(g) for g in groups(m)], "a group is a set"),
        (lambda m: [[list(o.parameters()) for o in m]] * 3, "a group holds lists"),
        (lambda m: groups(m), "lambda has no name"),
        (partial(lambda m: groups(m)), "a partial of something"),
    ]:
        says(checks.three_groups, wrong, message)


# ---- 5


def shift_test(loss, x, t):
    return bool(np.isclose(loss(x + 3, t).item(), loss(x, t).item(), rtol=0, atol=1e-6))


def test_ignores_a_shift(torch):
    nn = torch.nn
    passes(checks.ignores_a_shift, shift_test)
    passes(checks.ignores_a_shift, lambda f, x, t: (f(x - 4, t) - f(x, t)).abs() < 1e-5)
    odd_answers_are_refused(checks.ignores_a_shift)

    def plus_on(k):
        return lambda f, x, t: abs(f(x + 3 * torch.eye(4)[k], t) - f(x, t)).item() < 1e-5

    for wrong, message in [
        (lambda *a: not shift_test(*a), "it says the opposite"),
        (lambda f, x, t: f(x + 5, t) == f(x, t), "compare two losses with =="),
        (lambda f, x, t: abs(f(x + 5, t) - f(x, t)).item() < 0.03, "your tolerance is so wide"),
        (lambda f, x, t: abs(f(x * 2, t) - f(x, t)).item() < 1e-5, "you multiply the logits"),
        (lambda f, x, t: (f(x + 5, t) - f(x, t)).item() < 1e-5, "take the absolute value"),
        (lambda f, x, t: (f(x - 5, t) - f(x, t)).item() < 1e-5, "take the absolute value"),
        (lambda f, x, t: torch.allclose(f(x.add_(5), t), f(x, t)), "changes the logits themselves"),
        (plus_on(0), "one label only"),
        (plus_on(3), "one label only"),
        (lambda f, x, t: True, "every loss ignores"),
        (lambda f, x, t: False, "no loss ignores"),
        (
            lambda f, x, t: isinstance(f, nn.CrossEntropyLoss),
            "isn't right yet. For a focal loss on top of softmax",
        ),
        (lambda f, x, t: f(x + 5, t) - f(x, t), "should say True or False"),
    ]:
        says(checks.ignores_a_shift, wrong, message)


def test_the_cases_are_what_they_say(torch):
    fate = {n: shift_test(f, x, t) for n, f, x, t in module.shift._cases()}
    assert list(fate.values()) == [False, True, True, True, True, False, False, False, False, False]


# ---- answers of other kinds


class AtThreshold:
    "A metric as an object; pickle stores its class by name."

    __name__ = "at_threshold"

    def __init__(self, thresh):
        self.thresh = thresh

    def __call__(self, inp, targ):
        return ((inp.sigmoid() > self.thresh) == targ.bool()).float().mean()


def threshold_first(thresh, inp, targ):
    return ((inp.sigmoid() > thresh) == targ.bool()).float().mean()


def norms_by_their_buffers(model):
    norms = [m for m in model[0].modules() if hasattr(m, "running_mean")]
    return sum(p.numel() for m in (*norms, model[1]) for p in m.parameters())


def norms_by_address(model):
    total = 0
    for name, p in model.named_parameters():
        layer = model.get_submodule(name.rpartition(".")[0])
        total += p.numel() * (name.startswith("1.") or "BatchNorm" in type(layer).__name__)
    return total


def by_children(model):
    parts = list(model[0].children())
    early = [p for part in parts[:2] for p in part.parameters()]
    late = [p for part in parts[2:] for p in part.parameters()]
    return early, late, [*model[1].parameters()]


def by_isclose(loss_func, logits, targets):
    import torch

    return torch.isclose(loss_func(logits + 10, targets), loss_func(logits, targets), atol=1e-5)


def test_right_answers_written_another_way(torch):
    passes(checks.trainable_while_frozen, norms_by_their_buffers)
    passes(checks.trainable_while_frozen, norms_by_address)
    passes(checks.metrics_at, lambda ts: [AtThreshold(t) for t in ts])
    passes(checks.metrics_at, lambda ts: [partial(threshold_first, t) for t in ts])
    passes(checks.three_groups, by_children)
    passes(checks.ignores_a_shift, by_isclose)
    passes(checks.ignores_a_shift, lambda f, x, t: abs(float(f(x - 1, t) - f(x, t))) <= 1e-6)


def test_messages_call_a_function_by_the_name_that_its_author_gave(torch):
    def count_them(model):
        return sum(p.numel() for p in model[1].parameters())

    def metrics_of(thresholds):
        return [partial(AtThreshold(0.5)) for _ in thresholds]

    def split_it(model):
        return [list(model[0].parameters()), list(model[1].parameters())]

    def same_loss(loss_func, logits, targets):
        return True

    says(checks.trainable_while_frozen, count_them, "count_them: you count the head alone")
    says(checks.metrics_at, metrics_of, "metrics_of: every metric uses 0.5")
    says(checks.three_groups, split_it, "split_it gives 2 groups")
    says(checks.ignores_a_shift, same_loss, "same_loss: every loss ignores")
