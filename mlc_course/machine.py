"""What this process may use of the machine, and where it keeps its data."""

import math
import os
import platform
import sys
from pathlib import Path


def _quota(folder):  # a folder of control groups
    "CPUs that the group's quota allows, or None if there is none."
    try:
        if (folder / "cpu.max").exists():  # cgroup v2
            allowed, period = (folder / "cpu.max").read_text().split()[:2]
        else:  # cgroup v1
            allowed = (folder / "cpu.cfs_quota_us").read_text()
            period = (folder / "cpu.cfs_period_us").read_text()
        allowed, period = float(allowed), float(period)  # "max" is a ValueError
    except (OSError, ValueError):
        return None
    return allowed / period if allowed > 0 and period > 0 else None


def _group_folders(root, own):  # the mounted control groups; the file that names this process's
    "The folders of this process's CPU groups, from the innermost to the root."
    try:
        lines = Path(own).read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, controllers, path = (line.split(":", 2) + ["", ""])[:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        base = root / controllers if controllers and (root / controllers).is_dir() else root
        base = root / "cpu" if controllers and base == root and (root / "cpu").is_dir() else base
        inner = base / path.strip("/")
        yield from (f for f in (inner, *inner.parents) if f == base or base in f.parents)
    yield from (root, root / "cpu")  # a container sees its own group at the root


def usable_cores(
    root="/sys/fs/cgroup",  # where control groups are mounted
    own="/proc/self/cgroup",  # the file that names this process's groups
) -> int:  # at least 1
    "CPU cores that this process may use: its affinity, and the quota of its container."
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    quotas = [q for f in _group_folders(Path(root), own) if (q := _quota(f)) is not None]
    return max(1, min([cores, *(math.ceil(q) for q in quotas)]))


# OpenMP's threads spin while they wait, which beside other load takes the CPU from those that work.
# Asleep at once (OMP_WAIT_POLICY=PASSIVE), they are slow alone too; docs/benchmarks.md has figures.
THREADS = {"GOMP_SPINCOUNT": "3000"}  # what we set; mlc_course/tools/bootstrap.py says the same
THREADS_TOO = ("OMP_WAIT_POLICY", "KMP_BLOCKTIME")  # other names for the same wish


def quiet_threads(
    env=None,  # a dict of environment variables, changed; this process's own if left out
):  # the same dict
    """Let OpenMP's threads sleep while they wait, unless the user has said how.

    Call it before torch is loaded: OpenMP reads the variables once, as it starts."""
    env = os.environ if env is None else env
    if not any(env.get(name, "").strip() for name in (*THREADS, *THREADS_TOO)):
        env.update(THREADS)
    return env


def thread_setting(
    env=None,  # a dict of environment variables; this process's own if left out
) -> str:  # "GOMP_SPINCOUNT=3000", or "the libraries' own"
    "How OpenMP's threads wait here."
    env = os.environ if env is None else env
    said = [f"{n}={env[n]}" for n in (*THREADS, *THREADS_TOO) if env.get(n, "").strip()]
    return ", ".join(said) or "the libraries' own"


def has_gpu() -> bool:
    "Whether an NVIDIA GPU or Apple's is at hand; no framework is loaded to find out."
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    return Path("/proc/driver/nvidia/gpus").is_dir() and hidden not in ("", "-1")


def data_home() -> Path:  # an existing folder
    """Folder for data: `MLC_HOME` if set, else the platform's cache folder for mlc_course.

    A shared folder that can only be read serves the sets that are in it."""
    from platformdirs import user_cache_path

    home = os.environ.get("MLC_HOME", "").strip()
    path = Path(home).expanduser() if home else user_cache_path("mlc_course", appauthor=False)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        said = f"The data folder {path} can't be made ({e.strerror})"
        raise OSError(f"{said}. Set MLC_HOME to a folder that you can write to.") from e
    return path
