"Train images held out for validation."

import numpy as np

from ..labels import stratified_split


def held_out(
    table,  # an ImageTable
    fraction: float,  # share of the train rows
    seed: int,  # the same seed, the same rows
    groups,  # object [N], a group a row, which stays whole; None: no groups
) -> tuple:  # object [N] of splits, and a sentence about it
    "The splits of a table after a stratified share of its train rows has become valid."
    name = table.name or "The table"
    if "valid" in table.splits:
        raise ValueError(f"{name} has a valid split already ({table.counts()['valid']} images).")
    train = np.flatnonzero(table.df["split"] == "train")
    if len(train) < 2:
        raise ValueError(f"{name} has {len(train)} train images; it takes two to hold one out.")
    if not 0 <= fraction < 1:
        raise ValueError(
            f"fraction is {fraction}: give the share of the train images to hold out, such as 0.2."
        )
    fraction = max(fraction, 1 / len(train))
    kwargs = {} if groups is None else {"groups": groups[train]}
    part = stratified_split(table.targets("train"), (1 - fraction, fraction), seed, **kwargs)
    split = table.df["split"].to_numpy(dtype=object).copy()
    split[train[part == 1]] = "valid"
    note = (
        f"No valid split on disk: {int((part == 1).sum())} of {len(train)} train images held "
        f"out for it (seed {seed}{', groups kept whole' if kwargs else ''})."
    )
    return split, note
