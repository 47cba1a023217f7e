"One step in TensorFlow, as fast as this machine allows: precision, fused layers, schedule, graph."

import time
from collections.abc import Callable
from functools import cache

import numpy as np

from mlc_course.hints import KerasTensor
from mlc_course.settings import PRECISIONS, Profile, import_tensorflow
from mlc_course.training.cycle import BETAS, END, EPSILON, START, WARM_UP
from mlc_course.training.frozen import fit_frozen
from mlc_course.training.rates import FACTORS, rates_by_layer

tf = import_tensorflow()
import keras  # noqa: E402 (TensorFlow is set up first)

POLICIES = dict(fp32="float32", bf16="mixed_bfloat16", fp16="mixed_float16")


# ---- outputs -----------------------------------------------------------------------------------
def logits_of(
    model,  # a keras.Model
    x,  # float [B, S, S, 3]
):  # float32 [B, C]
    "Outputs without dropout or learning; traced once for all batch sizes."
    if not hasattr(model, "_logits_fn"):
        plain = tf.function(lambda x: model(x, training=False), autograph=False)
        graph = plain.get_concrete_function(tf.TensorSpec([None, *x.shape[1:]], tf.float32))
        object.__setattr__(model, "_logits_fn", graph)  # past Keras, which would look for layers
    return model._logits_fn(x)


def outputs_of(
    model,  # a keras.Model: float [B, S, S, 3] in [0, 1] to logits, probabilities or features
    images: np.ndarray,  # uint8 [N, S, S, 3]
    batch_size: int = 256,  # images at once
) -> np.ndarray:  # float32 [N, C]
    "What `model` gives for each image, in their order."
    starts = range(0, len(images), batch_size)
    parts = (tf.cast(images[i : i + batch_size], tf.float32) / 255 for i in starts)
    return np.concatenate([logits_of(model, x) for x in parts])


# ---- the head alone ----------------------------------------------------------------------------
def fit_head(
    model: keras.Model,  # from `make_model`; its head is changed in place
    images: np.ndarray,  # uint8 [N, S, S, 3]
    targets: np.ndarray,  # bool [N, C]
) -> float:  # seconds
    "Fit the head to features of the frozen body, computed once, as the other trainers do."
    start = time.perf_counter()
    fit_frozen(model, images, targets)
    return time.perf_counter() - start


# ---- precision ---------------------------------------------------------------------------------
def conv_seconds(dtype, n=3):
    "The fastest of n gradient-free passes of one convolution."
    x, k = tf.ones((16, 32, 32, 32), dtype), tf.ones((3, 3, 32, 32), dtype)

    def total(x, k):
        return tf.reduce_sum(tf.cast(tf.nn.conv2d(x, k, 1, "SAME"), tf.float32))

    conv = tf.function(total, autograph=False)

    def once():
        start = time.perf_counter()
        float(conv(x, k))
        return time.perf_counter() - start

    once()
    return min(once() for _ in range(n))


@cache
def pick_policy(
    precision: str = "auto",  # a profile's precision
) -> str:  # "float32", "mixed_bfloat16" or "mixed_float16"
    """Keras' name for `precision`; auto: bf16 on a GPU that has it and on a CPU where a
    convolution is clearly faster in it."""
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}; choose one of {', '.join(PRECISIONS)}.")
    gpus = tf.config.list_physical_devices("GPU")
    if precision == "fp16" and not gpus:
        raise ValueError(
            "precision fp16 needs a graphics card, and TensorFlow finds none here. Use auto, "
            "bf16 or fp32."
        )
    if precision == "auto" and gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        can = details.get("compute_capability", (0, 0))
        precision = "bf16" if can >= (8, 0) else "fp16" if can >= (7, 0) else "fp32"
    elif precision == "auto":
        faster = conv_seconds("bfloat16") < 0.8 * conv_seconds("float32")
        precision = "bf16" if faster else "fp32"
    return POLICIES[precision]


