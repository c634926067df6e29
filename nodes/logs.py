"""Structured logs: one JSON object a line on standard error, without contents and without keys.

Only codes, sizes, serials, peers' short names and times are given to a logger. The JSON renderer escapes control
characters, so that nothing from outside can forge a line or move a cursor.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

LEVELS = ("debug", "info", "warning", "error")


def configure(level: str) -> None:
    """Set up logging for a node's process.

    Args:
        level: one of LEVELS.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    # The transport's own logger prints frames at its lowest level and tracebacks for what a peer does wrong; what
    # matters of that is logged here by its code.
    for name in ("websockets", "websockets.server", "websockets.client", "asyncio", "uvicorn", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def logger(**bound: Any) -> structlog.typing.FilteringBoundLogger:
    """A logger that says these things with every event."""
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger(**bound)
    return log
