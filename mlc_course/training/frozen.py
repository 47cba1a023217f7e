"A body that stays as it is: its features, computed once, and a head that is fitted to them."

import numpy as np
from threadpoolctl import threadpool_limits

from mlc_course.machine import usable_cores
from mlc_course.nets.arrays import get_arrays
from mlc_course.nets.lite_onnx import can_build, lite_graph
from mlc_course.nets.lite_plan import LITES

C = 0.003  # trust in the images against small weights: the best of 0.001 to 0.03 on photographs
BLOCK = 2**26  # bytes that L-BFGS may remember: so many labels are fitted at once
AT_ONCE = 4  # images: their activations stay in the CPU's cache


# ---- features ----------------------------------------------------------------------------------
def framework_features(
    model,  # torch, with .features, or Keras, with a layer "head"
    images: np.ndarray,  # uint8 [N, S, S, 3]
) -> np.ndarray:  # float32 [N, F]
    "What the body sees in every image, computed by the framework itself in float32."
    n = 256 if on_gpu(model) else 16
    parts = (images[i : i + n] for i in range(0, len(images), n))
    if not hasattr(model, "state_dict"):
        from mlc_course.backbones import features_tf

        body = features_tf(model)
        return np.concatenate([body(o.astype("float32") / 255, training=False) for o in parts])
    import torch

    device, was_training = next(model.parameters()).device, model.training
    model.eval()
    with torch.no_grad():
        pixels = (torch.from_numpy(o.copy()).to(device).permute(0, 3, 1, 2) for o in parts)
        out = [model.features(x.float() / 255).cpu().numpy() for x in pixels]
    model.train(was_training)
    return np.concatenate(out)


def onnx_session(model):
    "onnxruntime over the body of an EfficientNet-Lite with these very weights."
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = usable_cores()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    data = lite_graph(get_arrays(model), model.arch)
    return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def on_gpu(model) -> bool:
    "Whether the network computes on something faster than the CPU."
    if hasattr(model, "state_dict"):
        return next(model.parameters()).device.type != "cpu"
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def body_features(
    model,  # torch or Keras, from `create_model` or `create_model_tf`
    images: np.ndarray,  # uint8 [N, S, S, 3]
) -> np.ndarray:  # float32 [N, F]
    """What the frozen body sees in every image, computed once, by the fastest engine at hand.

    On a CPU that is onnxruntime for EfficientNet-Lite, if its features of the first images are
    the framework's own (to a thousandth); else the framework."""
    if getattr(model, "arch", "") not in LITES or not can_build() or on_gpu(model):
        return framework_features(model, images)
    session = onnx_session(model)

    def ask(part):
        return session.run(["features"], {"pixels": np.ascontiguousarray(part)})[0]

    own = framework_features(model, images[:AT_ONCE])
    if not np.allclose(ask(images[:AT_ONCE]), own, rtol=1e-3, atol=1e-3):
        return framework_features(model, images)
    return np.concatenate([ask(images[i : i + AT_ONCE]) for i in range(0, len(images), AT_ONCE)])


# ---- the head ----------------------------------------------------------------------------------
def fit_labels(z, targets, strength, passes):
    "Logistic regression of some labels at once: weights [c, F], biases [c], passes needed."
    from scipy.optimize import minimize

    n_labels, width = targets.shape[1], z.shape[1]

    def loss(flat):
        weight, bias = flat[: n_labels * width].reshape(n_labels, width), flat[n_labels * width :]
        logits = z @ weight.T.astype(z.dtype) + bias
        wrong = strength * (1 / (1 + np.exp(-np.clip(logits, -500, 500))) - targets)
        value = strength * (np.logaddexp(0, logits) - targets * logits).sum()
        slope = (wrong.T.astype(z.dtype) @ z).astype(float) + weight
        return value + (weight**2).sum() / 2, np.concatenate([slope.ravel(), wrong.sum(0)])

    start = np.zeros(n_labels * (width + 1))
    done = minimize(loss, start, jac=True, method="L-BFGS-B", options=dict(maxiter=passes))
    weight = done.x[: n_labels * width].reshape(n_labels, width)
    return weight, done.x[n_labels * width :], done.nit


def fit_logistic(
    features: np.ndarray,  # float32 [N, F]
    targets: np.ndarray,  # bool [N, C]
    strength: float = C,  # scikit-learn's C, on standardised features
    passes: int = 300,  # of L-BFGS, at most
) -> tuple:  # weights float32 [C, F], biases float32 [C], passes that were needed
    """Logistic regression, one for each label, by L-BFGS: the same numbers for all frameworks.

    The weights are those for features that aren't standardised. Labels are fitted in blocks, so
    that what L-BFGS remembers takes about 64 MB, however many there are."""
    mean, spread = features.mean(0, dtype=float), features.std(0, dtype=float) + 1e-3
    dtype = "float64" if features.size < 2**25 else "float32"
    z = ((features - mean) / spread).astype(dtype)
    block = max(1, BLOCK // (8 * (z.shape[1] + 1) * 28))
    starts = range(0, targets.shape[1], block)
    y = np.asarray(targets, float)
    with threadpool_limits(1):  # threads that wait for each other cost more than they bring
        found = [fit_labels(z, y[:, i : i + block], strength, passes) for i in starts]
    weight = np.concatenate([o[0] for o in found]) / spread
    bias = np.concatenate([o[1] for o in found]) - weight @ mean
    return weight.astype("float32"), bias.astype("float32"), max(o[2] for o in found)


def put_head(
    model,  # torch or Keras; changed in place
    weight: np.ndarray,  # float32 [C, F]
    bias: np.ndarray,  # float32 [C]
):
    "Give the network's last layer these weights."
    if not hasattr(model, "state_dict"):
        model.get_layer("head").set_weights([weight.T, bias])
        return
    import torch

    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(weight))
        model.head.bias.copy_(torch.from_numpy(bias))


def probs_from(
    features: np.ndarray,  # float32 [N, F]
    weight: np.ndarray,  # float32 [C, F]
    bias: np.ndarray,  # float32 [C]
) -> np.ndarray:  # float32 [N, C]
    "What the head makes of features."
    logits = (features @ weight.T + bias).astype("float64")
    return (1 / (1 + np.exp(-np.clip(logits, -500, 500)))).astype("float32")


def fit_frozen(
    model,  # torch or Keras; its head is changed in place
    images: np.ndarray,  # uint8 [N, S, S, 3]
    targets: np.ndarray,  # bool [N, C]
) -> str:  # what to say of it
    "Fit the head to the features of these images: every trainer begins so."
    weight, bias, passes = fit_logistic(body_features(model, images), targets)
    put_head(model, weight, bias)
    return f"head alone, body frozen: {passes} passes over the features of {len(images)} images"
