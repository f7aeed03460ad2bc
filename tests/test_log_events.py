"""The list of events against the source that writes them, and the other way round."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import remora_hub
from remora_hub.log_events import EVENTS, KEYS

SOURCE = Path(remora_hub.__file__).parent
METHODS = {"debug": "debug", "info": "info", "warning": "warning", "error": "error", "exception": "error"}
LISTED = {event.name: event for event in EVENTS}
CONTEXT = {"batch", "client", "client_pid", "path"}


class Use(NamedTuple):
    place: str
    event: str
    level: str
    keys: tuple[str, ...]
    has_more: bool


def uses() -> Iterator[Use]:
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in ("log", "_log")
                and node.func.attr in METHODS
            ):
                [event] = node.args
                assert isinstance(event, ast.Constant), f"{path}:{node.lineno}: an event is named in full"
                names = [keyword.arg for keyword in node.keywords]
                keys = tuple(name for name in names if name is not None)
                place = f"{path.relative_to(SOURCE)}:{node.lineno}"
                yield Use(place, event.value, METHODS[node.func.attr], keys, len(keys) < len(names))


def test_every_event_that_is_written_is_listed_with_its_level_and_keys() -> None:
    found = list(uses())
    assert len(found) > 30
    for use in found:
        listed = LISTED.get(use.event)
        assert listed is not None, f"{use.place}: {use.event} is not in log_events"
        assert use.level == listed.level, f"{use.place}: {use.event} is listed as {listed.level}"
        unlisted = set(use.keys) - set(listed.keys.split())
        assert not unlisted, f"{use.place}: {use.event} is listed without {unlisted}"


def test_every_event_and_key_that_is_listed_is_written() -> None:
    found = list(uses())
    keys = {(use.event, key) for use in found for key in use.keys}
    for event in EVENTS:
        if event.name != "log.repeated":  # written by ``logs`` itself
            assert event.name in {use.event for use in found}, f"{event.name} is written nowhere"
            assert set(event.keys.split()) == {key for name, key in keys if name == event.name}, event.name
    assert set(KEYS) == {key for event in EVENTS for key in event.keys.split()} | CONTEXT


def test_names_are_unique_dotted_and_sayable() -> None:
    assert len(LISTED) == len(EVENTS)
    for event in EVENTS:
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", event.name)
        assert event.meaning.endswith(".")


def test_an_error_says_what_to_do() -> None:
    for event in EVENTS:
        if event.level == "error":
            assert "remedy" in event.keys.split() or "report the traceback" in event.meaning, event.name
