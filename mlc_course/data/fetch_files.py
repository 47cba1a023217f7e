"A file that a publisher offers: what is known about it, and whether this one is it."

import errno
import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

HEAD = 1 << 20  # bytes of which fastai publishes the MD5


class FetchError(OSError):
    "A file or a set that could not be fetched: what was wrong, and what to do."


@dataclass(frozen=True)
class File:
    "A file that a publisher offers, and what is known about it. Nothing else is taken for it."

    urls: tuple  # the same file at several hosts, tried in this order
    name: str  # of the file here
    size: int | None = None  # bytes
    md5: str | None = None  # of the whole file, as its publisher states it
    sha256: str | None = None
    md5_head: str | None = None  # MD5 of the first megabyte, as fastai states it
    room: int = 0  # bytes that it takes unpacked, about
    top: str = ""  # a folder in the archive that is left out: what is in it moves up
    into: str = ""  # a folder of the set that the archive is unpacked into

    @property
    def bytes(self):
        "About as much as it takes here, if its size isn't known."
        return self.size or self.room


def digest(
    path: Path,  # a file
    kind: str = "sha256",  # or "md5"
    first: int | None = None,  # only so many bytes from its beginning
) -> str:  # hexadecimal digits
    "The checksum of a file."
    found = hashlib.new(kind, usedforsecurity=False)
    with open(path, "rb") as f:
        if first is not None:
            found.update(f.read(first))
            return found.hexdigest()
        while block := f.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def differs(
    path: Path,  # a file that is here
    file: File,  # what it should be
) -> str:  # empty if nothing speaks against it
    "What is wrong with a file, by all that its publisher states: size and checksums."
    size = path.stat().st_size
    if file.size and size != file.size:
        return f"it has {size:,} bytes, and {file.size:,} are expected"
    checks = (("sha256", file.sha256, None), ("md5", file.md5, None), ("md5", file.md5_head, HEAD))
    for kind, wanted, first in checks:
        found = digest(path, kind, first) if wanted else wanted
        if found != wanted:
            of = " of its first megabyte" if first else ""
            return f"the {kind.upper()}{of} is {found}, and its publisher states {wanted}"
    return ""


def need_room(
    folder: Path,  # on the disk in question; it exists
    needed: int,  # bytes
):
    "A sentence if the disk hasn't so much room."
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise FetchError(
            f"There is no room in {folder}: {needed / 1e9:,.2f} GB are needed, and"
            f" {free / 1e9:,.2f} GB are free. Make room, or fetch into a folder on another disk"
            " (folder=..., or --folder in the command)."
        )


def full_disk(
    error: OSError,  # while writing
    folder: Path,  # where
):
    "The sentence about a full disk; other errors as they are."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FetchError(
            f"The disk of {folder} is full. Make room, and fetch again: what was fetched so far"
            " is kept, and continued."
        )
    return error
