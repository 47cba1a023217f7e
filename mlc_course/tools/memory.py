"""The C library's memory: kept while a network trains, given back when a page has looked at a large
image.
"""

import ctypes
import os
import sys


def keep_memory() -> bool:
    """Ask glibc to keep freed blocks instead of giving them back at every step, as `mlc run` does
    for its kernels; False where that can't be asked.
    """
    if not sys.platform.startswith("linux") or any(
        k in os.environ for k in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_MAX_")
    ):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False  # another C library
    trim_threshold, mmap_max = -1, -4
    return bool(mallopt(trim_threshold, -1) and mallopt(mmap_max, 0))


def give_back_memory() -> bool:
    "Ask glibc to give freed blocks back to the system; False where that can't be asked."
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL(None).malloc_trim(0))
    except (OSError, AttributeError):
        return False  # another C library
