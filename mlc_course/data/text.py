"Text of others, as it is."


def plain_text(
    text,  # a label, a file name, a title
) -> str:  # for Matplotlib
    "`text` so that Matplotlib draws it letter for letter, and no formula where two $ are in it."
    return str(text).replace("$", r"\$")
