"Images in tar shards: written once from a table, read by PyTorch and TensorFlow in flat memory."
