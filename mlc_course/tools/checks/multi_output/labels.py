"Exercises: rare values merged, and heads that are right."

from __future__ import annotations

from collections import Counter

import numpy as np

from .._core import (
    Mistake,
    Right,
    Wrong,
    converted,
    diagnose,
    function,
    show,
)
from .._names import called


def merge_by_train(answer) -> Right:
    "Exercise 1: merge(train, test, min_count) -> (train, test), lists of names."
    train = ["Audi"] * 3 + ["BMW"] * 2 + ["Ford"] + ["Dodge"] * 3 + ["Other"]
    test = ["BMW", "Geo", "Geo", "Geo", "Ford", "Audi", "Ford", "Ford", "Dodge"]
    cases = [
        (train, test, 3),
        (train, test, 2),
        (["a", "b", "a"], ["b", "b", "a", "c"], 2),
        (["a", "a"], [], 1),
    ]

    def merged(count, over=lambda n, least: n >= least):
        def f(train, test, least):
            keeps = [
                {k for k, n in Counter(c).items() if over(n, least)} for c in count(train, test)
            ]
            return tuple(
                [o if o in keep else "Other" for o in names]
                for names, keep in zip((train, test), keeps)
            )

        return f

    train_only = lambda a, b: (a, a)

    def test_untouched(train, test, least):
        return merged(train_only)(train, test, least)[0], list(test)

    def any_in_train(train, test, least):
        return [
            merged(train_only)(train, test, least)[0],
            [o if o in train else "Other" for o in test],
        ]

    def removed(train, test, least):
        return [
            [o for o in names if o in {k for k, n in Counter(train).items() if n >= least}]
            for names in (train, test)
        ]

    def renamed(word):
        return lambda a, b, least: [
            [word if o == "Other" else o for o in names]
            for names in merged(train_only)(a, b, least)
        ]

    return diagnose(
        answer,
        merged(train_only),
        [
            Mistake(
                "you count both lists together. Then images of the test split decide which "
                "classes there are; count in `train` alone.",
                merged(lambda a, b: (a + b, a + b)),
            ),
            Mistake(
                "each list is counted by itself, so that a brand may be a class in one and "
                '"Other" in the other. What is kept in `train` is kept in `test`, and nothing '
                "else.",
                merged(lambda a, b: (a, b)),
            ),
            Mistake(
                "a name that occurs exactly `min_count` times stays: compare with >=.",
                merged(train_only, lambda n, least: n > least),
            ),
            Mistake(
                'the frequent names become "Other" and the rare ones stay in yours: it is the '
                "other way round.",
                merged(train_only, lambda n, least: n < least),
            ),
            Mistake(
                "the test list comes back as it was. The model has no output for a brand that "
                'isn\'t a class, so it has to become "Other" there as well.',
                test_untouched,
            ),
            Mistake(
                "rare names are left out, so the lists no longer match their images. Put "
                '"Other" in their place.',
                removed,
            ),
            Mistake(
                "you count in `test`. At training time only `train` is known.",
                merged(lambda a, b: (b, b)),
            ),
            Mistake(
                "in the test list a name stays if it occurs in `train` at all. A rare name of "
                '`train` is "Other" there, so it has to be "Other" in `test` too.',
                any_in_train,
            ),
            Mistake(
                'the training list comes back as it was. A rare name becomes "Other" in both '
                "lists.",
                lambda a, b, least: [list(a), merged(train_only)(a, b, least)[1]],
            ),
            Mistake(
                "a name stays if it occurs in `train` at all. It has to occur `min_count` times "
                'there, or it becomes "Other" in both lists.',
                lambda a, b, least: [list(a), any_in_train(a, b, least)[1]],
            ),
            Mistake(
                'the class of rare names is called "Other", with a capital letter.',
                renamed("other"),
            ),
            Mistake(
                'None stands in the place of a rare name. Put the text "Other" there.',
                renamed(None),
            ),
            Mistake(
                "the two lists come in the wrong order: `train` is the first.",
                lambda a, b, least: merged(train_only)(a, b, least)[::-1],
            ),
        ],
        cases,
        called(answer, "my_merge"),
        praise="Right: the training images decide, and both lists keep their length.",
    )


