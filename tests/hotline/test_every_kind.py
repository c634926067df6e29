"""Every kind that people send, and kinds that nobody thought of: composed, opened and shown by what the data says."""

import dataclasses
from hashlib import sha256
from typing import Any

import pytest
from click.testing import CliRunner

from hotline.asking import ask_letter
from hotline.composing import Choices, Letter
from hotline.scenarios.filling import fill
from hotline.showing import field_lines
from hotline.words import ENGLISH
from keys import roster as rosters
from nodes.resources import catalogue, catalogue_files
from protocol.audit import audit
from protocol.body import open_body
from protocol.compose import Composed, Setting, check_opened, compose
from protocol.evidence import MemoryEvidence
from protocol.field_types import show_text
from protocol.fields import check_fields
from protocol.kinds import Catalogue, Kind
from protocol.rules import check_rules, facts_given, header_of
from protocol.statement import EMPTY_LOG
from tests.builders import NAMES, START_MS, World
from tests.protocol.catalogue_samples import sample_facts
from tests.protocol.statement_samples import sealing

KNOWN = catalogue()
PEOPLE = [one for one in KNOWN.kinds if not one.machine and not one.document]
DAY = 86_400_000
CODES = {"reason": "maintenance", "band": "watch", "audience": "public"}


def letter_of(kind: Kind, known: Catalogue) -> Letter:
    """Everything that a kind requires, filled with dull values."""
    letter = Letter(kind=kind)
    for name, value in fill(kind, {}, known, now_ms=START_MS).items():
        letter.set_value(name, value, where="test", catalogue=known, now_ms=START_MS)
    facts = sample_facts(kind) or {}
    given = {rule.fields[0].removeprefix("fact.") for rule in kind.rules if rule.of is not None}
    letter.facts = {name: CODES.get(name, value) for name, value in facts.items() if name not in given}
    letter.choices = Choices(
        status="exercise" if kind.name.startswith("exercise-") else None,
        severity=2 if kind.severity == "required" else None,
        outcome=kind.outcomes[0] if kind.outcomes else None,
        respond_by_ms=START_MS + DAY if kind.respond_by == "required" else None,
        valid_until_ms=START_MS + DAY if kind.valid_until == "required" else None,
    )
    return letter


def composed(letter: Letter, known: Catalogue) -> Composed:
    """What a letter becomes, sealed to both parties."""
    choices = letter.choices
    setting = Setting(
        channel=bytes(32),
        party="ARC",
        agreement=bytes(32),
        catalogue=known.digest,
        after=EMPTY_LOG,
        seen=EMPTY_LOG,
        recipients=tuple((party, sealing(party).public) for party in NAMES),
    )
    return compose(
        letter.kind,
        setting,
        statement_id=bytes(16),
        secret=sha256(letter.kind.name.encode()).digest(),
        issued_at_ms=START_MS,
        fields=letter.values,
        facts=letter.facts or None,
        thread=None if letter.kind.opens_thread else bytes(32),
        in_reply_to=bytes(32) if letter.kind.in_reply_to == "required" else None,
        status=choices.status or "actual",
        outcome=choices.outcome,
        severity=choices.severity,
        aware_at_ms=choices.aware_at_ms,
        respond_by_ms=choices.respond_by_ms,
        valid_until_ms=choices.valid_until_ms,
    )


def said_and_read(kind: Kind, known: Catalogue) -> list[str]:
    """Compose a statement of a kind, open it as the other side, check it there, and give what is shown."""
    letter = letter_of(kind, known)
    letter.check(known, now_ms=START_MS)
    made = composed(letter, known)
    assert made.body is not None
    values = check_opened(made.statement, open_body(made.statement, made.body, party="BOR", key=sealing("BOR")), kind)
    assert values == {name: value for name, value in letter.values.items() if value is not None}
    assert check_fields(kind, values, known) == ()
    assert check_rules(kind, values, header_of(made.statement), known) == ()
    return field_lines(kind, values, known)


