"""Checks of lesson 01."""

import numpy as np

from ._core import Mistake, Right, Wrong, attempt, call, choices, diagnose, function, plain, show

KINDS = ("multi-class", "multi-output", "multi-label")
QUIZ = {  # question: (right kind, {wrong kind: why it is wrong})
    "birds": (
        "multi-class",
        {
            "multi-label": "200 species are the classes of one question, and every bird has exactly one. "
            "Many classes don't make a task multi-label; several right ones at once would.",
            "multi-output": "there is one question only: which species. Multi-output takes several questions, each with classes of its own.",
        },
    ),
    "traffic": (
        "multi-output",
        {
            "multi-class": "there are two questions, and one class number answers one. "
            "(Each pair as a class of its own would make 12 classes, each with fewer examples.)",
            "multi-label": "with seven labels a model could answer 'car and bus', or give no direction. Each of the two questions has exactly one answer.",
        },
    ),
    "posters": (
        "multi-label",
        {
            "multi-class": "a film can have several genres, and a class is exactly one: all its genres but one would be lost.",
            "multi-output": "the genres are one list of which any number applies, not questions with classes of their own. "
            "18 questions of yes or no are the special case called multi-label.",
        },
    ),
    "xrays": (
        "multi-label",
        {
            "multi-class": "a picture with two findings has two right answers. "
            "A 15th class 'none' would take care of most pictures, and two findings at once would stay out of reach.",
            "multi-output": "14 questions that can all be answered yes or no are the special case called multi-label: any number of findings, none included.",
        },
    ),
    "softmax": (
        "multi-class",
        {
            "multi-label": "the postcards are multi-label, this network isn't. "
            "A softmax shares one unit of probability among the 20, and the largest is exactly one answer.",
            "multi-output": "one softmax answers one question. Multi-output would need one for each question.",
        },
    ),
}


def kind_of_task(answer) -> Right:
    'Exercise 1: a dict from question to "multi-class", "multi-output" or "multi-label".'
    what = "kind_of_task"
    choices(answer, QUIZ, what)
    letters = lambda kind: "".join(c for c in str(kind).lower() if c.isalpha())
    known = {letters(kind): kind for kind in KINDS}
    wrong = []
    for question, (right, why) in QUIZ.items():
        chosen = known.get(letters(answer[question]))
        if chosen is None:
            raise Wrong(
                f"{what}: {answer[question]!r}, your answer to {question}, is no kind of task. Choose from {', '.join(KINDS)}."
            )
        if chosen != right:
            wrong.append(f"{question} isn't {chosen}: {why[chosen]}")
    if wrong:
        raise Wrong(f"{what}: " + "\n".join(wrong))
    return Right(
        "Right, all of them: count the questions first, then the answers that each may have."
    )


def parse_cell(answer) -> Right:
    "Exercise 2: parse_cell(cell) gives the list of labels of one cell of a label file."
    what = "parse_cell"
    function(answer, what)
    right = lambda cell: list(dict.fromkeys(cell.split()))
    order = "the labels come in another order than in the cell. A set has an order of its own that changes from run to run: keep the cell's."
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the labels are sorted: keep the order of the cell.",
                lambda cell: sorted(cell.split()),
            ),
            Mistake(order, lambda cell: list(set(cell.split()))),
            Mistake(
                "you give a set, which has no order: give a list, in the order of the cell.",
                lambda cell: set(cell.split()),
            ),
            Mistake(
                "a string is walked through letter by letter: cut it at its spaces first.", list
            ),
            Mistake(
                "the whole cell became one label: it has to be cut at its spaces.",
                lambda cell: [cell],
            ),
            Mistake(
                "the capital letters are gone. A label's name is what the file says; 'Moon' and 'moon' would be two labels, so leave the words as they are.",
                lambda cell: cell.lower().split(),
            ),
        ],
        [("moon boat",), ("stars",), ("tree sun boat moon cloud house bird car",), ("stars Moon",)],
        what,
    )
    spaced = ("", "  ", "boat  moon", " boat moon ", f"boat{' ' * 9}moon")
    for cell in spaced:
        got = plain(attempt(answer, (cell,), what))
        if isinstance(got, (list, set)) and any(
            isinstance(label, str) and not label.strip() for label in got
        ):
            raise Wrong(
                f"{what}: the cell {cell!r} gives {show(got)}, with a phantom label whose name is empty. "
                "split(' ') cuts at every single space, and an empty cell into one empty piece."
            )
    diagnose(answer, right, [], [(cell,) for cell in spaced], what)
    diagnose(
        answer,
        right,
        [
            Mistake(
                "a label that stands twice in a cell is given twice. The picture has it once, and counts made from these lists would be too high.",
                str.split,
            ),
            Mistake(
                "a label that stands twice is thrown out altogether: it should be given once.",
                lambda cell: [o for o in cell.split() if cell.split().count(o) == 1],
            ),
        ],
        [("boat boat moon",), ("boat moon boat",)],
        what,
    )
    for cell in (float("nan"), None):
        try:
            got = call(answer, (cell,))
        except Exception as e:
            raise Wrong(
                f"{what} stopped with {type(e).__name__}: {e}. It was called with {cell!r}, a cell with nothing in it, "
                "which is no string: it has no labels, so give an empty list."
            ) from e
        got = got.tolist() if isinstance(got := plain(got), np.ndarray) else got
        if got in (["nan"], ["None"]):
            raise Wrong(
                f"{what}: the missing cell {cell!r} gives {got}. str() turns it into a word, and the picture gets a label that nobody gave it."
            )
        if not (isinstance(got, list) and not got):
            raise Wrong(
                f"{what}: the missing cell {cell!r} gives {show(got)}. "
                "A picture without labels has an empty list, so that every row can be read the same way."
            )
    return Right("Right: no phantom, no double, no 'nan'.")


