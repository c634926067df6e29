"""Two real nodes amend their agreement while messages flow; what is in force follows from the logs alone."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from keys.roles import KeyRole
from nodes.admission import AdmissionRefused
from nodes.amendments import ChainRefused, chain_of, check_chain
from nodes.governing import agreement_in_force
from nodes.node import Node
from nodes.outcome import Outcome
from nodes.signed import SignedStatement
from nodes.store import LogStore
from protocol.agreement import Agreement
from protocol.agreement_terms import AuthorityRule
from protocol.merkle import leaf_hash
from protocol.signature import sign_statement
from protocol.statement import LogState, Statement
from protocol.tagged import digest
from tests.builders import hybrid
from tests.nodes.homes import agreement, document, letter, said, setting, signed_by
from tests.nodes.pair import held, line_of, run, running, until, write_homes

pytestmark = pytest.mark.slow

TWO = AuthorityRule(("goodwill",), (("duty",), ("release",)))


def amended(**changes: object) -> Agreement:
    """What both sides come to agree upon: of format 2, on one of format 1."""
    base = agreement()
    made: dict[str, object] = {"format": 2, "founding": base.digest, "amends": base.digest, "notice_days": 90}
    return replace(base, **{**made, **changes})  # type: ignore[arg-type]


def by_roots(store: LogStore, kind: str, text: bytes, reply: bytes | None = None) -> SignedStatement:
    """An amendment or a countersignature by a store's own party, signed by its roots."""
    made = Statement.parse(document(store.own, "agreement", text).statement)
    own, their = store.head(store.own), store.head(store.their)
    raw = replace(
        made,
        kind=kind,
        id=secrets.token_bytes(16),
        thread=leaf_hash(store.read("ARC", 0, 1)[0]),
        in_reply_to=reply,
        after=LogState(own.size, own.root),
        seen=LogState(their.size, their.root),
        body_digest=digest(text),
        body_length=len(text),
    ).encode()
    signatures = tuple(
        sign_statement(
            raw,
            channel=agreement().channel,
            party=store.own,
            signer=f"root/{number}",
            role="root",
            key=hybrid(f"{store.own} {number}", KeyRole.ROOT),
        )
        for number in (1, 2)
    )
    return SignedStatement(statement=raw, signatures=signatures, body=text)


async def state(node: Node, kind: str, text: bytes, reply: bytes | None = None) -> Outcome:
    """Say it and wait for the receipt."""
    await until(lambda: all(line_of(node).store.head(name).size > 1 for name in ("ARC", "BOR")))
    return await held(node, by_roots(line_of(node).store, kind, text, reply))


def leaf_at(node: Node, outcome: Outcome) -> bytes:
    """Leaf hash of what a node said."""
    store = line_of(node).store
    assert outcome.index is not None
    return leaf_hash(store.read(store.own, outcome.index, outcome.index + 1)[0])


def in_force(node: Node) -> Agreement:
    """What a node goes by."""
    return line_of(node).agreement


@pytest.mark.parametrize("proposer", ["ARC", "BOR"])
def test_an_amendment_comes_into_force_at_both_while_messages_flow(tmp_path: Path, proposer: str) -> None:
    """Both nodes go by it at once, judge alike, and so after a restart; officers are given the chain."""
    homes = write_homes(tmp_path)
    other = "BOR" if proposer == "ARC" else "ARC"
    new = amended(rules=(TWO,), beat=replace(agreement().beat, every_ms=300))

    async def amend() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            nodes = {"ARC": arc, "BOR": bor}

            async def talk(name: str) -> None:
                for number in range(4):
                    line = line_of(nodes[name])
                    if in_force(nodes[name]).digest != agreement().digest:
                        return
                    await line.intake.submit(said(name, f"{name} says {number}"))
                    await asyncio.sleep(0.02)

            talking = [asyncio.create_task(talk(name)) for name in nodes]
            asked = await state(nodes[proposer], "agreement-amend", new.text)
            leaf = leaf_at(nodes[proposer], asked)
            await until(lambda: any(one["code"] == "agreement-proposed" for one in line_of(nodes[other]).alarms))
            await state(nodes[other], "agreement-countersign", new.text, leaf)
            await asyncio.gather(*talking, return_exceptions=True)
            await until(lambda: in_force(arc) == new == in_force(bor))
            for node in nodes.values():
                line = line_of(node)
                chain = chain_of(line.projection.governance, line.voices, line.founding.shorts)
                assert [one.digest for one in check_chain(agreement(), chain)] == [agreement().digest, new.digest]
                await until(
                    lambda line=line: (
                        line.projection.digest()[:2]
                        == (  # type: ignore[misc]
                            line.store.head(line.own).size,
                            line.store.head(line.counterpart).size,
                        )
                    )
                )
            await until(lambda: _agree(arc, bor))

    run(amend)
    assert {agreement_in_force(home.channels()[0]).digest for home in homes.values()} == {new.digest}

    async def again() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            assert in_force(arc) == in_force(bor) == new
            assert line_of(arc).founding == agreement()

    run(again)


def _agree(arc: Node, bor: Node) -> bool:
    own, their, digest_ = line_of(arc).projection.digest()
    return line_of(bor).projection.digest_at(their, own) == digest_


