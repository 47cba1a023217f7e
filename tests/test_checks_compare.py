"The checks of lesson 11: right answers pass, each likely mistake is named."

from itertools import combinations, permutations

import numpy as np
import pytest
from checks_kit import mistakes_are_told_apart, odd_answers_are_refused, passes, says

from mlc_course.tools import checks
from mlc_course.tools.checks import compare as module

# ---- 1


def by_gradient(rate, n, c):
    "From the gradients of both losses at some logits."
    rng = np.random.default_rng(0)
    cells = rng.normal(size=(n, c))
    return rate * (cells / (n * c)).ravel()[0] / (cells / n).ravel()[0]


def test_same_step_rate():
    passes(checks.same_step_rate, by_gradient)
    odd_answers_are_refused(checks.same_step_rate)
    for wrong, message in [
        (lambda r, n, c: r * c, "multiply where you should divide"),
        (lambda r, n, c: r, "leave the rate as it is"),
        (lambda r, n, c: r / n, "by the number of images"),
        (lambda r, n, c: r * n, "multiply by the number of images"),
        (lambda r, n, c: r / (n * c), "number of cells"),
        (lambda r, n, c: 1 / c, "and not the rate"),
        (lambda r, n, c: c, "between the two losses"),
        (lambda r, n, c: r + 1, "isn't right yet"),
    ]:
        says(checks.same_step_rate, wrong, message)


# ---- 2


def by_torch(old, x, momentum):
    "What the layers themselves keep."
    import torch

    norm = torch.nn.BatchNorm2d(x.shape[-1], momentum=momentum, dtype=torch.double)
    norm.running_var.copy_(torch.tensor(old))
    norm(torch.tensor(x).permute(0, 3, 1, 2))
    return norm.running_var.numpy(), (1 - momentum) * old + momentum * (
        (x - x.mean((0, 1, 2))) ** 2
    ).mean((0, 1, 2))


def test_running_variances():
    passes(checks.running_variances, by_torch)
    passes(checks.running_variances, lambda *a: np.array(by_torch(*a)))
    odd_answers_are_refused(checks.running_variances)

    def v(a=0, b=0, **kw):
        def f(old, x, m):
            keep = 1 - m if not kw.get("flip") else m
            new = x.reshape(-1, x.shape[-1])
            return tuple(
                keep * old * kw.get("old", 1) + (1 - keep) * new.var(0, ddof=d) for d in (a, b)
            )

        return f

    for wrong, message in [
        (v(0, 1), "the two are exchanged"),
        (v(1, 0, flip=True), "wrong way round. PyTorch's is"),
        (v(0, 1, flip=True), "the two exchanged, and"),
        (v(), "both are divided by n."),
        (v(1, 1), "both are divided by n - 1"),
        (v(1, 0, old=0), "the old variance is missing"),
        (
            lambda o, x, m: tuple(
                (1 - m) * o + m * x.std((0, 1, 2)) * f
                for f in (x.size / x.shape[-1] / (x.size / x.shape[-1] - 1), 1)
            ),
            "standard deviations",
        ),
        (lambda o, x, m: by_torch(o, x, m)[0], "two arrays"),
        (lambda o, x, m: 3.0, "two arrays"),
        (lambda o, x, m: (o, o), "isn't right yet"),
    ]:
        says(checks.running_variances, wrong, message)


# ---- 3


def by_ratio(eps, beta2, step):
    """The epsilon at which Keras' step rate*m*sqrt(1 - b2**t)/(sqrt(v) + e) has PyTorch's
    denominator, sqrt(v)/sqrt(1 - b2**t) + eps.
    """
    c = (1 - beta2**step) ** 0.5
    v = 3.0
    return c * (v / c + eps) - v


def test_keras_epsilon():
    passes(checks.keras_epsilon, by_ratio)
    odd_answers_are_refused(checks.keras_epsilon)
    for wrong, message in [
        (lambda e, b, t: e / np.sqrt(1 - b**t), "multiply where you should divide"),
        (lambda e, b, t: e * (1 - b**t), "root is missing"),
        (lambda e, b, t: e * np.sqrt(1 - b), "first step only"),
        (lambda e, b, t: e * np.sqrt((1 - b) ** t), "that is raised"),
        (lambda e, b, t: e * np.sqrt(1 - b ** (t - 1)), "count steps from 0"),
        (lambda e, b, t: e * np.sqrt(1 - b ** (t + 1)), "too far"),
        (lambda e, b, t: e, "stays as it is"),
        (lambda e, b, t: np.sqrt(1 - b**t), "Multiply it with eps"),
        (lambda e, b, t: e * np.sqrt(b**t), "left to correct"),
        (lambda e, b, t: -e, "isn't right yet"),
    ]:
        says(checks.keras_epsilon, wrong, message)


