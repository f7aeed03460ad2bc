"""What is in the user's cache is given back as it was; what is wrong with it costs a parse and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from remora_hub.extract.extract import Extractor
from remora_hub.facts import PackedFile
from remora_hub.store.facts_cache import FactsCache, KnownBytes

A, B = KnownBytes("a.py", "0a"), KnownBytes("pkg/b.py", "0b")


def facts(path: str, source: str = "def f(x: int) -> str: ...\n") -> PackedFile:
    return Extractor().extract(path, source.encode())


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "remora-hub"


@pytest.fixture
def cache(directory: Path) -> Iterator[FactsCache]:
    made = FactsCache(directory, extractor_version=1, limit_bytes=2**30)
    yield made
    made.close()


def test_facts_are_given_back_as_they_were(cache: FactsCache) -> None:
    cache.put(A, facts("a.py"))
    assert cache.get([A, B]) == {"a.py": facts("a.py")}


def test_other_bytes_another_path_and_another_extractor_have_facts_of_their_own(
    cache: FactsCache, directory: Path
) -> None:
    cache.put(A, facts("a.py"))
    assert cache.get([KnownBytes("a.py", "0c"), KnownBytes("b.py", "0a")]) == {}
    newer = FactsCache(directory, extractor_version=2, limit_bytes=2**30)
    assert newer.get([A]) == {}
    newer.close()


def test_what_is_lacking_is_told(cache: FactsCache) -> None:
    assert cache.lacking([A, B]) == [A, B]
    cache.put(A, facts("a.py"))
    assert cache.lacking([A, B]) == [B]


def test_several_hubs_share_it(cache: FactsCache, directory: Path) -> None:
    other = FactsCache(directory, extractor_version=1, limit_bytes=2**30)
    cache.put(A, facts("a.py"))
    other.put(B, facts("pkg/b.py"))
    assert cache.get([A, B]).keys() == other.get([A, B]).keys() == {"a.py", "pkg/b.py"}
    other.close()


def test_asking_makes_no_file(cache: FactsCache, directory: Path) -> None:
    assert cache.get([A]) == {}
    assert not directory.exists()


def test_what_was_not_used_for_longest_makes_room(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = FactsCache(directory, extractor_version=1, limit_bytes=512 * 1024)
    files = [KnownBytes(f"m{number}.py", f"{number:x}") for number in range(400)]
    for day, file in enumerate(files):
        monkeypatch.setattr("time.time", lambda day=day: day * 86_400.0)
        cache.put(file, facts(file.path, "\n".join(f"def {file.path[:-3]}_{n}(): ..." for n in range(90))))
        cache.lacking(files[:1])
    kept = cache.get(files)
    assert {"m0.py", "m399.py"} <= kept.keys()
    assert "m1.py" not in kept
    assert (directory / "facts-1.db").stat().st_size <= 600 * 1024
    cache.close()


@pytest.mark.parametrize("damage", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_damaged_cache_is_made_anew(cache: FactsCache, directory: Path, damage: bytes) -> None:
    directory.mkdir(parents=True)
    (directory / "facts-1.db").write_bytes(damage)
    assert cache.get([A]) == {}
    cache.put(A, facts("a.py"))
    cache.put(A, facts("a.py"))
    assert cache.get([A]) == {"a.py": facts("a.py")}


@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_directory_that_others_can_write_to_is_not_used(
    cache: FactsCache, directory: Path, mode: int
) -> None:
    directory.mkdir(parents=True)
    directory.chmod(mode)
    cache.put(A, facts("a.py"))
    assert cache.problem is not None
    assert "only its owner" in cache.problem
    assert os.listdir(directory) == []
    directory.chmod(0o700)
    cache.put(A, facts("a.py"))
    assert cache.problem is None
    assert cache.get([A]) == {"a.py": facts("a.py")}


def test_a_closed_cache_knows_nothing(cache: FactsCache) -> None:
    cache.put(A, facts("a.py"))
    cache.close()
    assert cache.get([A]) == {}
    cache.put(B, facts("pkg/b.py"))
    cache.close()
