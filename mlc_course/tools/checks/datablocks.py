"""Checks of lesson 03."""

import pickle
import tempfile
import warnings
from pathlib import Path

import numpy as np

from ._core import Mistake, Right, Wrong, attempt, function, show, torch_first
from .tables import NAN, diagnose_names, listed, refusing_nan, several


def refuse_unpicklable(f, what):
    "Raise for something that fastai can't pickle as a step of a DataBlock, with the reason."
    from fasttransform import Pipeline

    try:
        return pickle.dumps(Pipeline([f]))
    except Exception as e:
        error = e
    name = getattr(f, "__qualname__", "")
    if name.endswith("<lambda>"):
        raise Wrong(
            f"{what} is a lambda, and a lambda doesn't pickle: pickle stores module and name of a function, and nothing can be found under "
            "'<lambda>'. Write it with def, at the top level."
        )
    if "<locals>" in name:
        raise Wrong(
            f"{what} is {name}, defined inside another function. Nothing outside can find it there, so it doesn't pickle: define it at the top "
            "level, or as a class whose instances keep what they need."
        )
    try:
        pickle.dumps(f)
    except Exception:
        raise Wrong(f"{what} doesn't pickle: {type(error).__name__}: {error}") from error
    raise Wrong(
        f"{what}, of type {type(f).__name__}, pickles by itself, but not in a DataBlock: fastai wraps any callable that is neither a plain function "
        "nor a Transform, and the wrapper has no address. Write a function with def, or derive the class from Transform."
    )


LABEL_CELLS = ("bird boat", "sun", "bird  boat\tsun ", "", NAN)
LETTERS = "A text is a sequence of letters, and MultiCategoryBlock would make a vocab of letters."


def label_reader_cases():
    import pandas as pd

    return [
        (pd.Series({"fname": f"{i}.jpg", "labels": o}, dtype=object),)
        for i, o in enumerate(LABEL_CELLS)
    ]


def _text(row):
    return row["labels"] if isinstance(row["labels"], str) else ""


def label_reader_mistakes():
    return [
        Mistake(
            "a picture without labels gets a label with the name ''. ''.split(' ') is ['']: use .split() without an argument, which gives [].",
            lambda r: _text(r).split(" "),
        ),
        Mistake(
            "you split at single spaces, and a second space, a tab or a space at the end then makes a label that isn't one. Use .split() without an "
            "argument: it splits at any white space.",
            lambda r: _text(r).split(" ") if _text(r) else [],
        ),
        *several(
            "a picture without labels gets a label whose name is ''. [''] is a list of one label; the empty list [] is a list of none.",
            lambda r: _text(r).split() or [""],
            lambda r: _text(r).split() if isinstance(r["labels"], str) else [""],
        ),
        *several(
            f"you give the text of the cell, and what is wanted is a list. {LETTERS}",
            _text,
            lambda r: r["labels"],
        ),
        Mistake(
            "the list holds letters. list() takes a text apart letter by letter; .split() takes it apart word by word.",
            lambda r: list(_text(r)),
        ),
        *several(
            "the whole cell became one label. Two labels in a cell are separated by white space: use .split().",
            lambda r: [_text(r)],
            lambda r: [_text(r)] if _text(r) else [],
        ),
        Mistake(
            "an empty cell that pandas read as NaN becomes a label with the name 'nan', because str makes a word of it. Ask whether the cell is a "
            "text, and give [] if it isn't.",
            lambda r: str(r["labels"]).split(),
        ),
        *several(
            "an empty cell that pandas read as NaN stays NaN. The target of a picture without labels is an empty list.",
            lambda r: _text(r).split() or (r["labels"] or []),
            lambda r: _text(r).split() or ([r["labels"]] if r["labels"] else []),
        ),
    ]


