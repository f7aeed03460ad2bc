"""How many questions about Django and SymPy are answered by the first 1, 5 and 10 results of a search.

The questions stand in ``search_questions.toml``. "tuned" are those that the weights were chosen on, every other one of
a project, "held out" the rest. "words" ranks by names and text, "names" leaves out what has no word of the question in
its names, "meaning" ranks by vectors alone, "blended" is what ``remora-hub search`` answers. Projects are fetched as
wheels, and kept with index and vectors. What a query takes is measured with everything in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench_projects import origin_of
from peers import Peers, default_state

from remora_hub.config import EmbedConfig
from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.embed.model import DEFAULT_MODEL, model_for
from remora_hub.enrich.embed.ranking import CANDIDATES, Question, rank
from remora_hub.enrich.embed.vector_index import VectorIndex
from remora_hub.paths import StatePaths
from remora_hub.query.node_words import node_words
from remora_hub.query.words import telling_words
from remora_hub.store.keys import NODE_PREFIX, node_key
from remora_hub.store.reader import Reader
from remora_hub.store.word_index import IndexedNode, Wanted, WordIndex, accepted

QUESTIONS = Path(__file__).with_name("search_questions.toml")
DEPTHS = (1, 5, 10)
WAYS = ("names", "words", "meaning", "blended")

Ranks = dict[str, list[int]]  # by way: the place of the first right answer, from 0, for each question


class Searched:
    """One project, its words and vectors in memory."""

    def __init__(self, paths: StatePaths, model: str) -> None:
        reader = Reader(paths.database)
        self._words = WordIndex()
        started = time.perf_counter()
        for path, rows in reader.rows_of(reader.paths()):
            self._words.replace(path, node_words(rows))
        self.words_s = time.perf_counter() - started
        reader.close()
        self._vectors = VectorIndex(EnrichDatabase(paths.enrich_database), model)
        started = time.perf_counter()
        self._vectors.refresh()
        self.vectors_s = time.perf_counter() - started
        self._model = model_for(EmbedConfig(model=model))
        self.query_ms: list[float] = []

    def __str__(self) -> str:
        milliseconds = (
            f"{statistics.median(self.query_ms):.1f} ms a question, at most {max(self.query_ms):.1f}"
        )
        return (
            f"{len(self._words)} nodes, words read in {self.words_s:.1f} s; {len(self._vectors)} vectors in "
            f"{self.vectors_s:.1f} s; {milliseconds}"
        )

    async def answers(self, asked: str) -> dict[str, list[str]]:
        """The keys of the first results, by way."""
        (vector,) = (await self._model.embed([asked])).value
        started = time.perf_counter()
        question = Question(wants_tests=False, wanted=Wanted(), limit=max(DEPTHS))
        hits = accepted(self._words.search(telling_words(asked)), question.wanted.accepts, CANDIDATES)
        similar = self._vectors.search(vector)
        blended = rank(question, hits, similar, self._words)
        self.query_ms.append((time.perf_counter() - started) * 1000)
        by_name = [hit for hit in hits if self._words.parts_with(telling_words(asked), hit.node)[0]]
        return {
            "names": _keys(hit.node for hit in by_name[: max(DEPTHS)]),
            "words": _keys(one.node for one in rank(question, hits, None, self._words)),
            "meaning": _keys(one.node for one in rank(question, [], similar, self._words)),
            "blended": _keys(one.node for one in blended),
        }


def embedded(name: str, model: str, state: Path) -> StatePaths:
    """The project indexed and embedded by ``model``, as left by an earlier run or made now."""
    root = state / "search" / name
    if not root.exists():
        shutil.copytree(origin_of(name, Peers(state)), root)
        (root / "remora-hub.toml").touch()
    command = [sys.executable, "-m", "remora_hub", "enrich", "embed", "--set", f"enrich.embed.model={model}"]
    subprocess.run([*command, "--root", root], check=True, stdout=sys.stderr)
    return StatePaths(root)


async def measure(name: str, questions: dict[str, list[str]], searched: Searched, show_missed: bool) -> Ranks:
    """Ask all questions."""
    ranks: Ranks = {way: [] for way in WAYS}
    for asked, right in questions.items():
        keys = {node_key(*(answer.split(":") if ":" in answer else (answer, "<module>"))) for answer in right}
        for way, found in (await searched.answers(asked)).items():
            ranks[way].append(next((place for place, key in enumerate(found) if key in keys), max(DEPTHS)))
            if show_missed and way == "blended" and keys.isdisjoint(found):
                print(
                    f"  missed: {asked}\n    {', '.join(key.removeprefix(NODE_PREFIX) for key in found[:3])}"
                )
    print(f"{name}: {searched}")
    return ranks


def table(ranks: Sequence[Ranks]) -> None:
    """Print how many are found within each depth, of the tuned half, the other one, and all."""
    print(f"{'':<10}" + "".join(f"{half:>18}" for half in ("tuned", "held out", "all")))
    for way in WAYS:
        places = [(place, turn % 2) for of_project in ranks for turn, place in enumerate(of_project[way])]
        halves = [[place for place, half in places if half in wanted] for wanted in ((0,), (1,), (0, 1))]
        cells = (" / ".join(str(sum(p < depth for p in half)) for depth in DEPTHS) for half in halves)
        print(f"{way:<10}" + "".join(f"{cell:>18}" for cell in cells))


async def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=DEFAULT_MODEL, help="embedded model")
    parser.add_argument("--state", type=Path, default=default_state(), help="where projects are kept")
    parser.add_argument("--missed", action="store_true", help="show what was not found, and what was instead")
    given = parser.parse_args()
    ranks = []
    for name, questions in tomllib.loads(QUESTIONS.read_text()).items():
        paths = await asyncio.to_thread(embedded, name, given.model, given.state)
        ranks.append(await measure(name, questions, Searched(paths, given.model), given.missed))
    table(ranks)


def _keys(nodes: Iterable[IndexedNode]) -> list[str]:
    return [node_key(node.path, node.suffix) for node in nodes]


if __name__ == "__main__":
    asyncio.run(main())
