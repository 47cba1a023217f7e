"fastai's `vision_learner` takes the pocket ResNet by its name."

import importlib
import subprocess
import sys

import pytest
import torch
from fastai.data.core import DataLoaders
from fastai.vision.learner import vision_learner

from mlc_course.backbones import pocket_resnet
from mlc_course.nets.pocket_fastai import pocket_body


@pytest.fixture
def learn(tmp_path):
    importlib.import_module("mlc_course.train_fastai")  # enters it, whatever came first
    batch = torch.rand(2, 3, 32, 32), torch.zeros(2, 3)
    dls = DataLoaders.from_dsets([batch], [batch], bs=1, device="cpu")
    return vision_learner(
        dls, pocket_resnet, n_out=3, loss_func=torch.nn.BCEWithLogitsLoss(), path=tmp_path
    )


def test_the_body_is_the_shipped_one(learn):
    body, x = learn.model[0].eval(), torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(body(x), pocket_resnet().eval().feature_map(x))
    assert learn.model.eval()(x).shape == (2, 3)


def test_three_groups_hold_every_parameter_once_from_the_pixels_to_the_labels(learn):
    learn.create_opt()
    groups = learn.opt.param_lists
    flat = [id(p) for g in groups for p in g]
    assert len(groups) == 3 and flat == [id(p) for p in learn.model.parameters()]
    assert groups[0][0] is learn.model[0][1][0].weight
    assert [id(p) for p in groups[2]] == [id(p) for p in learn.model[1].parameters()]
    assert not groups[0][0].requires_grad and learn.model[1][-1].weight.requires_grad


def test_a_random_network_has_a_body_too():
    net = pocket_resnet(pretrained=False).eval()
    x = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(pocket_body(net)(x), net.feature_map(x))


@pytest.mark.parametrize(
    "imports",
    [
        "import fastai.vision.learner; from mlc_course.backbones import pocket_resnet",
        "import fastai.vision.learner; from mlc_course import pocket_resnet",
        "from mlc_course import pocket_resnet, train_fastai",
        "from mlc_course import train_fastai; from mlc_course import pocket_resnet",
    ],
)
def test_it_is_entered_whatever_is_imported_first(imports):
    code = (
        f"{imports}; from fastai.vision.learner import model_meta; "
        "print(model_meta[pocket_resnet]['cut'].__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "pocket_body", done.stderr


def test_no_framework_is_loaded_for_it():
    code = (
        "import sys; import mlc_course.backbones; "
        "print(sorted({'torch', 'fastai', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
