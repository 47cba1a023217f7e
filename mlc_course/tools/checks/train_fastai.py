"""Checks of lesson 07."""

from __future__ import annotations

import pickle

from ._core import (
    Mistake,
    NotDone,
    Right,
    Wrong,
    attempt,
    call,
    choices,
    diagnose,
    function,
    same,
    show,
    torch_first,
)

_NORMS = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")


def _nets():
    "Three networks of a body and a head: one with convolutions, one with BatchNorm of both kinds on both sides, one without any."
    torch_first()
    import torch
    from torch import nn

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        conv = lambda i, o: nn.Sequential(
            nn.Conv2d(i, o, 3, bias=False), nn.BatchNorm2d(o), nn.ReLU()
        )
        one = nn.Sequential(nn.Sequential(conv(3, 4), conv(4, 6)), nn.Linear(6, 5))
        two = nn.Sequential(
            nn.Sequential(
                nn.Sequential(conv(3, 8), nn.Conv2d(8, 4, 1)),
                nn.Flatten(),
                nn.Linear(4, 7),
                nn.BatchNorm1d(7),
            ),
            nn.Sequential(nn.BatchNorm1d(7), nn.Linear(7, 3)),
        )
        three = nn.Sequential(nn.Sequential(nn.Linear(4, 3), nn.ReLU()), nn.Linear(3, 2))
    return one, two, three


def _numbers(module, keep=lambda m: True, buffers=False):
    out = 0
    for m in module.modules():
        if keep(m):
            out += sum(p.numel() for p in m.parameters(recurse=False)) + (
                sum(b.numel() for b in m.buffers(recurse=False)) if buffers else 0
            )
    return out


def trainable_while_frozen(answer) -> Right:
    "Exercise 1: my_count(model) -> the number of parameters that fastai trains while the body of Sequential(body, head) is frozen."
    norm = lambda m: type(m).__name__ in _NORMS
    names = [
        "a body with two convolutions and two BatchNorm2d, and a linear head",
        "a body that ends in a linear layer and a BatchNorm1d, and a head with a BatchNorm1d of its own",
        "a body without any BatchNorm",
    ]
    right = lambda m: _numbers(m[0], norm) + _numbers(m[1])
    return diagnose(
        answer,
        right,
        [
            Mistake(
                "you count the head alone. fastai keeps the BatchNorm layers of the frozen body in training (train_bn=True), so their weights and biases count too.",
                lambda m: _numbers(m[1]),
            ),
            Mistake(
                "these are all parameters. While frozen, the convolutions and linear layers of the body stay as they are.",
                _numbers,
            ),
            Mistake(
                "you count the BatchNorm layers of the body alone. The head learns as a whole: it is what the frozen phase is for.",
                lambda m: _numbers(m[0], norm),
            ),
            Mistake(
                "only BatchNorm2d of the body counts in yours. A body may end in a linear layer with a BatchNorm1d, and fastai trains every kind.",
                lambda m: (
                    _numbers(m[0], lambda o: type(o).__name__ == "BatchNorm2d") + _numbers(m[1])
                ),
            ),
            Mistake(
                "you count BatchNorm in the whole model and nothing else. The head's other layers learn too.",
                lambda m: _numbers(m, norm),
            ),
            Mistake(
                "the BatchNorm layers of the head are counted twice: once with the head, and once among the BatchNorm layers of the whole model. Look for them in the body only.",
                lambda m: _numbers(m, norm) + _numbers(m[1]),
            ),
            Mistake(
                "you count tensors. Each has numel() numbers in it, and those are the parameters.",
                lambda m: (
                    sum(1 for o in m[0].modules() if norm(o) for _ in o.parameters(recurse=False))
                    + len(list(m[1].parameters()))
                ),
            ),
            Mistake(
                "you count BatchNorm's buffers as well. Its running mean and variance move while the network trains, but no gradient moves them, so they aren't parameters.",
                lambda m: _numbers(m[0], norm, True) + _numbers(m[1], buffers=True),
            ),
            Mistake(
                "you count BatchNorm's buffers as well. Its running mean and variance move while the network trains, but no gradient moves them, so they aren't parameters.",
                lambda m: _numbers(m[0], norm, True) + _numbers(m[1]),
            ),
            Mistake(
                "only the BatchNorm layers that stand directly in the body count in yours. Most stand deeper: `children()` shows the first level, `modules()` shows all.",
                lambda m: sum(_numbers(o) for o in m[0].children() if norm(o)) + _numbers(m[1]),
            ),
            Mistake(
                "half of what BatchNorm learns is missing: each has a weight and a bias for every channel.",
                lambda m: _numbers(m[0], norm) // 2 + _numbers(m[1]),
            ),
            Mistake(
                "you count all parameters of the body that have one axis. The biases of convolutions and linear layers are among them, and they stay frozen: ask for the kind of the layer.",
                lambda m: sum(p.numel() for p in m[0].parameters() if p.ndim == 1) + _numbers(m[1]),
            ),
            Mistake(
                "this is what stays frozen. Asked is the rest.", lambda m: _numbers(m) - right(m)
            ),
        ],
        [(o,) for o in _nets()],
        "my_count",
        names=names,
        praise="Right: the whole head, and every BatchNorm of the body.",
    )


