// A file's bytes as an RGB image, the same bytes as Pillow gives, or a sentence that says why not.

import { latin1, orientation } from "./exif.js";
import { decodePng, pngHeader } from "./png.js";
import { Refused } from "./refused.js";
import { image, onWhite } from "./resize.js";

export const KINDS = "JPEG, PNG, WebP, GIF or BMP";
export const MAX_BYTES = 50e6;
const MAX_PIXELS = 50e6;
const MEMORY = 320e6; // above it Python reads a JPEG at half its size
const BAND = 4e6; // pixels that a canvas is asked for at once
const AGAIN = "Save it as PNG, or as an ordinary JPEG.";
const refuse = (why) => new Refused(why, true);
const cut = () => refuse("is cut off: a part is missing. Save it again, and try once more.");

// ---- JPEG --------------------------------------------------------------------------------------
function jpegFacts(bytes) {
  const out = { w: 0, h: 0, aside: [] };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) throw new Refused("is damaged, so it was not looked at. Save it again");
    const mark = bytes[at + 1];
    if (mark === 0xff) {
      at++;
      continue;
    }
    if (mark === 0xda) return { ...out, scan: at };
    const n = view.getUint16(at + 2);
    if (at + 2 + n > bytes.length) throw cut();
    const body = bytes.subarray(at + 4, at + 2 + n);
    if (mark >= 0xc0 && mark <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(mark)) frame(out, mark, body);
    if (mark === 0xe1) application(out, body);
    if (mark === 0xe1 || mark === 0xe2) out.aside.push([at + 4, n - 2]);
    at += 2 + n;
  }
  throw cut();
}

function frame(out, mark, body) {
  out.kind = mark;
  out.bits = body[0];
  out.h = body[1] * 256 + body[2];
  out.w = body[3] * 256 + body[4];
  out.sampling = [];
  for (let i = 0; i < body[5]; i++) out.sampling.push(body[7 + 3 * i]);
}

function application(out, body) {
  const text = latin1(body);
  if (text.startsWith("Exif\0\0")) out.exif ??= body.slice();
  const xmp = "http://ns.adobe.com/xap/1.0/\0";
  if (text.startsWith(xmp)) out.xmp ??= text.slice(xmp.length);
}

function checkJpeg(bytes, copy) {
  const facts = jpegFacts(bytes);
  const { w, h, kind, bits, sampling } = facts;
  if (!sampling) throw cut();
  if (sampling.length === 4)
    throw refuse(`has the four colours of print (CMYK), which browsers turn to red, green and blue in other ways than Python. ${AGAIN}`);
  if (bits !== 8 || kind > 0xc2)
    throw refuse(`is a JPEG of a rare kind, which this page can't read as Python does. ${AGAIN}`);
  const common = ["11", "11,11,11", "21,11,11", "22,11,11"];
  const factors = sampling.map((o) => o.toString(16)).join();
  if (sampling.length !== 1 && !common.includes(factors))
    throw refuse(`is a JPEG whose colours are stored in a rare way, which browsers and Python don't read alike. ${AGAIN}`);
  let last = bytes.length - 1;
  while (last > facts.scan && !(bytes[last - 1] === 0xff && bytes[last] === 0xd9)) last--;
  if (last === facts.scan) throw cut(); // no end mark; a thumbnail's doesn't count
  const parts = sampling.map((o) => (o >> 4) * (o & 15));
  const beside = kind === 0xc2 ? (2 * parts.reduce((a, b) => a + b)) / Math.max(...parts) : 0;
  if (w * h * (beside + (sampling.length === 1 ? 1 : 4) + copy) > MEMORY)
    throw refuse(`has ${w} x ${h} pixels, and Python reads a JPEG of that size at half of it, which this page can't. Make it smaller, and try again.`);
  return { w, h, aside: facts.aside, turn: orientation(facts.exif, facts.xmp) };
}

