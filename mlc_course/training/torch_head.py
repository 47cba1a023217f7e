"The head alone, on features of a frozen body that are computed once."

import torch
from torch import nn
from torch.nn import functional as F

from mlc_course.training.frozen import fit_frozen
from mlc_course.training.torch_batches import ImageBatches
from mlc_course.training.torch_loop import TrainingState, autocast, forward

HISTORY = 10  # pairs of steps and gradients that L-BFGS remembers
ROOM = 2**25  # bytes that they may take: so many labels are fitted at once


@torch.no_grad()
def adapt_batchnorm(
    model: nn.Module,  # its BatchNorm layers take on new statistics; no weight changes
    batches: ImageBatches,  # ImageBatches of the images that it will see
    precision: str = "fp32",  # to compute in
) -> None:
    """One pass in training mode, without learning: BatchNorm's running means and variances become
    those of these images."""
    was_training, epoch = model.training, batches.epoch
    model.train()
    for x, _ in batches:
        forward(model, x, precision)
    model.train(was_training)
    batches.epoch = epoch


@torch.no_grad()
def cached_features(
    model: nn.Module,  # with .features
    batches: ImageBatches,  # ImageBatches; its images are taken as they are, without augmentation
    precision: str = "fp32",  # of the body
) -> tuple:  # features float32 [n, F], targets float32 [n, C], on the model's device
    "What the frozen body sees in every image, computed once."
    was_training, features = model.training, getattr(model, "features")
    arrays = (o.cpu().numpy() for o in (batches.images, batches.targets, batches.rows))
    images, targets, rows = arrays
    plain = ImageBatches(images, targets, 256, device=batches.device, rows=rows)
    model.eval()
    out = []
    for x, _ in plain:
        with autocast(x, precision):
            out.append(features(x).float())
    model.train(was_training)
    return torch.cat(out), plain.targets


def fit_head(
    head: nn.Linear,  # learns in place
    features: torch.Tensor,  # float32 [n, F]
    targets: torch.Tensor,  # float32 [n, C]
    passes: int = 100,  # over all images, at most
    C: float = 0.01,  # as scikit-learn's LogisticRegression, on standardised features
) -> int:  # passes that were needed
    """Logistic regression, one for each label, by L-BFGS (Liu and Nocedal 1989).

    C is the trust in the images against small weights. Labels are fitted in blocks, so that what
    L-BFGS remembers takes about 32 MB, however many there are; beside that stands one copy of
    the features."""
    mean, std = features.mean(0), features.std(0, correction=0) + 1e-3
    z = (features - mean).div_(std)
    per_label = 4 * (z.shape[1] + 1) * (2 * HISTORY + 8)
    block, most = max(1, ROOM // per_label), 0
    for a in range(0, targets.shape[1], block):
        weight, bias, n = fit_labels(z, targets[:, a : a + block], passes, C)
        most = max(most, n)
        weight /= std  # the same function of features that aren't standardised
        with torch.no_grad():
            head.weight[a : a + block] = weight
            head.bias[a : a + block] = bias - weight @ mean
    return most


def fit_labels(
    z: torch.Tensor,  # standardised features, float32 [n, F]
    targets: torch.Tensor,  # float32 [n, c]
    passes: int,  # over all images, at most
    C: float,  # as for `fit_head`
) -> tuple:  # weights [c, F], biases [c], passes that were needed
    "Logistic regression of some labels, each by itself but in steps of the same length."
    seen = 0
    weight = z.new_zeros(targets.shape[1], z.shape[1], requires_grad=True)
    bias = z.new_zeros(targets.shape[1], requires_grad=True)
    solver = torch.optim.LBFGS(
        [weight, bias], max_iter=passes, max_eval=passes, history_size=HISTORY
    )

    def closure():
        nonlocal seen
        seen += 1
        solver.zero_grad()
        logits = F.linear(z, weight, bias)
        loss = C * F.binary_cross_entropy_with_logits(logits, targets, reduction="sum") / len(z)
        loss = loss + weight.square().sum() / (2 * len(z))
        loss.backward()
        return loss

    solver.step(closure)
    return weight.detach(), bias.detach(), seen


def head_first(
    state: TrainingState,  # a `TrainingState` of a network with `.features` and `.head`
    data: dict,  # ImageBatches by split
) -> str:  # what to say of it
    "Fit the head on features of the frozen body."
    train = data["train"]
    rows = train.rows.cpu().numpy()
    images, targets = train.images.cpu().numpy()[rows], train.targets.cpu().numpy() > 0
    return fit_frozen(state.model, images, targets)
