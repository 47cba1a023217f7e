"Networks of timm, where it is installed, with a new head."

import os
import socket
from contextlib import contextmanager
from functools import partial
from urllib.request import getproxies

from ..extras import is_here
from ..settings import data_home
from .fetched import check_bytes
from .names import Patience, not_fetched

HOST = "huggingface.co"


def known_timm(name):
    "`name` if timm knows it; a ValueError with the nearest otherwise."
    from difflib import get_close_matches

    import timm

    plain, _, tag = name.partition(".")
    tags = timm.list_pretrained(f"{plain}.*") if tag else []
    if timm.is_model(plain) and (not tag or name in tags):
        return name
    near = tags[:3] if timm.is_model(plain) else None
    near = near or get_close_matches(name.lower(), timm.list_models(), 3, 0.5)
    hint = f"; did you mean {' or '.join(repr('timm:' + n) for n in near)}?" if near else "."
    raise ValueError(
        f"timm has no network called {name!r}{hint} Its names are those of timm.list_models()."
    )


def is_reachable(
    host: str,  # a name, without protocol
    seconds: float = 5.0,  # to wait at most
) -> bool:
    "Whether a server answers at all; where a proxy or a mirror is set, that isn't ours to judge."
    if getproxies() or os.environ.get("HF_ENDPOINT"):
        return True
    try:
        socket.create_connection((host, 443), seconds).close()
    except OSError:
        return False
    return True


@contextmanager
def no_retries(offline: bool):
    "While this lasts, the hub's client asks its cache alone, if we know that nobody will answer."
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or offline
    try:
        with Patience():
            yield
    finally:
        constants.HF_HUB_OFFLINE = before


def timm_body(name, pretrained):
    "The network without its head. A file of weights in the data home is taken first."
    import timm

    build = partial(timm.create_model, name, num_classes=0, pretrained=pretrained)
    path = data_home() / "weights" / f"timm-{name}.safetensors"
    if not pretrained:
        return build()
    if path.is_file():
        check_bytes(path, path.read_bytes())
        return build(pretrained_cfg_overlay=dict(file=str(path)))
    if not timm.get_pretrained_cfg(name).has_weights:
        raise ValueError(f"timm has no trained weights for {name!r}. Use pretrained=False.")
    offline = not is_reachable(HOST)
    try:
        with no_retries(offline):
            return build()
    except OSError as e:  # also the hub's own errors
        why = "the host doesn't answer" if offline else str(e).splitlines()[0]
        raise not_fetched(f"timm:{name}", "model.safetensors", HOST, why, path) from None


def timm_model(
    n_out: int,  # labels
    arch: str,  # "timm:" and a name of timm.list_models()
    pretrained: bool = True,  # weights from the net
    dropout: float = 0.0,  # share of features put out before the head in training
):  # a torch module with .features(x), .n_features, .head, .arch
    "A network of timm with a new head: float pixels in [0, 1], [N, 3, H, W], to logits."
    if not is_here("timm"):
        raise ModuleNotFoundError(
            f"arch={arch!r} needs timm, which isn't installed here: pip install timm", name="timm"
        )
    from .torch_nets import TorchvisionNet

    name = known_timm(arch.partition(":")[2])
    body = timm_body(name, pretrained)
    n_features = getattr(body, "head_hidden_size", None) or body.num_features
    seen = body.pretrained_cfg
    return TorchvisionNet(body, n_features, n_out, arch, dropout, seen["mean"], seen["std"])