// ---- WebP, GIF, BMP ----------------------------------------------------------------------------
function checkWebp(bytes, white) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let [w, h, exif, xmp] = [0, 0, null, null];
  let alpha = false;
  const aside = [];
  if (view.getUint32(4, true) + 8 > bytes.length) throw cut();
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = latin1(bytes.subarray(at, at + 4));
    const n = view.getUint32(at + 4, true);
    const body = bytes.subarray(at + 8, at + 8 + n);
    alpha ||= (name === "VP8X" && (body[0] & 0x10) > 0) || (name === "VP8L" && (body[4] & 0x10) > 0);
    if (name === "ANIM") throw refuse("is an animated WebP. Save one of its frames, and choose that.");
    if (name === "VP8 ") [w, h] = [14, 16].map((o) => view.getUint16(at + o, true) & 0x3fff);
    if (name === "VP8L") {
      const v = view.getUint32(at + 9, true);
      [w, h] = [(v & 0x3fff) + 1, ((v >> 14) & 0x3fff) + 1];
    }
    if (["EXIF", "XMP ", "ICCP"].includes(name)) aside.push([at, 4]);
    if (name === "EXIF") exif = body;
    if (name === "XMP ") xmp = latin1(body);
    at += 8 + n + (n & 1);
  }
  if (alpha && !white)
    throw refuse("is a WebP with transparency, which this page can't read as this model's folder asks for. Save it as PNG.");
  return { w, h, aside, alpha, turn: orientation(exif, xmp) };
}

// past the sub-blocks of a GIF
function blocks(bytes, at) {
  while (at < bytes.length && bytes[at]) at += bytes[at] + 1;
  return at + 1;
}

function checkGif(bytes, white) {
  const two = (at) => bytes[at] + 256 * bytes[at + 1];
  const [w, h] = [two(6), two(8)];
  let at = 13 + (bytes[10] & 0x80 ? 3 * 2 ** ((bytes[10] & 7) + 1) : 0);
  let [frames, clear] = [0, false];
  while (at < bytes.length && bytes[at] !== 0x3b) {
    if (bytes[at] === 0x21) {
      clear ||= bytes[at + 1] === 0xf9 && frames === 0 && (bytes[at + 3] & 1) === 1;
      at = blocks(bytes, at + 2);
    } else if (bytes[at] === 0x2c) {
      const box = [two(at + 1), two(at + 3), two(at + 5), two(at + 7)];
      if (!frames++ && box.join() !== [0, 0, w, h].join())
        throw refuse("is a GIF whose first frame doesn't fill it, which browsers and Python don't read alike. Save it as PNG.");
      at = blocks(bytes, at + 11 + (bytes[at + 9] & 0x80 ? 3 * 2 ** ((bytes[at + 9] & 7) + 1) : 0));
    } else throw new Refused("is damaged, so it was not looked at. Save it again");
  }
  if (at >= bytes.length || !frames) throw cut();
  if (clear && !white)
    throw refuse("is a GIF with transparency, which this page can't read as this model's folder asks for. Save it as PNG.");
  const all = bytes.length < 1e6 ? latin1(bytes) : "";
  const xmp = all.includes("XMP DataXMP") ? all : null;
  return { w, h, turn: orientation(null, xmp) };
}

function checkBmp(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const head = view.getUint32(14, true);
  if (head !== 40 || ![1, 4, 8, 24].includes(view.getUint16(28, true)) || view.getUint32(30, true))
    throw refuse("is a BMP of a rare kind, which browsers and Python don't read alike. Save it as PNG.");
  const [w, h] = [view.getInt32(18, true), Math.abs(view.getInt32(22, true))];
  const line = 4 * Math.ceil((w * view.getUint16(28, true)) / 32);
  if (view.getUint32(10, true) + line * h > bytes.length) throw cut();
  return { w, h, turn: 1 };
}

// ---- the browser's own decoders ----------------------------------------------------------------
// what a file says about turning and colours is blotted out: some browsers follow it whatever one asks
function blotted(bytes, aside = []) {
  const copy = bytes.slice();
  for (const [at, n] of aside) copy.fill(0x58, at, at + n);
  return new Blob([copy]);
}

// the pixels of a bitmap with half transparent ones: a canvas keeps colours multiplied by their
// transparency, and a texture keeps them as they are
function throughTexture(bitmap, w, h) {
  const gl = new OffscreenCanvas(1, 1).getContext("webgl");
  if (!gl || Math.max(w, h) > gl.getParameter(gl.MAX_TEXTURE_SIZE))
    throw refuse("has half transparent pixels, whose colours this browser doesn't give away exactly. Save it as PNG.");
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  const texture = gl.getParameter(gl.TEXTURE_BINDING_2D);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  if (gl.checkFramebufferStatus(gl.FRAMEBUFFER) !== gl.FRAMEBUFFER_COMPLETE || gl.getError())
    throw new RangeError("no room for a texture");
  const from = new Uint8Array(4 * w * h);
  gl.readPixels(0, 0, w, h, gl.RGBA, gl.UNSIGNED_BYTE, from);
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  const out = image(w, h);
  for (let i = 0, at = 0; i < from.length; i += 4, at += 3)
    for (let c = 0; c < 3; c++) out.data[at + c] = onWhite(from[i + c], from[i + 3]);
  return out.data;
}

