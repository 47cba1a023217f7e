"Figures of the appendix on the residual network. Each function gives the Axes."

import matplotlib.pyplot as plt

BLUE, ORANGE, GREY = "#006BA4", "#C85200", "#595959"  # told apart by colour-blind readers, too


def shape_of_network(
    names,  # of the image and the stages
    sides,  # of the maps in pixels
    channels,  # of the maps
):
    "A bar for each map: as tall as its side, as wide as its channels are many."
    ax = plt.subplots(figsize=(8, 3.2), layout="constrained")[1]
    x = 0.0
    for name, side, n in zip(names, sides, channels):
        width = max(n / 16, 0.6)
        ax.bar(x, side, width, align="edge", color="#7FA8C9", edgecolor=BLUE)
        text = f"{name}\n{side} px × {n}"
        ax.text(x + width / 2, side + 2, text, ha="center", va="bottom", fontsize=8)
        x += width + 7
    ax.set(xlim=(-5, x), ylim=(0, 1.3 * max(sides)), xticks=[])
    ax.set(xlabel="from the image to the last stage", ylabel="side (px)")
    ax.set_title("Pocket ResNet: the side shrinks, the channels grow")
    return ax


def training_curves(
    curves,  # {name: training loss after each epoch}; names with "plain" are dashed
    deep="56",  # names with this in them are orange
):
    "Training loss by epoch, one line for each network."
    ax = plt.subplots(figsize=(6.5, 3.8), layout="constrained")[1]
    for name, losses in curves.items():
        style = "o--" if "plain" in name else "s-"
        colour = ORANGE if deep in name else BLUE
        epochs = range(1, len(losses) + 1)
        ax.plot(epochs, losses, style, color=colour, ms=4, label=name)
    ax.set(xlabel="epoch", ylabel="training loss (mean of the epoch)")
    ax.set_title("The same training, four networks" if len(curves) > 2 else "Deeper, and worse")
    ax.legend(title="network, layers")
    return ax
