"""Crash points and races, beside tests/campaign_runs.py: python tests/campaign_faults.py --tries 20

Not collected by pytest. A crash point: a child process kills itself (kill -9) just before its k-th
operation on files. Children are forks of this process, so that a try costs a second and not the
import of a framework. Linux and macOS.
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
import traceback
from pathlib import Path

from campaign_runs import EXPORT, RUN, contents, draw, same

EVENTS = {
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.truncate",
    "os.link",
    "os.symlink",
    "shutil.rmtree",
}


def child(work, point=None):
    "Fork; the child does `work`, and kills itself before its point-th operation on files."
    pid = os.fork()
    if pid:
        return pid
    count, code = [0], 1

    def hook(event, args):
        writes = event == "open" and (
            isinstance(args[1], str)
            and set(args[1]) & set("wax+")
            or args[1] is None
            and args[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if not (writes or event in EVENTS):
            return
        count[0] += 1
        if count[0] == point:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        if not os.environ.get("CAMPAIGN_DEBUG"):
            os.dup2(null, 2)
        sys.addaudithook(hook)
        code = int(work() or 0)
        if point == -1:
            code = min(count[0], 255)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def ended(pid):
    "How a child ended: its exit status, or minus the signal."
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def mlc(*args):
    def work():
        from mlc_course.tools.cli import main

        return main([str(o) for o in args])

    return work


def exported_from(run, out):
    def work():
        from mlc_course.metrics import load_run
        from mlc_course.predictor import Predictor

        Predictor.save(out, load_run(run))

    return work


def cached(data, folder, **kw):
    def work():
        from mlc_course.data.pixels import cached_pixels
        from mlc_course.tables import open_dataset

        table, images = cached_pixels(open_dataset(str(data)), 24, folder=folder, **kw)
        return 0 if len(images) == len(table) == 90 else 3

    return work


def drawn(root, n, seed):
    def work():
        from mlc_course.postcards import make_postcards

        make_postcards(root, n, seed=seed, size=32, progress=False, workers=1)

    return work


class Campaign:
    def __init__(self, folder, tries, seed):
        self.folder, self.tries, self.random, self.rows = (
            Path(folder),
            tries,
            random.Random(seed),
            [],
        )
        self.data = draw(self.folder / "data")

    def note(self, test, tries, survived, remark=""):
        self.rows.append((test, tries, survived, remark))
        print(f"{test}: {survived} of {tries}. {remark}", flush=True)

    def points(self, prepare, work, tries):
        "Some of the crash points of a piece of work, with the first and the last ones."
        out = self.folder / "count"
        prepare(out)
        n = ended(child(work(out), -1))
        shutil.rmtree(out, ignore_errors=True)
        few = (
            range(1, n + 1)
            if n <= tries
            else sorted({1, n - 1, n, *self.random.sample(range(2, n - 1), tries - 3)})
        )
        return n, list(few)

    def crash(self, name, prepare, work, judge, share=1):
        "Kill at crash points; `judge` says what is wrong afterwards, or nothing."
        n, few = self.points(prepare, work, max(4, self.tries // share))
        good = kills = 0
        for k in few:
            out = self.folder / f"crash-{k}"
            prepare(out)
            kills += ended(child(work(out), k)) == -signal.SIGKILL
            wrong = judge(out)
            good += not wrong
            if wrong:
                print(f"  {name}, point {k} of {n}: {wrong}", flush=True)
            shutil.rmtree(out, ignore_errors=True)
        self.note(name, len(few), good, f"{n} points in all, {kills} kills")

    # ---- trainings
    def whole(self, framework):
        out = self.folder / f"whole-{framework}"
        if not out.exists():
            assert ended(child(self.train(framework)(out))) == 0
        return out

    def train(self, framework, *more):
        return lambda out: mlc(
            "train", self.data, "-f", framework, "-p", "smoke", "--epochs", 2, "-o", out, *more
        )

    def trained(self, framework):
        self.whole(framework)  # the pixels are cached from now on, as they are for each try

        def judge(out):
            if ended(child(self.train(framework, "--resume")(out))):
                return "--resume failed"
            if {p.name for p in out.iterdir()} != RUN | EXPORT:
                return f"files {sorted({p.name for p in out.iterdir()} ^ (RUN | EXPORT))}"
            if not same(self.whole(framework), out):
                return "another result"

        self.crash(
            f"mlc train ({framework}), crash points, then --resume: equal bit for bit",
            lambda out: None,
            self.train(framework),
            judge,
            share=4,
        )

    def forced(self):
        def judge(out):
            from mlc_course.metrics import load_run

            try:
                load_run(out)
            except Exception as e:
                return f"no run there: {e}"
            if ended(child(mlc("predict", out, self.data / "images" / "000.png"))):
                return "no predictor there"
            if ended(child(self.train("torch", "--force")(out))):
                return "--force failed"
            if {p.name for p in out.iterdir()} != RUN | EXPORT:
                return f"files {sorted({p.name for p in out.iterdir()} ^ (RUN | EXPORT))}"

        self.crash(
            "--force over a run, crash points: a whole run and predictor at once, and tidy after",
            lambda out: shutil.copytree(self.whole("torch"), out),
            self.train("torch", "--force"),
            judge,
            share=4,
        )

    # ---- the other writers
    def exports(self):
        def judge(out):
            if ended(child(mlc("predict", out, self.data / "images" / "000.png"))):
                return "not usable at once"
            if ended(child(exported_from(self.whole("torch"), out))):
                return "second export failed"
            if {p.name for p in out.iterdir()} != RUN | EXPORT:
                return f"files {sorted({p.name for p in out.iterdir()} ^ (RUN | EXPORT))}"

        self.crash(
            "export over a good predictor, crash points: usable at once, and tidy after",
            lambda out: shutil.copytree(self.whole("fastai"), out),
            lambda out: exported_from(self.whole("torch"), out),
            judge,
            share=2,
        )

    def drawings(self, old):
        right = self.folder / "right"
        if not right.exists():
            assert ended(child(drawn(right / "set", 24, 1))) == 0

        def prepare(out):
            if old:
                assert ended(child(drawn(out / "set", 12, 2))) == 0

        def judge(out):
            if ended(child(drawn(out / "set", 24, 1))):
                return "second drawing failed"
            a, b = contents(right), contents(out)
            a, b = ({k: v for k, v in o.items() if not k.endswith(".lock")} for o in (a, b))
            if a != b:
                return (
                    "differs in "
                    f"{sorted(set(a) ^ set(b))[:4] or [k for k in a if a[k] != b[k]][:4]}"
                )

        self.crash(
            f"draw {'over an older set' if old else 'a set'}, crash points, then again: equal, "
            "nothing left",
            prepare,
            lambda out: drawn(out / "set", 24, 1),
            judge,
        )

    def pixels(self):
        def prepare(out):
            out.mkdir()
            (out / "thesis.npy").write_bytes(b"mine")
            (out / "film.mkv.part").write_bytes(b"mine")
            os.utime(out / "film.mkv.part", (0, 0))

        def judge(out):
            if ended(child(cached(self.data, out, max_gb=0))):
                return "second one failed"
            if (out / "thesis.npy").read_bytes() != b"mine" or (
                out / "film.mkv.part"
            ).read_bytes() != b"mine":
                return "a file of others is gone"

        self.crash(
            "pixel cache among files of others, crash points",
            prepare,
            lambda out: cached(self.data, out, max_gb=0),
            judge,
        )

    # ---- at once
    def at_once(self, name, n, prepare, work, judge):
        good = 0
        for i in range(max(2, self.tries // 8)):
            out = self.folder / f"race-{i}"
            prepare(out)
            codes = [ended(o) for o in [child(work(out)) for _ in range(n)]]
            wrong = judge(out, codes)
            good += not wrong
            if wrong:
                print(f"  {name}: {codes} {wrong}", flush=True)
            shutil.rmtree(out, ignore_errors=True)
        self.note(name, max(2, self.tries // 8), good)

    def races(self):
        copy = lambda out: shutil.copytree(self.whole("torch"), out)
        fine = lambda out, codes: any(codes) and "one failed"
        one = lambda out, codes: (
            (codes.count(0) != 1 or not same(self.whole("torch"), out))
            and "not one of them, or mixed"
        )
        usable = lambda out, codes: (
            (any(codes) or ended(child(mlc("predict", out, self.data / "images" / "000.png"))))
            and "failed, or not usable"
        )
        self.at_once(
            "four trainings at once into a new folder: one, whole, the others refused",
            4,
            lambda out: None,
            self.train("torch"),
            one,
        )
        self.at_once("six evaluate at once", 6, copy, lambda out: mlc("evaluate", out), fine)
        self.at_once(
            "three exports into one folder",
            3,
            copy,
            lambda out: exported_from(self.whole("torch"), out),
            usable,
        )
        self.at_once(
            "four draw the same set",
            4,
            lambda out: out.mkdir(),
            lambda out: drawn(out / "set", 24, 1),
            fine,
        )
        self.at_once(
            "four fill the same pixel cache",
            4,
            lambda out: out.mkdir(),
            lambda out: cached(self.data, out),
            fine,
        )

    def loads(self, seconds):
        "Predictor.load while exports of two runs take turns."
        from mlc_course.ship.folder import read_folder

        out, a, b = self.folder / "turns", self.whole("torch"), self.whole("fastai")
        out.mkdir()

        def writer():
            import json

            from mlc_course.ship.folder import put

            both = [
                ((o / "model.onnx").read_bytes(), json.loads((o / "predictor.json").read_text()))
                for o in (a, b)
            ]
            while True:
                for data, spec in both:
                    put(out, data, spec)

        pid, end, good, n = child(writer), time.monotonic() + seconds, 0, 0
        while not (out / "model.onnx").exists():
            time.sleep(0.01)
        while time.monotonic() < end:
            n += 1
            try:
                good += bool(read_folder(out))
            except Exception as e:
                print(f"  load: {e}")
        os.kill(pid, signal.SIGKILL)
        ended(pid)
        self.note("a predictor is read while exports replace it", n, good)

    def full_disks(self):
        """Trainings on small disks in memory; then room is made, and --resume must give the same
        result.
        """
        good, full, n = 0, 0, max(3, self.tries // 4)
        self.whole("torch")
        for i in range(n):
            disk, size = self.folder / f"disk-{i}", self.random.randrange(1000, 11000)
            disk.mkdir()
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={size}k", "none", disk], check=True
            )
            try:
                code = ended(child(self.train("torch")(disk / "run")))
                full += code == 1
                subprocess.run(["mount", "-o", "remount,size=90m", disk], check=True)
                code = ended(child(self.train("torch", "--resume")(disk / "run")))
                wrong = (
                    code
                    or not same(self.whole("torch"), disk / "run")
                    or {p.name for p in (disk / "run").iterdir()} != RUN | EXPORT
                )
                good += not wrong
                if wrong:
                    print(
                        f"  a disk of {size} kB: exit {code}, "
                        f"{sorted(p.name for p in (disk / 'run').iterdir())}",
                        flush=True,
                    )
            finally:
                subprocess.run(["umount", disk], check=True)
        self.note(
            "mlc train on a full disk, then room and --resume: equal bit for bit",
            n,
            good,
            f"{full} full",
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--tries",
        type=int,
        default=20,
        help="crash points of what is quick; a fourth or an eighth of it for what trains or races",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--full-disk", action="store_true", help="this test only; start it by `unshare -m`, as root"
    )
    args = parser.parse_args()
    import torch

    torch.set_num_threads(1)

    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        os.environ["MLC_HOME"] = str(Path(folder) / "home")
        c = Campaign(folder, args.tries, args.seed)
        if args.full_disk:
            c.full_disks()
            return 0
        c.drawings(False)
        c.drawings(True)
        c.pixels()
        c.trained("torch")
        c.loads(5)
        c.exports()
        c.races()
        c.forced()
        c.trained("fastai")
        print("\n| test | tries | survived | remark |\n| --- | --- | --- | --- |")
        for r in c.rows:
            print("| " + " | ".join(map(str, r)) + " |")
        return 0 if all(n == good for _, n, good, _ in c.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
