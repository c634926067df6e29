"""A witness over HTTP, its state on a disk, and a node that brings its logs to one."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.note_key import NoteKeyType
from keys.witness_keyring import WitnessKeyring
from nodes.config import NodeConfig
from nodes.errors import HomeRefused, NodeError
from nodes.export import export
from nodes.home import NodeHome
from nodes.receipts import receipt
from nodes.store import OWN_COSIGNED, WITNESSED
from nodes.web import WebServer
from nodes.witness import Witness, witness_app
from nodes.witness_client import WitnessFailed, submit
from nodes.witness_home import WitnessHome
from nodes.witness_store import WitnessStore
from nodes.witness_terms import WitnessTerms
from protocol import agreement_terms
from protocol.checkpoint import parse_text, sign_checkpoint
from protocol.cosignature import verify_note
from protocol.merkle import HashReader, leaf_hash, leaf_reader, prove_consistency
from protocol.note import Note
from protocol.note import parse as parse_note
from protocol.policy import parse as parse_policy
from protocol.receipt import verify_held, verify_receipt
from protocol.witness import REQUEST_BYTES_MAX, SIZE_TYPE, AddCheckpoint, NotCosigned
from tests.builders import keyring, seed
from tests.nodes.homes import agreement, said, terms
from tests.nodes.pair import free_port, line_of, run, running, until, write_homes
from tests.nodes.pair import held as held_by_both
from tests.protocol.log_parties import ARC, AT_MS, BOR, checkpoint_of, entries

KEYS = WitnessKeyring("w.example/1", seed("w ed", 32), seed("w ml", 32))
VERIFIERS = tuple(one.verifier for one in KEYS.signers())
LOG = tuple(one.verifier for one in ARC.log)


def note_of(size: int, items: list[bytes] | None = None) -> Note:
    """A checkpoint of ARC's."""
    return parse_note(sign_checkpoint(checkpoint_of(ARC, entries(size) if items is None else items), ARC.log, AT_MS))


def asking(size: int, old: int) -> bytes:
    """A request about it."""
    proof = prove_consistency(old, size, reader(size)) if 0 < old < size else []
    return AddCheckpoint(old, tuple(proof), note_of(size)).encode()


def reader(size: int) -> HashReader:
    """Hashes of its log."""
    return leaf_reader([leaf_hash(one) for one in entries(size)])


@pytest.fixture
def store(tmp_path: Path) -> WitnessStore:
    """A witness that follows ARC's log."""
    made = WitnessStore(tmp_path / "witness.db", create=True)
    made.follow(LOG)
    return made


@asynccontextmanager
async def served(store: WitnessStore) -> AsyncIterator[int]:
    """A witness on loopback; its port."""
    port = free_port()
    server = WebServer(witness_app(Witness(KEYS, store)), ("127.0.0.1", port), strangers=True)
    await server.start()
    try:
        yield port
    finally:
        await server.stop()


def ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, str, bytes]:
    """One request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body=body)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type", ""), answer.read()
    finally:
        connection.close()


def test_checkpoints_come_over_http(store: WitnessStore) -> None:
    """Each answer as the protocol has it; the last checkpoint is served with the lines of both."""

    async def test() -> None:
        async with served(store) as port:
            latest = f"/{sha256(ARC.origin.encode()).hexdigest()}/checkpoint"
            assert (await asyncio.to_thread(ask, port, "GET", latest))[0] == 404
            for size, old in ((3, 0), (3, 3), (8, 3)):
                status, kind, lines = await asyncio.to_thread(ask, port, "POST", "/add-checkpoint", asking(size, old))
                assert (status, kind) == (200, "text/plain; charset=utf-8")
                verify_note(note_of(size).text.encode() + b"\n" + lines, VERIFIERS)
            status, _, note = await asyncio.to_thread(ask, port, "GET", latest)
            assert status == 200
            assert verify_note(note, [*LOG, *VERIFIERS]).checkpoint == checkpoint_of(ARC, entries(8))
            assert await asyncio.to_thread(ask, port, "POST", "/add-checkpoint", asking(9, 3)) == (
                409,
                SIZE_TYPE,
                b"8\n",
            )
            for body, expected in ((b"old", 400), (bytes(REQUEST_BYTES_MAX + 1), 400), (asking(4, 8), 400)):
                assert (await asyncio.to_thread(ask, port, "POST", "/add-checkpoint", body))[0] == expected
            other = parse_note(sign_checkpoint(checkpoint_of(BOR, entries(2)), BOR.log, AT_MS))
            body = AddCheckpoint(0, (), other).encode()
            assert (await asyncio.to_thread(ask, port, "POST", "/add-checkpoint", body))[0] == 404
            assert (await asyncio.to_thread(ask, port, "GET", "/add-checkpoint"))[0] == 405

    run(test)


def test_a_fork_is_kept_and_not_cosigned(store: WitnessStore) -> None:
    """What the log's own keys signed and what does not fit stays as evidence, once."""
    witness = Witness(KEYS, store)
    witness.add_checkpoint(asking(5, 0))
    forked = AddCheckpoint(5, (), note_of(5, [b"x", *entries(4)])).encode()
    for _ in range(2):
        with pytest.raises(NotCosigned) as caught:
            witness.add_checkpoint(forked)
        assert (caught.value.status, caught.value.size) == (409, None)
    ((_, why, note),) = store.refused(ARC.origin)
    assert "root" in why
    assert verify_note(note, LOG).checkpoint.size == 5
    found = store.find(ARC.origin)
    assert found is not None
    assert found.last == checkpoint_of(ARC, entries(5))
    assert found.refused == 1


