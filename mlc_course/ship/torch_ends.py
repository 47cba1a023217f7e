"What a PyTorch network ends in."

import copy

from .ends import FACTORS, TORCH_ENDS, check_output, first_line, judge, spread

TORCH_SAME = (
    "View UnsafeView ReshapeAlias ToCopy Clone Alias Squeeze Unsqueeze Transpose T Permute Expand "
    "Slice Select "
    "Index Split SplitWithSizes Unbind Contiguous AsStrided Copy Flatten Unflatten ToChannelsLast"
).split()


TORCH_LINEAR = (
    "Addmm Mm Bmm Baddbmm Addmv Linear Convolution MkldnnConvolution NativeBatchNorm CudnnBatchNorm"
).split()


def torch_ending(
    model,  # a torch module, on any device and in any mode
    size: int,  # side of its images
    vocab=None,  # to compare the number of outputs with
) -> str:  # "sigmoid" or "logits"
    "Ask PyTorch's own record what the outputs come from; ValueError if they can't be shipped."
    import torch

    net = eval_copy(model)
    x = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0)).requires_grad_()
    with torch.enable_grad():
        out = call_torch(net, x)
    check_output(out, 2, vocab, f"float images {list(x.shape)}")
    found, todo, seen = set(), [out.grad_fn], set()
    while todo:
        step = todo.pop()
        name = type(step).__name__.split("Backward")[0]
        if step in seen:
            continue
        seen.add(step)
        inner = [o for o, _ in step.next_functions if o is not None] if step is not None else []
        if name in ("Cat", "Stack"):
            todo += inner
        elif name in TORCH_SAME and inner:
            todo.append(inner[0])
        else:
            found.add("linear" if name in TORCH_LINEAR else TORCH_ENDS.get(name, f"unknown {name}"))
    return judge(found, lambda: torch_bounds(net, size))


def eval_copy(model):
    "A copy on the CPU, in float32, for prediction; the model itself stays as it is."
    if any(type(p).__name__ == "UninitializedParameter" for p in model.parameters()):
        raise ValueError("The network has lazy layers without weights; call it once, and train it.")
    try:
        return copy.deepcopy(model).cpu().float().eval()
    except Exception as e:
        raise ValueError(
            f"The {type(model).__name__} can't be copied ({first_line(e)}). Give a network whose "
            "weights are there: loaded, on a device, and called once if it has lazy layers."
        ) from None


def call_torch(net, x):
    "What a module gives; a failure as a sentence."
    try:
        return net(x)
    except Exception as e:
        raise ValueError(
            f"The model doesn't take float images {list(x.shape)}, as the trainers give them "
            f"({first_line(e)}). "
            "Set model.image_size, or pass image_size=, to the size that it was trained with."
        ) from e


def torch_bounds(net, size):
    "(lowest, highest, largest) output of a module with other weights."
    import torch

    g, seen, net = torch.Generator().manual_seed(0), [], copy.deepcopy(net)
    kept = [p.detach().clone() for p in net.parameters()]
    varied = any(w.numel() > 1 for w in kept)
    for k in FACTORS:
        with torch.no_grad():
            for p, w in zip(net.parameters(), kept):
                if w.numel() > 1:
                    p.copy_(k * (w.std() + 0.1) * torch.randn(w.shape, generator=g) + w.mean())
            x = torch.rand(4, 3, size, size, generator=g)
            seen.append(call_torch(net, x if varied else k * (2 * x - 1)).numpy())
    return spread(seen, varied)
