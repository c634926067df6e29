"""Agreements: the text that is signed and the terms that are obeyed are one."""

import time
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.quorum import RootSet
from protocol.agreement import Agreement, channel_id, log_id, render
from protocol.agreement_checks import parse_slot
from protocol.agreement_forms import in_words
from protocol.agreement_terms import (
    Auditor,
    AuthorityRule,
    BeatTerms,
    ClockTerms,
    LineTerms,
    Party,
    Witness,
)
from protocol.errors import AgreementRefused, Malformed, ProtocolError
from protocol.limits import TIME_MS_MAX
from protocol.plain_text import problem_of_line
from protocol.statement import PRECEDENCES
from tests.protocol.statement_samples import full_agreement, roots, sample_agreement, small_agreement, witness

DEFAULT = (("technical",),)
lines = st.text(min_size=1, max_size=30).filter(lambda text: problem_of_line(text) is None)
clocks = st.lists(st.integers(1, 10**9), min_size=3, max_size=3).map(lambda three: ClockTerms(*sorted(three)))
slots = st.lists(st.sampled_from(["duty", "release", "senior", "legal"]), min_size=1, max_size=3, unique=True).map(
    tuple
)
rules = st.builds(
    AuthorityRule,
    kinds=st.just(("*",)) | st.just(("notification", "update")),
    needs=st.lists(slots, min_size=1, max_size=3).map(tuple),
    severity_at_least=st.none() | st.integers(0, 5),
    precedences=st.sets(st.sampled_from(PRECEDENCES)).map(lambda some: tuple(p for p in PRECEDENCES if p in some)),
)
BASE = small_agreement()


@given(
    title=lines,
    purpose=lines,
    name=lines.filter(lambda text: text != BASE.parties[1].name),
    created_ms=st.integers(0, TIME_MS_MAX),
    review_date=st.dates(date(1970, 1, 1)),
    clock=clocks,
    rules=st.lists(rules, max_size=4).map(tuple),
    line=st.builds(LineTerms, tally_every_ms=st.integers(1_000, 86_400_000)),
)
def test_what_is_written_is_read(name: str, clock: ClockTerms, **terms: Any) -> None:
    """Any terms come back equal from the text, whatever characters they hold."""
    first, second = BASE.parties
    terms["parties"] = (Party(first.short, name, first.domain, first.roots), second)
    terms["clocks"] = dict.fromkeys(PRECEDENCES, clock)
    agreement = sample_agreement(**{**terms, "witnesses": (), "auditors": ()})
    assert Agreement.parse(agreement.text) == agreement
    assert Agreement.parse(agreement.text).digest == sha256(agreement.text).digest() == agreement.digest


@given(st.data())
def test_a_changed_byte_is_refused_or_is_another_agreement(data: Any) -> None:
    """No two texts are one agreement."""
    text = bytearray(BASE.text)
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != text[place]))
    try:
        parsed = Agreement.parse(bytes(text))
    except ProtocolError:
        return
    assert parsed != BASE
    assert parsed.text == bytes(text)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_refused(data: bytes) -> None:
    """No input ends in another error than those of this package."""
    with pytest.raises(ProtocolError):
        Agreement.parse(data)


def test_names_follow_from_the_digest() -> None:
    """Channel, logs and key names are hashes over the exact text; a log's name differs by party."""
    agreement = sample_agreement()
    digest = sha256(render(agreement)).digest()
    assert agreement.channel == channel_id(digest) == sha256(b"hotline/1/channel\0" + digest).digest()
    assert agreement.log_id("ARC") == log_id(digest, "ARC") == sha256(b"hotline/1/log\0" + digest + b"ARC").hexdigest()
    assert agreement.origin("ARC", 2) == f"line.arcadia.example/hotline/{agreement.log_id('ARC')}/2"
    assert agreement.mirror_name("BOR") == f"hotline.borealia.example/hotline/{agreement.log_id('BOR')}/mirror"
    assert agreement.log_id("ARC") != agreement.log_id("BOR")


