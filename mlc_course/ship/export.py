"Networks as ONNX: floats in, raw outputs out, then bytes in and probabilities out."

import json
import logging
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..extras import need
from ..hints import Any, ArrayLike
from ..nets.names import OURS
from .answers import expit, keras_answer, torch_answer
from .ends import check_output, first_line, judge
from .facts import framework_of, network_of
from .graph import ends_in, expects_bytes, serve, structural_bounds
from .scan import check_graph
from .source import Source, needs_sigmoid
from .torch_ends import call_torch, eval_copy


@contextmanager
def quiet(level=logging.WARNING):
    "Exporters tell how they get on, in log lines and warnings that nobody needs."
    before = logging.root.manager.disable
    logging.disable(level)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def onnx_bytes(
    source: Source,
) -> tuple:  # (bytes, whether a sigmoid was put behind the network)
    """The content of model.onnx; ValueError for a network whose answers couldn't be its user's.

    It takes `pixels` uint8 [N, S, S, 3] and gives `probs` float32 [N, C] (and `maps`)."""
    need("export", "onnx", "onnxscript" if source.framework == "torch" else "tf2onnx")
    matrix = source.reading.matrix if source.reading is not None else None
    size = source.recipe.size if matrix is None else len(matrix)
    raw = (torch_graph if source.framework == "torch" else keras_graph)(
        source.model, size, source.vocab
    )
    begins = "" if source.range_given else expects_bytes(raw)
    if begins:
        raise ValueError(
            f"The network begins by {begins}, so it was probably given numbers from 0 to 255, and "
            "the course's networks "
            "take 0 to 1. Say which: input_range=(0, 255) or input_range=(0, 1)."
        )
    shape = (3, size, size) if source.framework == "torch" else (size, size, 3)
    ending = judge(ends_in(raw, raw.graph.output[0].name), lambda: structural_bounds(raw, shape))
    facts = dict(vocab=json.dumps(source.vocab), image_size=str(source.recipe.size))
    sigmoid = needs_sigmoid(source, ending)
    served = serve(
        raw,
        source.recipe.size,
        source.scale,
        source.shift,
        source.framework == "torch",
        sigmoid,
        facts,
        matrix,
    )
    try:
        data = served.SerializeToString()
    except ValueError:
        raise ValueError(
            "The network has more than 2 GB of weights, which one ONNX file can't hold."
        ) from None
    try:
        check_graph(data)
    except ValueError as e:
        raise ValueError(
            f"The network can't be shipped: {e} Unroll it, or leave that part out."
        ) from None
    return data, sigmoid


def torch_graph(model, size, vocab):
    "An onnx.ModelProto of a torch module: float [N, 3, S, S] to raw outputs (and maps)."
    import torch

    if isinstance(model, torch.jit.ScriptModule):
        raise ValueError(
            "The model is a TorchScript module, which can't be written as ONNX. Give the module "
            "that it was scripted or traced from."
        )
    net = eval_copy(model).to(memory_format=torch.contiguous_format)
    with torch.no_grad():
        check_output(
            call_torch(net, torch.rand(2, 3, size, size)),
            2,
            vocab,
            f"float images [2, 3, {size}, {size}]",
        )
    maps = getattr(net, "arch", "") in OURS and isinstance(net.head, torch.nn.Linear)
    names = ["raw", "maps"][: 1 + maps]
    try:
        with quiet():
            program = torch.onnx.export(
                with_maps(net) if maps else net,
                (torch.zeros((2, 3, size, size)),),
                dynamo=True,
                verbose=False,
                input_names=["images"],
                output_names=names,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
            )
            return program.model_proto
    except Exception as e:
        raise ValueError(
            f"PyTorch can't write this {type(model).__name__} as ONNX ({first_line(e)})."
        ) from e


def with_maps(net):
    "One of our networks with a second output: Grad-CAM of each label, without a gradient."
    import torch

    class Mapped(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, x):
            a, head = self.net.feature_map(x), self.net.head
            pooled = [a.mean((2, 3))]
            if head.in_features == 2 * a.shape[1]:  # the pocket ResNet's: means, then maxima
                pooled.append(a.amax((2, 3)))
            raw = head(torch.cat(pooled, 1))
            per_place = sum(head.weight.split(a.shape[1], 1)) / (a.shape[2] * a.shape[3])
            return raw, torch.relu(torch.einsum("nkhw,ck->nchw", a, per_place))

    return Mapped().eval()


def keras_graph(model, size, vocab):
    "An onnx.ModelProto of a Keras model: float [N, S, S, 3] to raw outputs (and maps)."
    import keras
    import onnx

    need_float32(model)
    x = np.zeros((2, size, size, 3), "float32")
    try:
        out = model(x, training=False)
    except Exception as e:
        raise ValueError(
            f"The model doesn't take float images {list(x.shape)} ({first_line(e)}). Pass "
            "image_size= with the size that it was trained with."
        ) from e
    check_output(out, 2, vocab, f"float images {list(x.shape)}")
    names = [o.name for o in getattr(model, "layers", [])]
    if model.name in OURS and {"mean", "head"} <= set(names):
        model = keras_with_maps(model, size)
    spec = keras.InputSpec(shape=(None, size, size, 3), dtype="float32", name="images")
    with tempfile.TemporaryDirectory() as folder, quiet(logging.ERROR):
        path = Path(folder) / "network.onnx"
        try:
            model.export(str(path), format="onnx", verbose=False, input_signature=[spec])
            graph = onnx.load(path)
            whole = len(graph.graph.input) == 1 and not by_chance(graph)
            return graph if whole else keras_with_constants(model, size)
        except Exception as e:
            why = first_line(e).replace(str(folder), "")
            raise ValueError(
                f"Keras can't write this {type(model).__name__} as ONNX ({why})."
            ) from e


