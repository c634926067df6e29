"""What a worker of the soak does: one chunk of one part."""

from __future__ import annotations

import time
import traceback
from typing import NamedTuple

from tests.soak.parts import Figures, load


class Tried(NamedTuple):
    """What came of a chunk: its figures, or what went wrong."""

    figures: Figures
    seconds: float
    error: str | None


def attempt(module: str, first: int, count: int) -> Tried:
    """In a worker: try one chunk."""
    part = load(module)
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"{part.name}: {text}", flush=True)

    try:
        figures = part.run(first=first, count=count, say=say)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        say("".join(traceback.format_exception(error)))
        return Tried({}, time.monotonic() - begun, f"{type(error).__name__}: {error}")
    return Tried(figures, time.monotonic() - begun, None)
