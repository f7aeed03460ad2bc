"""A state directory that is open to others."""

from __future__ import annotations

from pathlib import Path

import pytest

from remora_hub.paths import StatePaths


def test_a_state_directory_that_holds_the_socket_is_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    paths = StatePaths(tmp_path)
    paths.state_dir.mkdir(mode=0o755)
    paths.state_dir.chmod(0o755)
    paths.prepare_socket_directory()
    assert paths.socket.parent == paths.state_dir
    assert paths.state_dir.stat().st_mode & 0o777 == 0o700
