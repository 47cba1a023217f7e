"ONNX graphs: what the network begins and ends with, and what is put in front of it and behind it."
# The network alone is exported first: floats in, raw outputs out. Its last operation says whether
# a sigmoid is missing.

import numpy as np

from .ends import FACTORS, spread

SAME = (
    "Identity",
    "Cast",
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Transpose",
    "Dropout",
    "Expand",
)
PARTS = (
    "Slice",
    "Gather",
    "Concat",
    "Split",
)  # elementwise facts hold for parts of a tensor as well
BOUNDED = dict(
    Softmax="softmax",
    LogSoftmax="log-softmax",
    Hardmax="hardmax",
    Sigmoid="sigmoid",
    HardSigmoid="hard sigmoid",
    Tanh="tanh",
    Clip="clamp",
    Softsign="softsign",
    Relu="ReLU",
    Softplus="softplus",
    Exp="exp",
    Abs="abs",
    Sqrt="sqrt",
    Erf="erf",
    Sin="sin",
    Cos="cos",
    Sign="sign",
    LpNormalization="normalisation",
)
LINEAR = ("Gemm", "MatMul", "Conv", "BatchNormalization")


def ends_in(
    model,  # an onnx.ModelProto
    output: str,  # name of the output
) -> set:  # names out of BOUNDED's values, "linear", or the ONNX name of another operation
    "The last operations that compute something; several where parts are put together."
    makers = {o: node for node in model.graph.node for o in node.output}
    fixed = {o.name for o in model.graph.initializer}
    found, todo, seen = set(), [output], set()
    while todo:
        name = todo.pop()
        node = makers.get(name)
        if name in seen or name in fixed:
            continue
        seen.add(name)
        if node is None:
            found.add("the input itself")
        elif node.op_type in SAME or node.op_type in ("Slice", "Gather", "Split"):
            todo.append(node.input[0])
        elif node.op_type == "Concat":
            todo += list(node.input)
        elif (
            node.op_type == "Add"
            and any(o in fixed for o in node.input)
            and is_linear(node, makers)
        ):
            found.add("linear")  # a matrix product and its bias
        else:
            found.add(
                "linear" if node.op_type in LINEAR else BOUNDED.get(node.op_type, node.op_type)
            )
    return found


def is_linear(node, makers):
    "Whether an Add adds to a matrix product or a convolution."
    for name in node.input:
        maker = makers.get(name)
        while maker is not None and maker.op_type in SAME:
            maker = makers.get(maker.input[0])
        if maker is not None and maker.op_type in LINEAR:
            return True
    return False


def first_numbers(model) -> list:  # [(operation, constants)] of the first arithmetic on the input
    "What is done to the pixels first: scaling and shifting by constants, as far as it goes on."
    from onnx import numpy_helper

    users: dict = {}
    fixed = {o.name: o for o in model.graph.initializer}
    made = {n.output[0]: n for n in model.graph.node if n.op_type == "Constant"}
    for node in model.graph.node:
        for o in node.input:
            users.setdefault(o, []).append(node)
    found: list = []
    todo = [model.graph.input[0].name]
    while todo:
        for node in users.get(todo.pop(), []):
            if node.op_type in SAME or node.op_type in PARTS:
                todo += list(node.output)
            elif node.op_type in ("Mul", "Div", "Add", "Sub"):
                given = [fixed[o] for o in node.input if o in fixed]
                given += [made[o].attribute[0].t for o in node.input if o in made]
                if given and len(found) < 4:
                    found.append((node.op_type, numpy_helper.to_array(given[0]).astype("float64")))
                    todo += list(node.output)
    return found


def expects_bytes(model) -> str:  # "" or what it does
    "How the network begins, if that only makes sense for numbers up to 255."
    for op, value in first_numbers(model):
        size = float(np.abs(value).max()) if value.size else 0.0
        if op == "Mul" and size >= 50:
            return ""  # it makes bytes of its own
        if op == "Div" and size >= 50 or op == "Mul" and 0 < size <= 0.02:
            return f"dividing its input by {size if op == 'Div' else 1 / size:.4g}"
        if op in ("Add", "Sub") and size >= 10:
            return f"taking {size:.4g} off its input"
    return ""


