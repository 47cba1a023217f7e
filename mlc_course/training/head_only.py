"A run that stops after the head: seconds, and the same answer in the three frameworks."

import importlib
from pathlib import Path

import numpy as np

from mlc_course.data.decoded import Decoded
from mlc_course.data.table import ImageTable
from mlc_course.metrics import epoch_scores
from mlc_course.nets.arrays import get_arrays
from mlc_course.settings import Profile, seed_everything
from mlc_course.training.data import decode_for_training
from mlc_course.training.frozen import C, body_features, fit_logistic, probs_from, put_head
from mlc_course.training.keeper import Keeper
from mlc_course.training.recipe import recipe
from mlc_course.training.runs import TrainingRun, in_run_folder

TRAINERS = dict(fastai="train_fastai", torch="train_torch", tensorflow="train_tf")


def trainer_of(framework):
    "The module with the four verbs."
    if framework not in TRAINERS:
        raise ValueError(f"framework is {framework!r}; choose one of {', '.join(TRAINERS)}.")
    return importlib.import_module(f"mlc_course.{TRAINERS[framework]}")


@in_run_folder
def train_head(
    table: ImageTable
    | Decoded,  # an `ImageTable` with training and validation rows, or a `Decoded`
    profile: Profile,  # a `Profile`: network, image size, seed; it must start from trained weights
    out: str
    | Path
    | None = None,  # a folder for model, history and predictions; None writes nothing
    resume: bool = False,  # taken, as the trainers take it; the few seconds are done again
    progress: bool = True,  # print a line
    *,
    framework: str = "torch",  # or "fastai", "tensorflow": whose network and file it becomes
    on_error: str = "stop",  # an image that can't be decoded: "stop", or "skip" it
    strength: float = C,  # trust in the images against small weights: scikit-learn's C
) -> TrainingRun:  # its history has one row
    """Fit a linear head to features of the frozen body, computed once for all splits.

    A logistic regression has one optimum, so neither seed nor framework changes the answer. Resume
    is no different from a new start."""
    if not profile.pretrained:
        raise ValueError(
            "A head alone needs a body with trained weights, and the profile says "
            "pretrained=False. Leave that out, or train all layers."
        )
    verbs = trainer_of(framework)
    seed_everything(profile.seed)
    data = decode_for_training(table, profile.image_size, on_error)
    told = recipe(profile, augment="none") | dict(recipe="head", strength=strength)
    keeper = Keeper(framework, data, profile, out, False, progress, told)
    model = verbs.make_model(data.vocab, profile)
    keeper.epoch_begins()
    features = {s: body_features(model, data.split(s).images) for s in data.splits}
    targets = data.targets[data.rows("train")]
    weight, bias, passes = fit_logistic(features["train"], targets, strength)
    put_head(model, weight, bias)
    probs = {s: probs_from(f, weight, bias) for s, f in features.items()}
    loss = epoch_scores(probs["train"], targets)[0]
    row = keeper.judge(probs["valid"], loss, 0, passes, lambda: get_arrays(model))
    keeper.say(f"head alone: {passes} passes over features, valid mAP {row['valid_map']:.3f}")
    wanted = {s: np.asarray(p) for s, p in probs.items() if s != "train"}
    return keeper.finish(
        model.eval() if hasattr(model, "eval") else model, wanted, verbs.save_model
    )
