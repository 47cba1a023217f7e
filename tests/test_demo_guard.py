"What `mlc demo` lets in, how much of it, and what it keeps: the guard, then the page behind it."

import gc
import hashlib
import http.client
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("gradio", reason='the page needs Gradio: pip install "mlc_course[demo]"')
from test_demo import tiny_model  # noqa: E402

from mlc_course.tools import demo  # noqa: E402
from mlc_course.tools.demo import bodies, reading  # noqa: E402
from mlc_course.tools.demo import page as pages

BOUNDARY = "----mlc"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
JSON = {"Content-Type": "application/json"}
HEAD = f"Host: localhost\r\nContent-Type: {FORM['Content-Type']}\r\n"


def form(*files, field="files"):
    "A multipart body with these (name, bytes)."
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{{}}"\r\n\r\n'
    )
    parts = [head.format(name).encode() + data + b"\r\n" for name, data in files]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


class Echo:
    "An application that reads all, and says how much; /gradio_api/app_id fails."

    def __init__(self):
        self.read, self.answered = 0, 0

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                kind = (await receive())["type"]
                await send({"type": kind + ".complete"})
                if kind == "lifespan.shutdown":
                    return
        if scope["path"].endswith("app_id"):
            raise KeyError("a bug\nof two lines")
        got, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError("left")
            got += message["body"]
            self.read += len(message["body"])
            more = message["more_body"]
        self.answered += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send(
            {
                "type": "http.response.body",
                "body": got if len(got) < 1000 else str(len(got)).encode(),
            }
        )


def served(app, **kw):
    "A context in which the application runs at a free port."
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen()
    return demo.running(app, s, **kw), s.getsockname()[1]


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    "A guard with little patience before an application that reads all."
    inner = Echo()
    uploads = tmp_path_factory.mktemp("uploads")
    names, addresses = demo.names_of("127.0.0.1")
    number = bodies.between(0, 1)
    about = dict(
        path=bodies.text_up_to(4_000), name=bodies.text_up_to(4_000), example=bodies.whole_number
    )
    events = {
        3: dict(inputs=[bodies.is_nothing, number], about={}),
        0: dict(inputs=[number], about=about),
    }
    rules = demo.Rules(
        names, addresses, uploads, events, upload_bytes=200_000, pause=1.5, duration=5.0
    )
    context, port = served(demo.Guard(inner, rules), head=3.0)
    with context:
        inner.port, inner.uploads = port, uploads
        yield inner


def ask(port, method, path, body=None, headers=None, host=None):
    "(status, text) of one request."
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    c.putrequest(method, path, skip_host=True)
    for k, v in {"Host": host or f"127.0.0.1:{port}", **(headers or {})}.items():
        if v is not None:
            c.putheader(k, v)
    if body is not None and "Transfer-Encoding" not in (headers or {}):
        c.putheader("Content-Length", str(len(body)))
    c.endheaders(body)
    with c.getresponse() as r:
        return r.status, r.read().decode()


# ---- who may ask -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:PORT",
        "localhost.:PORT",
        "127.0.0.1:PORT",
        "[::1]:PORT",
        "localhost:8000",
    ],
)
def test_this_machines_names_are_answered(echo, host):
    assert ask(echo.port, "GET", "/", host=host.replace("PORT", str(echo.port)))[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:PORT",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "a@127.0.0.1",
        "192.168.1.5",
        "127.0.0.1:1:1",
        "[::1",
        "127.0.0.1/",
        "0.0.0.0",
        "2130706433",
        "xn--localhost",
    ],
)
@pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/heartbeat/abc", "/nothing"])
def test_foreign_names_are_refused(echo, host, path):
    status, text = ask(echo.port, "GET", path, host=host.replace("PORT", str(echo.port)))
    assert status == 403 and "localhost or 127.0.0.1" in text and text.strip().endswith(".")


