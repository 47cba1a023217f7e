"The report of `mlc doctor` as text."


def _extra_line(name, extra):
    "What an extra is for, and how to get it where it isn't installed."
    if not extra["missing"]:
        return f"  {name:14}here"
    return f'  {name:14}for {extra["use"]}: pip install "mlc_course[{name}]"'


def _all_well(report):
    "The last line where nothing is wrong."
    missing = [name for name, extra in report["extras"].items() if extra["missing"]]
    if missing:
        return f"Nothing is wrong. Not installed: {', '.join(missing)}."
    return "Everything that the lessons need is here."


def as_text(
    r: dict,  # what `examine` returned
) -> str:
    "The report for a person."
    gb = lambda b: f"{b / 1e9:.1f} GB"
    row = lambda name, value: f"{name:14}{value}"
    missing = [p for p, v in r["packages"].items() if v is None]
    lines = [
        row("Python", f"{r['python']}  ({r['executable']})"),
        row("System", r["system"]),
        row(
            "Machine",
            f"{r['cores']} cores, {gb(r['memory_bytes'])} memory ({gb(r['memory_free_bytes'])} "
            f"free), {gb(r['disk_free_bytes'])} disk free",
        ),
        "",
    ]
    lines += (
        [row("Packages", "")]
        + [f"  {p:14}{v}" for p, v in r["packages"].items() if v]
        + ([f"  missing: {', '.join(missing)}"] if missing else [])
        + [""]
    )
    lines += [row("Extras", "")] + [_extra_line(x, e) for x, e in r["extras"].items()] + [""]
    t, tf = r["torch"], r["tensorflow"]
    if t is None:
        torch = "not installed"
    elif not t["ok"]:
        torch = f"can't be imported: {t['error']}"
    else:
        torch = ", ".join(t["facts"]["cuda"]) or (
            "Apple GPU (mps)"
            if t["facts"]["mps"]
            else f"no GPU; {t['facts']['threads']} CPU threads"
        )
    if tf is None:
        tens = "not installed"
    elif not tf["ok"]:
        tens = f"can't be imported: {tf['error']}"
    else:
        tens = ", ".join(tf["facts"]["gpus"]) or "no GPU; CPU"
    lines += [row("Devices", ""), f"  {'PyTorch':14}{torch}", f"  {'TensorFlow':14}{tens}", ""]
    lines += [row("Threads", f"OpenMP's while they wait: {r['threads']}"), ""]
    if r["import_orders"]:
        lines += (
            [row("Import order", "")]
            + [f"  {k:40}{'ok' if v['ok'] else v['error']}" for k, v in r["import_orders"].items()]
            + [f"  {r['rule']}", ""]
        )
    d = r["data"]
    lines += [
        row(
            "Data",
            f"{d['path']}  ({gb(d['bytes'])} used, {gb(d['free_bytes'])} free)"
            if d["path"]
            else d["error"],
        )
    ]
    lines += [row("Profile", r["profile"] or "unknown")]
    if r["checkout"]:
        can = [x["stem"] for x in r["lessons"] if not x["missing"]]
        lines += [row("Lessons", f"{len(can)} of {len(r['lessons'])} can run, in {r['checkout']}")]
        lines += [
            f"  {x['stem']:20}misses {', '.join(x['missing'])}"
            for x in r["lessons"]
            if x["missing"]
        ]
    else:
        lines += [row("Lessons", "this folder is not inside a checkout of the course")]
    lines += (
        ["", *(f"PROBLEM  {p}" for p in r["problems"])] if r["problems"] else ["", _all_well(r)]
    )
    return "\n".join(lines)
