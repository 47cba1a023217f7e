"The command `mlc`: doctor, data, fetch, run, train, evaluate, export, predict, demo, bench."

# Everything heavy is imported inside the command that needs it, so `mlc --help` answers at once.
import os
import shlex
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

import mlc_course.tools.commands.fetch  # noqa: F401  (adds `mlc fetch`)
import mlc_course.tools.commands.timing  # noqa: F401  (adds `mlc bench`)
from mlc_course.extras import explain, need
from mlc_course.machine import quiet_threads
from mlc_course.tools.commands.app import (
    ProfileOption,
    app,
    changed_profile,
    quiet_tensorflow,
    say,
)
from mlc_course.tools.commands.errors import drop_output, sentence
from mlc_course.tools.commands.score import score_split, split_note
from mlc_course.tools.commands.ship import export_run
from mlc_course.tools.dataset_options import as_arguments, dataset_options, reader_kwargs

MODULES = dict(fastai="train_fastai", torch="train_torch", tensorflow="train_tf")


class Framework(str, Enum):
    fastai = "fastai"
    torch = "torch"
    tensorflow = "tensorflow"


class Layout(str, Enum):
    pascal = "pascal"
    nus_wide = "nus_wide"
    movie_posters = "movie_posters"
    cars = "cars"


# ---- doctor ------------------------------------------------------------------------------------
@app.command()
def doctor(
    json_: Annotated[
        bool, typer.Option("--json", help="Print JSON, for a bug report or a script.")
    ] = False,
):
    "Versions, devices, disk, the import order, and which lessons can run here."
    from mlc_course.tools.doctor import as_text, examine

    report = examine()
    if json_:
        import json

        say(json.dumps(report, indent=1))
    else:
        say(as_text(report))
    raise typer.Exit(1 if report["problems"] else 0)


# ---- data --------------------------------------------------------------------------------------
@app.command()
@dataset_options
def data(
    name: Annotated[
        str,
        typer.Argument(
            help="postcards, postcards-ood, the name of a real set, a folder, or an annotation file."
        ),
    ],
    profile: ProfileOption = None,
    n: Annotated[
        Optional[int],
        typer.Option(
            "--n", min=1, help="How many pictures to draw, instead of the profile's number."
        ),
    ] = None,
    layout: Annotated[
        Optional[Layout], typer.Option(help="Draw Postcards in the file format of another set.")
    ] = None,
    verify: Annotated[
        bool,
        typer.Option("--verify/--no-verify", help="Decode every picture to find damaged ones."),
    ] = True,
    all_labels: Annotated[
        bool, typer.Option("--all-labels", help="List every label, however many.")
    ] = False,
    reading: dict | None = None,
):
    "Draw or describe a set of pictures; a damaged file makes the exit code 1."
    from mlc_course.tables import DRAWN_SETS, open_dataset

    chosen = changed_profile(profile, n_images=n)
    if n is not None and name not in DRAWN_SETS:
        raise ValueError(
            f"--n is for the sets that are drawn ({', '.join(DRAWN_SETS)}); {name!r} is as large as it is."
        )
    if layout is not None:
        if name != "postcards":
            raise ValueError(
                f"--layout is for postcards; {name!r} has a layout of its own. Leave --layout out."
            )
        name = next(k for k, v in DRAWN_SETS.items() if v == layout.value and k != "postcards-ood")
    table = open_dataset(name, profile=chosen, **reader_kwargs(reading))
    say(describe(table, all_labels))
    if not verify:
        return
    bad = table.verify()
    for row in bad.itertuples():
        say(f"BAD  {row.fname}: {row.problem}")
    from mlc_course.data.findings import findings

    for found in findings(table):
        say(f"\nNote: {found}")
    if len(bad):
        say(f"{len(bad)} of {len(table)} pictures can't be used.")
        raise typer.Exit(1)
    say("\nEvery picture can be decoded.")


def describe(
    table,  # an ImageTable
    every: bool = False,  # list all labels, however many
) -> str:  # several lines
    "Counts per split and label, what predicting nothing would score, and notes."
    from mlc_course.tools.describe import describe as text

    return text(table, every)


# ---- run ---------------------------------------------------------------------------------------
@app.command()
def run(
    lessons: Annotated[
        Optional[list[str]],
        typer.Argument(help="Numbers or names, such as 04 or metrics; all of them if left out."),
    ] = None,
    profile: ProfileOption = None,
    limit: Annotated[float, typer.Option(min=1, help="Seconds that one lesson may take.")] = 3600,
    draw: Annotated[
        bool, typer.Option("--draw/--no-draw", help="Draw the pictures before the first lesson.")
    ] = True,
):
    "Run the lessons in order and write an HTML page of them into _runs."
    need("lessons", "ipykernel", "nbclient", "nbconvert", "nbformat")
    from mlc_course.tools import runner

    root = runner.find_checkout()
    chosen = runner.choose_lessons(lessons or [], runner.list_lessons(root / "nbs"))
    name = changed_profile(profile).name
    if draw:
        _draw(name)
    runs = runner.run_course(chosen, root / "_runs" / name, name, limit)
    raise typer.Exit(runner.exit_code(runs))


