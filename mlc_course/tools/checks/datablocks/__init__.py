"Checks of lesson 03: one file per exercise."

from .readers import label_reader
from .recipe import datablock
from .splitters import row_splitter
from .targets import read_target

__all__ = ["datablock", "label_reader", "read_target", "row_splitter"]
