"Exercise 2 of lesson 06: choose on one split, report on another."

from __future__ import annotations

import numpy as np

from .._core import Mistake, Right, Wrong, attempt, diagnose, function, plain
from .._names import called


def choose_and_report(answer) -> Right:
    "Exercise 2: choose_and_report(valid, test) -> (threshold, macro F1 to report), from two `Predictions`."
    from mlc_course.metrics import Predictions, evaluate, simulate_predictions
    from mlc_course.thresholds import best_threshold, best_thresholds_per_label, sweep

    what = called(answer, "my_choose_and_report")
    made = lambda a, b, s: (
        simulate_predictions(300, seed=a, sharpness=s),
        simulate_predictions(350, seed=b, sharpness=s),
    )
    cases, names = (
        [made(11, 12, 1.0), made(13, 14, 1.8)],
        ["simulated splits of 300 and 350 images", "two splits of a model too sure of itself"],
    )
    tuned = lambda p, score="macro_f1": best_threshold(sweep(p, score=score))[0]
    macro = lambda p, t: evaluate(p, t).macro_f1
    function(answer, what)
    as_good = {}
    given = plain(attempt(answer, cases[0], what, names[0]))
    if isinstance(given, (tuple, list)) and any(hasattr(o, "macro_f1") for o in given):
        raise Wrong(
            f"{what} gives back all the scores of `evaluate`. Two numbers are asked for: the "
            "threshold, and `.macro_f1` of those scores."
        )
    for (v, t), name in zip(cases, names):
        try:
            cut = np.asarray(plain(attempt(answer, (v, t), what, name))[0], dtype=float)
        except (TypeError, ValueError, IndexError, KeyError):
            continue
        if cut.ndim == 0 and 0 <= cut <= 1 and macro(v, float(cut)) >= macro(v, tuned(v)) - 1e-9:
            as_good[v.probs.tobytes()] = float(cut)

    def choice(v):
        return as_good.get(
            v.probs.tobytes(), tuned(v)
        )  # from a grid of one's own, if it is no worse on valid

    def result(v, t):
        return choice(v), macro(t, choice(v))

    def pool(v, t):
        fnames = [f"v{o}" for o in v.fnames] + [f"t{o}" for o in t.fnames]
        return Predictions(
            np.concatenate([v.probs, t.probs]),
            np.concatenate([v.targets, t.targets]),
            v.vocab,
            fnames,
        )

    both = "you choose on valid and test together. Whatever is reported on test mustn't have been chosen with it."
    per_label = lambda v, t: (best_thresholds_per_label(v), macro(t, best_thresholds_per_label(v)))
    on_test = (
        "the threshold is chosen on test, and so the score is flattered: test isn't fresh any more once something has been fitted to it. "
        "Choose on valid, and use test once, to report."
    )
    return diagnose(
        answer,
        result,
        [
            Mistake(on_test, lambda v, t: (tuned(t), macro(t, tuned(t)))),
            Mistake(
                "the score is that of valid, where the threshold was chosen, so it is flattered. Report the score of test at that threshold.",
                lambda v, t: (choice(v), macro(v, choice(v))),
            ),
            Mistake(
                "the threshold is right, and the score is the best of the whole sweep on test. That one belongs to another threshold, chosen on test, "
                "and is flattered: report what your own threshold reaches there.",
                lambda v, t: (choice(v), macro(t, tuned(t))),
            ),
            Mistake(
                "the splits are exchanged: you choose on test and report on valid.",
                lambda v, t: (tuned(t), macro(v, tuned(t))),
            ),
            Mistake(both, lambda v, t: (tuned(pool(v, t)), macro(t, tuned(pool(v, t))))),
            Mistake(both, lambda v, t: (tuned(pool(v, t)), macro(pool(v, t), tuned(pool(v, t))))),
            Mistake(
                "the threshold is right, and the score is that of valid and test together. Report test alone: valid has been used for the choice.",
                lambda v, t: (choice(v), macro(pool(v, t), choice(v))),
            ),
            Mistake(
                "the threshold is tuned for accuracy, the default of `sweep`, and macro F1 pays for that. Tune for the score that you report.",
                lambda v, t: (tuned(v, "accuracy"), macro(t, tuned(v, "accuracy"))),
            ),
            Mistake(
                "the threshold is tuned for micro F1. Tune for the score that you report.",
                lambda v, t: (tuned(v, "micro_f1"), macro(t, tuned(v, "micro_f1"))),
            ),
            Mistake(
                "the threshold is right, and the score is micro F1. The exercise asks for macro F1.",
                lambda v, t: (choice(v), evaluate(t, choice(v)).micro_f1),
            ),
            Mistake(
                "the threshold is right, and the score is the accuracy. The exercise asks for macro F1.",
                lambda v, t: (choice(v), evaluate(t, choice(v)).accuracy),
            ),
            Mistake(
                "both numbers belong to the threshold 0.5. Choose one on valid first.",
                lambda v, t: (0.5, macro(t, 0.5)),
            ),
            Mistake(
                "the threshold is right, and the score is that of 0.5 on test: hand the chosen threshold on.",
                lambda v, t: (choice(v), macro(t, 0.5)),
            ),
            Mistake(
                "the two numbers are exchanged: the threshold comes first.",
                lambda v, t: result(v, t)[::-1],
            ),
            Mistake(
                "the exercise asks for one threshold for all labels, and you chose one per label.",
                per_label,
            ),
        ],
        cases,
        what,
        names=names,
        praise="Right: chosen on valid, reported on test, and the same score both times.",
    )
