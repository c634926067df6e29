"""Packs with opened fields: what is false, opened too early or kept back is found, by whoever has the logs."""

import json
import zipfile
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from hotline.packs import audit_pack
from protocol.agreement_conduct import DisclosureRule
from protocol.audit import AuditMisused
from protocol.canonical import encode
from protocol.commitment import Disclosure, commit_all, disclose
from protocol.finding import Report
from protocol.statement_secret import StatementSecret
from tests.builders import START_MS, Place, World

LATER_MS = START_MS + 3_600_000
CONSENT = DisclosureRule(("*",), "TLP:RED", "TLP:CLEAR", "consent", "Article 9")
EMBARGO = DisclosureRule(("*",), "TLP:RED", "TLP:AMBER", "embargo", "Article 10", after_ms=3_600_000)


@dataclass
class Told:
    """A channel in which fields have values.

    Attributes:
        world: its two logs.
        secrets: by place of the statement.
        values: likewise.
    """

    world: World
    secrets: dict[Place, StatementSecret] = field(default_factory=dict)
    values: dict[Place, dict[str, Any]] = field(default_factory=dict)

    def say(self, party: str, kind: str, values: dict[str, Any], **header: Any) -> Place:
        """Log a statement whose header commits to values."""
        number = len(self.secrets)
        identity = sha256(b"disclosed %d" % number).digest()[:16]
        channel = self.world.agreement.channel
        secret = StatementSecret(bytes([number]) * 32, channel=channel, statement_id=identity)
        known = self.world.catalogue.kind(kind)
        assert known is not None
        fields = commit_all(secret, [(one.name, values.get(one.name)) for one in known.fields])
        place = self.world.say(party, kind, id=identity, commitments=fields, opener=secret.opener, **header)
        self.secrets[place], self.values[place] = secret, values
        return place

    def commitment(self, place: Place, name: str) -> bytes:
        """The commitment to a field."""
        log = self.world.logs[place[0]]
        statement = self.world.judge()[place].statement
        assert log.entries
        assert statement is not None
        known = self.world.catalogue.kind(statement.kind)
        assert known is not None
        return statement.commitments[[one.name for one in known.fields].index(name)]

    def opened(self, place: Place, *names: str) -> list[Disclosure]:
        """Fields of a statement, opened."""
        return [disclose(self.secrets[place], name, self.values[place].get(name)) for name in names]


def pack(path: Path, told: Told, fields: dict[Place, list[Disclosure]], **head: Any) -> tuple[Path, Path]:
    """Write a pack and a policy."""
    (path / "policy").write_bytes(told.world.policy("ARC"))
    out = path / "line.hotline"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("pack.json", json.dumps({"audience": "public", "disclosed_at_ms": LATER_MS, **head}))
        for party in ("ARC", "BOR"):
            for name, data in told.world.files(party).items():
                archive.writestr(f"{party}/{name}", data)
        for (party, index), found in fields.items():
            archive.writestr(f"disclosed/{party}/{index}", encode([one.encode() for one in found]))
    return out, path / "policy"


def found_in(report: Report) -> list[tuple[str, str]]:
    """Codes about disclosure, with the entry."""
    return [(one.code, one.where.rpartition(", ")[2]) for one in report.findings if one.code.startswith("disclosure-")]


@dataclass
class Agreed:
    """What most cases begin with: a notification of which the title and a text were agreed to."""

    told: Told
    told_at: Place
    proposed: Place

    def audited(self, path: Path, fields: dict[Place, list[Disclosure]], **head: Any) -> Report:
        """Audit a pack with these fields."""
        return audit_pack(*pack(path, self.told, fields, **head), at_ms=LATER_MS)


@pytest.fixture
def agreed() -> Agreed:
    """A proposal with a consent."""
    told = Told(World(format=2, disclosure=(CONSENT, EMBARGO)))
    first = told.say("ARC", "notification", {"title": "Attack", "summary": "Two hosts."})
    text = sha256(b"It works again.").digest()
    facts = {"audience": "public", "text": text, "opens": [told.commitment(first, "title")]}
    proposed = told.say(
        "ARC", "disclosure-propose", {"text": "It works again."}, thread=first, reply=first, facts=facts
    )
    told.world.say("BOR", "disclosure-consent", thread=first, reply=proposed, facts={"text": text})
    told.world.state("ARC", "arrival")
    return Agreed(told, first, proposed)


