from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import rich_click as click
from click.testing import CliRunner

from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.main import COMMANDS, HubGroup, cli
from remora_hub.cli.options import finds_root, takes_root
from remora_hub.errors import NotRunningError

COMMAND = [sys.executable, "-c", "from remora_hub.cli.main import main; main()"]


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture
def group() -> HubGroup:
    """A group with commands that fail and that show what they were given."""
    made = HubGroup("remora-hub")

    @made.command()
    @finds_root
    def fail(options: CommonOptions) -> None:
        raise NotRunningError("ask", "the hub\x1b[2J", "none runs")

    @made.command()
    @finds_root
    def interrupted(options: CommonOptions) -> None:
        raise KeyboardInterrupt

    @made.command()
    @takes_root
    def here(options: CommonOptions) -> None:
        click.echo(f"{options.root()} {options.state_dir} {options.verbose} {dict(options.overrides)}")

    @made.command()
    @finds_root
    def found(options: CommonOptions) -> None:
        click.echo(options.root())

    return made


def test_help_lists_every_command_and_imports_none_of_them() -> None:
    program = (
        "import sys; from remora_hub.cli.main import cli; cli.main(['--help'], standalone_mode=False);"
        "print(sorted(name for name in sys.modules if name.startswith('remora_hub')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    for name, (_, help_line) in COMMANDS.items():
        assert name in done.stdout
        assert help_line in done.stdout
    for heavy in ("config", "logs", "model", "cli.doctor"):
        assert f"'remora_hub.{heavy}'" not in done.stderr


def test_help_documents_every_exit_code_of_the_error_tree() -> None:
    done = run("--help")
    for code in (0, 1, 2, 64, 66, 69, 74, 75, 78, 130):
        assert f"{code} " in done.stdout


def test_the_version_is_that_of_the_distribution() -> None:
    assert run("--version").stdout.split() == ["remora-hub", version("remora-hub")]


def test_wrong_usage_exits_2_with_nothing_on_standard_output() -> None:
    for arguments in (["nonsense"], ["doctor", "--nonsense"], ["config", "show", "--set", "no-equals-sign"]):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr


def test_an_error_is_one_line_on_standard_error_and_its_exit_code(group: HubGroup) -> None:
    result = CliRunner().invoke(group, ["fail"])
    assert result.exit_code == 69
    assert result.stdout == ""
    assert result.stderr == "remora-hub: cannot ask the hub\\x1b[2J: none runs\n"


def test_with_json_an_error_is_an_object_on_standard_output(group: HubGroup) -> None:
    result = CliRunner().invoke(group, ["fail", "--json"])
    assert result.exit_code == 69
    error = json.loads(result.stdout)["error"]
    assert error["type"] == "NotRunningError"
    assert error["exit_code"] == 69
    assert error["reason"] == "none runs"
    assert result.stderr == ""


def test_an_interrupted_command_exits_as_shells_expect(group: HubGroup) -> None:
    assert CliRunner().invoke(group, ["interrupted"]).exit_code == 128 + signal.SIGINT


def test_a_reader_that_goes_away_is_no_error_worth_a_word(tmp_path: Path) -> None:
    (tmp_path / "remora-hub.toml").touch()
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, "config", "show", "--json"],
        stdout=writer,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        check=False,
    )
    os.close(writer)
    assert done.stderr == b""
    assert done.returncode != 0


def test_the_root_is_the_argument_or_the_current_directory(
    group: HubGroup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    assert CliRunner().invoke(group, ["here"]).stdout == f"{tmp_path} None False {{}}\n"
    options = ["here", "a", "-v", "--state-dir", "s", "--set", "batch_ms=1", "--set", "index.parse_lanes = 2"]
    shown = CliRunner().invoke(group, options).stdout
    assert shown == f"{tmp_path / 'a'} s True {{'batch_ms': '1', 'index.parse_lanes': '2'}}\n"


def test_the_root_is_found_by_walking_up_or_named(
    group: HubGroup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(inner)
    assert CliRunner().invoke(group, ["found"]).stdout == f"{tmp_path}\n"
    assert CliRunner().invoke(group, ["found", "--root", "."]).stdout == f"{inner}\n"


def test_a_root_that_does_not_exist_exits_66(group: HubGroup, tmp_path: Path) -> None:
    for arguments in (["found", "--root"], ["here"]):
        assert CliRunner().invoke(group, [*arguments, str(tmp_path / "missing")]).exit_code == 66


def test_every_command_stands_in_the_group() -> None:
    assert list(cli.commands) == list(COMMANDS)
