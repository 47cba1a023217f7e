"""What this process may use of the machine."""

import math
import os
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
