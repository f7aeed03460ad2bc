"""Names by their spelling come in two parts, by processes of their own that nobody is left with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from remora_hub.errors import RootError
from remora_hub.pipeline.spelled_files import SpelledFile
from remora_hub.pipeline.spelling import spell

PATHS = [f"p{number % 10}/m{number}.py" for number in range(600)]
MAX_BYTES = 10_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number, path in enumerate(PATHS):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(f"class C{number}:\n    def f(self): ...\n")
    return tmp_path


async def found_soon(paths: Sequence[str]) -> Sequence[str]:
    return paths


async def read(root: Path, paths: Awaitable[Sequence[str]], wanted: str) -> list[list[SpelledFile]]:
    return [files async for files in spell(root, paths, wanted, MAX_BYTES, 2)]


async def test_what_seems_to_define_a_name_comes_before_all(root: Path) -> None:
    wanted, everything = await read(root, found_soon([*PATHS, "gone.py"]), "c59")
    assert sorted(file.path for file in wanted) == sorted(
        path for number, path in enumerate(PATHS) if str(number).startswith("59")
    )
    assert {file.suffixes for file in wanted} >= {"<module>\nC599\nC599.f", "<module>\nC59\nC59.f"}
    assert sorted(file.path for file in everything) == sorted(PATHS)
    assert set(wanted) < set(everything)


async def test_a_module_of_that_name_is_wanted_too(root: Path) -> None:
    wanted, _ = await read(root, found_soon(PATHS), "M59")
    assert sorted(file.path for file in wanted) == sorted(path for path in PATHS if "/m59" in path)


@pytest.mark.parametrize("wanted", ["", "größe"])
async def test_where_nothing_can_be_looked_for_all_come_at_once(root: Path, wanted: str) -> None:
    [everything] = await read(root, found_soon(PATHS), wanted)
    assert len(everything) == len(PATHS)


async def test_few_files_come_at_once(root: Path) -> None:
    [everything] = await read(root, found_soon(PATHS[:10]), "C3")
    assert [file.path for file in everything] == PATHS[:10]


async def test_no_process_is_left_when_nobody_wants_the_rest(root: Path) -> None:
    this = psutil.Process()
    async with aclosing(spell(root, found_soon(PATHS), "C1", MAX_BYTES, 2)) as spelling:
        await anext(spelling)
        readers = this.children()
        assert len(readers) == 2
    _, left = await asyncio.to_thread(psutil.wait_procs, readers, 60)
    assert left == []


async def test_what_the_search_for_files_raises_is_raised(root: Path) -> None:
    async def fails() -> Sequence[str]:
        await asyncio.sleep(0)
        raise RootError("walk", str(root), "gone")

    with pytest.raises(RootError):
        await read(root, fails(), "C1")
