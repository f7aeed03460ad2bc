"""URIs of clients become paths in the index, and paths URIs, whatever is in a name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remora_hub.errors import UsageError
from remora_hub.paths import from_uri
from remora_hub.server.lsp.uris import RootUris

ROOT = Path("/home/some one/project")
PREFIX = "file:///home/some%20one/project"
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8)
TAILS = st.lists(
    st.sampled_from(["a", "b.py", ".", "..", "", ".c", "%2e%2e", "%20", "?", "#", "~d", "ü"]), max_size=6
)


@given(st.lists(NAMES.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4).map("/".join))
def test_a_path_has_a_uri_that_leads_back_to_it(path: str) -> None:
    uris = RootUris(ROOT)
    assert uris.path(uris.uri(path)) == path


@given(TAILS.map("/".join))
def test_a_uri_is_the_path_that_the_file_system_would_take_it_for(tail: str) -> None:
    uri = f"{PREFIX}/{tail}"
    try:
        named = os.path.normpath(from_uri(uri))
    except UsageError:
        named = ""
    below = f"{ROOT}/"
    assert RootUris(ROOT).path(uri) == (named.removeprefix(below) if named.startswith(below) else None)


@pytest.mark.parametrize("uri", [PREFIX, f"{PREFIX}s/a.py", "http://host/a.py", "untitled:Untitled-1", ""])
def test_what_is_no_file_below_the_root_has_no_path(uri: str) -> None:
    assert RootUris(ROOT).path(uri) is None


def test_a_client_is_answered_in_the_names_it_came_by(tmp_path: Path) -> None:
    (tmp_path / "real" / "pkg").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    uris = RootUris(tmp_path / "real", [(tmp_path / "link" / "pkg").as_uri()])
    assert uris.uri("pkg/a.py") == (tmp_path / "link" / "pkg" / "a.py").as_uri()
    for root in ("link", "real"):
        assert uris.path((tmp_path / root / "pkg" / "a.py").as_uri()) == "pkg/a.py"
