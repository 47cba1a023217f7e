"What a framework says of this machine, asked in a process of its own."

# Whatever imports a framework does it in a process of its own: an abort or a hang there is a line
# of the report.
import json
import os
import subprocess
import sys
import time

from mlc_course.machine import quiet_threads

TIMEOUT = 60  # seconds for one probe
TORCH = """
import torch, torchvision
cuda = torch.cuda.is_available()
names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if cuda else []
tell('torch', cuda=names, mps=bool(torch.backends.mps.is_available()),
     threads=torch.get_num_threads(), built_for_cuda=torch.version.cuda)
"""


TENSORFLOW = """
import tensorflow as tf
tell('tensorflow', gpus=[d.name for d in tf.config.list_physical_devices('GPU')])
"""


TELL = """
import json
def tell(name, **facts): print('@' + json.dumps({name: facts}), flush=True)
"""


def probe(
    code: str,  # Python source that may call tell(name, **facts)
    timeout: float = TIMEOUT,  # seconds
) -> dict:  # ok, facts, error
    "Run `code` in a fresh Python and say how that went."
    env = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="3", PYTHONUTF8="1")
    quiet_threads(env)
    started = time.perf_counter()
    try:
        done = subprocess.run(
            [sys.executable, "-c", TELL + code],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            env=env,
        )
    except subprocess.TimeoutExpired:
        return dict(ok=False, facts={}, error=f"no answer within {timeout:.0f} s", seconds=timeout)
    facts = {
        k: v
        for line in done.stdout.splitlines()
        if line.startswith("@")
        for k, v in json.loads(line[1:]).items()
    }
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    error = (
        ""
        if done.returncode == 0
        else (lines[-1].strip()[:200] if lines else f"exit code {done.returncode}")
    )
    if done.returncode < 0:
        error = f"aborts (signal {-done.returncode})" + (f": {error}" if lines else "")
    return dict(
        ok=done.returncode == 0,
        facts=facts,
        error=error,
        seconds=round(time.perf_counter() - started, 1),
    )
