"One cycle of the learning rate (Smith and Topin 2017, arXiv 1708.07120), the same in all trainers."

WARM_UP = 0.25  # share of the steps in which the rate rises
START, END = 25, 250_000  # the rate begins and ends at its highest divided by these
BETAS, EPSILON = (0.9, 0.999), 1e-8  # of AdamW; they stay as they are
