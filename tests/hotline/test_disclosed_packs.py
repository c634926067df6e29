"""Packs with opened fields: what is false, opened too early or kept back is found, by whoever has the logs."""

import json
import zipfile
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from hotline.audit_page import audit_page
from hotline.packs import audit_pack
from protocol.agreement_conduct import DisclosureRule
from protocol.audit import AuditMisused
from protocol.canonical import encode
from protocol.commitment import Disclosure, commit_all, disclose
from protocol.disclosure_opening import opening_text
from protocol.finding import Report
from protocol.statement_secret import StatementSecret
from tests.builders import START_MS, Place, World
from tests.hotline.people import hotline

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


# --- openings by the rules --------------------------------------------------------------------------------------------

AT_ONCE = DisclosureRule(("*",), "TLP:RED", "TLP:AMBER", "embargo", "Article 10", after_ms=60_000)
UNANSWERED = DisclosureRule(
    ("disclosure-propose",), "TLP:RED", "TLP:CLEAR", "no-answer", "Article 11", after_ms=3_600_000
)
OPENED_MS = START_MS + 120_000


@dataclass
class ByRule:
    """A notification whose title is open to partners after a minute, and what one party says about it."""

    told: Told = field(default_factory=lambda: Told(World(format=2, disclosure=(AT_ONCE, UNANSWERED))))
    first: Place = ("ARC", 0)

    def open(self, party: str, text: str | None = None, *, at_ms: int = OPENED_MS) -> Place:
        """Log an opening of the title; `text` instead of the sentence that makes it one."""
        told = self.told
        self.first = told.say("ARC", "notification", {"title": "Attack", "summary": "Two hosts."})
        leaf = told.world.logs["ARC"].leaves[self.first[1]]
        words = text or opening_text(["title"], leaf, "partners")
        named: dict[str, Any] = {"text": sha256(words.encode()).digest()}
        facts = {"audience": "partners", "opens": [told.commitment(self.first, "title")], **named}
        same: dict[str, Any] = {"thread": self.first, "at_ms": at_ms}
        proposed = told.say(party, "disclosure-propose", {"text": words}, reply=self.first, facts=facts, **same)
        made = told.world.say(party, "disclosure-made", reply=proposed, facts=named, aware_at_ms=START_MS, **same)
        told.world.state("ARC", "arrival", at_ms=at_ms)
        told.world.state("BOR", "arrival", at_ms=at_ms)
        return made

    def audited(self, path: Path, *names: str) -> Report:
        """Audit a pack for partners that opens these fields."""
        fields = {self.first: self.told.opened(self.first, *names)} if names else {}
        return audit_pack(*pack(path, self.told, fields, audience="partners"), at_ms=LATER_MS)


@pytest.mark.parametrize("party", ["ARC", "BOR"])
def test_an_opening_by_a_rule_is_logged_and_then_what_it_names_may_leave(party: str, tmp_path: Path) -> None:
    """Either party opens; what it names is released, and what it does not name is found to leave unlogged."""
    by_rule = ByRule()
    by_rule.open(party)
    title = by_rule.audited(tmp_path, "title")
    assert title.verdict == "verified"
    both = by_rule.audited(tmp_path, "title", "summary")
    assert both.verdict == "verified"
    assert [one.text for one in both.breaches if one.code == "disclosure-unlogged"] == [
        "a notification: summary are opened to partners, and no log has their opening"
    ]
    assert "disclosure-unlogged" not in [code for code, _ in found_in(title)]
    assert "title" in next(one.text for one in by_rule.audited(tmp_path).breaches if one.code == "disclosure-withheld")


@pytest.mark.parametrize("text", [None, "Two hosts were attacked."])
def test_an_opening_before_its_rule_or_in_other_words_refutes(text: str | None, tmp_path: Path) -> None:
    """The rule opens the title after a minute and not at once; and no rule opens a text of one party alone."""
    by_rule = ByRule()
    made = by_rule.open("ARC", text, at_ms=START_MS + 30_000 if text is None else OPENED_MS)
    report = by_rule.audited(tmp_path, "title")
    assert report.verdict == "refuted"
    assert ("disclosure-unagreed", f"ARC {made[1]}") in found_in(report)
    assert ("disclosure-unlogged", f"ARC {by_rule.first[1]}") in found_in(report)


def test_a_text_that_is_not_answered_is_published_by_rule(tmp_path: Path) -> None:
    """Not before the answer was due for as long as the agreement says, whatever is answered afterwards."""
    told = Told(World(format=2, disclosure=(UNANSWERED,)))
    hash_of = {"text": sha256(b"one").digest()}
    proposed = told.say("ARC", "disclosure-propose", {"text": "one"}, facts={"audience": "public", **hash_of})
    due_ms = START_MS + 86_400_000 + 3_600_000
    said: dict[str, Any] = {"thread": proposed, "reply": proposed, "aware_at_ms": START_MS, "facts": hash_of}
    early = told.world.say("ARC", "disclosure-made", at_ms=due_ms - 600_000, **said)
    told.world.say("ARC", "disclosure-made", at_ms=due_ms + 600_000, **said)
    told.world.say("BOR", "disclosure-object", thread=proposed, reply=proposed, at_ms=START_MS + 9_000)
    told.world.state("ARC", "arrival", at_ms=due_ms + 700_000)
    report = audit_pack(*pack(tmp_path, told, {}, audience=None), at_ms=due_ms + 800_000)
    assert found_in(report) == [("disclosure-unagreed", f"ARC {early[1]}")]