@pytest.mark.parametrize("kind", PEOPLE, ids=lambda kind: kind.name)
def test_every_kind_is_composed_opened_and_shown(kind: Kind) -> None:
    """From what an officer types to what the other side reads; each field that is filled is on the screen."""
    shown = "\n".join(said_and_read(kind, KNOWN))
    for item in kind.fields:
        assert not item.required or item.label() in shown


ADDED = {
    "weather-notice": """
version = 1
procedure = "notice"
step = "made"
opens_thread = true
valid_until = "optional"
precedence = "routine"
clocks = { lapse_ms = 86_400_000 }
authority = ["duty/release/senior"]
label = { en = "Weather" }
help = { en = "What the sky does." }
fields = [{ use = "title", required = true }]
""",
    "tea-request": """
version = 1
procedure = "request"
step = "asked"
opens_thread = true
precedence = "priority"
clocks = { answer_ms = 3_600_000 }
authority = ["duty/release/senior"]
label = { en = "Tea request" }
help = { en = "Asks for tea." }
fields = [{ use = "reason", required = true }]
""",
    "tea-answer": """
version = 1
procedure = "request"
step = "answered"
continues_thread = true
in_reply_to = "required"
replies_to = ["tea-request"]
reply_voice = "other"
outcomes = ["answered", "partly"]
precedence = "priority"
authority = ["duty/release/senior"]
label = { en = "Tea answer" }
help = { en = "Gives tea." }
fields = [{ use = "note" }]

[[rules]]
type = "count"
when = { field = "outcome", is = ["partly"] }
fields = ["note"]
at_least = 1
text = { en = "Who gives less than was asked says why." }
""",
    "garden-propose": """
version = 1
procedure = "proposal"
step = "proposed"
opens_thread = true
valid_until = "required"
precedence = "routine"
clocks = { warn_ms = 86_400_000 }
register = "measures"
authority = ["duty/release/senior"]
label = { en = "Common garden" }
help = { en = "Proposes a garden." }
fields = [{ use = "scope", required = true }]
""",
    "song-declare": """
version = 1
procedure = "declaration"
step = "declared"
opens_thread = true
valid_until = "required"
precedence = "routine"
clocks = { warn_ms = 86_400_000 }
register = "declarations"
authority = ["duty/release/senior"]
label = { en = "Song" }
help = { en = "Declares a song." }
fields = [{ use = "commitment", required = true }]
""",
}
"""A kind for each procedure, and an answer; nothing else knows of them."""

LARGER = Catalogue.load(catalogue_files() | {f"kinds/{name}.toml": text.encode() for name, text in ADDED.items()})


def larger(name: str) -> Kind:
    """A kind of the larger catalogue."""
    found = LARGER.kind(name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ADDED)
def test_a_kind_that_is_added_as_data_is_composed_opened_and_shown(name: str) -> None:
    """Nothing in the program names a kind: a file is all that it takes."""
    kind = larger(name)
    shown = said_and_read(kind, LARGER)
    assert len(shown) == sum(1 for item in kind.fields if item.required)
    for receipt in ("opened", "acknowledge"):
        assert name in larger(receipt).replies_to


def test_kinds_that_are_added_move_as_their_like_do() -> None:
    """Answered, declined, accepted, withdrawn and retracted by the kinds that are there already; both sides and an
    auditor agree on it."""
    world = World(begin=False, catalogue_version=LARGER.version, catalogue_digest=LARGER.digest)
    world.catalogue = LARGER
    for party in NAMES:
        world.enact(party, "agreement", world.agreement.text)
    for party in NAMES:
        world.enact(party, "roster", rosters.render(world.rosters[party]))
    end = START_MS + 30 * DAY

    def reply(place: Any, party: str, kind: str, **header: Any) -> Any:
        signers = ((1, "duty"), (2, "release"), (3, "senior"))[: max(1, len(larger(kind).authority))]
        return world.say(party, kind, thread=place, reply=place, signers=signers, **header)

    weather = world.say("ARC", "weather-notice")
    tea = world.say("ARC", "tea-request")
    more = world.say("BOR", "tea-request")
    garden = world.say("ARC", "garden-propose", valid_until_ms=end)
    orchard = world.say("BOR", "garden-propose", valid_until_ms=end)
    song = world.say("ARC", "song-declare", valid_until_ms=end)
    reply(tea, "BOR", "holding-reply")
    reply(tea, "BOR", "tea-answer", outcome="partly")
    reply(more, "ARC", "decline")
    reply(garden, "BOR", "accept")
    reply(orchard, "ARC", "object")
    reply(song, "ARC", "withdraw")
    reply(weather, "ARC", "retraction")
    for party in NAMES:
        world.state(party, "arrival")
    assert {fault for verdict in world.judge().values() for fault in verdict.faults} == set()
    _, ledger = world.docket()
    states = {(NAMES[item.voice], item.index): item.state for item in ledger.items()}
    found = {place: states[place] for place in (weather, tea, more, garden, orchard, song)}
    wanted = ("retracted", "partly", "declined", "in-force", "objected", "withdrawn")
    assert tuple(found.values()) == wanted
    report = audit(
        MemoryEvidence("A", dict(world.files("ARC"))),
        MemoryEvidence("B", dict(world.files("BOR"))),
        world.policy("ARC"),
        catalogue=LARGER,
        at_ms=START_MS + DAY,
    )
    assert report.exit == 0, report.findings


