import hashlib
import inspect
import io
import json
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch

from mlc_course import backbones
from mlc_course.backbones import (
    WIDTHS,
    create_model,
    create_model_tf,
    get_arrays,
    load_weights,
    pocket_resnet,
    pocket_resnet_tf,
    set_arrays,
)
from mlc_course.backbones_torch import PocketResNet, layer_groups
from mlc_course.nets import names, weights
from mlc_course.nets.create_tf import keras_range
from mlc_course.nets.fetched import known_digest
from mlc_course.settings import import_tensorflow


def shaken(seed=0, n_out=7):
    "A torch network whose BatchNorm statistics and weights are not the trivial ones."
    torch.manual_seed(seed)
    net = PocketResNet(n_out).eval()
    with torch.no_grad():
        for m in net.modules():
            if isinstance(m, torch.nn.BatchNorm2d):
                m.running_mean.uniform_(-0.3, 0.3)
                m.running_var.uniform_(0.5, 2)
                m.weight.uniform_(0.5, 1.5)
                m.bias.uniform_(-0.2, 0.2)
    return net


@pytest.mark.parametrize("size", [32, 64, 50])
@pytest.mark.parametrize("n_out", [7, None])
def test_torch_and_keras_agree(size, n_out):
    net = shaken(n_out=n_out)
    twin = set_arrays(pocket_resnet_tf(pretrained=False, n_out=n_out), get_arrays(net))
    x = torch.rand(3, 3, size, size)
    with torch.no_grad():
        a = net(x).numpy()
    np.testing.assert_allclose(
        a, twin(x.permute(0, 2, 3, 1).numpy(), training=False).numpy(), atol=1e-4
    )


def test_they_agree_in_training_too():
    "One step of plain gradient descent from the same weights on the same batch leaves the same weights."
    import keras

    from mlc_course.losses import binary_cross_entropy_with_logits as torch_loss
    from mlc_course.losses_tf import binary_cross_entropy_with_logits as tf_loss
    from mlc_course.losses_tf import keras_loss

    net = shaken().train()
    twin = set_arrays(pocket_resnet_tf(pretrained=False, n_out=7, image_size=32), get_arrays(net))
    x, y = torch.rand(16, 3, 32, 32), (torch.rand(16, 7) < 0.3).float()
    loss = torch_loss(net(x), y)
    loss.backward()
    with torch.no_grad():
        for p in net.parameters():
            p -= 0.1 * p.grad
    twin.compile(keras.optimizers.SGD(0.1), loss=keras_loss(tf_loss), jit_compile=False)
    other = twin.train_on_batch(x.permute(0, 2, 3, 1).numpy(), y.numpy())
    assert abs(float(other) - loss.item()) < 1e-5
    a, b = get_arrays(net), get_arrays(twin)
    for name in a:
        if name.endswith("running_var"):
            continue  # torch divides the batch variance by n - 1, Keras by n
        np.testing.assert_allclose(a[name], b[name], atol=2e-4, err_msg=name)


def test_round_trip_is_exact():
    net = shaken()
    back = get_arrays(set_arrays(pocket_resnet_tf(pretrained=False, n_out=7), get_arrays(net)))
    for name, array in get_arrays(net).items():
        np.testing.assert_array_equal(array, back[name])


def test_round_trip_through_a_file(tmp_path):
    "safetensors writes an array's memory as it lies: a transposed view would come back scrambled."
    from safetensors.numpy import load_file, save_file

    arrays = get_arrays(pocket_resnet_tf(pretrained=False, n_out=7))
    save_file(arrays, tmp_path / "a.safetensors")
    for name, array in load_file(tmp_path / "a.safetensors").items():
        np.testing.assert_array_equal(array, arrays[name])


def test_foreign_weights_are_refused_and_change_nothing():
    net, other = shaken(), shaken(1, n_out=3)
    before = get_arrays(net)
    with pytest.raises(ValueError, match="have shape"):
        set_arrays(net, get_arrays(other))
    with pytest.raises(ValueError, match="Missing"):
        set_arrays(net, {})
    for name, array in get_arrays(net).items():
        np.testing.assert_array_equal(array, before[name])
    set_arrays(net, get_arrays(other), skip_head=True)
    np.testing.assert_array_equal(get_arrays(net)["head.weight"], before["head.weight"])


def test_keras_and_torch_use_the_same_widths():
    import inspect

    assert inspect.signature(PocketResNet).parameters["widths"].default == WIDTHS


def test_size_stays_under_three_megabytes():
    assert sum(a.nbytes for a in get_arrays(pocket_resnet(pretrained=False)).values()) < 3e6


def test_integer_pixels_are_refused():
    with pytest.raises(TypeError, match="floats in"):
        pocket_resnet(pretrained=False)(torch.zeros(1, 3, 32, 32, dtype=torch.uint8))


