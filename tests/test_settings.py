import os
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest

from mlc_course import devices, settings
from mlc_course.settings import (
    BUILT_IN,
    Profile,
    data_home,
    find_settings,
    load_profile,
    pick_device,
    pick_precision,
    profiles,
    seed_everything,
)


@pytest.fixture
def clean(monkeypatch, tmp_path):
    "No environment variable of ours, and a working folder without settings.ini above it."
    for name in ("MLC_PROFILE", "MLC_HOME", "MLC_DEVICE", "IN_TEST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ini(folder, text):
    (folder / "settings.ini").write_text(text, encoding="utf-8")


def test_built_in_without_a_file(clean):
    assert load_profile() == BUILT_IN["laptop"]


def test_order_of_the_sources(clean, monkeypatch):
    ini(clean, "[mlc_course]\nprofile = mine\n[mine]\nepochs = 7\n")
    assert load_profile().name == "mine" and load_profile().epochs == 7
    assert load_profile().batch_size == BUILT_IN["laptop"].batch_size  # what a section leaves out
    monkeypatch.setenv("MLC_PROFILE", "gpu")
    assert load_profile().name == "gpu"
    assert load_profile("smoke").name == "smoke"


def test_found_upward_and_foreign_files_passed_over(clean, monkeypatch):
    ini(clean, "[mlc_course]\nprofile = gpu\n")
    (clean / "a" / "b").mkdir(parents=True)
    ini(clean / "a", "[DEFAULT]\nlib_name = other\n")
    monkeypatch.chdir(clean / "a" / "b")
    assert find_settings() == (clean / "settings.ini").resolve() and load_profile().name == "gpu"


def test_nbdev_test_runs_the_test_profile(clean, monkeypatch):
    monkeypatch.setenv("IN_TEST", "1")
    assert load_profile().name == "smoke"
    ini(clean, "[mlc_course]\nprofile = gpu\ntest_profile = laptop\n")
    assert load_profile().name == "laptop"


@pytest.mark.parametrize(
    "text, say",
    [
        ("[mlc_course]\n[laptop]\nepohcs = 3\n", "did you mean 'epochs'"),
        ("[mlc_course]\n[laptop]\nepochs = many\n", "is not int"),
        ("[mlc_course]\n[laptop]\nepochs = 0\n", "at least 1"),
        ("[mlc_course]\n[laptop]\nprecision = half\n", "choose one of"),
    ],
)
def test_mistakes_in_the_file_are_named(clean, text, say):
    ini(clean, text)
    with pytest.raises(ValueError, match=say) as e:
        load_profile()
    assert "settings.ini" in str(e.value)


def test_unknown_profile_lists_the_known(clean, monkeypatch):
    monkeypatch.setenv("MLC_PROFILE", "lpatop")
    with pytest.raises(ValueError, match="MLC_PROFILE.*smoke, laptop, gpu"):
        load_profile()


def test_the_shipped_file_and_the_built_in_profiles_agree():
    shipped = profiles(Path(__file__).parent.parent / "settings.ini")
    assert shipped == BUILT_IN


def test_profile_is_frozen():
    with pytest.raises(FrozenInstanceError):
        Profile().epochs = 3
    assert replace(Profile(), epochs=3).epochs == 3


def test_data_home(clean, monkeypatch):
    monkeypatch.setenv("MLC_HOME", str(clean / "x" / "y"))
    assert data_home() == clean / "x" / "y" and data_home().is_dir()
    (clean / "file").write_text("")
    monkeypatch.setenv("MLC_HOME", str(clean / "file" / "under"))
    with pytest.raises(OSError, match="MLC_HOME"):
        data_home()


def test_device_and_precision(clean, monkeypatch):
    monkeypatch.setenv("MLC_DEVICE", "cpu")
    assert pick_device().type == "cpu"
    monkeypatch.setenv("MLC_DEVICE", "toaster")
    with pytest.raises(ValueError, match="toaster"):
        pick_device()
    assert (
        pick_precision("auto", "cpu") in ("fp32", "bf16")
        and pick_precision("bf16", "cpu") == "bf16"
    )
    with pytest.raises(ValueError, match="NVIDIA"):
        pick_precision("fp16", "cpu")


def test_auto_precision_follows_the_clock_once(monkeypatch):
    import torch

    def half(device, dtype):
        return 1.0 if dtype is torch.bfloat16 else 2.0

    fresh = devices.fastest_precision.cache_clear
    fresh()
    monkeypatch.setattr(devices, "conv_seconds", half)
    assert pick_precision("auto", "cpu") == "bf16"
    monkeypatch.setattr(devices, "conv_seconds", lambda device, dtype: 2.0)
    assert pick_precision("auto", "cpu") == "bf16"  # as before: all trainings agree
    fresh()
    assert pick_precision("auto", "cpu") == "fp32"
    fresh()


def test_seed_everything():
    seed_everything(5)
    a = np.random.rand(3)
    seed_everything(5)
    np.testing.assert_array_equal(a, np.random.rand(3))


def test_what_a_section_of_yours_leaves_out_comes_from_laptop_as_the_file_has_it(tmp_path):
    path = tmp_path / "settings.ini"
    path.write_text(
        "[mlc_course]\n[evening]\nimage_size = 32\n[laptop]\nepochs = 5\n[smoke]\nseed = 7\n",
        encoding="utf-8",
    )
    found = profiles(path)
    assert (found["evening"].image_size, found["evening"].epochs, found["laptop"].epochs) == (
        32,
        5,
        5,
    )
    assert found["smoke"].epochs == 1 and found["smoke"].seed == 7


STRANGERS = {
    "no section": b"volume=3\n",
    "binary": bytes(range(256)) * 40,
    "empty": b"",
    "nbdev": b"[DEFAULT]\nlib_name = other\n",
    "twice": b"[a]\n[a]\n",
    "utf-16": "[Settings]\nname = x\n".encode("utf-16"),
    "latin": "[a]\ngr\xf6\xdfe\n".encode("latin-1"),
    "indented": b"key =\n  [mlc_course]\n",
    "huge": b"[mlc_course]\n" + b"#" * 2**20,
}


@pytest.mark.parametrize("what", STRANGERS)
def test_a_strangers_settings_are_passed_over_whatever_is_in_them(clean, monkeypatch, what):
    ini(clean, "[mlc_course]\nprofile = gpu\n")
    (clean / "a").mkdir()
    (clean / "a" / "settings.ini").write_bytes(STRANGERS[what])
    monkeypatch.chdir(clean / "a")
    assert find_settings() == (clean / "settings.ini").resolve() and load_profile().name == "gpu"


def test_a_folder_or_an_unreadable_file_of_that_name_is_passed_over(clean, monkeypatch):
    (clean / "settings.ini").mkdir()
    assert load_profile() == BUILT_IN["laptop"]
    (clean / "settings.ini").rmdir()
    ini(clean, "[mlc_course]\nprofile = gpu\n")
    real = Path.open

    def no(self, *a, **kw):
        if self.name == "settings.ini":
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *a, **kw)

    monkeypatch.setattr(Path, "open", no)
    assert load_profile() == BUILT_IN["laptop"]


