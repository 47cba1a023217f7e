"Each check of lesson 02 takes the right answer and names the typical wrong ones."

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from checks_kit import not_done, passes, says

from mlc_course.labels import label_counts
from mlc_course.tables import ImageTable, drop_rare_labels, parse_class_name
from mlc_course.tools import checks
from mlc_course.tools.checks import Wrong
from mlc_course.tools.checks._core import call
from mlc_course.tools.checks.tables import csv_labels, frequent, makes, vocab
from mlc_course.tools.checks.tables.names import Names


def told_apart(right, mistakes, cases):
    "Every mistake differs from the right answer, and from every mistake that is explained in other words."
    found = [(m.says, [Names(call(m.gives, c)) for c in cases]) for m in mistakes]
    expected = [Names(call(right, c)) for c in cases]
    for i, (words, got) in enumerate(found):
        assert got != expected, words
        for other, theirs in found[:i]:
            assert words == other or got != theirs, (words, other)


@pytest.fixture
def files(tmp_path):
    paths = []
    for i, text in enumerate((csv_labels.PASCAL_FILE, csv_labels.OTHER_ORDER, csv_labels.LABEL_NA)):
        paths.append(tmp_path / f"{i}.csv")
        paths[-1].write_text(text)
    return [(p,) for p in paths]


def by_pandas(path):
    return pd.read_csv(path, keep_default_na=False)["labels"].str.split().tolist()


def test_labels_of_csv(files):
    passes(checks.labels_of_csv, by_pandas)
    passes(checks.labels_of_csv, lambda p: pd.read_csv(p, na_filter=False).labels.map(str.split))
    passes(
        checks.labels_of_csv,
        lambda p: [
            np.array(o.split()) for o in pd.read_csv(p, dtype=str, keep_default_na=False)["labels"]
        ],
    )
    not_done(checks.labels_of_csv)
    told_apart(by_pandas, csv_labels.labels_of_csv_mistakes(), files)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (
            lambda p: pd.read_csv(p)["labels"].fillna("").str.split(" ").tolist(),
            "label with the name ''",
        ),
        (
            lambda p: [o.split(" ") if o else [] for o in pd.read_csv(p)["labels"].fillna("")],
            "two spaces between",
        ),
        (lambda p: [o.split() for o in pd.read_csv(p)["labels"]], "That float is NaN"),
        (lambda p: [str(o).split() for o in pd.read_csv(p)["labels"]], "name 'nan'"),
        (lambda p: pd.read_csv(p)["labels"].str.split().tolist(), "came out as NaN"),
        (lambda p: pd.read_csv(p)["labels"].dropna().str.split().tolist(), "line up with the rows"),
        (lambda p: pd.read_csv(p)["labels"].fillna("").tolist(), "text of each cell"),
        (lambda p: pd.read_csv(p)["labels"].tolist(), "text of each cell"),
        (lambda p: [list(o) for o in pd.read_csv(p)["labels"].fillna("")], "lists hold letters"),
        (
            lambda p: [o.split(",") for o in pd.read_csv(p, keep_default_na=False)["labels"]],
            "became one label",
        ),
        (
            lambda p: (
                pd.read_csv(p)[lambda d: d.is_valid]["labels"].fillna("").str.split().tolist()
            ),
            "some of the rows only",
        ),
        (
            lambda p: (
                pd.read_csv(p, keep_default_na=False).iloc[:, 1].astype(str).str.split().tolist()
            ),
            "by its position",
        ),
        (
            lambda p: pd.read_csv(p)["labels"].fillna("").str.split().tolist(),
            "keep_default_na=False",
        ),
        (
            lambda p: [o.split() or [""] for o in pd.read_csv(p, keep_default_na=False).labels],
            "a label whose name is ''",
        ),
        (lambda p: [sorted(o) for o in by_pandas(p)], "sorted"),
        (lambda p: [["dog"]], "isn't right yet. Given a file with the text 'fname,labels,is_valid"),
        (lambda p: 7, "isn't right yet"),
        (lambda p: pd.read_csv(p)["label"], "stopped with KeyError: 'label'"),
        ("fname", "should be a function"),
    ],
)
def test_wrong_labels_of_csv(wrong, message):
    says(checks.labels_of_csv, wrong, message)


def by_table(rows, min_count, root):
    "The library's way; it refuses to drop every label and merges doubled ones, which the exercise leaves open."
    if not any(rows):
        return rows
    df = pd.DataFrame(
        {"fname": [f"{i}.jpg" for i in range(len(rows))], "labels": rows, "split": "train"}
    )
    return drop_rare_labels(ImageTable(df, root), min_count=min_count).labels()


def test_keep_frequent(tmp_path):
    right = lambda rows, n: by_table(rows, n, tmp_path)
    passes(checks.keep_frequent, right)
    not_done(checks.keep_frequent)
    told_apart(right, frequent.keep_frequent_mistakes(), frequent.keep_frequent_cases())


def often(rows, n, count=set, more=False):
    c = Counter(o for row in rows for o in count(row))
    return {o for o in c if c[o] > n or (c[o] == n and not more)}


