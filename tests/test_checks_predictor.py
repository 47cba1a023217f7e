"Each check of lesson 13 takes the right answer and names the typical wrong ones."

import io

import numpy as np
import pytest
from checks_kit import (
    mistakes_are_told_apart,
    not_done,
    odd_answers_are_refused,
    passes,
    raises,
    says,
)
from PIL import Image, ImageOps

from mlc_course.predictor import LabelScores
from mlc_course.tables import square_pixels
from mlc_course.tools import checks
from mlc_course.tools.checks import predictor as module


def right_bytes(data, size):
    with Image.open(io.BytesIO(data)) as image:
        return square_pixels(image, size)


def right_said(probs, thresholds, vocab):
    scores = dict(zip(vocab, (float(p) for p in probs)))
    named = [v for v, t in zip(vocab, thresholds) if scores[v] > t]
    return str(LabelScores("", scores, tuple(sorted(named, key=scores.get, reverse=True))))


def right_fault(right, served):
    near = lambda a, b: np.allclose(a, b, rtol=0, atol=1e-3)
    twice = 1 / (1 + np.exp(-right))

    def reordered(a, b):
        found = []
        for row in a:
            k = [i for i, other in enumerate(b) if near(row, other)]
            if len(k) != 1:
                return False
            found += k
        return sorted(found) == list(range(len(b)))

    if near(right, served):
        return "none"
    if near(twice, served):
        return "sigmoid twice"
    if near(np.log(right / (1 - right)), served):
        return "sigmoid never"
    if reordered(right.T, served.T):
        return "labels in another order"
    return "images in another order" if reordered(right, served) else "something else"


def right_verdict(spec, labels, sha256):
    if spec["format"] > 1:
        return "newer"
    if spec["model"]["sha256"] != sha256:
        return "other model"
    if spec["vocab"] != labels:
        return "other labels"
    numbers = [spec["thresholds"].get(label) for label in labels]
    if len(spec["thresholds"]) != len(labels):
        return "bad thresholds"
    right = [type(t) in (int, float) and 0 <= t <= 1 for t in numbers]
    return "ok" if all(right) else "bad thresholds"


RIGHT = dict(
    square_bytes=right_bytes,
    what_is_said=right_said,
    which_fault=right_fault,
    verdict=right_verdict,
)


@pytest.mark.parametrize("name", RIGHT)
def test_every_mistake_differs_from_the_right_answer_and_from_the_others(name, monkeypatch):
    mistakes_are_told_apart(module, name, RIGHT[name], monkeypatch)


@pytest.mark.parametrize("name", RIGHT)
def test_stub_exception_and_odd_answers(name):
    odd_answers_are_refused(getattr(checks, name))
    says(getattr(checks, name), lambda *args: 42.0, "expected")


def changed(f, g):
    return lambda *args: g(f(*args))


def test_square_bytes():
    passes(checks.square_bytes, right_bytes)

    def by_hand(data, size):
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGBA")
        page = Image.new("RGB", image.size, (255, 255, 255))
        page.paste(image, mask=image.getchannel("A"))
        return np.array(page.resize((size, size), Image.Resampling.BILINEAR))

    def plain(data, size, how=Image.Resampling.BILINEAR):
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB").resize((size, size), how))

    def upright(data, size):
        return np.asarray(
            ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
            .convert("RGB")
            .resize((size, size), Image.Resampling.BILINEAR)
        )

    assert (
        np.abs(
            by_hand(module.picture("RGB", 30, 20), 8).astype(int)
            - right_bytes(module.picture("RGB", 30, 20), 8)
        ).max()
        == 0
    )
    says(checks.square_bytes, changed(right_bytes, lambda x: x / 255), "between 0 and 1")
    plainest = lambda *a: plain(*a, Image.Resampling.BICUBIC) / 255
    says(checks.square_bytes, plainest, "between 0 and 1")
    says(
        checks.square_bytes,
        changed(right_bytes, lambda x: np.moveaxis(x, 2, 0)),
        "channels come first",
    )
    says(
        checks.square_bytes, changed(right_bytes, lambda x: np.flip(x, 2)), "blue comes before red"
    )
    says(
        checks.square_bytes,
        lambda data, size: np.asarray(
            Image.open(io.BytesIO(data)).convert("RGB").resize((size, size))
        ),
        "bicubic",
    )
    says(checks.square_bytes, lambda *a: plain(*a, Image.Resampling.NEAREST), "nearest neighbour")
    says(checks.square_bytes, lambda *a: plain(*a, Image.Resampling.LANCZOS), "Lanczos")
    says(
        checks.square_bytes,
        lambda data, size: np.asarray(
            ImageOps.fit(
                Image.open(io.BytesIO(data)).convert("RGB"), (size, size), Image.Resampling.BILINEAR
            )
        ),
        "cropped",
    )
    says(
        checks.square_bytes,
        lambda data, size: np.asarray(
            ImageOps.pad(
                Image.open(io.BytesIO(data)).convert("RGB"), (size, size), Image.Resampling.BILINEAR
            )
        ),
        "black borders",
    )
    says(checks.square_bytes, plain, "EXIF orientation says")
    says(checks.square_bytes, upright, "thrown away")

    def on_black(data, size):
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGBA")
        return np.asarray(
            Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0)), image)
            .convert("RGB")
            .resize((size, size), Image.Resampling.BILINEAR)
        )

    says(checks.square_bytes, on_black, "places are black")

    def alpha_only(data, size):
        mode = Image.open(io.BytesIO(data)).mode
        return right_bytes(data, size) if mode == "RGBA" else upright(data, size)

    says(checks.square_bytes, alpha_only, "A palette can have")

    def no_convert(data, size):
        return np.asarray(
            Image.open(io.BytesIO(data)).resize((size, size), Image.Resampling.BILINEAR)
        )

    says(checks.square_bytes, no_convert, "a grey PNG of 30 x 30")


