"Checks of lesson 15."

import re

import numpy as np

from ._core import Mistake, Right, converted, diagnose

# ---- exercise 1 --------------------------------------------------------------------------------
COUNTS = [(5011, 20, 7306), (4, 3, 2), (100, 81, 0), (1000, 27, 2436), (7, 2, 14)]


def accuracy_of_nothing(answer) -> Right:
    "Exercise 1: f(n_images, n_labels, n_true), the accuracy of predicting nothing."
    mistakes = [
        Mistake(
            "this is the share of cells that are true, which predicting nothing gets wrong. Its"
            " accuracy is the share of the others.",
            lambda n, c, t: t / (n * c),
        ),
        Mistake(
            "you divide by the number of images. Accuracy counts cells, and each image has one for"
            " each label.",
            lambda n, c, t: 1 - t / n,
        ),
        Mistake(
            "you divide by the number of labels. There is a cell for each image and label.",
            lambda n, c, t: 1 - t / c,
        ),
        Mistake(
            "this is the number of cells that are right; divide it by the number of all cells.",
            lambda n, c, t: n * c - t,
        ),
        Mistake(
            "you took the answer times 100; an accuracy lies between 0 and 1.",
            lambda n, c, t: 100 * (1 - t / (n * c)),
        ),
        Mistake(
            "the result is rounded. Leave the rounding to whoever prints it.",
            lambda n, c, t: round(1 - t / (n * c), 3),
        ),
    ]
    return diagnose(
        answer,
        lambda n, c, t: 1 - t / (n * c),
        mistakes,
        COUNTS,
        "my_nothing",
        praise="Right. Put this number beside every accuracy that you read.",
    )


# ---- exercise 2 --------------------------------------------------------------------------------
NAMES = [
    "train/1.jpg", "a..b.jpg", "train/..x/1.jpg", ".hidden", "a/./b.jpg", "caf\u00e9 1.jpg",
    "../a", "a/../../b", "..", "/a", "\\a", "..\\a", "a\\..\\..\\b",
    "C:/a", "c:a", "C:\\a", "//host/share",
]  # fmt: skip


def _parts(name):
    return name.replace("\\", "/").split("/")


def _inside(name):
    rooted = bool(re.match(r"[/\\]|[A-Za-z]:", name))
    return not rooted and ".." not in _parts(name)


def stays_inside(answer) -> Right:
    "Exercise 2: f(name), whether an entry of an archive stays in its folder on any system."
    mistakes = [
        Mistake(
            "you look for '..' anywhere in the name, so harmless names such as 'a..b.jpg' are"
            " refused. Only a part of the path that is exactly '..' leads up.",
            lambda n: not re.match(r"[/\\]|[A-Za-z]:", n) and ".." not in n,
        ),
        Mistake(
            "backslashes slip through: on Windows '..\\a' leads up and '\\a' to the root. Take a"
            " backslash for a slash first.",
            lambda n: not re.match(r"/|[A-Za-z]:", n) and ".." not in n.split("/"),
        ),
        Mistake(
            "a drive slips through: on Windows 'C:/a' is a place of its own, and so is 'c:a'.",
            lambda n: not re.match(r"[/\\]", n) and ".." not in _parts(n),
        ),
        Mistake(
            "'c:a' slips through. On Windows a letter and a colon name a drive even without a"
            " slash behind them.",
            lambda n: not re.match(r"[/\\]|[A-Za-z]:[/\\]", n) and ".." not in _parts(n),
        ),
        Mistake(
            "a '..' further inside slips through, as in 'a/../../b'. Look at every part of the"
            " path.",
            lambda n: not re.match(r"[/\\]|[A-Za-z]:|\.\.([/\\]|$)", n),
        ),
        Mistake(
            "this holds on Linux and macOS only. On Windows a backslash separates folders, and"
            " 'C:' names a drive; an archive that you pass on meets both systems.",
            lambda n: not n.startswith("/") and ".." not in n.split("/"),
        ),
        Mistake(
            "absolute names slip through: '/a' leads to the root, wherever you unpack.",
            lambda n: ".." not in _parts(n),
        ),
        Mistake(
            "it is the other way round: True means that the name stays in the folder.",
            lambda n: not _inside(n),
        ),
    ]
    return diagnose(
        converted(answer, bool) if callable(answer) else answer,
        _inside,
        mistakes,
        [(n,) for n in NAMES],
        "my_stays_inside",
        praise="Right. Names are only half of it: links and devices are refused by their kind.",
    )


# ---- exercise 3 --------------------------------------------------------------------------------
TRIES = [(1000, '"abc"'), (0, '"abc"'), (1000, None), (1000, 'W/"abc"'), (0, None), (1, '"W/"')]


def _headers(have, etag):
    if not have or not etag or etag.startswith("W/"):
        return {}
    return {"Range": f"bytes={have}-", "If-Range": etag}


def _lower(got):
    "Headers with their names in one case, as HTTP has it, and text without spaces around."
    if not isinstance(got, dict):
        return got
    return {str(k).strip().lower(): str(v).strip() for k, v in got.items()}


