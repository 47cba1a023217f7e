"The weights of a network as arrays, whatever its framework."

import numpy as np

NAMED = ("pocket_resnet", "efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")
_BN = (
    ("weight", "gamma"),
    ("bias", "beta"),
    ("running_mean", "moving_mean"),
    ("running_var", "moving_variance"),
)


def keras_slots(model):
    """Yield (name in the arrays, Keras variable, axes order that turns the array into its own).

    Networks of keras.applications keep Keras' axes, and their arrays are numbered: Keras' names
    depend on what was built before.
    """
    if model.name not in NAMED:
        slots = [(layer, v) for layer in model.layers for v in layer.weights if "float" in v.dtype]
        for i, (layer, v) in enumerate(slots):
            place = "head" if layer.name == "head" else f"{i:04d}"
            yield f"{place}.{v.name}", v, tuple(range(v.ndim))
        return
    for layer in model.layers:
        name = layer.name.replace("_", ".")
        kind = type(layer).__name__
        if kind == "Conv2D":
            yield f"{name}.weight", layer.kernel, (2, 3, 1, 0)
        if kind == "DepthwiseConv2D":
            yield f"{name}.weight", layer.kernel, (2, 3, 0, 1)
        if kind == "Dense":
            yield f"{name}.weight", layer.kernel, (1, 0)
            yield f"{name}.bias", layer.bias, (0,)
        if kind == "BatchNormalization":
            yield from ((f"{name}.{t}", getattr(layer, k), (0,)) for t, k in _BN)


def get_arrays(
    model,  # torch or Keras
) -> dict:  # float32 NumPy arrays by name
    """The weights of `model`; those of a network that we
    wrote always under PyTorch's names, in its axis order.

    Counters and index tables aren't weights and are left out.
    """
    if hasattr(model, "state_dict"):
        return {
            k: v.detach().cpu().float().numpy().copy()
            for k, v in model.state_dict().items()
            if v.is_floating_point()
        }
    return {
        name: np.ascontiguousarray(np.transpose(v.numpy(), np.argsort(axes)), "float32")
        for name, v, axes in keras_slots(model)
    }


def _slots(model):
    "Where the arrays go: name -> (tensor or variable, axes order or None)."
    if hasattr(model, "state_dict"):
        return {k: (v, None) for k, v in model.state_dict().items() if v.is_floating_point()}
    return {name: (v, axes) for name, v, axes in keras_slots(model)}


def _ready(slots, given):
    "The arrays in the model's axes order, or a ValueError."
    if set(slots) != set(given):
        missing, extra = sorted(set(slots) - set(given)), sorted(set(given) - set(slots))
        raise ValueError(
            "These weights belong to another network. "
            f"Missing: {missing[:3] or 'none'}; unknown: {extra[:3] or 'none'}."
        )
    ready = {}
    for k, (v, axes) in slots.items():
        ready[k] = given[k] if axes is None else np.transpose(given[k], axes)
        if tuple(ready[k].shape) != tuple(v.shape):
            raise ValueError(
                f"The weights called {k!r} have shape {ready[k].shape}; "
                f"the network needs {tuple(v.shape)}."
            )
    return ready


def set_arrays(
    model,  # torch or Keras; changed in place
    arrays: dict,  # as `get_arrays` gives them
    skip_head: bool = False,  # leave the model's own head
):
    "Put `arrays` into `model`. Missing, unknown or misshapen ones are refused beforehand."
    skip = ("head.",) if skip_head else ()
    slots = {k: v for k, v in _slots(model).items() if not (skip and k.startswith(skip))}
    given = {k: v for k, v in arrays.items() if not (skip and k.startswith(skip))}
    ready = _ready(slots, given)
    for k, (v, axes) in slots.items():
        if axes is None:
            import torch

            v.copy_(torch.from_numpy(np.ascontiguousarray(ready[k])))
        else:
            v.assign(ready[k])
    return model