@pytest.mark.parametrize(
    "text, say",
    [
        (b"[mlc_course]\n[laptop]\nepochs\n", "line 3: 'epochs' is neither"),
        (b"[mlc_course]\n[laptop]\n[laptop]\n", r"line 3: the section \[laptop\] is there twice"),
        (b"a = 1\n[mlc_course]\n", "line 1: 'a = 1' stands before"),
        (b"[mlc_course]\nprofile = a\nprofile = b\n", "line 3: profile is there twice"),
        (
            b"[mlc_course]\n# gr\xf6\xdfe\n",
            "line 2: this isn't text in UTF-8.*Save the file as UTF-8",
        ),
    ],
)
def test_a_mistake_in_our_file_is_named_with_its_line(clean, text, say):
    (clean / "settings.ini").write_bytes(text)
    with pytest.raises(ValueError, match=say) as e:
        load_profile()
    assert str(clean / "settings.ini") in str(e.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_what_windows_editors_write_is_read(clean, encoding):
    (clean / "settings.ini").write_bytes("[mlc_course]\nprofile = gpu\n".encode(encoding))
    assert load_profile().name == "gpu"


def test_a_file_that_was_named_and_is_not_there_is_an_error(clean):
    with pytest.raises(OSError, match="nowhere.ini can't be read"):
        profiles(clean / "nowhere.ini")


@pytest.mark.parametrize(
    "field, value",
    [
        ("image_size", 1),
        ("image_size", 7),
        ("image_size", 20_000),
        ("num_workers", 5000),
        ("seed", 2**32),
        ("seed", -1),
        ("weight_decay", float("nan")),
        ("weight_decay", -0.1),
    ],
)
def test_bounds_are_told(field, value):
    with pytest.raises(ValueError, match=f"Profile.{field} is .*; it must lie between"):
        replace(Profile(), **{field: value})
    low, high = settings.BOUNDS[field]
    replace(Profile(), **{field: type(Profile.__dataclass_fields__[field].default)(low)})
    replace(Profile(), **{field: type(Profile.__dataclass_fields__[field].default)(high)})


def test_a_data_home_that_can_only_be_read_is_given(clean, monkeypatch):
    monkeypatch.setenv("MLC_HOME", str(clean))
    monkeypatch.setattr(os, "access", lambda *a: False)
    assert data_home() == clean
