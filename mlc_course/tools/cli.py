"The command `mlc`: doctor, data, run, train, evaluate, export, predict, demo, bench."
# Everything heavy is imported inside the command that needs it, so `mlc --help` answers at once.
import os
import shlex
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Optional

import typer

from mlc_course.extras import explain, need
from mlc_course.machine import quiet_threads
from mlc_course.tools.dataset_options import as_arguments, as_text, dataset_options, reader_kwargs

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
                  context_settings=dict(help_option_names=["-h", "--help"], max_content_width=100),
                  help="Multi-label image classification: look at the machine, get data, run the lessons, train, score, predict and serve.")

MARKER = "training.json"       # in a run's folder until it is whole and exported; run.json says that the training is over
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
    need("lessons", "ipykernel", "nbclient", "nbconvert", "nbformat")
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
    learning_rate: Annotated[Optional[float], typer.Option(min=0, help="The highest rate, instead of the profile's. With --resume a lower one is allowed after a loss that was no number.")] = None,
    on_error: Annotated[OnError, typer.Option(help="What to do about a picture that can't be decoded: stop and name it, or skip it and say so.")] = OnError.stop,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the unfinished run in --out, or finish its export.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the run in --out; it stays until the new one is whole.")] = False,
    reading: dict|None = None,
):
    "Train a network and keep the model, its history and its predictions."
    need(framework.value, framework.value)
    from mlc_course.tools.run_folder import RunFolder
    chosen, out = _profile(profile, epochs=epochs, arch=arch, pretrained=False if scratch else None, learning_rate=learning_rate), out.expanduser()
    started = dict(dataset=str(dataset), framework=framework.value)
    given = dict(profile=profile, epochs=epochs, arch=arch, seed=seed, learning_rate=learning_rate, on_error=None if on_error == OnError.stop else on_error.value)
    again = ["mlc", "train", str(dataset), "--framework", framework.value, "--out", str(out), *(o for k, v in given.items() if v is not None for o in ("--" + k.replace("_", "-"), str(v))), *(["--scratch"] if scratch else []), *as_arguments(reading), "--resume"]
    with RunFolder(out, started, resume, force) as folder:
        if folder.todo == "nothing":
            _say(f"{folder.work} holds a finished and exported run: there is nothing to go on with. All figures: mlc evaluate {shlex.quote(str(out))}")
            return
        from mlc_course.tables import open_dataset
        table = open_dataset(dataset, profile=chosen, **reader_kwargs(reading))
        folder.refuse_data_inside(dataset, table.root)
        if seed is not None:                                    # after the drawing: the pictures stay the profile's
            from dataclasses import replace
            chosen = replace(chosen, seed=seed)
        if folder.todo == "export": _finish_export(folder, table, chosen, on_error.value, again)
        else: _train(folder, table, chosen, framework.value, on_error.value, again)


def _train(folder, table, profile, framework, on_error, again):
    "Check what can be checked, train, and put the run in its place."
    import importlib
    from mlc_course.tools.memory import keep_memory
    from mlc_course.training.data import check_splits, decode_for_training, left_out, training_support, without_training_image
    for k, v in dict(TF_CPP_MIN_LOG_LEVEL="2", TF_FORCE_GPU_ALLOW_GROWTH="true").items(): os.environ.setdefault(k, v)
    check_splits(table)
    kept = table if on_error == "stop" else decode_for_training(table, profile.image_size, on_error)
    absent = without_training_image(training_support(kept))
    module = importlib.import_module(f"mlc_course.{MODULES[framework]}")
    folder.begin()
    start = f"{profile.arch} from {'trained' if profile.pretrained else 'random'} weights"
    _say(f"{table!r}\nframework {framework}, profile {profile.name}: {start}, {profile.epochs} epochs at {profile.image_size} px")
    if absent: _say(absent)
    _tell_left_out(folder.work, table, left_out(table, kept))
    keep_memory()
    try: result = module.train(kept, profile, out=folder.work, resume=folder.todo == "resume", on_error=on_error)
    except KeyboardInterrupt:
        print(f"\nStopped. Go on with: {shlex.join(again)}" if folder.leave() else "\nStopped before anything was kept.", file=sys.stderr)
        raise typer.Exit(130) from None
    except BaseException:
        folder.leave()
        raise
    if not (folder.work/"run.json").is_file(): result.save(folder.work)
    _report(result, folder.out)
    _export_run(folder, result, kept, again)


def _tell_left_out(work, table, names):
    "Say which images were left out, and write the whole list into the run's folder."
    from mlc_course.safety import write_whole
    from mlc_course.training.data import some
    from mlc_course.training.folder import LEFT_OUT
    if not names: return
    write_whole(work/LEFT_OUT, lambda part: part.write_text("\n".join(["fname", *names]) + "\n", encoding="utf-8"))
    _say(f"{len(names)} of {len(table)} pictures can't be decoded and were left out: {some(names)}" + (f". The whole list: {LEFT_OUT} in the run's folder." if len(names) > 3 else "."))


def _report(result, out):
    "The figures of a new run."
    from mlc_course.metrics import evaluate as score
    split = score_split(result.predictions)
    figures = score(result.predictions[split])
    _say(f"\nTrained in {result.seconds:.0f} s. {_split_note(split)}")
    _say(f"mAP {figures.mAP:.4f}   macro F1 {figures.macro_f1:.4f}   micro F1 {figures.micro_f1:.4f}   "
         f"accuracy {figures.accuracy:.4f} (predicting nothing: {figures.all_negative_accuracy:.4f})   at threshold 0.5")
    _say(f"Written to {out}. All figures: mlc evaluate {shlex.quote(str(out))}")


