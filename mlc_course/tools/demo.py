"The page that `mlc demo` serves: upload a picture or pick an example, and see every label's score beside its threshold."
import base64
import errno
import html
import io
import ipaddress
import os
import signal
import socket
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MAX_BYTES, MAX_PIXELS = 10_000_000, 50_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")                      # what strangers may send; Pillow reads more
SHOWN = 384                                                                # longer side of a picture on the page, in pixels
CHOSEN, ONE = "chosen", "one"


# ---- reading -----------------------------------------------------------------------------------
class Refused(ValueError):
    "A picture that isn't looked at; the message is for the page, and names no folder."


@dataclass(frozen=True)
class Seen:
    "What the page remembers of a picture, so that thresholds and maps need no second prediction."
    name: str # the file's own name
    scores: dict # label -> probability
    picture: object # PIL, RGB, `SHOWN` pixels on its longer side
    maps: object = None # float32 [C, h, w] in the order of the scores; None if the model has none


@dataclass(frozen=True)
class Example:
    "A picture to pick."
    path: Path # where it lies
    alt: str # what it shows, for those who can't see it


def short_name(name):
    "A file name that fits on the page: its last part, without control characters, 60 characters at most."
    name = "".join(c for c in str(name or "").replace("\\", "/").rpartition("/")[2] if c.isprintable()).strip() or "The picture"
    return name if len(name) <= 60 else name[:40] + "..." + name[-17:]


def read_picture(
    path, # a file that anybody may have made
    name=None, # what to call it on the page; its own name if left out
): # PIL image, RGB, upright
    "The picture as `mlc predict` reads it, or Refused. Size, kind and pixels are looked at before anything is decoded."
    from PIL import Image, UnidentifiedImageError
    from mlc_course.tables import load_image
    path, name = Path(path), short_name(name or Path(path).name)
    kinds = "JPEG, PNG, WebP, GIF, BMP or TIFF"
    too_many = f"{name} has too many pixels: {MAX_PIXELS/1e6:.0f} million at most. Make it smaller, and try again."
    try: size = path.stat().st_size
    except OSError: raise Refused(f"{name} did not arrive. Try again.") from None
    if size == 0: raise Refused(f"{name} is empty (0 bytes), so there is nothing to look at.")
    if size > MAX_BYTES: raise Refused(f"{name} has {size/1e6:.1f} MB, and {MAX_BYTES/1e6:.0f} MB are allowed. Make it smaller, and try again.")
    try:
        with Image.open(path, formats=FORMATS) as image: width, height = image.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning): raise Refused(too_many) from None
    except UnidentifiedImageError: raise Refused(f"{name} is not a picture that this page can read. It reads {kinds}.") from None
    except Exception: raise Refused(f"{name} is damaged, so it was not looked at. This page reads {kinds}.") from None
    if width*height > MAX_PIXELS: raise Refused(too_many)
    try: return load_image(path)
    except MemoryError: raise Refused(f"{name} needs more memory than there is. Make it smaller, and try again.") from None
    except (ValueError, OSError) as e:
        why = str(e.__cause__ or e)
        if "truncated" in why or "cut off" in why: raise Refused(f"{name} is cut off: a part is missing. Save it again, and try once more.") from None
        if why.startswith("its pixels"): raise Refused(f"{name} was not looked at: {why}.") from None
        raise Refused(f"{name} is damaged, so it was not looked at. Save it again, and try once more.") from None


def look(
    predictor, # a `predictor.Predictor`
    path, # a picture file
    name=None, # what to call it
) -> Seen:
    "Scores and maps of a picture file; Refused if it can't be read."
    from mlc_course.tables import square_pixels
    image = read_picture(path, name)
    pixels = square_pixels(image, predictor.image_size)          # decoded and shrunk once; doing so again changes nothing
    scores = predictor.predict([pixels])[0].scores
    return Seen(short_name(name or Path(path).name), scores, _to_show(image), predictor.maps([pixels])[0] if predictor.has_maps else None)


def _to_show(image):
    from PIL import Image
    k = SHOWN/max(image.size)
    return image.resize([max(1, round(o*k)) for o in image.size], Image.Resampling.BICUBIC if k > 1 else Image.Resampling.BOX, reducing_gap=3.)


