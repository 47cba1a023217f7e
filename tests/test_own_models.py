"A torch module, a fastai Learner and a Keras model of one's own: trained, asked and exported in ten lines each."

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from mlc_course import Predictor, train_fastai, train_torch
from mlc_course.backbones import load_model


@pytest.fixture
def quick(tiny):
    return replace(tiny, image_size=16, epochs=2, freeze_epochs=1)


def small_net(n=3, last=None, seed=0):
    torch.manual_seed(seed)
    layers = [
        nn.Conv2d(3, 8, 3, 2, 1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, n),
    ]
    return nn.Sequential(*layers, *([last] if last else []))


def test_a_torch_module(squares, quick, tmp_path, capsys):
    run = train_torch.train(squares, quick, model=small_net(), out=tmp_path)
    test = train_torch.predict(run.model, squares)
    predictor = Predictor.save(tmp_path, run, squares)
    assert "no linear layer `head`" in capsys.readouterr().out
    np.testing.assert_allclose(test.probs, run.predictions["test"].probs, atol=1e-6)
    np.testing.assert_allclose(predictor.predictions(squares).probs, test.probs, atol=1e-4)
    with pytest.raises(
        ValueError, match=r"network of your own \(Sequential\).*load_model\(.*, model="
    ):
        load_model(tmp_path)
    again = train_torch.predict(load_model(tmp_path, model=small_net(seed=5)), squares)
    np.testing.assert_allclose(again.probs, test.probs, atol=1e-6)


def test_a_fastai_learner(squares, quick, tmp_path):
    from fastai.vision.all import BCEWithLogitsLossFlat, Learner

    dls = train_fastai.make_data(squares, quick)
    learn = Learner(dls, small_net(), loss_func=BCEWithLogitsLossFlat())
    run = train_fastai.train(squares, quick, model=learn, out=tmp_path, progress=False)
    test = train_fastai.predict(run.model, squares)
    predictor = Predictor.save(tmp_path, run, squares)
    np.testing.assert_allclose(test.probs, run.predictions["test"].probs, atol=1e-6)
    np.testing.assert_allclose(predictor.predictions(squares).probs, test.probs, atol=1e-4)
    assert learn.model is run.model


def test_a_module_in_fastai(squares, quick):
    run = train_fastai.train(
        squares,
        quick,
        model=small_net(),
        loss=lambda z, y: nn.functional.binary_cross_entropy_with_logits(z, y),
        progress=False,
    )
    assert len(run.history) == 2 and np.isfinite(run.history.train_loss).all()


KERAS = """
import pickle, sys
from mlc_course import Predictor, train_tf
import keras, numpy as np
squares, quick, out = pickle.load(open(sys.argv[1], "rb"))
def small():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Conv2D(8, 3, 2), keras.layers.BatchNormalization(), keras.layers.ReLU(),
                             keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3)])
run = train_tf.train(squares, quick, model=small(), out=out)
test = train_tf.predict(run.model, squares)
predictor = Predictor.save(out, run, squares)
np.testing.assert_allclose(test.probs, run.predictions["test"].probs, atol=1e-6)
np.testing.assert_allclose(predictor.predictions(squares).probs, test.probs, atol=1e-4)
np.testing.assert_allclose(train_tf.predict(train_tf.load_model(out), squares).probs, test.probs, atol=1e-6)
print("kept", len(run.history))
for bad, word in ((keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(3, activation="sigmoid")]), "ends in a sigmoid"),
                  (keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(4)]), "4 numbers for each image"),
                  (keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(3)]), "8 x 8"), (7, "give a keras.Model")):
    try: train_tf.train(squares, quick, model=bad, progress=False)
    except (ValueError, TypeError) as e: assert word in str(e), e
    else: raise AssertionError(word)
data = train_tf.make_data(squares, quick)
model = small()
model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True))
model.fit(data["train"], validation_data=data["valid"], epochs=2, verbose=0)
for i, (x, y) in enumerate(data["valid"](0)):
    np.testing.assert_allclose(x, data["valid"][i][0], atol=1e-6); np.testing.assert_array_equal(y, data["valid"][i][1])
fresh = train_tf.make_data(squares, quick)["train"]
for i, (x, y) in enumerate(fresh(0)):
    np.testing.assert_allclose(x, fresh[i][0], atol=1e-6); np.testing.assert_array_equal(y, fresh[i][1])
print("fit takes the batches")
"""


def test_a_keras_model(squares, quick, tmp_path):
    import pickle

    with open(tmp_path / "job", "wb") as f:
        pickle.dump((squares, quick, tmp_path / "out"), f)
    done = subprocess.run(
        [sys.executable, "-c", KERAS, str(tmp_path / "job")],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0 and "fit takes the batches" in done.stdout, (
        done.stdout + done.stderr[-3000:]
    )


@pytest.mark.parametrize("trainer", [train_torch, train_fastai], ids=lambda m: m.__name__)
@pytest.mark.parametrize(
    "net, sentence",
    [
        (lambda: small_net(4), "4 numbers for each image"),
        (lambda: small_net(last=nn.Sigmoid()), "ends in a sigmoid"),
        (lambda: small_net(last=nn.Softmax(1)), "softmax"),
        (lambda: 7, "torch module"),
    ],
    ids=["outputs", "sigmoid", "softmax", "number"],
)
def test_networks_that_cannot_be_trained(squares, quick, trainer, net, sentence):
    with pytest.raises((ValueError, TypeError), match=sentence):
        trainer.train(squares, quick, model=net(), progress=False)


def test_a_vocab_that_differs_is_refused(squares, quick):
    net = small_net()
    net.vocab = ["a", "b", "c"]
    with pytest.raises(ValueError, match="knows the labels a, b, c"):
        train_torch.train(squares, quick, model=net, progress=False)


def test_batches_are_a_dataloader_of_torch(squares, quick):
    from torch.utils.data import DataLoader

    data = train_torch.make_data(squares, quick)
    assert isinstance(data["train"], DataLoader)
    made = DataLoader(data["valid"].dataset, batch_size=10, collate_fn=data["valid"].collate_fn)
    x, y = (torch.cat(o) for o in zip(*made))
    ours = [torch.cat(o) for o in zip(*data["valid"])]
    assert torch.equal(x, ours[0]) and torch.equal(y, ours[1])
    again = [
        x.shape
        for x, _ in DataLoader(
            data["train"].dataset, batch_size=24, shuffle=True, collate_fn=data["train"].collate_fn
        )
    ]
    assert sum(o[0] for o in again) == len(squares.paths("train"))


def test_batches_can_be_rebuilt_around_their_dataset(squares, quick):
    "As Lightning does: every argument that it finds as an attribute, and a sampler of its own."
    from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

    valid = train_torch.make_data(squares, quick)["valid"]
    sampler = BatchSampler(SequentialSampler(valid.dataset), 5, drop_last=False)
    given = {k: getattr(valid, k) for k in ("images", "targets", "rows", "dataset", "collate_fn")}
    again = type(valid)(**given, batch_sampler=sampler, batch_size=1)
    assert type(again) is DataLoader and len(next(iter(again))[0]) == 5
    a, b = (torch.cat([x for x, _ in o]) for o in (again, valid))
    assert torch.equal(a, b)
    with pytest.raises(TypeError, match="takes no keyword 'shufle'"):
        type(valid)(np.zeros((2, 8, 8, 3), np.uint8), np.zeros((2, 1)), 2, shufle=True)
