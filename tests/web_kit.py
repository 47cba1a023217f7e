"""Image files of every kind that a visitor may choose, and what a page in Chromium says about them.

Shared by tests/test_web.py (a few of each kind) and tests/campaign_web.py (a thousand).
"""

import functools
import http.server
import io
import shutil
import struct
import threading
import zlib
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description tiff:Orientation="{}"/>'
    "</rdf:RDF></x:xmpmeta>"
)
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)]
ADAM7 += [(0, 1, 1, 2)]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


# ---- contents ----------------------------------------------------------------------------------
def content(rng, w, h):
    "An RGB image: a postcard, a smooth pattern, or noise."
    kind = rng.integers(3)
    if kind == 0:
        from mlc_course.postcards import draw_postcard

        return draw_postcard(rng, 64)[0].convert("RGB").resize((w, h), Image.Resampling.BICUBIC)
    if kind == 1:
        y, x = np.mgrid[:h, :w] / max(w, h)
        waves = [np.sin(rng.uniform(2, 30, 2) @ [x.ravel(), y.ravel()]) for _ in range(3)]
        return Image.fromarray(np.uint8(127 + 127 * np.stack(waves, -1)).reshape(h, w, 3))
    return Image.fromarray(rng.integers(0, 256, (h, w, 3), dtype=np.uint8))


def side(rng, large=False):
    "A size in pixels, from 1 on; mostly that of small images."
    if large:
        return int(rng.integers(1500, 4000))
    return int(
        rng.choice([1, 2, rng.integers(3, 64), 64, rng.integers(65, 400), rng.integers(65, 400)])
    )


def alpha_of(rng, w, h):
    return Image.fromarray(rng.integers(0, 256, (h, w), dtype=np.uint8))


def saved(image, kind, **how):
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def exif_of(n, order="II"):
    "An EXIF block that says nothing but the orientation."
    mark = "<" if order == "II" else ">"
    head = order.encode() + struct.pack(mark + "HLH", 42, 8, 1)
    return b"Exif\0\0" + head + struct.pack(mark + "HHLHHL", 0x0112, 3, 1, n, 0, 0)


# ---- PNG that Pillow doesn't write ---------------------------------------------------------------
def chunk(name, body):
    check = zlib.crc32(name + body)
    return struct.pack(">L", len(body)) + name + body + struct.pack(">L", check)


def png_row(rng, row, last, n):
    "A filtered row, by a filter that is drawn."
    kind = int(rng.integers(5))
    line, above = row.astype(int), last.astype(int)
    left = np.concatenate([np.zeros(n, int), line])[: len(line)]
    corner = np.concatenate([np.zeros(n, int), above])[: len(line)]
    p = left + above - corner
    a, b, c = (abs(p - o) for o in (left, above, corner))
    paeth = np.where((a <= b) & (a <= c), left, np.where(b <= c, above, corner))
    taken = (0, left, above, (left + above) // 2, paeth)[kind]
    return bytes([kind]) + np.uint8((line - taken) % 256).tobytes()


def odd_png(rng, w, h, kind, depth, interlaced=False, extra=()):
    "A PNG of random samples: any kind, any depth, interlaced or not."
    samples = rng.integers(0, 2**depth, (h, w, CHANNELS[kind]))
    out, data = [], b""
    for x0, y0, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        part = samples[y0::dy, x0::dx]
        if part.size == 0:
            continue
        bits = (part[..., None] >> np.arange(depth - 1, -1, -1)) & 1
        rows = np.packbits(bits.reshape(len(part), -1).astype(np.uint8), axis=1)
        last, n = np.zeros_like(rows[0]), max(1, CHANNELS[kind] * depth // 8)
        for row in rows:
            data += png_row(rng, row, last, n)
            last = row
    head = struct.pack(">LLBBBBB", w, h, depth, kind, 0, 0, int(interlaced))
    out = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head), *(chunk(*o) for o in extra)]
    return b"".join([*out, chunk(b"IDAT", zlib.compress(data)), chunk(b"IEND", b"")])


