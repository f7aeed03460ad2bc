from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remora_hub.errors import ConfigError, RootError, StoreError, UsageError
from remora_hub.paths import (
    MAX_SOCKET_PATH_BYTES,
    StatePaths,
    check_root,
    find_root,
    from_uri,
    root_digest,
    to_uri,
)

PATH_BYTES = st.binary(min_size=1, max_size=255).filter(lambda name: not {0, ord("/")} & set(name))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """A directory whose sockets fit into an address; ``tmp_path`` is long under pytest-xdist."""
    with tempfile.TemporaryDirectory(prefix="rh-") as name:
        yield Path(name)


@pytest.fixture
def runtime_dir(short_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = short_dir / "run"
    directory.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory))
    return directory


@pytest.fixture
def root(short_dir: Path) -> Path:
    directory = short_dir / "project"
    directory.mkdir()
    return directory


# find_root


def test_an_index_marks_the_root_before_any_nearer_marker(root: Path) -> None:
    inner = root / "packages" / "one"
    inner.mkdir(parents=True)
    (inner / "pyproject.toml").touch()
    assert find_root(inner) == inner
    (root / "remora-hub.toml").touch()
    assert find_root(inner) == root
    (inner / ".remora").mkdir()
    (inner / ".remora" / "hub.db").touch()
    assert find_root(inner) == inner


@pytest.mark.parametrize("marker", ["remora-hub.toml", "pyproject.toml", ".git"])
def test_each_marker_makes_a_root_of_the_nearest_directory_that_holds_it(root: Path, marker: str) -> None:
    inner = root / "a" / "b"
    inner.mkdir(parents=True)
    (root / marker).touch()
    (inner.parent / marker).touch()
    (inner / "m.py").touch()
    assert find_root(inner / "m.py") == inner.parent


def test_a_directory_in_no_project_has_no_root() -> None:
    with pytest.raises(RootError, match=r"--root"):
        find_root(Path("/proc/self"))


def test_a_missing_root_or_a_file_is_no_root(root: Path) -> None:
    (root / "file").touch()
    for path in (root / "missing", root / "file"):
        with pytest.raises(RootError, match=path.name):
            check_root(path)


# StatePaths


def test_the_state_is_in_the_root_and_the_socket_in_the_runtime_directory(
    root: Path, runtime_dir: Path
) -> None:
    paths = StatePaths(root)
    assert paths.database == root / ".remora" / "hub.db"
    assert paths.lock == root / ".remora" / "hub.lock"
    assert paths.symbol_cache == root / ".remora" / "symbols.cache"
    assert paths.socket == runtime_dir / "remora-hub" / f"{root_digest(root)}.sock"


