"""A small project with a daemon, for commands that only ask."""

from __future__ import annotations

import os
import signal
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from remora_hub.client import connect

SOURCES = {
    "pyproject.toml": "",
    "app/__init__.py": "",
    "app/models.py": """
        class Base:
            def save(self) -> None:
                \"\"\"Keep it.\"\"\"


        class User(Base):
            def save(self) -> None:
                check(self)


        def check(user: "User") -> bool:
            return True


        def nobody_asks() -> None: ...
        """,
    "app/views.py": """
        from app.models import User, check


        def show() -> None:
            größe = User(); größe.save(); check(größe)


        def save(thing) -> None:
            thing.save()
        """,
    "tests/test_views.py": """
        from app.views import show


        def test_show() -> None:
            show()
        """,
}


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The root of the project; nobody changes it."""
    root = tmp_path_factory.mktemp("served")
    for path, source in SOURCES.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(textwrap.dedent(source).lstrip("\n"))
    with connect(root, start=True) as client:
        client.sync()
        pid = client.status()["pid"]
    yield root
    os.kill(pid, signal.SIGKILL)


@pytest.fixture
def in_project(served: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same as the current directory."""
    monkeypatch.chdir(served)
    return served
