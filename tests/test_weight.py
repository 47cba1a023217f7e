"""How heavy a lesson may be: an evening for a learner, and cells that fit on a screen.

`python tests/test_weight.py` prints the figures of every notebook."""

import json
import re
import statistics
from dataclasses import dataclass
from pathlib import Path

import pytest

NBS = Path(__file__).resolve().parents[1] / "nbs"
CELLS, WORDS, LINES, COLUMNS, MEDIAN, EXPORTED = 60, 2200, 25, 100, 4, 1 / 3
HALF = ("04_losses", "8", "9")  # the loss lessons and the appendices may export more


@dataclass(frozen=True)
class Weight:
    "What a notebook weighs."

    cells: int
    words: int  # of markdown; pictures' data and tags don't count
    long_cells: tuple  # (cell counted from 0, lines of code)
    long_lines: tuple  # (cell, line)
    median: float  # lines of a code cell
    longest: int  # lines of the longest code cell
    exported: float  # share of the code lines


def lines_of(source):
    "The lines of code in a cell: neither blank nor one of nbdev's directives."
    return [line for line in source.splitlines() if line.strip() and not line.startswith("#|")]


def weigh(path) -> Weight:
    "Count a notebook's cells, words and lines."
    cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    code, words, exported = {}, 0, 0
    for i, cell in enumerate(cells):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            words += len(re.sub(r"<[^>]+>|\(data:[^)]*\)", " ", source).split())
        elif cell["cell_type"] == "code" and lines_of(source):
            code[i] = lines_of(source)
            exported += len(code[i]) * bool(re.search(r"^#\|\s*export", source, re.M))
    sizes = [len(lines) for lines in code.values()] or [0]
    wide = [(i, line.strip()) for i, lines in code.items() for line in lines if len(line) > COLUMNS]
    return Weight(
        cells=len(cells),
        words=words,
        long_cells=tuple((i, len(lines)) for i, lines in code.items() if len(lines) > LINES),
        long_lines=tuple(wide),
        median=statistics.median(sizes),
        longest=max(sizes),
        exported=exported / max(sum(sizes), 1),
    )


def too_heavy(name, weight) -> list:
    "What is over the budget, a sentence each."
    share = 1 / 2 if name.startswith(HALF) else EXPORTED
    found = [
        (weight.cells > CELLS, f"{weight.cells} cells; at most {CELLS}"),
        (weight.words > WORDS, f"{weight.words} words of prose; at most {WORDS}"),
        (
            weight.median > MEDIAN,
            f"a median code cell of {weight.median:g} lines; {MEDIAN} at most",
        ),
        (
            weight.exported > share,
            f"{weight.exported:.0%} of the code is exported; {share:.0%} may",
        ),
        *((True, f"cell {i} has {n} lines; at most {LINES}") for i, n in weight.long_cells),
        *((True, f"cell {i}, over {COLUMNS} columns: {s[:60]}...") for i, s in weight.long_lines),
    ]
    return [f"{name}: {sentence}" for wrong, sentence in found if wrong]


LESSONS = sorted(NBS.glob("[0-9]*.ipynb"))


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_a_lesson_keeps_its_budget(path):
    odd = too_heavy(path.stem, weigh(path))
    assert not odd, "\n".join(odd)


def test_the_scales_see_what_is_too_heavy(tmp_path):
    cells = [
        dict(cell_type="markdown", source="word " * 2201),
        dict(cell_type="code", source=["#| export\n", *["x = 1\n"] * 26]),
        dict(cell_type="code", source="y = 1  # " + "-" * 100),
    ]
    path = tmp_path / "05_metrics.ipynb"
    path.write_text(json.dumps(dict(cells=cells)))
    told = "\n".join(too_heavy("05_metrics", weigh(path)))
    for part in ("2201 words", "cell 1 has 26 lines", "cell 2, over 100", "96% of", "median"):
        assert part in told
    assert weigh(path).cells == 3 and weigh(path).longest == 26


if __name__ == "__main__":
    print("lesson | cells | words | longest cell | lines > 100 | median cell | exported")
    for path in LESSONS:
        w = weigh(path)
        print(
            f"{path.stem} | {w.cells} | {w.words} | {w.longest} | {len(w.long_lines)} | "
            f"{w.median:g} | {w.exported:.0%}"
        )