def test_two_host_headers_or_none_are_refused(echo):
    for head in (
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", echo.port)) as s:
            s.sendall(head.encode())
            assert re.match(rb"HTTP/1.1 (400|403) ", s.recv(1000))


def test_on_the_network_addresses_and_its_own_names_are_answered():
    names, addresses = demo.names_of("0.0.0.0")
    rules = demo.Rules(names, addresses)
    scope = lambda host: dict(method="GET", headers=[(b"host", host.encode())])
    for host in (
        "192.168.1.5:7860",
        "[fe80::1]:7860",
        "localhost:7860",
        f"{socket.gethostname().lower()}:7860",
    ):
        demo.guard.check_visitor(scope(host), rules)
    with pytest.raises(demo.Refusal, match="192.168.1.5"):
        demo.guard.check_visitor(scope("evil.example:7860"), rules)
    demo.guard.check_visitor(
        scope("abc.gradio.live"), demo.Rules(*demo.names_of("127.0.0.1", share=True))
    )


def test_what_holds_on_the_network_is_said():
    assert demo.network_warning("127.0.0.1") is demo.network_warning("localhost") is None
    said = demo.network_warning("0.0.0.0")
    assert "at 0.0.0.0 can use the page" in said and "no password" in said and "localhost" in said
    assert "IP addresses" in said and "any host name" in demo.network_warning(
        "127.0.0.1", share=True
    )


FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:3000"},
    {"Origin": "http://127.0.0.1"},
    {"Referer": "http://evil.example/127.0.0.1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://evil.example:PORT"},
    {"Origin": "http://127.0.0.1:PORT@evil.example"},
    {"Origin": "http://[::1"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_what_other_pages_send_is_refused(echo, headers):
    headers = {k: v.replace("PORT", str(echo.port)) for k, v in headers.items()}
    before = echo.answered
    for path in ("/gradio_api/upload", "/gradio_api/run/predict", "/gradio_api/queue/join"):
        for kind in (FORM, JSON, {"Content-Type": "text/plain"}):
            status, text = ask(echo.port, "POST", path, form(("a.png", b"x")), {**kind, **headers})
            assert status == 403 and text.startswith("Another page sent this request")
    assert echo.answered == before


def test_what_this_page_sends_is_answered(echo):
    own = {
        "Origin": f"http://127.0.0.1:{echo.port}",
        "Referer": f"http://127.0.0.1:{echo.port}/",
        "Sec-Fetch-Site": "same-origin",
    }
    for headers in (own, {}):
        assert (
            ask(
                echo.port, "POST", "/gradio_api/upload", form(("a.png", b"x")), {**FORM, **headers}
            )[0]
            == 200
        )


def test_a_link_opens_the_page_and_nothing_else(echo):
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert ask(echo.port, "GET", "/", headers=link)[0] == 200
    for headers in (
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Origin": "http://localhost:3000"},
    ):
        assert ask(echo.port, "GET", "/config", headers=headers)[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/file=/etc/passwd",
        "/gradio_api/proxy=http://a.hf.space/",
        "/static/../../x",
        "/assets/..%2f..%2fx",
        "/static/a%00b",
        "/monitoring",
        "/gradio_api/upload_progress",
        "//",
        "/docs",
    ],
)
def test_only_what_the_page_needs_is_there(echo, path):
    assert ask(echo.port, "GET", path)[0] == 404
    assert ask(echo.port, "POST", path, b"", JSON)[0] == 404


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_are_refused(echo, method):
    assert (
        ask(
            echo.port,
            method,
            "/gradio_api/upload",
            headers={"Access-Control-Request-Method": "POST"},
        )[0]
        == 405
    )


# ---- how much, and how slowly ------------------------------------------------------------------
def test_one_file_a_request(echo):
    status, text = ask(
        echo.port, "POST", "/gradio_api/upload", form(("a.png", b"x"), ("b.png", b"y")), FORM
    )
    assert status == 413 and "One image a request" in text
    assert (
        ask(echo.port, "POST", "/gradio_api/upload", form(*[("a.png", b"x")] * 900), FORM)[0] == 413
    )


@pytest.mark.parametrize(
    "body,headers",
    [
        (form(("a.png", b"x"), field="other"), FORM),
        (b"--" + BOUNDARY.encode() + b"--\r\n", FORM),
        (b"", FORM),
        (b"no multipart at all", FORM),
        (b"{}", JSON),
        (b"x", {"Content-Type": "multipart/form-data"}),
        (b"x", {}),
        (form(("a.png", b"x")).replace(b'; filename="a.png"', b""), FORM),
    ],
)
def test_what_is_no_upload_is_refused(echo, body, headers):
    status, text = ask(echo.port, "POST", "/gradio_api/upload", body, headers)
    assert status == 400 and text.strip().endswith(".")


def test_a_body_that_says_it_is_too_long_is_not_read(echo):
    before = echo.read
    with socket.create_connection(("127.0.0.1", echo.port)) as s:
        s.sendall(
            f"POST /gradio_api/upload HTTP/1.1\r\n{HEAD}Content-Length: 198000000\r\n\r\n".encode()
        )
        s.settimeout(10)
        answer = s.recv(1000)
    assert answer.startswith(b"HTTP/1.1 413 ") and echo.read == before


def test_a_chunked_body_is_counted_as_it_comes(echo):
    before = echo.read

    def chunks():
        body = form(("a.png", bytes(3_000_000)))
        for i in range(0, len(body), 50_000):
            part = body[i : i + 50_000]
            yield f"{len(part):x}\r\n".encode() + part + b"\r\n"
        yield b"0\r\n\r\n"

    c = http.client.HTTPConnection("127.0.0.1", echo.port, timeout=20)
    c.request(
        "POST",
        "/gradio_api/upload",
        chunks(),
        {**FORM, "Transfer-Encoding": "chunked"},
        encode_chunked=False,
    )
    r = c.getresponse()
    assert r.status == 413 and b"10 MB" in r.read() and echo.read - before <= 200_000


def test_a_client_that_reads_at_the_end_gets_the_refusal(echo):
    assert (
        ask(echo.port, "POST", "/gradio_api/upload", form(("a.png", bytes(20_000_000))), FORM)[0]
        == 413
    )


def test_events_are_short(echo):
    event = json.dumps(
        dict(data=[None, 0.5], fn_index=3, session_hash="abc", more="x" * 70_000)
    ).encode()
    status, text = ask(echo.port, "POST", "/gradio_api/run/predict", event, JSON)
    assert status == 413 and "64,000 bytes" in text


def stalled(port, n=1):
    "A connection with an upload that stops in the middle."
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(
        f"POST /gradio_api/upload HTTP/1.1\r\n{HEAD}Content-Length: 90000\r\n\r\n".encode()
        + form(("a.png", bytes(1000)))[:500]
    )
    s.settimeout(10)
    return s


def test_fifty_uploads_that_stall_are_closed_and_others_are_served(echo):
    slow = [stalled(echo.port) for _ in range(50)]
    for _ in range(3):
        assert ask(echo.port, "POST", "/gradio_api/upload", form(("a.png", b"x")), FORM)[0] == 200
    for s in slow:
        assert s.recv(1000).startswith(b"HTTP/1.1 408 ")
        while s.recv(1000):
            pass
        s.close()


def test_an_upload_that_drips_is_closed_too(echo):
    with stalled(echo.port) as s:
        with pytest.raises(OSError):
            for _ in range(40):
                s.sendall(b"x")
                time.sleep(0.2)


def test_a_head_that_drips_is_closed(echo):
    with socket.create_connection(("127.0.0.1", echo.port)) as s:
        s.settimeout(10)
        s.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        with pytest.raises(OSError):
            for i in range(40):
                s.sendall(b"X-%d: 1\r\n" % i)
                time.sleep(0.2)


def test_a_full_folder_takes_no_more(echo, monkeypatch):
    (echo.uploads / "waiting.jpg").write_bytes(b"x")
    monkeypatch.setattr(demo.guard, "upload_sizes", lambda folder: [(folder, 200_000_001, 1.0)])
    status, text = ask(echo.port, "POST", "/gradio_api/upload", form(("a.png", b"x")), FORM)
    assert status == 503 and "Try again" in text


def test_nothing_is_said_of_visitors_who_leave_and_one_line_of_a_bug(echo, capfd):
    for _ in range(5):
        stalled(echo.port).close()
        with socket.create_connection(("127.0.0.1", echo.port)) as s:
            s.sendall(b"\x16\x03\x01 not HTTP\r\n\r\n")
        with socket.create_connection(("127.0.0.1", echo.port)) as s:
            s.sendall(b"GET /config HTTP/1.1\r\nHost: localhost\r\n\r\n")
    time.sleep(0.5)
    assert capfd.readouterr().err == ""
    assert ask(echo.port, "GET", "/gradio_api/app_id")[0] == 500
    err = capfd.readouterr().err
    assert (
        err.startswith("mlc: no answer to GET '/gradio_api/app_id' (KeyError:")
        and err.count("\n") == 1
    )


# ---- events ------------------------------------------------------------------------------------
GOOD = dict(data=[0.5], fn_index=0, session_hash="abc", trigger_id=5)


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"null", b"[]", b"3", b'"a"', b"[" * 50_000, b"\xff", b'{"data": [NaN]}']
)
def test_events_that_are_not_json_objects(raw):
    with pytest.raises(demo.Refusal) as e:
        demo.checked_event(raw, demo.Rules(frozenset(), uploads=Path("/nowhere")))
    assert e.value.status == 400


