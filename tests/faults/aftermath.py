"""What must be true once a fault is over: nothing acknowledged is missing or twice, both sides agree, the audit passes.

load = Load(machine, "held")
...
aftermath.check(arc, bor, loads)
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from hotline.audit_dirs import audit_directories
from nodes.errors import ApiRefused
from nodes.export import export
from nodes.sqlite_store import SqliteStore
from protocol.entry import Entry
from tests.lines import other
from tests.nodes.homes import agreement, said
from tests.processes.pair import Machine, submit, wait_until

SETTLE_S = 30.0


class Load(threading.Thread):
    """Messages one after the other, each waited for; what was acknowledged is remembered.

    Args:
        machine: whose officer speaks.
        wait: `logged` or `held`, which every message waits for.
        pause_s: between one message and the next.
        timeout_s: how long each is waited for.

    Attributes:
        acknowledged: statement id and serial of what was logged, whether or not it was held in time.
        held: of what was.
    """

    def __init__(self, machine: Machine, wait: str, *, pause_s: float = 0.0, timeout_s: float = 10.0) -> None:
        super().__init__(daemon=True)
        self.machine = machine
        self.wait = wait
        self.pause_s = pause_s
        self.timeout_s = timeout_s
        self.ended = threading.Event()
        self.acknowledged: list[tuple[str, str]] = []
        self.held: list[tuple[str, str]] = []

    def run(self) -> None:
        """Until it is told to end; a node that is gone is waited for."""
        while not self.ended.is_set():
            try:
                with self.machine.officer() as client:
                    while not self.ended.wait(self.pause_s):
                        outcome = submit(client, said(self.machine.party), wait=self.wait, timeout_s=self.timeout_s)
                        if outcome["state"] in {"logged", "held"}:
                            self.acknowledged.append((outcome["id"], outcome["serial"]))
                        if outcome["state"] == "held":
                            self.held.append((outcome["id"], outcome["serial"]))
            except ApiRefused:
                time.sleep(0.05)

    def end(self) -> None:
        """Say no more, and wait for what is under way."""
        self.ended.set()
        self.join(self.timeout_s + 20)
        assert not self.is_alive()


def level(one: Machine, two: Machine) -> bool:
    """Whether both hold all of each other and know it."""
    try:
        here, there = one.status(), two.status()
    except ApiRefused:
        return False
    sizes = (here["own_size"], there["own_size"])
    return sizes == (there["their_size"], here["their_size"]) == (here["own_held"], there["own_held"])


def places(entries: Sequence[bytes]) -> dict[str, list[int]]:
    """Where each statement is in a log."""
    found: dict[str, list[int]] = {}
    for index, raw in enumerate(entries):
        found.setdefault(Entry.parse(raw).parse_statement().id.hex(), []).append(index)
    return found


def verdict(*machines: Machine) -> str:
    """What the offline audit says of both voices, each exported by its author."""
    with tempfile.TemporaryDirectory() as where:
        for machine in machines:
            path = machine.home.channel(other(machine.party)).log_db
            store = SqliteStore.open(path, own=machine.party, their=other(machine.party), readonly=True)
            try:
                export(store, machine.party, Path(where) / machine.party, agreement=agreement())
            finally:
                store.close()
        first, second = (Path(where) / machine.party for machine in machines)
        report = audit_directories(first, second, first / "policy", at_ms=time.time_ns() // 1_000_000)
        return report.verdict if report.verdict == "verified" else f"{report.as_dict()}"[:4000]


def check(arc: Machine, bor: Machine, loads: Sequence[Load] = (), *, settle_s: float = SETTLE_S) -> int:
    """Wait until both sides have converged by themselves, then look at all that they hold.

    Returns:
        How many acknowledged messages were found, each once and at its place.
    """
    wait_until(
        lambda: level(arc, bor), lambda: f"{arc.status()}\n{bor.status()}\n{bor.log()[-4000:]}", timeout_s=settle_s
    )
    count = 0
    for author, mirror in ((arc, bor), (bor, arc)):
        # The mirror first: its author may log something, such as an arrival, meanwhile.
        copy = mirror.entries(author.party)
        log = author.entries(author.party)
        assert log[: len(copy)] == copy
        found = places(copy)
        assert all(len(where) == 1 for where in found.values())
        for load in loads:
            if load.machine is author:
                for statement_id, serial in load.acknowledged:
                    assert [f"{author.party} {index}" for index in found[statement_id]] == [serial]
                    count += 1
    assert verdict(arc, bor) == "verified"
    return count