async function byBrowser(bytes, { w, h, turn, aside, alpha }) {
  const how = { colorSpaceConversion: "none", premultiplyAlpha: "none", imageOrientation: "none" };
  let bitmap;
  try {
    bitmap = await createImageBitmap(blotted(bytes, aside), how);
  } catch {
    throw new Refused("is damaged, so it was not looked at. Save it again");
  }
  if (bitmap.width !== w || bitmap.height !== h)
    throw refuse("is read by this browser with another size than by Python. Save it as PNG.");
  if (alpha) return { data: throughTexture(bitmap, w, h), w, h, turn };
  const out = image(w, h);
  const rows = Math.max(1, Math.min(h, Math.floor(BAND / w)));
  const canvas = new OffscreenCanvas(w, rows);
  const pen = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  for (let top = 0; top < h; top += rows) {
    pen.clearRect(0, 0, w, rows);
    pen.drawImage(bitmap, 0, -top);
    const n = Math.min(rows, h - top);
    const from = pen.getImageData(0, 0, w, n).data;
    for (let i = 0, at = 3 * w * top; i < 4 * w * n; i += 4, at += 3) {
      const a = from[i + 3];
      if (a !== 0 && a !== 255)
        throw refuse("has half transparent pixels, whose colours browsers don't give away exactly. Save it as PNG.");
      for (let c = 0; c < 3; c++) out.data[at + c] = a ? from[i + c] : 255;
    }
  }
  bitmap.close();
  return { data: out.data, w, h, turn };
}

// ---- any file ----------------------------------------------------------------------------------
const SIGNS = [
  [/^\xff\xd8\xff/, "JPEG"],
  [/^\x89PNG\r\n\x1a\n/, "PNG"],
  [/^RIFF....WEBP/s, "WebP"],
  [/^GIF8[79]a/, "GIF"],
  [/^BM/, "BMP"],
  [/^(II\*\0|MM\0\*|II\+\0|MM\0\+)/, "TIFF"],
  [/^....ftyp(avif|avis)/s, "AVIF"],
  [/^....ftyp(heic|heix|hevc|mif1|msf1)/s, "HEIC"],
  [/^(\0\0\0\x0cjP  |\xff\x4f\xff\x51)/, "JPEG 2000"],
  [/^\0\0\1\0/, "ICO"],
  [/^8BPS/, "PSD"],
  [/^\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<svg/s, "SVG"],
  [/^%PDF/, "PDF"],
  [/^P[1-6]\s/, "PPM"],
  [/^(\xff\x0a|\0\0\0\x0cJXL )/, "JPEG XL"],
  [/^qoif/, "QOI"],
  [/^%!PS/, "PostScript"],
];
const FORMATS = ["JPEG", "PNG", "WebP", "GIF", "BMP"];

function kindOf(bytes) {
  const head = latin1(bytes.subarray(0, 512));
  return SIGNS.find(([sign]) => sign.test(head))?.[1];
}

function checked(kind, bytes, copy, white) {
  try {
    if (kind === "PNG") return pngHeader(bytes);
    if (kind === "JPEG") return checkJpeg(bytes, copy);
    if (kind === "WebP") return checkWebp(bytes, white);
    return kind === "GIF" ? checkGif(bytes, white) : checkBmp(bytes);
  } catch (e) {
    if (e instanceof Refused) throw e;
    if (e instanceof RangeError) throw cut(); // the head ends too early
    throw new Refused("is damaged, so it was not looked at. Save it again");
  }
}