def test_fresh_block_is_the_identity():
    net = PocketResNet(3).eval()
    x = torch.rand(2, WIDTHS[0], 8, 8)
    torch.testing.assert_close(net.stages[0](x), x)


def test_missing_and_damaged_weights(monkeypatch, tmp_path):
    import hashlib

    from safetensors.numpy import save_file

    path = tmp_path / "pocket_resnet.safetensors"
    monkeypatch.setattr(weights, "weights_path", lambda name="pocket_resnet": path)
    with pytest.raises(FileNotFoundError, match="pretrained=False"):
        pocket_resnet()
    save_file(get_arrays(shaken(n_out=4)), path)
    path.with_suffix(".sha256").write_text(
        hashlib.sha256(path.read_bytes()).hexdigest() + "  pocket_resnet.safetensors\n"
    )
    net = pocket_resnet(n_out=9)  # the body is loaded, the head is new
    np.testing.assert_array_equal(get_arrays(net)["stem.weight"], load_weights()["stem.weight"])
    assert net.head.out_features == 9
    path.write_bytes(path.read_bytes()[:-1] + b"\0\0")
    with pytest.raises(ValueError, match="damaged"):
        pocket_resnet()


# ---- the shipped weights and the stamps they come from -------------------------------------------
def test_shipped_weights_are_whole_and_small():
    path = backbones.weights_path()
    assert path.is_file() and path.stat().st_size < 3e6
    arrays = load_weights()
    assert not any(name.startswith("head.") for name in arrays) and all(
        np.isfinite(a).all() for a in arrays.values()
    )


@pytest.mark.parametrize("size", [32, 64])
def test_both_frameworks_give_the_same_features_from_the_shipped_weights(size, postcards):
    from mlc_course.tables import decode_images

    x = decode_images(postcards.paths("valid")[:16], size) / np.float32(255)
    with torch.no_grad():
        a = pocket_resnet(n_out=None).eval()(torch.from_numpy(x).permute(0, 3, 1, 2)).numpy()
    np.testing.assert_allclose(
        a, pocket_resnet_tf(n_out=None)(x, training=False).numpy(), atol=1e-4
    )
    assert a.shape == (16, 320) and a.std(0).mean() > 0


def test_frozen_features_beat_random_ones(postcards):
    "A nearest-class-mean reader of the features, which has nothing to tune, finds the labels far better after the pretraining."
    from mlc_course.metrics import mean_average_precision
    from mlc_course.tables import decode_images

    rows = {s: decode_images(postcards.paths(s), 64) for s in ("train", "test")}
    targets, score = {s: postcards.targets(s) for s in rows}, {}
    for pretrained in (False, True):
        torch.manual_seed(0)
        net, x = (
            pocket_resnet(pretrained, None),
            {s: torch.from_numpy(p).permute(0, 3, 1, 2) / 255 for s, p in rows.items()},
        )
        with torch.no_grad():
            if not pretrained:
                net.train()(x["train"])  # BatchNorm's statistics
            f = {s: net.eval()(o).numpy() for s, o in x.items()}
        z = {s: (o - f["train"].mean(0)) / (f["train"].std(0) + 1e-6) for s, o in f.items()}
        known = targets["train"].any(0) & targets["test"].any(0)
        direction = np.stack(
            [z["train"][targets["train"][:, i]].mean(0) for i in np.flatnonzero(known)], 1
        )
        score[pretrained] = mean_average_precision(
            1 / (1 + np.exp(-z["test"] @ direction / 50)), targets["test"][:, known]
        )
    assert score[True] > score[False] + 0.05, score


def test_stamps():
    names = backbones.stamp_names()
    assert len(names) == len(set(names)) == 39
    seen = set()
    for i in range(300):
        image, number = backbones.draw_stamp(np.random.default_rng([3, i]), 24)
        assert image.dtype == np.uint8 and image.shape == (24, 24, 3) and image.std() > 0
        seen.add(names[number])
    assert len(seen) >= 37
    again, number = backbones.draw_stamp(np.random.default_rng([3, 5]), 24)
    np.testing.assert_array_equal(again, backbones.draw_stamp(np.random.default_rng([3, 5]), 24)[0])


def test_pretraining_and_keeping_its_weights(tmp_path, monkeypatch):
    net, history = backbones.pretrain(130, epochs=2, size=32, batch_size=32, workers=1)
    assert (
        net.head.out_features == 39
        and [h["epoch"] for h in history] == [0, 1]
        and all(np.isfinite(h["train_loss"]) for h in history)
    )
    path = backbones.save_weights(
        net, tmp_path / "sub" / "pocket_resnet.safetensors", recipe="a test"
    )
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "pocket_resnet.safetensors",
        "pocket_resnet.sha256",
    ]
    monkeypatch.setattr(weights, "weights_path", lambda name="pocket_resnet": path)
    for name, array in get_arrays(pocket_resnet(n_out=4)).items():
        if not name.startswith("head."):
            np.testing.assert_array_equal(array, get_arrays(net)[name])


