"""Looks at this machine: versions, devices, disk, memory, the data, the import orders, and which
lessons can run.
"""

# Whatever imports a framework does it in a process of its own: an abort or a hang there is a line
# of the report.
import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mlc_course.extras import EXTRAS, absent
from mlc_course.machine import quiet_threads, thread_setting, usable_cores

from .doctor_text import as_text
from .probes import TENSORFLOW, TORCH, probe

__all__ = [
    "ORDERS",
    "PACKAGES",
    "RULE",
    "as_text",
    "examine",
    "folder_size",
    "imports_of",
    "lessons_report",
    "missing_modules",
    "probe",
    "version",
]


PACKAGES = (
    "mlc_course",
    "torch",
    "torchvision",
    "fastai",
    "tensorflow",
    "keras",
    "numpy",
    "pandas",
    "scikit-learn",
    "matplotlib",
    "pillow",
    "onnx",
    "onnxruntime",
    "gradio",
    "cleanlab",
    "nbdev",
    "jupyterlab",
    "ipykernel",
    "nbclient",
    "nbconvert",
    "typer",
)


ORDERS = {  # name: code that imports in this order in one process, and whether it has to work
    "PyTorch first, then TensorFlow": (TORCH + TENSORFLOW, True),
    "TensorFlow first, then PyTorch": ("import tensorflow, torchvision", False),
    "TensorFlow first, through this package": (
        "from mlc_course.settings import import_tensorflow; import_tensorflow(); import "
        "torchvision",
        True,
    ),
}


RULE = (
    "Import PyTorch, torchvision or fastai before TensorFlow. The other order can end the "
    "process without a traceback; mlc_course's own modules see to it in either order."
)


def version(
    name: str,  # a distribution
) -> str | None:  # its version; None where it isn't installed
    "Installed version, read without importing anything."
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def imports_of(
    nb: dict,  # a notebook as JSON
) -> set[str]:  # top-level packages
    "The packages that a notebook's code imports at the start of a line."
    found = set()
    for cell in nb.get("cells", ()):
        if cell.get("cell_type") != "code":
            continue
        for line in "".join(cell.get("source", "")).splitlines():
            m = re.match(
                r"(?:from\s+([\w.]+)\s+import\b|import\s+(.+))", line.split("#")[0].strip()
            )
            if not m:
                continue
            names = [m[1]] if m[1] else [part.split(" as ")[0].strip() for part in m[2].split(",")]
            found |= {n.split(".")[0] for n in names if n and not n.startswith(".")}
    return found


def missing_modules(
    names: set[str],  # top-level packages
) -> list[str]:  # those that can't be found, sorted
    "Which of `names` aren't installed; nothing is imported."
    out = []
    for n in names:
        try:
            found = n in sys.builtin_module_names or importlib.util.find_spec(n) is not None
        except (ImportError, ValueError):
            found = False
        if not found:
            out.append(n)
    return sorted(out)


def lessons_report(
    nbs: Path,  # folder of notebooks
) -> list[dict]:  # stem and missing packages of each
    "Which lessons find everything that they import."
    from mlc_course.tools.runner import list_lessons, read_json

    return [
        dict(stem=p.stem, missing=missing_modules(imports_of(read_json(p))))
        for p in list_lessons(nbs)
    ]


def folder_size(
    path: Path,  # a folder
) -> int:  # bytes of the files below it
    "Size of a folder."
    total = 0
    for root, _, files in os.walk(path):
        for f in files:
            try:
                total += os.stat(os.path.join(root, f)).st_size
            except OSError:
                continue
    return total


def _look_at_frameworks():
    "{framework or order of import: what its process said} for those that are installed."
    have = {n for n in ("torch", "tensorflow") if version(n) is not None}
    alone = dict(torch=TORCH, tensorflow=TENSORFLOW)
    both_here = len(have) == 2
    codes = {k: c for k, (c, _) in ORDERS.items()} if both_here else {n: alone[n] for n in have}
    with ThreadPoolExecutor(max_workers=max(2, min(3, usable_cores()))) as pool:
        probes = dict(zip(codes, pool.map(probe, codes.values())))
    both = probes.get("PyTorch first, then TensorFlow")
    for n in have if both else ():
        if n in both["facts"]:
            probes[n] = dict(both, ok=True, error="", facts=both["facts"][n])
    for n in have - set(probes):
        probes[n] = probe(alone[n])  # which of the two is broken?
    for n in have:
        probes[n]["facts"] = probes[n]["facts"].get(n, probes[n]["facts"])
    return probes


def _look_at_data():
    "Where the data lies, and how much it is; or why it can't be used."
    from mlc_course.settings import data_home

    try:
        home = data_home()
        free = shutil.disk_usage(home).free
        return dict(path=str(home), bytes=folder_size(home), free_bytes=free)
    except OSError as e:
        return dict(path=None, error=str(e))


def _profile():
    "The profile's name and no problem, or no name and what is wrong."
    from mlc_course.settings import load_profile

    try:
        return load_profile().name, []
    except ValueError as e:
        return None, [str(e)]


def _lessons():
    "The checkout and its lessons; none outside of one."
    from mlc_course.tools.runner import find_checkout

    try:
        root = find_checkout()
        return root, lessons_report(root / "nbs")
    except FileNotFoundError:
        return None, []


def _problems(report, probes):
    "A sentence for everything that a reader should see to."
    out = [report["data"]["error"]] if "error" in report["data"] else []
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        out.append(f"Python {report['python']} is not one of 3.11 to 3.13.")
    for n in ("torch", "tensorflow"):
        if n in probes and not probes[n]["ok"]:
            out.append(f"{n} can't be imported: {probes[n]['error']}")
    for k, (_, must) in ORDERS.items():
        if must and k in probes and not probes[k]["ok"]:
            out.append(f"{k}: {probes[k]['error']}")
    for x in report["lessons"]:
        if x["missing"]:
            out.append(f"{x['stem']} misses {', '.join(x['missing'])}; run `make setup`.")
    free, memory = report["disk_free_bytes"] / 1e9, report["memory_bytes"] / 1e9
    if free < 2:
        out.append(f"Only {free:.1f} GB of disk are free; the runs need about 2 GB.")
    if memory < 7:
        out.append(
            f"The machine has {memory:.1f} GB of memory; run one lesson at a time, with nothing "
            "else open."
        )
    return out


def examine() -> dict:  # plain values, ready for JSON
    "Everything that the doctor looks at."
    import psutil

    probes, memory = _look_at_frameworks(), psutil.virtual_memory()
    (profile, wrong), (root, lessons) = _profile(), _lessons()
    report = dict(
        python=platform.python_version(),
        executable=sys.executable,
        system=platform.platform(),
        packages={p: version(p) for p in PACKAGES},
        cores=usable_cores(),
        memory_bytes=memory.total,
        memory_free_bytes=memory.available,
        disk_free_bytes=shutil.disk_usage(root or Path.cwd()).free,
        data=_look_at_data(),
        profile=profile,
        checkout=str(root) if root else None,
        lessons=lessons,
        threads=thread_setting(quiet_threads(dict(os.environ))),
        extras={x: dict(use=use, missing=absent(x)) for x, (_, use) in EXTRAS.items()},
        torch=probes.get("torch"),
        tensorflow=probes.get("tensorflow"),
        import_orders={k: probes[k] for k in ORDERS if k in probes},
        rule=RULE,
    )
    return report | dict(problems=wrong + _problems(report, probes))
