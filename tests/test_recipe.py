"The head first, on features computed once; lower rates for the body; what suits the images."

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from mlc_course import create_model, load_profile, recommend, train_head  # noqa: E402
from mlc_course.extras import is_here  # noqa: E402
from mlc_course.nets.lite_weights import package_of  # noqa: E402
from mlc_course.training import choice, frozen  # noqa: E402
from mlc_course.training.rates import factors_of, rates_by_layer, torch_groups  # noqa: E402

LITE0 = "efficientnet_lite0"
weights = pytest.mark.skipif(not is_here(package_of(LITE0)), reason="the extra imagenet is missing")


def cells(n=60, width=12, n_labels=5, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, width)).astype("float32") * rng.uniform(0.1, 5, width) + 3
    logits = (features - 3) @ rng.normal(size=(width, n_labels))
    return features.astype("float32"), rng.random((n, n_labels)) < 1 / (1 + np.exp(-logits))


def images(n, side, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, side, side, 3), dtype=np.uint8)


# ---- logistic regression -------------------------------------------------------------------------
@pytest.mark.parametrize("strength", [0.003, 1.0])
def test_the_head_is_scikit_learns_logistic_regression(strength):
    from sklearn.linear_model import LogisticRegression

    x, y = cells()
    weight, bias, passes = frozen.fit_logistic(x, y, strength, 1000)
    z = (x - x.mean(0)) / (x.std(0) + 1e-3)
    for i in range(y.shape[1]):
        theirs = LogisticRegression(C=strength, tol=1e-8, max_iter=10_000).fit(z, y[:, i])
        ours = frozen.probs_from(x, weight, bias)[:, i]
        np.testing.assert_allclose(ours, theirs.predict_proba(z)[:, 1], atol=1e-3)
    assert weight.dtype == bias.dtype == np.float32 and passes > 1


def test_labels_in_blocks_are_the_same(monkeypatch):
    x, y = cells()
    whole = frozen.fit_logistic(x, y, 0.1, 1000)
    monkeypatch.setattr(frozen, "BLOCK", 1)
    one_by_one = frozen.fit_logistic(x, y, 0.1, 1000)
    np.testing.assert_allclose(
        frozen.probs_from(x, *one_by_one[:2]), frozen.probs_from(x, *whole[:2]), atol=1e-3
    )


def test_constant_features_and_labels_without_any_image_are_no_trouble():
    x, y = cells()
    x[:, 0], y[:, 0], y[:, 1] = 7, False, True
    weight, bias, _ = frozen.fit_logistic(x, y)
    probs = frozen.probs_from(x, weight, bias)
    assert np.isfinite(probs).all() and probs[:, 0].max() < 0.5 < probs[:, 1].min()


# ---- features ------------------------------------------------------------------------------------
@pytest.fixture(params=["torch", "keras"])
def lite(request):
    if request.param == "keras":
        keras = pytest.importorskip("keras")
        from mlc_course import create_model_tf

        keras.utils.set_random_seed(0)
        return create_model_tf(3, LITE0, pretrained=False)
    torch.manual_seed(0)
    return create_model(3, LITE0, pretrained=False)


def test_the_fast_engine_gives_the_frameworks_features(lite):
    pytest.importorskip("onnx")
    x = images(6, 48)
    fast = frozen.body_features(lite, x)
    own = frozen.framework_features(lite, x)
    np.testing.assert_allclose(fast, own, rtol=1e-3, atol=1e-3 * own.max())
    assert fast.shape == (6, 1280) and fast.dtype == np.float32


def test_features_that_differ_are_not_taken(monkeypatch):
    pytest.importorskip("onnx")
    net, x = create_model(3, LITE0, pretrained=False), images(5, 32)

    class Wrong:
        def run(self, names, feed):
            return [np.zeros((len(feed["pixels"]), 1280), "float32")]

    monkeypatch.setattr(frozen, "onnx_session", lambda model: Wrong())
    own = frozen.framework_features(net, x)
    np.testing.assert_array_equal(frozen.body_features(net, x), own)
    assert np.abs(own).max() > 0.01


def test_other_networks_and_installs_without_onnx_use_the_framework(monkeypatch):
    monkeypatch.setattr(frozen, "onnx_session", lambda model: pytest.fail("onnxruntime was asked"))
    x = images(3, 32)
    assert frozen.body_features(create_model(3), x).shape == (3, 320)
    monkeypatch.setattr(frozen, "can_build", lambda: False)
    assert frozen.body_features(create_model(3, LITE0, pretrained=False), x).shape == (3, 1280)


