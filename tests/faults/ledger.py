"""What officers were told, and the proof that it stayed true."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from hotline.audit_dirs import audit_directories
from nodes.client import NodeClient
from nodes.errors import ApiRefused
from nodes.export import export
from nodes.signed import SignedStatement
from nodes.stopped import open_store, read_agreement
from protocol.entry import Entry
from tests.lines import other
from tests.nodes.homes import said
from tests.processes.pair import PATIENCE_S, Machine, submit

PASSING = frozenset(
    {
        *("node-not-running", "node-closed", "timed-out", "disk-full", "too-busy"),
        *("store-broken", "store-damaged", "log-damaged"),
    }
)
"""Refusals after which an officer's program tries again with the same statement."""

SLOW = frozenset({"up-not-holding"})
"""Alarms that a busy disk deserves: with five beats a second, a write that takes a second holds nothing meanwhile."""

AGAIN_S = 0.03


def _check_passing(error: ApiRefused) -> None:
    """What does not pass of itself is a failure."""
    if error.code not in PASSING:
        raise AssertionError(f"{error.code}: {error}") from error


class Ledger:
    """Every acknowledgement that anybody was given, by statement."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.told: dict[str, dict[str, str]] = {"ARC": {}, "BOR": {}}
        self.held: set[str] = set()
        self.refusals: Counter[str] = Counter()

    def add(self, party: str, outcome: dict[str, Any]) -> None:
        """Somebody was told that a statement has its place."""
        if outcome["state"] not in {"logged", "held"}:
            return
        with self._lock:
            before = self.told[party].setdefault(outcome["id"], outcome["serial"])
            assert before == outcome["serial"], f"{outcome['id']} was {before} and is {outcome['serial']}"
            if outcome["state"] == "held":
                self.held.add(outcome["id"])

    def __len__(self) -> int:
        return sum(map(len, self.told.values()))

    def insist(
        self, machine: Machine, signed: SignedStatement, *, wait: str = "held", timeout_s: float = PATIENCE_S
    ) -> dict[str, Any]:
        """Submit a statement, the same one again and again, until it has come so far."""
        deadline = time.monotonic() + timeout_s
        wanted = {"held"} if wait == "held" else {"logged", "held"}
        while True:
            left_s = deadline - time.monotonic()
            assert left_s > 0, f"{machine.party} has not come to {wait} in {timeout_s} s\n{machine.log()[-4000:]}"
            try:
                with machine.officer() as client:
                    outcome = submit(client, signed, wait=wait, timeout_s=min(left_s, 2.0))
            except ApiRefused as error:
                _check_passing(error)
                with self._lock:
                    self.refusals[error.code] += 1
                time.sleep(AGAIN_S)
                continue
            self.add(machine.party, outcome)
            if outcome["state"] in wanted:
                return outcome
            time.sleep(AGAIN_S)


class Officer(threading.Thread):
    """Says one thing after the other, each until it is acknowledged, whatever happens to the node.

    Args:
        ledger: remembers what was acknowledged.
        machine: whose node it speaks to.
        wait: how far each statement is to come.
        make: makes the next statement.
        pause_s: between two of them.
    """

    def __init__(
        self,
        ledger: Ledger,
        machine: Machine,
        *,
        wait: str = "held",
        make: Callable[[str], SignedStatement] = said,
        pause_s: float = 0.0,
    ) -> None:
        super().__init__(name=f"{machine.party} {wait}")
        self._ledger = ledger
        self._machine = machine
        self._wait = wait
        self._make = make
        self._pause_s = pause_s
        self._ended = threading.Event()
        self.said = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Until told to end; the statement under way is still brought to its end."""
        try:
            while not self._ended.wait(self._pause_s):
                self._speak()
        except (AssertionError, ApiRefused, OSError) as error:
            self.failure = error

    def _speak(self) -> None:
        """As many statements over one connection as it stands; then the one that was under way, over others."""
        party, signed = self._machine.party, self._make(self._machine.party)
        client: NodeClient
        try:
            with self._machine.officer() as client:
                while True:
                    outcome = submit(client, signed, wait=self._wait, timeout_s=2.0)
                    self._ledger.add(party, outcome)
                    if outcome["state"] != "held" and outcome["state"] != self._wait:
                        break
                    self.said += 1
                    if self._ended.wait(self._pause_s):
                        return
                    signed = self._make(party)
        except ApiRefused as error:
            _check_passing(error)
        self._ledger.insist(self._machine, signed, wait=self._wait)
        self.said += 1

    def cease(self) -> None:
        """Say nothing more than what is under way."""
        self._ended.set()

    def end(self) -> None:
        """Let it finish what it says, and see that nothing went wrong."""
        self.cease()
        self.join(2 * PATIENCE_S)
        assert not self.is_alive(), f"{self.name} still waits"
        if self.failure is not None:
            raise self.failure


