"A function of the bench in a process of its own, where nothing else was measured before."

import json
import os
import pickle
import subprocess
import sys
import tempfile

from mlc_course.machine import quiet_threads

CHILD = """
import sys, json, pickle
from mlc_course.data.workers import end_with_parent
end_with_parent(int(sys.argv[2]))
function, args = pickle.load(open(sys.argv[1], "rb"))
print("RESULT", json.dumps(function(*args)))
"""


def in_child(
    function,  # of a module
    *args,
):  # what it gives, by way of JSON
    "RuntimeError with the last line of its complaint if it fails."
    with tempfile.NamedTemporaryFile(suffix=".pkl", delete=False) as f:
        pickle.dump((function, args), f)
    try:
        done = subprocess.run(
            [sys.executable, "-c", CHILD, f.name, str(os.getpid())],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=quiet_threads(dict(os.environ)),
        )
    finally:
        os.unlink(f.name)
    try:
        return json.loads(done.stdout.rpartition("RESULT")[2])
    except ValueError:
        said = done.stderr.strip().splitlines()
        raise RuntimeError(said[-1] if said else "no output") from None
