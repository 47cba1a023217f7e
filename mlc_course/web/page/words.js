// What the page says. Sentences and facts are those of `mlc demo`, but for "No predictions".

const SAID = 20; // labels that one sentence names at most
export const TOP = 50; // bars that are shown whatever their thresholds

export const two = (v) => v.toFixed(2);
export const count = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;

export function sentence(vocab, probs, thresholds, found) {
  if (!found.length) {
    const best = probs.indexOf(Math.max(...probs));
    return `No predictions. The highest score is ${two(probs[best])}, for ${vocab[best]}; its threshold is ${two(thresholds[best])}.`;
  }
  const rest = found.length - SAID;
  const said = found.slice(0, SAID).map((i) => `${vocab[i]} ${two(probs[i])}`).join(", ");
  return rest > 0 ? `${said} and ${count(rest, "more label")}` : said;
}

const part = (spec, name) => (spec[name] && typeof spec[name] === "object" ? spec[name] : {});
const number = (v, digits) => (typeof v === "number" ? v.toFixed(digits) : null);

export function dataset(spec) {
  const name = String(part(spec, "trained").dataset || "an unknown data set");
  return name.length <= 60 ? name : `${name.slice(0, 40)}...${name.slice(-17)}`;
}

export function facts(spec) {
  const [trained, scores, parity] = ["trained", "scores", "parity"].map((o) => part(spec, o));
  const names = { mAP: "mAP", macro_f1: "macro F1", micro_f1: "micro F1", exact_match: "exact match" };
  const figures = Object.entries(names)
    .filter(([k]) => typeof scores[k] === "number")
    .map(([k, words]) => `${words} ${scores[k].toFixed(3)}`);
  const differs = parity.largest_difference;
  return [
    ["Labels", spec.vocab.join(", ")],
    ["Data set", dataset(spec)],
    ["Training images", trained.images?.toLocaleString("en")],
    ["Network", trained.arch],
    ["Trained with", trained.framework],
    ["Epochs", trained.profile?.epochs],
    ["Size it sees", `${spec.preprocessing.image_size} px, ${spec.preprocessing.resize ?? ""}`],
    ["Thresholds", spec.thresholds_chosen],
    [`Scores with them, on ${scores.images?.toLocaleString("en") ?? "the"} images of ${scores.split}`, figures.join(", ")],
    ["Differs from the trained model by", typeof differs === "number" ? `${differs.toExponential(1)} at most` : null],
    ["Training took", number(trained.seconds, 0) && `${number(trained.seconds, 0)} s`],
  ].filter(([, v]) => v !== null && v !== undefined && v !== "");
}
