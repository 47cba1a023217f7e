"A file that is opened once: the digest and the image come from the same bytes."

import errno
import hashlib
import io
import os
import stat
from pathlib import Path

from ..hints import PathLike

HELD = 2**26  # bytes; a larger file isn't held in memory, and is opened again to be decoded
NOTHING = bytes(16)  # the digest of what can't be read


def _regular(path):
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "not a file", str(path))


def open_file(path):
    "Open a file to read its bytes. Everything that is read of an image goes through here."
    return open(path, "rb")


def file_digest(
    path: PathLike,  # a file; anything else (a pipe, a folder) is an OSError
) -> bytes:  # 16 bytes
    "A digest of a file's contents."
    h = hashlib.blake2b(digest_size=16)
    _regular(path)
    with open_file(path) as f:
        while block := f.read(2**20):
            h.update(block)
    return h.digest()


class OneOpen(os.PathLike):
    "A path whose file is read when it is first decoded; `.digest` tells what was read."

    def __init__(self, path):
        self.path, self.digest, self.again = Path(path), NOTHING, False

    def __fspath__(self):
        return os.fspath(self.path)

    def __str__(self):
        return str(self.path)

    def take(self):
        "The file's bytes, or None where it is too large to be held."
        _regular(self.path)
        h = hashlib.blake2b(digest_size=16)
        with open_file(self.path) as f:
            data = f.read(HELD)
            h.update(data)
            while block := f.read(2**20):
                self.again = True
                h.update(block)
        self.digest = h.digest()
        return None if self.again else data

    def has_changed(self):
        "Whether a file that had to be opened again is another one now."
        return self.again and file_digest(self.path) != self.digest


def source_of(path, data):
    "What Pillow is given: the file's bytes, if they are in hand, or its path."
    return path if data is None else io.BytesIO(data)
