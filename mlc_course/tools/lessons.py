"The lessons of a checkout, and those that were asked for."

import json
from pathlib import Path


def find_checkout(
    start: Path | None = None,  # folder to start from; the working folder if left out
) -> Path:  # the folder that holds nbs/
    "The course's checkout, looked for in `start` and every folder above it."
    start = Path(start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "nbs" / "00_start.ipynb").is_file() and (folder / "pyproject.toml").is_file():
            return folder
    raise FileNotFoundError(
        f"{start} is not inside a checkout of the course: neither it nor a folder above it has "
        "nbs/00_start.ipynb. Change into the folder that you cloned, and try again."
    )


def list_lessons(
    nbs: Path,  # folder of notebooks
) -> list[Path]:  # in the order of their numbers
    """The lessons in `nbs`: notebooks whose names start with two digits. The solutions are not
    among them.
    """
    return sorted(p for p in Path(nbs).glob("[0-9][0-9]_*.ipynb"))


def choose_lessons(
    wanted: list[
        str
    ],  # numbers ("4", "04"), stems ("05_metrics", "metrics") or file names; none: all
    lessons: list[Path],  # what there is
) -> list[Path]:  # those asked for, in lesson order
    "Find the lessons that `wanted` names; ValueError that lists them all where one isn't there."
    chosen = set()
    for name in wanted:
        key = Path(name).name.removesuffix(".ipynb")
        hits = [
            p
            for p in lessons
            if key in (p.stem, p.stem[3:]) or (key.isdigit() and int(key) == int(p.stem[:2]))
        ]
        if not hits:
            raise ValueError(
                f"There is no lesson {name!r}. The lessons are: "
                f"{', '.join(p.stem for p in lessons)}."
            )
        chosen.update(hits)
    return [p for p in lessons if p in chosen] if wanted else list(lessons)


# ---- expected times and earlier results --------------------------------------------------------
def read_json(
    path: Path,  # file
) -> dict:  # what it holds; empty where it is missing or damaged
    "A JSON object from disk, for records that may be lost without harm."
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