# ---- examples ----------------------------------------------------------------------------------
POSTCARDS = (1008, 1034, 1077, 1044, 1058, 1018, 1043, 1012)     # seeds of drawn postcards with two labels and more


def find_examples(
    folder, # pictures to pick from, or None
    spec:dict, # of the predictor
    home, # where examples may be drawn
) -> list: # of Example, 9 at most
    "The first eight pictures of a folder; without one, drawn postcards for a model of Postcards."
    if folder is not None: return _from_folder(Path(folder).expanduser())
    return _drawn(Path(home)) if str(_part(spec, "trained").get("dataset", "")).startswith("postcards") else []


def _from_folder(folder):
    from mlc_course.tables import IMAGE_SUFFIXES
    if not folder.is_dir(): raise ValueError(f"There is no folder {folder}. Give --examples a folder of pictures, or leave it out.")
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file())
    if not paths: raise ValueError(f"There is no picture in {folder}; looked for {', '.join(sorted(IMAGE_SUFFIXES))}, not in its subfolders.")
    found = []
    for path in paths:
        try: read_picture(path)
        except Refused as e: print(f"mlc: left out of the examples: {e}", file=sys.stderr)
        else: found.append(Example(path.resolve(), short_name(path.name)))
        if len(found) == 8: return found
    if not found: raise ValueError(f"No picture of {folder} can be read.")
    return found


def _drawn(home):
    from mlc_course.postcards import draw_postcard, draw_unknown
    home.mkdir(parents=True, exist_ok=True)
    drawn = [(draw_postcard(np.random.default_rng(o)), f"postcard-{i}.jpg") for i, o in enumerate(POSTCARDS, 1)]
    drawn.append(((draw_unknown(np.random.default_rng(1008)), ["nothing that the labels name"]), "unknown.jpg"))
    for (image, _), name in drawn: image.save(home/name, quality=85, subsampling=0)
    return [Example(home/name, f"A drawn postcard with {' and '.join(labels)}") for (_, labels), name in drawn]


# ---- what the page says ------------------------------------------------------------------------
def esc(text):
    "Text that is nothing but text on the page."
    return html.escape(str(text), quote=True)


def limits(
    predictor, # with thresholds
    how:str=CHOSEN, # or ONE
    value:float=.5, # of all labels, if ONE
) -> dict: # label -> threshold, as the predictor compares it
    "The thresholds in force."
    if how == CHOSEN: return dict(zip(predictor.vocab, predictor.thresholds.tolist()))
    return dict.fromkeys(predictor.vocab, float(np.float32(min(1., max(0., float(.5 if value is None else value))))))


def by_score(scores):
    "(label, score), the highest first."
    return sorted(scores.items(), key=lambda o: -o[1])


def sentence(
    scores:dict, # label -> probability
    thresholds:dict, # label -> threshold
) -> str:
    "The answer in words."
    named = [(o, p) for o, p in by_score(scores) if p > thresholds[o]]
    if named: return ", ".join(f"{o} {p:.2f}" for o, p in named)
    label, p = by_score(scores)[0]
    return f"Nothing I know. The highest score is {p:.2f}, for {label}; its threshold is {thresholds[label]:.2f}."


def answer_html(
    seen, # Seen, or None before the first picture
    thresholds:dict, # label -> threshold
) -> str:
    "The answer, over the name of its picture."
    if seen is None: return '<p class="mlc-hint">Choose a picture: what the model finds in it is said here.</p>'
    found = any(p > thresholds[o] for o, p in seen.scores.items())
    return f'<p class="mlc-name">{esc(seen.name)}</p><p class="mlc-answer{"" if found else " mlc-none"}">{esc(sentence(seen.scores, thresholds))}</p>'


def refusal_html(message):
    "A refusal, which stands where an answer would."
    return f'<p class="mlc-answer mlc-refused"><span aria-hidden="true">⚠ </span>{esc(message)}</p>'


def bars_html(
    scores:dict, # label -> probability
    thresholds:dict, # label -> threshold
) -> str:
    "One bar per label, the highest first, each with its own threshold."
    return (f'<ul class="mlc-bars" aria-label="Score of every label">{"".join(_bar(o, p, thresholds[o]) for o, p in by_score(scores))}</ul>'
            '<p class="mlc-key" aria-hidden="true"><span><i class="mlc-bar mlc-yes"></i> above its threshold</span>'
            '<span><i class="mlc-bar"></i> below</span><span><i class="mlc-tick"></i> threshold</span></p>')


