from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "apsw", "click", "pydantic", "rich", "rich_click", "structlog", "tree_sitter", "zstandard",
    "remora_hub.config", "remora_hub.daemon", "remora_hub.logs", "remora_hub.model", "remora_hub.query",
    "remora_hub.server", "remora_hub.store",
}  # fmt: skip


def imported_by(program: str) -> set[str]:
    shown = f"import sys, json\n{program}\nprint(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("face", ["connect", "connect_async"])
def test_a_client_loads_nothing_of_the_hub_itself(face: str) -> None:
    assert not imported_by(f"from remora_hub.client import {face}") & HEAVY


def test_a_blocking_client_loads_no_event_loop_and_starts_no_process() -> None:
    found = imported_by("from remora_hub.client import Changed, Client, Place, Rescan, connect")
    assert not found & {"asyncio", "subprocess", "concurrent.futures"}


def test_the_package_alone_loads_no_client() -> None:
    assert "remora_hub.client.client" not in imported_by("import remora_hub.client")
