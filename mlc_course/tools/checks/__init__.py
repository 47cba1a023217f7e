"""One function per exercise of the lessons.

It praises the right answer, and raises `Wrong` with a diagnosis of the likely mistake otherwise.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_core": ["Mistake", "NotDone", "Right", "Wrong"],
        "start": ["laptop_at_32", "memory_mb", "steps_per_epoch"],
        "tasks": ["kind_of_task", "parse_cell", "to_multi_hot", "share_that_also", "label_density"],
        "tables": ["labels_of_csv", "keep_frequent", "make_of", "vocab_of"],
        "datablocks": ["label_reader", "row_splitter", "read_target", "datablock"],
        "losses": ["three_labels", "bce", "weighted_bce", "soft_f1", "which_loss"],
        "losses_tf": ["keras_bce", "keras_soft_f1"],
        "epochs": ["epoch_mean"],
        "metrics": ["accuracy", "counts", "macro_f1", "f1_over_batches", "average_precision"],
        "thresholds": [
            "best_cut",
            "choose_and_report",
            "f_beta",
            "precision_floor",
            "calibration_error",
        ],
        "train_torch": [
            "table_dataset",
            "training_step",
            "one_large_step",
            "one_cycle_rate",
            "keep_the_best",
        ],
        "train_tf": [
            "valid_pipeline",
            "unit_range",
            "shuffle_reach",
            "exact_match_metric",
            "freeze_body",
        ],
        "comparison": ["best_rates", "gap_in_seeds", "luck_of_the_test"],
        "backbones": [
            "block_weights",
            "keras_kernel",
            "folded",
            "array_in_file",
            "scaled_features",
        ],
        "appendices": ["safe_write", "cache_name", "residual_sum", "cards_by_number"],
        "train_fastai": [
            "trainable_while_frozen",
            "which_threshold",
            "metrics_at",
            "three_groups",
            "ignores_a_shift",
        ],
        "multi_output": [
            "merge_by_train",
            "any_heads",
            "summed_loss",
            "heads_right",
            "uncertain_loss",
        ],
        "real_data": ["accuracy_of_nothing", "stays_inside", "continue_headers", "top_tags"],
        "look_inside": ["worst_cells", "grad_cam", "mean_of_views"],
        "wrong_labels": ["held_out", "ranked_finds", "auroc", "passed_unknown"],
        "predictor": ["square_bytes", "what_is_said", "which_fault", "runs_code", "verdict"],
        "compare": [
            "same_step_rate",
            "running_variances",
            "keras_epsilon",
            "chance_of_seeds",
            "first_layer",
        ],
    },
)