class FusedBatchNorm(keras.layers.BatchNormalization):
    """Keras' BatchNormalization of the last axis, whose training pass is one operation of
    TensorFlow."""

    def call(
        self,
        inputs: KerasTensor,  # float [B, H, W, C]
        training: bool | None = None,  # use and follow the statistics of this batch
        mask: KerasTensor | None = None,  # as Keras has it
    ) -> KerasTensor:  # of the same shape
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        x = tf.cast(inputs, self.compute_dtype)
        channels = x.shape[-1]
        scale = self.gamma if self.scale else tf.ones(channels)
        offset = self.beta if self.center else tf.zeros(channels)
        given = dict(x=x, scale=scale, offset=offset, epsilon=self.epsilon)
        none = dict(mean=tf.zeros(0), variance=tf.zeros(0))
        y, mean, var, *_ = tf.raw_ops.FusedBatchNormV3(**given, **none)
        n = tf.cast(tf.size(x) // channels, tf.float32)
        var = var * (n - 1) / n
        for seen, now in ((self.moving_mean, mean), (self.moving_variance, var)):
            seen.assign(seen * self.momentum + now * (1 - self.momentum))
        return y


def can_fuse(layer) -> bool:
    "Whether FusedBatchNorm computes what this layer does."
    return (
        type(layer) is keras.layers.BatchNormalization
        and len(layer.input.shape) == 4
        and layer.axis in (-1, 3)
        and not layer.renorm
    )


def training_copy(
    model: keras.Model,  # a functional keras.Model
    policy: str = "float32",  # a dtype policy of Keras
) -> keras.Model:  # a model with the same weights
    """A copy that trains faster: layers in `policy` (the head and the rescaling of pixels stay
    float32), BatchNorm in one operation."""

    def clone(layer):
        config = layer.get_config()
        if layer.name != "head" and not isinstance(layer, keras.layers.Rescaling):
            config["dtype"] = policy
        kind = FusedBatchNorm if can_fuse(layer) else type(layer)
        return kind.from_config(config)

    copy = keras.models.clone_model(model, clone_function=clone)
    copy.set_weights(model.get_weights())
    return copy


# ---- the step ----------------------------------------------------------------------------------
def train_step(
    model: keras.Model,  # learns; its outputs are logits
    optimiser: keras.optimizers.Optimizer,  # a keras optimizer
    loss: Callable,  # a function (inputs, targets) of losses_tf
    jit_compile: bool = False,  # let XLA compile it
    size: int | None = None,  # side of the images; None: what the model says
) -> Callable:  # a function (x, y) that makes one step and gives the loss
    "Compute, compare, differentiate, step: one graph, traced once for all batch sizes."

    def step(x, y):
        with tf.GradientTape() as tape:
            value = loss(tf.cast(model(x, training=True), tf.float32), y)
            scaled = optimiser.scale_loss(value)
        gradients = tape.gradient(scaled, model.trainable_variables)
        optimiser.apply(gradients, model.trainable_variables)
        return value

    if not optimiser.built:
        optimiser.build(model.trainable_variables)
    graph = tf.function(step, jit_compile=jit_compile, autograph=False)
    shape = (None, size, size, 3) if size else model.input_shape
    x, y = tf.TensorSpec(shape, tf.float32), tf.TensorSpec((None, None), tf.float32)
    return graph.get_concrete_function(x, y)


class GroupedAdamW(keras.optimizers.AdamW):
    "AdamW whose layers learn at the rates of `training.rates`; weight decay follows the rates."

    def build(self, variables):
        super().build(variables)
        names = [weight_name(v) for v in variables]
        ours = {"stem.conv.kernel", "top.conv.kernel"} <= set(names)
        factors = rates_by_layer(names, next(iter(FACTORS)) if ours else "")
        pairs = [(o, factors[n]) for v, n in zip(variables, names) for o in (v, v.value)]
        self.factors = {id(o): f for o, f in pairs}  # Keras hands over now one, now the other

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient, variable, learning_rate * self.factors[id(variable)])

    def _apply_weight_decay(self, variables):
        for v in variables:
            rate = keras.ops.cast(self.learning_rate * self.factors[id(v)], v.dtype)
            v.assign(v - v * keras.ops.cast(self.weight_decay, v.dtype) * rate)


def weight_name(
    variable,  # of Keras
) -> str:  # as "blocks.3.expand.conv.kernel"
    "The name of a weight with its layer's, as the networks of PyTorch have it."
    layer, _, name = variable.path.rpartition("/")
    return f"{layer.rpartition('/')[2].replace('_', '.')}.{name}"


@keras.saving.register_keras_serializable(package="mlc_course")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    "torch's OneCycleLR for Keras: a cosine up, then a cosine down."

    def __init__(
        self,
        top: float,  # the highest rate
        steps: int,  # of the whole training
        warm_up: float = WARM_UP,  # share of the steps in which the rate rises
    ) -> None:
        self.top, self.steps, self.warm_up = top, steps, warm_up

    def __call__(
        self,
        step: KerasTensor,  # from 0
    ) -> KerasTensor:  # the learning rate
        steps = max(self.steps, 5)
        up = self.warm_up * steps - 1
        at = tf.cast(step, tf.float32)
        rises = at <= up
        share = tf.where(rises, at / up, (at - up) / (steps - 1 - up))
        low = tf.where(rises, self.top / START, self.top / END)
        share = tf.where(rises, share, 1 - share)
        return low + (self.top - low) * (1 - tf.cos(np.pi * share)) / 2

    def get_config(self) -> dict:
        return dict(top=self.top, steps=self.steps, warm_up=self.warm_up)


def one_cycle(
    profile: Profile,  # a `Profile`: learning rate and weight decay
    steps: int,  # of the whole training
    policy: str = "float32",  # fp16 needs a loss that is scaled
) -> keras.optimizers.Optimizer:  # a keras optimizer
    "AdamW whose rate warms up along a cosine for a quarter of the steps, then falls along another."
    kind = GroupedAdamW if profile.arch in FACTORS else keras.optimizers.AdamW
    rate, (b1, b2) = OneCycle(profile.learning_rate, steps), BETAS
    optimiser = kind(rate, profile.weight_decay, beta_1=b1, beta_2=b2, epsilon=EPSILON)
    if policy == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimiser)
    return optimiser
