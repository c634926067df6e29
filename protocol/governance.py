"""Governance: which agreement governs which entry, as both logs tell it.

A channel begins under the agreement that founds it. An amendment is a whole new text that names the one it takes the
place of; it is stated by one party's roots and countersigned by the other's, both in the thread of entry 0 of the home.
The home is the log of the party whose name sorts first, and orders all of it:

1. A countersignature by the home's own party has its place at its index and governs from the next entry on.
2. One by the other party has its place where it arrives at home, and governs from the home entry with which it arrives.
3. It takes effect if the amendment that it names stands, is the other party's, has the same text, and takes the place
   of the agreement in force there. So the first on a base is in force, and every other on that base is void.
4. An entry of the home is governed by what is in force at its index; an entry of the other log by what is in force at
   home up to what it shows its author's node to have held.
5. A withdrawal has its place in the same way. Each party is bound for the days of notice by its own clock: the one that
   withdraws from when it logged that, the other from its first entry that holds it. After that it says only what always
   passes, unless an amendment that is accepted later takes the withdrawal back. A further one changes nothing.
6. Of each party the first 256 amendments under one reign can be accepted; which they are is in its own log.
7. Only what has the status `actual` governs: an exercise may rehearse a withdrawal, and nothing comes of it.

A stretch under one agreement, with one end, is a *reign*. The first is number 0.

Source: spec/agreement.md, "Amendments".
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final

from protocol.agreement import Agreement
from protocol.errors import AgreementRefused, ProtocolError
from protocol.kinds import Catalogue
from protocol.limits import AMENDMENTS_MAX
from protocol.statement import ACTUAL
from protocol.tagged import Hash
from protocol.verdict import Verdict, location

HOME: Final = 0
"""The voice whose log orders the agreement's thread."""

AMEND, COUNTERSIGN, WITHDRAW = "agreement-amend", "agreement-countersign", "agreement-withdraw"
AMENDING_KINDS: Final = frozenset({AMEND, COUNTERSIGN})
GOVERNING_KINDS: Final = AMENDING_KINDS | {WITHDRAW}

_DAY_MS: Final = 86_400_000

Ends = tuple[int | None, int | None]
"""A time for each voice, or None."""


CatalogueOf = Callable[[Hash], Catalogue | None]
"""The catalogue of a digest, or None where this program never had it."""


class AmendmentRefused(ProtocolError):
    """A text that cannot take the place of the agreement it names."""


@dataclass(frozen=True, slots=True)
class Reign:
    """What governs a stretch of both logs.

    Attributes:
        agreement: in force.
        catalogue: the one it names.
        first: from which index of the home's log on, and from which `held` of the other's.
        ends: for each voice, from when on by its own clock it says only what always passes, UTC milliseconds; None for
            never, or where its notice has not begun.
        withdrawn_by: the voice that withdrew, or None.
        unheard: the other voice has not yet shown that it holds the withdrawal, so its notice has not begun.
        withdrawal: location of the withdrawal; -1 for none.
        amendment, accepted: locations of the amendment and its countersignature; -1 for the founding agreement.
    """

    agreement: Agreement
    catalogue: Catalogue
    first: tuple[int, int] = (0, 0)
    ends: Ends = (None, None)
    withdrawn_by: int | None = None
    amendment: int = -1
    accepted: int = -1
    unheard: bool = False
    withdrawal: int = -1

    def ends_of(self, party: str) -> int | None:
        """From when on a party, by its short name, says only what always passes; None for never, or not yet known."""
        return self.ends[self.agreement.shorts.index(party)]

    def ended_at(self, at_ms: int, party: str) -> bool:
        """Whether a party says only what always passes, at a time of its clock."""
        ends_ms = self.ends_of(party)
        return ends_ms is not None and at_ms >= ends_ms

    @property
    def over_ms(self) -> int | None:
        """From when on both say only what always passes; None while that is not known of both."""
        return None if None in self.ends else max(one for one in self.ends if one is not None)


