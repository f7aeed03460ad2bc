"""The names that are searched, compared with what plain Python says of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from remora_hub.query.known_names import KnownNames
from remora_hub.query.name_match import HumpPattern, fold, has_letters, with_letters_in_order

QUERIES = ["a", "ab", "aa", "aab", "_a", "b_", "éa", "é", "ba2", "aaaa", "zq", "\0", "\1", "\2", "A", "", "2"]


def random_names(random: Random, count: int) -> Iterator[str]:
    for _ in range(count):
        yield "".join(random.choices("abAB_é2İ\0", k=random.randrange(1, 9)))


@pytest.fixture(params=range(5))
def names(request: pytest.FixtureRequest) -> list[str]:
    return list(dict.fromkeys(random_names(Random(request.param), 300)))


@pytest.fixture
def known(names: list[str]) -> KnownNames:
    """All of ``names``, asked for letters before the last of them came."""
    known = KnownNames(names[:100])
    for query in QUERIES:
        known.few_with_letters(fold(query), 100)
        known.with_initial(fold(query))
    known.extend(names[100:150])
    known.extend([])
    known.extend(names[150:])
    return known


def test_names_are_found_by_beginning_and_part(known: KnownNames, names: list[str]) -> None:
    for query in filter(None, QUERIES):
        wanted = fold(query)
        assert sorted(known.starting_with(wanted)) == sorted(n for n in names if fold(n).startswith(wanted))
        assert sorted(known.containing(wanted)) == sorted(n for n in names if wanted in fold(n))


def twice_at_most(wanted: str) -> Counter[int]:
    return Counter({letter: min(count, 2) for letter, count in Counter(wanted.encode()).items()})


def test_no_name_with_the_letters_is_left_out_and_few_others_are_given(
    known: KnownNames, names: list[str]
) -> None:
    for query in QUERIES:
        wanted = fold(query)
        found = known.few_with_letters(wanted, len(names))
        assert found is not None
        assert len(found) == len(set(found))
        assert {name for name in names if has_letters(wanted, fold(name))} <= set(found)
        if wanted.isprintable():
            assert all(Counter(fold(name).encode()) >= twice_at_most(wanted) for name in found)


def test_of_the_names_with_the_letters_the_shortest_are_given_whenever_they_came(
    known: KnownNames, names: list[str]
) -> None:
    for query in QUERIES:
        having = known.few_with_letters(fold(query), len(names))
        assert having is not None
        lengths = sorted(map(len, having))
        for most in (1, 20, len(names)):
            found = known.shortest_with_letters(fold(query), most)
            assert [len(name) for name in found] == lengths[:most]
            assert set(found) <= set(having)


@pytest.mark.parametrize("few", [True, False])
def test_names_with_letters_in_their_order_are_told_from_the_others(names: list[str], few: bool) -> None:
    looked_at = names[:20] if few else names
    for query in [*QUERIES, "a.b", "(", "ba_a"]:
        wanted = fold(query)
        expected = [name for name in looked_at if has_letters(wanted, fold(name))]
        assert with_letters_in_order(wanted, looked_at) == expected


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("HR", "HTTPResponse"), ("hres", "HTTPResponse"), ("r", "_response"), ("AB2C", "aB2c"), ("ab", "a1b"),
        ("xY", "x_y"), ("éÀ", "ÉtéÀla"),
    ],
)  # fmt: skip
def test_a_hump_begins_at_a_capital_behind_an_underscore_and_behind_a_digit(query: str, name: str) -> None:
    assert HumpPattern(query).matches(name)


@pytest.mark.parametrize(("query", "name"), [("hp", "HTTPResponse"), ("RS", "HTTPResponse"), ("rt", "aReT")])
def test_a_letter_within_a_hump_begins_none(query: str, name: str) -> None:
    assert not HumpPattern(query).matches(name)


def test_names_are_found_by_initial_and_letters(known: KnownNames, names: list[str]) -> None:
    for query in ("a", "ab", "ba", "b2", "2b"):
        expected = [
            name
            for name in names
            if fold(name).lstrip("_").startswith(query[0]) and Counter(fold(name)) >= Counter(query)
        ]
        assert sorted(known.with_initial(query)) == sorted(expected)


def test_all_names_are_given_the_shorter_first(known: KnownNames, names: list[str]) -> None:
    assert sorted(known.all()) == sorted(names)
    assert [len(name) for name in known.all()] == sorted(map(len, names))


def test_a_letter_may_occur_hundreds_of_times() -> None:
    known = KnownNames(["a" * 300, "a"])
    assert known.few_with_letters("a" * 300, 1) == ["a" * 300]


def test_names_with_the_letters_are_given_only_where_they_are_few(
    known: KnownNames, names: list[str]
) -> None:
    count = sum(has_letters("a", fold(name)) for name in names)
    found = known.few_with_letters("a", count)
    assert found is not None
    assert len(found) == count
    assert known.few_with_letters("a", count - 1) is None
    assert known.few_with_letters("", len(names) - 1) is None
