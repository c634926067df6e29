"""Certificates: the same each time, valid for all time, and accepted by the system's TLS."""

import os
import ssl
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from keys.errors import KeyRefused, KeysMisused
from keys.tls_identity import certificate, certificate_key, private_pem, spki_pin
from tests.keys.samples import seed


def test_certificate_is_a_function_of_seed_and_name() -> None:
    """Made twice it is the same, and either argument changes it."""
    made = certificate(seed("tls", 32), "ARC")
    assert certificate(seed("tls", 32), "ARC") == made
    assert certificate(seed("tls", 32), "BOR") != made
    assert certificate(seed("tls 2", 32), "ARC") != made


def test_validity_is_all_time() -> None:
    """From 2000 to the last second that can be written: a wrong clock cannot cut the line."""
    loaded = x509.load_der_x509_certificate(certificate(seed("tls", 32), "ARC"))
    assert loaded.not_valid_before_utc == datetime(2000, 1, 1, tzinfo=UTC)
    assert loaded.not_valid_after_utc == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert 0 < loaded.serial_number < 2**152


def test_key_and_pin_are_those_of_the_seed() -> None:
    """The key in the certificate is the seed's, and the pin is a hash of its SubjectPublicKeyInfo."""
    der = certificate(seed("tls", 32), "ARC")
    raw = Ed25519PrivateKey.from_private_bytes(seed("tls", 32)).public_key().public_bytes_raw()
    assert certificate_key(der) == raw
    # RFC 8410, section 4: the prefix of every Ed25519 SubjectPublicKeyInfo is the same twelve bytes.
    assert spki_pin(der) == sha256(bytes.fromhex("302a300506032b6570032100") + raw).digest()
    assert spki_pin(der) == spki_pin(certificate(seed("tls", 32), "another name"))


@given(st.binary(max_size=400))
def test_any_bytes_are_refused(data: bytes) -> None:
    """Nothing but KeyRefused comes out of random input."""
    for read in (certificate_key, spki_pin):
        with pytest.raises(KeyRefused):
            read(data)


@pytest.mark.parametrize("name", ["", "a" * 65, "é", "a\n"])
def test_names_are_short_ascii(name: str) -> None:
    """A common name is 1 to 64 printable characters."""
    with pytest.raises(KeysMisused):
        certificate(seed("tls", 32), name)


def test_private_key_is_plain_pkcs8() -> None:
    """The system's TLS can load it; it holds the seed."""
    key = load_pem_private_key(private_pem(seed("tls", 32)), None)
    assert isinstance(key, Ed25519PrivateKey)
    assert key.private_bytes_raw() == seed("tls", 32)
    with pytest.raises(KeysMisused):
        private_pem(bytes(31))


def context(purpose: int, own: str, anchor: str) -> ssl.SSLContext:
    """Mutual TLS 1.3 with one pinned certificate; the key comes from memory through a descriptor."""
    made = ssl.SSLContext(purpose)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    made.load_verify_locations(cadata=certificate(seed(anchor, 32), anchor))
    pem = private_pem(seed(own, 32)) + ssl.DER_cert_to_PEM_cert(certificate(seed(own, 32), own)).encode()
    descriptor = os.memfd_create("tls")
    try:
        os.write(descriptor, pem)
        made.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)
    return made


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[bytes | None, bytes | None]:
    """Handshake between two ends in memory; what each end saw of the other."""
    ends = []
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends.append(client.wrap_bio(down, up))
    ends.append(server.wrap_bio(up, down, server_side=True))
    pending = set(ends)
    for _ in range(10):
        for end in list(pending):
            try:
                end.do_handshake()
                pending.discard(end)
            except ssl.SSLWantReadError:
                continue
        if not pending:
            break
    return ends[0].getpeercert(binary_form=True), ends[1].getpeercert(binary_form=True)


def test_system_tls_accepts_pinned_certificates() -> None:
    """Two nodes that pin each other shake hands under strict checks, and each sees the other's certificate."""
    seen = shake_hands(
        context(ssl.PROTOCOL_TLS_SERVER, "ARC", "BOR"),
        context(ssl.PROTOCOL_TLS_CLIENT, "BOR", "ARC"),
    )
    assert seen == (certificate(seed("ARC", 32), "ARC"), certificate(seed("BOR", 32), "BOR"))


def test_system_tls_refuses_other_certificates() -> None:
    """A certificate that is not the pinned one is no peer."""
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(
            context(ssl.PROTOCOL_TLS_SERVER, "ARC", "BOR"),
            context(ssl.PROTOCOL_TLS_CLIENT, "BOR", "CAL"),
        )
