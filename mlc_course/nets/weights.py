"The weights that ship with the package."

import hashlib
from importlib.resources import files
from pathlib import Path

from ..hints import Module, PathLike
from ..whole_files import write_whole
from .arrays import get_arrays
from .tensor_files import read_safetensors, write_safetensors


def weights_path(
    name: str = "pocket_resnet",  # which weights
) -> Path:  # the file inside the package, there or not
    "Where the weights that ship with the package are."
    return Path(str(files("mlc_course"))) / "weights" / f"{name}.safetensors"


def load_weights(
    name: str = "pocket_resnet",  # which weights
) -> dict:  # float32 NumPy arrays by name
    "The shipped weights, after their checksum (a .sha256 file beside them) has been compared."
    path = weights_path(name)
    if not path.is_file():
        raise FileNotFoundError(
            "No pretrained weights ship with this version of mlc_course "
            f"({path.name} is not there). "
            "Ask for pretrained=False and train from scratch: on Postcards that takes minutes."
        )
    data, stated = (
        path.read_bytes(),
        path.with_suffix(".sha256").read_text(encoding="ascii").split()[0],
    )
    if hashlib.sha256(data).hexdigest() != stated:
        raise ValueError(
            f"{path} is damaged: its checksum is not the one stated beside it. "
            "Install mlc_course again."
        )
    return read_safetensors(data, path.name)[0]


def save_weights(
    net: "Module",  # a pocket ResNet, torch or Keras
    path: PathLike,  # the file to write, "....safetensors"; its checksum goes beside it
    recipe: str = "",  # how the weights were made, kept in the file's header
) -> Path:  # the file written
    "Write the network without its head, and a checksum, as `load_weights` reads them."
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    body = {k: v for k, v in get_arrays(net).items() if not k.startswith("head.")}
    write_whole(path, lambda p: write_safetensors(body, p, {"recipe": recipe}))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    write_whole(
        path.with_suffix(".sha256"),
        lambda p: p.write_text(f"{digest}  {path.name}\n", encoding="ascii"),
    )
    return path
