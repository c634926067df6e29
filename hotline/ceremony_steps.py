"""The pairing ceremony as a table: who does what in which room, what is carried, what is read aloud, what may differ.

The engine (`hotline/ceremony.py`), the screens and docs/ceremonies/pairing.md all take it from here.

    room   step         takes               gives
    first  offer                            offer
    second answer       offer               answer
    first  answer       answer
    both   words        by voice
    first  final                            final, minutes
    second final        final, minutes
    second transcript                       transcript
    first  transcript   transcript          countersigned
    second closed       countersigned

Source: spec/pairing.md, "In two rooms".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FIRST, SECOND = "first", "second"
ROOMS: Final = (FIRST, SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something that a person must say before a step is done.

    Attributes:
        name: in a file of answers.
        text: as it is asked.
        words: whether words are typed; else it is yes or no.
    """

    name: str
    text: str
    words: bool = False


QUESTIONS: Final[Mapping[str, Question]] = {
    one.name: one
    for one in (
        Question(name="terms-read", text="Were these terms read by those who may decide, and are they to be signed?"),
        Question(name="number-known", text="Is the call over a number that stood in none of the files?"),
        Question(name="own-words-read", text="Did your reader read all of these words aloud, in this order?"),
        Question(name="heard-words", text="Type the words that the other room reads aloud", words=True),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step in one room.

    Attributes:
        name: unique in its room.
        room: first or second.
        who: who has to be there.
        does: what is done, one or two sentences.
        takes: files that come in, in order.
        gives: files that go out.
        asks: names of questions, in the order in which they are asked.
        aloud: what is said to the other room; empty for nothing.
        differs: what to do when it is not as it should be.
        roots: whether root keys are opened.
    """

    name: str
    room: str
    who: str
    does: str
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    aloud: str = ""
    differs: str = ""
    roots: bool = False


STEPS: Final[tuple[Step, ...]] = (
    Step(
        name="offer",
        room=FIRST,
        who="the administrator",
        does="Write the offer: our root keys, the terms that we propose, where our node answers.",
        gives=("offer",),
        aloud="which attempt it is, and that the offer is on its way",
        differs="Nothing can differ yet.",
    ),
    Step(
        name="answer",
        room=FIRST,
        who="the administrator and the witness",
        does="Take the answer. It must be our own offer with the other party added, signed by their roots.",
        takes=("answer",),
        aloud="that the answer is there",
        differs="Somebody changed a file on the way, or it is of another attempt: say so, and compare its digest.",
    ),
    Step(
        name="words",
        room=FIRST,
        who="the reader and the witness",
        does="Call a known number. Read our words aloud; then type the words that they read.",
        asks=("number-known", "own-words-read", "heard-words"),
        aloud="our fourteen words, first; then listen to theirs",
        differs="Somebody may stand between the rooms. Say that we stop, end the call, and call by another way.",
    ),
    Step(
        name="final",
        room=FIRST,
        who="the holders of the root keys and the witness",
        does="Sign the same text with our roots, make our keys for the channel, and write down what was done here.",
        gives=("final", "minutes"),
        aloud="that we have signed, and that two files are on their way",
        differs="The answer is not the one that was compared: somebody was at this machine. Stop and begin anew.",
        roots=True,
    ),
    Step(
        name="transcript",
        room=FIRST,
        who="the holders of the root keys and the witness",
        does="Compare the transcript of both rooms with what was done here, and sign it.",
        takes=("transcript",),
        gives=("countersigned",),
        aloud="the first eight digits of the digest of the transcript's text",
        differs="They wrote down something else than we did, or another file came to them: compare both by voice.",
        roots=True,
    ),
    Step(
        name="answer",
        room=SECOND,
        who="those who may decide on the terms, and the holders of the root keys",
        does="Take the offer and read its terms. Make fresh keys, sign the text and our first roster with our roots.",
        takes=("offer",),
        gives=("answer",),
        asks=("terms-read",),
        aloud="that the answer is on its way",
        differs="The terms are not those agreed upon, or the offer is not theirs: ask before anything is signed.",
        roots=True,
    ),
    Step(
        name="words",
        room=SECOND,
        who="the reader and the witness",
        does="Take their call on a known number. Type the words that they read; then read our words aloud.",
        asks=("number-known", "heard-words", "own-words-read"),
        aloud="our fourteen words, after theirs",
        differs="Somebody may stand between the rooms. Say that we stop, end the call, and call by another way.",
    ),
    Step(
        name="final",
        room=SECOND,
        who="the administrator and the witness",
        does="Take their two files. Their roots must have signed the text that we signed; then the channel is there.",
        takes=("final", "minutes"),
        aloud="that the channel is there",
        differs="The files are not theirs, or of another attempt: let them be brought again. Nothing is signed anew.",
    ),
    Step(
        name="transcript",
        room=SECOND,
        who="the holders of the root keys and the witness",
        does="Put their minutes and ours into one transcript, and sign it.",
        gives=("transcript",),
        aloud="the first eight digits of the digest of the transcript's text",
        differs="Their minutes name other files than we had: compare by voice before anything is signed.",
        roots=True,
    ),
    Step(
        name="closed",
        room=SECOND,
        who="the administrator and the witness",
        does="Take the transcript that both parties signed. The ceremony is over; the nodes may start.",
        takes=("countersigned",),
        aloud="that the ceremony is over",
        differs="They signed another text: the channel stands, the transcript does not. Let it be brought again.",
    ),
)


def steps_of(room: str) -> tuple[Step, ...]:
    """The steps of a room, in order."""
    return tuple(step for step in STEPS if step.room == room)


NEEDS_RESTART: Final = frozenset(
    {
        "words-differ",
        "ceremony-file-changed",
        "pairing-terms-differ",
        "pairing-terms-refused",
        "catalogue-differs",
        "other-suite",
    }
)
"""Stops after which the same attempt cannot go on: what was compared, agreed or kept is not what it was."""


def checklist(room: str) -> list[str]:
    """The steps of a room as the rows of a page, in Markdown."""
    rows = []
    for number, step in enumerate(steps_of(room), start=1):
        carried = []
        if step.takes:
            carried.append(f"comes in: {', '.join(step.takes)}")
        if step.gives:
            carried.append(f"goes out: {', '.join(step.gives)}")
        rows += [
            f"{number}. [ ] **{step.name}** ({step.who}). {step.does}",
            *([f"   - {'; '.join(carried)}"] if carried else []),
            *([f"   - aloud: {step.aloud}"] if step.aloud else []),
            f"   - if it differs: {step.differs}",
        ]
    return rows
