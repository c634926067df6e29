"""Who stands for the two parties of a line: their roots and rosters, as each comes into force at its place in its log.

Source: spec/keys-and-rosters.md, "Rosters"; spec/channel.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from functools import partial

from keys.errors import KeysError
from keys.root_set import RootChain
from keys.roster import Roster
from keys.roster import parse as parse_roster
from nodes.errors import FileRefused
from nodes.home import ChannelHome
from nodes.past import Past
from nodes.projection import Projection
from nodes.root_sets import HeldRoots
from nodes.root_sets import follow as follow_roots
from nodes.root_sets import keep as keep_roots
from nodes.rosters import HELD_MAX, HeldRoster, RosterFileRefused, add, check_following, check_roster, follows, keep
from nodes.signed import SignedStatement
from nodes.soundness import whole
from nodes.store import LogStore
from nodes.threads import on_thread
from nodes.voices import VoiceReader, Voices
from protocol.agreement import Agreement
from protocol.entry import Entry
from protocol.glance import glance
from protocol.reading import ROOT_SET_KIND, ROSTER_KIND, RosterInForce
from protocol.statement import LogState
from protocol.tagged import Hash, digest
from protocol.verdict import Verdict

PLACES_AT_A_TIME = 256


class Standing:
    """See the module.

    Args:
        home: of the channel; rosters in force are kept there.
        agreement: in force.
        store: the present logs.
        past: the logs that ended.
        voices: both in one row, in which places of rosters are counted.
        projection: knows which rosters were judged good.
        own, their: rosters that verified, the last in force.
        roots: by party, the root sets that verified.
        executor: threads for the disk.
        alarm: tells people.
        in_force: called on the loop when a roster of a party has come into force.
        rooted: the same for a root set.

    Attributes:
        own, their: as given; grow.
        roots: as given; each is replaced by a longer one.
    """

    def __init__(
        self,
        *,
        home: ChannelHome,
        agreement: Agreement,
        store: LogStore,
        past: Past,
        voices: VoiceReader,
        projection: Projection,
        own: list[HeldRoster],
        their: list[HeldRoster],
        roots: dict[str, HeldRoots],
        executor: Executor,
        alarm: Callable[[str, str], None],
        in_force: Callable[[str, HeldRoster], Awaitable[None]],
        rooted: Callable[[str, HeldRoots], Awaitable[None]],
    ) -> None:
        self.own, self.their = own, their
        self.roots = roots
        self._home = home
        self._agreement = agreement
        self._store = store
        self._past = past
        self._voices = voices
        self._projection = projection
        self._executor = executor
        self._alarm = alarm
        self._in_force = in_force
        self._rooted = rooted

    def rosters(self) -> tuple[Roster, Roster]:
        """Ours and theirs, in force."""
        return self.own[-1].roster, self.their[-1].roster

    def sealed_before(self) -> frozenset[bytes]:
        """Ids of the counterpart's sealing keys that are replaced and not revoked: its node still opens with them."""
        revoked = {one.key for one in self.their[-1].roster.revoked}
        return frozenset(held.roster.sealing.key_id for held in self.their[:-1]) - revoked

    def stored_at(self, voice: str, index: int) -> tuple[LogStore, int]:
        """Where an entry of a voice is: the store of its log, and its index in that."""
        return self._voices.inside(voice, index) if isinstance(self._voices, Voices) else (self._store, index)

    async def recall(self) -> None:
        """After a start: a roster or root set that was judged in force, and that a crash or a full disk kept from being
        kept."""
        for party, held in ((self._store.own, self.own), (self._store.their, self.their)):
            judged, chain = self._projection.roster(party), self._projection.chain(party)
            newer = judged is not None and judged.roster.version > held[-1].roster.version
            if newer or chain.newest.version > self.roots[party].newest.version:
                for index in await on_thread(self._executor, partial(self._enacted, party, judged, chain, held[-1])):
                    await self.adopt(party, index)

    async def recall_own(self, first: int) -> None:
        """After a start: a crash may have come between a roster's place in our log and its being in force.

        Args:
            first: from which place on, in our present log.
        """
        await self.recall()
        for index in await on_thread(self._executor, partial(self._places, self._store.own, first)):
            await self.adopt(self._store.own, index)

    def _enacted(self, party: str, judged: RosterInForce | None, chain: RootChain, newest: HeldRoster) -> list[int]:
        """Where the rosters stand that lead to the one that was judged in force, behind the newest here, and the root
        sets. Others have no effect, such as a roster that too few admins signed, and are not looked at."""
        places: dict[Hash, list[int]] = {}
        for index in self._places(party, 0):
            places.setdefault(digest(self._body(party, index)), []).append(index)
        found = [index for text in chain.texts for index in places.get(digest(text), ())]
        text = None if judged is None else judged.text
        while text is not None and text != newest.text:
            found += places.get(digest(text), ())
            before = places.get(parse_roster(text).previous or b"")
            text = None if before is None else self._body(party, before[0])
        return sorted(found)

    def _body(self, party: str, index: int) -> bytes:
        store, inside = self.stored_at(party, index)
        return store.body(party, inside) or b""

    def _places(self, party: str, first: int) -> list[int]:
        """Where rosters and root sets stand in a voice, from a place of its log on; read after a crash only."""
        size = self._store.head(party).size
        starts = range(first, size, PLACES_AT_A_TIME)
        return [
            self._past.base(party) + start + place
            for start in starts
            for place, entry in enumerate(self._store.read(party, start, min(size, start + PLACES_AT_A_TIME)))
            if glance(entry).kind in {ROSTER_KIND, ROOT_SET_KIND}
        ]

    async def take(self, signed: SignedStatement, *, agreement: Agreement, now_ms: int) -> HeldRoster:
        """A roster of the counterpart that came by another route than its log: it is in force here from now on.

        Its own log may never bring it, because whoever has its node may keep it back. Our log says that we hold it.

        Args:
            signed: as its roots or admins signed it.
            agreement: in force; it says how many admins must have.
            now_ms: UTC milliseconds. What admins sign counts while they are valid, and no log says here when that was;
                the time that they wrote themselves does not.

        Raises:
            RosterFileRefused: it does not verify, or is not the next version after the newest one here.
        """
        held, party = self.their, self._store.their
        chain, admins = self.roots[party].chain, agreement.roster_admins
        roster = check_roster(agreement, party, signed, held[-1], chain=chain, admins=admins, at_ms=now_ms)
        check_following(held[-1], roster)
        # What cannot be kept is not taken: the next start would not know it.
        keep(self._home, roster)
        add(held, roster)
        await self._in_force(party, roster)
        return roster

    async def adopt(self, party: str, index: int) -> None:
        """A roster or root set of either side is in its log and verifies: it is in force from here.

        Args:
            party: whose.
            index: its place in that party's voice.

        Raises:
            StoreDamaged: it is not what was logged, and so says nothing about whoever signed it.
        """
        store, inside = self.stored_at(party, index)
        raw, body = whole(store, party, inside)
        entry = Entry.parse(raw)
        signed = SignedStatement(statement=entry.statement, signatures=entry.signatures, body=body)
        if entry.parse_statement().kind == ROOT_SET_KIND:
            await self._adopt_roots(party, signed)
            return
        held = self.own if party == self._store.own else self.their
        if any(one.text == body for one in held) or self._is_let_go(held, body or b""):
            # Version 1 of a log's entry 1 is here from the pairing already, as is what was brought by hand.
            return
        try:
            chain = self.roots[party].chain
            roster = check_roster(self._agreement, party, signed, held[-1], chain=chain, at_ms=entry.logged_at_ms)
        except RosterFileRefused as error:
            self._alarm(error.code, error.text)
            return
        if not follows(held[-1], roster):
            text = f"{party}'s log has another roster {roster.roster.version} than was brought here"
            self._alarm("roster-refused", text)
            return
        try:
            keep(self._home, roster)
        except FileRefused as error:
            # It is in force all the same; the next start finds it in the log and keeps it then.
            self._alarm(error.code, error.text)
        add(held, roster)
        await self._in_force(party, roster)

    @staticmethod
    def _is_let_go(held: list[HeldRoster], text: bytes) -> bool:
        """Whether a roster is older than those in memory; a log that is judged anew shows them all."""
        if len(held) <= HELD_MAX:
            return False
        try:
            return parse_roster(text).version < held[1].roster.version
        except KeysError:
            return False

    async def _adopt_roots(self, party: str, signed: SignedStatement) -> None:
        known = self.roots[party]
        if signed.body in known.chain.texts:
            # Brought before, by another route or before a crash.
            return
        try:
            held = follow_roots(known, self._agreement, signed)
        except RosterFileRefused as error:
            self._alarm(error.code, error.text)
            return
        await self.take_roots(held)

    async def hold_roots(self, signed: SignedStatement) -> HeldRoots:
        """Take the counterpart's next root set by another route than its log, and count by it from here.

        What the log would refuse is not taken by hand either: the two of us would count by other roots for ever.

        Raises:
            RosterFileRefused: `root-set-refused`; it does not follow, too few roots signed it, or it would have no
                effect in its log.
        """
        party = self._store.their
        known = self.roots[party]
        if signed.body in known.chain.texts:
            return known
        held = follow_roots(known, self._agreement, signed)
        verdict = await on_thread(self._executor, self._foresee, party, signed)
        if not verdict.effective:
            text = f"{party}'s root set would have no effect in its log: {', '.join(verdict.faults)}"
            raise RosterFileRefused("root-set-refused", text)
        await self.take_roots(held)
        return held

    def _foresee(self, party: str, signed: SignedStatement) -> Verdict:
        """A document of the counterpart as the log would have it, by the roster and the roots in force here."""
        newest, own = self.their[-1], self._store.head(self._store.own)
        last_ms = max(own.last_ms, self._store.head(party).last_ms)
        entry = Entry(
            statement=signed.statement,
            signatures=signed.signatures,
            logged_at_ms=last_ms,
            held=LogState(own.size, own.root),
        )
        after = self._past.base(party) + entry.parse_statement().after.size
        roster = RosterInForce(newest.roster, newest.text)
        chain = self.roots[party].chain
        return self._projection.foresee_next(entry, signed.body or b"", after, roster, chain)

    async def take_roots(self, held: HeldRoots) -> None:
        """A party has other roots from here, whichever way the set came."""
        try:
            keep_roots(self._home, held)
        except FileRefused as error:
            self._alarm(error.code, error.text)
        party = held.newest.party
        self.roots[party] = held
        await self._rooted(party, held)
