"`mlc export`, `mlc predict` and `mlc demo`: a run becomes a predictor, and answers."

import shlex
from pathlib import Path
from typing import Annotated, Optional

import typer

from mlc_course.tools.commands.app import app, quiet_tensorflow, say
from mlc_course.tools.dataset_options import (
    as_arguments,
    dataset_options,
    reader_kwargs,
)
from mlc_course.training.ours import MARKER


def export_run(folder, trained, table, thresholds=None, chosen="given", shown=None):
    "Write a predictor, and say how good it is and what to do with it."
    from mlc_course.predictor import Predictor

    predictor = Predictor.save(folder, trained, table, thresholds, chosen)
    d, f = predictor.spec, shlex.quote(str(shown or folder))
    scores = (
        ""
        if d["scores"] is None
        else f" Macro F1 with these thresholds, on {d['scores']['split']}: "
        f"{d['scores']['macro_f1']:.4f}."
    )
    say(
        f"Exported: model.onnx and predictor.json; it differs from the trained model by "
        f"{d['parity']['largest_difference']:.1e} at most, on {d['parity']['what']}."
    )
    say(
        f"Thresholds: {d['thresholds_chosen']}.{scores}\n"
        f"Predict: mlc predict {f} PICTURES    In the browser: mlc demo {f}"
    )


def _choose(run, result, beta, min_precision):
    "Thresholds by label, chosen on valid, and how they were chosen."
    from mlc_course.thresholds import best_thresholds_per_label

    valid = result.predictions.get("valid")
    if valid is None:
        raise ValueError(
            f"{run} has no predictions for valid to choose thresholds on. Give --thresh instead."
        )
    how = f"highest F{beta:g} of each label"
    if min_precision is not None:
        how += f" with a precision of {min_precision:g} or more"
    thresholds = best_thresholds_per_label(valid, beta, min_precision)
    return thresholds, f"{how} on the {len(valid)} pictures of valid"


def _is_finished(folder, asked):
    "Whether this is a predictor, and nothing is asked for that needs the run."
    from mlc_course.ship.folder import MODEL, SPEC

    there = all((folder / o).is_file() for o in (MODEL, SPEC))
    return there and all(o is None for o in asked)


def export_web(predictor, folder, force=False, thresh=None):
    "Write the page of a predictor, and say how to open it."
    from mlc_course.web.folder import write_web

    write_web(predictor, folder, force, thresh)
    size = sum(o.stat().st_size for o in folder.iterdir()) / 1e6
    say(
        f"The page: {folder}, {size:.1f} MB, for any web server.\n"
        f"Try it: python -m http.server --directory {shlex.quote(str(folder))} 8000"
    )


@app.command()
@dataset_options
def export(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN", help="What `mlc train --out` wrote; with --web a predictor will do."
        ),
    ],
    out: Annotated[
        Optional[Path],
        typer.Option(
            "--out", "-o", help="Folder for model.onnx and predictor.json; RUN itself if left out."
        ),
    ] = None,
    dataset: Annotated[
        Optional[str],
        typer.Option(
            "--data", help="The data of the run: then every test picture is predicted both ways."
        ),
    ] = None,
    thresh: Annotated[
        Optional[float],
        typer.Option(
            min=0,
            max=1,
            help="One threshold for all labels, instead of the best F1 of each on validation.",
        ),
    ] = None,
    beta: Annotated[
        Optional[float],
        typer.Option(
            min=0, help="Choose thresholds by F-beta: 2 puts recall first, 0.5 precision."
        ),
    ] = None,
    min_precision: Annotated[
        Optional[float],
        typer.Option(
            min=0, max=1, help="Choose thresholds that reach this precision on validation."
        ),
    ] = None,
    web: Annotated[
        Optional[Path],
        typer.Option(
            "--web",
            metavar="FOLDER",
            help="Write a page for any web server, which answers in the visitor's browser.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the page that --web wrote before.")
    ] = False,
    reading: dict | None = None,
):
    "Turn a run into a folder that predicts without the framework that trained it."
    from mlc_course.metrics import load_run

    quiet_tensorflow()
    if force and web is None:
        raise ValueError("--force replaces the page that --web wrote, and --web was not given.")
    if web is not None and _is_finished(run, (out, dataset, beta, min_precision, reading or None)):
        return export_web(run, web, force, thresh)
    if thresh is not None and (beta is not None or min_precision is not None):
        raise ValueError(
            "--thresh sets the thresholds, --beta and --min-precision choose them: "
            "give one or the other."
        )
    result, table, thresholds, chosen = load_run(run), None, thresh, "given"
    if beta is not None or min_precision is not None:
        beta = 1.0 if beta is None else beta
        thresholds, chosen = _choose(run, result, beta, min_precision)
    if dataset is not None:
        from mlc_course.tables import open_dataset

        table = open_dataset(dataset, profile=result.profile, **reader_kwargs(reading or {}))
    elif reading:
        raise ValueError(
            f"{as_arguments(reading or {})[0]} says how to read --data, which was not given."
        )
    from mlc_course.training.lock import held
    from mlc_course.training.runs import MODEL_FILES, check_files

    with held(out or run):
        check_files(run, MODEL_FILES)
        export_run(out or run, result, table, thresholds, chosen)
        if out is None:
            (run / MARKER).unlink(missing_ok=True)
    if web is not None:
        export_web(out or run, web, force)


@app.command()
def predict(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="What `mlc train --out` or `mlc export` wrote.")
    ],
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGES...",
            help="Picture files, folders of them, or patterns such as 'photos/*.jpg'.",
        ),
    ],
    thresh: Annotated[
        Optional[float],
        typer.Option(min=0, max=1, help="One threshold for all labels, instead of the folder's."),
    ] = None,
    json_: Annotated[
        bool, typer.Option("--json", help="Print a JSON list: file, labels and every score.")
    ] = False,
    csv_: Annotated[
        bool, typer.Option("--csv", help="Print CSV: file, labels joined by |, every score, error.")
    ] = False,
):
    "Name what is in pictures; a file that can't be read is reported, and makes the exit code 1."
    from mlc_course.predictor import Predictor
    from mlc_course.tools.predict import find_images, print_all

    if json_ and csv_:
        raise ValueError("--json and --csv are two ways to print the same: give one of them.")
    from mlc_course.training.folder import settled

    predictor = Predictor.load(settled(folder))
    if thresh is not None:
        predictor = predictor.with_thresholds(thresh)
    bad = print_all(predictor, find_images(images), "json" if json_ else "csv" if csv_ else "text")
    raise typer.Exit(1 if bad else 0)


@app.command()
def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="What `mlc train --out` or `mlc export` wrote.")
    ],
    examples: Annotated[
        Optional[Path],
        typer.Option(
            "--examples",
            help="A folder of pictures to pick from; drawn ones for a model of Postcards.",
        ),
    ] = None,
    port: Annotated[
        Optional[int],
        typer.Option(min=1, max=65535, help="The first free one from 7860 if left out."),
    ] = None,
    host: Annotated[
        str,
        typer.Option(help="Who may open the page: this machine alone, or 0.0.0.0 for the network."),
    ] = "127.0.0.1",
    share: Annotated[
        bool,
        typer.Option(
            "--share",
            help="Ask Gradio for a public address; everybody who has it can use the page.",
        ),
    ] = False,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")
    ] = False,
):
    "A page that tells what is in a picture: upload one, or pick an example."
    from mlc_course.tools.demo import serve
    from mlc_course.training.folder import settled

    serve(
        settled(folder), examples=examples, host=host, port=port, share=share, open_browser=browser
    )
