from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from remora_hub.cli.main import COMMANDS, cli


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed_for_each_shell(shell: str) -> None:
    result = CliRunner().invoke(cli, ["completion", shell])
    assert result.exit_code == 0
    assert f"_REMORA_HUB_COMPLETE={shell}_complete" in result.stdout


def test_the_bash_script_is_valid() -> None:
    script = CliRunner().invoke(cli, ["completion", "bash"]).stdout
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("remora-hub ", set(COMMANDS)),
        ("remora-hub config s", {"show"}),
        ("remora-hub doctor --js", {"--json"}),
    ],
)
def test_commands_and_options_are_completed(words: str, offered: set[str]) -> None:
    environment = {
        **os.environ,
        "_REMORA_HUB_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    program = "from remora_hub.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert {line.partition(",")[2] for line in done.stdout.splitlines()} == offered


def test_an_unknown_shell_is_wrong_usage() -> None:
    assert CliRunner().invoke(cli, ["completion", "tcsh"]).exit_code == 2
