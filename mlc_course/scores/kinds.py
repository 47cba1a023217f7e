"What something is, in the words of a message."


def kind(
    x,  # what was given
) -> str:  # "a Tensor", "the string 'x'"
    "What it is, for a message."
    if isinstance(x, str):
        return f"the string {x!r}"
    name = type(x).__name__
    return f"{'an' if name[0].lower() in 'aeiou' or name == 'ndarray' else 'a'} {name}"
