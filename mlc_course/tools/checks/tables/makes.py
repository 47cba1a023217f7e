"Lesson 02, exercise 3: the make of a car."

from .._core import Mistake, Right, Wrong, function
from .names import diagnose_names, own_name, several

MAKES = [
    "AM",
    "AM General",
    "Aston Martin",
    "Audi",
    "Dodge",
    "Ford",
    "Land Rover",
    "Mercedes-Benz",
    "Ram",
    "Rover",
    "Shelby",
]


def make_of_cases():
    names = [
        "Dodge Ram Pickup 3500 Crew Cab 2010",
        "Ram C/V Cargo Van Minivan 2012",
        "Aston Martin V8 Vantage Coupe 2012",
        "Land Rover Range Rover SUV 2012",
        "AM General Hummer SUV 2000",
        "Ford Shelby GT500 Convertible 2007",
        "Mercedes-Benz C-Class Sedan 2012",
        "Rambler Classic Sedan 1963",
        "Tesla Model S Sedan 2012",
        "Land Cruiser Wagon 1984",
    ]
    return [(n, makes) for makes in (MAKES, MAKES[::-1]) for n in names]


def _first(name):
    return name.split()[0]


def _begins(name, makes):
    return [m for m in makes if name.split()[: len(m.split())] == m.split()]


def make_of_mistakes():
    def pick(found, how):
        return lambda n, k: how(found(n, k)) if found(n, k) else _first(n)

    def inside(n, k):
        return [m for m in k if m in n]

    def words(n, k):
        return [m for m in k if f" {m} " in f" {n} "]

    def single(n, k):
        return [m for m in k if m in n.split()]

    def letters(n, k):
        return [m for m in k if n.startswith(m)]

    def alike(n, k):
        return [m for m in k if _first(m) == _first(n)]

    def cut(n, k):
        return [" ".join(n.split()[: len(m.split())]) for m in alike(n, k)]

    first, last, longest, shortest = (
        (lambda f: f[0]),
        (lambda f: f[-1]),
        (lambda f: max(f, key=len)),
        (lambda f: min(f, key=len)),
    )
    return [
        *several(
            "you look for the make anywhere in the name, so a model such as Ram or Rover is "
            "taken for one. Look at its place: a make stands at the beginning.",
            *(
                pick(where, how)
                for where in (inside, words, single)
                for how in (first, last, longest, shortest)
            ),
        ),
        Mistake(
            "you take the first word, and some makes have two: Land isn't a make, Land Rover is. "
            "Use the makes that are known.",
            lambda n, k: _first(n),
        ),
        *several(
            "Rambler isn't a Ram: a make has to end where a word of the name ends. Compare "
            "words, or look for the make with a space behind it.",
            *(pick(letters, how) for how in (longest, first, last, shortest)),
        ),
        *several(
            "you compare the first word of a make only. Land Rover is known, but a Land Cruiser "
            "isn't one, and Land Cruiser isn't a known make either: compare all the words of a "
            "make.",
            *(pick(where, how) for where in (alike, cut) for how in (longest, first, last)),
        ),
        Mistake(
            "where two known makes begin the name, the shorter one wins. AM General is a make of "
            "its own: take the longest.",
            pick(_begins, shortest),
        ),
        *several(
            "where two known makes begin the name, the order of the list decides. Take the "
            "longest of them, in whatever order they come.",
            pick(_begins, first),
            pick(_begins, last),
        ),
    ]


def make_of(answer) -> Right:
    "Exercise 3: make_of(class_name, known_makes), the known make that begins the name."
    what = own_name(answer, "make_of")
    function(answer, what)

    def f(name, makes):
        got = answer(name, makes)
        if isinstance(got, (list, tuple, set)):
            raise Wrong(f"{what} gave {got!r} for {name!r}: one make is wanted, as a text.")
        if not _begins(name, makes) and got in (None, "", "Other", "other", "unknown"):
            raise Wrong(
                f"{what} gave {got!r} for {name!r}. None of the known makes begins it, and then "
                "its first word is the best guess."
            )
        return got

    return diagnose_names(
        f,
        lambda n, k: max(_begins(n, k), key=len, default=_first(n)),
        make_of_mistakes(),
        make_of_cases(),
        what,
        praise="Right: by position, whole words, the longest make that fits.",
    )
