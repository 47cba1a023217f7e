"The command `nbdev_test`: nbdev's own, which runs every notebook as a test."

from mlc_course.extras import need
from mlc_course.machine import quiet_threads


def main():
    "Run nbdev_test with the arguments of the command line."
    need("lessons", "nbdev")
    quiet_threads()
    # nbdev reads the command line only when it is called from __main__
    exec("from nbdev.test import nbdev_test\nnbdev_test()", {"__name__": "__main__"})
