"""The one parser of label cells: what it reads and refuses; it never invents a label."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlc_course.data.readers.cells import clean, parse_cells


def parse(cells, **kwargs):
    return parse_cells(cells, [f"labels.csv row {i}" for i in range(2, len(cells) + 2)], **kwargs)


def names(cells, **kwargs):
    return parse(cells, **kwargs)[0]


WANT = [["cat"], ["cat", "dog"], [], ["dog"], ["bird", "dog"], ["dog", "cat"], ["bird"]]
LISTS = {
    "python": lambda row: repr(row),
    "json": lambda row: json.dumps(row),
    "numpy": lambda row: str(np.array(row, dtype=object)),
    "numpy 2": lambda row: repr([np.str_(o) for o in row]),
    "array": lambda row: repr(np.array(row, dtype=object)),
    "tuple": lambda row: repr(tuple(row)),
    "set": lambda row: "{" + ", ".join(map(repr, row)) + "}" if row else "set()",
    "bare": lambda row: "[" + ", ".join(row) + "]",
    "postgres": lambda row: "{" + ",".join(row) + "}",
    "quoted": lambda row: ", ".join(f'"{o}"' for o in row),
    "quoted |": lambda row: "|".join(json.dumps(o) for o in row),
}


@pytest.mark.parametrize("sep", ["|", ";", ",", ", ", " | ", "/", " ", "\t", "\n", "  "])
def test_separators(sep):
    rows, notes = parse([sep.join(o) for o in WANT])
    assert rows == WANT
    assert bool(notes) == bool(sep.strip() or sep in "\t\n")


@pytest.mark.parametrize("style", LISTS)
def test_lists(style):
    rows, notes = parse([LISTS[style](o) for o in WANT])
    assert rows == WANT and "lists" in notes[0]


@pytest.mark.parametrize("style", [o for o in LISTS])
def test_lists_with_names_of_several_words(style):
    want = [["polar bear", "sky"], ["sky"], [], ["traffic light", "l'été d'août"[:5]]]
    assert names([LISTS[style](o) for o in want]) == want


@pytest.mark.parametrize("cells,want", [
    (["polar bear|sky", "sky", ""], [["polar bear", "sky"], ["sky"], []]),
    (["a||b", "|a", "b|", " b | a "], [["a", "b"], ["a"], ["b"], ["b", "a"]]),
    (["cat, dog,", "cat"], [["cat", "dog"], ["cat"]]),
    (["cat\xa0dog", "dog", "cat"], [["cat", "dog"], ["dog"], ["cat"]]),
    (["\u200bcat|dog\ufeff", "cat"], [["cat", "dog"], ["cat"]]),
    (["e\u0301t\u00e9|x", "\u00e9te\u0301"], [["été", "x"], ["été"]]),
    (
        ["Bat (Animal)|Crane (Machine)", "Bat (Animal)"],
        [["Bat (Animal)", "Crane (Machine)"], ["Bat (Animal)"]],
    ),
    (["bird's nest|rock", "rock"], [["bird's nest", "rock"], ["rock"]]),
    (["cat、polar bear", "cat，dog"][:1] + ["dog"], [["cat", "polar bear"], ["dog"]]),
    (["3 7", "3", "12"], [["3", "7"], ["3"], ["12"]]),
    (["", "", ""], [[], [], []]),
    (["Mass|Nodule", "No Finding"], [["Mass", "Nodule"], ["No Finding"]]),
    (['["a, b", "c|d"]', "[]"], [["a, b", "c|d"], []]),
    (["[3, 17]", "[5]"], [["3", "17"], ["5"]]),
])  # fmt: skip
def test_understood(cells, want):
    assert names(cells) == want


def test_one_label_a_row_of_several_words():
    cells = ["polar bear", "traffic light", "cat"] * 4
    rows, notes = parse(cells, column="label")
    assert rows == [[o] for o in cells] and "spaces belong" in notes[0] and "polar bear" in notes[0]
    with pytest.raises(ValueError, match=r"(?s)two ways.*sep=' '.*--sep ' '.*sep='whole'"):
        parse(cells, column="labels")
    assert names(cells, column="labels", sep="whole") == [[o] for o in cells]
    assert names(cells, sep=" ")[0] == ["polar", "bear"]
    assert names(cells, vocab=["cat", "traffic light", "polar bear"]) == [[o] for o in cells]
    assert names(cells, vocab=["cat", "traffic", "light", "polar", "bear"])[1] == [
        "traffic",
        "light",
    ]


def test_cells_in_quotes():
    assert names(["'cat|dog'", "''", '"dog"']) == [["cat", "dog"], [], ["dog"]]
    assert names(['"cat dog"', '"dog"', '"cat"', '"dog cat"']) == [
        ["cat", "dog"],
        ["dog"],
        ["cat"],
        ["dog", "cat"],
    ]


def test_a_layout_that_says_space():
    with pytest.raises(ValueError, match="two ways"):
        parse(["polar bear", "brown bear", "cat"] * 3, default="space")
    assert names(["dog person", "sofa", ""], default="space") == [["dog", "person"], ["sofa"], []]
    assert names(["dog\t person", "sofa"], default="space") == [["dog", "person"], ["sofa"]]
    assert names(["cat|dog", "dog"], default="space") == [["cat", "dog"], ["dog"]]
    with pytest.raises(ValueError, match="two ways"):
        parse(["polar bear", "traffic light", "cat"] * 4, default="space")


@pytest.mark.parametrize("cells,match", [
    (["x|y", "x;y"], r"'\|' and ';'.*unclear what separates.*sep='\|' \(--sep"),
    (["cat/dog", "bird"], "two ways.*sep='/'.*sep='whole'"),
    (["C/V van", "SUV"], "two ways"),
    ([f"{a} {b}" for a in ("red", "blue", "green") for b in ("car", "bus", "bike")], "two ways"),
    (["cat+dog", "cat"], "two ways.*sep='\\+'"),
    (["cat & dog", "cat"], "two ways.*'&'"),
    (["cat and dog", "bird and dog"], "two ways.*' and '"),
    (["cat-dog", "cat", "dog"], "two ways.*sep='whole'.*sep='-'"),
    (["cat:dog", "cat", "dog"], "two ways"),
    (["cat &amp; dog", "cat"], "row 2.*HTML"),
    (["cat - dog", "cat", "dog"], "row 2.*no letter|two ways"),
    (["cat dog|bird", "cat", "dog"], "two ways"),
    (["cat/dog|bird", "cat|dog"], "two ways"),
    (["cat: dog", "cat", "dog", "dog cat:"], "row 2.*'cat:'"),
    (["['cat', 'dog'", "['cat']"], "row 2.*doesn't end with"),
    (["['cat']", "dog"], "row 3.*other cells are lists"),
    (["['cat', 'dog']", "['cat', dog']"], "row 3"),
    (["[cat dog]", "[cat]"], "row 2.*nothing separates"),
    (['{"cat": 1}', "{}"], "row 2.*':' follows"),
    (["[['cat']]"], "row 2"),
    (["['']"], "row 2.*empty"),
    (["cat]|dog", "cat"], r"row 2.*'cat\]'.*bracket"),
    (["cat|(dog", "cat"], "row 2.*bracket"),
    (['5" disc|cat', "cat"], "row 2.*quote"),
    (["cat|?", "cat"], "row 2.*no letter"),
    (["cat:1|dog:0"], "row 2.*pair"),
    (["1 0 1", "0 0 1"], r"row 2.*one column per label.*vocab="),
    (["[1, 0, 1]", "[0, 0, 1]"], "one column per label"),
    (["[1. 0. 1.]", "[0. 0. 1.]"], "one column per label"),
    (["101", "001"], "one column per label"),
    (["0", "1", "1"], "one column per label"),
    (["1 0 1", "0 1"], "not all the same number"),
    (["1 0", "", "0 1"], "row 3.*unknown|without names"),
    (["cat", "nan", "dog"], "row 3.*'nan'.*na_cells='empty' .--na-cells.*na_cells='label'"),
    (["1.png", "cat"], "row 2.*file name"),
    (["[cat|dog]", "[cat]"], "row 2.*comma"),
    (["[0.1, 0.9]"], "row 2.*probability"),
    (["[None, 'cat']"], "row 2.*None is no name"),
    (["[True, False, True]", "[True, True, True]"], "one column per label"),
    (["1 -1 1", "1 1 1"], "one column per label"),
    (["- cat\n- dog"], "row 2.*item of a list"),
    (["1. cat; 2. dog"], "row 2.*item of a list"),
    (["cat#dog", "cat"], "row 2.*separate"),
    (["0.25", "0.75"], "row 2.*probability"),
    (["cat|dog", "None"], "row 3.*'None'"),
    (["['cat']", "nan"], "row 3.*'nan'"),
])  # fmt: skip
def test_refused(cells, match):
    with pytest.raises(ValueError, match=match):
        parse(cells)


def test_vectors_with_a_vocab():
    want = [["a", "c"], [], ["a", "b"]]
    for cells in (
        ["1 0 1", "0 0 0", "1 1 0"],
        ["[1, 0, 1]", "[0, 0, 0]", "[1, 1, 0]"],
        ["101", "000", "110"],
        ["1,0,1", "0,0,0", "1,1,0"],
    ):
        rows, notes = parse(cells, vocab=["a", "b", "c"])
        assert rows == want and "order of the vocab" in notes[0]
        with pytest.raises(ValueError, match="one column per label"):
            parse(cells, vocab=["a", "b"])
    assert names(["0", "1", "0 1"], vocab=["0", "1"]) == [["0"], ["1"], ["0", "1"]]


def test_missing_cells_are_decided_by_an_option_or_the_vocab():
    cells = ["cat", "nan", "dog|NA", ""]
    assert names(["cat|dog", "nan", ""], na_cells="empty") == [["cat", "dog"], [], []]
    assert names(cells, na_cells="label") == [["cat"], ["nan"], ["dog", "NA"], []]
    assert names(["cat", "None"], vocab=["cat", "None"]) == [["cat"], ["None"]]
    assert names(["['cat']", "nan"], na_cells="empty") == [["cat"], []]
    with pytest.raises(ValueError, match="na_cells"):
        parse(cells, na_cells="drop")


# ---------------------------------------------------------------- never another label

WORD = (
    st.text("abcdeéü象Z09_-.'()[]|;,/&+:\" ", min_size=1, max_size=7)
    .map(lambda o: " ".join(o.split()))
    .filter(bool)
)
TABLE = st.lists(st.lists(WORD, max_size=4, unique=True), min_size=1, max_size=8)
STYLES = {**LISTS, **{f"sep {o}": (lambda row, o=o: o.join(row)) for o in "|;,/ \t"}}


def _right(style, want, got):
    "Is what was read what was written?"
    return [list(dict.fromkeys(clean(o) for o in row)) for row in want] == got


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TABLE, st.sampled_from(["python", "json"]))
def test_lists_bring_any_name_back(table, style):
    "JSON and Python lists carry every name; 0 and 1 alone are asked about."
    cells = [LISTS[style](row) for row in table]
    try:
        got = names(cells)
    except ValueError as e:
        assert "one column per label" in str(e) or "same number" in str(e)
        return
    assert _right(style, table, got)


SAFE = st.sampled_from(
    [
        "cat",
        "dog",
        "polar bear",
        "sky",
        "traffic light",
        "bird's nest",
        "Bat (Animal)",
        "x1",
        "象",
        "été",
        "C3-PO",
    ]
)


@settings(max_examples=600, deadline=None)
@given(
    st.lists(st.lists(SAFE, max_size=4, unique=True), min_size=1, max_size=10),
    st.sampled_from([*STYLES]),
)
def test_every_style_brings_names_back_or_is_refused(table, style):
    """What is read is what was written, or a sentence; a style with spaces may not be told from
    names of two words.
    """
    cells = [STYLES[style](row) for row in table]
    spaced = any(" " in o for row in table for o in row)
    try:
        got = names(cells)
    except ValueError:
        return
    if (
        style == "sep  "
        and spaced
        or style.startswith("sep")
        and max(map(len, table)) < 2
        and spaced
    ):
        return
    assert _right(style, table, got)


@settings(max_examples=600, deadline=None)
@given(st.lists(st.text("ab'\"[](){},;|/ :\\01", max_size=9), min_size=1, max_size=5))
def test_no_text_makes_a_name_of_punctuation(cells):
    try:
        got = names(cells)
    except ValueError:
        return
    if any(o[:1] in tuple("[({\"'") for o in map(str.strip, cells)):
        return  # quoted names may hold anything
    for name in (o for row in got for o in row):
        assert any(c.isalnum() for c in name) and name[0] not in "[{'\"" and name[-1] not in "]}'\""
        assert name.count("(") == name.count(")") and name.count("[") == name.count("]")
