"The checks of lesson 10 praise right answers, and name the mistake in wrong ones."

import copy
import math

import numpy as np
import pandas as pd
import pytest
from checks_kit import mistakes_are_told_apart, not_done, odd_answers_are_refused, passes, says

from mlc_course.tools import checks
from mlc_course.tools.checks import multi_output

torch = pytest.importorskip("torch")
nn = torch.nn
cross_entropy, log_softmax = nn.functional.cross_entropy, nn.functional.log_softmax


# ---- 1 -----------------------------------------------------------------------------------------
def right_merge(train, test, min_count):
    s, t = pd.Series(train, dtype=object), pd.Series(test, dtype=object)
    counts = s.value_counts()
    keep = list(counts[counts >= min_count].index)
    return s.where(s.isin(keep), "Other").tolist(), t.where(t.isin(keep), "Other").tolist()


def test_merge_by_train(monkeypatch):
    passes(checks.merge_by_train, right_merge)
    passes(
        checks.merge_by_train, lambda *a: tuple(np.array(o, dtype=object) for o in right_merge(*a))
    )
    odd_answers_are_refused(checks.merge_by_train)
    mistakes_are_told_apart(multi_output, "merge_by_train", right_merge, monkeypatch)


def test_merge_by_train_names_the_mistake():
    def by_frame(count):
        def f(train, test, k):
            n = pd.Series(count(train, test)).value_counts()
            return [[o if n.get(o, 0) >= k else "Other" for o in names] for names in (train, test)]

        return f

    says(checks.merge_by_train, by_frame(lambda a, b: [*a, *b]), "count both lists together")
    says(checks.merge_by_train, by_frame(lambda a, b: b), "you count in `test`")
    says(
        checks.merge_by_train,
        lambda a, b, k: (right_merge(a, a, k)[0], right_merge(b, b, k)[0]),
        "each list is counted by itself",
    )
    says(checks.merge_by_train, lambda a, b, k: right_merge(a, b, k + 1), "compare with >=")
    says(
        checks.merge_by_train,
        lambda a, b, k: (right_merge(a, b, k)[0], b),
        "test list comes back as it was",
    )
    says(
        checks.merge_by_train,
        lambda a, b, k: [[o for o in names if a.count(o) >= k] for names in (a, b)],
        "no longer match",
    )
    says(
        checks.merge_by_train,
        lambda a, b, k: (right_merge(a, b, k)[0], [o if o in a else "Other" for o in b]),
        "at all",
    )
    says(
        checks.merge_by_train,
        lambda a, b, k: (a, right_merge(a, b, k)[1]),
        "training list comes back",
    )
    says(checks.merge_by_train, lambda a, b, k: right_merge(a, b, k)[::-1], "in the wrong order")
    says(checks.merge_by_train, lambda a, b, k: right_merge(a, b, k)[0], "should give 2 results")
    says(
        checks.merge_by_train,
        lambda a, b, k: dict(zip("ab", right_merge(a, b, k))),
        "should give 2 results",
    )
    says(
        checks.merge_by_train,
        lambda a, b, k: tuple((o for o in names) for names in right_merge(a, b, k)),
        "Make a list of it",
    )
    says(
        checks.merge_by_train,
        lambda a, b, k: [["Other"] * len(a), ["Other"] * len(b)],
        "isn't right yet",
    )


# ---- 2 -----------------------------------------------------------------------------------------
class Model(nn.Module):
    def __init__(self, body, n, sizes):
        super().__init__()
        self.body, self.names, self.outs = (
            body,
            tuple(sizes),
            nn.ModuleList([nn.Linear(n, c) for c in sizes.values()]),
        )

    def forward(self, x):
        f = self.body(x)
        return {n: o(f) for n, o in zip(self.names, self.outs)}


