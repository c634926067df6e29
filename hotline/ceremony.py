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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from hotline import pairing
from hotline.ceremony_files import SignedTranscript, encode_minutes, parse_minutes, parse_text
from hotline.ceremony_state import (
    EARLIER_MAX,
    State,
    alone,
    directory_of,
    drop_files,
    read_state,
    write_state,
)
from hotline.ceremony_steps import FIRST, NEEDS_RESTART, ROOMS, SECOND, Step
from hotline.ceremony_taking import check_refers, sort_files
from hotline.ceremony_words import compare_words, typed_words, words_of
from hotline.errors import CouldNot, Misused, Refused
from hotline.pairing_files import FILE_BYTES_MAX, Offer, SignedTerms, offer_lines
from hotline.party_file import PartyFile, read_party
from hotline.root_signing import Secrets, open_roots
from hotline.terms import Terms
from nodes.errors import FileRefused
from nodes.files import make_directory, read_file, write_file
from nodes.home import NodeHome
from nodes.resources import catalogue
from protocol.agreement import Agreement
from protocol.errors import ProtocolError
from protocol.pairing_transcript import (
    ATTEMPTS_MAX,
    PURPOSE,
    STEPS,
    STOPS_MAX,
    Minutes,
    Transcript,
    check_signatures,
    transcript_digest,
)
from protocol.tagged import digest

Files = dict[str, bytes]


