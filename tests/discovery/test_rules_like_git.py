"""The rules against the real ``git check-ignore``."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remora_hub.discovery.rules import SourceRules

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is the judge here")

# Directories are named in the set; every other name is a Python file at each place of the tree.
DIRECTORIES = [
    "a",
    "b",
    "foo",
    "foobar",
    "a b",
    "[x]",
    "é",
    "a/b",
    "a/b/foo",
    "b/a",
    "foo/a",
    "foo/a/b",
    "deep/er/still",
]
FILES = [
    "a.py",
    "foo.py",
    "b.pyi",
    "é.py",
    "a*.py",
    "#a.py",
    "!b.py",
    " lead.py",
    "Foo.py",
    "tab\t.py",
    "new\nline.py",
]

PATTERNS = [
    "*.py", "*.pyi", "foo", "foo/", "/foo", "/foo/", "foo/*", "foo/**", "foo/**/b", "**/b", "**/a/b", "**/foo.py",
    "a/**", "a/**/foo.py", "a/*/foo.py", "/*", "/*.py", "*", "*/", "**", "**/", "a/b", "a/b/", "/a/b/foo/", "/foo**",
    "foo**/b", "***/a.py", "a/***/foo.py", "?.py", "??.py", "???.py", "[ab].py", "[!a].py", "[^a].py", "[a-c].pyi",
    "[[:lower:]].py", "[[:upper:]]oo.py", "[[:nosuch:]].py", "[]a].py", "[a", "[a-", "[x]", "\\[x]", "a\\*.py",
    "\\a.py", "foo.py\\", "#a.py", "\\#a.py", "\\!b.py", "!b.py", " lead.py", "a b", "a\\ b/", "a.py ", "a.py\\ ",
    "foo.py\t", "é", "é.py", "?.p[y]", "FOO.py", "foo.PY", "/", "//", "!", "a//b", "/a", "./a", "a/.", "*foo*",
    "f*o.py", "a.py\r", "tab\t.py", "deep/*/still", "**/still/**", "b/../a",
]  # fmt: skip


@pytest.fixture(autouse=True)
def only_our_git_configuration(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return home


def make_tree(root: Path) -> list[str]:
    for directory in DIRECTORIES:
        (root / directory).mkdir(parents=True, exist_ok=True)
    places = [""] + [os.path.relpath(path, root) + "/" for path in root.rglob("*") if path.is_dir()]
    files = [place + name for place in places if not place.startswith(".git") for name in FILES]
    for file in files:
        (root / file).touch()
    return files


def git(root: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=False).stdout


def assert_as_git(repository: Path, files: list[str], root: Path | None = None) -> None:
    root = root or repository
    listed = b"\0".join(os.fsencode(root.relative_to(repository) / file) for file in files)
    answer = git(repository, "check-ignore", "--no-index", "-z", "--stdin", stdin=listed)
    ignored = {os.fsdecode(path) for path in answer.split(b"\0") if path}
    expected = {
        file for file in files if os.path.normpath(root.relative_to(repository) / file) not in ignored
    }
    rules = SourceRules(root, default_ignores=())
    assert {file for file in files if rules.is_source(file)} == expected


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    return tmp_path


def test_each_tricky_pattern_means_what_it_means_to_git(repository: Path) -> None:
    files = make_tree(repository)
    for pattern in PATTERNS:
        (repository / ".gitignore").write_bytes(os.fsencode(pattern) + b"\n")
        try:
            assert_as_git(repository, files)
        except AssertionError as error:
            raise AssertionError(f"pattern {pattern!r}") from error


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    top=st.lists(st.tuples(st.booleans(), st.sampled_from(PATTERNS)), max_size=5),
    nested=st.lists(st.tuples(st.booleans(), st.sampled_from(PATTERNS)), max_size=4),
    exclude=st.lists(st.tuples(st.booleans(), st.sampled_from(PATTERNS)), max_size=3),
)
def test_negation_nesting_and_precedence_are_those_of_git(
    tmp_path_factory: pytest.TempPathFactory,
    top: list[tuple[bool, str]],
    nested: list[tuple[bool, str]],
    exclude: list[tuple[bool, str]],
) -> None:
    repository = tmp_path_factory.mktemp("repository")
    git(repository, "init", "--quiet")
    files = random.Random(0).sample(make_tree(repository), 60)
    for file, patterns in (
        (repository / ".gitignore", top),
        (repository / "a" / ".gitignore", nested),
        (repository / ".git" / "info" / "exclude", exclude),
    ):
        file.write_bytes(
            b"".join(b"!" * negated + os.fsencode(pattern) + b"\n" for negated, pattern in patterns)
        )
    assert_as_git(repository, files)


def test_rules_of_the_work_tree_above_the_root_hold_below_it(repository: Path) -> None:
    root = repository / "a"
    root.mkdir()
    files = make_tree(root)
    (repository / ".gitignore").write_text("/a/foo/\nb.pyi\n!a/b/b.pyi\n")
    (repository / ".git" / "info" / "exclude").write_text("/a/deep\n")
    assert_as_git(repository, files, root)


def test_global_ignore_file_in_its_default_place_counts(
    repository: Path, only_our_git_configuration: Path
) -> None:
    place = only_our_git_configuration / ".config" / "git"
    place.mkdir(parents=True)
    (place / "ignore").write_text("foo.py\n/a\n")
    files = make_tree(repository)
    assert_as_git(repository, files)
    (repository / ".gitignore").write_text("!foo.py\n")
    assert_as_git(repository, files)


def test_configured_global_ignore_file_counts(repository: Path, only_our_git_configuration: Path) -> None:
    (only_our_git_configuration / "my ignores").write_text("b\n")
    (only_our_git_configuration / ".gitconfig").write_text('[core]\n\texcludesFile = "~/my ignores"\n')
    assert_as_git(repository, make_tree(repository))


def test_linked_work_tree_uses_the_shared_exclude_file(repository: Path) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    git(repository, *identity, "commit", "--quiet", "--allow-empty", "--message", "first")
    linked = repository.parent / (repository.name + "-linked")
    git(repository, "worktree", "add", "--quiet", str(linked))
    (repository / ".git" / "info" / "exclude").write_text("foo.py\n")
    assert_as_git(linked, make_tree(linked))
    assert not SourceRules(linked).is_source("foo.py")


def test_byte_order_mark_and_missing_last_newline_are_read_as_git_reads_them(repository: Path) -> None:
    files = make_tree(repository)
    (repository / ".gitignore").write_bytes(b"\xef\xbb\xbffoo.py\r\na.py\r")
    assert_as_git(repository, files)


def test_linked_ignore_file_is_not_followed(repository: Path) -> None:
    files = make_tree(repository)
    (repository / "elsewhere").write_text("*.py\n")
    (repository / ".gitignore").symlink_to("elsewhere")
    assert_as_git(repository, files)