def _bar(label, p, t):
    yes = p > t
    said = f"{p:.2f}, {'above' if yes else 'not above'} its threshold of {t:.2f}"
    return (f'<li class="mlc-row{" mlc-yes" if yes else ""}" data-label="{esc(label)}" data-score="{p!r}" data-yes="{int(yes)}">'
            f'<div class="mlc-meter" role="meter" aria-label="{esc(label)}" aria-valuemin="0" aria-valuemax="1" aria-valuenow="{p:.4f}" '
            f'aria-valuetext="{said}" title="{said}"><span class="mlc-label">{esc(label)}</span>'
            f'<span class="mlc-track"><i class="mlc-bar" style="width:{100*p:.2f}%"></i><i class="mlc-tick" style="left:{100*t:.2f}%"></i></span>'
            f'<span class="mlc-score">{p:.2f}</span><span class="mlc-verdict">{"✓ yes" if yes else ""}</span></div></li>')


def threshold_note(
    predictor, # with a spec
    how:str, # CHOSEN or ONE
    value:float, # of all labels, if ONE
) -> str:
    "Which thresholds are in force."
    if how == ONE: return f"Now: {limits(predictor, ONE, value)[predictor.vocab[0]]:.2f} for every label."
    return f"Now: one per label ({predictor.spec.get('thresholds_chosen') or 'as the folder gives them'})."


# ---- where a logit comes from ------------------------------------------------------------------
COLOURS = np.array([(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)], np.float32)      # viridis: also in order without colour


def overlay(
    picture, # PIL, RGB
    heat, # [h, w], at least 0
): # PIL, RGB, of the picture's size
    "A label's map over its picture in grey: upsampled bilinearly, from 0 to its own largest value."
    from PIL import Image
    top = float(heat.max())
    strong = Image.fromarray(np.asarray(heat/top if top > 0 else heat*0, np.float32)).resize(picture.size, Image.Resampling.BILINEAR)
    v = np.clip(np.asarray(strong), 0, 1)
    colour = np.stack([np.interp(v, np.linspace(0, 1, len(COLOURS)), c) for c in COLOURS.T], -1)
    grey = np.asarray(picture.convert("L"), np.float32)[..., None]
    share = .12 + .58*v[..., None]
    return Image.fromarray(np.uint8(np.clip(grey*(1 - share) + colour*share, 0, 255)))


def place(heat):
    "Where a map is strongest, in words; None if it is 0 everywhere."
    if not heat.max() > 0: return None
    y, x = np.unravel_index(int(heat.argmax()), heat.shape)
    row = ("top", "middle", "bottom")[min(2, int(3*(y + .5)/heat.shape[0]))]
    column = ("left", "centre", "right")[min(2, int(3*(x + .5)/heat.shape[1]))]
    return "middle" if (row, column) == ("middle", "centre") else f"{row} {column}"


def picture_html(
    seen, # Seen, or None
    label=None, # whose map stands beside it; None shows the picture alone
) -> str:
    "The picture, and beside it where the logit of a label comes from."
    if seen is None: return ""
    first = f'<figure><img src="{_data_uri(seen.picture)}" alt="The picture {esc(seen.name)}"><figcaption>the picture</figcaption></figure>'
    if label is None or seen.maps is None: return f'<div class="mlc-pair">{first}</div>'
    heat = seen.maps[list(seen.scores).index(label)]
    where = place(heat)
    alt = f"Map over the picture: the logit of {label} comes mostly from the {where}" if where else f"Map over the picture: nothing speaks for {label}"
    key = ('<span class="mlc-scale"><span>nothing</span><i aria-hidden="true"></i><span>most</span></span>'
           f'<span>{heat.shape[0]} x {heat.shape[1]} cells, smoothed</span>' if where
           else '<span>Nothing in this picture speaks for it: the map is 0 everywhere.</span>')
    return (f'<div class="mlc-pair">{first}<figure><img src="{_data_uri(overlay(seen.picture, heat))}" alt="{esc(alt)}">'
            f'<figcaption>where the logit of <b>{esc(label)}</b> comes from{key}</figcaption></figure></div>')


