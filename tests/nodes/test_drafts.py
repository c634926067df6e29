"""Statements that wait for further signatures: how many may, and how they cease to."""

import asyncio
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keys.roles import KeyRole
from nodes import decisions
from nodes.admission import AdmissionRefused
from nodes.causes import Causes
from nodes.draft_waits import waits_of
from nodes.errors import NodeError
from nodes.journal import JournalRefused
from nodes.node import Node
from nodes.resources import catalogue, journal_catalogue
from nodes.signed import SignedStatement
from protocol.agreement_conduct import EmergencyTerms, ReleaseTerms
from protocol.canonical import Value
from protocol.compose import Composed
from protocol.entry import Entry
from protocol.journal import compose_act
from protocol.limits import DRAFTS_OF_ONE_MAX
from protocol.signature import sign_statement
from protocol.tagged import digest
from tests.builders import START_MS, hybrid, make_agreement
from tests.nodes.homes import letter, said, signed_by, terms
from tests.nodes.pair import held, line_of, run, running, until, write_homes
from tests.nodes.test_admission import FIELDS

pytestmark = pytest.mark.slow


def test_one_person_fills_no_desk_with_drafts(tmp_path: Path) -> None:
    """So many that one person signed first may wait; one more is refused and not kept. Others' drafts, further
    signatures, and what lacks none go on, and each draft that is completed or discarded makes room."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            intake = line_of(arc).intake

            async def refused(number: int, role: str) -> str:
                made = letter("ARC", "notification", FIELDS, severity=4, aware_at_ms=START_MS)
                with pytest.raises(NodeError) as caught:
                    await intake.submit(signed_by(made, (number, role)))
                return caught.value.code

            made = [
                letter("ARC", "notification", FIELDS, severity=4, aware_at_ms=START_MS)
                for _ in range(DRAFTS_OF_ONE_MAX)
            ]
            for one in made:
                assert (await intake.submit(signed_by(one, (1, "duty")))).state == "draft"
            assert await refused(1, "duty") == "too-many-drafts"
            assert len(intake.drafts.all()) == DRAFTS_OF_ONE_MAX
            other = letter("ARC", "notification", FIELDS, severity=4, aware_at_ms=START_MS)
            assert (await intake.submit(signed_by(other, (2, "release")))).state == "draft"
            assert (await held(arc, said("ARC"))).state == "held"
            # Completed, or discarded by who signed it: there is room for one more each.
            assert (await held(arc, signed_by(made[0], (1, "duty"), (2, "release")))).state == "held"
            draft = made[1].statement.id.hex()
            with pytest.raises(NodeError, match="only who signed"):
                await intake.decisions.discard(draft, 2)
            await intake.decisions.discard(draft, 1)
            for _ in range(2):
                more = letter("ARC", "notification", FIELDS, severity=4, aware_at_ms=START_MS)
                assert (await intake.submit(signed_by(more, (1, "duty")))).state == "draft"
            assert await refused(1, "duty") == "too-many-drafts"

    run(test)


HOLD = ReleaseTerms(hold_priority_ms=2_000, automated_per_hour=2)
EMERGENCY = EmergencyTerms(("notification",), ("release", "senior"), 60_000)


def grave(**header: Any) -> Composed:
    """A statement that two persons have to sign."""
    return letter("ARC", "notification", FIELDS, severity=4, aware_at_ms=START_MS, **header)


def act(
    node: Node, kind: str, statement: bytes, number: int = 2, role: str = "release", **facts: Value
) -> SignedStatement:
    """An act of a person about a statement, as their client signs it."""
    made, body = compose_act(
        journal_catalogue().kinds[kind],
        node.journal.setting(),
        statement_id=secrets.token_bytes(16),
        secret=secrets.token_bytes(32),
        issued_at_ms=START_MS,
        facts={"counterpart": "BOR", "statement": digest(statement), **facts},
        text="the summary names a source",
    )
    key = hybrid(f"ARC {number}", KeyRole.OFFICER)
    raw = made.encode()
    signature = sign_statement(raw, channel=made.channel, party="ARC", signer=f"person/{number}", role=role, key=key)
    return SignedStatement(statement=raw, signatures=(signature,), body=body)


def kinds_of(node: Node) -> list[str]:
    """What is in a node's journal."""
    return [Entry.parse(raw).parse_statement().kind for raw in node.journal.entries(0, 100)]


