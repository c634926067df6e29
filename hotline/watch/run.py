"""The two ways to watch: at a screen, and as lines that go on for ever."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Sequence

from hotline.output import Output, to_json
from hotline.watch.changes import changes, line_of
from hotline.watch.picture import Picture
from hotline.watch.sound import Sound
from hotline.watch.terminal import Ended, Terminal, opened
from hotline.watch.view import LISTED_MAX, screen
from hotline.watch.watcher import Watcher

TICK_S = 0.25


class Screen:
    """A watch at a terminal.

    Args:
        watcher: asks the node.
        terminal: where it is shown.
        sound: until somebody acknowledges.
        output: colour and language.
    """

    def __init__(self, watcher: Watcher, terminal: Terminal, sound: Sound, output: Output) -> None:
        self._watcher = watcher
        self._terminal = terminal
        self._sound = sound
        self._output = output
        self._page = 0
        # A desk that is silent calls as well, until whoever sits there says that it was heard.
        self._heard_silence_ms: int | None = None

    def run(self) -> None:
        """Until somebody quits."""
        try:
            while True:
                picture = self._watcher.picture
                self._draw(picture)
                if self._calls(picture):
                    self._sound.play()
                else:
                    self._sound.stop()
                for key in self._terminal.keys(TICK_S):
                    if key in "qQ":
                        return
                    self._heed(key, picture)
        finally:
            self._sound.stop()

    def _calls(self, picture: Picture) -> bool:
        if picture.silent_ms is not None:
            return self._heard_silence_ms != picture.silent_ms
        return bool(picture.calling)

    def _draw(self, picture: Picture) -> None:
        width, height = self._terminal.size()
        lines = screen(
            picture,
            self._output,
            now_ms=self._watcher.now_ms(),
            width=width,
            height=height,
            page=self._page,
            sound=self._sound.there,
        )
        self._terminal.draw(lines)

    def _heed(self, key: str, picture: Picture) -> None:
        calling = picture.calling
        if key in "aA":
            self._heard_silence_ms = picture.silent_ms
            ids = [page["id"] for page in calling]
            # By name: what comes while the key is pressed has not been seen by anybody.
            if ids and picture.silent_ms is None:
                self._watcher.acknowledge(*ids)
        elif key.isdecimal() and 1 <= int(key) <= min(LISTED_MAX, len(calling)):
            self._watcher.acknowledge(calling[int(key) - 1]["id"])
        elif key == " ":
            self._page += 1


def at_screen(watcher: Watcher, output: Output, *, program: Sequence[str], bell: bool) -> None:
    """Watch at this program's terminal until somebody quits."""
    with contextlib.suppress(KeyboardInterrupt, Ended), opened() as terminal:
        watcher.start()
        try:
            sound = Sound(ring=terminal.ring if bell else None, program=program)
            Screen(watcher, terminal, sound, output).run()
        finally:
            watcher.stop()


def as_lines(watcher: Watcher, output: Output, *, program: Sequence[str]) -> None:
    """Give one line for each change, for people or as JSON, until this program is ended."""
    sound = Sound(ring=None, program=program)
    before: Picture | None = None
    ended = threading.Event()
    previous = signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        while not ended.is_set():
            watcher.look()
            for record in changes(before, watcher.picture):
                output.out.write((to_json(record) if output.as_json else line_of(record)) + "\n")
                output.out.flush()
            before = watcher.picture
            if before.calling or before.silent_ms is not None:
                sound.play()
            else:
                sound.stop()
            ended.wait(1.0)
    except KeyboardInterrupt:
        return
    finally:
        sound.stop()
        watcher.stop()
        signal.signal(signal.SIGTERM, previous)