def test_two_at_once_never_take_a_log_back(store: WitnessStore) -> None:
    """Whatever many threads bring, what was cosigned last is never smaller than what was given out before."""
    witness = Witness(KEYS, store)
    seen: list[int] = []
    lock = threading.Lock()

    def bring(first: int) -> None:
        old = 0
        for size in range(first, 60, 7):
            try:
                lines = witness.add_checkpoint(asking(size, old))
            except NotCosigned as error:
                old = error.size if error.size is not None else old
                continue
            old = size
            now_there = store.find(ARC.origin)
            with lock:
                seen.append(size)
                assert lines
                assert now_there is not None
                assert now_there.last is not None
                assert now_there.last.size >= size

    threads = [threading.Thread(target=bring, args=(first,)) for first in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = store.find(ARC.origin)
    assert found is not None
    assert found.last is not None
    assert found.last.size == max(seen)
    assert len(set(seen)) == len(seen) > 0


def test_it_begins_where_it_was_pinned(tmp_path: Path) -> None:
    """Nothing is cosigned that does not extend the checkpoint that people gave it."""
    store = WitnessStore(tmp_path / "witness.db", create=True)
    store.follow(LOG, pinned=note_of(4).encode())
    witness = Witness(KEYS, store)
    with pytest.raises(NotCosigned) as caught:
        witness.add_checkpoint(asking(6, 0))
    assert caught.value.size == 4
    assert witness.add_checkpoint(asking(6, 4))


def test_a_witness_that_lost_its_state_does_not_run(tmp_path: Path) -> None:
    """It would cosign another past than the one it cosigned."""
    home = WitnessHome.create(tmp_path / "W", KEYS, listen="127.0.0.1:7490", passphrase=b"pass")
    assert home.keyring(b"pass") == KEYS
    assert home.served() == (("127.0.0.1", 7490), None)
    home.store().close()
    with pytest.raises(HomeRefused):
        WitnessHome.create(tmp_path / "W", KEYS, listen="127.0.0.1:7490", passphrase=b"pass")
    home.store_path.unlink()
    with pytest.raises(NodeError, match="retired"):
        home.store()
    home.store_path.write_bytes(b"something else that is no database at all")
    with pytest.raises(NodeError):
        home.store()


def test_a_log_is_followed_by_its_keys(store: WitnessStore) -> None:
    """Of one log, each type once, and a log once."""
    for keys in (
        LOG,
        (),
        (*LOG, BOR.log[0].verifier),
        (BOR.log[0].verifier,) * 2,
        tuple(k.verifier for k in BOR.mirror),
    ):
        with pytest.raises(NodeError) as caught:
            store.follow(keys)
        assert caught.value.code == "witness-log"


def test_the_client_finds_its_way_and_believes_only_signatures(store: WitnessStore) -> None:
    """It asks how far the witness is, proves from there, and takes lines of the witness's keys alone."""

    async def test() -> None:
        async with served(store) as port:
            where = WitnessTerms(name="w", url=f"http://127.0.0.1:{port}")

            def bring(size: int, *, known: int = 0, keys: tuple[object, ...] = VERIFIERS) -> int:
                note = note_of(size)
                found = submit(note, log=LOG, witness=keys, terms=where, known=known, read=reader(size))  # type: ignore[arg-type]
                verify_note(note.signed_also(found.lines).encode(), [*LOG, *VERIFIERS])
                return found.at_ms

            assert await asyncio.to_thread(bring, 3) > AT_MS
            await asyncio.to_thread(bring, 9, known=3)
            await asyncio.to_thread(bring, 12)
            await asyncio.to_thread(bring, 12, known=14)
            with pytest.raises(WitnessFailed, match="does not hold"):
                await asyncio.to_thread(bring, 12, keys=tuple(one.verifier for one in BOR.mirror))
            with pytest.raises(WitnessFailed) as caught:
                await asyncio.to_thread(bring, 7)
            assert caught.value.code == "witness-ahead"
            assert caught.value.note is not None
            forked = note_of(12, [b"x", *entries(11)])
            with pytest.raises(WitnessFailed) as caught:
                await asyncio.to_thread(
                    submit, forked, log=LOG, witness=VERIFIERS, terms=where, known=12, read=reader(12)
                )
            assert caught.value.code == "witness-refused"
            assert caught.value.note is not None
        with pytest.raises(WitnessFailed, match="reached"):
            await asyncio.to_thread(bring, 12)

    run(test)


DROPS = [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"]


@pytest.mark.parametrize("head", DROPS, ids=["in its head", "in the length of the part of an answer that is the last"])
def test_a_witness_that_answers_drop_by_drop_is_cut_off(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, and there are sixty thousand of them."""
    monkeypatch.setattr("nodes.witness_client.LIMIT_S", 0.3)
    door, cut = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def drip() -> None:
        peer, _ = door.accept()
        with peer:
            try:
                peer.sendall(head)
                for _ in range(60_000):
                    peer.sendall(b"0")
                    time.sleep(0.01)
            except OSError:
                cut.set()

    thread = threading.Thread(target=drip)
    thread.start()
    where = WitnessTerms(name="w", url=f"http://127.0.0.1:{door.getsockname()[1]}")
    try:
        with pytest.raises(WitnessFailed):
            submit(note_of(5), log=LOG, witness=VERIFIERS, terms=where, known=0, read=reader(5))
    finally:
        thread.join()
        door.close()
    assert cut.is_set()


LIES = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    b"HTTP/1.1 409 Conflict\r\nContent-Type: text/x.tlog.size\r\nContent-Length: 2\r\n\r\nx\n",
    b"HTTP/1.1 409 Conflict\r\nContent-Type: text/x.tlog.size\r\nContent-Length: 6\r\n\r\n99999\n",
    b"HTTP/1.1 409 Conflict\r\nContent-Type: text/x.tlog.size\r\nContent-Length: 2\r\n\r\n1\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + bytes(100_000),
    b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    b"nonsense\r\n\r\n",
    b"",
]


@pytest.mark.parametrize("number", range(len(LIES)))
def test_a_witness_that_lies_is_only_a_failure(number: int) -> None:
    """Another spelling, another size each time, a redirect, too much, nothing."""

    async def test() -> None:
        async def answer(reader_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader_.read(65_536)
            writer.write(LIES[number])
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        where = WitnessTerms(name="w", url=f"http://127.0.0.1:{port}")
        async with server:
            with pytest.raises(WitnessFailed) as caught:
                await asyncio.to_thread(
                    submit, note_of(5), log=LOG, witness=VERIFIERS, terms=where, known=0, read=reader(5)
                )
        assert caught.value.code == ""

    run(test)


@given(st.binary(max_size=200))
def test_a_keyring_reads_as_it_was_written(data: bytes) -> None:
    """And nothing else is one."""
    assert WitnessKeyring.parse(KEYS.encode()) == KEYS
    assert "seed" not in repr(KEYS)
    assert KEYS.ed25519.hex() not in repr(KEYS)
    with pytest.raises(Exception, match="keyring"):
        WitnessKeyring.parse(data)


@pytest.mark.parametrize(
    "text",
    [
        "[[witness]]\nname = 'w'\n",
        "[[witness]]\nname = 'w'\nurl = 'ftp://w.example'\n",
        "[[witness]]\nname = 'w'\nurl = 'https://u@w.example'\n",
        "[[witness]]\nname = 'w'\nurl = 'https://w.example/?a'\n",
        "[[witness]]\nname = ''\nurl = 'https://w.example'\n",
        "[[witness]]\nname = 'w'\nurl = 'https://w.example'\nother = 1\n",
        "[[witness]]\nname = 'w'\nurl = 'https://w.example'\n[[witness]]\nname = 'w'\nurl = 'https://w.example'\n",
        "witness = 1\n",
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, text: str) -> None:
    """An address is one, and each witness has one table."""
    path = tmp_path / "node.toml"
    path.write_text(text)
    with pytest.raises(HomeRefused):
        NodeConfig.load(path)


def follow_all(store: WitnessStore, homes: dict[str, NodeHome]) -> None:
    """Let a witness follow both parties' logs."""
    from protocol.line_keys import voice_keys
    from tests.nodes.homes import roster

    for party in homes:
        store.follow(voice_keys(agreement(), roster(party), frozenset()).log)


@pytest.mark.slow
def test_a_node_brings_its_log_and_waits_for_nobody(tmp_path: Path) -> None:
    """Receipts, exports and policies have the witness's lines; with the witness gone the line goes on."""
    store = WitnessStore(tmp_path / "witness.db", create=True)
    witness = agreement_terms.Witness("Trust", tuple(key.vkey() for key in VERIFIERS))

    async def test() -> None:
        async with served(store) as port:
            settings = f'\n[[witness]]\nname = "Trust"\nurl = "http://127.0.0.1:{port}"\n'
            homes = write_homes(tmp_path, settings=settings)
            follow_all(store, homes)
            async with running(homes["ARC"]) as arc, running(homes["BOR"]):
                line = line_of(arc)

                def witnessed() -> bool:
                    kept, cosigned = line.store.note(WITNESSED), line.store.note(OWN_COSIGNED)
                    return None not in (kept, cosigned) and parse_note(kept).text == parse_note(cosigned).text  # type: ignore[arg-type]

                await until(witnessed)
                out = tmp_path / "out"
                await asyncio.to_thread(export, line.store, "ARC", out, agreement=agreement())
                policy = parse_policy((out / "policy").read_bytes())
                assert [one.key for one in policy.witnesses][-2:] == list(VERIFIERS)
                held = verify_held((out / "checkpoint").read_bytes(), policy)
                assert {key.vkey() for key in VERIFIERS} <= set(held.times_ms)
                assert verify_receipt(receipt(line.store, "ARC", 0), policy).index == 0
                (shown,) = arc.witnessing["BOR"].shown()
                assert shown["name"] == "Trust"
                assert shown["size"] > 0
                assert shown["problem"] == ""
        # The witness is gone: what is cosigned goes on without it, and a reader who does not know it passes it over.
        other = policy.__class__(policy.logs, policy.witnesses[:-2], policy.groups[:-1], policy.quorum)
        assert verify_held((out / "checkpoint").read_bytes(), other).checkpoint == held.checkpoint
        async with running(homes["ARC"]) as arc, running(homes["BOR"]):
            before = parse_text(parse_note((out / "checkpoint").read_bytes()).text).size
            # Of itself a node may have nothing more to say.
            await held_by_both(arc, said("ARC", "It goes on."))
            assert line_of(arc).held_size > before
            await until(lambda: "reached" in arc.witnessing["BOR"].shown()[0]["problem"])

    with terms(witnesses=(witness,)):
        assert keyring("ARC", agreement().channel).party == "ARC"
        run(test)
    assert NoteKeyType.ED25519 not in {key.type for key in VERIFIERS}
