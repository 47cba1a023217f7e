"The command `mlc`: doctor, data, run, train, evaluate, export, predict, demo, bench."
# Everything heavy is imported inside the command that needs it, so `mlc --help` answers at once.
import os
import shlex
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

from mlc_course.tools.dataset_options import as_arguments, as_text, dataset_options, reader_kwargs

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
                  context_settings=dict(help_option_names=["-h", "--help"], max_content_width=100),
                  help="Multi-label image classification: look at the machine, get data, run the lessons, train, score, predict and serve.")

MARKER = "training.json"       # in a run's folder from its first moment; run.json, written last, says that it is whole
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


ProfileOption = Annotated[Optional[str], typer.Option("--profile", "-p", help="Run profile of settings.ini: smoke, laptop, gpu or one of yours.")]


def _say(text=""): print(text, flush=True)


def _profile(name=None, **changes):
    "The profile called `name`, changed where `changes` says so."
    from dataclasses import replace
    from mlc_course.settings import load_profile
    return replace(load_profile(name), **{k: v for k, v in changes.items() if v is not None})


@app.callback()
def _options(debug: Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error (as MLC_DEBUG=1 does).")] = False):
    if debug: os.environ["MLC_DEBUG"] = "1"


# ---- doctor ------------------------------------------------------------------------------------
@app.command()
def doctor(json_: Annotated[bool, typer.Option("--json", help="Print JSON, for a bug report or a script.")] = False):
    "Versions, devices, disk, the import order, and which lessons can run here."
    from mlc_course.tools.doctor import as_text, examine
    report = examine()
    if json_:
        import json
        _say(json.dumps(report, indent=1))
    else: _say(as_text(report))
    raise typer.Exit(1 if report["problems"] else 0)


# ---- data --------------------------------------------------------------------------------------
@app.command()
@dataset_options
def data(
    name: Annotated[str, typer.Argument(help="postcards, postcards-ood, the name of a real set, a folder, or an annotation file.")],
    profile: ProfileOption = None,
    n: Annotated[Optional[int], typer.Option("--n", min=1, help="How many pictures to draw, instead of the profile's number.")] = None,
    layout: Annotated[Optional[Layout], typer.Option(help="Draw Postcards in the file format of another set.")] = None,
    verify: Annotated[bool, typer.Option("--verify/--no-verify", help="Decode every picture to find damaged ones.")] = True,
    all_labels: Annotated[bool, typer.Option("--all-labels", help="List every label, however many.")] = False,
    reading: dict|None = None,
):
    "Draw or describe a set of pictures; a damaged file makes the exit code 1."
    from mlc_course.tables import DRAWN_SETS, open_dataset
    chosen = _profile(profile, n_images=n)
    if n is not None and name not in DRAWN_SETS: raise ValueError(f"--n is for the sets that are drawn ({', '.join(DRAWN_SETS)}); {name!r} is as large as it is.")
    if layout is not None:
        if name != "postcards": raise ValueError(f"--layout is for postcards; {name!r} has a layout of its own. Leave --layout out.")
        name = next(k for k, v in DRAWN_SETS.items() if v == layout.value and k != "postcards-ood")
    table = open_dataset(name, profile=chosen, **reader_kwargs(reading))
    _say(describe(table, all_labels))
    if not verify: return
    bad = table.verify()
    for row in bad.itertuples(): _say(f"BAD  {row.fname}: {row.problem}")
    from mlc_course.data.findings import findings
    for found in findings(table): _say(f"\nNote: {found}")
    if len(bad):
        _say(f"{len(bad)} of {len(table)} pictures can't be used.")
        raise typer.Exit(1)
    _say("\nEvery picture can be decoded.")


def describe(
    table, # an ImageTable
    every:bool=False, # list all labels, however many
) -> str: # several lines
    "Counts per split and label, what predicting nothing would score, and notes."
    from mlc_course.tools.describe import describe as text
    return text(table, every)


# ---- run ---------------------------------------------------------------------------------------
@app.command()
def run(
    lessons: Annotated[Optional[list[str]], typer.Argument(help="Numbers or names, such as 04 or metrics; all of them if left out.")] = None,
    profile: ProfileOption = None,
    limit: Annotated[float, typer.Option(min=1, help="Seconds that one lesson may take.")] = 3600,
    draw: Annotated[bool, typer.Option("--draw/--no-draw", help="Draw the pictures before the first lesson.")] = True,
):
    "Run the lessons in order and write an HTML page of them into _runs."
    from mlc_course.tools import runner
    root = runner.find_checkout()
    chosen = runner.choose_lessons(lessons or [], runner.list_lessons(root/"nbs"))
    name = _profile(profile).name
    if draw: _draw(name)
    runs = runner.run_course(chosen, root/"_runs"/name, name, limit)
    raise typer.Exit(runner.exit_code(runs))


def _draw(profile):
    "Draw what the lessons read, once, before their clocks start."
    from mlc_course.tables import open_dataset
    chosen = _profile(profile)
    for name in ("postcards", "postcards-ood"): open_dataset(name, profile=chosen)


# ---- train -------------------------------------------------------------------------------------
class OnError(str, Enum):
    stop = "stop"
    skip = "skip"


@app.command()
@dataset_options
def train(
    dataset: Annotated[str, typer.Argument(help="postcards, the name of a real set, a folder, or an annotation file.")],
    framework: Annotated[Framework, typer.Option("--framework", "-f", help="Who trains.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for model, vocab, history and predictions.")],
    profile: ProfileOption = None,
    epochs: Annotated[Optional[int], typer.Option(min=1, help="Instead of the profile's number.")] = None,
    arch: Annotated[Optional[str], typer.Option(help="The network: pocket_resnet, or a name such as resnet50, whose weights come from the net.")] = None,
    scratch: Annotated[bool, typer.Option("--scratch", help="Start from random weights.")] = False,
    seed: Annotated[Optional[int], typer.Option(min=0, help="Of initial weights and batch order, instead of the profile's.")] = None,
    on_error: Annotated[OnError, typer.Option(help="What to do about a picture that can't be decoded: stop and name it, or skip it and say so.")] = OnError.stop,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the unfinished run in --out.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the run in --out.")] = False,
    reading: dict|None = None,
):
    "Train a network and keep the model, its history and its predictions."
    import importlib
    from mlc_course.tools.runner import write_text
    chosen, out = _profile(profile, epochs=epochs, arch=arch, pretrained=False if scratch else None), out.expanduser()
    started = dict(dataset=str(dataset), framework=framework.value)
    prepare_out(out, started, resume, force)
    from mlc_course.tables import open_dataset
    for k, v in dict(TF_CPP_MIN_LOG_LEVEL="2", TF_FORCE_GPU_ALLOW_GROWTH="true").items(): os.environ.setdefault(k, v)
    table = open_dataset(dataset, profile=chosen, **reader_kwargs(reading))
    if seed is not None:                                    # after the drawing: the pictures stay the profile's
        from dataclasses import replace
        chosen = replace(chosen, seed=seed)
    if not {"train", "valid"} <= set(table.splits): raise ValueError(f"{dataset} has the splits {', '.join(table.splits)}; training needs train and valid.")
    module = importlib.import_module(f"mlc_course.{MODULES[framework.value]}")
    import json
    made = not out.exists()
    write_text(out/MARKER, json.dumps(started))
    start = f"{chosen.arch} from {'trained' if chosen.pretrained else 'random'} weights"
    _say(f"{table!r}\nframework {framework.value}, profile {chosen.name}: {start}, {chosen.epochs} epochs at {chosen.image_size} px")
    from mlc_course.tools.memory import keep_memory
    keep_memory()
    given = dict(profile=profile, epochs=epochs, arch=arch, seed=seed, on_error=None if on_error == OnError.stop else on_error.value)
    again = ["mlc", "train", str(dataset), "--framework", framework.value, "--out", str(out), *(o for k, v in given.items() if v is not None for o in ("--" + k.replace("_", "-"), str(v))), *(["--scratch"] if scratch else []), *as_arguments(reading), "--resume"]
    kept = table
    try:
        if on_error == OnError.skip:
            from mlc_course.pixels import cached_pixels
            kept, _ = cached_pixels(table, chosen.image_size, "skip")
            if len(kept) < len(table): _say(kept.notes[-1])
        result = module.train(table, chosen, out=out, resume=resume, on_error=on_error.value)
    except KeyboardInterrupt:
        _leave(out, made)
        print(f"\nStopped. Go on with: {shlex.join(again)}" if (out/MARKER).exists() else "\nStopped before anything was kept.", file=sys.stderr)
        raise typer.Exit(130) from None
    except BaseException:
        _leave(out, made)
        raise
    if not (out/"run.json").is_file(): result.save(out)
    (out/MARKER).unlink(missing_ok=True)
    split = score_split(result.predictions)
    from mlc_course.metrics import evaluate as score
    figures = score(result.predictions[split])
    _say(f"\nTrained in {result.seconds:.0f} s. {_split_note(split)}")
    _say(f"mAP {figures.mAP:.4f}   macro F1 {figures.macro_f1:.4f}   micro F1 {figures.micro_f1:.4f}   "
         f"accuracy {figures.accuracy:.4f} (predicting nothing: {figures.all_negative_accuracy:.4f})   at threshold 0.5")
    _say(f"Written to {out}. All figures: mlc evaluate {shlex.quote(str(out))}")
    if result.model is None: return                                # there is nothing to export
    try: _export(out, result, kept)
    except ImportError as e: _say(f"Not exported: {e}, then: mlc export {shlex.quote(str(out))} --data {shlex.quote(str(dataset))}{as_text(reading)}")
    except Exception as e: raise RuntimeError(f"The run is kept in {out}, but it couldn't be exported: {e}") from e


def _export(folder, trained, table, thresholds=None, chosen="given"):
    "Write a predictor, and say how good it is and what to do with it."
    from mlc_course.predictor import Predictor
    predictor = Predictor.save(folder, trained, table, thresholds, chosen)
    d, f = predictor.spec, shlex.quote(str(folder))
    scores = "" if d["scores"] is None else f" Macro F1 with these thresholds, on {d['scores']['split']}: {d['scores']['macro_f1']:.4f}."
    _say(f"Exported: model.onnx and predictor.json; it differs from the trained model by {d['parity']['largest_difference']:.1e} at most, on {d['parity']['what']}.")
    _say(f"Thresholds: {d['thresholds_chosen']}.{scores}\nPredict: mlc predict {f} PICTURES    In the browser: mlc demo {f}")


def prepare_out(
    out:Path, # the folder of the run
    started:dict, # dataset and framework now asked for
    resume:bool, # go on with an unfinished run?
    force:bool, # replace a run?
):
    "Refuse a folder that training could spoil; empty one whose run is to be replaced."
    import shutil
    from mlc_course.tools.runner import read_json
    if out.exists() and not out.is_dir(): raise ValueError(f"{out} is a file; --out needs a folder.")
    if not out.is_dir() or not any(out.iterdir()): return
    finished, marker = (out/"run.json").is_file(), read_json(out/MARKER)
    if not finished and not marker:
        raise ValueError(f"{out} isn't empty, and what is in it is not a training run. Choose another folder; nothing was changed.")
    if force and resume: raise ValueError("--force starts anew and --resume goes on: give one of them.")
    if force:
        shutil.rmtree(out)
        return
    if finished: raise ValueError(f"{out} holds a finished run. Choose another folder, or replace it with --force.")
    if not resume: raise ValueError(f"{out} holds an unfinished run. Go on with --resume, or replace it with --force.")
    for k, v in marker.items():
        if k in started and started[k] != v: raise ValueError(f"{out} holds a run with {k} {v}, and {k} {started[k]} was asked for. Resume with the same, or choose another folder.")


def _leave(out, made):
    "After a failure: drop half-written files, and the folder if nothing in it helps to resume."
    import shutil
    if not out.is_dir(): return
    for p in [*out.glob("*.part"), *out.glob("*.tmp")]:
        if p.is_dir(): shutil.rmtree(p, ignore_errors=True)
        else: p.unlink(missing_ok=True)
    if all(p.name == MARKER for p in out.iterdir()):
        (out/MARKER).unlink(missing_ok=True)
        if made: out.rmdir()


def score_split(
    predictions:dict, # Predictions by split
    wanted:str|None=None, # the split asked for
) -> str: # a key of `predictions`
    "The split to score: the one asked for, else test, else valid."
    if wanted is not None and wanted not in predictions: raise ValueError(f"The run has no predictions for {wanted!r}; it has {', '.join(predictions)}.")
    found = wanted or next((s for s in ("test", "valid") if s in predictions), None)
    if found is None: raise ValueError("The run has no predictions for test or valid, so there is nothing to score.")
    return found


def _split_note(split):
    return f"Scores on the {split} split" + (": the table has no test split, so these are the pictures that chose the epoch." if split == "valid" else ".")


# ---- evaluate ----------------------------------------------------------------------------------
@app.command()
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `mlc train --out` wrote.")],
    split: Annotated[Optional[str], typer.Option(help="valid or test; test if the run has it.")] = None,
    thresh: Annotated[float, typer.Option(min=0, max=1, help="A label counts as predicted above this probability.")] = 0.5,
    score: Annotated[str, typer.Option(help="What the sweep plots: accuracy, micro_f1, macro_f1 or samples_f1.")] = "macro_f1",
):
    "Print every score of a run, and plot the threshold sweep into its folder."
    from mlc_course.metrics import evaluate as scores, load_run
    from mlc_course.thresholds import best_threshold, sweep
    result = load_run(folder)
    chosen = score_split(result.predictions, split)
    predictions = result.predictions[chosen]
    table = sweep(predictions, score=score)
    _say(f"{result.framework} on {result.dataset}, {getattr(result.profile, 'name', result.profile)} profile, trained in {result.seconds:.0f} s. {_split_note(chosen)}\n")
    _say(str(scores(predictions, thresh)))
    path = Path(folder)/"sweep.png"
    plot_to(table, path, f"{result.framework} on {result.dataset}, {chosen} split")
    best, value = best_threshold(table)
    _say(f"\nBest {score.replace('_', ' ')} of the sweep: {value:.4f} at {best:.2f}"
         + ("; chosen on the pictures that it is measured on, so a little too good." if chosen == "test" else ".") + f"\nPlot: {path}")


