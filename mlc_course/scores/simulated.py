"Predictions of a model that doesn't exist, with properties that are known exactly."

import numpy as np

from .predictions import Predictions

LABELS = (
    "cloud tree house sun mountain flower bird car boat star moon rainbow balloon plane bench "
    "lamp dog kite tent fox"
).split()  # from the most to the least frequent


def simulate_predictions(
    n: int = 4000,  # images
    seed: int = 42,  # the same seed gives the same predictions
    sharpness: float = 1.0,  # 1: calibrated; above 1: too sure of itself
) -> Predictions:  # 20 labels, from one in 25 % of the images to one in 1 %
    """Predictions of a model that doesn't exist, with properties that are known exactly.

    About 4 % of the images have no label. Given the truth, a label's evidence is normal with a
    known shift, so the probabilities are calibrated by Bayes' rule; `sharpness` then multiplies
    the logits. Common labels are easier."""
    rng, c = np.random.default_rng(seed), len(LABELS)
    p = 0.88 * 0.25 * (0.01 / 0.25) ** (np.arange(c) / (c - 1))  # a long tail
    targets = rng.random((n, c)) < p
    # most of the empty images get one label
    fill = np.flatnonzero(~targets.any(1) & (rng.random(n) < 0.8))
    targets[fill, rng.choice(c, len(fill), p=p / p.sum())] = True
    p = p * (1 + 0.8 * np.prod(1 - p) / p.sum())  # the frequency after that
    shift = np.linspace(3.4, 2.4, c)
    evidence = rng.normal(size=(n, c)) + shift * targets
    logits = shift * evidence - shift**2 / 2 + np.log(p / (1 - p))
    order = np.argsort(LABELS)
    probs = 1 / (1 + np.exp(-sharpness * logits[:, order]))
    return Predictions(
        probs.astype(np.float32),
        targets[:, order],
        [LABELS[i] for i in order],
        [f"{i:06d}.jpg" for i in range(n)],
    )