# ---- safetensors -------------------------------------------------------------------------------
SOME = dict(
    a=np.arange(6, dtype="float32").reshape(2, 3),
    b=np.array(2.5),
    c=np.arange(4),
    d=np.zeros((0, 3), "float32"),
    e=np.array([True, False, True]),
    f=np.arange(3, dtype="uint8"),
    g=np.arange(2, dtype="float16"),
    h=np.arange(6, dtype="float32").reshape(2, 3).T,
)


def same_arrays(a, b):
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].dtype == b[name].dtype
        np.testing.assert_array_equal(a[name], b[name])


def test_safetensors_are_the_librarys(tmp_path):
    from safetensors import safe_open
    from safetensors.numpy import load_file, save

    backbones.write_safetensors(SOME, tmp_path / "a.safetensors", {"vocab": '["Bär", "moon"]'})
    same_arrays(load_file(tmp_path / "a.safetensors"), SOME)
    with safe_open(tmp_path / "a.safetensors", "np") as f:
        assert f.metadata() == {"vocab": '["Bär", "moon"]'}
    back, meta = backbones.read_safetensors((tmp_path / "a.safetensors").read_bytes())
    same_arrays(back, SOME)
    assert meta == {"vocab": '["Bär", "moon"]'}
    theirs = {k: np.ascontiguousarray(v) for k, v in SOME.items() if k != "b"}
    same_arrays(backbones.read_safetensors(save(theirs))[0], theirs)
    back["a"][:] = 0  # what is read can be written to


def test_a_bfloat16_file_loads_as_float32():
    from safetensors.torch import save

    x = torch.tensor([[1.5, -2.25], [3e38, float("inf")]], dtype=torch.bfloat16)
    back, _ = backbones.read_safetensors(
        save({"x": x, "empty": torch.zeros(0, 3, dtype=torch.bfloat16)})
    )
    assert back["x"].dtype == np.float32 and back["empty"].shape == (0, 3)
    np.testing.assert_array_equal(back["x"], x.float().numpy())


def test_numbers_without_a_numpy_type_are_named_and_not_called_damage():
    from safetensors.torch import save

    with pytest.raises(ValueError, match="'x' is F8_E4M3.*float32") as e:
        backbones.read_safetensors(save({"x": torch.zeros(2).to(torch.float8_e4m3fn)}))
    assert "damaged" not in str(e.value)


def test_a_file_cut_anywhere_is_refused(tmp_path):
    backbones.write_safetensors({k: SOME[k] for k in "ae"}, tmp_path / "a", {"k": "v"})
    data = (tmp_path / "a").read_bytes()
    for n in range(len(data)):
        with pytest.raises(ValueError, match="weights.bin can't be read as safetensors"):
            backbones.read_safetensors(data[:n], "weights.bin")


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"7",
        b"null",
        b'{"a": 3}',
        b'{"a": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [7], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}',
        b'{"a": {"dtype": "F32", "shape": [1]}}',
        b"\xff\xfe",
        b"{",
    ],
)
def test_odd_headers_are_refused(header):
    with pytest.raises(ValueError, match="damaged or cut short"):
        backbones.read_safetensors(len(header).to_bytes(8, "little") + header + bytes(8))


LEAN = """
import sys
ABSENT = {"fastcore", "sklearn", "fastai", "tensorflow", "keras", "onnx", "nbdev", "IPython", "gradio"}      # what the extra `torch` doesn't bring
class Without:
    def __init__(self, finder): self.finder = finder
    def find_spec(self, name, *args): return None if name.split(".")[0] in ABSENT else self.finder.find_spec(name, *args)
sys.meta_path[:] = [Without(f) for f in sys.meta_path]
out = sys.argv[1]
import numpy as np, torch
import mlc_course
from mlc_course import backbones, labels, losses, metrics, settings, tables, train_torch
net = backbones.create_model(3, "pocket_resnet").eval()
x = torch.linspace(0, 1, 2*3*32*32).view(2, 3, 32, 32)
with torch.no_grad(): np.save(out + "/features.npy", net.features(x).numpy())
losses.binary_cross_entropy_with_logits(net(x), torch.zeros(2, 3)).backward()
net.vocab, net.image_size = ["a", "b", "c"], 32
backbones.save_model(net, out)
back = backbones.load_model(out)
for k, v in backbones.get_arrays(net).items(): np.testing.assert_array_equal(v, backbones.get_arrays(back)[k])
backbones.create_model(3, "resnet18", pretrained=False)(x)
print("fine")
"""


