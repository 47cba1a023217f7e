"Work shared among processes that end with this one. Where none can be had, it is done here."

import multiprocessing
import os
import signal
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial

from ..errors import sent_home

# what the start of a process may raise: no semaphores, no /dev/shm, too many processes
CANT_START = (OSError, ImportError, NotImplementedError, RuntimeError)


class NoProcesses(Exception):
    "Other processes can't be had, or they died."


def end_with_parent(
    pid: int | None = None,  # of the parent; not needed in a process that multiprocessing started
):
    "In a worker: end this process when the one that started it is gone, even if that was killed."
    parent = multiprocessing.parent_process()
    if parent is not None:
        waiting = parent.join
    elif pid is not None and os.name == "posix":
        waiting = partial(_adopted, pid)
    else:
        return
    threading.Thread(target=_end_after, args=(waiting,), daemon=True).start()


def _adopted(pid):
    "Return when this process has another parent than `pid`."
    while os.getppid() == pid:
        time.sleep(0.5)


def _end_after(waiting):
    waiting()
    os._exit(1)


def _begin():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that collects
    end_with_parent()


@contextmanager
def _without_main():
    "New processes shall not run the caller's script again: they need the work's own module only."
    main, kept = sys.modules["__main__"], {}
    for name in ("__file__", "__spec__"):
        if name in main.__dict__:
            kept[name] = main.__dict__.pop(name)
    main.__spec__ = None
    try:
        yield
    finally:
        main.__dict__.pop("__spec__", None)
        main.__dict__.update(kept)


def _told(work, piece):
    "In a worker: what `work` gives; an error that is for the reader says so at home too."
    with sent_home():
        return work(piece)


def _start(work, todo, workers):
    "The pool, and the number of the piece by future."
    pool = None
    try:
        pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin)
        with _without_main():
            return pool, {pool.submit(_told, work, piece): i for i, piece in todo.items()}
    except CANT_START as e:
        if pool:
            pool.shutdown(wait=False, cancel_futures=True)
        raise NoProcesses from e


def _shared(work, todo, workers):
    pool, futures = _start(work, todo, workers)
    try:
        for future in as_completed(futures):
            try:
                done = future.result()
            except BrokenProcessPool as e:
                raise NoProcesses from e
            yield futures[future], done
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_processes(
    work,  # a function of a module (or a partial of one) that takes a piece
    pieces: list,  # of anything that can be pickled
    workers: int,  # processes; 1: this one
):  # yields (number of the piece, what `work` gave), in the order in which they are done
    "Let `workers` processes do `work` for every piece; what they can't do is done in this process."
    todo = dict(enumerate(pieces))
    if workers > 1:
        try:
            for i, done in _shared(work, dict(todo), workers):
                del todo[i]
                yield i, done
        except NoProcesses:
            pass
    for i, piece in todo.items():
        yield i, work(piece)
