"""What each step of a ceremony does in its room, and the record that it leaves.

A step is given the files that it takes, which were asked whose they are already, and gives those that it makes. Nothing
that it refuses may have left the room. Whatever it writes before its end it finds again after a crash.

Source: spec/pairing.md, "In two rooms", "Transcript".
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from hotline import pairing
from hotline.ceremony_files import SignedTranscript, encode_minutes, parse_minutes, parse_text
from hotline.ceremony_state import State, directory_of
from hotline.ceremony_steps import FIRST, SECOND
from hotline.ceremony_words import compare_words, typed_words, words_of
from hotline.errors import CouldNot, Misused, Refused
from hotline.pairing_files import FILE_BYTES_MAX, Offer, SignedTerms, offer_lines
from hotline.party_file import PartyFile, read_party
from hotline.root_signing import Secrets, open_roots
from hotline.terms import Terms
from nodes.errors import FileRefused
from nodes.files import read_file
from nodes.home import NodeHome
from nodes.resources import catalogue
from protocol.agreement import Agreement
from protocol.errors import ProtocolError
from protocol.pairing_transcript import PURPOSE, STEPS, STOPS_MAX, Minutes, Transcript, check_signatures
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


@dataclass(frozen=True, slots=True)
class Work:
    """The steps of a room that is in a state, and the files it has.

    Attributes:
        home: of the party.
        state: before the step.
    """

    home: NodeHome
    state: State

    def path(self, name: str) -> Path:
        """Where a file of the ceremony is kept."""
        return directory_of(self.home, self.state.counterpart) / name

    def kept(self, name: str) -> bytes:
        """A file of this attempt, as it was when it was taken or made."""
        try:
            data = read_file(self.path(name), bytes_max=FILE_BYTES_MAX)
        except FileRefused as error:
            raise Refused("ceremony-file-changed", f"the {name} that was kept is gone: {error.text}") from error
        if hashlib.sha256(data).hexdigest() != self.state.files[name]:
            raise Refused("ceremony-file-changed", f"the {name} that was kept is not the one that was compared")
        return data

    def agreement(self) -> Agreement | None:
        """The text that the answer of this attempt carries; None while there is none."""
        if "answer" not in self.state.files:
            return None
        body = SignedTerms.parse(self.kept("answer"), final=False).agreement.body
        try:
            return Agreement.parse_founding(body or b"")
        except ProtocolError as error:
            raise Refused("pairing-file-malformed", f"the agreement does not parse: {error}") from error

    # -- The steps.

    def _offer(self, _taken: Files, hands: Hands) -> Files:
        terms = Terms.from_text(self.kept("terms"))
        # Another time, another digest: an answer to an earlier offer is an answer to nothing.
        terms = replace(terms, created_ms=max(terms.created_ms + self.state.attempt, hands.now_ms()))
        return {"offer": pairing.propose(self.home, terms, endpoints=self.state.endpoints)}

    def _take_answer(self, taken: Files, _hands: Hands) -> Files:
        pairing.preview_answer(self.home, taken["answer"])
        return {}

    def _words(self, _taken: Files, hands: Hands) -> Files:
        offer, answer = self.kept("offer"), self.kept("answer")
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
        answer = self.kept("answer")
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
        ours = parse_minutes(self.kept("minutes"))
        if found.second is None or replace(found, second=None) != ours:
            raise Refused("ceremony-record-differs", "the transcript does not have what this room wrote down")
        answer = SignedTerms.parse(self.kept("answer"), final=False)
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
        theirs = parse_minutes(self.kept("minutes"))
        answer = SignedTerms.parse(self.kept("answer"), final=False)
        minutes = self._minutes(self.kept("final"), own, now_ms=None, own_terms=answer)
        text = replace(theirs, second=minutes).render()
        return {"transcript": self._signed(SignedTranscript(text=text, signatures={}), hands).encode()}

    def _close(self, taken: Files, _hands: Hands) -> Files:
        signed = SignedTranscript.parse(taken["countersigned"])
        if signed.text != SignedTranscript.parse(self.kept("transcript")).text:
            raise Refused("ceremony-record-differs", "they signed another text than this room did")
        self._check(signed, needed=(self.state.party, self.state.counterpart))
        return {}

    # -- The record.

    def _require_agreement(self) -> Agreement:
        found = self.agreement()
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


STEP_WORK: Mapping[tuple[str, str], Callable[[Work, Files, Hands], Files]] = {
    (FIRST, "offer"): Work._offer,
    (FIRST, "answer"): Work._take_answer,
    (FIRST, "words"): Work._words,
    (FIRST, "final"): Work._sign_answer,
    (FIRST, "transcript"): Work._countersign,
    (SECOND, "answer"): Work._accept,
    (SECOND, "words"): Work._words,
    (SECOND, "final"): Work._complete,
    (SECOND, "transcript"): Work._sign_transcript,
    (SECOND, "closed"): Work._close,
}


def _agree(answers: Answers, question: str, about: Sequence[str]) -> None:
    if not answers.confirm(question, about):
        raise Misused("not-confirmed", f"people did not say yes to {question}; nothing was done")


def _signers(terms: SignedTerms) -> tuple[int, ...]:
    """Numbers of the roots that signed the agreement, ascending."""
    return tuple(sorted({one.root for one in terms.agreement.signatures if one.root is not None}))


def _roster_digest(terms: SignedTerms) -> bytes:
    return digest(terms.roster.body or b"")
