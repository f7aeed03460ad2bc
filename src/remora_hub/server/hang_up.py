"""Whether a client is gone, or has only said all that it has to say."""

from __future__ import annotations

import asyncio
import select


def has_hung_up(writer: asyncio.StreamWriter) -> bool:
    """Whether nobody reads at the other end any more: poll(2) reports POLLHUP only where both directions are closed."""
    peer = writer.get_extra_info("socket")
    if writer.is_closing() or peer is None or peer.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(peer.fileno(), 0)
    return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))
