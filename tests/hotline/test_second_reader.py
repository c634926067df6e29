"""The second reader: a page that verifies packs in a browser, and agrees with the audit on every case."""

import importlib.util
import json
import re
import zipfile
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hotline.packs import audit_pack
from protocol.agreement_conduct import DisclosureRule
from protocol.audit import AuditMisused, audit
from protocol.commitment import Disclosure
from protocol.evidence import MemoryEvidence
from protocol.finding import Report
from tests.builders import START_MS, World
from tests.hotline.audit_vectors import CASE, files_in
from tests.hotline.browsers import CHROMIUM, Chromium, chromium
from tests.hotline.make_audit_vectors import FOLDER
from tests.hotline.test_disclosed_packs import LATER_MS, Told
from tests.hotline.test_disclosed_packs import pack as pack_of
from tests.hotline.test_packs import widened
from tests.protocol import judgement_cases_agreements, judgement_cases_roots, judgement_cases_suites
from tests.vector_world import (
    VECTORS,
    Kept,
    amending_catalogue,
    cases_of,
    files_of,
    rooting_catalogue,
    vector_catalogue,
)

SPEC = Path(__file__).resolve().parents[2] / "spec"
READER = SPEC / "verifier"
PAGE = READER / "verifier.html"
VOICES = {"arc": "ARC", "bor": "BOR"}
ARGUMENTS = ["arc", "bor", "policy"]
STOPPED = "reader-stopped"
JUDGED = (
    "amended-by-the-homes-party",
    "root-set-by-the-old-only",
    "root-set-replaces-a-root",
    "root-set-retired-root-again",
    "roster-by-retired-roots",
    "suite-other-of-a-person",
    "suite-second",
)

Found = tuple[str, list[tuple[str, str, str]]]


def maker() -> ModuleType:
    """The program that makes the page."""
    found = importlib.util.spec_from_file_location("make_verifier", SPEC / "make_verifier.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def rows_of(path: Path, heading: str) -> list[list[str]]:
    """The cells of the tables under a heading, without backticks."""
    text = path.read_text().split(f"# {heading}\n", 1)[1].split("\n## ")[0]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in re.findall(r"(?m)^\| `.*\|$", text)]


NOT_CHECKED = {code for code, *_ in rows_of(READER / "README.md", "Not checked")}


def test_the_page_is_what_its_parts_give() -> None:
    """Run `python spec/make_verifier.py` after a change to its parts or to a catalogue."""
    assert maker().page() == PAGE.read_bytes()


def test_libraries_are_the_released_files() -> None:
    """Every file of `vendor` has the digest of the table, each package has its licence, and nothing else is there."""
    rows = [row for row in rows_of(READER / "vendor" / "README.md", "Libraries in the second reader") if len(row) == 2]
    vendor = READER / "vendor"
    there = {path.relative_to(vendor).as_posix() for path in vendor.rglob("*") if path.is_file()} - {"README.md"}
    assert dict(rows) == {name: sha256((vendor / name).read_bytes()).hexdigest() for name in there}
    assert {f"{folder.name}/LICENSE" for folder in vendor.iterdir() if folder.is_dir()} <= there


def test_the_page_allows_itself_and_nothing_else() -> None:
    """One script and one style by their hashes; no address is loaded, and nothing is put there as markup."""
    text = PAGE.read_text()
    scripts, styles = (
        re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL),
        re.findall(r"<style>(.*?)</style>", text, re.DOTALL),
    )
    assert (len(scripts), len(styles)) == (1, 1)
    hashes = [b64encode(sha256(one.encode()).digest()).decode() for one in (*scripts, *styles)]
    assert (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; worker-src blob:; "
        "base-uri 'none'; form-action 'none'"
    ) in text
    frame = (READER / "parts" / "page.html").read_text()
    assert re.findall(r"\s(?:src|href|on\w+|style)=", frame) == []
    code = "".join(path.read_text() for path in sorted((READER / "parts").glob("*.js")))
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|fetch\(|XMLHttpRequest|https?://"
    )
    assert re.findall(forbidden, code) == []


# --- in a browser --------------------------------------------------------------------------------------------------