class Answers(Protocol):
    """Whoever answers for the people in the room."""

    def confirm(self, question: str, about: Sequence[str]) -> bool:
        """Say whether they did what is asked; `about` is what they see before they answer."""

    def words(self, question: str) -> str:
        """Give the words that were heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What a step may use.

    Attributes:
        answers: of the people in the room.
        opened: opens the key files; called only where roots or node keys are needed.
        now_ms: the time, UTC milliseconds.
    """

    answers: Answers
    opened: Callable[[], Secrets]
    now_ms: Callable[[], int]


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
        return directory_of(self.home, self.state.counterpart) / name

    def own_words(self) -> tuple[str, ...] | None:
        """The words that this room reads aloud; None before the answer is there."""
        if not {"offer", "answer"} <= self.state.files.keys():
            return None
        return words_of(self.state.room, offer=self._kept("offer"), answer=self._kept("answer"))

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
        work = _WORK[state.room, step.name]
        try:
            taken = sort_files(step, state, files)
            for name, data in taken.items():
                check_refers(name, data, state, self._agreement())
            made = work(self, taken, hands)
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
            agreement = self._agreement()
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
        return None if name is None else transcript_digest(SignedTranscript.parse(self._kept(name)).text).hex()

    def transcript(self) -> SignedTranscript | None:
        """The transcript that both parties signed; None before it is there."""
        if "countersigned" not in self.state.files:
            return None
        return SignedTranscript.parse(self._kept("countersigned"))

    # -- The steps. Each gives the files that it made. Nothing that a step refuses may have left this room.

    def _offer(self, _taken: Files, hands: Hands) -> Files:
        terms = Terms.from_text(self._kept("terms"))
        # Another time, another digest: an answer to an earlier offer is an answer to nothing.
        terms = replace(terms, created_ms=max(terms.created_ms + self.state.attempt, hands.now_ms()))
        return {"offer": pairing.propose(self.home, terms, endpoints=self.state.endpoints)}

    def _take_answer(self, taken: Files, _hands: Hands) -> Files:
        pairing.preview_answer(self.home, taken["answer"])
        return {}

    def _words(self, _taken: Files, hands: Hands) -> Files:
        offer, answer = self._kept("offer"), self._kept("answer")
        room = self.state.room
        own = words_of(room, offer=offer, answer=answer)
        theirs = words_of(SECOND if room == FIRST else FIRST, offer=offer, answer=answer)
        _agree(hands.answers, "number-known", [])
        half = len(own) // 2
        shown = ["", "  " + "  ".join(own[:half]), "  " + "  ".join(own[half:]), ""]
        if room == FIRST:
            _agree(hands.answers, "own-words-read", shown)
        compare_words(typed_words(hands.answers.words("heard-words")), theirs)
        if room == SECOND:
            # Only now: who has not seen what they will say cannot be led by it while they listen.
            _agree(hands.answers, "own-words-read", shown)
        return {}

    def _sign_answer(self, _taken: Files, hands: Hands) -> Files:
        state, own = self.state, read_party(self.home.party_path)
        answer = self._kept("answer")
        opened = hands.opened()
        channel = self.home.channel(state.counterpart)
        if channel.is_paired():
            again = pairing.final_again(self.home, state.counterpart, endpoints=state.endpoints)
            if again is None or SignedTerms.parse(again, final=True).refers_to != self._require_agreement().digest:
                raise CouldNot("channel-exists", f"there is another channel with {state.counterpart} already")
            final = again
        else:
            final, _ = pairing.confirm_answer(
                self.home, answer, opened=opened, endpoints=state.endpoints, now_ms=hands.now_ms()
            )
        minutes = self._minutes(final, own, now_ms=hands.now_ms())
        text = self._transcript(first=minutes, second=None).render()
        return {"final": final, "minutes": encode_minutes(text)}

    def _countersign(self, taken: Files, hands: Hands) -> Files:
        signed = SignedTranscript.parse(taken["transcript"])
        found = parse_text(signed.text)
        ours = parse_minutes(self._kept("minutes"))
        if found.second is None or replace(found, second=None) != ours:
            raise Refused("ceremony-record-differs", "the transcript does not have what this room wrote down")
        answer = SignedTerms.parse(self._kept("answer"), final=False)
        if (found.second.roster, found.second.roots) != (_roster_digest(answer), _signers(answer)):
            raise Refused("ceremony-record-differs", "their minutes name another roster or other roots than they gave")
        self._check(signed, needed=(self.state.counterpart,))
        return {"countersigned": self._signed(signed, hands).encode()}

    def _accept(self, taken: Files, hands: Hands) -> Files:
        state, data = self.state, taken["offer"]
        own = read_party(self.home.party_path)
        offer = Offer.parse(data)
        pairing.check_offer(data, own=pairing.card_of(own), catalogue_digest=catalogue().digest)
        _agree(hands.answers, "terms-read", offer_lines(offer.party, offer.terms))
        pending = self.home.channel(state.counterpart).path / "pairing" / "answer"
        if pending.is_file():
            # A crash came between; the answer that was signed then is the one.
            answer = read_file(pending, bytes_max=FILE_BYTES_MAX)
            if SignedTerms.parse(answer, final=False).refers_to == digest(data):
                return {"answer": answer}
        answer, _ = pairing.accept(
            self.home, data, opened=hands.opened(), endpoints=state.endpoints, now_ms=hands.now_ms()
        )
        return {"answer": answer}

    def _complete(self, taken: Files, _hands: Hands) -> Files:
        final = SignedTerms.parse(taken["final"], final=True)
        channel = self.home.channel(self.state.counterpart)
        done = channel.is_paired()
        if not done:
            pending = read_file(channel.path / "pairing" / "answer", bytes_max=FILE_BYTES_MAX)
            if hashlib.sha256(pending).hexdigest() != self.state.files["answer"]:
                raise Refused("ceremony-file-changed", "the answer kept for this channel is not the one compared")
            pairing.preview_final(self.home, taken["final"])
        elif read_file(channel.path / "agreement.statement", bytes_max=FILE_BYTES_MAX) != final.agreement.encode():
            raise CouldNot("channel-exists", f"there is another channel with {self.state.counterpart} already")
        theirs = parse_minutes(taken["minutes"])
        expected = replace(
            theirs.first,
            offer=bytes.fromhex(self.state.files["offer"]),
            answer=bytes.fromhex(self.state.files["answer"]),
            final=digest(taken["final"]),
            roster=_roster_digest(final),
            roots=_signers(final),
        )
        if theirs.first != expected or theirs.counterpart != self.state.party:
            raise Refused("ceremony-record-differs", "their minutes name other files, roots or parties than came here")
        if not done:
            pairing.confirm_final(self.home, taken["final"])
        return {}

    def _sign_transcript(self, _taken: Files, hands: Hands) -> Files:
        own = read_party(self.home.party_path)
        theirs = parse_minutes(self._kept("minutes"))
        answer = SignedTerms.parse(self._kept("answer"), final=False)
        minutes = self._minutes(self._kept("final"), own, now_ms=None, own_terms=answer)
        text = replace(theirs, second=minutes).render()
        return {"transcript": self._signed(SignedTranscript(text=text, signatures={}), hands).encode()}

    def _close(self, taken: Files, _hands: Hands) -> Files:
        signed = SignedTranscript.parse(taken["countersigned"])
        if signed.text != SignedTranscript.parse(self._kept("transcript")).text:
            raise Refused("ceremony-record-differs", "they signed another text than this room did")
        self._check(signed, needed=(self.state.party, self.state.counterpart))
        return {}

    # -- What the steps share.

    def _kept(self, name: str) -> bytes:
        """A file of this attempt, as it was when it was taken or made."""
        try:
            data = read_file(self.path(name), bytes_max=FILE_BYTES_MAX)
        except FileRefused as error:
            raise Refused("ceremony-file-changed", f"the {name} that was kept is gone: {error.text}") from error
        if hashlib.sha256(data).hexdigest() != self.state.files[name]:
            raise Refused("ceremony-file-changed", f"the {name} that was kept is not the one that was compared")
        return data

    def _agreement(self) -> Agreement | None:
        """The text that the answer of this attempt carries; None while there is none."""
        if "answer" not in self.state.files:
            return None
        body = SignedTerms.parse(self._kept("answer"), final=False).agreement.body
        try:
            return Agreement.parse_founding(body or b"")
        except ProtocolError as error:
            raise Refused("pairing-file-malformed", f"the agreement does not parse: {error}") from error

    def _require_agreement(self) -> Agreement:
        found = self._agreement()
        if found is None:
            raise Misused("ceremony-refused", "there is no answer yet")
        return found

    def _minutes(
        self, final: bytes, own: PartyFile, *, now_ms: int | None, own_terms: SignedTerms | None = None
    ) -> Minutes:
        """What this room did; the first room writes it while its last step is being done, at `now_ms`."""
        state = self.state
        terms = own_terms or SignedTerms.parse(final, final=True)
        times = dict(state.done)
        if now_ms is not None:
            times["final"] = max(now_ms, *times.values())
        return Minutes(
            room=state.room,
            party=own.short,
            attempt=state.attempt,
            reader=state.reader,
            witness=state.witness,
            roots=_signers(terms),
            roster=_roster_digest(terms),
            offer=bytes.fromhex(state.files["offer"]),
            answer=bytes.fromhex(state.files["answer"]),
            final=digest(final),
            began_ms=state.began_ms,
            done=tuple(times[name] for name in STEPS[state.room]),
            stops=state.stops[-STOPS_MAX:],
        )

    def _transcript(self, *, first: Minutes, second: Minutes | None) -> Transcript:
        agreement = self._require_agreement()
        return Transcript(
            channel=agreement.channel,
            agreement=agreement.digest,
            first=first,
            second=second,
            counterpart=self.state.counterpart,
        )

    def _signed(self, signed: SignedTranscript, hands: Hands) -> SignedTranscript:
        """Add the signatures of this party's roots."""
        own = read_party(self.home.party_path)
        agreement = self._require_agreement()
        channel, listed = agreement.channel, agreement.party(own.short).roots
        signers = (root.signer() for root in open_roots(own, hands.opened()))
        made = tuple(
            (number, key.sign(PURPOSE, channel=channel, author=own.short, message=signed.text))
            for key in signers
            if (number := listed.number_of(key.public)) is not None
        )
        return replace(signed, signatures={**signed.signatures, own.short: made})

    def _check(self, signed: SignedTranscript, *, needed: Sequence[str]) -> None:
        verify(signed, self._require_agreement(), needed=needed)

    def _stop(self, error: Refused, now_ms: int) -> None:
        stops = (*self.state.stops, (error.code, now_ms))[-STOPS_MAX:]
        self._become(replace(self.state, stops=stops, stopped=(error.code, error.text)))

    def _become(self, state: State) -> None:
        write_state(self.home, state)
        self.state = state