def test_works_with_the_extra_torch_alone(tmp_path):
    r = subprocess.run(
        [sys.executable, "-c", LEAN, str(tmp_path)], capture_output=True, text=True, timeout=120
    )
    assert r.returncode == 0 and "fine" in r.stdout, r.stderr[-2000:]
    x = torch.linspace(0, 1, 2 * 3 * 32 * 32).view(2, 3, 32, 32)
    with torch.no_grad():
        np.testing.assert_allclose(
            pocket_resnet().eval().features(x).numpy(),
            np.load(tmp_path / "features.npy"),
            atol=1e-5,
        )
    from safetensors.numpy import load_file

    assert load_file(tmp_path / "model.safetensors")["head.weight"].shape == (3, 320)


# ---- create_model ----------------------------------------------------------------------------------
FAMILIES = [
    "alexnet",
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "efficientnet_v2_s",
    "googlenet",
    "inception_v3",
    "maxvit_t",
    "mnasnet1_0",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "resnet18",
    "resnet50",
    "resnext50_32x4d",
    "shufflenet_v2_x1_0",
    "squeezenet1_1",
    "swin_t",
    "swin_v2_t",
    "vgg11_bn",
    "vit_b_16",
]


@pytest.mark.parametrize("arch", FAMILIES)
def test_every_family_of_torchvision_gets_a_head(arch):
    with torch.device("meta"):  # shapes only: nothing is computed
        net, x = (
            create_model(3, arch, pretrained=False),
            torch.rand(2, 3, *(2 * [299 if arch == "inception_v3" else 224])),
        )
    assert (
        net.train()(x).shape == (2, 3)
        and net.features(x).shape == (2, net.n_features)
        and net.arch == arch
    )
    assert isinstance(net.head, torch.nn.Linear) and net.head.in_features == net.n_features
    groups = layer_groups(net)
    flat = [id(p) for g in groups for p in g]
    assert (
        len(groups) == 3
        and all(groups)
        and len(flat) == len(set(flat))
        and set(flat) == {id(p) for p in net.parameters()}
    )
    assert {id(p) for p in groups[2]} == {id(p) for p in net.head.parameters()}


@pytest.mark.parametrize(
    "arch",
    [
        "resnet18",
        "mobilenet_v3_small",
        "shufflenet_v2_x0_5",
        "regnet_y_400mf",
        "googlenet",
        "efficientnet_b0",
    ],
)
def test_with_the_old_head_it_is_torchvisions_network(arch):
    from torchvision import models
    from torchvision.transforms.v2.functional import normalize

    ported = (
        dict(init_weights=False, aux_logits=False, transform_input=True)
        if arch == "googlenet"
        else {}
    )
    theirs, ours = (
        models.get_model(arch, weights=None, **ported).eval(),
        create_model(1000, arch, pretrained=False).eval(),
    )
    with torch.no_grad():
        for m in theirs.modules():
            if isinstance(m, torch.nn.BatchNorm2d):
                m.running_mean.uniform_(-0.1, 0.1)
                m.running_var.uniform_(0.5, 2)
    last = [m for m in theirs.modules() if isinstance(m, torch.nn.Linear)][-1]
    x = torch.rand(2, 3, 96, 96)
    ours.body.load_state_dict(
        {k: v for k, v in theirs.state_dict().items() if k in ours.body.state_dict()}
    )
    ours.head.load_state_dict(last.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(
            ours(x),
            theirs(normalize(x, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])),
            atol=1e-4,
            rtol=1e-4,
        )


def test_efficientnet_l_has_a_mean_of_its_own():
    with torch.device("meta"):
        net = create_model(2, "efficientnet_v2_l", pretrained=False)
    from torchvision.models import EfficientNet_V2_L_Weights

    assert EfficientNet_V2_L_Weights.DEFAULT.transforms().mean == [
        0.5,
        0.5,
        0.5,
    ] and net.mean.shape == (3, 1, 1)
    assert create_model(2, "resnet18", pretrained=False).mean.flatten().tolist() == pytest.approx(
        [0.485, 0.456, 0.406]
    )


@pytest.mark.parametrize("make", [create_model, create_model_tf])
@pytest.mark.parametrize("n_out", [0, -3, True, 2.5, "20", None])
def test_senseless_numbers_of_labels_are_refused(make, n_out):
    with pytest.raises(ValueError, match="n_out is .* a whole number from 1"):
        make(n_out)


