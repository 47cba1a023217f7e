// The page: files in, answers out. Nothing is asked of any server after the model has been loaded.

import { above, look, openPredictor, shortName } from "./answer.js";
import { isExact } from "./decode.js";
import { mapOf, paint, place } from "./maps.js";
import { Refused } from "./refused.js";
import { TOP, count, dataset, facts, sentence, two } from "./words.js";

const find = (o) => document.querySelector(o);
const files = find("#files");
const slider = find("#slider");
const cards = []; // {seen, card}
let predictor;
let busy = Promise.resolve();

function make(tag, attributes = {}, ...children) {
  const o = document.createElement(tag);
  for (const [k, v] of Object.entries(attributes)) o.setAttribute(k, v);
  o.append(...children.filter((c) => c !== null));
  return o;
}

// ---- thresholds --------------------------------------------------------------------------------
const one = () => find("[name=how]:checked").value === "one";
const limits = () =>
  one() ? new Float32Array(predictor.vocab.length).fill(Number(slider.value)) : predictor.thresholds;

function say(text) {
  find("#status").textContent = text;
}

function sayThresholds() {
  const now = one() ? `${two(Number(slider.value))} for every label` : `one per label (${predictor.spec.thresholds_chosen || "as the folder gives them"})`;
  find("#value").textContent = two(Number(slider.value));
  find("#now").textContent = `Now: ${now}.`;
}

function redraw() {
  sayThresholds();
  cards.forEach(fill);
  const some = cards.filter((o) => above(o.seen.probs, limits()).length).length;
  if (cards.length > 1) say(`${count(some, "image")} with labels, ${cards.length - some} with no predictions.`);
  else if (cards.length) say(spoken(cards[0]));
}

const spoken = ({ seen }) =>
  `${seen.name}: ${sentence(predictor.vocab, seen.probs, limits(), above(seen.probs, limits()))}`;

// ---- one answer --------------------------------------------------------------------------------
function bar(i, p, t) {
  const yes = p > t;
  const said = `${two(p)}, ${yes ? "above" : "not above"} its threshold of ${two(t)}`;
  const fillBar = make("i", { class: "bar" });
  fillBar.style.width = `${100 * p}%`;
  const tick = make("i", { class: "tick" });
  tick.style.left = `${100 * t}%`;
  const label = predictor.vocab[i];
  const meter = make(
    "div",
    { class: "meter", role: "meter", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 1, "aria-valuenow": p.toFixed(4), "aria-valuetext": said, title: said },
    make("span", { class: "label" }, label),
    make("span", { class: "track" }, fillBar, tick),
    make("span", { class: "score" }, two(p)),
    make("span", { class: "verdict" }, yes ? "✓ yes" : ""),
  );
  return make("li", { class: yes ? "row yes" : "row", "data-label": label, "data-score": p, "data-yes": Number(yes) }, meter);
}

function bars(probs, t) {
  const ranked = [...probs.keys()].sort((a, b) => probs[b] - probs[a]);
  const yes = above(probs, t).length;
  const shown = ranked.slice(0, Math.max(TOP, Math.min(100, yes)));
  const rest = ranked.slice(shown.length);
  const more = rest.filter((i) => probs[i] > t[i]).length;
  const list = make("ul", { class: "bars", "aria-label": `Score of ${rest.length ? "the shown labels" : "every label"}` });
  list.append(...shown.map((i) => bar(i, probs[i], t[i])));
  const said = `and ${count(rest.length, "more label")}, ${more || "none"} of them above ${more > 1 ? "their thresholds" : "its threshold"}`;
  const key = make("p", { class: "key soft", "aria-hidden": "true" });
  key.append(make("span", { class: "yes" }, make("i", { class: "bar" }), " above its threshold"));
  key.append(make("span", {}, make("i", { class: "bar" }), " below"), make("span", {}, make("i", { class: "tick" }), " threshold"));
  return [list, rest.length ? make("p", { class: "soft" }, said) : "", key];
}

function fill({ seen, card }) {
  const t = limits();
  const found = above(seen.probs, t);
  const answer = card.querySelector(".answer");
  answer.textContent = sentence(predictor.vocab, seen.probs, t, found);
  answer.classList.toggle("none", !found.length);
  card.querySelector(".scores").replaceChildren(...bars(seen.probs, t));
}

function figure(caption, alt, small, map) {
  const canvas = make("canvas", { role: "img", "aria-label": alt });
  paint(canvas, small, map);
  return make("figure", {}, canvas, make("figcaption", { class: "soft" }, ...caption));
}

