"""How an event of the log becomes a line, by structlog: an aligned one for a person, or a JSON object.

``logs`` imports this module when the first line is written. Where structlog finds rich it imports it, for tracebacks
that are not used here: 80 ms and 5 MB, a fifth of a start. It does without where it finds none.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from contextlib import nullcontext
from typing import Any, cast

from remora_hub.refused_import import refused
from remora_hub.terminal import printable

# On a terminal it may be wanted, for a bar.
with nullcontext() if sys.stderr.isatty() else refused("rich"):
    import structlog
    from structlog.typing import FilteringBoundLogger, Processor

_SHARED: list[Processor] = [
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def structured_logger(name: str) -> FilteringBoundLogger:
    """The logger that hands events to ``logging`` under ``name``; those below its level are dropped by then."""
    if not structlog.is_configured():
        structlog.configure(
            processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
            wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
            logger_factory=structlog.stdlib.LoggerFactory(),
            cache_logger_on_first_use=False,
        )
    return cast(FilteringBoundLogger, structlog.stdlib.get_logger(name))


def line_formatter(*, console: bool, colors: bool) -> logging.Formatter:
    """The formatter of the hub's events, and of what libraries log."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *_SHARED],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_renderers(console=console, colors=colors),
        ],
    )


def _renderers(*, console: bool, colors: bool) -> list[Processor]:
    if console:
        # The rich traceback prints local variables: source and names of strangers.
        plain = structlog.dev.plain_traceback
        return [
            structlog.processors.TimeStamper(
                fmt="%Y-%m-%d %H:%M:%S", utc=False
            ),  # as the clock on their wall
            _escape,
            structlog.dev.ConsoleRenderer(colors=colors, sort_keys=False, exception_formatter=plain),
        ]
    return [
        structlog.processors.format_exc_info,
        _lead,
        structlog.processors.JSONRenderer(),  # the standard library's json: it takes names that are not UTF-8
    ]


def _lead(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """When, how severe, what: a person reads these first."""
    return {key: event.pop(key) for key in ("timestamp", "level", "event") if key in event} | dict(event)


def _escape(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Names and messages from outside must not steer the terminal they are shown on."""
    return {key: printable(value) if isinstance(value, str) else value for key, value in event.items()}
