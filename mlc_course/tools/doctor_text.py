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


def _row(name, value=""):
    return f"{name:14}{value}"


def _gb(size):
    return f"{size / 1e9:.1f} GB"


def _machine(r):
    machine = (
        f"{r['cores']} cores, {_gb(r['memory_bytes'])} memory ({_gb(r['memory_free_bytes'])} "
        f"free), {_gb(r['disk_free_bytes'])} disk free"
    )
    python = f"{r['python']}  ({r['executable']})"
    return [_row("Python", python), _row("System", r["system"]), _row("Machine", machine), ""]


def _packages(r):
    missing = [p for p, v in r["packages"].items() if v is None]
    here = [f"  {p:14}{v}" for p, v in r["packages"].items() if v]
    gone = [f"  missing: {', '.join(missing)}"] if missing else []
    extras = [_extra_line(x, e) for x, e in r["extras"].items()]
    return [_row("Packages"), *here, *gone, "", _row("Extras"), *extras, ""]


def _device(found, describe):
    "What a framework computes on, or why it can't."
    if found is None:
        return "not installed"
    return describe(found["facts"]) if found["ok"] else f"can't be imported: {found['error']}"


def _torch_device(facts):
    if facts["cuda"]:
        return ", ".join(facts["cuda"])
    return "Apple GPU (mps)" if facts["mps"] else f"no GPU; {facts['threads']} CPU threads"


def _devices(r):
    torch = _device(r["torch"], _torch_device)
    tf = _device(r["tensorflow"], lambda facts: ", ".join(facts["gpus"]) or "no GPU; CPU")
    lines = [_row("Devices"), f"  {'PyTorch':14}{torch}", f"  {'TensorFlow':14}{tf}", ""]
    lines += [_row("Threads", f"OpenMP's while they wait: {r['threads']}"), ""]
    orders = r["import_orders"]
    tried = [f"  {k:40}{'ok' if v['ok'] else v['error']}" for k, v in orders.items()]
    return lines + ([_row("Import order"), *tried, f"  {r['rule']}", ""] if orders else [])


def _data(r):
    d = r["data"]
    if not d["path"]:
        return d["error"]
    return f"{d['path']}  ({_gb(d['bytes'])} used, {_gb(d['free_bytes'])} free)"


def _lessons(r):
    if not r["checkout"]:
        return [_row("Lessons", "this folder is not inside a checkout of the course")]
    lacking = [x for x in r["lessons"] if x["missing"]]
    n = len(r["lessons"])
    lines = [_row("Lessons", f"{n - len(lacking)} of {n} can run, in {r['checkout']}")]
    return lines + [f"  {x['stem']:20}misses {', '.join(x['missing'])}" for x in lacking]


def as_text(
    r: dict,  # what `examine` returned
) -> str:
    "The report for a person."
    problems = [f"PROBLEM  {p}" for p in r["problems"]] or [_all_well(r)]
    lines = [*_machine(r), *_packages(r), *_devices(r), _row("Data", _data(r))]
    lines += [_row("Profile", r["profile"] or "unknown"), *_lessons(r), "", *problems]
    return "\n".join(lines)