def test_what_the_rules_open_is_verified_and_shown(agreed: Agreed, tmp_path: Path) -> None:
    """All of it and nothing else: no finding, and the values stand in the report."""
    told = agreed.told
    fields = {
        agreed.told_at: told.opened(agreed.told_at, "title"),
        agreed.proposed: told.opened(agreed.proposed, "text"),
    }
    report = agreed.audited(tmp_path, fields)
    assert (report.verdict, found_in(report)) == ("verified", [])
    assert [(one["field"], one["value"]) for one in report.disclosed or ()] == [
        ("title", "Attack"),
        ("text", "It works again."),
    ]
    assert any(line.startswith("14. disclosure: 2 fields") for line in report.checked)


def test_what_no_rule_opens_refutes(agreed: Agreed, tmp_path: Path) -> None:
    """A field that was not proposed; and one before its embargo was over, by the time that the pack itself states."""
    told, place = agreed.told, agreed.told_at
    fields = {place: told.opened(place, "title", "summary"), agreed.proposed: told.opened(agreed.proposed, "text")}
    report = agreed.audited(tmp_path, fields)
    assert (report.verdict, found_in(report)) == ("refuted", [("disclosure-early", f"ARC {place[1]}")])
    early = agreed.audited(
        tmp_path, {place: told.opened(place, "impact")}, audience="partners", disclosed_at_ms=START_MS
    )
    assert ("disclosure-early", f"ARC {place[1]}") in found_in(early)


def test_what_is_open_and_not_given_is_a_breach(agreed: Agreed, tmp_path: Path) -> None:
    """The verdict stays; the breach names the statement. A pack of another thread keeps nothing back."""
    told, place = agreed.told, agreed.told_at
    report = agreed.audited(tmp_path, {place: told.opened(place, "title")})
    assert report.verdict == "verified"
    assert [one.code for one in report.breaches].count("disclosure-withheld") == 1
    assert found_in(report) == [("disclosure-withheld", f"ARC {agreed.proposed[1]}")]
    assert found_in(agreed.audited(tmp_path, {}, thread="00" * 32)) == []


def test_another_value_is_not_what_was_said(agreed: Agreed, tmp_path: Path) -> None:
    """Another value, a salt of another statement, a field twice, a statement that is not there, or noise."""
    told, place = agreed.told, agreed.told_at
    (title,) = told.opened(place, "title")
    text = told.opened(agreed.proposed, "text")
    other = Disclosure("title", text[0].salt, "Attack")
    for wrong in ([Disclosure("title", title.salt, "No attack")], [other], [title, title]):
        report = agreed.audited(tmp_path, {place: wrong, agreed.proposed: text})
        assert (report.verdict, found_in(report)) == ("refuted", [("disclosure-false", f"ARC {place[1]}")])
    fields = {place: [title], agreed.proposed: text, ("BOR", 99): [title]}
    assert found_in(agreed.audited(tmp_path, fields)) == [("disclosure-false", "BOR 99")]


def test_a_pack_that_does_not_say_to_whom_is_none(agreed: Agreed, tmp_path: Path) -> None:
    """Opened fields without an audience have no business there; an audience that nobody knows is refused."""
    fields = {agreed.told_at: agreed.told.opened(agreed.told_at, "title")}
    report = agreed.audited(tmp_path, fields, audience=None)
    assert [one.code for one in report.findings if one.severity == "refuted"] == ["file-unexpected"]
    for head in ({"audience": "everybody"}, {"audience": "parties"}, {"disclosed_at_ms": True}, {"thread": 7}):
        with pytest.raises(AuditMisused):
            agreed.audited(tmp_path, fields, **head)


def test_a_publication_that_nobody_agreed_to_refutes(tmp_path: Path) -> None:
    """Before the consent, without one, or of another text; behind the consent it is good."""
    told = Told(World(format=2, disclosure=(CONSENT,)))
    world = told.world
    texts = [sha256(one).digest() for one in (b"one", b"two")]
    proposed = told.say("ARC", "disclosure-propose", {"text": "one"}, facts={"audience": "public", "text": texts[0]})
    same: dict[str, Any] = {"thread": proposed, "reply": proposed, "aware_at_ms": START_MS}
    early = world.say("ARC", "disclosure-made", facts={"text": texts[0]}, **same)
    world.say("BOR", "disclosure-consent", thread=proposed, reply=proposed, facts={"text": texts[0]})
    world.say("ARC", "disclosure-made", facts={"text": texts[0]}, **same)
    other = world.say("ARC", "disclosure-made", facts={"text": texts[1]}, **same)
    world.state("BOR", "arrival")
    report = audit_pack(*pack(tmp_path, told, {}, audience=None), at_ms=LATER_MS)
    unagreed = [("disclosure-unagreed", f"ARC {place[1]}") for place in (early, other)]
    assert (report.verdict, found_in(report)) == ("refuted", unagreed)
