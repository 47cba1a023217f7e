"`mlc demo`: the page on a port, until it is told to end."
import errno
import ipaddress
import logging
import os
import secrets
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager

from mlc_course.tools.demo.examples import find_examples
from mlc_course.tools.demo.folders import EXAMPLES, UPLOADS, clear_leftovers, own_folder, sweep
from mlc_course.tools.demo.guard import Guard, Rules
from mlc_course.tools.demo.page import build, event_rules, page_theme
from mlc_course.tools.demo.reading import MAX_BYTES

FIRST_PORT, PORTS = 7860, 100
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
AGE, EVERY = 120.0, 15.0  # seconds: an upload that waits so long is deleted; how often that is looked for
CONNECTIONS = 256  # at the same time
HEAD = 10.0  # seconds that the head of a request may take


def is_loopback(host):
    "True if nobody but this machine reaches the address."
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def check_address(
    host: str,  # to listen on
    port,  # or None for any
):
    "ValueError with a sentence, if the page can't be served there."
    _bound(host, port or 0).close()


def _bound(host, port):
    "A socket at this address, or ValueError with a sentence."
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise ValueError(f"{host!r} is not an address. Give --host 127.0.0.1 for this machine alone, or 0.0.0.0 "
                         "for the network.") from None
    family, kind, _, _, address = found
    s = socket.socket(family, kind)
    if os.name == "posix":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        s.bind(address)
        s.listen()
        return s
    except OSError as e:
        s.close()
        raise _AddressError(e.errno, _address_sentence(e, host, port)) from None


class _AddressError(ValueError):
    def __init__(self, number, sentence):
        super().__init__(sentence)
        self.errno = number


def _address_sentence(error, host, port):
    if error.errno == errno.EADDRINUSE:
        return (f"Port {port} is in use, perhaps by another demo. Choose another with --port, or leave --port out to "
                "take the first free one.")
    if error.errno == errno.EACCES:
        return f"Port {port} is not allowed to you. Choose one from 1024 on."
    return f"The page can't be served at {host} ({error.strerror}). Give an address of this machine."


def listen(
    host: str,  # to listen on
    port,  # or None for the first free one from `FIRST_PORT`
):  # a socket
    "A listening socket; ValueError with a sentence if there is none."
    if port is not None:
        return _bound(host, port)
    for one in range(FIRST_PORT, FIRST_PORT + PORTS):
        try:
            return _bound(host, one)
        except _AddressError as e:
            if e.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    last = FIRST_PORT + PORTS - 1
    raise ValueError(f"Every port from {FIRST_PORT} to {last} is in use. Choose another with --port.")


def serve(
    folder,  # of a predictor
    examples=None,  # a folder of images
    host: str = "127.0.0.1",  # who may open the page: this machine alone
    port=None,  # the first free one from 7860
    share: bool = False,  # ask Gradio for a public address?
    open_browser: bool = False,  # open the page?
):
    "Serve the page until Ctrl-C. Uploads and drawn examples lie in a folder of their own, which is deleted at the end."
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # onnxruntime reports to its maker otherwise
    from mlc_course.predictor import Predictor

    predictor = Predictor.load(folder)
    check_address(host, port)
    clear_leftovers()
    with _ended_quietly(), own_folder() as home:
        found = find_examples(examples, predictor.spec, home / EXAMPLES)
        _warn(host, share)
        os.environ["GRADIO_TEMP_DIR"] = str(home / UPLOADS)
        page = build(predictor, found)
        with listen(host, port) as s:
            port = s.getsockname()[1]
            app = guarded(page, predictor, home / UPLOADS, host, port, share)
            with running(app, s):
                print(f"The page is at {_url(host, port)} and ends with Ctrl-C.", flush=True)
                if share:
                    _share(port)
                if open_browser:
                    _open(_url(host, port))
                _wait(home / UPLOADS, page)


def _warn(host, share):
    if is_loopback(host) and not share:
        return
    who = "everybody who gets its public address" if share else f"everybody who reaches this machine at {host}"
    print(f"mlc: warning: {who} can use the page; it has no password.", file=sys.stderr)


def names_of(
    host: str,  # that the page listens on
    share: bool = False,  # has it a public address?
):  # (names or None for any, are IP addresses names?)
    "The host names that the page answers to: a foreign one is how another page would reach it (DNS rebinding)."
    if share:
        return None, True  # Gradio chooses the name
    if is_loopback(host):
        return LOOPBACK | {host.strip("[]").lower()}, False
    machine = socket.gethostname().lower()
    return LOOPBACK | {host.strip("[]").lower(), machine, f"{machine}.local", socket.getfqdn().lower()}, True