# ---- rates ---------------------------------------------------------------------------------------
def test_the_body_learns_more_slowly_than_the_head():
    net = create_model(3, LITE0, pretrained=False)
    groups, (early, late, head) = torch_groups(net), factors_of(LITE0)
    assert 0 < early < late < head
    by_id = {id(p): g["factor"] for g in groups for p in g["params"]}
    assert len(by_id) == len(list(net.parameters()))
    assert by_id[id(net.stem.conv.weight)] == early and by_id[id(net.top.conv.weight)] == late
    assert by_id[id(net.head.bias)] == head
    pocket = torch_groups(create_model(3))
    assert len(pocket) == 1 and pocket[0]["factor"] == 1


def test_the_three_frameworks_cut_the_body_at_the_same_place():
    keras = pytest.importorskip("keras")
    from mlc_course import create_model_tf
    from mlc_course.backbones_torch import layer_groups
    from mlc_course.training.tf_step import weight_name

    net, rates = create_model(3, LITE0, pretrained=False), factors_of(LITE0)
    named = dict(net.named_parameters())
    ours = rates_by_layer(list(named), LITE0)
    for factor, group in zip(rates, layer_groups(net)):
        assert {id(p) for p in group} == {id(p) for k, p in named.items() if ours[k] == factor}
    model = create_model_tf(3, LITE0, pretrained=False)
    names = [weight_name(v) for v in model.trainable_variables]
    theirs = {k.rpartition(".")[0]: f for k, f in rates_by_layer(names, LITE0).items()}
    assert theirs == {k.rpartition(".")[0]: f for k, f in ours.items()}
    assert isinstance(model, keras.Model)


def test_keras_first_step_is_as_long_as_the_rate_says():
    "AdamW's first step is the rate itself, whatever the gradient."
    pytest.importorskip("keras")
    from mlc_course import create_model_tf
    from mlc_course.training.tf_step import one_cycle, weight_name

    model = create_model_tf(3, LITE0, pretrained=False)
    profile = replace(load_profile("smoke"), arch=LITE0, learning_rate=0.5, weight_decay=0.0)
    optimiser = one_cycle(profile, 1)
    variables = model.trainable_variables
    optimiser.build(variables)
    before = [v.numpy() for v in variables]
    first_rate = float(optimiser.learning_rate)
    optimiser.apply([np.ones(v.shape, "float32") for v in variables], variables)
    factors = rates_by_layer([weight_name(v) for v in variables], LITE0)
    for v, old in zip(variables, before):
        step = np.abs(v.numpy() - old).max()
        assert step == pytest.approx(first_rate * factors[weight_name(v)], rel=1e-2)


# ---- the head alone ------------------------------------------------------------------------------
@pytest.fixture
def little(squares):
    return squares, replace(load_profile("smoke"), image_size=32, arch=LITE0)


@weights
def test_the_head_alone_is_the_same_in_all_frameworks(little, tmp_path):
    import importlib

    table, profile = little
    probs = {}
    for framework, needs in (("torch", "torch"), ("fastai", "fastai"), ("tensorflow", "keras")):
        if not is_here(needs):
            continue
        out = tmp_path / framework
        run = train_head(table, profile, out, progress=False, framework=framework)
        module = importlib.import_module(
            dict(torch="mlc_course.train_torch", fastai="mlc_course.train_fastai").get(
                framework, "mlc_course.train_tf"
            )
        )
        again = module.predict(module.load_model(out), table, "test").probs
        probs[framework] = run.predictions["test"].probs
        np.testing.assert_allclose(again, probs[framework], atol=1e-3)
        assert len(run.history) == 1 and run.framework == framework
    for other in probs.values():
        np.testing.assert_allclose(other, probs["torch"], atol=1e-3)


@weights
def test_a_whole_training_begins_with_the_fitted_head(little, capsys):
    from mlc_course import train_torch

    table, profile = little
    net = train_torch.make_model(table.vocab, profile)
    data = train_torch.make_data(table, profile)
    before = net.stem.norm.running_mean.clone()
    state = train_torch.TrainingState(net, profile, 5)
    assert "passes over the features of 72 images" in train_torch.head_first(state, data)
    torch.testing.assert_close(net.stem.norm.running_mean, before)  # ImageNet's statistics stay
    assert net.head.weight.abs().max() > 0
    alone = train_head(table, profile, progress=False)
    torch.testing.assert_close(alone.model.head.weight, net.head.weight, atol=1e-4, rtol=1e-3)


def test_a_head_alone_needs_a_trained_body(little):
    with pytest.raises(ValueError, match="trained weights"):
        train_head(little[0], replace(little[1], pretrained=False))
    with pytest.raises(ValueError, match="choose one of"):
        train_head(*little, framework="jax")


# ---- what suits the images -----------------------------------------------------------------------
@pytest.fixture
def photographs(tmp_path):
    "A table of images of a given size; what is on them doesn't matter."
    from mlc_course.tables import ImageTable

    def make(side, n=12):
        rows = []
        for i in range(n):
            Image.fromarray(images(1, side, i)[0]).save(tmp_path / f"{i}.png")
            labels = ["horse"] if i % 2 else ["dog", "horse"]
            split = ["train", "train", "train", "valid"][i % 4]
            rows.append(dict(fname=f"{i}.png", labels=labels, split=split))
        return ImageTable(pd.DataFrame(rows), tmp_path, vocab=["dog", "horse"], name="photos")

    return make


