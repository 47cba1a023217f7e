"`mlc train`: train a network, keep the run, export it."

# Everything heavy is imported inside the command that needs it, so `mlc --help` answers at once.
import shlex
import sys
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

from mlc_course.errors import is_our_fault
from mlc_course.extras import need
from mlc_course.tools.commands.app import ProfileOption, app, changed_profile, quiet_tensorflow, say
from mlc_course.tools.commands.score import score_split, split_note
from mlc_course.tools.commands.ship import export_run
from mlc_course.tools.commands.suit import given_fields, installed, suited, trainer
from mlc_course.tools.dataset_options import as_arguments, dataset_options, reader_kwargs


class Framework(str, Enum):
    fastai = "fastai"
    torch = "torch"
    tensorflow = "tensorflow"


# ---- train -------------------------------------------------------------------------------------
class Recipe(str, Enum):
    full = "full"
    head = "head"


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
    framework: Annotated[
        Optional[Framework],
        typer.Option(
            "--framework", "-f", help="Who trains; the first that is installed if left out."
        ),
    ] = None,
    out: Annotated[
        Optional[Path],
        typer.Option(
            "--out",
            "-o",
            help="Folder for model, vocab, history and predictions; run-NAME if left out.",
        ),
    ] = None,
    profile: ProfileOption = None,
    epochs: Annotated[
        Optional[int], typer.Option(min=1, help="Instead of the profile's number.")
    ] = None,
    arch: Annotated[
        Optional[str],
        typer.Option(
            help="The network, instead of the one that suits the images: pocket_resnet; "
            "efficientnet_lite0 (1, 2), trained on ImageNet; or a name such as resnet50 or "
            "timm:NAME, whose weights come from the net."
        ),
    ] = None,
    size: Annotated[
        Optional[int],
        typer.Option(min=8, help="Side of the images in pixels, instead of what suits them."),
    ] = None,
    recipe: Annotated[
        Recipe,
        typer.Option(
            help="head: fit the head on features of the trained body, in seconds. full: then "
            "train all layers."
        ),
    ] = Recipe.full,
    scratch: Annotated[bool, typer.Option("--scratch", help="Start from random weights.")] = False,
    seed: Annotated[
        Optional[int],
        typer.Option(min=0, help="Of initial weights and batch order, instead of the profile's."),
    ] = None,
    learning_rate: Annotated[
        Optional[float],
        typer.Option(
            min=0,
            help="The highest rate, instead of the profile's. With --resume a lower one is allowed "
            "after a loss that was no number.",
        ),
    ] = None,
    on_error: Annotated[
        OnError,
        typer.Option(
            help="What to do about a picture that can't be decoded: stop and name it, or skip it "
            "and say so."
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
    framework = framework or Framework(installed())
    need(framework.value, framework.value)
    from mlc_course.tables import open_dataset
    from mlc_course.tools.run_folder import RunFolder

    pretrained = False if scratch else None
    changes = dict(epochs=epochs, arch=arch, pretrained=pretrained, learning_rate=learning_rate)
    chosen = changed_profile(profile, image_size=size, **changes)
    out = (out or Path(f"run-{Path(dataset).expanduser().resolve().name}")).expanduser()
    keep = given_fields(
        chosen, profile, arch=arch, image_size=size, epochs=epochs, learning_rate=learning_rate
    )
    started = dict(dataset=str(dataset), framework=framework.value)
    given = dict(
        profile=profile,
        epochs=epochs,
        arch=arch,
        size=size,
        recipe=None if recipe == Recipe.full else recipe.value,
        seed=seed,
        learning_rate=learning_rate,
        on_error=None if on_error == OnError.stop else on_error.value,
    )
    words = [str(dataset), "--framework", framework.value, "--out", str(out), *_options(given)]
    words += [*(["--scratch"] if scratch else []), *as_arguments(reading or {})]
    again = ["mlc", "train", *words, "--resume"]
    with RunFolder(out, started, resume, force) as folder:
        folder.export_with = shlex.join(
            ["mlc", "export", str(out), "--data", str(dataset), *as_arguments(reading or {})]
        )
        if folder.todo == "nothing":
            say(
                f"{folder.work} holds a finished and exported run: there is nothing to go on "
                f"with. All figures: mlc evaluate {shlex.quote(str(out))}"
            )
            return
        table = open_dataset(dataset, profile=chosen, **reader_kwargs(reading or {}))
        folder.refuse_data_inside(dataset, table.root)
        chosen = suited(table, chosen, keep)
        if seed is not None:  # after the drawing: the images stay the profile's
            chosen = replace(chosen, seed=seed)
        if folder.todo == "export":
            _finish_export(folder, table, chosen, on_error.value, again)
        else:
            _train(folder, table, chosen, framework.value, on_error.value, again, recipe.value)


def _options(given):
    "The words of a command for the options that were given."
    return [
        w for k, v in given.items() if v is not None for w in (f"--{k.replace('_', '-')}", str(v))
    ]


def _train(folder, table, profile, framework, on_error, again, recipe):
    "Check what can be checked, train, and put the run in its place."
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
    train, how = trainer(framework, recipe, profile)
    folder.begin()
    start = f"{profile.arch} from {'trained' if profile.pretrained else 'random'} weights"
    say(
        f"{table!r}\nframework {framework}, profile {profile.name}: {start}, {how} "
        f"at {profile.image_size} px"
    )
    if absent:
        say(absent)
    _tell_left_out(folder.work, table, left_out(table, kept))
    keep_memory()
    try:
        result = train(
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
    from mlc_course.training.ours import LEFT_OUT

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
        f"mAP {figures.mAP:.4f}   macro F1 {figures.macro_f1:.4f}   micro F1 "
        f"{figures.micro_f1:.4f}   accuracy {figures.accuracy:.4f} (predicting nothing: "
        f"{figures.all_negative_accuracy:.4f})   at threshold 0.5"
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
            "\nStopped while the run was exported. The run itself is whole. Finish with: mlc "
            f"export {out}    or: {shlex.join(again)}",
            file=sys.stderr,
        )
        raise typer.Exit(130) from None
    except Exception as e:
        if is_our_fault(e):
            e.add_note(f"The run is kept in {folder.out}.")
            raise
        raise RuntimeError(
            f"The run is kept in {folder.out}, but it couldn't be exported: {e}"
        ) from e
    finally:
        folder.finish()
