"EfficientNet-Lite's body as an ONNX graph, made of its arrays alone: the fastest way to features."

import numpy as np

from ..extras import absent
from .lite_plan import EPS, blocks_of


def can_build() -> bool:
    "Whether the package that writes ONNX graphs is installed (the extra `export` brings it)."
    return "onnx" not in absent("export")


class Graph:
    "Nodes and weights of a graph that grows by one layer at a time."

    def __init__(self, arrays):
        from onnx import helper, numpy_helper

        self.arrays, self.helper, self.numpy_helper = arrays, helper, numpy_helper
        self.nodes, self.weights = [], []

    def add(self, op, inputs, **attributes) -> str:
        "A node; the name of what it gives."
        out = f"{op}_{len(self.nodes)}"
        self.nodes.append(self.helper.make_node(op, inputs, [out], **attributes))
        return out

    def weight(self, array) -> str:
        "A constant; its name."
        name = f"w_{len(self.weights)}"
        self.weights.append(self.numpy_helper.from_array(np.asarray(array, "float32"), name))
        return name

    def unit(self, x, name, stride=1, groups=1, relu=True) -> str:
        "Convolution with BatchNorm folded into it, then ReLU6 if asked for."
        a = self.arrays
        scale = a[f"{name}.norm.weight"] / np.sqrt(a[f"{name}.norm.running_var"] + EPS)
        kernel = a[f"{name}.conv.weight"] * scale[:, None, None, None]
        shift = a[f"{name}.norm.bias"] - a[f"{name}.norm.running_mean"] * scale
        inputs = [x, self.weight(kernel), self.weight(shift)]
        pad = dict(auto_pad="SAME_UPPER", strides=[stride] * 2, group=groups)
        x = self.add("Conv", inputs, **pad)
        return self.add("Clip", [x, self.zero, self.six]) if relu else x

    def body(self, arch) -> str:
        "From bytes [N, S, S, 3] to features [N, 1280]."
        self.zero, self.six = self.weight(0), self.weight(6)
        x = self.add("Cast", ["pixels"], to=1)
        x = self.add("Transpose", [x], perm=[0, 3, 1, 2])
        x = self.add("Mul", [x, self.weight(2 / 255)])
        x = self.unit(self.add("Sub", [x, self.weight(1)]), "stem", 2)
        for i, (_, stride, expand, n_in, n_out) in enumerate(blocks_of(arch)):
            y, name = x, f"blocks.{i}"
            if expand > 1:
                y = self.unit(y, f"{name}.expand")
            y = self.unit(y, f"{name}.depthwise", stride, n_in * expand)
            y = self.unit(y, f"{name}.project", relu=False)
            x = self.add("Add", [x, y]) if stride == 1 and n_in == n_out else y
        x = self.add("GlobalAveragePool", [self.unit(x, "top")])
        return self.add("Flatten", [x])


def lite_graph(
    arrays: dict,  # float32 arrays by name, as `get_arrays` gives them
    arch: str,  # "efficientnet_lite0", 1 or 2
) -> bytes:  # an ONNX model: `pixels` uint8 [N, S, S, 3] to `features` float32 [N, 1280]
    "The body with BatchNorm folded into the convolutions."
    from onnx import TensorProto, helper

    graph = Graph(arrays)
    last = graph.body(arch)
    graph.nodes.append(helper.make_node("Identity", [last], ["features"]))
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", "H", "W", 3])
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 1280])
    made = helper.make_graph(graph.nodes, arch, [pixels], [features], graph.weights)
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(made, opset_imports=opset, ir_version=8).SerializeToString()
