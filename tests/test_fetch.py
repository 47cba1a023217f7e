"Fetching: a server that breaks off, lies, serves something else; archives that want out."

import ast
import errno
import http.server
import io
import json
import multiprocessing
import os
import stat
import tarfile
import threading
import zipfile
from dataclasses import replace
from hashlib import md5, sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mlc_course.data import fetch as fetching
from mlc_course.data import fetch_files, fetch_http, fetch_unpack
from mlc_course.data.fetch import RealSet, fetch
from mlc_course.data.fetch_files import FetchError, File
from mlc_course.data.fetch_images import fetch_images
from mlc_course.data.fetch_sets import CARS, MOVIE_POSTERS, NUS_WIDE, PASCAL, SETS, reads_as
from mlc_course.data.nus_lists import nus_wide_links, nus_wide_lists, nus_wide_subset
from mlc_course.postcards import make_postcards
from mlc_course.tables import open_dataset


# ---- a server ----------------------------------------------------------------------------------
class Server:
    "Serves `files` (name -> bytes); `acts` (name -> list) says what to do at each request in turn."

    def __init__(self):
        self.files, self.acts, self.asked, self.etags, self.ranges = {}, {}, [], {}, True
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                outer.answer(self)

        self.httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        threading.Thread(target=self.httpd.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.httpd.server_port}"

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()

    def answer(self, h):
        name = h.path.lstrip("/")
        span = h.headers.get("Range")
        self.asked.append((name, span, h.headers.get("If-Range")))
        acts = self.acts.get(name) or [{}]
        act = acts.pop(0) if len(acts) > 1 else acts[0]
        if name not in self.files and "status" not in act:
            act = {"status": 404}
        if "status" in act and act["status"] != 206:
            h.send_response(act["status"])
            if "to" in act:
                h.send_header("Location", act["to"])
            h.send_header("Content-Length", "0")
            h.end_headers()
            return
        data = self.files[name]
        etag = act.get("etag", self.etags.get(name, f'"{md5(data).hexdigest()}"'))
        start, fresh = 0, h.headers.get("If-Range") in (None, etag)
        if span and self.ranges and fresh and not act.get("no_range"):
            start = int(span.removeprefix("bytes=").rstrip("-"))
            if start >= len(data):
                h.send_response(416)
                h.send_header("Content-Length", "0")
                h.end_headers()
                return
        h.send_response(206 if start else 200)
        body = data[start:]
        if start:
            first = act.get("says", start)
            h.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        h.send_header("Content-Type", act.get("type", "application/octet-stream"))
        if etag:
            h.send_header("ETag", etag)
        if act.get("length", "right") is not None:
            length = len(body) + act.get("lie", 0)
            h.send_header("Content-Length", str(length))
        h.send_header("Connection", "close")
        h.end_headers()
        h.wfile.write(body[: act.get("stop", len(body))])
        h.wfile.flush()
        h.close_connection = True


@pytest.fixture
def server():
    found = Server()
    yield found
    found.close()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MLC_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def tgz(folder, top):
    "A folder as .tgz, below `top`."
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        tar.add(folder, top)
    return out.getvalue()


def tar_of(*entries):
    "A .tgz of (name, kind, bytes or link target)."
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, kind, value in entries:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind == tarfile.REGTYPE:
                info.size = len(value)
                tar.addfile(info, io.BytesIO(value))
            else:
                info.linkname = value or ""
                tar.addfile(info)
    return out.getvalue()


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    "A small PASCAL as fastai packs it."
    root = tmp_path_factory.mktemp("drawn") / "pascal"
    make_postcards(root, n=20, seed=1, size=32, layout="pascal")
    return root, tgz(root, "pascal_2007")


QUICK = dict(pause=0, tries=3, timeout=5, progress=False, say=lambda text: None)


def small_pascal(server, data, **known):
    known = {"size": len(data), "md5_head": md5(data[: 1 << 20]).hexdigest()} | known
    file = File((server.url + "/p.tgz",), "p.tgz", room=4_000_000, top="pascal_2007", **known)
    return RealSet("small", (file,), reads_as({"train": 12}), "put it into {place}")


def nothing_left(folder):
    "No set, nothing unpacked; what is beside it is a part that can be continued, or the lock."
    assert not folder.exists()
    place = folder.with_name(folder.name + "-download")
    left = sorted(o.name for o in place.iterdir()) if place.exists() else []
    assert not [o for o in left if o.startswith("unpacked")], left
    return left