_FROM = {"show_results": 0.3, "predict": 0.3, "metric": 0.9, "valid_loss": None, "get_preds": None}
_WHY = {
    "show_results": "it decodes with the loss, and the loss was made with thresh=0.3. Metrics have no say in it.",
    "predict": "its list of labels is decoded by the loss, and the loss was made with thresh=0.3. Metrics have no say in it.",
    "metric": "the partial brings its own threshold, 0.9. The metric doesn't ask the loss.",
    "valid_loss": "the loss is computed from logits; no threshold enters it, not even its own `thresh`, which only decodes.",
    "get_preds": "it returns probabilities, after the sigmoid and before any threshold (unless you ask for with_decoded=True).",
}


def _share(v):
    "Whether `v` is a number from 0 to 1."
    try:
        return not isinstance(v, (bool, str)) and 0 <= float(v) <= 1
    except (TypeError, ValueError, RuntimeError):
        return False


def which_threshold(answer) -> Right:
    "Exercise 2: a dict with the threshold (a number, or None for no threshold) for each of five things."
    if isinstance(answer, dict) and any(v is None for v in answer.values()):
        answer = {k: "no threshold" if v is None else v for k, v in answer.items()}
    got = choices(answer, _FROM, "my_thresholds")
    for k, right in _FROM.items():
        v = (
            None
            if isinstance(got[k], str) and got[k].lower() in ("none", "no threshold")
            else got[k]
        )
        if v is not None and not _share(v):
            raise Wrong(
                f"my_thresholds: {k} should be a number from 0 to 1, or None, and you gave {show(got[k])}."
            )
        if right is None and v is None or v is not None and right is not None and same(v, right):
            continue
        if v is not None and same(v, 0.5):
            raise Wrong(
                f"my_thresholds: {k} isn't 0.5, which is only the default where nobody says otherwise: {_WHY[k]}"
            )
        raise Wrong(
            f"my_thresholds: {k} isn't {'without a threshold' if v is None else show(v)}: {_WHY[k]}"
        )
    return Right(
        "Right. Two places to set a threshold, and neither knows of the other: so set it once, and hand it to both."
    )


