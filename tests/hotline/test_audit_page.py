"""The page of an audit: whole, inert, and the same for the same evidence."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline import plots
from hotline.audit_page import audit_page
from nodes.resources import catalogue
from protocol.audit import audit
from protocol.codes import CODES
from protocol.evidence import MemoryEvidence
from protocol.finding import BREACHES, Report
from tests.builders import START_MS, World
from tests.hotline.people import hotline, ok

ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "tr", "th", "td", "ul", "li", "code"),
    *("span", "br", "div", "svg", "rect", "path", "text"),
}


class Reader(HTMLParser):
    """Elements, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Note it."""
        self.words += data


def read(page: bytes) -> Reader:
    """Take a page apart."""
    reader = Reader()
    reader.feed(page.decode())
    return reader


def report_of(world: World) -> Report:
    """The audit of a world."""
    first, second = (MemoryEvidence(party, world.files(party)) for party in ("ARC", "BOR"))
    return audit(first, second, world.policy("ARC"), catalogue=catalogue(), at_ms=START_MS + 86_400_000)


@pytest.fixture(scope="module")
def report() -> Report:
    """Of an exchange with an answer."""
    world = World()
    told = world.say("ARC", "notification")
    world.say("BOR", "acknowledge", thread=told, reply=told)
    asked = world.say("BOR", "clarification-request", thread=told, reply=told)
    world.say("ARC", "clarification-response", thread=told, reply=asked)
    return report_of(world)


def test_the_page_says_what_the_report_says(report: Report) -> None:
    """The verdict first, every finding, every step, and plots with their figures in words."""
    page = read(audit_page(report, title="arc and bor"))
    words = " ".join(page.words.split())
    assert f"Audit of arc and bor {report.verdict}" in words
    for text in (*report.checked, *report.not_checked, *(one.code for one in report.findings)):
        assert " ".join(text.split()) in words
    assert "When each side spoke" in words
    assert "Entries over time:" in words


def test_the_same_evidence_gives_the_same_bytes(report: Report) -> None:
    """Twice in one process, and nothing of it is of now."""
    assert audit_page(report, title="x") == audit_page(report, title="x")


def test_the_page_loads_and_runs_nothing(report: Report) -> None:
    """Known elements, no script, no address, one sheet that its policy allows by its hash."""
    data = audit_page(report, title="x")
    page = read(data)
    assert page.elements <= ALLOWED
    assert not page.attributes & {"src", "href", "style", "onload", "onerror", "action"}
    sheet = re.search(rb"<style>(.*?)</style>", data, re.DOTALL)
    assert sheet is not None
    assert f"style-src 'sha256-{b64encode(sha256(sheet[1]).digest()).decode()}'" in data.decode()
    assert b"default-src 'none'" in data
    assert b"url(" not in data
    assert b"@import" not in data


@given(st.text(max_size=60), st.text(max_size=60))
def test_nothing_of_the_other_side_acts(where: str, text: str) -> None:
    """Any text in a finding stays a text."""
    report = Report()
    report.add("bad-signature", "refuted", f"<script>{where}", f'"><img src=x onerror=alert(1)>{text}')
    report.checked.append(f"</style><b>{text}")
    data = audit_page(report, title=f"<i>{where}")
    assert read(data).elements <= ALLOWED
    assert b"\x1b" not in data
    assert "\u202e" not in data.decode()


def test_breaches_are_codes_and_stand_apart() -> None:
    """Each is declared; the first line counts them; an unchecked audit has its page as well."""
    assert set(CODES) >= BREACHES
    report = Report()
    report.add("clock-missed", "warning", "ARC 3", "late")
    report.add("unauthorised", "refuted", "ARC 4", "one")
    words = read(audit_page(report, title="x")).words
    assert "refuted, with 1 breach" in words
    assert words.index("Breaches") < words.index("Findings")


@given(st.lists(st.integers(0, 2**53)), st.lists(st.integers(0, 2**53)))
def test_plots_take_any_times(first: list[int], second: list[int]) -> None:
    """None, one, or many, in any order; every entry is in a column."""
    axis = plots.span_of(first, second)
    assert sum(plots.counts(first, axis)) == len(first)
    drawn = plots.two_voices([("A", first), ("B", second)], span=axis, ends=("", ""), gaps=[axis], marks=[(0, "<&")])
    drawn += plots.level(first, second, span=axis, ends=("", ""))
    drawn += plots.stacked([("<", [len(first), len(second)])], ("a", "b"))
    assert read(drawn.encode()).elements <= ALLOWED
    assert "nan" not in drawn


def test_the_command_writes_it(tmp_path: Path, report: Report) -> None:
    """Beside the answer; as of a time that is given, the same bytes again."""
    world = World()
    world.say("ARC", "notification")
    (tmp_path / "policy").write_bytes(world.policy("ARC"))
    for party in ("ARC", "BOR"):
        for name, data in world.files(party).items():
            (tmp_path / party / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / party / name).write_bytes(data)
    command = (
        "audit",
        tmp_path / "ARC",
        tmp_path / "BOR",
        "--policy",
        tmp_path / "policy",
        "--at",
        "2027-01-01T00:00Z",
    )
    told = ok(*command, "--page", tmp_path / "one.html")
    assert told["figures"]["rungs"]
    assert hotline(*command, "--page", tmp_path / "two.html").status == 0
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()
    assert hotline(*command[:-1], "yesterday-ish").status == 2
    lost = hotline(*command, "--page", tmp_path / "nowhere" / "report.html")
    assert (lost.status, "no such directory" in lost.err, lost.out) == (3, True, "")
