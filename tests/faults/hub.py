"""One node with many channels, and its counterparts, all of them light: their homes, and the programs that serve them.

    python -m tests.faults.hub HOME           a node with every channel of its home
    python -m tests.faults.hub HOME HOME ...  many nodes in one process, which share their threads

Keys follow from names, as everywhere in tests. Each counterpart has an agreement of its own with the hub.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path

from keys import roster as rosters
from keys.keyring import ChannelSeeds, NodeKeyring
from keys.note_key import NoteSigner
from keys.quorum import RootSet
from keys.roles import KeyRole
from keys.roster import NotePair, Roster
from nodes import logs
from nodes.config import NodeConfig, render
from nodes.files import write_file
from nodes.home import NodeHome
from nodes.node import Node
from nodes.resources import catalogue
from nodes.signed import SignedStatement
from protocol.agreement import Agreement
from protocol.agreement_terms import BeatTerms, LineTerms, Party
from protocol.compose import Setting, compose
from protocol.signature import sign_statement
from protocol.statement import EMPTY_LOG, Statement
from protocol.tagged import digest
from tests.builders import EPOCH, START_MS, hybrid, keyring, make_agreement, make_roster, seed
from tests.nodes.homes import FOREVER_MS

HUB = "ARC"
BEAT_MS = 2_000


def names(count: int) -> list[str]:
    """Short names of so many counterparts."""
    return [f"P{first}{second}" for first, second in itertools.product("ABCDEFGH", repeat=2)][:count]


@cache
def agreement(peer: str) -> Agreement:
    """Between the hub and a counterpart."""
    parties = tuple(
        Party(
            short,
            f"Republic of {short}",
            f"line.{short.lower()}.example",
            RootSet(2, tuple(hybrid(f"{short} {number}", KeyRole.ROOT).public for number in (1, 2, 3))),
        )
        for short in (HUB, peer)
    )
    beat, line = BeatTerms(every_ms=BEAT_MS), LineTerms(arrival_after_ms=1_000)
    return make_agreement(parties=parties, beat=beat, line=line)


def ring(party: str, peers: Sequence[str]) -> NodeKeyring:
    """A node's keys for its channels, by the counterpart of the hub; log and mirror keys are one channel's only."""
    made = keyring(party, agreement(peers[0]).channel)
    for peer in peers:
        parts = [seed(f"{party} {peer} {name}", 32) for name in ("log ed", "log ml", "mirror ed", "mirror ml")]
        made = made.with_channel(agreement(peer).channel, ChannelSeeds(EPOCH, *parts))
    return made


def _pair(signers: Sequence[NoteSigner]) -> NotePair:
    return NotePair(ed25519=signers[0].verifier.raw, mldsa44=signers[1].verifier.raw)


@cache
def roster(party: str, peer: str) -> Roster:
    """A party's first roster, valid at any time."""
    terms, keys = agreement(peer), ring(party, [peer])
    made = make_roster(
        party,
        terms,
        valid_from_ms=0,
        valid_until_ms=FOREVER_MS,
        log=_pair(keys.log_signers(terms.channel, terms.origin(party, EPOCH))),
        mirror=_pair(keys.mirror_signers(terms.channel, terms.mirror_name(party))),
    )
    people = tuple(replace(one, valid_from_ms=0, valid_until_ms=FOREVER_MS) for one in made.people)
    return replace(made, people=people)


@cache
def _documents(party: str, peer: str) -> tuple[SignedStatement, SignedStatement]:
    """Entries 0 and 1 of a party's log."""
    return (
        _document(party, peer, "agreement", agreement(peer).text),
        _document(party, peer, "roster", rosters.render(roster(party, peer))),
    )


def _document(party: str, peer: str, kind: str, text: bytes) -> SignedStatement:
    """A document that two roots signed."""
    known = catalogue().kind(kind)
    assert known is not None
    raw = Statement(
        channel=agreement(peer).channel,
        party=party,
        kind=kind,
        id=secrets.token_bytes(16),
        status="actual",
        precedence=known.precedence,
        issued_at_ms=START_MS,
        agreement=agreement(peer).digest,
        catalogue=catalogue().digest,
        language="en",
        after=EMPTY_LOG,
        seen=EMPTY_LOG,
        body_digest=digest(text),
        body_length=len(text),
    ).encode()
    signatures = tuple(
        sign_statement(
            raw,
            channel=agreement(peer).channel,
            party=party,
            signer=f"root/{number}",
            role="root",
            key=hybrid(f"{party} {number}", KeyRole.ROOT),
        )
        for number in (1, 2)
    )
    return SignedStatement(statement=raw, signatures=signatures, body=text)


