"""The paths that a save, a question and a cold start take most often, on modules of the running Python's library.

They hold what comes out, never how long it takes: a shared machine keeps no time. In the suite each runs once.
``pytest tests/benchmarks --benchmark-enable`` measures them; ``--benchmark-save`` and ``--benchmark-compare`` put them
beside an earlier run on the same machine.
"""

from __future__ import annotations

import asyncio
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from remora_hub.answers import Place
from remora_hub.discovery.rules import SourceRules
from remora_hub.discovery.walk import walk
from remora_hub.extract.extract import Extractor
from remora_hub.extract.mask import mask_source
from remora_hub.lsp_proxy.frames import Frames, frame
from remora_hub.pipeline.change_queue import ChangeQueue, Priority
from remora_hub.query.definition import definitions
from remora_hub.query.engine import QueryEngine
from remora_hub.query.references import references
from remora_hub.query.symbol_rows import as_symbol
from remora_hub.query.symbol_search import SymbolSearch
from remora_hub.store import FileReplaced, NodeStateStore
from remora_hub.wire import Answer, encode_frame

LIBRARY = Path(sysconfig.get_path("stdlib"))


def library_sources(*packages: str) -> dict[str, bytes]:
    files = [path for package in packages for path in sorted((LIBRARY / package).rglob("*.py"))]
    return {str(path.relative_to(LIBRARY)): path.read_bytes() for path in files}


def replacements(sources: dict[str, bytes]) -> list[FileReplaced]:
    """The sources as they come from a parse lane."""
    extract = Extractor().extract
    return [
        FileReplaced(
            path=path,
            size=len(data),
            changed_ns=1,
            inode=1,
            digest=path,
            scanned_ns=2,
            packed=extract(path, data),
        )
        for path, data in sources.items()
    ]


@dataclass(frozen=True)
class Indexed:
    """An index of some packages. A benchmark times functions, so ``wait`` runs a coroutine to its end."""

    runner: asyncio.Runner
    store: NodeStateStore
    engine: QueryEngine
    search: SymbolSearch

    def wait(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Indexed]:
    with asyncio.Runner() as runner:
        store = runner.run(
            NodeStateStore.open(tmp_path_factory.mktemp("index") / "hub.db", extractor_version=1)
        )
        runner.run(store.apply(replacements(library_sources("email", "json"))))
        engine, search = QueryEngine(store), SymbolSearch(store)
        yield Indexed(runner, store, engine, search)
        runner.run(search.close())
        runner.run(engine.close())
        runner.run(store.close())


def place_of(path: str, text: str, name: str) -> Place:
    """Where ``name`` is in the first line of a module that holds ``text``."""
    lines = (LIBRARY / path).read_bytes().split(b"\n")
    number = next(number for number, line in enumerate(lines) if text.encode() in line)
    return Place(path, number + 1, lines[number].index(name.encode()))


def test_a_large_module_is_extracted(benchmark: BenchmarkFixture) -> None:
    data = (LIBRARY / "argparse.py").read_bytes()
    packed = benchmark(Extractor().extract, "argparse.py", data)
    assert "ArgumentParser.parse_args" in str(packed.suffixes)


def test_a_large_module_is_masked(benchmark: BenchmarkFixture) -> None:
    data = (LIBRARY / "argparse.py").read_bytes()
    mask = benchmark(mask_source, data)
    assert len(mask) == len(data)
    assert b"class ArgumentParser" in mask
    assert b"Command-line parsing library" not in mask


def test_one_saved_file_is_committed(benchmark: BenchmarkFixture, indexed: Indexed) -> None:
    saved = [one for one in replacements(library_sources("json")) if one.path == "json/decoder.py"]
    commit = benchmark(lambda: indexed.wait(indexed.store.apply(saved)))
    assert commit.seq == indexed.store.sequence()


def test_a_symbol_is_found_by_its_whole_name(benchmark: BenchmarkFixture, indexed: Indexed) -> None:
    found = benchmark(lambda: indexed.wait(indexed.search.search("JSONDecoder", show=as_symbol())))
    assert found[0].path == "json/decoder.py"


def test_symbols_are_found_by_letters(benchmark: BenchmarkFixture, indexed: Indexed) -> None:
    found = benchmark(lambda: indexed.wait(indexed.search.search("msgfrstr", show=as_symbol())))
    assert "message_from_string" in {symbol.name for symbol in found}


def test_the_definition_of_an_imported_name_is_found(benchmark: BenchmarkFixture, indexed: Indexed) -> None:
    used = place_of("json/__init__.py", "_default_decoder = JSONDecoder", "JSONDecoder")
    found = benchmark(lambda: indexed.wait(indexed.engine.ask(lambda index: definitions(index, used))))
    assert [one.path for one in found] == ["json/decoder.py"]


def test_the_references_of_a_class_are_found(benchmark: BenchmarkFixture, indexed: Indexed) -> None:
    defined = place_of("json/decoder.py", "class JSONDecoder", "JSONDecoder")
    found = benchmark(lambda: indexed.wait(indexed.engine.ask(lambda index: references(index, defined))))
    assert {one.path for one in found} >= {"json/__init__.py", "json/decoder.py"}


def test_a_tree_is_walked(benchmark: BenchmarkFixture) -> None:
    root = LIBRARY / "email"
    found = benchmark(lambda: walk(root, SourceRules(root)))
    assert "message.py" in found.files


def test_a_thousand_paths_pass_the_queue(benchmark: BenchmarkFixture) -> None:
    async def pass_all() -> int:
        queue = ChangeQueue(1000, "reconcile", lambda _directory: None)
        for number in range(1000):
            await queue.put(f"package/module_{number}.py", Priority.CHANGED)
        done = 0
        while queue.depth:
            for path in await queue.take(100):
                queue.finish(path)
                done += 1
        return done

    with asyncio.Runner() as runner:
        assert benchmark(lambda: runner.run(pass_all())) == 1000


def test_two_hundred_symbols_are_framed(benchmark: BenchmarkFixture) -> None:
    symbols = [
        {"name": f"symbol_{number}", "kind": 12, "location": {"uri": f"file:///project/m{number}.py"}}
        for number in range(200)
    ]
    framed = benchmark(encode_frame, Answer(1, symbols))
    assert framed.startswith(b"Content-Length: ")
    assert framed.count(b"symbol_") == 200


def test_an_editors_frames_are_taken_apart(benchmark: BenchmarkFixture) -> None:
    bodies = [b'{"id":%d}' % number for number in range(100)]
    stream = b"".join(map(frame, bodies))
    assert benchmark(lambda: list(Frames().add(stream))) == bodies
