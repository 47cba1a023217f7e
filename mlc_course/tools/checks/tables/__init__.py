"Checks of lesson 02: one file per exercise."

from .csv_labels import labels_of_csv
from .frequent import keep_frequent
from .makes import make_of
from .vocab import vocab_of

__all__ = ["keep_frequent", "labels_of_csv", "make_of", "vocab_of"]
