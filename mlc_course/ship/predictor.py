"The predictor: answers for files, with onnxruntime alone."

import io
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from ..data.decoded import Decoded, require_split, require_vocab
from ..data.table import ImageTable
from ..machine import usable_cores
from ..metrics import Predictions
from .facts import need_table
from .folder import MODEL, SPEC, read_folder, refusal
from .recipe import Recipe
from .session import open_session

os.environ.setdefault(
    "ORT_DISABLE_TELEMETRY", "1"
)  # otherwise onnxruntime tells its maker that it was used


@dataclass(frozen=True)
class LabelScores:
    "What a predictor says about one image."

    fname: str  # the file as it was given; "" for an image that isn't a file
    scores: dict  # label -> probability in [0, 1], every label in the order of the vocab
    labels: tuple  # the labels above their thresholds, the most probable first; often empty

    def __str__(self):
        return ", ".join(f"{o} {self.scores[o]:.2f}" for o in self.labels) or "no predictions"

    def to_dict(self) -> dict:  # plain values, ready for JSON
        "File, labels and scores."
        return dict(file=self.fname, labels=list(self.labels), scores=self.scores)


class Predictor:
    """A trained network with all that answering needs, and nothing of the framework it comes from.

    Its folder holds `model.onnx` and `predictor.json`. Make it with `save`, open it with `load`."""

    def __init__(
        self,
        session,  # an onnxruntime.InferenceSession
        spec: dict,  # what predictor.json holds
        folder=None,  # where it came from
    ):
        self.session, self.spec, self.folder = session, spec, folder
        self.vocab, self.recipe = list(spec["vocab"]), Recipe.from_dict(spec["preprocessing"])
        self.image_size = self.recipe.size
        self.thresholds = np.array([spec["thresholds"][o] for o in self.vocab], np.float32)
        self.has_maps = "maps" in [o.name for o in session.get_outputs()]

    def __repr__(self):
        framework = self.spec.get("trained", {}).get("framework", "unknown framework")
        return f"Predictor({len(self.vocab)} labels, {self.image_size} px, {framework})"

    @classmethod
    def load(
        cls,
        folder,  # with model.onnx and predictor.json
    ) -> "Predictor":
        """Open a folder, after checking that its two files belong together.

        Needs onnxruntime alone, runs no pickle. FileNotFoundError or ValueError with a remedy."""
        spec, data = read_folder(folder)
        folder = Path(folder)
        predictor = cls(open_session(data, folder / MODEL), spec, folder)
        predictor._check()
        return predictor

    def _check(self):
        "One and two images through the model: do its outputs and its own vocab match the spec?"
        from json import dumps

        path, vocab = Path(self.folder or "") / MODEL, dumps(self.vocab)
        kept = self.session.get_modelmeta().custom_metadata_map
        if kept.get("vocab", vocab) != vocab:
            mine = kept["vocab"][:60]
            why = f"it was made for the labels {mine} ..., and {SPEC} names {vocab[:60]} ..."
            raise refusal(path, why + " (or the same in another order).")
        if kept.get("image_size", str(self.image_size)) != str(self.image_size):
            raise refusal(
                path,
                f"it takes images of {kept['image_size']} px, and {SPEC} says {self.image_size}.",
            )
        takes = [o.name for o in self.session.get_inputs()]
        gives = [o.name for o in self.session.get_outputs()]
        if takes != ["pixels"] or "probs" not in gives:
            raise refusal(
                path,
                f"it has inputs {takes} and outputs {gives}, and a predictor's are 'pixels' and "
                "'probs'.",
            )
        for n in (1, 2):
            self._check_answer(path, n)

    def _check_answer(self, path, n):
        pixels = np.full((n, self.image_size, self.image_size, 3), 255 * (n - 1), np.uint8)
        try:
            probs = self._run(pixels)
        except Exception as e:
            why = f"it doesn't take bytes {list(pixels.shape)} ({str(e).splitlines()[0]})."
            raise refusal(path, why) from None
        if probs.shape != (n, len(self.vocab)):
            why = f"for {n} images it gives numbers of shape {list(probs.shape)}, "
            why += f"and {SPEC} has {len(self.vocab)} labels."
            raise refusal(path, why)
        if not ((probs >= 0) & (probs <= 1)).all():
            raise refusal(path, "what it gives are no probabilities.")

    def pixels(
        self,
        image,  # an image file, a PIL image, or uint8 [H, W, 3]
    ) -> np.ndarray:  # uint8 [S, S, 3]
        "What the network gets of an image: decoded and resized as the folder says."
        return self.recipe(need_image(image))

    def _run(self, pixels, output="probs"):
        return self.session.run([output], {"pixels": pixels})[0]

    def _work(self, images):
        "A row of probabilities, or the error, for each of a few images."
        out, pixels = [], []
        for image in images:
            try:
                pixels.append(self.pixels(image))
            except (ValueError, OSError, MemoryError, NotAnImage) as e:
                out.append(no_room(image) if isinstance(e, MemoryError) else e)
            else:
                out.append(None)
        read = [image for image, o in zip(images, out) if o is None]
        rows = iter(self._answers(read, pixels))
        return [(image, next(rows) if o is None else o) for image, o in zip(images, out)]

    def _answers(self, images, pixels):
        "A row for each; where the memory doesn't suffice for all at once, one after the other."
        if not pixels:
            return []
        try:
            return list(self._run(np.stack(pixels)))
        except Exception as e:
            if not out_of_memory(e):
                raise
        if len(pixels) == 1:
            return [no_room(images[0])]
        return [self._answers([image], [o])[0] for image, o in zip(images, pixels)]

    def _scores(self, image, p):
        named = [(float(v), label) for v, label, t in zip(p, self.vocab, self.thresholds) if v > t]
        fname = str(image) if isinstance(image, (str, os.PathLike)) else ""
        labels = tuple(label for _, label in sorted(named, key=lambda o: -o[0]))
        return LabelScores(fname, dict(zip(self.vocab, p.tolist())), labels)

    def _rows(self, images, batch_size=8, workers=None):
        "(image, row or error) in order; a few batches in memory at any time."
        if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(
                f"batch_size is {batch_size}; give the number of images in a batch, at least 1."
            )
        if workers is not None and (not isinstance(workers, int) or workers < 0):
            raise ValueError(f"workers is {workers!r}; give a number of threads, or None.")
        images, workers = iter(images), workers or usable_cores()
        yield from self._work(list(islice(images, 1)))  # the first answer waits for nothing else
        running = deque()
        with ThreadPoolExecutor(workers) as pool:
            try:
                while True:
                    while len(running) < 2 * workers and (
                        batch := list(islice(images, batch_size))
                    ):
                        running.append(pool.submit(self._work, batch))
                    if not running:
                        return
                    yield from running.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def stream(
        self,
        images,  # any iterable of image files, PIL images or uint8 arrays [H, W, 3]
        batch_size: int = 8,  # images that a thread decodes and predicts at once
        workers=None,  # threads; None: one per core
    ):  # yields a LabelScores, or an image's ValueError, TypeError, OSError or MemoryError
        "One answer per image, in order; a few batches in memory at any time."
        single = isinstance(images, (str, bytes))
        for image, row in self._rows(as_list(images) if single else images, batch_size, workers):
            yield row if isinstance(row, Exception) else self._scores(image, row)

    def predict(
        self,
        images,  # image files, PIL images or uint8 arrays [H, W, 3]: a list, or a single one
    ) -> list:  # a LabelScores for each, in order
        """Labels and scores.

        ValueError, TypeError, OSError or MemoryError for a bad image; `stream` goes on instead."""
        out = []
        for o in self.stream(as_list(images)):
            if isinstance(o, Exception):
                raise o
            out.append(o)
        return out

    def probs(
        self,
        images,  # as for `predict`
    ) -> np.ndarray:  # float32 [N, C]
        "The probabilities alone, as one array; errors as in `predict`."
        out = []
        for _, row in self._rows(as_list(images)):
            if isinstance(row, Exception):
                raise row
            out.append(row)
        return np.array(out, np.float32).reshape(len(out), len(self.vocab))

    def maps(
        self,
        images,  # as for `predict`
    ) -> np.ndarray:  # float32 [N, C, h, w], at least 0
        """Where each label's logit comes from: Grad-CAM, as lesson 12 computes it with gradients.

        ValueError unless it is a pocket ResNet or an EfficientNet-Lite: their linear heads need
        no gradient."""
        if not self.has_maps:
            raise ValueError(
                "This model has no maps: they are exported for the pocket ResNet and for "
                "EfficientNet-Lite, whose heads are linear in means (and maxima) over the image."
            )
        return self._run(np.stack([self.pixels(o) for o in as_list(images)]), "maps")

    def predictions(
        self,
        table: ImageTable,  # with the same vocab; or a Decoded
        split: str = "test",  # "train", "valid" or "test"
    ) -> Predictions:  # in the table's order
        "Every image of a split, beside its targets: what the metrics take."
        need_table(table)
        require_vocab(self.vocab, table)
        require_split(table, split)
        if isinstance(table, Decoded):
            part = table.split(split)
            same = self.recipe.plain_square and part.image_size == self.image_size
            return part.predictions(self.probs(list(part.images) if same else part.paths()))
        probs = self.probs(table.paths(split))
        return Predictions(probs, table.targets(split), self.vocab, table.fnames(split))

    def with_thresholds(
        self,
        thresh,  # a number, one number per label, or a dict by label
    ) -> "Predictor":  # the same model
        "A predictor that draws the line elsewhere."
        from .decide import by_label

        return Predictor(
            self.session, self.spec | dict(thresholds=by_label(thresh, self.vocab)), self.folder
        )

    @classmethod
    def save(
        cls,
        folder,  # where model.onnx and predictor.json go; made if it doesn't exist
        trained,  # a TrainingRun, its folder, a fastai Learner, a torch module or a Keras model
        table=None,  # an ImageTable or a Decoded: test images are predicted both ways
        thresholds=None,  # a number, one per label, or a dict; None: each label's best F1 on valid
        chosen: str = "given",  # how `thresholds` were chosen, kept beside them
        tolerance: float = 1e-4,  # how much a probability may differ from what the user gets
        *,
        vocab=None,  # label names in the order of the outputs, where the model doesn't carry them
        image_size=None,  # side in pixels, where the model doesn't say it
        input_range=None,  # what black and white are for the network, as (0, 255); None: (0, 1)
    ) -> "Predictor":  # loaded from `folder`
        """Export a network with all that goes with it, after comparing it with what its user gets.

        A torch module takes float [N, 3, S, S] and a Keras model [N, S, S, 3], from 0 to 1 unless
        `input_range` says otherwise, and ends in logits or a sigmoid. Of a Learner the validation
        pipeline is taken in. ValueError or TypeError, with what to change, for what can't be: then
        nothing is written, and an older predictor stays."""
        from .make import make

        how = (thresholds, chosen, tolerance, vocab, image_size, input_range)
        return make(cls, folder, trained, table, *how)


