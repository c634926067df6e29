"""The sound of a watch: the terminal's bell, or a program, again and again until it is stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Final

BELL_EVERY_S: Final = 2.0
PROGRAM_EVERY_S: Final = 3.0


class Sound:
    """See the module.

    Args:
        ring: rings the terminal's bell; None where there is none.
        program: started in its place, with its arguments; empty for the bell.
    """

    def __init__(self, *, ring: Callable[[], None] | None, program: Sequence[str] = ()) -> None:
        self._ring = ring
        self._program = list(program)
        self._process: subprocess.Popen[bytes] | None = None
        self._last_s = float("-inf")
        self.problem = ""

    @property
    def there(self) -> bool:
        """Whether anything can be heard."""
        return bool(self._program and not self.problem) or self._ring is not None

    def play(self) -> None:
        """Make the sound if it is time for it; call it often."""
        clock_s = time.monotonic()
        if self._program and not self.problem:
            if self._running() or clock_s - self._last_s < PROGRAM_EVERY_S:
                return
            self._last_s = clock_s
            self._start()
        elif self._ring is not None and clock_s - self._last_s >= BELL_EVERY_S:
            self._last_s = clock_s
            self._ring()

    def stop(self) -> None:
        """Be still."""
        if self._running() and self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.5)
            if self._process.poll() is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._last_s = float("-inf")

    def _running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _start(self) -> None:
        try:
            self._process = subprocess.Popen(
                self._program,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            # The bell is left, where there is one; the screen says so.
            self.problem = getattr(error, "strerror", None) or str(error)
