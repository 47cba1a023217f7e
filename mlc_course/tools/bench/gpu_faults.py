"The third part of `mlc bench gpu`: killed and resumed, out of memory, a loss that is no number."

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

CHILD = """
import os, signal, sys
from dataclasses import replace
from mlc_course import load_profile, open_dataset, train_torch
root, out, kill, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
def die(row, model):
    if len(seen) == kill: os.kill(os.getpid(), signal.SIGKILL)
    seen.append(row)
seen = []
profile = replace(load_profile("smoke"), epochs=4, image_size=size)
table, again = open_dataset(root), os.path.isdir(out)
run = train_torch.train(table, profile, out=out, resume=again, on_epoch=die)
print("MAP", list(run.history["valid_map"]))
"""


def _child(root, out, kill, size):
    "Train in a process that kills itself in epoch `kill`; what it printed."
    command = [sys.executable, "-c", CHILD, str(root), str(out), str(kill), str(size)]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout.rpartition("MAP")[2].strip()


def _told(work, wanted):
    "The sentence of the error that was wanted, or what came instead."
    try:
        work()
    except wanted as e:
        return dict(told=True, sentence=str(e))
    except Exception as e:
        return dict(told=False, sentence=f"{type(e).__name__}: {e}")
    return dict(told=False, sentence="no error")


def faults(size=32, n=200):  # yields a row for each fault
    "Killed and resumed, out of memory, a loss that is no number: each in the torch trainer."
    import torch

    from mlc_course import load_profile, make_postcards, open_dataset, train_torch
    from mlc_course.safety import TrainingDiverged

    profile = replace(load_profile("smoke"), image_size=size)
    with tempfile.TemporaryDirectory() as tmp:
        root, tmp = Path(tmp) / "cards", Path(tmp)
        make_postcards(root, n, seed=0, size=size, layout="pascal")
        _, whole = _child(root, tmp / "whole", 99, size)
        code, _ = _child(root, tmp / "killed", 2, size)
        _, resumed = _child(root, tmp / "killed", 99, size)
        same = bool(whole) and whole == resumed
        yield dict(fault="killed in epoch 2, resumed", killed=code == -9, same_history=same)

        def full(logits, targets):
            if torch.cuda.is_available():
                torch.empty(2**50, dtype=torch.uint8, device=logits.device)
            raise torch.OutOfMemoryError("injected: there is no GPU to fill")

        def spoilt(logits, targets):
            return logits.sum() * float("nan")

        for fault, loss, wanted in (
            ("out of memory", full, (MemoryError, RuntimeError)),
            ("a loss that is no number", spoilt, TrainingDiverged),
        ):
            table = open_dataset(root)
            told = _told(lambda: train_torch.train(table, profile, loss=loss), wanted)
            yield dict(fault=fault, **told)
