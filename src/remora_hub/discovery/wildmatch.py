"""One gitignore glob as a regular expression, with git's own meaning byte for byte.

The rules are those of gitignore(5) and of ``wildmatch.c`` in git. Patterns and names are *octet strings*: ``str`` in
which each character stands for one byte (latin-1), since git matches bytes: ``?`` is one byte, not one ``é``.

pathspec's ``GitIgnoreSpec`` is not used: of 300 random sets of such patterns it disagreed with ``git check-ignore`` on
58 (POSIX classes, bytes, ``dir/**`` on the directory itself, patterns inherited by what lies below).
"""

from __future__ import annotations

import os
import re
import string
from collections.abc import Iterator

_NEVER = "(?!)"
_GLOB_SPECIAL = re.compile(r"[*?\[\\]")
_SLASHES_OR_NOTHING = "(?:.*/)?"
_ANYTHING = ".*"
_FIRST_FIT = {_SLASHES_OR_NOTHING: "(?:.*?/)??", _ANYTHING: ".*?"}
_STAR = "[^/]*"
_CLASSES: dict[str, str] = {
    "alnum": string.ascii_letters + string.digits,
    "alpha": string.ascii_letters,
    "blank": " \t",
    "cntrl": "".join(map(chr, [*range(0x20), 0x7F])),
    "digit": string.digits,
    "graph": "".join(map(chr, range(0x21, 0x7F))),
    "lower": string.ascii_lowercase,
    "print": "".join(map(chr, range(0x20, 0x7F))),
    "punct": string.punctuation,
    "space": " \t\n\r",  # git's own isspace, which leaves out \v and \f
    "upper": string.ascii_uppercase,
    "xdigit": string.hexdigits,
}


class _MalformedError(Exception):
    """The pattern can match nothing (an open bracket, a trailing backslash)."""


def octets(path: str) -> str:
    """The bytes of a path as the file system has them, one character per byte."""
    return path if path.isascii() else os.fsencode(path).decode("latin-1")


def is_literal(pattern: str) -> bool:
    """Whether the pattern holds no glob character, so that it equals the one name it matches."""
    return _GLOB_SPECIAL.search(pattern) is None


def name_regex(pattern: str) -> str:
    """Regex (for ``fullmatch``) of a pattern without a slash; it is matched against an entry's last name."""
    return _regex(pattern, across_slashes=False)


def path_regex(pattern: str) -> str:
    """Regex (for ``fullmatch``) of a pattern with a slash; matched against the path below the pattern's directory.

    git compares the leading part without glob characters as it stands and hands only the rest to wildmatch, so a
    ``**`` right behind that part counts as being at the start: ``/foo**`` also matches ``foobar/baz``.
    """
    special = _GLOB_SPECIAL.search(pattern)
    start = special.start() if special else len(pattern)
    return re.escape(pattern[:start]) + _regex(pattern[start:], across_slashes=True)


def last_segment_regex(pattern: str) -> str:
    """Regex of the names in which a path matched by this pattern with a slash can end."""
    segment = pattern.rpartition("/")[2]
    if "**" in segment or "[" in pattern:  # these may cross a slash, or hold the last one in brackets
        return ".*"
    return name_regex(segment)


def _regex(pattern: str, *, across_slashes: bool) -> str:
    try:
        return "".join(_with_first_depths(_without_backtracking(_tokens(pattern, across_slashes))))
    except _MalformedError:
        return _NEVER


def _tokens(pattern: str, across_slashes: bool) -> Iterator[str]:
    """The pattern's parts as regexes, in order."""
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "*":
            end = at
            while end < len(pattern) and pattern[end] == "*":
                end += 1
            token, at = _stars(pattern, at, end) if across_slashes and end - at > 1 else (_STAR, end)
            yield token
        elif char == "?":
            yield "[^/]"
            at += 1
        elif char == "[":
            token, at = _bracket(pattern, at)
            yield token
        else:
            if char == "\\":
                at += 1
                if at == len(pattern):
                    raise _MalformedError
            yield re.escape(pattern[at])
            at += 1


def _stars(pattern: str, start: int, end: int) -> tuple[str, int]:
    """``**`` (or more) from ``start`` to ``end``: it crosses slashes only where it fills a whole segment."""
    starts_segment = start == 0 or pattern[start - 1] == "/"
    rest = pattern[end:]
    if not starts_segment or not (rest == "" or rest.startswith(("/", "\\/"))):
        return _STAR, end
    if rest.startswith("/"):
        return _SLASHES_OR_NOTHING, end + 1
    return _ANYTHING, end


def _bracket(pattern: str, start: int) -> tuple[str, int]:
    """``[...]`` from ``start``: the regex of the bytes it stands for, and the index behind it."""
    at = start + 1
    negated = pattern[at : at + 1] in ("!", "^")
    at += negated
    chosen: set[str] = set()
    previous = ""
    first = True
    while first or pattern[at : at + 1] != "]":
        first = False
        char = pattern[at : at + 1]
        if char == "[" and pattern[at + 1 : at + 2] == ":":
            members, at = _named_class(pattern, at)
            chosen.update(members)
            previous = "[" if members == "[" else ""
            continue
        ends_range = char == "-" and previous and pattern[at + 1 : at + 2] not in ("", "]")
        if ends_range:
            at += 1
        char, at = _bracket_char(pattern, at)
        if ends_range:
            chosen.update(map(chr, range(ord(previous), ord(char) + 1)))
            previous = ""
        else:
            chosen.add(char)
            previous = char
    if negated:
        chosen = set(map(chr, range(256))) - chosen
    chosen.discard("/")
    return (f"[{''.join(map(re.escape, sorted(chosen)))}]" if chosen else _NEVER), at + 1


def _bracket_char(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at : at + 1] == "\\":
        at += 1
    if at >= len(pattern):
        raise _MalformedError
    return pattern[at], at + 1


def _named_class(pattern: str, at: int) -> tuple[str, int]:
    """``[:name:]`` at ``at``; without its end the ``[`` stands for itself, as in git."""
    close = pattern.find("]", at + 2)
    if close < 0:
        raise _MalformedError
    if close == at + 2 or pattern[close - 1] != ":":
        return "[", at + 1
    members = _CLASSES.get(pattern[at + 2 : close - 1])
    if members is None:
        raise _MalformedError
    return members, close + 1


def _without_backtracking(tokens: Iterator[str]) -> Iterator[str]:
    """Make each ``*`` that another ``*`` of its segment follows take the first fit and stay with it.

    The first fit is always good enough there, and without this ``*a*a*a*a*a*b`` takes a regex minutes on one name.
    """
    star: list[str] | None = None
    for token in tokens:
        if token == _STAR and star is not None:
            yield f"(?>[^/]*?{''.join(star)})"
            star = []
        elif token == _STAR:
            star = []
        elif star is not None and token not in ("/", _SLASHES_OR_NOTHING, _ANYTHING):
            star.append(token)
        else:
            if star is not None:
                yield _STAR + "".join(star)
                star = None
            yield token
    if star is not None:
        yield _STAR + "".join(star)


def _with_first_depths(tokens: Iterator[str]) -> Iterator[str]:
    """The same for each ``**`` that another one follows: ``**/a/**/a/**/b`` on a deep path."""
    depth = ""
    behind: list[str] = []
    for token in tokens:
        if token in _FIRST_FIT:
            if depth:
                yield f"(?>{_FIRST_FIT[depth]}{''.join(behind)})"
            depth, behind = token, []
        elif depth:
            behind.append(token)
        else:
            yield token
    yield depth + "".join(behind)
