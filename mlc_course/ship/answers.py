"What a network itself says: the answers that an export is measured against."

import copy

import numpy as np


def expit(z):
    "The sigmoid, computed in float64."
    return (0.5 * (1 + np.tanh(0.5 * z.astype("float64")))).astype("float32")


def torch_answer(model):
    "A function from float images [N, S, S, 3] to what the module gives for a batch of them."
    import torch

    net = copy.deepcopy(model).cpu().float().eval()

    def ask(x):
        with torch.inference_mode():
            return net(torch.from_numpy(x).permute(0, 3, 1, 2)).float().numpy()

    return ask


def keras_answer(model):
    "A function from float images [N, S, S, 3] to `model.predict` of them."
    import keras

    return lambda x: keras.ops.convert_to_numpy(model.predict(x, verbose=0))