@pytest.mark.parametrize(
    "changes",
    [
        dict(fn_index=99),
        dict(fn_index="0"),
        dict(fn_index=None),
        dict(fn_index=True),
        dict(data=None),
        dict(data=[]),
        dict(data=[1, 2]),
        dict(data=["x"]),
        dict(data=[2]),
        dict(data=[None]),
        dict(data=[True]),
        dict(session_hash=None),
        dict(session_hash="../x"),
        dict(session_hash="x" * 99),
        dict(event_data=3),
        dict(event_data=dict(name=3)),
        dict(event_data=dict(example="0")),
        dict(event_data=dict(example=True)),
        dict(data={}),
    ],
)
def test_odd_events_are_refused(echo, changes):
    assert ask(
        echo.port, "POST", "/gradio_api/run/predict", json.dumps({**GOOD, **changes}).encode(), JSON
    )[0] in (400, 403)


def test_events_hold_nothing_but_what_the_page_sends(echo):
    path = str(echo.uploads / "ab" / "a.jpg")
    more = dict(
        batched=True,
        simple_format=True,
        request={},
        event_id="x",
        event_data=dict(path=path, name="a.jpg", other=1),
    )
    status, text = ask(
        echo.port, "POST", "/gradio_api/queue/join", json.dumps({**GOOD, **more}).encode(), JSON
    )
    assert status == 200 and json.loads(text) == {
        **GOOD,
        "event_data": dict(path=path, name="a.jpg"),
    }
    event = json.dumps(
        dict(data=[None, 0.5], fn_index=3, session_hash="abc", event_data=dict(any="thing"))
    ).encode()
    assert (
        json.loads(ask(echo.port, "POST", "/gradio_api/queue/join", event, JSON)[1])["event_data"]
        is None
    )


