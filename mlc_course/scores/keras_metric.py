"Macro F1 as a metric of Keras: counts, added up over an epoch and divided once."

from ..hints import Iterable, KerasTensor
from ..settings import import_tensorflow
from .checks import check_thresh
from .keras_batch import cell_weights, check_batch, check_n_labels

tf = import_tensorflow()
import keras  # noqa: E402 (TensorFlow is set up first)


@keras.saving.register_keras_serializable(package="mlc_course")
class MacroF1(keras.metrics.Metric):
    """Macro F1, counted over everything since the last reset: equal to
    `precision_recall_f1(confusion(...), "macro").f1`, whatever the batches.

    Takes y_true [B, C] (0 or 1), y_pred [B, C] (floats), and sample_weight [B], [B, 1] or [B, C],
    as scikit-learn's f1_score does. ValueError (inside `fit`, InvalidArgumentError) for other
    targets, and for probabilities taken for logits; a diverged network scores NaN."""

    def __init__(
        self,
        n_labels: int,  # C
        thresh: float | Iterable = 0.5,  # a probability, or one per label
        name: str = "macro_f1",  # in the history
        from_logits: bool | None = None,  # None: logits; what may be probabilities is refused
        **kwargs: object,  # for `keras.metrics.Metric`
    ) -> None:
        super().__init__(name=name, **kwargs)
        check_n_labels(n_labels)
        if from_logits not in (None, True, False):
            raise TypeError(f"from_logits is {from_logits!r}: choose True, False or None.")
        self.n_labels, self.from_logits = n_labels, from_logits
        self.thresh = check_thresh(thresh, n_labels, float).tolist()
        zeros = dict(initializer="zeros")
        self.counts = self.add_weight(shape=(3, n_labels), name="tp_fp_fn", **zeros)
        self.wrong = self.add_weight(shape=(), name="wrong", **zeros)
        self.seen = self.add_weight(shape=(), name="seen", **zeros)

    def update_state(
        self,
        y_true: KerasTensor,  # 0 or 1 [B, C]
        y_pred: KerasTensor,  # floats [B, C]
        sample_weight: KerasTensor | None = None,  # [B], [B, 1] or [B, C]
    ) -> None:
        "Count one batch."
        given = self.n_labels, self.thresh, self.from_logits, tf.convert_to_tensor(self.seen)
        t, p, wrong, seen = check_batch(y_true, y_pred, *given)
        w = cell_weights(sample_weight, p)
        cells = t & p, ~t & p, t & ~p
        counts = [tf.reduce_sum(tf.where(c, w, 0.0), 0) for c in cells]
        self.counts.assign_add(tf.stack(counts))
        self.wrong.assign(tf.maximum(self.wrong, wrong))
        self.seen.assign(seen)

    def result(self) -> KerasTensor:
        "Macro F1 of what was counted."
        tp, fp, fn = tf.unstack(self.counts)
        f1 = tf.math.divide_no_nan(2 * tp, 2 * tp + fp + fn)
        return tf.where(self.wrong > 0, float("nan"), tf.reduce_mean(f1))

    def reset_state(self) -> None:
        "Begin to count anew."
        for v in (self.counts, self.wrong):
            v.assign(tf.zeros_like(v))

    def get_config(self) -> dict:
        own = dict(n_labels=self.n_labels, thresh=self.thresh, from_logits=self.from_logits)
        return super().get_config() | own
