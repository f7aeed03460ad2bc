"""What a walk reports, on real files of every type."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from remora_hub.discovery.fingerprint import Fingerprint
from remora_hub.discovery.omission import Omission
from remora_hub.discovery.rules import SourceRules
from remora_hub.discovery.walk import Walk, walk, walk_directories
from remora_hub.errors import RootError
from remora_hub.kinds import FileStatus

UNREADABLE_AS_NOBODY = """
import os, sys
from pathlib import Path
from remora_hub.discovery.rules import SourceRules
from remora_hub.discovery.walk import walk
os.chdir(sys.argv[1])
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
root = Path(".")
found = walk(root, SourceRules(root))
print(sorted(found.files), sorted(found.directories), {p: o.status for p, o in sorted(found.omitted.items())})
"""


def walked(root: Path, under: str = "") -> Walk:
    return walk(root, SourceRules(root), under)


def put(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x = 1\n")


def test_sources_come_with_fingerprints_and_directories_with_inodes(tmp_path: Path) -> None:
    put(tmp_path, "a.py", "b/c.pyi", "b/d/readme.txt")
    found = walked(tmp_path)
    status = (tmp_path / "b/c.pyi").stat()
    assert sorted(found.files) == ["a.py", "b/c.pyi"]
    assert found.files["b/c.pyi"] == Fingerprint.of(status)
    assert found.directories == {path: (tmp_path / path).stat().st_ino for path in ["", "b", "b/d"]}
    assert walk_directories(tmp_path, SourceRules(tmp_path)) == found.directories
    assert found.omitted == {}


def test_ignored_directories_are_not_met(tmp_path: Path) -> None:
    put(
        tmp_path,
        ".gitignore",
        "a.py",
        "gen/a.py",
        "gen/x/a.py",
        "env/pyvenv.cfg",
        "env/lib/a.py",
        ".git/a.py",
    )
    (tmp_path / ".gitignore").write_text("gen/\n")
    found = walked(tmp_path)
    assert sorted(found.files) == ["a.py"]
    assert sorted(found.directories) == [""]


def test_a_walk_below_a_directory_stays_there_and_keeps_the_rules_from_above(tmp_path: Path) -> None:
    put(tmp_path, "a.py", "b/c.py", "b/d/e.py", "b/x/e.py")
    (tmp_path / ".gitignore").write_text("/b/x/\n")
    found = walked(tmp_path, "b")
    assert sorted(found.files) == ["b/c.py", "b/d/e.py"]
    assert sorted(found.directories) == ["b", "b/d"]
    assert walked(tmp_path, "b/x").directories == {}
    assert sorted(walked(tmp_path, "b/c.py").files) == ["b/c.py"], "a file in place of a directory is found"
    assert walked(tmp_path, "b/c.py").directories == {}
    assert walked(tmp_path, "gone").directories == {}


def test_what_cannot_be_indexed_is_named(tmp_path: Path) -> None:
    put(tmp_path, "real.py")
    os.mkfifo(tmp_path / "fifo.py")
    listener = socket.socket(socket.AF_UNIX)
    here = os.open(tmp_path, os.O_RDONLY)
    listener.bind(f"/proc/self/fd/{here}/sock.py")
    (tmp_path / "loop.py").symlink_to("loop.py")
    (tmp_path / "zero.py").symlink_to("/dev/zero")
    (tmp_path / "dangling.pyi").symlink_to("nowhere")
    (tmp_path / "good.py").symlink_to("real.py")
    (tmp_path / "linked").symlink_to("/")
    found = walked(tmp_path)
    listener.close()
    os.close(here)
    assert sorted(found.files) == ["real.py"]
    assert found.omitted == {
        "fifo.py": Omission("not_regular", "FIFO"),
        "sock.py": Omission("not_regular", "socket"),
        "loop.py": Omission("not_regular", "symbolic link to loop.py"),
        "zero.py": Omission("not_regular", "symbolic link to /dev/zero"),
        "dangling.pyi": Omission("not_regular", "symbolic link to nowhere"),
        "good.py": Omission("not_regular", "symbolic link to real.py"),
    }
    assert all(FileStatus(omission.status) for omission in found.omitted.values())


def test_ignored_names_are_not_omissions(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("fifo.py\n")
    os.mkfifo(tmp_path / "fifo.py")
    assert walked(tmp_path).omitted == {}


def test_names_that_are_not_utf8_are_named_with_escapes(tmp_path: Path) -> None:
    put(tmp_path, "é\n'.py")
    root = os.fsencode(tmp_path)
    os.mkdir(root + b"/dir\xff")
    for name in (b"/bad\xe9.py", b"/dir\xff/inside.py", b"/bad\xe9.txt"):
        os.close(os.open(root + name, os.O_CREAT))
    found = walked(tmp_path)
    assert sorted(found.files) == ["é\n'.py"]
    assert sorted(found.directories) == [""]
    assert {path: omission.status for path, omission in found.omitted.items()} == {
        "bad\\xe9.py": "name_not_utf8",
        "dir\\xff": "name_not_utf8",
    }


def test_directory_named_like_a_source_is_walked(tmp_path: Path) -> None:
    put(tmp_path, "pkg.py/a.py")
    found = walked(tmp_path)
    assert sorted(found.files) == ["pkg.py/a.py"]
    assert found.omitted == {}


def test_unreadable_directories_are_named_and_the_rest_is_found(tmp_path: Path) -> None:
    put(tmp_path, "a.py", "locked/b.py", "no_search/c.py")
    tmp_path.chmod(0o755)
    (tmp_path / "locked").chmod(0)
    (tmp_path / "no_search").chmod(0o644)
    try:
        command = [sys.executable, "-c", UNREADABLE_AS_NOBODY, str(tmp_path)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        (tmp_path / "locked").chmod(0o755)
        (tmp_path / "no_search").chmod(0o755)
    expected = "['a.py'] ['', 'no_search'] {'locked': 'unreadable', 'no_search/c.py': 'unreadable'}"
    assert ended.stdout.strip() == expected, ended.stderr


def test_a_tree_deeper_than_the_interpreters_stack_is_walked(tmp_path: Path) -> None:
    depth = 1_200
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("deep.py", os.O_CREAT, dir_fd=here))
    os.close(here)
    found = walked(tmp_path)
    assert list(found.files) == ["d/" * depth + "deep.py"]
    assert len(found.directories) == depth + 1
    subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)  # shutil.rmtree recurses


def test_missing_root_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(RootError, match="gone"):
        walked(tmp_path / "gone")
    put(tmp_path, "file")
    with pytest.raises(RootError, match="file"):
        walked(tmp_path / "file")


def test_a_walk_notices_ignore_files_changed_unseen(tmp_path: Path) -> None:
    put(tmp_path, "a.py", "b/c.py", "e/d.py")
    rules = SourceRules(tmp_path)
    assert sorted(walk(tmp_path, rules).files) == ["a.py", "b/c.py", "e/d.py"]
    (tmp_path / ".gitignore").write_text("c.py\n")
    put(tmp_path, "e/pyvenv.cfg")
    assert sorted(walk(tmp_path, rules).files) == ["a.py"]
    (tmp_path / ".gitignore").unlink()
    (tmp_path / "e/pyvenv.cfg").unlink()
    assert sorted(walk(tmp_path, rules).files) == ["a.py", "b/c.py", "e/d.py"]