# ---- whole -------------------------------------------------------------------------------------
def test_a_set_arrives_as_it_was_packed_and_reads(server, drawn, tmp_path):
    server.files["p.tgz"] = drawn[1]
    folder = fetch(small_pascal(server, drawn[1]), tmp_path / "set", **QUICK)
    assert folder == tmp_path / "set"
    want = {o.relative_to(drawn[0]): o.read_bytes() for o in drawn[0].rglob("*") if o.is_file()}
    got = {o.relative_to(folder): o.read_bytes() for o in folder.rglob("*") if o.is_file()}
    assert got == want
    assert open_dataset(folder).counts() == open_dataset(drawn[0]).counts()
    assert not (tmp_path / "set-download").exists()


def test_a_second_fetch_asks_nobody(server, drawn, tmp_path):
    server.files["p.tgz"] = drawn[1]
    source = small_pascal(server, drawn[1])
    fetch(source, tmp_path / "set", **QUICK)
    asked = len(server.asked)
    assert fetch(source, tmp_path / "set", **QUICK) == tmp_path / "set"
    assert len(server.asked) == asked


def test_its_own_name_puts_it_where_open_dataset_looks(server, drawn, home):
    server.files["p.tgz"] = drawn[1]
    source = replace(small_pascal(server, drawn[1]), name="pascal_2007")
    assert fetch(source, **QUICK) == home / "pascal_2007"
    assert open_dataset("pascal_2007").counts()["train"] == 12


def test_keep_keeps_the_archive(server, drawn, tmp_path):
    server.files["p.tgz"] = drawn[1]
    fetch(small_pascal(server, drawn[1]), tmp_path / "set", keep=True, **QUICK)
    assert (tmp_path / "set-download" / "p.tgz").read_bytes() == drawn[1]


# ---- breaks ------------------------------------------------------------------------------------
def test_a_break_in_the_middle_is_continued(server, drawn, tmp_path):
    data = drawn[1]
    server.files["p.tgz"], server.acts["p.tgz"] = data, [{"stop": 1000}, {"stop": 2000}, {}]
    fetch(small_pascal(server, data), tmp_path / "set", **QUICK)
    mark = f'"{md5(data).hexdigest()}"'
    assert server.asked == [
        ("p.tgz", None, None),
        ("p.tgz", "bytes=1000-", mark),
        ("p.tgz", "bytes=3000-", mark),
    ]


def test_a_break_in_another_process_is_continued(server, drawn, tmp_path):
    data = drawn[1]
    server.files["p.tgz"], server.acts["p.tgz"] = data, [{"stop": 1000}, {"status": 503}]
    with pytest.raises(FetchError, match="1,000 bytes are kept") as e:
        fetch(small_pascal(server, data), tmp_path / "set", **QUICK)
    assert "503" in str(e.value) and "put it into" in str(e.value)
    assert nothing_left(tmp_path / "set") == ["p.tgz.part", "p.tgz.part.json"]
    server.acts["p.tgz"] = [{}]
    fetch(small_pascal(server, data), tmp_path / "set", **QUICK)
    assert server.asked[-1][1] == "bytes=1000-"


def test_a_server_without_ranges_begins_anew(server, drawn, tmp_path):
    data = drawn[1]
    server.files["p.tgz"], server.ranges = data, False
    server.acts["p.tgz"] = [{"stop": 1000}, {}]
    fetch(small_pascal(server, data), tmp_path / "set", **QUICK)
    assert server.asked[-1][1] == "bytes=1000-" and (tmp_path / "set").is_dir()


def test_a_file_that_changed_between_two_tries_is_begun_anew(server, drawn, tmp_path):
    old, data = b"\x1f\x8b" + bytes(5000), drawn[1]
    server.files["p.tgz"], server.acts["p.tgz"] = old, [{"stop": 1000}, {"status": 503}]
    source = small_pascal(server, data, size=None, md5_head=None)
    with pytest.raises(FetchError):
        fetch(source, tmp_path / "set", **QUICK)
    server.files["p.tgz"], server.acts["p.tgz"] = data, [{}]
    fetch(source, tmp_path / "set", **QUICK)
    assert open_dataset(tmp_path / "set").counts()["train"] == 12


@pytest.mark.parametrize("etag", ['W/"weak"', None])
def test_without_a_strong_mark_nothing_is_continued(etag, server, drawn, tmp_path):
    server.files["p.tgz"] = drawn[1]
    server.acts["p.tgz"] = [{"stop": 1000, "etag": etag}, {"etag": etag}]
    fetch(small_pascal(server, drawn[1]), tmp_path / "set", **QUICK)
    assert [o[1] for o in server.asked] == [None, None]


def test_the_wrong_part_is_not_glued_on(server, drawn, tmp_path):
    data = drawn[1]
    server.files["p.tgz"] = data
    server.acts["p.tgz"] = [{"stop": 1000}, {"says": 500}, {}]
    fetch(small_pascal(server, data, size=None, md5_head=None), tmp_path / "set", **QUICK)
    assert open_dataset(tmp_path / "set").counts()["train"] == 12


