"Lesson 10: several outputs from one network."

import copy
import itertools
import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as skm
from sklearn.utils.class_weight import compute_class_weight

from mlc_course import multi_output as mo
from mlc_course.multi_output import (
    HeadBatches,
    Heads,
    MultiHeadModel,
    UncertaintyWeights,
    car_task,
    head_losses,
    majority_accuracy,
    merge_rare,
    multi_head_loss,
    per_head_accuracy,
    predict,
    train,
)
from mlc_course.tables import ImageTable, open_dataset
from mlc_course.training import heads_train

torch = pytest.importorskip("torch")
from torch import nn
from torch.nn.functional import cross_entropy

HEADS = Heads({"brand": ["Audi", "BMW", "Other"], "type": ["SUV", "Van"], "age": ["old", "new"]})
FRAME = pd.DataFrame(
    {
        "brand": ["BMW", "Other", "Audi", "BMW"],
        "type": ["Van", "SUV", "SUV", "Van"],
        "age": ["new", "old", "old", "old"],
        "row": [1, 2, 3, 4],
    },
    index=[7, 7, 3, 0],
)


# ---- merge_rare --------------------------------------------------------------------------------
@given(
    st.lists(st.sampled_from(["Audi", "BMW", "Geo", "Kia", "Other"]), min_size=1, max_size=40),
    st.integers(1, 6),
)
def test_merge_rare_keeps_exactly_the_frequent(names, least):
    frequent = {n for n in names if names.count(n) >= least}
    if not frequent:
        with pytest.raises(ValueError, match="Pass a smaller min_count"):
            merge_rare(names, least)
        return
    got = merge_rare(names, least).tolist()
    assert got == [n if n in frequent else "Other" for n in names]
    assert merge_rare(names, keep=sorted(frequent)).tolist() == got
    assert merge_rare(pd.Series(names), 1).tolist() == names


def test_merge_rare_keeps_the_index_and_its_input():
    s = pd.Series(["a", "b", "a"], index=[5, 5, 9], name="brand")
    got = merge_rare(s, keep=["a"], other="rest")
    assert (
        got.index.equals(s.index)
        and got.name == "brand"
        and got.tolist() == ["a", "rest", "a"]
        and s.tolist() == ["a", "b", "a"]
    )
    assert merge_rare(s.astype("category"), 2, other="b").tolist() == ["a", "b", "a"]


NAMES = st.sampled_from(["Audi", "BMW", "Geo", "Kia", "Ford"])


@given(st.lists(NAMES, min_size=1, max_size=30), st.lists(NAMES, max_size=9), st.integers(1, 4))
def test_classes_of_the_training_rows_are_kept_in_the_test_rows(train, test, least):
    kept = {n for n in train if train.count(n) >= least}
    if not kept:
        return
    want = [n if n in kept else "Other" for n in test]
    assert merge_rare(test, keep=kept).tolist() == want  # also those that test doesn't have
    rows = np.arange(len(train) + len(test)) < len(train)
    both = merge_rare([*train, *test], least, rows=rows).tolist()
    assert both[len(train) :] == want and both[: len(train)] == merge_rare(train, least).tolist()


def test_a_class_that_looks_like_a_rare_name_may_be_absent():
    assert merge_rare(["Minivan", "Audi A5"], keep=["Van", "Audi A4"]).tolist() == ["Other"] * 2
    assert merge_rare(["Geo"], keep=[]).tolist() == ["Other"]
    mixed = pd.Series(["Geo", "Kia"], dtype="category")
    assert merge_rare(mixed, keep=iter(["Kia"])).tolist() == ["Other", "Kia"]


@pytest.mark.parametrize(
    "args, kwargs, error, says",
    [
        ((["a"],), {}, ValueError, "min_count or keep"),
        ((["a"], 1, ["a"]), {}, ValueError, "one of the two"),
        ((["a"], 0), {}, ValueError, "at least 1"),
        ((["a", None], 1), {}, ValueError, "missing"),
        ((["Van"],), dict(keep="Van"), TypeError, "list of names"),
        ((["Van"],), dict(keep=["van"]), ValueError, "Did you mean 'Van'"),
        ((["Van", "SUV"],), dict(keep=["SUV", "van "]), ValueError, "Did you mean 'Van'"),
        ((["a", "b"], 2), {}, ValueError, "the most frequent, 'a', occurs 1"),
        (([], 2), {}, ValueError, "there is none to count"),
        ((["a", "a"], 1), dict(rows=[True]), ValueError, "each of the 2 names"),
        ((["a", "a"], 1), dict(rows=[0, 1]), ValueError, "True or False"),
        ((["a", "a"], 2), dict(rows=[True, False]), ValueError, "'a', occurs 1"),
        ((["a"],), dict(keep=["a"], rows=[True]), ValueError, "beside keep="),
    ],
)
def test_merge_rare_refuses(args, kwargs, error, says):
    with pytest.raises(error, match=says):
        merge_rare(*args, **kwargs)


