"""The parameters that several requests share (LSP 3.17, "Basic JSON Structures"). Unknown members are passed over."""

from __future__ import annotations

from typing import Annotated

import msgspec

UInteger = Annotated[int, msgspec.Meta(ge=0, le=(1 << 31) - 1)]


class Nothing(msgspec.Struct):
    """No parameters."""


class Position(msgspec.Struct, gc=False):
    """Both 0-based; ``character`` in units of the negotiated encoding."""

    line: UInteger
    character: UInteger


class Range(msgspec.Struct, gc=False):
    """The end is behind the last character."""

    start: Position
    end: Position


class TextDocumentIdentifier(msgspec.Struct):
    """A document, by its URI."""

    uri: str


class DocumentParams(msgspec.Struct, rename="camel"):
    """A request about a document."""

    text_document: TextDocumentIdentifier


class PositionParams(msgspec.Struct, rename="camel"):
    """A request about a position in a document."""

    text_document: TextDocumentIdentifier
    position: Position
