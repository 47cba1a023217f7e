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
    curves,  # {name: training loss of each step}; names with "plain" are dashed
    frequencies,  # the loss of predicting each label's frequency
    deep="56",  # names with this in them are orange
    width=10,  # steps that are averaged for a point
):
    "Training loss by step, one line for each network."
    ax = plt.subplots(figsize=(6.5, 3.8), layout="constrained")[1]
    for name, losses in curves.items():
        style = "o--" if "plain" in name else "s-"
        colour = ORANGE if deep in name else BLUE
        parts = [losses[i : i + width] for i in range(0, len(losses), width)]
        steps = [i * width + len(part) for i, part in enumerate(parts)]
        means = [sum(part) / len(part) for part in parts]
        ax.plot(steps, means, style, color=colour, ms=4, label=name)
    ax.axhline(frequencies, color=GREY, lw=1, label="frequencies alone")
    ax.set(xlabel="step", ylabel=f"training loss (mean of {width} steps)", yscale="log")
    ax.set_yticks([0.2, 0.3, 0.4, 0.6], ["0.2", "0.3", "0.4", "0.6"])
    ax.minorticks_off()
    ax.set_title("The same training, four networks" if len(curves) > 2 else "Deeper, and worse")
    ax.legend(title="network, layers")
    return ax