def metrics_at(answer) -> Right:
    "Exercise 3: my_metrics(thresholds) -> a list of metrics (inp, targ) -> accuracy, one for each threshold, that pickle can store."
    torch_first()
    import torch

    logits = torch.tensor(
        [
            [2.0, -1.0, 0.3],
            [-2.0, 0.0, 0.8],
            [-0.4, -3.0, -0.2],
            [0.6, 1.0, -1.0],
            [3.0, -0.7, -2.5],
        ]
    )
    targ = torch.tensor([[1.0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 0], [1, 1, 0]])
    acc = lambda x, t, th: ((x.sigmoid() > th) == t.bool()).float().mean().item()
    function(answer, "my_metrics")
    for wanted in ([0.1, 0.6, 0.9], [0.55], [0.7, 0.2]):
        got = attempt(answer, (list(wanted),), "my_metrics")
        if (
            not hasattr(got, "__len__")
            or isinstance(got, (str, dict, set, frozenset))
            or callable(got)
        ):
            raise Wrong(
                f"my_metrics should give back a list with one function for each threshold, and for {wanted} it gave {show(got)}."
            )
        if len(got) != len(wanted):
            raise Wrong(
                f"my_metrics gave {len(got)} metrics for the {len(wanted)} thresholds {wanted}."
            )
        if odd := [o for o in got if not callable(o)]:
            raise Wrong(
                f"my_metrics: {show(odd[0])} is no function, so a Learner can't call it. Don't compute the accuracy here; hand over functions that will, once they are given inp and targ."
            )
        values = [
            attempt(
                m, (logits, targ), f"the metric for {th}", "five rows of logits and their targets"
            )
            for m, th in zip(got, wanted)
        ]
        right = [acc(logits, targ, th) for th in wanted]
        if same(values, right):
            continue
        if len(wanted) > 1 and same(values, [right[-1]] * len(right)):
            raise Wrong(
                f"my_metrics: all of your metrics use the last threshold, {wanted[-1]}. A function that you make in a loop looks up the loop's variable when it is called, and by then the loop is over. "
                "partial stores the value at once."
            )
        if same(values, right[::-1]):
            raise Wrong("my_metrics: the metrics come in the reverse order of the thresholds.")
        if len(wanted) > 1 and same(
            values, [acc(logits, targ, th) for th in (0.1, 0.5, 0.99)][: len(wanted)]
        ):
            raise Wrong(
                f"my_metrics: your thresholds are those of the exercise, whatever is passed. The argument says which are wanted; here it was {wanted}."
            )
        if same(values, [acc(logits, targ, 0.5)] * len(right)):
            raise Wrong(
                "my_metrics: every metric uses 0.5, the default. The threshold has to be handed on: it is called `thresh`."
            )
        if same(values, [((logits > th) == targ.bool()).float().mean().item() for th in wanted]):
            raise Wrong(
                "my_metrics: the sigmoid is missing. A Learner gives its metrics the logits, so leave sigmoid=True as it is."
            )
        if same(values, [acc(logits.sigmoid(), targ, th) for th in wanted]):
            raise Wrong("my_metrics: the sigmoid is applied twice, by you and by accuracy_multi.")
        raise Wrong(
            f"my_metrics isn't right yet. For the thresholds {wanted} its metrics give {show(values)} on five rows of logits, expected {show(right)}."
        )
    for m in answer([0.2, 0.4]):
        try:
            pickle.dumps(m)
        except Exception as e:
            raise Wrong(
                f"my_metrics: the values are right, but plain pickle can't store these functions ({type(e).__name__}), so they don't reach worker processes that are started anew, or "
                "`export(pickle_module=pickle)`. A lambda, or a function within a function, has no address; a partial of a named function has."
            ) from None
    return Right("Right: each has its own threshold, and each can be stored.")


