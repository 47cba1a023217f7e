"Fetch a real set: every file checked, unpacked beside its place, and put there once it is whole."

# Beside the folder of a set lies NAME-download while it is being fetched: the archives, whole or
# begun, and what is being unpacked. The folder itself is whole or not there.

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from ..settings import data_home
from .drawn_sets import write_file
from .fetch_files import FetchError, differs, digest, full_disk, need_room
from .fetch_http import download
from .fetch_images import fetch_images, poster_links, write_failures
from .fetch_sets import RealSet, find_set, told
from .fetch_unpack import unpack

__all__ = ["FetchError", "RealSet", "fetch"]
SPARE = 64 << 20  # bytes that stay free


def _record(source, file):
    return data_home() / "checksums" / f"{source.name}-{file.name}.sha256"


def _compare(source, file, path):
    "Where nobody states a checksum of the whole file: compare with the first fetch."
    record = _record(source, file)
    if file.sha256 or file.md5 or not record.is_file():
        return
    stated, found = record.read_text(encoding="ascii").split()[0], digest(path)
    if stated != found:
        raise FetchError(
            f"{file.name} is no longer what it was at the first fetch: its SHA-256 was {stated} and"
            f" is {found}. If you trust the new one, delete {record} and fetch again."
        )


def _remember(source, sums):
    "After the set turned out whole."
    for file, found in sums.items():
        with suppress(OSError):
            _record(source, file).parent.mkdir(parents=True, exist_ok=True)
            write_file(_record(source, file), f"{found}  {file.name}\n".encode("ascii"))


@contextmanager
def _bar(name, progress):
    from tqdm.auto import tqdm

    off = None if progress is None else not progress
    with tqdm(unit="B", unit_scale=True, desc=name, disable=off) as bar:

        def tell(have, total):
            bar.total = total
            bar.update(have - bar.n)

        yield tell