def sunset_ms(day: date | None) -> int | None:
    """The first moment of a day, UTC milliseconds; None for no day."""
    return None if day is None else int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def sunsets(agreement: Agreement) -> Ends:
    """The sunset of an agreement, for each voice."""
    ends_ms = sunset_ms(agreement.sunset_date)
    return ends_ms, ends_ms


def review_due(agreement: Agreement, at_ms: int) -> str | None:
    """The review date of an agreement, if it is past; None before that."""
    late = agreement.review_date < datetime.fromtimestamp(at_ms / 1000, tz=UTC).date()
    return agreement.review_date.isoformat() if late else None


def check_amendment(text: bytes, base: Agreement) -> Agreement:
    """Read the text of an amendment, and see whether it may take the place of an agreement.

    Args:
        text: its exact bytes.
        base: the agreement that is to be replaced.

    Returns:
        What the text says.

    Raises:
        AmendmentRefused: `bad-amendment`; it is of another channel or base, or changes what no amendment may.
        ProtocolError: the text is no agreement.
    """
    amended = Agreement.parse(text)
    if amended.founding != (base.founding or base.digest):
        raise AmendmentRefused("bad-amendment", "founding", "it is of another channel")
    if amended.amends != base.digest:
        raise AmendmentRefused("bad-amendment", "amends", "it does not take the place of the agreement in force")
    for old, new in zip(base.parties, amended.parties, strict=True):
        if (old.short, old.domain) != (new.short, new.domain):
            raise AmendmentRefused("bad-amendment", "party", "an amendment keeps short names and domains")
        if old.roots.suite is not new.roots.suite:
            raise AmendmentRefused(
                "bad-amendment", "suite", "an amendment keeps the suite; another one is another channel"
            )
        if old.roots != new.roots:
            # They are version 1 of each party's root set. What became of it is in the logs, whatever is amended.
            text_ = "an amendment keeps the root keys of the founding agreement; root sets change them"
            raise AmendmentRefused("bad-amendment", "party.root_keys", text_)
    return amended


@dataclass(frozen=True, slots=True)
class _Proposal:
    """An amendment that stands: where, and what it is."""

    digest: Hash
    length: int
    reign: int


@dataclass(frozen=True, slots=True)
class _Act:
    """What will have its place at home: a countersignature of an amendment, or a withdrawal."""

    index: int
    amendment: int
    """Location of the amendment; -1 for a withdrawal."""

    at_ms: int


def _notice_ms(reign: Reign) -> int:
    return reign.agreement.notice_days * _DAY_MS


def _earlier(one: int | None, other: int) -> int:
    return other if one is None else min(one, other)


