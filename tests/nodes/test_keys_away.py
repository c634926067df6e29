"""A node whose keys are elsewhere and are taken away: what it still does, and that it goes on by itself."""

import asyncio
from pathlib import Path

import pytest

from keys.errors import KeyAway
from nodes.admission import AdmissionRefused
from tests.builders import keyring
from tests.nodes.absent import Absent
from tests.nodes.homes import agreement, letter, said, signed_by
from tests.nodes.pair import held, line_of, run, running, until, write_homes
from tests.nodes.test_node import kinds, level

pytestmark = pytest.mark.slow


def absent() -> Absent:
    """ARC's keys."""
    return Absent(keyring("ARC", agreement().channel))


@pytest.mark.parametrize("silent", [False, True], ids=["before", "while-signing"])
def test_without_keys_it_queues_and_with_them_it_goes_on(tmp_path: Path, silent: bool) -> None:
    """The keys are gone before a commit, or in its middle when entries are written already: nothing is lost, nothing is
    signed, what the other side says still arrives; when they are back everything is held on both sides, and people were
    told of both."""
    homes, keys = write_homes(tmp_path), absent()

    async def test() -> None:
        async with running(homes["BOR"]) as bor, running(homes["ARC"], keys) as arc:
            line = line_of(arc)
            await held(arc, said("ARC"))
            await until(lambda: level(arc, bor))
            keys.silent, keys.away = silent, True
            submitted = asyncio.create_task(line.intake.submit(said("ARC", "queued")))
            if silent:
                await until(lambda: not line.live)
            else:
                assert (await submitted).state == "queued"
            assert (await line.intake.submit(said("ARC", "also queued"))).state == "queued"
            their = line_of(bor)
            outcome = await their.intake.submit(said("BOR", "meanwhile"))
            assert outcome.state == "logged"
            await until(lambda: "keys-away" in codes(arc) and not line.live)
            await until(lambda: any(one["over_ms"] is None for one in line.alarms))
            with pytest.raises(KeyAway):
                line.open_contents("ARC", 2)
            keys.away = False
            await until(lambda: level(arc, bor) and kinds(bor, "ARC").count("goodwill") == 3)
            assert (await their.intake.wait(bytes.fromhex(outcome.id), "held", 15)).state == "held"
            assert (await submitted).state in {"logged", "queued"}
            assert codes(arc).count("keys-back") >= 1
            assert set(codes(arc)) == {"keys-away", "keys-back"}
            await until(lambda: all(one["over_ms"] is not None for one in line.alarms))
            assert line.details()["queued"] == 0

    run(test)


def test_what_could_not_be_opened_is_opened_before_it_is_logged(tmp_path: Path) -> None:
    """Without the sealing key a body cannot be checked. The statement waits, and one whose body is not what its header
    says is refused when the key is back, as it would have been at once."""
    homes, keys = write_homes(tmp_path), absent()
    good, other = letter("ARC"), letter("ARC", fields={"message": "another body"})
    wrong = signed_by(good, (1, "duty"))
    wrong = type(wrong)(statement=wrong.statement, signatures=wrong.signatures, body=signed_by(other, (1, "duty")).body)

    async def test() -> None:
        async with running(homes["BOR"]) as bor, running(homes["ARC"], keys) as arc:
            line = line_of(arc)
            await held(arc, said("ARC"))
            keys.away = True
            with pytest.raises(AdmissionRefused):
                # That it is not the body that the header names needs no key.
                await line.intake.submit(wrong)
            assert (await line.intake.submit(signed_by(good, (1, "duty")))).state == "queued"
            keys.away = False
            await until(lambda: level(arc, bor) and kinds(bor, "ARC").count("goodwill") == 2)

    run(test)


def test_keys_that_are_withheld_end_the_voice_and_nothing_else(tmp_path: Path) -> None:
    """Whoever holds the log's keys says no: people are told why, nothing more is signed, and the line stays."""
    homes, keys = write_homes(tmp_path), absent()

    async def test() -> None:
        async with running(homes["BOR"]) as bor, running(homes["ARC"], keys) as arc:
            line = line_of(arc)
            await held(arc, said("ARC"))
            keys.withheld = True
            submitted = asyncio.create_task(line.intake.submit(said("ARC", "not signed")))
            await until(lambda: "signer-refused" in codes(arc))
            assert not line.live
            await held(bor, said("BOR"))
            assert line.status()["line"] == "up"
            submitted.cancel()
            await asyncio.wait([submitted])

    run(test)


def codes(node: object) -> list[str]:
    """The alarms of a node's line."""
    return [one["code"] for one in line_of(node).alarms]  # type: ignore[arg-type]
