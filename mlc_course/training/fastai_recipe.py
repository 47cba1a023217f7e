"The trainers' one recipe in fastai's terms: optimiser, schedule, and how the images are moved."

from functools import partial

import numpy as np
import torch
from fastai.optimizer import Adam

from mlc_course.training.cycle import BETAS, END, EPSILON, START, WARM_UP
from mlc_course.training.torch_augment import draw_moves, moved

adamw = partial(Adam, mom=BETAS[0], sqr_mom=BETAS[1], eps=EPSILON)  # its weight decay is AdamW's
CYCLE = dict(div=START, div_final=END, pct_start=WARM_UP)  # for `fit_one_cycle`
MOMENTUM = (BETAS[0],) * 3  # it stays as it is


class FlipsAndShifts:
    "The flips and shifts of `train_torch.augment_batch`, for a whole batch."

    def __init__(
        self,
        seed: int = 0,
    ):
        self.seed = seed

    def __call__(
        self,
        images: np.ndarray,  # uint8 [B, S, S, 3]; may be changed
        batch: int = 0,  # its number: another one draws other moves
    ) -> np.ndarray:  # float32 [B, S, S, 3] in [0, 1]
        "The images moved."
        drawn = torch.Generator().manual_seed((self.seed * 1_000_003 + batch) % 2**63)
        x = torch.from_numpy(images)
        return moved(x, *draw_moves(len(x), x.shape[1], None, drawn)).numpy()
