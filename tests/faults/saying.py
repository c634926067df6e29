"""What both sides say at once, whatever happens to a node meanwhile: statements, or new rosters."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from keys.roster import Roster, render
from nodes.signed import SignedStatement
from protocol.tagged import digest
from tests.faults.ledger import Ledger
from tests.faults.machine import QuickMachine
from tests.nodes.homes import document, roster
from tests.processes.pair import PATIENCE_S

Statements = Callable[[str], SignedStatement]
"""Makes the next thing that a party says."""


class Renewals:
    """Makes the next roster of each party."""

    def __init__(self) -> None:
        self._last: dict[str, Roster] = {party: roster(party) for party in ("ARC", "BOR")}

    def __call__(self, party: str) -> SignedStatement:
        before = self._last[party]
        made = self._last[party] = replace(before, version=before.version + 1, previous=digest(render(before)))
        return document(party, "roster", render(made))


class Saying(threading.Thread):
    """Both sides say one thing each, and insist until it is held."""

    def __init__(self, ledger: Ledger, machines: Sequence[QuickMachine], make: Statements) -> None:
        super().__init__()
        self._ledger = ledger
        self._machines = machines
        self._statements = [make(machine.party) for machine in machines]
        self._failures: list[BaseException] = []

    def _insist(self, machine: QuickMachine, signed: SignedStatement) -> None:
        try:
            self._ledger.insist(machine, signed)
        except BaseException as error:  # noqa: BLE001 - raised again where somebody waits.
            self._failures.append(error)

    def run(self) -> None:
        """Both at once."""
        threads = [
            threading.Thread(target=self._insist, args=pair)
            for pair in zip(self._machines, self._statements, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def join(self, timeout: float | None = None) -> None:
        """Wait until both are held; raises what went wrong."""
        super().join(2 * PATIENCE_S if timeout is None else timeout)
        assert not self.is_alive()
        for failure in self._failures:
            raise failure
