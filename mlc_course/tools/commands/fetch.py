"`mlc fetch`: a real set, checked and whole."

from pathlib import Path
from typing import Annotated, Optional

import typer

from mlc_course.tools.commands.app import app, say


@app.command()
def fetch(
    name: Annotated[
        str, typer.Argument(help="pascal_2007, nus_wide, movie_posters or stanford_cars.")
    ],
    folder: Annotated[
        Optional[Path], typer.Option(help="Where it goes; left out: where `mlc data` looks.")
    ] = None,
    mirror: Annotated[
        Optional[list[str]],
        typer.Option(help="Link of a folder with the same files; once or more, tried first."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the archives.")] = False,
):
    "Fetch a real set: continued after a break, checked, unpacked safely."
    from mlc_course.data.fetch import fetch as fetch_set

    found = fetch_set(name, folder, mirrors=mirror or (), keep=keep, say=say)
    say(f"{found} is whole. Look at it with: mlc data {found}")