def test_a_link_to_the_root_has_the_same_places(root: Path, tmp_path: Path, runtime_dir: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert StatePaths(tmp_path / "link") == StatePaths(root)


@pytest.mark.parametrize("value", ["", "relative", "/nonexistent/run"])
def test_without_a_runtime_directory_the_socket_is_beside_the_index(
    root: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", value)
    assert StatePaths(root).socket == root / ".remora" / "hub.sock"


def test_a_chosen_state_directory_holds_the_socket_too(
    root: Path, short_dir: Path, runtime_dir: Path
) -> None:
    paths = StatePaths(root, short_dir / "state")
    assert paths.state_dir == short_dir / "state"
    assert paths.socket == short_dir / "state" / "hub.sock"
    assert StatePaths(root, root / ".remora") == StatePaths(root)


def test_a_socket_path_too_long_for_an_address_moves_to_the_temporary_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    root = tmp_path / ("n" * 120)
    root.mkdir()
    socket = StatePaths(root).socket
    assert len(os.fsencode(socket)) <= MAX_SOCKET_PATH_BYTES
    assert socket.parent.name == f"remora-hub-{os.geteuid()}"
    assert StatePaths(root, root / "other").socket != socket


def test_preparing_makes_a_private_directory_kept_out_of_git_and_backups(root: Path) -> None:
    paths = StatePaths(root)
    paths.prepare()
    paths.prepare()
    assert mode(paths.state_dir) == 0o700
    assert (paths.state_dir / ".gitignore").read_text() == "*\n"
    tag = (paths.state_dir / "CACHEDIR.TAG").read_text()
    assert tag.startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert sorted(entry.name for entry in paths.state_dir.iterdir()) == [".gitignore", "CACHEDIR.TAG"]


def test_preparing_does_not_make_a_missing_root(root: Path) -> None:
    with pytest.raises(RootError):
        StatePaths(root / "missing").prepare()
    assert not (root / "missing").exists()


def test_a_state_directory_that_the_repository_links_elsewhere_is_refused(root: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (root / ".remora").symlink_to(victim)
    with pytest.raises(StoreError, match="symbolic link"):
        StatePaths(root).prepare()
    assert list(victim.iterdir()) == []


def test_a_link_planted_for_a_file_of_the_state_directory_is_not_written_through(
    root: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (root / ".remora").mkdir()
    (root / ".remora" / ".gitignore").symlink_to(victim)
    StatePaths(root).prepare()
    assert victim.read_text() == "mine"


def test_the_socket_directory_is_made_private(root: Path, runtime_dir: Path) -> None:
    paths = StatePaths(root)
    paths.prepare_socket_directory()
    assert mode(paths.socket.parent) == 0o700
    paths.socket.parent.chmod(0o755)
    paths.prepare_socket_directory()
    assert mode(paths.socket.parent) == 0o700


def test_a_socket_directory_others_can_write_to_is_refused(root: Path, runtime_dir: Path) -> None:
    (runtime_dir / "remora-hub").mkdir()
    (runtime_dir / "remora-hub").chmod(0o777)
    with pytest.raises(ConfigError, match="others can write"):
        StatePaths(root).prepare_socket_directory()


def test_a_socket_directory_that_is_a_link_is_refused(root: Path, runtime_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (runtime_dir / "remora-hub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="link"):
        StatePaths(root).prepare_socket_directory()


@pytest.mark.parametrize("permissions", [0o777, 0o770])
def test_a_runtime_directory_others_can_write_to_is_refused(
    root: Path, runtime_dir: Path, permissions: int
) -> None:
    runtime_dir.chmod(permissions)
    with pytest.raises(ConfigError, match="others can write"):
        StatePaths(root).prepare_socket_directory()


def test_a_runtime_directory_that_is_a_link_is_refused(
    root: Path, runtime_dir: Path, short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (short_dir / "link").symlink_to(runtime_dir)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_dir / "link"))
    with pytest.raises(ConfigError, match="link"):
        StatePaths(root).prepare_socket_directory()


def test_a_state_directory_others_can_write_to_holds_no_socket(root: Path, short_dir: Path) -> None:
    state = short_dir / "state"
    state.mkdir()
    state.chmod(0o777)
    with pytest.raises(ConfigError, match="chmod 700"):
        StatePaths(root, state).prepare_socket_directory()


# URIs


@given(st.lists(PATH_BYTES, min_size=1, max_size=4))
def test_any_absolute_path_survives_the_way_through_a_uri(names: list[bytes]) -> None:
    path = Path("/", *(os.fsdecode(name) for name in names))
    uri = to_uri(path)
    assert uri.isascii()
    assert from_uri(uri) == path


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a/b.py", "/a/b.py"),
        ("file://localhost/a", "/a"),
        ("file:/a", "/a"),
        ("FILE:///a", "/a"),
        ("file:///a%20b%0Ac%22.py", '/a b\nc".py'),
        ("file:///%C3%A9", "/é"),
        ("file:///é", "/é"),
        ("file:///c%3A/x", "/c:/x"),
    ],
)
def test_the_forms_other_programs_write_are_read(uri: str, path: str) -> None:
    assert from_uri(uri) == Path(path)


@pytest.mark.parametrize(
    "uri",
    [
        "http:///a",
        "/a",
        "",
        "file:a",
        "file://host/a",
        "file:///a%00b",
        "file:///a?x",
        "file:///a#x",
        "file://[/a",
        "file:///\udcff",
    ],
)
def test_a_uri_that_names_no_file_of_this_host_is_refused(uri: str) -> None:
    with pytest.raises(UsageError):
        from_uri(uri)
