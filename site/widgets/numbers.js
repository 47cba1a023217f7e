// What the widgets compute, without a page: equal to mlc_course.losses and mlc_course.metrics (tests/test_widgets.py).

export const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

export function softmax(logits) {
  const top = Math.max(...logits);
  const powers = logits.map((x) => Math.exp(x - top));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((x) => x / sum);
}

// binary cross-entropy of logits, averaged over the labels; in nats
export function bceWithLogits(logits, targets) {
  const one = (x, t) => Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x)));
  return logits.reduce((sum, x, i) => sum + one(x, targets[i]), 0) / logits.length;
}

// cross-entropy of logits, where one label is right; in nats
export function crossEntropy(logits, right) {
  const top = Math.max(...logits);
  return top + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - top), 0)) - logits[right];
}

// counts at a threshold: a label is predicted where its probability is above it
export function counts(probs, targets, thresh) {
  const of = probs[0].map(() => ({ tp: 0, fp: 0, fn: 0, tn: 0 }));
  probs.forEach((row, i) =>
    row.forEach((p, c) => {
      const said = p > thresh;
      of[c][said ? (targets[i][c] ? "tp" : "fp") : targets[i][c] ? "fn" : "tn"]++;
    }),
  );
  return of;
}

const ratio = (a, b) => (b ? a / b : 0);
const prf = ({ tp, fp, fn }) => [ratio(tp, tp + fp), ratio(tp, tp + fn), ratio(2 * tp, 2 * tp + fp + fn)];

// {micro: [precision, recall, F1], macro: the same, averaged over the labels}
export function figures(of) {
  const sum = (k) => of.reduce((a, o) => a + o[k], 0);
  const each = of.map(prf);
  const mean = (k) => each.reduce((a, o) => a + o[k], 0) / each.length;
  return { micro: prf({ tp: sum("tp"), fp: sum("fp"), fn: sum("fn") }), macro: [0, 1, 2].map(mean) };
}

export const STEPS = Array.from({ length: 101 }, (_, i) => i / 100);

export function best(probs, targets, how = "micro") {
  const f1 = STEPS.map((t) => figures(counts(probs, targets, t))[how][2]);
  return STEPS[f1.indexOf(Math.max(...f1))];
}