# ---- Heads -------------------------------------------------------------------------------------
def test_heads_encode_and_decode():
    t = HEADS.encode(FRAME)
    assert (
        list(t) == HEADS.names == ["brand", "type", "age"]
        and HEADS.sizes == {"brand": 3, "type": 2, "age": 2}
        and len(HEADS) == 3
    )
    assert [a.dtype for a in t.values()] == [np.int64] * 3 and t["brand"].tolist() == [1, 2, 0, 1]
    assert HEADS.decode(t).to_numpy().tolist() == FRAME[HEADS.names].to_numpy().tolist()
    assert HEADS.decode({n: torch.from_numpy(v) for n, v in t.items()}).equals(
        HEADS.decode({n: v.tolist() for n, v in t.items()})
    )


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8).filter(str.strip),
        st.lists(
            st.text(min_size=1, max_size=6).filter(str.strip), min_size=2, max_size=6, unique=True
        ),
        min_size=1,
        max_size=5,
    ),
    st.data(),
)
def test_heads_go_there_and_back(classes, data):
    heads = Heads(classes)
    numbers = {
        n: np.array(data.draw(st.lists(st.integers(0, len(c) - 1), min_size=4, max_size=4)))
        for n, c in classes.items()
    }
    back = heads.encode(heads.decode(numbers))
    for n in classes:
        np.testing.assert_array_equal(back[n], numbers[n])


def test_heads_are_values():
    same = Heads({n: list(c) for n, c in HEADS.classes.items()})
    assert (
        same == HEADS
        and hash(same) == hash(HEADS)
        and pickle.loads(pickle.dumps(HEADS)) == copy.deepcopy(HEADS) == HEADS
    )
    assert Heads(dict(reversed(HEADS.classes.items()))) != HEADS and HEADS != 3
    with pytest.raises(FrozenInstanceError):
        HEADS.classes = {}
    assert HEADS.only("age", "brand").names == ["age", "brand"]
    classes = {"a": ["x", "y"]}
    heads = Heads(classes)
    classes["a"].append("z")
    assert heads.sizes == {"a": 2}


def test_heads_from_columns():
    df = pd.DataFrame({"b": ["Zeta", "Other", "Alpha"], "t": ["v", "u", "v"]})
    assert Heads.from_columns(df, ["b", "t"]).classes == {
        "b": ("Alpha", "Zeta", "Other"),
        "t": ("u", "v"),
    }
    with pytest.raises(ValueError, match="no column 'c'"):
        Heads.from_columns(df, ["c"])


@pytest.mark.parametrize(
    "classes, error, says",
    [
        ({}, ValueError, "no head"),
        ([("a", "b")], TypeError, "give a dict"),
        ({"": ["a", "b"]}, ValueError, "isn't empty"),
        ({3: ["a", "b"]}, ValueError, "called 3"),
        ({"a": "xy"}, TypeError, "list of names"),
        ({"a": ["x"]}, ValueError, "1 class;"),
        ({"a": []}, ValueError, "0 classes"),
        ({"a": ["x", "x"]}, ValueError, "twice"),
        ({"a": ["x", 2]}, ValueError, "called 2"),
        ({"a": ["x", " "]}, ValueError, "called ' '"),
    ],
)
def test_heads_refuse(classes, error, says):
    with pytest.raises(error, match=says):
        Heads(classes)


def test_heads_name_what_is_wrong():
    with pytest.raises(
        ValueError, match=r"Row 1: 'Bmw' is no class of head 'brand'.*Did you mean 'BMW'"
    ):
        HEADS.encode(FRAME.assign(brand=["BMW", "Bmw", "Audi", "BMW"]))
    with pytest.raises(ValueError, match="Row 0: nan is no class"):
        HEADS.encode(FRAME.assign(age=[np.nan, "old", "old", "new"]))
    with pytest.raises(ValueError, match="merge_rare"):
        HEADS.encode(FRAME.assign(brand="Geo"))
    with pytest.raises(ValueError, match="no column 'type'"):
        HEADS.encode(FRAME.drop(columns="type"))
    with pytest.raises(ValueError, match="'age' is missing"):
        HEADS.decode({"brand": [0], "type": [0]})
    with pytest.raises(ValueError, match="no head 'colour'"):
        HEADS.decode({"brand": [0], "type": [0], "age": [0], "colour": [1]})
    with pytest.raises(ValueError, match="2 classes, numbered from 0, and a number is 2"):
        HEADS.decode({"brand": [0], "type": [2], "age": [0]})
    with pytest.raises(ValueError, match="a number is -1"):
        HEADS.decode({"brand": [0], "type": [-1], "age": [0]})
    with pytest.raises(TypeError, match="arg-max"):
        HEADS.decode({"brand": [0.5], "type": [0], "age": [0]})
    with pytest.raises(ValueError, match="no head 'colour'"):
        HEADS.only("colour")


def test_class_weights_are_scikit_learns():
    got, t = HEADS.class_weights(FRAME), HEADS.encode(FRAME)
    for n in HEADS.names:
        np.testing.assert_allclose(
            got[n],
            compute_class_weight("balanced", classes=np.arange(HEADS.sizes[n]), y=t[n]),
            rtol=1e-6,
        )
    assert np.isfinite(HEADS.class_weights(FRAME.iloc[:1])["brand"]).all()


