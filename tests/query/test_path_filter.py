"""What a client means by a path, and what it may cost to find out."""

from __future__ import annotations

import time

import pytest

from remora_hub.query.path_filter import path_filter

PATHS = ("a.py", "app/a.py", "app/models/user.py", "app/models/user_test.py", "lib/app/x.pyi")


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("", PATHS),
        ("app", PATHS[1:4]),
        ("app/", PATHS[1:4]),
        ("./a.py", PATHS[:1]),
        ("*.py", PATHS[:4]),
        ("app/*", PATHS[1:4]),
        ("app/*.py", PATHS[1:2]),
        ("app/**/*.py", PATHS[1:4]),
        ("**/app/**", PATHS[1:]),
        ("**/*_*.py", PATHS[3:4]),
        ("*s*r*.py", PATHS[2:4]),
        ("?.py", PATHS[:2]),
        ("[!a]*.py", PATHS[2:4]),
        ("**/m*/**/*t*t*", PATHS[3:4]),
    ],
)
def test_directories_files_and_globs(wanted: str, meant: tuple[str, ...]) -> None:
    assert tuple(filter(path_filter(wanted), PATHS)) == meant


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("*a" * 40 + "b", "a" * 250),
        ("**/a/" * 8 + "b", "a/" * 1000 + "c"),
        ("**a" * 8 + "b", "a" * 2000),
        ("**/*a*a*a*a/" * 4 + "**/b", ("a" * 60 + "/") * 30 + "c"),
    ],
)
def test_a_glob_built_to_exhaust_a_regex_does_not(glob: str, path: str) -> None:
    started = time.process_time()
    assert not path_filter(glob)(path)
    assert time.process_time() - started < 20, "years without it"
