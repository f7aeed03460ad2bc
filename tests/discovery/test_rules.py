"""The rules that are the hub's own: default ignores, environments, globs, reloading."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from remora_hub.discovery.rules import SourceRules
from remora_hub.discovery.walk import walk
from remora_hub.discovery.wildmatch import name_regex


@pytest.mark.parametrize(
    "path", ["a.py", "a.pyi", "a/b/c.py", "venv/__init__.py", "x/build/y.py", ".hidden/a.py", "a b.py"]
)
def test_python_files_are_sources(tmp_path: Path, path: str) -> None:
    assert SourceRules(tmp_path).is_source(path)


@pytest.mark.parametrize(
    "path",
    [
        "a.pyc",
        "a.PY",
        "py",
        "a.py.txt",
        "__pycache__/a.py",
        "x/.venv/a.py",
        "lib/site-packages/a.py",
        "build/a.py",
        ".git/a.py",
    ],
)
def test_other_files_and_default_ignores_are_no_sources(tmp_path: Path, path: str) -> None:
    assert not SourceRules(tmp_path).is_source(path)


def test_rules_apply_outside_a_repository(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("generated/\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".gitignore").write_text("*_pb2.py\n!keep_pb2.py\n")
    rules = SourceRules(tmp_path)
    assert not rules.is_source("x/generated/a.py")
    assert not rules.is_source("sub/a_pb2.py")
    assert rules.is_source("sub/keep_pb2.py")
    assert rules.is_source("a_pb2.py")


def test_project_can_take_back_a_default_ignore(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("!build/\n")
    assert SourceRules(tmp_path).is_source("build/a.py")


@pytest.mark.parametrize("directory", [".git", ".remora"])
def test_git_and_state_directories_cannot_be_taken_back(tmp_path: Path, directory: str) -> None:
    (tmp_path / ".gitignore").write_text(f"!{directory}/\n!*\n")
    assert SourceRules(tmp_path).is_ignored_directory(f"sub/{directory}")


def test_virtual_environment_of_any_name_is_ignored_but_can_be_taken_back(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "pyvenv.cfg").touch()
    assert not SourceRules(tmp_path).is_source("env/lib/a.py")
    (tmp_path / ".gitignore").write_text("!env/\n")
    assert SourceRules(tmp_path).is_source("env/lib/a.py")


def test_root_that_is_an_environment_or_ignored_from_above_is_still_indexed(tmp_path: Path) -> None:
    root = tmp_path / "build"
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").touch()
    (tmp_path / ".gitignore").write_text("build/\n")
    root.mkdir()
    (root / "pyvenv.cfg").touch()
    assert SourceRules(root).is_source("a.py")


def test_exclude_wins_over_everything_and_include_selects(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("!a/x.py\n")
    rules = SourceRules(tmp_path, include=["a/", "/top.py"], exclude=["x.py", "a/b/"])
    assert [
        p for p in ["a/x.py", "a/y.py", "a/b/y.py", "c/y.py", "top.py", "c/top.py"] if rules.is_source(p)
    ] == [
        "a/y.py",
        "top.py",
    ]


def test_git_ignores_can_be_switched_off(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.py\n")
    rules = SourceRules(tmp_path, respect_git_ignores=False)
    assert rules.is_source("a.py")
    assert not rules.is_source("__pycache__/a.py")


def test_changed_ignore_file_holds_after_reload_for_everything_below(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    rules = SourceRules(tmp_path)
    assert rules.is_source("a/b/x.py")
    (tmp_path / "a" / ".gitignore").write_text("x.py\n")
    assert rules.affects_rules("a/.gitignore")
    rules.reload("a")
    assert not rules.is_source("a/b/x.py")


def test_repository_that_appears_brings_its_exclude_file(tmp_path: Path) -> None:
    rules = SourceRules(tmp_path)
    assert rules.info_exclude is None
    (tmp_path / ".git" / "info").mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").touch()
    (tmp_path / ".git" / "info" / "exclude").write_text("x.py\n")
    assert rules.affects_rules(".git")
    rules.reload("")
    assert rules.info_exclude == ".git/info/exclude"
    assert rules.affects_rules(".git/info/exclude")
    assert not rules.is_source("x.py")


def test_fifo_in_place_of_an_ignore_file_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".gitignore")
    assert SourceRules(tmp_path).is_source("a.py")


def test_very_deep_path_is_judged(tmp_path: Path) -> None:
    assert SourceRules(tmp_path).is_source("d/" * 2_000 + "a.py")


def test_pattern_of_many_stars_takes_no_exponential_time(tmp_path: Path) -> None:
    started = time.process_time()
    (tmp_path / ".gitignore").write_text(
        "*a" * 40 + "b\n" + "**/a*a/" * 6 + "*a*a*a*a*a*a*a*a*a*b\n" + "**/d/" * 8 + "x\n"
    )
    assert SourceRules(tmp_path).is_source("d/" * 1_000 + "a.py")
    assert SourceRules(tmp_path).is_source("a" * 200 + "/" + "a" * 240 + ".py")
    assert "(?>" in name_regex("*a*b"), "the first star must not be tried again"
    assert time.process_time() - started < 20, "minutes without it"


def test_rules_may_be_reloaded_while_another_thread_walks(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / "d" / f"e{number}").mkdir(parents=True)
    rules = SourceRules(tmp_path)
    switch_interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(1) as executor:
            walks = [executor.submit(walk, tmp_path, rules) for _ in range(10)]
            while not all(one.done() for one in walks):
                rules.reload("d")  # raised: dictionary changed size during iteration
            assert all(len(one.result().directories) == 302 for one in walks)
    finally:
        sys.setswitchinterval(switch_interval_s)


def test_git_rules_are_awaited_where_a_repository_is_being_made(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    rules = SourceRules(tmp_path)
    assert rules.git_directory == ".git"
    assert rules.is_of_git(".git/HEAD")
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    rules.reload("")
    assert (rules.git_directory, rules.is_of_git(".git/HEAD")) == (".git", False)
    assert rules.is_of_git(".git/info")
    (tmp_path / ".git" / "info").mkdir()
    rules.reload("")
    assert rules.git_directory == ".git/info"
