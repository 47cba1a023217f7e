"""Tables with one row per image and label: joined into one row per image."""

from .columns import NO, YES, norm
from .options import opt

SAYS = {"confidence", "present", "is_present", "presence", "value", "label_value", "positive"}


def drop_denied(df, raw):
    "Without the labels that a column denies (Open Images: Confidence 0 is no); and a note."
    column = next((c for c in raw.columns if norm(c) in SAYS), None)
    if column is None:
        return df, []
    value = raw[column].str.strip()
    sure, denied = value.str.lower().isin(YES), value.str.lower().isin(NO)
    repeated = df["fname"].duplicated().any()
    if norm(column) != "confidence" and not (repeated and (sure | denied).any()):
        return df, []  # a column that says something else
    other = ~(sure | denied)
    if other.any():
        i = int(other.to_numpy().argmax())
        raise ValueError(
            f"{df['source'].iloc[i]}: {column} is {value.iloc[i]!r}, neither 0 nor 1, so it is "
            "unknown whether the image has the label. Drop such rows, or round the column."
        )
    denied = denied.to_numpy()
    labels = [[] if no else row for row, no in zip(df["labels"], denied)]
    note = f"{int(denied.sum())} rows with {column} 0 say that a label is not there: left out."
    return df.assign(labels=labels), [note] if denied.any() else []


def _label_rows(df):
    "Does a table have one row per image and label: single labels, and many images repeated?"
    repeats = df["fname"].value_counts()
    return df["labels"].map(len).max() <= 1 and (repeats > 1).mean() >= 0.1


def join_rows(
    df,  # fname, labels, split, source
    on_conflict="error",  # "join" always, "first" row of an image, "error": if the table says so
):  # (one row per image, notes)
    "Join the rows of an image if the table has one row per image and label."
    if on_conflict not in ("error", "first", "join"):
        raise ValueError(f"on_conflict is {on_conflict!r}; use 'error', 'first' or 'join'.")
    if not df["fname"].duplicated().any():
        return df, []
    if on_conflict == "first":
        kept = df.drop_duplicates("fname")
        return kept, [f"{len(df) - len(kept)} further rows of the same images left out."]
    apart = df.groupby("fname", sort=False)["split"].nunique()
    if on_conflict == "error" and not _label_rows(df):
        _explain(df)
        return df, []
    if (apart > 1).any():
        name = apart.index[(apart > 1).to_numpy().argmax()]
        raise ValueError(
            f"{name} is in two splits"
            f" ({' and '.join(df.loc[df['fname'] == name, 'split'].unique())})."
        )
    kept = df.drop_duplicates("fname").copy()
    joined = {}
    for name, labels in zip(df["fname"], df["labels"]):
        joined.setdefault(name, {}).update(dict.fromkeys(labels))
    kept["labels"] = [list(joined[o]) for o in kept["fname"]]
    return kept, [f"One row per image and label: {len(df):,} rows joined to {len(kept):,} images."]


def _explain(df):
    "Refuse rows of one image that disagree, with the option that joins them."
    seen = {}
    for name, labels, split, source in zip(df["fname"], df["labels"], df["split"], df["source"]):
        labels0, split0, source0 = seen.setdefault(name, (labels, split, source))
        if set(labels) != set(labels0) or split != split0:
            raise ValueError(
                f"{source0} and {source} both describe {name} and disagree: {labels0} in {split0},"
                f" and {labels} in {split}. Correct or remove one of the two rows; or, if the "
                f"table has one row per image and label, pass {opt('on_conflict', 'join')}."
            )
