"""The pairing ceremony of one room: each step done once, in order, and stopped where something is not as it should be.

It does what `hotline/pairing.py` does, and around it asks what people must have done, checks each file that is handed
in, compares the words that the other room read, and writes down what was done. What stops it is kept until people
decide: `resume` where it was a slip of the hand, `restart` where not. A restart makes a new offer and new keys, which
are the nonces of an attempt.

A step is done when the state says so. Whatever it writes before that, it finds again after a crash.

Source: spec/pairing.md, "In two rooms".
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hotline import pairing
from hotline.ceremony_files import SignedTranscript
from hotline.ceremony_state import EARLIER_MAX, State, alone, directory_of, drop_files, read_state, write_state
from hotline.ceremony_steps import FIRST, NEEDS_RESTART, ROOMS, SECOND, Step
from hotline.ceremony_taking import check_refers, sort_files
from hotline.ceremony_words import words_of
from hotline.ceremony_work import STEP_WORK, Hands, Work
from hotline.errors import CouldNot, Misused, Refused
from hotline.party_file import PartyFile, read_party
from hotline.terms import Terms
from nodes.files import make_directory, write_file
from nodes.home import NodeHome
from protocol.pairing_transcript import ATTEMPTS_MAX, STOPS_MAX, transcript_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a room is told when it begins.

    Attributes:
        room: first or second.
        counterpart: short name of the other party.
        reader: name of the officer home of who reads aloud.
        witness: of who watches, or None.
        endpoints: where our node answers.
        terms: what the first room proposes; None in the second.
    """

    room: str
    counterpart: str
    reader: str
    witness: str | None
    endpoints: tuple[str, ...]
    terms: Terms | None


def begin(home: NodeHome, plan: Plan, *, now_ms: int) -> Ceremony:
    """Begin a ceremony in a room. Nothing is signed and no key is made.

    Raises:
        Misused: `ceremony-refused`; a room, party or person that cannot be.
        Refused: `other-suite`; the terms name another suite than that of the home's keys.
        CouldNot: `ceremony-exists`, or `channel-exists`.
    """
    own = read_party(home.party_path)
    directory = directory_of(home, plan.counterpart)
    if plan.counterpart == own.short:
        raise Misused("ceremony-refused", "a party does not pair with itself")
    if plan.room not in ROOMS or (plan.room == FIRST) != (plan.terms is not None):
        raise Misused("ceremony-refused", "the first room proposes terms, and the second does not")
    if home.channel(plan.counterpart).is_paired():
        raise CouldNot("channel-exists", f"there is a channel with {plan.counterpart} already")
    if directory.exists():
        raise CouldNot("ceremony-exists", f"a ceremony with {plan.counterpart} was begun already")
    reader = _number(own, plan.reader, now_ms)
    witness = 0 if plan.witness is None else _number(own, plan.witness, now_ms)
    if witness == reader:
        raise Misused("ceremony-refused", "who watches is not who reads")
    if plan.terms is not None:
        pairing.check_suite(plan.terms, pairing.card_of(own))
    make_directory(directory)
    files = {} if plan.terms is None else _keep_terms(directory, plan.terms)
    state = State(
        room=plan.room,
        party=own.short,
        counterpart=plan.counterpart,
        attempt=1,
        reader=reader,
        witness=witness,
        endpoints=plan.endpoints,
        began_ms=now_ms,
        files=files,
    )
    write_state(home, state)
    return Ceremony(home, state)


