"The page that `mlc demo` serves: an image comes in, every label's score comes out."

from mlc_course.tools.demo.addresses import check_address, is_loopback, names_of
from mlc_course.tools.demo.bars import bars_html, map_choices, shown_labels
from mlc_course.tools.demo.bodies import Refusal, checked_event
from mlc_course.tools.demo.examples import Example, find_examples
from mlc_course.tools.demo.folders import (
    clear_leftovers,
    delete_upload,
    own_folder,
    sweep,
    uploaded,
)
from mlc_course.tools.demo.guard import Guard, Rules
from mlc_course.tools.demo.maps import overlay, picture_html, place
from mlc_course.tools.demo.page import build, event_rules, load_gradio
from mlc_course.tools.demo.reading import (
    MAX_BYTES,
    MAX_PIXELS,
    SHOWN,
    Refused,
    Seen,
    look,
    read_picture,
    short_name,
    small_maps,
    thumbnail,
)
from mlc_course.tools.demo.server import running
from mlc_course.tools.demo.serving import guarded, network_warning, serve
from mlc_course.tools.demo.words import (
    CHOSEN,
    ONE,
    answer_html,
    by_score,
    esc,
    examples_html,
    head_html,
    limits,
    model_html,
    model_rows,
    refusal_html,
    sentence,
    threshold_note,
)

__all__ = [
    "CHOSEN",
    "Example",
    "Guard",
    "MAX_BYTES",
    "MAX_PIXELS",
    "ONE",
    "Refusal",
    "Refused",
    "Rules",
    "SHOWN",
    "Seen",
    "answer_html",
    "bars_html",
    "build",
    "by_score",
    "check_address",
    "checked_event",
    "clear_leftovers",
    "delete_upload",
    "esc",
    "event_rules",
    "examples_html",
    "find_examples",
    "guarded",
    "head_html",
    "is_loopback",
    "limits",
    "load_gradio",
    "look",
    "map_choices",
    "model_html",
    "model_rows",
    "names_of",
    "network_warning",
    "overlay",
    "own_folder",
    "picture_html",
    "place",
    "read_picture",
    "refusal_html",
    "running",
    "sentence",
    "serve",
    "short_name",
    "shown_labels",
    "small_maps",
    "sweep",
    "threshold_note",
    "thumbnail",
    "uploaded",
]
