"A writer for TensorBoard that loads no TensorFlow."

import contextlib
import sys


@contextlib.contextmanager
def tensorboard(
    log_dir,  # a folder, or None
):
    "A writer for TensorBoard, or None."
    if log_dir is None:
        yield None
        return
    if "tensorflow" not in sys.modules:  # TensorBoard would load it, only to write files
        import types

        sys.modules.setdefault("tensorboard.compat.notf", types.ModuleType("notf"))
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as e:
        raise ImportError(
            "log_dir= needs TensorBoard: pip install tensorboard, or leave log_dir out."
        ) from e
    writer = SummaryWriter(str(log_dir))
    try:
        yield writer
    finally:
        writer.close()
