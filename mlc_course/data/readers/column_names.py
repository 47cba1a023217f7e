"Names and cells by which the columns of a table are known."

FILE_COLUMNS = {
    "fname", "filename", "file_name", "file", "image", "image_name", "image_file", "image_filename",
    "imagename", "img", "img_name", "image_path", "img_path", "imagepath", "path", "filepath",
    "file_path", "image_index", "photo", "picture",
}  # fmt: skip
WEAK_FILE_COLUMNS = {"url", "image_url", "image_id", "imageid", "img_id", "id", "name", "uuid"}
LABEL_COLUMNS = {
    "labels", "label", "tags", "tag", "classes", "class", "targets", "target", "categories",
    "category", "genres", "genre", "findings", "finding", "finding_labels", "annotations",
    "annotation", "label_name", "label_names", "labelname", "class_name", "class_names",
    "image_labels", "attributes", "keywords", "attribute_ids", "label_ids", "class_ids",
    "category_ids",
}  # fmt: skip
GROUP_COLUMNS = {
    "patient", "patient_id", "patientid", "subject", "subject_id", "film", "film_id", "movie",
    "video", "video_id", "site", "site_id", "scene", "scene_id", "case", "case_id", "group_id",
    "person_id",
}  # fmt: skip
NEVER_LABELS = {
    "width", "height", "depth", "xmin", "ymin", "xmax", "ymax", "split", "is_valid", "is_val",
    "is_test", "is_train", "fold", "confidence", "(unnamed)", "source", "group", "index",
    "unnamed:_0",
}  # fmt: skip
YES = {
    "1", "1.0", "1.00", "1,0", "1,00", "true", "yes", "t", "y", "wahr", "ja", "vrai", "oui",
    "verdadero", "vero", "verdadeiro", "positive", "present",
}  # fmt: skip
NO = {
    "0", "0.0", "0.00", "0,0", "0,00", "false", "no", "f", "n", "falsch", "nein", "faux", "non",
    "falso", "negative", "absent",
}  # fmt: skip
CROSSES = {"x", "✓", "✔", "☑", "+"}  # beside blanks only
MINUS = {"-1", "-1.0"}
UNKNOWN = {"", "u", "?", "nan", "none", "na", "n/a", "null", "unknown", "uncertain", "-", "<na>"}
ROW_KEYS = {"fname", "labels", "split", "source"}
