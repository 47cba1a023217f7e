"The site's widgets: their numbers are those of Python, and a keyboard moves them."

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from web_kit import serving

from mlc_course.metrics import confusion, precision_recall_f1

WIDGETS = Path(__file__).resolve().parents[1] / "site" / "widgets"
NAMES = ("sigmoid-softmax", "threshold-sweep")


def node(code, data):
    "What an expression of numbers.js gives for data."
    program = shutil.which("node")
    if program is None:
        pytest.skip("the widgets' numbers are computed with node, which isn't installed")
    text = (
        f"import * as n from {json.dumps((WIDGETS / 'numbers.js').as_uri())};"
        "let s = ''; for await (const o of process.stdin) s += o;"
        f"const d = JSON.parse(s); console.log(JSON.stringify({code}));"
    )
    command = [program, "--input-type=module", "-e", text]
    ran = subprocess.run(command, input=json.dumps(data), capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_probabilities_and_losses_are_those_of_the_package():
    torch = pytest.importorskip("torch")
    from mlc_course import losses

    rng = np.random.default_rng(0)
    x = rng.normal(0, 20, (200, 3))
    x[:3] = [[0, 0, 0], [800, -800, 0], [-800, -800, -800]]
    t = rng.integers(0, 2, (200, 3))
    four = "x.map(n.sigmoid), n.softmax(x), n.bceWithLogits(x, d.t[i]), n.crossEntropy(x, i % 3)"
    code = f"d.x.map((x, i) => [{four}])"
    found = node(code, dict(x=x.tolist(), t=t.tolist()))
    z, y = torch.tensor(x), torch.tensor(t, dtype=torch.float64)
    assert np.allclose([o[0] for o in found], losses.sigmoid(z), atol=1e-12)
    assert np.allclose([o[1] for o in found], losses.softmax(z), atol=1e-12)
    bce = [float(losses.binary_cross_entropy_with_logits(a[None], b[None])) for a, b in zip(z, y)]
    assert np.allclose([o[2] for o in found], bce, atol=1e-9)
    ce = torch.nn.functional.cross_entropy(z, torch.arange(200) % 3, reduction="none")
    assert np.allclose([o[3] for o in found], ce, atol=1e-9)


def test_the_sweep_counts_as_the_package_does():
    rng = np.random.default_rng(1)
    probs = np.round(rng.random((30, 5)), 4).astype(np.float32).astype(float)
    targets = rng.random((30, 5)) < 0.3
    targets[:, 4] = False
    probs[:, 3] = 0  # never predicted
    steps = [0, 0.1, 0.5, 0.73, 1]
    code = "d.steps.map(t => n.figures(n.counts(d.probs, d.targets, t)))"
    found = node(code, dict(steps=steps, probs=probs.tolist(), targets=targets.tolist()))
    for t, said in zip(steps, found):
        for how in ("micro", "macro"):
            expected = precision_recall_f1(confusion(probs, targets, t), how)
            assert np.allclose(said[how], list(expected), atol=1e-12), (t, how)


def test_the_sheets_best_threshold_is_the_packages():
    data = json.loads((WIDGETS / "threshold-sweep.json").read_text())
    probs, c = np.array(data["probs"]), len(data["vocab"])
    targets = np.array([[k in o for k in range(c)] for o in data["labels"]])
    found = node("n.best(d.probs, d.targets)", dict(probs=data["probs"], targets=targets.tolist()))
    f1 = [precision_recall_f1(confusion(probs, targets, i / 100), "micro")[2] for i in range(101)]
    assert found == np.argmax(f1) / 100
    assert not np.isclose(probs * 100 % 1, 0).any()  # no step of the slider hits a probability


def test_each_widget_has_a_static_image_and_words_for_it():
    alts = json.loads((WIDGETS / "alts.json").read_text())
    for name in NAMES:
        assert (WIDGETS / f"{name}.svg").stat().st_size < 100_000
        assert len(alts[name]) > 60


@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory):
    "Both widgets on a page of their own."
    root = tmp_path_factory.mktemp("widgets")
    shutil.copytree(WIDGETS, root / "widgets")
    divs = "".join(f'<div data-widget="{o}"></div>' for o in NAMES)
    script = '<script type="module" src="widgets/widgets.js"></script>'
    (root / "index.html").write_text(f"<!doctype html><title>Widgets</title>{divs}{script}")
    errors = []
    with serving(root) as url:
        one = chromium.new_page(viewport=dict(width=390, height=844))
        one.on("pageerror", lambda e: errors.append(str(e)))
        one.goto(url)
        one.wait_for_function("document.querySelectorAll('[data-ready]').length === 2")
        yield one
    assert not errors


def test_three_logits_with_a_keyboard(page):
    box = page.locator("[data-widget=sigmoid-softmax]")
    assert "sun and house" in box.locator(".w-verdict").first.inner_text()
    assert "not defined, since 2" in box.inner_text()
    box.get_by_label("Logit of house").focus()
    page.keyboard.press("Home")
    assert box.locator(".w-verdict").first.inner_text() == "Said, above 0.5: sun"
    box.get_by_label("house is in the image").focus()
    page.keyboard.press("Space")
    expected = np.log(np.exp([2, -6, -2]).sum()) - 2
    assert f"Cross-entropy: {expected:.3f}" in box.inner_text()
    meter = box.get_by_role("meter", name="sigmoid of house")
    assert float(meter.get_attribute("aria-valuenow")) == pytest.approx(0.0025, abs=1e-4)


def test_the_sweep_with_a_keyboard_and_a_pointer(page):
    box = page.locator("[data-widget=threshold-sweep]")
    hand = box.get_by_label("Threshold of every label")
    hand.focus()
    page.keyboard.press("End")
    assert box.locator(".w-right").count() == 1  # the legend's own
    assert [o.split()[0] for o in box.locator(".w-figure").all_inner_texts()] == ["0.000"] * 3
    box.get_by_role("button").press("Enter")
    data = json.loads((WIDGETS / "threshold-sweep.json").read_text())
    probs, t = np.array(data["probs"]), float(hand.input_value())
    targets = np.array([[k in o for k in range(len(data["vocab"]))] for o in data["labels"]])
    micro = precision_recall_f1(confusion(probs, targets, t), "micro")
    shown = [float(o.split()[0]) for o in box.locator(".w-figure").all_inner_texts()]
    assert np.allclose(shown, list(micro), atol=5e-4)
    area = box.locator("svg").bounding_box()
    page.mouse.click(area["x"] + area["width"] / 4, area["y"] + area["height"] / 2)
    assert 0 < float(hand.input_value()) < t + 1 and float(hand.input_value()) != t
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