# ---- the cars ----------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def cars(smoke):
    return open_dataset("toy-cars", profile=smoke)


def test_car_task(cars):
    table, heads = car_task(cars)
    assert (
        heads.names == ["brand", "type", "age"]
        and heads.classes["type"] == ("Convertible", "Coupe", "SUV", "Van", "Other")
        and heads.classes["age"] == ("to 2009", "from 2010")
    )
    assert (
        (table.df.age == "to 2009") == (cars.df.year <= 2009)
    ).all() and table.fnames() == cars.fnames()
    brands = cars.df.brand[cars.df.split == "train"]
    counts = brands.value_counts()
    assert set(heads.classes["brand"]) == set(counts.index[counts > len(brands) * 1000 / 16185]) | {
        "Other"
    }
    assert "Sedan" in set(cars.df.type) and "Sedan" not in set(table.df.type)
    heads.encode(table.df)
    assert car_task(cars, min_count=1, types=["Sedan"], last_old_year=2005)[1].sizes == {
        "brand": 9,
        "type": 2,
        "age": 2,
    }
    with pytest.raises(ValueError, match="isn't one of cars"):
        car_task(ImageTable(cars.df.drop(columns="brand"), cars.root, cars.vocab))


def test_training_rows_decide_which_brands_are_classes(cars):
    df = cars.df.assign(split=np.where(cars.df.brand == "Aurel", "test", "train"))
    df.loc[df.index[df.brand == "Borra"][:3], "split"] = "valid"
    _, heads = car_task(ImageTable(df, cars.root, cars.vocab))
    assert "Aurel" not in heads.classes["brand"] and "Borra" in heads.classes["brand"]
    table, heads = car_task(ImageTable(df, cars.root, cars.vocab), brands=["Aurel", "Nobody"])
    assert heads.classes["brand"] == ("Aurel", "Other")
    assert ((table.df.brand == "Aurel") == (df.brand == "Aurel")).all()
    only_test = cars.subset("test")
    with pytest.raises(ValueError, match=r"no rows in split 'train'.*brands=\[...\]"):
        car_task(only_test)
    assert set(car_task(only_test, brands=["Elmo"])[0].df.brand) == {"Elmo", "Other"}
    with pytest.raises(ValueError, match="Did you mean 'SUV'"):
        car_task(cars, types=["suv"])


def test_the_recipe_gives_the_articles_heads_on_16185_names(cars):
    brands = {
        "Chevrolet": 1806,
        "Dodge": 1200,
        "Audi": 1150,
        "BMW": 1050,
        "Ford": 1001,
        "Bentley": 1000,
        "Geo": 68,
        "Hyundai": 8910,
    }
    brands["Hyundai"] = 0
    brands["Rest"] = 16185 - sum(brands.values())
    names = [b if b != "Rest" else f"Rest{i % 20}" for b, n in brands.items() for i in range(n)]
    kinds = itertools.cycle(["Sedan", "SUV", "Van", "Coupe", "Convertible", "Cab", "Minivan"])
    df = pd.DataFrame(
        {
            "fname": [f"{i}.jpg" for i in range(16185)],
            "labels": [[] for _ in names],
            "split": "train",
            "brand": names,
            "type": [next(kinds) for _ in names],
            "year": np.arange(16185) % 22 + 1991,
        }
    )
    _, heads = car_task(ImageTable(df, cars.root, ["x"]))
    assert heads.sizes == {"brand": 6, "type": 5, "age": 2} and heads.classes["brand"] == (
        "Audi",
        "BMW",
        "Chevrolet",
        "Dodge",
        "Ford",
        "Other",
    )


# ---- batches and model -------------------------------------------------------------------------
def test_batches_hold_images_and_targets_together():
    images = np.repeat(np.arange(11, dtype=np.uint8), 8 * 8 * 3).reshape(11, 8, 8, 3)
    targets = {"a": np.arange(11), "b": 10 - np.arange(11)}
    plain = list(HeadBatches(images, targets, 4, device=torch.device("cpu")))
    assert [len(b["image"]) for b in plain] == [4, 4, 3] and torch.cat(
        [b["targets"]["a"] for b in plain]
    ).tolist() == list(range(11))
    for b in HeadBatches(images, targets, 4, train=True, seed=3, device=torch.device("cpu")):
        assert b["targets"]["a"].dtype == torch.int64 and b["image"].dtype == torch.float32
        assert ((b["image"][:, 0, 0, 0] * 255).round().long() == b["targets"]["a"]).all() and (
            b["targets"]["a"] + b["targets"]["b"] == 10
        ).all()
    one, two = (
        HeadBatches(images, targets, 4, train=True, seed=3, device=torch.device("cpu"))
        for _ in range(2)
    )
    order = lambda b: torch.cat([o["targets"]["a"] for o in b]).tolist()
    assert order(one) == order(two) and order(one) == order(two) != sorted(
        order(HeadBatches(images, targets, 4, train=True, seed=3, device=torch.device("cpu")))
    )
    with pytest.raises(ValueError, match="same number"):
        HeadBatches(images[:5], targets, 4)


