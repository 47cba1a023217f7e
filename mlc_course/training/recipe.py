"What a training was told beside its profile: refused where it makes no sense, and given a name."

from .augment import augment_name, check_augment
from .options import check_callable, name_of
from .own import network_name

USUAL_LOSS = "binary_cross_entropy_with_logits"


def check_keywords(
    resume: bool,
    out,  # a folder, or None
    loss,  # as for `train`
    augment,  # as for `train`
):
    "ValueError or TypeError for keywords that no trainer can use."
    if resume and out is None:
        raise ValueError("resume=True needs out=: the folder of the run to go on with.")
    check_callable(loss)
    check_augment(augment)


def recipe(
    profile,  # a `Profile`
    loss=None,  # as for `train`
    augment=None,  # as for `train`
    model=None,  # as for `train`
    usual: str = "flips and shifts",  # what augment=None stands for
    **more,  # keywords of one trainer: plain values
) -> dict:  # plain values by name, ready for JSON
    """The names of loss, augmentation and network, with their parameters; of the usual ones too.

    It stands in run.json, and a run goes on only with the same."""
    called = augment_name(augment) or usual
    network = profile.arch if model is None else network_name(getattr(model, "model", model))
    named = dict(loss=USUAL_LOSS if loss is None else name_of(loss), augment=called, model=network)
    return more | named