def structural_bounds(
    model,  # an onnx.ModelProto, floats to raw outputs
    shape,  # of one input, without the batch
    seed: int = 0,
) -> tuple:  # (lowest, highest, largest) output that was seen
    "What outputs can become with other weights: bounded operations stay bounded, logits don't."
    import onnxruntime as ort
    from onnx import numpy_helper

    rng, seen = np.random.default_rng(seed), []
    kept = {n.input[4] for n in model.graph.node if n.op_type == "BatchNormalization"}
    weights = {
        o.name for o in model.graph.initializer if o.data_type == 1 and np.prod(o.dims) > 1
    } - kept
    for k in FACTORS:
        other = type(model)()
        other.CopyFrom(model)
        for o in other.graph.initializer:
            if o.name not in weights:
                continue
            w = numpy_helper.to_array(o)
            new = k * (w.std() + 0.1) * rng.normal(0, 1, w.shape) + w.mean()
            o.CopyFrom(numpy_helper.from_array(new.astype("float32"), o.name))
        options = ort.SessionOptions()
        options.log_severity_level = 4
        run = ort.InferenceSession(
            other.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        x = rng.uniform(0, 1, (4, *shape)).astype("float32")
        x = x if weights else np.float32(k) * (2 * x - 1)
        seen.append(run.run([model.graph.output[0].name], {model.graph.input[0].name: x})[0])
    return spread(seen, bool(weights))


def serve(
    model,  # an onnx.ModelProto: floats to raw outputs (and maps); changed in place
    size: int,  # side of the square
    scale,  # per channel or one number: the network's input is byte*scale + shift
    shift,
    channels_first: bool,  # as torch has them
    sigmoid: bool,  # put one behind the first output
    facts: dict,  # metadata, text by name
    matrix=None,  # float [out, size]: resize by it along both axes
):  # the same model: `pixels` uint8 [N, S, S, 3] to `probs` (and `maps`)
    "Bytes in, probabilities out."
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    rename(graph, {o.name: f"raw_{i}" for i, o in enumerate(graph.output)})
    rename(graph, {graph.input[0].name: "network_input"})

    def constant(name, value):
        value = np.asarray(value, "float32").reshape(1, 1, 1, -1)
        graph.initializer.append(numpy_helper.from_array(value, name))
        return name

    def weights(name, value):
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    last: tuple = ("Transpose", dict(perm=[0, 3, 1, 2])) if channels_first else ("Identity", {})
    ready = "network_input" if matrix is None else "front_large"
    front = [
        helper.make_node("Cast", ["pixels"], ["front_float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["front_float", constant("front_scale", scale)], ["front_scaled"]),
        helper.make_node(
            "Add", ["front_scaled", constant("front_shift", shift)], ["front_shifted"]
        ),
        helper.make_node(last[0], ["front_shifted"], [ready], **last[1]),
    ]
    if matrix is not None:
        rows, columns = weights("front_rows", matrix), weights("front_columns", matrix.T)
        front.append(helper.make_node("MatMul", [rows, ready], ["front_low"]))
        front.append(helper.make_node("MatMul", ["front_low", columns], ["network_input"]))
    back = [helper.make_node("Sigmoid" if sigmoid else "Identity", ["raw_0"], ["probs"])]
    back += [helper.make_node("Identity", ["raw_1"], ["maps"])] * (len(graph.output) > 1)
    nodes = [*front, *graph.node, *back]
    outputs = list(graph.output)
    for o, name in zip(outputs, ("probs", "maps")):
        o.name = name
    del graph.node[:], graph.input[:], graph.output[:]
    graph.node.extend(nodes)
    graph.output.extend(outputs)
    graph.input.append(
        helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["batch", size, size, 3])
    )
    onnx.helper.set_model_props(model, facts)
    return model


def rename(graph, names):
    "Give tensors other names, wherever they are used."
    for node in graph.node:
        for given in (node.input, node.output):
            for i, name in enumerate(given):
                given[i] = names.get(name, name)
    for o in (*graph.input, *graph.output, *graph.value_info):
        o.name = names.get(o.name, o.name)