@pytest.mark.parametrize(
    "names",
    [
        ["one"],
        ["brand", "type", "age"],
        ["a.b", "forward", "heads", "body", "layers", "", "keys"][:5],
        [f"q{i}" for i in range(12)],
    ],
)
def test_any_number_of_heads_under_any_name(names):
    heads = Heads({n: [str(i) for i in range(2 + k)] for k, n in enumerate(names)})
    model = MultiHeadModel(heads)
    out = model(torch.rand(3, 3, 32, 32))
    assert list(out) == names and {n: tuple(z.shape) for n, z in out.items()} == {
        n: (3, c) for n, c in heads.sizes.items()
    }
    out_features = sum(p.numel() for p in model.layers.parameters())
    assert out_features == sum(321 * c for c in heads.sizes.values())
    t = {n: torch.zeros(3, dtype=torch.int64) for n in names}
    multi_head_loss(out, t).backward()
    assert all(p.grad is not None for p in model.parameters())


def test_bodies():
    from torchvision.models import resnet18

    whole = resnet18(weights=None)
    cut = nn.Sequential(*list(whole.children())[:-1])
    cut.train()
    model = MultiHeadModel(HEADS, cut)
    assert (
        cut.training
        and model.layers[0].in_features == 512
        and model.eval()(torch.rand(2, 3, 64, 64))["brand"].shape == (2, 3)
    )
    assert MultiHeadModel(HEADS, nn.Identity(), n_features=9)(torch.rand(2, 9))["age"].shape == (
        2,
        2,
    )
    with pytest.raises(ValueError, match="End the body with a pooling"):
        MultiHeadModel(HEADS, nn.Sequential(*list(whole.children())[:-2]))
    named = MultiHeadModel(HEADS, "resnet18", pretrained=False).eval()
    assert named.layers[0].in_features == 512 and named(torch.rand(2, 3, 64, 64))["type"].shape == (
        2,
        2,
    )
    with pytest.raises(ValueError):
        MultiHeadModel(HEADS, "resnet18x", pretrained=False)


def test_the_body_is_the_pocket_resnet_with_its_weights():
    from mlc_course.backbones import pocket_resnet

    x = torch.rand(2, 3, 40, 40)
    torch.testing.assert_close(
        MultiHeadModel(HEADS).eval().body(x), pocket_resnet(n_out=None).eval()(x)
    )
    assert not torch.allclose(
        MultiHeadModel(HEADS, pretrained=False).eval().body(x), pocket_resnet(n_out=None).eval()(x)
    )


# ---- losses ------------------------------------------------------------------------------------
def some(n=6, seed=0, heads=HEADS):
    g = torch.Generator().manual_seed(seed)
    return {
        k: torch.randn(n, c, generator=g, requires_grad=True) for k, c in heads.sizes.items()
    }, {k: torch.randint(c, (n,), generator=g) for k, c in heads.sizes.items()}


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 9), st.integers(0, 99), st.lists(st.floats(0, 10), min_size=3, max_size=3))
def test_the_loss_is_pytorchs_summed(n, seed, w):
    z, t = some(n, seed)
    each = {k: cross_entropy(z[k], t[k]) for k in z}
    torch.testing.assert_close(multi_head_loss(z, t), sum(each.values()))
    torch.testing.assert_close(
        multi_head_loss(z, t, dict(zip(z, w))), sum(v * x for v, x in zip(each.values(), w))
    )
    cw = {"brand": torch.tensor([0.2, 3.0, 1.0])}
    torch.testing.assert_close(
        multi_head_loss(z, t, class_weights=cw),
        cross_entropy(z["brand"], t["brand"], cw["brand"]) + each["type"] + each["age"],
    )


def test_the_gradient_of_a_head_is_its_own():
    z, t = some()
    multi_head_loss(z, t, {"brand": 2.0, "type": 0.0, "age": 1.0}).backward()
    alone, _ = some()
    (2 * cross_entropy(alone["brand"], t["brand"])).backward()
    torch.testing.assert_close(z["brand"].grad, alone["brand"].grad)
    assert not z["type"].grad.any() and z["age"].grad.any()


def test_unknown_targets_can_be_left_out():
    z, t = some(4)
    t["age"][1:] = -100
    torch.testing.assert_close(head_losses(z, t)["age"], cross_entropy(z["age"][:1], t["age"][:1]))


def test_learnt_weights():
    losses = {"a": torch.tensor(2.0), "b": torch.tensor(0.1)}
    u = UncertaintyWeights(losses)
    assert u(losses).item() == pytest.approx(2.1) and u.weights == {"a": 1.0, "b": 1.0}
    with torch.no_grad():
        u.log_var.copy_(torch.tensor([4.0, 0.2]).log())
    assert u(losses).item() == pytest.approx(
        2 / 4 + 0.1 / 0.2 + np.log(2) + np.log(0.2) / 2
    ) and u.weights["a"] == pytest.approx(0.25)
    u(losses).backward()
    torch.testing.assert_close(
        u.log_var.grad, torch.zeros(2), atol=1e-6, rtol=0
    )  # 1/(2 loss) is the minimum
    with pytest.raises(ValueError, match="'b' is missing"):
        u({"a": losses["a"]})


