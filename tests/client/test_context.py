from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from remora_hub import answers as shapes
from remora_hub.answers import Call, Item, NodeDetail, Span
from remora_hub.client import results
from remora_hub.client.context import Context, ContextQuestion
from remora_hub.client.results import Calls, Node
from remora_hub.errors import UsageError

FRESH = {"index_id": "i", "pending": 0}
LONG = "x" * 200


def item(name: str) -> Item:
    return Item(
        key=f"node:a.py:{name}", name=name, kind="function", qualname=name, path="a.py", range=(1, 0, 2, 8),
        name_range=(1, 4, 1, 5),
    )  # fmt: skip


def detail(name: str) -> NodeDetail:
    return NodeDetail(
        path="a.py", kind="function", qualname=name, range=(1, 0, 2, 8), digest="none", key=f"node:a.py:{name}",
        name=name, version=1, created_at=0.0, updated_at=0.0,
    )  # fmt: skip


def answers(name: str, relatives: int = 30, sequence: int = 7) -> list[Any]:
    call = [Call(item=item(f"{LONG}{n}"), places=[Span("a.py", n, 0, n, 1)]) for n in range(relatives)]
    tests = [shapes.Test(item=item(f"test_{LONG}{n}"), distance=1) for n in range(relatives)]
    return [
        Node(node=detail(name), sequence=sequence, **FRESH),  # type: ignore[arg-type]
        Calls(item=item(name), calls=call, sequence=sequence, **FRESH),  # type: ignore[arg-type]
        Calls(item=item(name), calls=call, sequence=sequence, **FRESH),  # type: ignore[arg-type]
        results.Tests(tests=tests, sequence=sequence, **FRESH),  # type: ignore[arg-type]
    ]


def gather(
    root: Path, names: list[str], found: list[Any], max_bytes: int = 100_000, most: int = 20
) -> Context:
    question = ContextQuestion(names, True, most, most, most, max_bytes)
    return question.gather(root, found)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text("def f():\n" + f"    {LONG}\n" * 1000)
    return tmp_path


@pytest.mark.parametrize("max_bytes", [1, 500, 2000, 10_000, 50_000])
def test_it_is_never_larger_than_allowed(root: Path, max_bytes: int) -> None:
    names = ["a.py:f", "a.py:g", "a.py:h"]
    context = gather(root, names, [*answers("f"), *answers("g"), *answers("h")], max_bytes)
    assert [node.key for node in context.nodes] == ["node:a.py:f", "node:a.py:g", "node:a.py:h"]
    with_nodes = [node for node in context.nodes if node.node is not None]
    assert sum(len(msgspec.json.encode(node)) for node in with_nodes) <= max_bytes
    assert all(node.problem for node in context.nodes if node.node is None)


@pytest.mark.parametrize("names", [["f", "g"], ["g", "f"]])
def test_what_one_key_does_not_need_is_left_to_the_others(root: Path, names: list[str]) -> None:
    found = {"f": answers("f", relatives=0), "g": answers("g")}
    (root / "a.py").write_text("")
    context = gather(
        root, [f"a.py:{name}" for name in names], [*found[names[0]], *found[names[1]]], max_bytes=9000
    )
    sizes = {node.key[-1]: len(msgspec.json.encode(node)) for node in context.nodes}
    assert sizes["f"] < 1500
    assert 9000 - 1500 < sum(sizes.values()) <= 9000
    assert context.nodes[names.index("g")].left_out > 0


def test_relatives_beyond_the_most_and_those_without_room_are_counted(root: Path) -> None:
    [found] = gather(root, ["a.py:f"], answers("f"), most=10).nodes
    assert (len(found.callees), len(found.callers), len(found.tests), found.left_out) == (10, 10, 10, 60)
    [found] = gather(root, ["a.py:f"], answers("f"), max_bytes=6000).nodes
    assert len(found.callees) + len(found.callers) + len(found.tests) + found.left_out == 90


def test_a_source_without_room_is_cut_behind_a_whole_line(root: Path) -> None:
    record = detail("f")
    record.range = (1, 0, 1001, 204)
    found = answers("f", relatives=0)
    found[0].node = record
    [node] = gather(root, ["a.py:f"], found, max_bytes=3000).nodes
    assert node.is_cut
    assert node.is_stale
    assert node.source is not None
    assert node.source.startswith("def f():\n")
    assert node.source.endswith(f"{LONG}\n")


def test_a_file_that_is_gone_is_a_problem_of_its_keys(tmp_path: Path) -> None:
    [node] = gather(tmp_path, ["a.py:f"], answers("f")).nodes
    assert (node.source, node.is_stale) == (None, True)
    assert "cannot read a.py" in node.problem
    assert len(node.callers) == 20


def test_a_key_that_is_not_known_has_a_problem_and_the_others_their_answers(root: Path) -> None:
    unknown = UsageError("show", "node:a.py:none", "no such node in the index")
    context = gather(root, ["a.py:none", "a.py:f"], [unknown, unknown, unknown, unknown, *answers("f")])
    assert context.nodes[0].problem == str(unknown)
    assert context.nodes[1].node is not None
    with pytest.raises(UsageError, match="no such node"):
        gather(root, ["a.py:none"], [unknown] * 4)
    with pytest.raises(UsageError, match="no key is named"):
        gather(root, [], [])


def test_it_is_as_fresh_as_the_oldest_answer(root: Path) -> None:
    context = gather(root, ["a.py:f", "a.py:g"], [*answers("f", sequence=9), *answers("g", sequence=8)])
    assert context.sequence == 8
