from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from remora_hub.cli.main import cli
from remora_hub.client.link import Link
from remora_hub.client.results import Symbols


@pytest.mark.parametrize("pending", [0, 3])
def test_people_are_told_of_files_still_to_be_indexed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pending: int
) -> None:
    behind = Symbols(symbols=[], index_id="i", sequence=1, pending=pending)
    monkeypatch.setattr(Link, "ask_all", lambda _self, _requests: [behind])
    told = CliRunner().invoke(cli, ["symbols", "x", "--root", str(tmp_path)])
    assert (told.exit_code, told.stdout) == (0, "")
    assert told.stderr == (
        "remora-hub: files still to be indexed: 3; wait with: remora-hub sync\n" if pending else ""
    )
    program = CliRunner().invoke(cli, ["symbols", "x", "--root", str(tmp_path), "--json"])
    assert program.stderr == ""
