from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from remora_hub.cli.main import cli
from remora_hub.config import HubConfig, values_by_name


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "remora-hub.toml").write_text("[store]\nbatch_ms = 20\n")
    return tmp_path


def test_show_prints_each_value_with_where_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMORA_HUB_LEVEL", "error")
    result = CliRunner().invoke(cli, ["config", "show", "--json", "--set", "watch.step_ms=2"])
    shown = json.loads(result.stdout)
    assert shown["store.batch_ms"] == {"value": 20, "origin": "remora-hub.toml"}
    assert shown["logs.level"] == {"value": "error", "origin": "REMORA_HUB_LEVEL"}
    assert shown["watch.step_ms"] == {"value": 2, "origin": "command line"}
    assert shown["index.max_indexing_workers"] == {"value": 8, "origin": "default"}
    assert list(shown) == list(values_by_name(HubConfig()))


def test_show_prints_a_line_for_each_key() -> None:
    lines = CliRunner().invoke(cli, ["config", "show"]).stdout.splitlines()
    assert lines[0].split() == ["key", "origin", "value"]
    assert ["store.batch_ms", "remora-hub.toml", "20"] in [line.split() for line in lines]


def test_verbose_logs_at_level_debug_unless_told_otherwise() -> None:
    for arguments, level in (["-v"], "debug"), (["-v", "--set", "logs.level=error"], "error"):
        result = CliRunner().invoke(cli, ["config", "show", "--json", *arguments])
        assert json.loads(result.stdout)["logs.level"]["value"] == level


def test_a_bad_value_exits_78_with_one_sentence(root: Path) -> None:
    (root / "remora-hub.toml").write_text("[index]\nmax_indexing_workers = 0\n")
    result = CliRunner().invoke(cli, ["config", "show"])
    assert result.exit_code == 78
    assert result.stdout == ""
    (sentence,) = result.stderr.splitlines()
    for part in (str(root / "remora-hub.toml"), "index.max_indexing_workers", "= 0", "from 1 to 64"):
        assert part in sentence
