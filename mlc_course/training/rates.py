"Which layers learn how fast: a body that knows photographs moves less than its new head."

from mlc_course.nets.lite_plan import LITES

FACTORS = {arch: (0.1, 0.2, 1.0) for arch in LITES}  # of the learning rate: early, late, head


def factors_of(
    arch: str,  # a network's name
) -> tuple:  # three numbers up to 1
    "What the profile's learning rate is multiplied with, for early body, late body and head."
    return FACTORS.get(arch, (1.0, 1.0, 1.0))


def rates_by_layer(
    names,  # of weights, "layer.weight", from the pixels to the labels
    arch: str,  # the network's name
) -> dict:  # name -> factor
    "The factor of each weight. The body is cut where half of its layers with weights are passed."
    early, late, head = factors_of(arch)
    layers = list(dict.fromkeys(k.rpartition(".")[0] for k in names if not k.startswith("head.")))
    first = set(layers[: len(layers) // 2])

    def factor(name):
        if name.startswith("head."):
            return head
        return early if name.rpartition(".")[0] in first else late

    return {name: factor(name) for name in names}


def torch_groups(
    model,  # a torch module
) -> list:  # dicts with params and factor; one group with all where all learn as fast
    "The parameters by how fast they learn."
    arch = getattr(model, "arch", "")
    if arch not in FACTORS:
        return [dict(params=list(model.parameters()), factor=1.0)]
    named = dict(model.named_parameters())
    factors = rates_by_layer(list(named), arch)
    return [
        dict(params=[p for k, p in named.items() if factors[k] == f], factor=f)
        for f in dict.fromkeys(factors.values())
    ]
