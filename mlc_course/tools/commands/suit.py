"What `mlc train` decides where the user left it open: framework, network, image size, function."

import os

from mlc_course.tools.commands.app import say

MODULES = dict(fastai="train_fastai", torch="train_torch", tensorflow="train_tf")


def installed():
    "The framework that trains where none was named."
    from mlc_course.extras import absent

    first = next((f for f in ("torch", "fastai", "tensorflow") if f not in absent(f)), "torch")
    return first


def given_fields(profile, name, **options):
    "Which of network, image size and epochs the user chose: by an option, a profile, settings.ini."
    from mlc_course.settings import BUILT_IN

    if name or os.environ.get("MLC_PROFILE", "").strip() or not profile.pretrained:
        return tuple(options)
    usual = BUILT_IN.get(profile.name)
    return tuple(
        k
        for k, v in options.items()
        if v is not None or usual is None or getattr(profile, k) != getattr(usual, k)
    )


def suited(table, profile, keep):
    "The profile with the network and image size that suit the images, and a line that says why."
    if {"arch", "image_size"} <= set(keep):
        return profile
    from mlc_course.machine import has_gpu
    from mlc_course.training.choice import recommend

    choice = recommend(table, profile, keep, has_gpu())
    say(f"Network: {choice.why}")
    return choice.profile


def trainer(framework, recipe, profile):
    "The function that trains, and what to say of it."
    import importlib
    from functools import partial

    if recipe == "full":
        module = importlib.import_module(f"mlc_course.{MODULES[framework]}")
        return module.train, f"{profile.epochs} epochs"
    from mlc_course.training.head_only import train_head

    return partial(train_head, framework=framework), "the head alone"
