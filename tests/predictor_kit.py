"""A predictor made by hand: its answers can be worked out with a pencil, and it is there in
milliseconds.
"""

import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np

VOCAB = ["blue", "green", "red"]
WEIGHTS = np.eye(3, dtype=np.float32)[
    ::-1
]  # a label's probability is the mean of its channel, 0 to 1


def model(
    path,
    weights=WEIGHTS,
    size=8,
    *,
    n="n",
    kind="UINT8",
    names=("pixels", "probs"),
    facts=None,
    scale=255.0,
):
    "An ONNX file: the mean colour of each picture, times `weights` [C, 3]."
    import onnx
    from onnx import TensorProto
    from onnx import helper as h
    from onnx import numpy_helper as nh

    nodes = [
        h.make_node("Cast", [names[0]], ["float"], to=TensorProto.FLOAT),
        h.make_node("ReduceMean", ["float", "axes"], ["mean"], keepdims=0),
        h.make_node("Div", ["mean", "scale"], ["unit"]),
        h.make_node("MatMul", ["unit", "weights"], [names[1]]),
    ]
    kept = [
        nh.from_array(np.array([1, 2]), "axes"),
        nh.from_array(np.float32(scale), "scale"),
        nh.from_array(np.ascontiguousarray(weights.T, np.float32), "weights"),
    ]
    graph = h.make_graph(
        nodes,
        "hand",
        [h.make_tensor_value_info(names[0], getattr(TensorProto, kind), [n, size, size, 3])],
        [h.make_tensor_value_info(names[1], TensorProto.FLOAT, [n, len(weights)])],
        kept,
    )
    made = h.make_model(graph, opset_imports=[h.make_opsetid("", 18)], ir_version=10)
    h.set_model_props(made, facts or {})
    onnx.save(made, path)
    return Path(path)


def content(*args, **kwargs):
    "The bytes of such a file."
    with tempfile.TemporaryDirectory() as folder:
        return model(Path(folder) / "model.onnx", *args, **kwargs).read_bytes()


def hand_made(folder, vocab=VOCAB, thresh=0.5, size=8, weights=None, **kwargs):
    "A whole predictor folder around `model`."
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = WEIGHTS[np.arange(len(vocab)) % 3] if weights is None else weights
    model(
        folder / "model.onnx",
        weights,
        size,
        **{"facts": dict(vocab=json.dumps(vocab), image_size=str(size)), **kwargs},
    )
    thresholds = thresh if isinstance(thresh, dict) else {o: thresh for o in vocab}
    spec = dict(
        format=1,
        vocab=list(vocab),
        thresholds=thresholds,
        thresholds_chosen="given",
        preprocessing=dict(image_size=size),
        model={},
        trained=dict(framework="hand"),
        scores=None,
        versions=dict(mlc_course="0.0"),
    )
    (folder / "predictor.json").write_text(json.dumps(spec), encoding="utf-8")
    return seal(folder)


def seal(folder):
    "Make predictor.json agree with model.onnx again."
    return edit(
        folder,
        lambda d: d["model"].update(
            sha256=hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
        ),
    )


def edit(folder, change):
    "Change what predictor.json says."
    d = json.loads((folder / "predictor.json").read_text(encoding="utf-8-sig"))
    change(d)
    (folder / "predictor.json").write_text(json.dumps(d), encoding="utf-8")
    return folder


def colour(path, red, green=0, blue=0, size=(12, 10)):
    "A picture of one colour."
    from PIL import Image

    Image.new("RGB", size, (red, green, blue)).save(path)
    return Path(path)
