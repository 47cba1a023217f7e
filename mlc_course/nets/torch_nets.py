"The networks in PyTorch: a residual block, the pocket ResNet, and a wrapper for bodies of others."

from mlc_course.settings import require_torch_first

require_torch_first()

import torch  # noqa: E402
from torch import nn  # noqa: E402


def _conv(n_in, n_out, kernel, stride):
    return nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, bias=False)


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions whose result is added to the (if need be, projected) input: He et al.
    2015, arXiv:1512.03385."""

    def __init__(
        self,
        n_in: int,  # channels in
        n_out: int,  # channels out
        stride: int = 1,  # 2 halves the side
    ):
        super().__init__()
        self.conv1, self.bn1 = _conv(n_in, n_out, 3, stride), nn.BatchNorm2d(n_out)
        self.conv2, self.bn2 = _conv(n_out, n_out, 3, 1), nn.BatchNorm2d(n_out)
        self.project = stride != 1 or n_in != n_out
        if self.project:
            self.conv3, self.bn3 = _conv(n_in, n_out, 1, stride), nn.BatchNorm2d(n_out)

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return torch.relu(y + (self.bn3(self.conv3(x)) if self.project else x))


def _pixels(x):
    if not x.is_floating_point():
        raise TypeError(
            f"The pixels are {x.dtype}; give floats in [0, 1], for example x.float()/255."
        )
    return x


def _init(m):
    if isinstance(m, nn.Conv2d):
        nn.init.kaiming_normal_(m.weight, mode="fan_in", nonlinearity="relu")
    if isinstance(m, nn.Linear):
        nn.init.normal_(m.weight, 0, 0.01)
        nn.init.zeros_(m.bias)


class PocketResNet(nn.Module):
    """A small residual network: float pixels in [0, 1], [N, 3, H, W], to logits [N, n_out] (or
    features [N, 320] if `n_out` is None)."""

    def __init__(
        self,
        n_out: int | None = 20,  # labels; None: no head
        widths=(16, 48, 96, 160),  # channels of the stages
        dropout: float = 0.0,  # share of the features put out before the head in training
    ):
        super().__init__()
        self.arch, self.n_out, self.n_features = "pocket_resnet", n_out, 2 * widths[-1]
        self.dropout = nn.Dropout(dropout)
        self.stem, self.bn = _conv(3, widths[0], 3, 2), nn.BatchNorm2d(widths[0])
        channels = list(zip((widths[0], *widths), widths))
        blocks = [ResidualBlock(i, o, 1 if k == 0 else 2) for k, (i, o) in enumerate(channels)]
        self.stages = nn.ModuleList(blocks)
        if n_out is not None:
            self.head = nn.Linear(self.n_features, n_out)
        self.apply(_init)
        for block in blocks:
            nn.init.zeros_(block.bn2.weight)  # a block starts by adding nothing

    def feature_map(
        self,
        x,  # float pixels in [0, 1], [N, 3, H, W]
    ):
        "The last stage's activations, [N, 160, H/16, W/16]."
        x = torch.relu(self.bn(self.stem((_pixels(x) - 0.5) * 4)))
        for stage in self.stages:
            x = stage(x)
        return x

    def features(
        self,
        x,  # float pixels in [0, 1], [N, 3, H, W]
    ):
        "Mean and maximum of every channel over the image, [N, 320]."
        x = self.feature_map(x)
        return torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)

    def forward(self, x):
        x = self.features(x)
        return x if self.n_out is None else self.head(self.dropout(x))


class TorchvisionNet(nn.Module):
    """A body that expects normalised pixels, behind the interface of `PocketResNet`: float pixels
    in [0, 1], [N, 3, H, W], to logits [N, n_out]."""

    def __init__(
        self,
        body: nn.Module,  # normalised pixels to features [N, n_features]
        n_features: int,  # what `body` gives
        n_out: int,  # labels
        arch: str = "",  # the body's name
        dropout: float = 0.0,  # share of the features put out before the head in training
        mean=(0.485, 0.456, 0.406),  # of the red, green and blue that `body` was trained on
        std=(0.229, 0.224, 0.225),  # their standard deviation
    ):
        super().__init__()
        self.body, self.dropout = body, nn.Dropout(dropout)
        self.head = nn.Linear(n_features, n_out)
        self.arch, self.n_out, self.n_features = arch, n_out, n_features
        for name, v in dict(mean=mean, std=std).items():
            v = torch.tensor(v, dtype=torch.float32).view(3, 1, 1)
            self.register_buffer(name, v, persistent=False)
        _init(self.head)

    def features(
        self,
        x,  # float pixels in [0, 1], [N, 3, H, W]
    ):
        "What the body sees in each image, [N, n_features]."
        return self.body((_pixels(x) - self.mean) / self.std)

    def forward(self, x):
        return self.head(self.dropout(self.features(x)))


def layer_groups(
    model,  # a PocketResNet or a TorchvisionNet
) -> list:  # three lists of parameters: early body, late body, head
    """Each parameter once, from the pixels to the labels. The body is cut where half of the layers
    that hold weights are passed."""
    body = {k: p for k, p in model.named_parameters() if not k.startswith("head.")}
    layers = list(dict.fromkeys(k.rpartition(".")[0] for k in body))
    early = set(layers[: len(layers) // 2])
    first = [p for k, p in body.items() if k.rpartition(".")[0] in early]
    late = [p for k, p in body.items() if k.rpartition(".")[0] not in early]
    return [first, late, list(model.head.parameters())]
