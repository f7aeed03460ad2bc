"""The log: events with keys, on standard error only.

An event's name is dotted, the component first, in the past tense where something happened; numbers carry their unit in
the key: ``log.info("store.batch_committed", files=100, duration_ms=12)``. A person at a terminal gets one aligned line
for each, anything else one JSON object a line. What libraries log through ``logging`` comes out the same way.

Importing structlog imports rich with it (75 ms, 5 MB), whichever renderer is used; so the parse lanes and the quick
commands do not import this module.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from remora_hub.terminal import printable

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "console", "json"]

_PACKAGE = "remora_hub"


def get_logger(name: str) -> FilteringBoundLogger:
    """The logger of a module (``get_logger(__name__)``); until ``configure_logs`` is called, warnings are shown."""
    if not structlog.is_configured():
        configure_logs("warning")  # structlog's own default prints to standard output
    return cast(FilteringBoundLogger, structlog.stdlib.get_logger(name))


def configure_logs(level: Level = "info", log_format: Format = "auto", stream: TextIO | None = None) -> None:
    """Send every event of ``level`` or above to ``stream`` (standard error); may be called again to change either.

    Libraries are heard from ``warning`` on, at level ``debug`` from ``info`` on. A stream that cannot be written to
    loses its events and disturbs nothing else.
    """
    stream = stream or sys.stderr
    console = stream.isatty() if log_format == "auto" else log_format == "console"
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(console=console, colors=stream.isatty()),
            ],
        )
    )
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
    threshold = logging.getLevelNamesMapping()[level.upper()]
    logging.getLogger(_PACKAGE).setLevel(threshold)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # a reload of the configuration changes the level of running loggers
    )


def _renderers(*, console: bool, colors: bool) -> list[Processor]:
    if console:
        plain = (
            structlog.dev.plain_traceback
        )  # the rich one prints local variables: source and names of strangers
        return [_escape, structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    return [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),  # the standard library's json: it takes names that are not UTF-8
    ]


def _escape(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Names and messages from outside must not steer the terminal they are shown on."""
    return {key: printable(value) if isinstance(value, str) else value for key, value in event.items()}