class Prefixed(nn.Module):  # a ModuleDict with names that can't clash
    def __init__(self, body, n, sizes):
        super().__init__()
        self.body, self.sizes = body, sizes
        self.outs = nn.ModuleDict(
            {f"head{i}": nn.Linear(n, c) for i, c in enumerate(sizes.values())}
        )

    def forward(self, x):
        f = self.body(x)
        return dict(zip(self.sizes, (o(f) for o in self.outs.values())))


class OneLayer(nn.Module):  # all heads in one layer
    def __init__(self, body, n, sizes):
        super().__init__()
        self.body, self.sizes, self.out = body, dict(sizes), nn.Linear(n, sum(sizes.values()))

    def forward(self, x):
        return dict(zip(self.sizes, self.out(self.body(x)).split(list(self.sizes.values()), 1)))


def test_any_heads():
    from mlc_course.multi_output import Heads, MultiHeadModel

    passes(checks.any_heads, Model)
    passes(checks.any_heads, Prefixed)
    passes(checks.any_heads, OneLayer)
    passes(checks.any_heads, variant(lambda self, x: dict(sorted(Model.forward(self, x).items()))))
    passes(
        checks.any_heads,
        lambda body, n, sizes: MultiHeadModel(
            Heads({k: [str(i) for i in range(c)] for k, c in sizes.items()}), body, n
        ),
    )
    not_done(checks.any_heads)

    def raises(*args):
        raise KeyError("cat")

    says(checks.any_heads, raises, "stopped with KeyError: 'cat'")
    says(checks.any_heads, 0.5, "should be a function")


def variant(forward=None, init=None):
    class Other(Model):
        def __init__(self, body, n, sizes):
            super().__init__(body, n, sizes)
            if init:
                init(self, body, n, sizes)

    if forward:
        Other.forward = forward
    return Other