def label_reader(answer) -> Right:
    "Exercise 1: a get_y(row) that gives the list of labels in the text column `labels`, and pickles."
    what = "label_reader"
    function(answer, what)

    def f(row):
        got = refusing_nan(answer, what, "ask whether the cell is a text before you split it")(row)
        if got is None and not _text(row):
            raise Wrong(
                f"{what} gives None for an empty cell, and fastai can't loop over None. The answer for a picture without labels is an empty list."
            )
        return got

    cases, names = label_reader_cases(), [f"a row whose cell labels is {o!r}" for o in LABEL_CELLS]
    for n in range(4, len(cases) + 1):
        diagnose_names(
            f, lambda r: _text(r).split(), label_reader_mistakes(), cases[:n], what, names=names[:n]
        )
    refuse_unpicklable(answer, what)
    note = " Before you ship a model, move it to a module: its address in this notebook means nothing elsewhere."
    return Right(
        "Right: a list for every row, and it pickles."
        + note * (getattr(answer, "__module__", "") == "__main__")
    )


def row_splitter_cases():
    import pandas as pd

    split = ["valid", "train", "test", "train", "train", "valid", "test", "train"]
    labels = [["sun"], [], ["sun", "boat"], ["boat"], [], ["boat"], ["sun"], ["bird"]]
    fresh = pd.DataFrame(
        {"fname": [f"{i}.jpg" for i in range(8)], "labels": labels, "split": split}
    )
    shuffled, filtered = fresh.iloc[[6, 1, 4, 0, 7, 2, 5, 3]], fresh[fresh["labels"].str.len() > 0]
    return [
        (o,)
        for o in (
            fresh,
            shuffled,
            filtered,
            pd.concat([fresh[:4], fresh[4:].reset_index(drop=True)]),
        )
    ]


ROW_SPLITTER_NAMES = (
    "a table in its first order",
    "a table whose rows were shuffled",
    "a table that some rows were filtered out of",
    "two tables put together with pd.concat",
)


def _at(df, *splits):
    return np.flatnonzero(df["split"].isin(splits).to_numpy()).tolist()


def _both(df):
    return _at(df, "train"), _at(df, "valid")


def row_splitter_mistakes():
    def labels(df, *splits):
        return df.index[df["split"].isin(splits)].tolist()

    return [
        *several(
            "you give index labels, and fastai looks rows up by position. The two agree only as long as no row was filtered, moved or added: "
            "np.flatnonzero gives positions whatever the index says.",
            lambda df: (labels(df, "train"), labels(df, "valid")),
            lambda df: (labels(df, "train", "test"), labels(df, "valid")),
            lambda df: (labels(df, "train"), labels(df, "valid", "test")),
        ),
        Mistake(
            "the test rows are in the training part. Not valid doesn't mean train: a row of any other split belongs in neither.",
            lambda df: (_at(df, "train", "test"), _at(df, "valid")),
        ),
        Mistake(
            "the test rows are in the validation part, so what is chosen there would be chosen on them. Not train doesn't mean valid: a row of any "
            "other split belongs in neither.",
            lambda df: (_at(df, "train"), _at(df, "valid", "test")),
        ),
        Mistake(
            "the two parts are exchanged: the positions of the training rows come first.",
            lambda df: (_at(df, "valid"), _at(df, "train")),
        ),
    ]


def two_parts(f, what):
    "The function with its result as two sorted lists; a result of another form is refused."
    import pandas as pd

    def part(x, n):
        if isinstance(x, pd.DataFrame):
            raise Wrong(
                f"{what} gave the rows themselves. A splitter gives their positions: whole numbers that count the rows from 0."
            )
        x = listed(x)
        if not isinstance(x, list):
            raise Wrong(f"{what} gave {show(x)} where a list of positions was expected.")
        if len(x) == 1 and isinstance(x[0], list):
            raise Wrong(
                f"{what} gave a list with one list in it. np.where gives a tuple of one array for a condition: take its "
                "first, or use np.flatnonzero."
            )
        if x and all(isinstance(o, bool) for o in x):
            raise Wrong(
                f"{what} gave a mask with one True or False for each of {n} rows. fastai takes positions, and reads True and False as 1 and 0: "
                "np.flatnonzero turns a mask into positions."
            )
        try:
            return sorted(x)
        except TypeError:
            return sorted(x, key=str)

    def g(df):
        got = f(df)
        if got is None or got is ...:
            return got
        if (
            isinstance(got, (str, dict, pd.DataFrame))
            or not hasattr(got, "__len__")
            or len(got) != 2
        ):
            count = (
                f"{len(got)} lists"
                if isinstance(got, (list, tuple))
                else f"a result of type {type(got).__name__}"
            )
            raise Wrong(
                f"{what} gave {count}; it should give two lists: the positions of the training rows, and those of the validation rows."
            )
        return [part(o, len(df)) for o in got]

    return g


