"""200,000 small images through shards, in flat memory: `python tests/campaign_shards.py [N]`.

Not part of the suite. Prints images per second written and read, and memory against rows, for
PyTorch with 0, 1 and 2 workers and for tf.data; fails where memory reaches 1.5 GB or a row is lost.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

LIMIT = 1500  # MB, the reading process and its workers together
LABELS = ["red", "green", "blue", "dark"]


def draw(root, n):
    "n JPEG files of 24 px, whose labels say which channel is bright; an ImageTable of them."
    from PIL import Image

    from mlc_course.data.table import ImageTable

    rng, names, labels = np.random.default_rng(0), [], []
    for i in range(n):
        on = rng.random(3) < 0.4
        pixels = rng.integers(0, 120, (24, 24, 3)) + 120 * on
        name = f"{i // 1000:03d}/{i:06d}.jpg"
        (root / name).parent.mkdir(exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(root / name, quality=70)
        names.append(name)
        labels.append([k for k, o in zip(LABELS, [*on, not on.any()]) if o])
    splits = ["train" if i % 10 else "valid" for i in range(n)]
    return ImageTable.from_lists(names, labels, root, splits, vocab=LABELS)


def megabytes():
    "Memory of this process and its workers: what they share counts once for each of them."
    import psutil

    me = psutil.Process()
    return sum(p.memory_info().rss for p in [me, *me.children(recursive=True)]) / 1e6


def read(how, folder, size=24):
    "One epoch; prints the curve and the rate, gives the greatest memory."
    if how == "tf":
        from mlc_course.shards.images_tf import shards_tf

        batches = shards_tf(folder, "train", size, buffer=2000).batch(256)
    else:
        from mlc_course.shards.images_torch import ShardImages, ShardLoader

        data = ShardImages(folder, "train", size, buffer=2000)
        batches = ShardLoader(data, 256, int(how))
    rows, peak, curve, ones, began = 0, 0.0, [], 0, time.perf_counter()
    for number, (images, targets) in enumerate(batches):
        rows += len(images)
        ones += int(np.asarray(targets).sum())
        if number % 20 == 0:
            peak = max(peak, now := megabytes())
            if number % 100 == 0:
                curve.append(f"{rows}:{now:.0f}")
    rate = rows / (time.perf_counter() - began)
    print(f"{how}: {rows} rows, {ones} labels, {rate:.0f} images/s, peak {peak:.0f} MB", flush=True)
    print("   rows:MB", " ".join(curve), flush=True)
    assert peak < LIMIT, f"{peak:.0f} MB"
    return rows, ones


def main(n):
    from mlc_course.shards.plan import shuffle_reach
    from mlc_course.shards.write import write_shards

    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        (scratch / "images").mkdir()
        table = draw(scratch / "images", n)
        began = time.perf_counter()
        manifest = write_shards(table, scratch / "shards", 5000)
        rate = n / (time.perf_counter() - began)
        print(f"written: {rate:.0f} images/s, {len(manifest.shards)} shards", flush=True)
        rows = manifest.counts()["train"]
        print(f"reach of the shuffle, buffer 2000: {shuffle_reach(rows, 2000)} rows", flush=True)
        print(f"expected: {rows} rows, {int(table.targets('train').sum())} labels", flush=True)
        for how in ("0", "1", "2", "tf"):
            line = [sys.executable, __file__, "--read", how, str(scratch / "shards"), str(rows)]
            subprocess.run(line, check=True)


if __name__ == "__main__":
    if "--read" in sys.argv:
        how, folder, rows = sys.argv[2:]
        found, _ = read(how, folder)
        assert found == int(rows), f"{found} rows of {rows}"
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
