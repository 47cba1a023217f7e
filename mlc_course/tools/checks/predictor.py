"""Checks of lesson 13."""

from __future__ import annotations

import io

import numpy as np

from ._core import Mistake, Right, Wrong, choices, diagnose


def picture(mode, width, height, seed=0, exif=None, **kwargs) -> bytes:
    "A PNG with colours of its own, smooth enough that every way to resize differs."
    from PIL import Image

    rng = np.random.default_rng(seed)
    rgb = Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
    image = rgb.quantize(8) if mode == "P" else rgb if mode == "RGBA" else rgb.convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.fromarray(rng.integers(0, 256, (height, width), dtype=np.uint8)))
    if exif:
        kwargs["exif"] = Image.Exif()
        kwargs["exif"][0x0112] = exif
    out = io.BytesIO()
    image.save(out, "PNG", **kwargs)
    return out.getvalue()


def _steps(upright=True, white="white", how="BILINEAR", fit=None, after=lambda x: x):
    "A preprocessing with one step changed."

    def f(data, size):
        from PIL import Image, ImageOps

        image = Image.open(io.BytesIO(data))
        if upright:
            image = ImageOps.exif_transpose(image)
        if white and (image.mode in ("RGBA", "LA") or "transparency" in image.info):
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, white), image)
        image, how_ = image.convert("RGB"), getattr(Image.Resampling, how)
        if fit == "fit":
            image = ImageOps.fit(image, (size, size), how_)
        elif fit == "pad":
            image = ImageOps.pad(image, (size, size), how_)
        else:
            image = image.resize((size, size), how_)
        return after(np.asarray(image))

    return f


def square_bytes(answer) -> Right:
    "Exercise 1: square_bytes(data, size) -> uint8 [size, size, 3], from the bytes of an image file."
    what, right = "square_bytes", _steps()
    plain = [
        (picture("RGB", 40, 28, 1), 12),
        (picture("RGB", 5, 7, 2), 9),
        (picture("L", 30, 30, 3), 8),
    ]
    names = [
        "a PNG of 40 x 28 pixels and size 12",
        "a PNG of 5 x 7 pixels and size 9",
        "a grey PNG of 30 x 30 pixels and size 8",
    ]
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the numbers lie between 0 and 1. Bytes go in: dividing by 255 is the model's business now, and it would be done twice.",
                _steps(after=lambda x: x / 255),
            ),
            Mistake(
                "the channels come first. The exported model takes [N, S, S, 3], as files and screens have it.",
                _steps(after=lambda x: x.transpose(2, 0, 1)),
            ),
            Mistake(
                "blue comes before red, OpenCV's order. The network was trained with red first.",
                _steps(after=lambda x: x[..., ::-1]),
            ),
            Mistake(
                "this is Pillow's default for resize, which is bicubic. Training used bilinear: say Image.Resampling.BILINEAR.",
                _steps(how="BICUBIC"),
            ),
            Mistake(
                "each pixel is taken from its nearest neighbour, so most of a large picture isn't looked at. Training used bilinear, which averages.",
                _steps(how="NEAREST"),
            ),
            Mistake(
                "this is Lanczos' filter. It may look sharper; training used bilinear.",
                _steps(how="LANCZOS"),
            ),
            Mistake(
                "the picture is cropped to a square. Training squashed the whole picture, so that nothing at the edge is lost.",
                _steps(fit="fit"),
            ),
            Mistake(
                "the picture keeps its shape and gets black borders. Training squashed it to the square.",
                _steps(fit="pad"),
            ),
        ],
        plain,
        what,
        names=names,
    )
    turned = [(picture("RGB", 24, 16, 10 + i, exif=i), 8) for i in (3, 6, 8)]
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the picture isn't turned as its EXIF orientation says. Cameras store what the sensor saw and note how they were held: "
                "ImageOps.exif_transpose turns it.",
                _steps(upright=False),
            )
        ],
        turned,
        what,
        names=[
            f"a PNG of 24 x 16 pixels whose EXIF orientation is {i}, and size 8" for i in (3, 6, 8)
        ],
    )
    clear = [(picture("RGBA", 20, 20, 20), 8), (picture("P", 20, 14, 21, transparency=3), 7)]
    return diagnose(
        answer,
        right,
        [
            Mistake(
                "transparency is thrown away, so colours appear that nobody was meant to see. Lay the picture on white first, as training did.",
                _steps(white=None),
            ),
            Mistake(
                "transparent places are black. They are white in training, as on a page: lay the picture on white.",
                _steps(white="black"),
            ),
            Mistake(
                "only pictures of the mode RGBA are laid on white. A palette can have a transparent colour as well: it is in image.info['transparency'].",
                _only_rgba,
            ),
        ],
        clear,
        what,
        names=[
            "a PNG with an alpha channel and size 8",
            "a PNG with a palette, one colour of which is transparent, and size 7",
        ],
        praise="Right: upright, on white, RGB, squashed with the bilinear filter, and bytes come out.",
    )


