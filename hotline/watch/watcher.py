"""Asking the node, again and again, on a thread; a node that does not answer is part of the picture.

The thread has the connection to itself. It logs in anew whenever the connection was lost, with the key that was opened
at the start, and never asks anybody for anything.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from hotline.banners import banners
from hotline.clock import now_ms
from hotline.desk import Channel, Desk, Officer
from hotline.errors import HotlineError
from hotline.watch.picture import LineSeen, Picture
from keys.errors import KeysError
from nodes.errors import NodeError
from protocol.errors import ProtocolError

EVERY_S: Final = 1.0
ANSWER_S: Final = 5.0
INBOX_MAX: Final = 30
VERIFY_EVERY_S: Final = 30.0

FAILURES: Final = (HotlineError, NodeError, KeysError, ProtocolError, OSError)


class Watcher:
    """See the module.

    Args:
        officer: who watches; the key is open.
    """

    def __init__(self, officer: Officer) -> None:
        self._officer = officer
        self._desk: Desk | None = None
        self._names: frozenset[str] = frozenset()
        self._verified_s: dict[str, float] = {}
        self._orders: deque[tuple[str, ...]] = deque()
        self._wake = threading.Event()
        self._ending = False
        self._offset_ms = 0
        self.picture = Picture(party=officer.home.party, person=officer.number, at_ms=now_ms())
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what the node is asked meanwhile is let go."""
        self._ending = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(1.0)
        else:
            self._hang_up()

    def acknowledge(self, *ids: str) -> None:
        """Have pages acknowledged, by id, or `all`."""
        self._orders.append(ids)
        self._wake.set()

    def now_ms(self) -> int:
        """The node's clock, as last seen."""
        return now_ms() + self._offset_ms

    def _run(self) -> None:
        while not self._ending:
            self.look()
            self._wake.wait(EVERY_S)
            self._wake.clear()
        self._hang_up()

    def look(self) -> None:
        """Look once: a new picture, or the old one with the desk silent."""
        try:
            if self._desk is None:
                self._desk = self._connect()
            while self._orders:
                self._desk.request("page-ack", timeout_s=ANSWER_S, ids=list(self._orders[0]))
                self._orders.popleft()
            self.picture = self._seen(self._desk)
        except FAILURES as error:
            self._hang_up()
            why = str(getattr(error, "code", None) or type(error).__name__)
            since = self.picture.silent_ms if self.picture.silent_ms is not None else self.now_ms()
            self.picture = replace(self.picture, at_ms=self.now_ms(), silent_ms=since, silent_why=why)

    def _connect(self) -> Desk:
        desk = Desk.open(self._officer)
        try:
            names = [one["counterpart"] for one in desk.request("status", timeout_s=ANSWER_S)["channels"]]
            pinned = self._officer.home.pins()
            # Each is verified before anything of it is shown; a line that this officer has no agreement of is not.
            self._names = frozenset(desk.channel(name).counterpart for name in names if name in pinned)
        except BaseException:
            desk.client.close()
            raise
        return desk

    def _hang_up(self) -> None:
        if self._desk is not None:
            self._desk.client.close()
            self._desk = None

    def _seen(self, desk: Desk) -> Picture:
        began_s = time.monotonic()
        told = desk.request("pages", timeout_s=ANSWER_S)
        status = desk.request("status", timeout_s=ANSWER_S)
        lines = tuple(
            self._line(desk, one, told["now_ms"])
            for one in sorted(status["channels"], key=lambda one: str(one["counterpart"]))
            if one["counterpart"] in self._names
        )
        # What the node said of its clock is as old as the way back, which on one machine is nothing.
        self._offset_ms = told["now_ms"] - now_ms() if time.monotonic() - began_s < EVERY_S else self._offset_ms
        return Picture(
            party=self._officer.home.party,
            person=self._officer.number,
            at_ms=told["now_ms"],
            lines=lines,
            pages=tuple(told["pages"]),
            mutes=tuple(told["mutes"]),
        )

    def _line(self, desk: Desk, status: Mapping[str, Any], at_ms: int) -> LineSeen:
        name = status["counterpart"]
        channel, details = self._channel(desk, name), status["details"]
        return LineSeen(
            status=status,
            due=tuple(desk.request("due", timeout_s=ANSWER_S, counterpart=name)),
            inbox=tuple(desk.request("inbox", timeout_s=ANSWER_S, counterpart=name, limit=INBOX_MAX)),
            banners=banners(
                channel.agreement,
                ends_ms=channel.ends_ms,
                now_ms=at_ms,
                suspended=details["suspended"],
                exercising=details["exercising"],
            ),
        )

    def _channel(self, desk: Desk, name: str) -> Channel:
        """The agreement in force, looked at again now and then: it may be amended or withdrawn from meanwhile."""
        fresh = time.monotonic() - self._verified_s.get(name, float("-inf")) >= VERIFY_EVERY_S
        if fresh:
            self._verified_s[name] = time.monotonic()
        return desk.channel(name, fresh=fresh)