def test_a_part_longer_than_the_file_now_is_thrown_away(server, drawn, tmp_path):
    data, place = drawn[1], tmp_path / "set-download"
    place.mkdir()
    (place / "p.tgz.part").write_bytes(data + bytes(100))
    mark = f'"{md5(data).hexdigest()}"'
    note = {"url": server.url + "/p.tgz", "mark": mark}
    (place / "p.tgz.part.json").write_text(json.dumps(note))
    server.files["p.tgz"] = data
    fetch(small_pascal(server, data), tmp_path / "set", **QUICK)
    assert server.asked[-1][1] is None


# ---- lies --------------------------------------------------------------------------------------
@pytest.mark.parametrize("known", [{}, {"size": None, "md5_head": None}])
@pytest.mark.parametrize("lie", [5000, -5000])
def test_a_false_length_is_not_believed(lie, known, server, drawn, tmp_path):
    server.files["p.tgz"], server.acts["p.tgz"] = drawn[1], [{"lie": lie}]
    with pytest.raises(FetchError, match="broke off|offers|damaged or cut off"):
        fetch(small_pascal(server, drawn[1], **known), tmp_path / "set", **QUICK)
    nothing_left(tmp_path / "set")


def test_no_length_and_a_break_is_seen_by_gzip(server, drawn, tmp_path):
    server.files["p.tgz"] = drawn[1]
    server.acts["p.tgz"] = [{"length": None, "stop": len(drawn[1]) - 4}]
    source = small_pascal(server, drawn[1], size=None, md5_head=None)
    with pytest.raises(FetchError, match="damaged or cut off"):
        fetch(source, tmp_path / "set", **QUICK)
    assert nothing_left(tmp_path / "set") in ([], [".p.tgz.fetched"])


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/octet-stream"])
def test_a_web_page_with_200_is_no_archive(kind, server, drawn, tmp_path):
    page = b"<!doctype html><title>Please log in</title>"
    server.files["p.tgz"], server.acts["p.tgz"] = page, [{"type": kind}]
    source = small_pascal(server, page, md5_head=None)
    with pytest.raises(FetchError, match="web page"):
        fetch(source, tmp_path / "set", **QUICK)
    assert nothing_left(tmp_path / "set") == []


@pytest.mark.parametrize(
    "status, words, asks",
    [(404, "any more", 1), (410, "any more", 1), (403, "doesn't let us", 1), (401, "login", 1),
     (503, "503", 3), (429, "429", 3), (500, "500", 3)],
)  # fmt: skip
def test_a_refusal_is_told_and_waited_for_where_it_helps(
    status, words, asks, server, drawn, tmp_path
):
    server.acts["p.tgz"] = [{"status": status}]
    with pytest.raises(FetchError, match=words) as e:
        fetch(small_pascal(server, drawn[1]), tmp_path / "set", **QUICK)
    assert len(server.asked) == asks and str(status) in str(e.value)
    assert f"By hand: put it into {tmp_path / 'set-download'}" in str(e.value)
    assert nothing_left(tmp_path / "set") == []


def test_redirects_are_followed_but_not_in_circles(server, drawn, tmp_path):
    server.files["q.tgz"] = drawn[1]
    server.acts["p.tgz"] = [{"status": 302, "to": server.url + "/q.tgz"}]
    fetch(small_pascal(server, drawn[1]), tmp_path / "set", **QUICK)
    server.acts["p.tgz"] = [{"status": 302, "to": server.url + "/p.tgz"}]
    with pytest.raises(FetchError, match="circle"):
        fetch(small_pascal(server, drawn[1]), tmp_path / "set2", **QUICK)
    server.acts["p.tgz"] = [{"status": 302, "to": "file:///etc/hostname"}]
    with pytest.raises(FetchError):
        fetch(small_pascal(server, drawn[1]), tmp_path / "set3", **QUICK)
    nothing_left(tmp_path / "set3")


def test_a_way_from_https_to_http_is_refused():
    with pytest.raises(Exception, match="from https to http://else"):
        request = fetch_http.urllib.request.Request("https://here/x")
        fetch_http._Redirects().redirect_request(request, None, 302, "", {}, "http://else/x")


def test_a_dead_host_and_another_scheme_are_sentences(drawn, tmp_path, server):
    for url in ("http://127.0.0.1:9/p.tgz", "file:///etc/hostname", "nonsense"):
        source = small_pascal(server, drawn[1])
        source = replace(source, files=(replace(source.files[0], urls=(url,)),))
        with pytest.raises(FetchError, match="could not be fetched"):
            fetch(source, tmp_path / "set", **QUICK)
        assert nothing_left(tmp_path / "set") == []


