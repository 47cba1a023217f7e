"Errors that a reader can see to, told from faults of ours."

# Whoever refuses something writes a sentence and raises it: `raise ValueError("what was given, what
# was expected, what to do")`. A fault of ours happens without a sentence: in the middle of an
# expression, or inside a library that we called wrongly. So the place where an error was raised
# tells the two apart, and the command prints a sentence for the one and a traceback for the other.

import dis
import sysconfig
from contextlib import contextmanager
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib")).resolve()
INSTALLED = {"site-packages", "dist-packages"}  # folders of libraries
SYSTEM = (OSError, ImportError, MemoryError)  # files, the network, what isn't installed, memory


class Told(Exception):
    "Mixed into an error class of the package: a sentence for the reader, wherever it is raised."


def _innermost(error):
    "The last entry of an error's traceback, or None."
    entry = error.__traceback__
    while entry is not None and entry.tb_next is not None:
        entry = entry.tb_next
    return entry


def _is_raise(entry):
    "Whether a traceback's entry stands at a `raise` statement."
    code = entry.tb_frame.f_code.co_code
    return dis.opname[code[entry.tb_lasti]] == "RAISE_VARARGS"


def _where(entry):
    """Whose code a traceback's entry stands in: "package", "library" or "reader"."""
    name = entry.tb_frame.f_code.co_filename
    file = Path(name).resolve()
    if PACKAGE in file.parents:
        return "package"
    library = STANDARD_LIBRARY in file.parents or INSTALLED & set(file.parts)
    return "library" if library or name.startswith("<frozen") else "reader"


def _has_sentence(error):
    "Whether the place where a ValueError, TypeError or RuntimeError was raised shows a sentence."
    entry = _innermost(error)
    where = entry and _where(entry)
    if where == "package":
        return isinstance(error, (ValueError, TypeError, RuntimeError)) and _is_raise(entry)
    return where == "reader" and isinstance(error, (ValueError, RuntimeError))


def is_told(
    error: BaseException,  # one that was raised
) -> bool:
    """Whether an error is a sentence for the reader; otherwise it is a fault of ours.

    Told are: classes with `Told`; errors of the system (OSError, MemoryError, and ImportError
    unless a name of our own is missing); a ValueError, TypeError or RuntimeError that a `raise`
    statement of the package wrote, also where a library has wrapped it; and a ValueError or
    RuntimeError of code that is neither the package's nor an installed library's.
    """
    if isinstance(error, Told) or getattr(error, "mlc_told", False):
        return True
    if isinstance(error, ImportError) and not isinstance(error, ModuleNotFoundError):
        return (error.name or "").split(".")[0] != PACKAGE.name
    if isinstance(error, SYSTEM) or _has_sentence(error):
        return True
    return error.__cause__ is not None and is_told(error.__cause__)


def is_our_fault(
    error: BaseException,  # one that was raised
) -> bool:
    "Whether an error was raised in the package's own code, and not as a sentence."
    entry = _innermost(error)
    return not is_told(error) and entry is not None and _where(entry) == "package"


@contextmanager
def sent_home():
    "In a worker process: an error that is told stays so, though its traceback isn't sent along."
    try:
        yield
    except Exception as e:
        e.mlc_told = is_told(e)
        raise
