"Is what is shipped what its user gets? Measured against the user's own call."

# `learn.get_preds` for a Learner, `model.predict` for a Keras model, the module on a trainer's
# batches for torch, and what a trainer wrote down where there is a run.

import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..data.decoded import Decoded, require_vocab
from ..data.files import formats_for
from ..data.pictures import decode_images
from .export import framework_probs
from .made_images import draw_images

OWN_ITEMS = 48  # of a Learner's validation items, at most


def measure(
    predictor,  # of the bytes that are to be written
    source,  # a Source
    sigmoid: bool,  # whether one follows the network
    table=None,  # an ImageTable
    tolerance: float = 1e-4,
) -> dict:  # images, what, largest_difference, tolerance: for predictor.json
    "The largest difference from the user's own answers; ValueError if it is above `tolerance`."
    parts = []
    if table is not None:
        parts.append(on_table(predictor, source, sigmoid, table))
    if source.learn is not None and (table is None or source.run is None):
        own = on_own_items(predictor, source, sigmoid)
        parts += [own] if own is not None else []
    if table is None or source.run is None:
        made = on_made_images(predictor, source, sigmoid)
        parts += [made] if made is not None else []
    if not parts:
        raise ValueError(
            "This Learner takes neither paths of files nor rows of an ImageTable, so it can't be "
            "compared with what is shipped. Pass table=, or let get_x take a path."
        )
    for names, ours, theirs, what, whose in parts:
        compare(names, ours, theirs, predictor.vocab, whose, tolerance)
    return dict(
        images=sum(len(o[0]) for o in parts),
        what=" and ".join(o[3] for o in parts),
        against=parts[0][4],
        largest_difference=max(float(np.abs(o[1] - o[2]).max()) for o in parts),
        tolerance=tolerance,
    )


def compare(names, ours, theirs, vocab, whose, tolerance):
    "ValueError that names the worst cell, if it is above `tolerance`."
    if ours.shape != theirs.shape:
        raise ValueError(
            f"{whose} gives numbers of shape {list(theirs.shape)}, and {len(vocab)} labels were "
            "expected."
        )
    gap = np.abs(ours - theirs)
    if gap.max() <= tolerance:
        return
    row, col = np.unravel_index(np.nan_to_num(gap, nan=np.inf).argmax(), gap.shape)
    raise ValueError(
        f"What would be shipped doesn't answer as {whose} does: for {names[row]}, {vocab[col]!r} "
        f"it says {ours[row, col]:.6f} instead of {theirs[row, col]:.6f}, and {tolerance} is "
        "allowed. Nothing was written. Look for something that differs from call to call (dropout "
        "or noise that stays on), or a callback or transform of yours."
    )


def on_table(predictor, source, sigmoid, table):
    "Every image of test, or of what there is."
    require_vocab(predictor.vocab, table)
    split = next((o for o in ("test", "valid", "train") if o in table.splits), None)
    if split is None:
        raise ValueError(f"The table {table.name!r} has no rows to compare predictions on.")
    part = table.split(split) if isinstance(table, Decoded) else table.subset(split)
    pixels = part.images if fits(part, source) else None
    paths = part.paths()
    names = part.fnames if isinstance(part, Decoded) else part.fnames()
    ours = predictor.probs(paths if pixels is None else list(pixels))
    kept = source.run.predictions.get(split) if source.run is not None else None
    what = f"every image of {split}"
    if kept is not None and kept.fnames == names and on_cpu(source):
        return names, ours, kept.probs, what, "the trainer's own predictions"
    if source.learn is not None:
        frame = part.frame() if isinstance(part, Decoded) else part.df
        rows = frame if source.reading.by_rows else paths
        return (
            names,
            ours,
            get_preds(source, sigmoid, as_items(source, paths, rows)),
            what,
            caller(source, sigmoid),
        )
    pixels = decode_images(paths, source.recipe.size) if pixels is None else np.asarray(pixels)
    return names, ours, ask(source, pixels, sigmoid), what, caller(source)


def fits(part, source):
    "Whether decoded images are what the predictor makes of their files."
    right = isinstance(part, Decoded) and part.image_size == source.recipe.size
    return right and source.recipe.plain_square


def caller(source, sigmoid=False):
    "What the user calls, in words."
    if source.learn is not None:
        by_hand = sigmoid and source.reading.activation == "none"
        return "the sigmoid of learn.get_preds" if by_hand else "learn.get_preds"
    return "model.predict" if source.framework == "keras" else "the module on the trainer's batches"


def ask(source, pixels, sigmoid):
    "The network's own answer to bytes."
    return framework_probs(
        source.model, pixels, sigmoid=sigmoid, scale=source.scale, shift=source.shift
    )


