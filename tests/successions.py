"""The builder's world with a log that was succeeded: both logs of the voice, counted on.

world = Succeeded()
world.say("ARC", "goodwill")
world.succeed("ARC", size=3)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

from keys import roster as rosters
from keys.note_key import NoteKeyType, NoteSigner, NoteVerifier
from keys.roster import NotePair
from protocol.archive import MemoryArchive
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.cosignature import add_cosignatures, cosign
from protocol.judge import Judge
from protocol.lineage import Lineage, Segment
from protocol.party_keys import render_policy
from protocol.statement import LogState
from protocol.succession import Succession
from protocol.tagged import digest
from protocol.walk import Walk, verify_here
from tests.builders import EPOCH, NAMES, START_MS, Log, Place, World, keyring, seed

BOTH = ((3, "senior"), (1, "duty"))


def next_signers(party: str, origin: str, epoch: int = EPOCH + 1) -> tuple[NoteSigner, NoteSigner]:
    """The keys of a party's successor log."""
    name = "next" if epoch == EPOCH + 1 else f"next {epoch}"
    kinds = (NoteKeyType.ED25519, NoteKeyType.MLDSA44)
    first, second = (NoteSigner(origin, kind, seed(f"{party} {name} {kind}", 32)) for kind in kinds)
    return first, second


class Succeeded(World):
    """A world in which at most one successor log of each party has begun."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(**changes)
        self.past: dict[str, Log] = {}
        self.ended: dict[str, bytes] = {}

    def succeed(
        self,
        party: str,
        *,
        size: int,
        reason: str = "fork",
        signers: Sequence[tuple[int, str]] = BOTH,
        by_node: bool = False,
        note: bytes | None = None,
        epoch: int = EPOCH + 1,
        after: LogState | None = None,
    ) -> None:
        """End a party's log at a size, and begin its successor with the succession and the next roster."""
        old = self.logs[party]
        self.ended[party] = note or self.checkpoint(party, size)
        text = Succession(party, epoch, reason, self.ended[party]).encode()
        past = self.past[party] = Log(
            old.entries[:size], old.bodies[:size], old.leaves[:size], old.frontiers[: size + 1], old.last_ms
        )
        self.logs[party] = Log(last_ms=old.last_ms)
        made = self.statement(
            party,
            "succession",
            after=past.state() if after is None else after,
            body_digest=digest(text),
            body_length=len(text),
        )
        signed = [("node", "node")] if by_node else [(f"person/{number}", role) for number, role in signers]
        self.log(party, made, [self.sign(party, made, *one) for one in signed], body=text)
        self.enact(party, "roster", rosters.render(self.next_roster(party)))

    def next_roster(self, party: str) -> rosters.Roster:
        """The roster that brings the successor."""
        before = self.rosters[party]
        following = next_signers(party, "next", EPOCH + 2)
        return replace(
            before,
            version=2,
            previous=sha256(rosters.render(before)).digest(),
            epoch=before.next_epoch,
            log=before.next_log,
            next_epoch=before.next_epoch + 1,
            next_log=NotePair(ed25519=following[0].verifier.raw, mldsa44=following[1].verifier.raw),
        )

    def holds_roster(self, party: str) -> Place:
        """A party's node says that it holds the other's new roster."""
        other = NAMES[1 - NAMES.index(party)]
        text = rosters.render(self.next_roster(other))
        return self.state(party, "roster-held", {"party": other, "version": 2, "digest": digest(text)})

    @property
    def lineage(self) -> Lineage:
        """Where the logs begin."""
        first, second = (
            (Segment(0, 1), Segment(len(self.past[name].entries), 2)) if name in self.past else (Segment(0, 1),)
            for name in NAMES
        )
        return Lineage((first, second))

    def base(self, party: str) -> int:
        """Number of a party's voice at which its present log begins."""
        return len(self.past[party].entries) if party in self.past else 0

    def archive(self, sizes: tuple[int, int] | None = None) -> MemoryArchive:
        """See World."""
        every = [*self.logs.values(), *self.past.values()]
        documents = {digest(body): body for log in every for body in log.bodies if body is not None}

        def root(voice: int, size: int) -> bytes:
            name = NAMES[voice]
            base = self.base(name)
            log = self.past[name] if size <= base and name in self.past else self.logs[name]
            return log.frontiers[size if size <= base else size - base].root()

        whole = [self.base(name) + len(self.logs[name].entries) for name in NAMES]
        return MemoryArchive(
            roots=root,
            sizes=sizes or (whole[0], whole[1]),
            document=lambda _voice, _index, wanted: documents.get(wanted),
        )

    def walk(self, archive: MemoryArchive) -> Walk:
        """See World."""
        judge = Judge(agreement=self.agreement, catalogue=self.catalogue, archive=archive, lineage=self.lineage)

        def read(voice: int, start: int, count: int) -> list[bytes]:
            name = NAMES[voice]
            whole = [*(self.past[name].entries if name in self.past else []), *self.logs[name].entries]
            return whole[start : start + count]

        return Walk(judge=judge, read=read, verify=verify_here)

    def files(self, party: str, size: int | None = None) -> dict[str, bytes]:
        """See World; of a voice with a past, with that in its folder."""
        files = super().files(party, size)
        if party not in self.past:
            return files
        files["checkpoint"] = self.successor_note(party)
        present, self.logs[party] = self.logs[party], self.past[party]
        before = super().files(party)
        self.logs[party] = present
        del before["policy"]
        before["checkpoint"] = self.ended[party]
        return {**files, **{f"before/{EPOCH}/{name}": data for name, data in before.items()}}

    def policy(self, party: str) -> bytes:
        """See World; with the keys of every log."""
        channel = self.agreement.channel
        logs: dict[str, list[NoteVerifier]] = {}
        mirrors = {}
        for name in NAMES:
            ring = keyring(name, channel)
            epochs = [ring.log_signers(channel, self.agreement.origin(name, EPOCH))]
            if name in self.past:
                epochs.insert(0, next_signers(name, self.agreement.origin(name, EPOCH + 1)))
            logs[name] = [one.verifier for pair in epochs for one in pair]
            mirrors[name] = [one.verifier for one in ring.mirror_signers(channel, self.agreement.mirror_name(name))]
        other = NAMES[1 - NAMES.index(party)]
        return render_policy(logs[party], logs[other], mirrors[party], mirrors[other], own=party, other=other)

    def successor_note(self, party: str, *, at_ms: int = START_MS) -> bytes:
        """The checkpoint of the successor, cosigned."""
        state, other = self.logs[party].state(), NAMES[1 - NAMES.index(party)]
        channel, origin = self.agreement.channel, self.agreement.origin(party, EPOCH + 1)
        made = Checkpoint(origin, state.size, state.root)
        mirror = keyring(other, channel).mirror_signers(channel, self.agreement.mirror_name(other))
        note = sign_checkpoint(made, next_signers(party, origin), at_ms)
        return add_cosignatures(note, cosign(made, mirror, at_ms))