def test_a_host_that_says_nothing_is_not_waited_for_for_ever(tmp_path, server, drawn):
    with http.server.socketserver.socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        source = small_pascal(server, drawn[1])
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/p.tgz"
        source = replace(source, files=(replace(source.files[0], urls=(url,)),))
        with pytest.raises(FetchError, match="timed out"):
            fetch(source, tmp_path / "set", **(QUICK | {"timeout": 0.2}))


def test_mirrors_come_first_and_the_publisher_after(server, drawn, tmp_path):
    server.files["p.tgz"] = drawn[1]
    source = small_pascal(server, drawn[1])
    fetch(source, tmp_path / "set", mirrors=[server.url + "/gone/"], **QUICK)
    assert [o[0] for o in server.asked] == ["gone/p.tgz", "p.tgz"]


def test_a_mirror_with_another_file_is_not_believed(server, drawn, tmp_path):
    server.files["m/p.tgz"] = drawn[1][:-8] + bytes(8)
    server.files["p.tgz"] = drawn[1]
    source = small_pascal(server, drawn[1], sha256=sha256(drawn[1]).hexdigest())
    fetch(source, tmp_path / "set", mirrors=[server.url + "/m"], **QUICK)
    assert [o[0] for o in server.asked] == ["m/p.tgz", "p.tgz"]


# ---- checksums ---------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["sha256", "md5", "md5_head", "size"])
def test_a_file_that_is_not_the_published_one_is_refused(kind, server, drawn, tmp_path):
    server.files["p.tgz"] = drawn[1]
    known = {"size": None, "md5_head": None} | {kind: 7 if kind == "size" else "0" * 32}
    with pytest.raises(FetchError, match="publisher states|offers"):
        fetch(small_pascal(server, drawn[1], **known), tmp_path / "set", **QUICK)
    assert nothing_left(tmp_path / "set") == []


def test_without_a_checksum_the_first_fetch_is_remembered(server, drawn, tmp_path, home):
    source = small_pascal(server, drawn[1], size=None, md5_head=None)
    server.files["p.tgz"] = drawn[1]
    fetch(source, tmp_path / "set", **QUICK)
    record = home / "checksums" / "small-p.tgz.sha256"
    assert record.read_text().split()[0] == sha256(drawn[1]).hexdigest()
    server.files["p.tgz"] = tgz(drawn[0], "pascal_2007x")
    with pytest.raises(FetchError, match="no longer what it was at the first fetch"):
        fetch(source, tmp_path / "other", **QUICK)
    assert not nothing_left(tmp_path / "other") or True
    record.unlink()
    server.files["p.tgz"] = drawn[1]
    fetch(source, tmp_path / "other", **QUICK)


def test_another_set_in_a_whole_archive_is_refused(server, tmp_path):
    data = tar_of(("pascal_2007/readme.txt", tarfile.REGTYPE, b"hello"))
    server.files["p.tgz"] = data
    with pytest.raises(FetchError, match="isn't small"):
        fetch(small_pascal(server, data), tmp_path / "set", **QUICK)
    nothing_left(tmp_path / "set")


def test_what_is_known_of_the_real_sets_is_what_fastai_states():
    fastai = pytest.importorskip("fastai.data")
    text = (Path(fastai.__file__).parent / "download_checks.py").read_text()
    stated = ast.literal_eval(text)
    for file in (PASCAL.files[0], CARS.files[2]):
        assert stated[file.urls[0]] == (file.size, file.md5_head)


# ---- archives that want out --------------------------------------------------------------------
REG = tarfile.REGTYPE
EVIL = {
    "dots": ([("a/../../evil", REG, b"x")], "leads out"),
    "absolute": ([("/evil-of-a-test", REG, b"x")], "leads out"),
    "drive": ([("C:/evil", REG, b"x")], "leads out"),
    "backslash": ([("..\\evil", REG, b"x")], "leads out"),
    "symlink out": ([("a", tarfile.SYMTYPE, "../../outside"), ("a/evil", REG, b"x")], "link"),
    "hardlink out": ([("a", tarfile.LNKTYPE, "../../outside")], "link"),
    "symlink inside": ([("a", REG, b"x"), ("b", tarfile.SYMTYPE, "a")], "link"),
    "device": ([("a", tarfile.CHRTYPE, None)], "device or a pipe"),
    "pipe": ([("a", tarfile.FIFOTYPE, None)], "device or a pipe"),
}


@pytest.mark.parametrize("name", EVIL)
def test_a_tar_that_wants_out_is_refused(name, server, tmp_path):
    entries, words = EVIL[name]
    data = tar_of(("good.txt", REG, b"good"), *entries)
    server.files["p.tgz"] = data
    outside = tmp_path / "outside"
    outside.mkdir()
    with pytest.raises(FetchError, match=words):
        fetch(small_pascal(server, data), tmp_path / "set", **QUICK)
    nothing_left(tmp_path / "set")
    assert not list(outside.iterdir()) and not list(tmp_path.rglob("*evil*"))
    assert not Path("/evil-of-a-test").exists()