def _finish_export(folder, table, profile, on_error, again):
    "Export a run whose training was over when its command was stopped."
    from mlc_course.metrics import load_run
    from mlc_course.training.data import decode_for_training
    from mlc_course.training.identity import check_data, data_digests
    from mlc_course.training.runs import MODEL_FILES, check_files
    data = decode_for_training(table, profile.image_size, on_error)
    result = load_run(folder.work)
    check_files(folder.work, MODEL_FILES)
    if result.data: check_data(result.data, data_digests(data), folder.work)
    folder.begin()
    _say(f"The training in {folder.out} is over; only its export is missing.")
    _export_run(folder, result, data, again)


def _export_run(folder, result, table, again):
    "Export a whole run, and put it in its place whether that works or not."
    out = shlex.quote(str(folder.out))
    try:
        if result.model is not None or result.out is not None: _export(folder.work, result, table, shown=folder.out)
    except ImportError as e: _say(f"Not exported: {e}, then: mlc export {out}")
    except KeyboardInterrupt:
        print(f"\nStopped while the run was exported. The run itself is whole. Finish with: mlc export {out}    or: {shlex.join(again)}", file=sys.stderr)
        raise typer.Exit(130) from None
    except Exception as e: raise RuntimeError(f"The run is kept in {folder.out}, but it couldn't be exported: {e}") from e
    finally: folder.finish()


def _export(folder, trained, table, thresholds=None, chosen="given", shown=None):
    "Write a predictor, and say how good it is and what to do with it."
    from mlc_course.predictor import Predictor
    predictor = Predictor.save(folder, trained, table, thresholds, chosen)
    d, f = predictor.spec, shlex.quote(str(shown or folder))
    scores = "" if d["scores"] is None else f" Macro F1 with these thresholds, on {d['scores']['split']}: {d['scores']['macro_f1']:.4f}."
    _say(f"Exported: model.onnx and predictor.json; it differs from the trained model by {d['parity']['largest_difference']:.1e} at most, on {d['parity']['what']}.")
    _say(f"Thresholds: {d['thresholds_chosen']}.{scores}\nPredict: mlc predict {f} PICTURES    In the browser: mlc demo {f}")


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
    told = _plot(table, path, f"{result.framework} on {result.dataset}, {chosen} split")
    best, value = best_threshold(table)
    _say(f"\nBest {score.replace('_', ' ')} of the sweep: {value:.4f} at {best:.2f}"
         + ("; chosen on the pictures that it is measured on, so a little too good." if chosen == "test" else ".") + f"\n{told}")


def _plot(table, path, title, wait=5.):
    "Plot a sweep into a run's folder, unless a training is at work there; say which. Another evaluate is over in a moment."
    from mlc_course.training.lock import FolderInUse, held
    try:
        with held(path.parent, wait): plot_to(table, path, title)
    except FolderInUse as e: return f"Not plotted. {e}"
    return f"Plot: {path}"


def plot_to(
    table, # from `sweep`
    path:Path, # PNG file
    title:str, # above the axes
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
    ax.grid(alpha=.3)
    from mlc_course.safety import write_whole
    write_whole(path, lambda part: figure.savefig(part, dpi=130, format="png"), then="run the command again")


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
    from mlc_course.training.lock import held
    from mlc_course.training.runs import MODEL_FILES, check_files
    with held(out or run):
        check_files(run, MODEL_FILES)
        _export(out or run, result, table, thresholds, chosen)
        if out is None: (run/MARKER).unlink(missing_ok=True)


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
    from mlc_course.training.folder import settled
    predictor = Predictor.load(settled(folder))
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
    from mlc_course.training.folder import settled
    serve(settled(folder), examples=examples, host=host, port=port, share=share, open_browser=browser)


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
    quiet_threads()                                        # before anything loads torch
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"): stream.reconfigure(errors="replace")
    import warnings
    if not os.environ.get("MLC_DEBUG"): warnings.simplefilter("ignore")
    try:
        try: return app(args, prog_name="mlc", standalone_mode=True) or 0
        finally: sys.stdout.flush()                        # a full disk is found out here, not after the last word
    except SystemExit as e: return e.code if isinstance(e.code, int) else int(bool(e.code))
    except KeyboardInterrupt: return 130
    except BrokenPipeError:
        _drop_output()                                     # the reader of our pipe has left
        return 1
    except (ValueError, TypeError, OSError, ImportError, RuntimeError, MemoryError) as e:
        if os.environ.get("MLC_DEBUG"): raise
        print(f"mlc: {_sentence(explain(e) if isinstance(e, ImportError) else e)}", file=sys.stderr)
        return 1


def _drop_output():
    "Let the end of this process write nothing more, where writing fails."
    from contextlib import suppress
    with suppress(OSError, ValueError): os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _sentence(error):
    "What to print about an error; a full disk where the output goes has no sentence of its own."
    import errno
    if isinstance(error, OSError) and error.errno == errno.ENOSPC and error.strerror == os.strerror(errno.ENOSPC):
        if error.filename is None: _drop_output()
        return f"There is no room on the disk {'of ' + str(error.filename) if error.filename else 'where the output goes'}. Make room there, then run the command again."
    if str(error).strip(): return str(error)
    if isinstance(error, MemoryError): return "There isn't enough memory. Close other programs, or give smaller or fewer images."
    return f"It failed with {type(error).__name__}, which says no more. MLC_DEBUG=1 shows where."


if __name__ == "__main__":
    sys.exit(main())
