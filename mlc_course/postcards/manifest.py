"What a set is said to hold, and whether it does."

import json
import zlib
from pathlib import Path

from ..data.drawn_sets import write_file

MANIFEST = "manifest.json"
DRAWING = "drawing.json"  # lies in a folder while it is drawn, and says which set is
DESKTOP = (".DS_Store", "Thumbs.db", "desktop.ini")


def checksum(data: bytes) -> list:
    "Length and CRC-32."
    return [len(data), zlib.crc32(data)]


def _seal(spec, files):
    return zlib.crc32(json.dumps([spec, files], sort_keys=True).encode())


def read_manifest(
    path: Path,  # the folder of a set
):  # a dict with spec and files, or None
    "The manifest in a folder, or None where it is missing, damaged, or not ours."
    try:
        m = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(m, dict) or m.get("made_by") != "mlc_course.postcards":
        return None
    if not isinstance(m.get("files"), dict):
        return None
    return m if m.get("check") == _seal(m.get("spec"), m["files"]) else None


def save_manifest(
    path: Path,  # the folder of the set
    spec: dict,  # layout, n, seed, size, version
    files: dict,  # name -> length, checksum
):
    "Write the manifest, and wait until the disk has it."
    files = dict(sorted(files.items()))
    check = _seal(spec, files)
    m = {"made_by": "mlc_course.postcards", "spec": spec, "check": check, "files": files}
    write_file(path / MANIFEST, json.dumps(m).encode(), sync=True)


def broken_files(
    path: Path,  # the folder of the set
    files: dict,  # name -> length, checksum
) -> list:  # of names
    "Names in `files` that are missing in `path` or whose bytes have changed."
    bad = []
    for name, (size, crc) in files.items():
        try:
            with open(path / name, "rb") as f:
                data = f.read(size + 1)
        except OSError:
            data = None
        if data is None or checksum(data) != [size, crc]:
            bad.append(name)
    return bad


def strangers(
    path: Path,  # the folder of a set
    names,  # of its files
) -> list:  # of names
    "Files below `path` that are neither in `names` nor left by us or the desktop."
    fine = {*names, MANIFEST, DRAWING}
    out = []
    for f in path.rglob("*"):
        name = f.relative_to(path).as_posix()
        left_by_us = f.name[0] == "." and f.name.endswith(".tmp")
        if not (f.is_dir() or name in fine or f.name in DESKTOP or left_by_us):
            out.append(name)
    return out


def is_drawn_set(path: Path) -> bool:
    "True for a folder with a manifest of ours and no file of anybody else."
    m = read_manifest(path)
    return m is not None and not strangers(path, m["files"])