@pytest.mark.parametrize("make", [create_model, create_model_tf])
def test_senseless_dropout_and_names_are_refused(make):
    for p in (1, -0.1, 2):
        with pytest.raises(ValueError, match="dropout is"):
            make(3, dropout=p)
    with pytest.raises(ValueError, match="did you mean 'resnet50'|did you mean 'ResNet50'"):
        make(3, "renset50")
    with pytest.raises(ValueError, match="did you mean 'pocket_resnet'"):
        make(3, "poket_resnet")
    with pytest.raises(ValueError, match="There is no network called 'zzz'. The names are"):
        make(3, "zzz")
    with pytest.raises(ValueError, match="no network called None"):
        make(3, None)


def test_a_name_that_could_be_two_networks_is_not_guessed():
    with pytest.raises(ValueError, match="'regnet_x_16gf' or 'regnet_x_1_6gf'"):
        create_model(3, "RegNetX16GF", pretrained=False)
    assert create_model(3, "ResNet18", pretrained=False).arch == "resnet18"


@pytest.mark.parametrize("arch", ["pocket_resnet", "resnet18"])
def test_integer_pixels_are_refused_by_every_network(arch):
    net = create_model(3, arch, pretrained=False)
    for pixels in (
        torch.zeros(1, 3, 32, 32, dtype=torch.uint8),
        torch.zeros(1, 3, 32, 32, dtype=torch.int64),
    ):
        with pytest.raises(TypeError, match="floats in"):
            net(pixels)


@pytest.mark.parametrize("arch", ["pocket_resnet", "resnet18"])
def test_dropout_works_while_training_only(arch):
    net, x = create_model(5, arch, pretrained=False, dropout=0.5), torch.rand(4, 3, 32, 32)
    with torch.no_grad():
        net.eval()
        torch.testing.assert_close(net(x), net.head(net.features(x)))
        net.train()
        for m in net.modules():
            if isinstance(m, torch.nn.BatchNorm2d):
                m.eval()
        assert not torch.equal(net(x), net(x)) and torch.equal(net.features(x), net.features(x))


@pytest.mark.parametrize("arch", ["pocket_resnet", "mobilenet_v3_small", "swin_t", "vit_b_16"])
def test_arrays_of_any_network_go_there_and_back(arch):
    torch.manual_seed(0)
    net, other = create_model(2, arch, pretrained=False), create_model(2, arch, pretrained=False)
    arrays = get_arrays(net.to(memory_format=torch.channels_last))
    assert all(a.dtype == np.float32 and a.flags.c_contiguous for a in arrays.values()) and {
        k for k, _ in net.named_parameters()
    } <= set(arrays)
    same_arrays(get_arrays(set_arrays(other, arrays)), arrays)


@pytest.mark.parametrize("arch", ["pocket_resnet", "mobilenet_v3_small"])
def test_a_saved_network_comes_back_whole(arch, tmp_path):
    net = create_model(2, arch, pretrained=False, dropout=0.25).eval()
    with pytest.raises(ValueError, match="model.vocab"):
        backbones.save_model(net, tmp_path)
    net.vocab, net.image_size = ["Bär", "moon"], 48
    backbones.save_model(net, tmp_path / "sub")
    assert sorted(p.name for p in (tmp_path / "sub").iterdir()) == [
        "model.json",
        "model.safetensors",
    ]
    assert json.loads((tmp_path / "sub" / "model.json").read_text(encoding="utf-8")) == dict(
        arch=arch, vocab=["Bär", "moon"], image_size=48, dropout=0.25
    )
    back = backbones.load_model(tmp_path / "sub").cpu()
    assert (back.arch, back.vocab, back.image_size, back.dropout.p, back.training) == (
        arch,
        ["Bär", "moon"],
        48,
        0.25,
        False,
    )
    x = torch.rand(2, 3, 48, 48)
    with torch.no_grad():
        torch.testing.assert_close(back(x), net(x))


def test_a_network_of_ones_own_comes_back_into_one_that_is_built_again(tmp_path):
    def build():
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 2))

    net = build()
    net.vocab, net.image_size = ["a", "b"], 2
    backbones.save_model(net, tmp_path)
    with pytest.raises(
        ValueError, match=r"network of your own \(Sequential\).*load_model\(.*model=\.\.\.\)"
    ):
        backbones.load_model(tmp_path)
    back = backbones.load_model(tmp_path, model=build())
    x = torch.rand(3, 3, 2, 2)
    assert back.vocab == ["a", "b"] and back.image_size == 2
    with torch.no_grad():
        torch.testing.assert_close(back.cpu()(x), net(x))


