"""The options of the readers, and how a message names one: in Python and in the command."""

OPTIONS = {
    "format": "how the data are laid out, where two layouts are possible",
    "sep": "what separates two labels: ',', '|', ';', '/', ' ', 'tab'; 'whole': one name a cell",
    "encoding": "the encoding of the annotation file, such as cp1252",
    "images": "the folder of the images",
    "on_missing": "what to do about a row whose image is missing: error or drop",
    "on_conflict": "rows or annotations of one image that disagree: error, first (Label Studio: "
    "any, all)",
    "min_count": "labels with fewer images are dropped (film posters)",
    "vocab": "the label names in order (in the command: a file with one a line, or a,b,c)",
    "fname_column": "the column with the names of the images",
    "label_column": "the column with the labels, or several",
    "split_column": "the column that says train, valid or test; 'none': split anew",
    "valid_fold": "the number of the fold that is the validation split",
    "test_fold": "the number of the fold that is the test split",
    "group_column": "the column whose groups (patient, film) must not be split",
    "minus_one": "what -1 means in a column of 0 and 1: no or unknown",
    "unlabelled": "what to do about an image that nobody annotated: error or drop",
    "difficult": "what to do about VOC's objects marked difficult: keep or drop",
    "copies": "files of equal bytes in several folders of classes: separate or join",
    "na_cells": "what a cell nan, None or NA means: empty (no label) or label",
}


def flag(option):
    "The command's name of an option."
    return "--" + option.replace("_", "-")


def opt(
    option,  # a key of OPTIONS
    value,  # what to pass
) -> str:  # such as: sep='|' (--sep '|' in the command)
    "How a message names an option: as it is written in Python and in the command."
    if option not in OPTIONS:
        raise KeyError(option)
    typed = ",".join(value) if isinstance(value, list) else repr(value)
    return f"{option}={value!r} ({flag(option)} {typed} in the command)"