def _data_uri(image, quality=88):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


def map_choices(seen):
    "What the list of maps offers: (words, label), the highest score first."
    return [(f"{o}  {p:.2f}", o) for o, p in by_score(seen.scores)]


# ---- the rest of the page ----------------------------------------------------------------------
def _part(spec, name):
    part = spec.get(name)
    return part if isinstance(part, dict) else {}


def _dataset(spec): return short_name(_part(spec, "trained").get("dataset") or "an unknown data set")


def _count(n, what): return f"{n:,} {what}{'s'*(n != 1)}"


def head_html(predictor):
    "Title, and what the model knows."
    n = len(predictor.vocab)
    return (f'<h1>What is in this picture?</h1><p class="mlc-lead">A network that learnt {_count(n, "label")} from '
            f'<b>{esc(_dataset(predictor.spec))}</b> answers, with a score for each: several can be right, or none.</p>')


def model_rows(spec):
    "(what, value) of how the model was made; what the spec doesn't say is left out."
    trained, scores, parity = (_part(spec, o) for o in ("trained", "scores", "parity"))
    profile = trained.get("profile") if isinstance(trained.get("profile"), dict) else {}
    number = lambda d, k, f="{:.3f}": f.format(d[k]) if isinstance(d.get(k), (int, float)) else None
    names = dict(mAP="mAP", macro_f1="macro F1", micro_f1="micro F1", exact_match="exact match")
    figures = [f"{words} {v}" for k, words in names.items() if (v := number(scores, k))]
    rows = [("Labels", ", ".join(spec["vocab"])), ("Data set", _dataset(spec)), ("Training pictures", number(trained, "images", "{:,}")),
            ("Network", trained.get("arch")), ("Trained with", trained.get("framework")), ("Profile", profile.get("name")),
            ("Epochs", number(profile, "epochs", "{}")), ("Training took", number(trained, "seconds", "{:,.0f} s")),
            ("Size it sees", f"{spec['preprocessing']['image_size']} px, {spec['preprocessing'].get('resize', '')}"),
            ("Thresholds", spec.get("thresholds_chosen")),
            (f"Scores with them, on {number(scores, 'images', '{:,}') or 'the'} pictures of {scores.get('split')}", ", ".join(figures) or None),
            ("Differs from the trained model by", number(parity, "largest_difference", "{:.1e} at most")),
            ("Made on", str(spec.get("created") or "")[:16].replace("T", " ") or None),
            ("SHA-256 of the training data starts with", str(trained.get("data_sha256") or "")[:16] or None)]
    return [(k, v) for k, v in rows if v not in (None, "")]


def model_html(predictor):
    "How the model was made, folded; and what no score can promise, in the open."
    n = len(predictor.vocab)
    rows = "".join(f"<dt>{esc(k)}</dt><dd>{esc(v)}</dd>" for k, v in model_rows(predictor.spec))
    return (f'<p class="mlc-honest"><b>It knows {"this label" if n == 1 else f"these {n} labels"} and nothing else.</b> '
            'A picture of something else can get labels too, '
            f'with high scores: a score is not a proof.</p><details class="mlc-model"><summary>How this model was made</summary><dl>{rows}</dl></details>')


def examples_html(examples):
    "A button with a small picture for each example."
    from PIL import Image
    def button(i, o):
        image = read_picture(o.path)
        image.thumbnail((160, 160), Image.Resampling.BICUBIC)
        alt = f"Example {i + 1}: {o.alt}"
        return f'<button type="button" class="mlc-example" data-example="{i}"><img src="{_data_uri(image)}" alt="{esc(alt)}"></button>'
    return f'<p class="mlc-sub">Or pick an example</p><div class="mlc-examples">{"".join(map(button, range(len(examples)), examples))}</div>'


UPLOAD = f"""<div class="mlc-drop"><input type="file" id="mlc-file" accept="image/*" aria-describedby="mlc-limits">
<label for="mlc-file"><b>Choose a picture</b><span> or drop it here, or paste it</span></label>
<p id="mlc-limits">{MAX_BYTES/1e6:.0f} MB and {MAX_PIXELS/1e6:.0f} million pixels at most. The file is deleted as soon as it has been looked at.</p></div>
<p id="mlc-note" role="alert"></p>"""

