"""Whom to call by voice, from the agreement: as lines, and as a card for when the line is down.

The card is text of at most 80 columns, or one page of HTML that needs nothing else. It holds what the agreement says,
and what to do; no key and no secret.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from hotline.printable import printable
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


def lines_of(contacts: Contacts) -> list[str]:
    """The desks of both parties, for a screen."""
    lines = []
    for party in (contacts.counterpart, contacts.ours):
        whose = "ours" if party.short == contacts.own else "theirs"
        lines.append(printable(f"{party.short}  {party.name} ({whose})"))
        lines += [f"  {text}" for desk in party.desks for text in _desk(desk)] or [
            "  The agreement names no desk: agree on one in its next amendment."
        ]
    lines.append(f"From the agreement {contacts.agreement.digest.hex()[:16]}, {contacts.source}.")
    return lines


def _desk(desk: Desk) -> Iterator[str]:
    yield printable(f"{desk.name:<11} {', then '.join(desk.voice)}")
    yield printable(f"{'':<11} {desk.hours}; {', '.join(desk.languages)}")


def card(contacts: Contacts, *, made: str) -> list[str]:
    """The card, at most 80 columns wide.

    Args:
        contacts: whom to call.
        made: the day it was printed.
    """
    rule = "=" * WIDTH
    lines = [rule, *_wrapped(f"HOTLINE  {contacts.own} with {contacts.counterpart.short}: when the line is down"), rule]
    if contacts.agreement.demonstration:
        lines += ["*** demonstration: nothing said here is meant ***", ""]
    for party in (contacts.counterpart, contacts.ours):
        whose = "our own desks" if party.short == contacts.own else "call them here"
        lines += [*_wrapped(f"{party.short}  {party.name}: {whose}"), ""]
        for desk in party.desks:
            lines.append(f"  {desk.name.upper()} DESK")
            lines += [printable(f"    {number}") for number in desk.voice]
            lines += _wrapped(f"{desk.hours}; {', '.join(desk.languages)}", indent="    ")
            lines.append("")
        if not party.desks:
            lines += ["  The agreement names no desk.", "  ____________________________________________", ""]
    lines += ["WHAT TO DO", ""]
    for number, step in enumerate(STEPS, 1):
        lines += _wrapped(step, indent="   ", first=f"{number}. ")
    lines += ["", *_wrapped(_origin(contacts, made)), rule]
    return lines


def _origin(contacts: Contacts, made: str) -> str:
    digest = contacts.agreement.digest.hex()
    return (
        f"Printed {made} from the agreement {digest[:16]}, {contacts.source}; to be reviewed by "
        f"{contacts.agreement.review_date.isoformat()}. Print it again after each amendment and destroy this one."
    )


def _wrapped(text: str, *, indent: str = "", first: str | None = None) -> list[str]:
    return textwrap.wrap(
        printable(text), WIDTH, initial_indent=indent if first is None else first, subsequent_indent=indent
    )


def page(contacts: Contacts, *, made: str) -> str:
    """The card as one page of HTML, which loads nothing."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{_safe(f'Hotline {contacts.own} with {contacts.counterpart.short}')}</title>",
        _STYLE,
        "</head><body>",
        f"<h1>{_safe(f'Hotline {contacts.own} with {contacts.counterpart.short}: when the line is down')}</h1>",
    ]
    if contacts.agreement.demonstration:
        parts.append("<p><strong>*** demonstration: nothing said here is meant ***</strong></p>")
    for party in (contacts.counterpart, contacts.ours):
        whose = "our own desks" if party.short == contacts.own else "call them here"
        parts += [f"<h2>{_safe(f'{party.short}  {party.name}: {whose}')}</h2>", "<table>"]
        parts += list(_rows(party.desks))
        parts.append("</table>")
    parts += ["<h2>What to do</h2>", "<ol>", *(f"<li>{_safe(step)}</li>" for step in STEPS), "</ol>"]
    parts += [f"<p><small>{_safe(_origin(contacts, made))}</small></p>", "</body></html>"]
    return "\n".join(parts) + "\n"


def _rows(desks: Sequence[Desk]) -> Iterator[str]:
    for desk in desks:
        numbers = "<br>".join(_safe(number) for number in desk.voice)
        more = _safe(f"{desk.hours}; {', '.join(desk.languages)}")
        yield f'<tr><th>{_safe(desk.name)}</th><td class="call">{numbers}</td><td>{more}</td></tr>'
    if not desks:
        yield "<tr><td>The agreement names no desk.</td></tr>"


def _safe(text: str) -> str:
    return escape(printable(text))
