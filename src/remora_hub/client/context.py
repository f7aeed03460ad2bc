"""What an agent has to know of some definitions before it works on them, in one bounded answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from remora_hub.answers import Call, NodeDetail, Test
from remora_hub.client import requests
from remora_hub.client.requests import Request
from remora_hub.client.results import Calls, Fresh, Node, Tests
from remora_hub.errors import HubError, UsageError

T = TypeVar("T")

MAX_BYTES = 100_000
MOST_RELATIVES = 20


class NodeContext(msgspec.Struct, kw_only=True):
    """One definition and its surroundings.

    ``source`` is its text on disk, decorators included, from ``source_line`` on. ``is_stale``: that is not what the
    index has seen there. ``is_cut``: the end had no room. ``callees`` are the definitions it calls; ``left_out`` counts
    the callees, callers and tests that had no room. ``problem`` says why something is missing.
    """

    key: str
    node: NodeDetail | None = None
    source: str | None = None
    source_line: int = 0
    is_stale: bool = False
    is_cut: bool = False
    callees: list[Call] = []
    callers: list[Call] = []
    tests: list[Test] = []
    left_out: int = 0
    problem: str = ""


class Context(Fresh):
    """A ``NodeContext`` for each key, in order; the freshness is that of the oldest answer it was made from."""

    nodes: list[NodeContext]


class ContextQuestion(msgspec.Struct, frozen=True):
    """What a context is to hold: at most so many relatives of each kind, and so many bytes of JSON in all."""

    keys: Sequence[str]
    source: bool
    callees: int
    callers: int
    tests: int
    max_bytes: int

    def requests(self) -> list[Request[Any]]:
        """What has to be asked: as many questions for each key, in the same order."""
        return [request for key in self.keys for request in self._of(key)]

    def _of(self, key: str) -> list[Request[Any]]:
        asked: list[Request[Any]] = [requests.node(key, False)]
        if self.callees:
            asked.append(requests.callees(key, False))
        if self.callers:
            asked.append(requests.callers(key, False))
        if self.tests:
            asked.append(requests.tests(key, False))
        return asked

    def gather(self, root: Path, answers: Sequence[Any]) -> Context:
        """The context from the answers to ``requests``; reads the sources below ``root``.

        Every key gets an equal share of ``max_bytes``, and what others do not need of theirs. Raises UsageError if
        there are no keys, the hub's error if it knows none of them.
        """
        each = len(answers) // max(1, len(self.keys))
        of_key = [answers[start : start + each] for start in range(0, len(answers), each or 1)]
        nodes = [
            self._gather_one(root, requests.node_key(key), of_one, self.max_bytes)
            for key, of_one in zip(self.keys, of_key, strict=True)
        ]
        left = self.max_bytes
        # The smallest first: what it leaves of its share is there for larger ones.
        for done, number in enumerate(sorted(range(len(nodes)), key=lambda number: _size(nodes[number]))):
            share = left // (len(nodes) - done)
            if _size(nodes[number]) > share:
                nodes[number] = self._gather_one(root, nodes[number].key, of_key[number], share)
            left -= _size(nodes[number])
        fresh = _oldest(answers)
        return Context(
            index_id=fresh.index_id,
            sequence=fresh.sequence,
            pending=fresh.pending,
            degraded=fresh.degraded,
            served_by=fresh.served_by,
            nodes=nodes,
        )

    def _gather_one(self, root: Path, key: str, answers: Sequence[Any], room: int) -> NodeContext:
        found = NodeContext(key=key)
        if isinstance(answers[0], HubError):
            found.problem = str(answers[0])
            return found
        assert isinstance(answers[0], Node)
        found.node = answers[0].node
        room -= _size(found)
        if room < 0:
            return NodeContext(key=key, problem=f"its record has no room within {self.max_bytes} bytes")
        if self.source:
            _add_source(found, root)
        needed = _size(found.source or "")
        taken = self._add_relatives(found, answers[1:], max(room // 2, room - needed))
        if found.source is not None and needed > room - taken:
            found.source, found.is_cut = _whole_lines(found.source, room - taken), True
        return found

    def _add_relatives(self, found: NodeContext, answers: Sequence[Any], room: int) -> int:
        """Put in what has room; the bytes it takes."""
        kinds = [("callees", self.callees), ("callers", self.callers), ("tests", self.tests)]
        taken = 0
        for (name, most), answer in zip([kind for kind in kinds if kind[1]], answers, strict=True):
            if isinstance(answer, HubError):
                found.problem = found.problem or str(answer)
                continue
            assert isinstance(answer, Calls | Tests)
            relatives: Sequence[Any] = answer.calls if isinstance(answer, Calls) else answer.tests
            kept, size = _that_fit(relatives[:most], room - taken)
            setattr(found, name, kept)
            taken += size
            found.left_out += len(relatives) - len(kept)
        return taken


def _add_source(found: NodeContext, root: Path) -> None:
    # Decoding and hashing are for this question alone.
    from remora_hub.source_text import read_lines, source_of

    assert found.node is not None
    try:
        source = source_of(found.node, read_lines(root, found.node.path))
    except UsageError as error:
        found.problem, found.is_stale = str(error), True
        return
    found.source, found.source_line, found.is_stale = source


def _whole_lines(text: str, room: int) -> str:
    """As many whole lines from the beginning as take at most ``room`` bytes of JSON."""
    end = 0
    for line in text.splitlines(keepends=True):
        room -= _size(line) - 2  # the quotes
        if room < 0:
            break
        end += len(line)
    return text[:end]


def _that_fit(relatives: Sequence[T], room: int) -> tuple[list[T], int]:
    """The first of them that take at most ``room`` bytes together, and the bytes they take."""
    taken = 0
    for number, relative in enumerate(relatives):
        size = _size(relative) + 1  # the comma
        if taken + size > room:
            return list(relatives[:number]), taken
        taken += size
    return list(relatives), taken


def _size(value: object) -> int:
    return len(msgspec.json.encode(value))


def _oldest(answers: Sequence[Any]) -> Fresh:
    fresh = [answer for answer in answers if isinstance(answer, Fresh)]
    if not fresh:
        raise answers[0] if answers else UsageError("give the context", reason="no key is named")
    return min(fresh, key=lambda answer: answer.sequence)
