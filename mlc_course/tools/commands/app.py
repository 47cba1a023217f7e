"The command `mlc` itself, and what its groups share."

import os
from dataclasses import replace
from typing import Annotated, Optional

import typer
from typer.core import TyperGroup

ORDER = "doctor data shard fetch run train evaluate export predict demo bench".split()


class InOrder(TyperGroup):
    "Lists the commands in the order in which one needs them."

    def list_commands(self, ctx):
        "The names, for the help."
        return sorted(self.commands, key=lambda o: ORDER.index(o) if o in ORDER else len(ORDER))


app = typer.Typer(
    cls=InOrder,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=dict(help_option_names=["-h", "--help"], max_content_width=100),
    help="Multi-label image classification: look at the machine, get data, run the lessons, "
    "train, score, predict and serve.",
)

PROFILE_HELP = "Run profile of settings.ini: smoke, laptop, gpu or one of yours."
ProfileOption = Annotated[Optional[str], typer.Option("--profile", "-p", help=PROFILE_HELP)]
DEBUG_HELP = "Show the whole traceback of an error (as MLC_DEBUG=1 does)."


@app.callback()
def _options(debug: Annotated[bool, typer.Option("--debug", help=DEBUG_HELP)] = False):
    if debug:
        os.environ["MLC_DEBUG"] = "1"


def say(text=""):
    "Print at once."
    print(text, flush=True)


def changed_profile(name=None, **changes):
    "The profile called `name`, changed where `changes` says so."
    from mlc_course.settings import load_profile

    return replace(load_profile(name), **{k: v for k, v in changes.items() if v is not None})


def quiet_tensorflow():
    "Set, unless the user has, what TensorFlow prints and how much of a GPU it takes."
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
