"""Which paths a client means by a directory, a file or a glob."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

_WILDCARD = re.compile(r"[*?\[]")
_TOKEN = re.compile(
    r"(?P<any_depth>(?:^|(?<=/))\*\*/)|(?P<all>\*\*)|(?P<some>\*)|(?P<one>\?)|\[(?P<no>!?)(?P<set>\]?[^\]]*)\]",
    re.DOTALL,
)
_ANY_DEPTH, _ALL, _STAR = "**/", "**", "[^/]*"
_GREEDY = {_ANY_DEPTH: "(?:.*/)?", _ALL: ".*"}
_LAZY = {_ANY_DEPTH: "(?:.*?/)??", _ALL: ".*?"}


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
    """The regex of a glob. A wildcard that another one of its reach follows takes the first fit and stays with it.

    The first fit is always good enough there, and without this ``*a*a*a*a*a*b`` takes a regex minutes on one name.
    """
    runs: list[list[str]] = [
        [""]
    ]  # each behind the first begins with ``**/`` or ``**``; strings, and wildcards by name
    for kind, text in _tokens(glob):
        if kind in (_ANY_DEPTH, _ALL):
            runs.append([kind])
        else:
            runs[-1].append(text)
    head, *rest = runs
    pattern = "".join(_without_backtracking(head[1:], ends_open=bool(rest) and rest[0][0] == _ALL))
    for number, (kind, *tokens) in enumerate(rest):
        following = rest[number + 1][0] if number + 1 < len(rest) else None
        inner = "".join(_without_backtracking(tokens, ends_open=following == _ALL))
        if following is None:
            pattern += _GREEDY[kind] + inner
        else:
            pattern += f"(?>{_LAZY[kind]}{inner})"
    return pattern


def _tokens(glob: str) -> Iterator[tuple[str, str]]:
    """The glob in parts: what wildcard it is, "" for none, and its regex; a literal is a character long."""
    end = 0
    for token in _TOKEN.finditer(glob):
        yield from (("", re.escape(character)) for character in glob[end : token.start()])
        end = token.end()
        if token["any_depth"]:
            yield _ANY_DEPTH, ""
        elif token["all"]:
            yield _ALL, ""
        elif token["some"]:
            yield "", _STAR
        elif token["one"]:
            yield "", "[^/]"
        else:
            characters = "".join("-" if c == "-" else re.escape(c) for c in token["set"])
            yield "", f"(?!/)[{'^' if token['no'] else ''}{characters}]"
    yield from (("", re.escape(character)) for character in glob[end:])


def _without_backtracking(tokens: Iterable[str], *, ends_open: bool) -> Iterator[str]:
    """The tokens of a run; ``ends_open``: what follows takes anything, so the last ``*`` takes the first fit, too."""
    star: list[str] | None = None
    for part in tokens:
        if part == _STAR:
            if star is not None:
                yield f"(?>[^/]*?{''.join(star)})"
            star = []
        elif star is not None and part != "/":
            star.append(part)
        else:
            if star is not None:
                yield _STAR + "".join(star)
                star = None
            yield part
    if star is not None:
        yield f"(?>[^/]*?{''.join(star)})" if ends_open else _STAR + "".join(star)
