"""A case of judgement as it is made: two logs, who reads them, and what must be found, written down by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from keys import roster as rosters
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.statement import Statement
from protocol.tagged import digest
from tests.builders import NAMES, Place
from tests.protocol.judgement_vectors import AUDITOR, Json, judged
from tests.vector_world import VectorWorld

DOCUMENTS = ("agreement", "agreement-amend", "agreement-countersign", "roster", "root-set")

Codes = Mapping[Place, tuple[str, ...]]


@dataclass(kw_only=True)
class Made:
    """One case.

    Attributes:
        world: the two logs.
        faults: of each entry that has any.
        notes: likewise.
        reader: who reads; see the README of the vectors.
        sizes: entries at hand of each log; all of them by default.
        waiting: entries that cannot be judged yet.
        instead: what lies under the digest of a document in its place.
        ahead: an entry that is looked at before its place, and what is found then.
    """

    world: VectorWorld
    faults: Codes = field(default_factory=dict)
    notes: Codes = field(default_factory=dict)
    reader: str = AUDITOR
    sizes: tuple[int, int] | None = None
    waiting: tuple[Place, ...] = ()
    instead: Mapping[bytes, bytes] = field(default_factory=dict)
    ahead: tuple[Place, tuple[str, ...], tuple[str, ...]] | None = None

    def logs(self) -> dict[str, list[bytes]]:
        """The entries at hand."""
        whole = (None, None) if self.sizes is None else self.sizes
        return {party: self.world.logs[party].entries[:size] for party, size in zip(NAMES, whole, strict=True)}

    def documents(self) -> dict[bytes, bytes]:
        """By the digest that an entry names, the text at hand."""
        found: dict[bytes, bytes] = {}
        for log in self.world.logs.values():
            for data, body in zip(log.entries, log.bodies, strict=True):
                named = _named(data)
                if named is not None and body is not None:
                    found[named] = self.instead.get(named, body)
        return found


def _named(data: bytes) -> bytes | None:
    """The document that an entry names, or None."""
    try:
        statement = Entry.parse(data).parse_statement()
    except ProtocolError:
        return None
    return statement.body_digest if statement.kind in DOCUMENTS else None


def write_case(what: str, made: Made, files: dict[str, bytes], found: Json | None = None) -> Json:
    """Put a case's entries and documents among the files, and give the case with what is found.

    Args:
        what: was done.
        made: the case.
        files: where they go.
        found: what is found, where that is known.

    Raises:
        AssertionError: what is found is not what was written down by hand.
    """
    logs = made.logs()
    entries = [data for log in logs.values() for data in log]
    case: Json = {
        "what": what,
        "agreement": made.world.agreement.digest.hex(),
        "reader": made.reader,
        "logs": {party: [_leaf(made.world, data, files) for data in log] for party, log in logs.items()},
        "documents": {
            named.hex(): digest(text).hex() for named, text in made.documents().items() if _at_hand(named, entries)
        },
    }
    for text in (made.world.agreement.text, *made.documents().values()):
        files[f"documents/{digest(text).hex()}.toml"] = text
    if made.ahead is not None:
        party, index = made.ahead[0]
        entry = _leaf(made.world, made.world.logs[party].entries[index], files)
        case["ahead"] = {"party": party, "index": index, "entry": entry}
    case["expected"] = found = judged(case, files) if found is None else found
    _check(made, found)
    return case


def _at_hand(named: bytes, entries: list[bytes]) -> bool:
    return any(_named(data) == named for data in entries)


def _leaf(world: VectorWorld, data: bytes, files: dict[str, bytes]) -> str:
    log = next(log for log in world.logs.values() if data in log.entries)
    leaf = log.leaves[log.entries.index(data)].hex()
    files[f"entries/{leaf}.entry"] = data
    return leaf


def _check(made: Made, found: Json) -> None:
    """What is found is what was written down by hand, and nothing else."""
    verdicts: dict[Place, Any] = {
        (party, index): one for party, log in found["verdicts"].items() for index, one in enumerate(log)
    }
    there = {(party, index) for party, log in made.logs().items() for index in range(len(log))}
    assert there - verdicts.keys() == set(made.waiting), (there - verdicts.keys(), made.waiting)
    for what, wanted in (("faults", made.faults), ("notes", made.notes)):
        seen = {place: tuple(one[what]) for place, one in verdicts.items() if one[what]}
        assert seen == dict(wanted), (what, seen, wanted)
    if made.ahead is not None:
        assert (tuple(found["ahead"]["faults"]), tuple(found["ahead"]["notes"])) == made.ahead[1:], found["ahead"]


# --- what several cases begin with ----------------------------------------------------------------------------------


def second_roster(world: VectorWorld, **changes: Any) -> rosters.Roster:
    """ARC's second roster; it leaves out all persons but the first."""
    first = world.rosters["ARC"]
    return replace(
        first, **{"version": 2, "previous": digest(rosters.render(first)), "people": first.people[:1], **changes}
    )


def roster_statement(world: VectorWorld, text: bytes) -> Statement:
    """What roots sign of a roster of ARC."""
    statement = world.statement("ARC", "roster", body_digest=digest(text), body_length=len(text))
    return replace(statement, opener=None, commitments=())
