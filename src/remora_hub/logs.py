"""The log: events with keys, on standard error only.

An event's name is dotted, the component first, in the past tense where something happened; numbers carry their unit in
the key: ``log.info("store.batch_committed", files=100, duration_ms=12)``. ``log_events`` lists all events and keys. A
person at a terminal gets one aligned line for each, systemd's journal an entry with fields, anything else one JSON
object a line. What libraries log through ``logging`` comes out the same way. Of an event that is said again and again a
few different ones are let through each minute; then a line says how many more there were.

Events below the level cost next to nothing, and a process that writes none does not import structlog.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Literal, TextIO

from remora_hub.log_repeats import Repeats

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "console", "json", "journal"]

_PACKAGE = "remora_hub"

_context: ContextVar[Mapping[str, object]] = ContextVar("log_context", default=MappingProxyType({}))


class EventLogger:
    """The logger of a module. A level's method takes an event's name and its keys."""

    __slots__ = ("_logger",)

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, **keys: object) -> None:
        """What only somebody who looks for a fault wants to know."""
        self._log(logging.DEBUG, event, keys)

    def info(self, event: str, **keys: object) -> None:
        """What happens in the normal course of things."""
        self._log(logging.INFO, event, keys)

    def warning(self, event: str, **keys: object) -> None:
        """What goes wrong and is dealt with."""
        self._log(logging.WARNING, event, keys)

    def error(self, event: str, **keys: object) -> None:
        """What goes wrong."""
        self._log(logging.ERROR, event, keys)

    def exception(self, event: str, **keys: object) -> None:
        """An error, with the traceback of the exception that is being handled."""
        self._log(logging.ERROR, event, {**keys, "exc_info": True})

    def _log(self, level: int, event: str, keys: dict[str, object]) -> None:
        if not self._logger.isEnabledFor(level):
            return
        if not _is_configured():
            configure_logs("warning")
        if level == logging.DEBUG or _repeats.admits(level, event, repr(keys)):
            _write(self._logger.name, level, event, {**_context.get(), **keys})


def get_logger(name: str) -> EventLogger:
    """The logger of a module (``get_logger(__name__)``); until ``configure_logs`` is called, warnings are shown."""
    return EventLogger(name)


@contextmanager
def log_context(**keys: object) -> Iterator[None]:
    """Add ``keys`` to every event of this block, and of the tasks that are begun in it."""
    token = _context.set({**_context.get(), **keys})
    try:
        yield
    finally:
        _context.reset(token)


def configure_logs(level: Level = "info", log_format: Format = "auto", stream: TextIO | None = None) -> None:
    """Send every event of ``level`` or above to ``stream`` (standard error); may be called again to change either.

    Libraries are heard from ``warning`` on, at level ``debug`` from ``info`` on. A stream that cannot be written to
    loses its events and disturbs nothing else.
    """
    handler_for = _PresentStandardError if stream is None else logging.StreamHandler
    stream = stream or sys.stderr
    chosen = _format_for(stream) if log_format == "auto" else log_format
    handler = _journal_handler(stream) if chosen == "journal" else handler_for(stream)
    handler.setFormatter(_LateFormatter(console=chosen == "console", colors=stream.isatty()))
    handler.addFilter(_is_admitted)
    logging.raiseExceptions = (
        False  # a full disk or a closed pipe behind standard error must not stop the hub
    )
    logging.captureWarnings(True)
    root = logging.getLogger()
    _repeats.close()
    for earlier in [earlier for earlier in root.handlers if earlier.get_name() == _PACKAGE]:
        root.removeHandler(earlier)
        earlier.close()
    handler.set_name(_PACKAGE)
    root.addHandler(handler)
    root.setLevel(logging.INFO if level == "debug" else logging.WARNING)
    logging.getLogger(_PACKAGE).setLevel(logging.getLevelNamesMapping()[level.upper()])


class _PresentStandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at the time: a progress bar puts something there that makes room for lines."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        self.setStream(sys.stderr)
        super().emit(record)


class _LateFormatter(logging.Formatter):
    """``log_lines``' formatter, made when the first line is."""

    def __init__(self, *, console: bool, colors: bool) -> None:
        super().__init__()
        self._console = console
        self._colors = colors
        self._formatter: logging.Formatter | None = None

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        if self._formatter is None:
            from remora_hub.log_lines import line_formatter

            self._formatter = line_formatter(console=self._console, colors=self._colors)
        return self._formatter.format(record)


def _is_admitted(record: logging.LogRecord) -> bool:
    """Limits what libraries say; an ``EventLogger`` asks before it makes a line."""
    is_own = record.name.partition(".")[0] == _PACKAGE
    return is_own or _repeats.admits(record.levelno, str(record.msg), str(record.args))


def _summarize(level: int, event: str, count: int, seconds: float) -> None:
    _write(__name__, level, "log.repeated", {"said": event, "times_more": count, "seconds": round(seconds)})


def _write(name: str, level: int, event: str, keys: Mapping[str, object]) -> None:
    from remora_hub.log_lines import structured_logger  # with the first line

    structured_logger(name).log(level, event, **keys)


def _format_for(stream: TextIO) -> Format:
    if stream.isatty():
        return "console"
    if "JOURNAL_STREAM" not in os.environ:
        return "json"
    from remora_hub.log_journal import is_journal  # only under systemd

    return "journal" if is_journal(stream) else "json"


def _journal_handler(stream: TextIO) -> logging.Handler:
    from remora_hub.log_journal import JournalHandler  # only under systemd

    return JournalHandler(stream)


def _is_configured() -> bool:
    return any(handler.get_name() == _PACKAGE for handler in logging.getLogger().handlers)


_repeats = Repeats(_summarize)  # one for the process, as logging's own state is
atexit.register(_repeats.close)
