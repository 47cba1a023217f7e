"Exercise: keeping the best epoch."

from __future__ import annotations

import math

import numpy as np

from .._core import (
    NotDone,
    Right,
    Wrong,
    function,
    same,
    show,
    torch_first,
)
from .._names import called

# Exercise 5


def _epochs():
    "Scores on valid and test by epoch, for several trainings."
    nan = float("nan")
    return {
        "the best epoch is the third of five": (
            [0.31, 0.52, 0.71, 0.64, 0.70],
            [0.30, 0.55, 0.66, 0.69, 0.62],
        ),
        "two epochs share the highest score": ([0.40, 0.61, 0.61, 0.58], [0.41, 0.57, 0.63, 0.60]),
        "the first epoch stays the best": ([0.55, 0.50, 0.54], [0.50, 0.56, 0.52]),
        "the last epoch is the best": ([0.1, 0.2, 0.3], [0.35, 0.2, 0.25]),
        "one epoch's score is NaN": ([0.20, nan, 0.35, 0.30], [0.25, 0.50, 0.33, 0.40]),
        "the score of the first epoch is NaN": ([nan, 0.42, 0.38], [0.60, 0.40, 0.45]),
        "the epoch after the best has NaN": ([0.30, 0.60, nan, 0.40], [0.35, 0.55, 0.60, 0.50]),
        "every score is 0": ([0.0, 0.0, 0.0], [0.3, 0.1, 0.15]),
    }


def keep_the_best(answer) -> Right:
    """Exercise 5: my_fit(model, one_epoch, score, epochs) -> score(model, 'test') of the epoch with
    the highest score(model, 'valid'), whose weights are in the model at the end.
    """
    torch_first()
    what = called(answer, "my_fit")
    function(answer, what)
    for name, (valid, test) in _epochs().items():
        _one_fit(what, answer, name, valid, test)
    return Right(
        "Right: a copy of the best epoch's weights, chosen on valid, and one look at test."
    )


def _epoch_of(m):
    return round(m.weight.item()) - 1


def _played(answer, what, name, model, valid, test, asked, trained):
    "What the answer gives; `asked` and `trained` get what it called."
    import torch

    def one_epoch(m):
        if len(trained) >= len(valid):
            raise Wrong(
                f"{what}: one_epoch is called more than {len(valid)} times, for {len(valid)} "
                "epochs."
            )
        trained.append(1)
        with torch.no_grad():
            m.weight.fill_(len(trained))
            m.running_mean.fill_(10.0 * len(trained))

    def score(m, split):
        if split not in ("valid", "test"):
            raise Wrong(
                f"{what}: score is asked for the split {split!r}; there are 'valid' and 'test'."
            )
        k = _epoch_of(m)
        asked.append((split, k, len(trained)))
        if not 0 <= k < len(valid):
            raise Wrong(
                f"{what}: score is asked before the first epoch, when there is nothing to keep yet."
            )
        return (valid if split == "valid" else test)[k]

    try:
        got = answer(model, one_epoch, score, len(valid))
    except Wrong:
        raise
    except Exception as e:
        hint = " Was no epoch kept? A best score must start below every score, also below 0."
        raise Wrong(
            f"{what} stopped with {type(e).__name__}: {str(e).rstrip('.')}. It was called for "
            f"{len(valid)} epochs; {name}.{hint if max(valid) == 0 else ''}"
        ) from e
    if not trained and (got is None or got is ...):
        raise NotDone(
            f"{what} isn't written yet: put your own code in place of the three dots, then run "
            "the check again."
        )
    return got


def _refuse_looks(what, looks, valid, test, kept, best):
    "Raise where test was looked at before the end, or more than once."
    early = [o for o in looks if o[2] < len(valid)]
    if early or len(looks) > 1:
        chosen = (
            " The epoch is even chosen by it: the highest of several noisy scores is too high "
            "by luck alone."
            if kept == int(np.argmax(test)) != best
            else ""
        )
        raise Wrong(
            f"{what}: test is asked {len(looks)} times. Its score is honest only if nothing "
            f"was chosen with it: choose on valid, and look at test once, at the end.{chosen}"
        )


