"Exercise: how far a shuffle buffer reaches."

from .._core import (
    Mistake,
    Right,
    diagnose,
)
from .._names import called

# Exercise 3


def shuffle_reach(answer) -> Right:
    "Exercise 3: f(n, buffer, batch): the highest row number that the first batch can hold."
    cases = [
        (10, 4, 2),
        (4000, 1024, 256),
        (100, 100, 8),
        (50, 1, 5),
        (20, 18, 6),
        (7, 3, 32),
        (40000, 1024, 1),
    ]
    return diagnose(
        answer,
        lambda n, b, k: min(n, b + k - 1) - 1,
        [
            Mistake(
                "the buffer is filled up again while the batch is drawn: after each row that "
                "leaves it, the next one of the file comes in.",
                lambda n, b, k: min(n, b) - 1,
            ),
            Mistake(
                "rows are counted from 0, so the last of m rows is m - 1.",
                lambda n, b, k: min(n, b + k - 1),
            ),
            Mistake(
                "the last row of the batch leaves the buffer before another comes in, so the "
                "buffer is refilled batch - 1 times while it is drawn.",
                lambda n, b, k: min(n, b + k) - 1,
            ),
            Mistake(
                "one less: before the first row is drawn the buffer holds `buffer` rows, and "
                "each further row of the batch lets in one more.",
                lambda n, b, k: min(n, b + k - 2) - 1,
            ),
            Mistake(
                "there are only n rows: a buffer or a batch can be longer than the data.",
                lambda n, b, k: b + k - 2,
            ),
            Mistake(
                "a shuffle sees its buffer, not everything: only a buffer as long as the data "
                "lets the last row come first.",
                lambda n, b, k: n - 1,
            ),
            Mistake(
                "the batch isn't drawn from the rows that it holds itself; it is the buffer "
                "that decides how far a draw can reach.",
                lambda n, b, k: min(n, k) - 1,
            ),
            Mistake(
                "the buffer counts rows, not batches: shuffle stands before batch.",
                lambda n, b, k: min(n, b * k) - 1,
            ),
            Mistake(
                "rows are counted from 0, so the last of m rows is m - 1; and there are only n "
                "rows: a buffer or a batch can be longer than the data.",
                lambda n, b, k: b + k - 1,
            ),
            Mistake(
                "while a batch is drawn the buffer is refilled batch - 1 times, and rows are "
                "counted from 0. Write down which rows have been read by then for n = 10, a "
                "buffer of 4 and batches of 2.",
                lambda n, b, k: min(n, b + k),
            ),
            Mistake(
                "that many rows are in the buffer at the start. Rows are counted from 0, and after "
                "each row that leaves the buffer the next one of the file comes in.",
                lambda n, b, k: b,
            ),
        ],
        cases,
        called(answer, "my_reach"),
        praise="Right: buffer + batch - 1 rows have been read by then, and the first batch can "
        "hold no other.",
    )
