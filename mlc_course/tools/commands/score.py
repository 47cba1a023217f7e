"`mlc evaluate`: the figures of a run."

from pathlib import Path
from typing import Annotated, Optional

import typer

from mlc_course.tools.commands.app import app, say


def score_split(
    predictions: dict,  # Predictions by split
    wanted: str | None = None,  # the split asked for
) -> str:  # a key of `predictions`
    "The split to score: the one asked for, else test, else valid."
    if wanted is not None and wanted not in predictions:
        raise ValueError(
            f"The run has no predictions for {wanted!r}; it has {', '.join(predictions)}."
        )
    found = wanted or next((s for s in ("test", "valid") if s in predictions), None)
    if found is None:
        raise ValueError(
            "The run has no predictions for test or valid, so there is nothing to score."
        )
    return found


def split_note(split):
    return f"Scores on the {split} split" + (
        ": the table has no test split, so these are the pictures that chose the epoch."
        if split == "valid"
        else "."
    )


@app.command()
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `mlc train --out` wrote.")],
    split: Annotated[
        Optional[str], typer.Option(help="valid or test; test if the run has it.")
    ] = None,
    thresh: Annotated[
        float,
        typer.Option(min=0, max=1, help="A label counts as predicted above this probability."),
    ] = 0.5,
    score: Annotated[
        str, typer.Option(help="What the sweep plots: accuracy, micro_f1, macro_f1 or samples_f1.")
    ] = "macro_f1",
    bootstrap: Annotated[
        int,
        typer.Option(
            min=0, help="Resamples of the images for the 95 % interval of each figure; 0: none."
        ),
    ] = 2000,
):
    "Print every score of a run, and plot the threshold sweep into its folder."
    from mlc_course.metrics import evaluate as scores
    from mlc_course.metrics import load_run
    from mlc_course.thresholds import best_threshold, sweep

    result = load_run(folder)
    chosen = score_split(result.predictions, split)
    predictions = result.predictions[chosen]
    table = sweep(predictions, score=score)
    profile = getattr(result.profile, "name", result.profile)
    say(
        f"{result.framework} on {result.dataset}, {profile} profile, trained in "
        f"{result.seconds:.0f} s. {split_note(chosen)}\n"
    )
    say(str(scores(predictions, thresh, bootstrap=bootstrap)))
    if bootstrap:
        say(
            f"\nIn brackets: where 95 % of such intervals hold the figure of all images like these "
            f"({bootstrap:,} resamples of the images)."
        )
    path = Path(folder) / "sweep.png"
    told = plot_into(table, path, f"{result.framework} on {result.dataset}, {chosen} split")
    best, value = best_threshold(table)
    say(
        f"\nBest {score.replace('_', ' ')} of the sweep: {value:.4f} at {best:.2f}"
        + (
            "; chosen on the pictures that it is measured on, so a little too good."
            if chosen == "test"
            else "."
        )
        + f"\n{told}"
    )


def plot_into(table, path, title, wait=5.0):
    """Plot a sweep into a run's folder, unless a training is at work there; say which.

    Another evaluate is over in a moment.
    """
    from mlc_course.training.lock import FolderInUse, held

    try:
        with held(path.parent, wait):
            plot_to(table, path, title)
    except FolderInUse as e:
        return f"Not plotted. {e}"
    return f"Plot: {path}"


def plot_to(
    table,  # from `sweep`
    path: Path,  # PNG file
    title: str,  # above the axes
):
    "Draw a sweep into a file, atomically and without a display."
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from mlc_course.data.text import plain_text
    from mlc_course.thresholds import plot_sweep

    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    ax = plot_sweep(table, ax=figure.add_subplot())
    ax.set_title(f"{ax.get_title()}\n{plain_text(title)}")
    ax.grid(alpha=0.3)
    from mlc_course.safety import write_whole

    write_whole(
        path, lambda part: figure.savefig(part, dpi=130, format="png"), then="run the command again"
    )