def _blame_other_epoch(what, where, valid, kept, best, looks):
    "Raise the sentence for a fit that keeps another epoch than the best."
    known, last = [v for v in valid if not math.isnan(v)], len(valid) - 1
    if looks and looks[0][1] == best:
        raise Wrong(
            f"{what}: {where[0].lower() + where[1:]} a copy of epoch {best + 1} is asked for its "
            f"score on test, but the model itself is still that of epoch {kept + 1}. `model = "
            "copy` only gives the name to another network: load the copy's weights into `model` "
            "with load_state_dict."
        )
    if kept == last:
        hint = (
            "The last epoch's weights are in the model at the end. If you kept the best ones: "
            "state_dict() gives references to the model's own tensors, and training goes on to "
            "change them. Copy them (copy.deepcopy, or clone each), and load the copy at the end."
        )
        if max(known) == 0:
            hint = (
                "A best score that starts at 0 isn't beaten by 0: start below every score, so "
                "that the first epoch is kept."
            )
        elif len(known) < len(valid):
            hint = (
                "Every comparison with NaN is False, so a NaN that was ever taken for the best "
                "lets anything follow it: take an epoch only if its score is greater."
            )
        raise Wrong(
            f"{what}: {where[0].lower() + where[1:]} epoch {best + 1} should be in the "
            f"model, and it is epoch {kept + 1}. {hint}"
        )
    if math.isnan(valid[kept]):
        raise Wrong(
            f"{what}: {where[0].lower() + where[1:]} the epoch with NaN is kept. Every "
            "comparison with NaN is False, and argmax takes NaN for the largest: an epoch "
            "without a score is never the best."
        )
    if valid[kept] == valid[best]:
        raise Wrong(
            f"{what}: {where[0].lower() + where[1:]} the later of two equal epochs is kept. The "
            "earlier one has trained less for the same score: replace it only by a higher one."
        )
    if valid[kept] == min(known):
        raise Wrong(
            f"{what}: {where[0].lower() + where[1:]} the epoch with the lowest score is "
            "kept. For a loss that would be right; for mAP, higher is better."
        )
    raise Wrong(
        f"{what}: {where[0].lower() + where[1:]} epoch {best + 1} should be in the model "
        f"at the end, and it is epoch {kept + 1}."
    )


def _one_fit(what, answer, name, valid, test):
    from torch import nn

    model = nn.BatchNorm1d(1)
    # from here on the weight says which epoch it is, and so does the running mean
    nn.init.zeros_(model.weight)
    asked, trained = [], []
    got = _played(answer, what, name, model, valid, test, asked, trained)
    where = f"Where {name} (valid {show(valid)}),"
    if len(trained) != len(valid):
        raise Wrong(f"{what}: one_epoch is called {len(trained)} times, for {len(valid)} epochs.")
    known = [v for v in valid if not math.isnan(v)]
    best = valid.index(max(known))
    kept, mean = _epoch_of(model), round(model.running_mean.item() / 10) - 1
    looks = [o for o in asked if o[0] == "test"]
    _refuse_looks(what, looks, valid, test, kept, best)
    scored = [k for s, k, _ in asked if s == "valid"]
    if scored[: len(valid)] != list(range(len(valid))):
        cost = " Each score is a pass over all images of valid: keep it under a name."
        raise Wrong(
            f"{what}: valid should be scored once after each epoch; it is scored for the "
            f"epochs {[k + 1 for k in scored]} (counted from 1)."
            f"{cost if len(scored) > len(valid) else ''}"
        )
    if kept != mean:
        raise Wrong(
            f"{what}: the weights are those of epoch {kept + 1}, and BatchNorm's running mean "
            f"is that of epoch {mean + 1}. Buffers belong to the network too: state_dict() has "
            "both, parameters() only the weights."
        )
    if kept != best:
        _blame_other_epoch(what, where, valid, kept, best, looks)
    if got is None or got is ...:
        raise Wrong(
            f"{what}: the right weights are in the model, but nothing comes back. Give back "
            "its score on test."
        )
    if not looks:
        raise Wrong(
            f"{what}: {where[0].lower() + where[1:]} {show(got)} comes back, and test was "
            "never asked. Give back score(model, 'test') of the kept weights."
        )
    if looks[0][1] != best:
        raise Wrong(
            f"{what}: test is scored with the weights of epoch {looks[0][1] + 1}, before those "
            f"of the best epoch, {best + 1}, are back in the model."
        )
    if not same(got, test[best]):
        raise Wrong(
            f"{what}: {where[0].lower() + where[1:]} the score on test is {test[best]}, and "
            f"{show(got)} comes back."
        )
