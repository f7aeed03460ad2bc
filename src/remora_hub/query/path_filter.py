"""Which paths a client means by a directory, a file or a glob."""

from __future__ import annotations

import re
from collections.abc import Callable

_WILDCARD = re.compile(r"[*?\[]")
_TOKEN = re.compile(
    r"(?P<any_depth>\*\*/)|(?P<all>\*\*)|(?P<some>\*)|(?P<one>\?)|\[(?P<no>!?)(?P<set>\]?[^\]]*)\]", re.DOTALL
)


def path_filter(wanted: str) -> Callable[[str], bool]:
    """What tells whether a path is meant by ``wanted``: that path, a path below it, or one that matches it as a glob.

    ``*`` and ``?`` stay within one part of the path, ``**`` does not; ``[...]`` is one of these characters. A glob
    without a slash is compared with the last part of the path alone, as in an ignore file.
    """
    wanted = wanted.removeprefix("./").rstrip("/")
    if not wanted or wanted == ".":
        return lambda _path: True
    if not _WILDCARD.search(wanted):
        below = wanted + "/"
        return lambda path: path == wanted or path.startswith(below)
    if "/" not in wanted:
        wanted = "**/" + wanted
    # What matches a directory means all that is in it.
    matches = re.compile(f"{_translated(wanted)}(?:/.*)?", re.DOTALL).fullmatch
    return lambda path: matches(path) is not None


def _translated(glob: str) -> str:
    pattern, end = "", 0
    for token in _TOKEN.finditer(glob):
        pattern += re.escape(glob[end : token.start()]) + _of_token(token)
        end = token.end()
    return pattern + re.escape(glob[end:])


def _of_token(token: re.Match[str]) -> str:
    if token["any_depth"]:
        return "(?:.*/)?"
    if token["all"]:
        return ".*"
    if token["some"]:
        return "[^/]*"
    if token["one"]:
        return "[^/]"
    characters = "".join("-" if c == "-" else re.escape(c) for c in token["set"])
    return f"(?!/)[{'^' if token['no'] else ''}{characters}]"
