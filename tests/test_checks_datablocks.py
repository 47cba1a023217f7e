"Each check of lesson 03 takes the right answer and names the typical wrong ones."

import functools
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from checks_kit import not_done, passes, says
from fastai.vision.all import (
    CategoryBlock,
    ColReader,
    DataBlock,
    ImageBlock,
    IndexSplitter,
    MultiCategoryBlock,
    Normalize,
    RandomCrop,
    RandomResizedCrop,
    RandomResizedCropGPU,
    RandomSplitter,
    Resize,
    ResizeMethod,
    Transform,
    TransformBlock,
    aug_transforms,
    imagenet_stats,
)
from test_checks_tables import told_apart

from mlc_course.datablocks import (
    ReadImage,
    ReadLabels,
    multilabel_datablock,
    multilabel_dataloaders,
    split_column,
)
from mlc_course.labels import multi_hot
from mlc_course.tables import load_image
from mlc_course.tools import checks
from mlc_course.tools.checks.datablocks import cards, pickles, readers, splitters, targets


def read_labels(row):
    cell = row["labels"]
    return [] if pd.isna(cell) else cell.split()


def equal_to_itself(row):
    return row["labels"].split() if row["labels"] == row["labels"] else []


class Reader:
    def __call__(self, row):
        return read_labels(row)


class TransformReader(Transform):
    def __call__(self, row, **kwargs):
        return read_labels(row)


def test_label_reader():
    passes(checks.label_reader, read_labels)
    passes(checks.label_reader, TransformReader())
    passes(checks.label_reader, equal_to_itself)
    not_done(checks.label_reader)
    told_apart(read_labels, readers.label_reader_mistakes(), readers.label_reader_cases())


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda r: str(r["labels"]).split(" "), "''.split(' ') is ['']"),
        (lambda r: r["labels"].split(" ") if r["labels"] else [], "split at single spaces"),
        (
            lambda r: r["labels"].split() if isinstance(r["labels"], str) else [""],
            "a label whose name is ''",
        ),
        (lambda r: r["labels"].split() or [""], "a label whose name is ''"),
        (
            lambda r: r["labels"].split() if isinstance(r["labels"], str) and r["labels"] else [""],
            "a label whose name is ''",
        ),
        (lambda r: r["labels"].split(), "That float is NaN"),
        (lambda r: str(r["labels"]).split(), "name 'nan'"),
        (lambda r: r["labels"], "vocab of letters"),
        (lambda r: list(r["labels"]), "list holds letters"),
        (lambda r: [r["labels"]], "whole cell became one label"),
        (lambda r: read_labels(r) or ["none"], "a label that the file doesn't have"),
        (lambda r: " ".join(read_labels(r)), "joined to a text again"),
        (
            lambda r: r["labels"].split() if isinstance(r["labels"], str) else [r["labels"]],
            "stays NaN",
        ),
        (
            lambda r: r["labels"].split() if isinstance(r["labels"], str) and r["labels"] else None,
            "gives None for an empty cell",
        ),
        (lambda r: read_labels(r), "label_reader is a lambda"),
        (
            functools.partial(read_labels),
            "of type partial, pickles by itself, but not in a DataBlock",
        ),
        (Reader(), "of type Reader, pickles by itself, but not in a DataBlock"),
        (lambda r: 3, "isn't right yet. Given a row whose cell labels is 'bird boat'"),
        (lambda r: r["label"], "stopped with KeyError"),
        (lambda r: set(r["labels"].split()), "it gives a set, and a list is expected"),
        (
            lambda r: r["labels"].strip().split(" ") if r["labels"] else [],
            "split at single spaces",
        ),
        (
            lambda r: r["labels"].split() if isinstance(r["labels"], str) else ["no label"],
            "isn't right yet",
        ),
        (
            lambda r: r["labels"].split() if isinstance(r["labels"], str) else ["none"],
            "a label that the file doesn't have",
        ),
    ],
)
def test_wrong_label_reader(wrong, message):
    says(checks.label_reader, wrong, message)


def test_what_an_instance_keeps_has_to_pickle_too():
    reader = TransformReader()
    reader.cut = lambda text: text.split()
    says(checks.label_reader, reader, "label_reader doesn't pickle")


