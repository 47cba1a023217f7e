"""Random small networks, shipped right or refused.

Each is with or without Normalize, ends in nothing, a sigmoid or a softmax, and is squashed, cropped
or padded. What is shipped is right to 1e-4 against the user's own call, on files that weren't seen
in the export.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from mlc_course.predictor import Predictor
from mlc_course.ship import recipe
from mlc_course.tables import decode_images

VOCAB = ["b", "a", "c"]  # the order of the outputs, which is not the alphabet's
SIZE = 20
ENDS = ["none", "sigmoid", "softmax"]
METHODS = ["squish", "crop", "pad"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    "Files of several shapes and modes, with structure, and a table of them."
    root, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(1)
    for i, (w, h) in enumerate(
        [(20, 20), (61, 22), (19, 70), (33, 33), (90, 41), (25, 24), (8, 30), (200, 150)]
    ):
        y, x = np.mgrid[0:h, 0:w]
        image = np.stack([255 * x / w, 255 * y / h, 128 + 127 * np.sin(x / 3 + y / 5 + i)], -1)[
            ..., rng.permutation(3)
        ] + rng.normal(0, 9, (h, w, 3))
        image = Image.fromarray(image.clip(0, 255).astype("uint8"))
        exif = Image.Exif()
        exif[0x0112] = 6 if i == 4 else 1
        (image.convert("L") if i == 5 else image).save(
            root / f"{i}.{'png' if i % 2 else 'jpg'}", exif=exif
        )
    df = pd.DataFrame(
        dict(
            fname=sorted(o.name for o in root.iterdir()),
            labels=[[VOCAB[i % 3]] for i in range(8)],
            split=["train", "valid"] * 4,
        )
    )
    df["text"] = df.labels.str[0]
    df["is_valid"] = df.split == "valid"
    return root, df


def torch_net(seed, body, end):
    "A random network of few weights, with or without BatchNorm's statistics."
    import torch
    from torch import nn

    torch.manual_seed(seed)
    layers = {
        "linear": lambda: [nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 3)],
        "conv": lambda: [
            nn.Conv2d(3, 6, 5, 3),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.AdaptiveMaxPool2d(2),
            nn.Flatten(),
            nn.Linear(24, 3),
        ],
        "mean": lambda: [nn.Conv2d(3, 3, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()],
    }[body]()
    layers += {"none": [], "sigmoid": [nn.Sigmoid()], "softmax": [nn.Softmax(1)]}[end]
    net = nn.Sequential(*layers)
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(3)
        for b in net.buffers():
            if b.is_floating_point():
                b.uniform_(0.5, 1.5)
    return net.train()


def keras_net(seed, body, end, normalize):
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    x = inputs = keras.Input((SIZE, SIZE, 3))
    if normalize:
        x = layers.Normalization(mean=[0.485, 0.456, 0.406], variance=[0.05, 0.05, 0.05])(x)
    if body == "linear":
        x = layers.AveragePooling2D(5)(x)
    if body == "conv":
        x = layers.GlobalMaxPooling2D()(
            layers.Dropout(0.5)(
                layers.BatchNormalization()(layers.Conv2D(6, 5, 3, activation="relu")(x))
            )
        )
    if body == "mean":
        out = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3)(x))
    else:
        out = layers.Dense(3, kernel_initializer=keras.initializers.RandomNormal(0, 0.8))(
            layers.Flatten()(x)
        )
    if end == "sigmoid":
        out = keras.ops.sigmoid(out)
    if end == "softmax":
        out = layers.Softmax()(out)
    return keras.Model(inputs, out)


def sigmoid(z):
    return 1 / (1 + np.exp(-z.astype("float64")))


def agreed(save, theirs, paths, may_refuse, folder, vocab=VOCAB):
    "Save and compare; whether it was shipped."
    try:
        ours = save()
    except (ValueError, TypeError) as e:
        assert may_refuse, e
        assert not list(folder.glob("p/*")) and len(str(e)) > 60 and "/tmp" not in str(e), e
        return False
    assert not may_refuse
    np.testing.assert_allclose(ours.probs(paths), theirs, atol=1e-4, rtol=0)
    assert ours.vocab == vocab and ours.spec["parity"]["largest_difference"] <= 1e-4
    return True


SEEDS, BODIES = st.integers(0, 999), st.sampled_from(["linear", "conv", "mean"])
FEW = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # shrinking would take minutes


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("end", ENDS)
@settings(FEW, max_examples=2)
@given(
    seed=SEEDS,
    body=BODIES,
    normalize=st.booleans(),
    pad_mode=st.sampled_from(["zeros", "border", "reflection"]),
    own_loss=st.booleans(),
    rows=st.booleans(),
)
def test_fastai(
    files, tmp_path_factory, method, end, seed, body, normalize, pad_mode, own_loss, rows
):
    from fastai.data.transforms import Normalize
    from fastai.learner import Learner
    from fastai.losses import BCELossFlat, BCEWithLogitsLossFlat
    from fastai.vision.augment import Resize, aug_transforms
    from fastai.vision.core import imagenet_stats
    from fastai.vision.data import ImageDataLoaders

    from mlc_course.datablocks import multilabel_datablock
    from mlc_course.tables import ImageTable
    from mlc_course.train_fastai import predict

    root, df = files
    item = Resize(SIZE, method, pad_mode=pad_mode)
    batch = [
        *aug_transforms(),
        *([Normalize.from_stats(*imagenet_stats, cuda=False)] if normalize else []),
    ]
    if rows:
        block = multilabel_datablock(ImageTable(df[["fname", "labels", "split"]], root), SIZE).new(
            item_tfms=item, batch_tfms=batch
        )
        dls = block.dataloaders(df, num_workers=0, bs=4, device="cpu")
    else:
        dls = ImageDataLoaders.from_df(
            df,
            root,
            fn_col="fname",
            label_col="text",
            label_delim=" ",
            valid_col="is_valid",
            item_tfms=item,
            batch_tfms=batch,
            num_workers=0,
            bs=4,
            device="cpu",
        )
    vocab = list(dls.vocab)
    learn = Learner(
        dls,
        torch_net(seed, body, end),
        loss_func=BCELossFlat() if own_loss else BCEWithLogitsLossFlat(),
    )
    with learn.no_bar():
        theirs = learn.get_preds(
            dl=dls.test_dl(df if rows else [root / o for o in df.fname], num_workers=0)
        )[0].numpy()
    folder, paths = tmp_path_factory.mktemp("out"), [root / o for o in df.fname]
    shipped = agreed(
        lambda: Predictor.save(folder / "p", learn),
        theirs,
        paths,
        end == "softmax" or (end == "sigmoid") != own_loss,
        folder,
        vocab,
    )
    if shipped:  # and the verb of lesson 07 says the same
        table = ImageTable(df[["fname", "labels", "split"]], root, vocab)
        np.testing.assert_allclose(
            predict(learn, table, "valid").probs, theirs[df.is_valid], atol=1e-5
        )


@settings(FEW, max_examples=8)
@given(seed=SEEDS, body=BODIES, end=st.sampled_from(ENDS), half=st.booleans(), table=st.booleans())
def test_torch(files, tmp_path_factory, seed, body, end, half, table):
    import torch

    from mlc_course.tables import ImageTable

    root, df = files
    net, folder, paths = (
        torch_net(seed, body, end),
        tmp_path_factory.mktemp("out"),
        [root / o for o in df.fname],
    )
    if half:
        net = net.to(torch.bfloat16)
    x = torch.from_numpy(decode_images(paths, SIZE)).permute(0, 3, 1, 2) / 255
    import copy

    with torch.no_grad():
        raw = copy.deepcopy(net).float().eval()(x).numpy()
    theirs = raw if end == "sigmoid" else sigmoid(raw)
    data = ImageTable(df[["fname", "labels", "split"]], root, VOCAB) if table else None
    if data is not None:
        data.vocab = list(VOCAB)  # a given order is kept
    agreed(
        lambda: Predictor.save(folder / "p", net, data, vocab=VOCAB, image_size=SIZE),
        theirs,
        paths,
        end == "softmax",
        folder,
    )
    assert net.training and next(net.parameters()).dtype == (
        torch.bfloat16 if half else torch.float32
    )


@settings(FEW, max_examples=7)
@given(seed=SEEDS, body=BODIES, end=st.sampled_from(ENDS), normalize=st.booleans())
def test_keras(files, tmp_path_factory, seed, body, end, normalize):
    root, df = files
    net, folder, paths = (
        keras_net(seed, body, end, normalize),
        tmp_path_factory.mktemp("out"),
        [root / o for o in df.fname],
    )
    own = net.predict(decode_images(paths, SIZE) / np.float32(255), verbose=0)
    agreed(
        lambda: Predictor.save(folder / "p", net, vocab=VOCAB),
        own if end == "sigmoid" else sigmoid(own),
        paths,
        end == "softmax",
        folder,
    )


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    w=st.integers(1, 90),
    h=st.integers(1, 90),
    method=st.sampled_from(METHODS),
    pad_mode=st.sampled_from(list(recipe.PAD_MODES)),
    size=st.integers(1, 40),
    resample=st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos"]),
    middle=st.one_of(st.none(), st.tuples(st.integers(1, 50), st.integers(1, 50))),
)
def test_steps_are_fastais_to_the_byte(w, h, method, pad_mode, size, resample, middle):
    from fastai.vision.augment import CropPad, RandomResizedCrop, Resize
    from fastai.vision.core import PILImage

    from mlc_course.ship.pipeline import resize_step, resized_crop_steps

    image = PILImage.create(
        np.random.default_rng(w * 91 + h).integers(0, 256, (h, w, 3), dtype=np.uint8)
    )
    how = (Image.Resampling[resample.upper()], Image.Resampling.NEAREST)
    resize, crop = (
        Resize(size, method, pad_mode=pad_mode, resamples=how),
        RandomResizedCrop(size, resamples=how),
    )
    try:
        expected = resize(image, split_idx=1)
    except (ValueError, ZeroDivisionError):  # an extreme shape, of which fastai keeps no pixel
        with pytest.raises((ValueError, ZeroDivisionError)):
            recipe.apply_step(image, resize_step(resize))
    else:
        np.testing.assert_array_equal(
            np.asarray(recipe.apply_step(image, resize_step(resize))), np.asarray(expected)
        )
    ours = image
    for step in resized_crop_steps(crop):
        ours = recipe.apply_step(ours, step)
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(crop(image, split_idx=1)))
    if middle:
        pad = CropPad(middle, pad_mode=pad_mode)
        step = dict(do="crop_pad", size=[int(o) for o in pad.size], pad_mode=pad_mode)
        np.testing.assert_array_equal(
            np.asarray(recipe.apply_step(image, step)), np.asarray(pad(image, split_idx=1))
        )
