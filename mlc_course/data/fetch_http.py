"One file over HTTP: continued after a break, and whole or not there."

# The standard library is enough here. pooch, the usual choice, neither continues a broken download
# nor looks at the free space, and these sets have 1.6 GB and more.

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from .fetch_files import FetchError, File, differs, full_disk

BLOCK = 1 << 18  # bytes read at once
AGENT = "mlc_course"
MAGIC = {  # what a file of this ending begins with
    ".tgz": b"\x1f\x8b",
    ".tar.gz": b"\x1f\x8b",
    ".zip": b"PK",
    ".mat": b"MATLAB",
}
WAIT = (408, 425, 429, 500, 502, 503, 504)  # answers after which it is worth another try


class _Again(Exception):
    "This try broke off, and another may get further."


class _Elsewhere(Exception):
    "This host doesn't have the file; another may."


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise _Elsewhere(f"sent us on from https to {newurl}, which anybody could change")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.build_opener(_Redirects)


def _size(part):
    return part.stat().st_size if part.exists() else 0


def _note(part):
    return part.with_name(part.name + ".json")


def _forget(part):
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def _known(part, url):
    "(bytes that are here, the publisher's mark of that version) of a try that broke off."
    try:
        note = json.loads(_note(part).read_text(encoding="utf-8"))
        have = part.stat().st_size
    except (OSError, ValueError):
        note, have = {}, 0
    if not (isinstance(note, dict) and note.get("url") == url and note.get("mark") and have):
        _forget(part)
        return 0, None
    return have, note["mark"]


def _mark(headers):
    "What names this version of the file: a strong ETag, or the date."
    etag = headers.get("ETag") or ""
    return etag if etag.startswith('"') else headers.get("Last-Modified")


def _open(url, have, mark, timeout):
    if not url.startswith(("https://", "http://")):
        raise _Elsewhere("is no link: it begins with neither https:// nor http://")
    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": mark}
    try:
        return _OPENER.open(urllib.request.Request(url, headers=headers), timeout=timeout)
    except urllib.error.HTTPError as e:
        e.close()
        if e.code in (200, 416) or e.code in WAIT:
            raise _Again(f"answered {e.code} ({e.reason})") from None
        if "redirect" in str(e.reason).lower():
            raise _Elsewhere("sent us on in a circle") from None
        said = {401: "wants a login", 403: "doesn't let us have it"}
        gone = "doesn't have it any more" if e.code in (404, 410) else f"answered {e.reason}"
        raise _Elsewhere(f"{said.get(e.code, gone)} ({e.code})") from None
    except (TimeoutError, ConnectionError, http.client.HTTPException) as e:
        raise _Again(f"broke off ({e or type(e).__name__})") from None
    except urllib.error.URLError as e:
        raise _Again(f"can't be reached ({e.reason})") from None


def _limit(file):
    "More bytes than this the file can't have; None where nothing is known."
    return file.size or (4 * file.room + (1 << 26) if file.room else None)


def _begin(answer, have, file):
    "(where this answer begins, bytes of the whole file or None), once it looks like the file."
    kind = (answer.headers.get_content_type() or "").lower()
    if kind in ("text/html", "application/xhtml+xml"):
        raise _Elsewhere("gave a web page instead of the file (a login, or a page of a shop)")
    length, start = answer.headers.get("Content-Length"), 0
    total = int(length) if length and length.isdecimal() else None
    if answer.status == 206:
        span, _, whole = (
            (answer.headers.get("Content-Range") or "").removeprefix("bytes ").partition("/")
        )
        if span.partition("-")[0] != str(have):
            raise _Again(f"sent another part than the one asked for ({span or 'not said which'})")
        start, total = have, int(whole) if whole.isdecimal() else have + (total or 0)
    if file.size and total and total != file.size:
        raise _Elsewhere(f"offers {total:,} bytes, and the file has {file.size:,}")
    if total and total > (_limit(file) or total):
        raise _Elsewhere(f"offers {total:,} bytes, far more than {file.name} can have")
    return start, total