def test_a_local_reader_is_refused():
    def local(row):
        return read_labels(row)

    says(checks.label_reader, local, "defined inside another function")


def test_fastai_agrees_about_what_pickles():
    "The check's verdict is that of a DataBlock's own steps."
    df = pd.DataFrame({"fname": ["a", "b"], "labels": ["sun", "boat"]})
    for f, fine in (
        (read_labels, True),
        (TransformReader(), True),
        (Reader(), False),
        (lambda r: read_labels(r), False),
    ):
        dsets = DataBlock(get_y=f).datasets(df)

        def export():
            return pickle.dumps([o.tfms for o in dsets.tls])

        if fine:
            export()
            pickles.refuse_unpicklable(f, "f")
        else:
            with pytest.raises(Exception):
                export()
            says(lambda f: pickles.refuse_unpicklable(f, "f"), f, "pickle")


def test_row_splitter():
    passes(checks.row_splitter, split_column)
    passes(
        checks.row_splitter,
        lambda df: [np.where(df["split"] == o)[0][::-1] for o in ("train", "valid")],
    )
    passes(
        checks.row_splitter,
        lambda df: tuple(
            pd.RangeIndex(len(df))[(df["split"] == o).to_numpy()] for o in ("train", "valid")
        ),
    )
    not_done(checks.row_splitter)
    mistakes = [
        checks.Mistake(m.says, splitters.two_parts(m.gives, "it"))
        for m in splitters.row_splitter_mistakes()
    ]
    told_apart(
        lambda df: [sorted(o) for o in split_column(df)], mistakes, splitters.row_splitter_cases()
    )


def where(df, *splits):
    return np.flatnonzero(df["split"].isin(splits))


def numbers_the_rows(df):
    "Right numbers, in a table that is no longer the reader's."
    df.reset_index(drop=True, inplace=True)
    return [df.index[df["split"] == o].tolist() for o in ("train", "valid")]


@pytest.mark.parametrize(
    "wrong, message",
    [
        (
            lambda df: (
                df.index[df["split"] == "train"].tolist(),
                df.index[df["split"] == "valid"].tolist(),
            ),
            "give index labels",
        ),
        (
            lambda df: (df[df["split"] == "train"].index, df[df["split"] == "valid"].index),
            "give index labels",
        ),
        (
            lambda df: (where(df, "train", "test"), where(df, "valid")),
            "test rows are in the training part",
        ),
        (
            lambda df: (where(df, "train"), where(df, "valid", "test")),
            "test rows are in the validation part",
        ),
        (lambda df: (where(df, "valid"), where(df, "train")), "exchanged"),
        (lambda df: (df["split"] == "train", df["split"] == "valid"), "mask"),
        (lambda df: [(df["split"] == o).to_numpy() for o in ("train", "valid")], "mask"),
        (lambda df: (df[df["split"] == "train"], df[df["split"] == "valid"]), "rows themselves"),
        (
            lambda df: tuple(np.where(df["split"] == o) for o in ("train", "valid")),
            "np.where gives a tuple",
        ),
        (lambda df: [where(df, o) for o in ("train", "valid", "test")], "gave 3 lists"),
        (lambda df: where(df, "train"), "two lists"),
        (lambda df: (1, 2), "list of positions"),
        (
            lambda df: RandomSplitter(seed=1)(df),
            "isn't right yet. Given a table in its first order",
        ),
        (lambda df: df["is_valid"], "stopped with KeyError: 'is_valid'"),
        (
            lambda df: [
                [i for i in range(len(df)) if df["split"][i] == o] for o in ("train", "valid")
            ],
            "index label",
        ),
        (
            lambda df: tuple(df["fname"][df["split"] == o].tolist() for o in ("train", "valid")),
            "gave texts, such as '1.jpg'",
        ),
        (numbers_the_rows, "changes the table"),
    ],
)
def test_wrong_row_splitter(wrong, message):
    says(checks.row_splitter, wrong, message)


def by_where(yb, vocab):
    "The lesson's way, row by row."
    return [np.array(vocab)[torch.where(y == 1)[0].numpy()] for y in yb]


