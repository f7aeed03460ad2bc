from __future__ import annotations

import random

from remora_hub.enrich.summarize.order import needed_first


def test_each_comes_behind_what_it_needs() -> None:
    chance = random.Random(3)
    names = list(range(300))
    chance.shuffle(names)
    needs = {name: [lower for lower in chance.sample(range(300), 5) if lower < name] for name in names}
    ordered = needed_first(needs, lambda name: (name,))
    place = {name: number for number, name in enumerate(ordered)}
    assert sorted(ordered) == list(range(300))
    assert all(place[lower] < place[name] for name in names for lower in needs[name])


def test_a_circle_stands_together_in_its_own_order_between_what_it_needs_and_who_needs_it() -> None:
    needs = {"top": ["b"], "c": ["a"], "a": ["b", "low"], "b": ["c"], "low": [], "self": ["self"]}
    ordered = needed_first(needs, lambda name: (name,))
    assert ordered.index("low") < ordered.index("a") < ordered.index("top")
    start = ordered.index("a")
    assert ordered[start : start + 3] == ["a", "b", "c"]
    assert "self" in ordered


def test_circles_that_share_a_name_are_one() -> None:
    needs = {"a": ["b"], "b": ["a", "c"], "c": ["b"], "d": ["c"]}
    assert needed_first(needs, lambda name: (name,)) == ["a", "b", "c", "d"]


def test_what_is_needed_from_elsewhere_is_left_out_and_a_long_chain_ends() -> None:
    needs = {number: [number + 1] for number in range(100_000)}
    assert needed_first(needs, lambda name: (name,)) == list(range(99_999, -1, -1))
