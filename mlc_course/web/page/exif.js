// Which way up an image is, as Pillow reads it: EXIF's tag 274, and XMP's where EXIF says nothing.

const TAG = 0x0112;
const SIZES = { 1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4 }; // bytes of the whole-number types

function read(view, at, type, little) {
  if (type === 3) return view.getUint16(at, little);
  if (type === 4) return view.getUint32(at, little);
  if (type === 8) return view.getInt16(at, little);
  if (type === 9) return view.getInt32(at, little);
  return type === 6 ? view.getInt8(at) : view.getUint8(at);
}

// the tag's value in a block of EXIF; undefined where it has none, 1 where the block is damaged
export function exifOrientation(bytes) {
  const text = String.fromCharCode(...bytes.subarray(0, 6));
  const tiff = text === "Exif\0\0" ? bytes.subarray(6) : bytes;
  if (tiff.length < 8) return undefined;
  try {
    const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.length);
    const order = String.fromCharCode(tiff[0], tiff[1]);
    if (order !== "II" && order !== "MM") return 1;
    const little = order === "II";
    const start = view.getUint32(4, little);
    const n = view.getUint16(start, little);
    for (let i = 0; i < n; i++) {
      const at = start + 2 + 12 * i;
      if (view.getUint16(at, little) !== TAG) continue;
      const type = view.getUint16(at + 2, little);
      const one = view.getUint32(at + 4, little) === 1 && type in SIZES;
      return one ? read(view, at + 8, type, little) : 1;
    }
  } catch {
    return 1;
  }
  return undefined;
}

export function xmpOrientation(text) {
  const found = /tiff:Orientation(="|>)([0-9])/.exec(text ?? "");
  return found ? Number(found[2]) : undefined;
}

export function orientation(exif, xmp) {
  const found = (exif && exifOrientation(exif)) ?? xmpOrientation(xmp) ?? 1;
  return found >= 2 && found <= 8 ? found : 1;
}

// a letter for each byte (TextDecoder's "latin1" is another table)
export function latin1(bytes) {
  let out = "";
  for (let i = 0; i < bytes.length; i += 8192) out += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return out;
}
