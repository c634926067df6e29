"""Statements that wait for further signatures: how many may, and how they cease to."""

from pathlib import Path

import pytest

from nodes.errors import NodeError
from protocol.limits import DRAFTS_OF_ONE_MAX
from tests.builders import START_MS
from tests.nodes.homes import letter, said, signed_by
from tests.nodes.pair import held, line_of, run, running, write_homes
from tests.nodes.test_admission import FIELDS


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
            assert len(intake.drafts()) == DRAFTS_OF_ONE_MAX
            other = letter("ARC", "notification", FIELDS, severity=4, aware_at_ms=START_MS)
            assert (await intake.submit(signed_by(other, (2, "release")))).state == "draft"
            assert (await held(arc, said("ARC"))).state == "held"
            # Completed, or discarded by who signed it: there is room for one more each.
            assert (await held(arc, signed_by(made[0], (1, "duty"), (2, "release")))).state == "held"
            draft = made[1].statement.id.hex()
            with pytest.raises(NodeError, match="only who signed"):
                await intake.discard(draft, 2)
            await intake.discard(draft, 1)
            for _ in range(2):
                more = letter("ARC", "notification", FIELDS, severity=4, aware_at_ms=START_MS)
                assert (await intake.submit(signed_by(more, (1, "duty")))).state == "draft"
            assert await refused(1, "duty") == "too-many-drafts"

    run(test)
