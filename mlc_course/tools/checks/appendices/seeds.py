"Appendix 90: an image that depends on its seed and its number, and on nothing else."

from __future__ import annotations

import numpy as np

from .._core import Right, Wrong, attempt, function
from .._names import called

FAR = [0, 1, 7, 11, 1000, 100_000]  # seeds and numbers whose sums, products or digits coincide


def _greedy(rng):
    "A card that takes another number of random numbers each time."
    return float(rng.random(1 + int(rng.integers(5)))[-1])


def _cards(answer, what, seed, numbers, draw=_greedy):
    "The learner's cards; refused are other types and other lengths."
    given = f"a function that draws, seed={seed} and numbers={numbers}"
    got = attempt(answer, (draw, seed, numbers), what, given)
    if isinstance(got, (str, dict)) or not hasattr(got, "__len__"):
        raise Wrong(
            f"{what} should give a list with one card for each number, and it gave a "
            f"{type(got).__name__}."
        )
    got = list(got)
    if len(got) != len(numbers):
        raise Wrong(
            f"{what} was asked for {len(numbers)} cards, the numbers {numbers}, and gave "
            f"{len(got)}: the list should have one card for each number."
        )
    if any(not isinstance(o, (float, np.floating)) for o in got):
        raise Wrong(
            f"{what}: each entry of the list should be what `draw(rng)` gave back, and one of "
            f"them is a {next(type(o).__name__ for o in got if not isinstance(o, float))}."
        )
    return got


def _used_rightly(answer, what):
    "One call of draw for each number, with a generator."
    calls = []

    def draw(rng):
        if not isinstance(rng, np.random.Generator):
            raise Wrong(
                f"{what} hands `draw` a {type(rng).__name__}. It needs a generator: "
                "np.random.default_rng(...)."
            )
        calls.append(rng)
        return float(rng.random())

    got = attempt(answer, (draw, 3, [4, 9]), what, "a function that draws, 3 and [4, 9]")
    if len(calls) == 0:
        raise Wrong(f"{what} never calls `draw`, and gave {type(got).__name__}.")
    if len(calls) == 1:
        raise Wrong(
            f"{what} called `draw` once for the numbers [4, 9]. It should be called once for each: "
            "does `return` stand inside the loop?"
        )
    if len(calls) != 2:
        raise Wrong(
            f"{what} called `draw` {len(calls)} times for the numbers [4, 9]. Card 9 must not "
            "need the cards before it: make a generator for each number, and draw that card alone."
        )


def _by_place(answer, what):
    "Whether a card depends on its place in the list: not on how much the cards before it used."

    def draw(rng, more):
        card = float(rng.random())
        rng.random(more)
        return card

    little, much = (
        _cards(answer, what, 3, [0, 1, 2], lambda rng: draw(rng, more)) for more in (0, 5)
    )
    return little == much


def _depends_on_company(answer, what):
    "The same card, alone, in another order, again."
    many = _cards(answer, what, 3, [0, 1, 2, 3, 4])
    if _cards(answer, what, 3, [0, 1, 2, 3, 4]) != many:
        raise Wrong(
            f"{what}, called twice with the same arguments, gives other cards the second time. "
            "The generator must be made from seed and number inside the function."
        )
    if len(set(many)) == 1:
        raise Wrong(
            f"{what} gives the same card for every number: the generator is made from the seed "
            "alone. The number must go into it, too."
        )
    alone = [_cards(answer, what, 3, [i])[0] for i in range(5)]
    turned = _cards(answer, what, 3, [4, 3, 2, 1, 0])[::-1]
    if alone == many and turned == many[::-1]:
        raise Wrong(
            f"{what} was asked for the numbers [4, 3, 2, 1, 0], and gives the cards in another "
            "order. They should come as the numbers do."
        )
    if alone != many or turned != many:
        if _by_place(answer, what):
            raise Wrong(
                f"{what}: a card depends on its place in the list, and not on its number. Card 9 "
                "is card 9 when it is the first one asked for, too: make each generator from the "
                "seed and the number itself."
            )
        told = "it is drawn alone" if alone != many else "the order is turned round"
        raise Wrong(
            f"{what}: a card changes when {told}. One generator goes through all cards, so each "
            "depends on how many random numbers the cards before it used. Make a generator for "
            "each number."
        )


def _far_apart(answer, what):
    "Other seeds and other numbers give other cards."
    cards: dict = {}
    for seed in FAR:
        for number, card in zip(FAR, _cards(answer, what, seed, FAR)):
            cards.setdefault(card, []).append((seed, number))
    twins = [pairs for pairs in cards.values() if len(pairs) > 1]
    if not twins:
        return
    if all(len({i for _, i in pairs}) == 1 for pairs in twins):
        raise Wrong(
            f"{what}: the seed doesn't matter. Card {twins[0][0][1]} is the same for the seeds "
            f"{twins[0][0][0]} and {twins[0][1][0]}."
        )
    (a, i), (b, j) = twins[0][:2]
    raise Wrong(
        f"{what}: card {i} of seed {a} is card {j} of seed {b}. Where seed and number are made "
        "into one number, two pairs can meet: 1 + 2 is 2 + 1, and '1' + '11' is '11' + '1'. "
        "default_rng also takes a list of numbers, and keeps them apart."
    )


def cards_by_number(answer) -> Right:
    """Exercise: cards_by_number(draw, seed, numbers) -> a list of draw(rng), one for each number,
    each of which depends on seed and number alone.
    """
    what = called(answer, "my_cards")
    function(answer, what)
    before = np.random.get_state()[1].copy()
    _used_rightly(answer, what)
    _depends_on_company(answer, what)
    _far_apart(answer, what)
    if (np.random.get_state()[1] != before).any():
        raise Wrong(
            f"{what} gives the right cards, but it changes NumPy's global random state "
            "(np.random.seed). Whoever uses that elsewhere gets other numbers from then on."
        )
    return Right("Right: a generator for each card, made from its seed and its number.")