@pytest.mark.parametrize(
    "change, error, says",
    [
        (lambda z, t: (z["age"], t["age"]), TypeError, "give a dict"),
        (lambda z, t: (z, {k: t[k] for k in ("brand", "type")}), ValueError, "'age' is missing"),
        (lambda z, t: (z, t | {"colour": t["age"]}), ValueError, "no head 'colour'"),
        (lambda z, t: (z, t | {"age": t["age"].float()}), TypeError, "int64"),
        (lambda z, t: (z, t | {"age": t["age"][:2]}), ValueError, "one class number per image"),
        (
            lambda z, t: (z, t | {"age": torch.eye(6, 2)}),
            ValueError,
            "one class number per image",
        ),
        (lambda z, t: (z, t, {"age": 1.0}), ValueError, "'brand' is missing"),
        (lambda z, t: (z, t, {"brand": 1, "type": -1, "age": 1}), ValueError, "can't be negative"),
        (
            lambda z, t: (z, t, {"brand": 1, "type": float("nan"), "age": 1}),
            ValueError,
            "weight of head 'type'",
        ),
        (lambda z, t: (z, t, None, {"colour": torch.ones(2)}), ValueError, "no head 'colour'"),
    ],
)
def test_the_loss_refuses(change, error, says):
    with pytest.raises(error, match=says):
        multi_head_loss(*change(*some()))


# ---- accuracy ----------------------------------------------------------------------------------
@settings(deadline=None, max_examples=40)
@given(st.integers(1, 30), st.integers(0, 999))
def test_accuracy_is_scikit_learns(n, seed):
    rng = np.random.default_rng(seed)
    t = {k: rng.integers(0, c, n) for k, c in HEADS.sizes.items()}
    z = {k: rng.normal(size=(n, c)) for k, c in HEADS.sizes.items()}
    acc = per_head_accuracy(z, t)
    for k in t:
        assert acc.heads[k] == pytest.approx(skm.accuracy_score(t[k], z[k].argmax(1)))
    assert acc.all_right == pytest.approx(
        skm.accuracy_score(
            HEADS.decode(t).agg("|".join, axis=1),
            HEADS.decode({k: v.argmax(1) for k, v in z.items()}).agg("|".join, axis=1),
        )
    )
    assert (
        acc.all_right <= min(acc.heads.values()) + 1e-12
        and acc.all_right >= sum(acc.heads.values()) - len(t) + 1 - 1e-9
        and acc.n == n
    )
    assert acc.mean == pytest.approx(np.mean(list(acc.heads.values()))) and list(acc.row()) == [
        *t,
        "mean",
        "all right",
    ]
    as_tensors = per_head_accuracy(
        {k: torch.tensor(v) for k, v in z.items()}, {k: torch.tensor(v) for k, v in t.items()}
    )
    assert as_tensors == per_head_accuracy({k: v.argmax(1) for k, v in z.items()}, t) == acc


@pytest.mark.parametrize(
    "outputs, targets, error, says",
    [
        ({"a": np.array([0.2, 0.8])}, {"a": np.array([0, 1])}, TypeError, "whole numbers"),
        ({"a": np.array([0])}, {"a": np.array([0, 1])}, ValueError, "1 outputs and 2 targets"),
        ({"b": np.array([0])}, {"a": np.array([0])}, ValueError, "no head 'b'"),
        ({}, {"a": np.array([0])}, ValueError, "'a' is missing"),
        ({"a": np.array([], int)}, {"a": np.array([], int)}, ValueError, "no images"),
        ({"a": np.array([[0.1, np.nan]])}, {"a": np.array([0])}, ValueError, "diverged"),
        ({"a": np.array([0])}, {"a": np.array([0.0])}, TypeError, "the targets are float64"),
        ({"a": np.eye(2)}, {"a": np.eye(2)}, TypeError, "the targets"),
        (
            {"a": np.array([0]), "b": np.array([0, 1])},
            {"a": np.array([0]), "b": np.array([0, 1])},
            ValueError,
            "different numbers",
        ),
    ],
)
def test_accuracy_refuses(outputs, targets, error, says):
    with pytest.raises(error, match=says):
        per_head_accuracy(outputs, targets)


def test_majority_counts_combinations():
    t = {
        "a": np.array([0, 0, 0, 1, 1]),
        "b": np.array([0, 1, 2, 1, 1]),
    }  # the commonest parts are 0 and 1, the commonest pair 1 and 1
    m = majority_accuracy(t, t)
    assert (
        m.heads == {"a": 0.6, "b": 0.6}
        and m.all_right == 0.4
        and per_head_accuracy({"a": np.zeros(5, int), "b": np.ones(5, int)}, t).all_right == 0.2
    )
    other = majority_accuracy(t, {"a": np.array([1, 1]), "b": np.array([1, 0])})
    assert other.heads == {"a": 0.0, "b": 0.5} and other.all_right == 0.5
    from sklearn.dummy import DummyClassifier

    assert m.heads["b"] == DummyClassifier().fit(np.zeros((5, 1)), t["b"]).score(
        np.zeros((5, 1)), t["b"]
    )
    with pytest.raises(ValueError, match="'b' is missing"):
        majority_accuracy({"a": t["a"]}, t)
    with pytest.raises(ValueError, match="no images"):
        majority_accuracy({"a": t["a"][:0]}, {"a": t["a"]})


