"""Asks language servers and the hub the same questions, and times the answers in milliseconds.

Of a language server that is from the write of a request to the last byte of its answer. The hub's own client encodes
the request within that time, a microsecond; neither decodes a result.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from peers_client import LanguageServer, Place
from peers_sample import Name, sample_names, sample_symbols

from remora_hub.client.blocking import LONGEST_ANSWER_S, BlockingClient

QUESTIONS = ("symbols", "definition", "references")
_SAMPLED_FILES = 150
_REFERENCES_SHARE = 5  # of so many names one is asked for its references: ty takes a second for each


@dataclass(frozen=True, slots=True)
class Probes:
    """What is asked: names to search for, uses of names, symbols whose references are wanted."""

    queries: Sequence[str]
    names: Sequence[Name]
    symbols: Sequence[Name]

    @classmethod
    def draw(cls, root: Path, count: int, seed: int, *, references_share: int = _REFERENCES_SHARE) -> Probes:
        """``count`` of each from a few files of the project; whose references are wanted, one in so many."""
        names = sample_names(root, count, str(seed), most_files=_SAMPLED_FILES)
        symbols = sample_symbols(root, count, str(seed), most_files=_SAMPLED_FILES)
        queries = [symbol.name for symbol in symbols]  # a shorter one finds thousands, which ty sends all
        random.Random(seed).shuffle(queries)  # noqa: S311  # a sample is no secret
        return cls(queries, names, symbols[::references_share])


@dataclass(slots=True)
class Series:
    """The times of one question in both passes, in ms, and how many results came (the median)."""

    first_pass: list[float]
    second_pass: list[float]
    results: float

    @property
    def first(self) -> float:
        """Of the very first answer."""
        return self.first_pass[0]

    @property
    def p50(self) -> float:
        """Median of the first pass."""
        return statistics.median(self.first_pass)


def p99(times: Sequence[float]) -> float:
    """The 99th percentile; of fewer than a hundred the longest."""
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.99))]


async def ask_server(server: LanguageServer, probes: Probes) -> dict[str, Series]:
    """Times of a language server, by question. All files that are asked about are open."""
    for path in sorted({name.path for name in (*probes.names, *probes.symbols)}):
        server.open(path)
    found = {}
    for question, requests in lsp_requests(server, probes).items():
        passes: tuple[list[float], list[float]] = ([], [])
        results = []
        for times in passes:
            for method, params in requests:
                answer, taken_s = await server.timed_request(method, params)
                times.append(taken_s * 1000)
                results.append(len(answer) if isinstance(answer, list) else int(answer is not None))
        found[question] = Series(*passes, statistics.median(results))
    return found


def lsp_requests(server: LanguageServer, probes: Probes) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """The probes as LSP requests, by question: methods and parameters."""
    definitions = [server.at(_place(name)) for name in probes.names]
    symbols = [server.at(_place(name)) for name in probes.symbols]
    declared = {"context": {"includeDeclaration": True}}
    return {
        "symbols": [("workspace/symbol", {"query": query}) for query in probes.queries],
        "references": [("textDocument/references", where | declared) for where in symbols],
        "definition": [("textDocument/definition", where) for where in definitions],
    }


def socket_requests(probes: Probes) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """The same questions as ``hub/*`` requests: methods and parameters."""
    return {
        "symbols": [("hub/symbols", {"query": query, "limit": 200}) for query in probes.queries],
        "references": [("hub/references", _params(name)) for name in probes.symbols],
        "definition": [("hub/definition", _params(name)) for name in probes.names],
    }


def ask_socket(client: BlockingClient, probes: Probes) -> dict[str, Series]:
    """Times of the hub over its socket, by question."""
    found = {}
    for question, requests in socket_requests(probes).items():
        asked, again = ([timed_call(client, *request) for request in requests] for _ in range(2))
        results = statistics.median(_results(answer) for _, answer in asked)
        found[question] = Series([taken for taken, _ in asked], [taken for taken, _ in again], results)
    return found


def timed_call(client: BlockingClient, method: str, params: dict[str, Any]) -> tuple[float, Any]:
    """Milliseconds and the answer."""
    started = time.perf_counter()
    answer = client.call_raw(method, params, timeout_s=LONGEST_ANSWER_S)
    taken_ms = (time.perf_counter() - started) * 1000
    return taken_ms, msgspec.json.decode(answer)


def _place(name: Name) -> Place:
    return Place(name.path, name.line, name.column)


def _params(name: Name) -> dict[str, Any]:
    return {"path": name.path, "line": name.line, "column": name.column}


def _results(answer: dict[str, Any]) -> int:
    return next(
        len(value) for key, value in answer.items() if key in ("symbols", "definitions", "references")
    )
