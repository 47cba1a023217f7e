"What scores are made of: checks of values, one sort per label or image, Keras' batches."
