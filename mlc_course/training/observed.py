"What each framework makes of one batch: outputs, loss, gradients, the network after one step."

from contextlib import contextmanager

import numpy as np

from mlc_course.settings import import_tensorflow, require_torch_first

# Each framework does it in its own way, or our own plumbing would be compared with itself. The
# arrays carry PyTorch's names and axis order.


def joined(arrays, wanted):
    "The arrays whose names are wanted, flattened, one behind the other."
    return np.concatenate([np.ravel(arrays[k]) for k in sorted(arrays) if wanted(k)])


def quantities(evaluating, training, ours, library, gradients, after):
    "Quantities by name; `gradients` and `after` are arrays by PyTorch's names."
    return {
        "logits, evaluating": evaluating,
        "logits, training": training,
        "loss, ours": np.asarray(ours),
        "loss, the library's": np.asarray(library),
        "gradient, head": joined(gradients, lambda k: k.startswith("head")),
        "gradient, first convolution": gradients["stem.weight"],
        "gradient, all weights": joined(gradients, lambda k: True),
        "weights after a step": joined(after, lambda k: "running" not in k),
        "running means": joined(after, lambda k: "running_mean" in k),
        "running variances": joined(after, lambda k: "running_var" in k),
    }


# ---- PyTorch -----------------------------------------------------------------------------------
def torch_floats(model):
    "Every float of a torch module, as an array by its name."
    state = model.state_dict().items()
    return {k: v.detach().numpy().copy() for k, v in state if v.is_floating_point()}


def torch_parts(arrays, images, targets, dtype):
    "A network with these weights, and the batch, in `dtype`."
    import torch

    from mlc_course.backbones import create_model, set_arrays

    model = set_arrays(create_model(targets.shape[1], pretrained=False), arrays)
    x, y = (torch.tensor(o).to(getattr(torch, dtype)) for o in (images, targets))
    return model.to(getattr(torch, dtype)), x.permute(0, 3, 1, 2) / 255, y


def observe_torch(
    arrays: dict,  # weights of a pocket ResNet, as `get_arrays` gives them
    images: np.ndarray,  # uint8 [N, S, S, 3]
    targets: np.ndarray,  # bool [N, C]
    rate: float = 0.1,  # of one step of plain gradient descent
    dtype: str = "float32",  # or "float64"
) -> dict:  # arrays by the name of the quantity
    "What PyTorch makes of one batch: outputs, loss, gradients, and the network after one step."
    require_torch_first()
    import torch

    from mlc_course.losses import binary_cross_entropy_with_logits

    model, x, y = torch_parts(arrays, images, targets, dtype)
    with torch.no_grad():
        evaluating = model.eval()(x).numpy()
    optimiser = torch.optim.SGD(model.parameters(), rate)
    training = model.train()(x)
    loss = torch.nn.BCEWithLogitsLoss()(training, y)
    loss.backward()
    gradients = {k: p.grad.numpy().copy() for k, p in model.named_parameters()}
    optimiser.step()
    ours = binary_cross_entropy_with_logits(training, y).item()
    seen = (training.detach().numpy(), ours, loss.item(), gradients)
    return quantities(evaluating, *seen, torch_floats(model))


# ---- fastai ------------------------------------------------------------------------------------
def looking():
    "A callback that notes outputs, losses and gradients behind the backward pass."
    from fastai.callback.core import Callback

    from mlc_course.losses import binary_cross_entropy_with_logits

    class Look(Callback):
        def after_backward(self):
            grads = {k: p.grad.numpy().copy() for k, p in self.model.named_parameters()}
            ours = binary_cross_entropy_with_logits(self.pred, self.y).item()
            pred = self.pred.detach().numpy()
            self.seen = dict(training=pred, ours=ours, library=self.loss.item(), gradients=grads)

    return Look()


def observe_fastai(
    arrays: dict,  # weights of a pocket ResNet, as `get_arrays` gives them
    images: np.ndarray,  # uint8 [N, S, S, 3]
    targets: np.ndarray,  # bool [N, C]
    rate: float = 0.1,  # of one step of plain gradient descent
    dtype: str = "float32",  # or "float64"
) -> dict:  # arrays by the name of the quantity
    "What a fastai Learner makes of one batch, seen from a callback."
    require_torch_first()
    import torch
    from fastai.callback.schedule import Learner
    from fastai.data.core import DataLoaders
    from fastai.data.load import DataLoader
    from fastai.losses import BCEWithLogitsLossFlat
    from fastai.optimizer import SGD

    model, x, y = torch_parts(arrays, images, targets, dtype)
    batches = DataLoader(list(zip(x, y)), bs=len(x))
    single = dtype == "float32"  # fastai's loss gives float32 whatever it gets
    loss = BCEWithLogitsLossFlat() if single else torch.nn.BCEWithLogitsLoss()
    dls, look = DataLoaders(batches, batches, device=torch.device("cpu")), looking()
    learn = Learner(dls, model, loss_func=loss, opt_func=SGD)
    with learn.no_bar(), learn.removed_cbs(learn.recorder):  # which can't average in float64
        evaluating = learn.get_preds(dl=batches, act=lambda logits: logits)[0].numpy()
        learn.fit(1, rate, wd=0, cbs=look)
    return quantities(evaluating, **look.seen, after=torch_floats(learn.model))


# ---- TensorFlow --------------------------------------------------------------------------------
def keras_floats(model):
    "Every float of a Keras model by PyTorch's name and axis order, not rounded to float32."
    from mlc_course.backbones import keras_slots

    slots = keras_slots(model)
    return {name: np.transpose(v.numpy(), np.argsort(axes)) for name, v, axes in slots}


@contextmanager
def keras_in(dtype):
    "Keras' new layers, inputs, losses and optimisers in `dtype`."
    import keras

    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])


def taped(twin, x, y):
    "Outputs, our loss and gradients of a model whose weights are overwritten by the gradients."
    import tensorflow as tf

    from mlc_course.losses_tf import binary_cross_entropy_with_logits

    with tf.GradientTape() as tape:
        training = twin(x, training=True)
        ours = binary_cross_entropy_with_logits(training, y)
    weights = twin.trainable_variables
    for v, g in zip(weights, tape.gradient(ours, weights)):
        v.assign(g)  # so that the gradients travel under the names that weights have
    gradients = {k: v for k, v in keras_floats(twin).items() if "running" not in k}
    return training.numpy(), float(ours), gradients


def observe_tensorflow(
    arrays: dict,  # weights of a pocket ResNet, as `get_arrays` gives them
    images: np.ndarray,  # uint8 [N, S, S, 3]
    targets: np.ndarray,  # bool [N, C]
    rate: float = 0.1,  # of one step of plain gradient descent
    dtype: str = "float32",  # or "float64"
) -> dict:  # arrays by the name of the quantity
    "What Keras makes of one batch: outputs, loss, gradients from a tape, one `train_on_batch`."
    tf = import_tensorflow()
    import keras

    from mlc_course.backbones import create_model_tf, set_arrays

    n_labels, size = targets.shape[1], images.shape[1]
    with tf.device("/CPU:0"), keras_in(dtype):
        model, twin = (
            set_arrays(create_model_tf(n_labels, pretrained=False, image_size=size), arrays)
            for _ in range(2)
        )
        x, y = tf.constant(images.astype(dtype) / 255), tf.constant(targets.astype(dtype))
        evaluating = twin(x, training=False).numpy()
        training, ours, gradients = taped(twin, x, y)
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(rate), loss, jit_compile=False)
        library = float(model.train_on_batch(x, y))
    return quantities(evaluating, training, ours, library, gradients, keras_floats(model))