def test_what_was_accepted_and_not_yet_taken_up_is_in_force_after_the_next_start(tmp_path: Path) -> None:
    """A node that ends between the countersignature and its judgement finds it in the logs, its docket lost as well."""
    homes = write_homes(tmp_path)
    new = amended()

    async def amend() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            asked = await state(bor, "agreement-amend", new.text)
            leaf = leaf_at(bor, asked)
            line = line_of(arc)
            await until(lambda: line.store.head("BOR").size > 2)
            judged = line.judging
            judged.want = lambda: None  # type: ignore[method-assign]
            await state(arc, "agreement-countersign", new.text, leaf)

    run(amend)
    for suffix in ("", "-wal", "-shm"):
        path = homes["BOR"].channel("ARC").docket_db
        path.with_name(path.name + suffix).unlink(missing_ok=True)

    async def again() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await until(lambda: in_force(arc) == new == in_force(bor))

    run(again)


def test_a_node_does_not_say_what_would_be_refused(tmp_path: Path) -> None:
    """An amendment on another base, and whatever is under an agreement that is no longer in force."""
    homes = write_homes(tmp_path)
    new = amended(notice_days=30)

    async def refused() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            wrong = replace(new, amends=bytes(32))
            with pytest.raises(AdmissionRefused) as refusal:
                await state(arc, "agreement-amend", wrong.text)
            assert refusal.value.code == "amendment-refused"
            asked = await state(arc, "agreement-amend", new.text)
            leaf = leaf_at(arc, asked)
            await until(lambda: line_of(bor).store.head("ARC").size > 2)
            await state(bor, "agreement-countersign", new.text, leaf)
            await until(lambda: in_force(arc) == in_force(bor) == new)
            with pytest.raises(AdmissionRefused) as refusal:
                await line_of(arc).intake.submit(said("ARC", "under the old one"))
            assert refusal.value.code == "wrong-agreement"

    run(refused)


def test_what_waits_in_the_outbox_and_is_refused_stops_nothing(tmp_path: Path) -> None:
    """An amendment on an agreement that is not in force is put aside with an alarm, and the voice goes on."""
    homes = write_homes(tmp_path)

    async def speak() -> SignedStatement:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            await held(arc, said("ARC"))
            wrong = amended(amends=bytes(32))
            return by_roots(line_of(arc).store, "agreement-amend", wrong.text)

    async def go_on() -> None:
        outbox = homes["ARC"].channel("BOR").outbox
        (outbox / "amend.statement").write_bytes((await speak()).encode())
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            await held(arc, said("ARC", "once more"))
            await until(lambda: any(one["code"] == "amendment-refused" for one in line_of(arc).alarms))
        assert [path.name for path in outbox.iterdir()] == ["amend.refused"]

    run(go_on)


def test_past_its_sunset_a_line_carries_what_always_passes_and_says_so(tmp_path: Path) -> None:
    """By both nodes' own clocks: a message is refused, a flash passes, and the status says since when."""
    homes = write_homes(tmp_path)
    over = amended(review_date=date(2020, 1, 1), sunset_date=date(2020, 1, 2))

    async def speak() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            leaf = leaf_at(arc, await state(arc, "agreement-amend", over.text))
            await until(lambda: line_of(bor).store.head("ARC").size > 2)
            await state(bor, "agreement-countersign", over.text, leaf)
            await until(lambda: in_force(arc) == in_force(bor) == over)
            line = line_of(arc)
            place = replace(setting("ARC"), agreement=over.digest)
            with pytest.raises(AdmissionRefused) as refusal:
                await line.intake.submit(signed_by(letter("ARC", place=place), (1, "duty")))
            assert refusal.value.code == "after-sunset"
            await held(arc, signed_by(letter("ARC", place=place, precedence="flash"), (1, "duty")))
            await until(lambda: line.judged[0] == line.store.head("ARC").size)
            faults = line.projection.entry("ARC", line.store.head("ARC").size - 1)
            assert "after-sunset" not in str(faults)
            details = line.details()
            assert details["ends_ms"] == 1_577_923_200_000
            assert details["review_due"] == "2020-01-01"

    run(speak)


def test_a_chain_that_does_not_hold_is_refused() -> None:
    """One party's roots alone, two texts, or a step that does not follow."""
    new, other = amended(), amended(notice_days=1)
    asked = document("ARC", "agreement-amend", new.text)
    good = document("BOR", "agreement-countersign", new.text)
    assert check_chain(agreement(), [[asked.encode(), good.encode()]])[-1] == new
    for step in (
        [asked, asked],
        [asked, document("BOR", "agreement-countersign", other.text)],
        [asked, document("BOR", "agreement-countersign", new.text, numbers=(1,))],
        [
            document("ARC", "agreement-amend", agreement().text),
            document("BOR", "agreement-countersign", agreement().text),
        ],
        [asked],
    ):
        with pytest.raises(ChainRefused):
            check_chain(agreement(), [[one.encode() for one in step]])
    with pytest.raises(ChainRefused):
        check_chain(agreement(), [[asked.encode(), good.encode()]] * 2)