def row_splitter(answer) -> Right:
    "Exercise 2: row_splitter(df), the positions of the training rows and those of the validation rows."
    what = "row_splitter"
    function(answer, what)
    mistakes = [Mistake(m.says, two_parts(m.gives, what)) for m in row_splitter_mistakes()]
    return diagnose_names(
        two_parts(answer, what),
        _both,
        mistakes,
        row_splitter_cases(),
        what,
        names=ROW_SPLITTER_NAMES,
        praise="Right: positions, whatever the index says, and the test rows in neither part.",
    )


def read_target_cases():
    import torch

    return [
        (
            torch.tensor([[1.0, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 1]]),
            ["bird", "boat", "sun", "whale"],
        ),
        (torch.tensor([[0.0, 1, 1], [1, 0, 1]]), ["zebra", "dog", "ant"]),
        (torch.zeros(1, 2), ["bird", "boat"]),
    ]


def _names(yb, vocab, has=lambda v: v == 1):
    return [[o for o, v in zip(vocab, row) if has(v)] for row in yb.tolist()]


def read_target_mistakes():
    return [
        *several(
            "you take the largest number of each row, so every row gets exactly one name. That suits a task with one answer; here a row has as many "
            "names as it has ones, or none.",
            lambda y, v: [[v[i]] for i in y.argmax(1)],
            lambda y, v: [v[i] for i in y.argmax(1)],
        ),
        *several(
            "you give columns, not names: the vocab says which name each column has.",
            lambda y, v: [[i for i, o in enumerate(r) if o] for r in y.tolist()],
            lambda y, v: [i for r in y.tolist() for i, o in enumerate(r) if o],
        ),
        Mistake(
            "every row gets every name: >= 0 is true of the zeros as well. A label is there where the number is 1.",
            lambda y, v: _names(y, v, lambda o: True),
        ),
        Mistake(
            "it is the other way round: you name the labels that aren't there. A label is there where the number is 1.",
            lambda y, v: _names(y, v, lambda o: o == 0),
        ),
        Mistake(
            "the names are in alphabetical order, and this vocab isn't. Leave them in the order of the columns.",
            lambda y, v: [sorted(o) for o in _names(y, v)],
        ),
        Mistake(
            "you look into a sorted vocab, so the columns got other names. Column i has the i-th name of the vocab that is given.",
            lambda y, v: _names(y, sorted(v)),
        ),
        *several(
            "all names are in one list, and nothing says which picture they belong to. Make one list per row.",
            lambda y, v: [o for r in _names(y, v) for o in r],
            lambda y, v: sorted({o for r in _names(y, v) for o in r}),
        ),
        Mistake(
            "the rows without any label are gone, so the lists don't line up with the pictures any more. Keep an empty list for them.",
            lambda y, v: [o for o in _names(y, v) if o],
        ),
        *several(
            "you give a text for each row, and what is wanted is a list of names.",
            *(
                lambda y, v, sep=sep: [sep.join(o) for o in _names(y, v)]
                for sep in (" ", ";", ",", ", ", "; ")
            ),
        ),
    ]


def read_target(answer) -> Right:
    "Exercise 3: read_target(yb, vocab), a list of label names for each row of a multi-hot batch [N, C]."
    torch_first()
    what = "read_target"
    function(answer, what)

    def f(yb, vocab):
        try:
            return answer(yb, vocab)
        except TypeError as e:
            if not any(
                o in str(e) for o in ("list indices", "converted to an index", "scalar index")
            ):
                raise
            raise Wrong(
                f"{what} stopped with TypeError: {e}. fastai's vocab takes several columns at once; this vocab is a plain list, which "
                "takes one whole number at a time."
            ) from e

    return diagnose_names(
        f,
        _names,
        read_target_mistakes(),
        read_target_cases(),
        what,
        praise="Right: as many names as there are ones, in the order of the columns.",
    )


