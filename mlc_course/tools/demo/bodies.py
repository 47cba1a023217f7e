"What a visitor's request may carry: one image, or one of the page's own events."

import json
import math
import re
from pathlib import Path

SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Refusal(Exception):
    "A request that isn't passed on: its status, and a sentence."

    def __init__(self, status, sentence):
        super().__init__(sentence)
        self.status = status


class OnePart:
    "Reads a multipart body as it comes, and refuses a second part, or a part that isn't a file."

    def __init__(
        self,
        content_type,  # the header, or None
    ):
        from python_multipart.multipart import MultipartParser, parse_options_header

        kind, options = parse_options_header(content_type or "")
        if kind != b"multipart/form-data" or not 1 <= len(options.get(b"boundary", b"")) <= 200:
            raise Refusal(
                400,
                "An upload has the form multipart/form-data, with one image in the field files.",
            )
        self.parts, self.name, self.value = 0, b"", b""
        calls = dict(
            on_part_begin=self._begin,
            on_header_field=self._field,
            on_header_value=self._value,
            on_header_end=self._end,
            on_headers_finished=self._finished,
        )
        self.options, self.is_file = parse_options_header, False
        self.parser = MultipartParser(options[b"boundary"], calls)

    def write(self, body, whole):
        "Read on; Refusal if this isn't one file."
        try:
            self.parser.write(body)
        except Refusal:
            raise
        except Exception:  # a body that isn't multipart leads the parser to several kinds
            raise Refusal(400, "The upload can't be read: it isn't multipart/form-data.") from None
        if whole and not self.parts:
            raise Refusal(400, "The upload holds no image.")

    def _begin(self):
        self.parts += 1
        self.is_file = False
        if self.parts > 1:
            raise Refusal(413, "One image a request: upload the others one by one.")

    def _field(self, data, start, end):
        self.name = (self.name + data[start:end])[:8_000]

    def _value(self, data, start, end):
        self.value = (self.value + data[start:end])[:8_000]

    def _end(self):
        if self.name.lower() == b"content-disposition":
            _, options = self.options(self.value)
            self.is_file = options.get(b"name") == b"files" and b"filename" in options
        self.name, self.value = b"", b""

    def _finished(self):
        if not self.is_file:
            raise Refusal(400, "An upload has one field, files, with one image.")


def checked_event(
    raw: bytes,  # the body of the request
    rules,  # with `events` and `uploads`
) -> bytes:  # the body as Gradio gets it
    "The event with nothing in it but what the page itself sends, or Refusal."
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        raise Refusal(400, "The event can't be read: it isn't JSON.") from None
    if not isinstance(said, dict):
        raise Refusal(400, "The event can't be read: it isn't a JSON object.")
    data, about, number = said.get("data"), said.get("event_data"), said.get("fn_index")
    _refuse_paths(data, about, rules.uploads)
    rule = rules.events.get(number) if type(number) is int else None
    session = said.get("session_hash")
    if rule is None or not isinstance(data, list) or len(data) != len(rule["inputs"]):
        raise Refusal(400, "This page has no such event. Reload it, and try again.")
    if not all(fits(o) for fits, o in zip(rule["inputs"], data)):
        raise Refusal(
            400, "The event holds a value that this page doesn't offer. Reload it, and try again."
        )
    if not isinstance(session, str) or not SESSION.fullmatch(session):
        raise Refusal(400, "The event names no session. Reload the page, and try again.")
    trigger = said.get("trigger_id")
    kept = dict(
        data=data,
        fn_index=number,
        session_hash=session,
        trigger_id=trigger if type(trigger) is int else None,
    )
    kept["event_data"] = _fields(about, rule["about"])
    return json.dumps(kept).encode()


def _fields(about, checks):
    "What an event says about itself, as far as the page reads it, or Refusal."
    if about is None or not checks:
        return None
    kept = (
        {k: v for k, v in about.items() if k in checks and v is not None}
        if isinstance(about, dict)
        else None
    )
    if kept is None or not all(checks[k](v) for k, v in kept.items()):
        raise Refusal(
            400,
            "The event says something that this page doesn't understand. Reload it, and try again.",
        )
    return kept


def _refuse_paths(data, about, uploads):
    "Refusal, if an event names a file anywhere that isn't an upload."
    foreign = Refusal(
        403, "The event names a file that wasn't uploaded to this page, so it was refused."
    )
    if any(isinstance(o, (dict, list)) for o in (data if isinstance(data, list) else [data])):
        raise foreign
    waiting = [about]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if any(k in one for k in ("url", "meta", "_type")) or (
                "path" in one and not _inside(one["path"], uploads)
            ):
                raise foreign
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _inside(path, uploads):
    "True if a path, whether there is a file or not, lies in the folder of uploads."
    try:
        return Path(uploads).resolve() in Path(path).resolve().parents
    except (TypeError, ValueError, OSError, RuntimeError):
        return False


def is_nothing(o):
    "True for null: what the page remembers never comes from the browser."
    return o is None


def whole_number(o):
    "True for 0, 1, 2 ..."
    return type(o) is int and 0 <= o < 1_000_000


def text_up_to(n):
    "A check for a string that isn't longer."
    return lambda o: isinstance(o, str) and len(o) <= n


def one_of(choices):
    "A check for one of these strings."
    return lambda o: isinstance(o, str) and o in choices


def between(low, high):
    "A check for a number."
    return lambda o: type(o) in (int, float) and math.isfinite(o) and low <= o <= high
