"`mlc data`: draw or describe a set of images."

# Everything heavy is imported inside the command that needs it, so `mlc --help` answers at once.
from enum import Enum
from typing import Annotated, Optional

import typer

from mlc_course.tools.commands.app import ProfileOption, app, changed_profile, say
from mlc_course.tools.dataset_options import dataset_options, reader_kwargs


class Layout(str, Enum):
    pascal = "pascal"
    nus_wide = "nus_wide"
    movie_posters = "movie_posters"
    cars = "cars"


# ---- data --------------------------------------------------------------------------------------
@app.command()
@dataset_options
def data(
    name: Annotated[
        str,
        typer.Argument(
            help="postcards, postcards-ood, the name of a real set, a folder, or an annotation "
            "file."
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
    "Draw or describe a set of pictures, or shards; a damaged file makes the exit code 1."
    from mlc_course.shards.manifest import is_shards
    from mlc_course.tables import DRAWN_SETS, open_dataset

    if name not in DRAWN_SETS and is_shards(name):
        if reading or n is not None or layout is not None:
            raise ValueError(f"{name} holds shards, which say themselves how they are read.")
        return say(shards_text(name, verify))

    chosen = changed_profile(profile, n_images=n)
    if n is not None and name not in DRAWN_SETS:
        raise ValueError(
            f"--n is for the sets that are drawn ({', '.join(DRAWN_SETS)}); {name!r} is as "
            "large as it is."
        )
    if layout is not None:
        if name != "postcards":
            raise ValueError(
                f"--layout is for postcards; {name!r} has a layout of its own. Leave --layout out."
            )
        name = next(k for k, v in DRAWN_SETS.items() if v == layout.value and k != "postcards-ood")
    table = open_dataset(name, profile=chosen, **reader_kwargs(reading or {}))
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


def shards_text(
    folder,  # of shards
    verify: bool = True,  # read every byte
) -> str:  # a few lines
    "What a folder of shards holds; with `verify`, a damaged shard is an error that names it."
    from mlc_course.shards.manifest import check_shards, read_manifest
    from mlc_course.tools.commands.shard import describe_shards

    if not verify:
        return describe_shards(folder, read_manifest(folder))
    return describe_shards(folder, check_shards(folder)) + "\n\nEvery shard is as it was written."


def describe(
    table,  # an ImageTable
    every: bool = False,  # list all labels, however many
) -> str:  # several lines
    "Counts per split and label, what predicting nothing would score, and notes."
    from mlc_course.tools.describe import describe as text

    return text(table, every)
