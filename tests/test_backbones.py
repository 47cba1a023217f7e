import numpy as np
import pytest
import torch

from mlc_course import backbones
from mlc_course.backbones import WIDTHS, get_arrays, load_weights, pocket_resnet, pocket_resnet_tf, set_arrays
from mlc_course.backbones_torch import PocketResNet


def shaken(seed=0, n_out=7):
    "A torch network whose BatchNorm statistics and weights are not the trivial ones."
    torch.manual_seed(seed)
    net = PocketResNet(n_out).eval()
    with torch.no_grad():
        for m in net.modules():
            if isinstance(m, torch.nn.BatchNorm2d): m.running_mean.uniform_(-.3, .3); m.running_var.uniform_(.5, 2); m.weight.uniform_(.5, 1.5); m.bias.uniform_(-.2, .2)
    return net


@pytest.mark.parametrize("size", [32, 64, 50])
@pytest.mark.parametrize("n_out", [7, None])
def test_torch_and_keras_agree(size, n_out):
    net = shaken(n_out=n_out)
    twin = set_arrays(pocket_resnet_tf(pretrained=False, n_out=n_out), get_arrays(net))
    x = torch.rand(3, 3, size, size)
    with torch.no_grad(): a = net(x).numpy()
    np.testing.assert_allclose(a, twin(x.permute(0, 2, 3, 1).numpy(), training=False).numpy(), atol=1e-4)


def test_they_agree_in_training_too():
    "One step of plain gradient descent from the same weights on the same batch leaves the same weights."
    import keras
    from mlc_course.losses import binary_cross_entropy_with_logits as torch_loss
    from mlc_course.losses_tf import binary_cross_entropy_with_logits as tf_loss, keras_loss
    net = shaken().train()
    twin = set_arrays(pocket_resnet_tf(pretrained=False, n_out=7, image_size=32), get_arrays(net))
    x, y = torch.rand(16, 3, 32, 32), (torch.rand(16, 7) < .3).float()
    loss = torch_loss(net(x), y); loss.backward()
    with torch.no_grad():
        for p in net.parameters(): p -= .1*p.grad
    twin.compile(keras.optimizers.SGD(.1), loss=keras_loss(tf_loss), jit_compile=False)
    other = twin.train_on_batch(x.permute(0, 2, 3, 1).numpy(), y.numpy())
    assert abs(float(other) - loss.item()) < 1e-5
    a, b = get_arrays(net), get_arrays(twin)
    for name in a:
        if name.endswith("running_var"): continue          # torch divides the batch variance by n - 1, Keras by n
        np.testing.assert_allclose(a[name], b[name], atol=2e-4, err_msg=name)


def test_round_trip_is_exact():
    net = shaken()
    back = get_arrays(set_arrays(pocket_resnet_tf(pretrained=False, n_out=7), get_arrays(net)))
    for name, array in get_arrays(net).items(): np.testing.assert_array_equal(array, back[name])


def test_round_trip_through_a_file(tmp_path):
    "safetensors writes an array's memory as it lies: a transposed view would come back scrambled."
    from safetensors.numpy import load_file, save_file
    arrays = get_arrays(pocket_resnet_tf(pretrained=False, n_out=7))
    save_file(arrays, tmp_path/"a.safetensors")
    for name, array in load_file(tmp_path/"a.safetensors").items(): np.testing.assert_array_equal(array, arrays[name])


def test_foreign_weights_are_refused_and_change_nothing():
    net, other = shaken(), shaken(1, n_out=3)
    before = get_arrays(net)
    with pytest.raises(ValueError, match="have shape"): set_arrays(net, get_arrays(other))
    with pytest.raises(ValueError, match="Missing"): set_arrays(net, {})
    for name, array in get_arrays(net).items(): np.testing.assert_array_equal(array, before[name])
    set_arrays(net, get_arrays(other), skip_head=True)
    np.testing.assert_array_equal(get_arrays(net)["head.weight"], before["head.weight"])


def test_keras_and_torch_use_the_same_widths():
    import inspect
    assert inspect.signature(PocketResNet).parameters["widths"].default == WIDTHS


def test_size_stays_under_three_megabytes():
    assert sum(a.nbytes for a in get_arrays(pocket_resnet(pretrained=False)).values()) < 3e6


