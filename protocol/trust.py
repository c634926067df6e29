"""Trust: what a party said with a key that it revoked afterwards.

A roster lists revoked keys, each with how much of its voice is still trusted. What the key signed behind that and
before the roster was in force is *marked*: it keeps its place and its verdict, and what it did stays done, because
nothing that both sides saw is undone silently. From the roster's own place on it is shown with the code
`after-last-trust`, and where it would lack authority without the revoked keys it counts as unauthorised from there.

The marks are a function of one voice alone, its rosters and who signed; they grow at the end of the log. Whoever looks
at a voice as far as it went before the roster finds none.

Source: spec/docket.md, "Marks".
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from keys import revoked
from keys.errors import KeyRefused
from keys.note_key import NoteKeyType, NoteVerifier
from keys.revoked import RevokedKey
from keys.roster import Roster
from protocol.note import Note

AFTER_LAST_TRUST: Final = "after-last-trust"

NODE: Final = 0
"""In place of a person's number: the node signed, as it does in machine kinds."""


@dataclass(frozen=True, slots=True)
class Distrust:
    """Why an entry is marked.

    Attributes:
        at: index of the roster that revoked the key, in the same voice.
        key: as that roster lists it.
        signers: numbers of the persons whose signatures are by revoked keys; `NODE` for the node's.
    """

    at: int
    key: RevokedKey
    signers: tuple[int, ...]


class Trust:
    """The revocations of one voice. Of a roster it keeps who has which keys, and no more: a party may state many.

    Args:
        rosters: its rosters that came into force, each with its index, ascending.

    Attributes:
        places: index of each roster.
        listed: whether one of them lists a revoked key, of whatever job.
    """

    def __init__(self, rosters: Iterable[tuple[int, Roster]] = ()) -> None:
        self.places: list[int] = []
        self.listed = False
        self._signers: list[Mapping[int, tuple[bytes, ...]]] = []
        self._revoked: dict[bytes, tuple[int, RevokedKey]] = {}
        self._mirrors: dict[bytes, tuple[int, RevokedKey]] = {}
        for index, roster in rosters:
            self.add(index, roster)

    def copy(self) -> "Trust":
        """One that may grow while others look at this."""
        made = Trust()
        made.places, made._signers, made.listed = list(self.places), list(self._signers), self.listed
        made._revoked, made._mirrors = dict(self._revoked), dict(self._mirrors)
        return made

    def add(self, index: int, roster: Roster) -> None:
        """Take a roster that came into force behind those before."""
        # Whoever has several keys: by which of them they signed is not told apart.
        people = {person.number: tuple(key.key_id for key in person.keys) for person in roster.people}
        signers = {NODE: (roster.node.key_id,), **people}
        self.places.append(index)
        self._signers.append(self._signers[-1] if self._signers and self._signers[-1] == signers else signers)
        self.listed = self.listed or bool(roster.revoked)
        for one in roster.revoked:
            if one.job in {revoked.OFFICER, revoked.NODE}:
                self._revoked.setdefault(one.key, (index, one))
            elif one.job == revoked.MIRROR:
                self._mirrors.setdefault(one.key, (index, one))

    def __bool__(self) -> bool:
        """Whether an entry can be marked."""
        return bool(self._revoked)

    def ranges(self) -> Iterator[range]:
        """Where marked entries may be."""
        for at, one in self._revoked.values():
            yield range(one.trusted, at)

    def of(self, index: int, numbers: Collection[int], *, size: int | None = None) -> Distrust | None:
        """The mark of an entry.

        Args:
            index: its place in the voice.
            numbers: of the persons whose valid signatures it has, or `NODE`.
            size: how far the voice is looked at; None for all of it.
        """
        at = bisect_left(self.places, index)
        if not self._revoked or at == 0:
            return None
        signers = self._signers[at - 1]
        found: list[tuple[int, RevokedKey, int]] = []
        for number in numbers:
            for name in signers.get(number, ()):
                known = self._revoked.get(name)
                if known is not None and known[1].trusted <= index < known[0] and (size is None or known[0] < size):
                    found.append((*known, number))
        if not found:
            return None
        first, key, _ = min(found, key=lambda one: one[0])
        return Distrust(first, key, tuple(sorted({number for _, _, number in found})))

    def of_mirror(self, mirror: bytes, size: int) -> Distrust | None:
        """Why a cosignature by this party's mirror is worth less than it says: its key was revoked, and it covers more
        than is trusted.

        Args:
            mirror: the Ed25519 half of the key that cosigned, 32 bytes.
            size: how many entries of the counterpart it covers.

        Returns:
            The first roster that lists the key, and the key with how many entries count as cosigned by it; None where
            no roster does, or where it covers no more.

        Source: spec/docket.md, "Marks".
        """
        at, one = self._mirrors.get(mirror, (0, None))
        return None if one is None or size <= one.trusted else Distrust(at, one, (NODE,))

    def of_receipt(self, index: int, held: int) -> Distrust | None:
        """Why that this party's mirror held an entry of the counterpart may be known by a revoked key alone.

        Args:
            index: of the counterpart's entry.
            held: how much of this voice the counterpart held when it logged the entry.

        Returns:
            The first such key with its roster; None where the entry is trusted, or was logged by whoever held the
            roster, and so took no cosignature by that key any more.
        """
        known = [(at, one) for at, one in self._mirrors.values() if one.trusted <= index and held <= at]
        return None if not known else Distrust(*min(known, key=lambda found: found[0]), (NODE,))


def revoked_cosigner(note: Note, name: str, revoked_keys: Iterable[RevokedKey], size: int) -> RevokedKey | None:
    """The revoked mirror key that cosigned a checkpoint which covers more than it is trusted for, or None.

    Args:
        note: a cosigned checkpoint; its lines were verified when it was taken.
        name: of the mirror.
        revoked_keys: as the newest roster of the mirror's party lists them.
        size: how many entries of the counterpart's voice it covers, those of logs that ended among them.

    Source: spec/docket.md, "Marks".
    """
    lines = {line.key_id for line in note.signatures if line.name == name}
    for one in revoked_keys:
        if one.job == revoked.MIRROR and one.trusted < size and _cosigner_id(name, one.key) in lines:
            return one
    return None


def _cosigner_id(name: str, raw: bytes) -> bytes | None:
    try:
        return NoteVerifier(name, NoteKeyType.COSIGNATURE, raw).key_id
    except KeyRefused:
        # A party may list any 32 bytes; what is no key cosigned nothing.
        return None
