"The table of defaults says what the installed libraries do."

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")  # before TensorFlow, which it can't follow
pytest.importorskip("fastai")
pytest.importorskip("keras")

from mlc_course.training.defaults import default, library_defaults  # noqa: E402


@pytest.fixture(scope="module")
def table():
    return library_defaults(SimpleNamespace(shuffle=True, drop_last=True))


def test_numbers_are_those_of_new_objects(table):
    import keras

    w = torch.nn.Parameter(torch.ones(1))
    group = torch.optim.AdamW([w]).param_groups[0]
    own = keras.optimizers.AdamW()
    assert float(table.loc["AdamW: epsilon", "PyTorch"]) == group["eps"]
    assert float(table.loc["AdamW: weight decay", "PyTorch"]) == group["weight_decay"]
    assert float(table.loc["AdamW: decay of the second moment", "PyTorch"]) == group["betas"][1]
    assert float(table.loc["AdamW: epsilon", "Keras"]) == own.epsilon
    assert float(table.loc["AdamW: weight decay", "Keras"]) == own.weight_decay
    norm, keras_norm = torch.nn.BatchNorm2d(2), keras.layers.BatchNormalization()
    assert float(table.loc["BatchNorm: epsilon", "PyTorch"]) == norm.eps
    assert float(table.loc["BatchNorm: momentum", "Keras"]) == keras_norm.momentum
    stays = table.loc["share of the old statistics that stays"]
    assert float(stays.PyTorch) == 1 - norm.momentum and float(stays.Keras) == keras_norm.momentum


def test_layers_and_batches(table):
    assert (
        table.loc["its bias", "PyTorch"] == "random" and table.loc["its bias", "Keras"] == "zeros"
    )
    kernel = table.loc["kernel of a convolution, 2 to 5 channels"]
    assert kernel.PyTorch == (5, 2, 3, 3) and kernel.Keras == (3, 3, 2, 5)
    assert table.loc["training data: shuffled"].tolist() == ["yes", "no", "yes"]
    assert table.loc["cross-entropy takes", "Keras"] == "probabilities"


def test_a_parameter_without_a_default_has_none():
    def f(a, b=3): ...

    assert default(f, "b") == 3
    with pytest.raises(KeyError):
        default(f, "c")
