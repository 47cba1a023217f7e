"PyTorch's four verbs: make_data, make_model, train, predict. Lesson 08 builds up to them."

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from mlc_course.backbones import create_model, get_arrays, save_model, set_arrays
from mlc_course.data.decoded import Decoded, decode_split, require_vocab
from mlc_course.losses import binary_cross_entropy_with_logits
from mlc_course.metrics import Predictions, TrainingRun
from mlc_course.safety import ctrl_c, explain_memory
from mlc_course.settings import Profile, pick_device, pick_precision, seed_everything
from mlc_course.ship.facts import size_of, vocab_of
from mlc_course.ship.heads import torch_ending
from mlc_course.tables import ImageTable
from mlc_course.training.board import tensorboard
from mlc_course.training.data import decode_for_training
from mlc_course.training.keeper import Keeper
from mlc_course.training.options import require_labels
from mlc_course.training.own import has_head, own_torch
from mlc_course.training.recipe import check_keywords, recipe
from mlc_course.training.runs import in_run_folder
from mlc_course.training.torch_augment import check_scale
from mlc_course.training.torch_batches import ImageBatches, batches_of
from mlc_course.training.torch_head import head_first
from mlc_course.training.torch_loop import TrainingState, fit, judge_labels, probs_of


def make_data(
    table: ImageTable,  # what to train on; needs the splits "train" and "valid"
    profile: Profile,  # image size, batch size, seed
    on_error: str = "stop",  # an image that can't be decoded: "stop" names it, "skip" warns
    augment: str | Callable | None = None,  # what becomes of the training images, as in `train`
) -> dict:  # ImageBatches by split
    """Every image of `table`, decoded once, in batches: shuffled and augmented for "train", in
    the table's order for the others."""
    return batches_of(decode_for_training(table, profile.image_size, on_error), profile, augment)


def make_model(
    vocab: list,  # label names, in the order of the outputs
    profile: Profile,  # arch, pretrained, image size and seed
    dropout: float = 0.0,  # share of the features left out in front of the head in training
) -> nn.Module:  # logits [B, C] from pixels [B, 3, S, S] in [0, 1]
    "The profile's network with one output per label. It carries `.vocab` and `.image_size`."
    require_labels(vocab)
    torch.manual_seed(profile.seed)
    model = create_model(len(vocab), profile.arch, profile.pretrained, dropout)
    model.vocab, model.image_size = list(vocab), profile.image_size  # type: ignore[assignment]
    return model.to(pick_device(), memory_format=torch.channels_last)  # type: ignore[call-overload]


@torch.no_grad()
def predict(
    model: nn.Module,  # from `make_model`, `train` or `load_model`
    table: ImageTable | Decoded,  # images; its vocab must be the model's
    split: str = "test",  # "train", "valid" or "test"
    batch_size: int = 256,  # images at once
    on_error: str = "stop",  # an image that can't be decoded: "stop" or "skip"
) -> Predictions:  # in the table's order
    """Probabilities of every label for the images of one split, with their file names; a network
    that ends in a sigmoid gets no second one."""
    vocab, size = vocab_of(model), size_of(model, "torch")
    require_vocab(vocab, table)
    act = torch.sigmoid if torch_ending(model, size, vocab) == "logits" else nn.Identity()
    data = decode_split(table, split, size, on_error)
    device = next(model.parameters()).device
    batches = ImageBatches(data.images, data.targets, batch_size, device=device)
    return data.predictions(probs_of(model, batches, act=act))


def check_options(
    accumulate: int,  # batches in one optimiser step
    ema: float,  # decay of the moving average
    dropout: float,  # in front of the head
    min_scale: float | None,  # of crops
    augment: str | Callable | None,  # what becomes of the training images
    model: nn.Module | None,  # a network of one's own
):
    "ValueError for keywords that make no sense, alone or together."
    if accumulate < 1:
        raise ValueError(
            f"accumulate is {accumulate}; it is the number of batches in one step, at least 1."
        )
    if not 0 <= ema < 1:
        raise ValueError(
            f"ema is {ema}; it is the share of the old average that stays, at least 0 and below 1."
        )
    if min_scale is not None:
        check_scale(min_scale)
        if augment is not None:
            raise ValueError(
                "min_scale= and augment= are two ways to change the training images: give one "
                "of them."
            )
    if model is not None and dropout:
        raise ValueError("dropout= is for the profile's network; put a dropout into your own.")