@contextmanager
def _alone(place, say):
    "One process at a time; the others wait, and then find the set."
    from filelock import FileLock, Timeout

    lock = FileLock(str(place) + ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"Another process fetches into {place}. Waiting for it.")
        lock.acquire()
    except (OSError, NotImplementedError) as e:
        raise FetchError(
            f"{place}.lock can't be made ({e}). Fetch into a folder of yours."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _ours(place, file):
    "The mark of an archive that was fetched here, and not put here by hand."
    return place / f".{file.name}.fetched"


def _get(source, file, place, mirrors, progress, **how):
    "The path of a whole, checked archive: one that lies here, or fetched."
    path = place / file.name
    if path.is_file():
        wrong = differs(path, file)
        if not wrong:
            _compare(source, file, path)
            return path
        if not _ours(place, file).exists():
            raise FetchError(f"{path} isn't the file that it should be: {wrong}. Remove it.")
        path.unlink()
    urls = (*(f"{m.rstrip('/')}/{file.name}" for m in mirrors), *file.urls)
    with _bar(file.name, progress) as tell:
        download(replace(file, urls=urls), place, tell=tell, **how)
    _ours(place, file).touch()
    try:
        _compare(source, file, path)
    except FetchError:
        path.unlink()
        raise
    return path


def _into(path, file, part, whole):
    "Unpack an archive, or copy a file that is none, into the set that is being made."
    if not path.name.endswith((".tgz", ".tar.gz", ".tar", ".zip")):
        shutil.copyfile(path, whole / path.name)
        return
    part.mkdir()
    unpack(path, part, 4 * file.room or 4 * path.stat().st_size + SPARE)
    source = part / file.top if file.top and (part / file.top).is_dir() else part
    target = whole / file.into
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        entry.rename(target / entry.name)


def _make(source, place, folder, paths):
    "Unpack every archive beside the set's place, look whether it is whole, and put it there."
    new = Path(tempfile.mkdtemp(prefix="unpacked-", dir=place))
    try:
        whole = new / "whole"
        whole.mkdir()
        for i, (file, path) in enumerate(paths.items()):
            try:
                _into(path, file, new / str(i), whole)
            except FetchError:
                if _ours(place, file).exists() and not file.md5 and not file.sha256:
                    path.unlink(missing_ok=True)
                raise
        try:
            source.check(whole)
        except (ValueError, OSError, KeyError) as e:
            said = str(e).replace(str(whole), folder.name)
            raise FetchError(f"What was fetched isn't {source.name}: {said}") from None
        with suppress(OSError):
            folder.rmdir()  # an empty one
        os.rename(whole, folder)
    except OSError as e:
        raise full_disk(e, place) from None
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _tidy(place, files, keep):
    for file in files:
        if _ours(place, file).exists() and not keep:
            (place / file.name).unlink(missing_ok=True)
            _ours(place, file).unlink(missing_ok=True)
    with suppress(OSError):
        place.rmdir()


def _fetch_files(source, folder, place, mirrors, keep, progress, **how):
    place.mkdir(parents=True, exist_ok=True)
    for left in place.glob("unpacked-*"):  # of a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    have = sum(o.stat().st_size for o in place.iterdir() if o.is_file())
    whole = sum(f.bytes + f.room for f in source.files)
    need_room(place, max(0, whole - have) + SPARE)
    try:
        paths = {f: _get(source, f, place, mirrors, progress, **how) for f in source.files}
        sums = {f: digest(p) for f, p in paths.items() if not (f.sha256 or f.md5)}
        _make(source, place, folder, paths)
        _remember(source, sums)
    except FetchError as e:
        _tidy(place, (), keep)
        raise FetchError(f"{e} By hand: {told(source.by_hand, folder, place)}") from None
    _tidy(place, source.files, keep)


def _fetch_posters(source, folder, place, progress, say, timeout):
    file = next((o for o in folder.glob("*.csv") if o.name.lower() == "moviegenre.csv"), None)
    if file is None:
        raise FetchError(
            f"{source.name} must be begun by hand. {told(source.by_hand, folder, place)}"
        )
    links = poster_links(file)
    failed = fetch_images(links, folder / "posters", timeout=timeout, progress=progress)
    write_failures(failed, folder / "posters-failed.csv")
    say(
        f"{len(links) - len(failed):,} of {len(links):,} posters are here."
        + (f" Why the others aren't: {folder / 'posters-failed.csv'}" if failed else "")
    )


def _is_here(source, folder):
    "The set is in its place already; something else there is an error."
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    try:
        source.check(folder)
    except (ValueError, OSError, KeyError) as e:
        raise FetchError(
            f"{folder} is there, and isn't {source.name}: {e} Rename or remove it, and fetch again."
        ) from None
    return True


def fetch(
    name: str
    | RealSet,  # pascal_2007, nus_wide, movie_posters or stanford_cars; or a RealSet of yours
    folder: str
    | Path
    | None = None,  # where it goes; None: its name in data_home(), where open_dataset looks
    mirrors: str
    | Iterable[str] = (),  # links of folders with the same files, tried before the publisher's
    keep: bool = False,  # keep the archives
    progress: bool | None = None,  # a bar; None: in a terminal
    timeout: float = 30,  # seconds without a byte
    tries: int = 5,  # at each host, without getting further
    pause: float = 1,  # seconds before the second try, doubled each time
    say: Callable = print,  # called with what one should know
) -> Path:  # the folder, for open_dataset
    "Fetch a real set. It is whole in its folder, or a FetchError says what to do; safe to repeat."
    source, mirrors = find_set(name), (mirrors,) if isinstance(mirrors, str) else mirrors
    folder = (data_home() / source.name if folder is None else Path(folder).expanduser()).absolute()
    place = folder.with_name(f"{folder.name}-download")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(place, say):
        if source.posters:
            _fetch_posters(source, folder, place, progress, say, timeout)
        elif not _is_here(source, folder):
            how = dict(timeout=timeout, tries=tries, pause=pause)
            _fetch_files(source, folder, place, mirrors, keep, progress, **how)
    if source.then and not (folder / "images").is_dir():
        say(told(source.then, folder, place))
    return folder