def test_parties_are_found_by_their_short_names() -> None:
    """Each party, its counterpart, and nobody else."""
    agreement = sample_agreement()
    assert agreement.shorts == ("ARC", "BOR")
    assert agreement.party("ARC").name == "Republic of Arcadia"
    assert agreement.other("ARC").short == "BOR"
    assert agreement.other("BOR").short == "ARC"
    for ask in (agreement.party, agreement.other, agreement.log_id):
        with pytest.raises(AgreementRefused, match="unknown-party"):
            ask("CAS")
    with pytest.raises(AgreementRefused, match="out-of-range"):
        agreement.origin("ARC", -1)


def test_a_demonstration_says_so() -> None:
    """The purpose is what every screen asks for."""
    assert sample_agreement().demonstration
    assert not sample_agreement(purpose="operation").demonstration


@pytest.mark.parametrize(
    ("kind", "severity", "precedence", "needs"),
    [
        ("notification", 5, "flash", (("duty",), ("release", "senior"))),
        ("notification", 4, "routine", (("duty",), ("release", "senior"))),
        ("notification", 3, "flash", (("duty",), ("release",))),
        ("notification", None, "immediate", (("duty",), ("release",))),
        ("notification", 3, "routine", (("duty", "release", "senior"),)),
        ("correction", 3, "flash", DEFAULT),
        ("correction", None, "flash", DEFAULT),
        ("update", 5, "routine", (("duty", "release", "senior"),)),
        ("of-tomorrow", None, "priority", DEFAULT),
    ],
)
def test_the_first_rule_that_covers_a_statement_decides(
    kind: str, severity: int | None, precedence: str, needs: Any
) -> None:
    """By kind, severity and precedence; where no rule covers it, the catalogue's default holds."""
    assert sample_agreement().needs(kind, severity, precedence, DEFAULT) == needs


@pytest.mark.parametrize("text", ["", "/", "duty/", "duty/duty", "Duty", "duty senior", "node", "root"])
def test_a_slot_is_of_known_roles(text: str) -> None:
    """One or more different roles of officers."""
    assert parse_slot("release/senior") == ("release", "senior")
    with pytest.raises(AgreementRefused, match="bad-slot"):
        parse_slot(text)


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"title": "two\nlines"}, "bad-text"),
        ({"title": "x" * 201}, "bad-text"),
        ({"languages": ()}, "bad-language"),
        ({"catalogue_digest": bytes(31)}, "bad-digest"),
        ({"beat": BeatTerms(every_ms=3_600_001)}, "out-of-range"),
        ({"clocks": {}}, "bad-clocks"),
        ({"rules": (AuthorityRule(("a",), (("duty",),)),) * 65}, "too-many-rules"),
        ({"rules": (AuthorityRule(("a",), (("duty",),) * 7),)}, "bad-rule"),
        ({"rules": (AuthorityRule(("a", "a"), (("duty",),)),)}, "bad-rule"),
        ({"rules": (AuthorityRule(("A",), (("duty",),)),)}, "bad-rule"),
        ({"witnesses": (witness(), Witness("Another", witness().keys))}, "key-reused"),
        ({"witnesses": (Witness("One", ()),)}, "bad-witness-key"),
        ({"witnesses": (Witness("One", (witness().keys[0],) * 2),)}, "bad-witness-key"),
        ({"witnesses": (), "auditors": (Auditor("A", bytes(31)),)}, "bad-pin"),
        ({"witnesses": (), "auditors": (Auditor("A", bytes(32)),) * 17}, "too-many-observers"),
        ({"witnesses": (), "auditors": (Auditor("A", bytes(32)),) * 2}, "same-name"),
    ],
)
def test_terms_that_cannot_stand_are_refused(terms: dict[str, Any], code: str) -> None:
    """Before there is a text to sign."""
    with pytest.raises(AgreementRefused) as caught:
        sample_agreement(**terms)
    assert caught.value.code == code


