"""A symbol as ``workspace/symbol`` shows it, in JSON: encoded once, by the thread that searches."""

from __future__ import annotations

import msgspec

from remora_hub.answers import Symbol
from remora_hub.marks import kind_of
from remora_hub.query.symbol_rows import line_and_column, names_in
from remora_hub.server.lsp.symbol_kinds import symbol_kind
from remora_hub.server.lsp.uris import RootUris
from remora_hub.syntax.code_text import PositionEncoding
from remora_hub.wire import encode_json

_CODECS: dict[PositionEncoding, tuple[str, int]] = {
    "utf-8": ("utf-8", 1),
    "utf-16": ("utf-16-le", 2),
    "utf-32": ("utf-32-le", 4),
}


class _WorkspaceSymbol(msgspec.Struct, rename="camel", gc=False):
    """LSP 3.17, "SymbolInformation". Four values for a location would take four times as long as its JSON."""

    name: str
    kind: int
    location: msgspec.Raw
    container_name: str


class ShownSymbol:
    """Encodes symbols for one editor, by its ``uris``, columns in units of ``encoding``. A ``symbol_rows.Show``."""

    def __init__(self, uris: RootUris, encoding: PositionEncoding) -> None:
        self._uris = uris
        self._encoding = encoding

    def __call__(self, path: str, suffix: str, mark: int, place: str, is_spelled: bool) -> msgspec.Raw:
        """A symbol by what a search knows of it; the editor is not told that others are still to be found."""
        line, column = line_and_column(place, self._encoding)
        return self._encoded(*names_in(path, suffix), kind_of(mark), path, line, column)

    def of(self, symbol: Symbol) -> msgspec.Raw:
        """A symbol whose column is in units of the same encoding."""
        return self._encoded(
            symbol.name, symbol.qualname, symbol.kind, symbol.path, symbol.line, symbol.column
        )

    def _encoded(self, name: str, qualname: str, kind: str, path: str, line: int, column: int) -> msgspec.Raw:
        length = 0 if kind == "module" else len(name)
        if length and not name.isascii():
            codec, width = _CODECS[self._encoding]
            length = len(name.encode(codec)) // width
        location = (
            f'{{"uri":"{self._uris.uri(path)}","range":{{"start":{{"line":{line - 1},"character":{column}}},'
            f'"end":{{"line":{line - 1},"character":{column + length}}}}}}}'
        )  # a URI holds nothing that JSON would escape (RFC 3986, section 2)
        shown = _WorkspaceSymbol(
            name, symbol_kind(kind, name), msgspec.Raw(location), qualname.rpartition(".")[0] or path
        )
        return msgspec.Raw(encode_json(shown))
