"""Turns executed notebooks into HTML pages that open from disk: no script, no font and no picture
is fetched.
"""

# nbconvert's own full templates load RequireJS and MathJax from a CDN, so a reader without a
# network would see raw formulas. Here only its cells are used; formulas are drawn by Matplotlib,
# and page, contents and style are ours.
import copy
import html
import platform
import re
import time
from pathlib import Path

from mlc_course.tools.texts import clock, write_text

from .formulas import draw_formula, draw_formulas
from .report_style import STYLE

__all__ = [
    "draw_formula",
    "draw_formulas",
    "headings",
    "lesson_body",
    "lesson_head",
    "write_report",
]


_HEADING = re.compile(r'<h([1-3])\b[^>]*\bid="([^"]*)"[^>]*>(.*?)</h\1>', re.S)
_TAG = re.compile(r"<[^>]+>")
_NB_LINK = re.compile(r'href="(?:\./)?([\w.-]+)\.ipynb(#[^"]*)?"')


# ---- one lesson --------------------------------------------------------------------------------
def _hidden(cell):
    lines = [o.strip() for o in cell.source.splitlines() if o.strip()]
    directives = {
        o[2:].split()[0].rstrip(":") for o in lines if o.startswith("#|") and o[2:].split()
    }
    broken = any(o.get("output_type") == "error" for o in cell.get("outputs", ()))
    return (
        cell.cell_type == "code"
        and not broken
        and ("hide" in directives or all(o.startswith("#|") for o in lines))
    )


def _without_widgets(outputs):
    kept = []
    for o in outputs:
        data = {k: v for k, v in o.get("data", {}).items() if "widget-view" not in k}
        if "data" in o:
            if not data:
                continue
            o["data"] = data
        kept.append(o)
    return kept


def lesson_body(
    nb,  # an executed notebook
    folder: Path,  # where it lay, for pictures that it links to
) -> str:  # HTML of its cells
    "The cells of a lesson as HTML, without what is hidden from readers."
    from nbconvert import HTMLExporter

    nb = copy.deepcopy(nb)
    nb.cells = [c for c in nb.cells if not _hidden(c)]
    nb.metadata.pop("widgets", None)
    for c in nb.cells:
        if c.cell_type == "markdown":
            c.source = draw_formulas(c.source)
        if c.cell_type == "code":
            c.source = re.sub(r"^#\|\s*default_exp.*\n+", "", c.source)
        if c.cell_type == "code":
            c.outputs = _without_widgets(c.outputs)
    exporter = HTMLExporter(
        template_name="basic",
        embed_images=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    exporter.log.setLevel("ERROR")
    exporter.register_filter(
        "clean_html", lambda text: text
    )  # it sees only code that is escaped already, and takes most of the time
    body, _ = exporter.from_notebook_node(nb, resources={"metadata": {"path": str(folder)}})
    return body


def lesson_head(
    nb,  # a notebook
    stem: str,  # its file name, for want of a title
) -> tuple[str, str]:  # title; what the reader will be able to do
    "The H1 title and the `>` line of a lesson."
    text = "\n".join(c.source for c in nb.cells[:4] if c.cell_type == "markdown")
    title = re.search(r"^#\s+(.+)$", text, re.M)
    promise = re.search(r"(?:^>[^\n]*\n?)+", text, re.M)
    lines = [o.lstrip(">").strip() for o in promise[0].splitlines()] if promise else []
    return (re.sub(r"^\d+[\s.:]+", "", title[1].strip()) if title else stem), " ".join(
        o for o in lines if o
    )


def headings(
    body: str,  # HTML
) -> list[tuple[int, str, str]]:  # level, id, text
    "The headings that a table of contents links to."
    return [
        (int(level), i, html.unescape(_TAG.sub("", t)).replace("¶", "").strip())
        for level, i, t in _HEADING.findall(body)
    ]


# ---- pages -------------------------------------------------------------------------------------
def _page(title, nav, main):
    from pygments.formatters import HtmlFormatter

    code = HtmlFormatter(style="default").get_style_defs(".highlight")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta '
        'name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{code}\n{STYLE}{_ansi_style()}</style></head>\n"
        f'<body>\n<nav aria-label="Contents">{nav}</nav>\n<main>{main}</main>\n</body></html>\n'
    )


def _ansi_style():
    colours = dict(
        black="#3e424d",
        red="#b3261e",
        green="#00701a",
        yellow="#8a5a00",
        blue="#1f5fa8",
        magenta="#8e3ba0",
        cyan="#00707a",
        white="#5b6675",
    )
    return (
        "".join(f".ansi-{k}-fg,.ansi-{k}-intense-fg{{color:{v}}}" for k, v in colours.items())
        + ".ansi-bold{font-weight:650}"
    )


def _inline(text):
    "Backquotes and emphasis of a Markdown line, as HTML."
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    return re.sub(
        r"\*\*([^*]+)\*\*",
        r"<strong>\1</strong>",
        re.sub(r"(?<!\*)\*([^*]+)\*(?!\*)", r"<em>\1</em>", text),
    )


def _verdict(row):
    cell = f", cell {row['cell']}" if row.get("cell") else ""
    kind = "ok" if row["result"] == "ok" else "bad"
    return f'<span class="{kind}">{html.escape(row["result"])}{cell}</span>'


