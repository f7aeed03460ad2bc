"""The types that parameters of several methods share, with their bounds."""

from __future__ import annotations

from typing import Annotated

import msgspec

Line = Annotated[int, msgspec.Meta(ge=1, le=(1 << 31) - 1)]
Path = Annotated[str, msgspec.Meta(max_length=4096)]  # PATH_MAX of Linux
Key = Annotated[str, msgspec.Meta(max_length=100_000)]  # a name may be as long as its line
Column = Annotated[int, msgspec.Meta(ge=0, le=(1 << 31) - 1)]