def write_hub(directory: Path, peers: Sequence[str], listen: str) -> dict[str, NodeHome]:
    """Write the homes of the hub, which listens, and of its counterparts, which dial; by party."""
    homes = {party: _home(directory / party, party) for party in (HUB, *peers)}
    write_file(homes[HUB].config_path, render(listen=listen))
    for peer in peers:
        _channel(homes[HUB], peer, peer, "")
        _channel(homes[peer], HUB, peer, listen)
        write_file(homes[peer].config_path, render(listen=""))
    return homes


def _home(directory: Path, party: str) -> NodeHome:
    directory.mkdir(mode=0o700)
    home = NodeHome(directory)
    write_file(home.party_path, f'short = "{party}"\n'.encode())
    return home


def _channel(home: NodeHome, counterpart: str, peer: str, endpoint: str) -> None:
    channel = home.channel(counterpart)
    for path in (channel.path, channel.bootstrap, channel.outbox, channel.rosters):
        path.mkdir(parents=True, mode=0o700)
    for place, signed in enumerate(_documents(home.party, peer)):
        write_file(channel.bootstrap / f"{place:03d}.statement", signed.encode())
    for name in (HUB, peer):
        text = _documents(name, peer)[1]
        write_file(channel.roster_path(name, 1), text.body or b"")
        write_file(channel.roster_statement_path(name, 1), text.encode())
    quoted = f'"{endpoint}"' if endpoint else ""
    write_file(channel.settings_path, f"endpoints = [{quoted}]\n".encode())
    write_file(channel.agreement_path, agreement(peer).text)


def said(party: str, peer: str, text: str = "Good evening.", **header: object) -> SignedStatement:
    """A goodwill message by the duty officer of a party, on the channel of the hub with a counterpart."""
    known = catalogue().kind("goodwill")
    assert known is not None
    recipients = tuple((name, keyring(name, agreement(peer).channel).sealing().public) for name in (HUB, peer))
    place = Setting(
        channel=agreement(peer).channel,
        party=party,
        agreement=agreement(peer).digest,
        catalogue=catalogue().digest,
        after=EMPTY_LOG,
        seen=EMPTY_LOG,
        recipients=recipients,
    )
    made = compose(
        known,
        place,
        statement_id=secrets.token_bytes(16),
        secret=secrets.token_bytes(32),
        issued_at_ms=START_MS,
        fields={"message": text},
    )
    signature = sign_statement(
        made.statement_bytes,
        channel=agreement(peer).channel,
        party=party,
        signer="person/1",
        role="duty",
        key=hybrid(f"{party} 1", KeyRole.OFFICER),
    )
    return SignedStatement(statement=made.statement_bytes, signatures=(signature,), body=made.body)


class _Shared(ThreadPoolExecutor):
    """Threads of all nodes of a process, which none of them ends."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave them to the others."""


async def _serve(homes: Sequence[NodeHome]) -> None:
    # Who verifies waits for nobody, and the others wait for who verifies: these are threads of their own.
    shared, verifiers = (None, None) if len(homes) == 1 else (_Shared(4), _Shared(2))
    nodes = []
    for home in homes:
        peers = [channel.counterpart for channel in home.channels()] if home.party == HUB else [home.party]
        node = Node(home, NodeConfig.load(home.config_path), ring(home.party, peers))
        if shared is not None:
            for own in (node.executor, node.readers, node.verifiers):
                own.shutdown()
            node.executor = node.readers = shared
        if verifiers is not None:
            node.verifiers = verifiers
        node.open()
        nodes.append(node)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for node in nodes:
            node.stop()

    tasks = [asyncio.create_task(node.run()) for node in nodes]
    await asyncio.sleep(0)
    for number in (signal.SIGTERM, signal.SIGINT):
        # Each node asked to be told; here all are.
        loop.add_signal_handler(number, stop)
    await asyncio.gather(*tasks)


def main() -> None:
    """Serve the homes given until told to stop."""
    logs.configure("warning")
    asyncio.run(_serve([NodeHome.open(Path(path)) for path in sys.argv[1:]]))


if __name__ == "__main__":
    main()
