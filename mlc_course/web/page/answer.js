// The predictor: model.onnx and predictor.json, and what they say about an image.

import * as ort from "./ort.wasm.bundle.min.mjs";
import { decode } from "./decode.js";
import { Refused } from "./refused.js";
import { packed, resize, square, upright } from "./resize.js";

const SHOWN = 384; // longer side of an image on the page, in pixels

async function fetched(name, base) {
  const found = await fetch(new URL(name, base));
  if (!found.ok) throw new Error(`${name} is missing (${found.status}). Copy the whole folder again.`);
  return found.arrayBuffer();
}

async function sha256(bytes) {
  if (!globalThis.crypto?.subtle) return null; // only on https and on this machine
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash].map((o) => o.toString(16).padStart(2, "0")).join("");
}

export async function openPredictor(base = new URL(".", import.meta.url)) {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = String(base);
  ort.env.logLevel = "error";
  const [model, text] = await Promise.all([fetched("model.onnx", base), fetched("predictor.json", base)]);
  const spec = JSON.parse(new TextDecoder().decode(text));
  const hash = await sha256(model);
  if (hash && spec.model.sha256 && hash !== spec.model.sha256)
    throw new Error("model.onnx isn't the file that predictor.json describes. Copy the whole folder again.");
  const session = await ort.InferenceSession.create(new Uint8Array(model), { executionProviders: ["wasm"] });
  const thresholds = spec.vocab.map((o) => Math.fround(spec.thresholds[o]));
  const predictor = { spec, session, vocab: spec.vocab, thresholds, size: spec.preprocessing.image_size };
  await ask(predictor, new Uint8Array(predictor.size ** 2 * 3)); // the first run is the slow one
  return predictor;
}

// {probs: Float32Array [C], maps: {data, dims} or null}
export async function ask(predictor, pixels) {
  const n = predictor.size;
  const input = new ort.Tensor("uint8", pixels, [1, n, n, 3]);
  const { probs, maps } = await predictor.session.run({ pixels: input });
  if (probs.data.length !== predictor.vocab.length)
    throw new Error("The model has another number of labels than predictor.json. Copy the whole folder again.");
  return { probs: probs.data, maps: maps ? { data: maps.data, dims: maps.dims } : null };
}

// a smaller view first where an image is large: what is shown needn't be exact
function shown(im) {
  const k = SHOWN / Math.max(im.w, im.h);
  const [w, h] = [im.w, im.h].map((o) => Math.max(1, Math.round(o * k)));
  return packed(resize(im, w, h));
}

export async function pixelsOf(predictor, file) {
  const recipe = predictor.spec.preprocessing;
  const { turn, ...found } = await decode(file, recipe.decode === "plain");
  const im = upright({ ...found, base: 0, sx: 3, sy: 3 * found.w }, turn);
  return { pixels: square(im, recipe), im };
}

// what is kept of an image: {name, probs, maps, small}; a Refused says why not, after the name
export async function look(predictor, file) {
  try {
    const { pixels, im } = await pixelsOf(predictor, file);
    return { name: shortName(file.name), ...(await ask(predictor, pixels)), small: shown(im) };
  } catch (e) {
    if (e instanceof RangeError) throw new Refused("needs more memory than there is. Make it smaller, and try again.", true);
    throw e;
  }
}

export function shortName(name) {
  const letters = [...String(name ?? "").replaceAll("\\", "/").split("/").pop()];
  const kept = letters.filter((o) => !/[\p{C}]/u.test(o)).join("").trim() || "The image";
  return kept.length <= 60 ? kept : `${kept.slice(0, 40)}...${kept.slice(-17)}`;
}

// numbers of the labels above their thresholds, the most probable first
export function above(probs, thresholds) {
  const found = [...probs.keys()].filter((i) => probs[i] > thresholds[i]);
  return found.sort((a, b) => probs[b] - probs[a]);
}
