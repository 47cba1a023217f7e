"What the page says: sentences and HTML, all of it escaped."

import base64
import html

import numpy as np

from mlc_course.tools.demo.reading import as_jpeg, read_picture, short_name

CHOSEN, ONE = "chosen", "one"
SAID = 20  # labels that one sentence names at most
SAID_CHARACTERS = 1_200


def esc(text):
    "Text that is nothing but text on the page."
    return html.escape(str(text), quote=True)


def count(n, what):
    "The number and its noun."
    return f"{n:,} {what}{'s' * (n != 1)}"


def data_uri(jpeg):
    "A JPEG file, to stand in the page itself."
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def limits(
    predictor,  # with thresholds
    how: str = CHOSEN,  # or ONE
    value: float = 0.5,  # of all labels, if ONE
) -> dict:  # label -> threshold, as the predictor compares it
    "The thresholds in force."
    if how == CHOSEN:
        return dict(zip(predictor.vocab, predictor.thresholds.tolist()))
    value = min(1.0, max(0.0, float(0.5 if value is None else value)))
    return dict.fromkeys(predictor.vocab, float(np.float32(value)))


def by_score(scores):
    "(label, score), the highest first."
    return sorted(scores.items(), key=lambda o: -o[1])


def sentence(
    scores: dict,  # label -> probability
    thresholds: dict,  # label -> threshold
) -> str:
    "The answer in words; of very many labels the first, and how many more."
    named = [f"{o} {p:.2f}" for o, p in by_score(scores) if p > thresholds[o]]
    if not named:
        label, p = by_score(scores)[0]
        best = f"The highest score is {p:.2f}, for {label}"
        return f"Nothing I know. {best}; its threshold is {thresholds[label]:.2f}."
    said = named[:SAID]
    while len(said) > 1 and sum(map(len, said)) > SAID_CHARACTERS:
        said.pop()
    rest = len(named) - len(said)
    return ", ".join(said) + (f" and {count(rest, 'more label')}" if rest else "")


def answer_html(
    seen,  # Seen, or None before the first image
    thresholds: dict,  # label -> threshold
) -> str:
    "The answer, over the name of its image."
    if seen is None:
        return '<p class="mlc-hint">Choose a picture: what the model finds in it is said here.</p>'
    found = any(p > thresholds[o] for o, p in seen.scores.items())
    said = esc(sentence(seen.scores, thresholds))
    return (
        f'<p class="mlc-name">{esc(seen.name)}</p>'
        f'<p class="mlc-answer{"" if found else " mlc-none"}">{said}</p>'
    )


def refusal_html(message):
    "A refusal, which stands where an answer would."
    sign = '<span aria-hidden="true">⚠ </span>'
    return f'<p class="mlc-answer mlc-refused">{sign}{esc(message)}</p>'


def threshold_note(
    predictor,  # with a spec
    how: str,  # CHOSEN or ONE
    value: float,  # of all labels, if ONE
) -> str:
    "Which thresholds are in force."
    if how == ONE:
        return f"Now: {limits(predictor, ONE, value)[predictor.vocab[0]]:.2f} for every label."
    chosen = predictor.spec.get("thresholds_chosen") or "as the folder gives them"
    return f"Now: one per label ({chosen})."


def now_html(predictor, how, value):
    "The same, for the page."
    return f'<p class="mlc-now">{esc(threshold_note(predictor, how, value))}</p>'


def part_of(spec, name):
    "A part of the spec, {} if it isn't there or odd."
    part = spec.get(name)
    return part if isinstance(part, dict) else {}


def dataset_of(spec):
    "What the model was trained on."
    return short_name(part_of(spec, "trained").get("dataset") or "an unknown data set")


def head_html(predictor):
    "Title, and what the model knows."
    known = count(len(predictor.vocab), "label")
    return (
        f'<h1>What is in this picture?</h1><p class="mlc-lead">A network that learnt {known} from '
        f"<b>{esc(dataset_of(predictor.spec))}</b> answers, with a score for each: "
        "several can be right, or none.</p>"
    )


def _number(d, k, f="{:.3f}"):
    return f.format(d[k]) if isinstance(d.get(k), (int, float)) else None


def model_rows(spec):
    "(what, value) of how the model was made; what the spec doesn't say is left out."
    trained, scores, parity = (part_of(spec, o) for o in ("trained", "scores", "parity"))
    profile, seen = part_of(trained, "profile"), spec["preprocessing"]
    names = dict(mAP="mAP", macro_f1="macro F1", micro_f1="micro F1", exact_match="exact match")
    figures = [f"{words} {v}" for k, words in names.items() if (v := _number(scores, k))]
    scored = _number(scores, "images", "{:,}") or "the"
    scored = f"Scores with them, on {scored} pictures of {scores.get('split')}"
    rows = [
        ("Labels", ", ".join(spec["vocab"])),
        ("Data set", dataset_of(spec)),
        ("Training pictures", _number(trained, "images", "{:,}")),
        ("Network", trained.get("arch")),
        ("Trained with", trained.get("framework")),
        ("Profile", profile.get("name")),
        ("Epochs", _number(profile, "epochs", "{}")),
        ("Training took", _number(trained, "seconds", "{:,.0f} s")),
        ("Size it sees", f"{seen['image_size']} px, {seen.get('resize', '')}"),
        ("Thresholds", spec.get("thresholds_chosen")),
        (scored, ", ".join(figures) or None),
        (
            "Differs from the trained model by",
            _number(parity, "largest_difference", "{:.1e} at most"),
        ),
        ("Made on", str(spec.get("created") or "")[:16].replace("T", " ") or None),
        (
            "SHA-256 of the training data starts with",
            str(trained.get("data_sha256") or "")[:16] or None,
        ),
    ]
    return [(k, v) for k, v in rows if v not in (None, "")]


def model_html(predictor):
    "How the model was made, folded; and what no score can promise, in the open."
    n = len(predictor.vocab)
    known = "this label" if n == 1 else f"these {n:,} labels"
    rows = "".join(f"<dt>{esc(k)}</dt><dd>{esc(v)}</dd>" for k, v in model_rows(predictor.spec))
    return (
        f'<p class="mlc-honest"><b>It knows {known} and nothing else.</b> '
        "A picture of something else can get labels "
        'too, with high scores: a score is not a proof.</p><details class="mlc-model">'
        f"<summary>How this model was made</summary><dl>{rows}</dl></details>"
    )


def examples_html(examples):
    "A button with a small image for each example."
    buttons = "".join(_button(i, o) for i, o in enumerate(examples))
    return f'<p class="mlc-sub">Or pick an example</p><div class="mlc-examples">{buttons}</div>'


def _button(i, example):
    from PIL import Image

    image = read_picture(example.path)
    image.thumbnail((160, 160), Image.Resampling.BICUBIC)
    alt = esc(f"Example {i + 1}: {example.alt}")
    return (
        f'<button type="button" class="mlc-example" data-example="{i}">'
        f'<img src="{data_uri(as_jpeg(image))}" alt="{alt}"></button>'
    )