def test_a_refused_draft_can_be_signed_by_nobody(tmp_path: Path) -> None:
    """Whoever is asked to sign may refuse, by an act in the journal; the author sees who and why, and a signature that
    was on its way finds the draft closed. Whoever is not asked may not, and an act about something else is none."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            intake = line_of(arc).intake
            await arc.journal.ready()
            made, other = grave(), grave()
            draft = (await intake.submit(signed_by(made, (1, "duty")))).draft
            assert draft is not None
            with pytest.raises(JournalRefused):
                await intake.decisions.close(draft, act(arc, "refusal", other.statement_bytes), person=2)
            with pytest.raises(JournalRefused):
                await intake.decisions.close(draft, act(arc, "release-cancel", made.statement_bytes), person=2)
            with pytest.raises(JournalRefused):
                await intake.decisions.close(draft, act(arc, "refusal", made.statement_bytes), person=3)
            with pytest.raises(NodeError, match="only who signed"):
                await intake.decisions.close(draft, act(arc, "refusal", made.statement_bytes, 5, "admin"), person=5)
            refusal = act(arc, "refusal", made.statement_bytes)
            assert await intake.decisions.close(draft, refusal, person=2)
            with pytest.raises(AdmissionRefused, match="refused or cancelled"):
                await intake.submit(signed_by(made, (1, "duty"), (2, "release")))
            closed = intake.decisions.closed()
            assert [(one.id, one.kept.person) for one in closed] == [(draft, 2)]
            assert closed[0].act == refusal
            assert intake.drafts.all() == []
            assert kinds_of(arc)[-1] == "refusal"

    run(test)


def test_an_act_that_comes_twice_at_once_is_written_down_once(tmp_path: Path) -> None:
    """Each is told the same place: an act that is there twice would refute the whole journal."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            await arc.journal.ready()
            refusal = act(arc, "refusal", grave().statement_bytes)
            told = await asyncio.gather(*(arc.journal.submit(refusal, person=2) for _ in range(3)))
            assert len({one.index for one in told}) == 1
            assert sorted(one.again for one in told) == [False, True, True]
            assert kinds_of(arc).count("refusal") == 1

    run(test)


def test_who_closes_many_drafts_undoes_what_nobody_else_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed drafts are forgotten by who closed them: another person's refusal stands, and one's own oldest goes."""
    monkeypatch.setattr(decisions, "CLOSED_KEPT", 1)
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            intake = line_of(arc).intake
            await arc.journal.ready()
            closed = []
            for number, role in ((2, "release"), (3, "senior"), (3, "senior")):
                made = grave()
                draft = (await intake.submit(signed_by(made, (1, "duty")))).draft
                assert draft is not None
                refusal = act(arc, "refusal", made.statement_bytes, number, role)
                assert await intake.decisions.close(draft, refusal, person=number)
                closed.append(made)
            assert sorted(one.kept.person for one in intake.decisions.closed()) == [2, 3]
            with pytest.raises(AdmissionRefused, match="refused or cancelled"):
                await intake.submit(signed_by(closed[0], (1, "duty"), (3, "senior")))

    run(test)


@pytest.fixture
def release_terms() -> Iterator[None]:
    """An agreement with a hold window, a limit for programs and an emergency clause."""
    with terms(format=2, release=HOLD, emergency=EMERGENCY):
        yield


@pytest.mark.usefixtures("release_terms")
def test_a_statement_is_held_back_for_its_window(tmp_path: Path) -> None:
    """Complete, it may be cancelled for as long as the agreement says, and goes by itself then; a flash goes at once,
    and so does what is no official statement. What was cancelled never goes."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            line = line_of(arc)
            await until(lambda: line.live)
            await arc.journal.ready()
            signers = ((1, "duty"), (2, "release"))
            first, second = grave(precedence="priority"), grave(precedence="priority")
            kept = await line.intake.submit(signed_by(first, *signers))
            assert (kept.state, kept.serial) == ("held-back", None)
            assert kept.release_at_ms is not None
            again = await line.intake.submit(signed_by(second, *signers))
            assert again.draft is not None
            cancel = act(arc, "release-cancel", second.statement_bytes)
            await line.decisions.close(again.draft, cancel, person=2)
            assert (await line.intake.submit(signed_by(grave(precedence="flash"), *signers))).state in {
                "logged",
                "held",
            }
            assert (await line.intake.submit(said("ARC"))).state in {"logged", "held"}
            await until(lambda: line.store.find(first.statement.id) is not None)
            assert line.drafts.all() == []
            assert line.store.find(second.statement.id) is None
            found = kinds_of(arc)
            assert found.count("hold") == 2
            assert "release-cancel" in found

    run(test)


