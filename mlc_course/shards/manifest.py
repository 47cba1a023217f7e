"""The list beside the shards: what each should hold, and whether it does."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..hints import PathLike

NAME = "shards.json"
KIND = "mlc_course shards"


class ShardError(ValueError):
    "A folder of shards that isn't what its list says."


@dataclass(frozen=True)
class Shard:
    "One tar file, as it was written."

    file: str
    split: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    "What `write_shards` wrote: vocab, shards, versions."

    name: str
    vocab: list
    size: int | None  # side in pixels if decoded once; None: the files' own bytes
    shards: list
    versions: dict = field(default_factory=dict)

    def of(
        self,
        split: str,  # train, valid or test
    ) -> list:  # of Shard
        "The shards of a split; ValueError where there is none."
        found = [s for s in self.shards if s.split == split]
        if not found:
            there = ", ".join(dict.fromkeys(s.split for s in self.shards))
            raise ValueError(f"No shard has the split {split!r}; there are {there}.")
        return found

    def counts(self) -> dict:  # split -> rows
        "Rows of each split."
        out: dict = {}
        for s in self.shards:
            out[s.split] = out.get(s.split, 0) + s.rows
        return out


def _digest(content):
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def as_text(
    manifest: Manifest,
) -> str:  # JSON, with a checksum of itself
    "The list as it is written."
    content = {"kind": KIND, "format": 1, **asdict(manifest)}
    return json.dumps({**content, "sha256": _digest(content)}, indent=1, ensure_ascii=False)


def is_shards(
    folder,
) -> bool:
    "Whether a path is a folder with a list of shards."
    return (Path(folder) / NAME).is_file()


def read_manifest(
    folder: PathLike,  # what write_shards made
) -> Manifest:
    "The list of a folder of shards; a damaged or foreign one is a ShardError."
    path = Path(folder) / NAME
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} has no {NAME}, so it isn't a folder of shards: write one with "
            "write_shards(table, folder), or mlc shard DATASET --out FOLDER."
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        said = content.pop("sha256")
        if content["kind"] != KIND or said != _digest(content):
            raise ValueError
        shards = [Shard(**s) for s in content["shards"]]
        return Manifest(
            content["name"], content["vocab"], content["size"], shards, content["versions"]
        )
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise ShardError(
            f"{path} is damaged or was changed by hand: its checksum doesn't fit what it says. "
            "Write the shards anew (--force in the command)."
        ) from e


def file_sha256(path):
    "The SHA-256 of a file, read in pieces."
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_shard(
    folder,
    shard: Shard,
    manifest: Manifest,  # to say where a swapped file belongs
):
    "ShardError, a sentence with the file's name, where a shard isn't what was written."
    path = Path(folder) / shard.file
    if not path.is_file():
        raise ShardError(
            f"The shard {path} is missing: it should hold {shard.rows} rows of {shard.split}. "
            "Copy it there again, or write the shards anew."
        )
    size = path.stat().st_size
    found = file_sha256(path)
    if size == shard.bytes and found == shard.sha256:
        return
    other = [s.file for s in manifest.shards if s.sha256 == found]
    if other:
        why = f"it holds what {other[0]} should hold: files were swapped or renamed"
    elif size < shard.bytes:
        why = f"it has {size:,} bytes of {shard.bytes:,}: it was cut short, or is of another set"
    else:
        why = (
            f"its checksum isn't that of {NAME} ({size:,} bytes, {shard.bytes:,} expected): it was "
            "damaged or changed, or is of another set"
        )
    raise ShardError(
        f"The shard {path} can't be trusted: {why}. Copy it again, or write the shards anew."
    )


def check_shards(
    folder: PathLike,  # what write_shards made
) -> Manifest:
    "Check every shard; a damaged, missing or additional one is a ShardError that names it."
    manifest = read_manifest(folder)
    for shard in manifest.shards:
        check_shard(folder, shard, manifest)
    known = {s.file for s in manifest.shards}
    odd = sorted(p.name for p in Path(folder).glob("*.tar") if p.name not in known)
    if odd:
        raise ShardError(
            f"{folder} holds {odd[0]}, which {NAME} doesn't list: it is of another set, or a copy. "
            "Take it out of the folder."
        )
    return manifest