def heads_right(answer) -> Right:
    """Exercise 4: scores(preds, targets) -> {head: accuracy, ..., 'all right': share}, from dicts
    of int arrays.
    """
    rng = np.random.default_rng(10)

    def made(n, **heads):
        t = {k: rng.integers(0, c, n) for k, c in heads.items()}
        return {k: np.where(rng.random(n) < 0.7, v, (v + 1) % heads[k]) for k, v in t.items()}, t

    sure = made(6, sure=3, other=4)
    cases = [
        made(10, brand=4, type=3),
        made(9, brand=6, type=5, age=2),
        made(5, only=3),
        ({**sure[0], "sure": sure[1]["sure"]}, sure[1]),
        (
            {"a": np.array([0, 1]), "b": np.array([1, 1])},
            {"a": np.array([0, 0]), "b": np.array([0, 1])},
        ),
    ]

    def scored(total, swap=lambda p, t: (p, t)):
        def f(p, t):
            right = {n: p[n] == t[n] for n in t}
            acc = {n: r.mean() for n, r in right.items()}
            return {
                **acc,
                "all right": total(np.array(list(right.values())), np.array(list(acc.values()))),
            }

        return f

    right = scored(lambda r, a: r.all(0).mean())

    def reordered(p, t):
        out = right(p, t)
        return {**{n: out["all right"] for n in t}, "all right": out["all right"]}

    what = called(answer, "my_scores")
    function(answer, what)

    def a_dict(got):
        if not isinstance(got, dict):
            raise Wrong(
                f"{what} should give back a dict from the name of a head to its accuracy, and "
                f"gives {type(got).__name__}: {show(got)}."
            )
        return got

    return diagnose(
        converted(answer, a_dict),
        right,
        [
            Mistake(
                '"all right" is the product of the accuracies in yours. That would be true if '
                "the heads failed independently; count the images where all are right.",
                scored(lambda r, a: a.prod()),
            ),
            Mistake(
                '"all right" is the mean of the accuracies in yours. It is the share of '
                "images where every head is right at once.",
                scored(lambda r, a: a.mean()),
            ),
            Mistake(
                '"all right" is the accuracy of the worst head in yours. That is only the most '
                "that it can be.",
                scored(lambda r, a: a.min()),
            ),
            Mistake(
                "you count the images where at least one head is right. Every head has to be.",
                scored(lambda r, a: r.any(0).mean()),
            ),
            Mistake(
                '"all right" is a number of images. Give their share: divide by the number '
                "of images.",
                scored(lambda r, a: r.all(0).sum()),
            ),
            Mistake(
                "these are shares of mistakes. Accuracy is the share that is right.",
                lambda p, t: {k: 1 - v for k, v in right(p, t).items()},
            ),
            Mistake(
                'every head has the share of "all right" in yours. A head\'s accuracy asks for '
                "that head alone.",
                reordered,
            ),
            Mistake(
                "these are numbers of images. Give shares: divide by the number of images.",
                lambda p, t: {k: v * len(next(iter(t.values()))) for k, v in right(p, t).items()},
            ),
            Mistake(
                "the heads have numbers of images. Give shares: divide by the number of images.",
                lambda p, t: {
                    k: v * (1 if k == "all right" else len(t[k])) for k, v in right(p, t).items()
                },
            ),
            Mistake(
                "these are percentages. Give shares, from 0 to 1.",
                lambda p, t: {k: 100 * v for k, v in right(p, t).items()},
            ),
            Mistake(
                '"all right" is the accuracy of the last head in yours. Keep what you know of '
                "the heads before: an image counts if all of them are right.",
                scored(lambda r, a: a[-1]),
            ),
            Mistake(
                '"all right" is the share of heads that are right on every image: `all` went '
                "along the wrong axis. Asked is the share of images on which every head is "
                "right.",
                scored(lambda r, a: r.all(1).mean()),
            ),
            Mistake(
                'the key is "all_right" in yours. It is asked for as "all right", with a space.',
                lambda p, t: {k.replace(" ", "_"): v for k, v in right(p, t).items()},
            ),
            Mistake(
                'the key is "All right" in yours. The key asked for is "all right", in lower case.',
                lambda p, t: {k.replace("all", "All"): v for k, v in right(p, t).items()},
            ),
            Mistake(
                '"all right" is the share of images with a mistake in yours. Asked is the share '
                "without one.",
                scored(lambda r, a: (~r).any(0).mean()),
            ),
            Mistake(
                '"all right" supposes a fixed number of heads in yours. Count the heads of '
                "`preds`, or use `all`.",
                scored(lambda r, a: (r.sum(0) == 3).mean()),
            ),
            Mistake(
                "these are rows of rights and wrongs. Take the mean of each, which is the share "
                "that is right.",
                lambda p, t: {
                    **{n: p[n] == t[n] for n in t},
                    "all right": np.all([p[n] == t[n] for n in t], axis=0),
                },
            ),
            Mistake(
                '"all right" is missing from the dict.',
                lambda p, t: {k: v for k, v in right(p, t).items() if k != "all right"},
            ),
            Mistake(
                '"all right" is 1 only if each head is right on every image: `all()` went '
                "over everything. Take it over the heads, image by image, then the mean.",
                scored(lambda r, a: float(r.all())),
            ),
        ],
        cases,
        what,
        praise='Right: and "all right" never exceeds the worst head.',
    )