def _draw(profile):
    "Draw what the lessons read, once, before their clocks start."
    from mlc_course.tables import open_dataset

    chosen = changed_profile(profile)
    for name in ("postcards", "postcards-ood"):
        open_dataset(name, profile=chosen)


# ---- train -------------------------------------------------------------------------------------
class OnError(str, Enum):
    stop = "stop"
    skip = "skip"


@app.command()
@dataset_options
def train(
    dataset: Annotated[
        str,
        typer.Argument(help="postcards, the name of a real set, a folder, or an annotation file."),
    ],
    framework: Annotated[Framework, typer.Option("--framework", "-f", help="Who trains.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for model, vocab, history and predictions.")
    ],
    profile: ProfileOption = None,
    epochs: Annotated[
        Optional[int], typer.Option(min=1, help="Instead of the profile's number.")
    ] = None,
    arch: Annotated[
        Optional[str],
        typer.Option(
            help="The network: pocket_resnet; efficientnet_lite0 (1, 2), trained on ImageNet; or a name such as resnet50 or timm:NAME, whose weights come from the net."
        ),
    ] = None,
    scratch: Annotated[bool, typer.Option("--scratch", help="Start from random weights.")] = False,
    seed: Annotated[
        Optional[int],
        typer.Option(min=0, help="Of initial weights and batch order, instead of the profile's."),
    ] = None,
    learning_rate: Annotated[
        Optional[float],
        typer.Option(
            min=0,
            help="The highest rate, instead of the profile's. With --resume a lower one is allowed after a loss that was no number.",
        ),
    ] = None,
    on_error: Annotated[
        OnError,
        typer.Option(
            help="What to do about a picture that can't be decoded: stop and name it, or skip it and say so."
        ),
    ] = OnError.stop,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with the unfinished run in --out, or finish its export."
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Replace the run in --out; it stays until the new one is whole."
        ),
    ] = False,
    reading: dict | None = None,
):
    "Train a network and keep the model, its history and its predictions."
    need(framework.value, framework.value)
    from mlc_course.tools.run_folder import RunFolder

    chosen, out = (
        changed_profile(
            profile,
            epochs=epochs,
            arch=arch,
            pretrained=False if scratch else None,
            learning_rate=learning_rate,
        ),
        out.expanduser(),
    )
    started = dict(dataset=str(dataset), framework=framework.value)
    given = dict(
        profile=profile,
        epochs=epochs,
        arch=arch,
        seed=seed,
        learning_rate=learning_rate,
        on_error=None if on_error == OnError.stop else on_error.value,
    )
    again = [
        "mlc",
        "train",
        str(dataset),
        "--framework",
        framework.value,
        "--out",
        str(out),
        *(
            o
            for k, v in given.items()
            if v is not None
            for o in ("--" + k.replace("_", "-"), str(v))
        ),
        *(["--scratch"] if scratch else []),
        *as_arguments(reading),
        "--resume",
    ]
    with RunFolder(out, started, resume, force) as folder:
        folder.export_with = shlex.join(
            ["mlc", "export", str(out), "--data", str(dataset), *as_arguments(reading)]
        )
        if folder.todo == "nothing":
            say(
                f"{folder.work} holds a finished and exported run: there is nothing to go on with. All figures: mlc evaluate {shlex.quote(str(out))}"
            )
            return
        from mlc_course.tables import open_dataset

        table = open_dataset(dataset, profile=chosen, **reader_kwargs(reading))
        folder.refuse_data_inside(dataset, table.root)
        if seed is not None:  # after the drawing: the pictures stay the profile's
            from dataclasses import replace

            chosen = replace(chosen, seed=seed)
        if folder.todo == "export":
            _finish_export(folder, table, chosen, on_error.value, again)
        else:
            _train(folder, table, chosen, framework.value, on_error.value, again)


