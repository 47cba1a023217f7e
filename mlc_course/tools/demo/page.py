"The page, made of Gradio's parts."

import asyncio
import os

from mlc_course.extras import need
from mlc_course.tools.demo.bars import bars_html, map_choices
from mlc_course.tools.demo.bodies import between, is_nothing, one_of, text_up_to, whole_number
from mlc_course.tools.demo.folders import NOWHERE, delete_upload, uploaded
from mlc_course.tools.demo.maps import picture_html
from mlc_course.tools.demo.reading import Refused, look
from mlc_course.tools.demo.style import CSS, PICK_JS, UPLOAD, UPLOAD_JS
from mlc_course.tools.demo.words import (
    CHOSEN,
    ONE,
    answer_html,
    by_score,
    examples_html,
    head_html,
    limits,
    model_html,
    now_html,
    refusal_html,
)

SESSIONS = 64  # visitors that the page remembers; the one who was idle longest is forgotten first
REMEMBER = 1_800  # seconds
QUIET = dict(show_progress="hidden", api_visibility="private", queue=False)


def load_gradio():
    "The package gradio, told to report to nobody."
    os.environ.update(
        GRADIO_ANALYTICS_ENABLED="False",
        HF_HUB_DISABLE_TELEMETRY="1",
        GRADIO_ANALYTICS_MAX_EVENTS="1",
    )
    need("demo", "gradio")
    import gradio

    return gradio


class Answers:
    "What the page's parts show after each event."

    def __init__(self, gr, predictor, examples, uploads):
        self.gr, self.predictor, self.examples, self.uploads = gr, predictor, examples, uploads

    def show(self, path, name, how, value):
        "After an image: what is remembered, answer, bars, image and the list of maps."
        offers = self.predictor.has_maps
        try:
            new = look(self.predictor, path, name)
        except Refused as e:
            return [
                None,
                refusal_html(e),
                "",
                "",
                *([self.gr.update(visible=False)] if offers else []),
            ]
        t, label = limits(self.predictor, how, value), by_score(new.scores)[0][0]
        offer = (
            [self.gr.update(choices=map_choices(new), value=label, visible=True)] if offers else []
        )
        return [
            new,
            answer_html(new, t),
            bars_html(new.scores, t),
            picture_html(new, label),
            *offer,
        ]

    def take(self, how, value, about):
        "An upload, which is deleted once it has been looked at."
        about = about if isinstance(about, dict) else {}
        path = uploaded(about, self.uploads)
        try:
            return self.show(path, about.get("name"), how, value)
        finally:
            delete_upload(path)

    def pick(self, how, value, about):
        "An example."
        i = about.get("example") if isinstance(about, dict) else None
        known = type(i) is int and 0 <= i < len(self.examples)
        return self.show(self.examples[i].path if known else NOWHERE, None, how, value)

    def redraw(self, seen, how, value):
        "After other thresholds: answer, bars and which thresholds these are."
        t = limits(self.predictor, how, value)
        return (
            answer_html(seen, t),
            bars_html(seen.scores, t) if seen else "",
            now_html(self.predictor, how, value),
        )

    def see(self, seen, label):
        "After another choice of map: the image."
        return picture_html(seen, label if seen and label in seen.scores else None)


def build(
    predictor,  # a `predictor.Predictor`
    examples=(),  # of Example
):  # gradio.Blocks; `serve` launches it
    "The page."
    gr = load_gradio()
    with gr.Blocks(title="What is in this picture?", analytics_enabled=False) as page:
        answers = Answers(gr, predictor, examples, page.GRADIO_CACHE)
        seen = gr.State(None, time_to_live=REMEMBER)
        _part(gr, f"<style>{CSS}</style>{head_html(predictor)}")
        with gr.Row(elem_id="halves"):
            with gr.Column(min_width=300, scale=5):
                left = _left_half(gr, predictor, examples)
            with gr.Column(min_width=300, scale=6):
                right = _right_half(gr, predictor)
        _connect(gr, answers, seen, left, right)
    page.state_session_capacity = SESSIONS
    _forget_answers(page)
    return page


def _part(gr, value="", js=None, **kw):
    return gr.HTML(value, apply_default_css=False, elem_classes="mlc", js_on_load=js, **kw)


