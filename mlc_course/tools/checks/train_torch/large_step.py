"Exercise: one step over several small batches."

from __future__ import annotations

from .._core import (
    NotDone,
    Right,
    Wrong,
    function,
    same,
    torch_first,
)
from .._names import called
from .common import played_with, small_data, small_net, state_of


def _step(weigh, start=True, between=False, each=False, only=None, once=False):
    "A large step with one thing changed; `weigh` gives the weight of a part."
    from torch.nn.functional import binary_cross_entropy_with_logits as bce

    def f(m, o, parts):
        n = sum(len(x) for x, _ in parts)
        if start or once:
            o.zero_grad()
        for k, (x, y) in enumerate(parts if only is None else [parts[only]]):
            if between:
                o.zero_grad()
            (bce(m(x), y) * weigh(len(x), n, parts)).backward()
            if each:
                o.step()
            if each and start:
                o.zero_grad()
        if not each:
            o.step()

    return f


def _mistakes(share):
    "(what to say, a large step that makes the mistake)."
    return [
        (
            "the parts are added up without a division, so the step is as many times too large as "
            "there are parts. Each part's loss is a mean; weigh it with its share of the images.",
            _step(lambda k, n, p: 1.0),
        ),
        (
            "each part counts the same, also one with fewer images. A mean of means is the mean "
            "only if all parts are equally large: weigh each with its share of the images.",
            _step(lambda k, n, p: 1 / len(p)),
        ),
        (
            "you step after each part. These are several small steps; one large one adds "
            "up the gradients of all parts, then steps once.",
            _step(share, each=True),
        ),
        (
            "you step after each part. These are several small steps; one large one adds "
            "up the gradients of all parts, then steps once.",
            _step(lambda k, n, p: 1 / len(p), each=True),
        ),
        (
            "you step after each part. These are several small steps; one large one adds "
            "up the gradients of all parts, then steps once.",
            _step(lambda k, n, p: 1.0, each=True),
        ),
        (
            "you step after each part, with gradients that still hold those of the parts before.",
            _step(share, start=False, each=True),
        ),
        (
            "you step after each part, and the gradients of the parts before are still in "
            "each step. One large step adds up the gradients of all parts, then steps once.",
            _step(share, start=False, each=True, once=True),
        ),
        (
            "the gradients are cleared before each part, so only the last part is left. "
            "They have to add up: clear once.",
            _step(share, between=True),
        ),
        (
            "the gradients are cleared before each part, so only the last part is left. "
            "They have to add up: clear once.",
            _step(lambda k, n, p: 1 / len(p), between=True),
        ),
        (
            "the gradients are cleared before each part, so only the last part is left. "
            "They have to add up: clear once.",
            _step(lambda k, n, p: 1.0, between=True),
        ),
        (
            "the gradients of the large step before are still in it. Clear them once for "
            "each large step.",
            _step(share, start=False),
        ),
        (
            "each part counts the same, and the gradients of the large step before are "
            "still in it.",
            _step(lambda k, n, p: 1 / len(p), start=False),
        ),
        (
            "each part is weighed with its share of the first part's size. Its share of "
            "all images is asked for.",
            _step(lambda k, n, p: k / len(p[0][0]) / len(p)),
        ),
        (
            "the gradient is divided by the number of images, though each loss is a mean "
            "over its images already.",
            _step(lambda k, n, p: 1 / n),
        ),
        (
            "each part's mean is multiplied by its number of images, and nothing is "
            "divided by the number of all.",
            _step(lambda k, n, p: float(k)),
        ),
        ("only the first part counts.", _step(lambda k, n, p: 1.0, only=0)),
        (
            "the losses are sums over the labels, divided by the number of images alone. The mean "
            "goes over every cell: images times labels.",
            _step(lambda k, n, p: 3.0 * k / n),
        ),
    ]


def _watched(f, what, seen, counting):
    "The answer; `seen` gets what went through the network, `counting` the number of steps."
    names = "parts of 6, 6 and 2 images"

    def g(m, o, parts):
        log = []
        hooks = [
            m.register_forward_hook(
                lambda m, i, out: (
                    log.append(("forward", len(out))),
                    out.register_hook(lambda grad: log.append(("backward", len(grad))))
                    if out.requires_grad
                    else None,
                    None,
                )[-1]
            )
        ]
        stepped = []
        real = o.step
        o.step = lambda *a, **k: (stepped.append(1), real(*a, **k))[1]
        try:
            f(m, o, parts)
        except Exception as e:
            raise Wrong(
                f"{what} stopped with {type(e).__name__}: "
                f"{str(e).splitlines()[0] if str(e) else ''}. It was called with a small "
                f"network, an SGD optimiser and {names}."
            ) from e
        finally:
            o.step = real
            for h in hooks:
                h.remove()
        seen.append(log)
        counting.append(len(stepped))

    return g


def one_large_step(answer) -> Right:
    """Exercise 3: my_large_step(model, optimiser, parts) with parts a list of (x, y): one step with
    the gradient of all parts together.
    """
    torch_first()
    what, net = called(answer, "my_large_step"), small_net(False)
    function(answer, what)
    cases = [
        (small_data(6, 6, 2),),
        (small_data(3, 8),),
        (small_data(5),),
        (small_data(4, 4, 4, 1),),
    ]
    names = "parts of 6, 6 and 2 images"

    seen, counting = [], []

    play = lambda f: played_with(f, net, cases)[1]
    mine = play(_watched(answer, what, seen, counting))
    if same(mine, state_of(net)):
        if not any(seen):
            raise NotDone(
                f"{what} isn't written yet: put your own code in place of the three dots, then "
                "run the check again."
            )
        raise Wrong(f"{what}: the network is the same as before. After the last part comes step.")
    share = lambda k, n, parts: k / n
    if not same(mine, play(_step(share)), 1e-4):
        for says, f in _mistakes(share):
            if same(mine, play(f), 1e-4):
                raise Wrong(f"{what}: {says}")
        raise Wrong(
            f"{what}: after {len(cases)} large steps the weights aren't what steps with all "
            "images at once would make of them."
        )
    if any(n != 1 for n in counting):
        raise Wrong(
            f"{what}: step is called {counting[0]} times for {names}. Once is enough; momentum "
            "and the schedule count every call."
        )
    log = seen[0]
    largest = max(n for kind, n in log if kind == "forward")
    if largest > 6:
        raise Wrong(
            f"{what}: the weights are right, but {largest} images go through the network at "
            "once. They don't fit, that is why they come in parts: one part at a time."
        )
    if [k for k, _ in log][:2] == ["forward", "forward"]:
        raise Wrong(
            f"{what}: the weights are right, but every part goes through the network before "
            "the first backward, so what backward needs is kept for all of them, and the "
            "memory is that of the large batch. Call backward after each part: gradients add "
            "up by themselves."
        )
    return Right("Right: the memory of one part, the gradient of all.")
