"onnxruntime's session of a model."

from .folder import refusal


def open_session(data: bytes, path):
    "An onnxruntime session of a model; `path` is for the error."
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # our threads share the work
    options.log_severity_level = 4
    try:
        return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as e:
        first = str(e).splitlines()[0]
        why = f"it isn't an ONNX model that this onnxruntime {ort.__version__} reads ({first})."
        raise refusal(path, why) from None
