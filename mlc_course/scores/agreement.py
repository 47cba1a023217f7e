"Whether frameworks agree: every quantity between every two of them, beside a tolerance."

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

# the largest absolute difference of a step in float32 that rounding explains
TOLERANCES = {
    "logits, evaluating": 1e-4,
    "logits, training": 1e-4,
    "loss, ours": 1e-6,
    "loss, the library's": 1e-6,
    "gradient, head": 1e-6,
    "gradient, first convolution": 2e-3,
    "gradient, all weights": 2e-3,
    "weights after a step": 2e-4,
    "running means": 1e-5,
    "running variances": 1e-4,
}
TOLD = 5  # quantities that an error names


class Disagreement(AssertionError):
    "Two frameworks differ by more than the tolerance."


def check_shapes(a, b, quantity, first, second):
    "ValueError for two arrays that can't be compared cell by cell."
    if a.shape != b.shape:
        turned = sorted(a.shape) == sorted(b.shape)
        hint = (
            "The same numbers in another axis order? Bring both into one order first."
            if turned
            else "They can't be compared cell by cell."
        )
        raise ValueError(
            f"{quantity!r} has shape {a.shape} in {first} and {b.shape} in {second}. {hint}"
        )
    if not a.size:
        raise ValueError(
            f"{quantity!r} is empty in {first} and {second}: there is nothing to compare."
        )


def largest_difference(
    a,  # an array
    b,  # an array of the same shape
    quantity="the quantity",  # what to call it in an error
    first="the first",  # where `a` is from
    second="the second",  # where `b` is from
) -> float:  # infinite where only one of the two is NaN
    "The largest absolute difference; two NaN or two equal infinities differ by nothing."
    a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
    check_shapes(a, b, quantity, first, second)
    if (np.isnan(a) != np.isnan(b)).any():
        return float("inf")
    with np.errstate(invalid="ignore"):
        apart = np.where((a == b) | np.isnan(a), 0, np.abs(a - b))
    return float(apart.max())


def check_observed(observed, tolerances):
    "The quantities, and a tolerance for each; an error for a comparison that means nothing."
    if not isinstance(observed, dict):
        raise TypeError(
            f"observed is a {type(observed).__name__}: expected a dict by framework, such as "
            "dict(torch=observe_torch(...), tensorflow=observe_tensorflow(...))."
        )
    if len(observed) < 2:
        raise ValueError(
            f"There is nothing to compare: observed holds {', '.join(observed) or 'nothing'}. "
            "Give at least two frameworks."
        )
    first, quantities = next(iter(observed)), list(next(iter(observed.values())))
    for name, found in observed.items():
        if odd := set(found) ^ set(quantities):
            raise ValueError(
                f"{name} has other quantities than {first}: {', '.join(sorted(odd))}. Observe "
                "the same in each framework."
            )
    if not isinstance(tolerances, Mapping):
        tolerances = dict.fromkeys(quantities, tolerances)
    for quantity in quantities:
        if quantity not in tolerances:
            raise ValueError(
                f"No tolerance is stated for {quantity!r}. State it before you look at the "
                "difference."
            )
    return quantities, tolerances


def told(beyond) -> str:
    "What is said of the rows that are beyond their tolerance."
    rows = [
        f"{r.quantity}: {r.difference:.2g} apart between {r.pair} (tolerance {r.tolerance:g})"
        for r in beyond.head(TOLD).itertuples()
    ]
    more = [f"and {len(beyond) - TOLD} more"] if len(beyond) > TOLD else []
    return "; ".join([*rows, *more]) + ". Start with the first: what comes later inherits it."


def agreement(
    observed: dict,  # by framework: arrays by quantity, as the `observe_` functions give them
    tolerances: float | Mapping[str, float] = TOLERANCES,  # by quantity, or one number for all
    strict: bool = False,  # raise Disagreement if anything differs by more
) -> pd.DataFrame:  # quantity, pair, largest_value, difference, tolerance, agree
    "Compare every quantity between every two frameworks: the largest absolute difference."
    quantities, limits = check_observed(observed, tolerances)
    rows = []
    for q in quantities:
        for a, b in combinations(observed, 2):
            apart = largest_difference(observed[a][q], observed[b][q], q, a, b)
            row = dict(quantity=q, pair=f"{a}, {b}")
            row |= dict(largest_value=float(np.nanmax(np.abs(observed[a][q]))), difference=apart)
            rows.append(row | dict(tolerance=limits[q], agree=apart <= limits[q]))
    df = pd.DataFrame(rows)
    if strict and not df.agree.all():
        raise Disagreement(told(df[~df.agree]))
    return df