def begin(
    state: TrainingState,  # of the network
    keeper: Keeper,  # of the run
    data: dict,  # ImageBatches by split
    profile: Profile,  # whether there is a phase of the head alone
):
    "Go on from a checkpoint, or let the head learn first."
    if keeper.going_on:
        return state.load(keeper.path, keeper)  # type: ignore[arg-type]
    if not (profile.pretrained and profile.freeze_epochs):
        return
    if not has_head(state.model):
        return keeper.say(
            "This network has no linear layer `head` behind `features`, so all of it learns from "
            "the start."
        )
    keeper.epoch_begins()
    said = head_first(state, data)
    keeper.extra = keeper.spent
    keeper.say(f"{said}, {keeper.extra:.1f} s")


@in_run_folder
def train(
    table: ImageTable,  # needs "train" and "valid"; "test" is predicted if there. Or a `Decoded`
    profile: Profile,  # epochs, learning rate, precision ...
    out: str | Path | None = None,  # a folder for model, history and predictions
    resume: bool = False,  # go on from the checkpoint in `out`, if there is one
    progress: bool = True,  # a bar in a terminal, a line an epoch elsewhere
    *,
    model: nn.Module | None = None,  # your own: float [B, 3, S, S] in [0, 1] to logits [B, C]
    loss: Callable | None = None,  # (logits, targets) to one number; None: binary cross-entropy
    augment: str | Callable | None = None,  # None: flips and shifts; "none"; or a transform
    on_error: str = "stop",  # an image that can't be decoded: "stop", or "skip" it with a warning
    accumulate: int = 1,  # batches in one optimiser step
    ema: float = 0.0,  # decay of a moving average of the weights, such as 0.99; 0: none
    dropout: float = 0.0,  # in front of the head
    min_scale: float | None = None,  # random crops that keep this share of the area, no shifts
    log_dir: str | Path | None = None,  # a folder for TensorBoard
    on_epoch: Callable | None = None,  # called with (row of the history, model) after each epoch
) -> TrainingRun:  # model of the best epoch, history, predictions
    """Train a network, first its head alone, then all of it; keep the epoch with the highest
    validation mAP. Ctrl-C saves, then raises KeyboardInterrupt. A model of your own is trained
    in place. `augment` may be a torchvision v2 or albumentations transform, or a function of uint8
    images [B, S, S, 3].

    `train_loss` in the history is the mean over the epoch's images, `valid_loss` the same loss of
    all validation images at once: `loss`, or binary cross-entropy."""
    check_keywords(resume, out, loss, augment)
    check_options(accumulate, ema, dropout, min_scale, augment, model)
    precision = pick_precision(profile.precision)
    seed_everything(profile.seed)
    with explain_memory(profile), ctrl_c() as stop, tensorboard(log_dir) as board:
        decoded = decode_for_training(table, profile.image_size, on_error)
        usual = "flips and shifts" if min_scale is None else "random resized crops"
        more = dict(accumulate=accumulate, ema=ema, dropout=dropout, min_scale=min_scale)
        identity = recipe(profile, loss, augment, model, usual, **more)
        keeper = Keeper("torch", decoded, profile, out, resume, progress, identity)
        net = network(model, decoded, profile, dropout)
        data = batches_of(decoded, profile, augment, min_scale)
        steps = profile.epochs * -(-len(data["train"]) // accumulate)
        state = TrainingState(net, profile, steps, ema, precision)
        begin(state, keeper, data, profile)
        if board:
            board.add_images("train/batch", next(iter(data["train"]))[0][:16])

        def judge(s, k):
            judge_labels(s, k, data["valid"], get_arrays, board, on_epoch, loss)

        criterion = loss or binary_cross_entropy_with_logits
        fit(state, keeper, data["train"], judge, accumulate, criterion, stop)
        set_arrays(net, keeper.arrays)  # type: ignore[arg-type]
        net.eval()
        probs = {s: probs_of(net, data[s]) for s in decoded.splits if s != "train"}
        return keeper.finish(net, probs, save_model)


def network(
    model: nn.Module | None,  # the user's own, or none
    decoded: Decoded,  # its vocab
    profile: Profile,  # which network, where there is none
    dropout: float,  # in front of the head
) -> nn.Module:  # on the device, channels last
    "The network that is trained."
    if model is None:
        return make_model(decoded.vocab, profile, dropout)
    return own_torch(model, decoded).to(pick_device(), memory_format=torch.channels_last)
