from __future__ import annotations

import asyncio.base_events
import dataclasses
import os
from pathlib import Path

import pytest

from remora_hub.answers import NodeRecord
from remora_hub.errors import UsageError
from remora_hub.extract.extract import Extractor
from remora_hub.facts import unpack_nodes
from remora_hub.query.records import node_record
from remora_hub.source_text import SourceLines, read_lines, source_of

DECORATED = """
import functools

class C:
    @functools.cache  # a comment
    # another

    @register(
        '''
    @not_a_decorator
''',
    )
    async def f(self) -> None:
        pass

    def plain(self): return 1
"""


def records(data: bytes) -> dict[str, NodeRecord]:
    packed = Extractor().extract("a.py", data)
    found = [
        node_record(f"node:a.py:{s}", b)
        for s, b in zip(packed.suffixes, unpack_nodes(packed.nodes), strict=True)
    ]
    return {record.key.rpartition(":")[2]: record for record in found}


def test_the_source_of_a_definition_begins_with_its_first_decorator() -> None:
    found = source_of(records(DECORATED.encode())["C.f"], SourceLines(DECORATED.encode()))
    assert not found.is_stale
    assert found.text.startswith("@functools.cache  # a comment\n")
    assert found.text.endswith("        pass")
    assert found.line == 5


def test_a_method_on_one_line_is_that_line() -> None:
    found = source_of(records(DECORATED.encode())["C.plain"], SourceLines(DECORATED.encode()))
    assert found == ("def plain(self): return 1", 16, False)


@pytest.mark.parametrize("module", [asyncio.base_events, dataclasses])
def test_every_node_of_real_modules_is_found_as_the_index_saw_it(module: object) -> None:
    data = Path(module.__file__).read_bytes()  # type: ignore[attr-defined]
    lines = SourceLines(data)
    found = records(data)
    assert len(found) > 50
    assert [key for key, record in found.items() if source_of(record, lines).is_stale] == []


@pytest.mark.parametrize(
    "data",
    [
        "# coding: latin-1\n@é\ndef größe():\n    return 'ä'\n".encode("latin-1"),
        "\ufeff@d\r\ndef f():\r\n    pass\r\n".encode(),
        b"@d\rdef f():\r    pass\r",
        "é = 1; x = [\n 'ü']\n".encode("utf-16"),
    ],
)
def test_encodings_and_line_ends_are_read_as_the_index_reads_them(data: bytes) -> None:
    lines = SourceLines(data)
    assert [key for key, record in records(data).items() if source_of(record, lines).is_stale] == []


@pytest.mark.parametrize(
    "changed", ["", "x\n", "def f():\n    return 2\n", "# above\ndef f():\n    return 1\n"]
)
def test_what_is_no_longer_there_is_stale(changed: str) -> None:
    record = records(b"\n\ndef f():\n    return 1\n")["f"]
    assert source_of(record, SourceLines(changed.encode())).is_stale


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "real.py").write_text("a = 1\n")
    (tmp_path / "link.py").symlink_to("real.py")
    assert read_lines(tmp_path, "real.py").line(1) == b"a = 1"
    for name in ("pipe.py", "link.py", "none.py", "nul\0.py", "."):
        with pytest.raises(UsageError, match="cannot read"):
            read_lines(tmp_path, name)


def test_a_line_that_is_not_there_is_an_index_error() -> None:
    lines = SourceLines(b"a\nb")
    assert lines.line(2) == b"b"
    for number in (0, 3):
        with pytest.raises(IndexError):
            lines.line(number)
