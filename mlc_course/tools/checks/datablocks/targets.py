"Lesson 03, exercise 3: targets read back into words."

from .._core import Mistake, Right, Wrong, function, torch_first
from ..tables.names import diagnose_names, own_name, several


def read_target_cases():
    import torch

    return [
        (
            torch.tensor([[1.0, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 1]]),
            ["bird", "boat", "sun", "whale"],
        ),
        (torch.tensor([[0.0, 1, 1], [1, 0, 1]]), ["zebra", "dog", "ant"]),
        (torch.zeros(1, 2), ["bird", "boat"]),
    ]


def names_of(yb, vocab, has=lambda v: v == 1):
    return [[o for o, v in zip(vocab, row) if has(v)] for row in yb.tolist()]


def read_target_mistakes():
    return [
        *several(
            "you take the largest number of each row, so every row gets exactly one name. That "
            "suits a task with one answer; here a row has as many names as it has ones, or none.",
            lambda y, v: [[v[i]] for i in y.argmax(1)],
            lambda y, v: [v[i] for i in y.argmax(1)],
        ),
        *several(
            "you give columns, not names: the vocab says which name each column has.",
            lambda y, v: [[i for i, o in enumerate(r) if o] for r in y.tolist()],
            lambda y, v: [i for r in y.tolist() for i, o in enumerate(r) if o],
        ),
        Mistake(
            "every row gets every name: >= 0 is true of the zeros as well. A label is there "
            "where the number is 1.",
            lambda y, v: names_of(y, v, lambda o: True),
        ),
        Mistake(
            "it is the other way round: you name the labels that aren't there. A label is there "
            "where the number is 1.",
            lambda y, v: names_of(y, v, lambda o: o == 0),
        ),
        Mistake(
            "the names are in alphabetical order, and this vocab isn't. Leave them in the order "
            "of the columns.",
            lambda y, v: [sorted(o) for o in names_of(y, v)],
        ),
        Mistake(
            "you look into a sorted vocab, so the columns got other names. Column i has the i-th "
            "name of the vocab that is given.",
            lambda y, v: names_of(y, sorted(v)),
        ),
        *several(
            "all names are in one list, and nothing says which image they belong to. Make one "
            "list per row.",
            lambda y, v: [o for r in names_of(y, v) for o in r],
            lambda y, v: sorted({o for r in names_of(y, v) for o in r}),
        ),
        Mistake(
            "the rows without any label are gone, so the lists don't line up with the images any "
            "more. Keep an empty list for them.",
            lambda y, v: [o for o in names_of(y, v) if o],
        ),
        Mistake(
            "an image without labels gets a name that isn't in the vocab. Its row has no ones, so "
            "its list is empty.",
            lambda y, v: [o or ["none"] for o in names_of(y, v)],
        ),
        *several(
            "you give a text for each row, and what is wanted is a list of names.",
            *(
                lambda y, v, sep=sep: [sep.join(o) for o in names_of(y, v)]
                for sep in (" ", ";", ",", ", ", "; ")
            ),
        ),
    ]


def read_target(answer) -> Right:
    "Exercise 3: read_target(yb, vocab), a list of label names for each row of yb [N, C]."
    torch_first()
    what = own_name(answer, "read_target")
    function(answer, what)

    def f(yb, vocab):
        try:
            return answer(yb, vocab)
        except TypeError as e:
            if not any(
                o in str(e) for o in ("list indices", "converted to an index", "scalar index")
            ):
                raise
            raise Wrong(
                f"{what} stopped with TypeError: {e}. fastai's vocab takes several columns at "
                "once; this vocab is a plain list, which takes one whole number at a time."
            ) from e

    return diagnose_names(
        f,
        names_of,
        read_target_mistakes(),
        read_target_cases(),
        what,
        praise="Right: as many names as there are ones, in the order of the columns.",
    )
