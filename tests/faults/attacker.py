"""A counterpart that has its keys and sends everything it may, and strangers beside it, until standard input ends.

    python -m tests.faults.attacker HOST PORT PEER SEED

Each round opens a session with the real handshake, and then does one thing as fast as it can for a moment. On standard
output there is one line at the end: how often each thing was done, as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import secrets
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from keys.tls_identity import spki_pin
from nodes import tls
from nodes.memory_store import MemoryStore
from nodes.peer import COMMON
from nodes.store import OWN_SIGNED, Row
from protocol import frames
from protocol.channel import Channel
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.effects import Effect, Instant, KeepNote, Send, StoreCosigned, StoreMirror
from protocol.frames import FrameType
from protocol.handshake import Tie
from protocol.limits import APPEND_ENTRIES_BYTES_MAX, ENTRY_BYTES_MAX, FRAME_BYTES_MAX, SIZE_MAX
from protocol.line_keys import LineKeys, LineSigners, voice_keys
from protocol.merkle import leaf_hash
from protocol.pulse import Pulse
from tests.builders import EPOCH
from tests.faults.hub import HUB, agreement, ring, roster

ROUND_S = 0.6
ELSEWHERE = "127.0.0.66"


def now() -> Instant:
    """Both clocks."""
    return Instant(wall_ms=time.time_ns() // 1_000_000, mono_ms=time.monotonic_ns() // 1_000_000)


class Puppet:
    """The attacker's end of the channel: a real state machine, so that it is let in, on a store in memory."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.terms, self.keys = agreement(peer), ring(peer, [peer])
        self.pins = {party: spki_pin(roster(party, peer).tls[0]) for party in (HUB, peer)}
        channel = self.terms.channel
        signers = LineSigners(
            node=self.keys.node_signer(),
            log=self.keys.log_signers(channel, self.terms.origin(peer, EPOCH)),
            mirror=self.keys.mirror_signers(channel, self.terms.mirror_name(peer)),
        )
        own, their = (
            voice_keys(self.terms, roster(party, peer), frozenset([self.pins[party]])) for party in (peer, HUB)
        )
        self.line = LineKeys(own=own, their=their, signers=signers)
        self.store = MemoryStore(own=peer, their=HUB)
        self.core = Channel(
            channel=channel,
            keys=self.line,
            shelf=self.store,
            pulse=Pulse(1_000, 3_600_000, now()),
            offset_alarm_ms=86_400_000,
            signed=None,
        )

    def append(self, entries: list[bytes]) -> None:
        """Log whatever these are, and sign."""
        head = self.store.head(self.peer)
        rows = [Row(entry, leaf_hash(entry), None, None, False) for entry in entries]
        frontier = head.frontier.extend([row.leaf for row in rows])
        self.store.append_own(head.size, rows, frontier, now().wall_ms)
        checkpoint = Checkpoint(self.line.own.origin, frontier.size, frontier.root())
        note = sign_checkpoint(checkpoint, self.line.signers.log, now().wall_ms)
        self.store.later(OWN_SIGNED, note)
        self.core.signed(checkpoint, note)

    def answers(self, effects: list[Effect]) -> Iterator[bytes]:
        """Carry effects out; gives what is to be sent."""
        queue = list(effects)
        while queue:
            effect = queue.pop(0)
            if isinstance(effect, Send):
                yield effect.data
            elif isinstance(effect, KeepNote):
                self.store.later(effect.name, effect.note)
                if effect.at_once:
                    self.store.flush()
            elif isinstance(effect, StoreCosigned):
                self.store.put_cosigned(effect.note, effect.size, now().wall_ms)
            elif isinstance(effect, StoreMirror):
                rows = [
                    Row(entry, leaf, body, seen.statement_id, seen.flash)
                    for entry, leaf, seen, body in zip(
                        effect.entries, effect.leaves, effect.glances, effect.bodies, strict=True
                    )
                ]
                self.store.append_their(effect.start, rows, effect.frontier, effect.note, effect.last_ms)
                start, end = effect.start, effect.frontier.size
                bodies = [self.store.body(HUB, index) for index in range(start, end)]
                queue = [*(self.core.mirrored(self.store.read(HUB, start, end), bodies, now()) or []), *queue]


