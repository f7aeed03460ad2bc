"""Reading single files: what is refused, and what happens when a file changes meanwhile."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest
import xxhash

from remora_hub.discovery.omission import Omission
from remora_hub.discovery.read import Omitted, SourceReader, Vanished, fingerprint, read_source


def omission(root: Path, path: str, max_bytes: int = 1_000) -> Omission:
    with pytest.raises(Omitted) as caught:
        read_source(root, path, max_bytes)
    return caught.value.omission


def test_bytes_digest_and_fingerprint_belong_together(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.py").write_bytes(b"x = 1\n")
    source = read_source(tmp_path, "a/b.py", 6)
    assert source.data == b"x = 1\n"
    assert source.digest == xxhash.xxh3_128_hexdigest(b"x = 1\n")
    assert source.fingerprint == fingerprint(tmp_path, "a/b.py")


def test_empty_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.py").touch()
    assert read_source(tmp_path, "a.py", 10).data == b""


def test_file_over_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with open(tmp_path / "a.py", "wb") as file:
        file.truncate(10**13)  # sparse: reading it would never end
    assert omission(tmp_path, "a.py").status == "too_large"


def test_file_that_reports_no_size_is_still_capped(tmp_path: Path) -> None:
    assert omission(Path("/proc/self"), "smaps", 100).status == "too_large"


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.py")
    (tmp_path / "zero.py").symlink_to("/dev/zero")
    (tmp_path / "loop.py").symlink_to("loop.py")
    assert omission(tmp_path, "fifo.py") == Omission("not_regular", "FIFO")
    assert omission(tmp_path, "zero.py") == Omission("not_regular", "symbolic link to /dev/zero")
    assert omission(tmp_path, "loop.py") == Omission("not_regular", "symbolic link to loop.py")
    assert omission(Path("/dev"), "zero") == Omission("not_regular", "character device")


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_unreadable_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.py").touch(mode=0)
    assert omission(tmp_path, "a.py").status == "unreadable"


@pytest.mark.parametrize(
    "path",
    ["gone.py", "a", "gone/a.py", "file.py/a.py", "linked/secret.py", "../secret.py", "a/../../secret.py"],
)
def test_no_path_leaves_the_root_or_passes_a_link(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.py").write_text("secret")
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "file.py").touch()
    (root / "linked").symlink_to("..")
    with pytest.raises(Vanished):
        read_source(root, path, 1_000)
    assert fingerprint(root, path) is None


@pytest.mark.parametrize("path", ["", "/etc/passwd", "a//b.py", "./a.py", "a\0.py"])
def test_malformed_paths_name_no_file(tmp_path: Path, path: str) -> None:
    with pytest.raises(Vanished):
        read_source(tmp_path, path, 1_000_000)
    assert fingerprint(tmp_path, path) is None


def test_a_file_rewritten_while_it_is_read_never_passes_for_settled(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"0" * 200_000)
    stop = threading.Event()

    def rewrite() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            path.write_bytes(str(turn % 10).encode() * (200_000 + turn % 7))

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        sources = [read_source(tmp_path, "a.py", 1_000_000) for _ in range(50)]
    finally:
        stop.set()
        writer.join()
    settled = read_source(tmp_path, "a.py", 1_000_000)
    assert settled.data == path.read_bytes()
    assert settled.fingerprint == fingerprint(tmp_path, "a.py")
    assert all(source.digest == xxhash.xxh3_128_hexdigest(source.data) for source in sources)


def open_below(directory: Path) -> int:
    """Descriptors of this process that lead to ``directory`` or below; others come and go by themselves."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            found += descriptor.readlink().is_relative_to(directory)
    return found


def test_descriptors_are_not_leaked(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.py").touch()
    os.mkfifo(tmp_path / "a" / "fifo.py")
    for path in ("a/b.py", "a/fifo.py", "a/gone.py", "b/gone.py", "a/b.py/c.py"):
        try:
            read_source(tmp_path, path, 10)
        except (Omitted, Vanished):
            continue
    assert open_below(tmp_path) == 0


def test_a_reader_keeps_one_directory_open_and_closes_it(tmp_path: Path) -> None:
    for path in ("a/x.py", "a/y.py", "b/x.py", "x.py"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(path)
    with SourceReader(tmp_path, 100) as reader:
        for path in ("a/x.py", "a/y.py", "b/x.py", "x.py", "a/y.py"):
            assert reader.read(path).data == path.encode()
            assert open_below(tmp_path) == 1
    assert open_below(tmp_path) == 0


def test_a_reader_follows_no_link_that_took_the_place_of_a_directory(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x.py").write_text("x")
    (tmp_path / "b").mkdir()
    with SourceReader(tmp_path, 100) as reader:
        reader.read("a/x.py")
        with pytest.raises(Vanished):
            reader.read("b/x.py")
        (tmp_path / "a").rename(tmp_path / "c")
        (tmp_path / "a").symlink_to("c")
        with pytest.raises(Vanished):
            reader.read("a/x.py")