def need_float32(model):
    "ValueError for a Keras model that computes in half precision: ONNX would round otherwise."
    layers = model._flatten_layers() if hasattr(model, "_flatten_layers") else []
    kinds = {str(getattr(o, "compute_dtype", "float32")) for o in layers}
    half = sorted(kinds & {"float16", "bfloat16"})
    if half:
        raise ValueError(
            f"The model computes in {half[0]} (mixed precision), and a predictor computes in "
            'float32. Call keras.config.set_dtype_policy("float32"), build the network again, and '
            "give it the trained weights: new.set_weights(model.get_weights())."
        )


def by_chance(graph):
    "Whether layers for training only (RandomFlip ...) were written as if training went on."
    return any("Stateless" in o.op_type or o.op_type.startswith("Random") for o in graph.graph.node)


def keras_with_constants(model, size):
    """An onnx.ModelProto of a Keras model's prediction, with constants besides its weights.

    Keras' own export makes inputs of the constants of Normalization, and lets RandomFlip flip."""
    import tensorflow as tf
    import tf2onnx
    from onnx import numpy_helper

    function = tf.function(lambda images: model(images, training=False))
    spec = tf.TensorSpec((None, size, size, 3), tf.float32, name="images")
    graph, _ = tf2onnx.convert.from_function(function, input_signature=[spec])
    captured = function.get_concrete_function(spec).graph.captures
    values = {inner.name: outer for outer, inner in captured if outer.dtype != tf.resource}
    for o in [o for o in graph.graph.input if o.name in values]:
        graph.graph.initializer.append(numpy_helper.from_array(values[o.name].numpy(), o.name))
        graph.graph.input.remove(o)
    if len(graph.graph.input) != 1:
        raise ValueError(f"it wants {len(graph.graph.input)} inputs")
    return graph


def keras_with_maps(model, size):
    "One of our networks in Keras with a second output, as `with_maps`."
    import keras
    from keras import layers

    images = keras.Input((size, size, 3), name="images")
    a, raw = keras.Model(model.input, [model.get_layer("mean").input, model.output])(images)
    kernel = model.get_layer("head").get_weights()[0]
    to_maps = layers.Dense(kernel.shape[1], use_bias=False, activation="relu", name="to_maps")
    maps = layers.Permute((3, 1, 2), name="maps")(to_maps(a))
    per_place = sum(np.split(kernel, len(kernel) // a.shape[3])) / (a.shape[1] * a.shape[2])
    to_maps.set_weights([per_place])
    both = keras.Model(images, [raw, maps])
    both(np.zeros((1, size, size, 3), "float32"))  # a model that was never called can't be exported
    return both


def framework_probs(
    model: Any,  # a torch module or a Keras model
    pixels: np.ndarray,  # uint8 [N, S, S, 3]
    batch_size: int = 256,  # images at once
    *,
    sigmoid: bool | None = None,  # put one behind the outputs? None: look what the network ends in
    scale: "ArrayLike | None" = None,  # the input is byte*scale + shift; None: 1/255
    shift: "ArrayLike" = 0.0,  # as above
) -> np.ndarray:  # float32 [N, C]
    "The framework's own answer, on the CPU in float32: what an export is measured against."
    from .heads import keras_ending, torch_ending

    learner, model = hasattr(model, "dls"), network_of(model)
    need_pixels(pixels)
    if scale is None and learner:
        raise ValueError(
            "framework_probs asks a network alone, and what this Learner's DataLoaders do "
            "(Normalize ...) would be missing. Ask learn.get_preds, or train_fastai.predict(learn, "
            "table); or pass learn.model with scale= and shift=."
        )
    parts = [pixels[i : i + batch_size] for i in range(0, len(pixels), batch_size)]
    keras_model = framework_of(model) == "keras"
    if sigmoid is None:
        known = dict(from_unit=scale is None) if keras_model else {}
        sigmoid = (keras_ending if keras_model else torch_ending)(
            model, pixels.shape[1], **known
        ) == "logits"
    scale = np.asarray(1 / 255 if scale is None else scale, np.float32)
    shift = np.asarray(shift, np.float32)
    ask = keras_answer(model) if keras_model else torch_answer(model)
    out = [ask(o.astype("float32") * scale + shift) for o in parts]
    raw = np.concatenate(out).astype("float32") if out else np.zeros((0, 0), "float32")
    return expit(raw) if sigmoid else raw


def need_pixels(pixels):
    "TypeError or ValueError unless this is a batch of squares as bytes."
    shape, dtype = getattr(pixels, "shape", None), getattr(pixels, "dtype", None)
    if shape is None or dtype is None:
        raise TypeError(
            f"The pixels are a {type(pixels).__name__}; give an array, as "
            "mlc_course.tables.decode_images(paths, size) makes it."
        )
    if dtype != np.uint8 or len(shape) != 4 or shape[3] != 3 or shape[1] != shape[2]:
        raise ValueError(
            f"The pixels are {dtype} of shape {list(shape)}; give uint8 [N, S, S, 3], from 0 to "
            "255, as mlc_course.tables.decode_images(paths, size) makes them."
        )