def palette(rng, depth):
    return b"PLTE", rng.integers(0, 256, 3 * 2**depth, dtype=np.uint8).tobytes()


# ---- the kinds -----------------------------------------------------------------------------------
KINDS = {}


def kind(name, suffix):
    "Register a maker of files: (rng, w, h) -> bytes."

    def keep(f):
        KINDS[name] = (suffix, f)
        return f

    return keep


def jpeg(**how):
    def make(rng, w, h):
        image, quality = content(rng, w, h), int(rng.integers(20, 101))
        try:
            return saved(image, "JPEG", **dict(quality=quality) | how)
        except OSError:  # Pillow's buffer is too small for noise of high quality
            return saved(image, "JPEG", **dict(quality=20) | how)

    return make


def profile():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


for _name, _how in {
    "JPEG 4:4:4": dict(subsampling=0),
    "JPEG 4:2:2": dict(subsampling=1),
    "JPEG 4:2:0": dict(subsampling=2),
    "JPEG progressive": dict(progressive=True),
    "JPEG progressive 4:4:4": dict(progressive=True, subsampling=0),
    "JPEG stored as RGB": dict(keep_rgb=True),
    "JPEG restart marks": dict(restart_marker_blocks=3),
    "JPEG with a profile": dict(icc_profile=profile()),
}.items():
    kind(_name, ".jpg")(jpeg(**_how))


@kind("JPEG grey", ".jpg")
def _(rng, w, h):
    return saved(content(rng, w, h).convert("L"), "JPEG", quality=80)


@kind("JPEG turned by EXIF", ".jpg")
def _(rng, w, h):
    exif = exif_of(int(rng.integers(0, 10)), "II" if rng.random() < 0.5 else "MM")
    return jpeg(exif=exif, subsampling=int(rng.integers(3)))(rng, w, h)


@kind("JPEG turned by XMP", ".jpg")
def _(rng, w, h):
    return jpeg(xmp=XMP.format(rng.integers(1, 9)).encode())(rng, w, h)


@kind("JPEG with damaged EXIF", ".jpg")
def _(rng, w, h):
    return jpeg(exif=exif_of(6)[: int(rng.integers(7, 27))])(rng, w, h)


@kind("JPEG large", ".jpg")
def _(rng, w, h):
    size = side(rng, True), side(rng, True)
    return jpeg(exif=exif_of(int(rng.integers(1, 9))), progressive=bool(rng.integers(2)))(
        rng, *size
    )


@kind("JPEG CMYK", ".jpg")
def _(rng, w, h):
    return saved(content(rng, w, h).convert("CMYK"), "JPEG")


