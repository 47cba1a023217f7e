"What stands between the network and Gradio: who may ask, for what, how much, and how slowly."

import asyncio
import os
import re
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from mlc_course.tools.demo.addresses import is_address
from mlc_course.tools.demo.bodies import OnePart, Refusal, checked_event
from mlc_course.tools.demo.exchange import Exchange, header
from mlc_course.tools.demo.folders import upload_sizes
from mlc_course.tools.demo.reading import MAX_BYTES

API = "/gradio_api"
UPLOAD, EVENTS = f"{API}/upload", (f"{API}/run/predict", f"{API}/queue/join")
PAGES = frozenset(
    {
        "/",
        "/config",
        "/theme.css",
        "/favicon.ico",
        "/manifest.json",
        "/robots.txt",
        f"{API}/info",
        f"{API}/app_id",
        f"{API}/startup-events",
        f"{API}/queue/data",
        f"{API}/queue/status",
    }
)
FOLDERS = ("/assets/", "/static/", "/svelte/", f"{API}/heartbeat/")
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::\d{1,5})?")


@dataclass(frozen=True)
class Rules:
    "What the guard allows."

    names: frozenset  # host names by which the page may be asked for; None: any
    addresses: bool = False  # is any IP address a good host name, too?
    uploads: Path | None = None  # the folder of uploads
    events: dict = field(default_factory=dict)  # what `page.event_rules` gives
    upload_bytes: int = MAX_BYTES + 64_000  # of one request, with what surrounds the file
    event_bytes: int = 64_000
    kept_bytes: int = 200_000_000  # of all uploads that wait to be looked at
    senders: int = 100  # uploads that may arrive at the same time
    pause: float = 10.0  # seconds of silence after which an upload is closed
    duration: float = 90.0  # seconds that an upload may take
    reader: float = 60.0  # seconds that a visitor may take to read what waits for him


class Guard:
    "An ASGI application around another: it refuses with a sentence, and lets no traceback through."

    def __init__(self, app, rules):
        self.app, self.rules, self.senders = app, rules, 0

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        exchange = Exchange(receive, send, self.rules)
        try:
            await self._pass(scope, exchange)
        except Refusal as e:
            await exchange.refuse(e)
        except (
            Exception
        ) as e:  # the visitor gets Gradio's "Internal Server Error", the terminal one line
            if not exchange.over and not _left(e):
                _say(scope, e)

    async def _pass(self, scope, exchange):
        check_visitor(scope, self.rules)
        what = check_path(scope)
        if what == "page":
            await self.app(scope, exchange.receive, exchange.send)
        elif what == "event":
            body = checked_event(await exchange.read(self.rules.event_bytes, scope), self.rules)
            await self.app(_with_length(scope, len(body)), exchange.replay(body), exchange.send)
        else:
            await self._upload(scope, exchange)

    async def _upload(self, scope, exchange):
        waiting = sum(size for _, size, _ in upload_sizes(self.rules.uploads))
        if self.senders >= self.rules.senders or waiting > self.rules.kept_bytes:
            raise Refusal(503, "Many images are on their way to this page. Try again in a minute.")
        exchange.bound(scope, self.rules.upload_bytes, OnePart(header(scope, b"content-type")))
        self.senders += 1
        try:
            await self.app({**scope, "query_string": b""}, exchange.receive, exchange.send)
        finally:
            self.senders -= 1


def check_visitor(scope, rules):
    "Refusal, if the page is asked for under a foreign name (DNS rebinding), or by another page."
    hosts = [v.decode("latin-1").lower() for k, v in scope["headers"] if k == b"host"]
    match = HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
    name = match and match[1].strip("[]").rstrip(".")
    if not match or not (
        rules.names is None or name in rules.names or (rules.addresses and is_address(name))
    ):
        ask = (
            "localhost or 127.0.0.1"
            if not rules.addresses
            else "the address of the machine, such as 192.168.1.5"
        )
        raise Refusal(
            403, f"This page doesn't answer to that name. Open it as it was printed, with {ask}."
        )
    ours = {hosts[0]}
    if rules.names is None:
        ours.add((header(scope, b"x-forwarded-host") or hosts[0]).lower())
    look = scope["method"] in ("GET", "HEAD")
    for name in (b"origin", b"referer") if not look else (b"origin",):
        said = header(scope, name)
        if said is not None and _netloc(said) not in ours:
            raise Refusal(
                403, "Another page sent this request, so it was refused. Open this page itself."
            )
    site, mode = header(scope, b"sec-fetch-site"), header(scope, b"sec-fetch-mode")
    if site in ("cross-site", "same-site") and not (look and mode == "navigate"):
        raise Refusal(
            403, "Another page sent this request, so it was refused. Open this page itself."
        )


def check_path(scope):
    "'page', 'event' or 'upload'; Refusal for what this page has no use for, files above all."
    path, method = scope["path"], scope["method"]
    plain = path.rstrip("/") or "/"
    if method in ("GET", "HEAD"):
        if not re.search(r"\.\.|[\\\0]|//", path) and (plain in PAGES or path.startswith(FOLDERS)):
            return "page"
        raise Refusal(404, "There is nothing here: this page gives no files.")
    if method != "POST":
        raise Refusal(405, f"This page doesn't answer to {method}.")
    if plain not in (UPLOAD, *EVENTS):
        raise Refusal(404, "There is nothing here that takes a request of this kind.")
    return "upload" if plain == UPLOAD else "event"


def _with_length(scope, n):
    kept = [
        o
        for o in scope["headers"]
        if o[0] not in (b"content-length", b"transfer-encoding", b"expect")
    ]
    return {**scope, "headers": [*kept, (b"content-length", str(n).encode())]}


def _netloc(url):
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return None


def _left(error):
    "True for what Starlette and Gradio raise when a visitor leaves, or asks for what isn't there."
    if inner := getattr(error, "exceptions", None):  # an exception group
        return all(map(_left, inner))
    if isinstance(error, RuntimeError):
        return "response already started" in str(
            error
        )  # an HTTPException in the middle of an answer
    kinds = ("ClientDisconnect", "HTTPException")
    return isinstance(error, (OSError, asyncio.TimeoutError)) or type(error).__name__ in kinds


def _say(scope, error):
    if os.environ.get("MLC_DEBUG"):
        traceback.print_exception(error)
    said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    print(
        f"mlc: no answer to {scope['method']} {scope['path'][:60]!r} ({said})",
        file=sys.stderr,
        flush=True,
    )
