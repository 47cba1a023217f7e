"""A course on multi-label image classification that runs offline, and the tested package that its notebooks export"""

from importlib import import_module as _import_module

from .docs import watch as _watch

__version__ = "0.1.0"

# the trainers are not re-exported by name: their four verbs are called the same on purpose
_MODULES = [
    "settings",
    "labels",
    "tables",
    "datablocks",
    "losses",
    "metrics",
    "thresholds",
    "postcards",
    "backbones",
    "train_fastai",
    "train_torch",
    "train_tf",
    "losses_tf",
    "multi_output",
    "compare",
    "interpret",
    "safety",
    "pixels",
    "predictor",
]
_NAMES = {
    "settings": ["Profile", "load_profile", "data_home", "pick_device"],
    "labels": [
        "multi_hot",
        "label_names",
        "label_counts",
        "cooccurrence",
        "cardinality",
        "density",
        "stratified_split",
        "stratified_folds",
        "shared_groups",
    ],
    "tables": [
        "ImageTable",
        "load_image",
        "square_pixels",
        "decode_images",
        "show_images",
        "open_dataset",
        "read_pascal",
        "read_nus_wide",
        "read_movie_posters",
        "read_cars",
        "read_folder",
        "drop_rare_labels",
        "plot_label_counts",
        "read_coco",
        "read_cvat",
        "read_label_studio",
        "read_fiftyone",
        "read_datumaro",
        "read_voc_xml",
        "read_jsonl",
        "read_celeba",
        "read_class_folders",
        "read_yolo",
        "to_csv",
        "to_coco",
        "to_label_studio",
        "label_studio_config",
    ],
    "datablocks": [
        "ReadImage",
        "ReadLabels",
        "split_column",
        "multilabel_datablock",
        "multilabel_dataloaders",
    ],
    "losses": [
        "sigmoid",
        "softmax",
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
        "focal_loss",
        "asymmetric_loss",
        "macro_soft_f1",
        "positive_weights",
    ],
    "metrics": [
        "accuracy_multi",
        "Predictions",
        "Confusion",
        "confusion",
        "precision_recall_f1",
        "average_precision",
        "mean_average_precision",
        "ranking_measures",
        "evaluate",
        "Scores",
        "TrainingRun",
        "load_run",
    ],
    "thresholds": [
        "sweep",
        "best_threshold",
        "best_thresholds_per_label",
        "thresholds_and_average_precision",
        "plot_sweep",
        "precision_recall_curves",
        "f1_grid",
        "fit_temperature",
        "apply_temperature",
        "brier_score",
        "reliability_curve",
        "plot_predictions",
        "threshold_slider",
    ],
    "postcards": ["LABELS", "draw_postcard", "make_postcards"],
    "multi_output": [
        "Heads",
        "MultiHeadModel",
        "multi_head_loss",
        "per_head_accuracy",
        "merge_rare",
    ],
    "compare": ["agreement", "compare_frameworks", "measured_run", "summarise", "plot_comparison"],
    "predictor": ["Predictor", "LabelScores", "export_onnx", "framework_probs", "data_checksum"],
    "interpret": [
        "predicted_labels",
        "cell_losses",
        "worst_losses",
        "mistakes",
        "plot_probability_histograms",
        "f1_by_frequency",
        "grad_cam",
        "class_activation_maps",
        "overlay",
        "cooccurrence_learned",
        "flip_labels",
        "out_of_sample_probs",
        "find_label_issues",
        "finding_scores",
        "rank_label_issues",
        "issues_per_label",
        "separation",
        "predict_tta",
    ],
    "safety": ["TrainingDiverged"],
    "training.lock": ["FolderInUse"],
    "pixels": ["cached_pixels"],
    "data.decoded": ["Decoded", "decode"],
    "data.fetch": ["fetch"],
    "data.nus_lists": ["nus_wide_subset"],
    "data.findings": ["same_images", "findings"],
    "backbones": [
        "pocket_resnet",
        "pocket_resnet_tf",
        "create_model",
        "create_model_tf",
        "draw_stamp",
        "pretrain",
        "save_weights",
    ],
    "training.choice": ["recommend"],
    "shards.manifest": ["ShardError", "check_shards", "read_manifest"],
    "shards.write": ["write_shards"],
    "shards.plan": ["shuffle_reach"],
    "shards.images_torch": ["ShardImages", "ShardLoader"],
    "shards.images_tf": ["shards_tf"],
    "training.head_only": ["train_head"],
    "nets.efficientnet_lite": ["efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"],
    "nets.lite_keras": ["efficientnet_lite0_tf", "efficientnet_lite1_tf", "efficientnet_lite2_tf"],
}
_HOME = {name: module for module, names in _NAMES.items() for name in names}
__all__ = sorted([*_MODULES, *_HOME, "__version__"])
_watch({f"{__name__}.{module}": _NAMES.get(module, ()) for module in [*_MODULES, *_NAMES]})


def _load(name):
    try:
        return _import_module(name)
    except ImportError as e:
        from .extras import explain

        if (told := explain(e)) is e:
            raise
        raise told from e


def __getattr__(name):
    if name in _MODULES:
        return _load(f"{__name__}.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_load(f"{__name__}.{_HOME[name]}"), name)


def __dir__():
    return __all__
