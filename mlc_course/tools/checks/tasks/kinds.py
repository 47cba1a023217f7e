"Exercise 1 of lesson 01: which kind of task?"

from .._core import Right, Wrong, choices

KINDS = ("multi-class", "multi-output", "multi-label")
QUIZ = {  # question: (right kind, {wrong kind: why it is wrong})
    "birds": (
        "multi-class",
        {
            "multi-label": "200 species are the classes of one question, and every bird has exactly one. "
            "Many classes don't make a task multi-label; several right ones at once would.",
            "multi-output": "there is one question only: which species. Multi-output takes several questions, each with classes of its own.",
        },
    ),
    "traffic": (
        "multi-output",
        {
            "multi-class": "there are two questions, and one class number answers one. "
            "(Each pair as a class of its own would make 12 classes, each with fewer examples.)",
            "multi-label": "with seven labels a model could answer 'car and bus', or give no direction. Each of the two questions has exactly one answer.",
        },
    ),
    "posters": (
        "multi-label",
        {
            "multi-class": "a film can have several genres, and a class is exactly one: all its genres but one would be lost.",
            "multi-output": "the genres are one list of which any number applies, not questions with classes of their own. "
            "18 questions of yes or no are the special case called multi-label.",
        },
    ),
    "xrays": (
        "multi-label",
        {
            "multi-class": "an image with two findings has two right answers. "
            "A 15th class 'none' would take care of most images, and two findings at once would stay out of reach.",
            "multi-output": "14 questions that can all be answered yes or no are the special case called multi-label: any number of findings, none included.",
        },
    ),
    "softmax": (
        "multi-class",
        {
            "multi-label": "the postcards are multi-label, this network isn't. "
            "A softmax shares one unit of probability among the 20, and the largest is exactly one answer.",
            "multi-output": "one softmax answers one question. Multi-output would need one for each question.",
        },
    ),
}


def kind_of_task(answer) -> Right:
    'Exercise 1: a dict from question to "multi-class", "multi-output" or "multi-label".'
    what = "my_kinds"
    choices(answer, QUIZ, what)
    letters = lambda kind: "".join(c for c in str(kind).lower() if c.isalpha())
    known = {letters(kind): kind for kind in KINDS}
    wrong = []
    for question, (right, why) in QUIZ.items():
        chosen = known.get(letters(answer[question]))
        if chosen is None:
            raise Wrong(
                f"{what}: {answer[question]!r}, your answer to {question}, isn't a kind of task. Choose from {', '.join(KINDS)}."
            )
        if chosen != right:
            wrong.append(f"{question} isn't {chosen}: {why[chosen]}")
    if wrong:
        raise Wrong(f"{what}: " + "\n".join(wrong))
    return Right(
        "Right, all of them: count the questions first, then the answers that each may have."
    )