def plot_to(
    table, # from `sweep`
    path:Path, # PNG file
    title:str, # above the axes
):
    "Draw a sweep into a file, atomically and without a display."
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from mlc_course.thresholds import plot_sweep
    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    ax = plot_sweep(table, ax=figure.add_subplot())
    ax.set_title(f"{ax.get_title()}\n{title}")
    ax.grid(alpha=.3)
    part = path.with_name(path.name + ".part")
    figure.savefig(part, dpi=130, format="png")
    os.replace(part, path)


# ---- export, predict, demo ---------------------------------------------------------------------
@app.command()
@dataset_options
def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="What `mlc train --out` wrote.")],
    out: Annotated[Optional[Path], typer.Option("--out", "-o", help="Folder for model.onnx and predictor.json; RUN itself if left out.")] = None,
    dataset: Annotated[Optional[str], typer.Option("--data", help="The data of the run: then every test picture is predicted both ways.")] = None,
    thresh: Annotated[Optional[float], typer.Option(min=0, max=1, help="One threshold for all labels, instead of the best F1 of each on validation.")] = None,
    beta: Annotated[Optional[float], typer.Option(min=0, help="Choose thresholds by F-beta: 2 puts recall first, 0.5 precision.")] = None,
    min_precision: Annotated[Optional[float], typer.Option(min=0, max=1, help="Choose thresholds that reach this precision on validation.")] = None,
    reading: dict|None = None,
):
    "Turn a run into a folder that predicts without the framework that trained it."
    from mlc_course.metrics import load_run
    for k, v in dict(TF_CPP_MIN_LOG_LEVEL="2", TF_FORCE_GPU_ALLOW_GROWTH="true").items(): os.environ.setdefault(k, v)
    if thresh is not None and (beta is not None or min_precision is not None): raise ValueError("--thresh sets the thresholds, --beta and --min-precision choose them: give one or the other.")
    result, table, thresholds, chosen = load_run(run), None, thresh, "given"
    if beta is not None or min_precision is not None:
        from mlc_course.thresholds import best_thresholds_per_label
        if "valid" not in result.predictions: raise ValueError(f"{run} has no predictions for valid to choose thresholds on. Give --thresh instead.")
        beta = 1. if beta is None else beta
        thresholds = best_thresholds_per_label(result.predictions["valid"], beta, min_precision)
        chosen = f"highest F{beta:g} of each label" + (f" with a precision of {min_precision:g} or more" if min_precision is not None else "") + f" on the {len(result.predictions['valid'])} pictures of valid"
    if dataset is not None:
        from mlc_course.tables import open_dataset
        table = open_dataset(dataset, profile=result.profile, **reader_kwargs(reading))
    elif reading: raise ValueError(f"{as_arguments(reading)[0]} says how to read --data, which was not given.")
    _export(out or run, result, table, thresholds, chosen)


