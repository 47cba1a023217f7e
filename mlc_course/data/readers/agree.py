"""What several people said about one image, made one list of labels, or refused."""

from .options import opt

CONFLICTS = ("error", "any", "all", "majority", "first")


def check_conflict(on_conflict):
    "Raise if an on_conflict isn't understood."
    if on_conflict not in CONFLICTS:
        names = ", ".join(map(repr, CONFLICTS))
        raise ValueError(f"on_conflict is {on_conflict!r}; use one of {names}.")


def agreed(
    answers,  # one list of labels (or dict by label) for each annotation of an image
    on_conflict,  # one of CONFLICTS
    source,  # where they stand, for the message
):  # list of labels; None if there is no annotation
    "The labels of an image that was annotated several times."
    if not answers:
        return None
    first = list(answers[0])
    if on_conflict == "first" or all(set(o) == set(first) for o in answers[1:]):
        return first
    every = list(dict.fromkeys(o for some in answers for o in some))
    votes = {o: sum(o in some for some in answers) for o in every}
    if on_conflict == "error":
        said = " and ".join(repr(list(o)) for o in answers[:3])
        raise ValueError(
            f"{source} was annotated {len(answers)} times, and differently: {said}. Correct it, or"
            f" pass {opt('on_conflict', 'any')} (labels that any of them gave), 'all', 'majority'"
            " or 'first'."
        )
    least = {"any": 1, "all": len(answers), "majority": len(answers) // 2 + 1}[on_conflict]
    return [o for o in every if votes[o] >= least]