SIXTEEN_BITS = 4  # the card whose file has 16 bits per pixel


def draw_cards(root):
    "An `ImageTable` of twelve small PNG files: several sizes, one with 16 bits, some without labels, and a label that only a validation row has."
    import pandas as pd
    from PIL import Image

    from mlc_course.tables import ImageTable

    rng, rows = np.random.default_rng(3), []
    splits = "train valid train test train train valid test train valid train test".split()
    labels = "bird,boat||boat|bird|bird||bird,whale|boat|boat|boat|bird|".split("|")
    for i, (split, names) in enumerate(zip(splits, labels)):
        w, h = 30 + 5 * (i % 4), 60 - 7 * (i % 5)
        image = Image.fromarray(rng.integers(0, 255, (4, 5, 3), dtype=np.uint8)).resize((w, h))
        if i == SIXTEEN_BITS:
            image = Image.fromarray(np.linspace(0, 65535, w * h).reshape(h, w).astype(np.uint16))
        image.save(root / f"{i:02}.png")
        rows.append(
            {"fname": f"{i:02}.png", "labels": [o for o in names.split(",") if o], "split": split}
        )
    return ImageTable(
        pd.DataFrame(rows), root, vocab=["bird", "boat", "owl", "whale"], name="cards"
    )


def _check_blocks(block, table):
    from fastai.data.transforms import (
        Categorize,
        EncodedMultiCategorize,
        IntToFloatTensor,
        MultiCategorize,
    )

    target = next(
        (
            o
            for o in (block.type_tfms[-1] if len(block.type_tfms) > 1 else [])
            if isinstance(o, Categorize)
        ),
        None,
    )
    if target is None:
        raise Wrong(
            "datablock: there is no block for the labels. Lists of names become multi-hot rows with MultiCategoryBlock: blocks=(ImageBlock, ...)."
        )
    if not isinstance(target, (MultiCategorize, EncodedMultiCategorize)):
        raise Wrong(
            "datablock: CategoryBlock gives each picture exactly one class. A picture here has any number of labels, and some have "
            "none: use MultiCategoryBlock."
        )
    if not any(isinstance(o, IntToFloatTensor) for o in block.batch_tfms):
        raise Wrong(
            "datablock: the first block has to be ImageBlock, which turns pictures into tensors with values from 0 to 1."
        )
    if target.vocab is None:
        raise Wrong(
            "datablock: the vocab isn't stated, so fastai collects it from the training rows. Here only a validation row has 'whale', and asking for "
            "it raises a KeyError: pass vocab=table.vocab."
        )
    vocab = list(target.vocab)
    if vocab == table.vocab:
        return
    missing, extra = (
        [o for o in table.vocab if o not in vocab],
        [o for o in vocab if o not in table.vocab],
    )
    if "" in extra:
        raise Wrong(
            "datablock: the vocab has a label with the name ''. It comes from splitting an empty text at a space: take table.vocab as it is."
        )
    if "whale" in missing:
        raise Wrong(
            f"datablock: the vocab lacks {', '.join(missing)}. It was taken from some of the rows, and a validation row "
            "has 'whale': use table.vocab."
        )
    if missing:
        raise Wrong(
            f"datablock: the vocab lacks {', '.join(missing)}. No row of this table has it, but the table's vocab does, so it needs its column: a "
            "part of a set keeps the columns of the whole."
        )
    if extra:
        raise Wrong(
            f"datablock: the vocab has {', '.join(map(str, extra))}, which the table's vocab hasn't: use table.vocab."
        )
    raise Wrong(
        "datablock: the vocab has the right names in another order. The order says which column is which: use table.vocab as it is."
    )


