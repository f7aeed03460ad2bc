"""Methods that are imported late are there all the same, once each, and cost nothing before."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from remora_hub.server.connection import Connection, Method
from remora_hub.server.late_methods import LateMethods


class Params(msgspec.Struct):
    pass


async def answer(_connection: Connection, _params: Params) -> None:
    pass


METHOD: Method = (Params, answer)


class Others:
    def __init__(self, *names: str) -> None:
        self.names = names
        self.imported = 0

    def __call__(self) -> Mapping[str, Method]:
        self.imported += 1
        return dict.fromkeys(self.names, METHOD)


def test_what_is_there_is_found_without_the_others() -> None:
    others = Others("late")
    methods = LateMethods({"early": METHOD}, others)
    assert methods["early"] is METHOD
    assert others.imported == 0


@pytest.mark.parametrize("name", ["late", "unknown"])
def test_the_others_come_with_the_first_who_looks_for_more(name: str) -> None:
    others = Others("late")
    methods = LateMethods({"early": METHOD}, others)
    for _ in range(2):
        assert methods.get(name) is (METHOD if name == "late" else None)
    assert others.imported == 1


def test_to_list_them_asks_for_all() -> None:
    assert sorted(LateMethods({"early": METHOD}, Others("late"))) == ["early", "late"]


def test_both_together_are_as_late() -> None:
    first, second = Others("b"), Others("d")
    both = LateMethods({"a": METHOD}, first) | LateMethods({"c": METHOD}, second)
    assert both.get("c") is METHOD
    assert (first.imported, second.imported) == (0, 0)
    assert sorted(both) == ["a", "b", "c", "d"]


def test_what_cannot_be_imported_is_tried_again() -> None:
    others = Others("late")
    is_gone = True

    def fail_once() -> Mapping[str, Method]:
        if is_gone:
            raise ImportError("moved")
        return others()

    methods = LateMethods({"early": METHOD}, fail_once)
    with pytest.raises(ImportError):
        methods.get("late")
    assert methods["early"] is METHOD
    is_gone = False
    assert methods["late"] is METHOD
