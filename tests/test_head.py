"The head alone: equal to scikit-learn's logistic regression, and modest in memory with many labels."

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from mlc_course.training import torch_head
from mlc_course.training.torch_head import fit_head


@pytest.fixture
def task():
    "Standard features [300, 12], and seven labels that depend on them."
    rng = np.random.default_rng(0)
    f = rng.normal(size=(300, 12)).astype("float32") * rng.uniform(0.1, 5, 12).astype("float32")
    logits = f @ rng.normal(size=(12, 7)) + 2 * rng.normal(size=(300, 7))
    return f + 3, (logits > rng.normal(size=7)).astype("float32")


@pytest.mark.parametrize("labels_at_once", [1, 3, 100])
def test_blocks_of_labels_are_scikit_learns_logistic_regression(task, monkeypatch, labels_at_once):
    from sklearn.linear_model import LogisticRegression

    f, y = task
    per_label = 4 * (f.shape[1] + 1) * (2 * torch_head.HISTORY + 8)
    monkeypatch.setattr(torch_head, "ROOM", labels_at_once * per_label)
    sizes, fit = [], torch_head.fit_labels
    monkeypatch.setattr(
        torch_head, "fit_labels", lambda z, t, *o: (sizes.append(t.shape[1]), fit(z, t, *o))[1]
    )
    head = nn.Linear(12, 7)
    fit_head(head, torch.from_numpy(f), torch.from_numpy(y), passes=2000, C=0.3)
    assert sizes == {1: [1] * 7, 3: [3, 3, 1], 100: [7]}[labels_at_once]
    z = (f - f.mean(0)) / (f.std(0) + 1e-3)
    ours = torch.sigmoid(head(torch.from_numpy(f))).detach().numpy()
    for j in range(7):
        theirs = LogisticRegression(C=0.3, tol=1e-8, max_iter=5000).fit(z, y[:, j])
        np.testing.assert_allclose(ours[:, j], theirs.predict_proba(z)[:, 1], atol=2e-3)


MEASURED = """
import torch
from mlc_course.training.measured import peak_memory_mb
from mlc_course.training.torch_head import fit_head
n, labels, features = 1000, 2000, 2048
x = torch.rand(n, features)
y = (torch.rand(n, labels) < .05).float()
head = torch.nn.Linear(features, labels)
head(x[:1]); fit_head(torch.nn.Linear(features, 2), x[:50], y[:50, :2], passes=2)
before = peak_memory_mb()  # of this process alone: ru_maxrss would begin with its parent's
passes = fit_head(head, x, y, passes=13)
print(passes, peak_memory_mb() - before)
"""


def test_2000_labels_on_2048_features_take_less_than_200_mb():
    done = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    passes, mb = map(float, done.stdout.split())
    assert passes >= 12 and 5 < mb < 200, f"{mb:.0f} MB"  # the memory of ten steps is full
