"""Grave messages and their proof on a second channel, and talk of operators that no official text quotes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.node import Node
from nodes.outcome import Outcome
from nodes.unofficial import RUN_CHARS, normalised, runs, texts_in
from protocol.agreement_conduct import ChallengeTerms
from tests.builders import START_MS
from tests.nodes.homes import letter, signed_by, terms
from tests.nodes.pair import held, line_of, run, running, until, write_homes
from tests.nodes.test_admission import FIELDS

NOTE = "The line card in rack four is being changed tonight between two and three."


@pytest.fixture
def grave_terms() -> Iterator[None]:
    """An agreement that asks for proof of messages of severity 4 or more."""
    with terms(format=2, challenge=ChallengeTerms(within_ms=60_000, severity_at_least=4)):
        yield


async def say(node: Node, kind: str, fields: dict[str, Any], *signers: tuple[int, str], **header: Any) -> Outcome:
    """Say something and wait until the other side holds it."""
    return await held(node, signed_by(letter(node.party, kind, fields, **header), *signers))


async def seen(node: Node, outcome: Outcome) -> dict[str, Any]:
    """What a node has derived of the counterpart's entry."""
    line = line_of(node)
    assert outcome.index is not None
    index = outcome.index
    await until(lambda: line.projection.entry(line.counterpart, index) is not None)
    view = line.projection.entry(line.counterpart, index)
    assert view is not None
    return view


@pytest.mark.usefixtures("grave_terms")
@pytest.mark.parametrize(("ours", "state"), [(True, "proved"), (False, "disowned")])
def test_a_grave_message_is_unproved_until_its_challenge_is_answered(tmp_path: Path, ours: bool, state: str) -> None:
    """Unproved, then challenged, then what the proof says, if it has the words of the challenge; a message that is not
    grave asks for nothing, nor does a receipt, and the counterpart's own view of its message says nothing of it."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            two = ((1, "duty"), (2, "release"))
            proofs = line_of(bor).proofs
            grave = await say(arc, "notification", FIELDS, *two, severity=4, aware_at_ms=START_MS)
            plain = await say(arc, "notification", FIELDS, *two, severity=1, aware_at_ms=START_MS)
            view = await seen(bor, grave)
            assert proofs.of(view) == "unproved"
            assert proofs.of(await seen(bor, plain)) is None
            assert proofs.of({**view, "voice": "BOR"}) is None
            place = {"thread": bytes.fromhex(view["leaf"]), "in_reply_to": bytes.fromhex(view["leaf"])}
            asked = {"channel": "telephone", "nonce": "acorn bridge"}
            challenge = await say(bor, "authenticity-challenge", asked, (1, "duty"), **place)
            await until(lambda: proofs.of(view) == "asked")
            leaf = bytes.fromhex((await seen(arc, challenge))["leaf"])
            answer = {**asked, "nonce": "Acorn-Bridge", "ours": ours}
            where = {"thread": place["thread"], "in_reply_to": leaf, "outcome": "answered"}
            guessed = await say(arc, "authenticity-proof", {**answer, "nonce": "acorn", "ours": True}, *two, **where)
            await seen(bor, guessed)
            assert proofs.of(view) == "asked"
            await say(arc, "authenticity-proof", answer, *two, **where)
            await until(lambda: proofs.of(view) == state)

    run(test)


def test_talk_of_operators_is_found_in_other_texts(tmp_path: Path) -> None:
    """A run of forty characters, however it is set, of either side's notes; a shorter piece is nobody's."""
    homes = write_homes(tmp_path)

    async def test() -> None:
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            mine = await say(arc, "service-note", {"message": NOTE}, (1, "duty"))
            theirs = await say(bor, "service-note", {"message": f"Seen: {NOTE[:30]}"}, (1, "duty"))
            await say(arc, "notification", {**FIELDS, "summary": NOTE}, (1, "duty"), severity=1, aware_at_ms=START_MS)
            await seen(arc, theirs)
            await seen(bor, mine)
            for node in (arc, bor):
                unofficial = line_of(node).unofficial
                place = ("ARC", mine.index)
                await until(lambda node=node: line_of(node).judged[0] > 2)  # type: ignore[misc]
                assert unofficial.quoted([f"we were told: '{NOTE.upper()}' yesterday"]) == [place]
                assert unofficial.quoted([NOTE.replace(" ", "\n - ")]) == [place]
                assert unofficial.quoted([NOTE[:30], "nothing of it", ""]) == []

    run(test)


@given(st.text(max_size=120), st.text(max_size=60), st.text(max_size=60))
def test_a_quotation_has_the_runs_of_what_it_quotes(text: str, before: str, after: str) -> None:
    """Whatever stands around it."""
    known = runs(normalised(text))
    assert all(len(one) == RUN_CHARS for one in known)
    assert known <= runs(normalised(f"{before} {text} {after}"))


def test_texts_are_found_wherever_they_stand() -> None:
    """In records and lists too."""
    assert list(texts_in({"a": "one", "b": [{"c": "two"}, 3, None], "d": ["three"]})) == ["one", "two", "three"]
