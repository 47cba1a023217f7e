"Networks with a new head: ours, torchvision's and timm's."

import hashlib
from pathlib import Path

from ..hints import Module
from .fetched import only_weights
from .lite_plan import LITES
from .names import OURS, Patience, check_head, known_arch, not_fetched
from .pocket_resnet import pocket_resnet


def _fetch_torch(arch, weights):
    "See to it that torchvision finds the file of these weights, whole, in the folder of torch.hub."
    from http.client import HTTPException
    from urllib.parse import urlparse

    import torch

    url = urlparse(weights.url)
    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(url.path).name
    stated = torch.hub.HASH_REGEX.search(path.name)[1]  # the beginning of the checksum
    if not path.is_file():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with Patience():
                torch.hub.download_url_to_file(weights.url, str(path), stated)
        except (OSError, HTTPException, RuntimeError) as e:
            why = getattr(e, "reason", e) or type(e).__name__
            raise not_fetched(arch, path.name, url.netloc, why, path) from None
    with path.open("rb") as f:
        found = hashlib.file_digest(f, "sha256").hexdigest()
    if not found.startswith(stated):
        raise ValueError(
            f"{path} is damaged: its checksum begins with {found[:8]}, and its name says {stated}. "
            "Delete the file, and it will be fetched again."
        )


def headless(net):
    "Take off the last linear layer and switch off the dropout before it; give what it took in."
    from torch import nn

    if type(net).__name__ == "SqueezeNet":  # its classifier is a convolution
        net.classifier = nn.Sequential(nn.AdaptiveAvgPool2d(1))
        return 512
    if hasattr(net, "aux_logits"):  # GoogLeNet and Inception: no extra outputs on the way
        net.aux_logits = False
        for name in ("aux1", "aux2", "AuxLogits"):
            if hasattr(net, name):
                setattr(net, name, None)
    name, last = [(k, m) for k, m in net.named_modules() if isinstance(m, nn.Linear)][-1]
    parent = net.get_submodule(name.rpartition(".")[0])
    setattr(parent, name.rpartition(".")[2], nn.Identity())
    for m in parent.children():
        if isinstance(m, nn.Dropout):
            m.p = 0.0
    return last.in_features


def _body(arch, weights):
    "A network of torchvision's, with these weights or fresh ones."
    from torchvision import models

    if weights is not None:
        _fetch_torch(arch, weights)
        with only_weights():
            return models.get_model(arch, weights=weights)
    ported = dict(init_weights=False, aux_logits=False, transform_input=True)
    more = ported if arch in ("googlenet", "inception_v3") else {}
    return models.get_model(arch, weights=None, **more)


def own_model(arch, pretrained, n_out, dropout):
    "One of the networks that this package builds itself."
    if arch in LITES:
        from .efficientnet_lite import lite

        return lite(arch, pretrained, n_out, dropout, new_head=True)
    return pocket_resnet(pretrained, n_out, dropout)


def create_model(
    n_out: int,  # labels
    arch: str = "pocket_resnet",  # or "efficientnet_lite0", torchvision's "resnet50", "timm:NAME"
    pretrained: bool = True,  # weights that pip brought; those of torchvision and timm from the net
    dropout: float = 0.0,  # share of features put out before the head in training
) -> "Module":  # a torch module with .features(x), .n_features, .head, .arch
    """A network in PyTorch with a new head: float pixels in [0, 1], [N, 3, H, W], to logits.

    Normalising is its own business.
    """
    check_head(n_out, dropout)
    if arch in OURS:
        return own_model(arch, pretrained, int(n_out), dropout)
    if str(arch).startswith("timm:"):
        from .timm_source import timm_model

        return timm_model(int(n_out), arch, pretrained, dropout)
    from torchvision import models

    from .torch_nets import TorchvisionNet

    names = [*OURS, *models.list_models(module=models)]
    arch = known_arch(arch, names, "torchvision.models.list_models()", "timm")
    if arch in OURS:
        return own_model(arch, pretrained, int(n_out), dropout)
    weights = models.get_model_weights(arch).DEFAULT
    body = _body(arch, weights if pretrained else None)
    seen = weights.transforms()
    return TorchvisionNet(body, headless(body), int(n_out), arch, dropout, seen.mean, seen.std)