def test_any_heads_names_the_mistake():
    class Dict(nn.Module):
        def __init__(self, body, n, sizes):
            super().__init__()
            self.body, self.outs = (
                body,
                nn.ModuleDict({k: nn.Linear(n, c) for k, c in sizes.items()}),
            )

        def forward(self, x):
            f = self.body(x)
            return {k: o(f) for k, o in self.outs.items()}

    says(checks.any_heads, Dict, "refuses the head 'type'")

    class Named(Dict):
        def __init__(self, body, n, sizes):
            nn.Module.__init__(self)
            self.body, self.outs = (
                body,
                nn.ModuleDict({f"head_{k}": nn.Linear(n, c) for k, c in sizes.items()}),
            )

        def forward(self, x):
            f = self.body(x)
            return {k[5:]: o(f) for k, o in self.outs.items()}

    says(checks.any_heads, Named, "a name with a dot")

    class Attributes(nn.Module):
        def __init__(self, body, n, sizes):
            super().__init__()
            self.body, self.sizes = body, sizes
            for k, c in sizes.items():
                setattr(self, k, nn.Linear(n, c))

        def forward(self, x):
            f = self.body(x)
            return {k: getattr(self, k)(f) for k in self.sizes}

    says(checks.any_heads, Attributes, "a layer of the model is called 'type'")

    class Empty(nn.Module):
        def __init__(self, body, n, sizes): ...

    says(checks.any_heads, Empty, "super().__init__()")
    then = lambda change: variant(
        lambda self, x: {n: change(z) for n, z in Model.forward(self, x).items()}
    )
    says(checks.any_heads, then(lambda z: z.relu()), "as after a ReLU")
    says(checks.any_heads, then(lambda z: z.sigmoid()), "as after a sigmoid")
    says(checks.any_heads, then(lambda z: z.softmax(0)), "gone through a softmax")
    says(
        checks.any_heads,
        then(lambda z: z.detach()),
        "no gradient reaches the body from head 'brand'",
    )
    says(checks.any_heads, then(lambda z: z.detach().numpy()), "gives ndarray")
    says(checks.any_heads, then(lambda z: z.tolist()), "gives list")
    says(checks.any_heads, variant(lambda self, x: None), "`forward` end in `return`")
    says(
        checks.any_heads,
        variant(
            lambda self, x: (
                lambda f: {
                    n: o(f if n == self.names[0] else f.detach())
                    for n, o in zip(self.names, self.outs)
                }
            )(self.body(x))
        ),
        "from head 'year'",
    )
    says(
        checks.any_heads,
        variant(
            lambda self, x: (
                lambda f: {
                    n: nn.Linear(7, o.out_features)(f) for n, o in zip(self.names, self.outs)
                }
            )(self.body(x))
        ),
        "made anew in `forward`",
    )
    says(
        checks.any_heads,
        variant(init=lambda self, body, n, sizes: setattr(self, "body", copy.deepcopy(body))),
        "a copy of the body",
    )

    def hidden(self, body, n, sizes):
        del self.outs
        self.outs = [nn.Linear(n, c) for c in sizes.values()]

    says(checks.any_heads, variant(init=hidden), "lists nothing of the heads")

    def no_body(self, body, n, sizes):
        del self.body
        object.__setattr__(self, "body", body)

    says(checks.any_heads, variant(init=no_body), "lists nothing of the body")
    says(
        checks.any_heads,
        variant(lambda self, x: {n: o(self.body(x)) for n, o in zip(self.names, self.outs)}),
        "runs 2 times",
    )
    says(
        checks.any_heads,
        variant(
            lambda self, x: {n: o(self.body(x)).softmax(1) for n, o in zip(self.names, self.outs)}
        ),
        "softmax",
    )
    says(
        checks.any_heads,
        variant(
            lambda self, x: (lambda f: {n: o(f) for n, o in zip(self.names, self.outs)})(
                self.body(x).detach()
            )
        ),
        "no gradient reaches the body",
    )
    says(
        checks.any_heads,
        variant(lambda self, x: (lambda f: [o(f) for o in self.outs])(self.body(x))),
        "should give a dict",
    )
    says(
        checks.any_heads,
        variant(
            lambda self, x: (lambda f: {n: o(f) for n, o in zip(reversed(self.names), self.outs)})(
                self.body(x)
            )
        ),
        "should give [5, 2]",
    )
    says(
        checks.any_heads,
        variant(
            lambda self, x: (
                lambda f: {"features": f, **{n: o(f) for n, o in zip(self.names, self.outs)}}
            )(self.body(x))
        ),
        "the heads should be",
    )
    says(checks.any_heads, lambda body, n, sizes: "model", "should give back an nn.Module")
    says(
        checks.any_heads,
        variant(lambda self, x: {n: torch.zeros(len(x), 3) for n in self.names}),
        "should give [5, 6]",
    )

    def thin(self, body, n, sizes):
        self.outs = nn.ModuleList([nn.Linear(n, c, bias=False) for c in sizes.values()])

    says(checks.any_heads, variant(init=thin), "weights, and")


# ---- 3 -----------------------------------------------------------------------------------------
def right_loss(logits, targets, weights):
    total = torch.zeros(())
    for head in logits:
        picked = log_softmax(logits[head], 1)[torch.arange(len(targets[head])), targets[head]]
        total = total - picked.mean() * (weights[head] if head in weights else 1)
    return total


def test_summed_loss(monkeypatch):
    passes(checks.summed_loss, right_loss)
    for cut in (lambda z: z.item(), lambda z: z.detach(), lambda z: z.detach().numpy()):
        says(
            checks.summed_loss,
            lambda *a, cut=cut: cut(right_loss(*a)),
            "no gradient comes back to the logits",
        )
    odd_answers_are_refused(checks.summed_loss)
    mistakes_are_told_apart(multi_output, "summed_loss", right_loss, monkeypatch)


def test_summed_loss_agrees_with_the_lesson():
    from mlc_course.multi_output import multi_head_loss

    passes(checks.summed_loss, lambda z, t, w: multi_head_loss(z, t, {n: w.get(n, 1.0) for n in z}))