def _train(folder, table, profile, framework, on_error, again):
    "Check what can be checked, train, and put the run in its place."
    import importlib
    from mlc_course.tools.memory import keep_memory
    from mlc_course.training.data import (
        check_splits,
        decode_for_training,
        left_out,
        training_support,
        without_training_image,
    )

    quiet_tensorflow()
    check_splits(table)
    kept = table if on_error == "stop" else decode_for_training(table, profile.image_size, on_error)
    absent = without_training_image(training_support(kept))
    module = importlib.import_module(f"mlc_course.{MODULES[framework]}")
    folder.begin()
    start = f"{profile.arch} from {'trained' if profile.pretrained else 'random'} weights"
    say(
        f"{table!r}\nframework {framework}, profile {profile.name}: {start}, {profile.epochs} epochs at {profile.image_size} px"
    )
    if absent:
        say(absent)
    _tell_left_out(folder.work, table, left_out(table, kept))
    keep_memory()
    try:
        result = module.train(
            kept, profile, out=folder.work, resume=folder.todo == "resume", on_error=on_error
        )
    except KeyboardInterrupt:
        print(
            f"\nStopped. Go on with: {shlex.join(again)}"
            if folder.leave()
            else "\nStopped before anything was kept.",
            file=sys.stderr,
        )
        raise typer.Exit(130) from None
    except BaseException:
        folder.leave()
        raise
    if not (folder.work / "run.json").is_file():
        result.save(folder.work)
    _report(result, folder.out)
    _export_run(folder, result, kept, again)


def _tell_left_out(work, table, names):
    "Say which images were left out, and write the whole list into the run's folder."
    from mlc_course.safety import write_whole
    from mlc_course.training.data import some
    from mlc_course.training.folder import LEFT_OUT

    if not names:
        return
    write_whole(
        work / LEFT_OUT,
        lambda part: part.write_text("\n".join(["fname", *names]) + "\n", encoding="utf-8"),
    )
    say(
        f"{len(names)} of {len(table)} pictures can't be decoded and were left out: {some(names)}"
        + (f". The whole list: {LEFT_OUT} in the run's folder." if len(names) > 3 else ".")
    )


def _report(result, out):
    "The figures of a new run."
    from mlc_course.metrics import evaluate as score

    split = score_split(result.predictions)
    figures = score(result.predictions[split])
    say(f"\nTrained in {result.seconds:.0f} s. {split_note(split)}")
    say(
        f"mAP {figures.mAP:.4f}   macro F1 {figures.macro_f1:.4f}   micro F1 {figures.micro_f1:.4f}   "
        f"accuracy {figures.accuracy:.4f} (predicting nothing: {figures.all_negative_accuracy:.4f})   at threshold 0.5"
    )
    say(f"Written to {out}. All figures: mlc evaluate {shlex.quote(str(out))}")


def _finish_export(folder, table, profile, on_error, again):
    "Export a run whose training was over when its command was stopped."
    from mlc_course.metrics import load_run
    from mlc_course.training.data import decode_for_training
    from mlc_course.training.identity import check_data, data_digests
    from mlc_course.training.runs import MODEL_FILES, check_files

    data = decode_for_training(table, profile.image_size, on_error)
    result = load_run(folder.work)
    check_files(folder.work, MODEL_FILES)
    if result.data:
        check_data(result.data, data_digests(data), folder.work)
    folder.begin()
    say(f"The training in {folder.out} is over; only its export is missing.")
    _export_run(folder, result, data, again)


def _export_run(folder, result, table, again):
    "Export a whole run, and put it in its place whether that works or not."
    out = shlex.quote(str(folder.out))
    try:
        if result.model is not None or result.out is not None:
            export_run(folder.work, result, table, shown=folder.out)
    except ImportError as e:
        say(f"Not exported: {str(e).rstrip('.')}, then: {folder.export_with}")
    except KeyboardInterrupt:
        print(
            f"\nStopped while the run was exported. The run itself is whole. Finish with: mlc export {out}    or: {shlex.join(again)}",
            file=sys.stderr,
        )
        raise typer.Exit(130) from None
    except Exception as e:
        raise RuntimeError(
            f"The run is kept in {folder.out}, but it couldn't be exported: {e}"
        ) from e
    finally:
        folder.finish()


# ---- entry -------------------------------------------------------------------------------------
def main(args: list[str] | None = None) -> int:
    "Run the command; an error that the reader can see to is one sentence, not a traceback."
    quiet_threads()  # before anything loads torch
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    import warnings

    if not os.environ.get("MLC_DEBUG"):
        warnings.simplefilter("ignore")
    try:
        try:
            return app(args, prog_name="mlc", standalone_mode=True) or 0
        finally:
            sys.stdout.flush()  # a full disk is found out here, not after the last word
    except SystemExit as e:
        return e.code if isinstance(e.code, int) else int(bool(e.code))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        drop_output()  # the reader of our pipe has left
        return 1
    except (ValueError, TypeError, OSError, ImportError, RuntimeError, MemoryError) as e:
        if os.environ.get("MLC_DEBUG"):
            raise
        print(f"mlc: {sentence(explain(e) if isinstance(e, ImportError) else e)}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