def test_read_target():
    passes(checks.read_target, by_where)
    passes(
        checks.read_target,
        lambda yb, vocab: [tuple(vocab[i] for i in y.nonzero().flatten()) for y in yb],
    )
    not_done(checks.read_target)
    told_apart(by_where, targets.read_target_mistakes(), targets.read_target_cases())
    for yb, vocab in targets.read_target_cases():
        assert np.array_equal(multi_hot(targets.names_of(yb, vocab), vocab), yb.numpy() == 1)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda yb, vocab: [[vocab[i]] for i in yb.argmax(dim=1)], "exactly one name"),
        (lambda yb, vocab: [torch.where(y == 1)[0] for y in yb], "columns, not names"),
        (lambda yb, vocab: [y.nonzero().flatten().tolist() for y in yb], "columns, not names"),
        (
            lambda yb, vocab: [[vocab[i] for i in torch.where(y >= 0)[0]] for y in yb],
            "every row gets every name",
        ),
        (
            lambda yb, vocab: [[vocab[i] for i in torch.where(y == 0)[0]] for y in yb],
            "other way round",
        ),
        (
            lambda yb, vocab: [sorted(vocab[i] for i in y.nonzero()) for y in yb],
            "alphabetical order",
        ),
        (lambda yb, vocab: [[sorted(vocab)[i] for i in y.nonzero()] for y in yb], "sorted vocab"),
        (lambda yb, vocab: [vocab[i] for i in torch.where(yb == 1)[1]], "one list per row"),
        (
            lambda yb, vocab: [o for o in ([vocab[i] for i in y.nonzero()] for y in yb) if o],
            "any label are gone",
        ),
        (
            lambda yb, vocab: [" ".join(vocab[i] for i in y.nonzero()) for y in yb],
            "a text for each row",
        ),
        (
            lambda yb, vocab: [vocab[torch.where(y == 1)[0]] for y in yb],
            "one whole number at a time",
        ),
        (lambda yb, vocab: [vocab[np.flatnonzero(y)] for y in yb], "one whole number at a time"),
        (
            lambda yb, vocab: [o or ["none"] for o in targets.names_of(yb, vocab)],
            "a name that isn't in the vocab",
        ),
        (lambda yb, vocab: [set(o) for o in targets.names_of(yb, vocab)], "a set for each row"),
        (lambda yb, vocab: {"bird": 1}, "isn't right yet"),
        (lambda yb, vocab: yb.no_such_thing, "stopped with AttributeError"),
    ],
)
def test_wrong_read_target(wrong, message):
    says(checks.read_target, wrong, message)


def own(
    table,
    size,
    *,
    blocks=None,
    reader=ReadImage,
    get_y=None,
    splitter=split_column,
    item=None,
    **kwargs,
):
    "A right DataBlock, of which each test changes one thing."
    return DataBlock(
        blocks=blocks or (ImageBlock, MultiCategoryBlock(vocab=table.vocab)),
        get_x=reader(table.root),
        get_y=get_y or ReadLabels(),
        splitter=splitter,
        item_tfms=Resize(size, ResizeMethod.Squish) if item is None else item,
        **kwargs,
    )


def multi(vocab=None):
    return ImageBlock, MultiCategoryBlock(vocab=vocab)


def with_lambda(table, size):
    return own(table, size, reader=lambda root: lambda r: ReadImage(root)(r))


def with_closure(table, size):
    def get_x(r):
        return ReadImage(table.root)(r)

    return own(table, size, reader=lambda root: get_x)


def by_index(df):
    return df.index[df["split"] == "train"].tolist(), df.index[df["split"] == "valid"].tolist()


def sorted_rows(table):
    return sorted({o for row in table.labels() for o in row})


def second_row(row):
    return ["boat"]


def text_labels(row):
    return " ".join(row["labels"])


def plain_labels(row):
    return row["labels"]


