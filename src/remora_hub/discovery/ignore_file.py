"""The patterns of one ignore file, and what they say about one entry of a directory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from remora_hub.discovery.wildmatch import is_literal, last_segment_regex, name_regex, octets, path_regex

_MAX_REMEMBERED_NAMES = 20_000


class Patterns:
    """Those patterns of a file that can match one type of entry, arranged so that most entries cost one look-up.

    Each pattern keeps its place in the file, since the last one that matches decides. What a name alone decides is
    remembered, since names repeat so much (``__init__.py``): the place of the last pattern without a slash that
    matches it, and whether a pattern with a slash can match a path that ends in it.
    """

    __slots__ = ("_last_segments", "_literals", "_name_globs", "_negated", "_path_globs", "_remembered")

    def __init__(self, patterns: Sequence[tuple[str, bool]]) -> None:
        self._literals: dict[str, int] = {}
        self._negated = [negated for _, negated in patterns]
        name_globs: list[tuple[int, str]] = []
        path_globs: list[tuple[int, str]] = []
        last_segments: list[tuple[int, str]] = []
        for place, (pattern, _) in enumerate(patterns):
            if "/" in pattern:
                path_globs.append((place, path_regex(pattern.removeprefix("/"))))
                last_segments.append((place, last_segment_regex(pattern)))
            elif is_literal(pattern):
                self._literals[pattern] = place
            else:
                name_globs.append((place, name_regex(pattern)))
        self._name_globs = _Alternatives(name_globs)
        self._path_globs = _Alternatives(path_globs)
        self._last_segments = _Alternatives(last_segments)
        self._remembered: dict[str, tuple[int, bool]] = {}

    def __bool__(self) -> bool:
        return bool(self._negated)

    def verdict(self, path: str, name: str) -> bool | None:
        """As ``IgnoreFile.verdict``."""
        place, path_matters = self._remembered.get(name) or self._by_name(name)
        if path_matters:
            place = max(place, self._path_globs.last_match(octets(path)))
        return None if place < 0 else not self._negated[place]

    def _by_name(self, name: str) -> tuple[int, bool]:
        raw = octets(name)
        place = max(self._literals.get(raw, -1), self._name_globs.last_match(raw))
        if len(self._remembered) >= _MAX_REMEMBERED_NAMES:
            self._remembered.clear()
        answer = self._remembered[name] = (place, self._last_segments.last_match(raw) >= 0)
        return answer


class _Alternatives:
    """Several regexes as one; the last of the file stands first, so that the first hit is the one that decides."""

    __slots__ = ("_fullmatch", "_places")

    def __init__(self, numbered: Sequence[tuple[int, str]]) -> None:
        latest_first = numbered[::-1] or [(-1, "")]
        self._places = [place for place, _ in latest_first]
        self._fullmatch = re.compile("|".join(f"({regex})" for _, regex in latest_first), re.DOTALL).fullmatch

    def last_match(self, raw: str) -> int:
        """The place of the last pattern that matches, or -1."""
        match = self._fullmatch(raw)
        return -1 if match is None or match.lastindex is None else self._places[match.lastindex - 1]


class IgnoreFile:
    """Parsed patterns of one ignore file, or of any list in its syntax (gitignore(5), "Pattern format").

    ``for_files`` and ``for_directories`` are those that can match an entry of that type.
    """

    def __init__(self, content: bytes) -> None:
        for_files: list[tuple[str, bool]] = []
        for_directories: list[tuple[str, bool]] = []
        for line in _lines(content):
            negated = line.startswith("!")
            pattern = line[1:] if negated else line
            if pattern.endswith("/"):
                for_directories.append((pattern[:-1], negated))
            else:
                for_directories.append((pattern, negated))
                for_files.append((pattern, negated))
        self.for_files = Patterns(for_files)
        self.for_directories = Patterns(for_directories)

    @classmethod
    def of_patterns(cls, patterns: Iterable[str]) -> IgnoreFile:
        """Patterns from a configuration, one per item."""
        return cls("\n".join(patterns).encode("utf-8", "surrogateescape"))

    def verdict(self, path: str, name: str, is_directory: bool) -> bool | None:
        """True: ignored; False: re-included; None: no pattern matches.

        ``path`` is relative to the file's directory, ``name`` its last part. Only this entry is judged, not the
        directories above it: what lies below an ignored directory is ignored whatever matches it.
        """
        return (self.for_directories if is_directory else self.for_files).verdict(path, name)

    def selects_file(self, path: str) -> bool:
        """Whether the patterns, read as a selection, take this file: by itself or with a directory above it."""
        parts = path.split("/")
        for depth in range(len(parts), 0, -1):
            verdict = self.verdict("/".join(parts[:depth]), parts[depth - 1], depth < len(parts))
            if verdict is not None:
                return verdict
        return False


def _lines(content: bytes) -> Iterable[str]:
    """The patterns as octet strings: no comments, no blank lines, white space trimmed as git does."""
    for raw in content.removeprefix(b"\xef\xbb\xbf").decode("latin-1").split("\n"):
        if raw.startswith("#"):
            continue
        line = _without_trailing_spaces(raw.removesuffix("\r"))
        if line not in ("", "!", "/", "!/"):
            yield line


def _without_trailing_spaces(line: str) -> str:
    """Drop trailing spaces (not tabs), unless quoted by a backslash."""
    kept = line.rstrip(" ")
    backslashes = len(kept) - len(kept.rstrip("\\"))
    if backslashes % 2 and kept != line:
        return kept + " "
    return kept
