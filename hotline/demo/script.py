"""The script: what happens in the demonstration, in order, decided before anything runs.

It is a pure function of the incidents. Each has a notification and a route (`rules.ROUTES`) of what follows; into that
go the events that every run must have: a line check, a flash, a statement that needs two persons and waits as a draft
for the second, a retraction, a node that is killed and comes back, and greetings. From the script alone follows what
each statement must have come to at the end (`expected`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hotline.demo import letters
from hotline.demo.rules import ARC, BOR, PARTIES, PRECEDENCE, ROUTES, TWO_PERSONS_FROM_SEVERITY
from hotline.incidents import Incident
from protocol.kinds import Catalogue

HOLDING_MS = 3_600_000
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """An officer says something.

    Attributes:
        key: names this event in the script.
        voice: short name of the party that speaks.
        kind: of the statement.
        values: by field.
        choices: of the header, as `hotline.composing.Choices` has them.
        respond_within_ms: sets the header's respond_by so long after now.
        to: key of what it answers, or None.
        thread: key of a statement whose thread it continues, or None.
        officers: who sign, in order.
        as_draft: the first signs and sends; the others find the draft at the node and sign it there.
        wait: how far it has to come before the script goes on: queued, logged or held.
    """

    key: str
    voice: str
    kind: str
    values: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, Any] = field(default_factory=dict)
    respond_within_ms: int | None = None
    to: str | None = None
    thread: str | None = None
    officers: tuple[str, ...] = ("duty",)
    as_draft: bool = False
    wait: str = "held"


@dataclass(frozen=True, slots=True)
class Kill:
    """A node is killed without warning, at once after the last thing its party said was logged."""

    voice: str


@dataclass(frozen=True, slots=True)
class AwaitDown:
    """The node that is left notices that the line is down."""

    voice: str


@dataclass(frozen=True, slots=True)
class Restart:
    """The killed node starts again, from what is on disk."""

    voice: str


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Everything said so far comes to be held."""


@dataclass(frozen=True, slots=True)
class Look:
    """A look at the line, after so many incidents."""

    label: str


Event = Say | Kill | AwaitDown | Restart | CatchUp | Look


@dataclass(frozen=True, slots=True)
class Expected:
    """What one statement must have come to at the end.

    Attributes:
        rung: held, opened, acknowledged or answered.
        state: what became of it, such as made, retracted or partly.
    """

    rung: str
    state: str


@dataclass(frozen=True, slots=True)
class Casting:
    """Which incidents have the special events.

    Attributes:
        flash: sent as flash.
        draft: waits as a draft for a second person.
        retracted: taken back.
        away: told while the other node is away.
    """

    flash: int
    draft: int
    retracted: int
    away: int