def _only_rgba(data, size):
    from PIL import Image

    return _steps(white="white" if Image.open(io.BytesIO(data)).mode == "RGBA" else None)(
        data, size
    )


def _said(
    pick=lambda p, t: p > t,
    order=lambda p, t: -p,
    nothing="no predictions",
    one=lambda v, p: f"{v} {p:.2f}",
    limit=None,
    join=", ".join,
):
    def f(probs, thresholds, vocab):
        rows = sorted(
            (order(float(p), float(t)), k)
            for k, (p, t) in enumerate(zip(probs, thresholds))
            if pick(p, t)
        )
        out = [one(vocab[k], float(probs[k])) for _, k in rows[:limit]]
        if not out:
            return nothing(probs, vocab) if callable(nothing) else nothing
        return join(out)

    return f


def what_is_said(answer) -> Right:
    "Exercise 2: what_is_said(probs, thresholds, vocab) -> a text such as 'sun 0.93, tree 0.61', or 'no predictions'."
    vocab = ["sun", "boat", "moon", "car"]
    a = lambda *o: np.array(o, "float32")
    cases = [
        (a(0.61, 0.02, 0.93, 0.4), a(0.5, 0.5, 0.5, 0.3), vocab),
        (a(0.1, 0.31, 0.02, 0.22), a(0.5, 0.25, 0.5, 0.1), vocab),
        (a(0.3, 0.1, 0.45, 0.2), a(0.6, 0.6, 0.6, 0.6), vocab),
        (a(0.5, 0.25, 0.7, 0.1), a(0.5, 0.25, 0.6, 0.05), vocab),
        (a(0.8, 0.7, 0.72, 0.9), a(0.9, 0.1, 0.5, 0.85), vocab),
    ]
    top = lambda probs, vocab: f"{vocab[int(np.argmax(probs))]} {float(np.max(probs)):.2f}"
    return diagnose(
        answer,
        _said(),
        [
            Mistake(
                "where nothing passes, yours names the likeliest label all the same. That is what a single-label classifier does to a building: "
                "say 'no predictions'.",
                _said(nothing=top),
            ),
            Mistake(
                "where nothing passes, yours says nothing at all, and a reader can't tell that from an error. Say 'no predictions'.",
                _said(nothing=""),
            ),
            Mistake(
                "a label exactly at its threshold is named in yours. A label counts as predicted when prob > thresh: use > in place of >=.",
                _said(lambda p, t: p >= t),
            ),
            Mistake(
                "all labels are compared with 0.5. Each has a threshold of its own, chosen on the validation pictures.",
                _said(lambda p, t: p > 0.5),
            ),
            Mistake(
                "the labels stand in the order of the vocab. Name the most probable first.",
                _said(order=lambda p, t: 0),
            ),
            Mistake(
                "the least probable label comes first. Sort the other way round.",
                _said(order=lambda p, t: p),
            ),
            Mistake(
                "the labels are sorted by how far they are above their thresholds. Sort by the probability: that is the number beside the name.",
                _said(order=lambda p, t: t - p),
            ),
            Mistake(
                "only the likeliest label is named. A picture can have several: name all that pass.",
                _said(limit=1),
            ),
            Mistake(
                "every label is named. Only those above their thresholds are predictions.",
                _said(lambda p, t: True),
            ),
            Mistake(
                "the scores are missing. Put each probability behind its label, with two digits.",
                _said(one=lambda v, p: v),
            ),
            Mistake(
                "you give a list. Join its entries with a comma and a blank.", _said(join=list)
            ),
        ],
        cases,
        "what_is_said",
        praise="Right: all that pass, the most probable first, and a plain word where nothing does.",
    )


FAULTS = (
    "none",
    "sigmoid twice",
    "sigmoid never",
    "labels in another order",
    "pictures in another order",
    "something else",
)


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _matched(a, b, tol=1e-3):
    "Whether the columns of b are those of a, in whatever order."
    near = np.abs(a[:, :, None] - b[:, None, :]).max(0) < tol
    return bool(near.any(0).all() and near.any(1).all())


def _fault(right, served, tol=1e-3, swap=(), twice=None, columns=_matched, rows=None):
    close = lambda a, b: np.abs(a - b).max() <= tol
    found = (
        "none"
        if close(served, right)
        else "sigmoid twice"
        if (twice(right, served) if twice else close(served, _sigmoid(right)))
        else "sigmoid never"
        if close(_sigmoid(served), right)
        else "labels in another order"
        if columns(right, served)
        else "pictures in another order"
        if (rows(right, served) if rows else columns(right.T, served.T))
        else "something else"
    )
    return dict([*zip(swap, swap[::-1])]).get(found, found)


