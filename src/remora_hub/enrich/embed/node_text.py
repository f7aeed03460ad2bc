"""What of a definition is embedded: the words of its name, the first line of its docstring, and where it stands.

Chosen on the questions of ``scripts/measure-search``: the path made the answers better; the signature and the names it
calls did not. More of the docstring helped WordLlama and did MiniLM harm. Variables and attributes are left out: with
them fewer questions were answered, by a third more vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec
from xxhash import xxh3_64_hexdigest, xxh3_128_hexdigest

from remora_hub.query.words import words_of
from remora_hub.store.keys import NODE_PREFIX

EMBEDDED_KINDS = frozenset({"module", "class", "function", "method", "property"})
TEXT_VERSION = "1"
"""Raised whenever the text of the same definition changes."""

_MOST_CHARACTERS = 300  # of a docstring's first line
_SAID, _PLACED = 32, 48  # where the parts of a digest end: xxh3-128, xxh3-64, and the record's own xxh3-64


class _Facts(msgspec.Struct, gc=False):
    """The part of a node's record that is needed here."""

    path: str
    kind: str
    qualname: str
    digest: str
    docstring: str | None = None


_decode = msgspec.json.Decoder(_Facts).decode


class NodeText(NamedTuple):
    """``digest`` is of what is said of the node, of its path, and of its source: see ``said_by`` and ``moved_as``."""

    key: str
    text: str
    digest: str

    @property
    def path(self) -> str:
        """The file it is in."""
        return self.key.removeprefix(NODE_PREFIX).rpartition(":")[0]

    @property
    def estimated_tokens(self) -> int:
        """About as many as a model will count."""
        return len(self.text) // 4 + 1


def said_by(digest: str) -> str:
    """The part of a digest that tells whether a node in its place is to be embedded again: its name and docstring."""
    return digest[:_SAID]


def moved_as(digest: str) -> str:
    """The part of a digest that stays where a node moves to another file as it is: all but the path."""
    return digest[:_SAID] + digest[_PLACED:]


def node_texts(rows: Iterable[tuple[str, str]]) -> Iterator[NodeText]:
    """The texts of the nodes of one file; ``rows`` as ``Reader.rows_of`` gives them."""
    for key, body in rows:
        facts = _decode(body)
        if facts.kind in EMBEDDED_KINDS:
            yield _text(key, facts)


def _text(key: str, facts: _Facts) -> NodeText:
    name = "" if facts.kind == "module" else f"{' '.join(words_of(facts.qualname))}. "
    said = (facts.docstring or "").strip()[:_MOST_CHARACTERS]
    path = " ".join(words_of(facts.path.rpartition(".")[0].removesuffix("__init__")))
    digest = xxh3_128_hexdigest(f"{facts.kind}\0{name}\0{said}".encode()) + xxh3_64_hexdigest(path.encode())
    digest += facts.digest
    return NodeText(key, f"{name}{said} {path}".strip(), digest)
