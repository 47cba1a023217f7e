"What `mlc predict` reads and prints."

import csv
import glob
import json
import os
import sys
from pathlib import Path


def find_images(
    given: list[str],  # files, folders, patterns
) -> list:  # paths, folders in the order of their names
    """Every image file that is meant.

    What can't be read is kept, so that it is reported with the others: a file that isn't there, an
    image of another kind (HEIC, SVG), an empty folder.
    """
    from mlc_course.data.files import find_image_files, image_suffixes

    found, nothing = [], []
    for name in given:
        path = Path(name).expanduser()
        if os.path.isdir(path):  # False for a name that is too long; Path.is_dir raises
            inside, why = find_image_files(path), f"There is no image in {path}; looked for "
            why += f"{', '.join(sorted(image_suffixes()))}, also in its subfolders."
        elif not os.path.lexists(path) and glob.has_magic(name):
            inside = _matches(path)
            why = f"No file matches {name!r}."
        else:
            inside, why = [path], ""
        found += inside or [path]
        nothing += [] if inside else [why]
    if len(nothing) == len(given) and nothing:
        raise ValueError(" ".join(nothing))
    return found


def _matches(
    pattern: Path,  # with *, ? or [
) -> list:  # of Path, sorted
    "The files that a pattern means, each once though links to folders lead to it in many ways."
    from mlc_course.data.files import is_litter

    found: dict = {}
    hits = (Path(p) for p in glob.iglob(str(pattern), recursive=True) if not os.path.isdir(p))
    for path in sorted(hits, key=lambda p: (len(p.parts), p)):
        if not any(is_litter(o) and o not in pattern.parts for o in path.parts):
            found.setdefault((os.path.realpath(path.parent), path.name), path)
    return sorted(found.values())


def print_all(
    predictor,  # a `predictor.Predictor`
    paths: list,  # picture files
    form: str,  # "text", "json" or "csv"
    out=None,  # where the answers go; standard output if left out
) -> int:  # how many files could not be read
    """One answer per picture as soon as it is there; files that can't be read are named on standard
    error.
    """
    from mlc_course.safety import progress_bar

    out, bad = out or sys.stdout, 0
    kinds: dict = dict(text=_Text, json=_Json, csv=_Csv)
    write = kinds[form](out, predictor.vocab, paths)
    with progress_bar(
        len(paths),
        desc="predict",
        unit="image",
        file=sys.stderr,
        disable=len(paths) < 20 or not sys.stderr.isatty() or out.isatty(),
    ) as bar:
        for path, answer in zip(paths, predictor.stream(paths)):
            failed = isinstance(answer, Exception)
            if failed:
                bad += 1
                if not bar.disable:
                    bar.clear()
                print(f"mlc: {answer}", file=sys.stderr, flush=True)
            write(path, None if failed else answer, str(answer) if failed else "")
            bar.update()
    write.end()
    if bad:
        print(f"mlc: {bad} of {len(paths)} files could not be read.", file=sys.stderr)
    return bad


class _Text:
    def __init__(self, out, vocab, paths):
        self.out, self.wide = out, min(60, max(len(str(p)) for p in paths))

    def __call__(self, path, answer, error):
        print(
            f"{str(path):{self.wide}}  {'ERROR' if answer is None else answer}",
            file=self.out,
            flush=True,
        )

    def end(self):
        pass


class _Json:
    def __init__(self, out, vocab, paths):
        self.out, self.start = out, "["

    def __call__(self, path, answer, error):
        d = dict(file=str(path), error=error) if answer is None else answer.to_dict()
        print(f"{self.start}\n{json.dumps(d)}", end="", file=self.out, flush=True)
        self.start = ","

    def end(self):
        print("[]" if self.start == "[" else "\n]", file=self.out, flush=True)


class _Csv:
    """file, labels, a column for each label, error. No two columns have one name, and a | inside a
    label is written \\|.
    """

    def __init__(self, out, vocab, paths):
        self.out, self.vocab, self.rows = out, vocab, csv.writer(out, lineterminator="\n")
        names = column_names(vocab)
        for label, name in zip(vocab, names):
            if label != name:
                print(
                    f"mlc: the column of the label {label!r} is called {name!r}, for {label!r} "
                    "is a column of its own.",
                    file=sys.stderr,
                )
        self.rows.writerow(["file", "labels", *names, "error"])

    def __call__(self, path, answer, error):
        scores = (
            [""] * len(self.vocab)
            if answer is None
            else [f"{v:.6g}" for v in answer.scores.values()]
        )
        self.rows.writerow(
            [
                str(path),
                "" if answer is None else "|".join(map(escape_bar, answer.labels)),
                *scores,
                error,
            ]
        )
        self.out.flush()

    def end(self):
        pass


def escape_bar(
    label: str,  # the name of a label
) -> str:  # without a bare |
    "A label for a list that is joined by |."
    return label.replace("\\", "\\\\").replace("|", "\\|")


def column_names(
    vocab,  # label names
    taken=("file", "labels", "error"),  # the other columns
) -> list:  # as many names, none of them taken, each once
    "A column's name for each label: its own, unless that is another column's."
    out = []
    for label in vocab:
        name = label
        while name in taken or name in out or name != label and name in vocab:
            name += " (label)"
        out.append(name)
    return out
