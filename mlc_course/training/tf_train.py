"A whole training in TensorFlow: the head first, then everything; stopped and taken up again."

from collections.abc import Callable
from pathlib import Path

from mlc_course.backbones import set_arrays
from mlc_course.data.table import ImageTable
from mlc_course.losses_tf import binary_cross_entropy_with_logits
from mlc_course.safety import ctrl_c, explain_memory, recover
from mlc_course.settings import Profile, import_tensorflow, seed_everything
from mlc_course.training.data import decode_for_training
from mlc_course.training.keeper import Keeper
from mlc_course.training.own import own_keras
from mlc_course.training.recipe import check_keywords, recipe
from mlc_course.training.runs import TrainingRun, in_run_folder
from mlc_course.training.tf_data import batches_of
from mlc_course.training.tf_loop import fit, load_checkpoint, loss_function, stopped
from mlc_course.training.tf_model import make_model, save_model
from mlc_course.training.tf_step import (
    fit_head,
    one_cycle,
    outputs_of,
    pick_policy,
    train_step,
    training_copy,
)

tf = import_tensorflow()
import keras  # noqa: E402 (TensorFlow is set up first)


def begin(
    keeper,  # a `Keeper`
    place: dict,  # epoch, policy: where the training is
    model,  # its head may be fitted, in place
    own: bool,  # a network of the user's
    data,  # `EpochData` of the training images
    stop,  # true after Ctrl-C
) -> tuple:  # the place, and the optimiser's arrays or None
    "Go on from a checkpoint, or let the head learn first."
    profile = keeper.profile
    if keeper.going_on:
        place, now, moments = load_checkpoint(keeper)
        set_arrays(model, now)
        return place, moments
    if not (profile.pretrained and profile.freeze_epochs):
        return place, None
    if own:
        keeper.say(
            "A network of your own has no phase for the head alone: all of it learns from the "
            "start."
        )
        return place, None
    keeper.extra = fit_head(model, data.images, data.targets)
    keeper.say(f"head on frozen features: {keeper.extra:.1f} s")
    if stop:
        raise stopped(keeper, place)
    return place, None


def optimiser_of(
    profile,  # a `Profile`: learning rate, weight decay, epochs
    steps: int,  # of the whole training
    policy: str,  # of Keras
    learner,  # whose weights it moves
    moments,  # arrays of a checkpoint, or None
):
    "One cycle; with the moments of the checkpoint, if there is one."
    optimiser = one_cycle(profile, steps, policy)
    optimiser.build(learner.trainable_variables)
    for v, (_, array) in zip(optimiser.variables, sorted((moments or {}).items())):
        v.assign(array.reshape(v.shape))
    return optimiser


def probabilities(
    model,  # that ends in logits
    data: dict,  # split name -> EpochData
) -> dict:  # split name -> float32 [N, C], of every split but train
    "What the trained network says."
    asked = {s: o.images for s, o in data.items() if s != "train"}
    return {s: tf.sigmoid(outputs_of(model, images)).numpy() for s, images in asked.items()}


@in_run_folder
def train(
    table: ImageTable,  # needs "train" and "valid"; "test" is predicted if there. Or a `Decoded`
    profile: Profile,  # network, epochs, learning rate ...
    out: str | Path | None = None,  # a folder for model, history and predictions
    resume: bool = False,  # go on from the checkpoint in `out`, if there is one
    progress: bool = True,  # a bar in a terminal, a line an epoch elsewhere
    *,
    model: keras.Model | None = None,  # one of your own, which ends in logits; trained in place
    loss: Callable | None = None,  # of (logits, targets), or of Keras; None: cross-entropy
    augment: str | Callable | None = None,  # None: flips and shifts; "none"; or a transform
    on_error: str = "stop",  # an image that can't be decoded: "stop" or "skip"
    jit_compile: bool = False,  # let XLA compile the step
) -> TrainingRun:  # model of the best epoch, history, predictions
    """Train a network, head first; keep the epoch with the highest validation mAP.

    A model takes float [B, S, S, 3] in [0, 1]. A loss is a function of (logits, targets) that gives
    one number, or a Keras loss with from_logits=True; None is binary cross-entropy. A transform is
    one of torchvision v2 or albumentations, or a function of uint8 [B, S, S, 3].

    `train_loss` in the history is the mean over the epoch's images, `valid_loss` the same loss of
    all validation images at once: `loss`, or binary cross-entropy."""
    check_keywords(resume, out, loss, augment)
    given, own = None if loss is None else loss_function(loss), model is not None
    told = recipe(profile, loss, augment, model)
    seed_everything(profile.seed)
    decoded = decode_for_training(table, profile.image_size, on_error)
    if out is not None:
        recover(Path(out) / "checkpoint")
    keeper = Keeper("tensorflow", decoded, profile, out, resume, progress, told, "checkpoint")
    data = batches_of(decoded, profile, augment)
    model = own_keras(model, decoded) if own else make_model(decoded.vocab, profile)
    place = dict(epoch=0, policy="float32" if own else pick_policy(profile.precision))
    with ctrl_c() as stop, explain_memory(profile):
        place, moments = begin(keeper, place, model, own, data["train"], stop)
        learner = model if own else training_copy(model, place["policy"])
        steps = profile.epochs * len(data["train"])
        optimiser = optimiser_of(profile, steps, place["policy"], learner, moments)
        usual = given or binary_cross_entropy_with_logits
        step = train_step(learner, optimiser, usual, jit_compile, decoded.image_size)

        def update():
            if not own:
                model.set_weights(learner.get_weights())

        def judged():
            return outputs_of(model, data["valid"].images)

        look = not tf.config.list_physical_devices("GPU")
        fit(keeper, place, data["train"], step, optimiser, model, update, judged, stop, look, given)
        if keeper.arrays is not None:
            set_arrays(model, keeper.arrays)
        return keeper.finish(model, probabilities(model, data), save_model)