def naming(path, uploads):
    "Events that name a path, in every place."
    data = dict(path=path, meta={"_type": "gradio.FileData"})
    yield {**GOOD, "event_data": dict(path=path)}
    yield {**GOOD, "event_data": dict(path=path, name="a.jpg")}
    yield {**GOOD, "event_data": data}
    yield {**GOOD, "event_data": dict(name="a", more=[dict(path=path)])}
    yield {**GOOD, "event_data": [dict(path=path)]}
    for value in (data, dict(path=path), [data], [[data]], dict(url=path, path=f"{uploads}/a.jpg")):
        yield {**GOOD, "data": [value]}
        yield {**GOOD, "data": value}
        yield {**GOOD, "data": [None, value], "fn_index": 3}


def test_events_that_name_a_path_outside_are_refused_everywhere(echo, tmp_path):
    secret = tmp_path / "secret.png"
    Image.new("RGB", (9, 9)).save(secret)
    (echo.uploads / "link.png").symlink_to(secret)
    before = echo.answered
    for path in (
        secret,
        "/etc/passwd",
        f"{echo.uploads}/../secret.png",
        f"{echo.uploads}/link.png",
        echo.uploads,
        "a\0b",
        "C:\\x",
        "~/x",
        "",
    ):
        for event in naming(str(path), echo.uploads):
            for route in ("/gradio_api/run/predict", "/gradio_api/queue/join"):
                status, text = ask(echo.port, "POST", route, json.dumps(event).encode(), JSON)
                assert status == 403 and "wasn't uploaded" in text, event
    assert echo.answered == before


# ---- what is kept ------------------------------------------------------------------------------
OWNER = (
    "import time\nfrom mlc_course.tools.demo.folders import own_folder\n"
    "with own_folder() as home:\n (home/'uploads'/'a.jpg').write_bytes(b'x')\n"
    " print(home, flush=True)\n time.sleep(60)"
)


