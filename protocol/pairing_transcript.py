"""What two rooms did to pair two parties, as one text that the roots of both sign.

There is one text for each transcript: the lines below in this order, as in a roster. It names persons and roots by
number, files by SHA-256, and holds what both rooms saw twice, once for each, so that a difference shows.

    # What two rooms did to pair ARC and BOR. The roots of both sign this exact text.
    format = "hotline/1/pairing-transcript"
    channel, agreement                         32 bytes each, hexadecimal
    [first]                                    the room that made the offer
    party, attempt, reader, witness, roots     witness 0 where there was none
    roster, offer, answer, final               SHA-256, hexadecimal
    began, offer_at, answer_at, words_at, final_at
    words_read, words_heard                    "yes"
    stops                                      only where there were any: ["words-differ 2026-11-21T09:14:07.000Z"]
    [second]                                   the same, without offer_at

Minutes are the text that ends before `[second]`.

Source: spec/pairing.md, "Transcript".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from keys.errors import KeysError, RosterRefused
from keys.quorum import RootSet
from keys.toml_lines import INSTANT_MAX_MS, LineReader, LineWriter, instant_ms, instant_text
from protocol.errors import ProtocolError
from protocol.tagged import Hash, digest

FORMAT: Final = "hotline/1/pairing-transcript"
PURPOSE: Final = "pairing-transcript"
"""What the roots' signatures are for, in the sense of `keys.preimage.tag`."""

TEXT_BYTES_MAX: Final = 16_384
NUMBER_MAX: Final = 65_535
ATTEMPTS_MAX: Final = 999
STOPS_MAX: Final = 64
STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "first": ("offer", "answer", "words", "final"),
    "second": ("answer", "words", "final"),
}
"""The steps whose times a room writes down, in their order."""

_SHORT = re.compile(r"[A-Z]{2,4}")
_HEX = re.compile(r"[0-9a-f]{64}")
_STOP = re.compile(r"([a-z]+(?:-[a-z]+)*) (\S{24})")


