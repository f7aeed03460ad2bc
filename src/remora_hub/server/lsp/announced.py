"""What an editor says it can do, asked by dotted names; whatever it says, nothing of it is taken on trust."""

from __future__ import annotations

from typing import Any

from remora_hub.syntax.code_text import PositionEncoding

_ENCODINGS: tuple[PositionEncoding, ...] = ("utf-8", "utf-32", "utf-16")


class Announced:
    """The ``capabilities`` of ``initialize``. A client that announces nothing is served with the plainest forms."""

    def __init__(self, capabilities: object) -> None:
        self._capabilities = capabilities

    def has(self, name: str) -> bool:
        """Whether the capability ``name`` (``textDocument.definition.linkSupport``) is announced."""
        return bool(self._value(name))

    def strings(self, name: str) -> list[str]:
        """The strings listed under ``name``."""
        value = self._value(name)
        return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []

    @property
    def encoding(self) -> PositionEncoding:
        """What positions are to count: the cheapest of what the client knows; UTF-16 where it does not say."""
        offered = self.strings("general.positionEncodings")
        return next((encoding for encoding in _ENCODINGS if encoding in offered), "utf-16")

    def _value(self, name: str) -> Any:
        value = self._capabilities
        for part in name.split("."):
            if not isinstance(value, dict):
                return None
            value = value.get(part)
        return value
