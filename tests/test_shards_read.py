"Shards in PyTorch and TensorFlow: the same rows, resumed bit-equal, a loop that learns from them."

import numpy as np
import pytest

from mlc_course.data.decoded import decode_split
from mlc_course.data.pictures import square_pixels
from mlc_course.metrics import mean_average_precision
from mlc_course.shards.write import write_shards

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from mlc_course.shards.images_torch import ShardImages, ShardLoader  # noqa: E402


@pytest.fixture(scope="module")
def folder(squares, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out") / "shards"
    write_shards(squares, folder, 7)
    return folder


def key(image):
    return np.ascontiguousarray(image).tobytes()


def expected(table, split, size=8):
    return sorted(key(square_pixels(p, size).transpose(2, 0, 1)) for p in table.paths(split))


@pytest.mark.parametrize("world, workers", [(1, 0), (1, 2), (3, 0), (2, 2)])
def test_every_image_once_over_ranks_and_workers(squares, folder, world, workers):
    seen = []
    for rank in range(world):
        data = ShardImages(folder, "train", 8, rank=rank, world=world, buffer=9)
        batches = list(ShardLoader(data, 5, workers))
        assert sum(len(x) for x, _ in batches) == len(data)
        seen += [key(o) for x, _ in batches for o in x]
    assert sorted(seen) == expected(squares, "train")


def test_valid_comes_in_order_with_its_targets(squares, folder):
    pairs = list(ShardImages(folder, "valid", 8))
    assert sorted(key(x) for x, _ in pairs) == expected(squares, "valid")
    by_key = dict(zip(map(key, (x for x, _ in pairs)), (y for _, y in pairs)))
    for path, target in zip(squares.paths("valid"), squares.targets("valid")):
        got = by_key[key(square_pixels(path, 8).transpose(2, 0, 1))]
        assert got.dtype == torch.float32 and np.array_equal(got.numpy() > 0, target)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stop", [0, 1, 3, 7, 8])
def test_the_rest_of_an_epoch_is_the_same(folder, workers, stop):
    def loader():
        return ShardLoader(ShardImages(folder, "train", 8, buffer=9), 5, workers)

    first = loader()
    first.data.set_epoch(3)
    whole = list(first)
    again = loader()
    again.data.set_epoch(3)
    batches = iter(again)
    for _ in range(stop):
        next(batches)
    state = again.state_dict()
    resumed = loader()
    resumed.load_state_dict(state)
    rest = list(resumed)
    assert len(rest) == len(whole) - stop
    for (x, y), (u, v) in zip(whole[stop:], rest):
        assert torch.equal(x, u) and torch.equal(y, v)
    assert resumed.data.epoch == 4


def test_another_setting_is_refused_on_resume(folder):
    state = ShardLoader(ShardImages(folder, "train", 8), 5).state_dict()
    with pytest.raises(ValueError, match="batch_size=5"):
        ShardLoader(ShardImages(folder, "train", 8), 6).load_state_dict(state)
    with pytest.raises(ValueError, match="seed"):
        ShardLoader(ShardImages(folder, "train", 8, seed=1), 5).load_state_dict(state)


def test_even_gives_every_rank_the_same_number_of_batches(folder):
    sets = [ShardImages(folder, "train", 8, rank=r, world=4, even=True) for r in range(4)]
    assert len({len(list(ShardLoader(o, 3))) for o in sets}) == 1
    assert len({len(o) for o in sets}) == 1


def test_ranks_come_from_torchruns_variables(folder, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "3")
    data = ShardImages(folder, "train", 8)
    assert (data.rank, data.world) == (1, 3)
    with pytest.raises(ValueError, match="together"):
        ShardImages(folder, "train", 8, rank=0)


def test_a_plain_loop_learns_from_shards(squares, folder):
    torch.manual_seed(0)
    body = [nn.Conv2d(3, 16, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten()]
    model, loss_func = nn.Sequential(*body, nn.Linear(16, 3)), nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    loader = ShardLoader(ShardImages(folder, "train", 20), 8)
    for _ in range(20):
        for images, targets in loader:
            loss = loss_func(model(images.float() / 255), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    data = decode_split(squares, "valid", 20)  # from the table: a wrong target would not help here
    with torch.no_grad():
        probs = model(torch.from_numpy(data.images).permute(0, 3, 1, 2) / 255).sigmoid()
    assert mean_average_precision(probs, data.targets) > 0.9 > data.targets.mean() + 0.3


def test_tensorflow_gives_the_same_rows_in_the_same_order(folder):
    pytest.importorskip("tensorflow")
    from mlc_course.shards.images_tf import shards_tf

    data = ShardImages(folder, "train", 8, buffer=9)
    data.set_epoch(2)
    pairs = list(data)
    for start in (0, 11):
        got = list(shards_tf(folder, "train", 8, buffer=9, epoch=2, start=start))
        assert len(got) == len(pairs) - start
        for (x, y), (u, v) in zip(pairs[start:], got):
            assert np.array_equal(x.permute(1, 2, 0).numpy(), u.numpy())
            assert np.array_equal(y.numpy(), v.numpy())
