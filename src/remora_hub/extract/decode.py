"""From the bytes on disk to UTF-8 source: byte-order marks, PEP 263 cookies, line ends.

Every later position counts bytes of this UTF-8 form. Nothing is refused: bytes that do not decode are a problem of
the file, and it is read as far as it can be.
"""

from __future__ import annotations

import codecs
import re

import msgspec

# PEP 263: the expression a cookie must match, on one of the first two lines; the first must be blank or a comment.
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.ASCII)
_BLANK = re.compile(rb"^[ \t\f]*(?:#[^\r\n]*)?\r?\n?$")
_LINES = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n|$)")

# UTF-32's mark begins with UTF-16's, so the longer one is tried first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


UTF_8 = "utf-8"


class DecodedSource(msgspec.Struct, frozen=True):
    """``source`` is the text as UTF-8, without byte-order mark, a lone CR made LF (both are one byte).

    ``encoding`` is the normalised name of what was found on disk, ``newline`` one of ``lf``, ``crlf``, ``cr``,
    ``mixed``, ``none``; ``problems`` are ``(kind, line, column, message)``.
    """

    source: bytes
    encoding: str
    newline: str
    problems: tuple[tuple[str, int, int, str], ...]


def decode_source(data: bytes) -> DecodedSource:
    """Decode ``data`` as the Python language reference asks (section 2.1.4), and UTF-16 and UTF-32 by their mark."""
    problems: list[tuple[str, int, int, str]] = []
    encoding, mark = _declared_encoding(data, problems)
    source = _as_utf8(data[mark:] if encoding == "utf-8-sig" else data, encoding, problems)
    newline = _newline_style(source)
    if newline in ("cr", "mixed"):
        source = re.sub(rb"\r(?!\n)", b"\n", source)
    nul = source.find(b"\0")
    if nul >= 0:
        line = source.count(b"\n", 0, nul) + 1
        column = nul - (source.rfind(b"\n", 0, nul) + 1)
        problems.append(("nul", line, column, "source code holds a NUL byte"))
    return DecodedSource(source, encoding, newline, tuple(problems))


def _declared_encoding(data: bytes, problems: list[tuple[str, int, int, str]]) -> tuple[str, int]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, len(mark)
    if b"coding" not in data[:4096]:  # every cookie holds this word; most files have none
        return UTF_8, 0
    start = 0
    for number in (1, 2):
        match = _LINES.match(data, start)
        line = match.group() if match else b""
        cookie = _COOKIE.match(line)
        if cookie:
            name = cookie.group(1).decode("ascii")
            try:
                found = codecs.lookup(name)
            except LookupError:
                problems.append(("encoding", number, 0, f"unknown encoding: {name}"))
                return UTF_8, 0
            if not getattr(found, "_is_text_encoding", True):  # rot13, hex, ... are not for source code
                problems.append(("encoding", number, 0, f"not a text encoding: {name}"))
                return UTF_8, 0
            if found.name.startswith(("utf-16", "utf-32")):  # in which the cookie could not be read
                problems.append(("encoding", number, 0, f"encoding without its byte-order mark: {name}"))
                return UTF_8, 0
            return UTF_8 if found.name == UTF_8 else found.name, 0
        if not _BLANK.match(line):
            break
        start += len(line)
    return UTF_8, 0


def _as_utf8(data: bytes, encoding: str, problems: list[tuple[str, int, int, str]]) -> bytes:
    if data.isascii() and encoding in ("utf-8", "utf-8-sig", "iso8859-1", "ascii", "cp1252", "iso8859-15"):
        return data
    try:
        text = data.decode(UTF_8 if encoding == "utf-8-sig" else encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1)
        problems.append(("encoding", line, column, f"bytes that are not {encoding}: {error.reason}"))
        if encoding in ("utf-8", "utf-8-sig"):
            return data  # every tool downstream works on bytes; slices are decoded with replacement
        try:
            text = data.decode(encoding, "replace")
        except (UnicodeError, ValueError):  # idna and punycode replace nothing
            return data
    except (UnicodeError, ValueError) as error:  # codecs such as idna or punycode have errors of their own
        problems.append(("encoding", 1, 0, f"cannot decode as {encoding}: {error}"))
        return data
    return data if encoding in ("utf-8", "utf-8-sig") else text.encode("utf-8", "replace")


def _newline_style(source: bytes) -> str:
    if b"\r" not in source:
        return "lf" if b"\n" in source else "none"
    pairs = source.count(b"\r\n")
    bare_cr = source.count(b"\r") - pairs
    bare_lf = source.count(b"\n") - pairs
    kinds = [name for name, count in (("crlf", pairs), ("cr", bare_cr), ("lf", bare_lf)) if count]
    return kinds[0] if len(kinds) == 1 else "mixed"
