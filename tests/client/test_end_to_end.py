from __future__ import annotations

from pathlib import Path

from remora_hub.client import connect, connect_async


async def test_both_clients_give_the_same_context_of_a_real_project(project: Path) -> None:
    with connect(project) as client:
        context = client.get_context(["shapes.py:area", "shapes.py:volume"])
    area, volume = context.nodes
    assert area.source is not None
    assert area.source.startswith("@functools.cache\ndef area(side: int) -> int:\n")
    assert (area.source_line, area.is_stale, area.problem) == (4, False, "")
    assert [call.item.key for call in area.callers] == ["node:shapes.py:volume"]
    assert [call.item.key for call in volume.callees] == ["node:shapes.py:area"]
    assert [test.item.key for test in volume.tests] == ["node:test_shapes.py:test_volume"]
    assert context.served_by == "local"
    async with await connect_async(project) as other:
        assert await other.get_context(["shapes.py:area", "shapes.py:volume"]) == context
        short = await other.get_context(
            ["shapes.py:area"], source=False, callees=0, callers=0, tests=0, sync=True
        )
    assert (short.nodes[0].source, short.nodes[0].callers) == (None, [])
