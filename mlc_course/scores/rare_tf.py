"Losses for rare positives, in TensorFlow: weighted, focal, asymmetric, soft F1."

from ..data.targets import as_array
from .numbers import check_asymmetric, check_focal, check_pos_weight
from .tf_losses import checked_pair, tf

TINY = 1e-37  # the smallest base of a power: a root has no slope at 0


def _fitting_weight(pos_weight, x):
    "The weight as a tensor; ValueError where it doesn't fit the logits."
    if tf.executing_eagerly() or not tf.is_tensor(pos_weight):
        check_pos_weight(pos_weight)
    w = tf.cast(tf.convert_to_tensor(pos_weight), x.dtype)
    if w.shape.rank > 1 or (w.shape.rank == 1 and w.shape[0] not in (1, x.shape[-1])):
        raise ValueError(
            f"pos_weight has shape {tuple(w.shape)} and inputs has shape {tuple(x.shape)}: give "
            "one number, or one number per label."
        )
    return w


def _zero_one_rows(targets):
    "Targets that can be counted; ValueError where a value is neither 0 nor 1."
    t = targets if tf.is_tensor(targets) else tf.convert_to_tensor(as_array(targets, "targets"))
    if t.shape.rank != 2 or 0 in t.shape:
        raise ValueError(
            f"targets has shape {tuple(t.shape)}: expected [N, C] with at least one row and one "
            "label."
        )
    t = tf.cast(t, tf.float32)
    if not bool(tf.reduce_all((t == 0) | (t == 1))):
        raise ValueError(
            "targets must be 0 or 1: weights count rows, and a share of a row can't be counted."
        )
    return t


def _check_two_axes(x):
    "ValueError unless there are rows and labels."
    if x.shape.rank != 2:
        raise ValueError(
            f"inputs has shape {tuple(x.shape)}: F1 is counted per label over the rows, so "
            "expected [N, C]."
        )


def positive_weights(
    targets,  # multi-hot NumPy array or tensor [N, C]
):  # float32 [C], for `pos_weight`
    """Negatives per positive, for each label.

    A label without positives (or without negatives) is counted as if it had one. ValueError where
    a target is neither 0 nor 1."""
    t = _zero_one_rows(targets)
    pos = tf.reduce_sum(t, 0)
    return tf.maximum(len(t) - pos, 1) / tf.maximum(pos, 1)


def binary_cross_entropy_with_logits(
    inputs,  # logits [N, C]
    targets,  # 0 or 1 (or a share between) [N, C]
    pos_weight=None,  # what a positive counts: a number, or one per label [C]
):  # scalar, nats per cell
    "Binary cross-entropy with a weight for the positives: a mean over every cell."
    x, t = checked_pair(inputs, targets)
    w = 1 if pos_weight is None else _fitting_weight(pos_weight, x)
    return tf.reduce_mean(w * t * tf.nn.softplus(-x) + (1 - t) * tf.nn.softplus(x))


def focal_loss(
    inputs,  # logits [N, C]
    targets,  # 0 or 1 [N, C]
    gamma=2.0,  # how strongly well-predicted cells are faded out
    alpha=0.25,  # weight of positives, in [0, 1]; None weights nothing
):  # scalar
    "Binary cross-entropy times (1 - p_t)**gamma, averaged (Lin et al. 2017)."
    check_focal(gamma, alpha)
    x, t = checked_pair(inputs, targets)
    wrong = tf.sigmoid(x) * (1 - t) + tf.sigmoid(-x) * t
    cells = t * tf.nn.softplus(-x) + (1 - t) * tf.nn.softplus(x)
    cells = cells * tf.maximum(wrong, TINY) ** gamma
    if alpha is not None:
        cells = cells * (alpha * t + (1 - alpha) * (1 - t))
    return tf.reduce_mean(cells)


def asymmetric_loss(
    inputs,  # logits [N, C]
    targets,  # 0 or 1 [N, C]
    gamma_neg=4.0,  # fading of easy negatives
    gamma_pos=0.0,  # fading of easy positives
    clip=0.05,  # negatives below this probability cost nothing
):  # scalar
    "Focal loss with a gamma for each side and a margin for negatives (Ridnik et al. 2021)."
    check_asymmetric(gamma_neg, gamma_pos, clip)
    x, t = checked_pair(inputs, targets)
    p = tf.maximum(tf.sigmoid(x) - clip, TINY)
    yes, no = tf.nn.softplus(-x), tf.nn.softplus(x) if clip == 0 else -tf.math.log1p(-p)
    if gamma_neg:
        no = no * p**gamma_neg
    if gamma_pos:
        yes = yes * tf.maximum(tf.sigmoid(-x), TINY) ** gamma_pos
    return tf.reduce_mean(t * yes + (1 - t) * no)


def _soft_f1(p, q, t):
    "F1 per label [C], with probabilities in place of counts; `q` is 1 - p."
    tp, fp, fn = (tf.reduce_sum(v, 0) for v in (p * t, p * (1 - t), q * t))
    return 2 * tp / (2 * tp + fp + fn + 1e-16)


def macro_soft_f1(
    inputs,  # logits [N, C]
    targets,  # 0 or 1 [N, C]
    double=True,  # also the F1 of the negatives, half and half
):  # scalar in [0, 1]
    "1 - soft F1 (probabilities in place of yes and no), per label over the batch, averaged."
    x, t = checked_pair(inputs, targets)
    _check_two_axes(x)
    p, q = tf.sigmoid(x), tf.sigmoid(-x)
    f1 = _soft_f1(p, q, t)
    if double:
        f1 = (f1 + _soft_f1(q, p, 1 - t)) / 2
    return 1 - tf.reduce_mean(f1)