@pytest.fixture
def owner(tmp_path):
    "Another process with a folder of its own, as `mlc demo` has it."
    p = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    p.home = Path(p.stdout.readline().strip())
    yield p
    p.kill()
    p.wait()
    p.stdout.close()


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_what_a_killed_page_left_is_cleared_and_nothing_else(owner, tmp_path):
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "a.jpg").write_bytes(b"x")
    (tmp_path / "mlc-demo-link").symlink_to(treasure)
    for name in (
        "mlc-demo-notes/mine.txt",
        "mlc-demo-mixed/uploads/a.jpg",
        "mlc-demo-mixed/mine.txt",
        "other/uploads/a.jpg",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "mlc-demo-file").write_bytes(b"x")
    assert demo.clear_leftovers(tmp_path) == [] and (owner.home / "uploads" / "a.jpg").exists()
    (owner.home / "uploads" / "link").symlink_to(treasure)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert demo.clear_leftovers(tmp_path) == [owner.home] and not owner.home.exists()
    assert (treasure / "a.jpg").exists() and (
        tmp_path / "mlc-demo-mixed" / "uploads" / "a.jpg"
    ).exists()
    assert (tmp_path / "mlc-demo-notes" / "mine.txt").exists() and (
        tmp_path / "other" / "uploads" / "a.jpg"
    ).exists()


