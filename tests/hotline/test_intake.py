"""Reports of every form become drafts of the party's own: coded by tables, once each, and never more than drafts."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.composing import Letter
from hotline.errors import CouldNot, Refused
from hotline.intake import stix, tables
from hotline.intake.drafting import NOBODY, letter_of
from hotline.intake.ledger import KEPT, TRYING, Ledger
from hotline.intake.reading import Found, Reading, read
from hotline.intake.report import SUMMARY_MAX, Report, ReportRefused
from hotline.intake.work import ALIKE, CHANGED, KNOWN, LEFT, NEW, REFUSED, Full, Taken, take_in
from nodes.resources import catalogue
from tests.builders import START_MS
from tests.hotline.people import hotline

HERE = Path(__file__).parent / "reports"
FORMS = ("plain", "stix", "veris")
SOC = {"id": "SOC-1", "class": ["ddos"], "summary": "Two hosts.", "sectors": ["energy"]}


def reading(*records: object) -> Reading:
    """Reports in Hotline's own form."""
    return read(json.dumps({"format": "hotline-report/1", "reports": records}).encode(), where="file")


def report(**values: Any) -> Report:
    """One such report."""
    ((_, found),) = reading({**SOC, **values}).found
    assert isinstance(found, Report)
    return found


def letter(**values: Any) -> Letter:
    """The letter of one such report."""
    return letter_of(report(**values), catalogue(), now_ms=START_MS)


class Desk:
    """Where drafts go in these tests."""

    def __init__(self, room: int = 1000, *, breaks: bool = False) -> None:
        self.room, self.breaks = room, breaks
        self.made: dict[str, Letter] = {}
        self.there: list[str] = []

    def make(self, letter: Letter) -> str:
        name = f"{len(self.made):032x}"
        self.made[name] = letter
        return name

    def put(self, statement: str) -> None:
        if len(self.there) == self.room:
            raise Full("no room")
        self.there.append(statement)
        if self.breaks:
            raise KeyboardInterrupt

    def has(self, statement: str) -> bool:
        return statement in self.there


def taken(found: Sequence[Found], ledger: Ledger, desk: Desk | None, *, again: bool = False) -> list[Taken]:
    """Take reports in."""
    return list(take_in(found, ledger, catalogue(), drafts=desk, again=again, now_ms=lambda: START_MS))


def states(found: Sequence[Taken]) -> list[str]:
    """What became of each."""
    return [one.state for one in found]


@pytest.mark.parametrize("form", FORMS)
def test_thirty_real_reports_of_each_form_become_letters(form: str) -> None:
    """Class, severity, title and summary are there in each, and every value is one of its field."""
    found = read((HERE / f"{form}.json").read_bytes(), where=form)
    letters = [one.letter for one in taken(found.found, Ledger(), None)]
    assert (found.form, len(letters)) == (form, 30)
    for one in letters:
        assert one is not None
        assert {"title", "summary", "class", "severity_reason", "identifiers"} <= one.values.keys()
        assert one.choices.severity is not None


def test_the_facts_for_the_tests_hold_no_sentences() -> None:
    """What they were distilled from has a licence for its sentences; facts are facts."""
    for form in FORMS:
        texts = strings(json.loads((HERE / f"{form}.json").read_bytes()))
        assert max(len(one.split()) for one in texts) <= 12
        assert not [one for one in texts if one.startswith("http")]