def test_a_folder_from_before_arch_is_a_pocket_resnet(tmp_path):
    from safetensors.numpy import save_file

    net = shaken(n_out=2)
    save_file(
        get_arrays(net),
        tmp_path / "model.safetensors",
        metadata=dict(vocab='["a", "b"]', image_size="32"),
    )
    back = backbones.load_model(tmp_path)
    assert back.arch == "pocket_resnet"
    same_arrays(get_arrays(back), get_arrays(net))
    save_file(
        get_arrays(net),
        tmp_path / "model.safetensors",
        metadata=dict(vocab='["a", "b"]', image_size="32", arch="resnet19"),
    )
    with pytest.raises(ValueError, match="resnet18"):
        backbones.load_model(tmp_path)
    save_file(
        get_arrays(net),
        tmp_path / "model.safetensors",
        metadata=dict(vocab='["a", "b", "c"]', image_size="32"),
    )
    with pytest.raises(ValueError, match="have shape"):
        backbones.load_model(tmp_path)
    (tmp_path / "model.safetensors").write_bytes((tmp_path / "model.safetensors").read_bytes()[:-5])
    with pytest.raises(ValueError, match="model.safetensors can't be read"):
        backbones.load_model(tmp_path)


# ---- weights from the net, which is a server of our own here ----------------------------------------
@pytest.fixture
def net_with(monkeypatch, tmp_path):
    "Let torchvision's ResNet-18 come from a server on this machine that sends what it is told to, and torch.hub keep it in a folder of its own."
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    from torchvision.models import ResNet18_Weights, resnet18

    torch.manual_seed(5)
    theirs, buffer = resnet18(), io.BytesIO()
    torch.save(theirs.state_dict(), buffer)
    whole = buffer.getvalue()

    class Handler(BaseHTTPRequestHandler):
        sends, asked, status = whole, 0, 200

        def do_GET(self):
            Handler.asked += 1
            if Handler.sends is None:
                time.sleep(1.5)
                return
            self.send_response(Handler.status)
            self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(Handler.sends)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    name = f"resnet18-{hashlib.sha256(whole).hexdigest()[:8]}.pth"
    monkeypatch.setattr(
        ResNet18_Weights.DEFAULT.value,
        "url",
        f"http://127.0.0.1:{server.server_port}/models/{name}",
    )
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("MLC_HOME", str(tmp_path / "home"))
    yield Handler, theirs, tmp_path / "hub" / "checkpoints" / name
    server.shutdown()
    server.server_close()


def test_weights_are_fetched_once(net_with, capsys):
    handler, theirs, path = net_with
    for _ in range(2):
        net = create_model(4, "resnet18")
        same = theirs.state_dict()
        assert (
            all(torch.equal(v, same[k]) for k, v in net.body.state_dict().items())
            and len(net.body.state_dict()) == len(same) - 2
        )
    assert (
        handler.asked == 1
        and [p.name for p in path.parent.iterdir()] == [path.name]
        and "Downloading" not in "".join(capsys.readouterr())
    )


@pytest.mark.parametrize("what", ["cut short", "other bytes", "not there", "silent", "refused"])
def test_a_failing_net_gives_one_sentence_and_leaves_nothing(net_with, what, monkeypatch):
    handler, _, path = net_with
    if what == "cut short":
        handler.sends = handler.sends[:-1000]
    if what == "other bytes":
        handler.sends = bytes(len(handler.sends))
    if what == "not there":
        handler.status = 404
    if what == "silent":
        handler.sends = None
        monkeypatch.setattr(names.Patience.__init__, "__defaults__", (0.3,))
    if what == "refused":
        from torchvision.models import ResNet18_Weights

        monkeypatch.setattr(
            ResNet18_Weights.DEFAULT.value, "url", f"http://127.0.0.1:9/{path.name}"
        )
    import socket

    before = socket.getdefaulttimeout()
    with pytest.raises(
        RuntimeError,
        match=f"'resnet18' .*{path.name}.* can't be fetched from 127.0.0.1.*pocket_resnet.*pretrained=False",
    ) as e:
        create_model(4, "resnet18")
    assert (
        e.value.__suppress_context__
        and "\n" not in str(e.value)
        and str(path) in str(e.value)
        and socket.getdefaulttimeout() == before
    )
    assert list(path.parent.iterdir()) == []


def test_a_damaged_file_in_the_hubs_folder_is_named(net_with):
    handler, _, path = net_with
    create_model(4, "resnet18")
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(ValueError, match=f"{path.name} is damaged: its checksum"):
        create_model(4, "resnet18")
    assert handler.asked == 1


def test_all_digits_of_the_first_use_are_compared(net_with):
    _, _, path = net_with
    create_model(4, "resnet18")
    record = known_digest(path.name)
    assert record.read_text().split() == [hashlib.sha256(path.read_bytes()).hexdigest(), path.name]
    other = path.stem[-8:] + "0" * 56  # as if the same 8 digits had been found for another file
    record.write_text(other + "  x\n")
    with pytest.raises(
        ValueError,
        match=f"has changed since its first use: its SHA-256 was {other}.*delete .*{record.name} as well",
    ):
        create_model(4, "resnet18")
    record.unlink()
    create_model(4, "resnet18")
    assert record.is_file()