def zip_of(*entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, mode, data in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return out.getvalue()


@pytest.mark.parametrize(
    "name, mode, words",
    [("../evil", 0, "leads out"), ("/evil", 0, "leads out"), ("..\\evil", 0, "leads out"),
     ("a", stat.S_IFLNK | 0o777, "link"), ("a", stat.S_IFIFO, "device or a pipe")],
)  # fmt: skip
def test_a_zip_that_wants_out_is_refused(name, mode, words, tmp_path):
    (tmp_path / "z.zip").write_bytes(zip_of(("good", 0o644, b"x"), (name, mode, b"../outside")))
    (tmp_path / "in").mkdir()
    with pytest.raises(FetchError, match=words):
        fetch_unpack.unpack(tmp_path / "z.zip", tmp_path / "in", 1000)
    assert not list(tmp_path.rglob("*evil*")) and not (tmp_path / "in" / "a").exists()


@pytest.mark.parametrize("kind", ["tar", "zip", "after the end"])
def test_a_bomb_is_stopped(kind, tmp_path):
    zeros = bytes(30_000_000)
    if kind == "zip":
        data = zip_of(("a", 0o644, zeros))
    else:
        data = tar_of(("a", REG, zeros if kind == "tar" else b"x"))
        if kind == "after the end":
            import gzip

            data = gzip.compress(gzip.decompress(data) + zeros)
    assert len(data) < 100_000
    path = tmp_path / ("b.zip" if kind == "zip" else "b.tgz")
    path.write_bytes(data)
    (tmp_path / "in").mkdir()
    with pytest.raises(FetchError, match="unpacks to more than"):
        fetch_unpack.unpack(path, tmp_path / "in", 1_000_000)
    assert sum(o.stat().st_size for o in (tmp_path / "in").rglob("*")) <= 1_300_000


def test_a_damaged_zip_is_named(tmp_path):
    data = bytearray(zip_of(("a", 0o644, os.urandom(5000))))
    data[2000] ^= 255
    (tmp_path / "z.zip").write_bytes(data)
    (tmp_path / "in").mkdir()
    with pytest.raises(FetchError, match="damaged"):
        fetch_unpack.unpack(tmp_path / "z.zip", tmp_path / "in", 100_000)


def test_a_note_that_would_fill_the_memory_is_refused(tmp_path):
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 3_000_000_000
    (tmp_path / "t.tar").write_bytes(info.tobuf(tarfile.USTAR_FORMAT) + bytes(4096))
    (tmp_path / "in").mkdir()
    with pytest.raises(FetchError, match="fill the memory"):
        fetch_unpack.unpack(tmp_path / "t.tar", tmp_path / "in", 100_000)


def test_a_name_that_the_system_does_not_allow_is_a_sentence(tmp_path):
    (tmp_path / "t.tgz").write_bytes(tar_of(("a" * 300, REG, b"x")))
    (tmp_path / "in").mkdir()
    with pytest.raises(FetchError, match="can't be unpacked here"):
        fetch_unpack.unpack(tmp_path / "t.tgz", tmp_path / "in", 100_000)


def test_more_than_the_set_can_have_is_not_taken_in(server, drawn, tmp_path):
    server.files["p.tgz"], server.acts["p.tgz"] = drawn[1], [{"lie": 10**12}]
    source = small_pascal(server, drawn[1], size=None, md5_head=None)
    with pytest.raises(FetchError, match="far more than p.tgz can have"):
        fetch(source, tmp_path / "set", **QUICK)
    assert nothing_left(tmp_path / "set") == []


def test_one_mirror_may_be_a_text(server, drawn, tmp_path):
    server.files["m/p.tgz"] = drawn[1]
    fetch(small_pascal(server, drawn[1]), tmp_path / "set", mirrors=server.url + "/m", **QUICK)
    assert [o[0] for o in server.asked] == ["m/p.tgz"]


def test_a_list_of_links_leads_nowhere_else(server, tmp_path):
    with pytest.raises(FetchError, match="leads out"):
        fetch_images({"../x.jpg": server.url + "/x"}, tmp_path / "posters", progress=False)


def test_a_file_and_a_folder_of_one_name_are_a_sentence(tmp_path):
    (tmp_path / "t.tgz").write_bytes(tar_of(("a", REG, b"x"), ("a/b", REG, b"x")))
    (tmp_path / "in").mkdir()
    with pytest.raises(FetchError, match="one name"):
        fetch_unpack.unpack(tmp_path / "t.tgz", tmp_path / "in", 100_000)


# ---- the disk ----------------------------------------------------------------------------------
def test_too_little_room_is_seen_before_the_first_byte(server, drawn, tmp_path, monkeypatch):
    server.files["p.tgz"] = drawn[1]
    usage = type("U", (), {"free": 1_000_000})
    monkeypatch.setattr(fetch_files.shutil, "disk_usage", lambda o: usage)
    with pytest.raises(FetchError, match="no room"):
        fetch(small_pascal(server, drawn[1]), tmp_path / "set", **QUICK)
    assert server.asked == [] and not nothing_left(tmp_path / "set")


@pytest.mark.parametrize("where", ["download", "unpack"])
def test_a_disk_that_fills_up_is_told(where, server, drawn, tmp_path, monkeypatch):
    server.files["p.tgz"] = drawn[1]
    module, full = (fetch_http if where == "download" else fetch_unpack), [True]

    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def open_(path, mode="r", *args, **kwargs):
        if "w" in mode and full[0]:
            return Full()
        return open(path, mode, *args, **kwargs)

    monkeypatch.setattr(module, "open", open_, raising=False)
    with pytest.raises(FetchError, match="disk of .* is full"):
        fetch(small_pascal(server, drawn[1]), tmp_path / "set", **QUICK)
    nothing_left(tmp_path / "set")
    full[0] = False
    assert fetch(small_pascal(server, drawn[1]), tmp_path / "set", **QUICK).is_dir()


# ---- places ------------------------------------------------------------------------------------
def test_something_else_in_the_place_is_left_alone(server, drawn, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine.txt").write_text("mine")
    with pytest.raises(FetchError, match="is there, and isn't small"):
        fetch(small_pascal(server, drawn[1]), tmp_path / "set", **QUICK)
    assert (tmp_path / "set" / "mine.txt").read_text() == "mine" and server.asked == []


def test_an_empty_folder_is_filled(server, drawn, tmp_path):
    (tmp_path / "set").mkdir()
    server.files["p.tgz"] = drawn[1]
    fetch(small_pascal(server, drawn[1]), tmp_path / "set", **QUICK)
    assert open_dataset(tmp_path / "set").counts()["train"] == 12


def test_an_archive_got_by_hand_is_checked_used_and_kept(server, drawn, tmp_path):
    place = tmp_path / "set-download"
    place.mkdir()
    (place / "p.tgz").write_bytes(drawn[1][:-1])
    source = small_pascal(server, drawn[1])
    with pytest.raises(FetchError, match="isn't the file that it should be"):
        fetch(source, tmp_path / "set", **QUICK)
    assert (place / "p.tgz").exists()
    (place / "p.tgz").write_bytes(drawn[1])
    fetch(source, tmp_path / "set", **QUICK)
    assert server.asked == [] and (place / "p.tgz").exists()


def test_what_a_killed_process_unpacked_is_removed(server, drawn, tmp_path):
    left = tmp_path / "set-download" / "unpacked-abcd" / "whole"
    left.mkdir(parents=True)
    server.files["p.tgz"] = drawn[1]
    fetch(small_pascal(server, drawn[1]), tmp_path / "set", **QUICK)
    assert not left.exists()


def _in_a_process(url, data, folder, home):
    os.environ["MLC_HOME"] = home
    server = type("S", (), {"url": url})
    fetch(small_pascal(server, data), folder, **QUICK)


def test_two_processes_fetch_once(server, drawn, tmp_path, home):
    server.files["p.tgz"] = drawn[1]
    context = multiprocessing.get_context("spawn")
    args = (server.url, drawn[1], tmp_path / "set", str(home))
    jobs = [context.Process(target=_in_a_process, args=args) for _ in range(2)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(120)
    assert [job.exitcode for job in jobs] == [0, 0] and len(server.asked) == 1
    assert open_dataset(tmp_path / "set").counts()["train"] == 12


def test_an_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match="pascal_2007, nus_wide, movie_posters, stanford_cars"):
        fetch("imagenet")


# ---- the other three sets, in their formats ----------------------------------------------------
def local(source, server):
    "A real set at the local server, without the figures of the real files."
    bare = dict(size=None, md5=None, md5_head=None, room=4_000_000)
    files = [replace(f, urls=(f"{server.url}/{f.name}",), **bare) for f in source.files]
    return replace(source, files=tuple(files))


def test_stanford_cars_from_three_files(server, tmp_path):
    from scipy.io import loadmat, savemat

    root = tmp_path / "drawn"
    make_postcards(root, n=20, seed=1, size=32, layout="cars")
    mat = loadmat(root / "cars_annos.mat", squeeze_me=True)
    kit, ims = tmp_path / "devkit", tmp_path / "ims"
    kit.mkdir()
    (kit / "cars_meta.mat").write_bytes((root / "cars_meta.mat").read_bytes())
    counts = {}
    for split, flag in (("train", 0), ("test", 1)):
        (ims / f"cars_{split}").mkdir(parents=True)
        rows = [a for a in mat["annotations"] if int(a["test"]) == flag]
        counts[split] = len(rows)
        table = np.zeros(len(rows), dtype=[("class", object), ("fname", object)])
        for i, a in enumerate(rows):
            name = Path(str(a["relative_im_path"])).name
            table[i] = (int(a["class"]), name)
            data = (root / str(a["relative_im_path"])).read_bytes()
            (ims / f"cars_{split}" / name).write_bytes(data)
        where = kit / "cars_train_annos.mat" if split == "train" else tmp_path / "t.mat"
        savemat(where, {"annotations": table})
    server.files = {
        "car_devkit.tgz": tgz(kit, "devkit"),
        "cars_test_annos_withlabels.mat": (tmp_path / "t.mat").read_bytes(),
        "stanford-cars.tgz": tgz(ims, "stanford-cars"),
    }
    source = replace(local(CARS, server), check=reads_as({"test": counts["test"]}))
    folder = fetch(source, tmp_path / "cars", **QUICK)
    assert len(open_dataset(folder)) == 20
    assert {o.name for o in folder.iterdir()} == {
        "devkit", "cars_train", "cars_test", "cars_test_annos_withlabels.mat",
    }  # fmt: skip


def test_stanford_cars_whose_host_is_gone_says_what_to_do(server, tmp_path):
    with pytest.raises(FetchError) as e:
        fetch(local(CARS, server), tmp_path / "cars", **QUICK)
    said = str(e.value)
    assert "any more (404)" in said and "c3b158d763b6e2245038c8ad08e45376" in said
    assert str(tmp_path / "cars-download") in said and len(server.asked) == 1


def nus_zips(n=60, tags=("animal", "clouds", "grass", "sky", "zebra")):
    rng = np.random.default_rng(0)
    targets = rng.random((n, len(tags))) < np.array([0.3, 0.5, 0.2, 0.7, 0.02])
    names = [f"actor\\{i:04d}_{2124494179 + i}.jpg" for i in range(n)]
    lists = zip_of(("Imagelist.txt", 0o644, "\r\n".join(names) + "\r\n"))
    columns = []
    for j, tag in enumerate(tags):
        text = "".join(f"{int(o)}\n" for o in targets[:, j])
        columns += [
            (f"AllLabels/Labels_{tag}.txt", 0o644, text),
            (f"TrainTestLabels/Labels_{tag}_Train.txt", 0o644, text[:20]),
        ]
    concepts = zip_of(("Concepts81.txt", 0o644, "\n".join(tags)))
    files = {
        "ImageList.zip": lists,
        "Groundtruth.zip": zip_of(*columns),
        "ConceptsList.zip": concepts,
    }
    return files, [o.replace("\\", "/") for o in names], targets


def test_nus_wide_lists_then_a_subset_that_reads(server, tmp_path):
    server.files, names, targets = nus_zips()
    told = []
    folder = fetch(local(NUS_WIDE, server), tmp_path / "nus", **(QUICK | {"say": told.append}))
    assert "nus_wide_subset" in told[-1] and str(folder) in told[-1]
    got = nus_wide_lists(folder)
    assert got[0] == names and got[1] == ["animal", "clouds", "grass", "sky", "zebra"]
    np.testing.assert_array_equal(got[2], targets)
    for name in names:
        path = folder / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(path)
    fetch(local(NUS_WIDE, server), folder, **(QUICK | {"say": told.append}))
    assert len(told) == 1  # the images are there: nothing is left to do
    nus_wide_subset(folder, n_tags=3, n_train=25, n_test=5)
    table = open_dataset(folder)
    most = sorted(np.argsort(-targets.sum(0), kind="stable")[:3])
    tags = [("animal", "clouds", "grass", "sky", "zebra")[i] for i in most]
    assert sorted(table.vocab) == tags and "zebra" not in tags
    counts = table.counts()
    assert counts["test"] == 5 and counts["train"] + counts["valid"] == 25
    kept = targets[:, most]
    wanted = [names[i] for i in np.flatnonzero(kept.any(1))[:30]]
    assert sorted(table.df.fname) == sorted(wanted)
    for row in table.df.itertuples():
        want = kept[names.index(row.fname)]
        assert set(row.labels) == {t for t, o in zip(tags, want) if o}


def test_a_subset_larger_than_the_images_is_a_sentence(server, tmp_path):
    server.files, names, _ = nus_zips()
    folder = fetch(local(NUS_WIDE, server), tmp_path / "nus", **QUICK)
    (folder / "images").mkdir()
    with pytest.raises(ValueError, match="0 images have one of the 3 tags"):
        nus_wide_subset(folder, n_tags=3, n_train=25, n_test=5)
    with pytest.raises(ValueError, match="expected 1 to 5"):
        nus_wide_subset(folder, n_tags=27)


def test_a_column_of_another_length_is_refused(server, tmp_path):
    server.files, names, targets = nus_zips()
    text = "0\n" * 59
    server.files["Groundtruth.zip"] = zip_of(("AllLabels/Labels_sky.txt", 0o644, text))
    with pytest.raises(FetchError, match="59 values; expected 60"):
        fetch(local(NUS_WIDE, server), tmp_path / "nus", **QUICK)
    nothing_left(tmp_path / "nus")


def test_links_of_flickr(tmp_path):
    file = tmp_path / "NUS-WIDE-urls.txt"
    file.write_text(
        "Photo_file Photo_id url_Large url_Middle url_Small url_Original\n"
        "C:\\ImageData\\Flickr\\actor\\0001_1.jpg 1 http://a/l.jpg http://a/m.jpg null null\n"
        "C:\\ImageData\\Flickr\\actor\\0002_2.jpg 2 null null http://a/s.jpg null\n"
        "C:\\ImageData\\Flickr\\actor\\0003_3.jpg 3 null null null null\n"
    )
    assert nus_wide_links(file) == {
        "actor/0001_1.jpg": "http://a/m.jpg",
        "actor/0002_2.jpg": "http://a/s.jpg",
    }
    assert list(nus_wide_links(file, ["actor/0002_2.jpg"])) == ["actor/0002_2.jpg"]


def test_posters_begin_by_hand_and_their_links_are_fetched(server, tmp_path):
    root, told = tmp_path / "drawn", []
    make_postcards(root, n=60, seed=1, size=32, layout="movie_posters")
    with pytest.raises(FetchError, match="Kaggle"):
        fetch("movie_posters", tmp_path / "films", **QUICK)
    folder = tmp_path / "films"
    folder.mkdir()
    text = (root / "MovieGenre.csv").read_text("latin-1")
    text = text.replace("https://example.invalid/posters", server.url)
    (folder / "MovieGenre.csv").write_text(text, "latin-1")
    posters = {o.name: o.read_bytes() for o in (root / "posters").iterdir()}
    server.files = {k: v for k, v in posters.items() if v}
    got = fetch("movie_posters", folder, **(QUICK | {"say": told.append}))
    here = {o.name: o.read_bytes() for o in (folder / "posters").iterdir()}
    assert here == server.files and f"{len(here)} of 60 posters are here" in told[-1]
    failed = (folder / "posters-failed.csv").read_text().splitlines()
    assert len(failed) == 1 + 60 - len(here) and "404" in failed[1]
    want = open_dataset(root, min_count=1).df.fname
    assert sorted(open_dataset(got, min_count=1).df.fname) == sorted(want)
    asked = len(server.asked)
    fetch("movie_posters", folder, **QUICK)
    assert len(server.asked) == asked + 60 - len(here)  # only those that aren't here


def test_a_poster_that_is_no_image_is_not_kept(server, tmp_path):
    server.files = {"1.jpg": b"<html>gone</html>", "2.jpg": b"\xff\xd8\xff\xe0" + bytes(50)}
    server.acts["3.jpg"] = [{"stop": 10}]
    server.files["3.jpg"] = bytes(100)
    links = {name: f"{server.url}/{name}" for name in server.files}
    failed = fetch_images(links, tmp_path / "posters", progress=False)
    assert set(failed) == set(links) and not list((tmp_path / "posters").iterdir())
    assert "broke off" in failed["3.jpg"]


# ---- the command -------------------------------------------------------------------------------
def test_the_command_fetches_and_says_what_to_do(server, drawn, tmp_path, monkeypatch, capsys):
    from mlc_course.tools.cli import main

    def mlc(*args):
        try:
            return main([str(a) for a in args]) or 0
        except SystemExit as e:
            return e.code or 0

    server.files["p.tgz"] = drawn[1]
    monkeypatch.setitem(SETS, "pascal_2007", small_pascal(server, drawn[1]))
    assert mlc("fetch", "pascal_2007", "--folder", tmp_path / "set") == 0
    assert f"mlc data {tmp_path / 'set'}" in capsys.readouterr().out
    assert mlc("fetch", "nonsense") == 1
    assert "pascal_2007" in capsys.readouterr().err
    assert mlc("fetch", "movie_posters", "--folder", tmp_path / "films") == 1
    assert "Kaggle" in capsys.readouterr().err


def test_every_set_says_what_to_do_by_hand():
    assert set(SETS) == {"pascal_2007", "nus_wide", "movie_posters", "stanford_cars"}
    for source in SETS.values():
        text = source.by_hand.format(folder="F", place="P")
        assert ("F" in text or "P" in text) and len(text) > 80
    assert MOVIE_POSTERS.posters and fetching.fetch is fetch
