"""labels: multi-hot targets and back, counts, co-occurrence, stratified split; against scikit-learn and brute force."""

import hashlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import MultiLabelBinarizer

from mlc_course import labels as L

VOCAB = ["boat", "moon", "stars", "sun", "tree"]
label_lists = st.lists(st.lists(st.sampled_from(VOCAB), max_size=7), max_size=30)
tables = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40))


@given(label_lists)
def test_multi_hot_equals_scikit_learn(labels):
    ours = L.multi_hot(labels, VOCAB)
    assert ours.dtype == bool and ours.shape == (len(labels), len(VOCAB))
    if labels:
        np.testing.assert_array_equal(
            ours, MultiLabelBinarizer(classes=VOCAB).fit_transform(labels).astype(bool)
        )


@given(label_lists)
def test_there_and_back(labels):
    assert [L.label_names(row, VOCAB) for row in L.multi_hot(labels, VOCAB)] == [
        sorted(set(o)) for o in labels
    ]


@pytest.mark.parametrize(
    "rows",
    [
        [["moon"], []],
        (("moon",), ()),
        [{"moon"}, set()],
        [np.array(["moon"]), np.array([])],
        pd.Series([["moon"], []]),
        iter([["moon"], []]),
    ],
)
def test_multi_hot_takes_any_kind_of_list(rows):
    assert L.multi_hot(rows, VOCAB).sum(1).tolist() == [1, 0]


def test_vocab_order_is_kept():
    assert L.multi_hot([["b"], ["a"]], ["b", "a"]).tolist() == [[True, False], [False, True]]


@pytest.mark.parametrize(
    "labels,error,parts",
    [
        ([["moon"], ["mooon"]], ValueError, ["row 1", "'mooon'", "Did you mean 'moon'?"]),
        ([["moon", " sun"]], ValueError, ["row 0", "' sun'", "Did you mean 'sun'?"]),
        ([["xyzzy"]], ValueError, ["'xyzzy'", "vocab has 5 labels"]),
        (["".split(" ")], ValueError, ["row 0", "empty label", "['']"]),
        ([["  "]], ValueError, ["empty label"]),
        ("moon", TypeError, ["the string 'moon'"]),
        (["moon"], TypeError, ["row 0", "letter by letter", "['moon']"]),
        ([["moon"], b"moon"], TypeError, ["row 1"]),
        ([["moon"], None], TypeError, ["row 1", "None"]),
        ([["moon"], float("nan")], TypeError, ["row 1", "nan", "empty list"]),
        ([["moon", float("nan")]], TypeError, ["row 0", "strings"]),
        ([[0, 1]], TypeError, ["row 0", "strings"]),
    ],
)
def test_multi_hot_refuses_and_says_why(labels, error, parts):
    with pytest.raises(error) as e:
        L.multi_hot(labels, VOCAB)
    for part in parts:
        assert part in str(e.value)


def test_one_letter_vocab_does_not_read_a_string_as_labels():
    with pytest.raises(TypeError, match="letter by letter"):
        L.multi_hot(["abc"], ["a", "b", "c"])


@pytest.mark.parametrize(
    "vocab,error,part",
    [
        ([], ValueError, "empty"),
        ("moon", TypeError, "the string"),
        (["a", "b", "a"], ValueError, "'a' more than once"),
        (["a", ""], ValueError, "vocab[1]"),
        (["a", 3], TypeError, "vocab[1]"),
    ],
)
def test_bad_vocab(vocab, error, part):
    with pytest.raises(error) as e:
        L.multi_hot([["a"]], vocab)
    assert part in str(e.value)


@pytest.mark.parametrize("row", [[0.2, 0.9, 0.5, 0, 1], [2, 0, 0, 0, 0], [1, 0], [[1, 0, 0, 0, 0]]])
def test_label_names_refuses(row):
    with pytest.raises(ValueError):
        L.label_names(row, VOCAB)


@given(tables)
def test_counts_and_cooccurrence(t):
    n, c = t.shape
    names = [f"l{i:02d}" for i in range(c)]
    counts = L.label_counts(t, names)
    assert counts.is_monotonic_decreasing and counts.to_dict() == {
        o: int(t[:, i].sum()) for i, o in enumerate(names)
    }
    co = L.cooccurrence(t)
    assert co.dtype == np.int64
    np.testing.assert_array_equal(
        co, [[(t[:, i] & t[:, j]).sum() for j in range(c)] for i in range(c)]
    )
    assert L.cardinality(t) == pytest.approx(t.sum(1).mean()) and L.density(t) == pytest.approx(
        t.mean()
    )
    for same in (t.astype(int), t.astype(np.float32)):
        np.testing.assert_array_equal(L.cooccurrence(same), co)


