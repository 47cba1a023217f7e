"""What the test files share: a small profile, and drawn pictures that are made once."""
import os

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("MLC_PROFILE", "smoke")

import pytest


@pytest.fixture(scope="session")
def smoke():
    "The smoke profile, whatever settings.ini chooses."
    from mlc_course.settings import load_profile
    return load_profile("smoke")


@pytest.fixture(scope="session")
def postcards(smoke):
    "The smoke profile's Postcards as an ImageTable; drawn in the data home at first use."
    from mlc_course.tables import open_dataset
    return open_dataset("postcards", profile=smoke)
