"The recipe from a table to fastai batches: same pixels, same labels, same splits as everywhere else."

import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from mlc_course.datablocks import (
    ReadImage,
    ReadLabels,
    multilabel_datablock,
    multilabel_dataloaders,
    split_column,
)
from mlc_course.tables import ImageTable, decode_images, load_image


@pytest.fixture
def table(tmp_path):
    "Twenty pictures of several sizes and kinds; the label 'whale' is in a validation row only, every fourth picture has none."
    rng = np.random.default_rng(0)
    rows = []
    for i in range(20):
        w, h = 40 + i, 30 + 2 * (i % 5)
        img = Image.fromarray(rng.integers(0, 255, (h // 4, w // 4, 3), dtype=np.uint8)).resize(
            (w, h)
        )
        if i == 1:
            img = img.convert("CMYK")
        if i == 2:
            img = img.convert("L")
        name = f"{i}.jpg" if i < 15 else f"{i}.png"
        if i == 15:
            img = Image.fromarray(np.linspace(0, 65535, w * h).reshape(h, w).astype(np.uint16))
        if i == 16:
            img = img.convert("P")
        if i == 17:
            img.putalpha(128)
        img.save(tmp_path / name)
        labels = [] if i % 4 == 0 else ["bird"] if i % 4 == 1 else ["bird", "boat"]
        rows.append(
            (
                name,
                labels + (["whale"] if i == 3 else []),
                ("train", "train", "train", "valid", "test")[i % 5],
            )
        )
    return ImageTable(
        pd.DataFrame(rows, columns=["fname", "labels", "split"]), tmp_path, name="twenty"
    )


def test_splitter_gives_positions_whatever_the_index(table):
    df = table.df.iloc[::-1]  # names and positions differ
    for o in (df, df.set_index("fname", drop=False), df[df.labels.str.len() > 0]):
        train, valid = split_column(o)
        assert set(o.iloc[train].split) == {"train"} and set(o.iloc[valid].split) == {"valid"}
        assert len(train) + len(valid) == (o.split != "test").sum()


def test_splitter_takes_a_table(table):
    assert split_column(table) == split_column(table.df)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda t: t.df.drop(columns="split"), "column 'split'"),
        (lambda t: [1, 2], "needs a DataFrame"),
        (lambda t: t.subset("train").df, "'valid'"),
        (lambda t: t.subset("test").df, "'train'"),
    ],
)
def test_splitter_refuses(table, make, message):
    with pytest.raises(ValueError, match=message):
        split_column(make(table))


@pytest.mark.parametrize("i", range(20))
def test_pictures_are_those_of_load_image(table, i):
    row = table.df.iloc[i]
    want = np.asarray(load_image(table.root / row.fname))
    read = ReadImage(table.root)
    for o in (row, row.fname, table.root / row.fname):
        assert np.array_equal(np.asarray(read(o)), want)


def test_damaged_picture_is_named(table):
    (table.root / "3.jpg").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match="3.jpg"):
        ReadImage(table.root)(table.df.iloc[3])


@pytest.mark.parametrize("labels", ["bird boat", float("nan"), None])
def test_labels_must_be_a_list(labels):
    with pytest.raises(TypeError, match="needs a list"):
        ReadLabels()({"fname": "a.jpg", "labels": labels})


def test_validation_pixels_and_targets_equal_the_tables(table, smoke):
    dls = multilabel_dataloaders(table, replace(smoke, batch_size=3))
    for split, dl in (
        ("valid", dls.valid),
        ("test", dls.test_dl(table.subset("test").df, with_labels=True)),
    ):
        x, y = (torch.cat([o.as_subclass(torch.Tensor).cpu() for o in os]) for os in zip(*dl))
        want = decode_images(table.paths(split), smoke.image_size) / 255
        assert (
            x.dtype == torch.float32 and np.abs(x.permute(0, 2, 3, 1).numpy() - want).max() < 1e-5
        )
        assert np.array_equal(y.numpy(), table.targets(split).astype(float))


def test_vocab_is_the_tables_and_label_only_in_validation_works(table, smoke):
    train = table.df[table.df.split == "train"]
    assert "whale" not in {o for row in train.labels for o in row}
    dsets = multilabel_datablock(table, 16).datasets(table.df)
    assert list(dsets.vocab) == table.vocab and "whale" in table.vocab
    row = [o for o, f in enumerate(dsets.valid.items.fname) if f == "3.jpg"][0]
    assert dsets.valid[row][1][table.vocab.index("whale")] == 1


def test_rows_without_labels_are_zeros(table):
    dsets = multilabel_datablock(table, 16).datasets(table.df)
    for i, labels in enumerate(dsets.train.items.labels):
        y = dsets.train[i][1]
        assert y.shape == (len(table.vocab),) and y.sum() == len(labels)


def test_training_batches_hold_training_rows_only(table, smoke):
    dls = multilabel_dataloaders(table, smoke)
    assert set(dls.train.dataset.items.split) == {"train"} and set(
        dls.valid.dataset.items.split
    ) == {"valid"}
    x, y = dls.one_batch()
    assert x.shape == (12, 3, 32, 32) and y.shape == (
        12,
        3,
    )  # batch size 32, twelve rows: fewer, not none
    assert x.min() >= 0 and x.max() <= 1


def test_seed_decides_the_order(table, smoke):
    def first(seed, n):
        import random

        [random.random() for _ in range(n)]  # what other code drew must not matter
        return multilabel_dataloaders(table, replace(smoke, seed=seed), augment=False).one_batch()[
            1
        ]

    assert torch.equal(first(1, 0), first(1, 5))
    assert not all(torch.equal(first(1, 0), first(s, 0)) for s in (2, 3, 4))


def test_training_is_augmented_and_validation_is_not(table, smoke):
    dls = multilabel_dataloaders(table, smoke)
    train = dls.train.new(shuffle=False)
    twice = lambda dl: [dl.one_batch()[0].as_subclass(torch.Tensor) for _ in range(2)]
    assert not torch.equal(*twice(train))
    assert torch.equal(*twice(dls.valid))
    assert torch.equal(
        *twice(multilabel_dataloaders(table, smoke, augment=False).train.new(shuffle=False))
    )


def test_bad_image_size(table):
    with pytest.raises(ValueError, match="image_size"):
        multilabel_datablock(table, 0)


def test_recipe_and_empty_loaders_unpickle_in_a_fresh_process(table, smoke):
    dls = multilabel_dataloaders(table, smoke).new_empty()
    packed = pickle.dumps((ReadImage(table.root), ReadLabels(), dls.train.dataset))
    code = f"import pickle; i, l, d = pickle.loads({packed!r}); print(l({{'fname': 'a', 'labels': ['bird']}}), d.vocab)"
    r = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
    assert r.stdout.strip() == f"['bird'] {table.vocab}"
