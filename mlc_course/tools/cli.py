"The command `mlc`: doctor, data, shard, fetch, run, train, evaluate, export, predict, demo, bench."

# Everything heavy is imported inside the command that needs it, so `mlc --help` answers at once.
import os
import sys
from typing import Annotated, Optional

import typer

# each of these modules adds a command of its own
import mlc_course.tools.commands.data  # noqa: F401
import mlc_course.tools.commands.fetch  # noqa: F401
import mlc_course.tools.commands.shard  # noqa: F401
import mlc_course.tools.commands.ship  # noqa: F401
import mlc_course.tools.commands.timing  # noqa: F401
import mlc_course.tools.commands.train  # noqa: F401
from mlc_course.errors import is_told
from mlc_course.extras import explain, need
from mlc_course.machine import quiet_threads
from mlc_course.tools.commands.app import ProfileOption, app, changed_profile, say
from mlc_course.tools.commands.errors import OUR_FAULT, drop_output, sentence
from mlc_course.tools.commands.score import score_split
from mlc_course.tools.commands.suit import MODULES

__all__ = ["MODULES", "app", "doctor", "main", "run", "score_split"]


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
    except Exception as e:
        if os.environ.get("MLC_DEBUG"):
            raise
        if not is_told(e):
            e.add_note(OUR_FAULT)
            raise
        print(f"mlc: {sentence(explain(e) if isinstance(e, ImportError) else e)}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