def verify(signed: SignedTranscript, agreement: Agreement, *, needed: Sequence[str] | None = None) -> Transcript:
    """Verify a signed transcript against the agreement that was paired on.

    Args:
        signed: as it was read.
        agreement: the founding one.
        needed: parties whose roots must have signed; None for both.

    Raises:
        Refused: it does not hold (`transcript-...`).
    """
    try:
        return check_signatures(
            signed.text,
            signed.signatures,
            channel=agreement.channel,
            agreement=agreement.digest,
            roots={one.short: one.roots for one in agreement.parties},
            needed=agreement.shorts if needed is None else needed,
        )
    except ProtocolError as error:
        raise Refused(error.code, error.text) from error


_WORK: Mapping[tuple[str, str], Callable[[Ceremony, Files, Hands], Files]] = {
    (FIRST, "offer"): Ceremony._offer,
    (FIRST, "answer"): Ceremony._take_answer,
    (FIRST, "words"): Ceremony._words,
    (FIRST, "final"): Ceremony._sign_answer,
    (FIRST, "transcript"): Ceremony._countersign,
    (SECOND, "answer"): Ceremony._accept,
    (SECOND, "words"): Ceremony._words,
    (SECOND, "final"): Ceremony._complete,
    (SECOND, "transcript"): Ceremony._sign_transcript,
    (SECOND, "closed"): Ceremony._close,
}


def _keep_terms(directory: Path, terms: Terms) -> dict[str, str]:
    """Keep what the first room proposes; gives its digest by name, as a state has it."""
    text = terms.text()
    write_file(directory / "terms", text)
    return {"terms": hashlib.sha256(text).hexdigest()}


def _agree(answers: Answers, question: str, about: Sequence[str]) -> None:
    if not answers.confirm(question, about):
        raise Misused("not-confirmed", f"people did not say yes to {question}; nothing was done")


def _number(own: PartyFile, name: str, now_ms: int) -> int:
    """The number of a person by the name of their officer home."""
    member = own.member(name)
    if member is None or member.retired or member.listed_at(now_ms) is None:
        known = ", ".join(one.home for one in own.members if not one.retired)
        raise Misused("ceremony-refused", f"{own.short} has no officer {name[:40]!r} now; it has {known or 'none'}")
    return member.person.number


def _signers(terms: SignedTerms) -> tuple[int, ...]:
    """Numbers of the roots that signed the agreement, ascending."""
    return tuple(sorted({one.root for one in terms.agreement.signatures if one.root is not None}))


def _roster_digest(terms: SignedTerms) -> bytes:
    return digest(terms.roster.body or b"")