UPLOAD_JS = """
const input = element.querySelector('#mlc-file'), note = element.querySelector('#mlc-note'), zone = element.querySelector('.mlc-drop');
const send = async file => {
  if (!file) return;
  note.textContent = '';
  if (file.size > LIMIT) {
    note.textContent = `${file.name} has ${(file.size/1e6).toFixed(1)} MB, and ${LIMIT/1e6} MB are allowed. Make it smaller, and try again.`;
    return;
  }
  zone.classList.add('mlc-busy');
  try { const { path } = await upload(file); trigger('upload', { path, name: file.name }); }
  catch (e) { note.textContent = `${file.name} did not arrive. Is the program that serves this page still running?`; }
  finally { zone.classList.remove('mlc-busy'); }
};
input.addEventListener('change', async () => { const file = input.files[0]; await send(file); input.value = ''; });
zone.addEventListener('dragover', e => { e.preventDefault(); zone.classList.add('mlc-over'); });
zone.addEventListener('dragleave', () => zone.classList.remove('mlc-over'));
zone.addEventListener('drop', e => { e.preventDefault(); zone.classList.remove('mlc-over'); send(e.dataTransfer.files[0]); });
document.addEventListener('paste', e => { if (e.clipboardData && e.clipboardData.files.length) send(e.clipboardData.files[0]); });
""".replace("LIMIT", str(MAX_BYTES))

PICK_JS = """
element.addEventListener('click', e => {
  const button = e.target.closest('button[data-example]');
  if (!button) return;
  document.querySelector('#mlc-note').textContent = '';
  trigger('click', { example: Number(button.dataset.example) });
});
"""

