"""Two homes that were paired for a scenario, with their nodes, their officers, and a line that can be cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from types import TracebackType

from hotline.clock import now_ms
from hotline.demo import evidence
from hotline.demo.processes import NodeProcess, stop
from hotline.demo.rules import ARC, BOR, Actor
from hotline.demo.stage import Side, free_ports, furnish, new_directory, pair, write_policy
from hotline.desk import Officer
from hotline.errors import CouldNot
from hotline.party_file import read_party
from hotline.scenarios.relay import Relay
from hotline.scenarios.scenario import PARTIES, Scenario
from hotline.scenarios.stage import Audited
from hotline.scenarios.terms import scenario_agreement
from hotline.terms import Terms
from nodes.resources import catalogue
from protocol.agreement_terms import BeatTerms, Party

ACTORS: Mapping[str, Actor] = {"ARC": ARC, "BOR": BOR}
OFFICERS = ("duty", "release", "senior", "legal")
ALTERNATES = ("technical", "duty-2", "release-2", "senior-2")
"""Officers who are there only where a scenario names them: each costs a key file."""

BEAT_MS = 500
ARRIVAL_AFTER_MS = 100


def pace_of(scenario: Scenario) -> float:
    """By how much its spans are divided, so that it takes the seconds that it says."""
    return max(1.0, scenario.length_ms / (scenario.seconds * 1000))


class Paired:
    """Two homes that were paired, with their nodes and officers.

    Args:
        directory: where everything goes; must not exist.
        scenarios: what is to be played, side by side; all under the agreement of the first.
        pace: by how much every interval is divided.
    """

    def __init__(self, directory: Path, scenarios: Sequence[Scenario], pace: float) -> None:
        self.directory = directory
        self.pace = pace
        self.catalogue = catalogue()
        named = {name for one in scenarios for step in one.steps for name in step.persons}
        names = (*OFFICERS, *(name for name in ALTERNATES if name in named))
        new_directory(directory)
        ports = free_ports(2)
        self.relays = tuple(Relay(port) for port in ports)
        self.sides = tuple(
            replace(furnish(directory, ACTORS[short], port, officers=names), reached_at=relay.port)
            for short, port, relay in zip(PARTIES, ports, self.relays, strict=True)
        )
        paired = pair(directory, *self.sides, terms=self._terms(scenarios))
        self.words = paired.words
        self.policy = write_policy(directory, *self.sides)
        self.nodes = {side.actor.short: NodeProcess(side) for side in self.sides}
        self._officers: dict[tuple[str, str], Officer] = {}

    def _terms(self, scenarios: Sequence[Scenario]) -> Terms:
        """What the first party proposes: the scenario's agreement, with beats and arrivals for impatient people."""
        cards = (read_party(side.home.party_path) for side in self.sides)
        first, second = (Party(card.short, card.name, card.domain, card.roots) for card in cards)
        agreement = scenario_agreement(scenarios, (first, second), self.catalogue, at_ms=now_ms(), pace=self.pace)
        values = {item.name: getattr(agreement, item.name) for item in fields(Terms)}
        line = replace(agreement.line, arrival_after_ms=ARRIVAL_AFTER_MS)
        return Terms(**{**values, "beat": BeatTerms(every_ms=BEAT_MS), "line": line})

    def side(self, party: str) -> Side:
        """One of the two."""
        return self.sides[PARTIES.index(party)]

    def officer(self, party: str, name: str) -> Officer:
        """An officer with the key open; it is opened once."""
        side = self.side(party)
        if name not in side.home.officer_names():
            raise KeyError(name)
        if (party, name) not in self._officers:
            self._officers[party, name] = Officer.open(side.home.officer(name), side.passphrase)
        return self._officers[party, name]

    def forget(self, party: str, name: str) -> None:
        """Open an officer's key anew, because they have another."""
        self._officers.pop((party, name), None)

    def __enter__(self) -> Paired:
        try:
            for node in self.nodes.values():
                node.start()
            # While the nodes open their keys, the officers open theirs: it takes a third of a second each.
            for side in self.sides:
                for name in side.home.officer_names():
                    self.officer(side.actor.short, name)
            for node in self.nodes.values():
                node.wait_up()
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Stop the nodes, and what is between them."""
        stop(list(self.nodes.values()))
        for relay in self.relays:
            relay.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def audit(self) -> Audited:
        """Stop both nodes, let each home export its voice, and have both audited by a process of its own."""
        ends = stop(list(self.nodes.values()))
        if any(ends):
            raise CouldNot("node-not-running", f"the nodes ended with {ends}")
        exports = evidence.export_voices(self.directory, self.sides)
        if not exports.ok:
            raise CouldNot("internal-error", exports.text)
        found, _ = evidence.audit(self.directory, self.sides, self.policy)
        return Audited(
            verdict=found.verdict,
            codes=tuple(str(one["code"]) for one in found.findings if one["severity"] in ("refuted", "unchecked")),
            findings=tuple((str(one["code"]), f"{one['where']}: {one['text']}") for one in found.findings),
        )
