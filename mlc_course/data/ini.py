"Ini files: is this one ours, and where is the mistake in it?"

import codecs
import configparser
import re
from pathlib import Path

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
LONGEST = 2**20  # bytes; a longer file isn't anybody's settings


def _decode(data):
    return data.decode("utf-16" if data.startswith(UTF16) else "utf-8-sig")


def has_section(
    path: Path,  # any path, there or not
    section: str,  # a name in brackets on a line of its own
) -> bool:  # False as well for what can't be read
    "True if `path` is a text file with the line `[section]`, however damaged the rest of it is."
    try:
        if not path.is_file():
            return False
        with path.open("rb") as f:
            data = f.read(LONGEST + 1)
    except (OSError, ValueError):
        return False
    if len(data) > LONGEST:
        return False
    if data.startswith(UTF16):
        data = data.decode("utf-16", errors="replace").encode()
    header = rb"^(?:\xef\xbb\xbf)?\[" + re.escape(section).encode() + rb"\][ \t]*(?:[#;].*)?$"
    return re.search(header, data.replace(b"\r", b"\n"), re.M) is not None


def read_ini(
    path: Path,  # a file of ours
) -> configparser.ConfigParser:  # its sections
    "The sections of an ini file in UTF-8 or UTF-16. A mistake is a ValueError that names the line."
    ini = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=("#",))
    try:
        data = Path(path).read_bytes()
    except OSError as e:
        raise OSError(e.errno, f"{path} can't be read ({e.strerror})") from e
    try:
        text = _decode(data)
    except UnicodeDecodeError as e:
        line = data[: e.start].count(b"\n") + 1
        advice = "this isn't text in UTF-8. Save the file as UTF-8 in your editor."
        raise ValueError(f"{path}, line {line}: {advice}") from e
    try:
        ini.read_string(text, source=str(path))
    except configparser.Error as e:
        raise ValueError(f"{path}, {_mistake(e, text.splitlines())}") from e
    return ini


def _mistake(error, lines):
    "What configparser has found, as a sentence."
    errors = getattr(error, "errors", None)
    number = errors[0][0] if errors else getattr(error, "lineno", None)
    line = lines[number - 1].strip() if number else ""
    if isinstance(error, configparser.DuplicateSectionError):
        said = f"the section [{error.section}] is there twice. Put its lines together."
    elif isinstance(error, configparser.DuplicateOptionError):
        said = f"{error.option} is there twice in [{error.section}]. Keep one of the two lines."
    elif isinstance(error, configparser.MissingSectionHeaderError):
        said = f"{line!r} stands before the first section, such as [mlc_course]."
    else:
        said = f"{line!r} is neither a [section] nor 'name = value'."
    return f"line {number}: {said}"
