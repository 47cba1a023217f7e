"`mlc shard`: a set of images as tar shards."

# Everything heavy is imported inside the command that needs it, so `mlc --help` answers at once.
from pathlib import Path
from typing import Annotated, Optional

import typer

from mlc_course.tools.commands.app import ProfileOption, app, changed_profile, say
from mlc_course.tools.dataset_options import dataset_options, reader_kwargs


@app.command()
@dataset_options
def shard(
    dataset: Annotated[str, typer.Argument(help="A data set, as in `mlc data`.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to make.")],
    profile: ProfileOption = None,
    per_shard: Annotated[
        int, typer.Option("--per-shard", min=1, help="Images in a tar file.")
    ] = 1000,
    size: Annotated[
        Optional[int],
        typer.Option(
            "--size", min=1, help="Decode once to squares of this side; else the files' own bytes."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a folder of shards that is there.")
    ] = False,
    reading: dict | None = None,
):
    "Write a set of images as tar shards, for training on more than fits in memory."
    from mlc_course.shards.write import write_shards
    from mlc_course.tables import open_dataset

    table = open_dataset(dataset, profile=changed_profile(profile), **reader_kwargs(reading or {}))
    manifest = write_shards(table, out, per_shard, size=size, force=force)
    say(describe_shards(out, manifest))


def describe_shards(
    folder,
    manifest,
) -> str:  # a few lines
    "What a folder of shards holds."
    counts = manifest.counts()
    files = {k: sum(s.split == k for s in manifest.shards) for k in counts}
    kind = "the files' own bytes" if manifest.size is None else f"PNG, {manifest.size} px"
    total = sum(s.bytes for s in manifest.shards)
    return "\n".join(
        [
            f"{folder}: {sum(counts.values()):,} images in {len(manifest.shards)} shards, "
            f"{total / 1e6:,.1f} MB ({kind}), {len(manifest.vocab)} labels",
            *(f"  {k:6} {n:,} images in {files[k]} shards" for k, n in counts.items()),
            "Read them with ShardImages(folder, split, size) or shards_tf(folder, split, size).",
        ]
    )
