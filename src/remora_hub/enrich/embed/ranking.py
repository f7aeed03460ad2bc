"""One ranking from two: by meaning (cosines) and by words (BM25 of names and text).

Each score is taken as a share of the best of its kind, and the shares are added with fixed weights. Reciprocal rank
fusion of the two lists found fewer of the questions of ``scripts/measure-search`` than vectors alone: ranks forget how
much better the first is than the second, and by words it seldom is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from remora_hub.answers import SearchReason
from remora_hub.store.keys import node_key, split_node_key
from remora_hub.store.word_index import IndexedNode, Wanted, WordHit

if TYPE_CHECKING:
    from remora_hub.enrich.embed.vector_index import Similarities

CANDIDATES = 300  # of each kind that are looked at
_MEANING = 0.8
_TEST_SHARE = (
    0.5  # of its score that a test keeps: who asks where something is done wants the code that does it
)
_NOTABLE = 0.75  # share of the best cosine from which on the meaning is a reason


class Ranked(NamedTuple):
    """One result: 1 is the best score there can be, ``by_meaning`` its cosine's share of the best one."""

    node: IndexedNode
    score: float
    by_meaning: float

    def reasons(self, in_names: bool, in_text: bool) -> list[SearchReason]:
        """Why it was found, told which parts of it have words of the question."""
        is_near = self.by_meaning >= _NOTABLE or not (in_names or in_text)
        told: list[tuple[SearchReason, bool]] = [("meaning", is_near), ("name", in_names), ("text", in_text)]
        return [reason for reason, holds in told if holds]


class Question(NamedTuple):
    """What was asked: who asks for tests does not mind them; ``wanted`` tells which nodes may be found at all."""

    wants_tests: bool
    wanted: Wanted
    limit: int


class Nodes(Protocol):
    """The nodes there are, as the word index has them."""

    def node(self, path: str, suffix: str) -> IndexedNode | None:
        """The one of a key; None where it is gone."""

    def places(self, wanted: Wanted) -> Iterable[tuple[str, str]]:
        """Path and suffix of all that are wanted."""


def rank(
    question: Question,
    hits: Sequence[WordHit],
    similar: Similarities | None,
    known: Nodes,
) -> list[Ranked]:
    """The best results. ``hits`` by words, ``similar`` by meaning (None: words alone)."""
    words = {(hit.node.path, hit.node.suffix): hit for hit in hits}
    nodes = {place: hit.node for place, hit in words.items()}
    cosines = {} if similar is None else _candidates(question, similar, nodes, known)
    best_words = max((hit.score for hit in hits), default=0.0) or 1.0
    best_cosine = max(cosines.values(), default=0.0) or 1.0
    ranked = []
    for place, node in nodes.items():
        hit, cosine = words.get(place), cosines.get(place)
        score = by_words = hit.score / best_words if hit else 0.0
        by_meaning = 0.0
        if cosine is not None:  # of what is not embedded yet, words alone tell
            by_meaning = max(cosine, 0.0) / best_cosine
            score = _MEANING * by_meaning + (1 - _MEANING) * by_words
        if node.is_test and not question.wants_tests:
            score *= _TEST_SHARE
        ranked.append(Ranked(node, score, by_meaning))
    ranked.sort(key=lambda one: (-one.score, one.node.path, one.node.line))
    return ranked[: question.limit]


def _candidates(
    question: Question, similar: Similarities, nodes: dict[tuple[str, str], IndexedNode], known: Nodes
) -> dict[tuple[str, str], float]:
    """The cosine of each node found by words, and of those most like the query, which are added to ``nodes``."""
    if _add_wanted(similar.nearest, question.wanted, nodes, known) < CANDIDATES:
        # Few are wanted, or many are gone: all that are wanted are compared.
        keys = [node_key(*place) for place in known.places(question.wanted)]
        _add_wanted(similar.most_like(keys, CANDIDATES), question.wanted, nodes, known)
    places = {node_key(*place): place for place in nodes}
    return {places[key]: cosine for key, cosine in similar.cosines(places).items()}


def _add_wanted(
    keys: Iterable[str], wanted: Wanted, nodes: dict[tuple[str, str], IndexedNode], known: Nodes
) -> int:
    """Add the first ``CANDIDATES`` of the keys whose nodes are wanted to ``nodes``; how many those were."""
    found = 0
    for key in keys:
        place = split_node_key(key)
        if place is not None and place not in nodes:
            node = known.node(*place)
            if node is None or not wanted.accepts(node):
                continue
            nodes[place] = node
        found += 1
        if found == CANDIDATES:
            break
    return found
