"""A rehearsal: both rooms of a pairing ceremony in one directory, with parties that do not exist.

Keys, files, words and signatures are real; the agreement says that nothing is meant. A fault may be played, so that
people have seen once how a ceremony stops, and what each stop looks like.

Source: spec/pairing.md, "Rehearsal".
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from hotline import pairing
from hotline.ceremony import Ceremony, Plan, begin
from hotline.ceremony_state import State
from hotline.ceremony_steps import FIRST, SECOND, Step, steps_of
from hotline.ceremony_work import Answers, Hands
from hotline.clock import now_ms
from hotline.errors import Refused
from hotline.pairing_files import Offer, SignedTerms
from hotline.party_file import read_party
from hotline.root_signing import Secrets
from hotline.setup import NewParty, add_officer, make_home
from hotline.terms import Terms
from keys.words import WORDS
from nodes.files import write_file
from protocol.tagged import digest

PARTIES: Final = {FIRST: ("ARC", "Arcadia"), SECOND: ("BOR", "Borealia")}
OFFICERS: Final = ("duty", "release")
ORDER: Final = (
    (FIRST, "offer"),
    (SECOND, "answer"),
    (FIRST, "answer"),
    (FIRST, "words"),
    (SECOND, "words"),
    (FIRST, "final"),
    (SECOND, "final"),
    (SECOND, "transcript"),
    (FIRST, "transcript"),
    (SECOND, "closed"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong in a rehearsal.

    Attributes:
        help: one clause for people.
        room, step: where it shows.
        code: what stops the ceremony there.
    """

    help: str
    room: str
    step: str
    code: str


FAULTS: Final[Mapping[str, Fault]] = {
    "wrong-word": Fault(help="one word is heard wrongly", room=FIRST, step="words", code="words-differ"),
    "man-in-the-middle": Fault(
        help="somebody carries another offer there and mends the answer that comes back",
        room=FIRST,
        step="words",
        code="words-differ",
    ),
    "old-format": Fault(help="the offer is of an older format", room=SECOND, step="answer", code="ceremony-file-old"),
    "own-file": Fault(help="a room is handed its own file", room=FIRST, step="answer", code="ceremony-own-file"),
    "other-ceremony": Fault(
        help="the answer is to another offer", room=FIRST, step="answer", code="ceremony-other-file"
    ),
    "old-file": Fault(
        help="one room begins anew and is handed the old answer", room=FIRST, step="answer", code="ceremony-file-old"
    ),
    "wrong-step": Fault(help="both rooms have made an offer", room=FIRST, step="answer", code="ceremony-wrong-step"),
    "changed-after": Fault(
        help="the answer is exchanged after the words were compared",
        room=FIRST,
        step="final",
        code="ceremony-file-changed",
    ),
    "changed-final": Fault(
        help="somebody writes other addresses into the final file",
        room=SECOND,
        step="final",
        code="ceremony-record-differs",
    ),
}


