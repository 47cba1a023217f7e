"Lesson 03, exercise 4: the whole DataBlock."

import pickle
import tempfile
import warnings
from pathlib import Path

from .._core import Right, Wrong, attempt, function, torch_first
from ..tables.names import own_name
from .batches import check_batches
from .cards import draw_cards
from .parts import check_blocks, check_items, check_splitter
from .pickles import refuse_unpicklable


def datablock(answer) -> Right:
    "Exercise 4: datablock(table, size), a DataBlock that gives squares and multi-hot rows."
    what = own_name(answer, "datablock")
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
                f"an ImageTable of {len(table)} images and size={size}",
            )
            if not isinstance(block, DataBlock):
                raise Wrong(
                    f"{what} gave a result of type {type(block).__name__}; give back the "
                    "DataBlock itself. It is a recipe without data, and the check makes Datasets "
                    "and DataLoaders of it."
                )
            check_blocks(block, table)
            check_splitter(block, table)
            try:
                check_items(block, table)
                dls = check_batches(block, table, size)
            except Wrong:
                raise
            except Exception as e:
                raise Wrong(
                    f"{what}: the DataBlock stopped at table.df with {type(e).__name__}: "
                    f"{str(e).replace(str(table.root), '...')}"
                ) from e
            for name, f in (("get_x", block.getters[0]), ("get_y", block.getters[-1])):
                refuse_unpicklable(f, f"{what}: {name}")
            try:
                pickle.dumps(dls.new_empty())
            except Exception as e:
                raise Wrong(
                    f"{what}: the DataLoaders don't pickle, so they couldn't be handed to another "
                    f"process: {type(e).__name__}: {e}. Is there a lambda among the transforms?"
                ) from e
    return Right(
        "Right: one vocab, the table's split, whole images of one size, and all of it pickles."
    )
