"""What the service manager hands over and is told: sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3).

The protocol is a few environment variables and datagrams of ``NAME=value`` lines, so these are the lines that
sd_notify(3) documents, without a library: cysystemd 2.0 knows neither EXTEND_TIMEOUT_USEC nor MONOTONIC_USEC, sends one
assignment a datagram (RELOADING and its time stamp belong into one), and brings a libsystemd of its own, 6 MB, for it.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import MutableMapping, Sequence
from typing import Self

from remora_hub.logs import get_logger

_FIRST_FD = 3  # SD_LISTEN_FDS_START
_LONGEST_SEND_S = 1.0  # a manager that does not read must not hold up the event loop for longer

log = get_logger(__name__)


class ServiceManager:
    """The manager that started this process; without an ``address``, none: then everything told goes nowhere.

    ``watchdog_s`` is how often it wants to hear from the process at least; None: not at all. ``listeners`` are the
    sockets it listens on already, for the process to answer.
    """

    def __init__(
        self, address: str = "", watchdog_s: float | None = None, listeners: Sequence[socket.socket] = ()
    ) -> None:
        self.watchdog_s = watchdog_s
        self.listeners = tuple(listeners)
        self._is_stopping = False
        self._address = f"\0{address[1:]}" if address.startswith("@") else address

    @classmethod
    def take_over(cls, environ: MutableMapping[str, str] = os.environ) -> Self:
        """What ``environ`` says is meant for this process. It is removed: no child shall think it is the service."""
        names = (
            "NOTIFY_SOCKET",
            "WATCHDOG_USEC",
            "WATCHDOG_PID",
            "LISTEN_FDS",
            "LISTEN_PID",
            "LISTEN_FDNAMES",
        )
        said = {name: environ.pop(name, "") for name in names}
        own_pid = str(os.getpid())
        watchdog_us = _number(said["WATCHDOG_USEC"]) if said["WATCHDOG_PID"] in ("", own_pid) else 0
        count = _number(said["LISTEN_FDS"]) if said["LISTEN_PID"] == own_pid else 0
        fds = range(_FIRST_FD, _FIRST_FD + count)
        listeners = [listener for fd in fds if (listener := _listener(fd)) is not None]
        return cls(said["NOTIFY_SOCKET"], watchdog_us / 1e6 or None, listeners)

    @property
    def listens(self) -> bool:
        """Whether anybody hears what is told."""
        return bool(self._address)

    def ready(self) -> None:
        """The service is up, or a reload is over. Not told any more once it goes down."""
        if not self._is_stopping:
            self._send("READY=1")

    def reloading(self) -> None:
        """A reload begins. The time stamp is what tells ``Type=notify-reload`` that it is not an earlier one."""
        if self._is_stopping:
            return
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """The service goes down; told once."""
        if not self._is_stopping:
            self._is_stopping = True
            self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        self._send(f"STATUS={' '.join(text.split())}")

    def alive(self) -> None:
        """The watchdog need not act."""
        self._send("WATCHDOG=1")

    def extend_timeout(self, seconds: float) -> None:
        """What is under way (starting, stopping) may take this long from now, whatever the limit was."""
        self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * 1e6)}")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(_LONGEST_SEND_S)
                sender.sendto(message.encode(), self._address)
        except OSError as error:  # a manager that is gone, or too busy, must not end the service
            log.debug("service_manager.not_reached", message=message, reason=str(error))


def _listener(fd: int) -> socket.socket | None:
    """The listening unix socket behind a descriptor, kept from children; None, and closed, if it is none."""
    try:
        found = socket.socket(fileno=fd)
    except OSError as error:
        log.warning("service_manager.no_socket", fd=fd, reason=str(error))
        return None
    found.set_inheritable(False)
    is_stream = (found.family, found.type) == (socket.AF_UNIX, socket.SOCK_STREAM)
    if not is_stream or not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        log.warning(
            "service_manager.wrong_socket", fd=fd, reason="it does not listen on a unix stream socket"
        )
        found.close()
        return None
    found.setblocking(False)
    return found


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
