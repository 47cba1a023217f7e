"The pocket ResNet in PyTorch and in Keras: one set of weights, equal outputs."

import importlib
import sys

from ..hints import KerasModel, Module
from ..settings import import_tensorflow
from .arrays import set_arrays
from .weights import load_weights

WIDTHS = (16, 48, 96, 160)  # channels of the four stages


def keras_norm(name, **kwargs):
    from keras import layers

    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=name, **kwargs)


def keras_conv(x, n, k, stride, name):
    "A convolution that pads as PyTorch does and starts as PyTorch's does."
    from keras import initializers, layers

    if k == 3 and stride == 2:
        x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    pad = "same" if stride == 1 else "valid"
    he = initializers.VarianceScaling(2.0, "fan_in", "untruncated_normal")
    conv = layers.Conv2D(n, k, stride, pad, use_bias=False, kernel_initializer=he, name=name)
    return conv(x)


def keras_block(x, n, stride, name):
    "A residual block: two convolutions, added to the input."
    from keras import layers

    y = keras_norm(f"{name}_bn1")(keras_conv(x, n, 3, stride, f"{name}_conv1"))
    y = layers.ReLU(name=f"{name}_relu1")(y)
    y = keras_conv(y, n, 3, 1, f"{name}_conv2")
    y = keras_norm(f"{name}_bn2", gamma_initializer="zeros")(y)
    if stride != 1 or x.shape[-1] != n:
        x = keras_norm(f"{name}_bn3")(keras_conv(x, n, 1, stride, f"{name}_conv3"))
    y = layers.Add(name=f"{name}_add")([x, y])
    return layers.ReLU(name=f"{name}_relu2")(y)


def keras_pocket_resnet(n_out, widths=WIDTHS, image_size=None, dropout=0.0):
    "The network in Keras, with fresh weights."
    import_tensorflow()
    from keras import Input, layers

    inputs = Input((image_size, image_size, 3), name="pixels")
    x = layers.Rescaling(4.0, -2.0, name="centre")(inputs)
    x = layers.ReLU(name="relu")(keras_norm("bn")(keras_conv(x, widths[0], 3, 2, "stem")))
    for i, n in enumerate(widths):
        x = keras_block(x, n, 1 if i == 0 else 2, f"stages_{i}")
    mean = layers.GlobalAveragePooling2D(name="mean")(x)
    largest = layers.GlobalMaxPooling2D(name="max")(x)
    x = layers.Concatenate(name="features")([mean, largest])
    return keras_with_head(inputs, x, n_out, "pocket_resnet", dropout)


def keras_with_head(inputs, features, n_out, arch, dropout):
    "A Keras model: `features` of `inputs`, dropout, and a linear layer called head."
    from keras import Model, initializers, layers

    x = features
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    if n_out is not None:
        small = initializers.RandomNormal(0, 0.01)
        x = layers.Dense(n_out, kernel_initializer=small, name="head")(x)
    model = Model(inputs, x, name=arch)
    model.arch, model.n_features = arch, features.shape[-1]
    return model


def pocket_resnet(
    pretrained: bool = True,  # start from the shipped weights
    n_out: int | None = 20,  # outputs; None: the 320 features
    dropout: float = 0.0,  # in front of the head
) -> "Module":
    "The pocket ResNet in PyTorch: float pixels in [0, 1], [N, 3, H, W], to logits [N, n_out]."
    from .torch_nets import PocketResNet

    arrays = load_weights() if pretrained else None
    model = PocketResNet(n_out, WIDTHS, dropout)
    return model if arrays is None else set_arrays(model, arrays, skip_head=True)


def pocket_resnet_tf(
    pretrained: bool = True,  # start from the shipped weights
    n_out: int | None = 20,  # outputs; None: the 320 features
    image_size: int | None = None,  # fix the side; None takes any
    dropout: float = 0.0,  # in front of the head
) -> "KerasModel":
    "The pocket ResNet in Keras: float pixels in [0, 1], [N, H, W, 3], to logits [N, n_out]."
    arrays = load_weights() if pretrained else None
    model = keras_pocket_resnet(n_out, image_size=image_size, dropout=dropout)
    return model if arrays is None else set_arrays(model, arrays, skip_head=True)


# fastai's `vision_learner` looks an architecture up before it calls it. Where fastai is loaded,
# enter ours now; where it comes later, `train_fastai` does.
if "fastai.vision.learner" in sys.modules:
    importlib.import_module("mlc_course.nets.pocket_fastai").tell_fastai(pocket_resnet)