@kind("JPEG cut off", ".jpg")
def _(rng, w, h):
    made = jpeg()(rng, max(w, 64), max(h, 64))
    return made[: len(made) * 3 // 4]


@kind("MPO", ".jpg")
def _(rng, w, h):
    second = content(rng, w, h)
    return saved(content(rng, w, h), "MPO", save_all=True, append_images=[second])


def png(mode, **how):
    def make(rng, w, h):
        image = content(rng, w, h)
        if mode in ("RGBA", "LA"):
            image = image.convert(mode[:-1])
            image.putalpha(alpha_of(rng, w, h))
        else:
            image = image.convert(mode)
        return saved(image, "PNG", **how)

    return make


for _mode in ("RGB", "RGBA", "LA", "L", "1", "P"):
    kind(f"PNG {_mode}", ".png")(png(_mode))
kind("PNG grey, one colour transparent", ".png")(png("L", transparency=90))
kind("PNG two colours, one transparent", ".png")(png("1", transparency=255))
kind("PNG RGB, one colour transparent", ".png")(png("RGB", transparency=(127, 127, 127)))
kind("PNG palette, one transparent", ".png")(png("P", transparency=7))
kind("PNG palette, half transparent", ".png")(png("P", transparency=bytes(range(0, 256, 3))))
kind("PNG with a profile", ".png")(png("RGB", icc_profile=profile()))


@kind("PNG turned by EXIF", ".png")
def _(rng, w, h):
    return png("RGBA", exif=exif_of(int(rng.integers(1, 9)))[6:])(rng, w, h)


@kind("PNG turned by XMP", ".png")
def _(rng, w, h):
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", XMP.format(rng.integers(1, 9)), zip=bool(rng.integers(2)))
    return saved(content(rng, w, h), "PNG", pnginfo=info)


@kind("PNG turned by a text of EXIF", ".png")
def _(rng, w, h):
    info, exif = PngImagePlugin.PngInfo(), exif_of(int(rng.integers(1, 9)))
    info.add_text("Raw profile type exif", f"\nexif\n{len(exif):8}\n{exif.hex()}\n", zip=True)
    return saved(content(rng, w, h), "PNG", pnginfo=info)


@kind("PNG 16 bits, grey", ".png")
def _(rng, w, h):
    return saved(Image.fromarray(rng.integers(0, 65536, (h, w), dtype=np.uint16)), "PNG")


@kind("PNG 16 bits, colours or transparency", ".png")
def _(rng, w, h):
    return odd_png(rng, w, h, int(rng.choice([2, 4, 6])), 16, bool(rng.integers(2)))


@kind("PNG 16 bits, one colour transparent", ".png")
def _(rng, w, h):
    one = int(rng.choice([0, 2]))
    return odd_png(rng, w, h, one, 16, extra=[(b"tRNS", bytes(2 if one == 0 else 6))])


@kind("PNG 1, 2 or 4 bits", ".png")
def _(rng, w, h):
    depth, one = int(rng.choice([1, 2, 4])), int(rng.choice([0, 3]))
    extra = [palette(rng, depth)] if one == 3 else []
    if rng.random() < 0.5:
        n = rng.integers(0, 256, 2**depth, dtype=np.uint8).tobytes()
        value = b"\0" + bytes([int(rng.integers(2**depth))])
        extra.append((b"tRNS", n if one == 3 else value))
    return odd_png(rng, w, h, one, depth, bool(rng.integers(2)), extra)


@kind("PNG interlaced", ".png")
def _(rng, w, h):
    one = int(rng.choice([0, 2, 3, 4, 6]))
    return odd_png(rng, w, h, one, 8, True, [palette(rng, 8)] if one == 3 else [])


@kind("PNG with a gamma", ".png")
def _(rng, w, h):
    return odd_png(rng, w, h, 2, 8, extra=[(b"gAMA", struct.pack(">L", 100_000))])


@kind("PNG large", ".png")
def _(rng, w, h):
    size = side(rng, True), side(rng, True) // 2
    return png("RGBA" if rng.random() < 0.5 else "RGB", compress_level=1)(rng, *size)


@kind("PNG strip", ".png")
def _(rng, w, h):
    size = int(rng.integers(1, 5)), int(rng.integers(200, 3000))
    return png("RGB")(rng, *size[:: int(rng.choice([1, -1]))])


@kind("PNG cut off", ".png")
def _(rng, w, h):
    made = png("RGB")(rng, w, h)
    return made[: len(made) * 3 // 4]


@kind("PNG animated", ".png")
def _(rng, w, h):
    frames = [content(rng, w, h) for _ in range(3)]
    how = dict(default_image=bool(rng.integers(2)), disposal=int(rng.integers(3)))
    return saved(frames[0], "PNG", save_all=True, append_images=frames[1:], **how)


@kind("WebP without losses", ".webp")
def _(rng, w, h):
    exif = dict(exif=exif_of(int(rng.integers(1, 9)))) if rng.random() < 0.5 else {}
    return saved(content(rng, w, h), "WEBP", lossless=True, **exif)


@kind("WebP with losses", ".webp")
def _(rng, w, h):
    return saved(content(rng, w, h), "WEBP", quality=int(rng.integers(20, 101)))


@kind("WebP with transparency", ".webp")
def _(rng, w, h):
    image = content(rng, w, h)
    image.putalpha(alpha_of(rng, w, h))
    return saved(image, "WEBP", lossless=bool(rng.integers(2)))


@kind("GIF", ".gif")
def _(rng, w, h):
    return saved(content(rng, w, h).convert("P"), "GIF", interlace=int(rng.integers(2)))


@kind("GIF with transparency", ".gif")
def _(rng, w, h):
    return saved(content(rng, w, h).quantize(16), "GIF", transparency=int(rng.integers(16)))


@kind("GIF grey or animated", ".gif")
def _(rng, w, h):
    frames = [content(rng, w, h).convert("L") for _ in range(int(rng.integers(1, 4)))]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


for _mode in ("1", "L", "P", "RGB"):
    kind(f"BMP {_mode}", ".bmp")(
        lambda rng, w, h, mode=_mode: saved(content(rng, w, h).convert(mode), "BMP")
    )


@kind("BMP 32 bits", ".bmp")
def _(rng, w, h):
    image = content(rng, w, h)
    image.putalpha(alpha_of(rng, w, h))
    return saved(image, "BMP")


for _kind, _suffix in dict(
    TIFF=".tif", ICO=".ico", PPM=".ppm", TGA=".tga", JPEG2000=".jp2"
).items():
    kind(_kind, _suffix)(lambda rng, w, h, k=_kind: saved(content(rng, w, h), k))


@kind("no image", ".jpg")
def _(rng, w, h):
    return [b"", b"<!doctype html><p>404", b"BM", b"\xff\xd8\xff", bytes(100)][int(rng.integers(5))]


def write_images(folder, n, seed=0):
    "[(kind, path)] of n files, the kinds in turn."
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for i in range(n):
        rng = np.random.default_rng([seed, i])
        name = list(KINDS)[i % len(KINDS)]
        suffix, make = KINDS[name]
        path = folder / f"{i:05}{suffix}"
        path.write_bytes(make(rng, side(rng), side(rng)))
        out.append((name, path))
    return out


# ---- the page ------------------------------------------------------------------------------------
class Quiet(http.server.SimpleHTTPRequestHandler):
    "A web server that doesn't talk."

    def log_message(self, *_):
        pass


@contextmanager
def serving(folder):
    "The address of a folder."
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def chromium_path():
    "The browser on the PATH, or None."
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((p for o in names if (p := shutil.which(o))), None)


ASK = """async ([url, name]) => {
  const answer = await import('./answer.js');
  window.opened ??= await answer.openPredictor();
  const body = await (await fetch(url)).blob();
  try {
    const file = new File([body], name);
    const { pixels } = await answer.pixelsOf(opened, file);
    const { probs, maps } = await answer.look(opened, file);
    const labels = answer.above(probs, opened.thresholds).map(i => opened.vocab[i]);
    return { pixels: [...pixels], probs: [...probs], labels, maps: maps && [...maps.data] };
  } catch (e) {
    if (e.constructor.name !== 'Refused') throw e;
    return { refused: e.message };
  }
}"""


def ask(page, url, name):
    "What the page says about a file of its server: pixels, probs, labels, maps; or refused."
    return page.evaluate(ASK, [url, name])


def compare(page, predictor, url, path):
    """(what happened, bytes that differ, largest |difference| of a probability, the refusal).

    What happened: "equal", "labels differ", "refused", "both refuse" or "only Python refuses".
    """
    said = ask(page, url, path.name)
    try:
        answer, pixels = predictor.predict([path])[0], predictor.pixels(path)
    except (ValueError, OSError):
        refused = "both refuse" if "refused" in said else "only Python refuses"
        return refused, 0, 0.0, said.get("refused", "")
    if "refused" in said:
        return "refused", 0, 0.0, said["refused"]
    bytes_off = int((np.array(said["pixels"]) != pixels.ravel()).sum())
    p = np.array(list(answer.scores.values()))
    same = tuple(said["labels"]) == answer.labels
    return "equal" if same else "labels differ", bytes_off, float(abs(p - said["probs"]).max()), ""
