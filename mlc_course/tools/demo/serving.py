"`mlc demo`: the page on a port, until it is told to end."

import os
import secrets
import signal
import sys
import threading
import time
from contextlib import contextmanager

from mlc_course.tools.demo.addresses import (
    FIRST_PORT,
    check_address,
    is_address,
    is_loopback,
    listen,
    names_of,
    page_url,
)
from mlc_course.tools.demo.examples import find_examples
from mlc_course.tools.demo.folders import EXAMPLES, UPLOADS, clear_leftovers, own_folder, sweep
from mlc_course.tools.demo.guard import Guard, Rules
from mlc_course.tools.demo.page import build, event_rules, page_theme
from mlc_course.tools.demo.reading import MAX_BYTES
from mlc_course.tools.demo.server import running

AGE, SILENCE = 120.0, 30.0  # seconds that an upload is kept which nobody asks for, or broke off
EVERY = 5.0  # seconds: how often that is looked for


def serve(
    folder,  # of a predictor
    examples=None,  # a folder of images
    host: str = "127.0.0.1",  # who may open the page: this machine alone
    port=None,  # the first free one from 7860
    share: bool = False,  # ask Gradio for a public address?
    open_browser: bool = False,  # open the page?
):
    "Serve the page until Ctrl-C. Uploads and drawn examples lie in a folder that is deleted then."
    os.environ.setdefault(
        "ORT_DISABLE_TELEMETRY", "1"
    )  # onnxruntime reports to its maker otherwise
    from mlc_course.predictor import Predictor

    predictor = Predictor.load(folder)
    check_address(host, port)
    clear_leftovers()
    with _ended_quietly(), own_folder() as home:
        found = find_examples(examples, predictor.spec, home / EXAMPLES)
        if warning := network_warning(host, share):
            print(f"mlc: warning: {warning}", file=sys.stderr)
        os.environ["GRADIO_TEMP_DIR"] = str(home / UPLOADS)
        page = build(predictor, found)
        with listen(host, port) as s:
            port = s.getsockname()[1]
            app = guarded(page, predictor, home / UPLOADS, host, port, share)
            with running(app, s):
                print(f"The page is at {page_url(host, port)} and ends with Ctrl-C.", flush=True)
                if share:
                    _share(port)
                if open_browser:
                    _open(page_url(host, port))
                _wait(home / UPLOADS, page)


def network_warning(
    host: str,  # that the page listens on
    share: bool = False,  # has it a public address?
):  # a sentence or two, or None
    "Who can use the page, and what the guard still holds back; None for this machine alone."
    if is_loopback(host) and not share:
        return None
    who = f"everybody who reaches this machine at {host}"
    if share:
        who = "everybody who gets its public address"
    names, _ = names_of(host, share)
    answers = "any host name"
    if names is not None:
        answers = f"IP addresses and {', '.join(sorted(o for o in names if not is_address(o)))}"
    return (
        f"{who} can use the page; it has no password. It answers to {answers}; requests that "
        "other pages send are refused."
    )


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
    closed = dict(
        show_error=False,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
    )
    closed |= dict(
        mcp_server=False, pwa=False, root_path="", max_file_size=MAX_BYTES, allowed_paths=[]
    )
    app = gr.mount_gradio_app(
        app, page, "/", server_name=host, server_port=port, theme=page_theme(), **closed
    )
    names, addresses = names_of(host, share)
    rules = Rules(names, addresses, uploads, event_rules(page, predictor.vocab))
    return Guard(app, rules)


def _share(port):
    "Ask Gradio for a public address, and say it; without one, the page goes on here."
    try:
        from gradio.networking import setup_tunnel

        address = setup_tunnel("127.0.0.1", port, secrets.token_urlsafe(32), None, None)
        print(f"Everybody can open it at {address}", flush=True)
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
    before = (
        {o: signal.signal(getattr(signal, o), signal.default_int_handler) for o in names}
        if mine
        else {}
    )
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
            sweep(uploads, AGE, SILENCE)
            page.upload_file_set.clear()  # Gradio's list of them, which only grows
            last = time.monotonic()