class Gift:
    "A pickle of this writes a file when it is opened."

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("form", ["torch.save", "pickle", "tensors and more", "zip", "text"])
def test_what_is_not_weights_alone_is_not_opened(tmp_path, monkeypatch, form):
    "The server lies, and its file has the name that fits it."
    import pickle
    import zipfile

    from torchvision.models import ResNet18_Weights

    monkeypatch.setenv("MLC_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    gift, file = tmp_path / "ran", tmp_path / "file"
    if form == "torch.save":
        torch.save(Gift(gift), file)
    if form == "tensors and more":
        torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7), "more": Gift(gift)}, file)
    if form == "pickle":
        file.write_bytes(pickle.dumps(Gift(gift)))
    if form == "text":
        file.write_text("<html>")
    if form == "zip":
        with zipfile.ZipFile(file, "w") as z:
            z.writestr("a.pth", pickle.dumps(Gift(gift)))
    data = file.read_bytes()
    path = tmp_path / "hub" / "checkpoints" / f"resnet18-{hashlib.sha256(data).hexdigest()[:8]}.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    monkeypatch.setattr(ResNet18_Weights.DEFAULT.value, "url", f"http://127.0.0.1:9/{path.name}")
    with pytest.raises(
        ValueError, match="can't be read as weights alone.*was not opened.*fetched again"
    ) as e:
        create_model(4, "resnet18")
    assert (
        not gift.exists()
        and "weights_only" not in str(e.value)
        and "\n" not in str(e.value)
        and [p.name for p in path.parent.iterdir()] == [path.name]
    )


def test_torchvisions_own_way_is_left_as_it_was(net_with):
    from torchvision.models import _api

    before = _api.load_state_dict_from_url
    create_model(4, "resnet18")
    assert _api.load_state_dict_from_url is before
    known_digest(net_with[2].name).write_text("0" * 64)
    with pytest.raises(ValueError):
        create_model(4, "resnet18")
    assert _api.load_state_dict_from_url is before


def test_a_data_folder_that_can_only_be_read_does_not_stop_the_weights(net_with, monkeypatch):
    from mlc_course.nets import fetched

    def no(*a, **kw):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(fetched, "write_file", no)
    assert (
        create_model(4, "resnet18").arch == "resnet18"
        and not known_digest(net_with[2].name).exists()
    )


# ---- keras.applications ----------------------------------------------------------------------------
def test_every_network_of_keras_gets_its_own_range():
    "Ours inside the model, on pixels in [0, 1], against preprocess_input of the network's own module on 0 to 255."
    import keras

    x = np.random.default_rng(0).random((2, 8, 8, 3), dtype="float32")
    names = [n for n in dir(keras.applications) if n[0].isupper()]
    assert len(names) > 30
    for name in names:
        inputs = keras.Input((8, 8, 3))
        ours = keras.Model(inputs, keras_range(inputs, name))(x).numpy()
        module = sys.modules[inspect.unwrap(getattr(keras.applications, name)).__module__]
        np.testing.assert_allclose(
            ours, module.preprocess_input(x * 255), rtol=1e-4, atol=1e-3, err_msg=name
        )


@pytest.mark.parametrize("arch", ["MobileNetV2", "vgg16", "efficientnet_b0"])
def test_keras_networks_save_in_safe_mode_and_carry_their_arrays(arch, tmp_path):
    import keras

    net = create_model_tf(3, arch, pretrained=False, image_size=32, dropout=0.2)
    x = np.random.default_rng(0).random((2, 32, 32, 3), dtype="float32")
    assert net.name == net.arch and net.layers[-1].name == "head" and net(x).shape == (2, 3)
    net.save(tmp_path / "net.keras")
    back = keras.saving.load_model(tmp_path / "net.keras", compile=False, safe_mode=True)
    np.testing.assert_allclose(back(x), net(x), atol=1e-5)
    features = backbones.features_tf(back)(x, training=False).numpy()
    assert features.shape == (2, net.n_features)
    np.testing.assert_allclose(
        features @ net.layers[-1].kernel.numpy() + net.layers[-1].bias.numpy(),
        net(x, training=False),
        atol=1e-4,
    )
    arrays = get_arrays(net)
    other = create_model_tf(3, arch, pretrained=False, image_size=32, dropout=0.2)
    head = other.layers[-1].kernel.numpy()
    set_arrays(other, arrays, skip_head=True)
    np.testing.assert_array_equal(other.layers[-1].kernel, head)
    np.testing.assert_allclose(set_arrays(other, arrays)(x), net(x), atol=1e-5)


