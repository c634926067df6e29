"""A terminal as a screen: keys one at a time, the whole screen written anew, everything put back at the end.

Whatever ends the program puts the terminal back as it was: leaving by a key, Ctrl-C, a signal that asks to end, or an
error. The size is asked for at each drawing, so that a window may be resized at any time.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final

_ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[?7l"
_LEAVE: Final = "\x1b[?7h\x1b[?25h\x1b[?1049l"
_KEYS_AT_ONCE: Final = 64


class Ended(Exception):
    """Somebody asked this program to end."""


class Terminal:
    """An open screen."""

    def __init__(self, keyboard: int, screen: int) -> None:
        self._keyboard = keyboard
        self._screen = screen
        self._drawn: list[str] = []
        self._size = (0, 0)

    def size(self) -> tuple[int, int]:
        """Width and height now, in characters."""
        try:
            found = os.get_terminal_size(self._screen)
        except OSError:
            found = shutil.get_terminal_size()
        return max(1, found.columns), max(1, found.lines)

    def draw(self, lines: Sequence[str]) -> None:
        """Show the lines; what stands there already is not written again."""
        size = self.size()
        lines = list(lines[: size[1]])
        if size == self._size and lines == self._drawn:
            return
        whole = size != self._size or len(lines) != len(self._drawn)
        parts = ["\x1b[H\x1b[2J" if whole else ""]
        for number, text in enumerate(lines):
            if whole or text != self._drawn[number]:
                parts.append(f"\x1b[{number + 1};1H{text}\x1b[K")
        self._write("".join(parts))
        self._size, self._drawn = size, lines

    def ring(self) -> None:
        """Ring the bell."""
        self._write("\a")

    def keys(self, timeout_s: float) -> str:
        """The keys that were pressed, after at most so long; empty for none.

        Raises:
            Ended: the terminal is gone.
        """
        ready, _, _ = select.select([self._keyboard], [], [], timeout_s)
        if not ready:
            return ""
        try:
            data = os.read(self._keyboard, _KEYS_AT_ONCE)
        except OSError as error:
            raise Ended("the terminal is gone") from error
        if not data:
            raise Ended("the terminal is gone")
        return data.decode("utf-8", errors="replace")

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", errors="replace")
        try:
            while data:
                data = data[os.write(self._screen, data) :]
        except OSError as error:
            raise Ended("the terminal is gone") from error

    def enter(self) -> None:
        """Take the screen."""
        self._write(_ENTER)

    def leave(self) -> None:
        """Give it back."""
        self._write(_LEAVE)


@contextmanager
def opened() -> Iterator[Terminal]:
    """Take the terminal of this program for as long as the block lasts."""
    keyboard, screen = sys.stdin.fileno(), sys.stdout.fileno()
    before = termios.tcgetattr(keyboard)
    handlers = {
        number: signal.signal(number, handler)
        for number, handler in (
            (signal.SIGTERM, _end),
            (signal.SIGHUP, _end),
            # A watch that was stopped would make no sound, and nobody would know.
            (signal.SIGTSTP, signal.SIG_IGN),
        )
    }
    terminal = Terminal(keyboard, screen)
    try:
        tty.setcbreak(keyboard)
        terminal.enter()
        yield terminal
    finally:
        try:
            terminal.leave()
            termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
        except (Ended, termios.error):
            # It is gone, and so is what would have to be put back.
            pass
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    raise Ended(f"signal {number}")
