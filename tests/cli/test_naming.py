from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from remora_hub.answers import Place
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.naming import find_key, find_symbol, path_in_root
from remora_hub.client import connect
from remora_hub.errors import UsageError

Find = Callable[[str], object]


def options(root: Path) -> CommonOptions:
    return CommonOptions(root, None, as_json=False, verbose=False, overrides={})


@pytest.fixture
def find(in_project: Path) -> Iterator[Find]:
    with connect(in_project) as client:
        yield lambda named: find_symbol(client, options(in_project), named, sync=False)


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("app/models.py:User.save", "node:app/models.py:User.save"),
        ("node:app/models.py:User.save", "node:app/models.py:User.save"),
        ("./app/../app/models.py:check", "node:app/models.py:check"),
        ("app/models.py", "node:app/models.py:<module>"),
        ("nobody_asks", "node:app/models.py:nobody_asks"),
        ("User.save", "node:app/models.py:User.save"),
        ("test_views", "node:tests/test_views.py:<module>"),
        ("gone.py:f#2", "node:gone.py:f#2"),
    ],
)
def test_keys_and_names_stand_for_a_node(find: Find, named: str, found: str) -> None:
    assert find(named) == found


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("app/models.py:8:9", Place("app/models.py", 8, 8)),
        ("app/views.py:5:5", Place("app/views.py", 5, 4)),
        ("app/views.py:5:21", Place("app/views.py", 5, 22)),  # behind the ö and ß of größe, two bytes each
        ("app/views.py:5:47", Place("app/views.py", 5, 52)),  # one behind the last character
    ],
)
def test_a_column_counts_characters_from_1(find: Find, named: str, found: Place) -> None:
    assert find(named) == found


def test_a_line_alone_stands_for_what_is_defined_on_it_else_for_what_it_begins_with(find: Find) -> None:
    assert find("app/models.py:7") == "node:app/models.py:User.save"
    assert find("app/models.py:8") == Place("app/models.py", 8, 8)


def test_a_file_is_looked_for_from_the_current_directory_then_from_the_root(
    find: Find, in_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(in_project / "app")
    assert find("models.py:check") == "node:app/models.py:check"
    assert find("app/models.py:check") == "node:app/models.py:check"
    assert find("models.py:8:9") == Place("app/models.py", 8, 8)
    assert path_in_root(options(in_project), "..") == "."


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ("app/models.py:99", "has 15 lines"),
        ("app/models.py:0:1", "has 15 lines"),
        ("app/models.py:1:0", "line 1 has 11 columns"),
        ("app/models.py:1:13", "line 1 has 11 columns"),
        ("../outside.py:1:1", "not below the root"),
        ("/etc/passwd:1", "not below the root"),
        ("../outside.py:f", "not below the root"),
        ("none.py:1:1", "cannot read none.py"),
        ("app:1:1", "cannot read app"),
        ("nobody_ask", "did you mean app/models.py:nobody_asks"),
        ("zzzqqqzzz", "no symbol has this name"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_reason(find: Find, named: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        find(named)


def test_a_name_of_several_symbols_lists_them(find: Find) -> None:
    with pytest.raises(UsageError, match="3 symbols have this name") as caught:
        find("save")
    for symbol in ("app/models.py:2 Base.save", "app/models.py:7 User.save", "app/views.py:8 save"):
        assert symbol in str(caught.value)


def test_the_key_at_a_place_is_that_of_the_definition(in_project: Path) -> None:
    with connect(in_project) as client:
        assert (
            find_key(client, options(in_project), "app/views.py:5:13", sync=False)
            == "node:app/models.py:User"
        )
        with pytest.raises(UsageError, match="nothing is known"):
            find_key(client, options(in_project), "app/models.py:4:1", sync=False)
