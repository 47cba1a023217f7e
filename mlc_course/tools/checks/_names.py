"How a message calls what the learner wrote."


def called(
    answer,  # what was handed to a check
    stub: str,  # the name that the lesson gives it
) -> str:  # the name of the learner's function, or the lesson's
    "The learner's own name for a function; the lesson's for a lambda and anything without a name."
    name = getattr(answer, "__name__", stub) if callable(answer) else stub
    return name if isinstance(name, str) and name.isidentifier() else stub
