"""Which split a row is in: split columns, and files called train, valid and test."""

import re

from .columns import LABEL_COLUMNS, given_columns, is_binary, norm, values
from .common import read_truth
from .options import opt

WORDS = {
    "train": "train", "training": "train", "trn": "train", "trainval": "train",
    "valid": "valid", "val": "valid", "validation": "valid", "dev": "valid",
    "test": "test", "testing": "test",
}  # fmt: skip
SPLIT_COLUMNS = {
    "split", "splits", "subset", "set", "partition", "phase", "fold", "folds", "split_name",
    "data_set",
    "dataset", "data_split", "dataset_split", "usage", "mode", "kfold", "k_fold", "train_test",
    "split_set",
}  # fmt: skip
TRUTHS = {
    "is_train": "train", "is_training": "train", "train": "train",
    "is_valid": "valid", "is_val": "valid", "is_validation": "valid", "is_dev": "valid",
    "valid": "valid", "val": "valid", "validation": "valid",
    "is_test": "test", "is_testing": "test", "test": "test",
}  # fmt: skip


def file_split(path):
    "The split that a file's name stands for (train.csv, labels_val.csv), or None."
    parts = re.split(r"[^a-z]+", path.stem.lower())
    found = {WORDS[o] for o in parts if o in WORDS}
    return found.pop() if len(found) == 1 else None


def file_stem(path):
    "A file's name without the word for its split: equal for train_v2.csv and test_v2.csv."
    parts = re.split(r"([^a-z]+)", path.name.lower())
    return "".join(o for o in parts if o not in WORDS)


def is_split_column(raw, column):
    "Is every cell of a column a word for a split, and are there two splits at least?"
    found = values(raw, column) - {""}
    return found <= WORDS.keys() and len({WORDS[o] for o in found}) > 1


def _by_truth(raw, columns, sources):
    "Splits from is_valid, is_test and is_train."
    out = ["train"] * len(raw)
    said = {TRUTHS[norm(c)] for c in columns}
    for column in sorted(columns, key=lambda c: TRUTHS[norm(c)] != "train"):
        split = TRUTHS[norm(column)]
        cells = [read_truth(v, s, column) for v, s in zip(raw[column], sources)]
        if split == "train":
            other = "test" if "valid" in said or len(columns) == 1 else "valid"
            out = ["train" if v else other for v in cells]
        else:
            out = [split if v else o for v, o in zip(cells, out)]
    return out


def _by_fold(raw, column, file, valid_fold, test_fold):
    "Splits from numbers of folds; without a choice, an error that says which there are."
    cells = raw[column].str.strip().str.removesuffix(".0")
    found = sorted(cells.unique(), key=lambda o: (len(o), o))
    if valid_fold is None and test_fold is None:
        raise ValueError(
            f"{file}: the column {column} holds the numbers {', '.join(found[:10])}, and not "
            "train, valid and test. Choose the fold to validate on: "
            f"{opt('valid_fold', _number(found[0]))}; or split anew: "
            f"{opt('split_column', 'none')}."
        )
    for option, fold in (("valid_fold", valid_fold), ("test_fold", test_fold)):
        if fold is not None and str(fold) not in found:
            raise ValueError(
                f"{file}: {option} is {fold}; the column {column} has {', '.join(found)}."
            )
    names = {str(test_fold): "test", str(valid_fold): "valid"}
    chosen = [f"{s} is fold {o}" for o, s in names.items() if o != "None"]
    said = (
        f"Splits are the folds of the column {column}: {' and '.join(chosen)}, the others are "
        "train."
    )
    return [names.get(o, "train") for o in cells], [said]


def _number(text):
    return int(text) if text.isdecimal() else text


def _by_word(raw, column, file, sources, valid_fold, test_fold):
    "Splits from the cells of one column."
    cells = raw[column].str.strip().str.lower()
    if cells.str.fullmatch(r"-?\d+(\.0)?").all():
        return _by_fold(raw, column, file, valid_fold, test_fold)
    for v, o, s in zip(raw[column], cells, sources):
        if o not in WORDS:
            hint = " (eval may be either)" if o.startswith("eval") else ""
            raise ValueError(
                f"{s}: the split is {v!r} (column {column}); write train, valid or test{hint}. Or "
                f"pass {opt('split_column', 'none')} to split anew."
            )
    return [WORDS[o] for o in cells], []


