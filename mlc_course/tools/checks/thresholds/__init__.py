"Checks of lesson 06: one file per exercise."

from .best_cut import best_cut
from .calibration import calibration_error
from .f_beta import f_beta
from .floor import precision_floor
from .report import choose_and_report

__all__ = ["best_cut", "calibration_error", "choose_and_report", "f_beta", "precision_floor"]
