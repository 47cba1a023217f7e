"Checkpoints that know their own digest, so that a damaged one is named and never trained on."

import hashlib
import json
import os
from pathlib import Path

SHA256 = "sha256.json"  # in a checkpoint that is a folder
NAMES = {
    "best.safetensors",
    "now.safetensors",
    "optimiser.safetensors",
    "state.json",
    "diverged.json",
    SHA256,
}
DIVERGED = "checkpoint.diverged.json"  # beside a checkpoint that is a file
_WORDS = b"mlc_course sha256 "  # in front of the digest, in the comment at the end of a zip file
_LONG = len(_WORDS) + 64
ADVICE = (
    "Start the training anew in another folder (or with --force in the command), or put a copy "
    "of the file back."
)


def sha256_of(
    path: Path,  # a file
    n: int | None = None,  # only its first n bytes
) -> str:  # 64 hexadecimal digits
    "SHA-256 of a file."
    h, left = hashlib.sha256(), os.path.getsize(path) if n is None else n
    with open(path, "rb") as f:
        while left > 0 and (block := f.read(min(left, 2**20))):
            h.update(block)
            left -= len(block)
    return h.hexdigest()


def damaged(
    path: Path,  # a file of a run
    why: str,  # a clause
    then: str = ADVICE,  # what to do, a sentence
) -> ValueError:  # to be raised
    "What is said about a file that can't be trusted."
    return ValueError(
        f"{path} can't be used: {why}. It was damaged or changed since it was written, or "
        f"another program wrote it. {then}"
    )


# ---- one file, as torch.save writes it ---------------------------------------------------------
def seal(
    path: Path,  # a zip file without a comment, such as torch.save writes
):
    """Write the digest of a file into its own end, where zip files have a comment; it can be read
    as before."""
    with open(path, "r+b") as f:
        f.seek(-2, os.SEEK_END)
        if f.read(2) != b"\0\0":
            raise ValueError(f"{path} doesn't end as a zip file without a comment does.")
        f.seek(-2, os.SEEK_END)
        f.write(_LONG.to_bytes(2, "little"))
    digest = sha256_of(path)
    with open(path, "ab") as f:
        f.write(_WORDS + digest.encode())


def _end(path):
    with open(path, "rb") as f:
        f.seek(max(os.path.getsize(path) - _LONG, 0))
        return f.read()


def is_checkpoint(
    path: Path,  # a file or a folder
) -> bool:
    """Whether a trainer of this course wrote it, damaged or not; other programs call files
    checkpoint.pt too."""
    if path.is_symlink() or not path.exists():
        return False
    if path.is_file():
        return _end(path).startswith(_WORDS)
    names = {p.name for p in path.iterdir()}
    return bool(names & {SHA256, "optimiser.safetensors"}) and names <= NAMES


def check_seal(
    path: Path,  # a file that `seal` has sealed
):
    "ValueError where a single bit of the file isn't as it was."
    n = os.path.getsize(path)
    if n == 0:
        raise damaged(path, "it is empty")
    end = _end(path)
    if not end.startswith(_WORDS):
        raise damaged(
            path,
            "it doesn't end with its digest (SHA-256), so it is cut short, or an earlier "
            "version of the course wrote it",
        )
    if end[len(_WORDS) :] != sha256_of(path, n - _LONG).encode():
        raise damaged(path, "its bytes aren't those that were written (its SHA-256 is another)")


def read_torch(
    path: Path,  # a checkpoint that torch.save wrote and `seal` sealed
    keys,  # what must be in it
    device="cpu",  # where its tensors go
) -> dict:
    """A checkpoint, read without running code; ValueError that names the file where it can't be
    trusted."""
    import torch

    check_seal(path)
    try:
        saved = torch.load(path, map_location=device, weights_only=True)
    except Exception as e:  # whatever PyTorch says of it, and it may recommend to run its code
        raise damaged(path, "PyTorch can't read it as plain numbers and text") from e
    return _with_keys(saved, keys, path)


def _with_keys(saved, keys, path):
    missing = [k for k in keys if not isinstance(saved, dict) or k not in saved]
    if missing:
        raise damaged(path, f"it has no {missing[0]!r}, so it isn't a checkpoint of this trainer")
    return saved


# ---- a folder ----------------------------------------------------------------------------------
def seal_folder(
    folder: Path,  # with all its files written
):
    "Write the digests of a folder's files beside them."
    digests = {p.name: sha256_of(p) for p in sorted(folder.iterdir()) if p.is_file()}
    (folder / SHA256).write_text(json.dumps(digests, indent=1), encoding="utf-8")


def read_folder_state(
    folder: Path,  # a checkpoint that `seal_folder` has sealed
    names,  # the files that must be in it, beside state.json
    keys,  # what state.json must hold
) -> dict:  # what state.json holds
    "The plain part of a checkpoint, after every file of it has been compared with its digest."
    try:
        digests = json.loads((folder / SHA256).read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        raise damaged(
            folder / SHA256,
            "it is missing or isn't JSON, so nothing says whether the other files are whole",
        ) from e
    for name in ("state.json", *names):
        if not (folder / name).is_file():
            raise damaged(folder / name, "it is missing")
        if not isinstance(digests, dict) or digests.get(name) != sha256_of(folder / name):
            raise damaged(
                folder / name, "its bytes aren't those that were written (its SHA-256 is another)"
            )
    try:
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    except ValueError as e:
        raise damaged(folder / "state.json", "it isn't JSON") from e
    return _with_keys(state, keys, folder / "state.json")


# ---- after a loss that was no number -----------------------------------------------------------
def _note(checkpoint):
    return checkpoint / "diverged.json" if checkpoint.is_dir() else checkpoint.with_name(DIVERGED)


def note_divergence(
    checkpoint: Path,  # the last good one: a file or a folder
    step: int,  # where the loss stopped being a number
):
    """Leave word beside a checkpoint that going on from it with the same learning rate leads
    nowhere."""
    if checkpoint.exists():
        _note(checkpoint).write_text(json.dumps(dict(step=step)), encoding="utf-8")


def has_diverged(
    checkpoint: Path,  # a file or a folder
) -> bool:
    "Whether the training that wrote this checkpoint ended with a loss that was no number."
    return _note(Path(checkpoint)).is_file()


def drop_checkpoint(
    checkpoint: Path,  # a file or a folder
):
    "Remove a checkpoint that is no longer needed, and the word beside it."
    import shutil

    _note(checkpoint).unlink(missing_ok=True)
    if checkpoint.is_dir():
        shutil.rmtree(checkpoint, ignore_errors=True)
    else:
        checkpoint.unlink(missing_ok=True)