def to_multi_hot(answer) -> Right:
    "Exercise 3: to_multi_hot(labels, vocab) gives [N, C], and raises ValueError for a label that isn't in the vocab."
    what, vocab = "to_multi_hot", ["stars", "boat", "starship", "moon"]
    right = lambda labels, vocab: np.array([[name in row for name in vocab] for row in labels])
    diagnose(
        answer,
        right,
        [
            Mistake(
                "the columns are in alphabetical order. They have to follow the vocab as it was given, or every number is read under another label's name.",
                lambda labels, vocab: right(labels, sorted(vocab)),
            ),
            Mistake(
                "'star' counts as found where the label is 'starship': `in` on a string looks for a part of it. Compare whole labels, in a list.",
                lambda labels, vocab: np.array(
                    [[name in " ".join(row) for name in vocab] for row in labels]
                ),
            ),
            Mistake(
                "a label that is named twice gives a 2. A target is yes or no, so set the cell, don't add to it.",
                lambda labels, vocab: np.array(
                    [[list(row).count(name) for name in vocab] for row in labels]
                ),
            ),
            Mistake(
                "the rows of images without labels are missing, so all later rows belong to the wrong image. Such an image has a row of zeros.",
                lambda labels, vocab: right([row for row in labels if row], vocab),
            ),
            Mistake(
                "the table lies on its side: one row per image, one column per label.",
                lambda labels, vocab: right(labels, vocab).T,
            ),
            Mistake(
                "these are column numbers. A multi-hot row has one yes or no for every label of the vocab, so that all rows are equally long.",
                lambda labels, vocab: [[vocab.index(name) for name in row] for row in labels],
            ),
        ],
        [
            ([["moon", "boat"], [], ["stars"]], ["stars", "boat", "moon"]),
            ([["starship"], ["star", "boat"]], ["starship", "star", "boat"]),
            ([["moon", "moon"], [], ["boat", "stars", "starship"], ["stars"], []], vocab),
        ],
        what,
    )
    for labels, bad in (
        ([["moon"], ["mooon"]], "mooon"),
        ([["boat", "star"]], "star"),
        ([[""], ["boat"]], ""),
    ):
        given = f"It was called with {show(labels)} and the vocab {show(vocab)}."
        try:
            got = call(answer, (labels, vocab))
        except ValueError as e:
            if bad not in str(e):
                raise Wrong(
                    f"{what}: a ValueError it is, but its message, {str(e)!r}, doesn't name the unknown label. {given}"
                ) from e
        except Exception as e:
            raise Wrong(
                f"{what}: an unknown label is refused, but with {type(e).__name__}: {e}. "
                f"Raise a ValueError that says which label isn't in the vocab. {given}"
            ) from e
        else:
            raise Wrong(
                f"{what}: the unknown label {bad!r} is dropped without a word, and its picture becomes an example of not having it. "
                f"Raise a ValueError that names it. {given} Your result was {show(got)}."
            )
    return Right(
        "Right: a row for every image, a column for every label, and no label lost in silence."
    )


