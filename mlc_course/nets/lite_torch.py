"EfficientNet-Lite in PyTorch."

from collections import OrderedDict

from torch import nn
from torch.nn import functional as F

from .lite_plan import EPS, MOMENTUM, STEM, TOP, blocks_of


class ToUnit(nn.Module):
    "Pixels in [0, 1] to [-1, 1], as the network was trained."

    def forward(self, x):
        if not x.is_floating_point():
            raise TypeError(
                f"The pixels are {x.dtype}; give floats in [0, 1], for example x.float()/255."
            )
        return (x - 0.5) / 0.5


class SameConv2d(nn.Conv2d):
    'A convolution that pads as TensorFlow\'s "same" does: an odd line goes to the right and below.'

    def forward(self, x):
        def pads(side, k, stride):
            total = max((-(-side // stride) - 1) * stride + k - side, 0)
            return total // 2, total - total // 2

        rows, columns = (pads(x.shape[i], self.kernel_size[0], self.stride[0]) for i in (2, 3))
        return super().forward(F.pad(x, (*columns, *rows)))


def unit(
    n_in: int,  # channels in
    n_out: int,  # channels out
    kernel: int = 1,  # side
    stride: int = 1,  # 2 halves the side of the image
    groups: int = 1,  # n_in: each channel by itself (depthwise)
    relu: bool = True,  # ReLU6 at the end
) -> nn.Sequential:
    "Convolution, BatchNorm and, if asked for, ReLU6."
    if stride == 1:
        conv = nn.Conv2d(n_in, n_out, kernel, 1, kernel // 2, groups=groups, bias=False)
    else:
        conv = SameConv2d(n_in, n_out, kernel, stride, groups=groups, bias=False)
    parts = OrderedDict(conv=conv, norm=nn.BatchNorm2d(n_out, EPS, MOMENTUM))
    return nn.Sequential(parts | OrderedDict(relu=nn.ReLU6()) if relu else parts)


class InvertedResidual(nn.Module):
    """Widen, look at each channel by itself, narrow; add the input where the shapes allow it.

    Sandler et al. 2018, arXiv:1801.04381."""

    def __init__(
        self,
        kernel: int,  # side of the depthwise convolution
        stride: int,  # 2 halves the side of the image
        expand: int,  # how many times as wide it becomes inside; 1: no widening
        n_in: int,  # channels in
        n_out: int,  # channels out
    ):
        super().__init__()
        wide = n_in * expand
        self.adds = stride == 1 and n_in == n_out
        self.expand = unit(n_in, wide) if expand > 1 else nn.Identity()
        self.depthwise = unit(wide, wide, kernel, stride, groups=wide)
        self.project = unit(wide, n_out, relu=False)

    def forward(self, x):
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.adds else y


class EfficientNetLite(nn.Module):
    """Float pixels in [0, 1], [N, 3, H, W], to logits [N, n_out]; features [N, 1280] if None.

    Its children stand in the order of the computation, so fastai can cut it before the pooling."""

    def __init__(
        self,
        arch: str,  # "efficientnet_lite0", 1 or 2
        n_out: int | None,  # labels; None: no head
        dropout: float = 0.0,  # share of features put out before the head in training
    ):
        super().__init__()
        self.arch, self.n_out, self.n_features = arch, n_out, TOP
        self.keeps_statistics = False  # True: BatchNorm uses ImageNet's in training as well
        blocks = [InvertedResidual(*o) for o in blocks_of(arch)]
        self.pixels = ToUnit()
        self.stem = unit(3, STEM, 3, 2)
        self.blocks = nn.Sequential(*blocks)
        self.top = unit(blocks_of(arch)[-1][-1], TOP)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.apply(start)
        if n_out is not None:
            self.head = nn.Linear(TOP, n_out)
            nn.init.normal_(self.head.weight, 0, 0.01)
            nn.init.zeros_(self.head.bias)

    def train(self, mode=True):
        "As any module's, but a trained body keeps its BatchNorm statistics: a batch's are noisier."
        super().train(mode)
        if self.keeps_statistics:
            for m in self.modules():
                m.training = m.training and not isinstance(m, nn.BatchNorm2d)
        return self

    def feature_map(self, x):
        "The last activations with positions, [N, 1280, H/32, W/32]."
        return self.top(self.blocks(self.stem(self.pixels(x))))

    def features(self, x):
        "Their mean over the image, [N, 1280]."
        return self.pool(self.feature_map(x)).flatten(1)

    def forward(self, x):
        x = self.features(x)
        return x if self.n_out is None else self.head(self.dropout(x))


def start(module):
    "First weights of a convolution: He et al. 2015, arXiv:1502.01852."
    if isinstance(module, nn.Conv2d):  # of a depthwise one, each channel reaches one channel
        reached = module.out_channels * module.kernel_size[0] ** 2 / module.groups
        nn.init.normal_(module.weight, 0, (2 / reached) ** 0.5)


def fastai_groups(
    model: nn.Sequential,  # what `vision_learner` makes: body, then fastai's head
) -> list:  # of lists of parameters: early body, late body, head
    "Three layer groups for fastai's discriminative learning rates, cut amid the blocks."
    pixels, stem, blocks, top = model[0].children()
    inside = list(blocks.children())
    half = len(inside) // 2
    early, late = [stem, *inside[:half]], [*inside[half:], top]
    return [[p for m in group for p in m.parameters()] for group in (early, late, model[1:])]