def _check_splitter(block, table):
    if block.splitter is None:
        raise Wrong(
            "datablock: there is no splitter, so fastai splits at random, differently every time, and test rows come into training. The table says "
            "which row belongs where: believe its column `split`."
        )
    what = "the splitter of your DataBlock"
    again = [
        attempt(two_parts(block.splitter, what), (table.df,), what, "table.df") for _ in range(3)
    ]
    if again.count(again[0]) < 3:
        raise Wrong(
            "datablock: the splitter gives another split each time it is called, so it splits at random. The table says which row belongs "
            "where: believe its column `split`."
        )
    (train, valid), (want_train, want_valid) = again[0], _both(table.df)
    if [train, valid] == [want_valid, want_train]:
        raise Wrong(
            "datablock: the splitter has the two parts exchanged: the training rows come first."
        )
    test = set(_at(table.df, "test"))
    for name, part in (("training", train), ("validation", valid)):
        if test & set(part):
            raise Wrong(
                f"datablock: the splitter puts {len(test & set(part))} of the {len(test)} test rows into the {name} part. A test row belongs in "
                "neither: go by the column `split` alone."
            )
    if [train, valid] != [want_train, want_valid]:
        raise Wrong(
            f"datablock: the splitter doesn't follow the column `split`. Expected positions {[want_train, want_valid]}, got {[train, valid]}."
        )
    turned = table.df.iloc[::-1]
    if attempt(
        two_parts(block.splitter, what), (turned,), what, "table.df with its rows in reverse order"
    ) != list(_both(turned)):
        raise Wrong(
            "datablock: the splitter is right for table.df, and wrong as soon as the rows stand in another order. "
            "It has to give positions in the rows that it is handed, not index labels, and not what it has noted before."
        )


def _check_items(block, table):
    from mlc_course.tables import load_image

    for name, f, column in (
        ("get_x", block.getters[0], "fname"),
        ("get_y", block.getters[-1], "labels"),
    ):
        if getattr(f, "__name__", "") == "noop":
            raise Wrong(
                f"datablock: there is no {name}, so the whole row is handed over. Say what to make of its column `{column}`."
            )
    for _, row in table.df.iterrows():
        if isinstance(got := block.getters[-1](row), str):
            raise Wrong(
                f"datablock: get_y gives the text {got!r} for the labels {row['labels']}, and what is wanted is a list. {LETTERS}"
            )
    dsets, files = (
        block.datasets(table.df),
        {f: np.asarray(load_image(table.root / f)) for f in table.fnames()},
    )
    for part, positions in ((dsets.train, dsets.splits[0]), (dsets.valid, dsets.splits[1])):
        for i, position in enumerate(positions):
            row = table.df.iloc[position]
            x, y = part[i]
            pixels = np.asarray(x.convert("RGB"))
            if any(np.array_equal(pixels, o) for f, o in files.items() if f != row["fname"]):
                raise Wrong(
                    f"datablock: the input of the row of {row['fname']} is the picture of another row. get_x has to open "
                    "the file that its own row names."
                )
            want = files[row["fname"]]
            if pixels.shape == want.shape and np.abs(pixels.astype(int) - want).max() > 1:
                why = "Its file has 16 bits per pixel, which have to be scaled, not clipped: let get_x open the files with the course's decoder."
                raise Wrong(
                    f"datablock: the picture {row['fname']} isn't what `load_image` gives. {why if position == SIXTEEN_BITS else ''}".strip()
                )
            names = (
                [table.vocab[c] for c in np.flatnonzero(np.asarray(y))]
                if np.shape(y) == (len(table.vocab),)
                else None
            )
            if names != row["labels"]:
                said = show(y) if names is None else names
                raise Wrong(
                    f"datablock: the picture {row['fname']} has the labels {row['labels']}, and its target says {said}. Look at get_y."
                )


def _check_crops(block):
    from fastai.vision.augment import RandomCrop, RandomResizedCrop, RandomResizedCropGPU

    for o in (*block.item_tfms, *block.batch_tfms):
        if (
            isinstance(o, (RandomCrop, RandomResizedCrop))
            or isinstance(o, RandomResizedCropGPU)
            and o.min_scale < 1
        ):
            raise Wrong(
                f"datablock: {type(o).__name__} cuts a piece at random out of every training picture, and the labels stay. A label whose object was "
                "cut off is a wrong label: leave it out, and resize with ResizeMethod.Squish."
            )


