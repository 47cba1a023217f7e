"""What counts as an image file: by its name in a folder, and by its first bytes."""

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path

# Pillow's names of what is read, and their suffixes. Only formats that are decoded in this process
# are here: EPS starts Ghostscript, WMF asks Windows, FITS, GRIB, HDF5 and BUFR are only hooks.
SAFE_FORMATS = {
    "JPEG": (".jpg", ".jpeg", ".jfif", ".jpe", ".mpo"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "DIB": (".dib",),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
    "TGA": (".tga", ".icb", ".vda", ".vst"),
    "JPEG2000": (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc"),
    "AVIF": (".avif", ".avifs"),
    "ICO": (".ico",),
    "PCX": (".pcx",),
    "SGI": (".sgi", ".rgb", ".rgba", ".bw"),
    "SUN": (".ras",),
    "QOI": (".qoi",),
    "DDS": (".dds",),
    "PSD": (".psd",),
    "XBM": (".xbm",),
    "HEIF": (".heic", ".heif", ".hif"),  # where pillow-heif is installed
}

AS_JPEG = "save it as JPEG or PNG"
HEIC = f"it is HEIC, which Pillow reads only with a plug-in: pip install pillow-heif, or {AS_JPEG}"
RAW = f"it is a camera's raw file: develop it with the camera's software, and {AS_JPEG}"
DICOM = "it is DICOM: convert it (pydicom and Pillow, or dcm2png), and " + AS_JPEG
SVG = f"it is a drawing (SVG), which has no pixels: render it, and {AS_JPEG}"
EPS = f"it is PostScript (EPS), a program that is not run here: render it, and {AS_JPEG}"


def _other(kind):
    return f"it is {kind}, which isn't read here: open it in its program, and {AS_JPEG}"


_RAW_SUFFIXES = (
    ".cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .dng .orf .rw2 .raf .pef .srw .raw .3fr .x3f .dcr .erf"
)
# what the world calls an image and this package doesn't read: suffix -> what to do about it
UNREADABLE = {
    **dict.fromkeys((".heic", ".heif", ".hif"), HEIC),
    **dict.fromkeys(_RAW_SUFFIXES.split(), RAW),
    **dict.fromkeys((".dcm", ".dicom"), DICOM),
    **dict.fromkeys((".svg", ".svgz"), SVG),
    **dict.fromkeys((".eps", ".epsf", ".ps"), EPS),
    **dict.fromkeys((".wmf", ".emf"), _other("a Windows metafile")),
    **dict.fromkeys((".fits", ".fit", ".fts"), _other("FITS")),
    **dict.fromkeys((".jxl",), _other("JPEG XL")),
    **dict.fromkeys((".jxr", ".wdp", ".hdp"), _other("JPEG XR")),
    **dict.fromkeys((".avif", ".avifs"), _other("AVIF")),  # where Pillow was built without it
    ".exr": _other("OpenEXR"),
    ".hdr": _other("Radiance HDR"),
    ".xcf": _other("GIMP's format"),
    ".psb": _other("a large Photoshop file"),
    ".icns": _other("an icon of macOS"),
    ".cur": _other("a Windows cursor"),
    ".fpx": _other("FlashPix"),
    # what Pillow reads, and hardly anybody uses
    ".blp": _other("a texture (BLP)"),
    **dict.fromkeys((".ftc", ".ftu"), _other("a texture (FTEX)")),
    **dict.fromkeys((".flc", ".fli"), _other("an animation (FLI)")),
    ".dcx": _other("a fax (DCX)"),
    ".gbr": _other("a brush of GIMP"),
    ".iim": _other("IPTC"),
    ".im": _other("IM"),
    ".msp": _other("MSP"),
    ".palm": _other("a Palm pixmap"),
    ".pam": _other("PAM"),
    ".pcd": _other("a Photo CD"),
    ".pxr": _other("PIXAR"),
    **dict.fromkeys((".spi", ".spider"), _other("SPIDER")),
    ".xpm": _other("XPM"),
}


@cache
def register_heif():
    "True if HEIC can be read: pillow-heif is installed, and Pillow knows of it now."
    try:
        if find_spec("pillow_heif") is None:
            return False
        import pillow_heif

        pillow_heif.register_heif_opener()
    except Exception:  # it is there and doesn't work
        return False
    return True


def image_formats() -> tuple:  # names for `PIL.Image.open(formats=...)`
    "The formats that are read here: those of `SAFE_FORMATS` that this Pillow has."
    from PIL import features

    absent = {"AVIF"} if not features.check("avif") else set()
    absent |= set() if register_heif() else {"HEIF"}
    return tuple(f for f in SAFE_FORMATS if f not in absent)


def image_suffixes() -> tuple:  # lower case, with the dot
    "The suffixes of the files that are read here."
    return tuple(s for f in image_formats() for s in SAFE_FORMATS[f])


def formats_for(path) -> tuple:  # names for `PIL.Image.open(formats=...)`
    "What the file may be. Its content decides, but TGA has no signature, so there the name counts."
    tga = Path(path).suffix.lower() in SAFE_FORMATS["TGA"]
    return tuple(f for f in image_formats() if f != "TGA" or tga)


def looks_like_image(path) -> bool:
    "Does the name say that this is an image, one that can be read here or not?"
    suffix = Path(path).suffix.lower()
    return suffix in UNREADABLE or suffix in image_suffixes()


# what systems put beside images
_LITTER = {"__macosx", "@eadir", "thumbs.db", "desktop.ini", "ehthumbs.db", "$recycle.bin"}


def is_litter(name: str) -> bool:  # the last part of a path
    "Hidden files (`._a.jpg`, `.thumbs`) and what systems leave beside images."
    return name.startswith(".") or name.lower() in _LITTER


def find_image_files(
    folder,  # looked through with its subfolders, but not through links to folders
) -> list:  # of Path, in the order of their names
    "Every file below `folder` that looks like an image, readable or not; no hidden ones."
    found = []
    for where, folders, names in os.walk(folder):
        folders[:] = [o for o in folders if not is_litter(o)]
        links = [o for o in names if not is_litter(o) and looks_like_image(o)]
        found += [Path(where, o) for o in links]
    return sorted(found)


# ---- by content --------------------------------------------------------------------------------
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_AGAIN = "fetch the file again"
_SIGNATURES = (  # offset, bytes, what it is
    (0, b"%!PS", EPS),
    (0, b"\xc5\xd0\xd3\xc6", EPS),
    (0, b"%PDF", _other("PDF")),
    (128, b"DICM", DICOM),
    (0, b"II*\0\x10\0\0\0CR", RAW),
    (0, b"FUJIFILMCCD-RAW", RAW),
    (0, b"\xff\x0a", _other("JPEG XL")),
    (0, b"\0\0\0\x0cJXL ", _other("JPEG XL")),
    (0, b"\xd7\xcd\xc6\x9a", _other("a Windows metafile")),
    (40, b" EMF", _other("a Windows metafile")),
    (0, b"SIMPLE  =", _other("FITS")),
    (0, b"\x89HDF", _other("HDF5")),
    (0, b"GRIB", _other("GRIB")),
    (0, b"BUFR", _other("BUFR")),
    (0, b"\xd0\xcf\x11\xe0", _other("an Office or FlashPix file")),
    (0, b"gimp xcf", _other("GIMP's format")),
    (0, b"v/1\x01", _other("OpenEXR")),
    (0, b"#?RADIANCE", _other("Radiance HDR")),
    (0, b"icns", _other("an icon of macOS")),
    (0, b"\x93NUMPY", "it is a NumPy array: save it as an image, with PIL.Image.fromarray"),
    (0, b"PK\x03\x04", "it is a ZIP archive: unpack it"),
    (0, b"\x1f\x8b", "it is compressed (gzip): unpack it"),
    (0, b"Rar!", "it is a RAR archive: unpack it"),
    (0, b"7z\xbc\xaf", "it is a 7-Zip archive: unpack it"),
    (0, b"version https://git-lfs", "it is a Git LFS pointer, not the image: run git lfs pull"),
    (
        0,
        b"\0\x05\x16\x07",
        "it is what macOS keeps beside an image (its name begins with ._): remove it",
    ),
)


def what_it_is(
    head: bytes,  # the first 512 bytes of a file, or more
):  # str: what it is, and what to do about it; None if nothing is recognised
    "What a file that isn't an image of ours is, by its first bytes."
    if head[4:8] == b"ftyp":
        if head[8:12] in (b"avif", b"avis"):
            return None if "AVIF" in image_formats() else UNREADABLE[".avif"]
        if head[8:12] in _HEIF_BRANDS:
            return None if "HEIF" in image_formats() else HEIC
        if head[8:11] == b"crx":
            return RAW
        return "it is a film (MP4 or QuickTime): save the frames that you want as JPEG"
    for at, signature, what in _SIGNATURES:
        if head[at : at + len(signature)] == signature:
            return what
    text = head[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<svg") or (text.startswith(b"<?xml") and b"<svg" in text):
        return SVG
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return f"it is a web page (<html>), as servers send instead of an image: {_AGAIN}"
    return None
