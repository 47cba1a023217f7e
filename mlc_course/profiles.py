"How heavy the lessons run: the profiles, built in or written in settings.ini."

import os
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path

from .data.ini import has_section, read_ini

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
BOUNDS = {  # beyond these a value does harm
    "image_size": (8, 4096),
    "num_workers": (0, 256),
    "seed": (0, 2**32 - 1),
    "weight_decay": (0, 10),
}


@dataclass(frozen=True)
class Profile:
    "How heavy the lessons run. A frozen value: `dataclasses.replace` makes a changed copy."

    name: str = "laptop"  # the section of settings.ini
    n_images: int = 4000  # images in the Postcards set
    image_size: int = 64  # side of the square that the networks see, in pixels
    batch_size: int = 32  # images in one training step
    epochs: int = 12  # passes over the training images, all layers learning
    freeze_epochs: int = 1  # above 0: the head is fitted first, on a frozen body; 0: not
    learning_rate: float = 4e-3  # highest learning rate of the one-cycle schedule
    weight_decay: float = 0.05  # of AdamW
    num_workers: int = 0  # processes that load data; 0: the main process
    precision: str = "auto"  # "fp32", "bf16", "fp16", or "auto": the fastest here
    seed: int = 42  # of data, initial weights and batch order
    arch: str = "pocket_resnet"  # the network; or a name such as "resnet50"
    pretrained: bool = True  # start from trained weights, or from random ones

    def __post_init__(self):
        for f in fields(self):
            _check_type(f, getattr(self, f.name))
        for name in ("n_images", "batch_size", "epochs"):
            if getattr(self, name) < 1:
                raise ValueError(_said(self, name, "it must be at least 1"))
        if self.freeze_epochs < 0:
            raise ValueError(_said(self, "freeze_epochs", "it can't be negative"))
        for name, (low, high) in BOUNDS.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(_said(self, name, f"it must lie between {low} and {high}"))
        if not 0 < self.learning_rate < 10:
            raise ValueError(_said(self, "learning_rate", "it must lie between 0 and 10"))
        if self.precision not in PRECISIONS:
            choose = f"choose one of {', '.join(PRECISIONS)}"
            raise ValueError(f"Profile.precision is {self.precision!r}; {choose}.")


def _said(profile, name, rule):
    return f"Profile.{name} is {getattr(profile, name)}; {rule}."


def _check_type(field, value):
    "TypeError for a value of another type; a whole number will do for a float, a bool won't."
    ok = isinstance(value, field.type) or (field.type is float and isinstance(value, int))
    if not ok or isinstance(value, bool) != (field.type is bool):
        raise TypeError(f"Profile.{field.name} is {value!r}; it must be {field.type.__name__}.")


BUILT_IN = {
    p.name: p
    for p in (
        Profile("smoke", n_images=400, image_size=32, batch_size=32, epochs=1, precision="fp32"),
        Profile("laptop"),
        Profile("gpu", n_images=20000, image_size=128, batch_size=256, epochs=30, num_workers=8),
    )
}


def find_settings(
    start: Path | None = None,  # folder to start from; the working folder if left out
) -> Path | None:  # the nearest settings.ini with a [mlc_course] section, or None
    "Look for our settings.ini in `start` and every folder above it; those of others are skipped."
    start = Path(start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if has_section(folder / "settings.ini", "mlc_course"):
            return folder / "settings.ini"
    return None


def _unknown_field(key, known):
    near = get_close_matches(key, known, 1)
    return f"; did you mean {near[0]!r}?" if near else f". The fields are {', '.join(known)}."


def _profile_from(section, base, path):
    "The profile that a section of settings.ini describes; what it leaves out comes from `base`."
    types = {f.name: f.type for f in fields(Profile) if f.name != "name"}
    where, values = f"{path}: section [{section.name}]", {}
    for key, text in section.items():
        if key not in types:
            hint = _unknown_field(key, types)
            raise ValueError(f"{where} has a field {key!r} that no profile has{hint}")
        try:
            values[key] = section.getboolean(key) if types[key] is bool else types[key](text)
        except ValueError:
            said = f"{key} = {text!r} in section [{section.name}] is not {types[key].__name__}"
            raise ValueError(f"{path}: {said}.") from None
    try:
        return replace(base, name=section.name, **values)
    except ValueError as e:
        raise ValueError(f"{where}: {e}") from None


def profiles(
    path: Path | None = None,  # a settings.ini; looked for if left out
) -> dict[str, Profile]:  # every profile by name
    "The built-in profiles, and those of settings.ini in their place."
    path = path or find_settings()
    out = dict(BUILT_IN)
    if path:
        ini = read_ini(path)
        for name in sorted(ini.sections(), key=lambda o: o != "laptop"):  # others start from it
            if name != "mlc_course":
                out[name] = _profile_from(ini[name], BUILT_IN.get(name, out["laptop"]), path)
    return out


def _chosen(name, path):
    "The name of the profile that is asked for, and who asked."
    if name is not None:
        return name, "load_profile"
    if own := os.environ.get("MLC_PROFILE", "").strip():
        return own, "the environment variable MLC_PROFILE"
    testing = "IN_TEST" in os.environ  # nbdev_test sets it
    default = "smoke" if testing else "laptop"
    if path is None:
        return default, "load_profile"
    key = "test_profile" if testing else "profile"
    return read_ini(path)["mlc_course"].get(key, default), str(path)


def load_profile(
    name: str | None = None,  # if left out: MLC_PROFILE, then settings.ini, then "laptop"
) -> Profile:  # the profile
    "The profile called `name`, or the one chosen by MLC_PROFILE, settings.ini or default."
    path = find_settings()
    name, origin = _chosen(name, path)
    known = profiles(path)
    if name not in known:
        said = f"There is no profile called {name!r} (asked for by {origin})"
        raise ValueError(f"{said}. Known: {', '.join(known)}.")
    return known[name]
