"Each check of lesson 01 takes the right answer and names the typical wrong ones."

import itertools
import math
import re
import sys

import numpy as np
import pandas as pd
import pytest
from checks_kit import not_done, passes, says

from mlc_course import labels as ours
from mlc_course.tools import checks
from mlc_course.tools.checks import NotDone, _core, tasks


@pytest.mark.parametrize("name", ["to_multi_hot", "share_that_also", "label_density", "parse_cell"])
def test_mistakes_differ(name, monkeypatch):
    "Every mistake differs from the right answer and from every mistake with another message, on at least one case."
    seen = []
    monkeypatch.setattr(
        sys.modules[getattr(tasks, name).__module__],
        "diagnose",
        lambda answer, right, mistakes, cases, *a, **k: seen.append((right, mistakes, cases)),
    )
    good = dict(parse_cell=parse, to_multi_hot=ours.multi_hot).get(name, lambda t: t)
    getattr(tasks, name)(good)
    for right, mistakes, cases in seen:
        results = [(m.says, [_core.call(m.gives, c) for c in cases]) for m in mistakes] + [
            ("right", [_core.call(right, c) for c in cases])
        ]
        for (one, a), (other, b) in itertools.combinations(results, 2):
            assert one == other or not _core.same(a, b), (
                f"no case tells these apart:\n{one}\n{other}"
            )
    assert sum(len(mistakes) for _, mistakes, _ in seen) >= 3


KINDS = dict(
    birds="multi-class",
    traffic="multi-output",
    posters="multi-label",
    xrays="multi-label",
    softmax="multi-class",
)


def test_kind_of_task():
    check = checks.kind_of_task
    passes(check, KINDS)
    passes(check, {k: v.upper().replace("-", " ") for k, v in KINDS.items()})
    for answer in (..., None, dict.fromkeys(KINDS, ...), {}, KINDS | dict(softmax=...)):
        says(check, answer, "written", kind=NotDone)
    says(check, KINDS | dict(softmax=...), "for softmax")
    says(check, KINDS | dict(birds="multi-label"), "Many classes don't make a task multi-label")
    says(check, KINDS | dict(birds="multi-output"), "one question only")
    says(check, KINDS | dict(traffic="multi-class"), "two questions")
    says(check, KINDS | dict(traffic="multi-label"), "car and bus")
    says(check, KINDS | dict(posters="multi-class"), "several genres")
    says(check, KINDS | dict(posters="multi-output"), "18 questions of yes or no")
    says(check, KINDS | dict(xrays="multi-class"), "two findings at once")
    says(check, KINDS | dict(xrays="multi-output"), "special case called multi-label")
    says(check, KINDS | dict(softmax="multi-label"), "this network isn't")
    says(check, KINDS | dict(softmax="multi-output"), "one softmax answers one question")


def test_kind_of_task_explains_every_wrong_choice():
    for question, kind in itertools.product(KINDS, tasks.KINDS):
        if kind != KINDS[question]:
            says(checks.kind_of_task, KINDS | {question: kind}, f"{question} isn't {kind}: ")
    both = KINDS | dict(birds="multi-label", softmax="multi-label")
    says(checks.kind_of_task, both, "birds isn't")
    says(checks.kind_of_task, both, "\nsoftmax isn't")


def test_kind_of_task_odd():
    says(checks.kind_of_task, ["multi-class"] * 5, "should be a dict")
    says(checks.kind_of_task, KINDS | dict(films="multi-label"), "no question called 'films'")
    says(
        checks.kind_of_task,
        KINDS | dict(birds=200),
        "200, your answer to birds, isn't a kind of task",
    )
    says(
        checks.kind_of_task,
        KINDS | dict(birds="binary"),
        "Choose from multi-class, multi-output, multi-label",
    )


def parse(cell):
    "An independent right answer: walk through the words and keep the new ones."
    out = []
    for word in (cell or "").split() if not pd.isna(cell) else []:
        if word not in out:
            out.append(word)
    return out


