"A trained PyTorch network on disk: arrays, and text that says what they are."

import json
from pathlib import Path

from ..safety import write_whole
from ..settings import pick_device
from ..training.runs import check_files
from .arrays import get_arrays, set_arrays
from .create import create_model
from .tensor_files import read_safetensors, write_safetensors


def save_model(
    model,  # from `create_model` or `pocket_resnet` (torch), with `.vocab` and `.image_size`
    folder,  # made if it doesn't exist
) -> Path:  # the file written
    """Write `folder/model.safetensors`: the weights, and in its header what they belong to.

    That is arch, vocab, image size and dropout; `model.json` beside it says the same to readers
    without our package.
    """
    path = Path(folder) / "model.safetensors"
    if not hasattr(model, "vocab") or not hasattr(model, "image_size"):
        raise ValueError(
            "Set model.vocab and model.image_size before you save it: "
            "a network without them can't be used by anyone else."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = dict(
        arch=model.arch,
        vocab=list(model.vocab),
        image_size=int(model.image_size),
        dropout=model.dropout.p,
    )
    header = {k: v if isinstance(v, str) else json.dumps(v) for k, v in facts.items()}
    write_whole(path, lambda p: write_safetensors(get_arrays(model), p, header))
    write_whole(
        path.with_name("model.json"),
        lambda p: p.write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8"),
    )
    return path


def load_model(
    folder,  # a folder that `save_model`, train_torch.train or train_fastai.train wrote
):  # the torch network, ready to predict, on the picked device
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
    vocab = json.loads(meta["vocab"])
    model = create_model(
        len(vocab),
        meta.get("arch", "pocket_resnet"),
        pretrained=False,
        dropout=float(meta.get("dropout", 0)),
    )
    set_arrays(model, arrays)
    model.vocab, model.image_size = vocab, int(meta["image_size"])
    return model.to(pick_device()).eval()
