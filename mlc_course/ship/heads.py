"What a network ends in: a sigmoid, logits, or what can't be shipped; found by the graph."
# A bounded output that the graph doesn't name (a sigmoid written by hand, a cosine) is found by
# trying other weights.

import copy
import re
from contextlib import contextmanager

import numpy as np

TORCH_SAME = (
    "View UnsafeView ReshapeAlias ToCopy Clone Alias Squeeze Unsqueeze Transpose T Permute Expand "
    "Slice Select "
    "Index Split SplitWithSizes Unbind Contiguous AsStrided Copy Flatten Unflatten ToChannelsLast"
).split()
TORCH_ENDS = dict(
    Sigmoid="sigmoid",
    Softmax="softmax",
    LogSoftmax="log-softmax",
    Hardsigmoid="hard sigmoid",
    Tanh="tanh",
    Hardtanh="clamp",
    Clamp="clamp",
    ClampMin="clamp",
    ClampMax="clamp",
    Relu="ReLU",
    Softplus="softplus",
    LogSigmoid="log-sigmoid",
    Exp="exp",
    Abs="abs",
    Sqrt="sqrt",
    Erf="erf",
    Sin="sin",
    Cos="cos",
)
TORCH_LINEAR = (
    "Addmm Mm Bmm Baddbmm Addmv Linear Convolution MkldnnConvolution NativeBatchNorm CudnnBatchNorm"
).split()
KERAS_SAME = (
    "Identity IdentityN Cast Reshape Squeeze ExpandDims Transpose StopGradient StridedSlice "
    "GatherV2 Split "
    "PreventGradient CheckNumerics EnsureShape"
).split()
KERAS_ENDS = dict(
    Sigmoid="sigmoid",
    Softmax="softmax",
    LogSoftmax="log-softmax",
    Tanh="tanh",
    Relu="ReLU",
    Relu6="clamp",
    ClipByValue="clamp",
    Softplus="softplus",
    Softsign="softsign",
    Exp="exp",
    Abs="abs",
    Sqrt="sqrt",
    Erf="erf",
    Sin="sin",
    Cos="cos",
)
KERAS_LINEAR = "MatMul BatchMatMulV2 BatchMatMulV3 Einsum Conv2D FusedBatchNormV3".split()
COMPETING = ("softmax", "log-softmax", "hardmax")


def judge(
    found: set,  # the last operations: "sigmoid", "linear", ...
    bounds,  # a function that gives (lowest, highest, largest) output with other weights
) -> str:  # "sigmoid" or "logits"
    "What the outputs are; ValueError for what isn't one independent score for each label."
    rest = found - {"sigmoid", "linear"}
    if found == {"sigmoid"}:
        return "sigmoid"
    if found & set(COMPETING):
        raise ValueError(
            f"The network ends in a {sorted(found & set(COMPETING))[0]}, so its labels compete: "
            "the scores of an image "
            "add up to 1, and two labels can't both be likely. Take that layer off, train with a "
            "binary "
            "cross-entropy (of logits), and ship the result."
        )
    if found == {"linear"}:
        return "logits"
    if "sigmoid" in found:
        raise ValueError(
            "Some outputs of the network end in a sigmoid and others don't, so it can't be told "
            "which are "
            "probabilities. Let all of them be logits, or put all through a sigmoid."
        )
    named = sorted(
        rest & (set(TORCH_ENDS.values()) | set(KERAS_ENDS.values()) | {"hardmax", "normalisation"})
    )
    if named:
        raise ValueError(unfit(f"The network ends in {named[0]}"))
    low, high, largest = bounds()
    if largest <= 100 or low >= 0 or high <= 0:
        span = f"from {low:.3g} to {high:.3g}" if largest <= 100 else "of one sign only"
        raise ValueError(unfit(f"Whatever its weights, the network gives numbers {span}"))
    return "logits"


def unfit(fact):
    "The sentence about an output that is neither a logit nor a plain sigmoid."
    return (
        f"{fact}: that is neither a logit, which can be any number, nor a probability from a "
        "plain sigmoid. "
        "Let the network end in its last linear layer, or in a sigmoid alone."
    )