// {data: RGB bytes, w, h, turn: EXIF's orientation}
export async function decode(
  blob, // a file
  plain = false, // as fastai opens images: neither turned as EXIF says nor laid on white
) {
  const smaller = "Make it smaller, and try again.";
  if (blob.size === 0) throw refuse("is empty (0 bytes), so there is nothing to look at.");
  if (blob.size > MAX_BYTES)
    throw refuse(`has ${(blob.size / 1e6).toFixed(1)} MB, and ${MAX_BYTES / 1e6} MB are allowed. ${smaller}`);
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const kind = kindOf(bytes);
  if (!FORMATS.includes(kind))
    throw refuse(kind ? `is ${kind}, which this page doesn't read. It reads ${KINDS}.` : `is not an image that this page can read. It reads ${KINDS}.`);
  const facts = checked(kind, bytes, plain ? 4 : 0, !plain);
  if (!facts.w || !facts.h) throw new Refused("is damaged, so it was not looked at. Save it again");
  if (facts.w * facts.h > MAX_PIXELS || facts.h > 500_000)
    throw refuse(`has too many pixels: ${MAX_PIXELS / 1e6} million at most. ${smaller}`);
  if (Math.max(facts.w, facts.h) > 100 * Math.min(facts.w, facts.h) && facts.w * facts.h > 2 ** 22)
    throw refuse("is a long strip of many pixels, which this page can't shrink as Python does. Crop it, and try again.");
  const trial = facts.alpha ? "WebP with transparency" : kind;
  if (!(await isExact(trial)))
    throw refuse(`is ${trial}, and this browser gives other pixels for it than Python. Save it as PNG, or use another browser.`);
  const found = kind === "PNG" ? await decodePng(bytes, !plain) : await byBrowser(bytes, facts);
  return plain ? { ...found, turn: 1 } : found;
}

// ---- does this browser give the bytes away as they are? ----------------------------------------
// Some browsers stir noise into what a canvas is asked for, and some decode otherwise. So each is asked
// for an image of 24 x 24 pixels whose bytes are known: as Pillow wrote it, and a hash of its pixels.
const TRIALS = {
  JPEG: [
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAYABgDASIAAhEBAxEB/8QAFwABAQEBAAAAAAAAAAAAAAAAAAUEBv/EACAQAAEDBAIDAAAAAAAAAAAAAAABAwQCESExEmETIlH/xAAYAQACAwAAAAAAAAAAAAAAAAACBgMEB//EACARAAICAQMFAAAAAAAAAAAAAAECAAMEESExEhNxobH/2gAMAwEAAhEDEQA/AODYi9FFiHrBrjRdYKsaHrBHUvdh4mXpJ7EHoHQNsUtqicb1fAE64qN0u2/gn4IyU5bFZmixb2wVaI/joSyey6AKtVjV4rOvO3sgTO8OxiwmyLCxdUwAANRUi6CM1NjFeZ//2Q==",
    "9270a43d",
  ],
  WebP: [
    "UklGRrYAAABXRUJQVlA4IKoAAAAQBgCdASoYABgAPrFInkmnJCMhMAwA4BYJbACdMoR7X6BwhLvfMgGhXcgVzT9rwNbrwK2PI81F2DAA/v7poxNz7t+1NFEDPNQC5ahzs19e1zLBuuX9NNizXF+SWyz47rrvgFJP6Jz5FskHI4Hv0BRf5HAh4nh9KEwNOYUd1A8I/bytLb902v4Mp/qMGsOc4ib2K3CGkFndqO6ZaD/R6FBHIzvmdCkfc8YAAA==",
    "3c4eb0d9",
  ],
  "WebP with transparency": [
    "UklGRvQAAABXRUJQVlA4WAoAAAAQAAAAFwAAFwAAQUxQSBYAAAABuQpE9D9ANGAxRP//LEsRE5CsNW4CVlA4ILgAAACwBgCdASoYABgAPrFKnEmnJKKhMBgMAOAWCWwAnTKEdeeq8IS7vzam0QLUJiC9DRJGnJlhtTLQkMVH/SshwAD+/uVWrcypciPXu0q2bgfdjUmLFZcqw979xqJyFm2U5MJgzx1pP2YbpmSEXFayLBxGbtvyai/yOGADjCICK2aFfSOinfwnTID+v+s9c3S8Bf5m3f3GBWbEFRW3QQAPJ50OoZfjlGMeOS5E/vYVoGH/XiWaIPlspAAA",
    "521c6693",
  ],
};
const asked = {};

async function tried(kind) {
  const [file, expected] = TRIALS[kind] ?? TRIALS.JPEG;
  const bytes = Uint8Array.from(atob(file), (o) => o.charCodeAt(0));
  try {
    const { data } = await byBrowser(bytes, { w: 24, h: 24, alpha: kind.endsWith("transparency") });
    let hash = 0x811c9dc5;
    for (const v of data) hash = Math.imul(hash ^ v, 0x01000193) >>> 0;
    return hash.toString(16) === expected;
  } catch {
    return false;
  }
}

// GIF and BMP have one way to be read: for them the JPEG shows whether there is noise
export function isExact(kind) {
  if (kind === "PNG") return Promise.resolve(true);
  asked[kind] ??= tried(kind);
  return asked[kind];
}
