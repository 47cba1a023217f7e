"Every framework with every seed, in processes of their own, and the table of what came out."

from collections.abc import Iterable
from dataclasses import asdict, replace

import pandas as pd

from mlc_course.hints import PathLike
from mlc_course.settings import Profile, load_profile
from mlc_course.tables import ImageTable, open_dataset
from mlc_course.training.measured import TRAINERS, MeasuredRun, measured_runs


def three_splits(
    table: ImageTable,  # with train and valid, and perhaps test
    seed: int = 42,  # which training rows are held out
) -> ImageTable:  # with all three
    """`table` itself if it has a test split; otherwise its valid rows become test, and a fifth of
    its training rows becomes valid."""
    if "test" in table.splits:
        return table
    df = table.df.assign(split=table.df.split.replace("valid", "test"))
    return ImageTable(df, table.root, table.vocab, table.name, table.notes).hold_out(seed=seed)


def check_runs(
    runs,  # what somebody gave as a table of runs
    who: str,  # the function that was called
) -> pd.DataFrame:
    "A table from `compare_frameworks`, or a TypeError that says where to get one."
    lacking = [f for f in MeasuredRun.__dataclass_fields__ if f not in getattr(runs, "columns", ())]
    if lacking:
        raise TypeError(
            f"{who} takes a table from `compare_frameworks`, and this {type(runs).__name__} has "
            f"no column {lacking[0]!r}: {who}(compare_frameworks(...)). For the scores of one "
            "training there is evaluate(run.predictions['test'])."
        )
    return runs


def line_of(run: MeasuredRun) -> str:
    "One training in one line."
    return (
        f"{run.framework:10} seed {run.seed:3}  macro F1 {run.macro_f1:.3f}  mAP {run.mAP:.3f}  "
        f"{run.epoch_seconds:6.2f} s an epoch  {run.peak_mb:6,.0f} MB"
    )


def compare_frameworks(
    dataset: PathLike | ImageTable = "postcards",  # a name, a folder, or an ImageTable
    profile: Profile | None = None,  # a Profile; the chosen one if left out
    seeds: Iterable[int] = (42, 1, 2),  # one training of each framework for each
    frameworks: Iterable[str] = tuple(TRAINERS),  # which
    *,
    together: bool = False,  # one process a framework: only its first run has a clean memory
    threads: int | None = None,  # for each framework; None: all cores
    progress: bool = True,  # a line for each training
) -> pd.DataFrame:  # a row for each training, with the columns of MeasuredRun
    "Train every framework with every seed, each in a new process, one after the other."
    profile = profile or load_profile()
    if not isinstance(dataset, ImageTable):
        dataset = open_dataset(dataset, profile=profile)
    table = three_splits(dataset)
    profiles, frameworks = [replace(profile, seed=s) for s in seeds], list(frameworks)
    if not profiles or not frameworks:
        raise ValueError("Give at least one seed and one framework.")
    runs = []
    for part in [profiles] if together else [[p] for p in profiles]:
        for framework in frameworks:
            for run in measured_runs(framework, table, part, threads):
                runs.append(asdict(run))
                if progress:
                    print(line_of(run))
    return pd.DataFrame(runs)


def summarise(
    runs: pd.DataFrame,  # from `compare_frameworks`
) -> pd.DataFrame:  # a row for each framework (and dataset and start, where there are several)
    "Mean and spread (highest less lowest) of the scores over the seeds; medians of what it cost."
    check_runs(runs, "summarise")
    keys = ["framework", *(k for k in ("dataset", "pretrained") if runs[k].nunique() > 1)]
    groups = runs.groupby(keys, sort=False)
    spread = lambda s: s.max() - s.min()
    columns = {
        "runs": groups.size(),
        "macro F1": groups.macro_f1.mean(),
        "its spread": groups.macro_f1.agg(spread),
        "mAP": groups.mAP.mean(),
        "spread of mAP": groups.mAP.agg(spread),
        "seconds an epoch": groups.epoch_seconds.median(),
        "seconds in all": groups.seconds.median(),
        "seconds to start": groups.startup_seconds.median(),
        "MB to start": groups.imported_mb.median(),
        "peak MB": groups.peak_mb.first(),
    }
    return pd.DataFrame(columns)
