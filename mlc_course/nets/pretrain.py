"How the shipped weights were made: a pocket ResNet learns to name stamps."

from dataclasses import replace
from functools import partial

import numpy as np

from mlc_course.data.workers import in_processes
from mlc_course.hints import Module
from mlc_course.nets.pocket_resnet import pocket_resnet
from mlc_course.nets.stamps import drawn_stamps, stamp_names
from mlc_course.settings import load_profile, pick_device, pick_precision, seed_everything


def _stamps(n, size, seed, workers):
    "Images uint8 [n, 3, S, S] and the numbers of their names [n], as tensors."
    import torch

    pieces = [range(i, min(i + 64, n)) for i in range(0, n, 64)]
    done = dict(in_processes(partial(drawn_stamps, seed, size), pieces, workers))
    drawn = [o for i in range(len(pieces)) for o in done[i]]
    x = torch.from_numpy(np.stack([a for a, _ in drawn])).permute(0, 3, 1, 2).contiguous()
    return x, torch.tensor([b for _, b in drawn])


def _accuracy(net, x, y, device):
    "Share of stamps that are named rightly, for a row of the history."
    import torch

    net.eval()
    with torch.no_grad():
        pixels = (o.to(device).float().div(255) for o in x.split(200))
        channels_last = (o.contiguous(memory_format=torch.channels_last) for o in pixels)
        said = torch.cat([net(o).argmax(1).cpu() for o in channels_last])
    return dict(accuracy=(said == y).float().mean().item())


def pretrain(
    n: int = 48_000,  # stamps to draw; a fiftieth of them is kept apart for the accuracy
    epochs: int = 10,  # passes over them
    size: int = 64,  # side of a stamp in pixels
    batch_size: int = 64,  # stamps in a step
    learning_rate: float = 8e-3,  # highest rate of the one-cycle schedule
    seed: int = 0,  # of the stamps, the first weights and the order
    workers: int = 2,  # processes that draw; 1 in a script that has no `if __name__ == "__main__"`
) -> "tuple[Module, list]":  # the torch network with 39 outputs, and its history, a list of dicts
    "Train a pocket ResNet to name stamps: how the shipped weights were made."
    import torch
    from torch.nn.functional import cross_entropy

    from mlc_course.training.fit_alone import fit_alone
    from mlc_course.training.shuffled import Shuffled

    device = pick_device()
    precision = "fp32" if pick_precision("auto", device) == "fp32" else "bf16"
    x, y = _stamps(n, size, seed, workers)
    seed_everything(seed)
    net = pocket_resnet(pretrained=False, n_out=len(stamp_names()))
    net = net.to(device).to(memory_format=torch.channels_last)
    learn = n - max(1, n // 50)
    batches = Shuffled(x[:learn], y[:learn], batch_size, device, seed)
    recipe = replace(load_profile("laptop"), learning_rate=learning_rate, weight_decay=0.05)
    loss = partial(cross_entropy, label_smoothing=0.05)
    score = partial(_accuracy, x=x[learn:], y=y[learn:], device=device)
    history = fit_alone(net, batches, recipe, loss, epochs, precision, 0.3, score)
    seconds = np.cumsum([o["seconds"] for o in history]).tolist()
    return net, [o | dict(seconds=s) for o, s in zip(history, seconds)]
