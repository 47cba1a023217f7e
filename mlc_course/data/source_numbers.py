"Every figure that the five articles behind the course report, and what it is a figure of."

import math

import pandas as pd

# article, task, what is meant, the figure as printed
NUMBERS = [
    ("S0", "pascal", "images with labels", 5011),
    ("S0", "pascal", "training images", 2501),
    ("S0", "pascal", "validation images", 2510),
    ("S0", "pascal", "labels", 20),
    ("S0", "pascal", "images in a batch", 64),
    ("S0", "pascal", "validation loss", 0.1035),
    ("S0", "pascal", "accuracy_multi at 0.1", 0.9300),
    ("S0", "pascal", "accuracy_multi at 0.2", 0.95),
    ("S0", "pascal", "accuracy_multi at 0.4", 0.9619),
    ("S0", "pascal", "accuracy_multi at 0.6", 0.9631),
    ("S0", "pascal", "accuracy_multi at 0.9", 0.9569),
    ("S0", "pascal", "accuracy_multi at 0.99", 0.9440),
    ("S1", "cars", "images", 16185),
    ("S1", "cars", "classes", 196),
    ("S1", "cars", "training images", 8144),
    ("S1", "cars", "classes of the head brand", 6),
    ("S1", "cars", "classes of the head type", 5),
    ("S1", "cars", "classes of the head age", 2),
    ("S1", "cars", "features before the heads", 512),
    ("S1", "cars", "accuracy of each head, about", 0.90),
    ("S2", "pascal", "accuracy_multi at 0.9, anew", 0.9579),
    ("S2", "pascal", "rows of get_preds", 2510),
    ("S2", "pascal", "thresholds from 0.05 to 0.95", 29),
    ("S2", "pascal", "activations of a batch", 64 * 20),
    ("S3", "posters", "posters, about", 40000),
    ("S3", "posters", "labels with 1,000 posters", 18),
    ("S3", "posters", "training posters", 30152),
    ("S3", "posters", "validation posters", 7538),
    ("S3", "posters", "features of MobileNetV2", 1280),
    ("S3", "posters", "frozen parameters", 2257984),
    ("S3", "posters", "validation loss, macro soft F1", 0.69),
    ("S3", "posters", "macro F1 at 0.5, macro soft F1", 0.33),
    ("S3", "posters", "validation loss, BCE", 0.27),
    ("S3", "posters", "macro F1 at 0.5, BCE", 0.18),
    ("S4", "nus_wide", "tags in the full lists", 81),
    ("S4", "nus_wide", "tags kept", 27),
    ("S4", "nus_wide", "training images", 5000),
    ("S4", "nus_wide", "test images", 1000),
    ("S4", "nus_wide", "-log 0.08", 2.52),
    ("S4", "nus_wide", "macro F1 at 0.5", 0.520),
    ("S4", "nus_wide", "micro F1 at 0.5", 0.666),
    ("S4", "nus_wide", "epochs", 35),
    ("S4", "nus_wide", "minutes on a GTX 1080 Ti, about", 60),
]
NOTHING = 1 - 7306 / (5011 * 20)  # accuracy of predicting nothing on PASCAL 2007
REAL = {  # task -> the set that its figures are about
    "pascal": "PASCAL 2007",
    "cars": "Stanford Cars",
    "posters": "film posters",
    "nus_wide": "NUS-WIDE",
}
STAND_INS = {  # task -> what is drawn in its format
    "pascal": "Postcards",
    "cars": "toy cars",
    "posters": "Postcards as posters",
    "nus_wide": "Postcards",
}
ANYWHERE = {  # what doesn't depend on a set
    "features before the heads": "the network",
    "features of MobileNetV2": "the network",
    "frozen parameters": "the network",
    "-log 0.08": "the formula",
    "thresholds from 0.05 to 0.95": "the recipe",
}


def printed(
    task,  # "pascal", "cars", "posters" or "nus_wide"
    what,  # as NUMBERS has it
):  # the figure
    "A figure as its article prints it."
    return next(value for _, t, w, value in NUMBERS if (t, w) == (task, what))


