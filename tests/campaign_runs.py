"""Faults on purpose, at random, as often as asked for: python tests/campaign_runs.py --tries 20

Not collected by pytest. Every test runs `mlc train` (PyTorch, small images) in processes of its
own, breaks it, and counts what survived. The table at the end is that of a run; --seed repeats it,
as far as the moments of kills allow.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from mlc_course.metrics import load_run
from mlc_course.training.ours import strangers

COLOURS = {"blue": (40, 60, 230), "green": (40, 200, 60), "red": (230, 40, 50)}
RUN = {"history.csv", "model.json", "model.safetensors", "predictions-valid.npz", "run.json"}
EXPORT = {"model.onnx", "predictor.json"}


def draw(root, n=90):
    "Coloured squares on noise, in a folder that read_folder knows."
    (root / "images").mkdir(parents=True)
    rng, rows = np.random.default_rng(0), ["fname,labels,split"]
    for i in range(n):
        image = rng.integers(90, 150, (32, 32, 3), dtype=np.uint8)
        labels = [o for o in COLOURS if rng.random() < 0.4]
        for name in labels:
            y, x = rng.integers(0, 22, 2)
            image[y : y + 10, x : x + 10] = COLOURS[name]
        Image.fromarray(image).save(root / "images" / f"{i:03}.png")
        rows.append(f"{i:03}.png,{'|'.join(labels)},{'valid' if i % 3 == 0 else 'train'}")
    (root / "labels.csv").write_text("\n".join(rows) + "\n")
    return root


def command(data, out, *more):
    code = (
        "import torch; torch.set_num_threads(1); import sys; from mlc_course.tools.cli import "
        "main; sys.exit(main(sys.argv[1:]))"
    )
    return [
        sys.executable,
        "-c",
        code,
        "train",
        str(data),
        "-f",
        "torch",
        "-p",
        "smoke",
        "--epochs",
        "20",
        "-o",
        str(out),
        *more,
    ]


def start(*args):
    return subprocess.Popen(
        command(*args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(*args):
    done = subprocess.run(command(*args), capture_output=True, text=True, timeout=600)
    return done.returncode, done.stdout + done.stderr


def same(a, b):
    "Whether two runs are equal bit for bit, but for their seconds."
    a, b = load_run(a), load_run(b)
    history = a.history.drop(columns="seconds").equals(b.history.drop(columns="seconds"))
    return (
        history
        and np.array_equal(a.predictions["valid"].probs, b.predictions["valid"].probs)
        and (a.out / "model.safetensors").read_bytes() == (b.out / "model.safetensors").read_bytes()
    )


def contents(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


class Campaign:
    def __init__(self, folder, tries, seed):
        self.folder, self.tries, self.random, self.rows = (
            Path(folder),
            tries,
            random.Random(seed),
            [],
        )
        self.data = draw(self.folder / "data")
        self.whole = self.folder / "whole"
        began = time.monotonic()
        code, said = run(self.data, self.whole)
        assert code == 0, said
        self.seconds = time.monotonic() - began

    def note(self, test, tries, survived, remark=""):
        self.rows.append(dict(test=test, tries=tries, survived=survived, remark=remark))
        print(f"{test}: {survived} of {tries}. {remark}", flush=True)

    def wait_for_a_moment(self, child, out):
        """Some time after the command began, its first checkpoint, or its run.json: so that each
        stage is met, on a busy machine too.
        """
        sign, most = self.random.choice(
            [(None, 4.0), ("checkpoint.pt", 0.6), ("checkpoint.pt", 0.6), ("run.json", 3.0)]
        )
        before = (out / "run.json").exists()
        while (
            sign
            and child.poll() is None
            and not (out / ".new-run" / sign if before else out / sign).exists()
        ):
            time.sleep(0.002)
        time.sleep(self.random.uniform(0, most))

    def killed_anywhere(self, *more, prepare=None, check=None, name):
        "kill -9 at a random moment, then --resume until it says that it is done."
        good, kills, stages = 0, 0, {}
        for i in range(self.tries):
            out = self.folder / f"{name}-{i}"
            if prepare:
                prepare(out)
            child = start(self.data, out, *more)
            self.wait_for_a_moment(child, out)
            child.kill()
            child.communicate()
            kills += child.returncode == -signal.SIGKILL
            where = out / ".new-run" if (out / ".new-run").is_dir() else out
            stage = (
                "before the mark"
                if not where.is_dir() or not (where / "training.json").exists()
                else "exporting"
                if (where / "run.json").exists()
                else "training"
            )
            if prepare and not load_run(out).history.shape[0]:
                continue
            stages[stage] = stages.get(stage, 0) + 1
            code, said = (
                run(self.data, out, "--resume")
                if not prepare or where != out or stage != "before the mark"
                else run(self.data, out, "--force")
            )
            names = {p.name for p in out.iterdir()} if out.is_dir() else set()
            ok = code == 0 and names == RUN | EXPORT and same(self.whole, out)
            good += ok
            if not ok:
                print(
                    f"  try {i} ({stage}): exit {code}, "
                    f"{sorted(names ^ (RUN | EXPORT))}\n{said[-600:]}"
                )
            shutil.rmtree(out, ignore_errors=True)
        self.note(
            name,
            self.tries,
            good,
            f"{kills} kills: " + ", ".join(f"{n} {s}" for s, n in sorted(stages.items())),
        )

    def foreign(self):
        """--force into folders where a stranger's file or folder lies: all of it must be there
        afterwards.
        """
        names, good = (
            [
                "notes.txt",
                "src/main.py",
                "film.mkv.part",
                "predictions-mine.npz",
                "checkpoint/thesis.doc",
                "model.pt",
                ".git/HEAD",
            ],
            0,
        )
        for i in range(self.tries):
            out, name = self.folder / "foreign", self.random.choice(names)
            shutil.copytree(self.whole, out)
            (out / name).parent.mkdir(exist_ok=True)
            (out / name).write_text("mine")
            if self.random.random() < 0.3:
                (out / "run.json").write_text('{"app": "another"}')
            before = contents(out)
            code, said = run(self.data, out, "--force")
            good += code == 1 and contents(out) == before and "othing was changed" in said
            shutil.rmtree(out)
        self.note("--force where a stranger's file lies", self.tries, good)

    def typing_error(self):
        good, out = 0, self.folder / "typing"
        shutil.copytree(self.whole, out)
        for i in range(self.tries):
            before = contents(out)
            code, _ = run(self.folder / "dtaa", out, "--force")
            good += code == 1 and contents(out) == before
        self.note("--force with a typing error in the data's name", self.tries, good)

    def two_at_once(self, *more, prepare=None, name):
        good = 0
        for i in range(self.tries):
            out = self.folder / f"two-{name}-{i}"
            if prepare:
                prepare(out)
            children = [start(self.data, out, *more)]
            time.sleep(self.random.choice([0, 0, 0.3, 1.0]))
            children.append(start(self.data, out, *more))
            said = ["".join(c.communicate()) for c in children]
            codes = sorted(c.returncode for c in children)
            ok = codes == [0, 1] and same(self.whole, out) and "Traceback" not in "".join(said)
            if more == ("--force",):
                ok = ok or codes == [0, 0]  # one after the other is allowed
            good += ok and not strangers(out) and same(self.whole, out)
            if not ok:
                print(f"  try {i}: {codes}\n{said[0][-300:]}\n{said[1][-300:]}")
            shutil.rmtree(out, ignore_errors=True)
        self.note(f"two trainings at once, {name}", self.tries, good)

    def stopped(self):
        "A folder whose training was killed with a checkpoint in it."
        out = self.folder / "stopped"
        if out.is_dir():
            return out
        child = start(self.data, out)
        while not (out / "checkpoint.pt").is_file() and child.poll() is None:
            time.sleep(0.005)
        child.kill()
        child.communicate()
        assert (out / "checkpoint.pt").is_file() and not (out / "run.json").exists()
        return out

    def other_data(self):
        good, kinds = 0, ["labels", "images", "splits", "names"]
        for kind in kinds:
            data, out = self.folder / f"data-{kind}", self.folder / f"other-{kind}"
            shutil.copytree(self.data, data)
            shutil.copytree(self.stopped(), out)
            df = pd.read_csv(data / "labels.csv", dtype=str, keep_default_na=False)
            if kind == "labels":
                df["labels"] = np.roll(df["labels"], 1)
            if kind == "splits":
                df["split"] = df["split"].map(dict(train="valid", valid="train"))
            if kind == "names":
                for o in df["fname"]:
                    (data / "images" / o).rename(data / "images" / f"a{o}")
                df["fname"] = "a" + df["fname"]
            if kind == "images":
                a, b = data / "images" / "001.png", data / "images" / "002.png"
                a.rename(data / "x")
                b.rename(a)
                (data / "x").rename(b)
            df.to_csv(data / "labels.csv", index=False)
            code, said = run(data, out, "--resume")
            good += code == 1 and "trained on other data" in said
        self.note("--resume with other data", len(kinds), good, ", ".join(kinds))

    def damaged(self):
        good, out = 0, self.folder / "damaged"
        shutil.copytree(self.stopped(), out)
        path = out / "checkpoint.pt"
        whole = path.read_bytes()
        for i in range(self.tries):
            bad, at = bytearray(whole), self.random.randrange(len(whole))
            bad[at] ^= 1 << self.random.randrange(8)
            path.write_bytes(
                self.random.choice([bytes(bad)] * 4 + [whole[:at], os.urandom(3000), b""])
            )
            code, said = run(self.data, out, "--resume")
            good += (
                code == 1
                and "checkpoint.pt" in said
                and "Traceback" not in said
                and "weights_only" not in said
            )
        path.write_bytes(whole)
        code, _ = run(self.data, out, "--resume")
        self.note(
            "--resume from a damaged checkpoint",
            self.tries,
            good,
            f"and with the whole one again: exit {code}, "
            f"{'equal' if same(self.whole, out) else 'not equal'}",
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=20, help="of each random test")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        os.environ.setdefault("MLC_HOME", str(Path(folder) / "home"))
        c = Campaign(folder, args.tries, args.seed)
        print(f"an undisturbed training takes {c.seconds:.1f} s", flush=True)
        c.killed_anywhere(name="kill -9, then --resume, equal bit for bit")
        c.killed_anywhere(
            "--force",
            prepare=lambda out: shutil.copytree(c.whole, out),
            name="kill -9 of --force over a run; old or new usable",
        )
        c.foreign()
        c.typing_error()
        c.two_at_once(name="a new folder")
        c.two_at_once(
            "--resume", prepare=lambda out: shutil.copytree(c.stopped(), out), name="--resume"
        )
        c.other_data()
        c.damaged()
        print("\n| test | tries | survived | remark |\n| --- | --- | --- | --- |")
        for r in c.rows:
            print("| " + " | ".join(str(v) for v in r.values()) + " |")
        return 0 if all(r["tries"] == r["survived"] for r in c.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