def strings(value: object) -> list[str]:
    """Every text in a document, however deep."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in strings(part)]


def test_a_veris_incident_is_coded_by_the_tables() -> None:
    """Its varieties give classes and techniques, its industry a sector, its time no more than is known."""
    record = {
        "incident_id": "A1",
        "security_incident": "Suspected",
        "action": {"hacking": {"variety": ["DoS"]}, "social": {"variety": ["Phishing"]}},
        "attribute": {"confidentiality": {"data_disclosure": "Yes"}},
        "victim": {"industry": "221122", "victim_id": "A company"},
        "timeline": {"incident": {"year": 2014, "month": 3}},
        "actor": {"external": {"country": ["XX"], "variety": ["Activist"]}},
        "reference": "https://one.example/a; https://two.example/b",
    }
    ((_, found),) = read(json.dumps(record).encode(), where="file").found
    assert isinstance(found, Report)
    assert found.values["class"] == ["ddos", "data-leak", "phishing"]
    assert found.values["sectors"] == ["energy"]
    assert found.values["techniques"] == ["T1498", "T1566"]
    assert (found.values["first_seen"], found.values["determination"]) == ("2014-03", "suspected")
    assert [one["source"] for one in found.values["sources"]] == ["https://one.example/a", "https://two.example/b"]
    assert "attribution" not in found.values
    assert "likelihood" in found.notes[0]
    assert "A company" not in strings(dict(found.values))


def bundle(*more: dict[str, Any], **campaign: Any) -> bytes:
    """A bundle with one campaign and more objects."""
    one = {"type": "campaign", "id": "campaign--1", "name": "Quiet Harbour", **campaign}
    return json.dumps({"type": "bundle", "objects": [one, *more]}).encode()


def relation(kind: str, source: str, target: str, **more: Any) -> dict[str, Any]:
    """A relationship between two objects."""
    name = f"relationship--{kind}-{source}-{target}"
    ends = {"source_ref": source, "target_ref": target}
    return {"type": "relationship", "id": name, "relationship_type": kind, **ends, **more}


def only(data: bytes) -> Report:
    """The only report of a file."""
    ((_, found),) = read(data, where="file").found
    assert isinstance(found, Report)
    return found


def test_a_campaign_of_stix_takes_what_its_relationships_lead_to() -> None:
    """Techniques, sectors, indicators of one comparison, vulnerabilities, and nothing of other objects."""
    technique = {"external_references": [{"source_name": "mitre-attack", "external_id": "T1485"}]}
    found = only(
        bundle(
            {"type": "attack-pattern", "id": "attack-pattern--1", **technique},
            {"type": "identity", "id": "identity--1", "sectors": ["water", "mining"]},
            {"type": "vulnerability", "id": "vulnerability--1", "name": "CVE-2026-0001"},
            {"type": "indicator", "id": "indicator--1", "pattern": "[ipv4-addr:value = '192.0.2.1']"},
            {"type": "indicator", "id": "indicator--2", "pattern": "[ipv4-addr:value = '192.0.2.1' AND x:y = '1']"},
            relation("uses", "campaign--1", "attack-pattern--1"),
            relation("targets", "campaign--1", "identity--1"),
            relation("targets", "campaign--1", "vulnerability--1"),
            relation("indicates", "indicator--1", "campaign--1"),
            relation("indicates", "indicator--2", "campaign--1"),
            first_seen="2026-01-02T03:04:05.678Z",
            object_marking_refs=["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"],
        )
    )
    assert found.values["class"] == ["sabotage"]
    assert found.values["techniques"] == ["T1485"]
    assert found.values["sectors"] == ["drinking-water"]
    assert found.values["indicators"] == [{"type": "ipv4", "value": "192.0.2.1"}]
    assert "CVE-2026-0001" in found.values["identifiers"]
    assert found.values["first_seen"] == "2026-01-02T03:04:05Z"
    assert any("more than one comparison: 1" in note for note in found.notes)
    assert any("TLP:RED" in note for note in found.notes)


@pytest.mark.parametrize(
    ("confidence", "likelihood"),
    [(0, "almost-no-chance"), (9, "almost-no-chance"), (10, "very-unlikely"), (39, "unlikely"),
     (59, "roughly-even-chance"), (60, "likely"), (89, "very-likely"), (90, "almost-certain"), (100, "almost-certain")],
)  # fmt: skip
def test_an_attribution_is_a_claim_where_its_confidence_is_stated(confidence: int, likelihood: str) -> None:
    """By the DNI scale of STIX; without one it is told of, and no claim is made."""
    group = {"type": "intrusion-set", "id": "intrusion-set--1", "name": "A group"}
    link = relation("attributed-to", "campaign--1", "intrusion-set--1")
    (claim,) = only(bundle(group, {**link, "confidence": confidence})).values["attribution"]
    assert (claim["actor"], claim["likelihood"]) == ("A group", likelihood)
    without = only(bundle(group, link))
    assert "attribution" not in without.values
    assert "attributed without a stated confidence" in without.notes[0]


def test_what_its_author_revoked_is_refused() -> None:
    """And told by its id; the others go on."""
    ((name, found),) = read(bundle(revoked=True), where="file").found
    assert name == "campaign--1"
    assert isinstance(found, ReportRefused)


def test_what_is_passed_over_is_counted() -> None:
    """Objects that are no reports, by type."""
    document = json.loads(bundle({"type": "tool", "id": "tool--1"}, {"type": "tool", "id": "tool--2"}))
    assert stix.passed_over(document) == {"tool": 2}


def test_severity_follows_from_the_tables_and_says_why() -> None:
    """The main class, a grave sector and many techniques count; a severity that a report states stands."""
    made = letter()
    assert made.choices.severity == 3
    assert "class ddos counts 2, sector energy adds 1" in made.values["severity_reason"]
    assert letter(severity=1).choices.severity == 1
    many = tables.severity(["sabotage"], ["energy"], [str(one) for one in range(20)])
    assert (many.level, many.precedence) == (5, "immediate")
    assert tables.severity(["other"], [], []).level == 1


def test_a_title_that_is_missing_is_made_from_the_codes() -> None:
    """And the draft says that nobody has looked at it yet."""
    made = letter()
    assert made.values["title"].endswith("(SOC-1)")
    assert "nobody has assessed" in made.values["summary"]
    assert letter(title="Own words").values["title"] == "Own words"


def test_text_is_cut_and_cleaned() -> None:
    """Hidden characters become blanks; what is too long is cut, and says so."""
    made = letter(summary="x" * 20_000 + "\u202e", title="a\u200bb\nc")
    assert len(made.values["summary"].encode()) <= SUMMARY_MAX
    assert "says more than fits" in made.values["summary"]
    assert made.values["title"] == "a b c"


def test_a_report_with_a_value_that_is_none_is_refused_and_the_others_go_on() -> None:
    """It is named with the reason."""
    bad = SOC | {"class": ["nothing"]}
    found = reading(bad, SOC | {"id": "SOC-2", "nonsense": 1}, SOC | {"id": "SOC-3"}, {"id": 7}, 5)
    one, two, three, four, five = taken(found.found, Ledger(), None)
    assert states([one, two, three, four, five]) == [REFUSED, REFUSED, NEW, REFUSED, REFUSED]
    assert "class" in one.reason
    assert "nonsense" in two.reason
    assert five.source == "number 5"


def test_a_report_is_taken_in_once(tmp_path: Path) -> None:
    """Whatever the order of its parts; a changed one is told of, and put in again only where somebody says so."""
    desk, path = Desk(), tmp_path / "ledger"
    same = dict(reversed(SOC.items()))
    changed = SOC | {"summary": "Three hosts."}
    with Ledger.open(path) as ledger:
        assert states(taken(reading(SOC, same).found, ledger, desk)) == [NEW, KNOWN]
    with Ledger.open(path) as ledger:
        assert states(taken(reading(SOC, changed).found, ledger, desk)) == [KNOWN, CHANGED]
        assert states(taken(reading(changed).found, ledger, desk, again=True)) == [NEW]
        assert states(taken(reading(changed).found, ledger, desk)) == [KNOWN]
    assert len(desk.there) == 2


def test_another_report_of_the_same_incident_is_told_of() -> None:
    """The same summary of the same victim; or the same class and sector on the same day; or the same name."""
    dated = SOC | {"id": "B", "summary": "Other words.", "first_seen": "2026-11-20"}
    later = dated | {"id": "C", "summary": "Still others.", "first_seen": "2026-11-20T10:00Z"}
    month = dated | {"id": "D", "summary": "No day.", "first_seen": "2026-11"}
    another = month | {"id": "E", "summary": "No day either."}
    found = reading(SOC, SOC | {"id": "A"}, dated, later, month, another)
    assert states(taken(found.found, Ledger(), Desk())) == [NEW, ALIKE, NEW, ALIKE, NEW, NEW]
    assert states(taken(found.found, Ledger(), Desk(), again=True)) == [NEW] * 6


def test_what_finds_no_room_is_left_for_the_next_run(tmp_path: Path) -> None:
    """Nothing is lost: the next run puts in what is missing, and nothing twice."""
    records = [SOC | {"id": f"SOC-{place}", "summary": f"Host {place}."} for place in range(4)]
    desk = Desk(room=2)
    with Ledger.open(tmp_path / "ledger") as ledger:
        assert states(taken(reading(*records).found, ledger, desk)) == [NEW, NEW, LEFT, LEFT]
    desk.room = 9
    with Ledger.open(tmp_path / "ledger") as ledger:
        assert states(taken(reading(*records).found, ledger, desk)) == [KNOWN, KNOWN, NEW, NEW]
    assert len(desk.there) == 4


@pytest.mark.parametrize("arrived", [True, False])
def test_a_run_that_ended_in_the_midst_puts_nothing_in_twice(tmp_path: Path, arrived: bool) -> None:
    """The ledger says that it was tried, and the node whether it has it."""
    desk = Desk(breaks=True)
    with pytest.raises(KeyboardInterrupt), Ledger.open(tmp_path / "ledger") as ledger:
        taken(reading(SOC).found, ledger, desk)
    desk.breaks = False
    if not arrived:
        desk.there.clear()
    with Ledger.open(tmp_path / "ledger") as ledger:
        assert [one.state for one in ledger._lines.values()] == [TRYING]
        assert states(taken(reading(SOC).found, ledger, desk)) == [KNOWN if arrived else NEW]
    assert len(desk.there) == 1


def test_a_line_that_a_crash_tore_is_no_line(tmp_path: Path) -> None:
    """What was whole counts, and the next line begins anew; a line that is no line stops it."""
    path = tmp_path / "ledger"
    with Ledger.open(path) as ledger:
        taken(reading(SOC).found, ledger, Desk())
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])
    with Ledger.open(path) as ledger:
        assert ledger._lines["SOC-1"].state == KEPT
        taken(reading(SOC | {"id": "SOC-2", "summary": "b"}).found, ledger, Desk())
    assert path.read_bytes().startswith(whole)
    path.write_bytes(b"{}\n" + whole)
    with pytest.raises(CouldNot, match="line 1"), Ledger.open(path):
        pass


def test_two_intakes_at_once_are_refused(tmp_path: Path) -> None:
    """The second one says so."""
    first, second = (Ledger.open(tmp_path / "ledger") for _ in range(2))
    with first, pytest.raises(CouldNot, match="another intake"), second:
        pass


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff", b"[" * 100_000, b"[NaN]", b"{}", b"5", b'{"type": "bundle"}',
     b'{"format": "hotline-report/1"}',
     b"[1]", b'{"format": "hotline-report/2", "reports": []}', b'{"type": "bundle", "objects": 5}'],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_with_a_reason(data: bytes) -> None:
    """Whatever is in it."""
    with pytest.raises(Refused) as caught:
        read(data, where="file")
    assert caught.value.code == "reports-malformed"


def test_a_report_nested_too_deep_is_refused_however_deep_that_is() -> None:
    """What can just be read cannot be written again for a digest: there is no depth at which that is no refusal."""
    most = sys.getrecursionlimit()
    assert {refusal_at(depth) for depth in range(most - 150, most)} == {"", "reports-malformed"}


def refusal_at(depth: int) -> str:
    """The code by which a report with so many lists in one another is refused, or nothing."""
    try:
        read(f'{{"incident_id": "1", "action": {{}}, "x": {"[" * depth}{"]" * depth}}}'.encode(), where="file")
    except Refused as error:
        return error.code
    return ""


def reports_of(*objects: object) -> list[Found]:
    """The reports of a bundle of STIX."""
    return read(json.dumps({"type": "bundle", "objects": objects}).encode(), where="file").found


def test_an_object_of_a_bundle_may_be_of_no_type() -> None:
    """It is no report, and leads nowhere."""
    relation = {"type": "relationship", "id": "r", "source_ref": "c", "target_ref": "q", "relationship_type": ["uses"]}
    strange = [{"type": [], "id": "q"}, {"type": {"a": 1}, "id": "p"}, relation]
    assert [name for name, _ in reports_of({"type": "campaign", "id": "c", "name": "One"}, *strange)] == ["c"]


def test_a_name_without_end_is_no_name() -> None:
    """It would stand in the ledger for ever, and on every screen."""
    endless = "c" * 1_000_000
    ((name, found),) = reports_of({"type": "campaign", "id": endless, "name": "One"})
    assert isinstance(found, ReportRefused)
    assert len(name) == 100
    ((name, found),) = read(json.dumps([{"incident_id": [], "action": {}}]).encode(), where="file").found
    assert (name, isinstance(found, ReportRefused)) == ("number 1", True)
    ((name, _),) = reading({"id": endless, "severity": 9}).found
    assert len(name) == 100


def test_what_many_reports_lead_to_is_looked_at_no_further_than_it_counts() -> None:
    """A list that each report leads to, text without end, and marks that take ever longer to put in order."""
    shared = [
        {"type": "identity", "id": "i", "sectors": ["nothing"] * 200_000 + ["energy"]},
        {"type": "threat-actor", "id": "a", "name": "\u0327\u0301" * 200_000},
    ]
    campaigns = [
        {"type": "campaign", "id": f"c{number}", "name": "One", "description": "[](" * 300_000}
        for number in range(1, 4)
    ]
    relations = [
        {"type": "relationship", "id": f"{way}{number}", "source_ref": f"c{number}", "target_ref": target,
         "relationship_type": way, "confidence": 50}
        for number in range(1, 4)
        for way, target in (("targets", "i"), ("attributed-to", "a"))
    ]  # fmt: skip
    for _, found in reports_of(*shared, *campaigns, *relations):
        assert isinstance(found, Report)
        assert "sectors" not in found.values
        assert len(found.values["attribution"][0]["actor"].encode()) <= 200
        assert letter_of(found, catalogue(), now_ms=START_MS).values["summary"].endswith(NOBODY)


def test_text_that_was_not_looked_at_is_said_to_be_more() -> None:
    """Where blanks fill what is looked at, too."""
    ((_, found),) = reports_of(
        {"type": "campaign", "id": "c", "name": "One", "description": "Begun." + " " * 90_000 + "x"}
    )
    assert isinstance(found, Report)
    assert found.values["summary"] == "Begun.\n[The report says more than fits here.]"


_FIELDS = [] if (_KIND := catalogue().kind("notification")) is None else _KIND.fields
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
VERIS_NAMES = ("actor", "attribute", "campaign_id", "reference", "security_incident", "summary", "timeline", "victim")
STIX_NAMES = ("name", "description", "first_seen", "external_references", "object_marking_refs", "revoked")


@pytest.mark.slow
@given(
    st.one_of(
        st.fixed_dictionaries({"incident_id": JSON, "action": JSON}, optional=dict.fromkeys(VERIS_NAMES, JSON)),
        st.fixed_dictionaries({}, optional=dict.fromkeys(STIX_NAMES, JSON)).map(
            lambda one: {"type": "bundle", "objects": [one | {"type": "campaign", "id": "campaign--1"}, one]}
        ),
        st.fixed_dictionaries(
            {"id": JSON}, optional={field.name: JSON for field in _FIELDS} | {"severity": JSON, "aware_at": JSON}
        ).map(lambda one: {"format": "hotline-report/1", "reports": [one]}),
    )
)
def test_nothing_in_a_report_is_more_than_a_reason_to_refuse_it(document: Any) -> None:
    """Whatever stands where, each report is taken in or refused with a reason."""
    found = read(json.dumps(document).encode(), where="file")
    for one in taken(found.found, Ledger(), Desk()):
        assert one.state in {NEW, REFUSED, ALIKE}
        assert (one.state == NEW) == (not one.reason)


def test_a_dry_run_needs_no_home_and_keeps_nothing(tmp_path: Path) -> None:
    """It shows what would be put in, each by its state, and the fields with --json."""
    path = tmp_path / "reports.json"
    path.write_text(json.dumps({"format": "hotline-report/1", "reports": [SOC, SOC | {"class": "no"}]}))
    done = hotline("intake", path, "--dry-run", "--json")
    assert done.status == 1
    assert done.json["counts"] | {"new": 1, "refused": 1} == done.json["counts"]
    assert done.json["reports"][0]["fields"]["class"] == ["ddos"]
    assert done.json["reports"][0]["draft"] is None
    shown = hotline("intake", path, "--dry-run")
    assert "2 reports: 1 new, 1 refused." in shown.out
    assert hotline("intake", HERE / "veris.json", "--dry-run").status == 0
    assert [one.name for one in tmp_path.iterdir()] == ["reports.json"]


@pytest.mark.parametrize(
    ("write", "status", "code"),
    [(lambda path: None, 3, "file-missing"), (lambda path: path.write_text("{"), 1, "reports-malformed"),
     (lambda path: path.write_text('{"format": "hotline-report/1", "reports": []}'), 2, "no-reports")],
)  # fmt: skip
def test_what_holds_no_reports_says_what_to_do(
    tmp_path: Path, write: Callable[[Path], Any], status: int, code: str
) -> None:
    """No file, no JSON, no reports."""
    path = tmp_path / "reports.json"
    write(path)
    done = hotline("intake", path, "--dry-run", "--json")
    assert (done.status, done.json["error"]["code"]) == (status, code)
    assert done.json["error"]["next"]
