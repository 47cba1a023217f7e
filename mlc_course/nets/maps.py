"Which places of an image speak for a label: Grad-CAM."

import numpy as np

from mlc_course.hints import ArrayLike, Module, Sequence, Tensor


def _column(label, vocab, n_out):
    "The column number of one label, given by name or number."
    if isinstance(label, str):
        if vocab is None:
            raise ValueError(
                f"The model carries no vocab, so the label {label!r} has no column: give column "
                "numbers."
            )
        if label not in vocab:
            known = ", ".join(vocab)
            raise ValueError(f"{label!r} isn't in the model's vocab: expected one of {known}.")
        return list(vocab).index(label)
    if not 0 <= int(label) < n_out:
        raise ValueError(
            f"There is no label number {label}: the model has {n_out} outputs, counted from 0."
        )
    return int(label)


def _columns(labels, vocab, n_out):
    "Column numbers from names or numbers; None: all."
    if labels is None:
        return list(range(n_out))
    if isinstance(labels, (str, int, np.integer)):
        labels = [labels]
    return [_column(o, vocab, n_out) for o in labels]


def _hooked(model, layer):
    "The modules to listen to: the given one, or all."
    if layer is None:
        return list(model.modules())
    if not any(layer is m for m in model.modules()):
        raise ValueError(
            "layer isn't a module of this network: give one of its own, such as model.stages[2]."
        )
    return [layer]


def _logits_and_map(model, x, layer):
    "The logits of a batch, and the last activation with positions that the hooks saw."
    last: list = []

    def keep(module, args, out):
        if hasattr(out, "ndim") and out.ndim == 4 and out.shape[2] * out.shape[3] > 1:
            last[:] = [out]

    hooks = [m.register_forward_hook(keep) for m in _hooked(model, layer)]
    try:
        logits = model(x.detach().clone().requires_grad_(True))
    finally:
        for h in hooks:
            h.remove()
    if not last:
        raise ValueError(
            f"{'No module of this network' if layer is None else 'This layer never'} gives an "
            "activation [N, K, h, w] with more than one position for images of "
            f"{x.shape[3]} x {x.shape[2]} pixels: Grad-CAM has nowhere to look. Try larger images."
        )
    if logits.ndim != 2:
        raise ValueError(
            f"The model's output has shape {tuple(logits.shape)}: expected logits [N, C]."
        )
    return logits, last[0]


def grad_cam(
    model: "Module",  # a torch network: float pixels [N, 3, H, W] in [0, 1] to logits [N, C]
    x: "Tensor",  # the pixels: a torch tensor, as the model expects them
    labels: Sequence[str | int] | None = None,  # names (`model.vocab`) or column numbers; None: all
    layer: "Module | None" = None,  # one of the model's modules; None: the last with positions
) -> np.ndarray:  # float32 [N, L, h, w], at least 0, in the units of the logit
    """Where each label's logit comes from, by gradients at an activation that has positions.

    Selvaraju et al. 2017, arXiv 1610.02391. An earlier layer has a finer grid, and its channels
    know less of the label."""
    import torch

    if x.ndim != 4:
        raise ValueError(
            f"x has shape {tuple(x.shape)}: give a batch [N, 3, H, W]; x[None] makes one of a "
            "single image."
        )
    was_training = model.training
    try:
        model.eval()
        with torch.inference_mode(False), torch.enable_grad():
            logits, A = _logits_and_map(model, x, layer)
            maps = []
            for c in _columns(labels, getattr(model, "vocab", None), logits.shape[1]):
                (gradient,) = torch.autograd.grad(logits[:, c].sum(), A, retain_graph=True)
                weights = gradient.mean((2, 3), keepdim=True)
                maps.append(torch.relu((weights * A).sum(1)).detach())
    finally:
        model.train(was_training)
    if not maps:
        return np.zeros((len(x), 0, *A.shape[2:]), np.float32)
    return torch.stack(maps, 1).float().cpu().numpy()


def class_activation_maps(
    feature_map: "ArrayLike",  # the last activations [N, K, h, w], an array
    head_weight: "ArrayLike",  # of a linear head: [L, K] (mean), or [L, 2K] (mean and maximum)
) -> np.ndarray:  # float32 [N, L, h, w]
    """Grad-CAM of a network that pools its last feature map and has a linear head, in closed form.

    No gradients, no framework. `head_weight` has a row for each wanted label."""
    A, w = np.asarray(feature_map, np.float32), np.asarray(head_weight, np.float32)
    if A.ndim != 4 or w.ndim != 2 or w.shape[1] % A.shape[1] or not w.shape[1]:
        raise ValueError(
            f"The feature map has shape {A.shape} and the head's weight {w.shape}: expected "
            "[N, K, h, w] and [L, K] or [L, 2K]."
        )
    w = w.reshape(len(w), -1, A.shape[1]).sum(1)
    maps = np.einsum("lk,nkhw->nlhw", w, A, optimize=True)
    return np.maximum(maps, 0) / (A.shape[2] * A.shape[3])