@app.command()
def predict(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `mlc train --out` or `mlc export` wrote.")],
    images: Annotated[list[str], typer.Argument(metavar="IMAGES...", help="Picture files, folders of them, or patterns such as 'photos/*.jpg'.")],
    thresh: Annotated[Optional[float], typer.Option(min=0, max=1, help="One threshold for all labels, instead of the folder's.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print a JSON list: file, labels and every score.")] = False,
    csv_: Annotated[bool, typer.Option("--csv", help="Print CSV: file, labels joined by |, every score, error.")] = False,
):
    "Name what is in pictures; a file that can't be read is reported, and makes the exit code 1."
    from mlc_course.predictor import Predictor
    from mlc_course.tools.predict import find_images, print_all
    if json_ and csv_: raise ValueError("--json and --csv are two ways to print the same: give one of them.")
    predictor = Predictor.load(folder)
    if thresh is not None: predictor = predictor.with_thresholds(thresh)
    bad = print_all(predictor, find_images(images), "json" if json_ else "csv" if csv_ else "text")
    raise typer.Exit(1 if bad else 0)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `mlc train --out` or `mlc export` wrote.")],
    examples: Annotated[Optional[Path], typer.Option("--examples", help="A folder of pictures to pick from; drawn ones for a model of Postcards.")] = None,
    port: Annotated[Optional[int], typer.Option(min=1, max=65535, help="The first free one from 7860 if left out.")] = None,
    host: Annotated[str, typer.Option(help="Who may open the page: this machine alone, or 0.0.0.0 for the network.")] = "127.0.0.1",
    share: Annotated[bool, typer.Option("--share", help="Ask Gradio for a public address; everybody who has it can use the page.")] = False,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = False,
):
    "A page that tells what is in a picture: upload one, or pick an example."
    from mlc_course.tools.demo import serve
    serve(folder, examples=examples, host=host, port=port, share=share, open_browser=browser)


