"Answers that readers gave and that were judged wrongly, or without saying what was the matter."

import io
import json

import numpy as np
import pytest
from checks_kit import passes, says

from mlc_course.tools import checks

torch = pytest.importorskip("torch")
from torch.nn import functional as F  # noqa: E402


def test_groups_that_are_generators_are_one_group_to_fastai():
    generators = lambda m: [m[0][:2].parameters(), m[0][2:].parameters(), m[1].parameters()]
    says(checks.three_groups, generators, "put list(...) round each")

    def my_splitter(m):
        return [list(g) for g in generators(m)]

    my_splitter.__qualname__ = "my_splitter"
    says(checks.three_groups, lambda m: my_splitter(m), "a lambda has no name")


def test_batchnorm_below_the_first_level_is_looked_for():
    norms = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)
    count = lambda o: sum(p.numel() for p in o.parameters())
    flat = lambda m: sum(count(o) for o in m[0] if isinstance(o, norms)) + count(m[1])
    says(checks.trainable_while_frozen, flat, "stand directly in the body")


def step(loss):
    def my_step(model, optimiser, x, y):
        model.train()
        optimiser.zero_grad()
        value = loss(model(x), y)
        value.backward()
        optimiser.step()
        return value.item()

    return my_step


def test_a_sigmoid_and_a_logarithm_are_not_a_loss_of_logits():
    passes(checks.training_step, step(F.binary_cross_entropy_with_logits))
    passes(checks.training_step, step(torch.nn.BCEWithLogitsLoss()))
    twice = lambda z, y: F.binary_cross_entropy(z.sigmoid(), y)
    says(checks.training_step, step(twice), "lose large logits")


class Parts(torch.utils.data.Dataset):
    def __init__(self, paths, labels, vocab):
        self.paths, self.labels, self.vocab = paths, labels, vocab

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        from PIL import Image

        with Image.open(self.paths[i]) as image:
            pixels = np.array(image.convert("RGB"))
        x = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
        return x, torch.tensor([float(self.there(v, self.labels[i])) for v in self.vocab])

    def there(self, name, labels):
        return name in " ".join(labels)


class Names(Parts):
    def there(self, name, labels):
        return name in labels


def test_a_label_that_is_a_part_of_another_is_not_there():
    says(checks.table_dataset, Parts, "part of 'boat'")
    passes(checks.table_dataset, Names)


def test_a_pipeline_in_float64_or_out_of_order_is_refused():
    tf = pytest.importorskip("tensorflow")

    def data(images, targets, batch_size, cast="float32", options=None):
        x = images / 255 if cast is None else images.astype(cast) / np.asarray(255, cast)
        out = tf.data.Dataset.from_tensor_slices((x, targets.astype("float32"))).batch(batch_size)
        return out if options is None else out.with_options(options)

    loose = tf.data.Options()
    loose.deterministic = False
    passes(checks.valid_pipeline, data)
    says(checks.valid_pipeline, lambda *a: data(*a, cast=None), "come out as float64")
    says(checks.valid_pipeline, lambda *a: data(*a, options=loose), "deterministic=False")
    says(checks.unit_range, lambda x: x / 127.5 - 1, "float64")
    passes(checks.unit_range, lambda x: x.astype("float32") / 127.5 - 1)


def test_keras_momentum_as_the_share_of_the_old():
    def mine(old, x, momentum):
        var = x.var((0, 1, 2))
        n = x.size / x.shape[-1]
        theirs = momentum * old + (1 - momentum) * var
        return (1 - momentum) * old + momentum * var * n / (n - 1), theirs

    says(checks.running_variances, mine, "Keras' variance takes the momentum")


def test_a_difference_with_a_sign_against_one_without():
    from itertools import combinations

    def mine(a, b):
        both, seen = [*a, *b], abs(np.mean(a) - np.mean(b))
        found = []
        for rows in combinations(range(len(both)), len(a)):
            rest = [o for i, o in enumerate(both) if i not in rows]
            found.append(np.mean([both[i] for i in rows]) - np.mean(rest) >= seen - 1e-12)
        return np.mean(found)

    says(checks.chance_of_seeds, mine, "has a sign in yours")


def test_the_gradient_of_the_first_image_alone():
    def mine(A, logits, c):
        (g,) = torch.autograd.grad(logits[0, c], A)
        return torch.relu((g.mean((2, 3), keepdim=True) * A).sum(1))

    says(checks.grad_cam, mine, "first image alone")


def test_bytes_that_are_taken_for_a_name():
    from PIL import Image

    def mine(data, size, wrap=lambda o: o):
        image = Image.open(wrap(data)).convert("RGB")
        return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))

    says(checks.square_bytes, mine, "io.BytesIO(data)")
    says(checks.square_bytes, lambda d, s: mine(d, s, io.BytesIO) / 255, "between 0 and 1")


def test_a_big_endian_length_and_two_things_forgotten():
    def mine(data, name):
        n = int.from_bytes(data[:8], "big")
        return json.loads(data[8 : 8 + n].decode())[name]

    says(checks.array_in_file, mine, '"little"')
    says(checks.block_weights, lambda i, o, s: 9 * i * o + 9 * o * o, "and so is the convolution")
