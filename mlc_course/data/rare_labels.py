"Rare labels taken out of a table."

import numpy as np
import pandas as pd

from ..labels import label_counts
from .table import ImageTable
from .text import count


def drop_rare_labels(
    table: ImageTable,  # any table
    min_count: int | None = None,  # keep the labels that at least so many images have ...
    top: int | None = None,  # ... or keep this many, the most frequent
) -> ImageTable:  # smaller vocab; without the rows that lost their only labels
    """Take rare labels out, and the rows that lose all their labels by it. Rows that had none
    before stay.
    """
    if (min_count is None) == (top is None):
        raise ValueError("Give min_count or top: one of the two.")
    counts = label_counts(table.targets(), table.vocab)
    keep = set(counts.index[:top] if top is not None else counts.index[counts >= min_count])
    if not keep:
        raise ValueError(
            f"No label has {min_count} images; the most frequent, {counts.index[0]!r}, has"
            f" {counts.iloc[0]}. Pass a smaller min_count (--min-count in the command)."
        )
    gone = [o for o in counts.index if o not in keep]
    if not gone:
        return table
    labels = [[o for o in row if o in keep] for row in table.df["labels"]]
    lost = np.array(
        [bool(before) and not after for before, after in zip(table.df["labels"], labels)]
    )
    df = table.df.assign(labels=pd.Series(labels, dtype=object))[~lost]
    vocab = [o for o in table.vocab if o in keep]
    which = f"under {min_count} images" if top is None else f"outside the {top} most frequent"
    note = (
        f"{count(len(gone), 'label')} {which} dropped ({', '.join(sorted(gone))}), and "
        f"{count(int(lost.sum()), 'image')} that had no other label."
    )
    return ImageTable(df, table.root, vocab, table.name, (*table.notes, note))