def test_datablock():
    passes(checks.datablock, own)
    passes(checks.datablock, multilabel_datablock)
    passes(checks.datablock, lambda table, size: own(table, size, get_y=plain_labels))
    passes(checks.datablock, lambda table, size: own(table, size, get_y=ColReader("labels")))
    passes(
        checks.datablock,
        lambda table, size: own(table, size, batch_tfms=aug_transforms(max_rotate=0, max_warp=0)),
    )
    not_done(checks.datablock)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda t, s: own(t, s, blocks=multi()), "vocab isn't stated"),
        (
            lambda t, s: own(t, s, blocks=multi(sorted({o for r in t.labels("train") for o in r}))),
            "some of the rows, and a validation row has 'whale'",
        ),
        (lambda t, s: own(t, s, blocks=multi(sorted_rows(t))), "lacks owl. No row of this table"),
        (lambda t, s: own(t, s, blocks=multi(t.vocab[::-1])), "another order"),
        (lambda t, s: own(t, s, blocks=multi(["", *t.vocab])), "a label with the name ''"),
        (lambda t, s: own(t, s, blocks=multi([*t.vocab, "zebra"])), "has zebra, which"),
        (
            lambda t, s: own(t, s, blocks=(ImageBlock, CategoryBlock)),
            "CategoryBlock gives each image exactly one class",
        ),
        (
            lambda t, s: own(t, s, blocks=(ImageBlock, CategoryBlock(vocab=t.vocab))),
            "CategoryBlock gives each image exactly one class",
        ),
        (lambda t, s: DataBlock(), "no block for the labels"),
        (
            lambda t, s: own(t, s, blocks=(multi(t.vocab)[1], multi(t.vocab)[1])),
            "has to be ImageBlock",
        ),
        (
            lambda t, s: own(t, s, blocks=(TransformBlock, multi(t.vocab)[1])),
            "has to be ImageBlock",
        ),
        (lambda t, s: own(t, s, splitter=None), "no splitter"),
        (lambda t, s: own(t, s, splitter=RandomSplitter()), "splits at random"),
        (lambda t, s: own(t, s, splitter=RandomSplitter(seed=42)), "test rows into the"),
        (
            lambda t, s: own(
                t, s, splitter=IndexSplitter(np.flatnonzero(t.df["split"] == "valid"))
            ),
            "puts 3 of the 3 test rows into the training part",
        ),
        (lambda t, s: own(t, s, splitter=lambda df: split_column(df)[::-1]), "two parts exchanged"),
        (
            lambda t, s: own(
                t, s, splitter=lambda df: (where(df, "train"), where(df, "valid", "test"))
            ),
            "3 test rows into the validation part",
        ),
        (
            lambda t, s: own(
                t, s, splitter=lambda df: (where(df, "train")[1:], where(df, "valid"))
            ),
            "doesn't follow the column `split`",
        ),
        (lambda t, s: own(t, s, splitter=IndexSplitter([1])), "into the training part"),
        (
            lambda t, s: own(
                t, s, splitter=lambda df: tuple((df["split"] == o) for o in ("train", "valid"))
            ),
            "the splitter of your DataBlock gave a mask",
        ),
        (lambda t, s: own(t, s, splitter=by_index), "rows stand in another order"),
        (
            lambda t, s: own(t, s, splitter=lambda df: df["is_valid"]),
            "stopped with KeyError: 'is_valid'",
        ),
        (lambda t, s: own(t, s, item=[]), "don't stack"),
        (
            lambda t, s: own(t, s, item=[], batch_tfms=Resize(s, ResizeMethod.Squish)),
            "too late, after the stacking",
        ),
        (lambda t, s: own(t, 64), "called with size=24, it gives images of 64 by 64"),
        (lambda t, s: own(t, 24), "called with size=40, it gives images of 24 by 24"),
        (lambda t, s: own(t, s, item=Resize((s, s + 8), ResizeMethod.Squish)), "24 by 32 pixels"),
        (lambda t, s: own(t, s, item=Resize(s)), "Resize cuts off what doesn't fit"),
        (lambda t, s: own(t, s, item=Resize(s, ResizeMethod.Pad)), "ResizeMethod.Pad adds borders"),
        (
            lambda t, s: own(t, s, item=Resize(s, method="pad", pad_mode="zeros")),
            "ResizeMethod.Pad adds borders",
        ),
        (
            lambda t, s: own(t, s, item=Resize(s, ResizeMethod.Squish, resamples=(0, 0))),
            "what `decode_images` gives",
        ),
        (
            lambda t, s: own(t, s, item=RandomResizedCrop(s, min_scale=0.35)),
            "RandomResizedCrop cuts a piece at random",
        ),
        (
            lambda t, s: own(t, s, item=[Resize(s + 8, ResizeMethod.Squish), RandomCrop(s)]),
            "RandomCrop cuts a piece at random",
        ),
        (
            lambda t, s: own(t, s, batch_tfms=[RandomResizedCropGPU(s, min_scale=0.35)]),
            "RandomResizedCropGPU cuts a piece at random",
        ),
        (
            lambda t, s: own(t, s, batch_tfms=aug_transforms(size=s, min_scale=0.35)),
            "RandomResizedCropGPU cuts a piece at random",
        ),
        (
            lambda t, s: own(t, s, batch_tfms=Normalize.from_stats(*imagenet_stats)),
            "leave out Normalize",
        ),
        (
            lambda t, s: own(t, s, reader=lambda root: lambda r: ReadImage(root)("00.png")),
            "image of another row",
        ),
        (
            lambda t, s: own(t, s, reader=lambda root: ReadImage(root / "train")),
            "DataBlock stopped at table.df with FileNotFoundError: There is no image file ...",
        ),
        (lambda t, s: own(t, s, get_y=second_row), "and its target says ['boat']"),
        (lambda t, s: own(t, s, get_y=text_labels), "would make a vocab of letters"),
        (
            lambda t, s: own(t, s, get_y=ColReader("label")),
            "stopped at table.df with KeyError: 'label'",
        ),
        (
            lambda t, s: DataBlock(
                blocks=multi(t.vocab),
                get_y=ReadLabels(),
                splitter=split_column,
                item_tfms=Resize(s),
            ),
            "there is no get_x",
        ),
        (
            lambda t, s: DataBlock(
                blocks=multi(t.vocab),
                get_x=ReadImage(t.root),
                splitter=split_column,
                item_tfms=Resize(s),
            ),
            "there is no get_y",
        ),
        (with_lambda, "get_x is a lambda"),
        (with_closure, "defined inside another function"),
        (lambda t, s: own(t, s, get_y=lambda r: r["labels"]), "get_y is a lambda"),
        (
            lambda t, s: own(t, s, item=[Resize(s, ResizeMethod.Squish), lambda x: x]),
            "Is there a lambda among the transforms",
        ),
        (lambda t, s: multilabel_dataloaders(t), "give back the DataBlock itself"),
        (lambda t, s: own(t, s).datasets(t.df), "of type Datasets"),
        (lambda t, s: 5, "of type int"),
        (lambda t, s: t.no_such_thing, "datablock stopped with AttributeError"),
    ],
)
def test_wrong_datablock(wrong, message):
    says(checks.datablock, wrong, message)


def test_a_image_with_16_bits():
    "Opened in another way than the course's, its pixels are clipped."
    from fastai.vision.core import PILImage
    from PIL import Image

    class Clipped(ReadImage):
        def __call__(self, o, **kwargs):
            return PILImage.create(
                np.asarray(Image.open(self.root / o["fname"])).clip(0, 255).astype(np.uint8)
            )

    says(checks.datablock, lambda t, s: own(t, s, reader=Clipped), "16 bits per pixel")


def test_the_cards_are_what_the_check_needs(tmp_path):
    table = cards.draw_cards(tmp_path)
    per = {s: {o for row in table.labels(s) for o in row} for s in table.splits}
    assert "whale" in per["valid"] and "whale" not in per["train"] | per["test"]
    assert "owl" in table.vocab and not any("owl" in o for o in per.values())
    assert (
        [] in table.labels("train")
        and [] in table.labels("valid")
        and table.splits == ["train", "valid", "test"]
    )
    assert table.df.loc[cards.SIXTEEN_BITS, "split"] == "train"
    assert len({load_image(p).size for p in table.paths("train")}) > 2