def choose(incidents: Sequence[Incident], count: int) -> tuple[Incident, ...]:
    """Take so many incidents, evenly from first to last, so that a short run too shows the whole record.

    Args:
        incidents: in the order of the record.
        count: how many; more than there are gives all.
    """
    if count >= len(incidents):
        return tuple(incidents)
    if count == 1:
        return tuple(incidents[:1])
    last = len(incidents) - 1
    return tuple(incidents[(place * last + (count - 1) // 2) // (count - 1)] for place in range(count))


def cast(incidents: Sequence[Incident]) -> Casting:
    """Decide which incident has which special event; in a run of few incidents one may have several."""
    count = len(incidents)
    grave = [letters.severity(one)[0] for one in incidents]
    middle = count // 2
    away = middle - middle % 2
    first_half = [place for place in range(max(1, away)) if place != away or away == 0]
    flash = max(first_half, key=lambda place: (grave[place], -place))
    others = [p for p in range(count) if grave[p] >= TWO_PERSONS_FROM_SEVERITY and p not in {flash, away}]
    quiet = [p for p in range(count) if _route(p) == "quiet" and p not in {flash, away}]
    retracted = min(quiet, key=lambda place: abs(place - 3 * count // 4), default=count - 1)
    return Casting(flash=flash, draft=others[0] if others else flash, retracted=retracted, away=away)


def build(incidents: Sequence[Incident], catalogue: Catalogue) -> tuple[Event, ...]:
    """Write the script.

    Args:
        incidents: at least one, in the order of the record.
        catalogue: for the labels of codes.
    """
    return tuple(_events(incidents, catalogue, cast(incidents)))


def _events(incidents: Sequence[Incident], catalogue: Catalogue, casting: Casting) -> Iterator[Event]:
    check = {"test_text": "harbour", "desk": "diplomatic"}
    yield Say(key="check", voice=ARC.short, kind="line-check", values=check)
    yield _receipt("check", "acknowledge", BOR.short, note="We read you.")
    quarters = {len(incidents) * part // 4 for part in (1, 2, 3)} - {0, casting.away}
    for place, incident in enumerate(incidents):
        if place in quarters:
            yield Look(f"{place} of {len(incidents)} incidents")
        if place == casting.away:
            yield from _outage(place, incident, catalogue, casting)
        else:
            yield _notify(place, incident, catalogue, casting)
        yield from _follow(place, incident, casting)
    yield Look("all incidents")
    thanks = "Thank you for this night. May the next be a quiet one."
    yield Say(key="thanks", voice=ARC.short, kind="goodwill", values={"message": thanks})
    reply = {"message": "The same to your desk."}
    yield Say(key="reply", voice=BOR.short, kind="goodwill", values=reply, to="thanks")


def _notify(place: int, incident: Incident, catalogue: Catalogue, casting: Casting, *, wait: str = "held") -> Say:
    level, _ = letters.severity(incident)
    flash = place == casting.flash
    two = flash or level >= TWO_PERSONS_FROM_SEVERITY
    return Say(
        key=incident.id,
        voice=PARTIES[place % 2].short,
        kind="notification",
        values=letters.notification(incident, catalogue),
        choices={"severity": level, "precedence": "flash" if flash else PRECEDENCE[level]},
        officers=("duty", "release") if two else ("duty",),
        as_draft=two and place == casting.draft,
        wait=wait,
    )


def _outage(place: int, incident: Incident, catalogue: Catalogue, casting: Casting) -> Iterator[Event]:
    """The second party says one thing more, is killed as soon as that is logged, and misses what the first says."""
    last = {"message": "Coffee is on. All quiet here."}
    yield Say(key="last-words", voice=BOR.short, kind="goodwill", values=last, wait="logged")
    yield Kill(BOR.short)
    yield _notify(place, incident, catalogue, casting, wait="logged")
    condolence = {"message": "We cannot hear you and go on speaking."}
    yield Say(key="into-silence", voice=ARC.short, kind="goodwill", values=condolence, wait="logged")
    yield AwaitDown(ARC.short)
    yield Restart(BOR.short)
    # Said before the first party has told how far it holds our log, so that it may have to wait for its place.
    back = {"message": "We are back."}
    yield Say(key="back", voice=BOR.short, kind="goodwill", values=back, wait="queued")
    yield CatchUp()
    found = {"message": "We have all that you said meanwhile."}
    yield Say(key="found", voice=BOR.short, kind="goodwill", values=found, to="into-silence")


def _follow(place: int, incident: Incident, casting: Casting) -> Iterator[Event]:
    """What follows a notification on its route."""
    told, other = PARTIES[place % 2].short, PARTIES[(place + 1) % 2].short
    key, route = incident.id, _route(place)
    yield _receipt(key, "opened", other)
    if place == casting.retracted:
        yield _reply(key, "retraction", told, letters.retraction())
        yield _receipt(f"{key}/retraction", "opened", other)
        yield _receipt(f"{key}/retraction", "acknowledge", other, note="Put aside.")
        return
    if route in {"answered", "partly", "declined", "not-known"}:
        yield from _question(key, incident, told, other, route)
    if route == "update":
        yield Say(key=f"{key}/update", voice=told, kind="update", values=letters.update(incident), to=key)
    if route == "correction":
        yield _reply(key, "correction", told, letters.correction(incident))
        yield _receipt(f"{key}/correction", "opened", other)
    yield _receipt(key, "acknowledge", other, case_number=f"{other}-{place + 1:03d}")


def _question(key: str, incident: Incident, told: str, other: str, route: str) -> Iterator[Event]:
    asked = f"{key}/clarification-request"
    yield _reply(key, "clarification-request", other, letters.questions(route))
    yield _receipt(asked, "opened", told)
    if route == "partly":
        values = {"reason": "technical-analysis"}
        yield _reply(asked, "holding-reply", told, values, respond_within_ms=HOLDING_MS)
    if route == "declined":
        yield _reply(asked, "decline", told, {"reason": "sensitive"})
        return
    values = letters.answers(route, incident)
    yield _reply(asked, "clarification-response", told, values, choices={"outcome": route})
    yield _receipt(f"{asked}/clarification-response", "opened", other)


def _reply(
    to: str,
    kind: str,
    voice: str,
    values: dict[str, Any],
    *,
    choices: dict[str, Any] | None = None,
    respond_within_ms: int | None = None,
) -> Say:
    return Say(
        key=f"{to}/{kind}",
        voice=voice,
        kind=kind,
        values=values,
        choices=choices or {},
        respond_within_ms=respond_within_ms,
        to=to,
    )


def _receipt(to: str, kind: str, voice: str, **values: Any) -> Say:
    return _reply(to, kind, voice, {"readable": True} if kind == "opened" else values)


def _route(place: int) -> str:
    return ROUTES[place % len(ROUTES)]


_RUNGS = ("held", "opened", "acknowledged", "answered")
_RUNG_OF = {"opened": 1, "acknowledge": 2, "clarification-response": 3, "decline": 3}
_STATE_OF = {"update": "updated", "correction": "corrected", "retraction": "retracted", "decline": "declined"}
_FIRST_STATE = {"clarification-request": "open", "line-check": "open", "notification": "made", "update": "made"}
_FIRST_STATE |= {"correction": "made", "retraction": "made"}


def expected(events: Sequence[Event]) -> dict[str, Expected]:
    """What each statement must have come to when all of it has been said; receipts themselves have no rung."""
    said = {event.key: event for event in events if isinstance(event, Say)}
    found = {
        key: Expected("held", _FIRST_STATE.get(event.kind, "said"))
        for key, event in said.items()
        if event.kind not in {"opened", "acknowledge"}
    }
    for event in said.values():
        if event.to is None or event.to not in found:
            continue
        before, target = found[event.to], said[event.to]
        rung, state = _RUNG_OF.get(event.kind, 0), _STATE_OF.get(event.kind, before.state)
        if event.kind == "acknowledge" and target.kind == "line-check":
            rung, state = 3, "answered"
        elif event.kind == "clarification-response":
            state = str(event.choices["outcome"])
        found[event.to] = Expected(_RUNGS[max(rung, _RUNGS.index(before.rung))], state)
    return found