def _sorted_rows(a, b):
    return bool(np.abs(np.sort(a, 1) - np.sort(b, 1)).max() < 1e-3)


def _same_pot(a, b):
    return bool(np.abs(np.sort(a.ravel()) - np.sort(b.ravel())).max() < 1e-3)


def which_fault(answer) -> Right:
    "Exercise 3: which_fault(right, served) -> one of the six names, from probabilities and what a service gives for the same pictures, float [N, C]."
    what, rng = "which_fault", np.random.default_rng(13)
    probs = lambda n=9, c=5: _sigmoid(rng.normal(0, 2, (n, c)))
    noise = lambda x: x + rng.uniform(-1, 1, x.shape) * 2e-5
    p = [probs() for _ in range(10)]
    order = [2, 0, 3, 1, 4], [1, 0, 4, 3, 2, 8, 7, 6, 5]
    each = np.stack([rng.permutation(o) for o in p[8]])
    cases = [
        (p[0], noise(p[0])),
        (p[1], noise(_sigmoid(p[1]))),
        (p[2], noise(np.log(p[2] / (1 - p[2])))),
        (p[3], noise(p[3][:, order[0]])),
        (p[4], noise(p[4][order[1]])),
        (p[5], probs()),
        (p[6], 0.5 + 0.23 * rng.random(p[6].shape)),
        (p[7], 1 - p[7]),
        (p[8], each),
        (p[9], rng.permutation(p[9], axis=1)[::-1]),
    ]
    names = [
        "the right scores, up to rounding",
        "scores that went through the sigmoid twice",
        "logits",
        "the right scores, their columns in another order",
        "the right scores, their rows in another order",
        "scores of other pixels",
        "unrelated scores between 0.5 and 0.73",
        "1 minus the right scores",
        "the right scores, each row shuffled for itself",
        "the right scores, rows and columns in another order",
    ]

    def checked(*args):
        got = answer(*args)
        if isinstance(got, str) and got not in FAULTS:
            raise Wrong(
                f"{what}: {got!r} isn't one of the names; they are {', '.join(map(repr, FAULTS))}."
            )
        return got

    no_cells = lambda a, b: False
    return diagnose(
        checked if callable(answer) else answer,
        _fault,
        [
            Mistake(
                "you compare exactly. The service computes in another library, so the last digits differ: allow a difference of 0.001.",
                lambda a, b: _fault(a, b, tol=0, columns=lambda x, y: _matched(x, y, 0)),
            ),
            Mistake(
                "'twice' and 'never' are exchanged. With the sigmoid twice, everything lies between 0.5 and 0.73; never leaves logits, below 0 and above 1.",
                lambda a, b: _fault(a, b, swap=("sigmoid twice", "sigmoid never")),
            ),
            Mistake(
                "rows and columns are exchanged: a row is a picture, a column is a label.",
                lambda a, b: _fault(
                    a, b, swap=("labels in another order", "pictures in another order")
                ),
            ),
            Mistake(
                "you look at the range alone. Scores between 0.5 and 0.73 can have other causes: compare with the sigmoid of the right scores.",
                lambda a, b: _fault(a, b, twice=lambda x, y: y.min() >= 0.5 and y.max() < 0.7311),
            ),
            Mistake(
                "it isn't enough that each row has the right numbers in some order: it has to be one order of the labels for all pictures. "
                "Look for each column of one array among the columns of the other.",
                lambda a, b: _fault(
                    a, b, columns=_sorted_rows, rows=lambda x, y: _matched(x.T, y.T)
                ),
            ),
            Mistake(
                "it isn't enough that both arrays hold the same numbers: rows and columns may both be shuffled, or each row for itself. "
                "Look for each column of one array among the columns of the other.",
                lambda a, b: _fault(a, b, columns=lambda x, y: _matched(x, y), rows=_same_pot),
            ),
            Mistake(
                "orders are never recognised. Look for each column of one array among the columns of the other, then the same for rows.",
                lambda a, b: _fault(a, b, columns=no_cells, rows=no_cells),
            ),
        ],
        cases,
        what,
        names=names,
        praise="Right: that is a diagnosis which a service can run on itself.",
    )


WHEN = {
    "learner.pkl, load_learner": "loading",
    "weights.pt, torch.load(weights_only=True)": "never",
    "model.safetensors, load_model": "never",
    "model.pt2, torch.export.load": "loading",
    "SavedModel, tf.saved_model.load": "loading",
    "model.onnx, onnxruntime": "never",
}
WHY = {
    "learner.pkl, load_learner": "a pickle is a list of instructions, and one of them is to call a function. They run while the file is read.",
    "weights.pt, torch.load(weights_only=True)": "weights_only lets a pickle call a short list of harmless functions, and refused the gift of the lesson.",
    "model.safetensors, load_model": "the file is names, shapes and numbers. It has no instructions that could run, at any time.",
    "model.pt2, torch.export.load": "the graph is data, but the example inputs beside it may be a pickle, and loading reads it. Look at the lesson's table once more.",
    "SavedModel, tf.saved_model.load": "no Python is in it, but its graph may read and write files, and loading already runs what fills its resources. "
    "In the lesson a file was written before any answer was asked for.",
    "model.onnx, onnxruntime": "its operations compute, and can write no file. A pickle under this name is refused, for it isn't ONNX.",
}