def places(entries: Iterable[bytes]) -> dict[str, list[int]]:
    """Where each statement is in a log."""
    found: dict[str, list[int]] = {}
    for index, raw in enumerate(entries):
        found.setdefault(Entry.parse(raw).parse_statement().id.hex(), []).append(index)
    return found


def events(machine: Machine) -> list[dict[str, Any]]:
    """What its node has logged; a line that a full disk has cut short says nothing."""
    found = []
    for line in machine.log().splitlines():
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return [event for event in found if isinstance(event, dict) and "event" in event]


def check_log(machine: Machine, allowed: Collection[str]) -> None:
    """Nothing unforeseen happened, and no alarm was raised but those that a fault deserves."""
    text = machine.log()
    assert "Traceback" not in text, text[-8000:]
    assert "internal-error" not in text, text[-8000:]
    for event in events(machine):
        if event["event"] == "alarm":
            assert event["code"] in SLOW.union(allowed), event


def check_whole(
    arc: Machine, bor: Machine, ledger: Ledger, directory: Path, *, allowed: Collection[str] = ()
) -> dict[str, int]:
    """After both have stopped: nothing acknowledged is missing or elsewhere, nothing is twice, each copy is the
    author's log, and an audit of what either side exports finds everything in order.

    Args:
        arc, bor: stopped, level.
        ledger: what officers were told.
        directory: for exports; anything of that name is new.
        allowed: codes of alarms that may have been raised.

    Returns:
        Entries of each voice.
    """
    sizes: dict[str, int] = {}
    for author, mirror in ((arc, bor), (bor, arc)):
        party = author.party
        log, copy = author.entries(party), mirror.entries(party)
        # What was logged while the nodes stopped may not have got across yet.
        assert log[: len(copy)] == copy, f"the mirror of {party} is not its log"
        found = places(log)
        twice = {statement_id: at for statement_id, at in found.items() if len(at) > 1}
        assert not twice, twice
        for statement_id, serial in ledger.told[party].items():
            assert [f"{party} {index}" for index in found.get(statement_id, [])] == [serial]
        mirrored = places(copy)
        assert not [one for one in ledger.told[party] if one in ledger.held and one not in mirrored]
        check_log(author, allowed)
        sizes[party] = len(log)
    audit(arc, bor, directory)
    return sizes


def audit(arc: Machine, bor: Machine, directory: Path) -> None:
    """Audit what each side exports of its own voice, and what each holds of the other's."""
    for name, sources in (("own", (arc, bor)), ("held", (bor, arc))):
        out = directory / name
        for voice, source in zip(("ARC", "BOR"), sources, strict=True):
            channel = source.home.channel(other(source.party))
            with open_store(source.home, channel) as store:
                export(store, voice, out / voice, agreement=read_agreement(channel))
        policy = out / "policy"
        policy.write_bytes((out / "ARC" / "policy").read_bytes())
        report = audit_directories(out / "ARC", out / "BOR", policy, at_ms=int(time.time() * 1000))
        assert report.verdict == "verified", report.as_dict()
