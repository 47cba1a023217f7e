"Where the page listens, and the names that it answers to."

import errno
import ipaddress
import os
import socket

FIRST_PORT, PORTS = 7860, 100
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def is_address(name):
    "True for an IP address."
    try:
        return bool(ipaddress.ip_address(name))
    except ValueError:
        return False


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
        raise ValueError(
            f"{host!r} is not an address. Give --host 127.0.0.1 for this machine alone, or 0.0.0.0 "
            "for the network."
        ) from None
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
        return (
            f"Port {port} is in use, perhaps by another demo. Choose another with --port, or leave "
            "--port out to take the first free one."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} is not allowed to you. Choose one from 1024 on."
    return (
        f"The page can't be served at {host} ({error.strerror}). Give an address of this machine."
    )


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
    raise ValueError(
        f"Every port from {FIRST_PORT} to {last} is in use. Choose another with --port."
    )


def names_of(
    host: str,  # that the page listens on
    share: bool = False,  # has it a public address?
):  # (names or None for any, are IP addresses names?)
    "The host names that the page answers to; by a foreign one other pages could read it."
    if share:
        return None, True  # Gradio chooses the name
    if is_loopback(host):
        return LOOPBACK | {host.strip("[]").lower()}, False
    machine = socket.gethostname().lower()
    return LOOPBACK | {
        host.strip("[]").lower(),
        machine,
        f"{machine}.local",
        socket.getfqdn().lower(),
    }, True


def page_url(host, port):
    "What to type into the browser."
    name = {"0.0.0.0": "localhost", "::": "localhost"}.get(host.strip("[]"), host.strip("[]"))
    return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"
