"How long each lesson should take."

DEFAULT_SECONDS = {  # expected seconds on two CPU cores, until this machine has its own record
    "smoke": 15,
    "laptop": 60,
    "gpu": 120,
}


def expected_seconds(
    stems: list[str],  # lessons
    profile: str,  # name of the run profile
    record: dict,  # {stem: seconds} of earlier runs on this machine
) -> dict[str, float]:  # seconds a lesson
    "What each lesson should take: as last time here, else the shipped figure of the profile."
    default = SHIPPED_SECONDS.get(profile, {})
    usual = DEFAULT_SECONDS.get(profile, 60)
    return {s: float(record.get(s) or default.get(s) or usual) for s in stems}


# a run of `make course` on two cores of an Intel Xeon without a graphics card; corrected by the
# machine's own record
SHIPPED_SECONDS: dict[str, dict[str, float]] = {
    "smoke": {},
    "laptop": {
        "00_start": 10,
        "01_tasks": 16,
        "02_tables": 3,
        "03_datablocks": 8,
        "04_losses": 10,
        "04_losses_tf": 12,
        "05_metrics": 12,
        "06_thresholds": 14,
        "07_fastai": 114,
        "08_pytorch": 102,
        "09_tensorflow": 150,
        "09_which_loss": 53,
        "10_multi_output": 60,
        "11_side_by_side": 60,
        "12_look_inside": 21,
        "12_wrong_labels": 41,
        "13_ship": 43,
        "15_real_data": 35,
        "87_safety": 5,
        "88_pixels": 5,
        "89_residual_block": 16,
        "90_postcards": 21,
        "91_pocket_resnet": 65,
    },
}