class Governance:
    """The reigns of a channel, as far as both logs are judged.

    Args:
        founding: the agreement that founds the channel.
        catalogue: the one it names.
        document: gives the text of an entry by voice, index and digest, or None.
        catalogue_of: finds catalogues; by default none but that one.

    Attributes:
        reigns: the first is that of the founding agreement; grows at its end.
        changed: what `kept` gives has changed; for whoever keeps it.
    """

    def __init__(
        self,
        founding: Agreement,
        catalogue: Catalogue,
        *,
        document: Callable[[int, int, Hash], bytes | None],
        catalogue_of: CatalogueOf | None = None,
    ) -> None:
        first = Reign(founding, catalogue, ends=sunsets(founding))
        self.reigns: list[Reign] = [first]
        self._document = document
        self._catalogue_of = catalogue_of
        self._proposals: dict[int, _Proposal] = {}
        self._coming: list[_Act] = []
        self.changed = False

    @property
    def newest(self) -> Reign:
        """What governs what comes next at home."""
        return self.reigns[-1]

    def catalogue_of(self, digest: Hash) -> Catalogue | None:
        """A catalogue by its digest, or None where it is not at hand."""
        for reign in self.reigns:
            if reign.catalogue.digest == digest:
                return reign.catalogue
        return None if self._catalogue_of is None else self._catalogue_of(digest)

    def number(self, voice: int, index: int, held: int) -> int:
        """Number of the reign that governs an entry.

        Args:
            voice: its author.
            index: its place in the author's log.
            held: how far it shows that its author's node held the other log: the effective value.
        """
        number = len(self.reigns) - 1
        place = index if voice == HOME else held
        while number and self.reigns[number].first[voice] > place:
            number -= 1
        return number

    def named_before(self, digest: Hash, number: int) -> Reign | None:
        """The reign of an agreement that was in force before that number, or None where none was."""
        return next((reign for reign in self.reigns[:number] if reign.agreement.digest == digest), None)

    def earlier(self) -> frozenset[Hash]:
        """Digests of the agreements that were in force before the newest one."""
        return frozenset(one.agreement.digest for one in self.reigns) - {self.newest.agreement.digest}

    def arrive(self, index: int, held: int, at_ms: int) -> None:
        """A home entry brings the other log up to `held`: what was said there has its place now.

        Args:
            index: of the home entry.
            held: the effective value.
            at_ms: the latest logging time of the home up to that entry.
        """
        while self._coming and self._coming[0].index < held:
            self._take_effect(self._coming.pop(0), 1 - HOME, (index, index + 1), at_ms)

    def hear(self, number: int, at_ms: int) -> None:
        """An entry of the other log is governed by a reign: if it is the first to hold a withdrawal, notice begins.

        Args:
            number: of the reign.
            at_ms: the latest logging time of the other log up to that entry.
        """
        reign = self.reigns[number]
        if reign.unheard:
            self.changed = True
            ends = (reign.ends[HOME], _earlier(reign.ends[1 - HOME], at_ms + _notice_ms(reign)))
            self.reigns[number] = replace(reign, ends=ends, unheard=False)

    def heed(self, verdict: Verdict, at_ms: int) -> None:
        """Take note of an entry that counts. The home's entries come in order, after `arrive` for each.

        Args:
            verdict: on the entry.
            at_ms: the latest logging time of its log up to that entry.
        """
        statement, kind = verdict.statement, verdict.kind
        if statement is None or kind is None or kind.name not in GOVERNING_KINDS or not verdict.effective:
            return
        if statement.status != ACTUAL:
            return
        self.changed = True
        if kind.name == AMEND:
            if statement.body_digest is not None and self._has_room(verdict.voice, verdict.reign):
                length = statement.body_length or 0
                self._proposals[verdict.place] = _Proposal(statement.body_digest, length, verdict.reign)
            return
        if kind.name == COUNTERSIGN:
            proposal = self._proposals.get(verdict.reply)
            if proposal is None or proposal.digest != statement.body_digest:
                return
            act = _Act(verdict.index, verdict.reply, at_ms)
        else:
            act = _Act(verdict.index, -1, at_ms)
        if verdict.voice == HOME:
            self._take_effect(act, HOME, (verdict.index + 1, verdict.index + 1), None)
        else:
            self._coming.append(act)

    def _has_room(self, voice: int, reign: int) -> bool:
        """Whether one more amendment of a voice counts under a reign: a flood of them is not remembered."""
        same = sum(place & 1 == voice and one.reign == reign for place, one in self._proposals.items())
        return same < AMENDMENTS_MAX

    def _take_effect(self, act: _Act, voice: int, first: tuple[int, int], arrived_ms: int | None) -> None:
        """Begin a reign, if the act does so where it stands; `arrived_ms` is when it arrived at home, if it did."""
        self.changed = True
        now = self.newest
        if act.amendment < 0:
            if now.withdrawn_by is None:
                ends = list(now.ends)
                for bound, from_ms in ((voice, act.at_ms), (1 - voice, arrived_ms)):
                    if from_ms is not None:
                        ends[bound] = _earlier(ends[bound], from_ms + _notice_ms(now))
                begun = replace(now, first=first, ends=(ends[0], ends[1]), withdrawn_by=voice)
                withdrawal = location(voice, act.index)
                self.reigns.append(replace(begun, unheard=arrived_ms is None, withdrawal=withdrawal))
            return
        amended = self._amended(act.amendment, now.agreement)
        if amended is None:
            return
        catalogue = self.catalogue_of(amended.catalogue_digest)
        if catalogue is not None:
            accepted = location(voice, act.index)
            self.reigns.append(Reign(amended, catalogue, first, sunsets(amended), None, act.amendment, accepted))

    def _amended(self, place: int, base: Agreement) -> Agreement | None:
        """The agreement that an amendment makes of that base, or None where it is on another one."""
        text = self._document(place & 1, place >> 1, self._proposals[place].digest)
        try:
            return None if text is None else check_amendment(text, base)
        except ProtocolError:
            return None

    def withdrawals_to_come(self) -> list[int]:
        """Locations of the withdrawals that the home has not yet shown to hold, so that they have no place there."""
        return [location(1 - HOME, act.index) for act in self._coming if act.amendment < 0]

    def open_proposals(self) -> list[int]:
        """Locations of the amendments that could still be accepted: those on the agreement in force."""
        return [place for place in sorted(self._proposals) if self._amended(place, self.newest.agreement) is not None]

    def copy(self) -> "Governance":
        """The same state, which then goes its own way."""
        first = self.reigns[0]
        made = Governance(first.agreement, first.catalogue, document=self._document, catalogue_of=self._catalogue_of)
        made.reigns = list(self.reigns)
        made._proposals = dict(self._proposals)
        made._coming = list(self._coming)
        return made

    # --- keeping ----------------------------------------------------------------------------------------------------

    def kept(self) -> list[Any]:
        """What must be kept to go on after a restart, in values that every format has; empty while nothing was said."""
        if len(self.reigns) == 1 and not self._proposals and not self._coming:
            return []
        reigns = [
            [
                *(one.agreement.text, *one.first, list(one.ends), one.withdrawn_by),
                *(one.amendment + 1, one.accepted + 1, int(one.unheard), one.withdrawal + 1),
            ]
            for one in self.reigns[1:]
        ]
        proposals = [[place, one.digest, one.length, one.reign] for place, one in sorted(self._proposals.items())]
        return [reigns, proposals, [[act.index, act.amendment + 1, act.at_ms] for act in self._coming]]

    def resume(self, kept: Any) -> None:
        """Go on from what was kept.

        Raises:
            AgreementRefused: `catalogue-differs`; a catalogue in force is not at hand.
        """
        if not kept:
            return
        reigns, proposals, coming = kept
        for text, home, other, ends, withdrawn_by, amendment, accepted, *later in reigns:
            agreement = Agreement.parse(text)
            catalogue = self.catalogue_of(agreement.catalogue_digest)
            if catalogue is None:
                raise AgreementRefused("catalogue-differs", "catalogue", "the agreement in force names another one")
            # What an earlier program kept has one end for both; a node derives it anew when it next starts.
            ends = tuple(ends) if isinstance(ends, list | tuple) else (ends, ends)
            first, places = (home, other), (amendment - 1, accepted - 1)
            # Likewise it may not say what came later.
            unheard, withdrawal = [*later, 0, 0][:2]
            self.reigns.append(
                Reign(agreement, catalogue, first, ends, withdrawn_by, *places, bool(unheard), withdrawal - 1)
            )
        self._proposals = {
            place: _Proposal(digest, length, *(reign or (0,))) for place, digest, length, *reign in proposals
        }
        self._coming = [_Act(index, amendment - 1, at_ms) for index, amendment, at_ms in coming]
