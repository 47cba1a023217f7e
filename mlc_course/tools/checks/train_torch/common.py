"A small network, its data, and one step of both, for the exercises of lesson 08."

from __future__ import annotations

import copy

# Exercises 2 and 3: the network after some steps tells which steps they were


def small_net(norm):
    import torch
    from torch import nn

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Linear(4, 6), *([nn.BatchNorm1d(6)] if norm else []), nn.ReLU(), nn.Linear(6, 3)
        )


def small_data(*sizes):
    import torch

    g = torch.Generator().manual_seed(1)
    return [
        (torch.randn(n, 4, generator=g), (torch.rand(n, 3, generator=g) < 0.4).float())
        for n in sizes
    ]


def _optimiser(model):
    import torch

    return torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)


def state_of(model):
    return {k: v.clone() for k, v in model.state_dict().items()}


def played_with(step, model, batches, prepare=lambda model: None):
    "The losses that `step` gives and the network after them; `prepare` comes before each step."
    model, losses = copy.deepcopy(model), []
    optimiser = _optimiser(model)
    for args in batches:
        prepare(model)
        losses.append(step(model, optimiser, *args))
    return losses, state_of(model), model
