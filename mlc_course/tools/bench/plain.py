"The plain recipe that `mlc bench train` compares with: what the articles do, step for step."

import time

PLAIN = "the plain recipe"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, as the article normalises


def plain_transform(size: int, strong: bool = False):
    "Pillow transforms of one image as the article has them, or with flip and shift as ours."
    from torchvision import transforms as T

    mild = [
        T.RandomHorizontalFlip(),
        T.RandomCrop(size, padding=max(1, size // 16), padding_mode="reflect"),
    ]
    affine = [
        T.RandomHorizontalFlip(),
        T.ColorJitter(),
        T.RandomAffine(
            20, translate=(0.2, 0.2), scale=(0.5, 1.5), fill=tuple(int(255 * m) for m in MEAN)
        ),
    ]
    return T.Compose(
        [
            T.Resize((size, size)),
            *(affine if strong else mild),
            T.ToTensor(),
            T.Normalize(MEAN, STD),
        ]
    )


def plain_loader(table, split, size, batch_size, strong=False, train=True, workers=2):
    import torch
    from torchvision import transforms as T

    from mlc_course.train_torch import TableDataset

    still = T.Compose([T.Resize((size, size)), T.ToTensor(), T.Normalize(MEAN, STD)])
    data = TableDataset(table, split, plain_transform(size, strong) if train else still)
    return torch.utils.data.DataLoader(
        data, batch_size, shuffle=train, num_workers=workers, drop_last=train
    )


def plain_model(vocab, profile):
    "The same network and weights as ours, in plain layout; it takes what Normalize gives."
    import torch
    from torch import nn

    from mlc_course.train_torch import make_model

    net = make_model(vocab, profile).to(memory_format=torch.contiguous_format)
    mean, std = (torch.tensor(o, device=place_of(net)).view(3, 1, 1) for o in (MEAN, STD))

    class Undo(nn.Module):
        def forward(self, x):
            return x * std + mean

    return nn.Sequential(Undo(), net, nn.Sigmoid())


def place_of(model):
    return next(model.parameters()).device


def nine_scores(probs, targets):
    try:
        from sklearn.metrics import f1_score, precision_score, recall_score
    except ImportError:
        return
    pred = probs > 0.5
    for average in ("micro", "macro", "samples"):
        for f in (precision_score, recall_score, f1_score):
            f(targets, pred, average=average, zero_division=0)


def plain_steps(model, optimiser, batches, schedule=None) -> int:
    "Train on batches as the article does; the number of pictures seen."
    from torch import nn

    seen, loss_f = 0, nn.BCELoss()
    model.train()
    for x, y in batches:
        optimiser.zero_grad()
        out = model(x.to(place_of(model)))
        loss_f(out, y.to(out.device)).backward()
        optimiser.step()
        if schedule:
            schedule.step()
        nine_scores(out.detach().cpu().numpy(), y.numpy())
        seen += len(x)
    return seen


def rate_of(loader, work, n):
    "Images a second of `work(batches)` over about n images, once the workers run."
    it, ready = (
        iter(loader),
        min(1 + loader.num_workers * (loader.prefetch_factor or 0), len(loader) - 1),
    )
    for _ in range(ready):
        next(it)
    batches = max(1, min(-(-n // loader.batch_size), len(loader) - ready))
    start = time.perf_counter()
    seen = work(b for _, b in zip(range(batches), it))
    return seen / (time.perf_counter() - start)


def count_images(batches):
    return sum(len(x) for x, _ in batches)


def plain_scores(model, batches):
    import torch

    model.eval()
    probs, targets = [], []
    with torch.no_grad():
        for x, y in batches:
            probs.append(model(x.to(place_of(model))).cpu())
            targets.append(y)
    if not probs:
        return 0
    nine_scores(torch.cat(probs).numpy(), torch.cat(targets).numpy())
    return sum(map(len, targets))


def plain_rates(table, profile, n):
    "Images a second of input and training, with our augmentation and its own, and of scoring."
    import torch

    size, batch = profile.image_size, profile.batch_size
    loaders = [plain_loader(table, "train", size, batch, strong) for strong in (False, True)]
    model = plain_model(table.vocab, profile)
    optimiser = torch.optim.Adam(model.parameters(), 1e-4)
    rates = [rate_of(o, count_images, n) for o in loaders] + [
        rate_of(o, lambda b: plain_steps(model, optimiser, b), n) for o in loaders
    ]
    return [
        *rates,
        rate_of(
            plain_loader(table, "valid", size, batch, train=False),
            lambda b: plain_scores(model, b),
            n,
        ),
    ]


def plain_training(table, profile, strong=False):
    """Train the plain recipe in full from the same weights with the same schedule.

    Seconds, and the highest validation mAP."""
    import torch

    from mlc_course.data.decoded import decode_split
    from mlc_course.metrics import epoch_scores
    from mlc_course.training.frozen import fit_frozen

    torch.manual_seed(profile.seed)
    start = time.perf_counter()
    model = plain_model(table.vocab, profile)
    if profile.pretrained and profile.freeze_epochs:  # the same start
        train = decode_split(table, "train", profile.image_size)
        fit_frozen(model[1], train.images, train.targets)
        model[1].to(memory_format=torch.contiguous_format)
    loader, valid = (
        plain_loader(table, "train", profile.image_size, profile.batch_size, strong),
        plain_loader(table, "valid", profile.image_size, profile.batch_size, train=False),
    )
    optimiser = torch.optim.AdamW(
        model.parameters(), profile.learning_rate, weight_decay=profile.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        profile.learning_rate,
        total_steps=profile.epochs * len(loader),
        pct_start=0.25,
        cycle_momentum=False,
    )
    best = 0.0
    for epoch in range(profile.epochs):
        plain_steps(model, optimiser, loader, schedule)
        model.eval()
        with torch.no_grad():
            probs = torch.cat([model(x.to(place_of(model))) for x, _ in valid]).cpu().numpy()
        nine_scores(probs, table.targets("valid"))
        best = max(best, epoch_scores(probs, table.targets("valid"))[2])
    return time.perf_counter() - start, float(best)
