"""The files of the cache of pixels: written whole, checked, and cleared of what is ours only."""

import contextlib
import hashlib
import json
import os
import re
import secrets
import threading
import time
import zlib

import numpy as np

from .. import atomic

KIND = "decoded pixels of mlc_course, 2"  # in the list beside the pixels: says that both are ours
_OURS = re.compile(r"[0-9a-f]{32}\.npy")
_OUR_PART = re.compile(r"[0-9a-f]{32}(\.json|\.npy)?\.\d+-\d+(-[0-9a-f]+)?\.part")
_CHECKED: set = set()  # files whose pixels this process has compared with their checksum


def beside(path, place=None):
    "A file of the cache, put in the place of `path` (or of what `place` gives) once it is whole."
    own = f"{path.name}.{os.getpid()}-{threading.get_ident()}-{secrets.token_hex(4)}.part"
    return atomic.beside(path, own, place=place)


def sealed(facts):
    "The list beside the pixels, with a digest of itself."
    text = json.dumps(facts, sort_keys=True)
    return facts | {"digest": hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}


def _facts(path):
    "What the list beside an array says; ValueError if it isn't ours or isn't what was written."
    facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    if not isinstance(facts, dict) or facts.get("kind") != KIND:
        raise ValueError("not ours")
    if sealed({k: v for k, v in facts.items() if k != "digest"}) != facts:
        raise ValueError("damaged")
    return facts


def made_from(folder, sizes):
    "Whether a cache of files with these sizes is there: one with these very contents, perhaps."
    for p in folder.glob("*.json"):
        with contextlib.suppress(OSError, ValueError):
            if _OURS.fullmatch(f"{p.stem}.npy") and _facts(p).get("sizes") == sizes:
                return True
    return False


def _is_ours(path):
    "Was this array made here? Only what certainly was is ever removed."
    try:
        return bool(_OURS.fullmatch(path.name)) and bool(_facts(path))
    except (OSError, ValueError):
        return False


def prune(folder, keep, max_bytes, stale=3600):
    """Remove the caches unused for longest until the rest fits into `max_bytes`, and what a killed
    process left half written `stale` seconds ago. Files that weren't made here are left alone."""

    def facts(pattern):
        for p in folder.glob(pattern):
            with contextlib.suppress(OSError):  # or another process has removed it
                yield p.stat().st_mtime, p.stat().st_size, p

    ours = [o for o in facts("*.npy") if _is_ours(o[2])]
    total = 0
    for _, n, p in sorted(ours, key=lambda o: (o[2] == keep, o[0]), reverse=True):
        total += n
        if total > max_bytes and p != keep:
            with contextlib.suppress(OSError):  # in use on Windows
                p.unlink()
                p.with_suffix(".json").unlink(missing_ok=True)
            total -= n
    for used, _, p in facts("*.part"):
        if time.time() - used > stale and _OUR_PART.fullmatch(p.name):
            with contextlib.suppress(OSError):
                p.unlink()


def _checksum(images, step=2**26):
    flat, crc = images.reshape(-1), 0
    for start in range(0, len(flat), step):
        crc = zlib.crc32(flat[start : start + step], crc)
    return crc


def _mark(path):
    s = os.stat(path)
    return str(path), s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns


def open_pixels(path, shape, fresh=False):
    "The mapped pixels and the bad rows, or None if they aren't there or not as they were written."
    try:
        images = np.lib.format.open_memmap(path, mode="c")  # a change never reaches the file
        facts = _facts(path)
        bad = {int(k): str(v) for k, v in facts["bad"].items()}
        whole = path.stat().st_size == images.offset + images.nbytes  # else its header is damaged
        fits = images.shape == shape and images.dtype == np.uint8 and images.flags.c_contiguous
        if not (whole and fits and all(0 <= i < shape[0] for i in bad)):
            return None
        if facts["passing"] and not fresh:  # some may be decodable today
            return None
        if _mark(path) not in _CHECKED and _checksum(images) != facts["crc32"]:
            return None
    except Exception:
        return None  # whatever is the matter with it, it is made anew
    with contextlib.suppress(OSError):
        os.utime(path)  # somebody else's cache may be read-only
    with contextlib.suppress(OSError):
        _CHECKED.add(_mark(path))
    return images, bad