def _wrong_pixels(block):
    from fastai.vision.augment import Resize, ResizeMethod

    how = next((o.method for o in block.item_tfms if isinstance(o, Resize)), None)
    if how == ResizeMethod.Crop:
        return (
            "Resize cuts off what doesn't fit into the square, unless you ask it for ResizeMethod.Squish; a label whose object was cut off is a "
            "wrong label."
        )
    if how == ResizeMethod.Pad:
        return (
            "ResizeMethod.Pad adds borders until the picture is a square. It loses nothing, but the borders take pixels from the picture, and the "
            "course's other frameworks get theirs without them: ask for ResizeMethod.Squish."
        )
    return (
        "They should be what `decode_images` gives: the whole picture, squeezed into the square. Resize does that with ResizeMethod.Squish, if no "
        "other step changes the pixels."
    )


def _check_batches(block, table, size):
    import torch

    from mlc_course.tables import decode_images

    try:
        dls = block.dataloaders(table.df, bs=3, num_workers=0, device=torch.device("cpu"))
        xb, shape = dls.valid.one_batch()[0], dls.train.one_batch()[0].shape
    except Exception as e:
        if not any(o in str(e) for o in ("equal size", "same size")):
            raise
        raise Wrong(
            "datablock: the pictures of a batch don't stack, because they have different sizes. Make them one size with an item transform: a batch "
            "transform comes too late, after the stacking."
        ) from e
    _check_crops(block)
    for o in (xb.shape, shape):
        if tuple(o[-2:]) != (size, size):
            raise Wrong(
                f"datablock: called with size={size}, it gives pictures of {o[-2]} by {o[-1]} pixels. Use the argument `size` in the "
                "item transform, for both sides."
            )
    xb = xb.permute(0, 2, 3, 1).numpy()
    if not np.issubdtype(xb.dtype, np.floating) or xb.min() < -0.01 or xb.max() > 1.01:
        raise Wrong(
            f"datablock: the values of a batch run from {xb.min():.2f} to {xb.max():.2f}, and should lie between 0 and 1. The networks of this "
            "course centre their input themselves: leave out Normalize."
        )
    if np.abs(xb - decode_images(table.paths("valid")[: len(xb)], size) / 255).max() > 1.01 / 255:
        raise Wrong(
            f"datablock: the validation pictures have the right size and the wrong pixels. {_wrong_pixels(block)}"
        )
    return dls


def datablock(answer) -> Right:
    "Exercise 4: datablock(table, size), a DataBlock for table.df that gives square pictures of `size` pixels and multi-hot rows."
    what = "datablock"
    function(answer, what)
    torch_first()
    with (
        warnings.catch_warnings(),
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
    ):
        warnings.filterwarnings("ignore", message=".*torch.jit.script.*")
        from fastai.data.block import DataBlock

        table = draw_cards(Path(folder))
        for size in (24, 40):
            block = attempt(
                answer,
                (table, size),
                what,
                f"an ImageTable of {len(table)} pictures and size={size}",
            )
            if not isinstance(block, DataBlock):
                raise Wrong(
                    f"{what} gave a result of type {type(block).__name__}; give back the DataBlock itself. It is a recipe without data, and the "
                    "check makes Datasets and DataLoaders of it."
                )
            _check_blocks(block, table)
            _check_splitter(block, table)
            try:
                _check_items(block, table)
                dls = _check_batches(block, table, size)
            except Wrong:
                raise
            except Exception as e:
                raise Wrong(
                    f"{what}: the DataBlock stopped at table.df with {type(e).__name__}: {str(e).replace(str(table.root), '...')}"
                ) from e
            for name, f in (("get_x", block.getters[0]), ("get_y", block.getters[-1])):
                refuse_unpicklable(f, f"{what}: {name}")
            try:
                pickle.dumps(dls.new_empty())
            except Exception as e:
                raise Wrong(
                    f"{what}: the DataLoaders don't pickle, so a trained model couldn't be exported with them: {type(e).__name__}: {e}. Is there "
                    "a lambda among the transforms?"
                ) from e
    return Right(
        "Right: one vocab, the table's split, whole pictures of one size, and all of it pickles."
    )