def test_integer_pixels_are_refused():
    with pytest.raises(TypeError, match="floats in"): pocket_resnet(pretrained=False)(torch.zeros(1, 3, 32, 32, dtype=torch.uint8))


def test_fresh_block_is_the_identity():
    net = PocketResNet(3).eval()
    x = torch.rand(2, WIDTHS[0], 8, 8)
    torch.testing.assert_close(net.stages[0](x), x)


def test_missing_and_damaged_weights(monkeypatch, tmp_path):
    from safetensors.numpy import save_file
    import hashlib
    path = tmp_path/"pocket_resnet.safetensors"
    monkeypatch.setattr(backbones, "weights_path", lambda name="pocket_resnet": path)
    with pytest.raises(FileNotFoundError, match="pretrained=False"): pocket_resnet()
    save_file(get_arrays(shaken(n_out=4)), path)
    path.with_suffix(".sha256").write_text(hashlib.sha256(path.read_bytes()).hexdigest() + "  pocket_resnet.safetensors\n")
    net = pocket_resnet(n_out=9)                            # the body is loaded, the head is new
    np.testing.assert_array_equal(get_arrays(net)["stem.weight"], load_weights()["stem.weight"])
    assert net.head.out_features == 9
    path.write_bytes(path.read_bytes()[:-1] + b"\0\0")
    with pytest.raises(ValueError, match="damaged"): pocket_resnet()


# ---- the shipped weights and the stamps they come from -------------------------------------------
def test_shipped_weights_are_whole_and_small():
    path = backbones.weights_path()
    assert path.is_file() and path.stat().st_size < 3e6
    arrays = load_weights()
    assert not any(name.startswith("head.") for name in arrays) and all(np.isfinite(a).all() for a in arrays.values())


@pytest.mark.parametrize("size", [32, 64])
def test_both_frameworks_give_the_same_features_from_the_shipped_weights(size, postcards):
    from mlc_course.tables import decode_images
    x = decode_images(postcards.paths("valid")[:16], size)/np.float32(255)
    with torch.no_grad(): a = pocket_resnet(n_out=None).eval()(torch.from_numpy(x).permute(0, 3, 1, 2)).numpy()
    np.testing.assert_allclose(a, pocket_resnet_tf(n_out=None)(x, training=False).numpy(), atol=1e-4)
    assert a.shape == (16, 320) and a.std(0).mean() > 0


def test_frozen_features_beat_random_ones(postcards):
    "A nearest-class-mean reader of the features, which has nothing to tune, finds the labels far better after the pretraining."
    from mlc_course.metrics import mean_average_precision
    from mlc_course.tables import decode_images
    rows = {s: decode_images(postcards.paths(s), 64) for s in ("train", "test")}
    targets, score = {s: postcards.targets(s) for s in rows}, {}
    for pretrained in (False, True):
        torch.manual_seed(0)
        net, x = pocket_resnet(pretrained, None), {s: torch.from_numpy(p).permute(0, 3, 1, 2)/255 for s, p in rows.items()}
        with torch.no_grad():
            if not pretrained: net.train()(x["train"])          # BatchNorm's statistics
            f = {s: net.eval()(o).numpy() for s, o in x.items()}
        z = {s: (o - f["train"].mean(0))/(f["train"].std(0) + 1e-6) for s, o in f.items()}
        known = targets["train"].any(0) & targets["test"].any(0)
        direction = np.stack([z["train"][targets["train"][:, i]].mean(0) for i in np.flatnonzero(known)], 1)
        score[pretrained] = mean_average_precision(1/(1 + np.exp(-z["test"] @ direction/50)), targets["test"][:, known])
    assert score[True] > score[False] + .05, score


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
    assert net.head.out_features == 39 and [h["epoch"] for h in history] == [0, 1] and all(np.isfinite(h["train_loss"]) for h in history)
    path = backbones.save_weights(net, tmp_path/"sub"/"pocket_resnet.safetensors", recipe="a test")
    assert sorted(p.name for p in path.parent.iterdir()) == ["pocket_resnet.safetensors", "pocket_resnet.sha256"]
    monkeypatch.setattr(backbones, "weights_path", lambda name="pocket_resnet": path)
    for name, array in get_arrays(pocket_resnet(n_out=4)).items():
        if not name.startswith("head."): np.testing.assert_array_equal(array, get_arrays(net)[name])
