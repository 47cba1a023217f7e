"Text of others, as it is, and lists of it."


def plain_text(
    text,  # a label, a file name, a title
) -> str:  # for Matplotlib
    "`text` so that Matplotlib draws it letter for letter, and no formula where two $ are in it."
    return str(text).replace("$", r"\$")


def some(
    names,  # of files or labels
    n: int = 3,  # how many are told
) -> str:  # "a, b, c and 22 more"
    "The first names, and how many more there are."
    names = list(names)
    return ", ".join(names[:n]) + (f" and {len(names) - n:,} more" if len(names) > n else "")


def count(
    n: int,
    what: str,  # a noun
) -> str:  # "1 label", "3 labels"
    "A number with its noun."
    return f"{n} {what}{'s' * (n != 1)}"