function mapFigure(seen, i) {
  const label = predictor.vocab[i];
  const map = mapOf(seen.maps, i);
  const where = place(map);
  const alt = where
    ? `Map over the image: the logit of ${label} comes mostly from the ${where}`
    : `Map over the image: nothing speaks for ${label}`;
  const scale = make("span", { class: "scale" }, make("span", {}, "nothing"), make("i", { "aria-hidden": "true" }), make("span", {}, "most"));
  const cells = `${map.h} x ${map.w} cells, smoothed`;
  const key = where ? [scale, make("span", {}, cells)] : [make("span", {}, "Nothing in this image speaks for it: the map is 0 everywhere.")];
  return figure(["where the logit of ", make("b", {}, label), " comes from", ...key], alt, seen.small, where ? map : null);
}

function imagesOf(seen) {
  const pair = make("div", { class: "pair" }, figure(["the image"], `The image ${seen.name}`, seen.small));
  if (!seen.maps) return [pair];
  const ranked = [...seen.probs.keys()].sort((a, b) => seen.probs[b] - seen.probs[a]);
  const options = ranked.map((i) => make("option", { value: i }, `${predictor.vocab[i]}  ${two(seen.probs[i])}`));
  const choice = make("select", {}, ...options);
  pair.append(mapFigure(seen, ranked[0]));
  choice.addEventListener("change", () => pair.lastChild.replaceWith(mapFigure(seen, Number(choice.value))));
  return [pair, make("label", { class: "choice" }, "Show the map of ", choice)];
}

function show(seen) {
  const left = make("div", {}, ...imagesOf(seen));
  const right = make("div", { class: "scores" });
  const head = make("h2", {}, seen.name);
  const card = make("article", { "aria-label": seen.name }, head, make("p", { class: "answer" }), make("div", { class: "half" }, left, right));
  find("#cards").append(card);
  const kept = { seen, card };
  cards.push(kept);
  fill(kept);
  return spoken(kept);
}

// ---- files in ----------------------------------------------------------------------------------
async function take(list) {
  const chosen = [...list];
  if (!chosen.length || !predictor) return;
  clear();
  const bad = [];
  let last = "";
  for (const [i, file] of chosen.entries()) {
    say(`Looking at image ${i + 1} of ${chosen.length}.`);
    await new Promise((done) => setTimeout(done)); // the page stays alive between two images
    try {
      last = show(await look(predictor, file));
    } catch (e) {
      if (!(e instanceof Refused)) console.error(e);
      bad.push(`${shortName(file.name)} ${e instanceof Refused ? e.message : "could not be looked at: this browser gave up on it."}`);
      find("#trouble").textContent = bad.join(" \n");
    }
  }
  find("#clear").hidden = !cards.length;
  const many = `${count(cards.length, "image")} looked at${bad.length ? `, ${bad.length} refused` : ""}.`;
  say(cards.length === 1 && !bad.length ? last : many);
  document.body.dataset.done = String(Number(document.body.dataset.done || 0) + 1);
}

function clear() {
  cards.length = 0;
  find("#cards").replaceChildren();
  find("#trouble").textContent = "";
  find("#clear").hidden = true;
}

function listen() {
  const queue = (list) => {
    const kept = [...list];
    busy = busy.then(() => take(kept));
  };
  const drop = find("#drop");
  files.addEventListener("change", () => {
    queue(files.files);
    files.value = "";
  });
  for (const [kind, on] of [["dragover", true], ["dragleave", false], ["drop", false]])
    drop.addEventListener(kind, (e) => {
      e.preventDefault();
      drop.classList.toggle("over", on);
      if (kind === "drop") queue(e.dataTransfer.files);
    });
  document.addEventListener("paste", (e) => queue(e.clipboardData?.files ?? []));
  find("#clear").addEventListener("click", () => {
    clear();
    say("Choose images: what the model finds in them is said here.");
    files.focus();
  });
  for (const o of document.querySelectorAll("[name=how]")) o.addEventListener("change", redraw);
  slider.addEventListener("input", () => {
    find("[name=how][value=one]").checked = true;
    redraw();
  });
}

function introduce({ spec, vocab }) {
  const known = count(vocab.length, "label");
  find("#lead").textContent = `A network that learnt ${known} from ${dataset(spec)} answers, with a score for each: several can be right, or none.`;
  const which = vocab.length === 1 ? "this label" : `these ${known}`;
  find("#honest").append(make("b", {}, `It knows ${which} and nothing else.`), " An image of something else can get labels too, with high scores: a score is not a proof.");
  for (const [k, v] of facts(spec)) find("#facts").append(make("dt", {}, k), make("dd", {}, String(v)));
}

find("#local").remove();
say("Loading the model.");
try {
  predictor = await openPredictor();
  introduce(predictor);
  sayThresholds();
  listen();
  files.disabled = false;
  say("Choose images: what the model finds in them is said here.");
  if (!(await isExact("JPEG")))
    find("#trouble").textContent = "This browser changes the pixels of images, perhaps to protect you from being recognised. It can look at PNG alone; others are refused.";
  document.body.dataset.ready = "1";
} catch (e) {
  console.error(e);
  say("");
  find("#trouble").textContent = `The model can't be opened: ${e.message}`;
}