def test_laid_on_white_too_late():
    def late(data, size):
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGBA")
        image = image.resize((size, size), Image.Resampling.BILINEAR)
        page = Image.new("RGBA", image.size, "white")
        page.alpha_composite(image)
        return np.asarray(page.convert("RGB"))

    says(checks.square_bytes, late, "squashed before it is laid on white")


def test_the_right_pixels_in_another_kind_of_thing_are_no_bytes():
    as_float = changed(right_bytes, lambda x: x.astype("float32"))
    says(checks.square_bytes, as_float, "the right numbers as float32")
    says(checks.square_bytes, changed(right_bytes, Image.fromarray), "pixels as Image")
    says(checks.square_bytes, changed(right_bytes, lambda x: x.tolist()), "pixels as list")


def test_a_message_calls_the_function_by_the_learners_name():
    def pixels_for_others(data, size):
        return right_bytes(data, size) / 255

    says(checks.square_bytes, pixels_for_others, "pixels_for_others: the numbers lie")
    says(checks.square_bytes, lambda data, size: pixels_for_others(data, size), "my_bytes: the")
    says(checks.what_is_said, lambda p, t, v: "", "my_line")
    says(checks.which_fault, lambda a, b: "none", "my_diagnosis")
    says(checks.verdict, lambda s, v, h: "ok", "my_verdict")
    says(checks.runs_code, dict.fromkeys(module.WHEN, "never"), "my_risks")


def test_what_is_said():
    passes(checks.what_is_said, right_said)
    passes(
        checks.what_is_said,
        lambda p, t, v: (
            ", ".join(f"{v[i]} {p[i]:.2f}" for i in np.argsort(-p) if p[i] > t[i])
            or "no predictions"
        ),
    )

    def said(keep=lambda p, t: p > t, key=lambda p, t: -p, empty="no predictions", stop=None):
        return lambda p, t, v: (
            ", ".join(
                f"{v[i]} {p[i]:.2f}"
                for i in sorted(range(len(v)), key=lambda i: key(p[i], t[i]))
                if keep(p[i], t[i])
            ).split(", 0")[0][:stop]
            or empty
        )

    says(checks.what_is_said, said(lambda p, t: p >= t), "use > in place of >=")
    says(checks.what_is_said, said(lambda p, t: p > 0.5), "compared with 0.5")
    says(checks.what_is_said, said(key=lambda p, t: 0), "order of the vocab")
    says(checks.what_is_said, said(key=lambda p, t: p), "least probable label comes first")
    says(checks.what_is_said, said(key=lambda p, t: t - p), "how far they are above")
    says(checks.what_is_said, said(empty=""), "can't tell that from an error")
    says(
        checks.what_is_said,
        lambda p, t, v: said()(p, t, v) if (p > t).any() else f"{v[p.argmax()]} {p.max():.2f}",
        "single-label classifier",
    )
    says(
        checks.what_is_said,
        lambda p, t, v: right_said(p, t, v).split(",")[0],
        "only the likeliest label",
    )
    says(checks.what_is_said, said(lambda p, t: True), "every label is named")
    says(
        checks.what_is_said,
        lambda p, t, v: ", ".join(
            o.rpartition(" ")[0] if o != "no predictions" else o
            for o in right_said(p, t, v).split(", ")
        ),
        "scores are missing",
    )
    says(
        checks.what_is_said,
        lambda p, t, v: right_said(p, t, v).split(", ") if (p > t).any() else "no predictions",
        "give a list",
    )