def check_output(
    out,  # what the network gave for some images
    n: int,  # how many images
    vocab,  # label names; None: any number of outputs will do
    call: str,  # how it was called, for the sentence
):
    "ValueError, with what to do, unless `out` is one float per image and label."
    shape, dtype = getattr(out, "shape", None), getattr(out, "dtype", None)
    if shape is None or dtype is None or isinstance(out, np.ndarray):
        parts = f" with {len(out)} parts" if hasattr(out, "__len__") and shape is None else ""
        raise ValueError(
            f"For {call} the model gives a {type(out).__name__}{parts}, and a predictor needs one "
            "tensor "
            "[N, labels]. Wrap the model so that it gives the label scores alone."
        )
    shape, wanted = list(map(int, shape)), len(vocab) if vocab is not None else None
    if len(shape) != 2 or shape[0] != n:
        raise ValueError(
            f"For {call} the model gives numbers of shape {shape}, and a predictor needs [{n}, "
            "labels], one number "
            "per image and label."
        )
    if wanted is not None and shape[1] != wanted:
        raise ValueError(
            f"The model gives {shape[1]} number{'s' * (shape[1] != 1)} for each image, and the "
            f"vocab has {wanted} "
            f"label{'s' * (wanted != 1)} "
            f"({', '.join(map(str, list(vocab)[:3]))}{', ...' * (wanted > 3)}). Give the "
            "vocab that the model was trained with, in the order of its outputs."
        )
    if "float" not in str(dtype):
        raise ValueError(
            f"The model gives numbers of the kind {dtype}, and scores are floats (logits or "
            "probabilities)."
        )


def torch_ending(
    model,  # a torch module, on any device and in any mode
    size: int,  # side of its images
    vocab=None,  # to compare the number of outputs with
) -> str:  # "sigmoid" or "logits"
    "Ask PyTorch's own record what the outputs come from; ValueError if they can't be shipped."
    import torch

    net = eval_copy(model)
    x = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0)).requires_grad_()
    with torch.enable_grad():
        out = call_torch(net, x)
    check_output(out, 2, vocab, f"float images {list(x.shape)}")
    found, todo, seen = set(), [out.grad_fn], set()
    while todo:
        step = todo.pop()
        name = type(step).__name__.split("Backward")[0]
        if step in seen:
            continue
        seen.add(step)
        inner = [o for o, _ in step.next_functions if o is not None] if step is not None else []
        if name in ("Cat", "Stack"):
            todo += inner
        elif name in TORCH_SAME and inner:
            todo.append(inner[0])
        else:
            found.add("linear" if name in TORCH_LINEAR else TORCH_ENDS.get(name, f"unknown {name}"))
    return judge(found, lambda: torch_bounds(net, size))


def eval_copy(model):
    "A copy on the CPU, in float32, for prediction; the model itself stays as it is."
    if any(type(p).__name__ == "UninitializedParameter" for p in model.parameters()):
        raise ValueError("The network has lazy layers without weights; call it once, and train it.")
    try:
        return copy.deepcopy(model).cpu().float().eval()
    except Exception as e:
        raise ValueError(
            f"The {type(model).__name__} can't be copied ({first_line(e)}). Give a network whose "
            "weights are there: loaded, on a device, and called once if it has lazy layers."
        ) from None


def call_torch(net, x):
    "What a module gives; a failure as a sentence."
    try:
        return net(x)
    except Exception as e:
        raise ValueError(
            f"The model doesn't take float images {list(x.shape)}, as the trainers give them "
            f"({first_line(e)}). "
            "Set model.image_size, or pass image_size=, to the size that it was trained with."
        ) from e


def first_line(e):
    "The first line of an error's text, shortened."
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(e)).strip()
    return (text.splitlines() or [type(e).__name__])[0][:200]


def torch_bounds(net, size):
    "(lowest, highest, largest) output of a module with other weights."
    import torch

    g, seen, net = torch.Generator().manual_seed(0), [], copy.deepcopy(net)
    kept = [p.detach().clone() for p in net.parameters()]
    varied = any(w.numel() > 1 for w in kept)
    for k in FACTORS:
        with torch.no_grad():
            for p, w in zip(net.parameters(), kept):
                if w.numel() > 1:
                    p.copy_(k * (w.std() + 0.1) * torch.randn(w.shape, generator=g) + w.mean())
            x = torch.rand(4, 3, size, size, generator=g)
            seen.append(call_torch(net, x if varied else k * (2 * x - 1)).numpy())
    return spread(seen, varied)


FACTORS = (0.5, 1, 1, 2, 2, 30, 30, 1000)  # how much larger than now weights are tried


def spread(
    parts,  # outputs, as arrays
    varied,  # were there weights to change? If not (inputs were), above 1 counts as large
):
    "(lowest, highest, largest) of arrays; what isn't finite counts as large."
    a = np.nan_to_num(np.concatenate(parts).astype("float64"), nan=0.0, posinf=1e30, neginf=-1e30)
    return float(a.min()), float(a.max()), float(np.abs(a).max()) * (1 if varied else 99)


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
            "here it would get 0 to 1. Take "
            "that layer out; or export it with Predictor.save(..., input_range=(0, 255)), whose "
            "predictions(table) are right."
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
