"One image size of `mlc bench train`: our loop, input, head and scores beside the plain recipe's."

import importlib.util
import tempfile
import time

import numpy as np

from mlc_course.tools.bench.child import in_child
from mlc_course.tools.bench.core import Row, once
from mlc_course.tools.bench.plain import PLAIN, count_images, plain_rates
from mlc_course.tools.bench.steps import Fixed, epoch_rate, state_of


class AtSize:
    "What is measured once and stands in several rows."

    def __init__(
        self,
        report,  # a `Report`: the rows go there
        whole,  # the table whose training is added up
        table,  # the part of it that is timed
        profile,  # a `Profile`
        rounds,  # how often what is short is timed
        say,  # is told what is going on
    ):
        self.report, self.whole, self.table, self.profile = report, whole, table, profile
        self.rounds, self.say, self.at = rounds, say, f"{profile.image_size} px"
        self.n = table.counts()["train"]

    def add(self, *args, **kwargs):
        "One more row."
        self.report.rows.append(Row(*args, **kwargs))

    def measure(self):
        "All rows but those of the other frameworks."
        from mlc_course.tools.memory import keep_memory
        from mlc_course.train_torch import make_data

        self.say(f"... {self.at}: cache")
        self.cache_s = self.cache_seconds()
        self.data = make_data(self.table, self.profile)
        self.say(f"... {self.at}: plain recipe")
        # in a process of its own, with the C library's memory as it comes; ours may ask it to keep
        # freed blocks
        found = in_child(plain_rates, self.table, self.profile, min(self.n, 1024))
        self.input, self.strong_input, self.plain, self.strong, self.plain_valid = found
        self.say(f"... {self.at}: our loop and its ceiling, in turn")
        keep_memory()
        self.state = state_of(self.table.vocab, self.profile, 10_000)
        self.loop()
        self.crops()
        self.say(f"... {self.at}: the head on cached features")
        self.head()
        self.scores()
        self.whole_training()

    def cache_seconds(self):
        "Seconds an image, decoded from nothing."
        from mlc_course.pixels import cached_pixels

        with tempfile.TemporaryDirectory() as tmp:
            size = self.profile.image_size
            return once(lambda: cached_pixels(self.table, size, folder=tmp)) / len(self.table)

    def loop(self):
        "The loop beside the plain recipe and beside its ceiling."
        batches = self.data["train"]
        fixed = Fixed(batches)
        epoch_rate(self.state, fixed)
        pairs = [
            (epoch_rate(self.state, batches), epoch_rate(self.state, fixed))
            for _ in range(self.rounds)
        ]
        pairs = np.array(pairs)
        self.ours, self.ceiling = np.median(pairs, axis=0)
        share = float(np.median(pairs[:, 0] / pairs[:, 1]))
        self.add(
            f"torch loop, {self.at}: {self.ours:,.0f} images/s",
            f"{PLAIN}: {self.plain:,.0f} images/s",
            1 / self.ours,
            1 / self.plain,
            note="same flip and shift in both, seconds an image; with the article's affine "
            f"transform the plain recipe does {self.strong:,.0f} images/s.",
        )
        self.add(
            f"torch loop, {self.at}",
            f"one batch in memory: {self.ceiling:,.0f} images/s",
            1 / self.ours,
            1 / self.ours * share,
            "95 % of it or more",
            share >= 0.95,
            f"{share:.1%}, the median of {self.rounds} pairs.",
        )

    def crops(self):
        "The input alone, each image cropped anew."
        from mlc_course.train_torch import ImageBatches

        batches = self.data["train"]
        images, targets, rows = (
            o.cpu().numpy() for o in (batches.images, batches.targets, batches.rows)
        )
        how = dict(train=True, rows=rows, min_scale=0.35, device=batches.device)
        crops = ImageBatches(images, targets, self.profile.batch_size, **how)
        rates = []
        for b in (crops, batches):
            count_images(b)
            seconds = [once(lambda b=b: count_images(b)) for _ in range(self.rounds)]
            rates.append(self.n / np.median(seconds))
        crop, shift = rates
        self.add(
            f"input with a random resized crop each, {self.at}: {crop:,.0f} images/s",
            f"input of {PLAIN}: {self.strong_input:,.0f} images/s",
            1 / crop,
            1 / self.strong_input,
            "20 times or more",
            crop / self.strong_input >= 20,
            f"beside the plain recipe with flip and shift ({self.input:,.0f} images/s) "
            f"{crop / self.input:.1f} times; our flip and shift {shift:,.0f} images/s.",
        )

    def head(self):
        "One more pass of the head over features that are computed once."
        from mlc_course.training.frozen import body_features, fit_logistic

        train = self.table.targets("train")
        images = self.data["train"].images.cpu().numpy()
        images = images[self.data["train"].rows.cpu().numpy()]
        start = time.perf_counter()
        features = body_features(self.state.model, images)
        self.feature_s = (time.perf_counter() - start) / self.n
        fit_logistic(features, train, passes=5)
        start = time.perf_counter()
        passes = fit_logistic(features, train)[2]
        self.head_rate = passes * self.n / (time.perf_counter() - start)
        self.add(
            f"a later pass of the head, {self.at}: {self.head_rate:,.0f} images/s",
            f"{PLAIN}: {self.plain:,.0f} images/s",
            1 / self.head_rate,
            1 / self.plain,
            "300 times or more",
            self.head_rate / self.plain >= 300,
            f"{passes} passes in all.",
        )

    def scores(self):
        "Loss, macro F1 and mAP of an epoch, spread over its steps."
        from mlc_course.metrics import epoch_scores
        from mlc_course.training.torch_loop import probs_of

        def judge():
            return probs_of(self.state.model, self.data["valid"], self.state.precision)

        probs, targets, steps = judge(), self.table.targets("valid"), len(self.data["train"])
        self.valid_s = once(judge)
        times = [once(lambda: epoch_scores(probs, targets)) for _ in range(self.rounds)]
        self.scores_s = np.median(times)
        overhead = self.scores_s / steps * self.ours / self.profile.batch_size
        self.add(
            f"scores of an epoch, a step's share, {self.at}",
            "a step",
            self.scores_s / steps,
            self.profile.batch_size / self.ours,
            "below 1 % of a step",
            overhead < 0.01,
            f"{overhead:.2%}: loss, macro F1 and mAP over the whole validation split, once an "
            "epoch.",
        )

    def whole_training(self):
        "All epochs on the whole table, added up from what was measured."
        counts, e = self.whole.counts(), self.profile.epochs
        n, valid = counts["train"], counts["valid"]
        plain = e * (n / self.plain + valid / self.plain_valid)
        judged = valid * (self.valid_s + self.scores_s) / len(self.table.paths("valid"))
        first = len(self.whole) * self.cache_s + n * self.feature_s + 100 * n / self.head_rate
        ours = first + e * (n / self.ours + judged)
        self.add(
            f"{e} epochs of {n:,} images, {self.at}, all included",
            PLAIN,
            ours,
            plain,
            "4 times or more",
            plain / ours >= 4,
            "decoding into the cache, the head first, all epochs and their scores; added up from "
            "the times above.",
        )

    def other(self, framework):
        "Images a second of the best of three epochs of another trainer, in a process of its own."
        name, beside = f"{framework} trainer, {self.at}", f"{PLAIN}: {self.plain:,.0f} images/s"
        if importlib.util.find_spec(framework) is None:
            return self.add(name, PLAIN, note=f"{framework} isn't installed.")
        self.say(f"... {self.at}: {framework}")
        try:
            rate = self.n / in_child(epoch_seconds, framework, self.table, self.profile)
        except RuntimeError as e:
            return self.add(name, PLAIN, note=f"failed: {e}")
        self.add(
            f"{name}: {rate:,.0f} images/s",
            beside,
            1 / rate,
            1 / self.plain,
            note="the best of epochs 2 and 3, scores included; "
            f"{rate / self.ceiling:.0%} of the torch ceiling.",
        )


def epoch_seconds(framework, table, profile):
    "Seconds of the faster of epochs 2 and 3 of a trainer, scores included."
    from dataclasses import replace

    from mlc_course.tools.memory import keep_memory
    from mlc_course.training.head_only import trainer_of

    keep_memory()
    profile = replace(profile, epochs=3, freeze_epochs=0)
    run = trainer_of(framework).train(table, profile, progress=False)
    return float(run.history["seconds"][1:].min())