@pytest.fixture
def laptop(monkeypatch):
    monkeypatch.setattr(choice, "is_here", lambda module: True)
    return replace(load_profile("laptop"), arch="pocket_resnet", image_size=64, epochs=12)


def test_photographs_get_the_network_trained_on_photographs(photographs, laptop):
    found = recommend(photographs(240), laptop)
    assert (found.profile.arch, found.profile.image_size) == (LITE0, 224)
    assert (
        found.profile.epochs < laptop.epochs and "ImageNet" in found.why and "224 px" in found.why
    )
    assert recommend(photographs(100), laptop).profile.image_size == 160


def test_many_photographs_are_made_smaller_where_no_gpu_is(photographs, laptop, monkeypatch):
    monkeypatch.setattr(choice, "MANY", 10)
    assert recommend(photographs(240), laptop).profile.image_size == 160
    assert recommend(photographs(240), laptop, gpu=True).profile.image_size == 224


def test_drawn_postcards_keep_the_network_made_for_them(postcards, laptop):
    found = recommend(postcards, laptop)
    assert found.profile == laptop and "drawn" in found.why


def test_without_the_weights_the_way_to_them_is_told(photographs, laptop, monkeypatch):
    monkeypatch.setattr(choice, "is_here", lambda module: False)
    found = recommend(photographs(240), laptop)
    assert found.profile == laptop and 'pip install "mlc_course[imagenet]"' in found.why


def test_what_the_user_chose_stays(photographs, laptop):
    table = photographs(240)
    given = replace(laptop, image_size=96, epochs=3)
    found = recommend(table, given, keep=("image_size", "epochs")).profile
    assert (found.arch, found.image_size, found.epochs) == (LITE0, 96, 3)
    resnet = replace(laptop, arch="resnet18")
    assert recommend(table, resnet, keep=("arch",)).profile == resnet
    lite = recommend(table, replace(laptop, arch=LITE0), keep=("arch",))
    assert lite.profile.image_size == 224 and "asked for" in lite.why


@weights
def test_mlc_train_chooses_and_says_why(photographs, tmp_path, monkeypatch, capsys):
    from mlc_course.metrics import load_run
    from mlc_course.tools.cli import main

    pytest.importorskip("onnxscript")
    monkeypatch.delenv("MLC_PROFILE", raising=False)
    table, out = photographs(100), tmp_path / "run"
    table.df.assign(labels=table.df["labels"].map(" ".join), is_valid=table.df["split"] == "valid")[
        ["fname", "labels", "is_valid"]
    ].to_csv(tmp_path / "train.csv", index=False)
    monkeypatch.chdir(tmp_path)
    words = ["train", str(tmp_path / "train.csv"), "--out", str(out), "--recipe", "head"]
    code = main(words + ["--size", "32", "--images", str(tmp_path)])
    said = capsys.readouterr()
    assert code == 0, said.out + said.err
    assert "Network: efficientnet_lite0, trained on ImageNet" in said.out
    assert "32 px, as you asked for" in said.out and "the head alone at 32 px" in said.out
    run = load_run(out)
    assert run.profile.arch == LITE0 and len(run.history) == 1
    assert (out / "predictor.json").is_file()


# ---- measured again ------------------------------------------------------------------------------
def test_the_bench_trains_what_is_asked_for_and_sums_up(squares, monkeypatch):
    from mlc_course.tools.bench import recipe

    asked = []

    def one(what, framework, table, profile):
        asked.append((what, framework, profile.seed, profile.arch, profile.image_size))
        mAP = 0.91 if what == "head" else 0.915 + profile.seed / 100
        names = dict(arch=profile.arch, size=profile.image_size, split="valid")
        names |= dict(macro_f1=0.8, minutes=1.5)
        return dict(what=what, framework=framework, seed=profile.seed, mAP=mAP, **names)

    monkeypatch.setattr(recipe, "one_run", one)
    monkeypatch.setattr("mlc_course.tables.open_dataset", lambda name: squares)
    rows = recipe.bench_recipe("x", ("head", "full"), ("torch",), (0, 1), say=lambda text: None)
    assert asked[0] == ("head", "torch", 0, LITE0, 160) and len(rows) == 4
    table = recipe.as_table(rows)
    assert "| head | torch | 0.9100 (0.9100 to 0.9100) | 0.8000 | 1.5 | 0.90 met |" in table
    assert "| full | torch | 0.9200 (0.9150 to 0.9250) | 0.8000 | 1.5 | 0.92 MISSED |" in table
    with pytest.raises(ValueError, match="head, full, pocket"):
        recipe.bench_recipe("x", ("heads",))
