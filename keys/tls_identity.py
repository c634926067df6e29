"""The TLS identity of a node: a self-signed Ed25519 certificate that a roster pins.

No authority stands behind it and no date ends it: validity is the roster's alone, so that a wrong clock cannot cut the
line. The same seed and name give the same bytes, so the certificate itself need not be kept.

Source: RFC 5280; RFC 8410; spec/keys-and-rosters.md, "TLS certificates".
"""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keys.errors import MALFORMED, KeyRefused, KeysMisused
from keys.gate import check_ed25519

SEED_BYTES: Final = 32
COMMON_NAME_CHARS_MAX: Final = 64
CERTIFICATE_BYTES_MAX: Final = 1024
"""Ours have about 320 bytes; this leaves room, and keeps a full roster within its limit."""

_FIRST_DAY: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LAST_SECOND: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The end that RFC 5280, section 4.1.2.5, reserves for certificates without one."""


def certificate(seed: bytes, common_name: str) -> bytes:
    """Make the certificate.

    Args:
        seed: 32 secret bytes, the Ed25519 private key.
        common_name: 1 to 64 printable ASCII characters; it is shown to people and checked by nobody.

    Returns:
        the certificate in DER; the same arguments give the same bytes.

    Raises:
        KeysMisused: a seed of another length, or another sort of name.

    Source: spec/keys-and-rosters.md, "TLS certificates", lines 1 to 7.
    """
    key = _private_key(seed)
    if not 1 <= len(common_name) <= COMMON_NAME_CHARS_MAX or not common_name.isascii() or not common_name.isprintable():
        raise KeysMisused(f"no common name: {common_name!r}")
    public = key.public_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    # A serial number drawn from the key keeps the certificate a function of seed and name. RFC 5280 wants it
    # positive and at most 20 bytes: 19 bytes, never zero.
    serial = int.from_bytes(sha256(b"hotline/1/tls-serial\0" + spki).digest()[:19], "big") | 1
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(serial)
        .not_valid_before(_FIRST_DAY)
        .not_valid_after(_LAST_SECOND)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, None)
    )
    return built.public_bytes(Encoding.DER)


def certificate_key(der: bytes) -> bytes:
    """Check a certificate and give the raw key in it.

    Args:
        der: at most 1,024 bytes.

    Returns:
        32 bytes, the Ed25519 public key.

    Raises:
        KeyRefused: no certificate, another algorithm, a key that the gate refuses, or a signature that is not its own.
    """
    public = _public_key(der)
    raw = public.public_bytes_raw()
    check_ed25519(raw)
    loaded = x509.load_der_x509_certificate(der)
    try:
        public.verify(loaded.signature, loaded.tbs_certificate_bytes)
    except InvalidSignature:
        raise KeyRefused("the certificate is not signed by its own key") from None
    return raw


def spki_pin(der: bytes) -> bytes:
    """What a connection is compared with.

    Args:
        der: a certificate, ours or as the other side presented it.

    Returns:
        32 bytes, SHA-256 of the SubjectPublicKeyInfo in DER.

    Raises:
        KeyRefused: no certificate, or one without an Ed25519 key.
    """
    return sha256(_public_key(der).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def private_pem(seed: bytes) -> bytes:
    """The private key as unencrypted PKCS#8 in PEM. It is for memory only: never write it to a disk.

    Raises:
        KeysMisused: a seed of another length.
    """
    return _private_key(seed).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _private_key(seed: bytes) -> Ed25519PrivateKey:
    if len(seed) != SEED_BYTES:
        raise KeysMisused(f"the seed of a TLS key has {SEED_BYTES} bytes, not {len(seed)}")
    return Ed25519PrivateKey.from_private_bytes(seed)


def _public_key(der: bytes) -> Ed25519PublicKey:
    if len(der) > CERTIFICATE_BYTES_MAX:
        raise KeyRefused(f"the certificate has more than {CERTIFICATE_BYTES_MAX} bytes", kind=MALFORMED)
    try:
        public = x509.load_der_x509_certificate(der).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise KeyRefused("no certificate in DER", kind=MALFORMED) from None
    if not isinstance(public, Ed25519PublicKey):
        raise KeyRefused("the certificate holds no Ed25519 key")
    return public
