"Exercise: one step of training."

from __future__ import annotations

from .._core import (
    NotDone,
    Right,
    Wrong,
    function,
    same,
    show,
    torch_first,
)
from .._names import called
from .common import played_with, small_data, small_net, state_of


def _bce(*args, **kwargs):
    from torch.nn.functional import binary_cross_entropy_with_logits

    return binary_cross_entropy_with_logits(*args, **kwargs)


def _in_bf16(m, x, y):
    import torch

    with torch.autocast(x.device.type, torch.bfloat16):
        logits = m(x)
    return _bce(logits.float(), y)


def _step(loss=lambda m, x, y: _bce(m(x), y), zero="first", order="back", mode=True, times=1):
    "A training step with one thing changed."

    def f(m, o, x, y):
        if mode is not None:
            m.train(mode)
        if order == "start":
            o.step()
        if zero == "first":
            o.zero_grad()
        for _ in range(times):
            out = loss(m, x, y)
        if order == "step":
            o.step()
        out.backward()
        if order == "back":
            o.step()
        if zero == "last":
            o.zero_grad()
        return out.item()

    return f


def _mistakes():
    "(what to say, a step that makes the mistake)."
    from torch.nn.functional import cross_entropy

    return [
        (
            "the gradients of the batches before are still in it. backward adds to what is "
            "there; before the next one, zero_grad has to clear it.",
            _step(zero=None),
        ),
        (
            "step comes before backward, so each step goes by the gradients of the batches "
            "before, and the first by none.",
            _step(zero=None, order="start"),
        ),
        (
            "step comes before backward, so each step goes by the gradient of the batch "
            "before, and the first by none.",
            _step(order="start"),
        ),
        (
            "the optimiser never sees a gradient of the batch: backward is missing or comes "
            "after step, or zero_grad comes between the two. The order is zero_grad, backward, "
            "step.",
            _step(zero="last", order="step"),
        ),
        (
            "the network is in evaluation mode. Validation has left it there, so BatchNorm uses "
            "its fixed statistics and doesn't learn, and dropout is off: call model.train() first.",
            _step(mode=None),
        ),
        (
            "the network is put into evaluation mode. Then BatchNorm uses its fixed "
            "statistics and doesn't learn: a training step needs model.train().",
            _step(mode=False),
        ),
        (
            "the sigmoid is applied twice. The model gives logits, and the loss that takes "
            "logits has the sigmoid in it.",
            _step(lambda m, x, y: _bce(m(x).sigmoid(), y)),
        ),
        (
            "this is softmax cross-entropy, which lets the labels compete. Each label has "
            "its own yes or no: binary cross-entropy.",
            _step(lambda m, x, y: cross_entropy(m(x), y)),
        ),
        (
            "the loss is a sum. A mean keeps the rate's meaning when the last batch is smaller.",
            _step(lambda m, x, y: _bce(m(x), y, reduction="sum")),
        ),
        (
            "the loss is a sum over the labels and a mean over the images. The course "
            "takes the mean over every cell.",
            _step(lambda m, x, y: _bce(m(x), y, reduction="sum") / len(x)),
        ),
        (
            "this is mean squared error. The loss of the lesson is binary cross-entropy.",
            _step(lambda m, x, y: (m(x).sigmoid() - y).square().mean()),
        ),
        (
            "the batch goes through the network twice. The gradient is right, but BatchNorm "
            "counts the batch twice in its statistics, and each pass costs: keep the logits.",
            _step(times=2),
        ),
        (
            "targets and logits have changed places in the loss.",
            _step(lambda m, x, y: _bce(y, m(x))),
        ),
        (
            "the network computes in bf16. The exercise asks for neither autocast nor speed, and "
            "the check compares weights: leave autocast out here.",
            _step(_in_bf16),
        ),
    ]


def _safely(answer, what, steps):
    "The answer, with a sentence for an error in it; `steps` gets a 1 for each step of `optimizer`."
    given = "a small network, an SGD optimiser, x of shape (8, 4) and targets of shape (8, 3)"

    def safely(m, o, x, y):
        real = o.step
        o.step = lambda *a, **k: (steps.append(1), real(*a, **k))[1]
        try:
            got = answer(m, o, x, y)
        except Exception as e:
            if "modified by an inplace operation" in str(e):
                raise Wrong(
                    f"{what}: step comes before backward. It changes the weights that backward "
                    f'still needs, and torch says so: "{str(e)[:79]}".'
                ) from e
            raise Wrong(
                f"{what} stopped with {type(e).__name__}: "
                f"{str(e).splitlines()[0] if str(e) else ''}. It was called with {given}."
            ) from e
        finally:
            o.step = real
        return got

    return safely