def given_split(raw, file, sources, taken=(), wanted=None, valid_fold=None, test_fold=None):
    "(the split of each row or None, notes, columns used): what the table says about splits."
    found = _given_split(raw, file, sources, taken, wanted, valid_fold, test_fold)
    fold = valid_fold if valid_fold is not None else test_fold
    if fold is not None and not any(o.startswith("Splits are the folds") for o in found[1]):
        option = "valid_fold" if valid_fold is not None else "test_fold"
        raise ValueError(
            f"{file}: {opt(option, fold)} is given, and no column with numbers of folds is used for"
            f" the split. Leave it out, or name that column: {opt('split_column', 'fold')}."
        )
    return found


def _given_split(raw, file, sources, taken, wanted, valid_fold, test_fold):
    "As given_split, whose options of folds may be left without a use."
    if isinstance(wanted, str) and wanted.lower() == "none":
        return None, [], []
    if wanted is not None:
        column = given_columns(raw, wanted, file, "split_column")[0]
        if norm(column) in TRUTHS:
            return _by_truth(raw, [column], sources), [], [column]
        return *_by_word(raw, column, file, sources, valid_fold, test_fold), [column]
    free = [c for c in raw.columns if c not in taken]
    words = [c for c in free if _is_named(raw, c) and _is_meant(raw, c)]
    truth = [c for c in free if norm(c) in TRUTHS and _answers(raw, c)]
    if words:  # beside a column split, one called test or valid is something else
        truth = [c for c in truth if norm(c).startswith("is_")]
    if len(words) > 1:
        said = [c for c in words if is_split_column(raw, c)]
        words = said if len(said) == 1 else words
    if words and truth:
        raise ValueError(
            f"{file} has both a column {words[0]} and a column {truth[0]}; keep one of them, or "
            f"pass {opt('split_column', words[0])}."
        )
    if len(words) > 1:
        raise ValueError(
            f"{file} has the columns {' and '.join(words)}, and both could say the split. Pass"
            f" {opt('split_column', words[0])}, or the one you mean."
        )
    if truth:
        bare = [c for c in truth if not norm(c).startswith("is_")]
        notes = [f"Splits are in the column {', '.join(bare)}."] if bare else []
        return _by_truth(raw, truth, sources), notes, truth
    if words:
        split, notes = _by_word(raw, words[0], file, sources, valid_fold, test_fold)
        usual = norm(words[0]) == "split"
        return split, notes if usual or notes else [f"Splits are in the column {words[0]}."], words
    return _unnamed(raw, free)


def _is_named(raw, column):
    "Is a column called as split columns are: split, fold, ..., or something_split?"
    name = norm(column)
    return name in SPLIT_COLUMNS or ("split" in name.split("_") and not is_binary(raw, column))


def _answers(raw, column):
    "Does a column such as is_valid or test say the split? `train` may be a label as well."
    if norm(column).startswith("is_"):
        return True
    names = any(norm(c) in LABEL_COLUMNS and not is_binary(raw, c) for c in raw.columns)
    return is_binary(raw, column) and (names or norm(column) != "train")


def _is_meant(raw, column):
    "Does a column with a split's name hold splits? A column mode may hold something else."
    if "split" in norm(column).split("_") or norm(column) in (
        "split",
        "splits",
        "subset",
        "fold",
        "folds",
        "kfold",
        "k_fold",
        "partition",
        "set",
    ):
        return True
    return bool(values(raw, column) & WORDS.keys())


def _unnamed(raw, free):
    "A split column under another name: used if there is one only."
    found = [c for c in free if is_split_column(raw, c)]
    if len(found) == 1:
        split = [WORDS[o.strip().lower()] for o in raw[found[0]] if o.strip().lower() in WORDS]
        if len(split) == len(raw):
            return split, [f"Splits are in the column {found[0]}."], found
    notes = [
        f"The column {c} holds words for splits and was not used: pass {opt('split_column', c)}."
        for c in found
    ]
    return None, notes, []