def test_old_uploads_are_swept_away(tmp_path):
    for name in ("tmpabc", "ab/a.jpg", "cd/b.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    for name in ("tmpabc", "ab/a.jpg"):
        os.utime(tmp_path / name, (0, 0))
    (tmp_path / "tmpnew").write_bytes(b"x")
    os.utime(tmp_path / "tmpnew", (time.time() - 40,) * 2)
    os.utime(tmp_path / "cd/b.jpg", (time.time() - 40,) * 2)
    assert demo.sweep(tmp_path, 60) == 2 and demo.sweep(tmp_path, 60, 30) == 1
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")) == ["cd", "cd/b.jpg"]


def test_one_image_at_a_time_is_decoded(tmp_path, monkeypatch):
    Image.new("RGB", (40, 30), "red").save(tmp_path / "a.png")
    now, most = [], []

    class Model:
        image_size, has_maps = 8, False

        def predict(self, pixels):
            now.append(1)
            most.append(len(now))
            time.sleep(0.02)
            now.pop()
            return [type("S", (), dict(scores={"a": 0.5}))()]

    looking = [
        threading.Thread(target=demo.look, args=(Model(), tmp_path / "a.png")) for _ in range(6)
    ]
    for o in looking:
        o.start()
    for o in looking:
        o.join()
    assert most == [1] * 6
    with pytest.raises(demo.Refused, match="busy"):
        reading.in_turn(lambda: time.sleep(0.3), patience=0.05)
    assert reading.in_turn(lambda: 3, patience=5) == 3


def test_out_of_memory_is_a_sentence(tmp_path, monkeypatch):
    Image.new("RGB", (40, 30), "red").save(tmp_path / "a.png")

    class Model:
        image_size, has_maps = 8, False

        def predict(self, pixels):
            raise MemoryError

    with pytest.raises(demo.Refused, match="a.png needs more memory than there is"):
        demo.look(Model(), tmp_path / "a.png")


# ---- many labels -------------------------------------------------------------------------------
def many(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    scores = {f"label {i} & <b>": float(p) for i, p in enumerate(rng.beta(1, 8, n))}
    return scores, dict(zip(scores, rng.uniform(0.2, 0.9, n).tolist()))


def labels_of(page):
    import html

    return [html.unescape(o) for o in re.findall(r'data-label="(.*?)"', page)]


@pytest.mark.parametrize("t", [0.0, 0.05, 0.3, 0.9, 1.0, "own"])
def test_of_many_labels_the_best_are_shown_and_the_rest_is_counted(t):
    scores, own = many()
    thresholds = own if t == "own" else dict.fromkeys(scores, t)
    page = demo.bars_html(scores, thresholds)
    assert len(page.encode()) < 100_000
    shown, above = labels_of(page), [o for o, p in scores.items() if p > thresholds[o]]
    assert 50 <= len(shown) <= 100 and [scores[o] for o in shown] == sorted(
        (scores[o] for o in shown), reverse=True
    )
    rest, hidden = map(int, re.search(r'data-rest="(\d+)" data-above="(\d+)"', page).groups())
    assert rest == 2000 - len(shown) and hidden == len(set(above) - set(shown))
    assert len(above) > 100 or set(above) <= set(shown)  # shown, or counted
    assert f"and {rest:,} more labels" in page
    if len(above) <= 50:
        assert len(shown) == 50
    assert len(demo.sentence(scores, thresholds)) < 1_300


def test_a_label_above_its_low_threshold_is_shown_wherever_it_ranks():
    scores = {f"l{i}": 1 - i / 1000 for i in range(1000)}
    thresholds = dict.fromkeys(scores, 2.0)
    thresholds["l998"] = 0.0
    page = demo.bars_html(scores, thresholds)
    assert (
        labels_of(page) == [f"l{i}" for i in range(49)] + ["l998"]
        and 'data-rest="950" data-above="0"' in page
    )


def test_long_names_stay_within_the_bound():
    scores = {f'{i}"<&' + "x" * 3000: 0.9 for i in range(60)}
    page = demo.bars_html(scores, dict.fromkeys(scores, 0.5))
    shown = len(labels_of(page))
    assert (
        len(page) < 100_000
        and 1 <= shown < 60
        and f'data-rest="{60 - shown}" data-above="{60 - shown}"' in page
    )
    assert len(demo.sentence(scores, dict.fromkeys(scores, 0.5))) < 5_000


def test_few_labels_are_all_shown():
    scores, thresholds = many(50)
    page = demo.bars_html(scores, thresholds)
    assert len(labels_of(page)) == 50 and "more label" not in page


@pytest.mark.parametrize("n,said", [(1, 1), (20, 20), (21, 20), (2000, 20)])
def test_the_sentence_names_twenty_labels_and_counts_the_others(n, said):
    scores = {f"l{i:04d}": 0.9 - i / 10_000 for i in range(n)}
    text = demo.sentence(scores, dict.fromkeys(scores, 0.0))
    assert re.findall(r"l\d{4}", text) == list(scores)[:said]
    assert text.endswith(f" and {n - said:,} more label{'s' * (n - said != 1)}") == (n > said)


# ---- the page behind the guard -----------------------------------------------------------------
@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    "Three colours as labels."
    pytest.importorskip("onnx")
    from mlc_course.predictor import MODEL, SPEC, Predictor

    folder = tmp_path_factory.mktemp("predictor")
    tiny_model(folder / MODEL)
    spec = dict(
        format=1,
        vocab=["blue", "green", "red"],
        thresholds=dict(blue=0.45, green=0.3, red=0.6),
        trained=dict(dataset="squares"),
        preprocessing=dict(image_size=32, resize="squashed to a square"),
        model=dict(sha256=hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()),
        created="2025-01-01T12:00:00+00:00",
    )
    (folder / SPEC).write_text(json.dumps(spec))
    return Predictor.load(folder)


@pytest.fixture(scope="module")
def gradio_page(predictor, tmp_path_factory):
    "The whole page in this process, with few sessions."
    uploads = tmp_path_factory.mktemp("demo") / "uploads"
    uploads.mkdir()
    before = {k: os.environ.get(k) for k in ("GRADIO_TEMP_DIR",)}
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)
    old, pages.SESSIONS = pages.SESSIONS, 10
    try:
        page = demo.build(predictor, [])
        context, port = served(demo.guarded(page, predictor, uploads))
        with context:
            page.port, page.uploads = port, uploads
            yield page
    finally:
        pages.SESSIONS = old
        for k, v in before.items():
            os.environ.pop(k) if v is None else os.environ.update({k: v})


def photo(colour="red"):
    out = io.BytesIO()
    Image.new("RGB", (80, 60), colour).save(out, "JPEG")
    return out.getvalue()


def numbers(page):
    "What happens -> the number of its event."
    return {
        name: event["id"]
        for event in page.get_config_file()["dependencies"]
        for _, name in event["targets"]
        if event["inputs"]
    }


def visit(page, session, route="run/predict"):
    "Upload an image and look at it, as the browser does; the answer."
    status, text = ask(page.port, "POST", "/gradio_api/upload", form(("a.jpg", photo())), FORM)
    assert status == 200
    event = dict(
        data=["chosen", 0.5],
        event_data=dict(path=json.loads(text)[0], name="a.jpg"),
        fn_index=numbers(page)["upload"],
        session_hash=session,
    )
    status, text = ask(page.port, "POST", f"/gradio_api/{route}", json.dumps(event).encode(), JSON)
    assert status == 200, text
    return text


@pytest.mark.parametrize("route", ["run/predict", "queue/join"])
def test_sessions_are_forgotten(gradio_page, route, capfd):
    for i in range(35):
        text = visit(gradio_page, f"{route[:3]}{i}", route)
        assert route == "queue/join" or "mlc-answer" in text
        while any(gradio_page.uploads.rglob("*.jpg")):
            time.sleep(0.05)  # the queue works on
    gc.collect()
    assert sum(isinstance(o, demo.Seen) for o in gc.get_objects()) <= 11
    assert len(gradio_page.state_holder.session_data) <= 11
    assert (
        not any(p.is_file() for p in gradio_page.uploads.rglob("*"))
        and capfd.readouterr().err == ""
    )


def test_what_is_remembered_of_an_image_is_little():
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (600, 800, 3), dtype=np.uint8))
    maps = rng.random((20, 7, 7), dtype=np.float32)
    assert len(demo.thumbnail(noise)) < 150_000 and demo.small_maps(maps).nbytes == maps.nbytes // 2
    assert (
        not np.isnan(demo.small_maps(maps * 0)).any()
        and np.isfinite(demo.small_maps(maps * 1e30)).all()
    )


