from __future__ import annotations

import stat
from pathlib import Path

from remora_hub.http.token import Token


def test_a_token_is_made_for_its_user_alone_and_kept(tmp_path: Path) -> None:
    token = Token(tmp_path)
    made = token.ensure()
    assert len(made) >= 43
    assert stat.S_IMODE(token.path.stat().st_mode) == 0o600
    assert Token(tmp_path).ensure() == made
    assert token.matches(made)
    assert not token.matches("")
    assert not token.matches(made + "x")


def test_a_token_others_could_read_is_replaced(tmp_path: Path) -> None:
    token = Token(tmp_path)
    known = token.ensure()
    token.path.chmod(0o644)
    assert not token.matches(known)
    assert stat.S_IMODE(token.path.stat().st_mode) == 0o600


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    planted.write_text("known\n")
    planted.chmod(0o600)
    token = Token(tmp_path)
    token.path.symlink_to(planted)
    assert not token.matches("known")
    assert not token.path.is_symlink()
    assert planted.read_text() == "known\n"


def test_an_empty_file_is_no_token(tmp_path: Path) -> None:
    token = Token(tmp_path)
    token.path.touch(0o600)
    assert not token.matches("")
    assert token.ensure()


def test_without_a_place_to_keep_it_nobody_has_the_token(tmp_path: Path) -> None:
    assert not Token(tmp_path / "missing").matches("anything")
