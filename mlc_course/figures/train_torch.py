"Figures of the lesson on PyTorch's loop: losses by step, runs by epoch."

from ..hints import Axes, Figure

COLOURS = ("#006BA4", "#C85200", "#595959", "#A2C8EC")  # told apart by colour-blind readers, too
STYLES = ("-", "--", ":", "-.")


def by_heart(
    curves: dict,  # {name: the loss at each step}
    title: str = "Learning one batch by heart",
) -> "Axes":
    "Loss against step, on a log scale that says plain numbers."
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FixedLocator, FuncFormatter

    ax = plt.subplots(figsize=(6, 3.2), layout="constrained")[1]
    for (name, losses), colour, style in zip(curves.items(), COLOURS, STYLES):
        ax.plot(range(1, len(losses) + 1), losses, style, color=colour, label=name)
    ax.set(yscale="log", xlabel="step", ylabel="loss (nats, log scale)", title=title)
    ax.yaxis.set_major_locator(FixedLocator([10.0**k for k in range(-4, 3)]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    ax.minorticks_off()
    ax.legend()
    return ax


def runs_by_epoch(
    histories: dict,  # {name: rows with epoch, train_loss, valid_loss and valid_map}
    title: str = "Runs on the same images, from the same weights",
) -> "Figure":
    "Left the validation loss, right mAP on valid, a curve for each run; epochs count from 1."
    from matplotlib import pyplot as plt
    from matplotlib.ticker import MaxNLocator

    fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    panels = (("valid_loss", "loss on valid (nats)"), ("valid_map", "mAP on valid"))
    for ax, (column, label) in zip(axes, panels):
        for (name, rows), colour, style in zip(histories.items(), COLOURS, STYLES):
            epochs, values = [r["epoch"] for r in rows], [r[column] for r in rows]
            ax.plot(epochs, values, style, marker="o", ms=4, color=colour, label=name)
        ax.set(xlabel="epoch", ylabel=label)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.margins(0.06)
    axes[0].set_ylim(bottom=0)
    axes[1].legend(loc="lower right")
    fig.suptitle(title)
    return fig
