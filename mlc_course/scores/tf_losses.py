"What the losses in TensorFlow share: a look at what comes in."

from ..settings import import_tensorflow

tf = import_tensorflow()


def _check_values(x, t):
    "An error unless the targets lie in [0, 1] and the logits are finite; in a graph, nothing."
    if not tf.executing_eagerly():
        return
    if not bool(tf.reduce_all((t >= 0) & (t <= 1))):
        raise ValueError(
            "targets must lie between 0 and 1. Were inputs and targets swapped? Keras calls "
            "loss(y_true, y_pred); these functions take (inputs, targets)."
        )
    if not bool(tf.reduce_all(tf.math.is_finite(x))):
        raise ValueError(
            "inputs has NaN or infinite logits: the model has diverged. Lower the learning rate, "
            "or look for NaN in the images."
        )


def checked_pair(
    inputs,  # logits: tensor, variable or array
    targets,  # as many targets: bool, integer or float
):  # both as tensors of the same floating-point dtype
    """Logits and targets ready for arithmetic, or an error.

    Half precision becomes float32. In a graph, shapes are looked at and values are not."""
    x = tf.convert_to_tensor(inputs)
    if not x.dtype.is_floating:
        raise TypeError(
            f"inputs holds {x.dtype.name}: expected logits, the floating-point numbers that the "
            "model puts out."
        )
    if x.dtype in (tf.float16, tf.bfloat16):
        x = tf.cast(x, tf.float32)
    t = tf.cast(tf.convert_to_tensor(targets), x.dtype)
    if not x.shape.is_compatible_with(t.shape) or x.shape.rank != t.shape.rank:
        raise ValueError(
            f"inputs has shape {tuple(x.shape)} and targets has shape {tuple(t.shape)}: expected "
            "one target for each logit."
        )
    if 0 in x.shape:
        raise ValueError(
            f"inputs is empty, with shape {tuple(x.shape)}: a mean over nothing is not defined. "
            "Skip empty batches."
        )
    _check_values(x, t)
    return x, t
