"Exercises: metrics at a threshold."

from __future__ import annotations

import pickle
from functools import partial

from .._core import (
    Right,
    Wrong,
    attempt,
    choices,
    function,
    same,
    show,
    torch_first,
)
from .._names import called

_FROM = {"show_results": 0.3, "predict": 0.3, "metric": 0.9, "valid_loss": None, "get_preds": None}


_WHY = {
    "show_results": "it decodes with the loss, and the loss was made with thresh=0.3. Metrics have "
    "no say in it.",
    "predict": "its list of labels is decoded by the loss, and the loss was made with thresh=0.3. "
    "Metrics have no say in it.",
    "metric": "the partial brings its own threshold, 0.9. The metric doesn't ask the loss.",
    "valid_loss": "the loss is computed from logits; no threshold enters it, not even its own "
    "`thresh`, which only decodes.",
    "get_preds": "it returns probabilities, after the sigmoid and before any threshold (unless you "
    "ask for with_decoded=True).",
}


def _share(v):
    "Whether `v` is a number from 0 to 1."
    try:
        return not isinstance(v, (bool, str)) and 0 <= float(v) <= 1
    except (TypeError, ValueError, RuntimeError):
        return False


def which_threshold(answer) -> Right:
    """Exercise 2: a dict with the threshold (a number, or None for no threshold) for each of five
    things.
    """
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
                f"my_thresholds: {k} should be a number from 0 to 1, or None, and you gave "
                f"{show(got[k])}."
            )
        if right is None and v is None or v is not None and right is not None and same(v, right):
            continue
        if v is not None and same(v, 0.5):
            raise Wrong(
                f"my_thresholds: {k} isn't 0.5, which is only the default where nobody says "
                f"otherwise: {_WHY[k]}"
            )
        raise Wrong(
            f"my_thresholds: {k} isn't {'without a threshold' if v is None else show(v)}: {_WHY[k]}"
        )
    return Right(
        "Right. Two places to set a threshold, and neither knows of the other: so set it once, "
        "and hand it to both."
    )


def _refuse_what_cannot_be_called(what, metrics):
    "Say what is wrong with a metric that isn't a function of (inp, targ)."
    for o in metrics:
        if not callable(o) and hasattr(o, "accumulate"):
            raise Wrong(
                f"{what} gives objects of fastai's {type(o).__name__}. A Learner wraps each "
                "metric so by itself: give the functions of (inp, targ)."
            )
        if not callable(o):
            raise Wrong(
                f"{what}: {show(o)} isn't a function, so a Learner can't call it. Don't "
                "compute the accuracy here; hand over functions that will, once they are given "
                "inp and targ."
            )


def _refuse_a_threshold_in_the_wrong_place(what, metrics, logits, targ):
    "Name the cause if a partial stops because it fixes `inp` in place of the threshold."
    for m in metrics:
        if not (isinstance(m, partial) and m.args):
            continue
        try:
            m(logits, targ)
        except Exception:
            raise Wrong(
                f"{what}: partial fixes arguments from the left, so the threshold takes the place "
                "of inp. Pass it by its name: thresh=..."
            ) from None


def metrics_at(answer) -> Right:  # noqa: C901  (a ladder of diagnoses)
    """Exercise 3: my_metrics(thresholds) -> a list of metrics (inp, targ) -> accuracy, one for each
    threshold, that pickle can store.
    """
    torch_first()
    import torch

    logits = torch.tensor(
        [
            [2.0, -1.0, 0.3],
            [-2.0, 0.0, 0.8],
            [-0.4, -3.0, -0.2],
            [0.6, 1.0, -1.0],
            [3.0, 0.2, -2.5],
        ]
    )
    targ = torch.tensor([[1.0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 0], [1, 1, 0]])
    acc = lambda x, t, th: ((x.sigmoid() > th) == t.bool()).float().mean().item()
    whole = lambda x, t, th: ((x.sigmoid() > th) == t.bool()).all(1).float().mean().item()
    what = called(answer, "my_metrics")
    function(answer, what)
    for wanted in ([0.1, 0.6, 0.9], [0.55], [0.7, 0.2]):
        got = attempt(answer, (list(wanted),), what)
        if (
            not hasattr(got, "__len__")
            or isinstance(got, (str, dict, set, frozenset))
            or callable(got)
        ):
            raise Wrong(
                f"{what} should give back a list with one function for each threshold, and "
                f"for {wanted} it gave {show(got)}."
            )
        if len(got) != len(wanted):
            raise Wrong(
                f"{what} gave {len(got)} metric{'s' if len(got) != 1 else ''} for the "
                f"{len(wanted)} thresholds {wanted}."
            )
        _refuse_what_cannot_be_called(what, got)
        _refuse_a_threshold_in_the_wrong_place(what, got, logits, targ)
        values = [
            attempt(
                m, (logits, targ), f"the metric for {th}", "five rows of logits and their targets"
            )
            for m, th in zip(got, wanted)
        ]
        right = [acc(logits, targ, th) for th in wanted]
        if same(values, right):
            continue
        if len(wanted) == 3 and same(values, [acc(logits, targ, torch.tensor(wanted))] * 3):
            raise Wrong(
                f"{what}: every metric has the whole list as its threshold, one number per label. "
                "Give each metric one number of the list."
            )
        if len(wanted) > 1 and same(values, [right[-1]] * len(right)):
            raise Wrong(
                f"{what}: all of your metrics use the last threshold, {wanted[-1]}. A "
                "function that you make in a loop looks up the loop's variable when it is "
                "called, and by then the loop is over. partial stores the value at once."
            )
        if same(values, right[::-1]):
            raise Wrong(f"{what}: the metrics come in the reverse order of the thresholds.")
        if len(wanted) > 1 and same(
            values, [acc(logits, targ, th) for th in (0.1, 0.5, 0.99)][: len(wanted)]
        ):
            raise Wrong(
                f"{what}: your thresholds are those of the exercise, whatever is passed. "
                f"The argument says which are wanted; here it was {wanted}."
            )
        if same(values, [acc(logits, targ, 0.5)] * len(right)):
            raise Wrong(
                f"{what}: every metric uses 0.5, the default. The threshold has to be "
                "handed on: it is called `thresh`."
            )
        if same(values, [((logits > th) == targ.bool()).float().mean().item() for th in wanted]):
            raise Wrong(
                f"{what}: the sigmoid is missing. A Learner gives its metrics the logits, "
                "so leave sigmoid=True as it is."
            )
        if same(values, [acc(logits.sigmoid(), targ, th) for th in wanted]):
            raise Wrong(f"{what}: the sigmoid is applied twice, by you and by accuracy_multi.")
        if same(values, [whole(logits, targ, th) for th in wanted]):
            raise Wrong(
                f"{what}: your metrics count the images with every label right. Multi-label "
                "accuracy counts every label of every image."
            )
        raise Wrong(
            f"{what} isn't right yet. For the thresholds {wanted} its metrics give "
            f"{show(values)} on five rows of logits, expected {show(right)}."
        )
    for m in answer([0.2, 0.4]):
        try:
            pickle.dumps(m)
        except Exception as e:
            raise Wrong(
                f"{what}: the values are right, but plain pickle can't store these "
                f"functions ({type(e).__name__}), so they don't reach worker processes that "
                "are started anew, or `export(pickle_module=pickle)`. A lambda, or a function "
                "within a function, has no address; a partial of a named function has."
            ) from None
    return Right("Right: each has its own threshold, and each can be stored.")
