"""The time, asked in one place."""

from __future__ import annotations

import time


def now_ms() -> int:
    """Give the time as UTC milliseconds."""
    return time.time_ns() // 1_000_000
