"The web server: uvicorn with little patience."

import logging
import os
import threading
import time
from contextlib import contextmanager

CONNECTIONS = 256  # at the same time
HEAD = 10.0  # seconds that the head of a request may take


@contextmanager
def running(
    app,  # an ASGI application
    s,  # a socket that is bound
    head: float = HEAD,  # seconds that the head of a request may take
):  # uvicorn.Server
    "Serve the application in a thread while the block runs."
    import uvicorn

    from mlc_course.tools.demo.patient import Patient

    if quiet := not os.environ.get("MLC_DEBUG"):
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    config = uvicorn.Config(
        app,
        http=type("Patient", (Patient,), {"head": head}),
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        log_level="critical" if quiet else "info",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=1,
    )
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
