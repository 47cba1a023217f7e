"What an ONNX file is made of, read without the package onnx: a server has onnxruntime alone."
# A protobuf message is a row of (field number, wire type, value); only the fields that can hide
# weights in another file, or an endless computation, are followed.

# message -> field number -> message inside
INSIDE = dict(
    model={7: "graph", 20: "training", 25: "function"},
    training={1: "graph", 2: "graph"},
    function={7: "node", 11: "attribute"},
    graph={1: "node", 5: "tensor", 15: "sparse"},
    sparse={1: "tensor", 2: "tensor"},
    node={5: "attribute"},
    attribute={5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    tensor={},
)
OP_TYPE, EXTERNAL_DATA, DATA_LOCATION = ("node", 4), ("tensor", 13), ("tensor", 14)
REPEATING = ("Loop", "Scan", "If")


def fields(data: memoryview):
    "(number, value) of each field of a message; the value is an int or a memoryview."
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind in (1, 5):
            width = 8 if kind == 1 else 4
            value, at = data[at : at + width], at + width
        elif kind == 2:
            n, at = varint(data, at)
            value, at = data[at : at + n], at + n
        else:
            raise ValueError(f"it has a field of the unknown kind {kind}")
        if at > len(data):
            raise ValueError("it ends in the middle of a field")
        yield number, value


def varint(data, at):
    "The number at `at`, and where it ends."
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("it ends in the middle of a number")
        byte = data[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at


def check_graph(
    data: bytes,  # the content of an ONNX file
):
    "ValueError if the file is no ONNX, keeps weights elsewhere, or could compute without end."
    todo = [("model", memoryview(data), 0)]
    while todo:
        message, part, depth = todo.pop()
        if depth > 60:
            raise ValueError("its graphs lie too deep inside each other.")
        try:
            found = list(fields(part))
        except ValueError as e:
            raise ValueError(f"it isn't an ONNX model ({e}).") from None
        for number, value in found:
            check_field(message, number, value)
            inner = INSIDE[message].get(number)
            if inner and isinstance(value, memoryview):
                todo.append((inner, value, depth + 1))


def check_field(message, number, value):
    "ValueError for a field that a predictor's model can't have."
    if (message, number) == OP_TYPE and isinstance(value, memoryview):
        op = bytes(value).decode(errors="replace")
        if op in REPEATING:
            raise ValueError(
                f"it has the operation {op}, with which a file can compute without end."
            )
    outside = (
        (message, number) == EXTERNAL_DATA or (message, number) == DATA_LOCATION and value == 1
    )
    if outside:
        raise ValueError("it keeps its weights in a second file, which no checksum covers.")
