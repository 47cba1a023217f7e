"Lesson 03, exercise 4: the parts of a DataBlock, one check each."

import numpy as np

from .._core import Wrong, attempt, show
from .cards import SIXTEEN_BITS
from .readers import LETTERS
from .splitters import both_parts, positions_of, two_parts


def check_blocks(block, table):
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
            "datablock: there is no block for the labels. Lists of names become multi-hot rows "
            "with MultiCategoryBlock: blocks=(ImageBlock, ...)."
        )
    if not isinstance(target, (MultiCategorize, EncodedMultiCategorize)):
        raise Wrong(
            "datablock: CategoryBlock gives each image exactly one class. An image here has any "
            "number of labels, and some have none: use MultiCategoryBlock."
        )
    if not any(isinstance(o, IntToFloatTensor) for o in block.batch_tfms):
        raise Wrong(
            "datablock: the first block has to be ImageBlock, which turns images into tensors "
            "with values from 0 to 1."
        )
    if target.vocab is None:
        raise Wrong(
            "datablock: the vocab isn't stated, so fastai collects it from the training rows. "
            "Here only a validation row has 'whale', and asking for it raises a KeyError: pass "
            "vocab=table.vocab."
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
            "datablock: the vocab has a label with the name ''. It comes from splitting an empty "
            "text at a space: take table.vocab as it is."
        )
    if "whale" in missing:
        raise Wrong(
            f"datablock: the vocab lacks {', '.join(missing)}. It was taken from some of the "
            "rows, and a validation row has 'whale': use table.vocab."
        )
    if missing:
        raise Wrong(
            f"datablock: the vocab lacks {', '.join(missing)}. No row of this table has it, but "
            "the table's vocab does, so it needs its column: a part of a set keeps the columns "
            "of the whole."
        )
    if extra:
        raise Wrong(
            f"datablock: the vocab has {', '.join(map(str, extra))}, which the table's vocab "
            "hasn't: use table.vocab."
        )
    raise Wrong(
        "datablock: the vocab has the right names in another order. The order says which column "
        "is which: use table.vocab as it is."
    )


def check_splitter(block, table):
    if block.splitter is None:
        raise Wrong(
            "datablock: there is no splitter, so fastai splits at random, differently every time, "
            "and test rows come into training. The table says which row belongs where: believe "
            "its column `split`."
        )
    what = "the splitter of your DataBlock"
    again = [
        attempt(two_parts(block.splitter, what), (table.df,), what, "table.df") for _ in range(3)
    ]
    if again.count(again[0]) < 3:
        raise Wrong(
            "datablock: the splitter gives another split each time it is called, so it splits at "
            "random. The table says which row belongs where: believe its column `split`."
        )
    (train, valid), (want_train, want_valid) = again[0], both_parts(table.df)
    if [train, valid] == [want_valid, want_train]:
        raise Wrong(
            "datablock: the splitter has the two parts exchanged: the training rows come first."
        )
    test = set(positions_of(table.df, "test"))
    for name, part in (("training", train), ("validation", valid)):
        if test & set(part):
            raise Wrong(
                f"datablock: the splitter puts {len(test & set(part))} of the {len(test)} test "
                f"rows into the {name} part. A test row belongs in neither: go by the column "
                "`split` alone."
            )
    if [train, valid] != [want_train, want_valid]:
        raise Wrong(
            "datablock: the splitter doesn't follow the column `split`. Expected positions "
            f"{[want_train, want_valid]}, got {[train, valid]}."
        )
    turned = table.df.iloc[::-1]
    if attempt(
        two_parts(block.splitter, what), (turned,), what, "table.df with its rows in reverse order"
    ) != list(both_parts(turned)):
        raise Wrong(
            "datablock: the splitter is right for table.df, and wrong as soon as the rows stand "
            "in another order. It has to give positions in the rows that it is handed, not index "
            "labels, and not what it has noted before."
        )


def check_items(block, table):
    from mlc_course.tables import load_image

    for name, f, column in (
        ("get_x", block.getters[0], "fname"),
        ("get_y", block.getters[-1], "labels"),
    ):
        if getattr(f, "__name__", "") == "noop":
            raise Wrong(
                f"datablock: there is no {name}, so the whole row is handed over. Say what to "
                f"make of its column `{column}`."
            )
    for _, row in table.df.iterrows():
        if isinstance(got := block.getters[-1](row), str):
            raise Wrong(
                f"datablock: get_y gives the text {got!r} for the labels {row['labels']}, and "
                f"what is wanted is a list. {LETTERS}"
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
                    f"datablock: the input of the row of {row['fname']} is the image of another "
                    "row. get_x has to open the file that its own row names."
                )
            want = files[row["fname"]]
            if pixels.shape == want.shape and np.abs(pixels.astype(int) - want).max() > 1:
                why = (
                    " Its file has 16 bits per pixel, which have to be scaled, not clipped: let "
                    "get_x open the files with the course's decoder."
                )
                raise Wrong(
                    f"datablock: the image {row['fname']} isn't what `load_image` gives."
                    + why * (position == SIXTEEN_BITS)
                )
            names = (
                [table.vocab[c] for c in np.flatnonzero(np.asarray(y))]
                if np.shape(y) == (len(table.vocab),)
                else None
            )
            if names != row["labels"]:
                said = show(y) if names is None else names
                raise Wrong(
                    f"datablock: the image {row['fname']} has the labels {row['labels']}, and its "
                    f"target says {said}. Look at get_y."
                )
