"""A flash behind a long backlog, and amid its own sender's flood: how long until the other side shows it."""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from nodes.client import NodeClient
from nodes.errors import ApiRefused
from nodes.home import NodeHome
from nodes.signed import SignedStatement
from nodes.sqlite_store import SqliteStore
from nodes.store import Row
from protocol.entry import Entry
from protocol.merkle import leaf_hash
from protocol.statement import LogState
from tests.faults.aftermath import check
from tests.lines import other
from tests.nodes.homes import letter, said, signed_by
from tests.processes.pair import Machine, machines, submit, wait_until

PIPELINED = 64
CHUNK = 1_000
PAUSE_S = 0.3


@dataclass(frozen=True)
class Shown:
    """What was measured of one flash.

    Attributes:
        seconds: from the officer's request until the other node's API gave it.
        logged_s: of these, until it had its place in the log.
        before: entries of the same voice that the other side did not have when the flash was logged.
    """

    seconds: float
    logged_s: float
    before: int


def flash(party: str) -> SignedStatement:
    """A notification that cannot wait."""
    fields = {"title": "The grid is failing", "class": "system-compromise", "summary": "Two regions are dark."}
    made = letter(party, "notification", fields, precedence="flash", severity=2, aware_at_ms=1_795_255_200_000)
    return signed_by(made, (1, "duty"))


def say_many(client: NodeClient, party: str, count: int) -> None:
    """So many messages, each logged, many under way at once."""
    under_way: list[int] = []
    for _ in range(count):
        under_way.append(client.start("submit", signed=said(party).encode(), wait="logged", timeout_ms=60_000))
        if len(under_way) >= PIPELINED:
            client.finish(under_way.pop(0), timeout_s=60)
    for number in under_way:
        client.finish(number, timeout_s=60)


class Flood(threading.Thread):
    """An officer who does not stop."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(daemon=True)
        self.machine = machine
        self.ended = threading.Event()
        self.said = 0

    def run(self) -> None:
        """Until told to end."""
        with suppress(ApiRefused), self.machine.officer() as client:
            while not self.ended.is_set():
                say_many(client, self.machine.party, PIPELINED)
                self.said += PIPELINED


def write_backlog(home: NodeHome, count: int) -> None:
    """So many messages in a log whose node is stopped, as a crash leaves them between writing and signing: its next
    start signs them. They share one sealed body, which opens for the first of them only."""
    store = SqliteStore.open(home.channel(other(home.party)).log_db, own=home.party, their=other(home.party))
    try:
        one = letter(home.party)
        mirror = store.head(store.their)
        held, left = LogState(mirror.size, mirror.root), count
        while left:
            head, rows = store.head(store.own), []
            for _ in range(min(left, CHUNK)):
                statement = replace(one.statement, id=secrets.token_bytes(16))
                signed = signed_by(replace(one, statement=statement, statement_bytes=statement.encode()), (1, "duty"))
                entry = Entry(
                    statement=signed.statement, signatures=signed.signatures, logged_at_ms=head.last_ms, held=held
                ).encode()
                rows.append(Row(entry, leaf_hash(entry), one.body, statement.id, False))
            store.append_own(head.size, rows, head.frontier.extend([row.leaf for row in rows]), head.last_ms)
            left -= len(rows)
    finally:
        store.close()


def seen(client: NodeClient, voice: str, index: int) -> bool:
    """Whether a node shows an entry of the counterpart, in its place or ahead of it."""
    try:
        return client.request("entry", voice=voice, index=index)["view"] is not None
    except ApiRefused as error:
        if error.code != "no-such-entry":
            raise
        return False


def measure(directory: Path, *, backlog: int, flashes: int, flood: bool) -> list[Shown]:
    """Let a backlog wait, start the other node, and send flashes while it goes over.

    Args:
        directory: for the homes.
        backlog: messages that wait.
        flashes: how many are sent, one after the other.
        flood: whether the sender goes on saying other things all the while.
    """
    found = []
    with machines(directory) as (arc, bor):
        arc.start()
        bor.start()
        arc.say()
        bor.stop()
        arc.stop()
        write_backlog(arc.home, backlog)
        arc.start()
        flooding = Flood(arc)
        held = arc.status()["own_held"]
        bor.start()
        wait_until(lambda: arc.status()["own_held"] > held or bor.status()["their_size"] > held, bor.log)
        if flood:
            flooding.start()
        with arc.officer() as sender, bor.officer() as reader:
            for _ in range(flashes):
                signed = flash("ARC")
                begun_s = time.monotonic()
                outcome = submit(sender, signed, wait="logged")
                logged_s = time.monotonic() - begun_s
                index = int(outcome["serial"].split()[1])
                before = max(0, index - bor.status()["their_size"])
                while not seen(reader, "ARC", index):
                    assert time.monotonic() - begun_s < 60, bor.log()
                    time.sleep(0.03)
                took_s = time.monotonic() - begun_s
                found.append(Shown(took_s, logged_s, before))
                time.sleep(PAUSE_S)
        flooding.ended.set()
        if flood:
            flooding.join(60)
            assert flooding.said
        check(arc, bor, settle_s=60 + backlog / 50)
    return found