def _left_half(gr, predictor, examples):
    "Where an image comes in, what is said of it, and where that comes from."
    parts = dict(drop=_part(gr, UPLOAD, UPLOAD_JS))
    parts["picks"] = _part(gr, examples_html(examples), PICK_JS) if examples else None
    polite = "element.setAttribute('aria-live', 'polite')"
    parts["answer"] = _part(gr, answer_html(None, {}), polite, elem_id="answer")
    parts["picture"] = _part(gr, elem_id="picture")
    words = "Show where the logit of this label comes from (Grad-CAM)"
    kw = dict(label=words, visible=False, elem_id="choice", filterable=False, value=None)
    # every label from the start: Gradio refuses loudly what it didn't offer to a session
    parts["choice"] = gr.Dropdown(list(predictor.vocab), **kw) if predictor.has_maps else None
    return parts


def _right_half(gr, predictor):
    "The thresholds, and a bar for each label."
    ways = [("chosen, one per label", CHOSEN), ("one for all labels", ONE)]
    how = gr.Radio(ways, value=CHOSEN, label="Thresholds", elem_id="how")
    info = "Moving it takes the place of the chosen ones."
    kw = dict(label="One threshold for all labels", info=info, buttons=[], elem_id="slider")
    slider = gr.Slider(0, 1, 0.5, step=0.01, **kw)
    now = _part(gr, now_html(predictor, CHOSEN, 0.5), elem_id="now")
    bars = _part(gr, elem_id="bars")
    _part(gr, model_html(predictor))
    return dict(how=how, slider=slider, now=now, bars=bars)


def _connect(gr, answers, seen, left, right):
    "Which event fills which parts."
    how, slider, now, bars = (right[k] for k in ("how", "slider", "now", "bars"))
    answer, picture, choice = (left[k] for k in ("answer", "picture", "choice"))

    def take(how, value, event: gr.EventData):  # type: ignore[name-defined]
        return answers.take(how, value, getattr(event, "_data", None))

    def pick(how, value, event: gr.EventData):  # type: ignore[name-defined]
        return answers.pick(how, value, getattr(event, "_data", None))

    def slide(seen, value):
        return ONE, *answers.redraw(seen, ONE, value)

    after = [seen, answer, bars, picture, *([choice] if choice else [])]
    left["drop"].upload(take, [how, slider], after, **QUIET)
    if left["picks"]:
        left["picks"].click(pick, [how, slider], after, **QUIET)
    how.input(answers.redraw, [seen, how, slider], [answer, bars, now], **QUIET)
    slider.input(
        slide, [seen, slider], [how, answer, bars, now], trigger_mode="always_last", **QUIET
    )
    if choice:
        choice.input(answers.see, [seen, choice], picture, **QUIET)


def _forget_answers(page):
    "Gradio's queue keeps the answers of 2,000 visitors who never fetched them; keep `SESSIONS`."
    page.queue(max_size=SESSIONS)
    try:
        kept = type(page._queue.pending_messages_per_session)
        messages = type("Messages", (kept,), dict(__missing__=lambda self, key: asyncio.Queue()))
        page._queue.pending_messages_per_session = messages(SESSIONS)
    except (AttributeError, TypeError):
        pass  # another Gradio; the page's own events don't use the queue


def event_rules(
    page,  # what `build` gives
    vocab,  # the labels
) -> dict:  # number of the event -> dict(inputs: checks, about: dict(field: check))
    "What the browser may send in each of the page's events, for the guard."
    config = page.get_config_file()
    parts = {o["id"]: o for o in config["components"]}
    rules = {}
    for event in config["dependencies"]:
        on = {name for _, name in event["targets"]}
        checks = [_check_of(parts[i], vocab) for i in event["inputs"]]
        rules[event["id"]] = dict(inputs=checks, about=_fields(on))
    return rules


def _fields(on):
    "What the browser may say about an event."
    if "upload" in on:
        return dict(path=text_up_to(4_000), name=text_up_to(4_000))
    if "click" in on:
        return dict(example=whole_number)
    return {}


def _check_of(part, vocab):
    kind, props = part["type"], part["props"]
    if kind == "radio":
        return one_of({value for _, value in props["choices"]})
    if kind == "slider":
        return between(props["minimum"], props["maximum"])
    if kind == "dropdown":
        return one_of(frozenset(vocab))
    return is_nothing


def page_theme():
    "Fonts of the reader's own machine, and grey text that can be read."
    gr = load_gradio()
    fonts = dict(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
    theme = gr.themes.Default(primary_hue="blue", neutral_hue="slate", **fonts)
    grey = dict(
        body_text_color_subdued="*neutral_600",
        block_info_text_color="*neutral_600",
        block_title_text_color="*neutral_700",
    )
    return theme.set(**grey, **{f"{k}_dark": "*neutral_300" for k in grey})