@pytest.mark.parametrize(
    "wrong, message",
    [
        (
            lambda rows, n: [
                [o for o in r if o in often(rows, n, more=True)]
                for r in rows
                if not r or set(r) & often(rows, n, more=True)
            ],
            "At least min_count means >=",
        ),
        (
            lambda rows, n: [
                [o for o in r if o in often(rows, n, list)]
                for r in rows
                if not r or set(r) & often(rows, n, list)
            ],
            "counts as two images",
        ),
        (
            lambda rows, n: [r for r in rows if all(o in often(rows, n) for o in r)],
            "every image that had a rare label is dropped",
        ),
        (
            lambda rows, n: [[o for o in r if o in often(rows, n)] for r in rows],
            "lost all their labels are kept",
        ),
        (
            lambda rows, n: [k for k in ([o for o in r if o in often(rows, n)] for r in rows) if k],
            "no label from the start",
        ),
        (
            lambda rows, n: [[o for o in r if o in often(rows, n, list)] for r in rows],
            "two things. An image with a label twice",
        ),
        (
            lambda rows, n: [
                k for k in ([o for o in r if o in often(rows, n, list)] for r in rows) if k
            ],
            "two things. An image with a label twice",
        ),
        (
            lambda rows, n: [r for r in rows if not r or any(o in often(rows, n) for o in r)],
            "still in the lists",
        ),
        (
            lambda rows, n: [
                [o for o in r if o not in often(rows, n)]
                for r in rows
                if not r or set(r) - often(rows, n)
            ],
            "other way round",
        ),
        (
            lambda rows, n: [[o for o in r if o in often(rows, n, more=True)] for r in rows],
            "two things. At least min_count means >=",
        ),
        (lambda rows, n: frequent.removing(rows, n), "while you loop over it"),
        (lambda rows, n: [set(r) for r in rows], "a set for each row"),
        (lambda rows, n: sorted(often(rows, n)), "the labels that remain"),
        (lambda rows, n: rows, "isn't right yet. Given [['sky', 'sun']"),
        (lambda rows, n: {"sky": 3}, "isn't right yet"),
        (lambda rows, n: rows[99], "stopped with IndexError"),
    ],
)
def test_wrong_keep_frequent(wrong, message):
    says(checks.keep_frequent, wrong, message)


@pytest.mark.parametrize("empty", [True, False])
def test_keep_frequent_of_the_most_frequent(empty):
    "min_count was taken for a number of labels; ties go to the label that stands first."

    def top(rows, n):
        c = Counter(o for r in rows for o in dict.fromkeys(r))
        keep = {o for o, _ in c.most_common(n)}
        return [[o for o in r if o in keep] for r in rows if set(r) & keep or (empty and not r)]

    says(checks.keep_frequent, top, "you keep the min_count most frequent labels")


def test_keep_frequent_sorts_the_labels():
    says(checks.keep_frequent, lambda *a: [sorted(r) for r in frequent.kept(*a)], "are sorted")


@pytest.mark.parametrize("kind", [list, tuple, set, lambda names: sorted(names)[::-1]])
def test_keep_frequent_gives_the_labels(kind):
    says(
        checks.keep_frequent,
        lambda rows, n: kind(often(rows, n)),
        "you give the labels that remain",
    )


def by_position(name, makes):
    return parse_class_name(name, sorted(makes, key=len, reverse=True))[0]


def begins(name, makes):
    return [m for m in makes if name.startswith(m)]


def search(name, known):
    "As in the lesson."
    found = None
    for o in known:
        if o in name:
            found = o
    return found or name.split()[0]


def test_make_of():
    passes(checks.make_of, by_position)
    not_done(checks.make_of)
    told_apart(by_position, makes.make_of_mistakes(), makes.make_of_cases())


@pytest.mark.parametrize(
    "wrong, message",
    [
        (search, "anywhere in the name"),
        (
            lambda n, makes: next((m for m in makes if m in n.split()), n.split()[0]),
            "anywhere in the name",
        ),
        (lambda n, makes: n.split()[0], "you take the first word"),
        (
            lambda n, makes: max(begins(n, makes), key=len, default=n.split()[0]),
            "Rambler isn't a Ram",
        ),
        (
            lambda n, makes: next((m for m in makes if n.startswith(m + " ")), n.split()[0]),
            "order of the list decides",
        ),
        (
            lambda n, makes: min(
                (m for m in makes if n.startswith(m + " ")), key=len, default=n.split()[0]
            ),
            "the shorter one wins",
        ),
        (
            lambda n, makes: max(
                (m for m in makes if n.startswith(m + " ")), key=len, default=None
            ),
            "gave None for 'Rambler Classic Sedan 1963'",
        ),
        (
            lambda n, makes: " ".join(
                n.split()[: 1 + any(m.startswith(n.split()[0] + " ") for m in makes)]
            ),
            "first word of a make only",
        ),
        (
            lambda n, makes: max(
                (m for m in makes if m.split()[0] == n.split()[0]), key=len, default=n.split()[0]
            ),
            "first word of a make only",
        ),
        (lambda n, makes: n, "isn't right yet. Given 'Dodge Ram Pickup"),
        (lambda n, makes: n.split()[:1], "one make is wanted, as a text"),
        (
            lambda n, makes: max((m for m in makes if n.startswith(m + " ")), default="Other"),
            "gave 'Other' for 'Rambler Classic Sedan 1963'",
        ),
        (
            lambda n, makes: max(m for m in makes if n.startswith(m + " ")),
            "stopped with ValueError",
        ),
    ],
)
def test_wrong_make_of(wrong, message):
    says(checks.make_of, wrong, message)


