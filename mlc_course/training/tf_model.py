"A network in Keras for a table of images: made, asked, written and read."

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mlc_course.backbones import create_model_tf
from mlc_course.data.decoded import Decoded, decode_split, require_vocab
from mlc_course.data.table import ImageTable
from mlc_course.safety import write_whole
from mlc_course.scores.predictions import Predictions
from mlc_course.settings import Profile, import_tensorflow
from mlc_course.ship.facts import size_of, vocab_of
from mlc_course.ship.heads import keras_ending
from mlc_course.training.checkpoints import damaged
from mlc_course.training.data import decode_for_training
from mlc_course.training.options import require_labels
from mlc_course.training.runs import check_files
from mlc_course.training.tf_data import batches_of
from mlc_course.training.tf_step import outputs_of

tf = import_tensorflow()
import keras  # noqa: E402 (TensorFlow is set up first)


def make_data(
    table: ImageTable,  # what to train on; needs the splits "train" and "valid"
    profile: Profile,  # image size, batch size, seed
    on_error: str = "stop",  # an image that can't be decoded: "stop" with its name, or "skip"
    augment: str | Callable | None = None,  # what becomes of the training images, as in `train`
) -> dict:  # split name -> EpochData
    """Every image of `table`, decoded once, in batches: shuffled and augmented for "train", in the
    table's order for the others."""
    return batches_of(decode_for_training(table, profile.image_size, on_error), profile, augment)


def make_model(
    vocab: list,  # label names, in the order of the outputs
    profile: Profile,  # arch, pretrained, image size and seed
) -> keras.Model:  # a keras.Model: logits [B, C] from float pixels [B, S, S, 3] in [0, 1]
    """The profile's network with a new head, one output per label. Its input shape tells the image
    size."""
    require_labels(vocab)
    keras.utils.set_random_seed(profile.seed)
    model = create_model_tf(len(vocab), profile.arch, profile.pretrained, profile.image_size)
    model.vocab = tuple(vocab)
    return model


def predict(
    model: keras.Model,  # from `make_model`, `train` or `load_model`
    table: ImageTable | Decoded,  # images; its vocab must be the model's
    split: str = "test",  # "train", "valid" or "test"
    batch_size: int = 256,  # images at once
    on_error: str = "stop",  # an image that can't be decoded: "stop" or "skip"
) -> Predictions:  # in the table's order
    """Probabilities of every label for the images of one split, with their file names; a network
    that ends in a sigmoid gets no second one."""
    vocab, size = vocab_of(model), size_of(model, "keras")
    require_vocab(vocab, table)
    ending = keras_ending(model, size, vocab, from_unit=True)
    act = tf.sigmoid if ending == "logits" else tf.identity
    data = decode_split(table, split, size, on_error)
    return data.predictions(np.asarray(act(outputs_of(model, data.images, batch_size))))


def save_model(
    model: keras.Model,  # with .vocab
    folder: str | Path,  # an existing folder
) -> Path:  # the file written
    "Write `folder/model.keras` and `folder/vocab.json`, each beside first and then renamed."
    folder = Path(folder)

    def keras_file(part):
        named = part.with_suffix(".keras")  # Keras insists on this ending
        try:
            model.save(named)
            named.replace(part)
        finally:
            named.unlink(missing_ok=True)

    names = json.dumps(list(model.vocab), ensure_ascii=False)
    write_whole(folder / "model.keras", keras_file)
    write_whole(folder / "vocab.json", lambda part: part.write_text(names, encoding="utf-8"))
    return folder / "model.keras"


def load_model(
    folder: str | Path,  # a folder that `train` or `save_model` wrote
) -> keras.Model:  # a keras.Model, ready to predict
    "The model in `folder`, read in Keras' safe mode."
    path = Path(folder) / "model.keras"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is not there. Was {folder} written by "
            f"mlc_course.train_tf.train(..., out={str(folder)!r})?"
        )
    check_files(path.parent, ["model.keras", "vocab.json"])
    try:
        model = keras.saving.load_model(path, compile=False)
    except (OSError, KeyError, zipfile.BadZipFile) as e:
        raise damaged(path, "Keras can't read it") from e
    names = path.parent / "vocab.json"
    try:
        model.vocab = tuple(json.loads(names.read_text(encoding="utf-8")))
    except (OSError, ValueError) as e:
        raise damaged(names, "it is missing or isn't JSON") from e
    return model
