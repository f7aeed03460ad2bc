from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from remora_hub.cli.output import print_line, print_table, to_json


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_json_is_one_line_and_takes_paths() -> None:
    assert to_json({"path": Path("/a"), "name": "a\nb"}) == b'{"path":"/a","name":"a\\nb"}'


def test_json_of_a_name_that_is_not_utf8_keeps_its_bytes() -> None:
    assert json.loads(to_json({"path": Path("a\udcff")})) == {"path": "a\udcff"}


def test_json_refuses_what_has_no_json_form() -> None:
    with pytest.raises(NotImplementedError, match="object"):
        to_json(object())


def test_a_table_for_a_file_is_aligned_and_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["name", "line"], [("a" * 200, 1), ("b", 20)])
    assert capsys.readouterr().out.splitlines() == [
        "name" + " " * 198 + "line",
        "a" * 200 + "  1",
        "b" + " " * 201 + "20",
    ]


def test_a_cell_cannot_steer_the_terminal_or_use_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    print_table(["name"], [("\x1b[2J[red]x\n",)])
    print_line("\x1b]0;title\x07")
    shown = terminal.getvalue()
    assert r"\x1b[2J[red]x\n" in shown
    assert r"\x1b]0;title\x07" in shown
    assert "\x1b[2J" not in shown
    assert "\x1b]" not in shown
