"""Helix, set up by config/editors/helix/languages.toml, typed at with its default keys."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remora_hub.client import Client

CONFIG = Path(__file__).parents[2] / "config" / "editors" / "helix" / "languages.toml"

Edit = Callable[[str], Any]
OtherClient = Callable[[], Client]


@pytest.fixture
def edit(found: Any, terminal: Any, user_config: Path) -> Edit:
    """Open a file of the project and wait until the server is ready."""
    helix = found("hx", least=(23, 10))
    (user_config / "helix").mkdir(exist_ok=True)  # asking for the version makes it
    shutil.copy(CONFIG, user_config / "helix")

    def edit(path: str) -> Any:
        opened = terminal(helix, path)
        opened.until(rf"NOR +{path} ")
        opened.press("gd")  # in a docstring: the server's answer shows that it is there
        opened.until("No definition found", "gd")
        return opened

    return edit


def test_definition_in_another_file(edit: Edit, other_client: OtherClient) -> None:
    editor = edit("app/views.py")
    other_client()
    editor.press(r"/make_user\(", "Enter", "gd")
    editor.until(r"NOR +app/models.py .*11:5$")


def test_references_over_all_files(edit: Edit, other_client: OtherClient) -> None:
    editor = edit("app/models.py")
    other_client()
    editor.press("/make_user", "Enter", "gr")
    screen = editor.until(r"app/views.py:5")
    assert "app/reports.py:3" in screen


def test_symbols_of_the_workspace_by_their_humps(edit: Edit, other_client: OtherClient) -> None:
    editor = edit("app/views.py")
    other_client()
    editor.press("Space", "S", "UsSt")
    editor.until(r"class +UserStore .*app/models.py")


def test_outline_follows_what_is_typed_and_no_other_client_sees_it(
    edit: Edit, other_client: OtherClient
) -> None:
    editor = edit("app/views.py")
    hub = other_client()
    editor.press("ge", "o", "def just_typed(): pass", "Escape")
    editor.until(r"NOR +app/views.py \[\+\]")
    editor.press("Space", "s")
    editor.until(r"function +just_typed")
    assert not hub.symbols("just_typed", sync=True).symbols


def test_what_is_saved_is_there_for_other_clients(edit: Edit, other_client: OtherClient) -> None:
    editor = edit("app/views.py")
    hub = other_client()
    editor.press("ge", "o", "def just_typed(): pass", "Escape")
    editor.until(r"NOR +app/views.py \[\+\]")
    editor.press(":w", "Enter")
    editor.until("'app/views.py' written")
    assert [one.path for one in hub.symbols("just_typed", sync=True).symbols] == ["app/views.py"]


def test_hub_outlives_a_killed_editor(
    edit: Edit, other_client: OtherClient, dies_alone: Callable[[Any], None]
) -> None:
    editor = edit("app/views.py")
    other_client()
    dies_alone(editor)
