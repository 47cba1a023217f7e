"""The options of every command that opens a data set, made from the readers' own list."""

import inspect
import shlex
from functools import wraps
from pathlib import Path
from typing import Annotated, Optional

import typer

from mlc_course.data.readers.options import OPTIONS, flag

NUMBERS = {"min_count", "valid_fold", "test_fold"}


def _parameter(name):
    "The typer parameter of one option of the readers."
    kind = int if name in NUMBERS else str
    option = typer.Option(flag(name), help=OPTIONS[name][0].upper() + OPTIONS[name][1:] + ".")
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[Optional[kind], option],
    )


def read_vocab(text):
    "Label names from a file with one a line, or from text with commas."
    path = Path(text).expanduser()
    if path.suffix.lower() in (".txt", ".csv", ".json") and not path.is_file():
        raise FileNotFoundError(
            f"There is no file {path}. --vocab takes a file with one label a line, or names with"
            " commas: cat,dog."
        )
    lines = path.read_text(encoding="utf-8-sig").splitlines() if path.is_file() else text.split(",")
    return [o.strip() for o in lines if o.strip()]


def reader_kwargs(
    given: dict,  # option -> what the command line says, or None
) -> dict:  # for open_dataset
    "The keyword arguments for a reader; what wasn't given is left out."
    found = {k: v for k, v in given.items() if v is not None}
    if "vocab" in found:
        found["vocab"] = read_vocab(found["vocab"])
    return found


def as_arguments(given: dict) -> list:
    "Options as words of a command line, to say how to go on."
    return [o for k, v in given.items() if v is not None for o in (flag(k), str(v))]


def as_text(given: dict) -> str:
    "Options as text for a shell, with a space before."
    return "".join(" " + shlex.quote(o) for o in as_arguments(given))


def dataset_options(command):
    "Give a command every option of the readers; it gets those given as the dict `reading`."
    own = inspect.signature(command)

    @wraps(command)
    def run(**kwargs):
        given = {k: kwargs.pop(k) for k in OPTIONS}
        return command(**kwargs, reading={k: v for k, v in given.items() if v is not None})

    kept = [p.replace(kind=p.KEYWORD_ONLY) for p in own.parameters.values() if p.name != "reading"]
    parameters = [*kept, *(_parameter(o) for o in OPTIONS)]
    run.__signature__ = own.replace(parameters=parameters)
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run
