"""The readers and writers of what annotation tools exchange, in one place."""

from .readers.celeba import read_celeba
from .readers.class_folders import read_class_folders
from .readers.coco import read_coco
from .readers.cvat import read_cvat
from .readers.datumaro import read_datumaro
from .readers.fiftyone import read_fiftyone
from .readers.jsonl import read_jsonl
from .readers.label_studio import read_label_studio
from .readers.voc_xml import read_voc_xml
from .readers.yolo import read_yolo
from .writers import label_studio_config, to_coco, to_csv, to_label_studio

__all__ = [
    "label_studio_config", "read_celeba", "read_class_folders", "read_coco", "read_cvat",
    "read_datumaro", "read_fiftyone", "read_jsonl", "read_label_studio", "read_voc_xml",
    "read_yolo", "to_coco", "to_csv", "to_label_studio",
]  # fmt: skip
