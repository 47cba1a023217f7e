"""Every option that a message of the readers names exists where the message is printed."""

import ast
import inspect
import re
from pathlib import Path

import pytest
from typer.main import get_command

import mlc_course.data.readers
from mlc_course.data.readers.options import OPTIONS, flag, opt
from mlc_course.data.readers.registry import FORMATS, open_dataset
from mlc_course.tools import cli, dataset_options

READERS = Path(mlc_course.data.readers.__file__).parent
SOURCES = [
    *sorted(READERS.glob("*.py")),
    READERS.parent / "table.py",
    Path(cli.__file__).parent / "describe.py",
]
SHARED = {
    "cells",
    "columns",
    "common",
    "csv_files",
    "joined_rows",
    "splits",
    "options",
    "registry",
    "table",
}


def options_of(command):
    found = get_command(cli.app).commands[command]
    return {o for p in found.params for o in p.opts}


def texts(path):
    "Every string of a module that isn't a docstring."
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def named(path):
    "The options that a module's messages name with opt(...)."
    return set(re.findall(r"""\bopt\(\s*['"](\w+)['"]""", path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("command", ["data", "train", "export"])
def test_every_option_of_the_readers_is_one_of_the_command(command):
    assert {flag(o) for o in OPTIONS} <= options_of(command)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.stem)
def test_what_a_message_names_exists(path):
    flags = {o for t in texts(path) for o in re.findall(r"(?<![\w-])--[a-z][a-z-]+", t)}
    assert flags <= options_of("data"), flags - options_of("data")
    assert named(path) <= set(OPTIONS)


@pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.name)
def test_a_reader_takes_what_its_messages_name(form):
    module = Path(inspect.getfile(form.reader))
    asked = named(module) - {"format"}
    assert asked <= set(form.options), asked - set(form.options)
    if form.name not in ("yolo", "class_folders"):  # their images are what is on disk
        assert {"on_missing", "images"} <= set(form.options)  # finish_table names them
    if "parse_cells" in module.read_text(encoding="utf-8"):
        assert named(READERS / "cells.py") <= set(form.options)


def test_python_and_command_are_both_named():
    assert opt("sep", "|") == "sep='|' (--sep '|' in the command)"
    with pytest.raises(KeyError):
        opt("separator", "|")
    assert "format" in inspect.signature(open_dataset).parameters


def test_options_reach_the_reader(tmp_path):
    (tmp_path / "names.txt").write_text("dog\n\ncat \n", encoding="utf-8")
    given = {"sep": "|", "vocab": str(tmp_path / "names.txt"), "min_count": None}
    assert dataset_options.reader_kwargs(given) == {"sep": "|", "vocab": ["dog", "cat"]}
    assert dataset_options.reader_kwargs({"vocab": "a, b"}) == {"vocab": ["a", "b"]}
    assert dataset_options.as_text({"sep": "|", "valid_fold": 0}) == " --sep '|' --valid-fold 0"


def test_an_option_that_the_reader_lacks_is_named(tmp_path, capsys):
    (tmp_path / "images").mkdir()
    (tmp_path / "train.json").write_text(
        '{"samples": [{"image_name": "a.jpg", "image_labels": []}], "labels": ["x"]}'
    )
    assert cli.main(["data", str(tmp_path), "--sep", "|"]) == 1
    said = capsys.readouterr().err
    assert "nus_wide" in said and "--sep" in said and "on_missing" in said
