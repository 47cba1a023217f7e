"Exercise 5 of lesson 01: the density of a table."

import numpy as np

from .._core import Mistake, Right, diagnose
from .._names import called


def label_density(answer) -> Right:
    "Exercise 5: label_density(targets) gives one number: the labels per image as a share of the labels that there are."
    table = np.array([[1, 0, 1, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 0, 0]], dtype=bool)
    return diagnose(
        answer,
        lambda t: t.mean(),
        [
            Mistake(
                "this is the cardinality, the average number of labels of an image. The density is its share of the labels that there are.",
                lambda t: t.sum() / len(t),
            ),
            Mistake(
                "images without labels are left out of the mean. They are images too, and their cells are all 'no'.",
                lambda t: t[t.any(1)].mean(),
            ),
            Mistake(
                "labels that no image has are left out of the mean. They are in the vocab, and a model has to say no to them as well.",
                lambda t: t[:, t.any(0)].mean(),
            ),
            Mistake(
                "you give one number per label, the frequencies of the labels. The density is one number for the whole table.",
                lambda t: t.mean(0),
            ),
            Mistake(
                "you give one number per image. The density is one number for the whole table.",
                lambda t: t.mean(1),
            ),
            Mistake(
                "this is the share of the cells that are 'no'. The density is the share that are 'yes'.",
                lambda t: 1 - t.mean(),
            ),
            Mistake(
                "this is the share of images that have any label at all. The density counts cells.",
                lambda t: t.any(1).mean(),
            ),
            Mistake(
                "you divide by the number of labels only, and the number of images is missing: the more images, the larger the result.",
                lambda t: t.sum() / t.shape[1],
            ),
            Mistake(
                "this is the share of labels that any image has. The density counts cells.",
                lambda t: t.any(0).mean(),
            ),
            Mistake(
                "this is the number of cells that are 'yes'. Divide by the number of cells.",
                lambda t: t.sum(),
            ),
            Mistake(
                "the share is rounded: give it as it is.",
                lambda t: round(float(t.mean()), 2),
            ),
            Mistake(
                "this is a percentage: give the share itself, between 0 and 1.",
                lambda t: 100 * t.mean(),
            ),
        ],
        [(table,), (table[:, :4].astype(int),), (table.T,)],
        called(answer, "my_label_density"),
        praise="Right: the mean over every cell, images without labels included.",
    )
