"Made by `python -m mlc_course.tools.stubs` from the sources; not to be edited."

from .data.fetch_sets import RealSet
from .hints import ImageLike
from .hints import Names
from .hints import PathLike
from .hints import Thresh
from .scores.counts import PRF
from .scores.heads import HeadAccuracy
from .scores.order import Ranking
from .scores.thresh import BestThreshold
from .shards.manifest import Manifest
from .training.choice import Choice
from .training.measured import MeasuredRun
from PIL.Image import Image as PILImage
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from fastai.data.block import DataBlock
from fastai.data.core import DataLoaders
from keras import Model as KerasModel
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from pandas import Series
from pathlib import Path
from torch import Tensor
from torch import device as Device
from torch import nn
from torch.nn import Module
from typing import Any
import numpy as np
import pandas as pd
import torch
from . import backbones as backbones
from . import compare as compare
from . import datablocks as datablocks
from . import interpret as interpret
from . import labels as labels
from . import losses as losses
from . import losses_tf as losses_tf
from . import metrics as metrics
from . import multi_output as multi_output
from . import pixels as pixels
from . import postcards as postcards
from . import predictor as predictor
from . import safety as safety
from . import settings as settings
from . import tables as tables
from . import thresholds as thresholds
from . import train_fastai as train_fastai
from . import train_tf as train_tf
from . import train_torch as train_torch
from .data.decoded import Decoded as Decoded
from .datablocks import ReadImage as ReadImage
from .datablocks import ReadLabels as ReadLabels
from .metrics import Confusion as Confusion
from .metrics import Predictions as Predictions
from .metrics import Scores as Scores
from .metrics import TrainingRun as TrainingRun
from .multi_output import Heads as Heads
from .multi_output import MultiHeadModel as MultiHeadModel
from .postcards import LABELS as LABELS
from .predictor import LabelScores as LabelScores
from .predictor import Predictor as Predictor
from .safety import TrainingDiverged as TrainingDiverged
from .settings import Profile as Profile
from .shards.images_torch import ShardImages as ShardImages
from .shards.images_torch import ShardLoader as ShardLoader
from .shards.manifest import ShardError as ShardError
from .tables import ImageTable as ImageTable
from .training.lock import FolderInUse as FolderInUse

__version__: str
__all__ = [
    "Confusion",
    "Decoded",
    "FolderInUse",
    "Heads",
    "ImageTable",
    "LABELS",
    "LabelScores",
    "MultiHeadModel",
    "Predictions",
    "Predictor",
    "Profile",
    "ReadImage",
    "ReadLabels",
    "Scores",
    "ShardError",
    "ShardImages",
    "ShardLoader",
    "TrainingDiverged",
    "TrainingRun",
    "__version__",
    "accuracy_multi",
    "agreement",
    "apply_temperature",
    "asymmetric_loss",
    "average_precision",
    "backbones",
    "best_threshold",
    "best_thresholds_per_label",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "brier_score",
    "cached_pixels",
    "cardinality",
    "cell_losses",
    "check_shards",
    "class_activation_maps",
    "compare",
    "compare_frameworks",
    "confusion",
    "cooccurrence",
    "cooccurrence_learned",
    "create_model",
    "create_model_tf",
    "data_checksum",
    "data_home",
    "datablocks",
    "decode",
    "decode_images",
    "density",
    "draw_postcard",
    "draw_stamp",
    "drop_rare_labels",
    "efficientnet_lite0",
    "efficientnet_lite0_tf",
    "efficientnet_lite1",
    "efficientnet_lite1_tf",
    "efficientnet_lite2",
    "efficientnet_lite2_tf",
    "evaluate",
    "export_onnx",
    "f1_by_frequency",
    "f1_grid",
    "fetch",
    "find_label_issues",
    "finding_scores",
    "findings",
    "fit_temperature",
    "flip_labels",
    "focal_loss",
    "framework_probs",
    "grad_cam",
    "interpret",
    "issues_per_label",
    "label_counts",
    "label_names",
    "label_studio_config",
    "labels",
    "load_image",
    "load_profile",
    "load_run",
    "losses",
    "losses_tf",
    "macro_soft_f1",
    "make_postcards",
    "mean_average_precision",
    "measured_run",
    "merge_rare",
    "metrics",
    "mistakes",
    "multi_head_loss",
    "multi_hot",
    "multi_output",
    "multilabel_datablock",
    "multilabel_dataloaders",
    "nus_wide_subset",
    "open_dataset",
    "out_of_sample_probs",
    "overlay",
    "per_head_accuracy",
    "pick_device",
    "pixels",
    "plot_comparison",
    "plot_label_counts",
    "plot_predictions",
    "plot_probability_histograms",
    "plot_sweep",
    "pocket_resnet",
    "pocket_resnet_tf",
    "positive_weights",
    "postcards",
    "precision_recall_curves",
    "precision_recall_f1",
    "predict_tta",
    "predicted_labels",
    "predictor",
    "pretrain",
    "rank_label_issues",
    "ranking_measures",
    "read_cars",
    "read_celeba",
    "read_class_folders",
    "read_coco",
    "read_cvat",
    "read_datumaro",
    "read_fiftyone",
    "read_folder",
    "read_jsonl",
    "read_label_studio",
    "read_manifest",
    "read_movie_posters",
    "read_nus_wide",
    "read_pascal",
    "read_voc_xml",
    "read_yolo",
    "recommend",
    "reliability_curve",
    "safety",
    "same_images",
    "save_weights",
    "separation",
    "settings",
    "shards_tf",
    "shared_groups",
    "show_images",
    "shuffle_reach",
    "sigmoid",
    "softmax",
    "split_column",
    "square_pixels",
    "stratified_folds",
    "stratified_split",
    "summarise",
    "sweep",
    "tables",
    "threshold_slider",
    "thresholds",
    "thresholds_and_average_precision",
    "to_coco",
    "to_csv",
    "to_label_studio",
    "train_fastai",
    "train_head",
    "train_tf",
    "train_torch",
    "worst_losses",
    "write_shards",
]

def load_profile(
    name: str | None = None,
) -> Profile:
    """The profile called `name`, or the one chosen by MLC_PROFILE, settings.ini or default.

    Parameters
    ----------
    name : str | None, default None
        if left out: MLC_PROFILE, then settings.ini, then "laptop"

    Returns
    -------
    Profile
        the profile
    """

def data_home() -> Path:
    """Folder for data: `MLC_HOME` if set, else the platform's cache folder for mlc_course.

    A shared folder that can only be read serves the sets that are in it.

    Returns
    -------
    Path
        an existing folder
    """

def pick_device() -> Device:
    """The fastest device of this machine: cuda, then mps, then cpu. `MLC_DEVICE` overrides it.

    Returns
    -------
    Device
        a torch.device
    """

def multi_hot(
    labels: Iterable[Collection[str]],
    vocab: Names,
) -> np.ndarray:
    """Multi-hot targets: one row per image, one column per label.

    Parameters
    ----------
    labels : Iterable[Collection[str]]
        one list of label names per image; an empty list for an image without labels
    vocab : Names
        C label names, in column order

    Returns
    -------
    np.ndarray
        bool [N, C], True where the image has the label
    """

def label_names(
    row: ArrayLike,
    vocab: Names,
) -> list:
    """Read a multi-hot row back as label names.

    Parameters
    ----------
    row : ArrayLike
        one multi-hot row [C]: bool, or 0 and 1
    vocab : Names
        C label names, in column order

    Returns
    -------
    list
        the names whose column is on, in vocab order
    """

def label_counts(
    targets: ArrayLike,
    vocab: Names,
) -> Series:
    """How many images have each label.

    Parameters
    ----------
    targets : ArrayLike
        multi-hot [N, C]
    vocab : Names
        C label names, in column order

    Returns
    -------
    Series
        pd.Series: images per label, the most frequent first
    """

def cooccurrence(
    targets: ArrayLike,
) -> np.ndarray:
    """How often two labels are in the same image.

    Parameters
    ----------
    targets : ArrayLike
        multi-hot [N, C]

    Returns
    -------
    np.ndarray
        int64 [C, C]: images that have both labels; the diagonal holds the counts
    """

def cardinality(
    targets: ArrayLike,
) -> float:
    """The average number of labels of an image.

    Parameters
    ----------
    targets : ArrayLike
        multi-hot [N, C]

    Returns
    -------
    float
        labels per image, on average
    """

def density(
    targets: ArrayLike,
) -> float:
    """Cardinality divided by the number of labels in the vocab.

    Parameters
    ----------
    targets : ArrayLike
        multi-hot [N, C]

    Returns
    -------
    float
        share of cells that are on, in [0, 1]
    """

def stratified_split(
    targets: ArrayLike,
    fractions: Sequence[float],
    seed: int = 42,
    groups: Sequence[Any] | ArrayLike | None = None,
) -> np.ndarray:
    """Deal rows into parts so that every part has its share of every label, the rarest label
    first (Sechidis et al. 2011).

    Parameters
    ----------
    targets : ArrayLike
        multi-hot [N, C]
    fractions : Sequence[float]
        share of the rows for each part, with sum 1
    seed : int, default 42
        the same seed, the same split
    groups : Sequence[Any] | ArrayLike | None, default None
        a value a row, such as a patient

    Returns
    -------
    np.ndarray
        int64 [N]: the part, 0 to len(fractions) - 1, of every row
    """

def stratified_folds(
    targets: ArrayLike,
    k: int,
    seed: int = 42,
    groups: Sequence[Any] | ArrayLike | None = None,
) -> np.ndarray:
    """Deal rows into `k` folds of nearly equal size, each with its share of every label.

    Parameters
    ----------
    targets : ArrayLike
        multi-hot [N, C]
    k : int
        how many folds, at least 2
    seed : int, default 42
        the same seed, the same folds
    groups : Sequence[Any] | ArrayLike | None, default None
        a value a row: they stay whole

    Returns
    -------
    np.ndarray
        int64 [N]: the fold, 0 to k - 1, of every row
    """

def shared_groups(
    groups: Sequence[Any] | ArrayLike,
    split: ArrayLike,
) -> dict:
    """Groups that stand in more than one split, so that a model is tested on what it was trained on.

    Parameters
    ----------
    groups : Sequence[Any] | ArrayLike
        one hashable value per row; None, NaN: no group
    split : ArrayLike
        the split of each row

    Returns
    -------
    dict
        group -> list of its splits, only where there is more than one; by first appearance
    """

def load_image(
    path: PathLike,
) -> PILImage:
    """The one decoder: any image file as 8-bit RGB, 16 bits scaled, transparency laid on white.

    ValueError names a file that is damaged, isn't an image, or has 32-bit or float pixels, and says
    what to do. A missing file is a FileNotFoundError. No program is started for a file (EPS).
    What would take more than about 300 MB is refused; a JPEG is then read at half its size or less.

    Parameters
    ----------
    path : PathLike
        an image file

    Returns
    -------
    PILImage
        a PIL image in mode RGB, upright
    """

