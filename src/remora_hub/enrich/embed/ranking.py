"""One ranking from two: by meaning (cosines) and by words (BM25 of names and text).

Each score is taken as a share of the best of its kind, and the shares are added with fixed weights. Reciprocal rank
fusion of the two lists found fewer of the questions of ``scripts/measure-search`` than vectors alone: ranks forget how
much better the first is than the second, and by words it seldom is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from remora_hub.answers import SearchReason
from remora_hub.store.keys import node_key, split_node_key
from remora_hub.store.word_index import IndexedNode, WordHit

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
    """What was asked: who asks for tests does not mind them; ``accepts`` tells which nodes are wanted at all."""

    wants_tests: bool
    accepts: Callable[[IndexedNode], bool]
    limit: int


def rank(
    question: Question,
    hits: Sequence[WordHit],
    similar: Similarities | None,
    node_of: Callable[[str, str], IndexedNode | None],
) -> list[Ranked]:
    """The best results. ``hits`` by words, ``similar`` by meaning (None: words alone); ``node_of`` finds a key's node,
    None where it is gone."""
    words = {(hit.node.path, hit.node.suffix): hit for hit in hits}
    nodes = {place: hit.node for place, hit in words.items()}
    cosines = {} if similar is None else _candidates(question, similar, nodes, node_of)
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
    question: Question,
    similar: Similarities,
    nodes: dict[tuple[str, str], IndexedNode],
    node_of: Callable[[str, str], IndexedNode | None],
) -> dict[tuple[str, str], float]:
    """The cosine of each node found by words, and of those most like the query, which are added to ``nodes``."""
    found = 0
    for row in (-similar.cosines).argsort():
        place = split_node_key(similar.keys[row])
        if place is not None and place not in nodes:
            node = node_of(*place)
            if node is None or not question.accepts(node):
                continue
            nodes[place] = node
        found += 1
        if found == CANDIDATES:
            break
    rows = {place: similar.rows.get(node_key(*place)) for place in nodes}
    return {place: float(similar.cosines[row]) for place, row in rows.items() if row is not None}
