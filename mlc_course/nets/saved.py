"A trained PyTorch network on disk: arrays, and text that says what they are."

import json
from pathlib import Path

from ..hints import Module, PathLike
from ..settings import pick_device
from ..training.runs import check_files
from ..whole_files import write_whole
from .arrays import get_arrays, set_arrays
from .create import create_model
from .tensor_files import read_safetensors, write_safetensors


def _facts(model):
    "What the header says of a network; of one of the reader's own only its weights are kept."
    if not hasattr(model, "vocab") or not hasattr(model, "image_size"):
        raise ValueError(
            "Set model.vocab and model.image_size before you save it: "
            "a network without them can't be used by anyone else."
        )
    facts = dict(vocab=list(model.vocab), image_size=int(model.image_size))
    ours = isinstance(getattr(model, "arch", None), str)
    if ours and hasattr(getattr(model, "dropout", None), "p"):
        return dict(arch=model.arch, **facts, dropout=model.dropout.p)
    return facts | dict(own=type(model).__qualname__)


def save_model(
    model: "Module",  # from `create_model`, or your own; with `.vocab` and `.image_size`
    folder: PathLike,  # made if it doesn't exist
) -> Path:  # the file written
    """Write `folder/model.safetensors`: the weights, and in its header what they belong to.

    That is arch, vocab, image size and dropout; `model.json` beside it says the same to readers
    without our package.
    """
    path, facts = Path(folder) / "model.safetensors", _facts(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    header = {k: v if isinstance(v, str) else json.dumps(v) for k, v in facts.items()}
    text = json.dumps(facts, ensure_ascii=False, indent=1)
    write_whole(path, lambda p: write_safetensors(get_arrays(model), p, header))
    write_whole(path.with_name("model.json"), lambda p: p.write_text(text, encoding="utf-8"))
    return path


def _network_for(meta, path):
    "A fresh network as a file's header describes it."
    if "own" in meta:
        raise ValueError(
            f"{path} holds the weights of a network of your own ({meta['own']}), which only your "
            f"code can build. Build it and give it: load_model({str(path.parent)!r}, model=...). "
            "`mlc predict` and Predictor.load need no network, once it is exported."
        )
    arch, dropout = meta.get("arch", "pocket_resnet"), float(meta.get("dropout", 0))
    return create_model(len(json.loads(meta["vocab"])), arch, pretrained=False, dropout=dropout)


def load_model(
    folder: PathLike,  # a folder that `save_model`, train_torch.train or train_fastai.train wrote
    model: "Module | None" = None,  # your own, built as for the training: takes the weights
) -> "Module":  # the torch network, ready to predict, on the picked device
    "The trained network in `folder`. Reads arrays and text only: no pickled code runs."
    path = Path(folder) / "model.safetensors"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is not there. A PyTorch model is written there by "
            f"train_torch.train(..., out={str(folder)!r}) or train_fastai.train."
        )
    check_files(path.parent, [path.name])
    arrays, meta = read_safetensors(path.read_bytes(), str(path))
    if not {"vocab", "image_size"} <= set(meta):
        raise ValueError(
            f"{path} has no vocab or image size in its header, so it wasn't written by save_model."
        )
    model = _network_for(meta, path) if model is None else model
    set_arrays(model, arrays)
    model.vocab, model.image_size = json.loads(meta["vocab"]), int(meta["image_size"])
    return model.to(pick_device()).eval()
