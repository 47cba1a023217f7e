"What scores are made of: the checks of values, ranks within an image, and what Keras needs to count."
