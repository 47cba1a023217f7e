"Exercises: files that run code, and when an export can be shipped."

from __future__ import annotations

from .._core import Mistake, Right, Wrong, choices, diagnose
from .._names import called

WHEN = {
    "learner.pkl, load_learner": "loading",
    "weights.pt, torch.load(weights_only=True)": "never",
    "model.safetensors, load_model": "never",
    "model.pt2, torch.export.load": "loading",
    "SavedModel, tf.saved_model.load": "loading",
    "model.onnx, onnxruntime": "never",
}


WHY = {
    "learner.pkl, load_learner": (
        "a pickle is a list of instructions, and one of them is to call a "
        "function. They run while the file is read."
    ),
    "weights.pt, torch.load(weights_only=True)": (
        "weights_only lets a pickle call a short list of harmless functions, and refused the "
        "lesson's gift."
    ),
    "model.safetensors, load_model": (
        "the file is names, shapes and numbers. It has no instructions that could run, at any time."
    ),
    "model.pt2, torch.export.load": (
        "the graph is data, but the example inputs beside it may be a pickle, and "
        "loading reads it. Look at the lesson's table once more."
    ),
    "SavedModel, tf.saved_model.load": (
        "it holds no Python, but its graph may read and write files, and loading it already runs "
        "whatever fills its tables. In the lesson, a file was written before anybody asked for "
        "an answer."
    ),
    "model.onnx, onnxruntime": (
        "its operations compute, and can write no file. A pickle under this name is refused, "
        "because it isn't ONNX."
    ),
}


def runs_code(answer) -> Right:
    "Exercise 4: `my_risks`, a dict: way to open a file -> 'loading', 'calling' or 'never'."
    what = "my_risks"
    answer = choices(answer, WHEN, what)
    for k, v in WHEN.items():
        if answer[k] not in ("loading", "calling", "never"):
            raise Wrong(
                f"{what}: for {k!r} the answer is 'loading', 'calling' or 'never', and you "
                f"gave {answer[k]!r}."
            )
        if answer[k] != v:
            raise Wrong(f"{what}: {k!r} isn't {answer[k]!r}: {WHY[k]}")
    return Right(
        "Right: three of the six can run code of whoever wrote the file, and all three while you "
        "open it."
    )


def _good(t):
    return not isinstance(t, bool) and isinstance(t, (int, float)) and 0 <= t <= 1


def _not_outside(t):
    "Asks the wrong way round: NaN isn't outside either."
    return isinstance(t, (int, float)) and not t < 0 and not t > 1


def _like_a_number(t):
    "Takes what float() takes."
    try:
        return 0 <= float(t) <= 1
    except (TypeError, ValueError):
        return False


NAN = (
    "NaN gets through: it is neither below 0 nor above 1. Ask whether 0 <= t <= 1 is true, and "
    "refuse if it isn't."
)


def _verdict(
    spec,
    labels,
    sha256,
    newer=lambda f: f > 1,
    other=lambda a, b: a != b,
    keys=lambda t, v: set(t) != set(v),
    good=_good,
    order="nmlt",
):
    bad = dict(
        n=(newer(spec["format"]), "newer"),
        m=(spec["model"]["sha256"] != sha256, "other model"),
        l=(other(spec["vocab"], labels), "other labels"),
        t=(
            keys(spec["thresholds"], spec["vocab"])
            or not all(map(good, spec["thresholds"].values())),
            "bad thresholds",
        ),
    )
    return next((bad[o][1] for o in order if bad[o][0]), "ok")


