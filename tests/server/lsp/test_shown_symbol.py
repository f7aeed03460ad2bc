"""A symbol in the JSON that an editor is sent, whatever its names and its path hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from remora_hub.answers import Symbol
from remora_hub.marks import mark_for
from remora_hub.server.lsp.shown_symbol import ShownSymbol
from remora_hub.server.lsp.uris import RootUris
from remora_hub.syntax.code_text import PositionEncoding
from remora_hub.wire import Answer, encode_frame

FUNCTION, MODULE = ord(mark_for("function", False, True)), ord(mark_for("module", False, True))


def sent(shown: ShownSymbol, path: str, suffix: str, mark: int, place: str) -> dict[str, object]:
    """What arrives of a symbol that is sent in an answer."""
    frame = encode_frame(Answer(1, [shown(path, suffix, mark, place, False)]))
    result: list[dict[str, object]] = json.loads(frame.partition(b"\r\n\r\n")[2])["result"]
    return result[0]


def test_paths_are_escaped_and_what_utf8_cannot_carry_is_replaced() -> None:
    shown = ShownSymbol(RootUris(Path('/a "root')), "utf-16")
    found = sent(shown, 'p/\udcff"\\\n.py', "f#2", FUNCTION, "3:4")
    assert found == {
        "name": "f",
        "kind": 12,
        "location": {
            "uri": "file:///a%20%22root/p/%FF%22%5C%0A.py",
            "range": {"start": {"line": 2, "character": 4}, "end": {"line": 2, "character": 5}},
        },
        "containerName": 'p/\ufffd"\\\n.py',
    }


@pytest.mark.parametrize(
    ("encoding", "start", "length"), [("utf-8", 9, 6), ("utf-16", 6, 3), ("utf-32", 5, 2)]
)
def test_columns_are_in_units_of_the_editors_encoding(
    encoding: PositionEncoding, start: int, length: int
) -> None:
    shown = ShownSymbol(RootUris(Path("/root")), encoding)
    found = sent(shown, "m.py", "A.é\U0001d4b3", FUNCTION, "1:9:6:5")
    assert found["name"] == "é\U0001d4b3"
    assert found["containerName"] == "A"
    assert found["location"] == {
        "uri": "file:///root/m.py",
        "range": {"start": {"line": 0, "character": start}, "end": {"line": 0, "character": start + length}},
    }


def test_a_stored_symbol_and_one_of_an_unsaved_text_are_shown_alike() -> None:
    shown = ShownSymbol(RootUris(Path("/root")), "utf-8")
    symbol = Symbol("f", "function", "A.f", "m.py", 3, 4, "node:m.py:A.f")
    assert shown.of(symbol) == shown("m.py", "A.f", FUNCTION, "3:4", False)


def test_a_module_is_shown_by_its_name_where_its_file_begins() -> None:
    found = sent(ShownSymbol(RootUris(Path("/root")), "utf-8"), "p/m.py", "<module>", MODULE, "1:0")
    assert (found["name"], found["kind"], found["containerName"]) == ("m", 2, "p/m.py")
    assert found["location"] == {
        "uri": "file:///root/p/m.py",
        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}},
    }
