"""What `mlc data` says about a table: counts, labels, notes, and what could spoil a score."""

import numpy as np

from mlc_course.data.text import some

SHOWN = 100  # so many labels are listed in full; of more, the first FIRST
FIRST = 50


def label_counts_by_split(
    table,  # an ImageTable
):  # (int64 [splits, C], one row per split that is there)
    "Images per label and split, without a dense matrix."
    number = {name: i for i, name in enumerate(table.vocab)}
    sizes = table.df["labels"].map(len).to_numpy(dtype=np.int64)
    columns = np.array([number[o] for row in table.df["labels"] for o in row], dtype=np.int64)
    codes = (
        table.df["split"].map({s: i for i, s in enumerate(table.splits)}).to_numpy(dtype=np.int64)
    )
    flat = np.repeat(codes, sizes) * len(number) + columns
    shape = (len(table.splits), len(number))
    return np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape), sizes, codes


def _split_lines(table, counts, sizes, codes):
    "One line per split."
    yield (
        f"{'split':8}{'images':>8}{'labels an image':>17}{'without a label':>17}"
        f"{'all-negative accuracy':>23}"
    )
    for i, s in enumerate(table.splits):
        own = sizes[codes == i]
        cells = len(own) * len(table.vocab)
        negative = 1 - counts[i].sum() / cells if cells else 1
        yield f"{s:8}{len(own):8d}{own.mean():17.2f}{(own == 0).mean():17.1%}{negative:23.2%}"


def _label_lines(table, counts, every):
    "One line per label, the most frequent first."
    total = counts.sum(0)
    wide = max([len(v) for v in table.vocab] + [5])
    yield f"{'label':{wide}}" + "".join(f"{s:>8}" for s in table.splits) + f"{'share':>9}"
    order = sorted(range(len(table.vocab)), key=lambda i: (-total[i], table.vocab[i]))
    shown = order if every or len(order) <= SHOWN else order[:FIRST]
    for i in shown:
        cells = "".join(f"{n:8d}" for n in counts[:, i])
        yield f"{table.vocab[i]:{wide}}{cells}{total[i] / max(1, len(table)):9.1%}"
    if len(shown) < len(order):
        yield f"... and {len(order) - len(shown):,} more (--all-labels)"


def warnings_of(table, counts=None) -> list:
    "Sentences about what could spoil a training or its scores."
    if counts is None:
        counts = label_counts_by_split(table)[0]
    by_split, total, found = dict(zip(table.splits, counts)), counts.sum(0), []
    names = np.array(table.vocab, dtype=object)
    none = total == 0
    if none.any():
        found.append(f"Labels without an image: {some(names[none], 8)}.")
    for split, what in (("train", "a training image"), ("valid", "a validation image")):
        if split in by_split:
            lacks = (by_split[split] == 0) & ~none
            if lacks.any():
                found.append(f"Labels without {what}: {some(names[lacks], 8)}.")
    return found + _group_warnings(table) + _alike_warnings(table)


def _groups_of(table):
    "The groups of the rows, or the column that looks like them, and its name: patient, film, ..."
    from mlc_course.data.readers.columns import GROUP_COLUMNS, norm

    if table.groups() is not None:
        return table.groups(), None
    for c in table.df.columns:
        if norm(c) in GROUP_COLUMNS and table.df[c].nunique() < len(table):
            return list(table.df[c]), c
    return None, None


def _group_warnings(table):
    "A sentence about groups that are in two splits."
    from mlc_course.data.table import SPLITS
    from mlc_course.labels import shared_groups

    groups, column = _groups_of(table)
    if groups is None:
        return []
    shared = shared_groups(groups, table.df["split"])
    if not shared:
        return []
    some = "; ".join(
        f"{g} in {' and '.join(sorted(s, key=SPLITS.index))}" for g, s in list(shared.items())[:3]
    )
    what, how = "groups", "--split-column none"
    if column:
        what, how = f"groups of the column {column!r}", f"{how} --group-column {column!r}"
    return [
        f"{len(shared):,} {what} are in more than one split ({some}): the scores will be too good."
        f" Split anew with {how}, which keeps groups whole."
    ]


def _alike_warnings(table):
    "A sentence about labels that are spelled alike, if no reader said it."
    from mlc_course.data.readers.common import alike

    groups = alike(table.vocab)
    if not groups or any(o.startswith("Labels spelled alike") for o in table.notes):
        return []
    return [f"Labels spelled alike: {'; '.join(' / '.join(o) for o in groups[:5])}."]


def describe(
    table,  # an ImageTable
    every=False,  # list all labels, however many
) -> str:  # several lines
    "Counts per split and label, what predicting nothing would score, and notes."
    counts, sizes, codes = label_counts_by_split(table)
    lines = [
        f"{table.name or 'data'}: {len(table)} images, {len(table.vocab)} labels, in {table.root}",
        "",
        *_split_lines(table, counts, sizes, codes),
        "",
        *_label_lines(table, counts, every),
    ]
    notes = [*table.notes, *warnings_of(table, counts)]
    return "\n".join(lines + [""] * bool(notes) + [f"Note: {o}" for o in notes])