def test_parse_cell():
    check = checks.parse_cell
    passes(check, parse)
    passes(check, lambda cell: tuple(parse(cell)))
    not_done(check)
    once = lambda words: list(dict.fromkeys(words))
    text = lambda f: lambda cell: f(cell) if isinstance(cell, str) else []
    says(check, text(lambda c: sorted(set(c.split()))), "sorted")
    says(check, text(lambda c: list(set(c.split()))), "changes from run to run")
    says(check, text(lambda c: set(c.split())), "you give a set")
    says(check, text(list), "letter by letter")
    says(check, text(lambda c: c.split(",")), "whole cell became one label")
    says(check, text(lambda c: c.lower().split()), "capital letters are gone")
    says(check, text(lambda c: once(c.lower().split())), "capital letters are gone")
    for n in (1, 2, 3):

        def fewer_spaces(c):
            for _ in range(n):
                c = c.replace("  ", " ")
            return once(c.strip().split(" ")) if c.strip() else []

        says(check, text(fewer_spaces), "a phantom label whose name is empty")
    says(check, text(lambda c: c.split(" ")), "the cell '' gives [''], with a phantom label")
    says(check, text(lambda c: once(c.split(" "))), "the cell '' gives [''], with a phantom label")
    says(check, text(lambda c: c.split(" ") if c else []), "phantom label")
    says(
        check,
        text(lambda c: c.strip().split(" ") if c.strip() else []),
        "the cell 'boat  moon' gives ['boat', '', 'moon']",
    )
    says(check, text(str.split), "stands twice in a cell is given twice")
    says(
        check,
        text(lambda c: [w for w in c.split() if c.split().count(w) == 1]),
        "thrown out altogether",
    )
    says(
        check,
        lambda c: once(c.split()),
        "AttributeError: 'float' object has no attribute 'split'. It was called with nan, a cell with nothing in it",
    )
    says(check, lambda c: once(str(c).split()), "the missing cell nan gives ['nan']")
    says(
        check,
        lambda c: once(str(c).split()) if c == c else [],
        "the missing cell None gives ['None']",
    )
    says(
        check, lambda c: once(c.split()) if c == c else [], "called with None, a cell with nothing"
    )
    says(
        check,
        lambda c: once(c.split()) if isinstance(c, str) else None,
        "the missing cell nan gives None",
    )
    says(
        check,
        lambda c: once(c.split()) if isinstance(c, str) else [c],
        "the missing cell nan gives [nan]",
    )
    says(
        check,
        lambda c: once(c.split()) if isinstance(c, str) else [""],
        "the missing cell nan gives ['']",
    )


def test_to_multi_hot():
    from sklearn.preprocessing import MultiLabelBinarizer

    check = checks.to_multi_hot
    passes(check, ours.multi_hot)

    def right(labels, vocab):
        out = [[0] * len(vocab) for _ in labels]
        for row, names in zip(out, labels):
            for name in names:
                row[vocab.index(name)] = (
                    1  # list.index raises ValueError, and names what it didn't find
                )
        return out

    passes(check, right)
    passes(check, lambda labels, vocab: pd.DataFrame(right(labels, vocab), columns=vocab))
    not_done(check)
    hot = lambda labels, vocab: [[int(name in row) for name in vocab] for row in labels]
    says(
        check,
        lambda labels, vocab: MultiLabelBinarizer(classes=sorted(vocab)).fit_transform(labels),
        "alphabetical order",
    )
    says(
        check,
        lambda labels, vocab: [[name in str(row) for name in vocab] for row in labels],
        "looks for a part of it",
    )
    says(
        check,
        lambda labels, vocab: [[row.count(name) for name in vocab] for row in labels],
        "named twice gives a 2",
    )
    says(
        check,
        lambda labels, vocab: hot(filter(None, labels), vocab),
        "images without labels are missing",
    )
    says(check, lambda labels, vocab: np.array(hot(labels, vocab)).T, "lies on its side")
    says(
        check,
        lambda labels, vocab: [[vocab.index(name) for name in row] for row in labels],
        "column numbers",
    )
    says(check, hot, "the unknown label 'mooon' is dropped")
    says(
        check,
        lambda labels, vocab: (
            hot(labels, vocab) if all(n in vocab for row in labels for n in row) else {}["mooon"]
        ),
        "refused, but with KeyError",
    )

    def refuse(message, known):
        def f(labels, vocab):
            for name in itertools.chain(*labels):
                if not known(name, vocab):
                    raise ValueError(message.format(name))
            return hot(labels, vocab)

        return f

    passes(check, refuse("unknown label {!r}", lambda name, vocab: name in vocab))
    says(
        check,
        refuse("bad label", lambda name, vocab: name in vocab),
        "doesn't name the unknown label",
    )
    says(
        check,
        refuse("unknown {}", lambda name, vocab: name in " ".join(vocab)),
        "the unknown label 'star' is dropped",
    )
    says(
        check,
        refuse("unknown {}", lambda name, vocab: not name or name in vocab),
        "the unknown label '' is dropped",
    )


def test_share_that_also():
    check = checks.share_that_also

    def right(targets):
        table = pd.DataFrame(np.asarray(targets, dtype=float))
        return pd.DataFrame([table[table[i] == 1].mean().fillna(0) for i in table]).to_numpy()

    passes(check, right)
    passes(check, lambda t: ours.cooccurrence(t) / np.maximum(t.sum(0), 1)[:, None])
    not_done(check)

    def share(t, per=None, dtype=float):
        t = t.astype(dtype)
        with np.errstate(all="ignore"):
            return t.T @ t / (t.sum(0)[:, None] if per is None else per(t))

    says(check, lambda t: share(t, lambda t: t.sum(0)), "divide by the column's count")
    says(
        check, lambda t: share(t, lambda t: np.maximum(t.sum(0), 1)), "divide by the column's count"
    )
    says(check, lambda t: right(t).T, "divide by the column's count")
    says(check, lambda t: share(t, len), "divide by the number of all images")
    says(check, lambda t: ours.cooccurrence(t), "counts, not shares")
    says(check, lambda t: share(t, lambda t: (t.T @ t).sum(1)[:, None]), "row's sum")

    def filled(value):
        def f(t):
            out = right(t).copy()
            np.fill_diagonal(out, value)
            return out

        return f

    says(check, filled(np.nan), "the diagonal is empty")
    says(check, filled(0), "the diagonal is 0, and should be 1")
    says(
        check,
        lambda t: t.T @ t / np.maximum((t.T @ t).diagonal(), 1)[:, None],
        "product of two boolean arrays",
    )
    says(check, lambda t: t.T @ t / t.sum(0)[:, None], "product of two boolean arrays")
    says(check, lambda t: share(t, None, np.uint8), "start again at 0 after 255")
    says(
        check,
        lambda t: share(t, lambda t: np.maximum(np.diag(t.T @ t), 1)[:, None], np.uint8),
        "start again at 0 after 255",
    )
    says(check, share, "gives NaN")
    says(check, filled(1), "even for a label that no image has")