def test_summed_loss_names_the_mistake():
    ce = lambda z, t: {n: cross_entropy(z[n], t[n]) for n in z}
    says(
        checks.summed_loss,
        lambda z, t, w: sum(w[n] * cross_entropy(z[n], t[n]) for n in w) + torch.zeros(()),
        "counts 1",
    )
    says(checks.summed_loss, lambda z, t, w: sum(ce(z, t).values()), "aren't used")
    says(
        checks.summed_loss,
        lambda z, t, w: torch.stack([v * w.get(n, 1) for n, v in ce(z, t).items()]).mean(),
        "mean over the heads",
    )
    says(
        checks.summed_loss,
        lambda z, t, w: right_loss({n: v.softmax(-1) for n, v in z.items()}, t, w),
        "the softmax comes twice",
    )
    says(
        checks.summed_loss,
        lambda z, t, w: sum(v * (w.get(n) or 1) for n, v in ce(z, t).items()),
        "a weight of 0",
    )
    says(
        checks.summed_loss,
        lambda z, t, w: next(v * w.get(n, 1) for n, v in ce(z, t).items()),
        "inside of the loop",
    )
    says(
        checks.summed_loss,
        lambda z, t, w: sum(
            cross_entropy(z[n], t[n], weight=torch.full((z[n].shape[1],), float(w.get(n, 1))))
            for n in z
        ),
        "equal ones cancel out",
    )
    says(checks.summed_loss, lambda z, t, w: right_loss(z, t, w) + 1, "isn't right yet")


# ---- 4 -----------------------------------------------------------------------------------------
def right_scores(preds, targets):
    p, t = np.stack(list(preds.values()), 1), np.stack([targets[n] for n in preds], 1)
    return {
        **{n: np.count_nonzero(p[:, j] == t[:, j]) / len(p) for j, n in enumerate(preds)},
        "all right": np.mean([list(a) == list(b) for a, b in zip(p, t)]),
    }


def test_heads_right(monkeypatch):
    from mlc_course.multi_output import per_head_accuracy

    passes(checks.heads_right, right_scores)
    passes(
        checks.heads_right,
        lambda p, t: {k: v for k, v in per_head_accuracy(p, t).row().items() if k != "mean"},
    )
    odd_answers_are_refused(checks.heads_right)
    mistakes_are_told_apart(multi_output, "heads_right", right_scores, monkeypatch)


def test_heads_right_names_the_mistake():
    with_all = lambda f: (
        lambda p, t: {
            **right_scores(p, t),
            "all right": f([np.mean(p[n] == t[n]) for n in t], p, t),
        }
    )
    says(checks.heads_right, with_all(lambda a, p, t: math.prod(a)), "product of the accuracies")
    says(checks.heads_right, with_all(lambda a, p, t: sum(a) / len(a)), "mean of the accuracies")
    says(checks.heads_right, with_all(lambda a, p, t: min(a)), "worst head")
    says(
        checks.heads_right,
        with_all(lambda a, p, t: float(np.all([(p[n] == t[n]).all() for n in t]))),
        "image by image",
    )
    says(
        checks.heads_right,
        lambda p, t: {n: v for n, v in right_scores(p, t).items() if n in t},
        "is missing",
    )
    says(checks.heads_right, lambda p, t: {}, "isn't right yet")
    says(
        checks.heads_right,
        with_all(lambda a, p, t: np.mean([(p[n] == t[n]).all() for n in t])),
        "wrong axis",
    )
    says(checks.heads_right, with_all(lambda a, p, t: a[-1]), "last head")
    says(
        checks.heads_right,
        lambda p, t: {n: v * 100 for n, v in right_scores(p, t).items()},
        "percentages",
    )
    says(
        checks.heads_right,
        lambda p, t: (
            {n: int((p[n] == t[n]).sum()) for n in t}
            | {"all right": right_scores(p, t)["all right"]}
        ),
        "the heads have numbers of images",
    )
    says(
        checks.heads_right,
        lambda p, t: {n: round(v * len(p[list(t)[0]])) for n, v in right_scores(p, t).items()},
        "these are numbers of images",
    )
    for kind in (tuple, list, set, pd.Series):
        says(
            checks.heads_right,
            lambda p, t, kind=kind: kind(
                right_scores(p, t).values() if kind is not pd.Series else right_scores(p, t)
            ),
            "should give back a dict",
        )


