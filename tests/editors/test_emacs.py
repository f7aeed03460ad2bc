"""Emacs with Eglot, set up by config/editors/emacs/remora-hub.el, typed at with its default keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from remora_hub.client import Client

CONFIG = Path(__file__).parents[2] / "config" / "editors" / "emacs"
# Without what an Emacs asks or leaves behind, and without the compiler's warnings of Debian's own packages.
SETTINGS = f"""
(setq inhibit-startup-screen t make-backup-files nil auto-save-default nil create-lockfiles nil
      native-comp-async-report-warnings-errors nil
      imenu-auto-rescan t eglot-send-changes-idle-time 0)
(add-to-list 'load-path "{CONFIG}")
(require 'remora-hub)
"""

Edit = Callable[[str], Any]
OtherClient = Callable[[], Client]


@dataclass(frozen=True)
class Version:
    """Which, and what its imenu shows of app/views.py once a function is in it."""

    least: tuple[int, ...]
    below: tuple[int, ...]
    outline: str


WITH_EGLOT = Version((29,), (99,), r"\bjust_typed *$")
WITH_EGLOT_FROM_A_PACKAGE = Version((28,), (29,), r"^Function\b")


@pytest.fixture(params=[WITH_EGLOT, WITH_EGLOT_FROM_A_PACKAGE], ids=["29 or newer", "28"])
def version(request: pytest.FixtureRequest) -> Version:
    chosen: Version = request.param
    return chosen


@pytest.fixture
def edit(version: Version, found: Any, terminal: Any, user_config: Path) -> Edit:
    """Open a file of the project and wait until the server is ready."""
    emacs = found("emacs", least=version.least, below=version.below)
    (user_config / "emacs").mkdir()
    (user_config / "emacs" / "init.el").write_text(SETTINGS)

    def edit(path: str) -> Any:
        opened = terminal(emacs, "-nw", path)
        opened.until(r"\[eglot:project")
        return opened

    return edit


def outline_of(editor: Any) -> str:
    """What imenu offers to complete."""
    editor.press("M-x", "imenu", "Enter")
    editor.until("^Index item:")
    editor.press("Tab")
    screen: str = editor.until("ossible completions")
    editor.press("C-g")
    editor.until("^Quit")
    return screen


def test_definition_in_another_file(edit: Edit, other_client: OtherClient) -> None:
    editor = edit("app/views.py")
    other_client()
    editor.press("C-s", "user = make", "Enter", "M-.")
    editor.until(r" models.py .* L11 ")


def test_references_over_all_files(edit: Edit, other_client: OtherClient) -> None:
    editor = edit("app/models.py")
    other_client()
    editor.press("C-s", "def make", "Enter", "M-?")
    screen = editor.until(r"(?s)^app/views.py$.*^5: ?FIRST")
    assert 'second_user = make_user("b")' in screen


def test_symbols_of_the_workspace_by_their_humps(edit: Edit, other_client: OtherClient) -> None:
    editor = edit("app/views.py")
    other_client()
    editor.press("C-M-.", "UsSt", "Enter")
    editor.until(r"(?s)^app/models.py$.*^4: ?class UserStore")


def test_outline_follows_what_is_typed_and_no_other_client_sees_it(
    version: Version, edit: Edit, other_client: OtherClient
) -> None:
    editor = edit("app/views.py")
    hub = other_client()
    editor.press("M->", "def just_typed(): pass", "Enter")
    while not re.search(version.outline, outline_of(editor), re.MULTILINE):
        pass  # before Emacs 29 Eglot asks for the outline without having told what was typed last
    assert not hub.symbols("just_typed", sync=True).symbols


def test_what_is_saved_is_there_for_other_clients(edit: Edit, other_client: OtherClient) -> None:
    editor = edit("app/views.py")
    hub = other_client()
    editor.press("M->", "def just_typed(): pass", "Enter", "C-x", "C-s")
    editor.until(r"^Wrote .*app/views.py")
    assert [one.path for one in hub.symbols("just_typed", sync=True).symbols] == ["app/views.py"]


def test_hub_outlives_a_killed_editor(
    edit: Edit, other_client: OtherClient, dies_alone: Callable[[Any], None]
) -> None:
    editor = edit("app/views.py")
    other_client()
    dies_alone(editor)
