"""labels: multi-hot targets and back, counts, co-occurrence, stratified split."""
import numpy as np
import pytest

from mlc_course.labels import multi_hot


def test_multi_hot_small():
    assert multi_hot([["b"], [], ["a", "b", "b"]], ["a", "b"]).tolist() == [[False, True], [False, False], [True, True]]
    assert multi_hot([], ["a", "b"]).shape == (0, 2)


@pytest.mark.parametrize("bad", [[["x"]], [[""]], "ab", ["ab"], [None]])
def test_multi_hot_refuses(bad):
    with pytest.raises((ValueError, TypeError)): multi_hot(bad, ["a", "b"])