# ---- 5 -----------------------------------------------------------------------------------------
def right_uncertain(losses, log_vars):
    return sum(
        losses[n] / torch.exp(log_vars[n]) + torch.log(torch.exp(log_vars[n]).sqrt())
        for n in losses
    )


def test_uncertain_loss(monkeypatch):
    passes(checks.uncertain_loss, right_uncertain)
    odd_answers_are_refused(checks.uncertain_loss)
    mistakes_are_told_apart(multi_output, "uncertain_loss", right_uncertain, monkeypatch)


def test_uncertain_loss_agrees_with_the_lesson():
    from mlc_course.multi_output import UncertaintyWeights

    def lesson(losses, log_vars):
        module = UncertaintyWeights(losses)
        del module.log_var
        module.log_var = torch.stack([log_vars[n] for n in losses])
        return module(losses)

    passes(checks.uncertain_loss, lesson)


def test_uncertain_loss_names_the_mistake():
    total = lambda f: lambda loss, s: sum(f(loss[n], s[n]) for n in loss)
    says(checks.uncertain_loss, total(lambda loss, s: loss * torch.exp(-s)), "s/2 is missing")
    says(checks.uncertain_loss, total(lambda loss, s: loss * torch.exp(-s) + s), "added whole")
    says(checks.uncertain_loss, total(lambda loss, s: loss * torch.exp(s) + s / 2), "noisiest head")
    says(
        checks.uncertain_loss,
        total(lambda loss, s: 0.5 * loss * torch.exp(-s) + s / 2),
        "squared errors",
    )
    says(
        checks.uncertain_loss, total(lambda loss, s: loss / s + torch.log(s) / 2), "variance itself"
    )
    says(
        checks.uncertain_loss,
        total(lambda loss, s: loss * math.exp(-s.item()) + s.item() / 2),
        "no gradient",
    )
    says(checks.uncertain_loss, total(lambda loss, s: loss), "isn't right yet")
    says(
        checks.uncertain_loss,
        total(lambda loss, s: loss * math.exp(-s.item()) + s / 2),
        "only a part of the gradient",
    )
    says(
        checks.uncertain_loss,
        total(lambda loss, s: loss * (-s).exp() + s.detach() / 2),
        "only a part of the gradient",
    )
    says(
        checks.uncertain_loss,
        total(lambda loss, s: loss.item() * (-s).exp() + s / 2),
        "no gradient comes back to the losses",
    )
    says(
        checks.uncertain_loss,
        total(lambda loss, s: torch.as_tensor(np.exp(-s.numpy())) * loss + s / 2),
        "no gradient comes back to s",
    )
    says(
        checks.uncertain_loss,
        total(lambda loss, s: loss * torch.exp(-s) + torch.log(s) / 2),
        "a logarithm already",
    )
    says(
        checks.uncertain_loss,
        lambda loss, s: next(right_uncertain({n: loss[n]}, s) for n in loss),
        "inside of the loop",
    )
    says(
        checks.uncertain_loss,
        lambda loss, s: right_uncertain({n: loss[n] for n in list(loss)[-1:]}, s),
        "only the last head",
    )