def test_a_consent_to_another_text_is_none(tmp_path: Path) -> None:
    """Its hash is that of a text that nobody proposed: it opens nothing, and a publication is without consent."""
    told = Told(World(format=2, disclosure=(CONSENT,)))
    first = told.say("ARC", "notification", {"title": "Attack"})
    texts = [sha256(one).digest() for one in (b"one", b"two")]
    facts = {"audience": "public", "text": texts[0], "opens": [told.commitment(first, "title")]}
    proposed = told.say("ARC", "disclosure-propose", {"text": "one"}, thread=first, reply=first, facts=facts)
    said: dict[str, Any] = {"thread": first, "reply": proposed}
    told.world.say("BOR", "disclosure-consent", facts={"text": texts[1]}, **said)
    made = told.world.say("ARC", "disclosure-made", facts={"text": texts[0]}, aware_at_ms=START_MS, **said)
    told.world.state("ARC", "arrival")
    report = audit_pack(*pack(tmp_path, told, {first: told.opened(first, "title")}), at_ms=LATER_MS)
    found = [one for one in found_in(report) if one[0] != "disclosure-withheld"]
    assert found == [("disclosure-unagreed", f"ARC {made[1]}"), ("disclosure-early", f"ARC {first[1]}")]


def test_a_joint_statement_and_an_onward_release_open_by_a_disclosure_alone(tmp_path: Path) -> None:
    """Their headers name no audience and no fields; what a proposal to disclose names of them opens when it is
    accepted."""
    told = Told(World(format=2, disclosure=(CONSENT,)))
    hash_of = {"text": sha256(b"Together.").digest()}
    draft = told.say("ARC", "joint-statement-draft", {"title": "t", "text": "Together."}, facts=hash_of)
    told.world.say("BOR", "joint-statement-sign", thread=draft, reply=draft, facts=hash_of)
    asked = told.say("BOR", "onward-release-request", {"reason": "A partner asks."})
    told.say("ARC", "onward-release-consent", {"items": ["ARC 1"]}, thread=asked, reply=asked)
    told.world.state("ARC", "arrival")
    fields = {draft: told.opened(draft, "text"), asked: told.opened(asked, "reason")}
    report = audit_pack(*pack(tmp_path, told, fields), at_ms=LATER_MS)
    early = [("disclosure-early", f"ARC {draft[1]}"), ("disclosure-early", f"BOR {asked[1]}")]
    assert sorted(found_in(report)) == sorted(early)
    facts = {"audience": "public", "opens": [told.commitment(draft, "text")], **hash_of}
    proposed = told.say("ARC", "disclosure-propose", {"text": "Together."}, thread=draft, reply=draft, facts=facts)
    told.world.say("BOR", "disclosure-consent", thread=draft, reply=proposed, facts=hash_of)
    told.world.state("ARC", "arrival")
    fields = {draft: told.opened(draft, "text"), proposed: told.opened(proposed, "text")}
    assert found_in(audit_pack(*pack(tmp_path, told, fields), at_ms=LATER_MS)) == []


# --- for whoever is given one -----------------------------------------------------------------------------------------


def test_anyone_verifies_a_pack_with_a_policy(agreed: Agreed, tmp_path: Path) -> None:
    """The verdict, what is opened and the exit: verified, refuted where a field is too much, unchecked where it is
    none."""
    told, place = agreed.told, agreed.told_at
    text = told.opened(agreed.proposed, "text")
    out, policy = pack(tmp_path, told, {place: told.opened(place, "title"), agreed.proposed: text})
    done = hotline("verify", out, "--policy", policy)
    assert (done.status, done.out.startswith("verified")) == (0, True)
    assert f"ARC {place[1]}  notification  title: Attack" in done.out
    pack(tmp_path, told, {place: told.opened(place, "title", "summary"), agreed.proposed: text})
    done = hotline("verify", out, "--policy", policy, "--json")
    assert (done.status, done.json["verdict"]) == (1, "refuted")
    assert "disclosure-early" in [one["code"] for one in done.json["findings"]]
    out.write_bytes(b"PK\x03\x04 and no more")
    done = hotline("verify", out, "--policy", policy, "--json")
    assert (done.status, done.json["findings"][0]["code"]) == (3, "pack-malformed")


def test_the_page_shows_what_is_opened_and_nothing_of_it_acts(agreed: Agreed, tmp_path: Path) -> None:
    """Entry, field and value stand in a table; a value of the other side is text."""
    told, place = agreed.told, agreed.told_at
    text = told.opened(agreed.proposed, "text")
    report = agreed.audited(tmp_path, {place: told.opened(place, "title"), agreed.proposed: text})
    report.disclosed = [*(report.disclosed or ()), {**(report.disclosed or [{}])[0], "value": "<b>x</b>\x1b[2J"}]
    page = audit_page(report, title="a pack").decode()
    assert f"<td>ARC {place[1]}</td><td>notification</td><td>title</td><td>Attack</td>" in page
    assert "<td>It works again.</td>" in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "\x1b" not in page
    report.disclosed = None
    assert "Opened fields" not in audit_page(report, title="a pack").decode()