def test_cooccurrence_over_several_blocks():
    t = np.random.default_rng(0).random((140_000, 3)) < 0.4
    i = t.astype(np.int64)
    np.testing.assert_array_equal(L.cooccurrence(t), i.T @ i)


@pytest.mark.parametrize(
    "f",
    [
        L.cooccurrence,
        L.cardinality,
        L.density,
        lambda t: L.label_counts(t, VOCAB),
        lambda t: L.stratified_split(t, (0.5, 0.5)),
    ],
)
@pytest.mark.parametrize(
    "bad", [np.zeros(5), np.full((2, 5), 2), np.full((2, 5), 0.5), np.full((2, 5), np.nan)]
)
def test_targets_that_are_not_multi_hot(f, bad):
    with pytest.raises(ValueError):
        f(bad)


def test_targets_of_text_and_of_no_rows():
    with pytest.raises(TypeError, match="multi_hot"):
        L.cooccurrence(np.array([["a", "b"]]))
    with pytest.raises(ValueError, match="no rows"):
        L.cardinality(np.zeros((0, 3), bool))
    with pytest.raises(ValueError, match="3 columns"):
        L.label_counts(np.zeros((2, 3), bool), VOCAB)


fractions = st.lists(st.integers(1, 20), min_size=2, max_size=6).map(
    lambda w: tuple(o / sum(w) for o in w)
)


@settings(max_examples=80, deadline=None)
@given(tables, fractions, st.integers(0, 5))
def test_split_keeps_every_row_once(t, f, seed):
    parts = L.stratified_split(t, f, seed)
    sizes = np.bincount(parts, minlength=len(f))
    assert parts.shape == (len(t),) and parts.min() >= 0 and len(sizes) == len(f)
    assert sizes.sum() == len(t) and (np.abs(sizes - len(t) * np.array(f)) < 1).all()
    np.testing.assert_array_equal(parts, L.stratified_split(t, f, seed))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 300), st.integers(0, 300), st.integers(0, 99))
def test_one_label_is_dealt_to_within_one(pos, neg, seed):
    t = np.random.default_rng(seed).permutation(np.arange(pos + neg) < pos)[:, None]
    f = (0.6, 0.2, 0.2)
    got = np.bincount(L.stratified_split(t, f, seed)[t[:, 0]], minlength=3)
    assert (
        np.abs(got - t.sum() * np.bincount(L.stratified_split(t, f, seed), minlength=3) / len(t))
        <= 1 + 1e-9
    ).all()


def long_tail(n, c, seed):
    return np.random.default_rng(seed).random((n, c)) < 0.35 / np.arange(1, c + 1)


@pytest.mark.parametrize("seed", range(3))
def test_split_is_much_closer_than_chance(seed):
    t = long_tail(2000, 30, seed)
    parts = L.stratified_split(t, (0.6, 0.2, 0.2), seed)
    spread = lambda p: np.mean([np.abs(t[p == k].mean(0) - t.mean(0)).mean() for k in range(3)])
    rng = np.random.default_rng(seed)
    assert spread(parts) < 0.4 * np.mean([spread(rng.permutation(parts)) for _ in range(20)])


def test_rare_label_reaches_every_part():
    t = np.zeros((1000, 2), bool)
    t[:3, 0] = True
    t[::2, 1] = True
    for seed in range(20):
        assert set(L.stratified_split(t, (0.34, 0.33, 0.33), seed)[:3]) == {0, 1, 2}


def test_rows_without_labels_are_dealt_out_too():
    t = np.zeros((100, 4), bool)
    t[:20, 0] = True
    parts = L.stratified_split(t, (0.5, 0.25, 0.25))
    assert np.bincount(parts[20:]).tolist() == [40, 20, 20]
    assert np.bincount(L.stratified_split(np.zeros((10, 2), bool), (0.6, 0.2, 0.2))).tolist() == [
        6,
        2,
        2,
    ]


def test_no_rows_and_no_columns():
    assert L.stratified_split(np.zeros((0, 3), bool), (0.5, 0.5)).shape == (0,)
    assert np.bincount(L.stratified_split(np.zeros((4, 0), bool), (0.5, 0.5))).tolist() == [2, 2]


