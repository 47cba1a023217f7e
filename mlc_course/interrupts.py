"""What ends a training before its time: Ctrl-C, too little memory, a loss that is no number."""

import errno
import signal
import threading
from contextlib import contextmanager

from .errors import Told
from .hints import Any, Iterator, PathLike
from .whole_files import disk_is_full


class StopRequest:
    "False until Ctrl-C is pressed."

    asked = False

    def __bool__(self):
        return self.asked


@contextmanager
def ctrl_c() -> "Iterator[StopRequest]":
    """While this lasts, the first Ctrl-C sets the `StopRequest` that it gives; the second raises
    KeyboardInterrupt at once."""
    request = StopRequest()
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGINT) in (signal.SIG_IGN, None):
        yield request
        return

    def press(number, frame):
        if request.asked:
            raise KeyboardInterrupt
        request.asked = True

    before = signal.signal(signal.SIGINT, press)
    try:
        yield request
    finally:
        signal.signal(signal.SIGINT, before)


# ---- memory ------------------------------------------------------------------------------------
_WORDS = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "alloc_failed",
)


def is_out_of_memory(
    e: BaseException,  # an exception
) -> bool:
    "Whether memory of the CPU or the GPU didn't suffice."
    if isinstance(e, OSError):
        return e.errno == errno.ENOMEM
    if disk_is_full(e):  # TensorFlow has one class for both
        return False
    named = type(e).__name__ in ("OutOfMemoryError", "ResourceExhaustedError")
    said = isinstance(e, RuntimeError) and any(o in str(e).lower() for o in _WORDS)
    return isinstance(e, MemoryError) or named or said


@contextmanager
def explain_memory(
    profile: Any,  # a `Profile`: what was asked for
) -> Iterator[None]:
    "Where the memory doesn't suffice, MemoryError that says which setting to lower."
    try:
        yield
    except Exception as e:
        if not is_out_of_memory(e):
            raise
        b, s = profile.batch_size, profile.image_size
        what, first = ("image_size", s) if b == 1 else ("batch_size", b)
        half = max(1, first // 2)
        then = f", then image_size (now {s})" if b > 1 else ""
        raise MemoryError(
            f"The memory doesn't suffice for batches of {b} pictures of {s} x {s} pixels with "
            f"{profile.arch}. Lower {what} first, for example to {half}{then}: in settings.ini "
            f"under [{profile.name}], or with dataclasses.replace(profile, {what}={half})."
        ) from e


# ---- a loss that is no number ------------------------------------------------------------------
class TrainingDiverged(Told, RuntimeError):
    "The loss became NaN or infinite at `step`, counted from 0 over the whole training."

    def __init__(
        self,
        step: int,  # from 0, over the whole training
        epoch: int,  # in which it was
        kept: PathLike | None = None,  # the checkpoint from before
    ) -> None:
        self.step, self.epoch, self.kept = step, epoch, kept
        before = f"The checkpoint {kept} is from before that and still good. " if kept else ""
        then = ": with a lower one resume=True (--resume) goes on from this checkpoint."
        super().__init__(
            f"The loss is not a finite number at step {step} (epoch {epoch}), so the training "
            f"stopped. {before}Usual causes: a learning rate that is too high, fp16 where bf16 or "
            "fp32 is needed, or inputs that aren't finite. Lower learning_rate first "
            f"(--learning-rate in the command){then if kept else '.'}"
        )

    def __reduce__(self):  # so that a worker process can send it home
        return type(self), (self.step, self.epoch, self.kept)


def progress_bar(
    total: int,  # steps until it is full
    **kwargs: Any,  # for tqdm
) -> Any:  # with `.update(n)` and `.close()`
    "tqdm's bar."
    from tqdm import tqdm

    return tqdm(total=total, **kwargs)
