"The one loop for a network, batches and a loss of any kind; nothing is written to disk."

from dataclasses import replace

from mlc_course.training.cycle import WARM_UP
from mlc_course.training.keeper import Keeper
from mlc_course.training.torch_loop import TrainingState, fit


def fit_alone(
    model,  # a torch module, on the device where it trains; trained in place
    batches,  # of (x, targets), with `.sizes` and `.device`, such as `Shuffled`
    profile,  # a `Profile`: learning rate, weight decay
    loss,  # of (outputs, targets), one number
    epochs: int | None = None,  # None: the profile's
    precision: str = "fp32",  # to compute in
    warm_up: float = WARM_UP,  # share of the steps in which the rate rises
    score=None,  # called with the model after each epoch: gives a dict for its row
) -> list:  # dicts with epoch, train_loss, what `score` gives, and seconds of the epoch
    """Train for some epochs; the network keeps its last weights.

    TrainingDiverged where the loss is no number."""
    profile = profile if epochs is None else replace(profile, epochs=epochs)
    keeper = Keeper("torch", None, profile, progress=False)
    steps = profile.epochs * len(batches)
    state = TrainingState(model, profile, steps, precision=precision, warm_up=warm_up)

    def judge(state, keeper):
        row = dict(epoch=state.epoch, train_loss=state.mean_loss())
        row |= {} if score is None else score(model)
        keeper.rows.append(row | dict(seconds=keeper.spent))
        state.next_epoch()

    fit(state, keeper, batches, judge, loss=loss)
    return keeper.rows
