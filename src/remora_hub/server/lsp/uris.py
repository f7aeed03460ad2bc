"""Paths in the index to URIs and back, under the root as the client names it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote_from_bytes

from remora_hub.errors import UsageError
from remora_hub.paths import from_uri

# Names without a dot in front, so that none is one of those that ``normpath`` resolves.
_IS_AS_IT_STANDS = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]*(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)*").fullmatch
_NEEDS_NO_ESCAPE = re.compile(r"[A-Za-z0-9_./~-]*").fullmatch  # RFC 3986, section 2.3, and the slash


class RootUris:
    """A client may have come to the root through a symbolic link; it is answered in its own names.

    ``folders`` are the URIs of its workspace.
    """

    def __init__(self, root: Path, folders: Iterable[str] = ()) -> None:
        self._root = os.fsencode(root)
        self._named = self._root
        for folder in folders:
            if (named := _as_named(self._root, folder)) is not None:
                self._named = named
                break
        self._prefix = "file://" + quote_from_bytes(self._named.rstrip(b"/") + b"/")

    def uri(self, path: str) -> str:
        """The URI of a path relative to the root; its bytes percent-encoded whatever they are (RFC 8089)."""
        if _NEEDS_NO_ESCAPE(path):
            return self._prefix + path
        return self._prefix + quote_from_bytes(os.fsencode(path))

    def path(self, uri: str) -> str | None:
        """The path relative to the root, with ``/``; None for what is no file, not below the root, or not UTF-8."""
        if uri.startswith(self._prefix) and _IS_AS_IT_STANDS(uri, len(self._prefix)):
            return uri[len(self._prefix) :]  # nearly all: a twentieth of the time
        try:
            named = os.path.normpath(os.fsencode(from_uri(uri)))
        except UsageError:
            return None
        for root in {self._named: None, self._root: None}:
            below = _below(root, named)
            if below is None:
                continue
            try:
                return below.decode()
            except UnicodeDecodeError:
                return None  # the index has no such files
        return None


def _below(root: bytes, path: bytes) -> bytes | None:
    prefix = root.rstrip(b"/") + b"/"
    return path[len(prefix) :] if path.startswith(prefix) and len(path) > len(prefix) else None


def _as_named(root: bytes, folder: str) -> bytes | None:
    """The root's name in a client that calls ``folder`` what is the root, or lies in it; None if it is neither."""
    try:
        named = os.path.normpath(os.fsencode(from_uri(folder)))
    except UsageError:
        return None
    real = os.path.realpath(named)
    if real == root:
        return named
    below = _below(root, real)
    if below is None or not named.endswith(b"/" + below):
        return None
    return named[: -len(below) - 1] or b"/"
