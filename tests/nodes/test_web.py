"""The HTTP side of a node: health on loopback, and the logs for those whose key an agreement or an admin named."""

import asyncio
import http.client
import json
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keys.tls_identity import certificate, private_pem, spki_pin
from nodes.export import documents_of
from nodes.node import Node
from nodes.sqlite_store import SqliteStore
from protocol.checkpoint import parse_text
from protocol.note import parse as parse_note
from protocol.tiles import bundles_for_size, entries_path, parse_bundle, tile_path, tiles_for_size
from tests.nodes.pair import free_port, line_of, run, running, until, write_homes

AUDITOR_SEED = bytes(range(32))
STRANGER_SEED = bytes(range(1, 33))


def pem(seed: bytes, name: str) -> bytes:
    """A client's certificate in PEM."""
    return x509.load_der_x509_certificate(certificate(seed, name)).public_bytes(Encoding.PEM)


def client(directory: Path, seed: bytes, name: str) -> ssl.SSLContext:
    """A client that shows its certificate and looks at no other."""
    path = directory / f"{name}.both"
    path.write_bytes(pem(seed, name) + private_pem(seed))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.load_cert_chain(path)
    return made


def fetch(port: int, path: str, context: ssl.SSLContext | None) -> tuple[int, bytes]:
    """GET a path."""
    if context is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    else:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


async def get(port: int, path: str, context: ssl.SSLContext | None = None) -> tuple[int, bytes]:
    """As `fetch`, beside the running loop."""
    return await asyncio.to_thread(fetch, port, path, context)


def settled(*nodes: Node) -> bool:
    """Whether both logs are held by the other side."""
    lines = [line_of(node) for node in nodes]
    return all(line.held_size >= 2 and line.held_size == line.store.head(line.own).size for line in lines)


def test_health_is_answered_on_loopback(tmp_path: Path) -> None:
    """GET /healthz says 200 and how each line is; nothing else is there."""

    async def whole() -> None:
        port = free_port()
        homes = write_homes(tmp_path)
        config = homes["ARC"].config_path
        config.write_text(config.read_text().replace('health = ""', f'health = "127.0.0.1:{port}"'))
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            await until(lambda: settled(arc, bor) and line_of(arc).status()["line"] == "up")
            status, body = await get(port, "/healthz")
            assert (status, body) == (200, b"ok\nBOR up\n")
            assert (await get(port, "/"))[0] == 404

    run(whole)


def test_an_auditor_reads_both_logs_and_nobody_else_does(tmp_path: Path) -> None:
    """The one with a named key gets checkpoints, tiles and entries of both voices, all that is cosigned and no more."""

    async def whole() -> None:
        port = free_port()
        homes = write_homes(tmp_path)
        home = homes["ARC"]
        auditors = home.path / "auditors"
        auditors.mkdir()
        for seed, name in ((AUDITOR_SEED, "auditor"), (STRANGER_SEED, "stranger")):
            (auditors / f"{name}.pem").write_bytes(pem(seed, name))
        named = spki_pin(certificate(AUDITOR_SEED, "auditor")).hex()
        text = home.config_path.read_text().replace('tiles = ""', f'tiles = "127.0.0.1:{port}"')
        home.config_path.write_text(text.replace("tiles_clients = []", f"tiles_clients = {json.dumps([named])}"))
        auditor = client(tmp_path, AUDITOR_SEED, "auditor")
        stranger = client(tmp_path, STRANGER_SEED, "stranger")
        async with running(home) as arc, running(homes["BOR"]) as bor:
            await until(lambda: settled(arc, bor))
            store = line_of(arc).store
            assert isinstance(store, SqliteStore)
            for voice in ("ARC", "BOR"):
                status, note = await get(port, f"/BOR/{voice}/checkpoint", auditor)
                assert status == 200
                parsed = parse_note(note)
                assert len(parsed.signatures) == 4
                size = parse_text(parsed.text).size
                for level, index, width in tiles_for_size(size):
                    got = await get(port, f"/BOR/{voice}/{tile_path(level, index, width)}", auditor)
                    assert got == (200, store.tile(voice, level, index, width))
                for index, width in bundles_for_size(size):
                    status, data = await get(port, f"/BOR/{voice}/{entries_path(index, width)}", auditor)
                    assert status == 200
                    assert parse_bundle(data, width) == store.read(voice, 0, size)
                # Far enough that no arrival of the meantime reaches it.
                beyond = entries_path(0, size + 50)
                assert (await get(port, f"/BOR/{voice}/{beyond}", auditor))[0] == 404
            for name, document in documents_of(store, "ARC", 2):
                assert await get(port, f"/BOR/ARC/{name}", auditor) == (200, document)
                assert (await get(port, f"/BOR/ARC/{name}", stranger))[0] == 404
            for path in ("/BOR/CAR/checkpoint", "/CAR/ARC/checkpoint", "/BOR/ARC/../../node.key", "/BOR/ARC/tile/0/0"):
                assert (await get(port, path, auditor))[0] == 404
            assert (await get(port, "/BOR/ARC/checkpoint", stranger))[0] == 404

    run(whole)
