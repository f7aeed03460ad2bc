"""An error as a person reads it."""

from __future__ import annotations

from remora_hub.errors import HubError
from remora_hub.terminal import printable


def error_text(error: HubError) -> str:
    """``remora-hub: <sentence>``, and on a second line what keeps the index from being true."""
    lines = [f"remora-hub: {printable(str(error))}"]
    if error.degraded is not None and error.degraded not in str(error):  # it may be the error itself
        lines.append(f"remora-hub: degraded: {printable(error.degraded)}")
    return "\n".join(lines)
