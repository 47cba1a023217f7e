"Networks in Keras with a new head: ours and those of keras.applications."

import os
import re
import sys
import warnings
from contextlib import redirect_stdout, suppress
from pathlib import Path

from ..settings import import_tensorflow
from .fetched import same_files
from .lite_keras import lite_tf
from .lite_plan import LITES
from .names import OURS, Patience, check_head, known_arch, not_fetched
from .pocket_resnet import keras_with_head, pocket_resnet_tf

_CAFFE = ("ResNet50", "ResNet101", "ResNet152", "VGG16", "VGG19")
_UNIT = ("MobileNet", "MobileNetV2", "Xception", "ResNet50V2", "ResNet101V2", "ResNet152V2")
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def keras_range(x, arch):
    "Pixels in [0, 1] as this network of keras.applications wants them."
    from keras import layers, ops

    if arch in _CAFFE:  # blue first, minus the mean
        blue_first = ops.flip(x, -1)
        return layers.Rescaling(255.0, [-103.939, -116.779, -123.68], name="caffe")(blue_first)
    if arch.startswith("DenseNet"):
        scale, offset = [1 / s for s in _STD], [-m / s for m, s in zip(_MEAN, _STD)]
        return layers.Rescaling(scale, offset, name="imagenet")(x)
    if arch in _UNIT or arch.startswith(("Inception", "NASNet")):
        return layers.Rescaling(2.0, -1.0, name="unit")(x)
    # EfficientNet, ConvNeXt, MobileNetV3: 0 to 255, and they do the rest
    return layers.Rescaling(255.0, name="bytes")(x)


class _NoNews:
    "A text stream without the lines that announce a download; its progress passes."

    def __init__(self, to):
        self.to = to

    def write(self, text):
        return len(text) if text.startswith("Downloading data from") else self.to.write(text)

    def __getattr__(self, name):
        return getattr(self.to, name)


def _keras_body(arch, pixels, pretrained):
    "The features that a network of keras.applications makes of `pixels`."
    import keras

    weights = "imagenet" if pretrained else None
    try:
        with (
            warnings.catch_warnings(),
            redirect_stdout(_NoNews(sys.stdout)),
            Patience(),
            same_files(),
        ):
            # MobileNet's weights are the same for all sides
            warnings.filterwarnings("ignore", "`input_shape` is undefined or non-square")
            build = getattr(keras.applications, arch)
            return build(
                include_top=False, weights=weights, input_tensor=pixels, pooling="avg"
            ).output
    except Exception as e:
        url = re.search(r"https?://([^/\s]+)\S*/([^/\s:]+)", str(e))
        if not (url and "fetch failure" in str(e)):
            raise
        home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
        why = str(e).rpartition(" -- ")[2] or e
        raise not_fetched(arch, url[2], url[1], why, home / "models" / url[2]) from None


def own_model_tf(arch, pretrained, n_out, image_size, dropout):
    "One of the networks that this package builds itself."
    if arch in LITES:
        return lite_tf(arch, pretrained, n_out, image_size, dropout, new_head=True)
    return pocket_resnet_tf(pretrained, n_out, image_size, dropout)


def create_model_tf(
    n_out: int,  # labels
    arch: str = "pocket_resnet",  # or "efficientnet_lite0", or of keras.applications "MobileNetV2"
    pretrained: bool = True,  # weights that pip brought; those of keras.applications from the net
    image_size: int | None = None,  # fix the side; None takes any
    dropout: float = 0.0,  # share of features put out before the head in training
):  # a keras.Model with .arch and .n_features; its last layer is called "head"
    """A network in Keras with a new head: float pixels in [0, 1], [N, H, W, 3], to logits.

    The range that the body wants is made inside.
    """
    check_head(n_out, dropout)
    if arch in OURS:
        return own_model_tf(arch, pretrained, int(n_out), image_size, dropout)
    if str(arch).startswith("timm:"):
        raise ValueError(f"{arch!r} is a network for PyTorch; timm has none for TensorFlow.")
    import_tensorflow()
    import keras

    apps = keras.applications
    names = [*OURS, *(n for n in dir(apps) if n[0].isupper())]
    arch = known_arch(arch, names, "keras.applications")
    if arch in OURS:
        return own_model_tf(arch, pretrained, int(n_out), image_size, dropout)
    inputs = keras.Input((image_size, image_size, 3), name="pixels")
    features = _keras_body(arch, keras_range(inputs, arch), pretrained)
    return keras_with_head(inputs, features, int(n_out), arch, dropout)


def features_tf(
    model,  # from `create_model_tf`, `pocket_resnet_tf` or keras.saving.load_model
):  # a keras.Model with the same weights: pixels to features
    "The part of `model` before its dropout and head."
    from keras import Model

    x = model.get_layer("head").input
    with suppress(ValueError):  # a model without dropout
        x = model.get_layer("dropout").input
    return Model(model.input, x, name=f"{model.name}_features")
