"""The log: events with keys, on standard error only.

An event's name is dotted, the component first, in the past tense where something happened; numbers carry their unit in
the key: ``log.info("store.batch_committed", files=100, duration_ms=12)``. A person at a terminal gets one aligned line
for each, anything else one JSON object a line. What libraries log through ``logging`` comes out the same way.

Events below the level cost next to nothing, and a process that writes none does not import structlog.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal, TextIO

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "console", "json"]

_PACKAGE = "remora_hub"


class EventLogger:
    """The logger of a module. A level's method takes an event's name and its keys."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

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
        if not _is_configured():
            configure_logs("warning")
        if logging.getLogger(self._name).isEnabledFor(level):
            from remora_hub.log_lines import structured_logger

            structured_logger(self._name).log(level, event, **keys)


def get_logger(name: str) -> EventLogger:
    """The logger of a module (``get_logger(__name__)``); until ``configure_logs`` is called, warnings are shown."""
    return EventLogger(name)


def configure_logs(level: Level = "info", log_format: Format = "auto", stream: TextIO | None = None) -> None:
    """Send every event of ``level`` or above to ``stream`` (standard error); may be called again to change either.

    Libraries are heard from ``warning`` on, at level ``debug`` from ``info`` on. A stream that cannot be written to
    loses its events and disturbs nothing else.
    """
    stream = stream or sys.stderr
    console = stream.isatty() if log_format == "auto" else log_format == "console"
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_LateFormatter(console=console, colors=stream.isatty()))
    logging.raiseExceptions = (
        False  # a full disk or a closed pipe behind standard error must not stop the hub
    )
    logging.captureWarnings(True)
    root = logging.getLogger()
    for earlier in [earlier for earlier in root.handlers if earlier.get_name() == _PACKAGE]:
        root.removeHandler(earlier)
    handler.set_name(_PACKAGE)
    root.addHandler(handler)
    root.setLevel(logging.INFO if level == "debug" else logging.WARNING)
    logging.getLogger(_PACKAGE).setLevel(logging.getLevelNamesMapping()[level.upper()])


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


def _is_configured() -> bool:
    return any(handler.get_name() == _PACKAGE for handler in logging.getLogger().handlers)
