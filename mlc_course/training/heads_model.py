"A network with several heads: one body, and a linear layer on its features for every question."

import torch
from torch import nn

from mlc_course.data.heads import Heads
from mlc_course.nets.create import create_model


class MultiHeadModel(nn.Module):
    """One body, and a linear layer on its features for every head: pixels [B, 3, H, W] to
    {head: logits [B, C]}."""

    def __init__(
        self,
        heads: Heads,  # names and classes; any number of heads
        body: str | nn.Module = "pocket_resnet",  # a name, or pixels to [B, F] or [B, F, 1, 1]
        n_features: int | None = None,  # F; None: the body is asked, or tried out on an empty image
        pretrained: bool = True,  # start a body that is named from trained weights
    ) -> None:
        super().__init__()
        self.heads = heads
        self.body = body if isinstance(body, nn.Module) else named_body(body, pretrained)
        n = n_features or getattr(self.body, "n_features", None) or count_features(self.body)
        layers = [nn.Linear(n, c) for c in heads.sizes.values()]
        for layer in layers:
            nn.init.normal_(layer.weight, 0, 0.01)
            nn.init.zeros_(layer.bias)
        self.layers = nn.ModuleList(layers)

    def forward(
        self,
        x: torch.Tensor,  # pixels, float [B, 3, H, W]
    ) -> dict:  # head -> logits [B, C]
        "One pass of the body, then every head."
        features = self.body(x).flatten(1)
        return {name: layer(features) for name, layer in zip(self.heads.names, self.layers)}


def named_body(
    arch: str,  # a name that `create_model` knows
    pretrained: bool,  # start from trained weights
) -> nn.Module:  # pixels to features
    "A network whose last layer is replaced by one that does nothing."
    net = create_model(1, arch, pretrained)
    net.head = nn.Identity()
    return net


@torch.no_grad()
def count_features(
    body: nn.Module,  # pixels to [B, F] or [B, F, 1, 1]
) -> int:  # F
    "How many features the body makes of an image; ValueError for maps, which no head can take."
    was_training, p = body.training, next(body.parameters(), torch.zeros(()))
    out = body.eval()(torch.zeros(1, 3, 64, 64, device=p.device, dtype=p.dtype))
    body.train(was_training)
    tensor = isinstance(out, torch.Tensor)
    if not tensor or out.ndim < 2 or out.numel() != out.shape[1]:
        raise ValueError(
            f"The body makes {tuple(out.shape) if tensor else type(out).__name__} of one image; "
            "the heads need [1, F] or [1, F, 1, 1]. End the body with a pooling, such as "
            "nn.AdaptiveAvgPool2d(1)."
        )
    return out.shape[1]