class Ceremony:
    """One room of a ceremony.

    Args:
        home: of the party.
        state: as it was read or begun.
    """

    def __init__(self, home: NodeHome, state: State) -> None:
        self.home = home
        self.state = state

    @classmethod
    def open(cls, home: NodeHome, counterpart: str) -> Ceremony:
        """Take up a ceremony where it is; as `read_state`."""
        return cls(home, read_state(home, counterpart))

    def path(self, name: str) -> Path:
        """Where a file of the ceremony is kept."""
        return self._work.path(name)

    @property
    def _work(self) -> Work:
        return Work(self.home, self.state)

    def own_words(self) -> tuple[str, ...] | None:
        """The words that this room reads aloud; None before the answer is there."""
        if not {"offer", "answer"} <= self.state.files.keys():
            return None
        return words_of(self.state.room, offer=self._work.kept("offer"), answer=self._work.kept("answer"))

    def words_to_show(self) -> tuple[str, ...] | None:
        """The same; None too in the second room before it has typed what it heard, so that nothing leads its ear."""
        led = self.state.room == SECOND and "words" not in dict(self.state.done)
        return None if led else self.own_words()

    def advance(self, files: Sequence[bytes], hands: Hands) -> Step:
        """Do the next step.

        Args:
            files: what the other room handed over, in any order.
            hands: what it may use.

        Returns:
            The step that was done.

        Raises:
            Refused: `ceremony-stopped`; or why it stops now, which is kept.
            Misused: there is no step left, a file is missing, or people said no. Nothing was done.
            CouldNot: something that the step needs is absent. Nothing is lost: do it again.
        """
        state = self.state
        if state.stopped is not None:
            raise Refused("ceremony-stopped", f"{state.stopped[0]}: {state.stopped[1]}")
        step = state.next_step
        if step is None:
            raise Misused("ceremony-refused", "every step of this room is done")
        with alone(self.home, state):
            self._do(step, files, hands)
        return step

    def _do(self, step: Step, files: Sequence[bytes], hands: Hands) -> None:
        state = self.state
        work = STEP_WORK[state.room, step.name]
        try:
            taken = sort_files(step, state, files)
            for name, data in taken.items():
                check_refers(name, data, state, self._work.agreement())
            made = work(self._work, taken, hands)
        except Refused as error:
            self._stop(error, hands.now_ms())
            raise
        digests = {}
        for name, data in {**taken, **made}.items():
            write_file(self.path(name), data)
            digests[name] = hashlib.sha256(data).hexdigest()
        # With the state the step is done; a crash before leaves files that are written anew.
        self._become(state.after(step, files=digests, now_ms=hands.now_ms()))

    def resume(self) -> None:
        """Go on after a slip of the hand. The stop stays in the record.

        Raises:
            Misused: it has not stopped.
            Refused: `ceremony-not-resumable`.
        """
        if self.state.stopped is None:
            raise Misused("ceremony-refused", "the ceremony has not stopped")
        if self.state.stopped[0] in NEEDS_RESTART:
            raise Refused("ceremony-not-resumable", f"after {self.state.stopped[0]} this attempt cannot go on")
        with alone(self.home, self.state):
            self._become(replace(self.state, stopped=None))

    def restart(self, *, now_ms: int, terms: Terms | None = None, sure: bool = False) -> None:
        """Begin the same ceremony anew: what this attempt gave and took counts no more.

        Args:
            now_ms: now, UTC milliseconds.
            terms: what the first room proposes from now on; None for the same.
            sure: whether people know that the first room has not signed, where this room cannot know it.

        Raises:
            CouldNot: `channel-exists`; the channel is there already, and cannot be made again.
            Misused: too many attempts, terms of the second room, or the first room may have signed.
            Refused: `other-suite`.
        """
        state, channel = self.state, self.home.channel(self.state.counterpart)
        compared = state.room == SECOND and "words" in dict(state.done)
        if compared and not sure and (state.stopped is None or state.stopped[0] not in NEEDS_RESTART):
            text = (
                "the words were equal, so the first room may have signed: let its files be brought again, or say --yes"
            )
            raise Misused("ceremony-refused", text)
        if terms is not None:
            if state.room != FIRST:
                raise Misused("ceremony-refused", "the second room proposes nothing")
            pairing.check_suite(terms, pairing.card_of(read_party(self.home.party_path)))
        if channel.is_paired():
            raise CouldNot("channel-exists", f"the channel with {state.counterpart} is there; only files may be wrong")
        if state.attempt >= ATTEMPTS_MAX:
            raise Misused("ceremony-refused", "too many attempts")
        with alone(self.home, state):
            self._begin_anew(now_ms, terms)

    def _begin_anew(self, now_ms: int, terms: Terms | None) -> None:
        state, channel = self.state, self.home.channel(self.state.counterpart)
        try:
            agreement = self._work.agreement()
        except Refused:
            # What was kept is not what it was: that may be why people restart, and nothing of it is used any more.
            agreement = None
        gone = [value for name, value in state.files.items() if name != "terms"]
        if agreement is not None:
            gone.append(agreement.digest.hex())
        if "offer" in state.files and state.room == FIRST:
            (self.home.path / "offers" / f"{state.files['offer']}.offer").unlink(missing_ok=True)
        shutil.rmtree(channel.path / "pairing", ignore_errors=True)
        drop_files(self.home, state)
        files = {name: value for name, value in state.files.items() if name == "terms"}
        if terms is not None:
            files = _keep_terms(directory_of(self.home, state.counterpart), terms)
        self._become(
            replace(
                state,
                attempt=state.attempt + 1,
                began_ms=now_ms,
                done=(),
                files=files,
                stopped=None,
                earlier=(*state.earlier, *gone)[-EARLIER_MAX:],
            )
        )

    def transcript_name(self) -> str | None:
        """SHA-256 of the transcript's text, hexadecimal, as both rooms can compare it; None before there is one."""
        name = next((one for one in ("countersigned", "transcript") if one in self.state.files), None)
        return None if name is None else transcript_digest(SignedTranscript.parse(self._work.kept(name)).text).hex()

    def transcript(self) -> SignedTranscript | None:
        """The transcript that both parties signed; None before it is there."""
        if "countersigned" not in self.state.files:
            return None
        return SignedTranscript.parse(self._work.kept("countersigned"))

    def _stop(self, error: Refused, now_ms: int) -> None:
        stops = (*self.state.stops, (error.code, now_ms))[-STOPS_MAX:]
        self._become(replace(self.state, stops=stops, stopped=(error.code, error.text)))

    def _become(self, state: State) -> None:
        write_state(self.home, state)
        self.state = state


def _keep_terms(directory: Path, terms: Terms) -> dict[str, str]:
    """Keep what the first room proposes; gives its digest by name, as a state has it."""
    text = terms.text()
    write_file(directory / "terms", text)
    return {"terms": hashlib.sha256(text).hexdigest()}


def _number(own: PartyFile, name: str, now_ms: int) -> int:
    """The number of a person by the name of their officer home."""
    member = own.member(name)
    if member is None or member.retired or member.listed_at(now_ms) is None:
        known = ", ".join(one.home for one in own.members if not one.retired)
        raise Misused("ceremony-refused", f"{own.short} has no officer {name[:40]!r} now; it has {known or 'none'}")
    return member.person.number