def three_groups(answer) -> Right:
    "Exercise 4: my_splitter(model) -> [parameters of body[:2], parameters of body[2:], parameters of the head] of Sequential(body, head)."
    torch_first()
    import torch
    from torch import nn

    function(answer, "my_splitter")
    conv = lambda i, o: nn.Sequential(nn.Conv2d(i, o, 3, bias=False), nn.BatchNorm2d(o), nn.ReLU())
    with torch.random.fork_rng(devices=[]):
        nets = [
            nn.Sequential(
                nn.Sequential(conv(3, 4), conv(4, 4), conv(4, 6), conv(6, 6)),
                nn.Sequential(nn.Flatten(), nn.Linear(6, 5)),
            ),
            nn.Sequential(
                nn.Sequential(conv(3, 4), nn.ReLU(), conv(4, 4)),
                nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 2)),
            ),
            nn.Sequential(
                nn.Sequential(
                    conv(3, 4), conv(4, 4), conv(4, 4), conv(4, 4), nn.ReLU(), nn.Flatten()
                ),
                nn.Linear(4, 2),
            ),
        ]
    for net in nets:
        want = [list(o.parameters()) for o in (net[0][:2], net[0][2:], net[1])]
        name = {id(p): k for k, p in net.named_parameters()}
        given = "a body of {} parts and a head".format(len(net[0]))
        try:
            got = answer(net)
        except NotImplementedError:
            raise NotDone("my_splitter isn't written yet.") from None
        except Exception as e:
            raise Wrong(
                f"my_splitter stopped with {type(e).__name__}: {str(e).rstrip('.')}. It was called with {given}."
            ) from e
        if got is None or got is ...:
            raise NotDone(
                f"my_splitter gave back {got!r}. If it isn't written yet, write it and run the check again; if it is, does it end in `return`?"
            )
        if isinstance(got, torch.Tensor) or not hasattr(got, "__iter__"):
            raise Wrong(
                f"my_splitter should give back a list of three lists of parameters, and gave {type(got).__name__}."
            )
        if isinstance(got, dict):
            raise Wrong(
                "my_splitter gives a dict. Give a list of three lists of parameters: their order says which group is which."
            )
        got = list(got)
        if any(isinstance(g, dict) for g in got):
            raise Wrong(
                "my_splitter gives dicts. fastai makes its groups from lists: three lists of parameters in a list."
            )
        if any(isinstance(g, nn.Module) for g in got):
            raise Wrong(
                "my_splitter gives modules. An optimiser wants their parameters: list(module.parameters()), or fastai's params(module)."
            )
        if any(isinstance(g, nn.Parameter) for g in got):
            raise Wrong(
                "my_splitter gives one flat list of parameters. Which of them share a rate is what a splitter has to say: three lists in a list."
            )
        if odd := [g for g in got if not hasattr(g, "__iter__")]:
            raise Wrong(
                f"my_splitter: each group should be a list of parameters, and one of yours is {show(odd[0])}."
            )
        groups = [list(g) for g in got]
        flat = [p for g in groups for p in g]
        if any(isinstance(p, (str, tuple)) for p in flat):
            raise Wrong(
                "my_splitter gives names. The optimiser needs the parameters themselves: parameters() in place of named_parameters()."
            )
        if odd := [p for p in flat if id(p) not in name]:
            raise Wrong(
                f"my_splitter: a group holds {type(odd[0]).__name__} {show(odd[0], 50)}, which isn't a parameter of the model. The optimiser has to change the model's own tensors; "
                "clone(), detach(), .data and state_dict() give others."
            )
        seen = [name[id(p)] for p in flat]
        if twice := [k for k in seen if seen.count(k) > 1]:
            raise Wrong(
                f"my_splitter: {twice[0]} is in two groups (or twice in one), so it would be changed twice in a step. Each parameter belongs to one group."
            )
        if left := [k for k in name.values() if k not in seen]:
            hint = (
                " BatchNorm's weights and biases need a group too."
                if all(
                    isinstance(
                        net.get_submodule(k.rpartition(".")[0]), nn.modules.batchnorm._BatchNorm
                    )
                    for k in left
                )
                else ""
            )
            raise Wrong(
                f"my_splitter: {left[0]} is in no group, so the optimiser would never change it, without any error.{hint}"
            )
        if len(groups) != 3:
            raise Wrong(
                f"my_splitter gives {len(groups)} group{'s' if len(groups) != 1 else ''}, and three were asked for: the body's first two parts, the rest of the body, the head."
            )
        sets = [{id(p) for p in g} for g in groups]
        right = [{id(p) for p in g} for g in want]
        if sets == right:
            continue
        if sets == right[::-1]:
            raise Wrong(
                "my_splitter: the groups are in the reverse order. The head comes last: freeze() freezes everything but the last group, and a slice gives the last group the highest rate."
            )
        if sorted(map(sorted, sets)) == sorted(map(sorted, right)):
            raise Wrong(
                "my_splitter: the groups are right, their order isn't. From the pixels to the labels: early body, late body, head."
            )
        if sets[2] != right[2]:
            raise Wrong(
                "my_splitter: the last group should be the head, all of it and nothing else; freeze() leaves exactly the last group open."
            )
        raise Wrong(
            "my_splitter: the head is right; the body is cut in another place. Its first two parts, body[:2], are the first group."
        )
    try:
        pickle.dumps(answer)
    except Exception:
        if getattr(answer, "__name__", "") == "<lambda>":
            raise Wrong(
                "my_splitter: the groups are right, but a lambda has no name that pickle could store. Write it with def."
            ) from None
    return Right("Right: every parameter once, the head last.")


