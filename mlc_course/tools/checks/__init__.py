"""One function per exercise of the lessons: it praises the right answer, and raises `Wrong` with a diagnosis of the likely mistake otherwise."""
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={
    "_core": ["Mistake", "NotDone", "Right", "Wrong"],
    "start": ["laptop_at_32", "memory_mb", "steps_per_epoch"],
    "tasks": ["kind_of_task", "parse_cell", "to_multi_hot", "share_that_also", "label_density"],
    "tables": ["labels_of_csv", "keep_frequent", "make_of", "vocab_of"],
    "datablocks": ["label_reader", "row_splitter", "read_target", "datablock"],
    "losses": ["three_labels", "bce", "weighted_bce", "soft_f1", "which_loss"],
    "losses_tf": ["keras_bce", "keras_soft_f1", "epoch_mean"],
    "metrics": ["accuracy", "counts", "macro_f1", "f1_over_batches", "average_precision"],
    "thresholds": ["best_cut", "choose_and_report", "f_beta", "precision_floor", "calibration_error"],
    "comparison": ["best_rates", "gap_in_seeds", "luck_of_the_test"],
})
