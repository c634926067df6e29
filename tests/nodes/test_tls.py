"""TLS: only 1.3, only with a key that the other side's roster names, both ways; the key is never on a disk."""

import contextlib
import os
import socket
import ssl
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys.keyring import NodeKeyring
from keys.tls_identity import certificate_key, spki_pin
from nodes import tls
from nodes.tls import TlsRefused, peer_pin
from tests.builders import keyring, seed
from tests.nodes.homes import agreement


def ring(party: str) -> NodeKeyring:
    """A node's keys."""
    return keyring(party, agreement().channel)


def certificate(party: str) -> bytes:
    """Its certificate."""
    return tls.own_certificate(ring(party))


def client(party: str, anchors: Sequence[str]) -> ssl.SSLContext:
    """A dialler's context that trusts these."""
    return tls.context(server=False, keyring=ring(party), anchors=[certificate(name) for name in anchors])


def shake(dialler: ssl.SSLContext, anchors: Sequence[str] = ("ARC",)) -> tuple[bytes, bytes | None]:
    """Connect to BOR's listener; what the dialler reads and the pin that the listener saw."""
    server = tls.context(server=True, keyring=ring("BOR"), anchors=[certificate(name) for name in anchors])
    left, right = socket.socketpair()
    seen: list[bytes] = []

    def serve() -> None:
        try:
            with server.wrap_socket(right, server_side=True) as wrapped:
                der = wrapped.getpeercert(binary_form=True)
                assert der is not None
                seen.append(spki_pin(der))
                wrapped.sendall(b"ok")
        except (ssl.SSLError, OSError):
            right.close()

    thread = threading.Thread(target=serve)
    thread.start()
    left.settimeout(10)
    try:
        with dialler.wrap_socket(left, server_hostname="bor") as wrapped:
            return wrapped.recv(2), seen[0] if seen else None
    finally:
        left.close()
        thread.join()


def test_two_that_know_each_other_connect() -> None:
    """Over TLS 1.3, and each sees the key that the other's roster names."""
    assert shake(client("ARC", ["BOR"])) == (b"ok", spki_pin(certificate("ARC")))


def test_a_listener_takes_only_those_it_knows() -> None:
    """A stranger's certificate, or none, ends the connection before a byte of ours."""
    with pytest.raises(OSError):
        shake(client("CAR", ["BOR"]))
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.check_hostname = False
    bare.load_verify_locations(cadata=certificate("BOR"))
    with pytest.raises(OSError):
        shake(bare)


def test_a_key_that_no_roster_names_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a minute, however often somebody comes with it; one who shows no key is only a passer-by."""
    # The module's own logger may have been used under another set-up, which it then keeps.
    monkeypatch.setattr(tls, "_log", structlog.get_logger())
    server = tls.context(server=True, keyring=ring("BOR"), anchors=[certificate("ARC")])
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.check_hostname = False
    bare.load_verify_locations(cadata=certificate("BOR"))
    with structlog.testing.capture_logs() as logs:
        for dialler in (client("ARC", ["BOR"]), bare, client("CAR", ["BOR"]), client("CAR", ["BOR"])):
            shake_in_memory(dialler, server)
    told = [line["code"] for line in logs if line["event"] == "connection refused"]
    assert told == ["unknown-peer"]


def shake_in_memory(dialler: ssl.SSLContext, server: ssl.SSLContext) -> None:
    """Go as far as a handshake goes, as the loop does it: with bytes in memory."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        dialler.wrap_bio(back, there, server_hostname="bor"),
        server.wrap_bio(there, back, server_side=True),
    )
    for end in ends * 3:
        with contextlib.suppress(ssl.SSLError):
            end.do_handshake()


def test_a_dialler_takes_only_the_one_it_wants() -> None:
    """Another party's certificate where BOR's was expected."""
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(client("ARC", ["CAR"]))


def test_older_versions_are_refused() -> None:
    """TLS 1.2 is not spoken, with the right key or without."""
    old = client("ARC", ["BOR"])
    old.minimum_version = ssl.TLSVersion.TLSv1_2
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        shake(old)


def test_no_clock_makes_a_certificate_invalid() -> None:
    """Validity is the roster's alone: neither side compares a certificate's times with its clock."""
    for server in (True, False):
        made = tls.context(server=server, keyring=ring("ARC"), anchors=[certificate("BOR")])
        assert made.verify_flags & 0x200000


def test_a_connection_without_a_certificate_has_no_pin() -> None:
    """And is refused."""
    with pytest.raises(TlsRefused):
        peer_pin(None)


def test_the_key_touches_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making a context opens no file for writing: the key goes through memory that has no name and is gone after."""
    opened: list[int] = []
    real = os.open

    def watched(path: str, flags: int, *rest: int, **named: int) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            opened.append(flags)
        return real(path, flags, *rest, **named)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "open", watched)
    before = len(os.listdir("/proc/self/fd"))
    client("ARC", ["BOR"])
    assert opened == []
    assert len(os.listdir("/proc/self/fd")) == before
    assert list(tmp_path.iterdir()) == []


def unreadable(party: str) -> bytes:
    """A certificate with the party's key and signature whose name is no text; the roster's gate takes it."""
    der = certificate(party)
    tbs = x509.load_der_x509_certificate(der).tbs_certificate_bytes
    forged = tbs.replace(b"\x0c\x03" + party.encode(), b"\x0c\x03\xff\xff\xff")
    key = Ed25519PrivateKey.from_private_bytes(seed(f"{party} tls", 32))
    made = der.replace(tbs, forged)[:-64] + key.sign(forged)
    assert made != der
    certificate_key(made)
    return made


def test_a_certificate_that_openssl_does_not_read_is_left_out() -> None:
    """A counterpart whose roster has such a certificate keeps nobody else from connecting."""
    server = tls.context(server=True, keyring=ring("BOR"), anchors=[unreadable("CAR"), certificate("ARC")])
    tls.add_anchors(server, [unreadable("CAR")])
    assert server.cert_store_stats()["x509"] == 1