def by_counts(rows):
    "The library's way."
    df = pd.DataFrame(
        {
            "fname": [f"{i}.jpg" for i in range(len(rows))],
            "labels": [r["labels"].split() for r in rows],
            "split": [r["split"] for r in rows],
        }
    )
    return ImageTable(df, ".").vocab


def words(rows, sep=None):
    return [o for r in rows for o in r["labels"].split(sep)]


def test_vocab_of():
    passes(checks.vocab_of, by_counts)
    passes(checks.vocab_of, lambda rows: np.unique(np.array(words(rows), dtype=str)))
    passes(
        checks.vocab_of,
        lambda rows: sorted(pd.DataFrame(rows)["labels"].str.split().explode().dropna().unique()),
    )
    passes(
        checks.vocab_of,
        lambda rows: (
            ImageTable(pd.DataFrame(rows).assign(labels=lambda d: d.labels.str.split()), ".").vocab
        ),
    )
    not_done(checks.vocab_of)
    told_apart(by_counts, vocab.vocab_of_mistakes(), vocab.vocab_of_cases())


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda rows: sorted(set(words(rows, " "))), "'' is in the vocab"),
        (
            lambda rows: sorted(set(words([r for r in rows if r["split"] == "train"]))),
            "training rows only",
        ),
        (
            lambda rows: sorted(set(words([r for r in rows if r["split"] != "test"]))),
            "only test rows have",
        ),
        (lambda rows: sorted(set("".join(r["labels"] for r in rows))), "holds letters"),
        (lambda rows: sorted({r["labels"] for r in rows}), "holds whole cells"),
        (lambda rows: sorted(words(rows)), "once for every row"),
        (lambda rows: [r["labels"].split() for r in rows], "one list per row"),
        (lambda rows: sorted(set(words(rows, " ")))[1:], "A file without an empty cell"),
        (lambda rows: list(dict.fromkeys(words(rows))), "order is that of the rows"),
        (lambda rows: [o for o, _ in Counter(words(rows)).most_common()], "of the counts"),
        (lambda rows: set(words(rows)), "give a set"),
        (lambda rows: sorted({o.lower() for o in words(rows)}), "in lower case"),
        (lambda rows: sorted(set(words(rows)), key=str.lower), "sorted as one"),
        (
            lambda rows: sorted(set(words(rows)), key=lambda o: o[::-1]),
            "not sorted. A set has an order of its own",
        ),
        (
            lambda rows: np.array(sorted(set(words(rows)), key=lambda o: o[1:])),
            "not sorted. A set has an order of its own",
        ),
        (lambda rows: sorted(set(words(rows)), key=lambda o: o[::-1])[1:], "isn't right yet"),
        (lambda rows: 5, "isn't right yet"),
        (lambda rows: sorted(rows), "stopped with TypeError"),
    ],
)
def test_wrong_vocab_of(wrong, message):
    says(checks.vocab_of, wrong, message)


def test_any_order_of_the_right_names_is_explained():
    "A set's order depends on the hash seed, so every order is tried; only the sorted one is right."
    names = by_counts(vocab.vocab_of_cases()[0][0])
    for order in itertools.permutations(names):

        def shuffled(rows):
            return [o for o in order if o in words(rows)]

        if list(order) == names:
            passes(checks.vocab_of, shuffled)
        else:
            says(checks.vocab_of, shuffled, "sort")


def test_the_library_agrees_about_the_counts():
    from mlc_course.labels import multi_hot

    rows, names = frequent.RARE, sorted({o for r in frequent.RARE for o in r})
    counts = label_counts(multi_hot(rows, names), names)
    for n in (1, 2, 3):
        assert frequent.frequent_labels(rows, n) == set(counts.index[counts >= n])


def test_a_message_calls_the_function_what_the_learner_calls_it():
    def my_vocab(rows):
        return set(words(rows))

    says(checks.vocab_of, my_vocab, "my_vocab: you give a set")
    says(checks.vocab_of, lambda rows: set(words(rows)), "vocab_of: you give a set")


def test_one_wrong_case_is_enough():
    "An answer that is right on all cases but the last is refused."
    for check, right, cases in (
        (checks.keep_frequent, frequent.kept, frequent.keep_frequent_cases()),
        (checks.make_of, by_position, makes.make_of_cases()),
    ):
        seen = []

        def almost(*args):
            seen.append(args)
            return right(*args) if len(seen) < len(cases) else "something else"

        with pytest.raises(Wrong):
            check(almost)
