// PNG as Pillow reads it. A canvas keeps colours multiplied by their transparency, eight bits of sixteen
// and colours that a profile has changed, so it can't be asked for the bytes of a PNG.

import { onWhite } from "./resize.js";
import { Refused } from "./refused.js";
import { latin1, orientation } from "./exif.js";

const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const DEPTHS = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };
const ADAM7 = [
  [0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2],
];
const damaged = (why) => new Refused(`is damaged (${why}), so it was not looked at. Save it again`);

const CRC = new Uint32Array(256).map((_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
function crc(bytes) {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = CRC[(c ^ bytes[i]) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

function chunksOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const out = [];
  let pixels = false;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const n = view.getUint32(at);
    const name = latin1(bytes.subarray(at + 4, at + 8));
    if (at + 12 + n > bytes.length) break;
    const body = bytes.subarray(at + 8, at + 8 + n);
    pixels ||= name === "IDAT"; // from them on Pillow checks nothing
    if (!pixels && crc(bytes.subarray(at + 4, at + 8 + n)) !== view.getUint32(at + 8 + n))
      throw damaged(`its part ${name} has another checksum`);
    out.push({ name, body });
    at += 12 + n;
    if (name === "IEND") return out;
  }
  throw new Refused("is cut off: a part is missing. Save it again, and try once more.", true);
}

export function pngHeader(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 33) throw damaged("its head is missing");
  const [depth, type, , , interlaced] = bytes.subarray(24, 29);
  if (!DEPTHS[type]?.includes(depth)) throw damaged(`${depth} bits of kind ${type}`);
  return { w: view.getUint32(16), h: view.getUint32(20), depth, type, interlaced };
}

async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// what the chunks of text say: {key: text}
async function texts(chunks) {
  const out = {};
  for (const { name, body } of chunks) {
    if (!["tEXt", "zTXt", "iTXt"].includes(name)) continue;
    const end = body.indexOf(0);
    const key = latin1(body.subarray(0, end));
    if (key !== "XML:com.adobe.xmp" && key !== "Raw profile type exif") continue;
    let rest = body.subarray(end + 1);
    let packed = name === "zTXt";
    if (packed) rest = rest.subarray(1);
    if (name === "iTXt") {
      packed = rest[0] === 1;
      rest = rest.subarray(2);
      for (let i = 0; i < 2; i++) rest = rest.subarray(rest.indexOf(0) + 1);
    }
    out[key] = latin1(packed ? await inflated(rest) : rest);
  }
  return out;
}

async function turnOf(chunks) {
  const said = await texts(chunks);
  let exif = chunks.find((o) => o.name === "eXIf")?.body;
  const raw = said["Raw profile type exif"];
  if (!exif && raw) {
    const hex = raw.split("\n").slice(3).join("").replace(/\s/g, "");
    exif = new Uint8Array((hex.match(/../g) ?? []).map((o) => parseInt(o, 16)));
  }
  return orientation(exif, said["XML:com.adobe.xmp"]);
}

// the filter of a row taken away, in place
function unfilter(kind, row, above, n) {
  const paeth = (a, b, c) => {
    const p = a + b - c;
    const [x, y, z] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
    return x <= y && x <= z ? a : y <= z ? b : c;
  };
  if (kind > 4) throw damaged(`a row has the filter ${kind}`);
  for (let i = 0; i < row.length && kind; i++) {
    const a = i >= n ? row[i - n] : 0;
    const b = above[i];
    if (kind === 1) row[i] += a;
    else if (kind === 2) row[i] += b;
    else if (kind === 3) row[i] += (a + b) >> 1;
    else row[i] += paeth(a, b, i >= n ? above[i - n] : 0);
  }
}

// a function that writes pixel i of a row to out[at..at+2], by kind and depth
function painter({ type, depth }, palette, trns, white) {
  const bytes = depth === 16 ? 2 : 1;
  const n = CHANNELS[type] * bytes;
  const small = (row, i) =>
    depth === 8 ? row[i] : (row[(i * depth) >> 3] >> (8 - depth - ((i * depth) & 7))) & ((1 << depth) - 1);
  const put = (out, at, r, g, b, a) => {
    out[at] = a === 255 ? r : onWhite(r, a);
    out[at + 1] = a === 255 ? g : onWhite(g, a);
    out[at + 2] = a === 255 ? b : onWhite(b, a);
  };
  if (type === 3)
    return (row, i, out, at) => {
      const v = small(row, i);
      if (3 * v + 2 >= palette.length) throw damaged("a pixel has a colour that isn't there");
      const a = white && v < (trns?.length ?? 0) ? trns[v] : 255;
      put(out, at, palette[3 * v], palette[3 * v + 1], palette[3 * v + 2], a);
    };
  if (type === 0 && depth === 16)
    return (row, i, out, at) => {
      const v = Math.floor((row[2 * i] * 256 + row[2 * i + 1] + 128) / 257);
      out[at] = out[at + 1] = out[at + 2] = v;
    };
  if (type === 0) {
    const key = trns && white ? trns[0] * 256 + trns[1] : -1;
    const mark = depth === 1 && key >= 0 ? (key ? 255 : 0) : key; // Pillow compares it unscaled
    return (row, i, out, at) => {
      const v = small(row, i) * (255 / ((1 << Math.min(depth, 8)) - 1));
      put(out, at, v, v, v, v === mark ? 0 : 255);
    };
  }
  if (type === 4)
    return (row, i, out, at) => {
      const v = row[i * n];
      put(out, at, v, v, v, white ? row[i * n + bytes] : 255);
    };
  const key = type === 2 && trns && white ? [trns[1], trns[3], trns[5]] : null;
  return (row, i, out, at) => {
    const p = i * n;
    const [r, g, b] = [row[p], row[p + bytes], row[p + 2 * bytes]];
    let a = 255;
    if (type === 6) a = white ? row[p + 3 * bytes] : 255;
    else if (key && r === key[0] && g === key[1] && b === key[2]) a = 0;
    put(out, at, r, g, b, a);
  };
}

// bytes out of a stream, as many as are asked for
function reader(stream) {
  const source = stream.getReader();
  let held = new Uint8Array(0);
  let at = 0;
  return async (target) => {
    for (let filled = 0; filled < target.length; ) {
      if (at === held.length) {
        const { value, done } = await source.read();
        if (done) throw new Refused("is cut off: a part is missing. Save it again, and try once more.", true);
        held = value;
        at = 0;
      }
      const n = Math.min(held.length - at, target.length - filled);
      target.set(held.subarray(at, at + n), filled);
      at += n;
      filled += n;
    }
  };
}

async function rows(head, fill, paint, out) {
  const { w, h, depth, type, interlaced } = head;
  const bits = CHANNELS[type] * depth;
  for (const [x0, y0, dx, dy] of interlaced ? ADAM7 : [[0, 0, 1, 1]]) {
    const [n, m] = [Math.ceil((w - x0) / dx), Math.ceil((h - y0) / dy)];
    if (n <= 0 || m <= 0) continue;
    const length = Math.ceil((n * bits) / 8);
    let [line, last] = [new Uint8Array(length + 1), new Uint8Array(length + 1)];
    for (let y = 0; y < m; y++) {
      await fill(line);
      const row = line.subarray(1);
      unfilter(line[0], row, last.subarray(1), Math.max(1, bits >> 3));
      let at = 3 * ((y0 + y * dy) * w + x0);
      for (let x = 0; x < n; x++, at += 3 * dx) paint(row, x, out, at);
      [line, last] = [last, line];
    }
  }
}

export async function decodePng(bytes, white = true) {
  const head = pngHeader(bytes);
  const chunks = chunksOf(bytes);
  const body = (name) => chunks.find((o) => o.name === name)?.body;
  const trns = body("tRNS");
  if (head.depth === 16 && head.type === 2 && trns)
    throw new Refused("has 16 bits and a transparent colour, which this page can't read as Python does.", true);
  if (head.depth === 16 && head.type === 0 && !white)
    throw new Refused("has 16 bits, which this page can't read as this model's folder asks for.", true);
  if (head.type === 3 && !body("PLTE")) throw damaged("it has no palette");
  const parts = chunks.filter((o) => o.name === "IDAT").map((o) => o.body);
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  const data = new Uint8Array(3 * head.w * head.h);
  try {
    await rows(head, reader(stream), painter(head, body("PLTE"), trns, white), data);
  } catch (e) {
    throw e instanceof Refused ? e : damaged("its pixels can't be unpacked");
  }
  return { data, w: head.w, h: head.h, turn: await turnOf(chunks) };
}
