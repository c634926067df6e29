"""A node's keys change: what overlaps, and what was on its way meanwhile."""

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from hotline.rosters import import_roster
from keys import roster as rosters
from keys.keyring import NodeKeyring
from keys.note_key import NoteVerifier
from keys.roster import NotePair, Roster
from nodes.clock import now
from nodes.files import write_file
from nodes.home import NodeHome
from nodes.rosters import check_roster, keep, newest
from nodes.signed import SignedStatement
from nodes.store import OWN_COSIGNED
from protocol.note import parse as parse_note
from tests.builders import keyring, seed
from tests.nodes.homes import agreement, document, roster, said
from tests.nodes.pair import held, line_of, run, running, until, write_homes
from tests.nodes.test_node import level
from tests.nodes.test_roster_expiry import faults
from tests.protocol.test_trust import follows

pytestmark = pytest.mark.slow


def before() -> NodeKeyring:
    """ARC's keys."""
    return keyring("ARC", agreement().channel, agreement().suite)


def mirror_of(ring: NodeKeyring) -> list[NoteVerifier]:
    """The keys of ARC's mirror."""
    channel = agreement().channel
    return [one.verifier for one in ring.mirror_signers(channel, agreement().mirror_name("ARC"))]


def stated(made: Roster) -> SignedStatement:
    """A roster of ARC, signed by its roots."""
    return document("ARC", "roster", rosters.render(made))


def test_both_certificates_count_while_both_are_in_the_roster(tmp_path: Path) -> None:
    """The line brings the roster with the next one; from then on the node may come with either, and nobody carries a
    file; with the roster after that only the next one counts."""
    homes = write_homes(tmp_path)
    after = replace(before(), tls_seed=seed("ARC next tls", 32))
    old, new = before().tls_certificate("ARC"), after.tls_certificate("ARC")
    both = follows(roster("ARC"), tls=(old, new))

    async def test() -> None:
        async with running(homes["BOR"]) as bor:
            async with running(homes["ARC"]) as arc:
                assert (await held(arc, stated(both))).state == "held"
                await until(lambda: len(line_of(bor).their_pins()) == 2)
            async with running(homes["ARC"]) as arc:
                assert (await held(arc, said("ARC"))).state == "held"
            async with running(homes["ARC"], after) as arc:
                assert (await held(arc, said("ARC"))).state == "held"
                assert (await held(arc, stated(follows(both, tls=(new,))))).state == "held"
                await until(lambda: len(line_of(bor).their_pins()) == 1)
                assert (await held(arc, said("ARC"))).state == "held"

    run(test)


@pytest.mark.parametrize("whose", ["ARC", "BOR"])
def test_what_is_on_its_way_arrives_after_the_keys_have_changed(tmp_path: Path, whose: str) -> None:
    """Logged before and not receipted: it is held without fault, by the mirror's new key where it is theirs; what the
    old keys signed before the roster stays good at both."""
    homes = write_homes(tmp_path)
    ring = before()
    (name, seeds) = next(iter(ring.channels.items()))
    mirror = replace(seeds, mirror_ed25519=seed("ARC other mirror", 32), mirror_mldsa44=seed("ARC other too", 32))
    changed = replace(ring, node_seed=seed("ARC other node", 64), tls_seed=seed("ARC other tls", 32))
    changed = replace(changed, channels={**ring.channels, name: mirror})
    ed25519, mldsa44 = mirror_of(changed)
    made = follows(
        roster("ARC"),
        node=changed.node_signer().public,
        mirror=NotePair(ed25519.raw, mldsa44.raw),
        tls=(changed.tls_certificate("ARC"),),
    )

    async def test() -> None:
        async with AsyncExitStack() as nodes:
            async with AsyncExitStack() as first:
                # The one that has something on its way outlives the other.
                late = await first.enter_async_context(running(homes[whose]))
                async with running(homes["BOR" if whose == "ARC" else "ARC"]) as other:
                    for node in (late, other):
                        assert (await held(node, said(node.party))).state == "held"
                    await until(lambda: level(late, other))
                outcome = await line_of(late).intake.submit(said(whose, "on its way"))
                assert outcome.state == "logged"
            rotate(homes, stated(made))
            bor = await nodes.enter_async_context(running(homes["BOR"]))
            arc = await nodes.enter_async_context(running(homes["ARC"], changed))
            for node in (arc, bor):
                assert (await held(node, said(node.party))).state == "held"
            await until(lambda: level(arc, bor))
            for node in (arc, bor):
                line = line_of(node)
                for voice in ("ARC", "BOR"):
                    size = line.store.head(voice).size
                    await until(lambda: all(faults(node, voice, index) is not None for index in range(size)))  # noqa: B023
                    assert {tuple(faults(node, voice, index) or ()) for index in range(size)} == {()}
            note = parse_note(line_of(bor).store.note(OWN_COSIGNED) or b"")
            assert {ed25519.key_id, mldsa44.key_id} < {line.key_id for line in note.signatures}

    run(test)


def rotate(homes: dict[str, NodeHome], signed: SignedStatement) -> None:
    """As the command leaves both homes: in force in our own, to be logged first, and brought to the other one."""
    channel = homes["ARC"].channel("BOR")
    keep(channel, check_roster(agreement(), "ARC", signed, newest(channel, agreement(), "ARC")))
    write_file(channel.outbox / "roster-2.statement", signed.encode())
    roster_there, running_there = import_roster(homes["BOR"], signed, now_ms=now().wall_ms)
    assert (roster_there.version, running_there) == (2, False)