# ---- training ----------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def coloured(squares):
    "`squares` with two questions: is there red, is there blue."
    df = squares.df.assign(
        red=["yes" if "red" in o else "no" for o in squares.df.labels],
        blue=["yes" if "blue" in o else "no" for o in squares.df.labels],
    )
    table = ImageTable(df, squares.root, squares.vocab, squares.name)
    return table, Heads.from_columns(df, ["red", "blue"])


@pytest.fixture
def fast(tiny):
    return replace(tiny, epochs=2, batch_size=16)


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch):
    monkeypatch.setenv("MLC_DEVICE", "cpu")


def test_train_learns_and_keeps_the_best_epoch(coloured, tiny):
    table, heads = coloured
    run = train(
        table, replace(tiny, epochs=12, batch_size=12, learning_rate=1e-2), heads, progress=False
    )
    h = run.history
    assert len(h) == 12 and {
        "epoch",
        "train_loss",
        "valid_loss",
        "valid_red",
        "valid_blue",
        "valid_mean",
        "valid_all_right",
        "seconds",
    } == set(h.columns)
    assert h.valid_mean[run.best_epoch] == h.valid_mean.max()
    best = h[h.valid_mean == h.valid_mean.max()]
    assert run.best_epoch == best.valid_loss.idxmin()
    valid = run.predictions["valid"].accuracy()
    assert valid.mean == pytest.approx(h.valid_mean.max()) and valid.all_right == pytest.approx(
        h.valid_all_right[run.best_epoch]
    )
    assert valid.mean > run.baseline["valid"].mean + 0.1, f"{valid} beside {run.baseline['valid']}"
    assert (
        list(run.predictions) == ["valid", "test"]
        and run.scores("test").loc["majority", "red"] == run.baseline["test"].heads["red"]
    )
    assert run.weights == {"red": 1.0, "blue": 1.0} and "best epoch" in repr(run)
    for p in run.predictions["test"].probs.values():
        np.testing.assert_allclose(p.sum(1), 1, atol=1e-5)
    assert (
        run.predictions["test"].fnames == table.fnames("test")
        and run.predictions["test"].truth().red.tolist()
        == table.df[table.df.split == "test"].red.tolist()
    )
    again = predict(run.model, table, "test")
    for n in heads.names:
        np.testing.assert_allclose(again.probs[n], run.predictions["test"].probs[n], atol=1e-5)
    with pytest.raises(FrozenInstanceError):
        run.seconds = 0


def test_train_is_repeatable_and_the_seed_matters(coloured, fast):
    table, heads = coloured
    a, b, c = (train(table, replace(fast, seed=s), heads, progress=False) for s in (1, 1, 2))
    for x, y in zip(a.model.state_dict().values(), b.model.state_dict().values()):
        assert torch.equal(x, y)
    assert any(
        not torch.equal(x, y)
        for x, y in zip(a.model.state_dict().values(), c.model.state_dict().values())
    )


def test_the_test_split_decides_nothing(coloured, fast, monkeypatch):
    table, heads = coloured
    asked = []
    real = mo.predict
    monkeypatch.setattr(
        heads_train,
        "predict",
        lambda model, table, split, *a: (asked.append(split), real(model, table, split, *a))[1],
    )
    whole = train(table, fast, heads, progress=False)
    assert asked == ["valid", "test"]
    kept = table.df.split != "test"
    without = train(table.subset(kept.to_numpy()), fast, heads, progress=False)
    for x, y in zip(whole.model.state_dict().values(), without.model.state_dict().values()):
        assert torch.equal(x, y)
    assert list(without.predictions) == ["valid"]
    shuffled = table.df.assign(red=np.where(kept, table.df.red, "no"))
    same = train(ImageTable(shuffled, table.root, table.vocab), fast, heads, progress=False)
    assert same.best_epoch == whole.best_epoch and torch.equal(
        same.model.layers[0].weight, whole.model.layers[0].weight
    )


def test_weights_change_what_is_learnt(coloured, fast, capsys):
    table, heads = coloured
    only_red = train(table, fast, heads, weights={"red": 1.0, "blue": 0.0})
    assert "epoch  1" in capsys.readouterr().out and only_red.weights == {"red": 1.0, "blue": 0.0}
    learnt = train(table, fast, heads, weights="uncertainty", progress=False)
    assert set(learnt.weights) == {"red", "blue"} and all(
        w > 0 and w != 1 for w in learnt.weights.values()
    )
    balanced = train(table, fast, heads, class_weights="balanced", progress=False)
    plain = train(table, fast, heads, progress=False)
    assert not torch.equal(balanced.model.layers[0].weight, plain.model.layers[0].weight)
    by_hand = train(
        table,
        fast,
        heads,
        class_weights=heads.class_weights(table.df[table.df.split == "train"]),
        progress=False,
    )
    assert torch.equal(balanced.model.layers[0].weight, by_hand.model.layers[0].weight)


