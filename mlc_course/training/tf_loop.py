"The one training loop in TensorFlow: any model, any loss, taken up again after any epoch."

import json

import numpy as np

from mlc_course.backbones import get_arrays, read_safetensors, write_safetensors
from mlc_course.safety import write_whole
from mlc_course.training.checkpoints import read_folder_state, seal_folder
from mlc_course.training.options import check_one_number

FILES = ("now", "best", "optimiser")


def save_checkpoint(
    keeper,  # a `Keeper`
    place: dict,  # epoch, policy
    model,  # as it is now
    optimiser,
):
    "Write everything that the next epoch depends on, as a whole or not at all."
    moments = {f"{i:04d}": np.atleast_1d(v.numpy()) for i, v in enumerate(optimiser.variables)}
    arrays = dict(now=get_arrays(model), best=keeper.arrays, optimiser=moments)

    def fill(part):
        part.mkdir()
        for name in FILES:
            write_safetensors(arrays[name], part / f"{name}.safetensors")
        state = json.dumps(dict(place=place, books=keeper.facts()))
        (part / "state.json").write_text(state, encoding="utf-8")
        seal_folder(part)

    write_whole(keeper.path, fill)
    keeper.saved()


def load_checkpoint(
    keeper,  # a `Keeper`, which takes up its books
) -> tuple:  # place, arrays of now, arrays of the optimiser
    "Read what `save_checkpoint` wrote; ValueError if it belongs to another run."
    folder = keeper.path
    state = read_folder_state(folder, [f"{o}.safetensors" for o in FILES], ("place", "books"))
    keeper.go_back(state["books"], state["place"]["epoch"])
    paths = [folder / f"{o}.safetensors" for o in FILES]
    now, keeper.arrays, moments = (read_safetensors(p.read_bytes(), str(p))[0] for p in paths)
    return state["place"], now, moments


def loss_function(
    loss,  # a function of (logits, targets), or a Keras loss, which takes (targets, logits)
):  # a function of (logits, targets) that gives one number
    "What the step calls; ValueError for a Keras loss of probabilities."
    import keras

    if not isinstance(loss, keras.losses.Loss):

        def plain(z, y):
            value = loss(z, y)
            check_one_number(value)
            return value

        return plain
    given = loss.get_config()
    inner = given.get("fn_kwargs") or given
    if inner.get("from_logits", given.get("from_logits")) is False:
        name = type(loss).__name__
        raise ValueError(f"The trainers' networks give logits: use {name}(from_logits=True).")
    return lambda z, y: loss(y, z)


def stopped(keeper, place):
    "The KeyboardInterrupt after Ctrl-C."
    if keeper.kept is None:
        return KeyboardInterrupt("Stopped before an epoch was kept.")
    epochs = f"{place['epoch']} of {keeper.profile.epochs} epochs are in {keeper.kept}"
    return KeyboardInterrupt(
        f"Stopped; {epochs}. Go on with train(..., out={str(keeper.out)!r}, resume=True)."
    )


def one_epoch(
    batches,  # of (x, y)
    step,  # a function (x, y) that makes one step and gives the loss
    keeper,  # a `Keeper`
    place,  # epoch, policy
    stop,  # true after Ctrl-C
    look: bool,  # at each loss? On a GPU, to look would be to wait for it
) -> tuple:  # losses, sizes of the batches
    "Every batch of an epoch."
    losses, sizes = [], []
    for x, y in batches:
        losses.append(step(x, y))
        sizes.append(len(x))
        if look and not np.isfinite(losses[-1]):
            break
        if stop:
            raise stopped(keeper, place)
        keeper.bar.update()
    return losses, sizes


def judged_by(loss, logits, data):
    "Probabilities of valid, and what a loss given by the user says of all its images at once."
    import tensorflow as tf

    probs = tf.sigmoid(logits).numpy()
    if loss is None or not np.isfinite(logits).all():
        return probs, None
    targets = data.targets[data.rows("valid")].astype("float32")
    return probs, float(loss(tf.constant(logits), tf.constant(targets)))


def fit(
    keeper,  # a `Keeper`
    place: dict,  # epoch, policy: where the training is
    data,  # data(epoch) gives batches of (x, y)
    step,  # a function (x, y) that makes one step and gives the loss
    optimiser,
    model,  # what is judged and kept
    update,  # called before it is judged: takes the weights that were learned
    judged,  # a function that gives the logits of valid
    stop,  # true after Ctrl-C
    look=True,  # at each loss?
    loss=None,  # given by the user: of (logits, targets), over all images at once; None: the usual
):
    "All epochs that are still to come."
    n = len(data)
    with keeper.open_bar(keeper.profile.epochs * n, place["epoch"] * n):
        for epoch in range(place["epoch"], keeper.profile.epochs):
            keeper.epoch_begins()
            losses, sizes = one_epoch(data(epoch), step, keeper, place, stop, look)
            bad = np.flatnonzero(~np.isfinite(losses))
            if len(bad):
                raise keeper.diverged(epoch * n + int(bad[0]), epoch)
            update()
            mean, last = float(np.average(losses, weights=sizes)), (epoch + 1) * n - 1
            probs, valid_loss = judged_by(loss, judged(), keeper.data)
            best = lambda: get_arrays(model)
            row = keeper.judge(probs, mean, epoch, last, best, valid_loss)
            place["epoch"] = epoch + 1
            if keeper.path:
                save_checkpoint(keeper, place, model, optimiser)
            keeper.tell(row)