def test_odd_requests_leave_no_traceback(gradio_page, capfd):
    port, session = gradio_page.port, "odd"
    take = numbers(gradio_page)["upload"]
    for data in (
        ["chosen", "x"],
        ["nonsense", 0.5],
        [None, None],
        [{}, []],
        [],
        ["chosen", 1e99],
        ["chosen", 0.5, 1],
    ):
        for fn in (take, take + 1, 99, -1):
            for route in ("run/predict", "queue/join"):
                ask(
                    port,
                    "POST",
                    f"/gradio_api/{route}",
                    json.dumps(dict(data=data, fn_index=fn, session_hash=session)).encode(),
                    JSON,
                )
    for event_data in (
        None,
        {},
        dict(path=str(gradio_page.uploads / "gone.jpg")),
        dict(example=-1),
        dict(path=str(gradio_page.uploads)),
    ):
        event = dict(
            data=["chosen", 0.5], event_data=event_data, fn_index=take, session_hash=session
        )
        assert ask(port, "POST", "/gradio_api/run/predict", json.dumps(event).encode(), JSON)[
            0
        ] in (200, 403)
    for path in ("queue/data?session_hash=nobody", "queue/data", "info?x=1", "startup-events"):
        try:
            ask(port, "GET", f"/gradio_api/{path}")
        except http.client.IncompleteRead:
            pass  # a stream that ends at once
    for n in (100, 1000):
        with socket.create_connection(("127.0.0.1", port)) as s:
            body = form(("a.jpg", photo()))
            s.sendall(
                f"POST /gradio_api/upload HTTP/1.1\r\n{HEAD}"
                f"Content-Length: {len(body) + 5000}\r\n\r\n".encode()
                + body[:n]
            )
    time.sleep(0.5)
    assert capfd.readouterr().err == ""
    assert "mlc-answer" in visit(gradio_page, session)


def test_a_map_of_nothing_is_nothing(gradio_page, capfd):
    see = max(e["id"] for e in gradio_page.get_config_file()["dependencies"])
    for label, expected in (("green", 200), ("black", 400), (3, 400), (None, 400)):
        event = dict(data=[None, label], fn_index=see, session_hash="unseen")
        status, text = ask(
            gradio_page.port, "POST", "/gradio_api/run/predict", json.dumps(event).encode(), JSON
        )
        assert status == expected
        if expected == 200:
            assert json.loads(text)["data"] == [""]
    assert capfd.readouterr().err == ""


def test_events_wait_for_nothing(gradio_page):
    assert all(e["queue"] is False for e in gradio_page.get_config_file()["dependencies"])
