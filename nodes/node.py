"""A party's node: every line of a home, the listener, the diallers, and the services beside them.

A node ends cleanly on SIGTERM or SIGINT, looks for its log's file anew on SIGHUP, and ends at once when a write fails:
what is on disk is then the truth, and the next start verifies it. One lock a home keeps a second copy from starting.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import ssl
import sys
from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import structlog

from keys.tls_identity import spki_pin
from nodes import tls
from nodes.caretaker import Caretaker
from nodes.config import NodeConfig
from nodes.dialler import Dialler, websocket
from nodes.errors import NodeError
from nodes.files import make_directory, read_file
from nodes.heads import mend_heads
from nodes.highwater import HighWater
from nodes.home import ChannelHome, NodeHome
from nodes.home_lock import HomeLock
from nodes.journal import Journal
from nodes.journal_home import is_begun, open_journal, take_up
from nodes.later import Later
from nodes.line import Line
from nodes.node_keys import KeysElsewhere, KeyWatch, NodeKeys
from nodes.pagers.calling import Pagers
from nodes.pages import Pages
from nodes.past import Past, check_epoch, open_past
from nodes.peer import Listener
from nodes.projection import Projection
from nodes.resources import catalogue_of, journal_catalogue
from nodes.root_sets import HeldRoots
from nodes.root_sets import load as load_roots
from nodes.rosters import HELD_MAX, HeldRoster
from nodes.rosters import load as load_rosters
from nodes.services import Services
from nodes.soundness import mend_hashes
from nodes.sqlite_store import SqliteStore
from nodes.store import StoreDamaged, StoreUnreadable
from nodes.supervisor import Supervisor
from nodes.threads import Threads
from nodes.verified import Verified
from nodes.voices import Voices
from nodes.witnessing import THREADS as WITNESS_THREADS
from nodes.witnessing import Witnessing
from protocol.agreement import Agreement
from protocol.kinds import Catalogue

THREADS = 4
"""Threads for crypto and disk. Both let others run meanwhile, and more of them would only wait for one another."""

READERS = 2

GC_ALLOCATIONS = 20_000
"""Objects that may be made before cycles are looked for; a message makes some thousands, and nearly none in cycles."""

SWITCH_INTERVAL_S = 0.0005
"""How long a thread may keep the others, and the event loop, from the interpreter."""


class Node:
    """One party's node.

    Attributes:
        home: its directory.
        config: its settings.
        keyring: its keys, opened; or those of its signer or token.
        lines: by the counterpart's short name.
        witnessing: likewise, once it runs, where the settings have witnesses.
        pages: what people are called for; made by `open`.
        lock: of the home.
        journal: what the party writes down for itself.
        silent: whether its lines sign nothing on their own logs, however whole these are (`nodes/recovery.py`).
    """

    def __init__(
        self,
        home: NodeHome,
        config: NodeConfig,
        keyring: NodeKeys,
        *,
        silent: bool = False,
        supervisor: Supervisor | None = None,
    ) -> None:
        self.silent = silent
        self._supervisor = supervisor or Supervisor()
        self.home = home
        self.config = config
        self.keyring = keyring
        self.lines: dict[str, Line] = {}
        self.witnessing: dict[str, Witnessing] = {}
        self.pages: Pages
        self.party = home.party
        self.executor: Executor = Threads(THREADS, "node")
        # For metrics, which read much at once and must not keep officers waiting.
        self.readers = ThreadPoolExecutor(READERS, thread_name_prefix="read")
        self.askers: Executor | None = None
        # Apart, because whoever judges on one of those threads waits for these.
        self.verifiers: Executor = Threads(os.cpu_count() or 1, "verify")
        self.log: structlog.typing.FilteringBoundLogger = structlog.get_logger(party=self.party)
        self._broken: NodeError | None = None
        self._stop = asyncio.Event()
        self.lock = HomeLock(home.path)
        self._listening: ssl.SSLContext | None = None
        self.journal = self._journal()

    def open(self) -> None:
        """Take the home's lock and open every paired channel.

        Raises:
            NodeError: another copy runs (`node-running`), or a channel cannot be opened.
        """
        self.lock.take()
        # Anew: whoever made the node may have given it other threads since.
        self.journal = self._journal()
        try:
            for channel in self.home.channels():
                line = self.open_line(channel)
                self.lines[line.counterpart] = line
        except NodeError:
            self.lock.release()
            raise
        self.pages = Pages(
            path=self.home.pages,
            lines=self.lines,
            pagers=self.config.pagers,
            caller=Pagers(self.config.pagers, party=self.party),
            executor=self.executor,
        )

    def _journal(self) -> Journal:
        sealing = self.keyring.sealing()
        return Journal(
            party=self.party,
            open_log=lambda: open_journal(self.home, sealing, domain=self._domain(), apart=self.config.high_water),
            at_once=is_begun(self.home),
            catalogue=journal_catalogue(),
            node=self.keyring.node_signer(),
            sealing=sealing,
            rosters=lambda: {name: line.own_rosters[-1] for name, line in self.lines.items()},
            executor=self.executor,
            alarm=self._alarm,
        )

    def _domain(self) -> str:
        """Ours, as the agreements name it."""
        for channel in self.home.channels():
            return Agreement.parse_founding(read_file(channel.agreement_path)).party(self.party).domain
        raise NodeError("channel-unknown", "there is no channel yet whose acts could be written down")

    def _alarm(self, code: str, text: str) -> None:
        """Tell whoever watches any line."""
        for line in self.lines.values():
            line.alarm(code, text)

    def open_line(self, home: ChannelHome) -> Line:
        """Open one channel; whoever calls has the lock.

        Raises:
            StoreUnreadable: a start cannot read what it needs, and cannot find it again.
            NodeError: something else of the channel cannot be used.
        """
        agreement = Agreement.parse_founding(read_file(home.agreement_path))
        counterpart = agreement.other(self.party).short
        if counterpart != home.counterpart:
            raise NodeError("home-file-malformed", f"{home.agreement_path} is an agreement with {counterpart}")
        kinds = catalogue_of(agreement.catalogue_digest)
        if kinds is None:
            raise NodeError("catalogue-differs", f"the agreement with {counterpart} names another catalogue of kinds")
        with ExitStack() as opened:
            store = SqliteStore.open(home.log_db, own=self.party, their=counterpart)
            opened.callback(store.close)
            apart = self.config.high_water
            mark = HighWater.open(mark_path_of(home, agreement, own=self.party, apart=apart))
            opened.callback(mark.close)
            own, their = (load_rosters(home, agreement, one, most=HELD_MAX) for one in (self.party, counterpart))
            rosters = own, their
            roots = [load_roots(home, agreement, short) for short in agreement.shorts]
            past = self._open_past(home, agreement, *rosters)
            opened.callback(past.close)
            try:
                line = self._line(home, agreement, kinds, store, mark, rosters, roots, past)
            except StoreDamaged as error:
                raise StoreUnreadable("store-unreadable", error.text) from error
            opened.pop_all()
        return line

    def _line(
        self,
        home: ChannelHome,
        agreement: Agreement,
        kinds: Catalogue,
        store: SqliteStore,
        mark: HighWater,
        rosters: tuple[list[HeldRoster], list[HeldRoster]],
        roots: list[HeldRoots],
        past: Past,
    ) -> Line:
        mended = mend_heads(store, mark)
        verified = Verified(self.verifiers)
        derive = partial(
            Projection.open,
            home.docket_db,
            store=Voices(store, past) if past.ended else store,
            agreement=agreement,
            catalogue=kinds,
            verified=verified,
            lineage=past.lineage,
        )
        try:
            projection = derive()
        except StoreDamaged:
            mended += mend_hashes(store, mark)
            projection = derive()
        line = Line(
            home=home,
            agreement=agreement,
            catalogue=kinds,
            store=store,
            mark=mark,
            mark_apart=self.config.high_water is not None,
            projection=projection,
            verified=verified,
            own_rosters=rosters[0],
            their_rosters=rosters[1],
            roots=roots,
            past=past,
            keyring=self.keyring,
            journal=self.journal,
            executor=self.executor,
            broken=self.broke,
            rekeyed=self._anchor_again,
            silent=self.silent,
            scrub_bytes_s=1024 * self.config.scrub_kib_per_s,
        )
        if mended:
            line.upkeep.mended_before(mended)
        return line

    def _open_past(self, home: ChannelHome, agreement: Agreement, *rosters: list[HeldRoster]) -> Past:
        """The logs of a channel that ended; every one that the rosters of either party tell of is there."""
        past = open_past(home, agreement, own=self.party)
        try:
            for held in rosters:
                check_epoch(past, [held[0].roster, held[-1].roster])
        except NodeError:
            past.close()
            raise
        return past

    def broke(self, error: NodeError) -> None:
        """A write failed or what was read back differs: the process ends with this."""
        if self._broken is None:
            self._broken = error
            self.log.critical("node stops", code=error.code, detail=error.text)
        self._stop.set()

    def stop(self) -> None:
        """End cleanly."""
        self._stop.set()

    async def run(self) -> None:
        """Serve until stopped.

        Raises:
            NodeError: what the node ended for, or could not start for (`port-in-use`).
        """
        loop = asyncio.get_running_loop()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        # What is here now stays; to look through it again and again for what could be freed is a pause for nothing.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_ALLOCATIONS)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        # A line of the log is enough: each looks whether its file is still there (`nodes/logs.py`).
        loop.add_signal_handler(signal.SIGHUP, lambda: self.log.info("log begins"))
        if self.config.witnesses:
            terms = {one.name: one for one in self.config.witnesses}
            self.askers = ThreadPoolExecutor(WITNESS_THREADS, thread_name_prefix="witness")
            self.witnessing = {name: Witnessing(line, terms, self.askers) for name, line in self.lines.items()}
        by_channel = {line.channel: line for line in self.lines.values()}
        own_pin = spki_pin(tls.own_certificate(self.keyring))
        listener = None
        services = Services(self)
        tasks: list[asyncio.Task[None]] = []
        try:
            if self.config.listen is not None:
                listener = Listener(
                    lines=by_channel, address=self.config.listen, context=self._server_context, own_pin=own_pin
                )
                await listener.start()
            await services.start()
            for line in self.lines.values():
                tasks.append(asyncio.create_task(self._guard(line)))
                dialler = Dialler(
                    line=line,
                    endpoints=line.home.endpoints,
                    open_connection=websocket(line, partial(self._client_context, line)),
                    own_pin=own_pin,
                )
                tasks.append(asyncio.create_task(dialler.run()))
            tasks.append(asyncio.create_task(self.journal.run()))
            tasks.append(asyncio.create_task(take_up(self.home, self.journal)))
            tasks.append(asyncio.create_task(self.pages.run()))
            tasks.append(asyncio.create_task(Caretaker(self.home.path, self.lines).run()))
            tasks.append(asyncio.create_task(Later(self.lines).run()))
            tasks += [asyncio.create_task(one.run()) for one in self.witnessing.values()]
            if isinstance(self.keyring, KeysElsewhere):
                watch = KeyWatch(self.keyring, alarm=self._alarm, away=self._keys_away, back=self._keys_back)
                tasks.append(asyncio.create_task(watch.run()))
            self.log.info("node runs", lines=sorted(self.lines), port=listener.port if listener else None)
            tasks.append(asyncio.create_task(self._supervisor.reassure()))
            self._supervisor.tell("READY=1")
            await self._stop.wait()
        finally:
            self._supervisor.tell("STOPPING=1")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await services.stop()
            if listener is not None:
                await listener.stop()
            self.close()
        if self._broken is not None:
            raise self._broken
        self.log.info("node stopped")

    async def _guard(self, line: Line) -> None:
        """Run one line; what it did not foresee ends the process rather than leave it half alive."""
        try:
            await line.run()
        except* NodeError as group:
            self.broke(next(error for error in _leaves(group) if isinstance(error, NodeError)))
        except* Exception as group:
            self.log.exception("line failed", line=line.counterpart)
            self.broke(NodeError("internal-error", f"the line with {line.counterpart} failed: {group.exceptions[0]!r}"))

    def _server_context(self) -> ssl.SSLContext:
        anchors = [der for line in self.lines.values() for der in line.their_certificates()]
        self._listening = tls.context(server=True, keyring=self.keyring, anchors=anchors)
        return self._listening

    def _anchor_again(self) -> None:
        """A roster came into force: its certificates may come from now on. Pins, which are asked anew for each
        connection, keep out those of the roster before."""
        if self._listening is not None:
            for line in self.lines.values():
                tls.add_anchors(self._listening, line.their_certificates())

    def _keys_away(self, why: str) -> None:
        """Nothing is signed on any line; what officers send waits in the queue."""
        for line in self.lines.values():
            line.keys_away(why)

    async def _keys_back(self) -> None:
        """The keys can be used again, and may be with a holder that was put back: it is shown what they signed."""
        for line in self.lines.values():
            await line.keys_back()

    def _client_context(self, line: Line) -> ssl.SSLContext:
        return tls.context(server=False, keyring=self.keyring, anchors=line.their_certificates())

    def tiles_context(self) -> ssl.SSLContext:
        """TLS for auditors: the certificates in the home's `auditors/` are the only ones that may come.

        Raises:
            NodeError: `home-file-malformed`; one of them is no certificate.
        """
        anchors = []
        for path in sorted((self.home.path / "auditors").glob("*.pem")):
            try:
                anchors.append(ssl.PEM_cert_to_DER_cert(read_file(path).decode("ascii")))
            except ValueError as error:
                raise NodeError("home-file-malformed", f"{path} is not a certificate in PEM") from error
        return tls.context(server=True, keyring=self.keyring, anchors=anchors)

    def close(self) -> None:
        """Let go of everything on disk."""
        # What a thread is in the middle of comes to its end first: a file cannot be closed under it.
        self.executor.shutdown(wait=True)
        self.readers.shutdown(wait=True)
        self.verifiers.shutdown(wait=True)
        for line in self.lines.values():
            try:
                line.close()
            except NodeError as error:
                self.log.error("close failed", code=error.code, detail=error.text)
        try:
            self.journal.close()
        except NodeError as error:
            self.log.error("close failed", code=error.code, detail=error.text)
        self.lock.release()


def mark_path_of(home: ChannelHome, agreement: Agreement, *, own: str, apart: Path | None) -> Path:
    """Where the high-water mark of our log on a channel is.

    Args:
        home: the channel's files.
        agreement: its agreement.
        own: our short name.
        apart: the directory for marks that the settings name, or None for the home.
    """
    if apart is None:
        return home.high_water
    make_directory(apart)
    return apart / f"{agreement.log_id(own)}.mark"


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterable[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