def test_the_epsilon_is_keras_own():
    "One step of the libraries themselves, with the answer put in."
    import torch

    from mlc_course.settings import import_tensorflow

    import_tensorflow()
    import keras

    g = np.logspace(-8, -3, 6).astype("float32")
    w = torch.nn.Parameter(torch.ones(6))
    w.grad = torch.tensor(g)
    torch.optim.AdamW([w], 0.01, eps=1e-6, weight_decay=0.0).step()
    v = keras.Variable(np.ones(6, "float32"))
    keras.optimizers.AdamW(0.01, epsilon=by_ratio(1e-6, 0.999, 1), weight_decay=0.0).apply(
        [keras.ops.convert_to_tensor(g)], [v]
    )
    np.testing.assert_allclose(w.detach().numpy(), v.numpy(), atol=3e-7)


# ---- 4


def by_every_order(a, b):
    "All orders of the pooled scores, most of them many times."
    pooled, seen = [*a, *b], abs(np.mean(a) - np.mean(b))
    d = [abs(np.mean(p[: len(a)]) - np.mean(p[len(a) :])) for p in permutations(pooled)]
    return np.mean([o >= seen - 1e-9 for o in d])


def by_value(a, b):
    "The rest of a deal is what isn't among the chosen values."
    pooled, seen = [*a, *b], abs(np.mean(a) - np.mean(b))
    found = []
    for chosen in combinations(pooled, len(a)):
        rest = [v for v in pooled if v not in chosen]
        apart = abs(np.mean(chosen) - np.mean(rest)) if rest else np.nan
        found.append(apart >= seen - 1e-12)
    return np.mean(found)


def test_chance_of_seeds():
    passes(checks.chance_of_seeds, by_every_order)
    odd_answers_are_refused(checks.chance_of_seeds)

    def share(test):
        def f(a, b):
            pooled, seen = [*a, *b], np.mean(a) - np.mean(b)
            return np.mean(
                [
                    test(np.mean(p[: len(a)]) - np.mean(p[len(a) :]), seen)
                    for p in permutations(pooled)
                ]
            )

        return f

    for wrong, message in [
        (share(lambda d, s: d >= s - 1e-9), "only one direction"),
        (share(lambda d, s: d * np.sign(s) >= abs(s) - 1e-9), "one direction"),
        (share(lambda d, s: abs(d) > abs(s) + 1e-9), "as far"),
        (lambda a, b: 1 - by_every_order(a, b), "The chance is the rest"),
        (lambda a, b: abs(np.mean(a) - np.mean(b)), "difference of the means itself"),
        (share(lambda d, s: abs(d) >= abs(s)), "last digit"),
        (by_value, "choose among the values"),
        (lambda a, b: 0.5, "isn't right yet"),
    ]:
        says(checks.chance_of_seeds, wrong, message)
    assert by_every_order([3, 4, 5], [0, 1, 2]) == pytest.approx(0.1)


# ---- 5


def by_hand(
    ours,
    theirs,
    tol,
    move=lambda b: np.moveaxis(b, -1, 1) if b.ndim == 4 else b,
    agree=lambda a, b, tol: np.allclose(a, b, rtol=0, atol=tol),
):
    for name in ours:
        if not agree(ours[name], move(theirs[name]), tol):
            return name
    return "none"


def test_first_layer():
    passes(checks.first_layer, by_hand)
    odd_answers_are_refused(checks.first_layer)

    def with_none(*a):
        got = by_hand(*a)
        return None if got == "none" else got

    for wrong, message in [
        (lambda *a: by_hand(*a, move=lambda b: b), "as they are"),
        (
            lambda *a: by_hand(*a, move=lambda b: b.transpose(0, 3, 2, 1) if b.ndim == 4 else b),
            "rows and columns",
        ),
        (
            lambda *a: by_hand(*a, agree=lambda a, b, t: not (abs(a - b) > t).any()),
            "NaN went through",
        ),
        (
            lambda *a: by_hand(*a, agree=lambda a, b, t: abs(a - b).mean() <= t),
            "the mean of the differences",
        ),
        (lambda *a: by_hand(*a, agree=lambda a, b, t: (a - b).max() <= t), "absolute values"),
        (lambda *a: by_hand(*a, agree=lambda a, b, t: (b - a).max() <= t), "absolute values"),
        (lambda ours, *a: by_hand(dict(reversed(ours.items())), *a), "the last layer that differs"),
        (lambda a, b, t: by_hand(a, b, 0.0), "tol isn't used"),
        (lambda *a: by_hand(*a, agree=lambda a, b, t: np.allclose(a, b, atol=t)), "Say rtol=0"),
        (lambda *a: "block", "isn't right yet"),
        (with_none, "the string 'none'"),
    ]:
        says(checks.first_layer, wrong, message)