def test_digits_and_spaces_of_a_line():
    def line(form, join=", "):
        return lambda p, t, v: (
            join.join(form(v[i], float(p[i])) for i in np.argsort(-p) if p[i] > t[i])
            or "no predictions"
        )

    says(checks.what_is_said, line(lambda v, p: f"{v} {p:.1f}"), "have one digit")
    says(checks.what_is_said, line(lambda v, p: f"{v} {round(p, 2)}"), "drops a last zero")
    says(checks.what_is_said, line(lambda v, p: f"{v} {p:.2f}", ","), "comma alone")


def test_transparency_of_every_mode_and_an_opaque_palette():
    def laid(modes):
        def f(data, size):
            image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
            if image.mode in modes:
                image = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
            return np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR))

        return f

    passes(checks.square_bytes, laid(("RGBA", "LA", "P", "L")))
    says(checks.square_bytes, laid(("RGBA", "LA", "P")), "whatever the mode")
    says(checks.square_bytes, laid(("RGBA", "P", "L")), "its mode is LA")
    says(checks.square_bytes, laid(("RGBA", "P")), "its mode is LA")
    says(checks.square_bytes, laid(("RGBA", "LA")), "image.info['transparency']")
    says(checks.square_bytes, laid(("RGBA",)), "only images of the mode RGBA")

    def late(data, size):
        image = Image.open(io.BytesIO(data))
        if image.has_transparency_data:
            return right_bytes(data, size)
        image = ImageOps.exif_transpose(image)
        return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR).convert("RGB"))

    says(checks.square_bytes, late, "squashed before it is converted to RGB")


def test_ranges_tolerance_and_a_single_order():
    def by_ranges(a, b):
        found = right_fault(a, b)
        if found in ("none", "labels in another order", "images in another order"):
            return found
        if b.min() >= 0.5 and b.max() <= 0.7311:
            return "sigmoid twice"
        return "sigmoid never" if b.min() < 0 else "something else"

    says(checks.which_fault, by_ranges, "look at the ranges alone")
    loose = lambda a, b: "none" if np.abs(a - b).max() < 0.02 else right_fault(a, b)
    says(checks.which_fault, loose, "ignore at most 0.001")
    default = lambda a, b: "none" if np.allclose(a, b) else "something else"
    says(checks.which_fault, default, "compare exactly, or nearly so")

    def reversed_only(a, b):
        found = right_fault(a, b)
        return found if "order" not in found or np.allclose(a[:, ::-1], b) else "something else"

    says(checks.which_fault, reversed_only, "any may occur")


def test_which_fault():
    by_range = lambda a, b: "sigmoid never" if b.min() < 0 or b.max() > 1 else right_fault(a, b)
    says(checks.which_fault, by_range, "numbers outside 0 to 1")
    passes(checks.which_fault, right_fault)
    swap = lambda a, b: {a: b, b: a}
    says(
        checks.which_fault,
        lambda a, b: swap("sigmoid twice", "sigmoid never").get(
            right_fault(a, b), right_fault(a, b)
        ),
        "are exchanged. With the sigmoid twice",
    )
    says(
        checks.which_fault,
        lambda a, b: swap("labels in another order", "images in another order").get(
            right_fault(a, b), right_fault(a, b)
        ),
        "a row is an image",
    )
    says(
        checks.which_fault,
        lambda a, b: "sigmoid twice" if b.min() >= 0.5 and b.max() <= 0.7311 else right_fault(a, b),
        "look at the range alone",
    )

    def exact(a, b):
        s = lambda z: 1 / (1 + np.exp(-z))
        return (
            "none"
            if (a == b).all()
            else "sigmoid twice"
            if (b == s(a)).all()
            else "sigmoid never"
            if (a == s(b)).all()
            else "something else"
        )

    says(checks.which_fault, exact, "the last digits differ")

    def by_row(a, b):
        got = right_fault(a, b)
        return (
            "labels in another order"
            if got == "something else" and np.allclose(np.sort(a, 1), np.sort(b, 1), atol=1e-3)
            else got
        )

    says(checks.which_fault, by_row, "one order of the labels for all images")

    def by_pot(a, b):
        got = right_fault(a, b)
        return (
            "images in another order"
            if got == "something else"
            and np.allclose(np.sort(a, None), np.sort(b, None), atol=1e-3)
            else got
        )

    says(checks.which_fault, by_pot, "both arrays hold the same numbers")
    says(
        checks.which_fault,
        lambda a, b: right_fault(a, b) if "order" not in right_fault(a, b) else "something else",
        "another order isn't recognised",
    )
    says(checks.which_fault, lambda a, b: "twice", "'twice' isn't one of the names")
    says(
        checks.which_fault,
        lambda a, b: "none",
        "isn't right yet. Given scores that went through the sigmoid twice",
    )


