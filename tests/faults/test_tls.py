"""What somebody between two real nodes can do to their TLS: end it. Nothing is read, changed, lost or said twice."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from nodes import tls
from tests.builders import keyring
from tests.faults import aftermath
from tests.faults.aftermath import Load
from tests.faults.relay import FROM_DIALLER, FROM_LISTENER, Fault, Relay, relay
from tests.nodes.homes import agreement, write_home
from tests.nodes.pair import free_port
from tests.processes.pair import Machine, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.alone]


@dataclass
class Pair:
    """Both nodes, and the relay that the dialler takes for the listener."""

    arc: Machine
    bor: Machine
    relay: Relay
    port: int


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both nodes, up."""
    directory = tmp_path_factory.mktemp("tls")
    port = free_port()
    with relay(("127.0.0.1", port)) as made:
        arc = Machine(write_home(directory / "ARC", "ARC", endpoint=f"127.0.0.1:{made.port}"))
        bor = Machine(write_home(directory / "BOR", "BOR", listen=f"127.0.0.1:{port}"))
        try:
            for machine in (bor, arc):
                machine.start()
            arc.say()
            yield Pair(arc, bor, made, port)
        finally:
            for machine in (arc, bor):
                machine.stop()


FAULTS = {
    "noise-before-the-handshake": Fault(FROM_DIALLER, 0, "inject"),
    "noise-instead-of-an-answer": Fault(FROM_LISTENER, 0, "inject"),
    "handshake-cut-in-the-first-record": Fault(FROM_DIALLER, 3, "cut"),
    "handshake-cut-in-the-answer": Fault(FROM_LISTENER, 700, "cut"),
    "handshake-that-stalls": Fault(FROM_LISTENER, 700, "stall"),
    "a-bit-of-the-handshake": Fault(FROM_LISTENER, 200, "flip"),
    "a-bit-of-the-certificate": Fault(FROM_DIALLER, 900, "flip"),
    "a-bit-of-a-message": Fault(FROM_DIALLER, 9_000, "flip"),
    "a-bit-of-an-answer": Fault(FROM_LISTENER, 9_000, "flip"),
    "noise-between-messages": Fault(FROM_LISTENER, 12_000, "inject"),
    "an-end-without-close-notify": Fault(FROM_LISTENER, 12_000, "cut"),
    "a-reset-in-the-middle": Fault(FROM_DIALLER, 12_000, "reset"),
    "one-byte-at-a-time": Fault(FROM_DIALLER, 0, "crumbs"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_harm_to_tls_ends_a_connection_and_nothing_else(pair: Pair, what: str) -> None:
    """While both sides speak: the next session is whole, what was acknowledged is there once, and the audit passes."""
    loads = [Load(machine, wait, pause_s=0.05) for machine in (pair.arc, pair.bor) for wait in ("logged", "held")]
    pair.relay.harm(FAULTS[what])
    for load in loads:
        load.start()
    try:
        wait_until(lambda: pair.relay.hit > 0, pair.arc.log)
        wait_until(lambda: all(load.held for load in loads if load.wait == "held"), pair.arc.log)
    finally:
        for load in loads:
            load.end()
    found = aftermath.check(pair.arc, pair.bor, loads)
    print(f"{what}: {found} acknowledged messages found")
    assert "alarm" not in {line.split('"event": "')[1].split('"')[0] for line in pair.bor.log().splitlines()}


@dataclass
class MiddleMan:
    """Answers in place of a node, with a context of its own; keeps what it could read."""

    context: ssl.SSLContext
    read: bytes = b""
    refused: int = 0

    def __post_init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = ("127.0.0.1", int(self._server.getsockname()[1]))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._server.accept()
            except OSError:
                return
            with plain:
                plain.settimeout(2)
                try:
                    with self.context.wrap_socket(plain, server_side=True) as inside:
                        self.read += inside.recv(4096)
                        # Whoever refuses a certificate under TLS 1.3 says so after the server's handshake is over.
                        if not self.read:
                            self.refused += 1
                except OSError:
                    self.refused += 1

    def close(self) -> None:
        """Stop."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(5)


def _context(name: str, *, highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """A server that asks for nothing, with the key of a name."""
    ring = keyring(name, agreement().channel)
    made = tls.context(server=True, keyring=ring, anchors=[])
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.maximum_version = highest
    made.verify_mode = ssl.CERT_NONE
    return made


MIDDLE_MEN = {
    "a-certificate-of-his-own": {"name": "CAR"},
    "the-diallers-own-certificate": {"name": "ARC"},
    "the-right-key-over-tls-1.2": {"name": "BOR", "highest": ssl.TLSVersion.TLSv1_2},
}


@pytest.mark.parametrize("who", MIDDLE_MEN)
def test_a_middle_man_reads_nothing(pair: Pair, who: str) -> None:
    """Whoever answers without the key that the roster pins, or under an older TLS, is told nothing; the line shows that
    it is not up, and comes back by itself when he is gone."""
    man = MiddleMan(_context(**MIDDLE_MEN[who]))  # type: ignore[arg-type]
    try:
        pair.relay.target = man.address
        pair.relay.drop()
        wait_until(lambda: man.refused >= 2, pair.arc.log)
        assert man.read == b""
        assert pair.arc.status()["line"] != "up"
        assert pair.arc.say(wait="logged")["state"] == "logged"
    finally:
        pair.relay.target = ("127.0.0.1", pair.port)
        man.close()
    pair.relay.drop()
    begun_s = time.monotonic()
    aftermath.check(pair.arc, pair.bor)
    print(f"{who}: back after {time.monotonic() - begun_s:.1f} s")


@pytest.mark.parametrize("what", ["TLS 1.2 with the right key", "no certificate", "a certificate of nobody"])
def test_a_client_of_another_kind_gets_no_answer(pair: Pair, what: str) -> None:
    """Refused in the handshake, or before the first byte of an answer; the line is as well as before."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if what != "no certificate":
        name = "ARC" if "right key" in what else "CAR"
        client = tls.context(server=False, keyring=keyring(name, agreement().channel), anchors=[])
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    if "1.2" in what:
        client.minimum_version = client.maximum_version = ssl.TLSVersion.TLSv1_2
    answer = b""
    plain = socket.create_connection(("127.0.0.1", pair.port), timeout=5)
    with plain, suppress(OSError), client.wrap_socket(plain) as inside:
        inside.sendall(b"GET / HTTP/1.1\r\n\r\n")
        answer = inside.recv(100)
    assert answer == b""
    assert pair.arc.say()["state"] == "held"