def guarded(
    page,  # what `build` gives
    predictor,  # a `predictor.Predictor`
    uploads,  # the folder of uploads
    host: str = "127.0.0.1",  # that the page listens on
    port: int = FIRST_PORT,  # likewise
    share: bool = False,  # has it a public address?
):  # an ASGI application
    "Gradio's application, with the guard before it."
    import gradio as gr
    from fastapi import FastAPI

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    closed = dict(show_error=False, footer_links=[], run_history=False, enable_monitoring=False, ssr_mode=False)
    closed |= dict(mcp_server=False, pwa=False, root_path="", max_file_size=MAX_BYTES, allowed_paths=[])
    app = gr.mount_gradio_app(app, page, "/", server_name=host, server_port=port, theme=page_theme(), **closed)
    names, addresses = names_of(host, share)
    rules = Rules(names, addresses, uploads, event_rules(page, predictor.vocab))
    return Guard(app, rules)


@contextmanager
def running(
    app,  # an ASGI application
    s,  # a socket that is bound
    head: float = HEAD,  # seconds that the head of a request may take
):  # uvicorn.Server
    "Serve the application in a thread while the block runs; nothing is logged unless MLC_DEBUG is set."
    import uvicorn

    if not os.environ.get("MLC_DEBUG"):
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    config = uvicorn.Config(app, http=patient_protocol(head), ws="none", loop="asyncio", lifespan="on", log_config=None,
                            log_level="critical", access_log=False, proxy_headers=False, server_header=False,
                            limit_concurrency=CONNECTIONS, timeout_keep_alive=5, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs=dict(sockets=[s]), daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("The page could not be started. MLC_DEBUG=1 shows why.")
            time.sleep(0.01)
        yield server
    finally:
        server.should_exit = True
        thread.join(timeout=5)


def patient_protocol(
    seconds: float,  # that the head of a request may take
):  # a class for uvicorn
    "uvicorn's protocol, which closes connections whose next request doesn't arrive whole in time."
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Patient(H11Protocol):
        "Ends slow heads; uvicorn's own time-out stops at a request's first byte."

        clock = None

        def connection_made(self, transport):
            super().connection_made(transport)
            self._watch()

        def data_received(self, data):
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc):
            super().connection_lost(exc)
            self._stop()

        def _idle(self):
            return self.cycle is None or self.cycle.response_complete

        def _watch(self):
            if not self._idle():
                self._stop()
            elif self.clock is None:
                self.clock = self.loop.call_later(seconds, self._end)

        def _stop(self):
            if self.clock is not None:
                self.clock.cancel()
                self.clock = None

        def _end(self):
            self.clock = None
            if self._idle() and not self.transport.is_closing():
                self.transport.abort()

    return Patient


def _url(host, port):
    name = {"0.0.0.0": "localhost", "::": "localhost"}.get(host.strip("[]"), host.strip("[]"))
    return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"


def _share(port):
    "Ask Gradio for a public address, and say it; without one, the page goes on here."
    try:
        from gradio.networking import setup_tunnel

        print(f"Everybody can open it at {setup_tunnel('127.0.0.1', port, secrets.token_urlsafe(32), None, None)}", flush=True)
    except Exception as e:  # no network, no tunnel program, another Gradio
        print(f"mlc: there is no public address: {e}", file=sys.stderr)


def _open(url):
    import webbrowser

    webbrowser.open(url)


@contextmanager
def _ended_quietly():
    "Ctrl-C, SIGTERM and a closed terminal end the block, and nothing is said but a new line."
    names = [o for o in ("SIGTERM", "SIGHUP") if hasattr(signal, o)]
    mine = threading.current_thread() is threading.main_thread()
    before = {o: signal.signal(getattr(signal, o), signal.default_int_handler) for o in names} if mine else {}
    try:
        yield
    except KeyboardInterrupt:
        print(file=sys.stderr)
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _wait(uploads, page):
    "Until Ctrl-C, or until the process is told to end; old uploads are swept away meanwhile."
    last = time.monotonic()
    while True:
        time.sleep(0.5)
        if time.monotonic() - last > EVERY:
            sweep(uploads, AGE)
            page.upload_file_set.clear()  # Gradio's list of them, which only grows
            last = time.monotonic()
