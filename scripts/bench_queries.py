"""Questions of an editor, each asked to every server in turn, in blocks, while all of them run and rest."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Protocol

from bench_contenders import FAILURES, Contender, HubOnDisk, NotOfferedError, failure_of, ready_server
from bench_plan import Bench
from bench_projects import Project, editors_view
from bench_results import HUB, HUB_SOCKET, Cell, Row, Samples
from peers_client import LanguageServer
from peers_timing import QUESTIONS, Probes, lsp_requests, socket_requests, timed_call
from process_memory import wait_until_resting

from remora_hub.client.blocking import BlockingClient

_BLOCK = 5  # questions to one server before the next has its turn
_LONGEST_REST_S = 60.0
_PROVIDERS = {
    "symbols": "workspaceSymbolProvider",
    "references": "referencesProvider",
    "definition": "definitionProvider",
}
_TITLES = {"symbols": "workspace/symbol", "references": "references", "definition": "definition"}


class Asked(Protocol):
    """Somebody who answers the probes of a question by their number."""

    async def ask(self, question: str, number: int) -> float:
        """Ask; the seconds until the answer was there. Raises one of ``FAILURES``."""


class AskedServer:
    """A language server that has the files open that it is asked about."""

    def __init__(self, server: LanguageServer, probes: Probes, longest_s: float) -> None:
        self._server = server
        self._requests = lsp_requests(server, probes)
        self._longest_s = longest_s

    async def ask(self, question: str, number: int) -> float:
        """See ``Asked``."""
        if not self._server.offers(_PROVIDERS[question]):
            raise NotOfferedError(f"offers no {_TITLES[question]}")
        method, params = self._requests[question][number]
        try:
            _, taken_s = await self._server.timed_request(method, params, timeout_s=self._longest_s)
        except TimeoutError as error:
            raise TimeoutError(f"no answer to {_TITLES[question]} in {self._longest_s:g} s") from error
        return taken_s


class AskedSocket:
    """The hub over its own socket, without an editor's proxy between."""

    def __init__(self, client: BlockingClient, probes: Probes) -> None:
        self._client = client
        self._requests = socket_requests(probes)

    async def ask(self, question: str, number: int) -> float:
        """See ``Asked``. Blocks the loop, as a timed request to a server does."""
        taken_ms, _ = timed_call(self._client, *self._requests[question][number])
        return taken_ms / 1000


def measure_queries(bench: Bench, project: Project) -> list[Row]:
    """Rows for the p50 and p99 of each question, and for the very first references. Warm-up: all run and rest."""
    probes = Probes.draw(project.root, bench.plan.questions, bench.plan.seed)
    hub = HubOnDisk(project.root)
    hub.index()
    samples = asyncio.run(_ask_all(bench, project, probes))
    hub.stop()
    bench.index_ctags(project.root, "tags", samples)
    for query in probes.queries:
        bench.look_up_ctags(query, "symbols", samples)
    rows = []
    for question in QUESTIONS:
        if question == "references":
            first = samples.cells(question, 1e3, lambda found: Cell(found[0], tuple(found)))
            rows.append(bench.row(project, "references_first", "references, first", "ms", first))
        p50, p99 = samples.cells(question, 1e3), samples.cells(question, 1e3, Cell.p99)
        rows.append(bench.row(project, f"{question}_p50", f"{_TITLES[question]} p50", "ms", p50))
        rows.append(bench.row(project, f"{question}_p99", f"{_TITLES[question]} p99", "ms", p99))
    return rows


async def _ask_all(bench: Bench, project: Project, probes: Probes) -> Samples:
    samples = Samples()
    async with AsyncExitStack() as stack:
        asked: dict[str, Asked] = {}
        for contender in bench.servers(project):
            try:
                asked[contender.name] = await _opened(stack, bench, project, contender, probes)
            except FAILURES as error:
                for question in QUESTIONS:
                    samples.add(question, contender.name, failure_of(error))
        if HUB in asked:
            asked[HUB_SOCKET] = AskedSocket(stack.enter_context(HubOnDisk(project.root).client()), probes)
        counts = {
            "symbols": len(probes.queries),
            "references": len(probes.symbols),
            "definition": len(probes.names),
        }
        for question in QUESTIONS:
            await _ask_in_turns(asked, question, counts[question], bench.plan.budget_s, samples)
    return samples


async def _opened(
    stack: AsyncExitStack, bench: Bench, project: Project, contender: Contender, probes: Probes
) -> AskedServer:
    """A server that has opened every file it will be asked about, knows the project and rests."""
    server = await stack.enter_async_context(contender.start(project.root))
    symbol, opened = editors_view(project, bench.plan.seed)
    await ready_server(server, project.root, opened, symbol, bench.plan.longest_s)
    for path in sorted({name.path for name in (*probes.names, *probes.symbols)}):
        server.open(path)
    await asyncio.to_thread(wait_until_resting, [server.pid], _LONGEST_REST_S)
    return AskedServer(server, probes, bench.plan.longest_s)


async def _ask_in_turns(
    asked: Mapping[str, Asked], question: str, count: int, budget_s: float, samples: Samples
) -> None:
    """Blocks of one question to everybody in turn; whoever fails or has used up its time is left out from then on."""
    left_s = dict.fromkeys(asked, budget_s)
    for start in range(0, count, _BLOCK):
        turn = start // _BLOCK
        names = [name for name in asked if left_s[name] > 0]
        for name in names[turn % len(names) :] + names[: turn % len(names)] if names else ():
            for number in range(start, min(start + _BLOCK, count)):
                try:
                    taken_s = await asked[name].ask(question, number)
                except FAILURES as error:
                    samples.add(question, name, failure_of(error))
                    left_s[name] = 0.0
                    break
                samples.add(question, name, taken_s)
                left_s[name] -= taken_s
                if left_s[name] <= 0:
                    break
