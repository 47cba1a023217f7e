"What the tests of figures share."


def labelled(ax):
    "Whether an Axes has a title and both of its names."
    return bool(ax.get_title() and ax.get_xlabel() and ax.get_ylabel())