def _refuse_losses(what, mine, right, batches):
    "Raise where the weights are right, and the losses that come back aren't."
    x, y = batches[-1]
    for got, want in zip(mine, right):
        if same(got[0], want[0], 1e-4):
            continue
        if same(got[0][-1], _bce(got[2](x), y).item(), 1e-4):
            raise Wrong(
                f"{what}: the weights are right, but the loss that you give back is computed "
                "again after the step. That costs a pass more; give back the one that you have."
            )
        if same(got[0], [v * len(o[1]) for v, o in zip(want[0], batches)], 1e-3):
            raise Wrong(
                f"{what}: the weights are right, but the loss is multiplied by the number of "
                "images. That belongs to the loop that adds up; a step gives the mean."
            )
        raise Wrong(
            f"{what}: the weights are right, but the loss of the first batch is "
            f"{want[0][0]:.4f}, and you gave {show(got[0][0])}."
        )


def _refuse_two_steps(answer, what):
    "Raise where the loss is a sigmoid and a logarithm, which a large logit shows."
    import torch

    net = torch.nn.Linear(1, 1)
    with torch.no_grad():
        net.weight.fill_(1.0)
        net.bias.zero_()
    x, y = torch.tensor([[150.0]]), torch.zeros(1, 1)
    got = answer(net, torch.optim.SGD(net.parameters(), 0.0), x, y)
    if not same(got, 150.0, 1e-4):
        raise Wrong(
            f"{what}: for the logit 150 and the target 0 the loss is 150, and yours is "
            f"{show(got)}. A sigmoid and then a logarithm lose large logits: the sigmoid rounds "
            "to 1. Take a loss of logits, binary_cross_entropy_with_logits."
        )


def _refuse_no_step(what, mine, net):
    "Raise for an answer that never called `optimizer.step`."
    if same(mine, state_of(net)):
        raise Wrong(
            f"{what}: step is never called. backward computes the gradients, and only step "
            "changes the weights by them."
        )
    raise Wrong(
        f"{what}: the weights move, but not by a step of the optimiser that was given. A new "
        "one in every step forgets what the old one knew of the steps before, such as momentum."
    )


def training_step(answer) -> Right:
    "Exercise 2: my_step(model, optimiser, x, y) -> the loss as a Python number; one step is done."
    torch_first()
    what = called(answer, "my_step")
    nets, batches = [small_net(False), small_net(True)], small_data(8, 8, 8, 5)
    function(answer, what)

    def play(f, net):
        return played_with(f, net, batches, lambda m: m.eval())  # as validation leaves it

    steps = []
    mine = [play(_safely(answer, what, steps), net) for net in nets]
    moved = any(
        not same(mine[k][1][n], v)
        for k, net in enumerate(nets)
        for n, v in net.state_dict().items()
    )
    losses = [o for m in mine for o in m[0]]
    if all(o is None or o is ... for o in losses):
        if not moved:
            raise NotDone(
                f"{what} isn't written yet: put your own code in place of the three dots, then "
                "run the check again."
            )
        raise Wrong(
            f"{what}: the network has changed, but nothing comes back. Give back the loss, so "
            "that the loop can add it up."
        )
    if any(getattr(o, "requires_grad", False) for o in losses):
        raise Wrong(
            f"{what}: the loss that you give back still hangs on its graph. A loop that collects "
            "such losses keeps a graph for every batch, and its memory grows with every step: "
            "give back loss.item()."
        )
    equal = lambda f, only=None: all(
        same(a[1], b[1], 1e-4) for k, (a, b) in enumerate(zip(mine, f)) if only is None or k == only
    )
    right = [play(_step(), net) for net in nets]
    if not moved:
        raise Wrong(
            f"{what}: the network is the same as before. Is step called, and between backward "
            "and the next zero_grad? It takes backward for the gradients, and then step for "
            "the weights."
        )
    if not steps:
        _refuse_no_step(what, mine[0][1], nets[0])
    if not equal(right):
        for says, f in _mistakes():
            try:
                theirs = [play(f, net) for net in nets]
            except Exception:
                continue
            if equal(theirs):
                raise Wrong(f"{what}: {says}")
        if equal(right, 0):
            raise Wrong(
                f"{what}: a network without BatchNorm is right after four steps, one with "
                "BatchNorm isn't. In which mode is it, and how often does each batch go "
                "through it?"
            )
        raise Wrong(
            f"{what}: after four steps the weights aren't what one forward pass, the mean of "
            "binary cross-entropy, backward and one step make of them."
        )
    _refuse_losses(what, mine, right, batches)
    _refuse_two_steps(answer, what)
    return Right("Right: train, clear, compare, differentiate, step, and a number comes back.")
