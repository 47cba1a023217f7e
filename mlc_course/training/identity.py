"What a checkpoint and the run that goes on from it must have in common: profile, labels and data."

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import numpy as np

from mlc_course.hints import Any, PathLike
from mlc_course.settings import Profile
from mlc_course.training.checkpoints import has_diverged


def _digest(value):
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()


def _pixel_digest(images, chunk=2**24):
    "SHA-256 over uint8 pixels, several blocks at a time."
    rows = max(1, chunk // max(1, images[:1].nbytes))
    blocks = (np.ascontiguousarray(images[i : i + rows]) for i in range(0, len(images), rows))
    h = hashlib.sha256(str(images.shape).encode())
    with ThreadPoolExecutor(4) as pool:
        for d in pool.map(lambda o: hashlib.sha256(o.data).digest(), blocks):
            h.update(d)
    return h.hexdigest()


def data_digests(
    table,  # a `Decoded`, or an `ImageTable`
    images=None,  # the table's decoded images; without them contents aren't compared
) -> dict:  # names, labels, splits and contents: 64 hexadecimal digits each
    "What tells one set of images from another, wherever it lies on the disk."
    rows = [sorted(o) for o in table.labels()]
    files = None
    if hasattr(table, "split_of"):  # a Decoded; its class would load Pillow
        names, splits, images, files = table.fnames, table.split_of, table.images, table.digests
    else:
        names, splits = table.fnames(), table.df["split"]
    out = dict(
        names=_digest(list(names)),
        labels=_digest(rows),
        splits=_digest([str(o) for o in splits]),
    )
    if files is not None:  # the files are hashed already, so the pixels needn't be
        return out | dict(contents=hashlib.sha256(b"".join(files)).hexdigest())
    return out if images is None else out | dict(contents=_pixel_digest(images))


def run_identity(
    profile: Profile,  # a `Profile`
    table: Any,  # a `Decoded`, or an `ImageTable`
    images: np.ndarray | None = None,  # the table's decoded images, uint8 [N, S, S, 3]
) -> dict:  # plain values, ready for JSON
    "What a checkpoint and the run that goes on from it must have in common."
    return dict(
        profile=asdict(profile),
        vocab=list(table.vocab),
        n=len(table),
        data=data_digests(table, images),
    )


_DIFFERENT = dict(
    names="file names",
    labels="labels",
    splits="splits (which image is in train, valid or test)",
    contents="contents of the image files",
)


def check_data(
    saved: dict,  # `data_digests` of then
    now: dict,  # and of today
    path,  # whose they were, for the message
):
    "ValueError that says what differs where two sets of images aren't the same."
    odd = [
        word
        for key, word in _DIFFERENT.items()
        if key in now and saved.get(key, now[key]) != now[key]
    ]
    if odd:
        raise ValueError(
            f"{path} was trained on other data: the {' and the '.join(odd)} differ. Go on "
            "with the same data, or train anew in another folder."
        )


def _check_profile(saved, now, path):
    for key, was in saved.items():
        if key in ("name", "num_workers") or now.get(key) == was:
            continue
        if key == "learning_rate" and has_diverged(path) and now[key] < was:
            continue
        lower = (
            " A lower one is allowed, because the loss stopped being a number with this one."
            if key == "learning_rate" and has_diverged(path)
            else ""
        )
        raise ValueError(
            f"{path} was trained with {key} = {was!r}, and the profile says "
            f"{now.get(key)!r}.{lower} Resume with the same profile, or choose another "
            "folder."
        )


def check_identity(
    saved: dict,  # `run_identity` of the checkpoint
    now: dict,  # `run_identity` of this run
    path: PathLike,  # the checkpoint, for the message
) -> None:
    """ValueError that names the difference where a checkpoint belongs to another run; the
    profile's name and its workers may differ, and after a loss that was no number the learning
    rate may be lower."""
    if (
        not isinstance(saved, dict)
        or not {"profile", "vocab", "n", "data"} <= set(saved)
        or not all(isinstance(saved[k], dict) for k in ("profile", "data"))
    ):
        raise ValueError(
            f"{path} doesn't say which data it was trained on: an earlier version of the "
            "course wrote it. Start the training anew in another folder (or with --force "
            "in the command)."
        )
    _check_profile(saved["profile"], now["profile"], path)
    if saved["vocab"] != now["vocab"] or saved["n"] != now["n"]:
        raise ValueError(
            f"{path} was trained on other data: its labels or its number of images differ. "
            "Go on with the same data, or train anew in another folder."
        )
    check_data(saved["data"], now["data"], path)


def note_rate(
    rates: list,  # dicts with epoch and learning_rate, so far
    epoch: int,  # from which the rate counts
    rate: float,
) -> list:  # with one more, if the rate has changed
    "Which learning rate a training had from which epoch on."
    return (
        rates
        if rates and rates[-1]["learning_rate"] == rate
        else [*rates, dict(epoch=epoch, learning_rate=rate)]
    )
