"""How the vectors of judgement are read and judged.

A case is a file `cases/<name>.json`. It names entries by leaf hash (`entries/<leaf>.entry`) and documents by SHA-256
(`documents/<digest>.toml`), says who reads, and what the reader finds. The README beside them tells the rest.
"""

import json
from collections.abc import Mapping
from typing import Any

from protocol.agreement import Agreement
from protocol.archive import MemoryArchive
from protocol.clocks import Clockwork
from protocol.docket import Docket, docket_digest
from protocol.docket_item import Item
from protocol.event import event_of
from protocol.judge import Judge
from protocol.memory_ledger import MemoryLedger
from protocol.merkle import Frontier, leaf_hash
from protocol.order import home_order
from protocol.verdict import NO_LOCATION, Verdict, index_of, voice_of
from protocol.walk import Walk, verify_here
from tests.vector_world import Files, catalogue_named

AUDITOR = "auditor"
"""Reads all there is: the logs will not grow."""

GROWING = "growing"
"""Reads what is there so far: what claims more waits."""

Json = dict[str, Any]


def read_case(files: Files, name: str) -> Json:
    """One case."""
    case: Json = json.loads(files[f"cases/{name}.json"])
    return case


class _Case:
    """A case with its entries and documents at hand."""

    def __init__(self, case: Json, files: Files) -> None:
        self.agreement = Agreement.parse(files[f"documents/{case['agreement']}.toml"])
        self.catalogue = catalogue_named(self.agreement.catalogue_digest)
        self.reader: str = case["reader"]
        self.logs = [
            [files[f"entries/{leaf}.entry"] for leaf in case["logs"][party]] for party in self.agreement.shorts
        ]
        self.documents = {
            bytes.fromhex(named): files[f"documents/{there}.toml"] for named, there in case["documents"].items()
        }
        self.ahead: Json | None = case.get("ahead")
        self.files = files
        self.frontiers: list[list[Frontier]] = []
        for entries in self.logs:
            grown = [Frontier.empty()]
            for data in entries:
                grown.append(grown[-1].append(leaf_hash(data)))
            self.frontiers.append(grown)

    def serial(self, place: int) -> str | None:
        """How people name a location."""
        return None if place == NO_LOCATION else f"{self.agreement.shorts[voice_of(place)]} {index_of(place)}"

    def found(self) -> Json:
        """What the reader finds."""
        archive = MemoryArchive(
            roots=lambda voice, size: self.frontiers[voice][size].root(),
            sizes=(len(self.logs[0]), len(self.logs[1])),
            document=lambda _voice, _index, wanted: self.documents.get(wanted),
        )
        judge = Judge(agreement=self.agreement, catalogue=self.catalogue, archive=archive)
        walk = Walk(
            judge=judge,
            read=lambda voice, start, count: self.logs[voice][start : start + count],
            verify=verify_here,
        )
        whole = self.agreement.shorts.index(self.reader) if self.reader in self.agreement.shorts else None
        ledger = MemoryLedger()
        clockwork = Clockwork(self.agreement, self.catalogue, lambda: judge.governance.reigns)
        docket = Docket(agreement=self.agreement, catalogue=self.catalogue, ledger=ledger, clockwork=clockwork)
        verdicts: list[list[Verdict]] = [[], []]
        for verdict in walk.advance(final=self.reader == AUDITOR, whole=whole):
            docket.add(event_of(verdict, judge.state(verdict.voice).last_ms))
            verdicts[verdict.voice].append(verdict)
        found: Json = {
            "verdicts": {
                party: [self._verdict(one) for one in verdicts[voice]]
                for voice, party in enumerate(self.agreement.shorts)
            },
            "docket": self._docket(
                docket, ledger, clockwork, [[one.held.size for one in of_voice] for of_voice in verdicts]
            ),
        }
        if self.ahead is not None:
            found["ahead"] = self._foreseen(judge, self.ahead)
        return found

    def _verdict(self, one: Verdict) -> Json:
        return {
            "faults": list(one.faults),
            "notes": list(one.notes),
            "effective": one.effective,
            "kind": None if one.statement is None else one.statement.kind,
            "signers": [list(pair) for pair in one.signers],
            "missing": list(one.missing),
            "held": one.held.size,
            "thread": self.serial(one.thread),
            "reply": self.serial(one.reply),
            # Only where the agreement was amended.
            **({"reign": one.reign} if one.reign else {}),
        }

    def _foreseen(self, judge: Judge, ahead: Json) -> Json:
        return self._verdict(
            judge.foresee(
                self.agreement.shorts.index(ahead["party"]),
                ahead["index"],
                self.files[f"entries/{ahead['entry']}.entry"],
                body=None,
                verify=lambda checks: [one.holds() for one in checks],
            )
        )

    def _docket(self, docket: Docket, ledger: MemoryLedger, clockwork: Clockwork, held: list[list[int]]) -> Json:
        homes = {}
        for voice, party in enumerate(self.agreement.shorts):
            home = docket.homes[voice]
            homes[party] = {
                "size": home.size,
                "arrived": home.arrived,
                "order": [f"{self.agreement.shorts[who]} {index}" for who, index in home_order(voice, held[voice])],
                "digest": home.digest(voice).hex(),
            }
        items = sorted(ledger.items(), key=lambda item: (item.thread, item.at, item.place))
        return {
            "homes": homes,
            "digest": docket_digest(docket.homes[0].digest(0), docket.homes[1].digest(1)).hex(),
            "items": [self._item(item, clockwork) for item in items],
        }

    def _item(self, item: Item, clockwork: Clockwork) -> Json:
        return {
            "serial": self.serial(item.place),
            "thread": self.serial(item.thread),
            "kind": item.kind,
            "state": item.state,
            "rung": item.rung,
            "clocks": [
                [one.name, self.agreement.shorts[one.owed_by], one.due_ms, one.done_ms, one.state]
                for one in clockwork.clocks(item)
            ],
            "encoded": item.encode().hex(),
        }


def judged(case: Mapping[str, Any], files: Files) -> Json:
    """What this program finds in a case."""
    found: Json = _Case(dict(case), files).found()
    return found