def _contents(heads, base=""):
    items = "".join(
        f'<li><a href="{base}#{html.escape(i, quote=True)}">{html.escape(t)}</a></li>'
        for level, i, t in heads
        if level == 2
    )
    return f"<ul>{items}</ul>" if items else ""


def _nav(lessons, current=None):
    parts = ['<a href="index.html"><strong>Multi-label image classification</strong></a><ol>']
    for x in lessons:
        mark = ' aria-current="page"' if x["stem"] == current else ""
        parts.append(
            f'<li><a href="{x["stem"]}.html"{mark}>{x["stem"][:2]} '
            f"{_inline(x['title'])}</a>{_contents(x['heads']) if mark else ''}</li>"
        )
    return "".join(parts) + "</ol>"


def _read_lessons(out, record):
    "What a page needs of each lesson that was run: its title, promise, body, headings and figures."
    import nbformat

    lessons = []
    for stem in sorted(record):
        path = out / f"{stem}.ipynb"
        if path.is_file():
            nb = nbformat.read(path, as_version=4)
            title, promise = lesson_head(nb, stem)
            body = lesson_body(nb, out)
            facts = dict(stem=stem, title=title, promise=promise, row=record[stem])
            lessons.append(dict(facts, body=body, heads=headings(body)))
    return lessons


def _pager(lessons, n):
    "Links to the lessons before and after the one at place n."
    to = lambda x, rel, word: (
        f'<a href="{x["stem"]}.html" rel="{rel}">{word}: {_inline(x["title"])}</a>'
    )
    before = to(lessons[n - 1], "prev", "Before") if n else '<a href="index.html">Contents</a>'
    after = to(lessons[n + 1], "next", "Next") if n + 1 < len(lessons) else ""
    return f'<div class="pager">{before}{after}</div>'


def _lesson_page(lessons, n, profile):
    "The page of the lesson at place n."
    x, known = lessons[n], {x["stem"] for x in lessons}
    row = x["row"]
    link = lambda m: f'href="{m[1]}.html{m[2] or ""}"' if m[1] in known else 'href="index.html"'
    note = f'<p class="alert">This lesson did not run to its end: {_verdict(row)}.</p>'
    facts = (
        f'<p class="soft">{clock(row["seconds"])} on this machine, {html.escape(profile)} '
        f'profile · <a href="{x["stem"]}.ipynb">the executed notebook</a></p>'
    )
    main = facts + note * (row["result"] != "ok") + _NB_LINK.sub(link, x["body"])
    return _page(x["title"], _nav(lessons, x["stem"]), main + _pager(lessons, n))


def _table_row(x):
    "A lesson's row in the table of the first page."
    row, title = x["row"], _inline(x["title"])
    return (
        f'<tr><td>{x["stem"][:2]}</td><td><a href="{x["stem"]}.html">{title}</a><br>'
        f'<span class="soft">{_inline(x["promise"])}</span></td>'
        f'<td class="num">{row["seconds"]:.1f}</td><td class="num">{row["peak_mb"]:,.0f}</td>'
        f"<td>{_verdict(row)}</td></tr>"
    )


def _first_page(lessons, profile):
    "How the lessons ran, and the table of contents over all of them."
    contents = "".join(
        f'<li><a href="{x["stem"]}.html">{x["stem"][:2]} {_inline(x["title"])}</a>'
        f"{_contents(x['heads'], x['stem'] + '.html')}</li>"
        for x in lessons
    )
    total = sum(x["row"]["seconds"] for x in lessons)
    passed = sum(x["row"]["result"] == "ok" for x in lessons)
    when = time.localtime(max([x["row"]["when"] for x in lessons], default=time.time()))
    title = "Multi-label image classification"
    main = (
        f"<h1>{title}</h1><p>{passed} of {len(lessons)} lessons ran to their end in the "
        f"<strong>{html.escape(profile)}</strong> profile, {clock(total)} in all. Last run "
        f"{time.strftime('%Y-%m-%d %H:%M', when)}, Python {platform.python_version()} on "
        f"{html.escape(platform.system())} {html.escape(platform.machine())}.</p>"
        '<table><thead><tr><th></th><th>Lesson</th><th class="num">Seconds</th>'
        '<th class="num">Peak memory, MB</th><th>Result</th></tr></thead>'
        f"<tbody>{''.join(map(_table_row, lessons))}</tbody></table>"
        f'<h2 id="contents">Contents</h2><ul>{contents}</ul>'
    )
    return _page(title, _nav(lessons), main)


def write_report(
    out: Path,  # folder with the executed notebooks; the pages are written beside them
    record: dict,  # {stem: LessonRun as a dict} of every lesson that was run
    profile: str,  # name of the run profile
) -> Path:  # index.html
    "Write a page for each executed lesson and the table of contents over all of them."
    out = Path(out)
    lessons = _read_lessons(out, record)
    for n, x in enumerate(lessons):
        write_text(out / f"{x['stem']}.html", _lesson_page(lessons, n, profile))
    write_text(out / "index.html", _first_page(lessons, profile))
    return out / "index.html"
