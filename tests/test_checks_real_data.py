"The checks of lesson 15: right answers in several ways pass, typical wrong ones are named."

import os
import re
from pathlib import PurePosixPath, PureWindowsPath

import numpy as np
import pandas as pd
import pytest
from checks_kit import mistakes_are_told_apart, odd_answers_are_refused, passes, says

from mlc_course.tools import checks
from mlc_course.tools.checks import real_data


def nothing(n_images, n_labels, n_true):
    return (n_images * n_labels - n_true) / (n_images * n_labels)


def stays(name):
    name = name.replace("\\", "/")
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive:
        return False
    return ".." not in PurePosixPath(name).parts


def headers(have, etag):
    if have == 0 or etag is None or etag[:2] == "W/":
        return {}
    return {"if-range": etag, "range": f"bytes={have}-"}


def top(targets, tags, n):
    order = sorted(range(len(tags)), key=lambda i: (-targets[:, i].sum(), i))[:n]
    return [t for i, t in enumerate(tags) if i in order]


ALL = {
    "accuracy_of_nothing": nothing,
    "stays_inside": stays,
    "continue_headers": headers,
    "top_tags": top,
}


@pytest.mark.parametrize("name", ALL)
def test_mistakes_are_told_apart(name, monkeypatch):
    mistakes_are_told_apart(real_data, name, ALL[name], monkeypatch)


@pytest.mark.parametrize("name", ALL)
def test_odd_answers(name):
    odd_answers_are_refused(getattr(checks, name))


def test_right_answers_in_other_words():
    passes(checks.accuracy_of_nothing, lambda n, c, t: np.float64(1) - np.float64(t) / n / c)
    passes(checks.stays_inside, lambda n: stays(n) and 1)
    passes(checks.stays_inside, lambda n: np.bool_(stays(n)))
    passes(checks.top_tags, lambda t, g, n: np.array(top(t, g, n)))
    passes(checks.top_tags, lambda t, g, n: tuple(top(t, g, n)))
    passes(checks.top_tags, lambda t, g, n: pd.Index(top(t, g, n)))

    def upper(have, etag):
        return {k.upper(): v for k, v in headers(have, etag).items()}

    passes(checks.continue_headers, upper)


def test_accuracy_of_nothing():
    check = checks.accuracy_of_nothing
    says(check, lambda n, c, t: t / (n * c), "gets wrong")
    says(check, lambda n, c, t: 1 - t / n, "number of images")
    says(check, lambda n, c, t: round(nothing(n, c, t), 3), "rounded")
    says(check, lambda n, c, t: 0.927, "isn't right yet")


def test_stays_inside():
    check = checks.stays_inside
    says(check, lambda n: not n.startswith(("/", "\\")) and ".." not in n, "isn't right yet")
    says(check, lambda n: not re.match(r"[/\\]|\w:", n) and ".." not in n, "harmless names")
    says(check, lambda n: n[:1] != "/" and ".." not in n.split("/") and n[1:2] != ":", "backslash")
    says(check, lambda n: ".." not in n.replace("\\", "/").split("/"), "absolute names")
    says(check, lambda n: not stays(n), "other way round")

    def by_path(n):
        return os.path.abspath(os.path.join("/d", n)).startswith("/d/")

    if os.name != "nt":
        says(check, by_path, "Linux and macOS only")
    passes(check, lambda n: by_path(n.replace("\\", "/")) and not PureWindowsPath(n).drive)


def test_continue_headers():
    check = checks.continue_headers

    def after(have, etag):
        return {k: v.replace(f"={have}", f"={have + 1}") for k, v in headers(have, etag).items()}

    says(check, after, "counts bytes from 0")
    says(check, lambda h, e: {"Range": f"bytes={h}-", "If-Range": e} if h and e else {}, "weak")
    says(check, lambda h, e: {k: v for k, v in headers(h, e).items() if k == "range"}, "missing")
    says(check, lambda h, e: [], "isn't right yet")


def test_top_tags():
    check = checks.top_tags
    says(check, lambda t, g, n: g[:n], "whatever their frequency")
    says(check, lambda t, g, n: sorted(top(t, g, n)), "alphabet")

    def by_count(t, g, n):
        return sorted(top(t, g, n), key=lambda o: -t[:, g.index(o)].sum())

    says(check, by_count, "order of their frequency")
    says(check, lambda t, g, n: [g.index(o) for o in top(t, g, n)], "positions")
