"Formulas of a lesson, drawn by Matplotlib."

import base64
import html
import io
import re
from functools import lru_cache

_MATH = re.compile(
    r"(?P<code>^(```|~~~).*?^\2[^\n]*$|(?P<tick>`+)(?!`).*?(?<!`)(?P=tick)(?!`))"
    r"|\$\$(?P<block>.+?)\$\$|(?<![\\$\w])\$(?P<inline>[^\s$](?:[^$\n]*[^\s$\\])?)\$(?![\d\w$])",
    re.S | re.M,
)


# ---- formulas ----------------------------------------------------------------------------------
def _lines_of(tex):
    """The lines of a displayed formula: alignment environments are beyond Matplotlib, so each line
    is drawn by itself.
    """
    m = re.fullmatch(r"(?s)(.*?)\\begin\{cases\}(.*)\\end\{cases\}(.*)", tex.strip())
    if m:
        rows = [
            " ".join(r.replace("&", r"\quad ").split())
            for r in re.split(r"\\\\(?:\[[^\]]*\])?", m[2])
            if r.strip()
        ]
        return [
            f"{' '.join(m[1].split())} \\{{ {rows[0]}",
            *(rf"\{{ {r}" for r in rows[1:]),
        ] + _lines_of(m[3])
    tex = re.sub(
        r"\\(begin|end)\{(aligned|align|align\*|split|gathered|equation|equation\*)\}", "", tex
    ).replace("&", " ")
    return [
        " ".join(line.split()) for line in re.split(r"\\\\(?:\[[^\]]*\])?", tex) if line.strip()
    ]


@lru_cache(maxsize=4096)
def draw_formula(
    tex: str,  # one line of LaTeX, without dollars
    size: float = 12.0,  # font size in points
) -> str:  # an <img> with the picture inside and the LaTeX as its alternative text
    "A formula as a picture that needs no network; as code where Matplotlib doesn't know a command."
    import matplotlib
    from matplotlib import mathtext
    from matplotlib.font_manager import FontProperties

    drawn = (
        tex.replace(r"\text{", r"\mathrm{")
        .replace(r"\tfrac", r"\frac")
        .replace(r"\lvert", "|")
        .replace(r"\rvert", "|")
    )
    drawn = re.sub(r"\\operatorname\*?\{", r"\\mathrm{", drawn)
    out = io.BytesIO()
    try:
        with matplotlib.rc_context(
            {"mathtext.fontset": "stix", "svg.fonttype": "path", "svg.hashsalt": "mlc"}
        ):
            depth = mathtext.math_to_image(
                f"${drawn}$", out, prop=FontProperties(size=size), dpi=72, format="svg"
            )
    except (ValueError, RuntimeError):
        return f"<code>{html.escape(tex)}</code>"
    data = base64.b64encode(out.getvalue()).decode()
    width = re.search(rb'width="([\d.]+)pt"', out.getvalue())
    wide = f"width:{1.12 * float(width[1]) / size:.3f}em;" if width else ""
    return (
        f'<img class="math" alt="{html.escape(tex, quote=True)}" '
        f'style="{wide}vertical-align:{-1.12 * depth / size:.3f}em" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def draw_formulas(
    text: str,  # Markdown
) -> str:  # Markdown with pictures in place of $...$ and $$...$$; code is left alone
    "Replace every formula of a Markdown cell by its picture."

    def one(m):
        if m["block"]:
            return (
                '<p class="math">'
                + "".join(draw_formula(row, 13) for row in _lines_of(m["block"]))
                + "</p>"
            )
        if m["inline"]:
            return draw_formula(m["inline"].strip())
        return m[0]

    return _MATH.sub(one, text)
