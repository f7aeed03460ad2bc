"""One way to look at what extraction finds: the records of a source, by key suffix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from remora_hub.compression import NAMES
from remora_hub.extract.extract import Extractor
from remora_hub.facts import unpack_nodes


class Found:
    """The facts of one source, unpacked: ``nodes`` by suffix in source order, ``file``, ``names``."""

    def __init__(self, source: str | bytes, path: str) -> None:
        data = source.encode() if isinstance(source, str) else source
        packed = Extractor().extract(path, data)
        bodies = [msgspec.json.decode(body) for body in unpack_nodes(packed.nodes)]
        self.nodes: dict[str, dict[str, Any]] = dict(zip(packed.suffixes, bodies, strict=True))
        self.file: dict[str, Any] = msgspec.json.decode(packed.body)
        self.names = NAMES.decompress(packed.names).decode("utf-8", "replace").splitlines()
        self.code = packed.code

    def __getitem__(self, suffix: str) -> dict[str, Any]:
        return self.nodes[suffix]

    def kinds(self) -> dict[str, str]:
        """Kind by suffix, without the module."""
        return {suffix: node["kind"] for suffix, node in self.nodes.items() if node["kind"] != "module"}


Extract = Callable[..., Found]


@pytest.fixture
def extract() -> Extract:
    def extract_source(source: str | bytes, path: str = "pkg/module.py") -> Found:
        return Found(source, path)

    return extract_source