CSS = """
.mlc { --yes: #0072b2; --no: #8a8f98; --warn: #a33c00; --ink: var(--body-text-color); --soft: #57606e; --line: var(--border-color-primary);
  --back: var(--background-fill-primary); }
.dark .mlc { --yes: #56b4e9; --no: #8b919c; --soft: #adb6c4; --warn: #ffb27a; }
.mlc, .mlc p, .mlc ul, .mlc figure, .mlc dl { color: var(--ink); margin: 0; padding: 0; font-size: 1rem; line-height: 1.45; overflow-wrap: anywhere; }
.mlc .html-container { padding: 0 !important; }
.mlc h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .35rem; font-weight: 700; color: var(--ink); }
.mlc p.mlc-sub { font-weight: 600; margin-bottom: .5rem; }
.mlc p.mlc-hint, .mlc p.mlc-name, .mlc p.mlc-key, .mlc figcaption, .mlc p#mlc-limits, .mlc p.mlc-now { color: var(--soft); font-size: .875rem; }
.mlc p.mlc-hint { border: 1px dashed var(--line); border-radius: 8px; padding: 1.5rem 1rem; text-align: center; font-size: 1rem; }
.mlc p.mlc-answer { font-size: 1.4rem; line-height: 1.3; font-weight: 700; }
.mlc p.mlc-none { font-weight: 600; font-size: 1.2rem; }
.mlc p.mlc-refused, .mlc p#mlc-note:not(:empty) { color: var(--warn); border-left: 4px solid var(--warn); padding: .25rem 0 .25rem .75rem;
  font-size: 1.05rem; font-weight: 600; }
.mlc p#mlc-note:not(:empty) { margin-top: .75rem; }
.mlc-drop { position: relative; border: 2px dashed var(--no); border-radius: 10px; padding: 1rem; text-align: center; }
.mlc-drop.mlc-over, .mlc-drop:hover { border-color: var(--yes); }
.mlc-drop.mlc-busy { opacity: .5; }
.mlc-drop input { position: absolute; inset: 0; width: 100%; height: 100%; opacity: 0; cursor: pointer; }
.mlc-drop:focus-within, .mlc-example:focus-visible, .mlc summary:focus-visible { outline: 3px solid var(--yes); outline-offset: 2px; }
.mlc-drop label b { display: inline-block; background: var(--yes); color: #fff; border-radius: 6px; padding: .45rem .9rem; margin-right: .25rem; }
.dark .mlc-drop label b { color: #06202f; }
.mlc p#mlc-limits { margin-top: .6rem; }
.mlc-examples { display: grid; grid-template-columns: repeat(5, 1fr); gap: 8px; }
.mlc-example { padding: 0; border: 1px solid var(--line); border-radius: 6px; overflow: hidden; cursor: pointer; aspect-ratio: 1; background: none; }
.mlc-example img { width: 100%; height: 100%; object-fit: cover; margin: 0; display: block; }
.mlc-example:hover { border-color: var(--yes); box-shadow: 0 0 0 1px var(--yes); }
.mlc-pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 12px; }
.mlc-pair img { width: 100%; max-height: 340px; object-fit: contain; object-position: left top; margin: 0 0 .3rem; border-radius: 6px; display: block; }
.mlc-scale { display: flex; gap: .4rem; align-items: center; margin-top: .2rem; }
.mlc-scale i { flex: 1; height: 10px; border-radius: 3px; background: linear-gradient(90deg, VIRIDIS); forced-color-adjust: none; }
.mlc ul.mlc-bars { list-style: none; }
.mlc-row { list-style: none; margin: 0; padding: 0; }
.mlc-meter { display: grid; grid-template-columns: minmax(4.5rem, 8.5rem) 1fr 2.6rem 3.6rem; gap: .6rem; align-items: center; min-height: 28px; }
.mlc-label { overflow-wrap: anywhere; line-height: 1.15; }
.mlc-row.mlc-yes .mlc-label, .mlc-row.mlc-yes .mlc-score, .mlc-verdict { font-weight: 700; }
.mlc-row:not(.mlc-yes) .mlc-label, .mlc-row:not(.mlc-yes) .mlc-score { color: var(--soft); }
.mlc-score { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.mlc-verdict { color: var(--yes); white-space: nowrap; }
.mlc-track { position: relative; height: 14px; background: var(--background-fill-secondary); box-shadow: inset 0 0 0 1px var(--line);
  border-radius: 3px; forced-color-adjust: none; }
.mlc-bar { display: block; height: 100%; min-width: 1px; border-radius: 3px;
  background: repeating-linear-gradient(45deg, var(--no) 0 3px, transparent 3px 6px); box-shadow: inset 0 0 0 1px var(--no); }
.mlc-yes > .mlc-bar, .mlc-yes .mlc-track .mlc-bar, .mlc-bar.mlc-yes { background: var(--yes); box-shadow: none; }
.mlc-tick { position: absolute; top: -4px; bottom: -4px; width: 3px; margin-left: -1.5px; background: var(--ink); box-shadow: 0 0 0 1px var(--back);
  border-radius: 1px; }
.mlc p.mlc-key { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin-top: .6rem; }
.mlc-key span { display: inline-flex; align-items: center; gap: .4rem; }
.mlc-key .mlc-bar { width: 26px; height: 12px; }
.mlc-key .mlc-tick { position: static; display: block; height: 18px; margin: 0 2px; }
.mlc details.mlc-model { margin-top: .75rem; border: 1px solid var(--line); border-radius: 8px; padding: .6rem .9rem; }
.mlc summary { cursor: pointer; font-weight: 600; }
.mlc dl { display: grid; grid-template-columns: minmax(6rem, 11rem) 1fr; gap: .3rem .9rem; margin-top: .6rem; font-size: .875rem; }
.mlc dt { color: var(--soft); } .mlc dd { margin: 0; }
#halves { gap: 1.25rem 2.25rem; }
.gradio-container input:focus-visible, .gradio-container button:focus-visible { outline: 3px solid #3f8fd0 !important; outline-offset: 2px; }
@media (max-width: 480px) { .gradio-container .main { padding: 12px !important; }
  .mlc-meter { grid-template-columns: minmax(3.5rem, 5.6rem) 1fr 2.6rem 3.4rem; gap: .35rem; } .mlc h1 { font-size: 1.45rem;
  } .mlc p.mlc-answer { font-size: 1.2rem; } }
""".replace("VIRIDIS", ", ".join("rgb({:.0f} {:.0f} {:.0f})".format(*c) for c in COLOURS))