def share_that_also(answer) -> Right:
    "Exercise 4: share_that_also(targets) gives [C, C]: the share of the images with label i that also have label j."
    what = "share_that_also"

    def shares(t, per=None, dtype=int):
        t = t.astype(dtype) if dtype else t
        pairs = t.T @ t
        with np.errstate(all="ignore"):
            return pairs / (np.diag(pairs)[:, None] if per is None else per(t, pairs))

    def diagonal(x, value):
        np.fill_diagonal(x, value)
        return x

    summed = lambda t, pairs: t.sum(0)[:, None]
    boolean = "the counts are no counts: the product of two boolean arrays is boolean. Turn the targets into numbers first."
    wraps = "the counts start again at 0 after 255: an 8-bit integer holds no more. Turn the targets into a larger type before you multiply."
    columns = "you divide by the column's count, so cell (i, j) says which share of the images with j has i. Each row has to be divided by its own count."
    rng = np.random.default_rng(3)
    common = rng.random((12, 4)) < [0.8, 0.3, 0.5, 0.6]
    many = (rng.random((300, 3)) < [0.95, 0.5, 0.9]).astype(np.uint8)
    absent = np.array([[1, 0, 0], [1, 0, 1], [0, 0, 1], [1, 0, 0], [0, 0, 0]], dtype=bool)
    diagnose(
        answer,
        shares,
        [
            Mistake(columns, lambda t: shares(t, lambda t, pairs: np.diag(pairs))),
            Mistake(
                "you divide by the number of all images. The question is about the images with label i only, so divide by how many there are of these.",
                lambda t: shares(t, lambda t, pairs: len(t)),
            ),
            Mistake(
                "these are counts, not shares: divide every row by the number of images with its label.",
                lambda t: shares(t, lambda t, pairs: 1),
            ),
            Mistake(
                "you divide by the row's sum, which counts an image once for each of its labels. Divide by the number of images with label i.",
                lambda t: shares(t, lambda t, pairs: pairs.sum(1, keepdims=True)),
            ),
            Mistake(
                "the diagonal is empty. That is for the picture in the lesson; here it is 1, as every image with label i has label i.",
                lambda t: diagonal(shares(t), np.nan),
            ),
            Mistake(
                "the diagonal is 0, and should be 1, as every image with label i has label i.",
                lambda t: diagonal(shares(t), 0),
            ),
            *(
                Mistake(says, lambda t, per=per, dtype=dtype: shares(t, per, dtype))
                for dtype, says in ((None, boolean), (np.uint8, wraps))
                for per in (None, summed)
            ),
        ],
        [(common,), (many,)],
        what,
        names=[
            "a boolean table of 12 images and 4 labels",
            "a uint8 table of 300 images and 3 labels",
        ],
    )
    right = lambda t: np.nan_to_num(shares(t))
    return diagnose(
        answer,
        right,
        [
            Mistake(
                "a label that no image has gives NaN, from 0 divided by 0. Its row should be 0: one NaN would spoil every mean and maximum taken later.",
                shares,
            ),
            Mistake(
                "the diagonal is 1 even for a label that no image has: its whole row should be 0.",
                lambda t: diagonal(right(t), 1),
            ),
        ],
        [(absent,)],
        what,
        praise="Right: every row is divided by its own count, and a label that nobody has stays at 0.",
    )


def label_density(answer) -> Right:
    "Exercise 5: label_density(targets) gives one number: the labels per image as a share of the labels that there are."
    table = np.array([[1, 0, 1, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 0, 0]], dtype=bool)
    return diagnose(
        answer,
        lambda t: t.mean(),
        [
            Mistake(
                "this is the cardinality, the average number of labels of an image. The density is its share of the labels that there are.",
                lambda t: t.sum() / len(t),
            ),
            Mistake(
                "images without labels are left out of the mean. They are images too, and their cells are all 'no'.",
                lambda t: t[t.any(1)].mean(),
            ),
            Mistake(
                "labels that no image has are left out of the mean. They are in the vocab, and a model has to say no to them as well.",
                lambda t: t[:, t.any(0)].mean(),
            ),
            Mistake(
                "you give one number per label, the frequencies of the labels. The density is one number for the whole table.",
                lambda t: t.mean(0),
            ),
            Mistake(
                "you give one number per image. The density is one number for the whole table.",
                lambda t: t.mean(1),
            ),
            Mistake(
                "this is the share of the cells that are 'no'. The density is the share that are 'yes'.",
                lambda t: 1 - t.mean(),
            ),
            Mistake(
                "this is the share of images that have any label at all. The density counts cells.",
                lambda t: t.any(1).mean(),
            ),
            Mistake(
                "this is a percentage: give the share itself, between 0 and 1.",
                lambda t: 100 * t.mean(),
            ),
        ],
        [(table,), (table[:, :4].astype(int),), (table.T,)],
        "label_density",
        praise="Right: the mean over every cell, whoever has no label included.",
    )