def runs_code(answer) -> Right:
    "Exercise 4: runs_code is a dict from each of six ways to open a file to 'loading', 'calling' or 'never'."
    what = "runs_code"
    answer = choices(answer, WHEN, what)
    for k, v in WHEN.items():
        if answer[k] not in ("loading", "calling", "never"):
            raise Wrong(
                f"{what}: for {k!r} the answer is 'loading', 'calling' or 'never', and you gave {answer[k]!r}."
            )
        if answer[k] != v:
            raise Wrong(f"{what}: {k!r} isn't {answer[k]!r}: {WHY[k]}")
    return Right(
        "Right: three formats of six can run code of whoever wrote them, and all three do so while you open them."
    )


def _good(t):
    return not isinstance(t, bool) and isinstance(t, (int, float)) and 0 <= t <= 1


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
    "Exercise 5: verdict(spec, labels, sha256) -> 'newer', 'other model', 'other labels', 'bad thresholds' or 'ok'."
    what = "verdict"

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
        (spec(sun=1.7, car=0.3), labels, "3f"),
        (spec(sun=-0.1, car=0.3), labels, "3f"),
        (spec(sun=0.5), labels, "3f"),
        (spec(sun=0.5, car=0.3, boat=0.2), labels, "3f"),
        (spec(sun=0.5, car="0.3"), labels, "3f"),
        (spec(sun=float("nan"), car=0.3), labels, "3f"),
        (spec(2, ("car", "sun"), "77"), labels, "3f"),
        (spec(1, ("car", "sun"), "77"), labels, "3f"),
    ]
    v = lambda **kw: lambda *args: _verdict(*args, **kw)
    return diagnose(
        answer,
        _verdict,
        [
            Mistake(
                "you compare the labels without their order. Two labels exchanged is the worst case of all, for every answer then looks sound: compare the lists.",
                v(other=lambda a, b: set(a) != set(b)),
            ),
            Mistake(
                "an older format is refused as well. A program should read what older ones wrote: only a format above 1 is 'newer'.",
                v(newer=lambda f: f != 1),
            ),
            Mistake(
                "a newer format isn't noticed. It may mean other things by the same words: look at it before everything else.",
                v(order="mlt"),
            ),
            Mistake(
                "the checksum isn't compared. Vocab and thresholds are about one model file, and it can be exchanged.",
                v(order="nlt"),
            ),
            Mistake("the labels of the model aren't compared with the vocab.", v(order="nmt")),
            Mistake(
                "the thresholds aren't looked at. They may be edited by hand, so they have to be checked.",
                v(order="nml"),
            ),
            Mistake(
                "the thresholds of a dict may stand in any order. Compare which labels they name, as sets.",
                v(keys=lambda t, v: list(t) != list(v)),
            ),
            Mistake(
                "a label without a threshold isn't noticed.",
                v(keys=lambda t, v: bool(set(t) - set(v))),
            ),
            Mistake(
                "a threshold for a label that doesn't exist isn't noticed. It is probably a label that was renamed in one place.",
                v(keys=lambda t, v: bool(set(v) - set(t))),
            ),
            Mistake(
                "0 and 1 are refused. They are probabilities like the others: 'name it always' (nearly) and 'never name it'.",
                v(good=lambda t: _good(t) and 0 < t < 1),
            ),
            Mistake(
                "NaN gets through: it is neither below 0 nor above 1. Ask whether 0 <= t <= 1 is true, and refuse if it isn't.",
                v(good=lambda t: isinstance(t, (int, float)) and not t < 0 and not t > 1),
            ),
            Mistake(
                "the values of the thresholds aren't checked: they have to be numbers from 0 to 1.",
                v(good=lambda t: True),
            ),
            Mistake(
                "the order of the verdicts is another: a newer format first, for then nothing else is sure; then the model, the labels and the thresholds.",
                v(order="tlmn"),
            ),
            Mistake(
                "the order of the verdicts is another: the model comes before the labels, for another model explains other labels.",
                v(order="nlmt"),
            ),
            Mistake(
                "the newer format has to come first. If it is newer, nothing else that you read is sure.",
                v(order="mlnt"),
            ),
        ],
        cases,
        what,
        praise="Right: order counts for the labels, a threshold may be edited, and nothing newer is guessed at.",
    )