def _looks_right(part, file):
    "The first bytes are those of this kind of file."
    ending = next((e for e in MAGIC if file.name.lower().endswith(e)), None)
    with open(part, "rb") as f:
        head = f.read(16)
    if ending and not head.startswith(MAGIC[ending]):
        page = head.lstrip()[:1] == b"<"
        what = "a web page" if page else f"something that begins with {head[:8]!r}"
        raise _Elsewhere(f"gave {what} instead of {file.name}")


def _copy(answer, part, start, total, file, tell):
    "Write what comes; a break is told apart from the end by the bytes that are missing."
    limit = file.size or total or _limit(file)
    with open(part, "r+b" if start else "wb") as out:
        out.seek(start)
        out.truncate()
        have = start
        while True:
            try:
                block = answer.read(BLOCK)
            except (OSError, http.client.HTTPException) as e:
                raise _Again(f"broke off after {have:,} bytes ({type(e).__name__})") from None
            if not block:
                break
            out.write(block)
            have += len(block)
            tell(have, total or file.size)
            if limit and have > limit:
                raise _Elsewhere(f"sent more than {limit:,} bytes")
        out.flush()
        os.fsync(out.fileno())
    if total and have < total:
        raise _Again(f"broke off after {have:,} of {total:,} bytes")
    if file.size and have != file.size:
        raise _Elsewhere(f"ended after {have:,} bytes, and the file has {file.size:,}")


def _try(url, file, part, timeout, tell):
    have, mark = _known(part, url)
    if file.size and have == file.size:
        return
    try:
        with _open(url, have, mark, timeout) as answer:
            start, total = _begin(answer, have, file)
            note = json.dumps({"url": url, "mark": _mark(answer.headers)})
            _note(part).write_text(note, encoding="utf-8")
            _copy(answer, part, start, total, file, tell)
    except _Again as e:
        if "416" in str(e):  # what is here doesn't belong to what is there now
            _forget(part)
        raise
    _looks_right(part, file)


def download(
    file: File,  # what to fetch
    folder: Path,  # where it goes, as file.name
    timeout: float = 30,  # seconds without a byte
    tries: int = 5,  # at each host; a try that got further doesn't count
    pause: float = 1,  # seconds before the second try, doubled each time
    tell=lambda have, total: None,  # called with the bytes that are here, and all or None
) -> Path:  # of the whole file
    "Fetch a file, or go on with it. FetchError, a sentence, where no host has it whole."
    path, part, said = folder / file.name, folder / f"{file.name}.part", []
    for url in file.urls:
        why: dict = {}
        left, before = tries, _size(part)
        while left:
            try:
                _try(url, file, part, timeout, tell)
                if wrong := differs(part, file):
                    raise _Elsewhere(f"gave a damaged or another file: {wrong}")
                os.replace(part, path)
                _note(part).unlink(missing_ok=True)
                return path
            except _Elsewhere as e:
                _forget(part)
                said.append(f"{url} {e}.")
                break
            except _Again as e:
                have = _size(part)
                left -= have <= before
                before, why = have, why | {str(e): None}
                if not left:
                    said.append(f"{url} {', then '.join(list(why)[-2:])}.")
                time.sleep(pause * 2 ** (tries - left) if left < tries and left else 0)
            except OSError as e:
                raise full_disk(e, folder) from None
    kept = _size(part)
    more = f" {kept:,} bytes are kept, and continued the next time." if kept else ""
    with suppress(OSError):
        if not kept:
            _forget(part)
    raise FetchError(f"{file.name} could not be fetched. {' '.join(said)}{more}")


def get(
    url: str,  # of a small file
    timeout: float,  # seconds without a byte
    limit: int,  # bytes that it may have
) -> bytes:
    "A small file, whole, in memory. FetchError, a sentence, if it can't be had."
    try:
        with _open(url, 0, None, timeout) as answer:
            length = answer.headers.get("Content-Length")
            data = answer.read(limit + 1)
    except (_Again, _Elsewhere) as e:
        raise FetchError(f"{url} {e}") from None
    except (OSError, http.client.HTTPException, ValueError) as e:
        raise FetchError(f"{url} broke off ({type(e).__name__})") from None
    if len(data) > limit:
        raise FetchError(f"{url} has more than {limit:,} bytes")
    if length and length.isdecimal() and len(data) != int(length):
        raise FetchError(f"{url} broke off after {len(data):,} of {int(length):,} bytes")
    return data
