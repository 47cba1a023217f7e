"""A thousand image files of every kind, through Python and through the page in Chromium.

Not collected by pytest. Run by hand: python tests/campaign_web.py PREDICTOR [N] [SEED]
"""

import collections
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from web_kit import chromium_path, compare, serving, write_images

from mlc_course.predictor import Predictor
from mlc_course.web.folder import write_web


def main(folder, n=1000, seed=0):
    "Print a line for each kind of file."
    predictor, rows = Predictor.load(folder), collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as p:
        root = Path(place)
        write_web(folder, root / "page")
        files = write_images(root / "page" / "files", n, seed)
        browser = p.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        with serving(root) as url:
            page = browser.new_page()
            page.goto(url + "page/")
            for kind, path in files:
                row = compare(page, predictor, f"{url}page/files/{path.name}", path)
                rows[kind].append(row)
                if row[1] or row[2] > 1e-5 or row[0] in ("labels differ", "only Python refuses"):
                    print("!", kind, path.name, *row)
        browser.close()
    report(rows)


def report(rows):
    for kind, seen in rows.items():
        for why in sorted({o[3] for o in seen if o[3]}):
            print(f"{kind}: {why}")
    print(f"{'kind':40}{'files':>6}{'equal':>6}{'refused':>8}{'labels':>7}{'bytes':>9}{'dp':>10}")
    total = [0] * 5 + [0.0]
    for kind, seen in rows.items():
        of = collections.Counter(o[0] for o in seen)
        refused = of["refused"] + of["both refuse"]
        wrong = of["labels differ"] + of["only Python refuses"]
        line = [len(seen), of["equal"], refused, wrong, sum(o[1] for o in seen)]
        largest = max(o[2] for o in seen)
        total = [a + b for a, b in zip(total, line)] + [max(total[5], largest)]
        print(f"{kind:40}" + "{:6}{:6}{:8}{:7}{:9}{:10.1e}".format(*line, largest))
    print(f"{'all':40}" + "{:6}{:6}{:8}{:7}{:9}{:10.1e}".format(*total))


if __name__ == "__main__":
    main(sys.argv[1], *(int(o) for o in sys.argv[2:]))