def square_pixels(
    image: ImageLike,
    size: int,
) -> np.ndarray:
    """The one preprocessing: 8-bit RGB, upright, squashed to a square (bilinear, antialiased).

    An array of another dtype or shape is a ValueError; for files, see `load_image`. A file is
    converted in bands, so that it takes no more than its decoded pixels, about 300 MB at most.

    Parameters
    ----------
    image : ImageLike
        a file, a PIL image, or uint8 [H, W, 3], red first
    size : int
        side of the square that comes out, in pixels

    Returns
    -------
    np.ndarray
        uint8 [size, size, 3]
    """

def decode_images(
    paths: Iterable[PathLike] | Any,
    size: int,
    workers: int | None = None,
    progress: bool | None = None,
) -> np.ndarray:
    """Decode images and squash each to a square (bilinear, antialiased).

    A bad file is an error that names it, and its row if a table was given.

    Parameters
    ----------
    paths : Iterable[PathLike] | Any
        image files, or an ImageTable
    size : int
        side of the square that comes out, in pixels
    workers : int | None, default None
        threads; None: one per core
    progress : bool | None, default None
        True shows a progress bar

    Returns
    -------
    np.ndarray
        uint8 [N, size, size, 3], in the order of `paths`
    """

def show_images(
    images: Iterable[ImageLike],
    titles: Sequence[str | list] | None = None,
    ncols: int = 6,
    size: float = 1.7,
    suptitle: str | None = None,
) -> Figure:
    """A sheet of images.

    Parameters
    ----------
    images : Iterable[ImageLike]
        PIL images, uint8 arrays [H, W, 3], or paths
    titles : Sequence[str | list] | None, default None
        one text or list of labels per image
    ncols : int, default 6
        images in one row
    size : float, default 1.7
        width of one image, in inches
    suptitle : str | None, default None
        above all

    Returns
    -------
    Figure
        a matplotlib Figure; as the last line of a cell it is shown
    """

def open_dataset(
    name_or_path: PathLike,
    profile: Profile | None = None,
    format: str | None = None,
    **options: Any,
) -> ImageTable:
    """Open a data set by name, or a folder or file whose layout is recognised; drawn sets are drawn.

    Parameters
    ----------
    name_or_path : PathLike
        in DRAWN_SETS or REAL_SETS, or a folder or annotation file of yours
    profile : Profile | None, default None
        decides the size of a drawn set; None: load_profile()
    format : str | None, default None
        which layout to read, such as "pascal", where two are possible
    **options : Any
        for the reader, such as on_missing="drop" or min_count=50

    Returns
    -------
    ImageTable
        with a valid split wherever there is a train split
    """

def read_pascal(
    path: PathLike,
    vocab: Names | None = None,
    on_missing: str = 'error',
    encoding: str = 'utf-8-sig',
    name: str | None = None,
    sep: str | None = None,
    na_cells: str | None = None,
    images: PathLike | None = None,
) -> ImageTable:
    """Read the layout in which fastai ships PASCAL 2007.

    Parameters
    ----------
    path : PathLike
        has train.csv (fname, labels, is_valid), train/; test.csv, test/ if there
    vocab : Names | None, default None
        None: every label in any row
    on_missing : str, default 'error'
        or "drop": leave out the rows whose image is missing
    encoding : str, default 'utf-8-sig'
        of the CSV files
    name : str | None, default None
        None: the folder's name
    sep : str | None, default None
        what separates two labels; None: white space, or what the cells show
    na_cells : str | None, default None
        "empty" or "label": what a label cell nan, None or NA means
    images : PathLike | None, default None
        holds train/ and test/; None: the CSV files' folder

    Returns
    -------
    ImageTable
        splits train and valid, and test if there is a test.csv
    """

def read_nus_wide(
    images: PathLike,
    *annotation_files: PathLike,
    on_missing: str = 'error',
    name: str | None = None,
) -> ImageTable:
    """Read the JSON annotations that are used for NUS-WIDE.

    Parameters
    ----------
    images : PathLike
        the folder that the image names are relative to
    *annotation_files : PathLike
        one JSON file a split, named after train, valid, val or test
    on_missing : str, default 'error'
        or "drop": leave out the samples whose image is missing
    name : str | None, default None
        None: the folder's name

    Returns
    -------
    ImageTable
        with the splits that there are files for; vocab is the files' "labels" list
    """

def read_movie_posters(
    csv: PathLike,
    images: PathLike,
    min_count: int | None = None,
    seed: int = 42,
    fractions: Sequence[float] = ...,
    on_missing: str = 'drop',
    on_conflict: str = 'error',
    encoding: str = 'latin-1',
    name: str | None = None,
    vocab: Names | None = None,
    sep: str | None = None,
    na_cells: str | None = None,
) -> ImageTable:
    """Read the table of film posters and genres; rare genres, and the rows that they leave empty,
    are dropped.

    Parameters
    ----------
    csv : PathLike
        MovieGenre.csv: imdbId, Title, IMDB Score, Genre (joined by |)
    images : PathLike
        folder of the posters, called by their imdbId, such as 114709.jpg
    min_count : int | None, default None
        rarer genres go; None: 1/40 of the films, at most 1,000
    seed : int, default 42
        of the split, since the file has none
    fractions : Sequence[float], default (0.8, 0.1, 0.1)
        share of train, valid and test
    on_missing : str, default 'drop'
        or "error": many poster links of the real file are dead
    on_conflict : str, default 'error'
        or "first": two rows of one imdbId that disagree about the genres
    encoding : str, default 'latin-1'
        the real file is ISO-8859-1
    name : str | None, default None
        None: the name of the folder
    vocab : Names | None, default None
        the genres in order; None: every genre, sorted
    sep : str | None, default None
        what separates genres; None: what the cells show, such as |
    na_cells : str | None, default None
        "empty" or "label": what a genre cell nan, None or N/A means

    Returns
    -------
    ImageTable
        splits train, valid and test; also columns title and score
    """

def read_cars(
    annos: PathLike,
    images: PathLike | None = None,
    meta: PathLike | None = None,
    on_missing: str = 'error',
    makes: Iterable[str] = ...,
    name: str | None = None,
) -> ImageTable:
    """Read the metadata of Stanford Cars: one file for all images, or the two files of the older
    devkit.

    Parameters
    ----------
    annos : PathLike
        cars_annos.mat or cars_train_annos.mat, or the folder that holds one of them
    images : PathLike | None, default None
        the names' folder; None: looked for beside the annotations
    meta : PathLike | None, default None
        cars_meta.mat; None: cars_annos.mat's own, or the one beside it
    on_missing : str, default 'error'
        or "drop": leave out the rows whose image is missing
    makes : Iterable[str], default MULTI_WORD_MAKES
        makes of more than one word
    name : str | None, default None
        None: the folder's name

    Returns
    -------
    ImageTable
        train and test; labels [brand, type]; also brand, type, year, class_name
    """

def read_folder(
    path: PathLike,
    sep: str | None = None,
    vocab: Names | None = None,
    fractions: Sequence[float] = ...,
    seed: int = 42,
    on_missing: str = 'error',
    encoding: str = 'utf-8-sig',
    name: str | None = None,
    images: PathLike | None = None,
    fname_column: str | None = None,
    label_column: str | Sequence[str] | None = None,
    split_column: str | None = None,
    valid_fold: int | None = None,
    test_fold: int | None = None,
    group_column: str | None = None,
    minus_one: str | None = None,
    na_cells: str | None = None,
    on_conflict: str = 'error',
) -> ImageTable:
    """Read a table of images in any usual form: what was understood is noted, what is unclear asked.

    Parameters
    ----------
    path : PathLike
        a folder with a CSV file and images, or that CSV file
    sep : str | None, default None
        what separates labels; None: found out; "whole": one a cell
    vocab : Names | None, default None
        None: every label in any row
    fractions : Sequence[float], default (0.6, 0.2, 0.2)
        share of train, valid and test, if the file doesn't say
    seed : int, default 42
        of that split
    on_missing : str, default 'error'
        or "drop": leave out the rows whose image is missing
    encoding : str, default 'utf-8-sig'
        of the CSV file
    name : str | None, default None
        None: the folder's name
    images : PathLike | None, default None
        None: looked for beside, below, or beside annotations/
    fname_column : str | None, default None
        the file names' column; None: the one with a usual name
    label_column : str | Sequence[str] | None, default None
        of the labels; None: likewise
    split_column : str | None, default None
        says train, valid or test; "none": split anew
    valid_fold : int | None, default None
        the valid fold's number, where the column holds numbers
    test_fold : int | None, default None
        the number of the fold that is test
    group_column : str | None, default None
        its groups (patient, film) stay whole; None: `group`
    minus_one : str | None, default None
        "no": -1 beside 0 and 1 means no; else it is refused
    na_cells : str | None, default None
        "empty" or "label": what a label cell nan, None or NA means
    on_conflict : str, default 'error'
        or "first" or "join": rows of one image with different labels

    Returns
    -------
    ImageTable
        the file's splits, or a stratified one
    """

def drop_rare_labels(
    table: ImageTable,
    min_count: int | None = None,
    top: int | None = None,
) -> ImageTable:
    """Take rare labels out, and the rows that lose all their labels by it. Rows that had none
    before stay.

    Parameters
    ----------
    table : ImageTable
        any table
    min_count : int | None, default None
        keep the labels that at least so many images have ...
    top : int | None, default None
        ... or keep this many, the most frequent

    Returns
    -------
    ImageTable
        smaller vocab; without the rows that lost their only labels
    """

