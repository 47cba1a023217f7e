"What the checks of lessons 02 and 03 share: answers made of names."

from .._core import Mistake, Right, Wrong, converted, diagnose, function, plain

NAN = float("nan")


class Names:
    "Names in lists, whatever kinds of sequence they came in: compared and shown as one value."

    def __init__(self, x):
        self.names = listed(x)

    def __eq__(self, other):
        return isinstance(other, Names) and self.names == other.names

    def __repr__(self):
        return repr(self.names)


def listed(x):
    x = plain(x)
    if isinstance(x, str):
        return str(x)
    if hasattr(x, "tolist"):
        x = x.tolist()
    if isinstance(x, float) and x != x:
        return NAN
    return (
        [listed(o) for o in x]
        if hasattr(x, "__iter__") and not isinstance(x, (str, bytes, dict, set))
        else x
    )


def named(f):
    return converted(f, Names)


def diagnose_names(answer, right, mistakes, cases, what, **kwargs) -> Right:
    "`diagnose` for answers made of names, in lists of any length."
    function(answer, what)
    return diagnose(
        named(of_lists(answer, what)),
        named(right),
        [Mistake(m.says, named(m.gives)) for m in mistakes],
        cases,
        what,
        **kwargs,
    )


def of_lists(answer, what):
    "The answer; a dict, or a set in the place of a row, is refused by name."

    def f(*args):
        got = answer(*args)
        if isinstance(got, dict):
            raise Wrong(f"{what} isn't right yet: it gives a dict, and a list is expected.")
        if isinstance(got, (list, tuple)) and any(isinstance(o, (set, frozenset)) for o in got):
            raise Wrong(
                f"{what} isn't right yet: it gives a set for each row. A set has no order and "
                "forgets what stands in it twice: give lists."
            )
        return got

    return f


def several(says, *gives):
    "One mistake that is made in several ways."
    return [Mistake(says, g) for g in gives]


def refusing_nan(answer, what, remedy):
    "The answer; its stop at a NaN is explained."

    def f(*args):
        try:
            return answer(*args)
        except (AttributeError, TypeError) as e:
            if "float" not in str(e):
                raise
            raise Wrong(
                f"{what} stopped with {type(e).__name__}: {e}. That float is NaN, which pandas "
                "makes of an empty cell: an image without labels needs an empty list, so "
                f"{remedy}."
            ) from e

    return f


def own_name(
    answer,  # the learner's function
    default: str,  # what the exercise calls it
) -> str:
    "What messages call an answer: the name that the learner gave it, or that of the exercise."
    name = getattr(answer, "__name__", default)
    return name if name.isidentifier() and hasattr(answer, "__code__") else default