@dataclass(slots=True, kw_only=True)
class Room:
    """One of the two rooms.

    Attributes:
        ceremony: of this room.
        opened: what opens its key files.
    """

    ceremony: Ceremony
    opened: Secrets

    def secrets(self) -> Secrets:
        """What opens its key files."""
        return self.opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A step that was played.

    Attributes:
        step: which.
        party: short name of the room's party.
        files: digests of what came in and went out, hexadecimal, by name.
        stopped: code and text where it stopped the ceremony; None where it was done.
    """

    step: Step
    party: str
    files: Mapping[str, str]
    stopped: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """Answers of people who do as they should, and hear what the other room reads.

    Attributes:
        heard: the words.
        note: shows what people look at while they do it.
    """

    heard: str
    note: Callable[[str], None]

    def confirm(self, question: str, about: Sequence[str]) -> bool:
        """Yes."""
        if question == "own-words-read":
            for line in about:
                self.note(line)
        return True

    def words(self, question: str) -> str:
        """What was heard."""
        return self.heard


def furnish(directory: Path, terms: Terms) -> dict[str, Room]:
    """Make the two homes, each with two officers and two roots, and begin the ceremony in both.

    Args:
        directory: empty.
        terms: what the first room proposes; its purpose becomes `demonstration`.
    """
    rooms = {}
    passphrase = secrets.token_urlsafe(18).encode("ascii")
    write_file(directory / "passphrase", passphrase + b"\n")
    for room, (short, name) in PARTIES.items():
        new = NewParty(
            short=short,
            name=name,
            domain=f"mfa.{name.lower()}.example",
            roots=2,
            threshold=2,
            listen="127.0.0.1:7443",
        )
        home = make_home(directory / short, new, passphrase=passphrase, root_passphrase=passphrase)
        for officer in OFFICERS:
            add_officer(home, officer, roles=(officer,), passphrase=passphrase, now_ms=now_ms(), years=1)
        plan = Plan(
            room=room,
            counterpart=PARTIES[SECOND if room == FIRST else FIRST][0],
            reader=OFFICERS[0],
            witness=OFFICERS[1],
            endpoints=(f"line.{name.lower()}.example:7443",),
            terms=replace(terms, purpose="demonstration") if room == FIRST else None,
        )
        opened = Secrets(passphrase=passphrase, roots=home.roots, root_passphrase=passphrase)
        rooms[room] = Room(ceremony=begin(home, plan, now_ms=now_ms()), opened=opened)
    return rooms


def play(
    rooms: Mapping[str, Room],
    *,
    fault: str | None,
    tell: Callable[[Step, State], None],
    told: Callable[[Played], None],
    note: Callable[[str], None],
    ask: Callable[[Sequence[str]], Answers] | None = None,
) -> list[Played]:
    """Play the ceremony from where the rooms are to its end, or to where the fault stops it.

    Args:
        rooms: as they were furnished, or taken up again.
        fault: name in `FAULTS`, or None.
        tell: is called before each step.
        told: is called after it.
        note: shows a line that people look at during a step.
        ask: gives whoever answers for people, from the words that the other room reads; None for people who do right.

    Returns:
        The steps. Where a fault is played and stops nothing, the last one has not stopped.
    """
    found = []
    carried: dict[str, bytes] = {}
    for name, step_name in ORDER:
        room = rooms[name]
        if step_name in dict(room.ceremony.state.done):
            carried |= _given(room, step_name)
            continue
        step = room.ceremony.state.next_step
        if step is None or step.name != step_name:
            raise AssertionError("the order of a rehearsal is not that of the table")
        tell(step, room.ceremony.state)
        now = FAULTS[fault] if fault is not None else None
        across = rooms[SECOND if name == FIRST else FIRST]
        heard = _heard(across)
        if now is not None and fault is not None and (now.room, now.step) == (name, step_name):
            heard = _spoil_room(fault, room, across, carried, heard)
        files = [carried[one] for one in step.takes]
        answers: Answers = (
            Spoken(" ".join(heard), note) if ask is None or "heard-words" not in step.asks else ask(heard)
        )
        hands = Hands(answers=answers, opened=room.secrets, now_ms=now_ms)
        try:
            room.ceremony.advance(files, hands)
        except Refused as error:
            stopped = (error.code, error.text)
            found.append(Played(step=step, party=room.ceremony.state.party, files={}, stopped=stopped))
            told(found[-1])
            return found
        carried |= _given(room, step_name)
        if fault is not None:
            _spoil_carried(fault, name, step_name, carried)
        digests = {one: room.ceremony.state.files[one] for one in (*step.takes, *step.gives)}
        found.append(Played(step=step, party=room.ceremony.state.party, files=digests))
        told(found[-1])
    return found


def _given(room: Room, step_name: str) -> dict[str, bytes]:
    """The files that a step gave."""
    step = next(one for one in steps_of(room.ceremony.state.room) if one.name == step_name)
    return {one: room.ceremony.path(one).read_bytes() for one in step.gives}


def _heard(other: Room) -> tuple[str, ...]:
    """What the other room reads aloud, if it can yet."""
    return other.ceremony.own_words() or ()


def _spoil_room(
    fault: str, room: Room, other_room: Room, carried: dict[str, bytes], heard: tuple[str, ...]
) -> tuple[str, ...]:
    """Do what goes wrong just before a step: to what is carried, kept or heard. Gives what is heard."""
    if fault == "wrong-word":
        return (*heard[:-1], next(word for word in WORDS if word != heard[-1]))
    answer = carried.get("answer", b"")
    if fault == "own-file":
        carried["answer"] = carried["offer"]
    elif fault == "old-format":
        offer = Offer.parse(carried["offer"])
        party = replace(offer.party, desks=())
        carried["offer"] = replace(offer, party=party, terms=replace(offer.terms, format=1)).encode()
    elif fault == "other-ceremony":
        other = replace(Offer.parse(carried["offer"]), endpoints=())
        refers_to = digest(other.encode())
        carried["answer"] = replace(SignedTerms.parse(answer, final=False), refers_to=refers_to).encode(final=False)
    elif fault == "wrong-step":
        card = pairing.card_of(read_party(other_room.ceremony.home.party_path))
        carried["answer"] = replace(Offer.parse(carried["offer"]), party=card).encode()
    elif fault == "old-file":
        room.ceremony.restart(now_ms=now_ms())
        room.ceremony.advance([], Hands(answers=Spoken("", _nobody), opened=room.secrets, now_ms=now_ms))
    elif fault == "changed-after":
        write_file(room.ceremony.path("answer"), _other_addresses(answer, final=False))
    elif fault == "changed-final":
        carried["final"] = _other_addresses(carried["final"], final=True)
    return heard


def _spoil_carried(fault: str, room: str, step: str, carried: dict[str, bytes]) -> None:
    """Do what somebody on the way does with what they carry."""
    if fault == "man-in-the-middle" and (room, step) == (FIRST, "offer"):
        carried["true offer"] = carried["offer"]
        carried["offer"] = replace(Offer.parse(carried["offer"]), endpoints=("192.0.2.66:7443",)).encode()
    elif fault == "man-in-the-middle" and (room, step) == (SECOND, "answer"):
        # No signature covers which offer is answered. The words do.
        answer = SignedTerms.parse(carried["answer"], final=False)
        carried["answer"] = replace(answer, refers_to=digest(carried["true offer"])).encode(final=False)


def _nobody(_line: str) -> None:
    """Show it to nobody."""


def _other_addresses(data: bytes, *, final: bool) -> bytes:
    return replace(SignedTerms.parse(data, final=final), endpoints=("192.0.2.66:7443",)).encode(final=final)
