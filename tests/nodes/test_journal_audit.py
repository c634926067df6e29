"""What an auditor of a party finds in exports of its journal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from keys.note_key import NoteSigner
from keys.roles import KeyRole
from nodes.journal import Author, JournalLog
from nodes.journal_export import export_journal
from nodes.journal_home import folders, open_journal
from nodes.node import Node
from nodes.resources import journal_catalogue
from protocol.canonical import Value
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.entry import Entry
from protocol.evidence import MemoryEvidence
from protocol.journal_audit import audit_journal, is_journal_export
from protocol.merkle import Frontier, leaf_hash
from protocol.statement import EMPTY_LOG
from protocol.tiles import encode_bundle, entries_path, tile_path
from tests.builders import START_MS, hybrid, keyring
from tests.nodes.homes import agreement
from tests.nodes.pair import run, running, write_homes

DUTY = Author(1, "duty", hybrid("ARC 1", KeyRole.OFFICER))


@dataclass
class Made:
    """A journal with its keys, as its holder has it."""

    files: dict[str, bytes]
    entries: list[bytes]
    policy: bytes
    origin: str
    log: tuple[NoteSigner, NoteSigner]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Six entries: a roster, the beginning, and four acts by the node and a person."""
    directory = tmp_path_factory.mktemp("journal")
    home = write_homes(directory)["ARC"]

    async def acts(node: Node) -> None:
        facts: dict[str, Value] = {"counterpart": "BOR", "voice": "BOR", "index": 3}
        # One after the other, so that each has those before it in view.
        await node.journal.write("contents-opened", {**facts, "person": 1})
        await node.journal.write("triage", {**facts, "decision": "watch"}, "nothing yet", by=DUTY)
        await node.journal.write("mute", {"role": "duty", "until_ms": START_MS}, "a test", by=DUTY)
        await node.journal.write("receipt-given", {**facts, "person": 1})

    async def whole() -> None:
        async with running(home) as node:
            await acts(node)

    run(whole)
    folder = folders(home)[0]
    export_journal(folder, directory / "out")
    files = {
        path.relative_to(directory / "out").as_posix(): path.read_bytes()
        for path in (directory / "out").rglob("*")
        if path.is_file()
    }
    opened: JournalLog = open_journal(
        home, keyring("ARC", agreement().channel).sealing(), domain="unused.example", apart=None
    )
    entries = opened.store.read("ARC", 0, 6)
    opened.store.close()
    opened.mark.close()
    return Made(files, entries, folder.policy_path.read_bytes(), opened.origin, opened.log)


def remade(made: Made, entries: Sequence[bytes]) -> MemoryEvidence:
    """An export of other entries that the holder of the journal's keys signs all the same."""
    leaves = [leaf_hash(one) for one in entries]
    frontier = Frontier.empty().extend(leaves)
    note = sign_checkpoint(Checkpoint(made.origin, frontier.size, frontier.root()), made.log, START_MS)
    files = {name: data for name, data in made.files.items() if not name.startswith("tile/")}
    files |= {
        "checkpoint": note,
        entries_path(0, len(entries)): encode_bundle(list(entries)),
        tile_path(0, 0, len(entries)): b"".join(leaves),
    }
    return MemoryEvidence("remade", files)


def codes(made: Made, *exports: MemoryEvidence) -> tuple[str, set[str]]:
    """The verdict and the codes of an audit."""
    report = audit_journal(exports, made.policy, journal_catalogue())
    return report.verdict, {one.code for one in report.findings}


def test_a_journal_verifies(made: Made) -> None:
    """Structure, signatures and append-only hold; the report names the rosters and what was not looked at."""
    evidence = MemoryEvidence("journal", made.files)
    assert is_journal_export(evidence)
    report = audit_journal([evidence], made.policy, journal_catalogue())
    assert (report.verdict, report.findings) == ("verified", [])
    assert any("6, by the rosters for BOR version 1" in line for line in report.checked)
    assert report.not_checked


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/000.p/6", "tile/entries/000.p/6"])
def test_a_file_that_was_changed_is_found(made: Made, name: str) -> None:
    """One bit in any of the files refutes the export."""
    data = bytearray(made.files[name])
    data[-3] ^= 1
    verdict, _ = codes(made, MemoryEvidence("journal", {**made.files, name: bytes(data)}))
    assert verdict == "refuted"


