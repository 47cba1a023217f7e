// One threshold over a sheet of postcards: what is said of each, and precision, recall and F1.

import { STEPS, best, counts, figures } from "./numbers.js";
import { make, slider, speaker } from "./parts.js";

const NAMES = ["precision", "recall", "F1"];
const [W, H, EDGE] = [560, 220, 34];

function curves(probs, targets) {
  const all = STEPS.map((t) => figures(counts(probs, targets, t)).micro);
  const x = (t) => EDGE + t * (W - EDGE - 74);
  const y = (v) => 12 + (1 - v) * (H - EDGE - 12);
  const svg = make("svg", { viewBox: `0 0 ${W} ${H}`, class: "w-curves", role: "img", "aria-label": "Precision, recall and F1 at every threshold from 0 to 1" });
  for (const v of [0, 0.5, 1]) {
    svg.append(make("line", { x1: x(0), x2: x(1), y1: y(v), y2: y(v), class: "w-grid" }));
    svg.append(make("text", { x: EDGE - 6, y: y(v) + 4, "text-anchor": "end" }, String(v)));
    svg.append(make("text", { x: x(v), y: H - 16, "text-anchor": "middle" }, String(v)));
  }
  svg.append(make("text", { x: x(0.5), y: H - 1, "text-anchor": "middle" }, "threshold"));
  // names beside the curves' ends are kept apart
  const ends = NAMES.map((name, k) => ({ name, k, at: y(all[96][k]) })).sort((a, b) => a.at - b.at);
  ends.forEach((o, i) => (o.at = i ? Math.max(o.at, ends[i - 1].at + 16) : o.at));
  for (const { name, k, at } of ends) {
    const d = all.map((row, i) => `${i ? "L" : "M"}${x(STEPS[i]).toFixed(1)} ${y(row[k]).toFixed(1)}`).join("");
    svg.append(make("path", { d, class: `w-line w-line-${k}` }));
    svg.append(make("text", { x: x(1) + 8, y: Math.min(H - EDGE, at) + 4, class: `w-key-${k}` }, name));
  }
  const hand = make("line", { y1: y(1) - 6, y2: y(0), class: "w-hand" });
  const dots = NAMES.map((_, k) => make("circle", { r: 5, class: `w-dot-${k}` }));
  svg.append(hand, ...dots);
  const move = (t, row) => {
    hand.setAttribute("x1", x(t));
    hand.setAttribute("x2", x(t));
    dots.forEach((o, k) => {
      o.setAttribute("cx", x(t));
      o.setAttribute("cy", y(row[k]));
    });
  };
  return { svg, move, at: (px) => Math.min(1, Math.max(0, (px - x(0)) / (x(1) - x(0)))) };
}

function card(data, i) {
  const image = make("span", { class: "w-image", role: "img", "aria-label": `Postcard ${i + 1}: ${data.labels[i].map((c) => data.vocab[c]).join(", ") || "no label"}` });
  image.style.backgroundImage = `url(${new URL(data.sheet, import.meta.url)})`;
  image.style.backgroundSize = `${100 * data.columns}% auto`;
  const [column, row] = [i % data.columns, Math.floor(i / data.columns)];
  const rows = Math.ceil(data.labels.length / data.columns);
  image.style.backgroundPosition = `${(100 * column) / (data.columns - 1)}% ${(100 * row) / (rows - 1)}%`;
  const words = make("span", { class: "w-words" });
  return { box: make("li", {}, image, words), words };
}

const KINDS = { right: "✓", wrong: "✗", missed: "–" };
function word(kind, name) {
  return make("span", { class: `w-word w-${kind}` }, make("span", { "aria-hidden": "true" }, KINDS[kind]), make("span", { class: "w-hidden" }, `${kind}: `), ` ${name}`);
}

export async function build(root) {
  const data = await (await fetch(new URL("threshold-sweep.json", import.meta.url))).json();
  const { probs, vocab } = data;
  const targets = data.labels.map((o) => vocab.map((_, c) => o.includes(c)));
  const cards = probs.map((_, i) => card(data, i));
  const plot = curves(probs, targets);
  const numbers = NAMES.map((name, k) => make("div", { class: `w-figure w-key-${k}` }, make("b", {}), ` ${name}`));
  const tally = make("p", { class: "w-soft" });
  const s = slider("Threshold of every label", { min: 0, max: 1, step: 0.01, value: 0.5 }, update);
  const button = make("button", { type: "button" }, "Go to the highest F1");
  button.addEventListener("click", () => {
    s.input.value = best(probs, targets);
    s.show();
  });
  const drag = (e) => {
    if (e.type === "pointermove" && !e.buttons) return;
    const box = plot.svg.getBoundingClientRect();
    s.input.value = plot.at(((e.clientX - box.left) * W) / box.width);
    s.show();
  };
  plot.svg.addEventListener("pointerdown", drag);
  plot.svg.addEventListener("pointermove", drag);
  const key = make("p", { class: "w-soft w-legend" }, word("right", "right"), word("wrong", "said, not there"), word("missed", "there, not said"));
  const top = make("div", { class: "w-top" }, make("div", {}, plot.svg), make("div", {}, s.row, button, make("div", { class: "w-figures" }, ...numbers), tally));
  root.append(top, key, make("ul", { class: "w-sheet" }, ...cards.map((o) => o.box)));
  const speak = speaker(root);

  function update(t) {
    const of = counts(probs, targets, t);
    const { micro } = figures(of);
    plot.move(t, micro);
    numbers.forEach((o, k) => (o.firstChild.textContent = micro[k].toFixed(3)));
    const sum = (k) => of.reduce((a, o) => a + o[k], 0);
    tally.textContent = `${sum("tp")} right, ${sum("fp")} said that aren't there, ${sum("fn")} missed, on ${probs.length} postcards.`;
    cards.forEach(({ words }, i) => {
      const said = vocab.map((name, c) => {
        const yes = probs[i][c] > t;
        return yes || targets[i][c] ? word(yes ? (targets[i][c] ? "right" : "wrong") : "missed", name) : null;
      });
      const shown = said.filter(Boolean);
      const rest = shown.length - 6;
      words.replaceChildren(...shown.slice(0, 6), ...(rest > 0 ? [make("span", {}, `and ${rest} more`)] : []));
      if (!shown.length) words.append(make("span", { class: "w-soft" }, "no predictions, rightly"));
    });
    speak(`Threshold ${t.toFixed(2)}: ${NAMES.map((o, k) => `${o} ${micro[k].toFixed(2)}`).join(", ")}.`);
  }
  s.show();
}
