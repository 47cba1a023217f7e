"What a Keras network ends in."

from contextlib import contextmanager

import numpy as np

from .ends import FACTORS, KERAS_ENDS, check_output, first_line, judge, spread

KERAS_SAME = (
    "Identity IdentityN Cast Reshape Squeeze ExpandDims Transpose StopGradient StridedSlice "
    "GatherV2 Split PreventGradient CheckNumerics EnsureShape"
).split()


KERAS_LINEAR = "MatMul BatchMatMulV2 BatchMatMulV3 Einsum Conv2D FusedBatchNormV3".split()


def keras_graph(model, size):
    "The graph of a Keras model's forward pass, for float images."
    import tensorflow as tf

    spec = tf.TensorSpec((None, size, size, 3), tf.float32)
    try:
        return tf.function(lambda x: model(x, training=False)).get_concrete_function(spec)
    except Exception as e:
        raise ValueError(
            f"The model doesn't take float images [N, {size}, {size}, 3] ({first_line(e)}). "
            "Pass image_size= with the size that it was trained with."
        ) from e


def keras_ending(
    model,  # a Keras model
    size: int,  # side of its images
    vocab=None,  # to compare the number of outputs with
    from_unit: bool = False,  # refuse a network that was fed with bytes: it will get 0 to 1
) -> str:  # "sigmoid" or "logits"
    "Ask TensorFlow's graph what the outputs come from; ValueError if they can't be shipped."
    graph = keras_graph(model, size)
    begins = keras_expects_bytes(graph) if from_unit else ""
    if begins:
        raise ValueError(
            f"The network begins by {begins}, so it was trained on numbers from 0 to 255, and "
            "here it would get 0 to 1. Take that layer out; or export it with Predictor.save(..., "
            "input_range=(0, 255)), whose predictions(table) are right."
        )
    outs = graph.structured_outputs
    if not hasattr(outs, "shape"):
        check_output(outs, 2, vocab, f"float images [2, {size}, {size}, 3]")
    check_output(
        model(np.zeros((2, size, size, 3), "float32"), training=False), 2, vocab, "float images"
    )
    found, todo, seen = set(), [graph.outputs[0].op], set()
    while todo:
        op = todo.pop()
        if op.name in seen:
            continue
        seen.add(op.name)
        inner = [o.op for o in op.inputs]
        if op.type in ("ConcatV2", "Pack"):
            todo += [o for o in inner if o.type != "Const"]
        elif op.type in KERAS_SAME and inner:
            todo.append(inner[-1] if op.type == "Split" else inner[0])
        elif op.type in ("BiasAdd", "AddV2") and any(o.type in KERAS_LINEAR for o in inner):
            found.add("linear")
        else:
            found.add(
                "linear"
                if op.type in KERAS_LINEAR
                else KERAS_ENDS.get(op.type, f"unknown {op.type}")
            )
    return judge(found, lambda: keras_bounds(model, size))


def keras_expects_bytes(graph):
    "How a Keras graph begins, if that only makes sense for numbers up to 255; otherwise ''."
    import tensorflow as tf

    todo, steps = list(graph.inputs[0].consumers()), 0
    while todo and steps < 20:
        op, steps = todo.pop(0), steps + 1
        given = (
            [tf.get_static_value(o) for o in op.inputs]
            if op.type in ("Mul", "RealDiv", "Sub", "AddV2")
            else []
        )
        value = max(
            (float(np.abs(o).max()) for o in given if o is not None and np.size(o)), default=None
        )
        if value is not None and (
            op.type == "RealDiv" and value >= 50 or op.type == "Mul" and 0 < value <= 0.02
        ):
            return f"dividing its input by {value if op.type == 'RealDiv' else 1 / value:.4g}"
        if value is not None and op.type in ("Sub", "AddV2") and value >= 10:
            return f"taking {value:.4g} off its input"
        if value is not None or op.type in KERAS_SAME:
            todo += [o for out in op.outputs for o in out.consumers()]
    return ""


@contextmanager
def other_weights(model):
    "Lend the weights of a Keras model; they are put back whatever happens."
    kept = [w.numpy() for w in model.trainable_weights]
    try:
        yield kept
    finally:
        for w, value in zip(model.trainable_weights, kept):
            w.assign(value)


def keras_bounds(model, size):
    "(lowest, highest, largest) output of a Keras model with other weights."
    rng, seen = np.random.default_rng(0), []
    with other_weights(model) as kept:
        varied = any(value.size > 1 for value in kept)
        for k in FACTORS:
            for w, value in zip(model.trainable_weights, kept):
                if value.size > 1:
                    w.assign(
                        (
                            k * (value.std() + 0.1) * rng.normal(0, 1, value.shape) + value.mean()
                        ).astype(value.dtype)
                    )
            x = rng.uniform(0, 1, (4, size, size, 3)).astype("float32")
            seen.append(np.asarray(model(x if varied else k * (2 * x - 1), training=False)))
    return spread(seen, varied)