@pytest.mark.parametrize("epochs, batch_size", [(1, 18), (1, 24), (2, 36), (1, 100), (4, 72)])
def test_short_trainings_run(coloured, fast, epochs, batch_size):
    table, heads = coloured
    run = train(
        table,
        replace(fast, epochs=epochs, batch_size=batch_size),
        heads,
        weights="uncertainty",
        progress=False,
    )
    assert len(run.history) == epochs and np.isfinite(run.history.train_loss).all()


def test_train_on_cars_with_its_defaults(cars, smoke):
    run = train(cars, replace(smoke, batch_size=64), progress=False)
    assert run.heads.names == ["brand", "type", "age"] and set(run.scores().columns) == {
        "brand",
        "type",
        "age",
        "mean",
        "all right",
    }
    assert run.model.image_size == smoke.image_size and "images" in repr(run.predictions["test"])


def test_train_uses_the_given_body_and_pixels(coloured, fast):
    from mlc_course.tables import decode_images

    table, heads = coloured
    pixels = {s: decode_images(table.paths(s), 32) for s in table.splits}
    body = nn.Sequential(nn.Conv2d(3, 5, 3, 2), nn.ReLU(), nn.AdaptiveMaxPool2d(1))
    before = body[0].weight.clone()
    run = train(table, fast, heads, body=body, pixels=pixels, progress=False)
    assert (
        run.model.body is body
        and run.model.layers[0].in_features == 5
        and not torch.equal(before, body[0].weight)
    )
    assert torch.equal(
        train(table, fast, heads, progress=False).model.layers[0].weight,
        train(table, fast, heads, pixels=pixels, progress=False).model.layers[0].weight,
    )


def test_train_refuses(coloured, fast):
    table, heads = coloured
    rows = lambda s: table.subset((table.df.split != s).to_numpy())
    with pytest.raises(ValueError, match="no rows in split 'valid'.*never on test"):
        train(rows("valid"), fast, heads)
    with pytest.raises(ValueError, match="no rows in split 'train'"):
        train(rows("train"), fast, heads)
    with pytest.raises(ValueError, match="isn't one of cars"):
        train(table, fast)
    with pytest.raises(ValueError, match="'uncertainty' or None"):
        train(table, fast, heads, weights="learn")
    with pytest.raises(ValueError, match="'balanced' or None"):
        train(table, fast, heads, class_weights="equal")
    with pytest.raises(ValueError, match="'blue' is missing"):
        train(table, fast, heads, weights={"red": 1.0}, progress=False)
    with pytest.raises(ValueError, match="no column 'green'"):
        train(table, fast, Heads({"green": ["no", "yes"]}))
    model = MultiHeadModel(heads)
    with pytest.raises(ValueError, match="image size"):
        predict(model, table, "test")
    with pytest.raises(ValueError, match="no split 'tset'"):
        predict(model, table, "tset", size=32)


def test_a_loss_that_is_not_finite_stops_the_training(coloured, fast):
    from mlc_course.safety import TrainingDiverged

    table, heads = coloured

    class Broken(nn.Module):
        n_features, calls = 4, 0

        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(3, 4)

        def forward(self, x):
            Broken.calls += 1
            return self.lin(x.mean((2, 3))) * (float("nan") if Broken.calls == 3 else 1)

    with pytest.raises(TrainingDiverged, match="step 2 .epoch 0"):
        train(table, replace(fast, batch_size=12), heads, body=Broken(), progress=False)


def test_per_head_accuracy_looks_at_values():
    right = {"kind": np.eye(3, dtype=np.float32)}
    assert per_head_accuracy(right, {"kind": np.arange(3)}).all_right == 1
    for outputs, targets, sentence in (
        (right, [0, 1, -1], "row 2 of the targets is -1"),
        (right, [0, 1, 3], "a target is 3, and the outputs have 3 classes"),
        ({"kind": np.float32([[1, np.inf, 0]])}, [1], "NaN or infinite"),
        ({"kind": np.array([-1])}, [1], "outputs is -1"),
    ):
        with pytest.raises(ValueError, match=sentence):
            per_head_accuracy(outputs, {"kind": np.array(targets)})


# ---- stop, resume, folder ----------------------------------------------------------------------
class _PressedAt:
    "Stands in for the key: asks to stop after the given number of looks."

    def __init__(self, looks):
        self.left = looks

    def __bool__(self):
        self.left -= 1
        return self.left < 0


def press(monkeypatch, looks, *args, **kwargs):
    import contextlib

    with monkeypatch.context() as m:
        m.setattr(heads_train, "ctrl_c", lambda: contextlib.nullcontext(_PressedAt(looks)))
        with pytest.raises(KeyboardInterrupt):
            train(*args, progress=False, **kwargs)


