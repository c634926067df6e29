"""Whom to call by voice, from the agreement: as lines, and as a card for when the line is down.

The card is text of at most 80 columns, or one page of HTML that needs nothing else. It holds what the agreement says,
and what to do; no key and no secret. Its labels are in the reader's language; what to do is in English.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from hotline.banners import banners
from hotline.printable import printable
from hotline.words import ENGLISH, Words, columns, padded
from hotline.zulu import zulu
from protocol.agreement import Agreement
from protocol.agreement_terms import Desk, Party

WIDTH: Final = 80

STEPS: Final = tuple(
    " ".join(step.split())
    for step in """
A line that is down is a technical record. It is no refusal and no answer.

Look first: hotline status, then hotline doctor. What you send meanwhile waits and is delivered later.

If it is urgent, call the numbers of this card in their order. Say your party, your number in the roster and your role.

Before you act on anything grave that was said by voice, hang up and call back on a number of this card, never on one
that a caller gives you. The safety words of the pairing (hotline pair show) show that both hold the same agreement;
they are no secret and prove nobody.

As soon as entries pass in both directions, prove a grave message itself: one side sends an authenticity-challenge, both
compare by voice what it holds, and the answer is an authenticity-proof.

A telephone is not sealed. Say that something is to be read, not what it says; name statements by serial, such as
ARC 17.

Write down when you called, whom, and what was said. Nothing said by voice is a statement: send it on the line as soon
as it is back, with the time at which you were aware of it.
""".strip().split("\n\n")
)
"""What to do when the line is down."""


_STYLE: Final = """<style>
body { font: 11pt/1.4 sans-serif; max-width: 42em; margin: 2em auto }
h1 { font-size: 1.3em }
td, th { text-align: left; vertical-align: top; padding: .2em 1em .2em 0 }
.call { font-weight: bold; font-size: 1.2em }
li { margin: .3em 0 }
@page { margin: 1.5cm }
</style>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """Whom to call on one channel.

    Attributes:
        own: short name of ours.
        agreement: where it is from.
        amended: whether it is an amendment, and not the text of the pairing.
        source: the command's words for where it was read.
        ends_ms: from when on the line carries only what always passes, UTC milliseconds; None for never.
    """

    own: str
    agreement: Agreement
    amended: bool
    source: str
    ends_ms: int | None = None

    @property
    def counterpart(self) -> Party:
        """The other party."""
        return self.agreement.other(self.own)

    @property
    def ours(self) -> Party:
        """Our own party."""
        return self.agreement.party(self.own)

    def as_dict(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "counterpart": self.counterpart.short,
            "agreement": self.agreement.digest.hex(),
            "amended": self.amended,
            "source": self.source,
            "demonstration": self.agreement.demonstration,
            "desks": {
                party.short: [
                    {
                        "name": desk.name,
                        "voice": list(desk.voice),
                        "hours": desk.hours,
                        "languages": list(desk.languages),
                    }
                    for desk in party.desks
                ]
                for party in (self.counterpart, self.ours)
            },
        }


def above(contacts: Contacts, *, now_ms: int) -> tuple[str, ...]:
    """The banners of the line, by its agreement alone.

    Args:
        contacts: whom to call.
        now_ms: UTC milliseconds.
    """
    return banners(contacts.agreement, ends_ms=contacts.ends_ms, now_ms=now_ms)


def lines_of(contacts: Contacts, *, now_ms: int, words: Words = ENGLISH) -> list[str]:
    """The desks of both parties, for a screen.

    Args:
        contacts: whom to call.
        now_ms: UTC milliseconds.
        words: of the reader.
    """
    lines = [*above(contacts, now_ms=now_ms)]
    for party in (contacts.counterpart, contacts.ours):
        lines.append(_whose(contacts, party, words))
        lines += [f"  {text}" for desk in party.desks for text in _desk(desk, words)] or [
            "  The agreement names no desk: agree on one in its next amendment."
        ]
    lines.append(f"From the agreement {contacts.agreement.digest.hex()[:16]}, {contacts.source}.")
    return lines


def _desk(desk: Desk, words: Words) -> Iterator[str]:
    yield f"{padded(words.coded('desk', desk.name), 11)} {printable(', then '.join(desk.voice))}"
    yield f"{'':<11} {_hours(desk)}"


def _hours(desk: Desk) -> str:
    return printable(f"{desk.hours}; {', '.join(desk.languages)}")