def verdict(answer) -> Right:
    "Exercise 5: `my_verdict(spec, labels, sha256)`, one of the five words."
    what = called(answer, "my_verdict")

    def spec(format=1, vocab=("sun", "car"), sha="3f", **thresholds):
        return dict(
            format=format,
            vocab=list(vocab),
            thresholds=thresholds or dict(sun=0.5, car=0.3),
            model=dict(sha256=sha),
        )

    labels = ["sun", "car"]
    cases = [
        (spec(), labels, "3f"),
        (spec(2), labels, "3f"),
        (spec(0), labels, "3f"),
        (spec(), labels, "77"),
        (spec(vocab=("car", "sun")), labels, "3f"),
        (spec(vocab=("sun", "boat")), labels, "3f"),
        (spec(sun=0.9, car=0.3), labels, "3f"),
        (spec(car=0.3, sun=0.5), labels, "3f"),
        (spec(sun=0, car=1), labels, "3f"),
        (spec(sun=0.0, car=1.0), labels, "3f"),
        (spec(sun=1.7, car=0.3), labels, "3f"),
        (spec(sun=-0.1, car=0.3), labels, "3f"),
        (spec(sun=0.5), labels, "3f"),
        (spec(sun=0.5, car=0.3, boat=0.2), labels, "3f"),
        (spec(sun=0.5, car="0.3"), labels, "3f"),
        (spec(sun=float("nan"), car=0.3), labels, "3f"),
        (spec(sun=True, car=0.3), labels, "3f"),
        (spec(sun=None, car=0.3), labels, "3f"),
        (spec(2, ("car", "sun"), "77"), labels, "3f"),
        (spec(1, ("car", "sun"), "77"), labels, "3f"),
    ]
    v = lambda **kw: lambda *args: _verdict(*args, **kw)
    return diagnose(
        answer,
        _verdict,
        [
            Mistake(
                "you compare the labels without their order. Two exchanged labels are the worst "
                "case of all, because every answer looks sound: compare the lists.",
                v(other=lambda a, b: set(a) != set(b)),
            ),
            Mistake(
                "an older format is refused as well. A program should read what older ones "
                "wrote: only a format above 1 is 'newer'.",
                v(newer=lambda f: f != 1),
            ),
            Mistake(
                "a newer format isn't noticed. It may mean other things by the same words: "
                "look at it before everything else.",
                v(order="mlt"),
            ),
            Mistake(
                "the checksum isn't compared. Vocab and thresholds are about one model file, "
                "and it can be exchanged.",
                v(order="nlt"),
            ),
            Mistake("the labels of the model aren't compared with the vocab.", v(order="nmt")),
            Mistake(
                "the thresholds aren't looked at. They may be edited by hand, so they have to "
                "be checked.",
                v(order="nml"),
            ),
            Mistake(
                "the thresholds of a dict may stand in any order. Compare which labels they "
                "name, as sets.",
                v(keys=lambda t, v: list(t) != list(v)),
            ),
            Mistake(
                "a label without a threshold isn't noticed.",
                v(keys=lambda t, v: bool(set(t) - set(v))),
            ),
            Mistake(
                "a threshold for a label that doesn't exist isn't noticed. It is probably a "
                "label that was renamed in one place.",
                v(keys=lambda t, v: bool(set(v) - set(t))),
            ),
            Mistake(
                "only floats are taken. A 0 or 1 that was written without a point comes from JSON "
                "as an int, and is a probability like the others.",
                v(good=lambda t: isinstance(t, float) and 0 <= t <= 1),
            ),
            Mistake(
                "0 and 1 are refused. They are probabilities like the others: 'name it always' "
                "(nearly) and 'never name it'.",
                v(good=lambda t: _good(t) and 0 < t < 1),
            ),
            Mistake(
                NAN,
                v(good=_not_outside),
            ),
            Mistake(
                NAN,
                v(good=lambda t: not isinstance(t, bool) and _not_outside(t)),
            ),
            Mistake(
                "True passes for a threshold: to Python it is a number, 1. In JSON it is another "
                "kind of value, so ask isinstance(t, bool) too.",
                v(good=lambda t: isinstance(t, (int, float)) and 0 <= t <= 1),
            ),
            Mistake(
                "a text such as '0.3' passes, because you turn each threshold into a number first. "
                "Whatever isn't a number was written by mistake.",
                v(good=_like_a_number),
            ),
            Mistake(
                "the values of the thresholds aren't checked: they have to be numbers from 0 to 1.",
                v(good=lambda t: True),
            ),
            Mistake(
                "the order of the verdicts is another: a newer format comes first, because then "
                "nothing else is sure; then the model, the labels and the thresholds.",
                v(order="tlmn"),
            ),
            Mistake(
                "the order of the verdicts is another: the model comes before the labels, because "
                "another model explains other labels.",
                v(order="nlmt"),
            ),
            Mistake(
                "the newer format has to come first. If it is newer, nothing else that you "
                "read is sure.",
                v(order="mlnt"),
            ),
        ],
        cases,
        what,
        praise="Right: the labels' order counts, a threshold may be edited, and nobody guesses "
        "about a newer format.",
    )
