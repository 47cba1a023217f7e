"A run that nobody trained, for tests of folders and of the command."

import numpy as np
import pandas as pd

from mlc_course.metrics import Predictions, TrainingRun
from mlc_course.settings import load_profile

VOCAB = ["boat", "moon", "sun"]


def fake_run(splits=("valid", "test"), n=40, seed=0, seconds=1.0):
    rng = np.random.default_rng(seed)

    def one(split):
        targets = rng.random((n, 3)) < 0.4
        probs = np.clip(targets * 0.4 + rng.random((n, 3)) * 0.6, 0, 1).astype(np.float32)
        return Predictions(probs, targets, VOCAB, [f"{split}{i}.jpg" for i in range(n)])

    history = pd.DataFrame(
        dict(
            epoch=[0],
            train_loss=[0.5],
            valid_loss=[0.4],
            valid_macro_f1=[0.3],
            valid_map=[0.3],
            seconds=[1.0],
        )
    )
    return TrainingRun(
        "torch",
        None,
        VOCAB,
        history,
        {s: one(s) for s in splits},
        load_profile("smoke"),
        "pictures",
        seconds,
    )
