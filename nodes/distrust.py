"""What of a channel was said with keys that were revoked since, for whoever looks at it.

Source: spec/docket.md, "Marks".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import apsw

from keys.roster import parse as parse_roster
from nodes.voices import newest_receipt
from protocol.authority import missing_slots, slots_needed
from protocol.checkpoint import parse_text
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.event import Event
from protocol.note import parse as parse_note
from protocol.trust import AFTER_LAST_TRUST, NODE, Trust, revoked_cosigner
from protocol.verdict import index_of, voice_of

if TYPE_CHECKING:
    from nodes.projection import Projection

View = dict[str, Any]


class Distrusted:
    """Finds the marks of a projection.

    Args:
        projection: judges both logs.
    """

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        self._known: dict[int, tuple[bytes, Trust]] = {}

    def trust(self, db: apsw.Connection, voice: int) -> Trust | None:
        """The revocations of a voice, or None where it lists none. A roster is read once, when it came into force."""
        name = self._projection.names[voice]
        in_force = self._projection.roster(name)
        if in_force is None or not in_force.roster.revoked:
            return None
        known = self._known.get(voice)
        if known is None or known[0] != in_force.text:
            sql = "SELECT place FROM judged WHERE kind='roster' AND effective AND place & 1 = ? ORDER BY place"
            places = [index_of(place) for (place,) in list(db.execute(sql, (voice,)))]
            trust = Trust() if known is None else known[1].copy()
            if trust.places != places[: len(trust.places)]:
                # The log was judged anew.
                trust = Trust()
            for index in places[len(trust.places) :]:
                body = self._projection.store.body(name, index)
                if body is not None:
                    trust.add(index, parse_roster(body))
            known = self._known[voice] = in_force.text, trust
        return known[1]

    def mark(self, db: apsw.Connection, place: int, *, size: int | None = None) -> View | None:
        """Why a judged entry is marked, or None.

        Args:
            db: the tables.
            place: its location.
            size: how far its voice is looked at; None for all of it.

        Returns:
            Serial of the roster, reason, whose keys, and slots that stay empty without their signatures.
        """
        voice, index = voice_of(place), index_of(place)
        trust = self.trust(db, voice)
        if trust is None or not any(index in one for one in trust.ranges()):
            return None
        sql = "SELECT signers, kind, effective FROM judged WHERE place=?"
        for signers, kind, effective in db.execute(sql, (place,)):
            pairs = [(int(number), role) for number, _, role in (one.partition(":") for one in signers.split())]
            found = self._projection.catalogue.kind(kind)
            by_node = found is not None and found.machine and effective
            numbers = {number for number, _ in pairs} or ({NODE} if by_node else set())
            mark = trust.of(index, numbers, size=size)
            if mark is None:
                return None
            left = [one for one in pairs if one[0] not in mark.signers]
            return {
                "code": AFTER_LAST_TRUST,
                "revoked_at": f"{self._projection.names[voice]} {mark.at}",
                "reason": mark.key.reason,
                "trusted": mark.key.trusted,
                "signers": ["node" if number == NODE else f"person/{number}" for number in mark.signers],
                "missing": list(self._missing(db, voice, index, left)),
            }
        return None

    def held(self, db: apsw.Connection, index: int) -> View | None:
        """Why it may be known by a revoked key alone that the counterpart held an entry of ours, or None.

        Args:
            db: the tables.
            index: of the entry in our voice.

        Returns:
            Serial of the roster that revoked the mirror's key, reason, from which entry of ours on the key shows
            nothing, and whether a key that is not revoked has cosigned the entry since.
        """
        store, names = self._projection.store, self._projection.names
        own, mirrors = names.index(store.own), store.their
        trust = self.trust(db, 1 - own)
        data = (
            None if trust is None else db.execute("SELECT event FROM event WHERE voice=? AND idx=?", (own, index)).get
        )
        mark = None if trust is None or data is None else trust.of_receipt(index, Event.parse(data).held)
        if mark is None:
            return None
        return {
            "code": AFTER_LAST_TRUST,
            "revoked_at": f"{mirrors} {mark.at}",
            "reason": mark.key.reason,
            "trusted": mark.key.trusted,
            "from": f"{store.own} {mark.key.trusted}",
            "again": self._cosigned_again(index),
        }

    def _cosigned_again(self, index: int) -> bool:
        """Whether the newest receipt covers an entry of ours and is by no revoked key."""
        projection = self._projection
        (note, base), in_force = newest_receipt(projection.store, index), projection.roster(projection.store.their)
        if note is None or in_force is None:
            return False
        try:
            parsed = parse_note(note)
            size = base + parse_text(parsed.text).size
        except ProtocolError:
            # The disk changed it; it comes again.
            return False
        name = projection.agreement.mirror_name(projection.store.their)
        return index < size and revoked_cosigner(parsed, name, in_force.roster.revoked, size) is None

    def _missing(self, db: apsw.Connection, voice: int, index: int, left: list[tuple[int, str]]) -> tuple[str, ...]:
        """The slots that nobody fills who is still trusted."""
        name = self._projection.names[voice]
        try:
            statement = Entry.parse(self._projection.store.read(name, index, index + 1)[0]).parse_statement()
        except ProtocolError:
            return ()
        data = db.execute("SELECT event FROM event WHERE voice=? AND idx=?", (voice, index)).get
        reign = self._projection.governance.reigns[0 if data is None else Event.parse(data).reign]
        kind = reign.catalogue.kind(statement.kind)
        if kind is None or kind.machine or kind.by_roots:
            return () if kind is None or kind.by_roots else ("node",)
        needs = slots_needed(reign.agreement, kind, statement.severity, statement.precedence, statement.facts)
        return missing_slots(needs, left)