@pytest.mark.parametrize(
    "f", [(1.0,), (0.6, 0.2), (0.6, 0.6, -0.2), (0, 1), (np.nan, 0.5), "half", 3]
)
def test_bad_fractions(f):
    with pytest.raises((ValueError, TypeError)):
        L.stratified_split(np.ones((4, 2), bool), f)


def test_large_table():
    t = long_tail(100_000, 100, 0)
    parts = L.stratified_split(t, (0.6, 0.2, 0.2))
    assert np.bincount(parts).tolist() == [60_000, 20_000, 20_000]
    for k, f in enumerate((0.6, 0.2, 0.2)):
        assert np.abs(t[parts == k].sum(0) - f * t.sum(0)).max() < 20


def test_import_loads_no_framework():
    code = "import sys, mlc_course.labels; print([m for m in ('torch', 'tensorflow', 'fastai', 'pandas', 'sklearn', 'matplotlib') if m in sys.modules])"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


# ---- groups, folds, and the splits of before
@pytest.mark.parametrize(
    "n, c, seed, f, digest",
    [
        (1, 1, 1, (0.6, 0.2, 0.2), "af5570f5a1810b7a"),
        (57, 4, 2, (0.6, 0.2, 0.2), "264d4ff40d9e7a57"),
        (500, 20, 42, (0.8, 0.2), "753550439c702713"),
        (2000, 60, 7, (0.25,) * 4, "ac48e5b36d15c964"),
        (333, 7, 5, (0.1, 0.9), "c2264fd878efd355"),
    ],
)
def test_a_split_without_groups_is_the_same_as_ever(n, c, seed, f, digest):
    t = np.random.default_rng(seed).random((n, c)) < np.linspace(0.02, 0.4, c)
    assert (
        hashlib.sha256(L.stratified_split(t, f, seed).astype(np.int64).tobytes()).hexdigest()[:16]
        == digest
    )


def grouped(n, n_groups, c, seed):
    "Targets whose labels go with the groups, of uneven sizes."
    rng = np.random.default_rng(seed)
    groups = (rng.random(n) ** 1.5 * n_groups).astype(int)
    own = rng.random((n_groups, c)) < 0.3
    return (own[groups] & (rng.random((n, c)) < 0.8)) | (rng.random((n, c)) < 0.05), groups


@settings(max_examples=60, deadline=None)
@given(st.integers(10, 300), st.integers(8, 40), st.integers(1, 8), st.integers(0, 99), fractions)
def test_groups_stay_whole_and_every_part_gets_rows(n, n_groups, c, seed, f):
    t, groups = grouped(n, n_groups, c, seed)
    try:
        parts = L.stratified_split(t, f, seed, groups=groups)
    except ValueError as e:
        assert "stays whole" in str(e)
        assert np.bincount(groups).max() > np.ceil(n * max(f)) or len(set(groups)) < len(f)
        return
    assert L.shared_groups(groups, parts) == {} and set(parts) == set(range(len(f)))
    np.testing.assert_array_equal(parts, L.stratified_split(t, f, seed, groups=list(groups)))
    other = np.array(
        [f"patient {(o * 7919) % 1009}" for o in groups], dtype=object
    )  # other names, in another alphabetical order
    np.testing.assert_array_equal(parts, L.stratified_split(t, f, seed, groups=other))
    np.testing.assert_array_equal(
        parts, L.stratified_split(t, f, seed, groups=[("a", o) for o in groups])
    )


@pytest.mark.parametrize("seed", range(3))
def test_groups_are_dealt_by_their_labels(seed):
    t, groups = grouped(3000, 300, 12, seed)
    f = np.array((0.6, 0.2, 0.2))
    parts = L.stratified_split(t, f, seed, groups=groups)
    spread = lambda p: np.mean(
        [np.abs(t[p == k].sum(0) / t.sum(0) - f[k]).mean() for k in range(3)]
    )
    rng = np.random.default_rng(seed)

    def by_chance():
        of_group = rng.choice(3, groups.max() + 1, p=f)
        return of_group[groups]

    assert spread(parts) < 0.25 * np.mean([spread(by_chance()) for _ in range(20)])
    assert (np.abs(np.bincount(parts) / len(t) - f) < 0.01).all()


