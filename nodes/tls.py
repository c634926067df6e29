"""TLS 1.3 with both sides pinned: no certificate authority, no names, no tickets.

Each side shows a self-made certificate; OpenSSL is given the certificates of the rosters as its only anchors, and after
the handshake the public key is compared with the pins once more. The private key reaches the library through a file in
memory: it is never on a disk in the clear.

Source: spec/channel.md, "TLS".
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Iterable
from hashlib import sha256

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from keys.tls_identity import spki_pin
from nodes.errors import NodeError
from nodes.node_keys import NodeKeys

# X509_V_FLAG_NO_CHECK_TIME of OpenSSL, for which `ssl` has no name. Validity is the roster's alone: a machine whose
# clock stands at 1970 has its line as well.
_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)

TOLD_EVERY_S = 60
"""A key that no roster names is told of at most so often: whoever comes with one can come again and again."""

_log = structlog.get_logger(part="tls")


class TlsRefused(NodeError):
    """The other side's key is not one that a roster names."""


def context(*, server: bool, keyring: NodeKeys, anchors: Iterable[bytes]) -> ssl.SSLContext:
    """Make a context for one direction.

    Args:
        server: whether for listening.
        keyring: gives our certificate and key.
        anchors: the certificates in DER that the other side may show.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT | _NO_CHECK_TIME
    made.options |= ssl.OP_NO_TICKET
    if server:
        made.num_tickets = 0
        made.sslobject_class = _watched()
    add_anchors(made, anchors)
    _load_key(made, keyring)
    return made


def _watched() -> type[ssl.SSLObject]:
    """Connections of a listener, which tells of keys that no roster names; it learns of them nowhere else."""
    refused = 0
    told_s: float | None = None

    class Watched(ssl.SSLObject):
        def do_handshake(self) -> None:
            nonlocal refused, told_s
            try:
                super().do_handshake()
            except ssl.SSLCertVerificationError:
                refused += 1
                if told_s is None or time.monotonic() - told_s >= TOLD_EVERY_S:
                    _log.warning("connection refused", code="unknown-peer", times=refused)
                    refused, told_s = 0, time.monotonic()
                raise

    return Watched


def add_anchors(made: ssl.SSLContext, anchors: Iterable[bytes]) -> None:
    """Let more certificates come, in DER.

    One that passed the roster's gate and that OpenSSL does not read all the same is left out: its owner cannot come
    with it, and everybody else's line goes on.
    """
    for der in anchors:
        try:
            made.load_verify_locations(cadata=der)
        except ssl.SSLError:
            _log.error("certificate left out", sha256=sha256(der).hexdigest())


def _load_key(made: ssl.SSLContext, keyring: NodeKeys) -> None:
    """Hand the key over through a file that exists in memory only and has no name."""
    handle = os.memfd_create("hotline-tls", os.MFD_CLOEXEC)
    try:
        pem = x509.load_der_x509_certificate(own_certificate(keyring)).public_bytes(Encoding.PEM)
        os.write(handle, pem + keyring.tls_private_pem())
        made.load_cert_chain(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)


def own_certificate(keyring: NodeKeys) -> bytes:
    """The node's certificate in DER, as its roster has it."""
    return keyring.tls_certificate(keyring.party)


def peer_pin(connection: ssl.SSLObject | None) -> bytes:
    """The hash of the public key that the other side showed.

    Raises:
        TlsRefused: there is none, or TLS is older than 1.3.
    """
    der = connection.getpeercert(binary_form=True) if connection is not None else None
    if connection is None or der is None or connection.version() != "TLSv1.3":
        raise TlsRefused("tls-refused", "the other side showed no certificate over TLS 1.3")
    return spki_pin(der)
