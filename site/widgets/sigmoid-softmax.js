// Three logits with a slider each: what sigmoid and softmax make of them, what is said, and the loss.

import { bceWithLogits, crossEntropy, sigmoid, softmax } from "./numbers.js";
import { make, meter, slider, speaker } from "./parts.js";

const LABELS = ["sun", "house", "boat"];
const START = [2, 1.5, -2];
const RIGHT = [true, true, false];

const listed = (names) => (names.length ? names.join(" and ") : "no predictions");

export function build(root) {
  const logits = [...START];
  const targets = [...RIGHT];
  const rows = LABELS.map((label, i) => {
    const s = slider(`Logit of ${label}`, { min: -6, max: 6, step: 0.1, value: START[i] }, (v) => {
      logits[i] = v;
      update();
    });
    const tick = make("input", { type: "checkbox" });
    tick.checked = targets[i];
    tick.addEventListener("change", () => {
      targets[i] = tick.checked;
      update();
    });
    const there = make("label", { class: "w-there" }, tick, ` ${label} is in the image`);
    return { s, there, each: meter(`sigmoid of ${label}`), share: meter(`softmax of ${label}`) };
  });
  const column = (title, key, note) => {
    const said = make("p", { class: "w-verdict" });
    const loss = make("p", { class: "w-loss" });
    const sum = make("p", { class: "w-soft" });
    const bars = rows.map((o, i) => make("div", { class: "w-row" }, make("span", { class: "w-name" }, LABELS[i]), o[key].cell));
    return { said, loss, sum, box: make("div", { class: "w-column" }, make("h3", {}, title), make("p", { class: "w-soft" }, note), ...bars, sum, said, loss) };
  };
  const left = column("Sigmoid: each label by itself", "each", "1 / (1 + exp(-logit))");
  const right = column("Softmax: one label out of three", "share", "exp(logit) / sum of all three");
  const controls = make("div", { class: "w-controls" });
  controls.append(...rows.map((o) => make("div", {}, o.s.row, o.there)));
  root.append(controls, make("div", { class: "w-columns" }, left.box, right.box));
  const speak = speaker(root);

  function update() {
    const [p, q] = [logits.map(sigmoid), softmax(logits)];
    const top = q.indexOf(Math.max(...q));
    rows.forEach((o, i) => {
      o.each.set(p[i], p[i] > 0.5);
      o.share.set(q[i], i === top);
    });
    const said = listed(LABELS.filter((_, i) => p[i] > 0.5));
    const total = (o) => o.reduce((a, b) => a + b).toFixed(2);
    left.sum.textContent = `The three add up to ${total(p)}.`;
    right.sum.textContent = `The three add up to ${total(q)}, always.`;
    left.said.textContent = `Said, above 0.5: ${said}`;
    right.said.textContent = `Said, the largest: ${LABELS[top]}`;
    left.loss.textContent = `Binary cross-entropy: ${bceWithLogits(logits, targets.map(Number)).toFixed(3)}`;
    const n = targets.filter(Boolean).length;
    right.loss.textContent =
      n === 1
        ? `Cross-entropy: ${crossEntropy(logits, targets.indexOf(true)).toFixed(3)}`
        : `Cross-entropy: not defined, since ${n || "none"} of the labels ${n === 0 ? "is" : "are"} in the image, and it needs exactly one`;
    speak(`Sigmoid says ${said}. Softmax says ${LABELS[top]}. ${left.loss.textContent}. ${right.loss.textContent}.`);
  }
  rows.forEach((o) => o.s.show());
}