def test_label_density():
    check = checks.label_density
    passes(check, lambda t: sum(map(sum, np.asarray(t).tolist())) / np.size(t))
    passes(check, ours.density)
    not_done(check)
    says(check, ours.cardinality, "this is the cardinality")
    says(check, lambda t: ours.density(t[t.sum(1) > 0]), "images without labels are left out")
    says(
        check,
        lambda t: t.sum() / (t.sum(0) > 0).sum() / len(t),
        "labels that no image has are left out",
    )
    says(check, lambda t: t.sum(0) / len(t), "one number per label")
    says(check, lambda t: t.sum(1) / t.shape[1], "one number per image")
    says(check, lambda t: (t == 0).mean(), "share of the cells that are 'no'")
    says(check, lambda t: (t.sum(1) > 0).mean(), "share of images that have any label")
    says(check, lambda t: 100 * ours.density(t), "percentage")
    says(check, np.count_nonzero, "number of cells that are 'yes'")
    says(check, lambda t: round(ours.density(t), 2), "rounded")
    says(check, lambda t: t.sum() / t.shape[1], "the number of images is missing")
    says(check, lambda t: t.any(axis=0).mean(), "share of labels that any image has")


@pytest.mark.parametrize(
    "check", [checks.parse_cell, checks.to_multi_hot, checks.share_that_also, checks.label_density]
)
def test_odd_answers(check):
    says(check, lambda *a: "odd", "isn't right yet. Given")
    says(check, lambda *a: -7, "expected")
    says(check, 12, "should be a function")
    says(check, lambda *a: math.log(0), "stopped with ValueError")
    says(
        check,
        lambda *a: 1 / 0,
        "stopped with ZeroDivisionError: division by zero. It was called with",
    )


def test_parse_cell_gives_none_for_an_empty_cell():
    says(checks.parse_cell, lambda c: list(dict.fromkeys(c.split())) if c else None, "gives None")


def test_to_multi_hot_with_one_row_repeated():
    def one_row(labels, vocab):
        out = [[0] * len(vocab)] * len(labels)
        for row, names in zip(out, labels):
            for name in names:
                row[vocab.index(name)] = 1
        return out

    says(checks.to_multi_hot, one_row, "all rows are the same")


def test_parse_cell_raises_on_text():
    says(checks.parse_cell, lambda c: c["x"], "stopped with TypeError")


CHECKS = ["parse_cell", "to_multi_hot", "share_that_also", "label_density"]


@pytest.mark.parametrize("name", CHECKS)
def test_messages_call_a_function_by_the_learners_name(name):
    def guess(*a):
        return -7

    says(getattr(checks, name), guess, "guess ")
    says(getattr(checks, name), lambda *a: -7, f"my_{name} ")


def test_right_answers_written_in_other_ways():
    passes(
        checks.parse_cell,
        lambda c: (
            sorted(set(re.findall(r"\S+", c)), key=c.split().index) if isinstance(c, str) else []
        ),
    )
    passes(
        checks.parse_cell,
        lambda c: (
            list(pd.unique(pd.Series(str(c or "").split(), dtype=object)))
            if c is not None and c == c
            else []
        ),
    )

    def by_loop(labels, vocab):
        known = set(vocab)
        if bad := [n for row in labels for n in row if n not in known]:
            raise ValueError(f"not in the vocab: {bad}")
        return np.array([[n in row for n in vocab] for row in labels], dtype=np.float32)

    passes(checks.to_multi_hot, by_loop)
    loops = lambda t: [
        [
            float((t[:, i] & t[:, j] > 0).sum() / max((t[:, i] > 0).sum(), 1))
            for j in range(t.shape[1])
        ]
        for i in range(t.shape[1])
    ]
    passes(checks.share_that_also, loops)
    passes(
        checks.share_that_also,
        lambda t: np.nan_to_num(
            np.einsum("ni,nj->ij", t.astype(float), t.astype(float)) / t.sum(0).clip(1)[:, None]
        ),
    )
    passes(checks.label_density, lambda t: (t.sum(1) / t.shape[1]).mean())
    passes(checks.label_density, lambda t: np.count_nonzero(t) / t.size)
    passes(checks.kind_of_task, {k: v.replace("-", "_") for k, v in KINDS.items()})