def no_room(image):
    "The error about an image that the memory doesn't suffice for."
    name = str(image) if isinstance(image, (str, os.PathLike)) else "an image that isn't a file"
    return MemoryError(
        f"{name}: there isn't enough memory for it. Make it smaller, or close other programs."
    )


def out_of_memory(e):
    "Whether an error of NumPy or onnxruntime says that the memory doesn't suffice."
    if isinstance(e, MemoryError):
        return True
    words = ("bad_alloc", "failed to allocate memory", "out of memory", "bad allocation")
    return any(o in str(e).lower() for o in words)


class NotAnImage(TypeError):
    "What was given is of a kind that no image is."


def as_list(images):
    "A list of images, also of a single one."
    from PIL import Image

    single = isinstance(images, (str, os.PathLike, Image.Image, bytes, bytearray, io.IOBase))
    single = single or not hasattr(images, "__iter__") or hasattr(images, "columns")
    if single or isinstance(images, np.ndarray) and images.ndim in (2, 3):
        return [images]
    return list(images)


def need_image(image):
    "The image, if it is of a kind that can be read; NotAnImage or ValueError with what to give."
    from PIL import Image

    if isinstance(image, Image.Image) and 0 in image.size:
        raise ValueError(f"The image has {image.size[0]} x {image.size[1]} pixels: it is empty.")
    if isinstance(image, str) and image.split("://")[0].lower() in ("http", "https", "s3", "gs"):
        raise ValueError(f"{image} is an address, not a file: download it first.")
    if isinstance(image, (str, os.PathLike, Image.Image, np.ndarray)):
        return image
    remedy = "give the path of a file, a PIL image, or a uint8 array [H, W, 3]"
    if isinstance(image, (bytes, bytearray, io.IOBase)):
        remedy = "the content of a file becomes a PIL image with PIL.Image.open " + (
            "(bytes: PIL.Image.open(io.BytesIO(content)))"
        )
    elif type(image).__module__.startswith(("torch", "fastai", "tensorflow", "keras")):
        remedy += ": bytes from 0 to 255, channels last, as .numpy() gives them"
    elif type(image).__name__ == "ImageTable":
        remedy = "for a table use predictor.predictions(table), or predict(table.paths())"
    raise NotAnImage(f"The image is a {type(image).__name__}; {remedy}.")