def continue_headers(answer) -> Right:
    "Exercise 3: f(have, etag), the headers that continue a download."
    right = converted(_headers, _lower)

    def always(have, etag):
        return {"Range": f"bytes={have}-", "If-Range": etag or ""}

    def given(have, etag, ok, first=0, last=""):
        return {"Range": f"bytes={have + first}-{last}", "If-Range": etag} if ok else {}

    def strong(have, etag):
        return have and etag and not etag.startswith("W/")

    mistakes = [
        Mistake(
            "a weak ETag (W/...) says that the content means the same, and not that the bytes are"
            " the same. Halves of two such files don't fit together: give {}.",
            lambda h, e: given(h, e, h and e),
        ),
        Mistake(
            "Range counts bytes from 0, so the first byte that is missing has the number `have`.",
            lambda h, e: given(h, e, strong(h, e), 1),
        ),
        Mistake(
            "this asks for the last byte that is here once more, and it would stand in the file"
            " twice. The first byte that is missing has the number `have`.",
            lambda h, e: given(h, e, strong(h, e), -1),
        ),
        Mistake(
            "If-Range is missing. Without it a server sends the rest of whatever version it has"
            " now, behind the beginning of the old one.",
            lambda h, e: {"Range": f"bytes={h}-"} if strong(h, e) else {},
        ),
        Mistake(
            "you send the ETag as If-Match. A changed file is then answered with an error (412);"
            " If-Range has the whole new file sent.",
            lambda h, e: {"Range": f"bytes={h}-", "If-Match": e} if strong(h, e) else {},
        ),
        Mistake(
            "a Range needs its unit: 'bytes=1000-'.",
            lambda h, e: {"Range": f"{h}-", "If-Range": e} if strong(h, e) else {},
        ),
        Mistake(
            "with nothing here there is nothing to continue: give {} for have = 0.",
            lambda h, e: given(h, e, e and not e.startswith("W/")),
        ),
        Mistake("you give headers in every case; some files must be begun anew: {}.", always),
        Mistake(
            "any ETag with W/ in it is taken for a weak one. Only one that *begins* with W/ is.",
            lambda h, e: given(h, e, h and e and "W/" not in e),
        ),
    ]
    mistakes = [Mistake(m.says, converted(m.gives, _lower)) for m in mistakes]
    given_answer = converted(answer, _lower) if callable(answer) else answer
    praise = "Right. A server that doesn't know If-Range sends the whole file, which is right too."
    return diagnose(given_answer, right, mistakes, TRIES, "my_headers", praise=praise)


# ---- exercise 4 --------------------------------------------------------------------------------
def _cases():
    rng = np.random.default_rng(0)
    tags = ["sky", "animal", "zebra", "clouds", "boats", "map"]
    first = rng.random((60, 6)) < np.array([0.5, 0.2, 0.05, 0.6, 0.3, 0.1])
    ties = np.zeros((6, 6), bool)
    ties[:2, [1, 3]] = ties[:4, 4] = ties[0, [0, 2, 5]] = True
    return [(first, tags, 3), (ties, tags, 2), (first, tags, 6), (first, tags, 1), (ties, tags, 4)]


def _by_frequency(targets, n):
    return np.argsort(-targets.sum(0), kind="stable")[:n]


def top_tags(answer) -> Right:
    "Exercise 4: f(targets, tags, n), the n most frequent tags in the order of `tags`."
    mistakes = [
        Mistake(
            "these are the right tags, in the order of their frequency. Keep the order of `tags`:"
            " columns of two runs are then the same.",
            lambda t, tags, n: [tags[i] for i in _by_frequency(t, n)],
        ),
        Mistake(
            "these are the right tags in the order of the alphabet; keep the order of `tags`.",
            lambda t, tags, n: sorted(tags[i] for i in _by_frequency(t, n)),
        ),
        Mistake(
            "these are the rarest tags: argsort sorts upwards.",
            lambda t, tags, n: [tags[i] for i in sorted(np.argsort(t.sum(0), kind="stable")[:n])],
        ),
        Mistake(
            "you give the first n of `tags`, whatever their frequency.",
            lambda t, tags, n: tags[:n],
        ),
        Mistake(
            "of two tags that are equally frequent you keep the later one. Turning an upward sort"
            " round turns the ties round too; sort the negative counts with kind='stable'.",
            lambda t, tags, n: [tags[i] for i in sorted(np.argsort(t.sum(0), kind="stable")[-n:])],
        ),
        Mistake(
            "these are positions; give the names, tags[i].",
            lambda t, tags, n: [int(i) for i in sorted(_by_frequency(t, n))],
        ),
        Mistake(
            "the sum goes along the wrong axis: targets is [N, C], so sum(0) counts images for"
            " each tag.",
            lambda t, tags, n: [
                tags[i] for i in sorted(np.argsort(-t.sum(1), kind="stable")[:n] % len(tags))
            ],
        ),
    ]
    right = lambda t, tags, n: [tags[i] for i in sorted(_by_frequency(t, n))]  # noqa: E731
    answer = converted(answer, list) if callable(answer) else answer
    praise = "Right. These are the columns of the small NUS-WIDE."
    return diagnose(answer, right, mistakes, _cases(), "my_top_tags", praise=praise)