def test_root_keys_are_all_different() -> None:
    """One root key at both parties, and more roots than could sign one entry, are refused."""
    first, second = BASE.parties
    shared = Party(second.short, second.name, second.domain, first.roots)
    with pytest.raises(AgreementRefused, match="key-reused"):
        sample_agreement(parties=(first, shared))
    many = RootSet(2, roots("ARC", 2, 10).keys)
    with pytest.raises(AgreementRefused, match="too-many-roots"):
        sample_agreement(parties=(Party(first.short, first.name, first.domain, many), second))


def test_a_text_beyond_the_limit_is_refused_unread() -> None:
    """The size is looked at before anything is parsed."""
    with pytest.raises(Malformed, match="too-large"):
        Agreement.parse(b"#" * 131_073)


@given(st.integers(0, TIME_MS_MAX))
def test_times_are_written_to_the_millisecond(created_ms: int) -> None:
    """RFC 3339 in UTC, as another program reads it."""
    text = small_agreement().text.decode() if created_ms == BASE.created_ms else _created(created_ms)
    written = next(line for line in text.split("\n") if line.startswith("created = ")).removeprefix("created = ")
    moment = datetime.fromisoformat(written)
    assert (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) == created_ms


def _created(created_ms: int) -> str:
    return sample_agreement(parties=BASE.parties, witnesses=(), created_ms=created_ms).text.decode()


@pytest.mark.parametrize(
    ("interval_ms", "words"),
    [
        (0, "0 milliseconds"),
        (1, "1 millisecond"),
        (1_500, "1 second 500 milliseconds"),
        (5_400_000, "1 hour 30 minutes"),
        (2 * 86_400_000, "2 days"),
    ],
)
def test_intervals_are_said_in_words(interval_ms: int, words: str) -> None:
    """The comment behind each number, for people."""
    assert in_words(interval_ms) == words


def test_a_text_of_endless_names_costs_nothing() -> None:
    """An agreement whose names have thousands of parts is refused before a reader takes its time over them."""
    began = time.monotonic()
    with pytest.raises(Malformed, match="bad-toml"):
        Agreement.parse(b"a" + b".a" * 30_000 + b" = 1\n")
    assert time.monotonic() - began < 2


def test_everything_of_format_2_is_read_back() -> None:
    """The full text gives equal terms, and each can be asked for."""
    agreement = full_agreement()
    assert Agreement.parse(agreement.text) == agreement
    assert agreement.kind_clock("notification", "report") == 72 * 3_600_000
    assert agreement.kind_clock("notification", "answer") is None
    assert [desk.name for desk in agreement.desks("ARC")] == ["diplomatic", "technical"]
    assert agreement.release.hold_ms("flash") == 0
    assert agreement.release.hold_ms("routine") == 300_000


def test_an_amendment_keeps_the_names_of_the_channel() -> None:
    """Channel and logs are named by the founding agreement, whatever text is in force."""
    first = full_agreement()
    later = full_agreement(founding=first.digest, amends=first.digest, notice_days=30)
    assert later.digest != first.digest
    assert later.channel == first.channel
    assert later.origin("ARC", 1) == first.origin("ARC", 1)


def test_a_text_of_format_1_has_no_place_for_what_came_later() -> None:
    """A term that would be lost in the text is refused."""
    for changes in ({"notice_days": 3}, {"challenge": full_agreement().challenge}, {"rules": full_agreement().rules}):
        with pytest.raises(AgreementRefused, match="not-of-format"):
            sample_agreement(**changes)


def test_a_rule_for_templates_covers_nothing_else() -> None:
    """Free text outside the slots falls to the next rule, which asks for more persons."""
    agreement = full_agreement()
    ask = ("notification", 3, "flash", DEFAULT)
    assert agreement.needs(*ask, templated=True) == (("duty",),)
    assert agreement.needs(*ask) == (("duty",), ("release", "senior"))


@pytest.mark.parametrize(
    ("severity", "precedence", "grave"), [(5, "routine", True), (4, "routine", False), (None, "flash", True)]
)
def test_a_grave_message_is_so_by_severity_or_by_precedence(severity: int, precedence: str, grave: bool) -> None:
    """Either one suffices."""
    challenge = full_agreement().challenge
    assert challenge is not None
    assert challenge.covers(severity, precedence) is grave