@pytest.mark.parametrize(
    "name, right",
    [
        ("same_step_rate", by_gradient),
        ("running_variances", by_torch),
        ("keras_epsilon", by_ratio),
        ("chance_of_seeds", by_every_order),
        ("first_layer", by_hand),
    ],
)
def test_mistakes_are_told_apart(name, right, monkeypatch):
    mistakes_are_told_apart(module, name, right, monkeypatch)


def test_messages_name_the_learners_function():
    def share_of_deals(a, b):
        return 0.5

    def rate_of_my_own(rate, n_images, n_labels):
        return rate * n_labels

    says(checks.chance_of_seeds, share_of_deals, "share_of_deals isn't right yet")
    says(checks.same_step_rate, rate_of_my_own, "rate_of_my_own: you multiply")
    says(checks.keras_epsilon, lambda eps, beta2, step: eps, "my_epsilon: ")


def test_more_ways_to_go_wrong():
    for check, wrong, message in [
        (checks.same_step_rate, lambda r, n, c: r * n * c, "multiply by the number of cells"),
        (checks.keras_epsilon, lambda e, b, t: e / (1 - b) ** 0.5, "The step is missing, and"),
        (checks.keras_epsilon, lambda e, b, t: e / (1 - b**t), "The root is missing, and"),
        (checks.chance_of_seeds, of_medians, "you compare medians"),
        (checks.chance_of_seeds, lambda a, b: 100 * scipy_chance(a, b, True), "in percent"),
        (checks.chance_of_seeds, scipy_chance, "one direction and double it"),
    ]:
        says(check, wrong, message[0].lower() + message[1:])


def all_deals(a, b, centre):
    pooled, k = np.array([*a, *b]), len(a)
    deals = [np.isin(np.arange(len(pooled)), rows) for rows in combinations(range(len(pooled)), k)]
    apart = np.array([centre(pooled[m]) - centre(pooled[~m]) for m in deals])
    return apart, centre(a) - centre(b)


def of_medians(a, b):
    apart, seen = all_deals(a, b, np.median)
    return (abs(apart) >= abs(seen) - 1e-12).mean()


def scipy_chance(a, b, both=False):
    "SciPy's two-sided p is twice the smaller direction."
    apart, seen = all_deals(a, b, np.mean)
    up, down = (apart >= seen - 1e-12).mean(), (apart <= seen + 1e-12).mean()
    return (abs(apart) >= abs(seen) - 1e-12).mean() if both else min(1, 2 * min(up, down))


def test_variances_of_other_numbers():
    def kept(old, new, m):
        return tuple((1 - m) * old + m * o for o in new)

    def whole(old, x, m):
        return kept(old, (x.var(ddof=1), x.var()), m)

    def twice(old, x, m):
        n = x.size / x.shape[-1]
        return kept(old, (x.var((0, 1, 2), ddof=1) * n / (n - 1), x.var((0, 1, 2))), m)

    def with_channels(old, x, m):
        v = x.var((0, 1, 2))
        return kept(old, (v * x.size / (x.size - 1), v), m)

    def alone(old, x, m):
        return x.var((0, 1, 2), ddof=1), x.var((0, 1, 2))

    for wrong, message in [
        (whole, "one variance for everything"),
        (twice, "corrected twice"),
        (with_channels, "counts the channels"),
        (alone, "of the batch alone"),
    ]:
        says(checks.running_variances, wrong, message)


def test_first_layer_by_size_or_by_the_first_alone():
    def apart(ours, theirs):
        flat = {k: np.moveaxis(v, -1, 1) if v.ndim == 4 else v for k, v in theirs.items()}
        return {k: np.abs(a - flat[k]).max() for k, a in ours.items()}

    def largest(ours, theirs, tol):
        d = apart(ours, theirs)
        name = max(d, key=d.get)
        return "none" if d[name] <= tol else name

    def first(ours, theirs, tol):
        for name, d in apart(ours, theirs).items():
            return name if not d <= tol else "none"

    says(checks.first_layer, largest, "with the largest difference")
    says(checks.first_layer, first, "the first layer only")
    says(
        checks.first_layer,
        lambda ours, theirs, tol: next(
            (k for k, a in ours.items() if not abs(a - theirs[k].reshape(a.shape)).max() <= tol),
            "none",
        ),
        "`reshape` doesn't move the axes",
    )
