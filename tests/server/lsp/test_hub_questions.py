"""``hub/*`` methods that ask about symbols, on the connection of a client that is no editor."""

from __future__ import annotations

from typing import Any

import pytest

MAKE = "node:app/models.py:make"


async def ask(connect: Any, method: str, **params: Any) -> dict[str, Any]:
    answer = await (await connect()).answer(method, params, checked=False)
    assert "error" not in answer, answer
    result: dict[str, Any] = answer["result"]
    assert {"sequence", "pending", "index_id"} <= result.keys()
    return result


@pytest.mark.parametrize(
    "named", [{"key": MAKE}, {"path": "app/views.py", "line": 3, "column": 26}, {"key": MAKE, "sync": True}]
)
async def test_a_symbol_is_named_by_key_or_by_place(connect: Any, named: dict[str, Any]) -> None:
    found = await ask(connect, "hub/definition", **named)
    assert found["certain"] is True
    assert [one["key"] for one in found["definitions"]] == [MAKE]


async def test_nothing_at_a_place_is_no_error(connect: Any) -> None:
    nothing = {"path": "app/views.py", "line": 4}
    found = await ask(connect, "hub/definition", **nothing)
    assert (found["definitions"], found["certain"]) == ([], False)
    assert (await ask(connect, "hub/hover", **nothing))["hover"] is None
    assert (await ask(connect, "hub/callers", **nothing))["item"] is None
    assert (await ask(connect, "hub/hierarchy", **nothing))["hierarchy"] is None


@pytest.mark.parametrize("method", ["definition", "references", "hover", "callers", "callees", "hierarchy"])
@pytest.mark.parametrize(
    "named", [{"key": "node:app/models.py:nobody"}, {"key": "x"}, {"path": "no.py", "line": 1}, {}]
)
async def test_what_is_not_in_the_index_is_an_error_of_usage(
    connect: Any, method: str, named: dict[str, Any]
) -> None:
    answer = await (await connect()).answer(f"hub/{method}", named, checked=False)
    assert answer["error"]["data"]["exit_code"] == 64


async def test_references_are_limited_and_say_so(connect: Any) -> None:
    found = await ask(connect, "hub/references", key=MAKE, limit=2)
    assert (len(found["references"]), found["more"]) == (2, True)
    found = await ask(connect, "hub/references", key=MAKE, include_definition=False)
    assert (len(found["references"]), found["more"]) == (5, False)


async def test_a_symbols_relations_are_found(connect: Any) -> None:
    assert (await ask(connect, "hub/hover", key=MAKE))["hover"]["declaration"].startswith("def make")
    callers = await ask(connect, "hub/callers", key=MAKE)
    assert callers["item"]["key"] == MAKE
    assert "node:app/views.py:all_of" in [call["item"]["key"] for call in callers["calls"]]
    callees = await ask(connect, "hub/callees", key="node:app/views.py:all_of")
    assert MAKE in [call["item"]["key"] for call in callees["calls"]]
    relatives = (await ask(connect, "hub/hierarchy", key="node:app/models.py:User"))["hierarchy"]
    assert [item["name"] for item in relatives["supertypes"]] == ["Base"]


async def test_tests_are_found_from_symbols_and_symbols_from_tests(connect: Any) -> None:
    tests = (await ask(connect, "hub/tests", key=MAKE))["tests"]
    assert [one["item"]["name"] for one in tests] == ["test_make_makes"]
    symbols = (await ask(connect, "hub/exercised", key=tests[0]["item"]["key"]))["symbols"]
    assert "make" in [one["item"]["name"] for one in symbols]


async def test_reports_are_by_name_and_below_a_path(connect: Any) -> None:
    called = (await ask(connect, "hub/report", name="most_called"))["report"]
    assert called[0]["item"]["key"] == MAKE
    assert called[0]["count"] == 3
    unused = (await ask(connect, "hub/report", name="unused", path="app"))["report"]
    assert "all_of" in [one["item"]["name"] for one in unused]
    answer = await (await connect()).answer("hub/report", {"name": "gossip"}, checked=False)
    assert answer["error"]["code"] == -32602


@pytest.mark.parametrize("named", [{"path": "app/models.py"}, {"module": "app.models"}])
async def test_importers_are_found_by_file_and_by_module(connect: Any, named: dict[str, str]) -> None:
    found = await ask(connect, "hub/importers", **named)
    assert [one["path"] for one in found["importers"]] == ["app/views.py", "tests/test_models.py"]


@pytest.mark.parametrize("named", [{"path": "no.py"}, {"module": "no.such"}, {}])
async def test_importers_of_what_is_not_there_are_an_error_of_usage(
    connect: Any, named: dict[str, str]
) -> None:
    answer = await (await connect()).answer("hub/importers", named, checked=False)
    assert answer["error"]["data"]["exit_code"] == 64


async def test_symbols_are_limited_to_a_path(connect: Any) -> None:
    found = await ask(connect, "hub/symbols", query="save", path="app/**")
    assert {one["path"] for one in found["symbols"]} == {"app/models.py"}
    assert (await ask(connect, "hub/symbols", query="save", path="tests/**"))["symbols"] == []
