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

// the tag's value in a block of EXIF; undefined where it has none or is cut off before it, as for Pillow
function exifOrientation(bytes) {
  const tiff = latin1(bytes.subarray(0, 6)) === "Exif\0\0" ? bytes.subarray(6) : bytes;
  if (tiff.length === 0) return undefined;
  const order = latin1(tiff.subarray(0, 4));
  if (tiff.length < 8 || !["II*\0", "MM\0*"].includes(order)) return 1;
  const little = order[0] === "I";
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.length);
  const start = view.getUint32(4, little);
  const n = start + 2 <= tiff.length ? view.getUint16(start, little) : 0;
  let found;
  for (let at = start + 2; at < start + 2 + 12 * n && at + 12 <= tiff.length; at += 12) {
    if (view.getUint16(at, little) !== TAG) continue;
    const type = view.getUint16(at + 2, little);
    const one = view.getUint32(at + 4, little) === 1 && type in SIZES;
    found = one ? read(view, at + 8, type, little) : 1; // the last one counts
  }
  return found;
}

function xmpOrientation(text) {
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