def plot_label_counts(
    table: ImageTable,
    split: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Images per label as sorted horizontal bars, the most frequent on top.

    Parameters
    ----------
    table : ImageTable
        any table
    split : str | None, default None
        None: all splits
    ax : Axes | None, default None
        axes to draw on

    Returns
    -------
    Axes
        matplotlib Axes
    """

def read_coco(
    path: PathLike,
    images: PathLike | None = None,
    vocab: Names | None = None,
    on_missing: str = 'error',
    name: str | None = None,
    fractions: Sequence[float] = ...,
    seed: int = 42,
) -> ImageTable:
    """Read COCO files: an image's labels are the categories of its annotations.

    Parameters
    ----------
    path : PathLike
        a COCO file, or a folder with one file for each split
    images : PathLike | None, default None
        what the file names are relative to; None: looked for
    vocab : Names | None, default None
        None: all categories, used or not, by id
    on_missing : str, default 'error'
        or "drop": leave out the rows whose image is missing
    name : str | None, default None
        None: the folder's name
    fractions : Sequence[float], default (0.6, 0.2, 0.2)
        shares of the splits, if no file says a split
    seed : int, default 42
        of that split

    Returns
    -------
    ImageTable
        an image without annotations has no label
    """

def read_cvat(
    path: PathLike,
    images: PathLike | None = None,
    vocab: Names | None = None,
    on_missing: str = 'error',
    name: str | None = None,
    fractions: Sequence[float] = ...,
    seed: int = 42,
) -> ImageTable:
    """Read CVAT's XML for images: the labels of tags, boxes and other shapes.

    Parameters
    ----------
    path : PathLike
        annotations.xml, or its folder
    images : PathLike | None, default None
        what the image names are relative to; None: looked for
    vocab : Names | None, default None
        None: all labels of the task or project, in its order
    on_missing : str, default 'error'
        or "drop": leave out the rows whose image is missing
    name : str | None, default None
        None: the folder's name
    fractions : Sequence[float], default (0.6, 0.2, 0.2)
        share of train, valid and test, if no subset says a split
    seed : int, default 42
        of that split

    Returns
    -------
    ImageTable
        an image without tags and shapes has no label
    """

def read_label_studio(
    path: PathLike,
    images: PathLike | None = None,
    vocab: Names | None = None,
    on_missing: str = 'error',
    name: str | None = None,
    label_column: str | None = None,
    fname_column: str | None = None,
    on_conflict: str = 'error',
    unlabelled: str = 'error',
    fractions: Sequence[float] = ...,
    seed: int = 42,
) -> ImageTable:
    """Read what Label Studio exports: the choices, or the labels of regions, of each image.

    Parameters
    ----------
    path : PathLike
        the exported file, or its folder
    images : PathLike | None, default None
        the folder of the images; None: looked for
    vocab : Names | None, default None
        None: the labels that occur, sorted, or as to_label_studio wrote
    on_missing : str, default 'error'
        or "drop": leave out the tasks whose image is missing
    name : str | None, default None
        None: the folder's name
    label_column : str | None, default None
        the control that holds the labels, if there are several
    fname_column : str | None, default None
        a task's key of the image; None: image, or the only file
    on_conflict : str, default 'error'
        several that differ: "any", "all", "majority", "first"
    unlabelled : str, default 'error'
        or "drop": leave out the tasks that nobody annotated
    fractions : Sequence[float], default (0.6, 0.2, 0.2)
        shares of the splits, if no task says a split
    seed : int, default 42
        of that split

    Returns
    -------
    ImageTable
        an annotation without a choice is an image without a label
    """

def read_fiftyone(
    path: PathLike,
    images: PathLike | None = None,
    vocab: Names | None = None,
    on_missing: str = 'error',
    name: str | None = None,
    label_column: str | None = None,
    unlabelled: str = 'error',
    fractions: Sequence[float] = ...,
    seed: int = 42,
) -> ImageTable:
    """Read FiftyOne's exports: FiftyOneDataset, and its image classification and detection datasets.

    Parameters
    ----------
    path : PathLike
        samples.json, labels.json, or the folder of the export
    images : PathLike | None, default None
        the folder of the images; None: looked for, such as data/
    vocab : Names | None, default None
        None: the file's classes in its order, or else those that occur
    on_missing : str, default 'error'
        or "drop": leave out the samples whose image is missing
    name : str | None, default None
        None: the folder's name
    label_column : str | None, default None
        the field of the labels; None: ground_truth, or the only one
    unlabelled : str, default 'error'
        or "drop": leave out the samples whose field is empty (null)
    fractions : Sequence[float], default (0.6, 0.2, 0.2)
        if no tag or folder says the split
    seed : int, default 42
        of that split

    Returns
    -------
    ImageTable
        an empty list of classifications or detections is an image without a label
    """

def read_datumaro(
    path: PathLike,
    images: PathLike | None = None,
    vocab: Names | None = None,
    on_missing: str = 'error',
    name: str | None = None,
    fractions: Sequence[float] = ...,
    seed: int = 42,
) -> ImageTable:
    """Read Datumaro's JSON files: labels and labelled shapes of each item.

    Parameters
    ----------
    path : PathLike
        one of its JSON files, or the folder that holds annotations/
    images : PathLike | None, default None
        None: looked for, such as images/train/
    vocab : Names | None, default None
        None: the file's labels in its order, used or not
    on_missing : str, default 'error'
        or "drop": leave out the items whose image is missing
    name : str | None, default None
        None: the folder's name
    fractions : Sequence[float], default (0.6, 0.2, 0.2)
        shares of the splits, if no file says a split
    seed : int, default 42
        of that split

    Returns
    -------
    ImageTable
        an item without annotations is an image without a label
    """

def read_voc_xml(
    path: PathLike,
    images: PathLike | None = None,
    vocab: Names | None = None,
    on_missing: str = 'error',
    name: str | None = None,
    difficult: str = 'keep',
    fractions: Sequence[float] = ...,
    seed: int = 42,
) -> ImageTable:
    """Read PASCAL VOC's XML files: the names of an image's objects are its labels.

    Parameters
    ----------
    path : PathLike
        the folder that holds Annotations/ (such as VOC2007), or one XML file
    images : PathLike | None, default None
        None: JPEGImages/, or beside the XML files
    vocab : Names | None, default None
        None: the names of all objects
    on_missing : str, default 'error'
        or "drop": leave out the rows whose image is missing
    name : str | None, default None
        None: the folder's name
    difficult : str, default 'keep'
        or "drop": objects marked difficult give no label
    fractions : Sequence[float], default (0.6, 0.2, 0.2)
        share of train, valid and test, if no list says the split
    seed : int, default 42
        of that split

    Returns
    -------
    ImageTable
        splits as in ImageSets/Main, or by the folders train/, valid/ and test/
    """

def read_jsonl(
    path: PathLike,
    images: PathLike | None = None,
    vocab: Names | None = None,
    on_missing: str = 'error',
    name: str | None = None,
    sep: str | None = None,
    fname_column: str | None = None,
    label_column: str | None = None,
    split_column: str | None = None,
    valid_fold: int | None = None,
    test_fold: int | None = None,
    unlabelled: str = 'error',
    fractions: Sequence[float] = ...,
    seed: int = 42,
) -> ImageTable:
    """Read records in JSON: metadata.jsonl, JSON lines, a list, or an object from name to labels.

    Parameters
    ----------
    path : PathLike
        a file with records, or the folder of one or several (metadata.jsonl)
    images : PathLike | None, default None
        what the file names are relative to; None: looked for
    vocab : Names | None, default None
        None: those that occur, sorted; needed if they are numbers
    on_missing : str, default 'error'
        or "drop": leave out the records whose image is missing
    name : str | None, default None
        None: the folder's name
    sep : str | None, default None
        what separates labels, as in "cat|dog"; None: found out
    fname_column : str | None, default None
        the key of the file name; None: file_name, image, path ...
    label_column : str | None, default None
        the key of the labels; None: labels, label, tags ...
    split_column : str | None, default None
        the key that says train, valid or test; "none": split anew
    valid_fold : int | None, default None
        the valid fold's number, where the key holds numbers
    test_fold : int | None, default None
        the number of the fold that is test
    unlabelled : str, default 'error'
        or "drop": leave out the records whose labels are missing or null
    fractions : Sequence[float], default (0.6, 0.2, 0.2)
        shares of the splits, if nothing says a split
    seed : int, default 42
        of that split

    Returns
    -------
    ImageTable
        an empty list is an image without a label
    """

def read_celeba(
    path: PathLike,
    images: PathLike | None = None,
    vocab: Names | None = None,
    on_missing: str = 'error',
    name: str | None = None,
    encoding: str = 'utf-8-sig',
    minus_one: str | None = None,
    fractions: Sequence[float] = ...,
    seed: int = 42,
) -> ImageTable:
    """Read CelebA's attributes: 1 is yes, -1 is no.

    Parameters
    ----------
    path : PathLike
        list_attr_celeba.txt, or its folder
    images : PathLike | None, default None
        None: looked for, such as img_align_celeba/
    vocab : Names | None, default None
        None: the attributes in the order of the file
    on_missing : str, default 'error'
        or "drop": leave out the rows whose image is missing
    name : str | None, default None
        None: the folder's name
    encoding : str, default 'utf-8-sig'
        of the text files
    minus_one : str | None, default None
        "no", which is what -1 means here
    fractions : Sequence[float], default (0.6, 0.2, 0.2)
        share of train, valid and test, without list_eval_partition.txt
    seed : int, default 42
        of that split

    Returns
    -------
    ImageTable
        splits by list_eval_partition.txt, if it is there
    """

def read_class_folders(
    path: PathLike,
    vocab: Names | None = None,
    on_missing: str = 'error',
    name: str | None = None,
    copies: str = 'separate',
    fractions: Sequence[float] = ...,
    seed: int = 42,
) -> ImageTable:
    """Read a folder for each class.

    Parameters
    ----------
    path : PathLike
        a folder of class folders, or of train/, valid/ and test/ that hold them
    vocab : Names | None, default None
        None: the folders' names, sorted
    on_missing : str, default 'error'
        has no use here; every reader takes it
    name : str | None, default None
        None: the folder's name
    copies : str, default 'separate'
        "join": files of equal bytes are one image with all their labels
    fractions : Sequence[float], default (0.6, 0.2, 0.2)
        share of train, valid and test, if no folder says the split
    seed : int, default 42
        of that split

    Returns
    -------
    ImageTable
        one label an image, unless copies are joined
    """

def read_yolo(
    path: PathLike,
    vocab: Names | None = None,
    on_missing: str = 'error',
    name: str | None = None,
    fractions: Sequence[float] = ...,
    seed: int = 42,
) -> ImageTable:
    """Read YOLO's folders: an image's labels are the classes of its boxes.

    Parameters
    ----------
    path : PathLike
        data.yaml, or its folder
    vocab : Names | None, default None
        None: the names in the order of their numbers
    on_missing : str, default 'error'
        has no use here, as the images are what is read
    name : str | None, default None
        None: the folder's name
    fractions : Sequence[float], default (0.6, 0.2, 0.2)
        share of train, valid and test, with classes.txt
    seed : int, default 42
        of that split

    Returns
    -------
    ImageTable
        an image without boxes, or without a label file, has no label
    """

def to_csv(
    table: ImageTable,
    path: PathLike,
    form: str = 'columns',
) -> Path:
    """Write a CSV file that `read_folder` reads back: equal rows, splits and vocab.

    Only the columns keep the order of the vocab and labels without an image; for "list" give
    vocab=table.vocab when you read. Labels of a row come back in the order of the vocab. Extra
    columns are kept as text.

    Parameters
    ----------
    table : ImageTable
        an ImageTable
    path : PathLike
        the CSV file to write
    form : str, default 'columns'
        a column of 0 and 1 for each label; "list": one column of JSON lists

    Returns
    -------
    Path
        `path`
    """

def to_coco(
    table: ImageTable,
    path: PathLike,
    boxes: bool = False,
) -> Path:
    """Write a COCO file that `read_coco` reads back: equal rows, splits, vocab and extra columns.

    Categories stand in the order of the vocab, also those without an image. The split of an image
    is its entry "split", which other tools pass over.

    Parameters
    ----------
    table : ImageTable
        an ImageTable
    path : PathLike
        the JSON file to write
    boxes : bool, default False
        True: each label is a box around the image, for tools that need boxes

    Returns
    -------
    Path
        `path`
    """

def to_label_studio(
    table: ImageTable,
    path: PathLike,
    prefix: str = ...,
    config: PathLike | None = None,
) -> Path:
    """Write tasks with annotations that Label Studio imports and `read_label_studio` reads back.

    The vocab, in its order, stands in the "meta" of the first task. The split and extra columns
    stand in the "data" of each.

    Parameters
    ----------
    table : ImageTable
        an ImageTable
    path : PathLike
        the JSON file to write
    prefix : str, default LOCAL_FILES
        what stands before a file name in the address of its image
    config : PathLike | None, default None
        a path: the labelling interface is written there too

    Returns
    -------
    Path
        `path`
    """

def label_studio_config(
    vocab: Names,
) -> str:
    """The labelling interface for Label Studio: one image, and any number of choices.

    Parameters
    ----------
    vocab : Names
        label names in order

    Returns
    -------
    str
        XML
    """

def split_column(
    items: ImageTable | pd.DataFrame,
) -> tuple:
    """A fastai splitter that follows the table. Rows of other splits (`test`) are in neither part.

    Parameters
    ----------
    items : ImageTable | pd.DataFrame
        rows with a column `split` (an `ImageTable` or its `.df`)

    Returns
    -------
    tuple
        positions of the training rows, positions of the validation rows
    """

def multilabel_datablock(
    table: ImageTable,
    image_size: int,
    augment: bool = True,
) -> DataBlock:
    """From rows to (image in [0, 1], multi-hot row), with the table's vocab, folder and splits.

    Parameters
    ----------
    table : ImageTable
        for whose `.df` the DataBlock is
    image_size : int
        side of the square, in pixels
    augment : bool, default True
        flip, zoom and shift the training images

    Returns
    -------
    DataBlock
        for `table.df`
    """

def multilabel_dataloaders(
    table: ImageTable,
    profile: Profile | None = None,
    augment: bool = True,
) -> DataLoaders:
    """Training and validation batches; `.test_dl(rows, with_labels=True)` makes those of test rows.

    Parameters
    ----------
    table : ImageTable
        with training and validation rows
    profile : Profile | None, default None
        the chosen one if left out
    augment : bool, default True
        flip, zoom and shift the training images

    Returns
    -------
    DataLoaders
        batches of (float [N, 3, size, size] in [0, 1], float multi-hot [N, C])
    """

def sigmoid(
    x: Tensor,
) -> Tensor:
    """1 / (1 + exp(-x)), without overflow in the value or in the gradient.

    Parameters
    ----------
    x : Tensor
        logits, any shape

    Returns
    -------
    Tensor
        probabilities in [0, 1], each on its own
    """

def softmax(
    x: Tensor,
    dim: int = ...,
) -> Tensor:
    """exp(x) / sum(exp(x)), with the largest logit subtracted first so that nothing overflows.

    Parameters
    ----------
    x : Tensor
        logits
    dim : int, default -1
        the axis that holds the classes

    Returns
    -------
    Tensor
        probabilities that sum to 1 along `dim`
    """

def binary_cross_entropy(
    inputs: Tensor,
    targets: Tensor,
    *,
    reduction: str = 'mean',
    check: bool | None = None,
) -> Tensor:
    """-log(probability of what is true), averaged over every cell; stable at every logit.

    Parameters
    ----------
    inputs : Tensor
        logits [N, C]
    targets : Tensor
        0 or 1 (or a share between) [N, C]; bool, integer or float
    reduction : str, default 'mean'
        "mean", "sum" or "none"
    check : bool | None, default None
        look at values, too; None: only on the CPU, without waiting

    Returns
    -------
    Tensor
        the loss, in nats per cell
    """

def binary_cross_entropy_with_logits(
    inputs: Tensor,
    targets: Tensor,
    pos_weight: ArrayLike | None = None,
    *,
    reduction: str = 'mean',
    check: bool | None = None,
) -> Tensor:
    """Binary cross-entropy with a weight for the positives, equal to torch.nn.BCEWithLogitsLoss.

    Parameters
    ----------
    inputs : Tensor
        logits [N, C]
    targets : Tensor
        0 or 1 (or a share between) [N, C]; bool, integer or float
    pos_weight : ArrayLike | None, default None
        what a positive counts: one number, or [C]
    reduction : str, default 'mean'
        "mean", "sum" or "none"
    check : bool | None, default None
        look at values, too; None: only on the CPU, without waiting

    Returns
    -------
    Tensor
        the loss, in nats per cell
    """

def focal_loss(
    inputs: Tensor,
    targets: Tensor,
    gamma: float = 2.0,
    alpha: float = 0.25,
    *,
    reduction: str = 'mean',
    check: bool | None = None,
) -> Tensor:
    """Binary cross-entropy times (1 - p_t)**gamma (Lin et al. 2017).

    Equal to torchvision.ops.sigmoid_focal_loss; alpha=None is -1 there.

    Parameters
    ----------
    inputs : Tensor
        logits [N, C]
    targets : Tensor
        0 or 1 [N, C]
    gamma : float, default 2.0
        how strongly well-predicted cells are faded out; 0 fades none
    alpha : float, default 0.25
        weight of positives, in [0, 1]; negatives get 1 - alpha; None: neither
    reduction : str, default 'mean'
        "mean", "sum" or "none"
    check : bool | None, default None
        look at values, too; None: only on the CPU, without waiting

    Returns
    -------
    Tensor
        the loss
    """

def asymmetric_loss(
    inputs: Tensor,
    targets: Tensor,
    gamma_neg: float = 4.0,
    gamma_pos: float = 0.0,
    clip: float = 0.05,
    *,
    reduction: str = 'mean',
    check: bool | None = None,
) -> Tensor:
    """Focal loss with a gamma for each side and a margin for negatives (Ridnik et al. 2021).

    Parameters
    ----------
    inputs : Tensor
        logits [N, C]
    targets : Tensor
        0 or 1 [N, C]
    gamma_neg : float, default 4.0
        fading of easy negatives
    gamma_pos : float, default 0.0
        fading of easy positives
    clip : float, default 0.05
        negatives below this probability cost nothing
    reduction : str, default 'mean'
        "mean", "sum" or "none"; the paper's code sums
    check : bool | None, default None
        look at values, too; None: only on the CPU, without waiting

    Returns
    -------
    Tensor
        the loss
    """

def macro_soft_f1(
    inputs: Tensor,
    targets: Tensor,
    double: bool = True,
    *,
    check: bool | None = None,
) -> Tensor:
    """F1 with probabilities in place of yes and no, per label over the batch, made into a loss.

    Parameters
    ----------
    inputs : Tensor
        logits [N, C]
    targets : Tensor
        0 or 1 [N, C]
    double : bool, default True
        also the F1 of the negatives, half and half
    check : bool | None, default None
        look at values, too; None: only on the CPU, without waiting

    Returns
    -------
    Tensor
        1 - soft F1, averaged over the labels, in [0, 1]
    """

def positive_weights(
    targets: ArrayLike,
) -> Tensor:
    """Negatives per positive, for each label.

    A label without positives (or without negatives) is counted as if it had one. ValueError where
    a target is neither 0 nor 1.

    Parameters
    ----------
    targets : ArrayLike
        multi-hot [N, C]: tensor or NumPy array

    Returns
    -------
    Tensor
        float32 [C], for `pos_weight`
    """

def accuracy_multi(
    inp: Tensor,
    targ: Tensor,
    thresh: Thresh = 0.5,
    sigmoid: bool = True,
) -> Tensor:
    """The share of cells (image, label) where `prob > thresh` agrees with the target.

    ValueError for logits that are NaN or infinite, probabilities outside [0, 1], targets that
    aren't 0 or 1, and shapes that differ; TypeError for what is no torch tensor, and for
    thresholds by label: tensors carry no names.

    Parameters
    ----------
    inp : Tensor
        logits (or probabilities, with `sigmoid=False`): a torch tensor, any shape
    targ : Tensor
        targets, 0 or 1 (bool, integer or float): a torch tensor of the same shape
    thresh : Thresh, default 0.5
        a number, or one number per label (list, array or tensor)
    sigmoid : bool, default True
        whether `inp` still has to go through the sigmoid

    Returns
    -------
    Tensor
        the share of right cells: a tensor with one number
    """

def confusion(
    probs: ArrayLike,
    targets: ArrayLike | None = None,
    thresh: Thresh = 0.5,
) -> Confusion:
    """Count what `prob > thresh` gets right and wrong, per label.

    Parameters
    ----------
    probs : ArrayLike
        probabilities [N, C], in [0, 1]: anything `np.asarray` takes
    targets : ArrayLike | None, default None
        truth [N, C], 0 or 1; TypeError without
    thresh : Thresh, default 0.5
        a number, or one number per label (not by name: arrays have none)

    Returns
    -------
    Confusion
        int64 counts per label
    """

def precision_recall_f1(
    confusion: Confusion,
    average: str | None = 'macro',
) -> PRF:
    """Precision, recall and F1 from counts, equal to scikit-learn's with `zero_division=0`.

    Parameters
    ----------
    confusion : Confusion
        counts, of one batch or of everything
    average : str | None, default 'macro'
        "micro", "macro", "samples", or None for one figure per label

    Returns
    -------
    PRF
        precision, recall, f1; 0 where the division is 0 / 0
    """

def average_precision(
    probs: ArrayLike,
    targets: ArrayLike | None = None,
) -> np.ndarray:
    """The mean, over the images that have a label, of the precision among the images scored at
    least as high.

    Parameters
    ----------
    probs : ArrayLike
        probabilities [N, C], in [0, 1]
    targets : ArrayLike | None, default None
        truth [N, C], 0 or 1; TypeError without

    Returns
    -------
    np.ndarray
        float64 [C]; NaN where a label has no positive
    """

def mean_average_precision(
    probs: ArrayLike,
    targets: ArrayLike | None = None,
) -> float:
    """The mean of the labels' average precision.

    Parameters
    ----------
    probs : ArrayLike
        probabilities [N, C], in [0, 1]
    targets : ArrayLike | None, default None
        truth [N, C], 0 or 1; TypeError without

    Returns
    -------
    float
        mAP, over the labels that have a positive; NaN if none has
    """

def ranking_measures(
    probs: ArrayLike,
    targets: ArrayLike | None = None,
) -> Ranking:
    """Coverage error, label ranking loss and label ranking average precision.

    Equal to scikit-learn's; one sort per image. ValueError where there is nothing to rank.

    Parameters
    ----------
    probs : ArrayLike
        probabilities [N, C], in [0, 1]
    targets : ArrayLike | None, default None
        truth [N, C], 0 or 1; TypeError without

    Returns
    -------
    Ranking
        means over the images
    """

def evaluate(
    predictions: Predictions,
    thresh: Thresh = 0.5,
    bootstrap: int = 0,
    level: float = 0.95,
    seed: int = 0,
) -> Scores:
    """Score predictions at a threshold. TypeError, with what to pass instead, for anything else.

    With a bootstrap (Efron 1979), `.intervals` holds low and high of each figure. They say what
    other test images would change: not another training, nor a threshold chosen on these.

    Parameters
    ----------
    predictions : Predictions
        what a model said
    thresh : Thresh, default 0.5
        a number, one number per label, or a dict by label
    bootstrap : int, default 0
        resamples of the images for an interval of each figure; 2,000 are usual
    level : float, default 0.95
        share of such intervals that hold the figure of all images like these
    seed : int, default 0
        of the resamples

    Returns
    -------
    Scores
        every figure
    """

def load_run(
    folder: PathLike,
) -> TrainingRun:
    """Read a saved run: everything but the model. ValueError names the file that is damaged.

    Parameters
    ----------
    folder : PathLike
        a folder that `TrainingRun.save` wrote

    Returns
    -------
    TrainingRun
        with model None
    """

def sweep(
    predictions: Any,
    thresholds: ArrayLike | None = None,
    score: str = 'accuracy',
) -> pd.DataFrame:
    """A score at every threshold, from one sort per label.

    Parameters
    ----------
    predictions : Any
        Predictions: what a model said
    thresholds : ArrayLike | None, default None
        numbers in [0, 1]; None: 29 from 0.05 to 0.95
    score : str, default 'accuracy'
        "accuracy", "micro_f1", "macro_f1" or "samples_f1"

    Returns
    -------
    pd.DataFrame
        columns `threshold` (ascending) and the score's name
    """

def best_threshold(
    sweep_df: pd.DataFrame,
) -> BestThreshold:
    """The threshold with the highest score; among equals the one nearest to 0.5.

    Parameters
    ----------
    sweep_df : pd.DataFrame
        what `sweep` gave

    Returns
    -------
    BestThreshold
        a pair: the threshold, and its score
    """

def best_thresholds_per_label(
    predictions: Any,
    beta: float = 1.0,
    min_precision: float | None = None,
    support: Thresh | None = None,
) -> np.ndarray:
    """The threshold with the highest F-beta for each label, exact over every cut in [0, 1].

    It lies half-way to the next lower score; among equal cuts the highest wins. A label without
    positives gets 0.5; if no cut reaches `min_precision`, or `support` says that nothing was learnt
    about it, the threshold is 1.0 and the label is never predicted.

    Parameters
    ----------
    predictions : Any
        Predictions of a split that you don't report
    beta : float, default 1.0
        recall counts `beta` times as much as precision
    min_precision : float | None, default None
        only cuts with at least this precision count
    support : Thresh | None, default None
        training images by label; none: never predicted

    Returns
    -------
    np.ndarray
        float64 [C]
    """

def thresholds_and_average_precision(
    predictions: Any,
    beta: float = 1.0,
    min_precision: float | None = None,
    support: Thresh | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """What `best_thresholds_per_label` and `average_precision` give, from one sort for both.

    Parameters
    ----------
    predictions : Any
        Predictions of a split that you don't report
    beta : float, default 1.0
        recall counts `beta` times as much as precision
    min_precision : float | None, default None
        only cuts with at least this precision count
    support : Thresh | None, default None
        training images by label; none: never predicted

    Returns
    -------
    tuple[np.ndarray, np.ndarray]
        thresholds and average precision, float64 [C] each
    """

def plot_sweep(
    sweep_df: pd.DataFrame,
    ax: Axes | None = None,
    label: str | None = None,
) -> Axes:
    """Score against threshold, with the best point marked.

    Parameters
    ----------
    sweep_df : pd.DataFrame
        what `sweep` gave
    ax : Axes | None, default None
        matplotlib axes; None: a new figure
    label : str | None, default None
        name of the curve in a legend

    Returns
    -------
    Axes
        the axes
    """

def precision_recall_curves(
    predictions: Any,
    label: str | None = None,
    thresholds: ArrayLike | None = None,
) -> pd.DataFrame:
    """Precision, recall and F1 at every threshold.

    Parameters
    ----------
    predictions : Any
        Predictions: what a model said
    label : str | None, default None
        one label of the vocab; None: all cells together (micro)
    thresholds : ArrayLike | None, default None
        numbers in [0, 1]; None: 29 from 0.05 to 0.95

    Returns
    -------
    pd.DataFrame
        columns threshold, precision, recall, f1
    """

def f1_grid(
    predictions: Any,
    thresholds: ArrayLike | None = None,
) -> pd.DataFrame:
    """F1 of every label at every threshold.

    Parameters
    ----------
    predictions : Any
        Predictions: what a model said
    thresholds : ArrayLike | None, default None
        numbers in [0, 1]; None: 29 from 0.05 to 0.95

    Returns
    -------
    pd.DataFrame
        one row per threshold, one column per label
    """

def fit_temperature(
    predictions: Any,
) -> float:
    """The T for which sigmoid(logit / T) has the lowest binary cross-entropy (Guo et al. 2017).

    Parameters
    ----------
    predictions : Any
        Predictions of a split that wasn't trained on

    Returns
    -------
    float
        T, between 0.05 and 20; above 1 the model was too sure of itself
    """

def apply_temperature(
    predictions: Any,
    temperature: float,
) -> Any:
    """Cool (T > 1) or sharpen (T < 1) every probability; their order stays.

    Parameters
    ----------
    predictions : Any
        Predictions: what a model said
    temperature : float
        what `fit_temperature` gave

    Returns
    -------
    Any
        Predictions of the same rows, with sigmoid(logit / T) as probabilities
    """

def brier_score(
    predictions: Any,
) -> float:
    """The mean squared difference between probability and truth (Brier 1950).

    Parameters
    ----------
    predictions : Any
        Predictions: what a model said

    Returns
    -------
    float
        0 is perfect; p (1 - p) is what always saying the frequency p scores
    """

def reliability_curve(
    predictions: Any,
    n_bins: int = 10,
) -> pd.DataFrame:
    """How often cells with about this probability turned out true.

    Parameters
    ----------
    predictions : Any
        Predictions: what a model said
    n_bins : int, default 10
        bins of equal width over [0, 1]

    Returns
    -------
    pd.DataFrame
        per bin with cells in it: low, high, count, mean_prob, frequency
    """

def plot_predictions(
    images: Sequence[ArrayLike] | np.ndarray,
    predictions: Any,
    thresh: Thresh = 0.5,
    ncols: int = 6,
    axes: Any = None,
) -> Figure:
    """A sheet of images with what a threshold makes of their scores: found, claimed, missed.

    Parameters
    ----------
    images : Sequence[ArrayLike] | np.ndarray
        N images, uint8 [H, W, 3] each
    predictions : Any
        Predictions: what a model said about them, in the same order
    thresh : Thresh, default 0.5
        a number, one number per label, or a dict by label
    ncols : int, default 6
        images in a row
    axes : Any, default None
        N matplotlib axes; None: a new figure

    Returns
    -------
    Figure
        the figure
    """

def threshold_slider(
    images: Sequence[ArrayLike] | np.ndarray,
    predictions: Any,
    thresh: float = 0.5,
) -> Any:
    """A slider over a sheet of images: move the threshold and see labels come and go.

    Parameters
    ----------
    images : Sequence[ArrayLike] | np.ndarray
        N images, uint8 [H, W, 3] each
    predictions : Any
        Predictions: what a model said about them, in the same order
    thresh : float, default 0.5
        where the slider starts

    Returns
    -------
    Any
        an ipywidgets box with `.slider` and `.sheet`
    """

def draw_postcard(
    rng: np.random.Generator,
    size: int = 128,
) -> tuple:
    """One postcard and what can be seen on it.

    Parameters
    ----------
    rng : np.random.Generator
        decides everything
    size : int, default 128
        side in pixels

    Returns
    -------
    tuple
        the picture (PIL, RGB) and its labels, a sorted list
    """

def make_postcards(
    root: PathLike,
    n: int = 4000,
    seed: int = 42,
    size: int = 128,
    layout: str = 'pascal',
    progress: bool = True,
    workers: int | None = None,
) -> Path:
    """Draw a data set into `root`, or check the one that is there and redraw what is damaged.

    Parameters
    ----------
    root : PathLike
        the folder to make
    n : int, default 4000
        pictures
    seed : int, default 42
        another seed, other pictures
    size : int, default 128
        side of a picture in pixels
    layout : str, default 'pascal'
        or "nus_wide", "movie_posters", "cars"
    progress : bool, default True
        show a progress bar
    workers : int | None, default None
        processes; None: one per core

    Returns
    -------
    Path
        `root`
    """

def multi_head_loss(
    logits: dict,
    targets: dict,
    weights: Mapping | nn.Module | None = None,
    class_weights: dict | None = None,
) -> torch.Tensor:
    """The sum of the heads' cross-entropies, weighted if `weights` are given.

    Parameters
    ----------
    logits : dict
        head -> [B, C]
    targets : dict
        head -> class numbers, int64 [B]
    weights : Mapping | nn.Module | None, default None
        head -> number, or UncertaintyWeights; None: all heads count 1
    class_weights : dict | None, default None
        head -> [C]

    Returns
    -------
    torch.Tensor
        one number
    """

def per_head_accuracy(
    outputs: Mapping,
    targets: Mapping,
) -> HeadAccuracy:
    """The share of right answers, head by head and for all heads at once.

    Parameters
    ----------
    outputs : Mapping
        head -> logits or probabilities [N, C], or class numbers [N]
    targets : Mapping
        head -> class numbers [N]
    """

def merge_rare(
    series: pd.Series | list,
    min_count: int | None = None,
    keep: Iterable | None = None,
    other: str = 'Other',
    rows: ArrayLike | None = None,
) -> pd.Series:
    """Put `other` in place of every rare name.

    Classes belong to the training rows: `merge_rare(df.brand, 50, rows=df.split == "train")`, or
    for names in two places `merge_rare(train, 50)` and `merge_rare(test, keep=classes_of_train)`.
    ValueError for a missing name, and where nothing is frequent enough.

    Parameters
    ----------
    series : pd.Series | list
        names: a pandas Series, or a list
    min_count : int | None, default None
        keep the names that occur at least so often ...
    keep : Iterable | None, default None
        ... or these, whether they occur or not
    other : str, default 'Other'
        what the rest is called
    rows : ArrayLike | None, default None
        bool [N]: where to count, such as the training rows; None: all

    Returns
    -------
    pd.Series
        of the same length, with the same index
    """

def agreement(
    observed: dict,
    tolerances: float | Mapping[str, float] = ...,
    strict: bool = False,
) -> pd.DataFrame:
    """Compare every quantity between every two frameworks: the largest absolute difference.

    Parameters
    ----------
    observed : dict
        by framework: arrays by quantity, as the `observe_` functions give them
    tolerances : float | Mapping[str, float], default TOLERANCES
        by quantity, or one number for all
    strict : bool, default False
        raise Disagreement if anything differs by more

    Returns
    -------
    pd.DataFrame
        quantity, pair, largest_value, difference, tolerance, agree
    """

def compare_frameworks(
    dataset: PathLike | ImageTable = 'postcards',
    profile: Profile | None = None,
    seeds: Iterable[int] = ...,
    frameworks: Iterable[str] = ...,
    *,
    together: bool = False,
    threads: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Train every framework with every seed, each in a new process, one after the other.

    Parameters
    ----------
    dataset : PathLike | ImageTable, default 'postcards'
        a name, a folder, or an ImageTable
    profile : Profile | None, default None
        a Profile; the chosen one if left out
    seeds : Iterable[int], default (42, 1, 2)
        one training of each framework for each
    frameworks : Iterable[str], default tuple(TRAINERS)
        which
    together : bool, default False
        one process a framework: only its first run has a clean memory
    threads : int | None, default None
        for each framework; None: all cores
    progress : bool, default True
        a line for each training

    Returns
    -------
    pd.DataFrame
        a row for each training, with the columns of MeasuredRun
    """

def measured_run(
    framework: str,
    table: ImageTable,
    profile: Profile,
    threads: int | None = None,
) -> MeasuredRun:
    """One training in a process of its own.

    Parameters
    ----------
    framework : str
        "fastai", "torch" or "tensorflow"
    table : ImageTable
        with train, valid and test
    profile : Profile
        a `Profile`
    threads : int | None, default None
        for the framework; None: all cores
    """

def summarise(
    runs: pd.DataFrame,
) -> pd.DataFrame:
    """Mean and spread (highest less lowest) of the scores over the seeds; medians of what it cost.

    Parameters
    ----------
    runs : pd.DataFrame
        from `compare_frameworks`

    Returns
    -------
    pd.DataFrame
        a row for each framework (and dataset and start, where there are several)
    """

def plot_comparison(
    runs: pd.DataFrame,
    title: str = '',
) -> Figure:
    """Four panels with a dot for each training: macro F1, mAP, seconds an epoch, peak memory.

    Parameters
    ----------
    runs : pd.DataFrame
        from `compare_frameworks`
    title : str, default ''
        above the panels

    Returns
    -------
    Figure
        a matplotlib Figure; as the last line of a cell it is shown
    """

def export_onnx(
    model: Any,
    path: PathLike,
    *,
    vocab: Names | None = None,
    image_size: int | None = None,
    input_range: Sequence[float] | None = None,
) -> Path:
    """Write a network as ONNX: `pixels` uint8 [N, S, S, 3] to `probs` float32 [N, C], any N.

    The pocket ResNet also gives `maps` float32 [N, C, S/16, S/16], EfficientNet-Lite [N, C, S/32,
    S/32]. Vocab and image size stand in the metadata. A Learner's normalising is taken in; resizing
    is left to who makes the pixels.

    Parameters
    ----------
    model : Any
        a torch module, a fastai Learner or a Keras model; as for `Predictor.save`
    path : PathLike
        the file to write, "....onnx"
    vocab : Names | None, default None
        and these, where it doesn't carry them
    image_size : int | None, default None
        side in pixels
    input_range : Sequence[float] | None, default None
        black and white as numbers; None: (0, 1)

    Returns
    -------
    Path
        `path`
    """

def framework_probs(
    model: Any,
    pixels: np.ndarray,
    batch_size: int = 256,
    *,
    sigmoid: bool | None = None,
    scale: ArrayLike | None = None,
    shift: ArrayLike = 0.0,
) -> np.ndarray:
    """The framework's own answer, on the CPU in float32: what an export is measured against.

    Parameters
    ----------
    model : Any
        a torch module or a Keras model
    pixels : np.ndarray
        uint8 [N, S, S, 3]
    batch_size : int, default 256
        images at once
    sigmoid : bool | None, default None
        put one behind the outputs? None: look what the network ends in
    scale : ArrayLike | None, default None
        the input is byte*scale + shift; None: 1/255
    shift : ArrayLike, default 0.0
        as above

    Returns
    -------
    np.ndarray
        float32 [N, C]
    """

def data_checksum(
    table: ImageTable,
    split: str | None = None,
) -> str:
    """SHA-256 over names, labels and contents of the images, in order: equal if the data is equal.

    Parameters
    ----------
    table : ImageTable
        whose files
    split : str | None, default None
        one split, or all

    Returns
    -------
    str
        64 hexadecimal digits
    """

def predicted_labels(
    predictions: Predictions,
    thresh: Thresh = 0.5,
    nothing: str = 'no predictions',
) -> pd.Series:
    """The labels whose probability is above the threshold, as text.

    Parameters
    ----------
    predictions : Predictions
        what a model said
    thresh : Thresh, default 0.5
        a number, one number per label, or a dict by label
    nothing : str, default 'no predictions'
        what to say where no label passes

    Returns
    -------
    pd.Series
        one text per image, by file name; the most probable label first
    """

def cell_losses(
    predictions: Predictions,
) -> np.ndarray:
    """The binary cross-entropy of each cell by itself.

    A probability of exactly 0 or 1 counts as 1e-7 away from it, as in `epoch_scores`.

    Parameters
    ----------
    predictions : Predictions
        what a model said

    Returns
    -------
    np.ndarray
        float64 [N, C], nats
    """

def worst_losses(
    predictions: Predictions,
    k: int = 9,
    label: str | None = None,
) -> pd.DataFrame:
    """The cells on which the model was most surely wrong.

    Parameters
    ----------
    predictions : Predictions
        what a model said
    k : int, default 9
        how many cells
    label : str | None, default None
        only this label; None: all

    Returns
    -------
    pd.DataFrame
        columns fname, label, target, prob, loss; the highest loss first
    """

def mistakes(
    predictions: Predictions,
    thresh: Thresh = 0.5,
    label: str | None = None,
) -> pd.DataFrame:
    """Every cell on the wrong side of its threshold; kind is "false positive" or "false negative".

    Confidence is the share of the way from the threshold to 1 or 0 that the probability went.

    Parameters
    ----------
    predictions : Predictions
        what a model said
    thresh : Thresh, default 0.5
        a number, one number per label, or a dict by label
    label : str | None, default None
        only this label; None: all

    Returns
    -------
    pd.DataFrame
        columns fname, label, kind, prob, thresh; the most confident first
    """

def plot_probability_histograms(
    predictions: Any,
    thresh: Thresh | None = None,
    ncols: int = 5,
    bins: int = 20,
) -> Figure:
    """A panel per label: how its probabilities are spread where it is there, and where it isn't.

    Parameters
    ----------
    predictions : Any
        Predictions: what a model said
    thresh : Thresh | None, default None
        drawn as a line; a number, one per label, or a dict by label
    ncols : int, default 5
        panels in a row
    bins : int, default 20
        of equal width between 0 and 1

    Returns
    -------
    Figure
        a matplotlib Figure; as the last line of a cell it is shown
    """

def f1_by_frequency(
    predictions: Predictions,
    thresh: Thresh | None = None,
) -> pd.DataFrame:
    """F1 of each label beside how often the label occurs.

    `thresh` is a number, one number per label, or a dict by label. The best thresholds on the very
    predictions that are scored flatter.

    Parameters
    ----------
    predictions : Predictions
        what a model said
    thresh : Thresh | None, default None
        None: the best for each label on these very predictions

    Returns
    -------
    pd.DataFrame
        columns label, frequency (share of images), support, f1; the rarest first
    """

def grad_cam(
    model: Module,
    x: Tensor,
    labels: Sequence[str | int] | None = None,
    layer: Module | None = None,
) -> np.ndarray:
    """Where each label's logit comes from, by gradients at an activation that has positions.

    Selvaraju et al. 2017, arXiv 1610.02391. An earlier layer has a finer grid, and its channels
    know less of the label.

    Parameters
    ----------
    model : Module
        a torch network: float pixels [N, 3, H, W] in [0, 1] to logits [N, C]
    x : Tensor
        the pixels: a torch tensor, as the model expects them
    labels : Sequence[str | int] | None, default None
        names (`model.vocab`) or column numbers; None: all
    layer : Module | None, default None
        one of the model's modules; None: the last with positions

    Returns
    -------
    np.ndarray
        float32 [N, L, h, w], at least 0, in the units of the logit
    """

def class_activation_maps(
    feature_map: ArrayLike,
    head_weight: ArrayLike,
) -> np.ndarray:
    """Grad-CAM of a network that pools its last feature map and has a linear head, in closed form.

    No gradients, no framework. `head_weight` has a row for each wanted label.

    Parameters
    ----------
    feature_map : ArrayLike
        the last activations [N, K, h, w], an array
    head_weight : ArrayLike
        of a linear head: [L, K] (mean), or [L, 2K] (mean and maximum)

    Returns
    -------
    np.ndarray
        float32 [N, L, h, w]
    """

def overlay(
    image: ImageLike,
    heat: ArrayLike,
    top: float | None = None,
    alpha: float = 0.7,
) -> np.ndarray:
    """A map over an image: enlarged to its size (bilinear), transparent where it is cold.

    Parameters
    ----------
    image : ImageLike
        uint8 [H, W, 3], or a PIL image
    heat : ArrayLike
        a map [h, w], at least 0, as from `grad_cam`
    top : float | None, default None
        the heat that is drawn brightest; None: the map's own maximum
    alpha : float, default 0.7
        how much of the image the hottest place hides

    Returns
    -------
    np.ndarray
        uint8 [H, W, 3]
    """

def cooccurrence_learned(
    predictions: Predictions,
    thresh: Thresh = 0.5,
) -> pd.DataFrame:
    """Every pair of labels: how often together in truth, and how often in the predictions.

    `truth` and `predicted` count images with both; `chance` is the count to expect if the true
    labels were independent.

    Parameters
    ----------
    predictions : Predictions
        what a model said
    thresh : Thresh, default 0.5
        a number, one number per label, or a dict by label

    Returns
    -------
    pd.DataFrame
        columns a, b, truth, predicted, chance; the most frequent pair first
    """

def flip_labels(
    targets: ArrayLike,
    share: float = 0.05,
    seed: int = 0,
) -> tuple:
    """Targets with noise of a known kind.

    So many labels are taken away, and as many false ones added. Each label stays as frequent as it
    was, unless it is nearly everywhere.

    Parameters
    ----------
    targets : ArrayLike
        multi-hot [N, C]
    share : float, default 0.05
        of the labels that are there
    seed : int, default 0
        the same seed, the same flips

    Returns
    -------
    tuple
        the noisy targets and the mask of flipped cells, both bool [N, C]
    """

def out_of_sample_probs(
    features: ArrayLike,
    targets: ArrayLike,
    folds: int = 5,
    seed: int = 0,
    C: float = 0.01,
) -> np.ndarray:
    """Probability of every label for every image, from linear heads that haven't seen that image's
    labels. Features may be an array or a torch tensor.

    Parameters
    ----------
    features : ArrayLike
        float32 [N, F], from a frozen body that hasn't seen these labels
    targets : ArrayLike
        multi-hot [N, C], possibly with mistakes
    folds : int, default 5
        parts; each is predicted by a head that was fitted to the others
    seed : int, default 0
        of the dealing
    C : float, default 0.01
        as in `train_torch.fit_head`: larger trusts the labels more

    Returns
    -------
    np.ndarray
        float32 [N, C]
    """

def find_label_issues(
    targets: ArrayLike,
    probs: ArrayLike,
    method: str = 'confident_learning',
) -> np.ndarray:
    """Cells whose label cleanlab thinks wrong, each label judged by itself.

    "prune_by_noise_rate" finds more and errs more. A label that no image has, or every image, has
    no issues: there is nothing to compare with.

    Parameters
    ----------
    targets : ArrayLike
        multi-hot [N, C], possibly with mistakes
    probs : ArrayLike
        out-of-sample probabilities [N, C]
    method : str, default 'confident_learning'
        cleanlab's `filter_by`, also "prune_by_noise_rate"

    Returns
    -------
    np.ndarray
        bool [N, C], True where the label is probably wrong
    """

def finding_scores(
    found: ArrayLike,
    flipped: ArrayLike,
) -> dict:
    """How good a search was, beside the share of wrong cells: the precision of drawing at random.

    Parameters
    ----------
    found : ArrayLike
        bool [N, C]: cells that are thought to be wrong
    flipped : ArrayLike
        bool [N, C]: cells that are

    Returns
    -------
    dict
        found, precision, recall, base_rate
    """

def rank_label_issues(
    predictions: Predictions,
    issues: ArrayLike,
) -> pd.DataFrame:
    """The cells that a search found, by the loss of the given label: the list to look at.

    Parameters
    ----------
    predictions : Predictions
        out-of-sample probabilities, and as targets the given labels
    issues : ArrayLike
        bool [N, C], from `find_label_issues`

    Returns
    -------
    pd.DataFrame
        columns fname, label, target, prob, loss; the most suspicious first
    """

def issues_per_label(
    predictions: Predictions,
    issues: ArrayLike,
) -> pd.DataFrame:
    """What a search found, label by label.

    `given` counts images with the label, `doubtful` those of them where it is probably wrong, and
    `missing` images without it that probably should have it. `share` is doubtful + missing, divided
    by given (NaN where no image has the label).

    Parameters
    ----------
    predictions : Predictions
        out-of-sample probabilities, and as targets the given labels
    issues : ArrayLike
        bool [N, C], from `find_label_issues`

    Returns
    -------
    pd.DataFrame
        columns label, given, doubtful, missing, share; the highest share first
    """

def separation(
    known: ArrayLike,
    unknown: ArrayLike,
) -> float:
    """The chance that a known image scores higher than an unknown one, ties counted half.

    Parameters
    ----------
    known : ArrayLike
        one score for each known image, such as its highest probability
    unknown : ArrayLike
        one score for each image of nothing known

    Returns
    -------
    float
        AUROC: 1 perfect, 0.5 none, 0 the wrong way round
    """

def predict_tta(
    model: Any,
    table: ImageTable,
    split: str = 'test',
    flip: bool = True,
    shift: int = 0,
    batch_size: int = 256,
) -> Predictions:
    """The mean probability over several views of each image: test-time augmentation.

    Parameters
    ----------
    model : Any
        from `train_torch.make_model`, `train` or `backbones.load_model`
    table : ImageTable
        with the model's vocab
    split : str, default 'test'
        "train", "valid" or "test"
    flip : bool, default True
        every view also mirrored left to right
    shift : int, default 0
        pixels: also moved so far up, down, left, right and diagonally, nine places
    batch_size : int, default 256
        images at once

    Returns
    -------
    Predictions
        in the table's order
    """

def cached_pixels(
    table: ImageTable,
    size: int,
    on_error: str = 'stop',
    folder: PathLike | None = None,
    progress: bool = False,
    max_gb: float = 8.0,
) -> tuple:
    """Every image of `table`, squashed by `decode_images`, decoded once for all processes.

    A process compares pixels and list of bad rows with their checksums when it first opens them.
    Where nothing can be written, the array is in memory, with a warning.
    No file that wasn't made here is ever removed.

    Parameters
    ----------
    table : ImageTable
        the images
    size : int
        side of the square, in pixels
    on_error : str, default 'stop'
        "stop": an error names a bad file; "skip": leave it out and warn
    folder : PathLike | None, default None
        where caches are kept; `data_home()/"pixels"` if left out
    progress : bool, default False
        show a bar while decoding
    max_gb : float, default 8.0
        all caches together; the ones unused for longest go first

    Returns
    -------
    tuple
        the table without skipped rows, and uint8 [its length, size, size, 3], memory-mapped
    """

def decode(
    table: ImageTable | Decoded,
    size: int,
    on_error: str = 'stop',
    progress: bool = False,
) -> Decoded:
    """Decode every image of a table, or find it decoded; each file is opened once.

    Parameters
    ----------
    table : ImageTable | Decoded
        a Decoded is given back as it is
    size : int
        side of the square, in pixels
    on_error : str, default 'stop'
        an image that can't be decoded: "stop" names it, "skip" leaves it out
    progress : bool, default False
        show a bar while decoding
    """

def fetch(
    name: str | RealSet,
    folder: str | Path | None = None,
    mirrors: str | Iterable[str] = ...,
    keep: bool = False,
    progress: bool | None = None,
    timeout: float = 30,
    tries: int = 5,
    pause: float = 1,
    say: Callable = ...,
) -> Path:
    """Fetch a real set. It is whole in its folder, or a FetchError says what to do; safe to repeat.

    Parameters
    ----------
    name : str | RealSet
        pascal_2007, nus_wide, movie_posters or stanford_cars; or a RealSet of yours
    folder : str | Path | None, default None
        where it goes; None: its name in data_home(), where open_dataset looks
    mirrors : str | Iterable[str], default ()
        links of folders with the same files, tried before the publisher's
    keep : bool, default False
        keep the archives
    progress : bool | None, default None
        a bar; None: in a terminal
    timeout : float, default 30
        seconds without a byte
    tries : int, default 5
        at each host, without getting further
    pause : float, default 1
        seconds before the second try, doubled each time
    say : Callable, default print
        called with what one should know

    Returns
    -------
    Path
        the folder, for open_dataset
    """

def nus_wide_subset(
    folder: str | Path,
    n_tags: int = 27,
    n_train: int = 5000,
    n_test: int = 1000,
    images: str | Path | None = None,
    out: str | Path | None = None,
) -> dict:
    """Write the annotation files of a small NUS-WIDE: its most frequent tags, its first images.

    Images without one of the tags are left out, and those that aren't in `images`. Tags are counted
    over all images of the lists; every sixth image goes to the test split, so that both splits have
    all tags.

    Parameters
    ----------
    folder : str | Path
        with the lists in it or below; the two annotation files are written here
    n_tags : int, default 27
        as many of the most frequent tags are kept
    n_train : int, default 5000
        images of the training split, at most
    n_test : int, default 1000
        images of the test split, at most
    images : str | Path | None, default None
        folder of the images; None: images/, where there is one, else all are taken
    out : str | Path | None, default None
        folder of train.json and test.json; None: `folder`

    Returns
    -------
    dict
        split -> path of its annotation file
    """

def same_images(
    table: ImageTable,
) -> pd.DataFrame:
    """The files of a table whose bytes occur more than once, under whatever names.

    Parameters
    ----------
    table : ImageTable
        an ImageTable

    Returns
    -------
    pd.DataFrame
        columns digest, fname, source, split, labels; one row per file, equal ones together
    """

def findings(
    table: ImageTable,
) -> list:
    """What a user should know of the images before a training; every file is looked at.

    Parameters
    ----------
    table : ImageTable
        an ImageTable

    Returns
    -------
    list
        of str, one finding each; empty if there is nothing to say
    """

def pocket_resnet(
    pretrained: bool = True,
    n_out: int | None = 20,
    dropout: float = 0.0,
) -> Module:
    """The pocket ResNet in PyTorch: float pixels in [0, 1], [N, 3, H, W], to logits [N, n_out].

    Parameters
    ----------
    pretrained : bool, default True
        start from the shipped weights
    n_out : int | None, default 20
        outputs; None: the 320 features
    dropout : float, default 0.0
        in front of the head
    """

def pocket_resnet_tf(
    pretrained: bool = True,
    n_out: int | None = 20,
    image_size: int | None = None,
    dropout: float = 0.0,
) -> KerasModel:
    """The pocket ResNet in Keras: float pixels in [0, 1], [N, H, W, 3], to logits [N, n_out].

    Parameters
    ----------
    pretrained : bool, default True
        start from the shipped weights
    n_out : int | None, default 20
        outputs; None: the 320 features
    image_size : int | None, default None
        fix the side; None takes any
    dropout : float, default 0.0
        in front of the head
    """

def create_model(
    n_out: int,
    arch: str = 'pocket_resnet',
    pretrained: bool = True,
    dropout: float = 0.0,
) -> Module:
    """A network in PyTorch with a new head: float pixels in [0, 1], [N, 3, H, W], to logits.

    Normalising is its own business.

    Parameters
    ----------
    n_out : int
        labels
    arch : str, default 'pocket_resnet'
        or "efficientnet_lite0", torchvision's "resnet50", "timm:NAME"
    pretrained : bool, default True
        weights that pip brought; those of torchvision and timm from the net
    dropout : float, default 0.0
        share of features put out before the head in training

    Returns
    -------
    Module
        a torch module with .features(x), .n_features, .head, .arch
    """

def create_model_tf(
    n_out: int,
    arch: str = 'pocket_resnet',
    pretrained: bool = True,
    image_size: int | None = None,
    dropout: float = 0.0,
) -> KerasModel:
    """A network in Keras with a new head: float pixels in [0, 1], [N, H, W, 3], to logits.

    The range that the body wants is made inside.

    Parameters
    ----------
    n_out : int
        labels
    arch : str, default 'pocket_resnet'
        or "efficientnet_lite0", or of keras.applications "MobileNetV2"
    pretrained : bool, default True
        weights that pip brought; those of keras.applications from the net
    image_size : int | None, default None
        fix the side; None takes any
    dropout : float, default 0.0
        share of features put out before the head in training

    Returns
    -------
    KerasModel
        a keras.Model with .arch and .n_features; its last layer is called "head"
    """

def draw_stamp(
    rng: np.random.Generator,
    size: int = 64,
) -> tuple:
    """One thing on paper: any place, size and colours.

    Parameters
    ----------
    rng : np.random.Generator
        a NumPy Generator; decides everything
    size : int, default 64
        side in pixels

    Returns
    -------
    tuple
        the image, uint8 [size, size, 3], and its class number
    """

def pretrain(
    n: int = 48000,
    epochs: int = 10,
    size: int = 64,
    batch_size: int = 64,
    learning_rate: float = 0.008,
    seed: int = 0,
    workers: int = 2,
) -> tuple[Module, list]:
    """Train a pocket ResNet to name stamps: how the shipped weights were made.

    Parameters
    ----------
    n : int, default 48000
        stamps to draw; a fiftieth of them is kept apart for the accuracy
    epochs : int, default 10
        passes over them
    size : int, default 64
        side of a stamp in pixels
    batch_size : int, default 64
        stamps in a step
    learning_rate : float, default 0.008
        highest rate of the one-cycle schedule
    seed : int, default 0
        of the stamps, the first weights and the order
    workers : int, default 2
        processes that draw; 1 in a script that has no `if __name__ == "__main__"`

    Returns
    -------
    tuple[Module, list]
        the torch network with 39 outputs, and its history, a list of dicts
    """

def save_weights(
    net: Module,
    path: PathLike,
    recipe: str = '',
) -> Path:
    """Write the network without its head, and a checksum, as `load_weights` reads them.

    Parameters
    ----------
    net : Module
        a pocket ResNet, torch or Keras
    path : PathLike
        the file to write, "....safetensors"; its checksum goes beside it
    recipe : str, default ''
        how the weights were made, kept in the file's header

    Returns
    -------
    Path
        the file written
    """

def recommend(
    table: ImageTable,
    profile: Profile,
    keep: Iterable[str] = ...,
    gpu: bool = False,
) -> Choice:
    """A network and an image size for these images; what is in `keep` stays as it is.

    Drawn postcards: the pocket ResNet, which was made for them. Anything else: EfficientNet-Lite0
    where its weights are installed, at 160 or 224 px; where they aren't, the pocket ResNet, with
    the line that brings them.

    Parameters
    ----------
    table : ImageTable
        an `ImageTable`
    profile : Profile
        what is wanted besides
    keep : Iterable[str], default ()
        fields that the user chose: "arch", "image_size", "epochs"
    gpu : bool, default False
        whether a GPU will train
    """

def check_shards(
    folder: PathLike,
) -> Manifest:
    """Check every shard; a damaged, missing or additional one is a ShardError that names it.

    Parameters
    ----------
    folder : PathLike
        what write_shards made
    """

def read_manifest(
    folder: PathLike,
) -> Manifest:
    """The list of a folder of shards; a damaged or foreign one is a ShardError.

    Parameters
    ----------
    folder : PathLike
        what write_shards made
    """

def write_shards(
    table: ImageTable,
    folder: PathLike,
    per_shard: int = 1000,
    *,
    size: int | None = None,
    seed: int | None = 42,
    force: bool = False,
) -> Manifest:
    """Write a table as tar shards that the package webdataset reads, and their list, shards.json.

    A shard holds rows of one split; a row is KEY.jpg (or its suffix) and KEY.json with fname,
    labels, split and row. The key is the row's number, so no file name can break it. An existing
    folder is a FileExistsError; a damaged file, with `size`, a ValueError that names it.

    Parameters
    ----------
    table : ImageTable
        its rows are written, split by split
    folder : PathLike
        is made; its name is given last, so it is whole or not there
    per_shard : int, default 1000
        images in a tar file
    size : int | None, default None
        decode once to squares of this side, as PNG; None: the files' bytes
    seed : int | None, default 42
        rows are drawn in this order once; None: in the order of the table
    force : bool, default False
        replace a folder of shards
    """

def shuffle_reach(
    n: int,
    buffer: int,
    seed: int = 0,
    epoch: int = 0,
) -> int:
    """How far the shuffle moves a row, measured: the greatest |new place - old place| of one reader.

    Parameters
    ----------
    n : int
        rows of one reader
    buffer : int
        rows in a window
    seed : int, default 0
        another seed, another order
    epoch : int, default 0
        another epoch, another order

    Returns
    -------
    int
        rows; at most buffer - 1
    """

def shards_tf(
    folder: PathLike,
    split: str = 'train',
    size: int = 64,
    *,
    shuffle: bool | None = None,
    buffer: int = 1000,
    seed: int = 0,
    epoch: int = 0,
    start: int = 0,
    rank: int = 0,
    world: int = 1,
    even: bool = False,
) -> Any:
    """The rows of one rank and epoch, in the order in which ShardImages gives them to one worker.

    Parameters
    ----------
    folder : PathLike
        what write_shards made
    split : str, default 'train'
        or valid, test
    size : int, default 64
        side in pixels
    shuffle : bool | None, default None
        None: train only
    buffer : int, default 1000
        rows shuffled at once; no row moves further
    seed : int, default 0
        another seed, another order
    epoch : int, default 0
        another number, another order
    start : int, default 0
        rows that were given before: the rest is the same
    rank : int, default 0
        which process, from 0
    world : int, default 1
        how many
    even : bool, default False
        the same number for every rank

    Returns
    -------
    Any
        a tf.data.Dataset of (uint8 [size, size, 3], float32 [C])
    """

def train_head(
    table: ImageTable | Decoded,
    profile: Profile,
    out: str | Path | None = None,
    resume: bool = False,
    progress: bool = True,
    *,
    framework: str = 'torch',
    on_error: str = 'stop',
    strength: float = ...,
) -> TrainingRun:
    """Fit a linear head to features of the frozen body, computed once for all splits.

    A logistic regression has one optimum, so neither seed nor framework changes the answer. Resume
    is no different from a new start.

    Parameters
    ----------
    table : ImageTable | Decoded
        an `ImageTable` with training and validation rows, or a `Decoded`
    profile : Profile
        a `Profile`: network, image size, seed; it must start from trained weights
    out : str | Path | None, default None
        a folder for model, history and predictions; None writes nothing
    resume : bool, default False
        taken, as the trainers take it; the few seconds are done again
    progress : bool, default True
        print a line
    framework : str, default 'torch'
        or "fastai", "tensorflow": whose network and file it becomes
    on_error : str, default 'stop'
        an image that can't be decoded: "stop", or "skip" it
    strength : float, default C
        trust in the images against small weights: scikit-learn's C

    Returns
    -------
    TrainingRun
        its history has one row
    """

def efficientnet_lite0(
    pretrained: bool = True,
    n_out: int | None = ...,
    dropout: float = 0.0,
) -> Module:
    """EfficientNet-Lite0 in PyTorch: float pixels in [0, 1], [N, 3, H, W], to logits [N, n_out].

    A number of outputs other than 1000 gets a fresh head. ModuleNotFoundError, a sentence with the
    pip line, where the weights' package isn't installed; ValueError where its file is damaged.

    Parameters
    ----------
    pretrained : bool, default True
        ImageNet's weights; False: random ones
    n_out : int | None, default N_IMAGENET
        1000: ImageNet's classes; None: the 1280 features
    dropout : float, default 0.0
        in front of the head

    Returns
    -------
    Module
        a torch module
    """

def efficientnet_lite1(
    pretrained: bool = True,
    n_out: int | None = ...,
    dropout: float = 0.0,
) -> Module:
    """EfficientNet-Lite1 in PyTorch: as `efficientnet_lite0`, deeper.

    Parameters
    ----------
    pretrained : bool, default True
        ImageNet's weights; False: random ones
    n_out : int | None, default N_IMAGENET
        1000: ImageNet's classes; None: the 1280 features
    dropout : float, default 0.0
        in front of the head

    Returns
    -------
    Module
        a torch module
    """

def efficientnet_lite2(
    pretrained: bool = True,
    n_out: int | None = ...,
    dropout: float = 0.0,
) -> Module:
    """EfficientNet-Lite2 in PyTorch: as `efficientnet_lite0`, deeper and wider.

    Parameters
    ----------
    pretrained : bool, default True
        ImageNet's weights; False: random ones
    n_out : int | None, default N_IMAGENET
        1000: ImageNet's classes; None: the 1280 features
    dropout : float, default 0.0
        in front of the head

    Returns
    -------
    Module
        a torch module
    """

def efficientnet_lite0_tf(
    pretrained: bool = True,
    n_out: int | None = ...,
    image_size: int | None = None,
    dropout: float = 0.0,
) -> KerasModel:
    """EfficientNet-Lite0 in Keras: float pixels in [0, 1], [N, H, W, 3], to logits [N, n_out].

    Parameters
    ----------
    pretrained : bool, default True
        ImageNet's weights; False: random ones
    n_out : int | None, default N_IMAGENET
        1000: ImageNet's classes; None: the 1280 features
    image_size : int | None, default None
        fix the side; None takes any
    dropout : float, default 0.0
        in front of the head

    Returns
    -------
    KerasModel
        a keras.Model
    """

def efficientnet_lite1_tf(
    pretrained: bool = True,
    n_out: int | None = ...,
    image_size: int | None = None,
    dropout: float = 0.0,
) -> KerasModel:
    """EfficientNet-Lite1 in Keras: as `efficientnet_lite0_tf`, deeper.

    Parameters
    ----------
    pretrained : bool, default True
        ImageNet's weights; False: random ones
    n_out : int | None, default N_IMAGENET
        1000: ImageNet's classes; None: the 1280 features
    image_size : int | None, default None
        fix the side; None takes any
    dropout : float, default 0.0
        in front of the head

    Returns
    -------
    KerasModel
        a keras.Model
    """

def efficientnet_lite2_tf(
    pretrained: bool = True,
    n_out: int | None = ...,
    image_size: int | None = None,
    dropout: float = 0.0,
) -> KerasModel:
    """EfficientNet-Lite2 in Keras: as `efficientnet_lite0_tf`, deeper and wider.

    Parameters
    ----------
    pretrained : bool, default True
        ImageNet's weights; False: random ones
    n_out : int | None, default N_IMAGENET
        1000: ImageNet's classes; None: the 1280 features
    image_size : int | None, default None
        fix the side; None takes any
    dropout : float, default 0.0
        in front of the head

    Returns
    -------
    KerasModel
        a keras.Model
    """
