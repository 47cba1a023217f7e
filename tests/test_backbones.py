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