def test_another_policy_refutes(made: Made) -> None:
    """A journal whose keys the auditor does not know is not one to be believed."""
    lines = made.policy.decode().splitlines()
    other = f"{lines[0]}\nquorum none\n".encode()
    report = audit_journal([MemoryEvidence("journal", made.files)], other, journal_catalogue())
    assert (report.verdict, report.findings[0].code) == ("refuted", "policy-log-unknown")


def with_entry(change: Callable[[Entry], Entry], index: int) -> Callable[[list[bytes]], list[bytes]]:
    """One entry changed."""

    def changed(entries: list[bytes]) -> list[bytes]:
        return [change(Entry.parse(raw)).encode() if at == index else raw for at, raw in enumerate(entries)]

    return changed


def _other(entry: Entry, **changes: object) -> Entry:
    values = {name: getattr(entry, name) for name in ("statement", "signatures", "logged_at_ms", "held")}
    return Entry(**{**values, **changes})


REWRITTEN: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "taken out": (lambda entries: [*entries[:3], *entries[4:]], "journal-entry-refused"),
    "twice": (lambda entries: [*entries, entries[-1]], "journal-entry-refused"),
    "first of all": (lambda entries: [entries[2], *entries[:2], *entries[3:]], "journal-entry-refused"),
    "no roster": (lambda entries: entries[1:], "signature-bad"),
    "time back": (with_entry(lambda one: _other(one, logged_at_ms=1), 4), "journal-entry-refused"),
    "unsigned": (with_entry(lambda one: _other(one, signatures=()), 3), "journal-entry-refused"),
    "two signatures": (
        with_entry(lambda one: _other(one, signatures=(*one.signatures, *one.signatures)), 2),
        "journal-entry-refused",
    ),
    "no entry": (lambda entries: [*entries[:-1], b"\xc1"], "journal-entry-refused"),
}


@pytest.mark.parametrize("name", REWRITTEN)
def test_a_rewritten_journal_is_found_by_what_people_signed(made: Made, name: str) -> None:
    """Whoever holds the journal's keys can sign another past; what authors had in view of it tells."""
    rewrite, code = REWRITTEN[name]
    verdict, found = codes(made, remade(made, rewrite(list(made.entries))))
    # Acts written together may or may not have each other in view.
    assert verdict == "refuted"
    assert found & {code, "journal-entry-refused"}


def test_a_signature_moved_to_another_act_is_found(made: Made) -> None:
    """A person's signature holds for one act only."""
    third, fourth = Entry.parse(made.entries[3]), Entry.parse(made.entries[4])
    forged = _other(fourth, signatures=third.signatures).encode()
    assert codes(made, remade(made, [*made.entries[:4], forged])) == ("refuted", {"signature-bad"})


def test_a_later_export_continues_an_earlier_one(made: Made) -> None:
    """Two exports of one journal: the shorter is the beginning of the longer, or somebody rewrote it."""
    whole, part = MemoryEvidence("later", made.files), remade(made, made.entries[:4])
    assert codes(made, part, whole) == ("verified", set())
    other = remade(made, [*made.entries[:3], made.entries[5]])
    verdict, found = codes(made, other, whole)
    assert verdict == "refuted"
    assert "journal-rewritten" in found


def test_a_missing_roster_leaves_it_unchecked(made: Made) -> None:
    """Without a roster's text nobody can say whose a signature is."""
    files = {name: data for name, data in made.files.items() if not name.startswith("roster/")}
    _, found = codes(made, MemoryEvidence("journal", files))
    assert "roster-missing" in found


def test_an_entry_of_the_line_is_no_act(made: Made) -> None:
    """An entry that holds another log is refused."""
    held = with_entry(lambda one: _other(one, held=type(EMPTY_LOG)(1, bytes(32))), 5)
    assert codes(made, remade(made, held(list(made.entries)))) == ("refuted", {"journal-entry-refused"})
