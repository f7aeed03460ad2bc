"""Keys of records, and ranges over them.

SQLite compares text as UTF-8 bytes, which is the order of code points, so that every prefix is one half-open
range: no LIKE, and so neither wildcards nor case folding to escape.
"""

from __future__ import annotations

NODE_PREFIX = "node:"
FILE_PREFIX = "file:"
HUB_STATUS_KEY = "hub:status"

_FIRST_SURROGATE = 0xD800
_AFTER_SURROGATES = 0xE000
_LAST_CODE_POINT = "\U0010ffff"


def node_key(path: str, suffix: str) -> str:
    """``node:{path}:{suffix}``."""
    return f"node:{path}:{suffix}"


def split_node_key(key: str) -> tuple[str, str] | None:
    """``(path, suffix)``, or None for what is no node's key. A path may hold colons, a suffix never does."""
    if not key.startswith(NODE_PREFIX):
        return None
    path, colon, suffix = key[len(NODE_PREFIX) :].rpartition(":")
    return (path, suffix) if colon else None


def prefix_end(prefix: str) -> str | None:
    """The smallest text greater than everything that begins with ``prefix``; None where there is none."""
    stem = prefix.rstrip(_LAST_CODE_POINT)
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    if following == _FIRST_SURROGATE:
        following = _AFTER_SURROGATES
    return stem[:-1] + chr(following)


def prefix_range(prefix: str) -> tuple[str, str | bytes]:
    """``(start, end)`` so that ``column >= start AND column < end`` holds for the texts that begin with ``prefix``."""
    end = prefix_end(prefix)
    # In SQLite every text sorts before every blob (https://sqlite.org/datatype3.html, section 4.1).
    return prefix, b"" if end is None else end


def under_range(under: str | None) -> tuple[str, str, str | bytes]:
    """``(itself, start, end)`` for paths at or below the directory ``under``; None or "" is the root."""
    directory = (under or "").rstrip("/")
    return directory, *prefix_range(directory + "/" if directory else "")
