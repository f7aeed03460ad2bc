"""Neovim, set up as config/editors/neovim says for its version, and typed at."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from remora_hub.client import Client

CONFIG = Path(__file__).parents[2] / "config" / "editors" / "neovim"
SETTINGS = "vim.o.swapfile = false\nvim.o.statusline = '%f:%l'\n"

Edit = Callable[[str], Any]
OtherClient = Callable[[], Client]


@dataclass(frozen=True)
class Form:
    """A set-up: for which versions, what goes where in ~/.config/nvim, what to press for a definition."""

    least: tuple[int, ...]
    below: tuple[int, ...]
    file: str
    directory: str
    init: str
    definition_key: str
    clients: str  # those that are ready


SINCE_0_11 = Form(
    (0, 11), (99,), "lsp/remora.lua", "lsp", "vim.lsp.enable('remora')\n", "C-]", "vim.lsp.get_clients()"
)
BEFORE_0_11 = Form((0, 7), (0, 11), "remora-before-0.11.lua", "plugin", "", "gd", "vim.lsp.buf_get_clients()")


@pytest.fixture(params=[SINCE_0_11, BEFORE_0_11], ids=["since 0.11", "before 0.11"])
def form(request: pytest.FixtureRequest) -> Form:
    chosen: Form = request.param
    return chosen


@pytest.fixture
def edit(form: Form, found: Any, terminal: Any, user_config: Path) -> Edit:
    """Open a file of the project and wait until the server is ready."""
    neovim = found("nvim", least=form.least, below=form.below)
    settings = user_config / "nvim"
    (settings / form.directory).mkdir(parents=True)
    shutil.copy(CONFIG / form.file, settings / form.directory)
    (settings / "init.lua").write_text(SETTINGS + form.init)
    ready = f":lua print('ready: ' .. vim.tbl_count({form.clients}))"

    def edit(path: str) -> Any:
        opened = terminal(neovim, path)
        opened.until(rf"{path}:1$")
        opened.press(ready, "Enter")
        opened.until(r"^ready: 1", ready, "Enter")
        return opened

    return edit


def test_definition_in_another_file(form: Form, edit: Edit, other_client: OtherClient) -> None:
    editor = edit("app/views.py")
    other_client()
    editor.press("/make_user(", "Enter", form.definition_key)
    editor.until(r"app/models.py:11$")


def test_references_over_all_files(edit: Edit, other_client: OtherClient) -> None:
    editor = edit("app/models.py")
    other_client()
    editor.press("/make_user", "Enter", "grr")
    screen = editor.until(r"^app/views.py\|5 col ")
    assert "app/reports.py|3 col " in screen


def test_symbols_of_the_workspace_by_their_humps(edit: Edit, other_client: OtherClient) -> None:
    editor = edit("app/views.py")
    other_client()
    editor.press(":lua vim.lsp.buf.workspace_symbol('UsSt')", "Enter")
    editor.until(r"^app/models.py\|4 col \d+.*\[Class\] UserStore")


def test_outline_follows_what_is_typed_and_no_other_client_sees_it(
    edit: Edit, other_client: OtherClient
) -> None:
    editor = edit("app/views.py")
    hub = other_client()
    editor.press("Go", "def just_typed(): pass", "Escape", "gO")
    editor.until(r"^app/views.py\|6 col \d+.*\[Function\] just_typed")
    assert not hub.symbols("just_typed", sync=True).symbols


def test_what_is_saved_is_there_for_other_clients(edit: Edit, other_client: OtherClient) -> None:
    editor = edit("app/views.py")
    hub = other_client()
    editor.press("Go", "def just_typed(): pass", "Escape", ":w", "Enter")
    editor.until(r'^"app/views.py".*written')
    assert [one.path for one in hub.symbols("just_typed", sync=True).symbols] == ["app/views.py"]


def test_hub_outlives_a_killed_editor(
    edit: Edit, other_client: OtherClient, dies_alone: Callable[[Any], None]
) -> None:
    editor = edit("app/views.py")
    other_client()
    dies_alone(editor)
