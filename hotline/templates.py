"""Templates for officers: finding one that is in force, filling it, and seeing whether a statement keeps to its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hotline.composing import Letter
from hotline.desk import Channel, Desk, Spoken
from hotline.errors import Misused, Refused
from hotline.reference import parse_reference
from protocol.errors import ProtocolError
from protocol.kinds import Catalogue
from protocol.statement import ACTUAL
from protocol.template import FREE, REGISTER_KIND, TEMPLATE, Template, TemplateRefused

REGISTER = "templates"
DIFFERS = "template-differs"
"""The code of a statement that does not keep to the template that its header names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A template that is in force on a channel.

    Attributes:
        serial: of the statement that registered it.
        leaf: its leaf hash, which statements that follow it name.
        party: whose proposal it was.
        until_ms: when it expires, or None.
        status: whether it is meant, `actual`, or only of an exercise or a test.
        template: what it says.
        from_ms: since when it is in force without a break, UTC milliseconds; None where that is not told.
    """

    serial: str
    leaf: bytes
    party: str
    until_ms: int | None
    status: str
    template: Template
    from_ms: int | None = None


def in_force(desk: Desk, channel: Channel, *, at_ms: int | None = None) -> list[Held]:
    """The templates in force, opened and checked against their signed headers, by name and edition.

    Args:
        desk: whose role reads contents.
        channel: verified.
        at_ms: at another time than now.
    """
    told = desk.request("registers", counterpart=channel.counterpart, name=REGISTER, at_ms=at_ms)
    found = []
    for matter in told["found"].get(REGISTER, ()):
        if matter["kind"] != REGISTER_KIND or not matter["in_force"]:
            continue
        spoken = desk.entry(
            replace(parse_reference(matter["serial"], party=channel.own), counterpart=channel.counterpart)
        )
        contents = desk.contents(spoken)
        try:
            template = Template.read(contents or {})
        except (TemplateRefused, KeyError, TypeError):
            # The other side's program took what ours would not: nobody can follow it.
            continue
        until_ms = None if spoken.statement is None else spoken.statement.valid_until_ms
        found.append(
            Held(
                serial=spoken.serial,
                leaf=spoken.leaf,
                party=spoken.voice,
                until_ms=until_ms,
                status=matter["status"],
                template=template,
                from_ms=(matter.get("course") or {}).get("from_ms"),
            )
        )
    return sorted(found, key=lambda held: (held.template.name, held.template.edition))


def find_template(desk: Desk, channel: Channel, name: str) -> Held:
    """The newest edition of a template that is meant, or the one that a serial names.

    Raises:
        Misused: none of that name is in force.
    """
    known = in_force(desk, channel)
    meant = [held for held in known if held.status == ACTUAL and held.template.name == name]
    found = meant or [held for held in known if held.serial == name]
    if not found:
        names = ", ".join(sorted({held.template.name for held in known})) or "none"
        raise Misused("no-such-template", f"no template {name!r} is in force; there is {names}")
    return found[-1]


def follow(letter: Letter, held: Held, slots: Mapping[str, str], *, catalogue: Catalogue, now_ms: int) -> None:
    """Fill a template into a letter; what its author gave already stays.

    Raises:
        Misused: the template is for another kind, or a slot is not filled as it asks.
    """
    if held.template.kind != letter.kind.name:
        raise Misused("slot-unfit", f"{held.template.name} is for a {held.template.kind}, not a {letter.kind.name}")
    try:
        filled = held.template.fill(slots)
    except TemplateRefused as error:
        raise Misused(error.code, f"{error.where} {error.text}") from error
    for name, text in filled.items():
        if name not in letter.values:
            letter.set_text(name, text, catalogue=catalogue, now_ms=now_ms)
    if letter.choices.language is None:
        letter.choices = replace(letter.choices, language=held.template.language)


def mark(letter: Letter, held: Held) -> tuple[str, ...]:
    """Say in the header which template is followed, and whether there is text beyond it.

    Returns:
        The fields whose text goes beyond it.
    """
    beyond = held.template.free_fields(letter.kind, letter.values)
    letter.facts[TEMPLATE] = held.leaf
    if beyond:
        letter.facts[FREE] = True
    return beyond


def check_register(values: Mapping[str, Any], catalogue: Catalogue) -> Template:
    """Check what a `template-register` would say, beyond its fields: its kind, and the fields that its words are for.

    Raises:
        Refused: it could never be followed.
    """
    try:
        template = Template.read(values)
    except TemplateRefused as error:
        raise Refused(error.code, f"{error.where} {error.text}") from error
    kind = catalogue.kind(template.kind)
    if kind is None or kind.machine or kind.document:
        raise Refused("template-malformed", f"{template.kind} is no kind that people send")
    for name in template.words:
        if kind.field(name) is None:
            raise Refused("template-malformed", f"a {kind.name} has no field {name}")
    return template


def _template_at(desk: Desk, channel: Channel, leaf: object, at_ms: int | None) -> Template | None:
    """A template that was in force at a time. What is in force now and was then is found without the docket of the
    past, which takes long and has to wait for others who look back."""
    try:
        for held in in_force(desk, channel):
            if held.leaf == leaf and (at_ms is None or (held.from_ms is not None and held.from_ms <= at_ms)):
                return held.template
        then = {} if at_ms is None else {held.leaf: held.template for held in in_force(desk, channel, at_ms=at_ms)}
    except ProtocolError:
        return None
    return next((template for named, template in then.items() if named == leaf), None)


def differing(desk: Desk, channel: Channel, spoken: Spoken, contents: Mapping[str, Any] | None) -> list[str]:
    """Whether a statement keeps to the template that its header names, for a reader who has its contents.

    Returns:
        Nothing where it names none or keeps to it; else one clause.
    """
    facts = (None if spoken.statement is None else spoken.statement.facts) or {}
    if facts.get(TEMPLATE) is None or spoken.kind is None or contents is None:
        return []
    at_ms = None if spoken.view is None else spoken.view.get("logged_at_ms")
    template = _template_at(desk, channel, facts[TEMPLATE], at_ms)
    if template is None:
        return ["the template that it names was not in force"]
    beyond = template.free_fields(spoken.kind, contents)
    if beyond and facts.get(FREE) is not True:
        return [f"text goes beyond the template {template.name} in {', '.join(beyond)}, and the header says none does"]
    return []
