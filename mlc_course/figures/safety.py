"Figures of the appendix on trainings that survive. Each function gives the Axes."

import matplotlib.pyplot as plt

BLUE, ORANGE, GREY = "#006BA4", "#C85200", "#ABABAB"  # told apart by colour-blind readers, too


def resumed(
    straight,  # losses of the training that ran through
    careless,  # losses where the weights alone were kept
    careful,  # losses where everything was kept
    stopped,  # the step at which both were stopped
):
    "Loss by step: one training that ran through, and two that were stopped and went on."
    ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")[1]
    ax.plot(straight, "-", color=GREY, lw=5, label="ran through")
    ax.plot(careful, "-", color=BLUE, lw=1.5, label="resumed: weights and optimiser")
    ax.plot(careless, "--", color=ORANGE, lw=1.5, label="resumed: weights alone")
    ax.axvline(stopped, color="black", ls=":", lw=1)
    ax.set(xlabel="step (dotted: where it was stopped)", ylabel="loss of the batch")
    ax.set_title("What a checkpoint must hold")
    ax.legend()
    return ax
