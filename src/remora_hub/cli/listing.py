"""Lines that commands print of nodes: where it is, what kind it is, how it is declared."""

from __future__ import annotations

from collections.abc import Sequence

from remora_hub.answers import Call, Item, Summary, Test
from remora_hub.cli.output import print_line
from remora_hub.cli.places import Places

_LONGEST_SIGNATURE = 100


def described(item: Item) -> str:
    """Its kind, qualified name and signature, on one line."""
    if item.kind == "module":
        return f"module {item.name}"
    return (
        f"{'async ' if item.is_async else ''}{item.kind.replace('_', ' ')} {item.qualname}{_signature(item)}"
    )


def line_of(places: Places, item: Item, label: str = "") -> str:
    """``path:line:col: label kind name``."""
    line, column = item.name_range[:2]
    return f"{places.shown(item.path, line, column)}: {label}{' ' if label else ''}{described(item)}"


def print_calls(places: Places, calls: Sequence[Call]) -> None:
    """A line for each place of a call, with the other party."""
    for call in calls:
        for place in call.places:
            print_line(f"{places.of(place)}: {mark(call.certain)}{described(call.item)}")


def print_tests(places: Places, tests: Sequence[Test]) -> None:
    """A line for each, the nearest first, and the calls that lie in between."""
    for test in tests:
        via = ", ".join(key.rpartition(":")[2] for key in test.via)
        print_line(line_of(places, test.item) + (f" (via {via})" if via else ""))


def written_by(summary: Summary) -> str:
    """A summary, whose it is, and whether it is of what the node was before."""
    return f"{summary.text} ({summary.model}{', stale' if summary.is_stale else ''})"


def mark(certain: bool) -> str:
    """``? `` before what is only likely."""
    return "" if certain else "? "


def _signature(item: Item) -> str:
    is_called = item.kind in ("function", "method", "property", "class")
    text = item.signature if is_called or item.signature.startswith(":") else f" {item.signature}"
    if len(text) > _LONGEST_SIGNATURE:
        text = text[: _LONGEST_SIGNATURE - 3] + "..."
    return text.rstrip()
