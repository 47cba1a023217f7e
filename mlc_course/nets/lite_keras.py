"EfficientNet-Lite in Keras: the layers of `lite_torch`, under the same names."

from ..hints import KerasModel
from ..settings import import_tensorflow
from .arrays import set_arrays
from .lite_plan import EPS, MOMENTUM, N_IMAGENET, STEM, TOP, blocks_of
from .lite_weights import body_and_head, lite_arrays
from .pocket_resnet import keras_with_head


def unit_tf(x, n_out, name, kernel=1, stride=1, depthwise=False, relu=True):
    "Convolution, BatchNorm and, if asked for, ReLU6."
    from keras import initializers, layers

    he = initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")
    if depthwise:
        per_channel = initializers.RandomNormal(0, (2 / kernel**2) ** 0.5)
        conv = layers.DepthwiseConv2D(
            *(kernel, stride, "same"),
            use_bias=False,
            depthwise_initializer=per_channel,
            name=f"{name}_conv",
        )
    else:
        conv = layers.Conv2D(
            *(n_out, kernel, stride, "same"),
            use_bias=False,
            kernel_initializer=he,
            name=f"{name}_conv",
        )
    x = layers.BatchNormalization(momentum=1 - MOMENTUM, epsilon=EPS, name=f"{name}_norm")(conv(x))
    return layers.ReLU(6.0, name=f"{name}_relu")(x) if relu else x


def block_tf(x, shape, name):
    "An inverted residual block."
    from keras import layers

    kernel, stride, expand, n_in, n_out = shape
    wide = n_in * expand
    y = unit_tf(x, wide, f"{name}_expand") if expand > 1 else x
    y = unit_tf(y, wide, f"{name}_depthwise", kernel, stride, depthwise=True)
    y = unit_tf(y, n_out, f"{name}_project", relu=False)
    return layers.Add(name=f"{name}_add")([x, y]) if stride == 1 and n_in == n_out else y


def fresh_lite_tf(
    arch: str,  # "efficientnet_lite0", 1 or 2
    n_out: int | None,  # labels; None: the 1280 features
    image_size: int | None = None,  # fix the side; None takes any
    dropout: float = 0.0,  # in front of the head
):  # a keras.Model with .arch and .n_features
    "The network with random weights: float pixels in [0, 1], [N, H, W, 3], to logits."
    import_tensorflow()
    from keras import Input, layers

    inputs = Input((image_size, image_size, 3), name="pixels")
    x = layers.Rescaling(2.0, -1.0, name="unit")(inputs)
    x = unit_tf(x, STEM, "stem", 3, 2)
    for i, block in enumerate(blocks_of(arch)):
        x = block_tf(x, block, f"blocks_{i}")
    x = layers.GlobalAveragePooling2D(name="mean")(unit_tf(x, TOP, "top"))
    return keras_with_head(inputs, x, n_out, arch, dropout)


def lite_tf(
    arch: str,  # "efficientnet_lite0", 1 or 2
    pretrained: bool = True,  # ImageNet's weights, from the package of the extra `imagenet`
    n_out: int | None = N_IMAGENET,  # as in `efficientnet_lite0`
    image_size: int | None = None,  # fix the side; None takes any
    dropout: float = 0.0,  # in front of the head
    new_head: bool = False,  # a fresh head even for 1000 outputs
):  # a keras.Model
    "The network in Keras, with ImageNet's weights if asked for."
    arrays = lite_arrays(arch) if pretrained else None
    model = fresh_lite_tf(arch, n_out, image_size, dropout)
    if arrays is None:
        return model
    for layer in model.layers:  # a trained body keeps its BatchNorm statistics
        layer.trainable = type(layer).__name__ != "BatchNormalization"
    keep = n_out == N_IMAGENET and not new_head
    return set_arrays(model, body_and_head(arrays, keep), skip_head=not keep)


def efficientnet_lite0_tf(
    pretrained: bool = True,  # ImageNet's weights; False: random ones
    n_out: int | None = N_IMAGENET,  # 1000: ImageNet's classes; None: the 1280 features
    image_size: int | None = None,  # fix the side; None takes any
    dropout: float = 0.0,  # in front of the head
) -> "KerasModel":  # a keras.Model
    "EfficientNet-Lite0 in Keras: float pixels in [0, 1], [N, H, W, 3], to logits [N, n_out]."
    return lite_tf("efficientnet_lite0", pretrained, n_out, image_size, dropout)


def efficientnet_lite1_tf(
    pretrained: bool = True,  # ImageNet's weights; False: random ones
    n_out: int | None = N_IMAGENET,  # 1000: ImageNet's classes; None: the 1280 features
    image_size: int | None = None,  # fix the side; None takes any
    dropout: float = 0.0,  # in front of the head
) -> "KerasModel":  # a keras.Model
    "EfficientNet-Lite1 in Keras: as `efficientnet_lite0_tf`, deeper."
    return lite_tf("efficientnet_lite1", pretrained, n_out, image_size, dropout)


def efficientnet_lite2_tf(
    pretrained: bool = True,  # ImageNet's weights; False: random ones
    n_out: int | None = N_IMAGENET,  # 1000: ImageNet's classes; None: the 1280 features
    image_size: int | None = None,  # fix the side; None takes any
    dropout: float = 0.0,  # in front of the head
) -> "KerasModel":  # a keras.Model
    "EfficientNet-Lite2 in Keras: as `efficientnet_lite0_tf`, deeper and wider."
    return lite_tf("efficientnet_lite2", pretrained, n_out, image_size, dropout)
