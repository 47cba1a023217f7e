"What every comparison needs: rows, a report, times taken in turn."

from __future__ import annotations

import gc
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from mlc_course.machine import usable_cores


@dataclass
class Row:
    "One comparison: ours beside a reference, on the same input."

    name: str  # what is computed
    reference: str  # by what else
    ours_s: float | None = None  # seconds, median
    reference_s: float | None = None
    goal: str = ""  # in words
    met: bool | None = None
    note: str = ""  # what was run instead, or why nothing was

    @property
    def ratio(self) -> float | None:
        "How many times longer the reference takes."
        return self.reference_s / self.ours_s if self.ours_s and self.reference_s else None


@dataclass
class Report:
    "All comparisons of one run."

    title: str
    setting: str
    rows: list = field(default_factory=list)

    def to_dict(self) -> dict:
        "Plain values, ready for JSON."
        return dict(
            title=self.title,
            setting=self.setting,
            rows=[dict(vars(r), ratio=r.ratio) for r in self.rows],
        )

    def __str__(self):
        lines = [self.title, self.setting, ""]
        head = ("what", "ours", "beside", "its time", "its time / ours", "goal", "")
        cells = [
            (
                r.name,
                _seconds(r.ours_s),
                r.reference,
                _seconds(r.reference_s),
                "" if r.ratio is None else _ratio(r.ratio),
                r.goal,
                "" if r.met is None else "met" if r.met else "MISSED",
            )
            for r in self.rows
        ]
        widths = [max(len(c[i]) for c in (head, *cells)) for i in range(len(head))]

        def line(c):
            sides = [str.rjust if i in (1, 3, 4) else str.ljust for i in range(len(head))]
            return "  ".join(side(x, w) for side, x, w in zip(sides, c, widths)).rstrip()

        lines += [line(head), "  ".join("-" * w for w in widths), *map(line, cells)]
        notes = [f"{r.name}, {r.reference}: {r.note}" for r in self.rows if r.note]
        return "\n".join(lines + ([""] + notes if notes else []))


def _seconds(s):
    if s is None:
        return "-"
    return (
        f"{s * 1e6:.0f} us"
        if s < 1e-3
        else f"{s * 1e3:.1f} ms"
        if s < 1
        else f"{s:.1f} s"
        if s < 100
        else f"{s:,.0f} s"
    )


def _ratio(x):
    return f"{x:.2f}" if x < 10 else f"{x:,.0f}"


def in_turn(*functions: Callable, repeats: int = 5, min_time: float = 0.02) -> list[float]:
    """Median seconds of each function, which take turns: a slower moment meets all of them.

    A turn calls a function until `min_time` has passed and notes the mean."""
    counts = []
    for f in functions:  # a warm-up that also says how many calls make up a turn
        f()
        start = time.perf_counter()
        f()
        counts.append(max(1, int(min_time / max(time.perf_counter() - start, 1e-7))))
    times = np.empty((repeats, len(functions)))
    enabled = gc.isenabled()
    gc.disable()
    try:
        for row in times:
            for i, (f, n) in enumerate(zip(functions, counts)):
                start = time.perf_counter()
                for _ in range(n):
                    f()
                row[i] = (time.perf_counter() - start) / n
    finally:
        if enabled:
            gc.enable()
    return np.median(times, axis=0).tolist()


def once(f: Callable) -> float:
    "Seconds of one call, for what is too slow to repeat."
    start = time.perf_counter()
    f()
    return time.perf_counter() - start


def agree(
    what: str,  # is compared
    ours,
    theirs,
    tol: float = 1e-6,  # relative and absolute
):
    "AssertionError if two results differ."
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    if ours.shape != theirs.shape or not np.allclose(
        ours, theirs, rtol=tol, atol=tol, equal_nan=True
    ):
        raise AssertionError(
            f"{what}: the results differ, by up to {np.abs(ours - theirs).max():.3g}. "
            "A faster wrong answer is worth nothing."
        )


def scores_like(n: int, c: int, seed: int = 0):
    "Random Predictions: c labels in 20 % down to 0.2 % of n images, scores that know something."
    from mlc_course.metrics import Predictions

    rng = np.random.default_rng(seed)
    freq = 0.2 * 0.01 ** (np.arange(c) / max(c - 1, 1))
    targets = rng.random((n, c)) < freq
    targets[0] = True  # no label without a positive: scikit-learn would warn
    logits = rng.normal(size=(n, c)) + 2.5 * targets + np.log(freq)
    probs = (1 / (1 + np.exp(-logits))).astype(np.float32)
    return Predictions(
        probs, targets, [f"label {i}" for i in range(c)], [f"{i}.jpg" for i in range(n)]
    )


def machine() -> str:
    "Cores, processor and the versions that matter for the time."

    def v(name):
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            return f"{name} missing"

    return f"{usable_cores()} cores, {platform.machine()}; " + ", ".join(
        map(v, ("numpy", "torch", "scikit-learn", "torchmetrics"))
    )
