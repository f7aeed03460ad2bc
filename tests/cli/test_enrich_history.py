"""``remora-hub enrich history`` on a database that runs wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from remora_hub.cli.main import cli
from remora_hub.enrich import Persistence, run_concurrent
from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.task_store import TaskStore
from remora_hub.paths import StatePaths


@pytest.fixture(autouse=True)
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StatePaths:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "remora-hub.toml").touch()
    return StatePaths(tmp_path)


def shown(*arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(cli, ["enrich", "history", *arguments])
    assert result.exit_code == exit_code, result.output
    return result.output


def make_run(paths: StatePaths, items: list[str]) -> None:
    def process(item: str) -> str:
        if item == "bad":
            raise ValueError(item)
        return item.upper()

    paths.prepare()
    with EnrichDatabase(paths.enrich_database) as database:
        store = TaskStore(
            database, "shout", model="loud", prompt_version="1", encode=str.encode, decode=bytes.decode
        )
        run_concurrent(
            items=items,
            process=process,
            limiter_name="history",
            persistence=Persistence(sink=store, key=str, digest=str, history=store),
        )


def test_each_run_is_a_line_the_latest_first(paths: StatePaths) -> None:
    make_run(paths, ["a", "b"])
    make_run(paths, ["a", "c", "bad"])
    header, second, first = shown().splitlines()
    assert header.split()[:3] == ["run", "task", "model"]
    assert second.split()[:3] == ["2", "shout", "loud"]
    assert second.split()[-4:] == ["1", "1", "2", "0"]  # "a" was there
    assert first.split()[-4:] == ["2", "0", "2", "0"]
    assert "done" in first
    assert len(shown("-n", "1").splitlines()) == 2


def test_a_run_is_shown_with_its_report_and_batches(paths: StatePaths) -> None:
    make_run(paths, ["a", "b", "bad"])
    text = shown("1")
    assert "3 items: 2 done, 1 failed" in text
    assert text.splitlines()[-1].split()[:3] == ["0", "3", "1"]
    (run,) = json.loads(shown("--json"))["runs"]
    assert run["report"]["errors"] == {"bad answer": 1}
    assert [(batch["items"], batch["failed"]) for batch in run["batches"]] == [(3, 1)]


def test_a_run_that_is_not_there_is_wrong_usage(paths: StatePaths) -> None:
    assert "not in the history" in shown("7", exit_code=64)


def test_looking_at_nothing_makes_nothing(paths: StatePaths) -> None:
    assert shown() == "No runs yet.\n"
    assert json.loads(shown("--json")) == {"runs": []}
    assert not paths.state_dir.exists()