class TranscriptRefused(ProtocolError):
    """A transcript does not parse, contradicts itself, or is not signed as it must be.

    Args:
        code: `transcript-malformed`, `transcript-contradicts` or `transcript-unsigned`.
        text: why.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, "", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes:
    """What one room did.

    Attributes:
        room: first or second.
        party: short name.
        attempt: counted from 1; each restart adds one.
        reader: number of the person who read the words aloud.
        witness: number of the person who watched, or 0.
        roots: numbers of the roots that signed the agreement here, ascending.
        roster: SHA-256 of the party's first roster.
        offer, answer, final: SHA-256 of the three files as they were in this room.
        began_ms: when the attempt began, UTC milliseconds.
        done: when each step was done, UTC milliseconds, in the order of `STEPS`.
        stops: code and time of each stop, of earlier attempts too.
    """

    room: str
    party: str
    attempt: int
    reader: int
    witness: int
    roots: tuple[int, ...]
    roster: Hash
    offer: Hash
    answer: Hash
    final: Hash
    began_ms: int
    done: tuple[int, ...]
    stops: tuple[tuple[str, int], ...] = ()

    def check(self) -> None:
        """Check what can be seen without the other room.

        Raises:
            TranscriptRefused: `transcript-malformed`.
        """
        times = (self.began_ms, *self.done)
        for holds, what in (
            (self.room in STEPS, "room"),
            (_SHORT.fullmatch(self.party) is not None, "party"),
            (1 <= self.attempt <= ATTEMPTS_MAX, "attempt"),
            (1 <= self.reader <= NUMBER_MAX, "reader"),
            (0 <= self.witness <= NUMBER_MAX and self.witness != self.reader, "witness"),
            (bool(self.roots) and list(self.roots) == sorted(set(self.roots)), "roots"),
            (all(1 <= one <= NUMBER_MAX for one in self.roots), "roots"),
            (len(self.done) == len(STEPS.get(self.room, ())), "times"),
            (list(times) == sorted(times) and all(0 <= one <= INSTANT_MAX_MS for one in times), "times"),
            (len(self.stops) <= STOPS_MAX, "stops"),
        ):
            if not holds:
                raise TranscriptRefused("transcript-malformed", f"the {what} of the {self.room} room cannot be")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """Both rooms, or the minutes of the first alone.

    Attributes:
        channel: of the pairing, 32 bytes.
        agreement: its digest, 32 bytes.
        first: the room that made the offer.
        second: the other; None in minutes.
        counterpart: short name of the second party.
    """

    channel: Hash
    agreement: Hash
    first: Minutes
    second: Minutes | None
    counterpart: str

    def check(self) -> None:
        """Check that each room's minutes can be, and that both saw the same.

        Raises:
            TranscriptRefused: `transcript-malformed`, or `transcript-contradicts` with what differs.
        """
        self.first.check()
        if self.first.room != "first" or self.first.party == self.counterpart:
            raise TranscriptRefused("transcript-malformed", "the rooms cannot be")
        if self.second is None:
            return
        self.second.check()
        if self.second.room != "second" or self.second.party != self.counterpart:
            raise TranscriptRefused("transcript-malformed", "the rooms cannot be")
        for name in ("offer", "answer", "final"):
            if getattr(self.first, name) != getattr(self.second, name):
                raise TranscriptRefused("transcript-contradicts", f"the two rooms had different files as {name}")

    def render(self) -> bytes:
        """Write the text.

        Raises:
            TranscriptRefused: as `check`.
            KeysMisused: a value that cannot be written.
        """
        self.check()
        out = LineWriter()
        names = f"{self.first.party} and {self.counterpart}"
        out.comment(f"What two rooms did to pair {names}. The roots of both sign this exact text.")
        out.string("format", FORMAT)
        out.string("channel", self.channel.hex())
        out.string("agreement", self.agreement.hex())
        out.string("counterpart", self.counterpart)
        for one in (self.first, self.second):
            if one is not None:
                _write(out, one)
        return out.encode()

    @classmethod
    def parse(cls, text: bytes) -> Transcript:
        """Read a text.

        Raises:
            TranscriptRefused: it is no transcript in its one spelling, or contradicts itself.
        """
        try:
            lines = LineReader(text, bytes_max=TEXT_BYTES_MAX)
            if lines.string("format") != FORMAT:
                raise TranscriptRefused("transcript-malformed", "the format is not known to this program")
            channel, agreement = (_hash(lines, name) for name in ("channel", "agreement"))
            counterpart = lines.string("counterpart")
            if _SHORT.fullmatch(counterpart) is None:
                raise TranscriptRefused("transcript-malformed", "the counterpart is no short name")
            first = _read(lines, "first")
            second = None if lines.ended else _read(lines, "second")
            lines.end()
            found = cls(channel=channel, agreement=agreement, first=first, second=second, counterpart=counterpart)
            if found.render() != text:
                raise TranscriptRefused("transcript-malformed", "the text is in a second spelling")
        except KeysError as error:
            raise TranscriptRefused("transcript-malformed", f"the transcript does not parse: {error}") from error
        return found

    @property
    def parties(self) -> tuple[str, str]:
        """Short names: of the first party, of the second."""
        return self.first.party, self.counterpart


def check_signatures(
    text: bytes,
    signatures: Mapping[str, Sequence[tuple[int, bytes]]],
    *,
    channel: Hash,
    agreement: Hash,
    roots: Mapping[str, RootSet],
    needed: Sequence[str],
) -> Transcript:
    """Verify a transcript against an agreement.

    Args:
        text: as it was signed.
        signatures: by party, root number and signature.
        channel: of the agreement.
        agreement: its digest.
        roots: of both parties, as the agreement has them.
        needed: parties whose roots must have signed, as many as their threshold says.

    Returns:
        What was signed.

    Raises:
        TranscriptRefused: it is not of that agreement, contradicts itself, or too few roots signed.

    Source: spec/pairing.md, "Transcript", steps 1 to 5.
    """
    found = Transcript.parse(text)
    if (found.channel, found.agreement) != (channel, agreement) or {*found.parties} != {*roots}:
        raise TranscriptRefused("transcript-contradicts", "the transcript is of another agreement")
    for room in (found.first, found.second):
        if room is not None and not (
            len(room.roots) >= roots[room.party].threshold and max(room.roots) <= len(roots[room.party].keys)
        ):
            raise TranscriptRefused("transcript-contradicts", f"roots of {room.party} that cannot have sufficed")
    if found.second is None:
        raise TranscriptRefused("transcript-malformed", "these are the minutes of one room")
    for party in needed:
        report = roots[party].check(signatures.get(party, ()), PURPOSE, channel=channel, author=party, message=text)
        if not report.met:
            raise TranscriptRefused(
                "transcript-unsigned",
                f"{len(report.valid)} of {report.threshold} needed roots of {party} signed this text",
            )
    return found


def transcript_digest(text: bytes) -> Hash:
    """Name a transcript: SHA-256 of its text."""
    return digest(text)


def _write(out: LineWriter, one: Minutes) -> None:
    out.blank()
    out.header(f"[{one.room}]")
    out.string("party", one.party)
    out.integer("attempt", one.attempt)
    out.integer("reader", one.reader)
    out.integer("witness", one.witness)
    out.strings("roots", [str(number) for number in one.roots])
    for name in ("roster", "offer", "answer", "final"):
        out.string(name, getattr(one, name).hex())
    out.instant("began", one.began_ms)
    for step, at_ms in zip(STEPS[one.room], one.done, strict=True):
        out.instant(f"{step}_at", at_ms)
    out.string("words_read", "yes")
    out.string("words_heard", "yes")
    if one.stops:
        out.strings("stops", [f"{code} {instant_text(at_ms)}" for code, at_ms in one.stops])


def _read(lines: LineReader, room: str) -> Minutes:
    lines.header(f"[{room}]")
    party = lines.string("party")
    attempt, reader, witness = (lines.integer(name) for name in ("attempt", "reader", "witness"))
    roots = tuple(_number(one) for one in lines.strings("roots"))
    roster, offer, answer, final = (_hash(lines, name) for name in ("roster", "offer", "answer", "final"))
    began_ms = lines.instant("began")
    done = tuple(lines.instant(f"{step}_at") for step in STEPS[room])
    for name in ("words_read", "words_heard"):
        if lines.string(name) != "yes":
            raise TranscriptRefused("transcript-malformed", f"{name} is not yes")
    stops = tuple(_stop(one) for one in lines.strings("stops")) if lines.follows("stops = ") else ()
    return Minutes(
        room=room,
        party=party,
        attempt=attempt,
        reader=reader,
        witness=witness,
        roots=roots,
        roster=roster,
        offer=offer,
        answer=answer,
        final=final,
        began_ms=began_ms,
        done=done,
        stops=stops,
    )


def _hash(lines: LineReader, name: str) -> Hash:
    text = lines.string(name)
    if _HEX.fullmatch(text) is None:
        raise RosterRefused(f"{name} is no SHA-256 in hexadecimal")
    return bytes.fromhex(text)


def _number(text: str) -> int:
    if re.fullmatch(r"[1-9][0-9]{0,4}", text, re.ASCII) is None:
        raise RosterRefused("a root is no number")
    return int(text)


def _stop(text: str) -> tuple[str, int]:
    match = _STOP.fullmatch(text)
    if match is None:
        raise RosterRefused("a stop is no code with a time")
    return match[1], instant_ms(match[2])