def same_heads_run(a, b):
    for x, y in zip(a.model.parameters(), b.model.parameters(), strict=True):
        assert torch.equal(x, y)
    pd.testing.assert_frame_equal(
        a.history.drop(columns="seconds"), b.history.drop(columns="seconds")
    )
    assert a.weights == b.weights and a.best_epoch == b.best_epoch
    for s, p in a.predictions.items():
        for n in a.heads.names:
            np.testing.assert_array_equal(p.probs[n], b.predictions[s].probs[n])


@pytest.mark.parametrize("looks", [2, 11])
@pytest.mark.parametrize("weights", [None, "uncertainty"])
def test_stopped_it_resumes_and_gives_the_same(
    coloured, fast, tmp_path, monkeypatch, looks, weights
):
    table, heads = coloured
    whole = train(table, fast, heads, weights, progress=False)
    press(monkeypatch, looks, table, fast, heads, weights, out=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pt"]
    run = train(table, fast, heads, weights, progress=False, out=tmp_path, resume=True)
    same_heads_run(run, whole)
    names = {p.name for p in tmp_path.iterdir()}
    assert {"run.json", "model.safetensors", "history.csv", "predictions-test.npz"} <= names
    assert "checkpoint.pt" not in names and run.out == tmp_path


def test_a_folder_gives_the_run_back(coloured, fast, tmp_path):
    from mlc_course.metrics import load_run

    table, heads = coloured
    run = train(table, fast, heads, progress=False, out=tmp_path)
    again = mo.load_run(tmp_path)
    same_heads_run(again, run)
    assert again.baseline == run.baseline and again.heads == heads and again.profile == fast
    asked = predict(again.model, table, "test")
    for n in heads.names:
        np.testing.assert_allclose(asked.probs[n], run.predictions["test"].probs[n], atol=1e-6)
    with pytest.raises(ValueError, match=r"multi_output\.load_run"):
        load_run(tmp_path)
    damaged = tmp_path / "predictions-test.npz"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    with pytest.raises(ValueError, match="predictions-test.npz can't be used"):
        mo.load_run(tmp_path)
    with pytest.raises(FileNotFoundError, match="no run.json"):
        mo.load_run(tmp_path / "nowhere")


def test_a_body_of_ones_own_is_asked_for(coloured, fast, tmp_path):
    table, heads = coloured
    body = lambda: nn.Sequential(nn.Conv2d(3, 5, 3, 2), nn.ReLU(), nn.AdaptiveMaxPool2d(1))
    run = train(table, fast, heads, body=body(), progress=False, out=tmp_path)
    with pytest.raises(ValueError, match="a network of your own .Sequential"):
        mo.load_run(tmp_path)
    same_heads_run(mo.load_run(tmp_path, body=body()), run)


def test_a_checkpoint_of_another_run_is_refused(coloured, fast, tmp_path, monkeypatch):
    table, heads = coloured
    press(monkeypatch, 11, table, fast, heads, out=tmp_path)
    again = lambda table=table, profile=fast, heads=heads, **more: train(
        table, profile, heads, progress=False, out=tmp_path, resume=True, **more
    )
    other = table.df.assign(red=table.df.red.to_numpy()[::-1])
    for kwargs, sentence in (
        (dict(weights={"red": 1.0, "blue": 0.5}), "trained with weights"),
        (dict(class_weights="balanced"), "trained with class_weights"),
        (dict(heads=heads.only("red")), "trained with heads"),
        (dict(table=ImageTable(other, table.root, table.vocab)), "trained with answers"),
        (dict(profile=replace(fast, learning_rate=1e-4)), "learning_rate"),
    ):
        with pytest.raises(ValueError, match=sentence):
            again(**kwargs)
    assert len(again().history) == fast.epochs
    with pytest.raises(ValueError, match="resume=True needs out="):
        train(table, fast, heads, resume=True)


def test_a_loss_that_is_no_number_leaves_the_last_good_checkpoint(coloured, fast, tmp_path):
    from mlc_course.safety import TrainingDiverged

    table, heads = coloured

    class Spoilt(nn.Module):
        n_features = 4

        def __init__(self):
            super().__init__()
            self.lin, self.epochs = nn.Linear(3, 4), 0

        def train(self, mode=True):
            self.epochs += mode and not self.training
            return super().train(mode)

        def forward(self, x):
            return self.lin(x.mean((2, 3))) * (float("nan") if self.epochs > 0 else 1)

    with pytest.raises(TrainingDiverged, match="checkpoint.pt") as e:
        train(table, fast, heads, body=Spoilt(), progress=False, out=tmp_path)
    assert e.value.kept == tmp_path / "checkpoint.pt" and e.value.kept.exists()


def test_pixels_of_other_images_are_refused(coloured, fast):
    table, heads = coloured
    few = {s: np.zeros((3, 32, 32, 3), np.uint8) for s in table.splits}
    with pytest.raises(ValueError, match="pixels has 3 images of split 'train'"):
        train(table, fast, heads, pixels=few)