# ---- names, and more that is often written -----------------------------------------------------
def test_messages_use_the_learners_own_name():
    def lump(train, test, min_count):
        return right_merge(train, test, min_count)[::-1]

    def sum_up(logits, targets, weights):
        return sum(cross_entropy(logits[n], targets[n]) for n in logits)

    def rate(preds, targets):
        return [1]

    says(checks.merge_by_train, lump, "lump: the two lists come in the wrong order")
    says(checks.summed_loss, sum_up, "sum_up: the weights aren't used")
    says(checks.heads_right, rate, "rate should give back a dict")
    says(checks.any_heads, lambda *args: 1, "my_model should give back an nn.Module")
    says(checks.uncertain_loss, lambda loss, s: sum(loss.values()), "my_uncertain_loss isn't right")


def test_the_engines_merge_rare_solves_the_exercise():
    from mlc_course.multi_output import merge_rare

    def merge(train, test, least):
        kept = merge_rare(train, least)
        return kept, merge_rare(test, keep=kept.unique())

    passes(checks.merge_by_train, merge)
    word = lambda o: (
        lambda a, b, n: [
            [o if name == "Other" else name for name in names] for names in right_merge(a, b, n)
        ]
    )
    says(checks.merge_by_train, word("other"), "capital letter")
    says(checks.merge_by_train, word(None), "None stands in the place")


def test_more_losses_and_scores_are_told_what_is_wrong():
    total = lambda f: lambda z, t, w: sum(f(z[n], t[n]) * w.get(n, 1) for n in z)
    says(
        checks.summed_loss,
        lambda z, t, w: sum(w[n] * cross_entropy(z[n], t[n]) for n in z),
        "weights.get(head, 1)",
    )
    says(checks.summed_loss, total(lambda z, t: cross_entropy(t, z)), "The logits come first")
    one_hot, bce = nn.functional.one_hot, nn.functional.binary_cross_entropy_with_logits
    says(
        checks.summed_loss,
        total(lambda z, t: bce(z, one_hot(t, z.shape[1]).float())),
        "this is binary cross-entropy",
    )
    passes(checks.summed_loss, total(lambda z, t: nn.functional.nll_loss(log_softmax(z, 1), t)))
    with_key = lambda p, t: {k.replace(" ", "_"): v for k, v in right_scores(p, t).items()}
    says(checks.heads_right, with_key, "with a space")
    rows = lambda p, t: {n: p[n] == t[n] for n in t}
    whole = lambda p, t: rows(p, t) | {"all right": np.all(list(rows(p, t).values()), axis=0)}
    says(checks.heads_right, whole, "rows of rights and wrongs")
    frame = lambda p, t: pd.DataFrame(p) == pd.DataFrame(t)
    passes(
        checks.heads_right,
        lambda p, t: frame(p, t).mean().to_dict() | {"all right": frame(p, t).all(axis=1).mean()},
    )


def test_a_name_needs_its_count_in_both_lists():
    kept = lambda names, train: [o if o in train else "Other" for o in names]
    answer = lambda train, test, least: (list(train), kept(test, train))
    says(checks.merge_by_train, answer, "occur `min_count` times there")


def test_other_readings_of_all_right_are_told_what_is_wrong():
    def scored(total, key="all right"):
        def f(preds, targets):
            right = {n: preds[n] == t for n, t in targets.items()}
            every = np.array(list(right.values()))
            return {n: r.mean() for n, r in right.items()} | {key: total(every)}

        return f

    says(checks.heads_right, scored(lambda r: r.all(0).mean(), "All right"), "lower case")
    says(checks.heads_right, scored(lambda r: (~r).any(0).mean()), "images with a mistake")
    says(checks.heads_right, scored(lambda r: (r.sum(0) == 3).mean()), "fixed number of heads")


def test_other_readings_of_s_are_told_what_is_wrong():
    total = lambda f: lambda losses, s: sum(f(losses[n], s[n]) for n in losses)
    says(checks.uncertain_loss, total(lambda v, s: -v * s.exp() + s / 2), "inside, exp(-s)")
    deviation = total(lambda v, s: v * (-2 * s).exp() + s)
    says(checks.uncertain_loss, deviation, "logarithm of the standard deviation")
