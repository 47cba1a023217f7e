"Looks at the batches that a Keras metric counts, eagerly and inside `fit`."

from ..settings import import_tensorflow

TARGETS = (
    "y_true must be 0 or 1 in every cell: smoothed targets have to pass a threshold first, "
    "class numbers have to become multi-hot rows, and where -1 means no, pass y_true == 1."
)
DIVERGED = (
    "y_pred has NaN or infinite values: the model has diverged. Lower the learning rate, "
    "or look for NaN in the images."
)
NO_PROBS = (
    "y_pred goes outside [0, 1], so it holds no probabilities: leave out "
    "from_logits=False, and MacroF1 applies the sigmoid to your logits."
)
NO_LOGITS = (
    "y_pred has been through a sigmoid or softmax, so it holds probabilities, and MacroF1 "
    "was going to apply the sigmoid to them again: MacroF1(..., from_logits=False)."
)
DOUBTFUL = (
    "y_pred lies in [0, 1] throughout, so it looks like probabilities, and MacroF1 would "
    "apply the sigmoid to them again: say MacroF1(..., from_logits=False) if the model "
    "ends in a sigmoid, or from_logits=True if these are logits."
)
SURE = 32  # so many cells, all in [0, 1], aren't logits by chance
_PASSED_ON = {"Identity", "Cast", "Reshape", "Squeeze", "ExpandDims", "StopGradient", "EnsureShape"}


def check_n_labels(
    n_labels,  # what was given
):
    "TypeError or ValueError for anything but a whole number from 1."
    if isinstance(n_labels, bool) or not hasattr(n_labels, "__index__"):
        raise TypeError(f"n_labels is {n_labels!r}: expected the number of labels, len(vocab).")
    if n_labels < 1:
        raise ValueError(f"n_labels is {n_labels}: expected the number of labels, from 1.")


def is_squashed(
    y_pred,  # a tensor
) -> bool:  # True if it is known; False may also mean that nothing is known
    "Whether a tensor is known to come out of a sigmoid or softmax, by Keras' note or by the graph."
    if hasattr(y_pred, "_keras_logits"):
        return True
    op = getattr(y_pred, "op", None)
    while op is not None and op.type in _PASSED_ON:
        op = op.inputs[0].op
    return op is not None and op.type in ("Sigmoid", "Softmax")


def _refuse(tf, ok, sentence):
    "ValueError if `ok` is false: now, or as InvalidArgumentError when the graph runs."
    if tf.executing_eagerly():
        if not bool(ok):
            raise ValueError(sentence)
        return
    tf.debugging.Assert(ok, [sentence])


def _batch(tf, y_true, y_pred, n_labels):
    "Both as float32 [B, C], or a sentence about shapes."
    t = tf.cast(tf.convert_to_tensor(y_true), tf.float32)
    p = tf.cast(tf.convert_to_tensor(y_pred), tf.float32)
    for name, x in (("y_true", t), ("y_pred", p)):
        if x.shape.rank != 2 or x.shape[1] not in (None, n_labels):
            raise ValueError(
                f"{name} has shape {tuple(x.shape)}: expected [B, {n_labels}], one "
                "row per image and one column per label."
            )
    if not t.shape.is_compatible_with(p.shape):
        raise ValueError(
            f"y_true has shape {tuple(t.shape)} and y_pred {tuple(p.shape)}: expected "
            "one multi-hot row for each row of predictions."
        )
    return t, p


def check_batch(
    y_true,  # [B, C], 0 or 1
    y_pred,  # [B, C], logits or probabilities
    n_labels: int,  # C
    thresh,  # a number, or C numbers, in [0, 1]
    from_logits: bool | None,  # None: logits, and what may be probabilities is refused
    seen,  # whether earlier batches had values outside [0, 1]: a float tensor, 0 or 1
):  # targets bool, predicted bool [B, C]; scored wrongly, seen: float tensors, 0 or 1
    """What a batch says, after a look at it.

    Eagerly, ValueError. Inside `fit`, a sigmoid that the graph shows is refused as it is traced;
    values are refused as the graph runs, and where a compiler drops such checks, or the network
    has diverged, `wrong` is 1."""
    tf = import_tensorflow()
    if from_logits is not False and is_squashed(y_pred):
        raise ValueError(NO_LOGITS)
    t, p = _batch(tf, y_true, y_pred, n_labels)
    share = tf.reduce_all((p >= 0) & (p <= 1))
    said = (tf.sigmoid(p) if from_logits is not False else p) > thresh
    finite, binary = tf.reduce_all(tf.math.is_finite(p)), tf.reduce_all((t == 0) | (t == 1))
    if tf.executing_eagerly():  # in a graph the score becomes NaN, as the loss does
        _refuse(tf, finite, DIVERGED)
    fine, sentence = tf.constant(True), NO_PROBS
    if from_logits is False:
        fine = share
    elif from_logits is None:  # both readings may agree, as where all is 0
        few = (seen > 0) & (tf.size(p) < SURE)  # a last batch of logits may lie there by chance
        fine, sentence = ~share | few | tf.reduce_all(said == (p > thresh)), DOUBTFUL
    _refuse(tf, binary, TARGETS)
    _refuse(tf, fine | ~finite, sentence)
    wrong = tf.cast(~(finite & binary & fine), tf.float32)
    return t > 0.5, said, wrong, tf.maximum(seen, tf.cast(~share, tf.float32))


def cell_weights(
    sample_weight,  # None, or weights: one number, [B], [B, 1] or [B, C]
    like,  # a tensor [B, C]
):  # float32 [B, C]
    "What each cell counts."
    tf = import_tensorflow()
    if sample_weight is None:
        return tf.ones(tf.shape(like), tf.float32)
    w = tf.cast(tf.convert_to_tensor(sample_weight), tf.float32)
    w = w[:, None] if w.shape.rank == 1 else w
    rows, columns = like.shape
    fits = not w.shape.rank or (
        w.shape.rank == 2
        and w.shape[1] in (None, 1, columns)
        and (None in (w.shape[0], rows) or w.shape[0] == rows)
    )
    if not fits:
        raise ValueError(
            f"sample_weight has shape {tuple(w.shape)}: expected one number per "
            f"image, [B] or [B, 1], or one per cell, [B, {columns}]."
        )
    if tf.executing_eagerly() and not bool(tf.reduce_all(tf.math.is_finite(w) & (w >= 0))):
        raise ValueError("sample_weight must hold finite numbers of at least 0.")
    return tf.broadcast_to(w, tf.shape(like))
