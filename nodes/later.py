"""Rosters that the roots signed beforehand, for a time that is to come: the end of a delegation or of an absence.

The roots are in safes, and a delegation has to end without them. So they sign the roster that follows its end together
with the one that begins it, and it lies in `later/` of the channel as `roster-<version>-<time>.statement`. When the
time has come, the node logs it like any other. Logged early it ends a delegation early, which is nobody's harm; not
logged at all it leaves the delegate without any role, because the roster before says when they end. A roster that was
made in between takes its place; the commands that make one sign the later ones anew.

Source: spec/keys-and-rosters.md, "People".
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog

from keys.errors import KeysError
from keys.roster import check_succession, parse
from nodes.admission import AdmissionRefused
from nodes.clock import Reading, now
from nodes.errors import NodeError
from nodes.files import read_file
from nodes.home import ChannelHome
from nodes.line import Line
from nodes.signed import SignedStatement
from protocol.errors import ProtocolError

LOOK_EVERY_S: Final = 5.0
_NAME = re.compile(r"roster-([0-9]{6})-([0-9]{1,15})\.statement")


def name_of(version: int, at_ms: int) -> str:
    """The name of a roster's file.

    Args:
        version: of the roster.
        at_ms: when it is to be logged, UTC milliseconds.
    """
    return f"roster-{version:06d}-{at_ms}.statement"


def waiting(home: ChannelHome) -> list[tuple[int, Path]]:
    """The time and file of each roster that waits, in the order of their versions."""
    if not home.later.is_dir():
        return []
    found = [(match, path) for path in home.later.iterdir() if (match := _NAME.fullmatch(path.name))]
    return [(int(match[2]), path) for match, path in sorted(found, key=lambda one: one[0][1])]


class Later:
    """Logs what waits when its time has come.

    Args:
        lines: of the node, by the counterpart's short name.
        read: reads the clocks.
    """

    def __init__(self, lines: Mapping[str, Line], *, read: Reading = now) -> None:
        self._lines = lines
        self._read = read
        self.log = structlog.get_logger(part="later")

    async def run(self) -> None:
        """Look again and again, for ever."""
        while True:
            for line in list(self._lines.values()):
                try:
                    await self.look(line)
                except Exception:
                    # A mistake of ours. It must not pass unseen, and is no reason to cut a line.
                    self.log.exception("later rosters failed", line=line.counterpart)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self, line: Line) -> None:
        """Log what is due on one line, one roster after the other; wait where the line does not speak yet."""
        for at_ms, path in waiting(line.home):
            if at_ms > self._read().wall_ms or not line.live:
                return
            try:
                signed = SignedStatement.parse(read_file(path))
                roster = parse(signed.body or b"")
                last = line.own_rosters[-1]
                if roster.version > last.roster.version + 1:
                    # The one before it is on its way, or was never logged: then neither is this.
                    return
                if signed.body != last.text:
                    check_succession(last.roster, last.text, roster)
                    outcome = await line.intake.submit(signed)
                    if outcome.state not in {"logged", "held"}:
                        return
                    self.log.info("roster logged in its time", line=line.counterpart, file=path.name)
            except (KeysError, ProtocolError, AdmissionRefused) as error:
                # It is void: another roster came in between, or another agreement. The next one of the roots mends it.
                line.alarm("roster-refused", f"{path.name} cannot be logged: {error}")
            except NodeError as error:
                # No room, or the store is at work on itself: in its time.
                self.log.warning("roster waits", line=line.counterpart, code=error.code)
                return
            path.unlink(missing_ok=True)
