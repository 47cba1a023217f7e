"Device, precision, seeds, and how PyTorch and TensorFlow get on in one process."

import os
import sys
import tempfile
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec

from .extras import need
from .hints import Any, Device
from .profiles import PRECISIONS

TOO_LATE = (
    "TensorFlow is already loaded in this process, and loading torchvision, fastai or triton "
    "after it would end the process without a traceback (LLVM would be registered twice). "
    "Restart the kernel and import the PyTorch side first, for example `import torchvision` or "
    "`import mlc_course.train_torch`, and TensorFlow after it."
)


def require_torch_first() -> None:
    "ImportError where torch isn't installed, or where importing it now would abort the process."
    need("torch", "torch")
    loaded = sys.modules
    if "tensorflow" in loaded and "triton" not in loaded and find_spec("triton") is not None:
        raise ImportError(TOO_LATE)


@contextmanager
def _quiet_start():
    "Keep what C++ code writes to the error stream, and show it only if something fails."
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as noise:
        os.dup2(noise.fileno(), 2)
        try:
            yield
        except BaseException:
            noise.seek(0)
            os.write(kept, noise.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def import_tensorflow() -> Any:  # the tensorflow module
    "Import TensorFlow so that PyTorch can still follow: triton first, GPU memory as needed."
    need("tensorflow", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    with _quiet_start():
        if "tensorflow" not in sys.modules and find_spec("triton") is not None:
            import triton  # noqa: F401
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            try:
                tf.config.experimental.set_memory_growth(gpu, True)
            except RuntimeError:
                pass  # the GPU is in use already; the environment variable has seen to it
    return tf


def _forced_device(torch, name):
    "The device that MLC_DEVICE names, or a ValueError that says what it may name."
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"MLC_DEVICE is {name!r}; use cpu, cuda, cuda:1 or mps.") from None
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not here.get(device.type, True):
        said = f"MLC_DEVICE asks for {name!r}, which torch can't find here"
        raise ValueError(f"{said}. Unset it, or use cpu.")
    return device


def pick_device() -> "Device":  # a torch.device
    "The fastest device of this machine: cuda, then mps, then cpu. `MLC_DEVICE` overrides it."
    require_torch_first()
    import torch

    if forced := os.environ.get("MLC_DEVICE", "").strip():
        return _forced_device(torch, forced)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def conv_seconds(
    device,  # a torch.device
    dtype,  # torch.float32, or what autocast shall compute in
    n: int = 12,  # repetitions, of which the fastest counts
) -> float:  # seconds
    "How long one convolution takes: 16 images of 32 x 32 pixels, 32 channels."
    import time

    import torch

    conv = torch.nn.Conv2d(32, 32, 3, padding=1).to(device).to(memory_format=torch.channels_last)
    x = torch.rand(16, 32, 32, 32, device=device).to(memory_format=torch.channels_last)
    best = float("inf")
    with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
        for _ in range(n):
            t = time.perf_counter()
            conv(x).float().sum().item()
            best = min(best, time.perf_counter() - t)
    return best


@cache
def fastest_precision(
    device: "Device",  # a torch.device
) -> str:  # "fp32", "bf16" or "fp16"
    "What `auto` means on a device: found once, so that all trainings of a process agree."
    import torch

    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return "bf16" if native else "fp16"
    if device.type == "mps":
        return "fp32"
    kinds = (torch.bfloat16, torch.float32)
    turns = [[conv_seconds(device, o) for o in kinds] for _ in range(2)]
    half, full = (min(o) for o in zip(*turns))  # in turn, as the machine may be busy for a moment
    return "bf16" if half < 0.8 * full else "fp32"


def pick_precision(
    precision: str = "auto",  # a profile's precision
    device: "Device | None" = None,  # a torch.device; `pick_device()` if left out
) -> str:  # "fp32", "bf16" or "fp16"
    """What `precision` means on `device`. "auto": on a GPU bf16 where it is native, else fp16;
    on a CPU the faster of fp32 and bf16, timed on one convolution."""
    require_torch_first()
    import torch

    if precision not in PRECISIONS:
        choose = f"choose one of {', '.join(PRECISIONS)}"
        raise ValueError(f"precision is {precision!r}; {choose}.")
    device = torch.device(device) if device is not None else pick_device()
    if precision == "fp16" and device.type != "cuda":
        said = f"precision fp16 needs an NVIDIA GPU, and the device is {device}"
        raise ValueError(f"{said}. Use auto, bf16 or fp32.")
    return fastest_precision(device) if precision == "auto" else precision


def seed_everything(
    seed: int,  # any non-negative integer
) -> None:
    "Seed Python's, NumPy's and, where they are loaded, torch's and TensorFlow's generators."
    import random

    import numpy as np

    random.seed(seed)
    np.random.seed(seed % 2**32)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].random.set_seed(seed)
