// Where the logit of a label comes from, drawn over the image in grey.

const COLOURS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]]; // viridis

export function mapOf({ data, dims }, label) {
  const [h, w] = dims.slice(-2);
  return { h, w, heat: data.subarray(label * h * w, (label + 1) * h * w) };
}

// in words; null if it is 0 everywhere
export function place({ h, w, heat }) {
  let best = 0;
  heat.forEach((v, i) => { if (v > heat[best]) best = i; });
  if (!(heat[best] > 0)) return null;
  const third = (i, n) => Math.min(2, Math.floor((3 * (i + 0.5)) / n));
  const row = ["top", "middle", "bottom"][third(Math.floor(best / w), h)];
  const column = ["left", "centre", "right"][third(best % w, w)];
  return row === "middle" && column === "centre" ? "middle" : `${row} ${column}`;
}

// bilinear, between the centres of the cells
function smooth({ h, w, heat }, top, x, y, width, height) {
  const place = (i, n, to) => Math.min(n - 1, Math.max(0, ((i + 0.5) * n) / to - 0.5));
  const [u, v] = [place(x, w, width), place(y, h, height)];
  const [i, j] = [Math.floor(u), Math.floor(v)];
  const [k, l] = [Math.min(w - 1, i + 1), Math.min(h - 1, j + 1)];
  const at = (a, b) => heat[b * w + a] / top;
  const upper = at(i, j) + (u - i) * (at(k, j) - at(i, j));
  const lower = at(i, l) + (u - i) * (at(k, l) - at(i, l));
  return Math.min(1, Math.max(0, upper + (v - j) * (lower - upper)));
}

function colour(v) {
  const i = Math.min(3, Math.floor(4 * v));
  return COLOURS[i].map((c, k) => c + (4 * v - i) * (COLOURS[i + 1][k] - c));
}

export function paint(canvas, small, map) {
  canvas.width = small.w;
  canvas.height = small.h;
  const out = new ImageData(small.w, small.h);
  const top = map ? Math.max(...map.heat) || 1 : 1;
  for (let i = 0, at = 0, from = 0; i < small.w * small.h; i++, at += 4, from += 3) {
    const [r, g, b] = small.data.subarray(from, from + 3);
    let shown = [r, g, b];
    if (map) {
      const v = smooth(map, top, i % small.w, Math.floor(i / small.w), small.w, small.h);
      const grey = 0.299 * r + 0.587 * g + 0.114 * b;
      const share = 0.12 + 0.58 * v;
      shown = colour(v).map((c) => grey * (1 - share) + c * share);
    }
    out.data.set([...shown, 255], at);
  }
  canvas.getContext("2d").putImageData(out, 0, 0);
}
