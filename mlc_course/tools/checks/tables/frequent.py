"Lesson 02, exercise 2: the frequent labels."

import operator
from collections import Counter

from .._core import Mistake, Right, Wrong, function
from .names import diagnose_names, own_name, several


def kept(
    rows, min_count, once=set, enough=operator.ge, stays=lambda before, after: after or not before
):
    n = Counter(o for row in rows for o in once(row))
    pairs = [(row, [o for o in row if enough(n[o], min_count)]) for row in rows]
    return [after for before, after in pairs if stays(before, after)]


def counted(rows):
    "How many images have each label; the labels in the order in which they first stand."
    return Counter(o for row in rows for o in dict.fromkeys(row))


def frequent_labels(rows, min_count):
    return {o for o, n in counted(rows).items() if n >= min_count}


def keeping(rows, labels):
    "The label lists with only these labels; a list that loses everything by it goes."
    pairs = [(row, [o for o in row if o in labels]) for row in rows]
    return [after for before, after in pairs if after or not before]


RARE = [
    ["sky", "sun"],
    ["sky", "boat"],
    ["kite"],
    [],
    ["sun"],
    ["whale", "sky"],
    ["whale"],
    ["star"],
]


def keep_frequent_cases():
    few = [["sky"], ["sun", "sky"], ["kite"], [], []]
    twice = [["kite", "kite"], ["sky"], ["sky"]]
    two_rare = [["kite", "star", "sky"], ["sky"]]
    return [(RARE, 2), (RARE, 3), (few, 1), ([[], []], 2), (twice, 2), (two_rare, 2)]


def removing(rows, min_count):
    "What is left when labels are removed from a list in a loop over that list."
    keep, rows = frequent_labels(rows, min_count), [list(row) for row in rows]
    for row in rows:
        for o in row:
            if o not in keep:
                row.remove(o)
    return rows


def keep_frequent_mistakes():
    return [
        Mistake(
            "a label that exactly min_count images have is dropped. At least min_count means >=.",
            lambda r, m: kept(r, m, enough=operator.gt),
        ),
        *several(
            "two things. At least min_count means >=, so a label that exactly min_count images "
            "have stays. And look at the labels before as well as after: an image that lost its "
            "only labels goes, one that had none from the start stays.",
            lambda r, m: kept(r, m, enough=operator.gt, stays=lambda before, after: True),
            lambda r, m: kept(r, m, enough=operator.gt, stays=lambda before, after: after),
        ),
        *several(
            "a rare label that stands behind another one is still there. You remove from a list "
            "while you loop over it, and then the loop skips one: make a new list instead.",
            removing,
            lambda r, m: [a for b, a in zip(r, removing(r, m)) if a or not b],
            lambda r, m: [o for o in removing(r, m) if o],
        ),
        *several(
            "an image with a label twice counts as two images for it. Count the images that have "
            "the label, for example over set(labels).",
            lambda r, m: kept(r, m, once=list),
            lambda r, m: [list(dict.fromkeys(o)) for o in kept(r, m, once=list)],
        ),
        Mistake(
            "two things. An image with a label twice counts as two images for it: count over "
            "set(labels). And images that lost all their labels are kept, with an empty list; "
            "only those that had no label from the start stay.",
            lambda r, m: kept(r, m, once=list, stays=lambda before, after: True),
        ),
        Mistake(
            "two things. An image with a label twice counts as two images for it: count over "
            "set(labels). And the images that had no label from the start are dropped, though "
            "their empty list is true: look at the labels before as well as after.",
            lambda r, m: kept(r, m, once=list, stays=lambda before, after: after),
        ),
        Mistake(
            "every image that had a rare label is dropped. Take the rare label out, and keep the "
            "image if another label is left.",
            lambda r, m: [o for o in r if set(o) <= frequent_labels(r, m)],
        ),
        Mistake(
            "images that lost all their labels are kept, with an empty list. As in "
            "`drop_rare_labels`, they go; only those that had no label from the start stay.",
            lambda r, m: kept(r, m, stays=lambda before, after: True),
        ),
        Mistake(
            "the images that had no label from the start are dropped too. Their empty list is "
            "true, so they stay: look at the labels before as well as after.",
            lambda r, m: kept(r, m, stays=lambda before, after: after),
        ),
        *several(
            "the rare labels are still in the lists of the images that stay. Take them out there "
            "too: a label that isn't in the vocab has no column.",
            lambda r, m: [o for o in r if not o or set(o) & frequent_labels(r, m)],
            lambda r, m: [o for o in r if set(o) & frequent_labels(r, m)],
        ),
        *several(
            "you keep the min_count most frequent labels. min_count is a number of images: keep "
            "each label that at least so many have.",
            lambda r, m: keeping(r, {o for o, _ in counted(r).most_common(m)}),
            lambda r, m: [o for o in keeping(r, {o for o, _ in counted(r).most_common(m)}) if o],
        ),
        Mistake(
            "the labels of an image are sorted: leave them in their order.",
            lambda r, m: [sorted(o) for o in kept(r, m)],
        ),
        Mistake(
            "it is the other way round: you keep the rare labels and drop the frequent ones.",
            lambda r, m: kept(r, m, enough=operator.lt),
        ),
    ]


def of_images(answer, what):
    "The answer; the names of the labels in place of the lists of the images are refused."

    def f(rows, min_count):
        got = answer(rows, min_count)
        names = got if isinstance(got, (list, tuple, set, frozenset)) else []
        if names and all(isinstance(o, str) for o in names):
            if set(names) <= frequent_labels(rows, 1):
                raise Wrong(
                    f"{what}: you give the labels that remain, and what is wanted are the label "
                    "lists of the images that remain."
                )
        return got

    return f


def keep_frequent(answer) -> Right:
    "Exercise 2: keep_frequent(label_lists, min_count), the label lists that remain."
    what = own_name(answer, "keep_frequent")
    function(answer, what)
    return diagnose_names(
        of_images(answer, what),
        kept,
        keep_frequent_mistakes(),
        keep_frequent_cases(),
        what,
        praise="Right: rare labels go, images that lose everything by it go, and true zeros stay.",
    )