# ---- bench -------------------------------------------------------------------------------------
class Bench(str, Enum):
    metrics = "metrics"
    train = "train"
    predict = "predict"


@app.command()
def bench(
    what: Annotated[Bench, typer.Argument(help="metrics: sweeps, exact thresholds, average precision, nine figures, the loss by hand. train: images a second of each trainer. predict: from files to labels.")],
    images: Annotated[Optional[int], typer.Option("--images", min=100, help="Rows of the score table (metrics; 40,000), training pictures (train; 1,024), or files (predict; 1,024).")] = None,
    labels: Annotated[int, typer.Option("--labels", min=2, help="Columns of the score table (metrics).")] = 81,
    sizes: Annotated[Optional[list[int]], typer.Option("--size", min=16, help="Side of the pictures in pixels, once or more (train, predict; 64 and 128).")] = None,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Epochs of the whole training that is compared (train).")] = 10,
    full: Annotated[bool, typer.Option("--full", help="Really train the plain recipe in full as well, and compare the scores (train; some minutes).")] = False,
    dataset: Annotated[str, typer.Option("--data", help="Pictures: a name or a folder (train, predict).")] = "postcards",
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
):
    "Time the course's functions or trainers beside the field's, in one run; a missed goal makes the exit code 1."
    say = lambda text: print(text, file=sys.stderr, flush=True)
    if what == Bench.metrics:
        from mlc_course.tools.bench import bench_metrics
        report = bench_metrics(images or 40_000, labels, say=say)
    elif what == Bench.predict:
        from mlc_course.tools.bench_predict import bench_predict
        report = bench_predict(tuple(sizes or (64, 128)), images or 1024, dataset=dataset, say=say)
    else:
        from mlc_course.tools.bench_train import bench_train
        report = bench_train(tuple(sizes or (64, 128)), images or 1024, epochs, full=full, dataset=dataset, say=say)
    if json_:
        import json
        _say(json.dumps(report.to_dict(), indent=1, default=float))
    else: _say(str(report))
    raise typer.Exit(1 if any(r.met is False for r in report.rows) else 0)


# ---- entry -------------------------------------------------------------------------------------
def main(args: list[str]|None = None) -> int:
    "Run the command; an error that the reader can see to is one sentence, not a traceback."
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"): stream.reconfigure(errors="replace")
    import warnings
    if not os.environ.get("MLC_DEBUG"): warnings.simplefilter("ignore")
    try: return app(args, prog_name="mlc", standalone_mode=True) or 0
    except SystemExit as e: return e.code if isinstance(e.code, int) else int(bool(e.code))
    except KeyboardInterrupt: return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())      # the reader of our pipe has left
        return 1
    except (ValueError, TypeError, OSError, ImportError, RuntimeError, MemoryError) as e:
        if os.environ.get("MLC_DEBUG"): raise
        print(f"mlc: {e}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
