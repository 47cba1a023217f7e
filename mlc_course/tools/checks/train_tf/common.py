"TensorFlow, loaded late."


def tensorflow():
    from mlc_course.settings import import_tensorflow

    return import_tensorflow()
