"""A flag never sends by itself: from the code that there is, and by trying every kind.

Whatever gets into a party's log goes through one place. There a statement that is not one of a machine has passed
`Desk.admit`, and carries the signatures of persons that its authority asks for. Programs have two ways in: a draft
without a signature, and the machine kinds of the closed list.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

from nodes.admission import AdmissionRefused, Desk
from nodes.clock import SteadyClock
from nodes.errors import NodeError
from nodes.machine_voice import MachineVoice
from nodes.memory_store import MemoryStore
from nodes.operations import OPERATIONS
from nodes.resources import catalogue
from nodes.signed import SignedStatement
from nodes.verified import Verified
from protocol.kind import MACHINE_KINDS
from protocol.signature import NODE, sign_statement
from tests.builders import START_MS, keyring
from tests.nodes.homes import agreement, letter, roster
from tests.nodes.pair import line_of, run, running, until, write_homes

ROOT = Path(__file__).resolve().parents[1]
PEOPLE = [one.name for one in catalogue().kinds if not one.machine and not one.document]

WAYS = {
    # Writing to a log of ours: the sequencer, which is given what has its place coming. The driver puts back what was
    # in the log before, and a succession by people begins a new one.
    "append_own": {"nodes/sequencer.py", "nodes/driver.py", "nodes/successor.py"},
    # Giving a place: what was admitted, and what the node says for itself.
    "place": {"nodes/intake.py", "nodes/line.py", "nodes/speaking.py"},
    "straight": {"nodes/intake.py", "nodes/line.py", "nodes/speaking.py"},
}
"""Who calls what leads into a log."""


@cache
def _called(path: Path) -> frozenset[str]:
    """Names of the methods that a file calls on something."""
    walked = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    found = [one.func for one in walked if isinstance(one, ast.Call)]
    return frozenset(one.attr for one in found if isinstance(one, ast.Attribute))


def calls(path: Path, name: str) -> bool:
    """Whether a method of that name is called on something in a file."""
    return name in _called(path)


@pytest.mark.parametrize("name", WAYS)
def test_one_way_leads_into_the_log(name: str) -> None:
    """Nobody but the modules named calls what writes to a log. The two packages left of these have no disk."""
    found = {
        path.relative_to(ROOT).as_posix()
        for package in ("nodes", "hotline")
        for path in (ROOT / package).rglob("*.py")
        if calls(path, name)
    }
    assert found <= WAYS[name]


def test_what_the_intake_gives_a_place_was_admitted() -> None:
    """Each call that gives a place in the intake stands behind a check of the same statement, in the same function."""
    tree = ast.parse((ROOT / "nodes" / "intake.py").read_text(encoding="utf-8"))
    placing = []
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            names = {one.attr for one in ast.walk(function) if isinstance(one, ast.Attribute)}
            given = {one.arg for one in ast.walk(function) if isinstance(one, ast.arg)}
            if {"place", "straight"} & names:
                placing.append((function.name, names | given))
    assert placing
    assert all("admit" in names or "admitted" in names for _, names in placing), placing


def test_operations_of_the_api_that_send_are_those_of_people() -> None:
    """What reaches the intake over the API is submitted or signed; a program may only submit a draft."""
    sending = set()
    for path in (ROOT / "nodes").glob("*operations.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AsyncFunctionDef):
                inside = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
                if {"submit", "sign_draft"} & inside and "intake" in inside:
                    sending.add(node.name.removeprefix("_"))
    assert sending == {"submit", "sign"}
    assert OPERATIONS["submit"].access == "anyone"
    assert OPERATIONS["sign"].access == "officer"


@pytest.mark.parametrize("name", PEOPLE)
def test_a_node_cannot_speak_for_people(name: str) -> None:
    """A kind that persons sign is none that the node's own voice has, whatever facts it is given."""
    assert name not in MACHINE_KINDS
    voice = MachineVoice(
        agreement=agreement(),
        catalogue=catalogue(),
        store=MemoryStore(own="ARC", their="BOR"),
        signer=keyring("ARC", agreement().channel).node_signer(),
        clock=SteadyClock(0),
    )
    with pytest.raises(NodeError, match="not a kind that a node may say"):
        voice.statement(name, {})


def test_a_signature_of_the_node_admits_nothing_of_people() -> None:
    """Nor does none at all, or what is marked as a program's."""
    made = letter("ARC")
    key = keyring("ARC", agreement().channel).node_signer()
    by_node = sign_statement(
        made.statement_bytes, channel=made.statement.channel, party="ARC", signer=NODE, role=NODE, key=key
    )
    desk = Desk(
        party="ARC",
        agreement=agreement(),
        catalogue=catalogue(),
        sealing=keyring("ARC", agreement().channel).sealing(),
        verified=Verified(),
    )
    for signatures in ((), (by_node,)):
        signed = SignedStatement(statement=made.statement_bytes, signatures=signatures, body=made.body)
        with pytest.raises(AdmissionRefused):
            desk.admit(signed, roster=roster("ARC"), counterpart=roster("BOR"), at_ms=START_MS)
    unsigned = SignedStatement(statement=made.statement_bytes, signatures=(), body=made.body)
    rosters = roster("ARC"), roster("BOR")
    admitted = desk.admit(unsigned, roster=rosters[0], counterpart=rosters[1], at_ms=START_MS, unsigned=True)
    assert admitted.missing


def test_what_a_program_puts_in_stays_where_it_is(tmp_path: Path) -> None:
    """However often it comes, nothing of it is logged; and with the node's signature it is not even a draft."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            line = line_of(arc)
            await until(lambda: line.live)
            made = letter("ARC")
            unsigned = SignedStatement(statement=made.statement_bytes, signatures=(), body=made.body)
            for _ in range(3):
                outcome = await line.intake.submit(unsigned, automated=True, person=1)
                assert (outcome.state, outcome.serial) == ("draft", None)
            await line.intake.log_queue()
            with pytest.raises(AdmissionRefused):
                await line.intake.log(unsigned)
            assert line.store.find(made.statement.id) is None

    run(test)
