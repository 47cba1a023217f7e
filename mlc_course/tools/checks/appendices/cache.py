"Appendix 88: a name that changes whenever what is kept under it would."

from __future__ import annotations

from .._core import Right, Wrong, attempt, function, show
from .._names import called

LONGEST = 200  # characters; file systems take 255 bytes


def _fresh(files):
    "Equal bytes in other objects."
    return [bytes(bytearray(o)) for o in files]


def _name(answer, what, files, size):
    "The learner's name; anything that can't be a file's name is refused."
    given = f"files={show(files, 60)} and size={size}"
    got = attempt(answer, (_fresh(files), size), what, given)
    if isinstance(got, bytes):
        raise Wrong(
            f"{what} gives bytes, and a file name is text: use .hexdigest() in place of .digest()."
        )
    if not isinstance(got, str):
        raise Wrong(
            f"{what} gives a {type(got).__name__}, {show(got, 40)}; a name is a text of letters "
            "and digits."
        )
    return got


# what differs between two calls, and what to say where the names don't
PAIRS = [
    (
        ([b"sun", b"sea"], 32),
        ([b"sun", b"sky"], 32),
        "the name stays when the contents of a file change. A changed image would get the old "
        "pixels.",
    ),
    (
        ([b"sun", b"sea"], 32),
        ([b"sun", b"sea"], 64),
        "the name doesn't depend on the size. The images at 64 px would be looked for in the "
        "file of those at 32 px.",
    ),
    (
        ([b"sun", b"sea"], 32),
        ([b"sea", b"sun"], 32),
        "the name stays when the order of the files changes. Row 0 of the cache would be another "
        "image than row 0 of the table.",
    ),
    (
        ([b"sun", b"sun", b"sea"], 32),
        ([b"sun", b"sea"], 32),
        "two equal files count once. The cache has a row for each file, also for a copy.",
    ),
    (
        ([b"sun", b"sea"], 32),
        ([b"suns", b"ea"], 32),
        "[b'sun', b'sea'] and [b'suns', b'ea'] get the same name: put end to end, the files are "
        "the same bytes. Put each file's own digest, or its length, into the name.",
    ),
    (
        ([b"sun", b""], 32),
        ([b"sun"], 32),
        "an empty file leaves no trace in the name. Put each file's own digest, or its length, "
        "into the name.",
    ),
    (
        ([b"sun3"], 2),
        ([b"sun"], 32),
        "the file b'sun3' at size 2 and b'sun' at size 32 get the same name: the digits of the "
        "size run on into the contents. Put the size first, with something between, or take the "
        "digest of each file.",
    ),
    (
        ([b"1sun"], 2),
        ([b"sun"], 21),
        "the file b'1sun' at size 2 and b'sun' at size 21 get the same name: the digits of the "
        "size run on into the contents. Put something between them.",
    ),
    (
        ([b"sun", b"sea", b"sky"], 32),
        ([b"sun", b"sky", b"sea"], 32),
        "the name stays when the last two files change places: the order must count everywhere.",
    ),
    (
        ([b"a" * 5000 + b"x"], 32),
        ([b"a" * 5000 + b"y"], 32),
        "only the beginning of a file counts. Images of one camera begin alike: read them whole.",
    ),
    (
        ([b"x" + b"a" * 5000], 32),
        ([b"y" + b"a" * 5000], 32),
        "only the end of a file counts. Read it whole.",
    ),
]


SEPARATORS = [b"\0", b"|", b"||", b",", b" ", b"\n", b"-", b"--", b"_", b";", b":", b"/", b"#"]


def _files_are_kept_apart(answer, what):
    "No separator between the files can also stand in a file."
    two = _name(answer, what, [b"sun", b"sea"], 32)
    for sep in SEPARATORS:
        if _name(answer, what, [b"sun" + sep + b"sea"], 32) == two:
            raise Wrong(
                f"{what}: [b'sun', b'sea'] and [{b'sun' + sep + b'sea'!r}] get the same name. The "
                f"bytes of an image can also be {sep!r}, so it doesn't keep two files apart. Put "
                "each file's own digest, or its length, into the name."
            )


def _is_a_file_name(name, what):
    if len(name) > LONGEST:
        raise Wrong(
            f"{what} gives a name of {len(name)} characters for larger files. File systems take "
            "255: make a digest, for example with hashlib.sha256."
        )
    if odd := sorted(set(name) & set('/\\:*?"<>|\n\0')):
        raise Wrong(
            f"{what}: the name contains {odd[0]!r}, which a file name can't have on every system. "
            ".hexdigest() gives letters and digits."
        )


def cache_name(answer) -> Right:
    """Exercise: cache_name(files, size) -> a text that is the same if, and only if, the contents of
    all files, their order and the size are the same.
    """
    what = called(answer, "my_cache_name")
    function(answer, what)
    if _name(answer, what, *PAIRS[0][0]) != _name(answer, what, *PAIRS[0][0]):
        raise Wrong(
            f"{what} gives two names for equal contents and the same size, so the cache would "
            "never be found again. Use the contents, and nothing like id(), a date or a random "
            "number."
        )
    for one, other, says in PAIRS:
        if _name(answer, what, *one) == _name(answer, what, *other):
            raise Wrong(f"{what}: {says}")
    _files_are_kept_apart(answer, what)
    _is_a_file_name(_name(answer, what, [b"\xff\xfe/" * 20_000, b"sea"], 128), what)
    code = getattr(answer, "__code__", None)
    if code is not None and "hash" in code.co_names and "hash" not in answer.__globals__:
        raise Wrong(
            f"{what} uses Python's hash(), which gives other numbers for the same bytes in every "
            "process. The next run would look for another file: take hashlib."
        )
    return Right("Right: another image, order or size is another name, and nothing else is.")
