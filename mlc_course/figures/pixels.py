"Figures of the appendix on decoded pixels. Each function gives the Axes."

import matplotlib.pyplot as plt

BLUE = "#006BA4"


def dots(
    values,  # {what was measured: a positive number}
    title,  # above the axes
    xlabel,  # with the unit
):
    "One dot for each measurement on a logarithmic axis, its value beside it."
    ax = plt.subplots(figsize=(7, 0.9 + 0.42 * len(values)), layout="constrained")[1]
    names, numbers = list(values), list(values.values())
    ax.plot(numbers, range(len(names)), "o", color=BLUE)
    for row, number in enumerate(numbers):
        text = f"{number:,.0f}" if number >= 10 else f"{number:.2g}"
        ax.annotate(text, (number, row), (8, 0), textcoords="offset points", va="center")
    ax.set_yticks(range(len(names)), names)
    ax.set(xscale="log", xlim=(min(numbers) / 2, 4 * max(numbers)), xlabel=xlabel, title=title)
    ax.grid(axis="x", alpha=0.4)
    ax.margins(y=0.25)
    ax.invert_yaxis()
    return ax