def _cases():
    torch_first()
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(0)
    x = torch.randn(6, 4, generator=g) * 2
    hot = torch.tensor(
        [[1.0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 1, 0]]
    )
    one = torch.tensor([0, 2, 1, 3, 0, 1])
    bce, ce = nn.BCEWithLogitsLoss(), nn.CrossEntropyLoss()
    focal_softmax = lambda i, t: (lambda l: ((1 - torch.exp(-l)) ** 2 * l).mean())(
        nn.functional.cross_entropy(i, t, reduction="none")
    )
    margin = lambda i, t: nn.functional.multi_margin_loss(i, t)
    faint = lambda i, t: 1e-3 * bce(i, t)  # changes by little, but it changes
    without = lambda k: lambda i, t: bce(i[:, k], t[:, k])
    cosine = lambda i, t: 1 - nn.functional.cosine_similarity(i, t - 0.5).mean()
    return [
        ("binary cross-entropy with logits", bce, x, hot),
        ("softmax cross-entropy with a class number", ce, x, one),
        ("softmax cross-entropy with multi-hot targets", ce, x, hot),
        ("a focal loss on top of softmax", focal_softmax, x, one),
        ("a margin loss, which compares logits with each other", margin, x, one),
        ("a thousandth of binary cross-entropy", faint, x, hot),
        ("the cosine between logits and targets", cosine, x, hot),
        ("binary cross-entropy where every label is there", bce, x, torch.ones(6, 4)),
        ("binary cross-entropy without the first label", without(slice(1, None)), x, hot),
        ("binary cross-entropy without the last label", without(slice(None, -1)), x, hot),
    ]


def ignores_a_shift(answer) -> Right:
    "Exercise 5: my_test(loss_func, logits, targets) -> True if adding the same number to every logit leaves the loss as it is (up to rounding)."
    import numpy as np

    function(answer, "my_test")
    named = [(n, (f, x, t)) for n, f, x, t in _cases()]

    def moved(f, x, t, by=5.0):
        return abs(float(f(x + by, t)) - float(f(x, t)))

    def one_only(k):
        def test(f, x, t):
            y = x.clone()
            y[:, k] += 5
            return abs(float(f(y, t)) - float(f(x, t))) < 1e-5

        return test

    one_label = "you add the number to one label only. Then softmax changes as well; it's the same number on *every* logit that softmax can't see."
    right = lambda f, x, t: moved(f, x, t) < 1e-5
    for n, args in named:
        got = attempt(
            lambda *a: answer(*a), args, "my_test", f"{n}, logits of shape (6, 4) and their targets"
        )
        if not isinstance(got, (bool, np.bool_)) and not (
            hasattr(got, "dtype") and "bool" in str(got.dtype) and got.numel() == 1
        ):
            raise Wrong(f"my_test should say True or False, and for {n} it gave {show(got)}.")
    wrong = lambda f: [bool(call(f, a)) for _, a in named]
    ours, true = wrong(answer), wrong(right)
    if ours == true:
        return Right("Right. One line, and no loss can deceive you about being multi-label.")
    for says, f in [
        (
            "it says the opposite: True where the loss does change. Asked is whether it ignores the shift.",
            lambda *a: not right(*a),
        ),
        (
            "you compare two losses with ==. Adding and subtracting rounds, so even softmax cross-entropy changes in the last digit: allow a small difference, such as 1e-5.",
            lambda *a: moved(*a) == 0,
        ),
        (one_label, one_only(0)),
        (one_label, one_only(-1)),
        (
            "your tolerance is so wide that a loss which changes by little passes for one that doesn't change. What rounding does is of the order of 1e-7; 1e-5 is wide enough.",
            lambda *a: moved(*a) < 1e-2,
        ),
        *[
            (
                "a loss that becomes smaller passes for one that doesn't change: take the absolute value of the difference.",
                lambda f, x, t, by=by: float(f(x + by, t)) - float(f(x, t)) < 1e-5,
            )
            for by in (5.0, -5.0)
        ],
        (
            "you multiply the logits. Softmax ignores what is added to all of them, not what they are multiplied with.",
            lambda f, x, t: abs(float(f(x * 5, t)) - float(f(x, t))) < 1e-5,
        ),
        (
            "every loss ignores the shift in yours. Do you hand the shifted logits to the loss, and the others as they were? (`+=` changes the logits themselves.)",
            lambda *a: True,
        ),
        (
            "no loss ignores the shift in yours. Softmax cross-entropy does, up to rounding: add one number to every logit, leave the targets alone, and compare with a tolerance.",
            lambda *a: False,
        ),
    ]:
        try:
            theirs = wrong(f)
        except Exception:
            continue
        if ours == theirs:
            raise Wrong(f"my_test: {says}")
    i = next(i for i, (o, t) in enumerate(zip(ours, true)) if o != t)
    raise Wrong(
        f"my_test isn't right yet. For {named[i][0]} it says {ours[i]}; with 5 more on every logit that loss changes by {moved(*named[i][1]):.1e}."
    )
