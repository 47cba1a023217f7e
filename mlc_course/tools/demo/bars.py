"One bar per label; of very many labels those that matter, and how many more there are."

from mlc_course.tools.demo.words import by_score, count, esc

TOP = 50  # bars that are shown whatever their thresholds
ABOVE = 100  # bars at most, with those above their thresholds
BUDGET = 80_000  # characters of all bars together: long names count too


def bars_html(
    scores: dict,  # label -> probability
    thresholds: dict,  # label -> threshold
) -> str:
    "The bars, the highest score first, each with its own threshold; what isn't shown is counted."
    rows: list = []
    used = 0
    shown = shown_labels(scores, thresholds)
    for label, p in shown:
        row = _bar(label, p, thresholds[label])
        if rows and used + len(row) > BUDGET:
            break
        rows.append(row)
        used += len(row)
    kept = {label for label, _ in shown[: len(rows)]}
    rest = [p > thresholds[o] for o, p in scores.items() if o not in kept]
    which = "the shown labels" if rest else "every label"
    return (
        f'<ul class="mlc-bars" aria-label="Score of {which}">'
        f"{''.join(rows)}</ul>{_rest(rest)}"
        '<p class="mlc-key" aria-hidden="true"><span><i class="mlc-bar mlc-yes"></i> above its '
        'threshold</span><span><i class="mlc-bar"></i> below</span><span><i class="mlc-tick"></i> '
        "threshold</span></p>"
    )


def shown_labels(
    scores: dict,  # label -> probability
    thresholds: dict,  # label -> threshold
) -> list:  # of (label, score), the highest score first
    "The labels above their thresholds, `ABOVE` at most, and the next best up to `TOP`."
    ranked = by_score(scores)
    if len(ranked) <= TOP:
        return ranked
    yes = [i for i, (label, p) in enumerate(ranked) if p > thresholds[label]][:ABOVE]
    keep = set(yes)
    for i in range(len(ranked)):
        if len(keep) >= max(TOP, len(yes)):
            break
        keep.add(i)
    return [ranked[i] for i in sorted(keep)]


def _rest(above):
    "How many labels aren't shown, and how many of them are above their thresholds."
    n, yes = len(above), sum(above)
    if not n:
        return ""
    which = "none of them above its threshold"
    if yes:
        which = (
            "all of them above their thresholds"
            if yes == n
            else f"{yes:,} of them above their thresholds"
        )
    said = f"and {count(n, 'more label')}, {which}"
    return f'<p class="mlc-rest" data-rest="{n}" data-above="{yes}">{said}</p>'


def _bar(label, p, t):
    yes, name = p > t, esc(label)
    said = f"{p:.2f}, {'above' if yes else 'not above'} its threshold of {t:.2f}"
    return (
        f'<li class="mlc-row{" mlc-yes" if yes else ""}" data-label="{name}" data-score="{p!r}" '
        f'data-yes="{int(yes)}"><div class="mlc-meter" role="meter" aria-label="{name}" '
        f'aria-valuemin="0" aria-valuemax="1" aria-valuenow="{p:.4f}" aria-valuetext="{said}" '
        f'title="{said}"><span class="mlc-label">{name}</span><span class="mlc-track"><i '
        f'class="mlc-bar" style="width:{100 * p:.2f}%"></i><i class="mlc-tick" '
        f'style="left:{100 * t:.2f}%"></i></span><span class="mlc-score">{p:.2f}</span><span '
        f'class="mlc-verdict">{"✓ yes" if yes else ""}</span></div></li>'
    )


def map_choices(seen):
    "What the list of maps offers: (words, label), the highest score first."
    return [(f"{o}  {p:.2f}", o) for o, p in by_score(seen.scores)]
