"The pocket ResNet for fastai's `vision_learner`: where to cut it, and how to group its layers."

from fastai.vision.learner import model_meta
from torch import nn


class Centre(nn.Module):
    "Pixels in [0, 1] to [-2, 2], as the network begins."

    def forward(self, x):
        return (x - 0.5) * 4


def pocket_body(
    net,  # a PocketResNet
) -> nn.Sequential:  # float pixels [N, 3, H, W] in [0, 1] -> maps [N, 160, H/16, W/16]
    "The network without pooling and head: what `feature_map` computes."
    first = nn.Sequential(net.stem, net.bn, nn.ReLU())
    return nn.Sequential(Centre(), first, *net.stages)


def pocket_groups(
    model,  # what `vision_learner` makes: body, then fastai's head
) -> list:  # three lists of parameters: early body, late body, head
    "Layer groups for discriminative learning rates, cut amid the stages."
    body = model[0]
    return [list(part.parameters()) for part in (body[:4], body[4:], model[1:])]


def tell_fastai(
    arch,  # the function `pocket_resnet`
) -> None:
    "Enter it in fastai's table, so that `vision_learner(dls, pocket_resnet)` works."
    model_meta[arch] = dict(cut=pocket_body, split=pocket_groups)