def write_pack(path: Path, files: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    """A pack of these files by name."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in {"pack.json": b"{}", **files}.items():
            archive.writestr(name, data)
    return path


class Reader:
    """The page in a browser."""

    def __init__(self, browser: Chromium) -> None:
        self.browser = browser
        self.policy: Path | None = None
        browser.call("Page.navigate", url=PAGE.as_uri())
        self.promise("document.readyState === 'complete' && document.getElementById('more') !== null")

    def promise(self, condition: str) -> None:
        """Wait until something holds on the page."""
        text = f"new Promise((good) => {{ const look = () => {condition} ? good() : setTimeout(look, 5); look(); }})"
        self.browser.call("Runtime.evaluate", expression=text, awaitPromise=True)

    def give(self, name: str, path: Path) -> None:
        """Choose a file."""
        found = self.browser.call("Runtime.evaluate", expression=f"document.getElementById('{name}')")["result"]
        self.browser.call("DOM.setFileInputFiles", files=[str(path)], objectId=found["objectId"])

    def read(self, pack: Path, policy: Path, at_ms: int) -> Found:
        """What the page says of a pack: its verdict and findings."""
        self.browser.script(f"document.getElementById('at').value = new Date({at_ms}).toISOString()")
        if policy != self.policy:
            self.give("policy", policy)
        self.policy = policy
        self.give("pack", pack)
        shown = json.dumps(f"{pack.name} under {policy.name}")
        self.promise(
            f"/^Done|itself failed/.test(state.textContent) && document.getElementById('of').textContent === {shown}"
        )
        return self.shown()

    def shown(self) -> Found:
        """Verdict and findings as they stand on the page."""
        cells = "[...findings.tBodies[0].rows].map((row) => [...row.cells].slice(0, 3).map((one) => one.textContent))"
        verdict, rows = json.loads(self.browser.script(f"JSON.stringify([verdict.className, {cells}])"))
        return verdict, sorted((code, weight, where) for weight, code, where in rows)

    def lines(self, name: str) -> list[str]:
        """The lines of a list."""
        text = f"JSON.stringify([...document.getElementById('{name}').children].map((one) => one.textContent))"
        found: list[str] = json.loads(self.browser.script(text))
        return found


@contextmanager
def reader(folder: Path) -> Iterator[Reader]:
    """The page, opened from disk."""
    with chromium(folder / "profile") as browser:
        yield Reader(browser)


def of_audit(verdict: str, findings: list[tuple[str, str, str]]) -> Found:
    """What the page should say where the audit says this."""
    return verdict, sorted(one for one in findings if one[0] not in NOT_CHECKED)


def laid_out(folder: Path) -> Iterator[tuple[str, Path, Path, dict[str, Any]]]:
    """Every vector of audits that is two exports and a policy, as a pack."""
    files = files_of(FOLDER)
    for name in sorted(path.parent.name for path in FOLDER.glob(f"*/{CASE}")):
        case = json.loads(files[f"{name}/{CASE}"])
        if case["arguments"] != ARGUMENTS:
            continue
        laid = files_in(files, name)
        exports = {
            f"{VOICES[one.partition('/')[0]]}/{one.partition('/')[2]}": data for one, data in laid.items() if "/" in one
        }
        policy = folder / f"{sha256(laid['policy']).hexdigest()[:16]}.policy"
        if not policy.exists():  # A browser does not read a file that was written since it was chosen.
            policy.write_bytes(laid["policy"])
        yield name, write_pack(folder / f"{name}.hotline", exports), policy, case


def made(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Packs that only packs can be: clean, and with something done to the archive."""
    world = World(title="<img src=x onerror=alert(1)>")
    told = world.say("ARC", "notification")
    world.say("BOR", "acknowledge", thread=told, reply=told)
    policy = folder / "made.policy"
    policy.write_bytes(world.policy("ARC"))
    files = {f"{party}/{name}": data for party in ("ARC", "BOR") for name, data in world.files(party).items()}
    yield write_pack(folder / "sound.hotline", files), policy
    yield write_pack(folder / "compressed.hotline", files, zipfile.ZIP_DEFLATED), policy
    yield write_pack(folder / "beside.hotline", {**files, "else/extra": b"x"}), policy
    yield write_pack(folder / "without.hotline", {one: files[one] for one in files if one != "BOR/checkpoint"}), policy
    flipped = bytearray((folder / "sound.hotline").read_bytes())
    flipped[flipped.find(files["ARC/checkpoint"][:40]) + 8] ^= 1
    (folder / "flipped.hotline").write_bytes(flipped)
    yield folder / "flipped.hotline", policy
    sound = (folder / "sound.hotline").read_bytes()
    for name, data in {
        "wide": widened(sound),
        "two-counts": widened(sound, count=1),
        "fewer": sound[:-14] + b"\1\0\1\0" + sound[-10:],
        "nul": sound.replace(b"ARC/policy", b"ARC/polic\0"),
    }.items():
        (folder / f"{name}.hotline").write_bytes(data)
        yield folder / f"{name}.hotline", policy


def judged(folder: Path) -> Iterator[tuple[str, Path, Path, Report]]:
    """Vectors of judgement as packs, with what the audit says: the second suite, root sets, and an amendment."""
    known = {one.digest: one for one in (amending_catalogue(), rooting_catalogue())}
    cases = cases_of(judgement_cases_agreements, judgement_cases_roots, judgement_cases_suites)
    kept = Kept.of(VECTORS / "judgement")
    for name in JUDGED:
        world = cases[name][1](kept).world
        exports = {party: world.files(party) for party in VOICES.values()}
        first, second = (MemoryEvidence(party, files) for party, files in exports.items())
        policy = folder / f"{name}.policy"
        policy.write_bytes(world.policy("ARC"))
        report = audit(
            first, second, policy.read_bytes(), catalogue=vector_catalogue(), earlier=known.get, at_ms=START_MS
        )
        files = {f"{party}/{one}": data for party, found in exports.items() for one, data in found.items()}
        yield name, write_pack(folder / f"{name}.hotline", files), policy, report


def opened(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Packs with opened fields: as they were said, another value, and of an entry that is not there."""
    rule = DisclosureRule(("*",), "TLP:RED", "TLP:CLEAR", "consent", "Article 9")
    told = Told(World(format=2, disclosure=(rule,)))
    first = told.say("ARC", "notification", {"title": "<b>Attack</b>"})
    text = sha256(b"It works again.").digest()
    facts = {"audience": "public", "text": text, "opens": [told.commitment(first, "title")]}
    values = {"text": "It works again."}
    proposed = told.say("ARC", "disclosure-propose", values, thread=first, reply=first, facts=facts)
    told.world.say("BOR", "disclosure-consent", thread=first, reply=proposed, facts={"text": text})
    told.world.state("ARC", "arrival")
    both = {first: told.opened(first, "title"), proposed: told.opened(proposed, "text")}
    (title,) = both[first]
    cases = {
        "opened": both,
        "another": {**both, first: [Disclosure("title", title.salt, "No attack")]},
        "nowhere": {**both, ("BOR", 99): [title]},
    }
    for name, fields in cases.items():
        made_of, policy = pack_of(folder, told, fields)
        yield made_of.rename(folder / f"{name}.hotline"), policy.rename(folder / f"{name}.policy")


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here")
def test_page_and_audit_agree_on_every_case(tmp_path: Path) -> None:
    """Verdict, codes, weights and places are the same, but for the codes that the page does not check by design."""
    with reader(tmp_path) as page:
        for name, pack, policy, case in laid_out(tmp_path):
            found = page.read(pack, policy, case["at_ms"])
            expected = case["expected"]
            if "error" in expected:
                assert found == ("unchecked", [(expected["error"], "unchecked", "")]), name
                continue
            places = [
                (code, weight, re.sub("^(arc|bor)", lambda one: one[0].upper(), where))
                for code, weight, where in expected["findings"]
            ]
            assert found == of_audit(expected["verdict"], places), name
        for pack, policy in (*made(tmp_path), *opened(tmp_path)):
            try:
                report = audit_pack(pack, policy, at_ms=LATER_MS)
            except AuditMisused as error:
                report = Report()
                report.add(error.code, "unchecked", "", error.text)
            places = [(one.code, one.severity, one.where.replace(f"{pack}/", "")) for one in report.findings]
            assert page.read(pack, policy, LATER_MS) == of_audit(report.verdict, places), pack.name
        for name, pack, policy, report in judged(tmp_path):
            found = page.read(pack, policy, START_MS)
            if any(code == STOPPED for code, *_ in found[1]):
                # What governs changes there: the page says no more, and never that all is well.
                assert (name, found[0]) == ("amended-by-the-homes-party", "unchecked")
                continue
            places = [(one.code, one.severity, one.where) for one in report.findings]
            assert found == of_audit(report.verdict, places), name
        assert {"clock-missed", "tally-missing"} <= NOT_CHECKED
        page.read(tmp_path / "opened.hotline", tmp_path / "opened.policy", START_MS)
        cells = (
            "[...document.getElementById('opened').tBodies[0].rows].map((row) => row.cells[3].textContent).join('|')"
        )
        assert page.browser.script(cells) == "<b>Attack</b>|It works again."
        page.read(tmp_path / "sound.hotline", tmp_path / "made.policy", START_MS)
        assert page.lines("agreement")[0] == "<img src=x onerror=alert(1)>"
        assert page.browser.script("document.images.length") == 0
        assert any(line.startswith("10. order") for line in page.lines("not-checked"))
        page.browser.script("document.querySelector('details').open = true")
        page.promise("document.querySelector('details pre') !== null")
        assert "<img src=x" in page.browser.script("document.querySelector('details pre').textContent")
        shut = "fetch('data:,x').then(() => 'open', () => 'shut')"
        assert page.browser.call("Runtime.evaluate", expression=shut, awaitPromise=True)["result"]["value"] == "shut"