@pytest.mark.parametrize(
    "n, n_groups, c", [(1000, 100, 4), (1000, 300, 10), (2000, 200, 3), (1000, 1000, 5)]
)
def test_single_label_folds_are_as_even_as_scikit_learns(n, n_groups, c):
    rng, k = np.random.default_rng(n_groups), 5
    groups = rng.integers(0, n_groups, n)
    y = np.where(rng.random(n) < 0.7, rng.integers(0, c, n_groups)[groups], rng.integers(0, c, n))
    t, theirs = np.eye(c, dtype=bool)[y], np.zeros(n, int)
    for i, (_, test) in enumerate(
        StratifiedGroupKFold(k, shuffle=True, random_state=0).split(t, y, groups)
    ):
        theirs[test] = i
    spread = lambda p: np.mean(
        [np.abs(t[p == i].sum(0) / t.sum(0) - 1 / k).mean() for i in range(k)]
    )
    assert spread(L.stratified_folds(t, k, 0, groups)) <= spread(theirs) + 0.003


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 200), st.integers(1, 10), st.integers(2, 8), st.integers(0, 9))
def test_folds_are_equal_and_even(n, c, k, seed):
    t = long_tail(n, c, seed)
    if k > n:
        return
    folds = L.stratified_folds(t, k, seed)
    assert np.ptp(np.bincount(folds, minlength=k)) <= 1
    rarest = t.sum(0)
    rarest = int(np.argmin(np.where(rarest > 0, rarest, n + 1)))
    assert np.ptp(np.bincount(folds[t[:, rarest]], minlength=k)) <= 2


T = np.eye(6, 3, dtype=bool)


@pytest.mark.parametrize(
    "call, error, part",
    [
        (lambda: L.stratified_folds(T, 1), ValueError, "at least 2 folds"),
        (lambda: L.stratified_folds(T, 7), ValueError, "there are 6 rows"),
        (lambda: L.stratified_folds(T, 2.5), TypeError, "whole number"),
        (lambda: L.stratified_folds(T, True), TypeError, "whole number"),
        (
            lambda: L.stratified_folds(T, 3, groups=list("aaabbb")),
            ValueError,
            "2 groups for 3 parts",
        ),
        (
            lambda: L.stratified_split(T, (0.5, 0.5), groups=["a", None, "b", "b", "c", "c"]),
            ValueError,
            "row 1",
        ),
        (
            lambda: L.stratified_split(T, (0.5, 0.5), groups=[1.0, 2, 3, np.nan, np.nan, 1]),
            ValueError,
            "2 rows have no group, the first is row 3",
        ),
        (
            lambda: L.stratified_split(
                T, (0.5, 0.5), groups=pd.Series(["a", pd.NA, "b", "b", "c", "c"])
            ),
            ValueError,
            "row 1",
        ),
        (
            lambda: L.stratified_split(T, (0.5, 0.5), groups=[1, 2]),
            ValueError,
            "2 values and targets has 6 rows",
        ),
        (lambda: L.stratified_split(T, (0.5, 0.5), groups="abcdef"), TypeError, "abcdef"),
        (lambda: L.stratified_split(T, (0.5, 0.5), groups=np.zeros((6, 2))), ValueError, r"(6, 2)"),
        (lambda: L.stratified_split(T, (0.5, 0.5), groups=[[1]] * 6), TypeError, "tuples"),
        (
            lambda: L.stratified_split(T, (0.5, 0.5), groups=list("aaaaab")),
            ValueError,
            "'a' has 5 of the 6 rows",
        ),
        (lambda: L.shared_groups([1, 2], ["train"]), ValueError, "2 values and split has 1"),
    ],
)
def test_groups_and_folds_refuse_with_a_sentence(call, error, part):
    with pytest.raises(error) as e:
        call()
    assert part in str(e.value)


def test_shared_groups():
    groups = pd.Series(["p1", "p2", "p1", None, None, float("nan"), "p3", "p3", "p2"], dtype=object)
    assert L.shared_groups(
        groups, ["train", "test", "test", "train", "test", "test", "valid", "valid", "test"]
    ) == {"p1": ["train", "test"]}
    assert L.shared_groups([], []) == {}
    assert L.stratified_split(np.zeros((0, 2), bool), (0.5, 0.5), groups=[]).shape == (0,)


def test_folds_and_groups_of_a_large_table():
    t = long_tail(100_000, 100, 0)
    folds = L.stratified_folds(t, 5)
    assert (
        np.bincount(folds).tolist() == [20_000] * 5
        and np.abs(t[folds == 0].sum(0) - 0.2 * t.sum(0)).max() < 20
    )
    groups = np.random.default_rng(0).integers(0, 30_000, len(t))
    parts = L.stratified_split(t, (0.6, 0.2, 0.2), groups=groups)
    assert (
        L.shared_groups(groups, parts) == {}
        and np.abs(t[parts == 1].sum(0) - 0.2 * t.sum(0)).max() < 20
    )