def _gradio():
    os.environ.update(GRADIO_ANALYTICS_ENABLED="False", HF_HUB_DISABLE_TELEMETRY="1")
    try:
        import gradio
    except ImportError as e: raise ImportError(f'The page needs Gradio, which isn\'t installed here ({e}): pip install "mlc_course[demo]"') from None
    return gradio


def build(
    predictor, # a `predictor.Predictor`
    examples=(), # of Example
): # gradio.Blocks; `serve` launches it
    "The page."
    gr = _gradio()
    part = lambda value="", js=None, **kw: gr.HTML(value, apply_default_css=False, elem_classes="mlc", js_on_load=js, **kw)
    quiet = dict(show_progress="hidden", api_visibility="private")
    with gr.Blocks(title="What is in this picture?", analytics_enabled=False, delete_cache=(300, 300)) as page:
        seen = gr.State(None)
        part(f"<style>{CSS}</style>{head_html(predictor)}")
        with gr.Row(elem_id="halves"):
            with gr.Column(min_width=300, scale=5):
                drop = part(UPLOAD, UPLOAD_JS)
                picks = part(examples_html(examples), PICK_JS) if examples else None
                answer = part(answer_html(None, {}), "element.setAttribute('aria-live', 'polite')", elem_id="answer")
                picture = part(elem_id="picture")
                words = "Show where the logit of this label comes from (Grad-CAM)"
                choice = gr.Dropdown([], label=words, visible=False, elem_id="choice", filterable=False) if predictor.has_maps else None
            with gr.Column(min_width=300, scale=6):
                how = gr.Radio([("chosen, one per label", CHOSEN), ("one for all labels", ONE)], value=CHOSEN, label="Thresholds", elem_id="how")
                slider = gr.Slider(0, 1, .5, step=.01, label="One threshold for all labels", info="Moving it takes the place of the chosen ones.",
                                   buttons=[], elem_id="slider")
                now = part(_now(predictor, CHOSEN, .5), elem_id="now")
                bars = part(elem_id="bars")
                part(model_html(predictor))

        def show(path, name, how, value):
            try: new = look(predictor, path, name)
            except Refused as e: return [None, refusal_html(e), "", "", *([gr.update(visible=False)] if choice else [])]
            t, label = limits(predictor, how, value), by_score(new.scores)[0][0]
            offer = [gr.update(choices=map_choices(new), value=label, visible=True)] if choice else []
            return [new, answer_html(new, t), bars_html(new.scores, t), picture_html(new, label), *offer]
        def take(how, value, event: gr.EventData):
            path = _uploaded(getattr(event, "_data", None), page.GRADIO_CACHE)
            try: return show(path, (event._data or {}).get("name"), how, value)
            finally: _delete(path)
        def pick(how, value, event: gr.EventData):
            i = (event._data or {}).get("example")
            if type(i) is not int or not 0 <= i < len(examples): return show(Path("nowhere"), None, how, value)
            return show(examples[i].path, None, how, value)
        def redraw(seen, how, value):
            t = limits(predictor, how, value)
            return answer_html(seen, t), bars_html(seen.scores, t) if seen else "", _now(predictor, how, value)
        def slide(seen, value): return ONE, *redraw(seen, ONE, value)
        def see(seen, label): return picture_html(seen, label if seen and label in seen.scores else None)

        outputs = [seen, answer, bars, picture, *([choice] if choice else [])]
        drop.upload(take, [how, slider], outputs, **quiet)
        if picks: picks.click(pick, [how, slider], outputs, **quiet)
        how.input(redraw, [seen, how, slider], [answer, bars, now], queue=False, **quiet)
        slider.input(slide, [seen, slider], [how, answer, bars, now], queue=False, trigger_mode="always_last", **quiet)
        if choice: choice.input(see, [seen, choice], picture, **quiet)
    return page


def _now(predictor, how, value): return f'<p class="mlc-now">{esc(threshold_note(predictor, how, value))}</p>'


def _uploaded(
    data, # what the browser says: anything
    cache, # the folder of uploads
) -> Path: # a file in that folder, or one that isn't there
    "The file that the browser means, as long as it is an upload."
    try: path, home = Path(data["path"]).resolve(), Path(cache).resolve()
    except (TypeError, KeyError, ValueError, OSError, RuntimeError): return Path("nowhere")
    return path if path.is_file() and home in path.parents else Path("nowhere")


