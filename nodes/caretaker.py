"""What runs out by itself, said before it does: rosters and their people, the agreement's review, room on the disk.

None of it stops a line, and all of it is somebody's work for days: each finding is raised once a day while it holds.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from keys.root_set import RootSetVersion
from keys.roster import Roster
from nodes.clock import Reading, now
from nodes.line import Line
from protocol.agreement import Agreement
from protocol.governance import review_due

LOOK_EVERY_S: Final = 60.0
AGAIN_MS: Final = 86_400_000
ROSTER_SOON_MS: Final = 30 * 86_400_000
"""Long enough to bring the root keys from two safes."""

ROOTS_SOON_MS: Final = 90 * 86_400_000
"""Long enough to bring several keepers together, and to make keys where no network is."""

DISK_LOW_BYTES: Final = 1024**3

Finding = tuple[str, str]
"""Code and text of an alarm; the text is the same for as long as its cause is."""


def running_out(
    agreement: Agreement,
    rosters: tuple[Roster, ...],
    *,
    wall_ms: int,
    ends_ms: int | None = None,
    root_sets: Iterable[RootSetVersion] = (),
) -> Iterator[Finding]:
    """Say what of a channel's documents runs out soon, or has.

    Args:
        agreement: in force.
        rosters: of both parties, in force.
        wall_ms: the clock, UTC milliseconds.
        ends_ms: from when on the line carries only what always passes; None for never.
        root_sets: of both parties, in force.
    """
    for listed in root_sets:
        if listed.valid_until_ms and listed.valid_until_ms - wall_ms <= ROOTS_SOON_MS:
            text = f"{listed.party}'s root set {listed.version} is meant to be used until {_day(listed.valid_until_ms)}"
            yield "root-set-expiring", text
    for roster in rosters:
        name = f"{roster.party}'s roster {roster.version}"
        if roster.valid_until_ms - wall_ms <= ROSTER_SOON_MS:
            yield "roster-expiring", f"{name} is valid until {_day(roster.valid_until_ms)}"
            continue
        # Whoever ran out has left; their number stays in the roster.
        soon = [one for one in roster.people if 0 < one.valid_until_ms - wall_ms <= ROSTER_SOON_MS]
        for one in soon:
            yield "roster-expiring", f"person {one.number} in {name} is valid until {_day(one.valid_until_ms)}"
    if due := review_due(agreement, wall_ms):
        yield "agreement-review-due", f"to be reviewed by {due}"
    if ends_ms is not None and wall_ms >= ends_ms:
        yield "agreement-ended", f"since {_day(ends_ms)} the line carries only what always passes"


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC).date().isoformat()


class Caretaker:
    """Looks after the lines of one node.

    Args:
        home: where its data lies.
        lines: by the counterpart's short name.
        read: reads the clocks.
    """

    def __init__(self, home: Path, lines: Mapping[str, Line], *, read: Reading = now) -> None:
        self._home = home
        self._lines = lines
        self._read = read
        self._said: dict[tuple[str, Finding], int] = {}
        self.log = structlog.get_logger(part="caretaker")

    async def run(self) -> None:
        """Look again and again, for ever."""
        while True:
            try:
                self.look(await asyncio.to_thread(self._free))
            except Exception:
                # A mistake of ours. It must not pass unseen, and is no reason to cut a line.
                self.log.exception("caretaker failed")
            await asyncio.sleep(LOOK_EVERY_S)

    def _free(self) -> int | None:
        try:
            return shutil.disk_usage(self._home).free
        except OSError as error:
            self.log.error("disk not seen", detail=error.strerror)
            return None

    def look(self, free: int | None) -> None:
        """Look once, and raise what is found.

        Args:
            free: bytes free on the disk, or None where that is not known.
        """
        at = self._read()
        found: list[tuple[str, Finding]] = []
        for name, line in self._lines.items():
            found += [
                (name, one)
                for one in running_out(
                    line.agreement,
                    line.rosters(),
                    wall_ms=at.wall_ms,
                    ends_ms=line.projection.reign.ends_of(line.own),
                    root_sets=[held.newest for held in line.standing.roots.values()],
                )
            ]
            if free is not None and free < DISK_LOW_BYTES:
                found.append((name, ("disk-low", "less than 1 GiB is free where the home is")))
        self._said = {one: when for one, when in self._said.items() if one in found}
        for one in found:
            if at.mono_ms - self._said.get(one, at.mono_ms - AGAIN_MS) >= AGAIN_MS:
                self._said[one] = at.mono_ms
                name, (code, text) = one
                self._lines[name].alarm(code, text)
