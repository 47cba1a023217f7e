"EfficientNet-Lite as a table: what both frameworks build, and where its ImageNet weights are."

# Stages of EfficientNet-B0 without squeeze-and-excite (Tan and Le 2019, arXiv:1905.11946):
# side of the kernel, stride, expansion, channels out, blocks
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
STEM, TOP = 32, 1280  # channels, the same for all sizes
EPS, MOMENTUM = 1e-3, 0.1  # of BatchNorm; momentum as PyTorch counts it
N_IMAGENET = 1000  # outputs of the head that was trained with the body

# name: (width, depth, side of its training images, SHA-256 of the package's file)
LITES = {
    "efficientnet_lite0": (
        *(1.0, 1.0, 224),
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "efficientnet_lite1": (
        *(1.0, 1.1, 240),
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    "efficientnet_lite2": (
        *(1.1, 1.2, 260),
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}


def round_width(
    channels: int,  # of EfficientNet-B0
    width: float,  # factor
) -> int:  # a multiple of 8, at least 90 % of what was asked for
    "Channels of a wider network."
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


def blocks_of(
    arch: str,  # one of LITES
) -> list:  # a tuple for each block: kernel, stride, expansion, channels in, channels out
    "The inverted residual blocks of a network, in order. First and last stage aren't repeated."
    width, depth = LITES[arch][:2]
    out, n_in = [], STEM
    for i, (kernel, stride, expand, channels, repeats) in enumerate(STAGES):
        inside = 0 < i < len(STAGES) - 1
        n_out = round_width(channels, width)
        for k in range(-int(-repeats * depth // 1) if inside else repeats):
            out.append((kernel, stride if k == 0 else 1, expand, n_in, n_out))
            n_in = n_out
    return out
