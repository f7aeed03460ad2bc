from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from remora_hub.cli.main import cli

pytestmark = pytest.mark.usefixtures("in_project")


def ask(*arguments: str, code: int = 0) -> list[str]:
    result = CliRunner().invoke(cli, list(arguments))
    assert result.exit_code == code, (arguments, result.output, result.exception)
    return result.stdout.splitlines()


def ask_json(*arguments: str, code: int = 0) -> Any:
    [line] = ask(*arguments, "--json", code=code)
    return json.loads(line)


def test_a_definition_is_shown_with_its_declaration_and_a_place_to_click() -> None:
    assert ask("definition", "app/views.py:5:30") == ["app/models.py:7:9: def save(self) -> None"]
    [found] = ask_json("definition", "app/views.py:5:30")["definitions"]
    assert (found["key"], found["line"], found["column"]) == ("node:app/models.py:User.save", 7, 8)


def test_candidates_are_marked() -> None:
    candidates = ask("definition", "app/views.py:9:11")
    assert "app/models.py:7:9: ? def save(self) -> None" in candidates
    assert all(": ? " in line for line in candidates)
    assert not ask_json("definition", "app/views.py:9:11")["certain"]


def test_references_are_those_of_this_symbol_with_their_lines() -> None:
    shown = ask("references", "User.save")
    assert shown[:2] == [
        "app/models.py:7:9: def save(self) -> None:",
        "app/views.py:5:27: größe = User(); größe.save(); check(größe)",
    ]
    assert all(": ? " in line for line in shown[2:])
    assert ask("references", "nobody_asks", "--no-definition") == []
    assert ask("references", "check", "--limit", "1")[1:] == ["There are more than 1: see --limit."]


def test_hover_shows_declaration_documentation_and_callers() -> None:
    shown = ask("hover", "Base.save")
    assert shown[0] == "app/models.py:2:9: def save(self) -> None"
    assert "    Keep it." in shown


def test_callers_and_callees_are_a_line_for_each_call() -> None:
    assert ask("callers", "check") == [
        "app/models.py:8:9: method User.save(self) -> None",
        "app/views.py:5:35: function show() -> None",
    ]
    assert 'app/views.py:5:35: function check(user: "User") -> bool' in ask("callees", "show")


def test_a_hierarchy_shows_the_farthest_base_on_top() -> None:
    assert ask("hierarchy", "User") == [
        "app/models.py:1:7: base class Base",
        "app/models.py:6:7: class User(Base)",
    ]
    assert ask("hierarchy", "Base.save") == [
        "app/models.py:2:9: method Base.save(self) -> None",
        "app/models.py:7:9: overridden by method User.save(self) -> None",
    ]


def test_importers_are_found_by_file_and_by_module() -> None:
    expected = ["app/views.py:1:1: app.models: User, check"]
    assert ask("importers", "app.models") == expected
    assert ask("importers", "app/models.py") == expected


def test_tests_come_with_the_calls_in_between() -> None:
    assert ask("tests", "show") == ["tests/test_views.py:4:5: function test_show() -> None"]
    assert ask("tests", "check") == ["tests/test_views.py:4:5: function test_show() -> None (via show)"]
    assert ask("exercised", "test_show")[0] == "app/views.py:4:5: function show() -> None"


def test_reports_list_the_unused_and_the_most_called() -> None:
    assert any(
        line.startswith("app/models.py:15:5: function nobody_asks() -> None")
        for line in ask("report", "unused")
    )
    assert ask("report", "unused", "--path", "tests") == []
    assert ask("report", "most-called", "--limit", "1")[0].startswith(
        "app/models.py:11:5: 2 calls, function check"
    )
    assert ask_json("report", "most-called", "--path", ".")["report"][0]["count"] == 2
    ask("report", "nonsense", code=2)


