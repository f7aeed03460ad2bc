"""Declarations as one line of text: what follows the name, white space folded, comments left out."""

from __future__ import annotations

import re

from remora_hub.extract.mask import STRING

_COMMENT_OR_STRING = re.compile(rb"(" + STRING.pattern + rb")|\#[^\n]*+", re.DOTALL)
_FOLDS = re.compile(r"\s*\\?\n\s*|[ \t\f]{2,}")
_PADDING = (
    ("( ", "("),
    ("[ ", "["),
    ("{ ", "{"),
    (", )", ")"),
    (" )", ")"),
    (", ]", "]"),
    (" ]", "]"),
    (", }", "}"),
    (" }", "}"),
)
_LONGEST_VALUE = 80
_LONGEST_SIGNATURE = 2_000


def folded_signature(source: bytes, start: int, end: int) -> str:
    """The source between two positions as one line; a multi-line parameter list reads as if written on one."""
    text = source[start:end].strip()
    if b"\n" not in text:
        return text.decode("utf-8", "replace")[:_LONGEST_SIGNATURE]
    if b"#" in text:
        text = _COMMENT_OR_STRING.sub(lambda found: found.group(1) or b"", text)
    if b'"' in text or b"'" in text or b"\\" in text:  # white space in strings is theirs
        folded = _FOLDS.sub(" ", text.decode("utf-8", "replace"))
    else:
        folded = " ".join(text.decode("utf-8", "replace").split())
    for padded, plain in _PADDING:
        folded = folded.replace(padded, plain)
    return folded[:_LONGEST_SIGNATURE]


def declared_value(source: bytes, start: int, end: int) -> str:
    """Annotation and value of a variable from behind its name, cut off behind 80 characters."""
    if end - start <= _LONGEST_VALUE:
        return folded_signature(source, start, end)
    text = folded_signature(source, start, min(end, start + 4 * _LONGEST_VALUE))
    return text[: _LONGEST_VALUE - 1].rstrip() + "…" if len(text) > _LONGEST_VALUE else text