def test_a_rule_of_an_added_kind_holds() -> None:
    """What a file declares is checked like anything that came with the program."""
    letter = letter_of(larger("tea-answer"), LARGER)
    letter.choices = dataclasses.replace(letter.choices, outcome="partly")
    assert [one.text for one in letter.broken(LARGER, now_ms=START_MS)] == ["Who gives less than was asked says why."]


def typed(letter: Letter) -> list[str]:
    """What a person types who says what a letter says, prompt by prompt."""
    kind, lines = letter.kind, list[str]()
    names = {item.name for item in kind.fields}
    asked = len(kind.outcomes) > 1 and "answers" not in names
    choices: dict[str, tuple[str, str]] = {
        "severity": (kind.severity, "2"),
        "aware_at": (kind.aware_at, "now"),
        "respond_by": (kind.respond_by, "+1d"),
        "valid_until": (kind.valid_until, "+1d"),
        "outcome": ("required" if asked else "none", "".join(kind.outcomes[-1:])),
    }
    lines += [text for need, text in choices.values() if need == "required"]
    for name, type_ in kind.facts.items():
        if name not in facts_given(kind):
            value = letter.facts.get(name)
            lines.append(value.hex() if isinstance(value, bytes) else "yes" if value is True else str(value or ""))
            assert value is not None or type_.endswith("?")
    for item in kind.fields:
        value = letter.values.get(item.name)
        lines += show_text(item, value).split("\n")
        if value is not None and item.type in {"text", "lines", "records"}:
            lines.append("")
    return lines


@pytest.mark.parametrize("kind", PEOPLE, ids=lambda kind: kind.name)
def test_every_kind_can_be_asked_for(kind: Kind) -> None:
    """The prompts ask for the header, the facts and the fields in order, and what is typed is what is said."""
    wanted = letter_of(kind, KNOWN)
    letter = Letter(kind=kind)
    if wanted.choices.status is not None:
        letter.choices = Choices(status=wanted.choices.status)
    with CliRunner().isolation(input="\n".join(typed(wanted)) + "\n"):
        ask_letter(letter, KNOWN, ENGLISH, now_ms=START_MS)
    assert letter.values == wanted.values
    assert letter.facts == {name: value for name, value in wanted.facts.items() if name not in facts_given(kind)}
    replied = {name: bytes(32) for name in facts_given(kind)}
    letter.check(KNOWN, now_ms=START_MS, replied=replied)


def test_a_rule_that_is_broken_is_asked_again() -> None:
    """Nothing else has to be typed a second time: only the field that the rule is about."""
    kind = next(one for one in PEOPLE if one.name == "review-lesson")
    letter = Letter(kind=kind)
    answers = ["Count twice.", "", "the desk", "ours", "2026", "done", "", "template outage 2"]
    with CliRunner().isolation(input="\n".join(answers) + "\n"):
        ask_letter(letter, KNOWN, ENGLISH, now_ms=START_MS)
    assert letter.values["changed"] == ["template outage 2"]
    letter.check(KNOWN, now_ms=START_MS)
