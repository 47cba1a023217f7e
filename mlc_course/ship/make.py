"`Predictor.save`: find out, export, compare, write."

from datetime import datetime, timezone
from pathlib import Path

from ..data.decoded import Decoded
from ..safety import write_whole
from .decide import best_thresholds, by_label, origin_of, scores_of
from .export import onnx_bytes
from .facts import need_table
from .folder import MODEL, put, sha256, version_of
from .parity import measure
from .session import open_session
from .source import open_source

PACKAGES = (
    "mlc_course",
    "numpy",
    "pillow",
    "onnx",
    "onnxruntime",
    "torch",
    "fastai",
    "tensorflow",
    "keras",
)


def make(
    cls, folder, trained, table, thresholds, chosen, tolerance, vocab, image_size, input_range
):
    "Everything that `Predictor.save` does; the comments there say what is what."
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; a predictor needs a folder.")
    if table is not None:
        need_table(table)
    source = open_source(trained, vocab, image_size, input_range)
    table = decoded_by(source, table)
    if thresholds is not None:
        thresh = by_label(thresholds, source.vocab)
    else:
        thresh, chosen = best_thresholds(source.run, table, source.vocab)
    data, sigmoid = onnx_bytes(source)
    session = exported_session(data)
    spec = describe(source, thresh, chosen)
    spec["model"] = dict(
        file=MODEL,
        sha256=sha256(data),
        bytes=len(data),
        input="pixels",
        outputs=[o.name for o in session.get_outputs()],
    )
    spec["parity"] = measure(cls(session, spec), source, sigmoid, table, tolerance)
    spec["trained"] = origin_of(source, table)
    spec["scores"] = scores_of(source.run, thresh, source.vocab)
    put(folder, data, spec)
    return cls.load(folder)


def decoded_by(source, table):
    "What a run has decoded of this very table, so that no file is opened again; or the table."
    data = getattr(source.run, "decoded", None)
    if data is None or table is None or isinstance(table, Decoded):
        return table
    return data if data.image_size == source.recipe.size and data.is_of(table) else table


def exported_session(data):
    "onnxruntime's session of what was exported; ValueError if it can't be opened."
    try:
        return open_session(data, MODEL)
    except ValueError as e:
        why = str(e).split("reads (")[-1].split("). Export the run")[0]
        raise ValueError(
            f"onnxruntime can't open what was exported of this network ({why[:200]}). Update "
            "onnxruntime and the exporter, or "
            "replace the layer that is named."
        ) from None


def describe(source, thresh, chosen):
    "What predictor.json says before anything was measured."
    recipe = source.recipe
    return dict(
        format=1
        if recipe.plain_square
        else 2,  # 1: a version before `steps` prepares images the same way
        vocab=source.vocab,
        thresholds=thresh,
        thresholds_chosen=chosen,
        preprocessing=recipe.to_dict()
        | dict(pixels="uint8 [N, S, S, 3]; the model scales them itself"),
        trained={},
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        versions={o: version_of(o) for o in PACKAGES if version_of(o)},
    )


def export_onnx(
    model,  # a torch module, a fastai Learner or a Keras model; as for `Predictor.save`
    path,  # the file to write, "....onnx"
    *,
    vocab=None,  # and these, where it doesn't carry them
    image_size=None,
    input_range=None,
) -> Path:  # `path`
    """Write a network as ONNX: `pixels` uint8 [N, S, S, 3] to `probs` float32 [N, C], any N.

    The pocket ResNet also gives `maps` float32 [N, C, S/16, S/16], EfficientNet-Lite [N, C, S/32,
    S/32]. Vocab and image size stand in the metadata. A Learner's normalising is taken in; resizing
    is left to who makes the pixels."""
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"{path} is a folder; give the name of a file in it, as model.onnx."
        )
    data, _ = onnx_bytes(open_source(model, vocab, image_size, input_range))
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(path, lambda part: part.write_bytes(data))