def _delete(path):
    "Delete an upload, and the folder that was made for it."
    if path == Path("nowhere"): return
    path.unlink(missing_ok=True)
    try: path.parent.rmdir()
    except OSError: pass


# ---- serving -----------------------------------------------------------------------------------
def is_loopback(host):
    "True if nobody but this machine reaches the address."
    try: return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError: return host == "localhost"


def check_address(
    host:str, # to listen on
    port, # or None for any
):
    "ValueError with a sentence, if the page can't be served there."
    try: family, kind, _, _, address = socket.getaddrinfo(host.strip("[]"), port or 0, type=socket.SOCK_STREAM)[0]
    except OSError: raise ValueError(f"{host!r} is not an address. Give --host 127.0.0.1 for this machine alone, or 0.0.0.0 for the network.") from None
    with socket.socket(family, kind) as s:
        if os.name == "posix": s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try: s.bind(address)
        except OSError as e:
            if e.errno == errno.EADDRINUSE:
                raise ValueError(f"Port {port} is in use, perhaps by another demo. Choose another with --port, "
                                 "or leave --port out to take the first free one.") from None
            if e.errno == errno.EACCES: raise ValueError(f"Port {port} is not allowed to you. Choose one from 1024 on.") from None
            raise ValueError(f"The page can't be served at {host} ({e.strerror}). Give an address of this machine.") from None


def serve(
    folder, # of a predictor
    examples=None, # a folder of pictures
    host:str="127.0.0.1", # who may open the page: this machine alone
    port=None, # the first free one from 7860
    share:bool=False, # ask Gradio for a public address?
    open_browser:bool=False, # open the page?
):
    "Serve the page until Ctrl-C. Uploads and drawn examples lie in a folder of their own, which is deleted at the end."
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")         # onnxruntime reports to its maker otherwise
    from mlc_course.predictor import Predictor
    predictor = Predictor.load(folder)
    check_address(host, port)
    with tempfile.TemporaryDirectory(prefix="mlc-demo-", ignore_cleanup_errors=True) as home:
        found = find_examples(examples, predictor.spec, Path(home)/"examples")
        if not is_loopback(host):
            print(f"mlc: warning: everybody who reaches this machine at {host} can use the page; it has no password.", file=sys.stderr)
        os.environ["GRADIO_TEMP_DIR"] = str(Path(home)/"uploads")
        _no_proxy(host)
        gr = _gradio()
        page = build(predictor, found)
        closed = dict(prevent_thread_lock=True, quiet=True, show_error=False, footer_links=[], run_history=False, enable_monitoring=False,
                      ssr_mode=False, mcp_server=False, pwa=False, num_workers=0, root_path="", inline=False, max_file_size=MAX_BYTES,
                      allowed_paths=[str(Path(home)/"uploads")])
        try: page.launch(server_name=host, server_port=port, share=share, inbrowser=open_browser, theme=_theme(gr), **closed)
        except OSError as e:
            if "empty port" not in str(e): raise
            raise ValueError("Every port from 7860 to 7959 is in use. Choose another with --port.") from None
        try: print(f"The page is at {page.local_url} and ends with Ctrl-C.", flush=True); _wait()
        finally: page.close(verbose=False)


def _theme(gr):
    "Fonts of the reader's own machine, and grey text that can be read."
    theme = gr.themes.Default(primary_hue="blue", neutral_hue="slate", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
    grey = dict(body_text_color_subdued="*neutral_600", block_info_text_color="*neutral_600", block_title_text_color="*neutral_700")
    return theme.set(**grey, **{f"{k}_dark": "*neutral_300" for k in grey})


def _no_proxy(host):
    "Gradio asks its own server whether it is there; a proxy must not answer in its place."
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join(o for o in (os.environ.get(name), "127.0.0.1", "localhost", host) if o)


def _wait():
    "Until Ctrl-C, or until the process is told to end."
    stop = threading.Event()
    if threading.current_thread() is threading.main_thread(): signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        while not stop.wait(.5): pass
    except KeyboardInterrupt: print(file=sys.stderr)