def on_cpu(source):
    "Whether the trainer's predictions were made on a CPU, as far as the model tells."
    if source.framework == "torch":
        first = next(iter(source.model.parameters()), None)
        return first is None or first.device.type == "cpu"
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")


def on_made_images(predictor, source, sigmoid):
    "Images drawn for it: several shapes and kinds of file, with edges, slopes and noise."
    with tempfile.TemporaryDirectory() as folder:
        paths = draw_images(Path(folder), source.recipe.size)
        names = [o.name for o in paths]
        ours = predictor.probs(paths)
        what = f"{len(paths)} images drawn for it"
        if source.learn is None:
            pixels = decode_images(paths, source.recipe.size)
            return names, ours, ask(source, pixels, sigmoid), what, caller(source)
        try:
            theirs = get_preds(source, sigmoid, as_items(source, paths))
        except Exception:
            return None  # a get_x that wants more of a row than the path
        return names, ours, theirs, what, caller(source, sigmoid)


def on_own_items(predictor, source, sigmoid):
    "Some of a Learner's validation items: its own files, and of each shape."
    items = source.learn.dls.valid.dataset.tls[0]
    paths = own_paths(items)
    if paths is None:
        return None
    paths = {i: o for i, o in enumerate(paths) if o.is_file()}
    chosen = by_shape(paths)
    if not chosen:
        return None
    rows = (
        items.items.iloc[chosen]
        if hasattr(items.items, "iloc")
        else [items.items[i] for i in chosen]
    )
    theirs = get_preds(source, sigmoid, rows)
    files = [paths[i] for i in chosen]
    what = f"{len(files)} of the Learner's validation images"
    return [o.name for o in files], predictor.probs(files), theirs, what, caller(source, sigmoid)


def by_shape(paths, most=OWN_ITEMS):
    "Positions of files, those of rare shapes first; `most` of them, in order."
    from PIL import Image

    seen = {}
    for i, path in list(paths.items())[:2000]:
        try:
            with Image.open(path, formats=formats_for(path)) as image:
                seen.setdefault(image.size, []).append(i)
        except OSError:
            continue
    ranked = sorted((k, i) for rows in seen.values() for k, i in enumerate(rows))
    return sorted(i for _, i in ranked[:most])


def own_paths(items):
    "The file of each item of a Learner's list; None where no path is found."
    from ..datablocks import ReadImage

    rows = items.items
    count = min(len(rows), 2000)
    rows = (
        [rows.iloc[i] for i in range(count)]
        if hasattr(rows, "iloc")
        else [rows[i] for i in range(count)]
    )
    out = []
    for x in rows:
        for tfm in items.tfms.fs:
            if type(tfm) is ReadImage:
                x = tfm.root / x["fname"]
                break
            if isinstance(x, (str, Path)):
                break
            x = tfm(x, split_idx=1)
        if not isinstance(x, (str, Path)):
            return None
        out.append(Path(x))
    return out


def as_items(source, paths, rows=None):
    "What `dls.test_dl` is given for some files."
    import pandas as pd

    if not source.reading.by_rows:
        return list(paths)
    if rows is not None:
        fnames = [str(o) for o in paths]
        return rows.assign(fname=fnames)
    n = len(paths)
    return pd.DataFrame(
        dict(fname=[str(o) for o in paths], labels=[[] for _ in range(n)], split=["valid"] * n)
    )


@contextmanager
def plainly(learn):
    "The Learner on the CPU in float32, without mixed precision; afterwards as it was."
    from fastai.callback.fp16 import MixedPrecision

    first = next(iter(learn.model.parameters()), None)
    where, device = first.device if first is not None else None, getattr(learn.dls, "device", None)
    mixed = [o for o in learn.cbs if isinstance(o, MixedPrecision)]
    moved = (
        where is not None
        and where.type != "cpu"
        or device is not None
        and getattr(device, "type", "cpu") != "cpu"
    )
    training = learn.model.training
    try:
        if moved:
            learn.model.cpu()
            learn.dls.to("cpu")
        with learn.removed_cbs(mixed), learn.no_bar(), learn.no_logging():
            yield learn
    finally:
        if moved:
            learn.model.to(where or "cpu")
            learn.dls.to(device)
        learn.model.train(training)


def get_preds(source, sigmoid, items):
    "float32 [N, C]: what `learn.get_preds` gives for some items."
    from .answers import expit

    with plainly(source.learn) as learn:
        given = learn.get_preds(dl=learn.dls.test_dl(items, num_workers=0))[0]
    out = np.asarray(given.float().numpy(), "float32")
    return expit(out) if sigmoid and source.reading.activation == "none" else out
