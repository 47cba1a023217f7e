// From a decoded image to the square that the network takes: the steps of predictor.json, to the byte as
// Pillow does them. An image here is a view {data, w, h, base, sx, sy}: the red byte of pixel (x, y) is
// data[base + x*sx + y*sy], green and blue follow it. So turning an image costs nothing.

const BITS = 22; // of the fixed-point weights, as in Pillow's Resample.c

const sinc = (x) => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

const FILTERS = {
  box: { support: 0.5, at: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: {
    support: 1,
    at(x) {
      x = Math.abs(x);
      if (x === 0) return 1;
      return x >= 1 ? 0 : sinc(x) * (0.54 + 0.46 * Math.cos(x * Math.PI));
    },
  },
  bicubic: {
    support: 2,
    at(x) {
      const a = -0.5;
      x = Math.abs(x);
      if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    },
  },
  lanczos: { support: 3, at: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

export function image(w, h, data = new Uint8Array(3 * w * h)) {
  return { data, w, h, base: 0, sx: 3, sy: 3 * w };
}

// transparency on white, as Image.alpha_composite computes it
export function onWhite(v, a) {
  if (a === 0) return 255;
  const k = a * 128;
  const t = v * k + 255 * (255 * 128 - k) + (0x80 << 7);
  return (((t >> 8) + t) >> 8) >> 7;
}

// EXIF's eight orientations, as other steps through the same bytes
export function upright(im, orientation) {
  const { data, w, h, base, sx, sy } = im;
  const right = base + (w - 1) * sx;
  const low = base + (h - 1) * sy;
  const corner = right + (h - 1) * sy;
  const same = (start, x, y) => ({ data, w, h, base: start, sx: x, sy: y });
  const turned = (start, x, y) => ({ data, w: h, h: w, base: start, sx: x, sy: y });
  switch (orientation) {
    case 2: return same(right, -sx, sy);
    case 3: return same(corner, -sx, -sy);
    case 4: return same(low, sx, -sy);
    case 5: return turned(base, sy, sx);
    case 6: return turned(low, -sy, sx);
    case 7: return turned(corner, -sy, -sx);
    case 8: return turned(right, sy, -sx);
    default: return im;
  }
}

// for each output place: where its inputs begin, how many they are, and their weights as integers
function weights(from, to, filter) {
  const scale = from / to;
  const wide = Math.max(1, scale);
  const support = filter.support * wide;
  const size = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(to);
  const counts = new Int32Array(to);
  const all = new Int32Array(to * size);
  const k = new Float64Array(size);
  for (let o = 0; o < to; o++) {
    const centre = (o + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const n = Math.min(from, Math.trunc(centre + support + 0.5)) - first;
    let sum = 0;
    for (let i = 0; i < n; i++) {
      k[i] = filter.at((i + first - centre + 0.5) * (1 / wide));
      sum += k[i];
    }
    for (let i = 0; i < n; i++) {
      const v = (sum !== 0 ? k[i] / sum : k[i]) * 2 ** BITS;
      all[o * size + i] = Math.trunc(v < 0 ? v - 0.5 : v + 0.5);
    }
    starts[o] = first;
    counts[o] = n;
  }
  return { starts, counts, all, size };
}

const clip = (v) => (v < 0 ? 0 : v > 255 ? 255 : v);

// one pass along the first axis of a view
function across(im, to, filter) {
  const { starts, counts, all, size } = weights(im.w, to, filter);
  const { data, base, sx, sy } = im;
  const out = image(to, im.h);
  for (let y = 0, at = 0; y < im.h; y++) {
    for (let o = 0; o < to; o++, at += 3) {
      let r = 2 ** (BITS - 1);
      let g = r;
      let b = r;
      let p = base + y * sy + starts[o] * sx;
      for (let i = 0, k = o * size; i < counts[o]; i++, k++, p += sx) {
        const v = all[k];
        r += data[p] * v;
        g += data[p + 1] * v;
        b += data[p + 2] * v;
      }
      out.data[at] = clip(r >> BITS);
      out.data[at + 1] = clip(g >> BITS);
      out.data[at + 2] = clip(b >> BITS);
    }
  }
  return out;
}

const flipped = (im) => upright(im, 5);

export function resize(im, w, h, filter = "bilinear") {
  const how = FILTERS[filter];
  const strip = im.h > 100 * im.w && h < im.h; // of these Pillow does the height first
  if (strip) im = flipped(across(flipped(im), h, how));
  if (im.w !== w) im = across(im, w, how);
  if (im.h !== h) im = flipped(across(flipped(im), h, how));
  return im;
}

// where each place along an axis comes from: -1 is black
function sources(from, corner, to, mode) {
  const out = new Int32Array(to);
  const round = 2 * (from - 1);
  for (let i = 0; i < to; i++) {
    let at = corner + i;
    if (at < 0 || at >= from) {
      if (mode === "zeros") at = -1;
      else if (mode === "border") at = at < 0 ? 0 : from - 1;
      else if (round === 0) at = 0;
      else {
        at = ((at % round) + round) % round;
        at = at < from ? at : round - at;
      }
    }
    out[i] = at;
  }
  return out;
}

function cropPad(im, [w, h], [left, top], mode = "zeros") {
  const xs = sources(im.w, left, w, mode);
  const ys = sources(im.h, top, h, mode);
  const out = image(w, h);
  for (let y = 0, at = 0; y < h; y++) {
    for (let x = 0; x < w; x++, at += 3) {
      if (xs[x] < 0 || ys[y] < 0) continue;
      const p = im.base + xs[x] * im.sx + ys[y] * im.sy;
      for (let c = 0; c < 3; c++) out.data[at + c] = im.data[p + c];
    }
  }
  return out;
}

// the same image, row by row from the first byte on
export function packed(im) {
  if (im.sx === 3 && im.sy === 3 * im.w && im.base === 0) return im;
  return cropPad(im, [im.w, im.h], [0, 0]);
}

function step(im, s) {
  const [w, h] = s.size;
  if (s.do === "crop_pad") {
    const corner = [Math.floor((im.w - w) / 2), Math.floor((im.h - h) / 2)];
    return cropPad(im, s.size, corner, s.pad_mode);
  }
  if (s.method === "squish") return resize(im, w, h, s.resample);
  const m = Math[s.method === "pad" ? "max" : "min"](im.w / w, im.h / h);
  const part = [Math.trunc(m * w), Math.trunc(m * h)];
  const corner = [Math.trunc(0.5 * (im.w - part[0])), Math.trunc(0.5 * (im.h - part[1]))];
  return resize(cropPad(im, part, corner, s.pad_mode ?? "zeros"), w, h, s.resample);
}

// uint8 [size, size, 3], row by row
export function square(im, preprocessing) {
  const n = preprocessing.image_size;
  const steps = preprocessing.steps?.length
    ? preprocessing.steps
    : [{ do: "resize", method: "squish", size: [n, n], resample: "bilinear" }];
  for (const s of steps) im = step(im, s);
  return packed(im).data;
}