def test_a_context_shows_source_and_relatives() -> None:
    shown = ask("context", "User.save", "app/views.py:4")
    assert shown[:3] == [
        "app/models.py:7:9: method User.save",
        "        def save(self) -> None:",
        "            check(self)",
    ]
    assert '  app/models.py:11:5: calls function check(user: "User") -> bool' in shown
    assert "  app/views.py:5:27: called by function show() -> None" in shown
    assert "  tests/test_views.py:4:5: tested by function test_show() -> None" in shown
    answer = ask_json("context", "check", "--no-source", "--relatives", "0")
    assert [(node["key"], node["source"], node["callers"]) for node in answer["nodes"]] == [
        ("node:app/models.py:check", None, [])
    ]
    assert any("no room" in line for line in ask("context", "check", "--max-bytes", "10"))


def test_symbols_are_searched_below_a_path() -> None:
    assert ask("symbols", "test_show") == ["tests/test_views.py:4:5: function test_show"]
    assert ask("symbols", "test_show", "--path", "app") == []
    assert ask("symbols", "test_show", "--path", "tests/**") == [
        "tests/test_views.py:4:5: function test_show"
    ]


def test_every_answer_says_how_fresh_it_is_and_who_gave_it() -> None:
    questions = (
        ("definition", "check"), ("references", "check"), ("hover", "check"), ("callers", "check"),
        ("callees", "check"), ("hierarchy", "User"), ("importers", "app.models"), ("tests", "check"),
        ("exercised", "test_show"), ("report", "unused"), ("context", "check"), ("symbols", "check"),
        ("outline", "app/models.py"),
    )  # fmt: skip
    for question in questions:
        answer = ask_json(*question)
        assert answer["index_id"], question
        assert (answer["pending"], answer["served_by"]) == (0, "daemon"), question


@pytest.mark.parametrize("command", ["definition", "hover", "callers", "callees", "hierarchy"])
def test_where_nothing_stands_the_exit_code_is_64(command: str) -> None:
    ask(command, "app/models.py:4:1", code=64)
    error = ask_json(command, "app/models.py:4:1", code=64)["error"]
    assert error["type"] == "UsageError"


@pytest.mark.parametrize(
    "named", ["app/none.py:f", "app/models.py:none", "save", "../x.py:1", "app/models.py:77"]
)
def test_what_is_not_there_or_not_one_exits_64(named: str) -> None:
    for command in ("definition", "references", "callers", "tests", "context"):
        ask(command, named, code=64)


def test_paths_are_shown_from_the_current_directory(
    in_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(in_project / "tests")
    assert ask("definition", "check")[0].startswith(f"..{os.sep}app{os.sep}models.py:11:5: ")
    assert ask("outline", "test_views.py")[1].startswith("test_views.py:4:5: ")
    monkeypatch.chdir(tmp_path)
    assert ask("definition", "check", "--root", str(in_project))[0].startswith(
        f"{in_project}/app/models.py:11:5: "
    )


def test_sync_waits_for_what_was_just_written(in_project: Path) -> None:
    (in_project / "fresh.py").write_text("def just_written(): ...\n")
    try:
        assert ask("definition", "just_written", "--sync")[0].startswith("fresh.py:1:5: ")
    finally:
        (in_project / "fresh.py").unlink()


def test_answers_without_a_daemon_are_the_same_but_say_who_gave_them(
    in_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = (("definition", "check"), ("callers", "check"), ("tests", "check"), ("report", "unused"))
    ask_json("sync")  # what another test took away may still be indexed
    served = [ask_json(*question) for question in questions]
    shutil.copytree(in_project, tmp_path / "copy", ignore=shutil.ignore_patterns(".remora"))
    monkeypatch.chdir(tmp_path / "copy")
    local = [ask_json(*question) for question in questions]
    assert {answer.pop("served_by") for answer in local} == {"local"}
    for name in ("index_id", "sequence", "pending"):
        for answer in (*served, *local):
            del answer[name]
    for answer in served:
        del answer["served_by"]
    assert local == served
