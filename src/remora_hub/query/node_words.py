"""The words of definitions as a search by names and text wants them, from their records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from remora_hub.model_names import module_name
from remora_hub.query.words import words_of
from remora_hub.store.keys import split_node_key
from remora_hub.store.word_index import IndexedNode, NodeWords

SEARCHED_KINDS = frozenset({"module", "class", "function", "method", "property"})


class _Facts(msgspec.Struct, gc=False):
    path: str
    kind: str
    qualname: str
    range: tuple[int, int, int, int]
    name_at: tuple[int, int] | None = None
    docstring: str | None = None
    is_test: bool = False


_decode = msgspec.json.Decoder(_Facts).decode


def node_words(rows: Iterable[tuple[str, str]]) -> Iterator[NodeWords]:
    """Those of the nodes of one file, ``rows`` as ``Reader.rows_of`` gives them, that have a text of their own."""
    path_words: list[str] | None = None
    in_tests = False
    for key, body in rows:
        facts = _decode(body)
        named = split_node_key(key)
        if facts.kind not in SEARCHED_KINDS or named is None:
            continue
        path, suffix = named
        if path_words is None:
            path_words = words_of(path.rpartition(".")[0].removesuffix("/__init__"))
        is_module = facts.kind == "module"
        outer, _, name = ("", "", module_name(path)) if is_module else facts.qualname.rpartition(".")
        line, column = facts.name_at or facts.range[:2]
        in_tests = in_tests or (is_module and facts.is_test)  # the module comes first
        yield NodeWords(
            IndexedNode(path, suffix, facts.kind, line, column, in_tests or facts.is_test, facts.docstring),
            " ".join(words_of(name)),
            " ".join(words_of(outer)),
            " ".join(path_words),
            " ".join(words_of(facts.docstring or "")),
        )