def test_pocket_resnet_in_keras_by_the_same_call(tmp_path):
    import keras

    net = create_model_tf(3, image_size=32, dropout=0.3)
    x = np.random.default_rng(0).random((2, 32, 32, 3), dtype="float32")
    with torch.no_grad():
        a = pocket_resnet(n_out=None).eval()(torch.from_numpy(x).permute(0, 3, 1, 2)).numpy()
    np.testing.assert_allclose(backbones.features_tf(net)(x, training=False), a, atol=1e-4)
    net.save(tmp_path / "net.keras")
    same_arrays(
        get_arrays(keras.saving.load_model(tmp_path / "net.keras", compile=False)), get_arrays(net)
    )


def test_fetched_weights_of_keras_land_in_the_right_layers(monkeypatch, tmp_path):
    "A file as Keras has it on its server, of weights made here."
    import h5py
    import keras
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    keras.utils.set_random_seed(3)
    theirs = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(96, 96, 3), pooling="avg"
    )
    with h5py.File(tmp_path / "weights.h5", "w") as f:
        save_weights_to_hdf5_group(f, theirs)
    monkeypatch.setattr(
        sys.modules["keras.src.applications.mobilenet_v2"].file_utils,
        "get_file",
        lambda *a, **k: str(tmp_path / "weights.h5"),
    )
    monkeypatch.setenv("MLC_HOME", str(tmp_path / "home"))
    ours = backbones.features_tf(create_model_tf(3, "mobilenet_v2", image_size=96))
    x = np.random.default_rng(0).random((2, 96, 96, 3), dtype="float32")
    np.testing.assert_allclose(ours(x), theirs(2 * x - 1), atol=1e-5)
    with open(tmp_path / "weights.h5", "ab") as f:
        f.write(b"x")  # exchanged after its first use
    with pytest.raises(ValueError, match="weights.h5 has changed since its first use"):
        create_model_tf(3, "mobilenet_v2", image_size=96)


def test_keras_without_the_net_gives_one_sentence(monkeypatch, capsys, tmp_path):
    import urllib.error

    import_tensorflow()
    from keras.src.backend import config
    from keras.src.utils import file_utils

    def cut(url, target, *args):
        open(target, "wb").write(b"half")
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(file_utils, "urlretrieve", cut)
    monkeypatch.setattr(config, "keras_home", lambda: str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(
        RuntimeError,
        match="'MobileNetV2' .*mobilenet_v2_weights.*no_top.h5.* can't be fetched from storage.googleapis.com: Name or service not known. .*pretrained=False",
    ) as e:
        create_model_tf(3, "mobilenet_v2", image_size=96)
    assert (
        e.value.__suppress_context__
        and str(tmp_path) in str(e.value)
        and not list((tmp_path / "models").iterdir())
    )
    assert "".join(capsys.readouterr()) == ""


def test_a_wrong_size_is_kerass_own_error():
    with pytest.raises(ValueError, match="(?i)input"):
        create_model_tf(3, "InceptionV3", pretrained=False, image_size=20)


def test_groups_freeze_and_learn_at_their_own_rates():
    net = create_model(3)
    early, late, head = layer_groups(net)
    before = get_arrays(net)
    for p in early:
        p.requires_grad_(False)
    optimiser = torch.optim.SGD([dict(params=late, lr=1e-3), dict(params=head, lr=1e-1)])
    net(torch.rand(4, 3, 32, 32)).square().mean().backward()
    optimiser.step()
    moved = {
        k
        for k, v in get_arrays(net).items()
        if k in dict(net.named_parameters()) and not np.array_equal(v, before[k])
    }
    assert (
        moved
        and all(k.startswith(("head.", "stages.2.", "stages.3.")) for k in moved)
        and {"head.weight", "head.bias"} <= moved
    )


def test_equal_weights_make_equal_files(tmp_path):
    arrays = {f"layer.{i}": np.full((2, 3), i, np.float32) for i in range(5)}
    metadata = {f"key{i}": "é" * i for i in range(8)}
    code = (
        "import sys, numpy as np; from mlc_course.nets.tensor_files import write_safetensors; "
        "write_safetensors({f'layer.{i}': np.full((2, 3), i, np.float32) for i in range(5)}, sys.argv[1], "
        "{f'key{i}': 'é'*i for i in range(8)})"
    )
    for i in range(3):
        subprocess.run(
            [sys.executable, "-X", "utf8", "-c", code, str(tmp_path / f"{i}.safetensors")],
            check=True,
        )
    files = [(tmp_path / f"{i}.safetensors").read_bytes() for i in range(3)]
    assert files[0] == files[1] == files[2]
    found, told = backbones.read_safetensors(files[0])
    assert told == metadata and all(np.array_equal(found[k], a) for k, a in arrays.items())