def source_numbers(
    here: dict | None = None,  # (task, what) -> what was measured now
    on: dict | None = None,  # task -> the set that it was measured on
) -> pd.DataFrame:  # columns article, what, source, here, on, still to run on
    "The figures of the articles beside what was measured now; NaN where nothing was."
    here, on = here or {}, on or {}
    odd = set(here) - {(task, what) for _, task, what, _ in NUMBERS}
    if odd:
        raise KeyError(f"No article reports {sorted(odd)[0]}; NUMBERS lists what they report.")
    rows = []
    for article, task, what, value in NUMBERS:
        found, known = here.get((task, what), math.nan), (task, what) in here
        where = ANYWHERE.get(what, on.get(task, "")) if known else ""
        left = "" if where and (what in ANYWHERE or where == REAL[task]) else REAL[task]
        rows.append((article, what, value, found, where, left))
    columns = ["article", "what", "source", "here", "on", "still to run on"]
    return pd.DataFrame(rows, columns=columns)


def pascal_figures(
    table,  # the ImageTable
    accuracies,  # threshold -> accuracy on the validation split
    loss,  # of the validation split
    activations,  # logits of a batch
    n_thresholds,  # of the long sweep
) -> dict:  # (task, what) -> value
    "What S0 and S2 report, of a run of ours."
    counts, (batch, labels) = table.counts(), activations.shape
    found = {f"accuracy_multi at {t:g}": a for t, a in accuracies.items()}
    found["accuracy_multi at 0.9, anew"] = accuracies[0.9]
    found |= {"training images": counts["train"], "validation images": counts["valid"]}
    found |= {"images with labels": counts["train"] + counts["valid"], "labels": labels}
    found |= {"images in a batch": batch, "activations of a batch": batch * labels}
    found |= {"validation loss": loss, "rows of get_preds": counts["valid"]}
    found["thresholds from 0.05 to 0.95"] = n_thresholds
    return {("pascal", what): value for what, value in found.items()}


def nus_wide_figures(
    table,  # the subset
    n_tags,  # of the full lists
    scores,  # Scores on the test split
    run,  # a TrainingRun
) -> dict:  # (task, what) -> value
    "What S4 reports, of a run of ours."
    counts = table.counts()
    found = {"tags in the full lists": n_tags, "tags kept": len(table.vocab)}
    found |= {"training images": len(table) - counts["test"], "test images": counts["test"]}
    found |= {"macro F1 at 0.5": scores.macro_f1, "micro F1 at 0.5": scores.micro_f1}
    found |= {"epochs": len(run.history), "minutes on a GTX 1080 Ti, about": run.seconds / 60}
    found["-log 0.08"] = -math.log(0.08)
    return {("nus_wide", what): value for what, value in found.items()}


def poster_figures(
    table,  # the ImageTable
    heads,  # "BCE" and "macro soft F1" -> (validation loss, macro F1)
    body,  # MobileNetV2, a Keras model
) -> dict:  # (task, what) -> value
    "What S3 reports, of a run of ours."
    counts = table.counts()
    found = {"posters, about": len(table), "labels with 1,000 posters": len(table.vocab)}
    found |= {"training posters": counts["train"], "validation posters": counts["valid"]}
    found |= {"features of MobileNetV2": body.output_shape[1]}
    found["frozen parameters"] = body.count_params()
    for name, (loss, f1) in heads.items():
        found |= {f"validation loss, {name}": loss, f"macro F1 at 0.5, {name}": f1}
    return {("posters", what): value for what, value in found.items()}


def car_figures(
    cars,  # the ImageTable, before brands are merged
    task,  # Heads
    scores,  # of the test split, as `MultiHeadRun.scores` gives them
    n_features,  # of the body
) -> dict:  # (task, what) -> value
    "What S1 reports, of a run of ours."
    found = {"images": len(cars), "classes": cars.df["class_name"].nunique()}
    found["training images"] = int((cars.df["split"] != "test").sum())
    found |= {f"classes of the head {o}": len(c) for o, c in task.classes.items()}
    found["features before the heads"] = n_features
    found["accuracy of each head, about"] = scores.loc["model", list(task.classes)].mean()
    return {("cars", what): value for what, value in found.items()}
