"Thresholds of a predictor, and what is remembered about how it was made."

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, is_dataclass
from itertools import compress

import numpy as np

from ..data.decoded import Decoded, checksum_of
from ..data.one_open import file_digest
from ..data.table import ImageTable
from ..data.text import some
from ..metrics import evaluate
from ..thresholds import best_thresholds_per_label

NEVER = 1.0  # no probability is above it
TINY = 1e-4  # a threshold below this says that the network never learned the label


def by_label(thresh, vocab) -> dict:
    "Thresholds by label, in the vocab's order; ValueError unless each is a number in [0, 1]."
    if isinstance(thresh, dict):
        odd = sorted(set(thresh) ^ set(vocab))
        if odd:
            differ = ", ".join(map(repr, odd[:3]))
            raise ValueError(
                f"The thresholds must name each label once; they differ from the vocab in {differ}."
            )
        thresh = [thresh[o] for o in vocab]
    try:
        t = np.asarray(thresh, "float32")
    except (TypeError, ValueError):
        t = np.asarray("nan", "float32")
    if t.shape not in ((), (len(vocab),)) or not ((t >= 0) & (t <= 1)).all():
        raise ValueError(
            f"thresholds is {thresh}: give a number in [0, 1], or one for each of the "
            f"{len(vocab)} labels."
        )
    return dict(zip(vocab, np.broadcast_to(t, len(vocab)).tolist()))


def support_of(run, table, vocab):
    "Training images of each label, where a run or a table tells; None otherwise."
    support = getattr(run, "support", None)
    if support:
        return np.array([support.get(o, 0) for o in vocab])
    if table is not None and "train" in table.splits and list(table.vocab) == list(vocab):
        data = isinstance(table, Decoded)
        return (table.split("train").targets if data else table.targets("train")).sum(0)
    return None


def best_thresholds(run, table, vocab) -> tuple:  # (by label, how they were chosen)
    "The best F1 of each label on valid; never said is what no training image shows."
    valid = run.predictions.get("valid") if run is not None else None
    support = support_of(run, table, vocab)
    unseen = np.zeros(len(vocab), bool) if support is None else support == 0
    if valid is None:
        t, how = (
            np.full(len(vocab), 0.5),
            "0.5 for every label: no validation predictions to choose them on",
        )
    else:
        t = np.clip(best_thresholds_per_label(valid), 0, 1)
        how = f"highest F1 of each label on the {len(valid)} images of valid"
        without = int(((valid.targets.sum(0) == 0) & ~unseen).sum())
        how += f"; 0.5 for {without} without an image there" if without else ""
        unlearned = (t < TINY) & ~unseen
        t[unlearned] = NEVER
        if unlearned.any():
            how += f"; 1 (never said) for {int(unlearned.sum())} "
            how += "that the network hardly ever scores above 0: "
            how += some(compress(vocab, unlearned))
    t = np.where(unseen, NEVER, t)
    if unseen.any():
        how += f"; 1 (never said) for {int(unseen.sum())} without a training image: "
        how += some(compress(vocab, unseen))
    return by_label(t, vocab), how


def scores_of(run, thresh, vocab):
    "Scores with these thresholds on test, or on valid; None where a run has neither."
    split = next((o for o in ("test", "valid") if run is not None and o in run.predictions), None)
    if split is None or not len(run.predictions[split]):
        return None
    s = evaluate(run.predictions[split], [thresh[o] for o in vocab]).to_dict()
    names = ("mAP", "macro_f1", "micro_f1", "samples_f1", "exact_match")
    f1 = {o["label"]: o["f1"] for o in s["per_label"]}
    return dict(split=split, images=s["n_images"], **{k: s[k] for k in names}, f1=f1)


def origin_of(source, table):
    "Who trained the network, on what."
    run, model = source.run, source.model
    if run is None:
        known = dict(framework="fastai" if source.learn is not None else source.framework)
    else:
        profile = asdict(run.profile) if is_dataclass(run.profile) else run.profile
        known = dict(
            framework=run.framework,
            dataset=run.dataset,
            seconds=round(run.seconds, 1),
            profile=profile,
        )
    known["arch"] = getattr(model, "arch", model.__class__.__name__)
    if table is not None and "train" in table.splits:
        train = table.split("train") if isinstance(table, Decoded) else table.subset("train")
        found = train.checksum() if isinstance(table, Decoded) else data_checksum(train)
        known |= dict(data_sha256=found, images=len(train))
    return known


def data_checksum(
    table: ImageTable,  # whose files
    split: str | None = None,  # one split, or all
) -> str:  # 64 hexadecimal digits
    "SHA-256 over names, labels and contents of the images, in order: equal if the data is equal."
    part = table if split is None else table.subset(split)
    with ThreadPoolExecutor(8) as pool:
        return checksum_of(part, pool.map(file_digest, part.paths()))
