"Archives from the net, unpacked so that nothing leaves the folder and the disk isn't filled."

import gzip
import re
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from .fetch_files import FetchError, full_disk

MANY = 2_000_000  # entries; the largest set here has 270,000
BLOCK = 1 << 18
LONG = 1 << 20  # bytes of a name or a note
NOTES = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, gzip.BadGzipFile)


def inside(
    name: str,  # of an entry, as the archive has it
    archive: str,  # for the message
) -> PurePosixPath | None:  # None: the folder itself
    "The path of an entry, below the folder. One that leads elsewhere is a FetchError."
    plain = name.replace("\\", "/")
    if re.match(r"/|[A-Za-z]:", plain) or ".." in plain.split("/") or "\0" in plain:
        raise FetchError(
            f"{archive} has an entry called {name!r}, which leads out of its folder. Nothing of it"
            " was kept. It isn't the archive that it should be: don't unpack it by hand."
        )
    path = PurePosixPath(plain)
    return path if path.parts else None


class _Entry(tarfile.TarInfo):
    "An entry whose long names and notes are short: they are read into memory at once."

    @classmethod
    def frombuf(cls, buf, encoding, errors):
        entry = super().frombuf(buf, encoding, errors)
        if entry.type in NOTES and entry.size > LONG:
            raise FetchError(
                f"An entry has a name or a note of {entry.size:,} bytes, which would fill the"
                " memory. It isn't the archive that it should be; nothing was kept."
            )
        return entry


class _Writer:
    "Writes entries below a folder, and counts."

    def __init__(self, archive, folder, limit):
        self.archive, self.folder, self.limit, self.bytes, self.entries = (
            archive,
            folder,
            limit,
            0,
            0,
        )

    def count(self, n):
        self.bytes += n
        if self.bytes > self.limit:
            raise FetchError(
                f"{self.archive} unpacks to more than {self.limit:,} bytes, far more than this set"
                " has. Nothing of it was kept. It isn't the archive that it should be."
            )

    def add(self, name, is_folder, source):
        self.entries += 1
        if self.entries > MANY:
            raise FetchError(f"{self.archive} has more than {MANY:,} entries; nothing was kept.")
        path = inside(name, self.archive)
        if path is None:
            return
        target = self.folder / path
        (target if is_folder else target.parent).mkdir(parents=True, exist_ok=True)
        if is_folder:
            return
        with open(target, "wb") as out:
            while block := source.read(BLOCK):
                self.count(len(block))
                out.write(block)


def _refuse(archive, name, what):
    return FetchError(
        f"{archive} has {what}, {name!r}. An archive of images needs none, and such an entry can"
        " lead out of the folder. Nothing of it was kept."
    )


def _tar(path, writer):
    zipped = path.open("rb").read(2) == b"\x1f\x8b"
    with (gzip.open if zipped else open)(path, "rb") as raw:
        with tarfile.open(fileobj=raw, mode="r|", tarinfo=_Entry) as tar:
            for entry in tar:
                if entry.issym() or entry.islnk():
                    raise _refuse(path.name, entry.name, f"a link to {entry.linkname!r}")
                if not (entry.isreg() or entry.isdir()):
                    raise _refuse(path.name, entry.name, "a device or a pipe")
                inside(entry.name, path.name)
                if hasattr(tarfile, "data_filter"):  # from Python 3.11.4 on
                    tarfile.data_filter(entry, str(writer.folder))
                source = None if entry.isdir() else tar.extractfile(entry)
                writer.add(entry.name, entry.isdir(), source)
        while block := raw.read(BLOCK):  # to the end, where gzip's own checksum stands
            writer.count(len(block))


def _zip(path, writer):
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if kind == stat.S_IFLNK:
                raise _refuse(path.name, entry.filename, "a link")
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _refuse(path.name, entry.filename, "a device or a pipe")
            if entry.flag_bits & 1:
                raise FetchError(f"{path.name} is locked with a password. Unpack it by hand.")
            with archive.open(entry) as source:
                writer.add(entry.filename, entry.is_dir(), source)


def unpack(
    path: Path,  # .tgz, .tar.gz, .tar or .zip
    folder: Path,  # a new folder, made for it
    limit: int,  # bytes that may come out of it
) -> int:  # bytes that came out
    "Unpack an archive below `folder`: files and folders only. Anything else is a FetchError."
    writer = _Writer(path.name, folder, limit)
    try:
        (_zip if zipfile.is_zipfile(path) else _tar)(path, writer)
    except FetchError:
        raise
    except DAMAGED as e:
        raise FetchError(
            f"{path.name} is damaged or cut off ({e or type(e).__name__}). It was removed: fetch"
            " again."
        ) from None
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as e:
        raise FetchError(
            f"{path.name} has a file and a folder of one name: {e.filename}."
        ) from None
    except (NotImplementedError, RuntimeError) as e:  # a kind of compression that isn't known
        raise FetchError(f"{path.name} can't be unpacked here: {e}. Unpack it by hand.") from None
    except (OSError, ValueError) as e:  # such as a name that this system doesn't allow
        if isinstance(e, OSError) and isinstance(full := full_disk(e, folder), FetchError):
            raise full from None
        raise FetchError(f"{path.name} can't be unpacked here: {e}. Nothing was kept.") from None
    return writer.bytes
