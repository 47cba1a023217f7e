"Weights that come over the net: known by their full SHA-256 from the first use on, and never run."

import contextlib
import hashlib
import io
import pickle
from contextlib import contextmanager
from pathlib import Path

from ..data.drawn_sets import write_file
from ..settings import data_home


def known_digest(
    name: str,  # of a file of weights
) -> Path:  # there or not
    "Where the SHA-256 of a fetched file is kept from its first use on."
    return data_home() / "weights" / f"{name}.sha256"


def check_bytes(
    path: Path,  # where the file lies
    data: bytes,  # what is in it
) -> str:  # its SHA-256, 64 hexadecimal digits
    "Compare a fetched file with what it was at its first use; at the first use, remember it."
    found, record = hashlib.sha256(data).hexdigest(), known_digest(path.name)
    try:
        stated = record.read_text(encoding="ascii").split()[0]
    except (OSError, IndexError, UnicodeDecodeError):
        with contextlib.suppress(OSError):  # a data folder that can only be read
            record.parent.mkdir(parents=True, exist_ok=True)
            write_file(record, f"{found}  {path.name}\n".encode("ascii"), sync=True)
        return found
    if found != stated:
        raise ValueError(
            f"{path} has changed since its first use: its SHA-256 was {stated} and is {found}. "
            "Delete the file, and it will be fetched again. If its publisher has replaced it and "
            f"you trust the new one, delete {record} as well."
        )
    return found


def read_state(
    path: Path,  # a .pth file
) -> dict:  # tensors by name
    "The weights in a file of PyTorch's. What is in it beside tensors is refused, not run."
    import torch

    data = path.read_bytes()
    check_bytes(path, data)
    try:
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as e:
        raise ValueError(
            f"{path} can't be read as weights alone ({type(e).__name__}). Other things in such a "
            "file could run code, so it was not opened. Delete it and its record, and it will be "
            f"fetched again: {known_digest(path.name)}"
        ) from None


@contextmanager
def only_weights():
    "While this lasts, torchvision's networks get their weights from `read_state`."
    import torch
    from torchvision.models import _api

    before = _api.load_state_dict_from_url

    def load(url, *args, **kwargs):
        return read_state(Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2])

    _api.load_state_dict_from_url = load
    try:
        yield
    finally:
        _api.load_state_dict_from_url = before


@contextmanager
def same_files():
    "While this lasts, what Keras fetches or finds is compared with its first use."
    from keras.src.utils import file_utils

    before = file_utils.get_file

    def get_file(*args, **kwargs):
        path = Path(before(*args, **kwargs))
        check_bytes(path, path.read_bytes())
        return str(path)

    file_utils.get_file = get_file
    try:
        yield
    finally:
        file_utils.get_file = before