class Attack:
    """Everything, again and again."""

    def __init__(self, host: str, port: int, peer: str, seed: str) -> None:
        self.host, self.port = host, port
        self.puppet = Puppet(peer)
        self.chance = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.old: list[bytes] = []
        anchors = [tls.own_certificate(ring(HUB, [peer]))]
        self.context = tls.context(server=False, keyring=self.puppet.keys, anchors=anchors)

    # --- with a session -----------------------------------------------------------------------------------------------

    async def session(self, rude: Callable[[ClientConnection], Awaitable[None]]) -> None:
        """Open a session as a node does, then be rude until the other side has enough or the moment is over."""
        async with connect(
            f"wss://{self.host}:{self.port}/",
            ssl=self.context,
            server_hostname="hub",
            proxy=None,
            local_addr=(ELSEWHERE, 0),
            **COMMON,
        ) as connection:
            core, pins = self.puppet.core, self.puppet.pins
            tie = Tie(dialled=True, own_pin=pins[self.puppet.peer], their_pin=pins[HUB], nonce=secrets.token_bytes(32))
            for data in self.puppet.answers(core.opened(tie, now())):
                await connection.send(data)
            while not core.is_open:
                data = await asyncio.wait_for(connection.recv(decode=False), 5)
                for answer in self.puppet.answers(core.receive(data, now())):
                    self.old.append(answer)
                    await connection.send(answer)
            del self.old[:-50]
            self.done["sessions"] += 1
            reader = asyncio.create_task(self._read(connection))
            try:
                async with asyncio.timeout(ROUND_S):
                    await rude(connection)
            finally:
                reader.cancel()
                core.closed()

    async def _read(self, connection: ClientConnection) -> None:
        async for data in connection:
            assert isinstance(data, bytes)
            for answer in self.puppet.answers(self.puppet.core.receive(data, now())):
                await connection.send(answer)

    async def flood(self, connection: ClientConnection, what: str, *messages: bytes | str) -> None:
        """The same again and again."""
        while messages:
            for message in messages:
                await connection.send(message)
                self.done[what] += 1
                await asyncio.sleep(0)

    async def entries(self, connection: ClientConnection, size: int) -> None:
        """Entries of a size, each new, as many as go into a frame."""
        while True:
            count = min(8_000, APPEND_ENTRIES_BYTES_MAX // (size + 3))
            self.puppet.append([os.urandom(size) for _ in range(count)])
            for effect in self.puppet.core.pump():
                if isinstance(effect, Send):
                    await connection.send(effect.data)
            self.done[f"entries of {size} bytes"] += count
            await asyncio.sleep(0)

    async def small_entries(self, connection: ClientConnection) -> None:
        """As many as go into a frame."""
        await self.entries(connection, 22)

    async def large_entries(self, connection: ClientConnection) -> None:
        """As large as they may be."""
        await self.entries(connection, ENTRY_BYTES_MAX)

    async def beats(self, connection: ClientConnection) -> None:
        """Good beats, without a pause."""
        while True:
            for effect in self.puppet.core._heart.beat(now(), 0):
                if isinstance(effect, Send):
                    await connection.send(effect.data)
            self.done["beats"] += 1
            await asyncio.sleep(0)

    async def wants(self, connection: ClientConnection) -> None:
        """The whole log, please, and again."""
        await self.flood(connection, "wants", frames.encode(FrameType.WANT, voice=HUB, start=0))

    async def fetches(self, connection: ClientConnection) -> None:
        """What the hub holds of us, please, and again."""
        asked = frames.encode(FrameType.FETCH, voice=self.puppet.peer, start=0, end=SIZE_MAX)
        await self.flood(connection, "fetches", asked)

    async def old_appends(self, connection: ClientConnection) -> None:
        """Entries that are there already, under a checkpoint that verifies."""
        note, entries = self.puppet.store.note(OWN_SIGNED), self.puppet.store.read(self.puppet.peer, 0, 3)
        if note is not None and len(entries) == 3:
            again = frames.encode(FrameType.APPEND, note=note, start=0, entries=entries, proof=[])
            await self.flood(connection, "old appends", again)

    async def old_frames(self, connection: ClientConnection) -> None:
        """Frames of sessions that are over."""
        await self.flood(connection, "frames of old sessions", *self.old)

    async def giants(self, connection: ClientConnection) -> None:
        """More than a frame may have."""
        await self.flood(connection, "giant frames", bytes(4 * FRAME_BYTES_MAX))

    async def noise(self, connection: ClientConnection) -> None:
        """Frames that are none."""
        await self.flood(connection, "noise", *[os.urandom(size) for size in (1, 100, FRAME_BYTES_MAX)])

    async def texts(self, connection: ClientConnection) -> None:
        """Text messages."""
        await self.flood(connection, "texts", "hello")

    async def pings(self, connection: ClientConnection) -> None:
        """Pings, and no wish to know the answer."""
        while connection.close_code is None:
            await connection.ping()
            self.done["pings"] += 1
            await asyncio.sleep(0)

    async def crumbs(self, connection: ClientConnection) -> None:
        """A message in fragments of a byte."""
        while True:
            await connection.send([b"x"] * 10_000)
            self.done["crumbs"] += 10_000
            await asyncio.sleep(0)

    async def counterpart(self) -> None:
        """Round after round, in any order."""
        everything = [
            self.small_entries, self.large_entries, self.beats, self.wants, self.fetches, self.old_appends,
            self.old_frames, self.giants, self.noise, self.texts, self.pings, self.crumbs,
        ]  # fmt: skip
        while True:
            for rude in self.chance.sample(everything, len(everything)):
                try:
                    await self.session(rude)
                except (OSError, TimeoutError, WebSocketException):
                    await asyncio.sleep(0.05)

    # --- without one --------------------------------------------------------------------------------------------------

    async def strangers(self, first: bytes) -> None:
        """Connections that say this much and wait to see what happens."""
        inside: list[asyncio.StreamWriter] = []
        while True:
            try:
                _, writer = await asyncio.open_connection(self.host, self.port, local_addr=(ELSEWHERE, 0))
                inside.append(writer)
                writer.write(first)
                self.done["strangers"] += 1
            except OSError:
                await asyncio.sleep(0.01)
            if len(inside) > 200:
                inside.pop(0).close()
            await asyncio.sleep(0.002)

    async def handshakes(self) -> None:
        """TLS with the right key, and nothing after it."""
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(
                    self.host, self.port, ssl=self.context, server_hostname="hub", local_addr=(ELSEWHERE, 0)
                )
                self.done["handshakes"] += 1
                writer.close()
            await asyncio.sleep(0.002)

    async def run(self) -> None:
        """Until standard input ends."""
        tasks = [
            asyncio.create_task(work)
            for work in (self.counterpart(), self.strangers(b""), self.strangers(os.urandom(200)), self.handshakes())
        ]
        await asyncio.to_thread(sys.stdin.buffer.read)
        failed = [task.exception() for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for error in failed:
            assert error is None, repr(error)
        sys.stdout.write(json.dumps(self.done) + "\n")
        sys.stdout.flush()


def main() -> None:
    """Attack."""
    host, port, peer, seed = sys.argv[1:]
    # What it does is to cost the hub, not to win the race for a processor that in truth are two.
    os.nice(19)
    asyncio.run(Attack(host, int(port), peer, seed).run())


if __name__ == "__main__":
    main()