def test_runs_code():
    good = {k: v for k, v in module.WHEN.items()}
    passes(checks.runs_code, good)
    not_done(
        lambda answer: checks.runs_code(
            answer if answer is None or answer is ... else dict.fromkeys(good, ...)
        )
    )
    says(
        checks.runs_code,
        good | {"model.pt2, torch.export.load": "never"},
        "the example inputs beside it may be a pickle",
    )
    says(
        checks.runs_code,
        good | {"SavedModel, tf.saved_model.load": "calling"},
        "loading it already runs whatever fills its tables",
    )
    says(
        checks.runs_code,
        good | {"SavedModel, tf.saved_model.load": "never"},
        "before anybody asked for an answer",
    )
    says(
        checks.runs_code,
        good | {"learner.pkl, load_learner": "calling"},
        "run while the file is read",
    )
    says(checks.runs_code, good | {"model.onnx, onnxruntime": "calling"}, "can write no file")
    says(
        checks.runs_code,
        good | {"model.safetensors, load_model": "yes"},
        "the answer is 'loading', 'calling' or 'never'",
    )
    says(checks.runs_code, good | {"model.h5": "never"}, "no question called 'model.h5'")
    says(checks.runs_code, [1], "should be a dict")
    assert module.WHEN.keys() == module.WHY.keys()


def by_value(good):
    "A verdict that judges the values of the thresholds by `good`."

    def answer(spec, labels, sha256):
        whole = right_verdict(
            spec | dict(thresholds=dict.fromkeys(spec["thresholds"], 0.5)), labels, sha256
        )
        fine = all(good(t) for t in spec["thresholds"].values())
        return "bad thresholds" if whole == "ok" and not fine else whole

    return answer


def test_a_threshold_of_0_or_1_may_be_an_int_or_a_float():
    only_floats = by_value(lambda t: isinstance(t, float) and 0 <= t <= 1)
    says(checks.verdict, only_floats, "only floats are taken")
    says(checks.verdict, by_value(lambda t: type(t) in (int, float) and 0 < t < 1), "are refused")


def test_verdict():
    passes(checks.verdict, right_verdict)

    def with_(change):
        return lambda spec, labels, sha: right_verdict(*change(spec, labels, sha))

    says(
        checks.verdict,
        with_(lambda s, v, h: (s, s["vocab"] if set(v) == set(s["vocab"]) else v, h)),
        "without their order",
    )
    says(
        checks.verdict,
        lambda s, v, h: "newer" if s["format"] != 1 else right_verdict(s, v, h),
        "an older format",
    )
    says(
        checks.verdict,
        with_(lambda s, v, h: (s | dict(format=1), v, h)),
        "a newer format isn't noticed",
    )
    says(
        checks.verdict,
        with_(lambda s, v, h: (s, v, s["model"]["sha256"])),
        "checksum isn't compared",
    )
    says(
        checks.verdict,
        with_(
            lambda s, v, h: (
                (s, s["vocab"], h)
                if set(s["thresholds"]) == set(s["vocab"])
                else (
                    s
                    | dict(
                        vocab=v,
                        thresholds=s["thresholds"] if v == s["vocab"] else dict.fromkeys(v, 0.5),
                    ),
                    v,
                    h,
                )
            )
        ),
        "isn't right yet",
    )
    says(
        checks.verdict,
        with_(lambda s, v, h: (s | dict(thresholds=dict.fromkeys(v, 0.5)), v, h)),
        "thresholds aren't looked at",
    )
    ok = lambda s, v, h: right_verdict(s, v, h) == "ok"
    says(
        checks.verdict,
        lambda s, v, h: (
            "bad thresholds"
            if ok(s, v, h) and list(s["thresholds"]) != s["vocab"]
            else right_verdict(s, v, h)
        ),
        "may stand in any order",
    )
    says(
        checks.verdict,
        lambda s, v, h: (
            "bad thresholds"
            if ok(s, v, h) and {0, 1} & set(s["thresholds"].values())
            else right_verdict(s, v, h)
        ),
        "0 and 1 are refused",
    )
    says(checks.verdict, by_value(lambda t: t is not None and 0 <= float(t) <= 1), "a text such as")
    outside = lambda t: isinstance(t, (int, float)) and (t < 0 or t > 1)
    says(checks.verdict, by_value(lambda t: type(t) in (int, float) and not outside(t)), "NaN gets")
    says(checks.verdict, by_value(lambda t: isinstance(t, (int, float)) and 0 <= t <= 1), "True")
    says(
        checks.verdict,
        with_(
            lambda s, v, h: (
                s | dict(thresholds={k: 0.5 if t != t else t for k, t in s["thresholds"].items()}),
                v,
                h,
            )
        ),
        "NaN gets through",
    )
    says(
        checks.verdict,
        lambda s, v, h: (
            "other labels" if s["format"] <= 1 and s["vocab"] != v else right_verdict(s, v, h)
        ),
        "the model comes before the labels",
    )
    says(checks.verdict, lambda s, v, h: raises(), "stopped with KeyError")
