"What a Learner says to the images of a table: the numbers of `learn.get_preds`."

import numpy as np

from ..data.decoded import decode_split, require_split, require_vocab
from .answers import expit
from .heads import torch_ending
from .pipeline import read_learner


def learner_predictions(
    learn,  # a fastai Learner
    table,  # an ImageTable with its vocab, or a Decoded
    split: str,  # one that the table has
    on_error: str = "stop",  # an image that can't be decoded: "stop", or "skip" it with a warning
    batch_size: int = 256,
):  # Predictions, in the table's order
    "As the Learner's validation images are prepared; ValueError for what can't be taken along."
    import torch

    reading = read_learner(learn)
    require_vocab(reading.vocab, table)
    size, net = reading.recipe.size, learn.model
    ending = torch_ending(net, reading.input_size, reading.vocab)
    if ending == "sigmoid" and reading.activation == "sigmoid":
        raise ValueError(
            "This Learner's network ends in a sigmoid and its loss applies another, so "
            "learn.get_preds gives scores between 0.5 "
            "and 0.73. Take the sigmoid out of the network, or use BCELossFlat()."
        )
    require_split(table, split)
    data = decode_split(table, split, size, on_error)
    pixels = data.images
    if not reading.recipe.plain_square:
        pixels = np.stack([reading.recipe(o) for o in data.paths()])
    first, training, out = next(iter(net.parameters()), None), net.training, []
    net.eval()
    try:
        with torch.inference_mode():
            for i in range(0, len(pixels), batch_size):
                x = reading.network_input(np.asarray(pixels[i : i + batch_size]))
                out.append(
                    net(x.to(first.device) if first is not None else x).float().cpu().numpy()
                )
    finally:
        net.train(training)
    raw = np.concatenate(out)
    probs = expit(raw) if ending == "logits" else raw
    return data.predictions(probs)