@pytest.mark.usefixtures("release_terms")
def test_what_is_held_back_survives_a_restart(tmp_path: Path) -> None:
    """It goes at its time, or at once where that passed meanwhile."""
    homes = write_homes(tmp_path)
    made = grave(precedence="priority")

    async def test() -> None:
        async with running(homes["ARC"]) as arc:
            kept = await line_of(arc).intake.submit(signed_by(made, (1, "duty"), (2, "release")))
            assert kept.state == "held-back"
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            outcome = await line_of(arc).intake.wait(made.statement.id, "held", 10)
            assert outcome.state == "held"

    run(test)


@pytest.mark.usefixtures("release_terms")
def test_what_programs_put_in_waits_for_people(tmp_path: Path) -> None:
    """A program drafts without a signature and never with one; beyond the agreed number an hour, or where its times
    cannot be, a person looks first and says so in the journal. Only signatures of people send any of it."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            intake = line_of(arc).intake
            await until(lambda: line_of(arc).live)
            await arc.journal.ready()
            now_ms = time.time_ns() // 1_000_000
            with pytest.raises(AdmissionRefused, match="no signatures"):
                await intake.submit(said("ARC"), automated=True)
            with pytest.raises(AdmissionRefused, match="nobody has signed"):
                await intake.submit(signed_by(grave(at_ms=now_ms)))
            made = [letter("ARC", at_ms=now_ms) for _ in range(2)]
            odd = letter("ARC", at_ms=now_ms + 3_600_000)
            late = letter("ARC", at_ms=now_ms)
            held = [(await intake.submit(signed_by(one), automated=True, person=1)).hold for one in (*made, odd, late)]
            assert held == [None, None, "anomaly", "rate"]
            size = line_of(arc).store.head("ARC").size
            signature = signed_by(made[0], (1, "duty")).signatures[0]
            assert (await intake.sign_draft(made[0].statement.id.hex(), signature)).state in {"logged", "held"}
            signature = signed_by(late, (1, "duty")).signatures[0]
            with pytest.raises(AdmissionRefused, match="look at it first"):
                await intake.sign_draft(late.statement.id.hex(), signature)
            await intake.decisions.check(
                late.statement.id.hex(), act(arc, "hold-check", late.statement_bytes, 1, "duty"), person=1
            )
            assert (await intake.sign_draft(late.statement.id.hex(), signature)).state in {"logged", "held"}
            assert line_of(arc).store.head("ARC").size >= size + 2
            assert line_of(arc).store.find(odd.statement.id) is None
            assert {"hold", "hold-check", "released"} <= set(kinds_of(arc))

    run(test)


@pytest.mark.usefixtures("release_terms")
def test_a_start_gives_programs_no_more_room(tmp_path: Path) -> None:
    """What they put in before it, and still waits, counts in the hour after it."""
    homes = write_homes(tmp_path)

    async def put_in(number: int) -> list[str | None]:
        async with running(homes["ARC"]) as arc:
            made = [letter("ARC", at_ms=time.time_ns() // 1_000_000) for _ in range(number)]
            intake = line_of(arc).intake
            return [(await intake.submit(signed_by(one), automated=True, person=1)).hold for one in made]

    async def test() -> None:
        assert await put_in(2) == [None, None]
        assert await put_in(1) == ["rate"]

    run(test)


@pytest.mark.usefixtures("release_terms")
def test_an_emergency_goes_by_one_person_and_is_reviewed_by_another(tmp_path: Path) -> None:
    """Under the clause one person of its slot suffices, at both nodes; somebody else reviews it, once."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            line, other = line_of(arc), line_of(bor)
            await until(lambda: line.live)
            await arc.journal.ready()
            alone = grave(precedence="priority", facts={"emergency": True})
            assert (await line.intake.submit(signed_by(alone, (1, "duty")))).missing == ("release/senior",)
            outcome = await held(arc, signed_by(alone, (2, "release")))
            assert outcome.state == "held"
            assert outcome.index is not None
            index = outcome.index

            def judged() -> bool:
                view = other.projection.entry("ARC", index)
                return view is not None and bool(view["effective"]) and view["facts"] == {"emergency": True}

            await until(judged)
            assert [(one.index, one.kept.person) for one in line.reviews.all()] == [(index, 1)] or [
                (one.index, one.kept.person) for one in line.reviews.all()
            ] == [(index, 2)]
            reviews = [one for one in Causes(line).now(0) if one.clock == "emergency-review"]
            assert [(one.family, one.counterpart, one.due_ms is None) for one in reviews] == [("clock", "BOR", False)]
            mine = act(arc, "emergency-review", alone.statement_bytes, 2, "release", finding="justified")
            with pytest.raises(NodeError, match="does not review"):
                await line.reviews.end(alone.statement.id, mine, person=2)
            theirs = act(arc, "emergency-review", alone.statement_bytes, 3, "senior", finding="justified")
            await line.reviews.end(alone.statement.id, theirs, person=3)
            assert line.reviews.all() == []
            with pytest.raises(NodeError, match="no emergency release"):
                await line.reviews.end(alone.statement.id, theirs, person=3)
            assert {"emergency-release", "emergency-review"} <= set(kinds_of(arc))
            goodwill = letter("ARC", facts={"emergency": True})
            assert (await line.intake.submit(signed_by(goodwill, (2, "release")))).missing == ("emergency",)

    run(test)


def test_a_draft_waits_for_the_next_role_when_part_of_its_time_is_gone() -> None:
    """The first role of each place is called at once, the next after the agreed share of the statement's time."""
    statement = grave(precedence="immediate").statement
    kind = catalogue().kind("notification")
    assert kind is not None
    agreement = make_agreement(format=2, release=ReleaseTerms(next_after_percent=25))
    timed = replace(kind, clocks={})
    found = waits_of(statement, timed, agreement, ("duty", "release/senior"), created_at_ms=1_000)
    open_ms = agreement.clocks["immediate"].open_within_ms
    assert [(one.role, one.slot, one.since_ms) for one in found] == [
        ("duty", "duty", 1_000),
        ("release", "release/senior", 1_000),
        ("senior", "release/senior", 1_000 + open_ms // 4),
    ]
    soon = replace(statement, release_by_ms=5_000)
    assert waits_of(soon, timed, agreement, ("release/senior",), created_at_ms=1_000)[1].since_ms == 2_000
    reported = replace(kind, clocks={"report_ms": 8_000})
    aware = replace(statement, aware_at_ms=0)
    assert waits_of(aware, reported, agreement, ("release/senior",), created_at_ms=0)[1].since_ms == 2_000