def card(contacts: Contacts, *, now_ms: int, words: Words = ENGLISH) -> list[str]:
    """The card, at most 80 columns wide.

    Args:
        contacts: whom to call.
        now_ms: when it is printed, UTC milliseconds.
        words: of the reader.
    """
    rule = "=" * WIDTH
    lines = [rule, *_wrapped(f"{_title(contacts)}: {words.row('when the line is down')}"), rule]
    for text in above(contacts, now_ms=now_ms):
        lines += [*_wrapped(text), ""]
    for party in (contacts.counterpart, contacts.ours):
        lines += [*_wrapped(_whose(contacts, party, words)), ""]
        for desk in party.desks:
            lines += _wrapped(words.desk(desk.name).upper(), indent="  ")
            lines += [printable(f"    {number}") for number in desk.voice]
            lines += [*_wrapped(_hours(desk), indent="    "), ""]
        if not party.desks:
            none = words.row("the agreement names no desk")
            lines += [*_wrapped(none, indent="  "), "  ____________________________________________", ""]
    lines += [*_wrapped(words.row("what to do").upper()), ""]
    for number, step in enumerate(STEPS, 1):
        lines += _wrapped(step, indent="   ", first=f"{number}. ")
    lines += ["", *_wrapped(_origin(contacts, now_ms)), rule]
    return lines


def _title(contacts: Contacts) -> str:
    return printable(f"HOTLINE  {contacts.own} with {contacts.counterpart.short}")


def _whose(contacts: Contacts, party: Party, words: Words) -> str:
    whose = words.row("our own desks" if party.short == contacts.own else "call them here")
    return f"{printable(f'{party.short}  {party.name}')}: {whose}"


def _origin(contacts: Contacts, now_ms: int) -> str:
    digest = contacts.agreement.digest.hex()
    return printable(
        f"Printed {zulu(now_ms)[:10]} from the agreement {digest[:16]}, {contacts.source}; to be reviewed by "
        f"{contacts.agreement.review_date.isoformat()}. Print it again after each amendment and destroy this one."
    )


def _wrapped(text: str, *, indent: str = "", first: str | None = None) -> list[str]:
    """Set a printable text in lines of at most WIDTH columns, as wide as its characters are on a terminal."""
    lines = [indent if first is None else first]
    begun = False
    for word in text.split(" "):
        for part in _parts(word, WIDTH - len(indent)):
            joint = " " if begun else ""
            if begun and columns(lines[-1]) + columns(joint + part) > WIDTH:
                lines.append(indent + part)
            else:
                lines[-1] += joint + part
            begun = True
    return lines


def _parts(word: str, room: int) -> Iterator[str]:
    """A word, in pieces where it is wider than a line."""
    part = ""
    for one in word:
        if part and columns(part + one) > room:
            yield part
            part = ""
        part += one
    yield part


def page(contacts: Contacts, *, now_ms: int, words: Words = ENGLISH) -> str:
    """The card as one page of HTML, which loads nothing.

    Args:
        contacts: whom to call.
        now_ms: when it is printed, UTC milliseconds.
        words: of the reader.
    """
    title = f"{_title(contacts)}: {words.row('when the line is down')}"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{escape(_title(contacts))}</title>",
        _STYLE,
        "</head><body>",
        f"<h1>{escape(title)}</h1>",
    ]
    parts += [f"<p><strong>{escape(text)}</strong></p>" for text in above(contacts, now_ms=now_ms)]
    for party in (contacts.counterpart, contacts.ours):
        parts += [f"<h2>{escape(_whose(contacts, party, words))}</h2>", "<table>"]
        parts += list(_rows(party.desks, words))
        parts.append("</table>")
    parts += [f"<h2>{escape(words.row('what to do'))}</h2>", "<ol>"]
    parts += [*(f"<li>{escape(step)}</li>" for step in STEPS), "</ol>"]
    parts += [f"<p><small>{escape(_origin(contacts, now_ms))}</small></p>", "</body></html>"]
    return "\n".join(parts) + "\n"


def _rows(desks: Sequence[Desk], words: Words) -> Iterator[str]:
    for desk in desks:
        numbers = "<br>".join(escape(printable(number)) for number in desk.voice)
        name, more = escape(words.desk(desk.name)), escape(_hours(desk))
        yield f'<tr><th>{name}</th><td class="call">{numbers}</td><td>{more}</td></tr>'
    if not desks:
        yield f"<tr><td>{escape(words.row('the agreement names no desk'))}</td></tr>"
