"""msgspec, imported before anybody else does so.

Where it finds typing_extensions it imports that, and with it ``inspect``: 10 ms of a parse lane's start. All that it
would use of that Python has itself, from 3.11 on.
"""

from __future__ import annotations

from remora_hub.refused_import import refused

with refused("typing_extensions"):
    import msgspec  # noqa: F401
