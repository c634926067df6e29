"""The transcript: what happens on both sides, as it happens, for the person who watches.

One line an event: the time in Zulu, which way it goes, the serial, how urgent, what it is, a few words of it and how
far it came. What was opened is told from the reader's side, out of the body that the reader's own client opened. Every
text passes through `printable`, as everywhere, and is cut where it would break the line.

    09:14:07Z  ARC >      ARC 12   IMMEDIATE  Incident notification   RedPenguin: data leaked  [held in 9 ms]
                                              2025-03, severity 4, attributed, signed by duty and release
    09:14:07Z      < BOR  BOR 9    routine    Opened                  ARC 12: RedPenguin: data leaked  [held in 8 ms]
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hotline.demo.rules import ARC
from hotline.printable import printable
from hotline.zulu import zulu

WIDTH = 118
MARGIN = 23
TEXT_MIN = 20
MARK = "DEMONSTRATION"

Paint = Callable[..., str]
Part = tuple[str, tuple[str, ...]]


@dataclass(slots=True)
class Transcript:
    """Writes the transcript.

    Attributes:
        write: takes one line.
        paint: colours a text, or leaves it as it is.
        now_ms: the time, UTC milliseconds.
        lines: what was written, without colours.
    """

    write: Callable[[str], None]
    paint: Paint
    now_ms: Callable[[], int]
    lines: list[str] = field(default_factory=list)

    def head(self, lines: Sequence[str]) -> None:
        """Say what this is, before anything else."""
        self._line((f"{MARK}: two invented ministries and a public record; nothing said here is meant.", ("bold",)))
        for line in lines:
            self._line((printable(line), ()))
        self._line()

    def tail(self, lines: Sequence[str]) -> None:
        """Say at the end what this was."""
        self._line()
        for line in lines:
            self._line((printable(line), ()))
        self._line((f"{MARK}: nothing said here was meant.", ("bold",)))

    def note(self, what: str, text: str, *colours: str) -> None:
        """Tell of something that neither party said."""
        wrapped = textwrap.wrap(printable(text), WIDTH - MARGIN, break_on_hyphens=False) or [""]
        self._line(self._time(), ("  ", ()), (f"{printable(what):<10}", colours or ("dim",)), (f"  {wrapped[0]}", ()))
        for line in wrapped[1:]:
            self._line((" " * MARGIN + line, ()))

    def said(
        self,
        *,
        voice: str,
        serial: str,
        precedence: str,
        label: str,
        text: str,
        facts: Sequence[str] = (),
        more: Sequence[str] = (),
    ) -> None:
        """Tell of a statement.

        Args:
            voice: who said it.
            serial: its name, or a word such as "draft".
            precedence: how urgent.
            label: what it is.
            text: some of its words.
            facts: how far it came, shown in brackets.
            more: what else is worth knowing, on a line of its own.
        """
        first = voice == ARC.short
        way = f"{voice} >" if first else f"    < {voice}"
        urgent = precedence if precedence not in {"flash", "immediate"} else precedence.upper()
        shown = [
            (f"{way:<9}", ("cyan",) if first else ("green",)),
            (f"{printable(serial):<7}", ()),
            (f"{printable(urgent):<9}", ("bold", "red") if precedence == "flash" else ()),
            (f"{printable(label):<22}", ()),
        ]
        told = f"[{printable('; '.join(facts))}]" if facts else ""
        indent = len(self._time()[0]) + 2 + sum(len(part) + 2 for part, _ in shown)
        left = WIDTH - indent - len(told) - 2
        shown += [(shorten(printable(text), max(TEXT_MIN, left)), ()), (told, ("dim",))]
        parts = [self._time()]
        for part in shown:
            if part[0]:
                parts += [("  ", ()), part]
        self._line(*parts)
        if more:
            beside = indent - len(shown[3][0]) - 2
            self._line((" " * beside + shorten(printable(", ".join(more)), WIDTH - beside), ("dim",)))

    def check(self, name: str, ok: bool, text: str) -> None:
        """Tell how a check came out."""
        word = (f"{'ok':<10}", ("green",)) if ok else (f"{'FAILED':<10}", ("bold", "red"))
        self._line(self._time(), ("  ", ()), word, (f"  {name:<16}  {printable(text, lines=True)}", ()))

    def _time(self) -> Part:
        return zulu(self.now_ms())[11:19] + "Z", ()

    def _line(self, *parts: Part) -> None:
        self.lines.append("".join(text for text, _ in parts).rstrip())
        self.write("".join(self.paint(text, *colours) if colours else text for text, colours in parts).rstrip())


def shorten(text: str, width: int) -> str:
    """Cut a text that would break the line, and show that it was cut."""
    return text if len(text) <= width else text[: width - 3].rstrip() + "..."
