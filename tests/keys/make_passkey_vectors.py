"""Makes spec/vectors/passkeys/: one file for each thing that can be wrong with a passkey, its key or an assertion.

    python -m tests.keys.make_passkey_vectors

A file has lines `name: value`, values in hexadecimal where they are bytes. `subject` is `key` (a COSE key), `passkey`
(credential, key, rp-id and origin), `assertion` (a passkey and the value of a signature over purpose, channel, author
and message) or `registration` (authenticator data and client data of a new credential, with its challenge). `expect` is
`accepted` or a kind of failure (keys/errors.py). Every key is a hash of its name, and ECDSA is deterministic here, so
that the files come out the same each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from keys.authenticator_data import (
    ATTESTED,
    BACKED_UP,
    BACKUP_ELIGIBLE,
    EXTENSIONS,
    USER_PRESENT,
    USER_VERIFIED,
)
from keys.client_data import CREATE, base64url
from keys.cose_key import EDDSA, P256, P256_ORDER
from keys.passkey import Assertion, Passkey, challenge
from tests.authenticator import RP_ID, Authenticator

DIRECTORY = Path(__file__).resolve().parents[2] / "spec" / "vectors" / "passkeys"
CHANNEL = sha256(b"a channel").digest()
WHERE: dict[str, Any] = {"purpose": "statement", "channel": CHANNEL, "author": "ARC", "message": b"the exact bytes"}
GOOD_FLAGS = USER_PRESENT | USER_VERIFIED


def file(about: str, subject: str, expect: str, **values: Any) -> bytes:
    """One vector."""
    lines = [f"about: {about}", f"subject: {subject}", f"expect: {expect}"]
    for name, value in values.items():
        lines.append(f"{name.replace('_', '-')}: {value.hex() if isinstance(value, bytes) else value}".rstrip())
    return "\n".join([*lines, ""]).encode()


def device(algorithm: str = "es256") -> Authenticator:
    """An officer's authenticator that has signed six times."""
    return Authenticator(f"duty {algorithm}", algorithm, counter=6)


def of_passkey(passkey: Passkey) -> dict[str, Any]:
    """A passkey's lines."""
    return {
        "credential": passkey.credential,
        "key": passkey.key.raw,
        "rp_id": passkey.rp_id,
        "origin": passkey.origin,
    }


def asked(**changes: Any) -> bytes:
    """The challenge for the message of these vectors, with changes."""
    parts = WHERE | changes
    return challenge(parts.pop("purpose"), **parts)


def key_vectors() -> Iterator[tuple[str, bytes]]:
    """COSE keys."""
    es256, eddsa = device().key.raw, device(EDDSA).key.raw
    x, y = es256[10:42], es256[45:]
    past = (int.from_bytes(x) + P256).to_bytes(33)
    small = P256 + 5
    cases: tuple[tuple[str, str, bytes], ...] = (
        ("good-es256", "ES256 on P-256", es256),
        ("good-eddsa", "EdDSA on Ed25519", eddsa),
        ("es256-no-point", "y is one more", es256[:-1] + bytes([es256[-1] ^ 1])),
        (
            "es256-second-spelling",
            "x is the prime and 5: 5 written otherwise",
            es256[:10] + small.to_bytes(32) + es256[42:],
        ),
        ("es256-compressed", "y is only a sign", es256[:42] + b"\x22\xf5"),
        ("es256-short", "the last byte is missing", es256[:-1]),
        ("es256-long", "a byte behind it", es256 + b"\0"),
        ("es256-x-of-33-bytes", "x with a leading byte", es256[:8] + b"\x58\x21" + past + es256[42:]),
        ("es256-other-order", "y before x", es256[:7] + b"\x22\x58\x20" + y + b"\x21\x58\x20" + x),
        ("es256-other-curve", "it says P-384", es256[:6] + b"\x02" + es256[7:]),
        ("es256-longer-head", "the map's length in two bytes", b"\xb8\x05" + es256[1:]),
        ("es384", "it says ES384", es256[:3] + b"\x03\x38\x22" + es256[5:]),
        ("eddsa-small-order-1", "the neutral element", eddsa[:10] + (1).to_bytes(32, "little")),
        ("eddsa-small-order-4", "a point of order 4", eddsa[:10] + bytes(32)),
        ("eddsa-second-spelling", "y is not below the prime", eddsa[:10] + (2**255 - 19 + 3).to_bytes(32, "little")),
        ("eddsa-short", "31 bytes", eddsa[:-1]),
        ("eddsa-long", "33 bytes", eddsa + b"\0"),
        ("eddsa-ed448", "it says Ed448", eddsa[:6] + b"\x07" + eddsa[7:]),
        ("rsa", "RS256, as some authenticators offer", bytes.fromhex("a401030339010020430100012143010001")),
        ("empty", "nothing", b""),
    )
    for name, about, raw in cases:
        expect = "accepted" if name.startswith("good") else "bad key"
        yield f"key-{name}", file(about, "key", expect, key=raw)


def passkey_vectors() -> Iterator[tuple[str, bytes]]:
    """What a roster may say about a passkey."""
    lines = of_passkey(device().public)
    cases: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
        ("good", "accepted", "as it is", {}),
        ("good-port", "accepted", "a page at a port", {"origin": f"https://{RP_ID}:8443"}),
        ("good-localhost", "accepted", "of a demonstration", {"rp_id": "localhost", "origin": "http://localhost:8731"}),
        (
            "localhost-in-earnest",
            "broken rule",
            "localhost under an agreement that is meant",
            {"rp_id": "localhost", "origin": "http://localhost:8731", "demonstration": "no"},
        ),
        (
            "other-domain",
            "broken rule",
            "a desk of somebody else",
            {"rp_id": "desk.borealia.example", "origin": "https://desk.borealia.example"},
        ),
        (
            "domain-as-suffix",
            "broken rule",
            "a name that only ends alike",
            {"rp_id": "notarcadia.example", "origin": "https://notarcadia.example"},
        ),
        (
            "domain-above",
            "broken rule",
            "the domain above the party's: others have names there, too",
            {"rp_id": "example.com", "origin": "https://example.com"},
        ),
        ("origin-http", "broken rule", "without TLS", {"origin": f"http://{RP_ID}"}),
        ("origin-other-host", "broken rule", "a page of another host", {"origin": "https://desk.borealia.example"}),
        ("origin-longer-host", "broken rule", "a host that begins alike", {"origin": f"https://{RP_ID}.evil.example"}),
        ("origin-path", "broken rule", "with a path", {"origin": f"https://{RP_ID}/"}),
        ("origin-user", "broken rule", "with a user's name", {"origin": f"https://{RP_ID}@evil.example"}),
        ("origin-port-0", "broken rule", "port 0", {"origin": f"https://{RP_ID}:0"}),
        ("origin-port-high", "broken rule", "port 65536", {"origin": f"https://{RP_ID}:65536"}),
        (
            "rp-capitals",
            "broken rule",
            "a name in capitals",
            {"rp_id": RP_ID.upper(), "origin": f"https://{RP_ID.upper()}"},
        ),
        ("rp-one-label", "broken rule", "a name without a dot", {"rp_id": "desk", "origin": "https://desk"}),
        (
            "rp-address",
            "broken rule",
            "an address with letters where none go",
            {"rp_id": "[::1]", "origin": "https://[::1]"},
        ),
        ("credential-empty", "broken rule", "no credential id", {"credential": b""}),
        ("credential-long", "broken rule", "1,024 bytes", {"credential": bytes(1024)}),
    )
    for name, expect, about, changes in cases:
        yield f"passkey-{name}", file(about, "passkey", expect, **(lines | {"demonstration": "yes"} | changes))


def assertion_vectors() -> Iterator[tuple[str, bytes]]:
    """Signatures."""
    es256, eddsa = device(), device(EDDSA)
    passkey = es256.public
    good = es256.client_data(asked())
    data = es256.data()

    def signed(client_data: bytes = good, data: bytes = data) -> bytes:
        return es256.assertion(client_data, data).encode()

    base = es256.assertion(good, data)
    r, s = decode_dss_signature(base.signature)
    raw = base.signature
    low = encode_dss_signature(r, min(s, P256_ORDER - s))
    high = encode_dss_signature(r, max(s, P256_ORDER - s))

    def with_signature(signature: bytes) -> bytes:
        return Assertion(base.credential, data, good, signature).encode()

    def client(**changes: Any) -> bytes:
        return signed(es256.client_data(asked(), **changes))

    def flags(value: int, behind: bytes = b"") -> bytes:
        return signed(data=es256.data(flags=value, behind=behind))

    text = good.decode()
    name = base64url(asked())
    twice = text.replace('"origin":', '"origin":"https://evil.example","origin":')
    loose = name[:-1] + chr(ord(name[-1]) + 1)
    cases: tuple[tuple[str, str, str, bytes], ...] = (
        ("good", "accepted", "as Chromium gives it", signed()),
        ("good-low-s", "accepted", "the lower s", with_signature(low)),
        ("good-high-s", "accepted", "the higher s: WebAuthn does not ask for the lower", with_signature(high)),
        ("good-no-cross-origin", "accepted", "the browser does not say crossOrigin", client(crossOrigin=None)),
        ("good-unknown-name", "accepted", "a name that is not known", client(other_keys_can_be_added_here="yes")),
        (
            "good-synced",
            "accepted",
            "a credential that its maker copies",
            flags(GOOD_FLAGS | BACKUP_ELIGIBLE | BACKED_UP),
        ),
        ("good-no-counter", "accepted", "the counter is 0", signed(data=data[:33] + bytes(4))),
        (
            "other-bytes",
            "other challenge",
            "over another message",
            signed(es256.client_data(asked(message=b"other bytes"))),
        ),
        (
            "other-channel",
            "other challenge",
            "for another channel",
            signed(es256.client_data(asked(channel=bytes(32)))),
        ),
        ("other-author", "other challenge", "for the other party", signed(es256.client_data(asked(author="BOR")))),
        ("other-purpose", "other challenge", "a login", signed(es256.client_data(asked(purpose="login")))),
        ("challenge-padded", "other challenge", "base64 with its padding", client(challenge=name + "=")),
        ("challenge-loose-bits", "other challenge", "base64 with loose last bits", client(challenge=loose)),
        ("challenge-hex", "other challenge", "hexadecimal", client(challenge=asked().hex())),
        ("challenge-missing", "other challenge", "no challenge", client(challenge=None)),
        ("other-origin", "other origin", "of another page", client(origin="https://evil.example")),
        ("origin-port", "other origin", "of another port", client(origin=passkey.origin + ":8443")),
        ("origin-slash", "other origin", "with a slash", client(origin=passkey.origin + "/")),
        ("origin-capitals", "other origin", "in capitals", client(origin=passkey.origin.upper())),
        ("cross-origin", "cross origin", "in a frame of another page", client(crossOrigin=True)),
        ("cross-origin-text", "cross origin", "crossOrigin is no truth value", client(crossOrigin="false")),
        ("cross-origin-zero", "cross origin", "crossOrigin is a number", client(crossOrigin=0)),
        ("top-origin", "cross origin", "a page above it is named", client(topOrigin=passkey.origin)),
        ("type-create", "other ceremony", "of a registration", client(ceremony=CREATE)),
        ("type-missing", "other ceremony", "without a type", client(type=None)),
        ("json-name-twice", "malformed", "the origin is there twice, the good one last", signed(twice.encode())),
        (
            "json-name-twice-deep",
            "malformed",
            "a name twice further in",
            signed((text[:-1] + ',"x":{"y":1,"y":2}}').encode()),
        ),
        ("json-not-utf8", "malformed", "a byte that is no UTF-8", signed(good[:-1] + b',"x":"\xff"}')),
        ("json-bom", "malformed", "with a byte order mark", signed(b"\xef\xbb\xbf" + good)),
        ("json-utf16", "malformed", "in UTF-16", signed(text.encode("utf-16"))),
        ("json-nan", "malformed", "NaN, which Python reads", signed((text[:-1] + ',"x":NaN}').encode())),
        ("json-array", "malformed", "an array", signed(b"[" + good + b"]")),
        ("json-trailing", "malformed", "something behind it", signed(good + b"{}")),
        ("json-deep", "malformed", "brackets in brackets", signed(b'{"x":' + b"[" * 700)),
        ("json-long", "malformed", "769 bytes", signed(good[:-1] + b" " * (769 - len(good)) + b"}")),
        ("other-rp", "other relying party", "for another relying party", signed(data=es256.data(rp_id="evil.example"))),
        (
            "rp-of-domain",
            "other relying party",
            "for the domain above",
            signed(data=es256.data(rp_id="arcadia.example")),
        ),
        ("no-uv", "not verified", "nobody was verified", flags(USER_PRESENT)),
        ("no-up", "not present", "nobody was there", flags(USER_VERIFIED)),
        ("no-flags", "not present", "no flag at all", flags(0)),
        ("reserved-flag", "malformed", "a flag without a meaning", flags(GOOD_FLAGS | 0x02)),
        ("backed-up-not-eligible", "malformed", "copied, though it cannot be", flags(GOOD_FLAGS | BACKED_UP)),
        (
            "attested",
            "malformed",
            "with a credential in it",
            signed(data=es256.new_credential(flags=GOOD_FLAGS | ATTESTED)),
        ),
        ("attested-flag-only", "malformed", "it says so, and has none", flags(GOOD_FLAGS | ATTESTED)),
        ("extension", "malformed", "with an extension that nobody asked for", flags(GOOD_FLAGS | EXTENSIONS, b"\xa0")),
        ("extension-flag-only", "malformed", "it says so, and has none", flags(GOOD_FLAGS | EXTENSIONS)),
        ("data-trailing", "malformed", "a byte behind the counter", flags(GOOD_FLAGS, b"\0")),
        ("data-short", "malformed", "the counter has three bytes", signed(data=data[:-1])),
        (
            "data-tampered",
            "bad signature",
            "the counter was changed afterwards",
            Assertion(base.credential, data[:-1] + bytes([data[-1] ^ 1]), good, raw).encode(),
        ),
        (
            "client-data-tampered",
            "bad signature",
            "a space was added afterwards",
            Assertion(base.credential, data, good[:-1] + b" }", raw).encode(),
        ),
        ("signature-bit", "bad signature", "a bit of s", with_signature(raw[:-1] + bytes([raw[-1] ^ 1]))),
        ("signature-raw", "malformed", "r and s without DER", with_signature(r.to_bytes(32) + s.to_bytes(32))),
        (
            "der-leading-zero",
            "malformed",
            "r has a zero too many",
            with_signature(b"\x30" + bytes([raw[1] + 1]) + b"\x02" + bytes([raw[3] + 1]) + b"\0" + raw[4:]),
        ),
        ("der-long-length", "malformed", "a length in two bytes", with_signature(b"\x30\x81" + raw[1:])),
        ("der-trailing", "malformed", "a byte behind it", with_signature(raw + b"\0")),
        (
            "der-inside-trailing",
            "malformed",
            "a byte behind s, inside",
            with_signature(b"\x30" + bytes([raw[1] + 1]) + raw[2:] + b"\0"),
        ),
        ("der-negative", "malformed", "r is negative, and s is 1", with_signature(bytes.fromhex("3006020180020101"))),
        ("der-zero", "malformed", "r and s are 0", with_signature(encode_dss_signature(0, 0))),
        (
            "der-past-order",
            "malformed",
            "r is the order of the curve",
            with_signature(encode_dss_signature(P256_ORDER, s)),
        ),
        (
            "other-key",
            "bad signature",
            "by another authenticator",
            Assertion(
                base.credential, data, good, Authenticator("other").sign_raw(data + sha256(good).digest())
            ).encode(),
        ),
        (
            "other-credential",
            "other credential",
            "it names another credential",
            replace(base, credential=bytes(20)).encode(),
        ),
        ("three-parts", "malformed", "a part is missing", base.encode()[: -2 - len(raw)]),
        ("five-parts", "malformed", "a part too many", base.encode() + b"\0\0"),
        ("part-short", "malformed", "the last part is shorter than it says", base.encode()[:-1]),
        ("too-long", "malformed", "a signature of 73 bytes", with_signature(bytes(73))),
        ("empty", "malformed", "nothing", b""),
    )
    for case, expect, about, value in cases:
        yield f"assertion-{case}", file(about, "assertion", expect, **of_passkey(passkey), **WHERE, signature=value)
    by_eddsa = eddsa.assertion(eddsa.client_data(asked()), eddsa.data())
    of = of_passkey(eddsa.public) | WHERE
    for case, expect, about, signature in (
        ("good", "accepted", "as an authenticator gives it", by_eddsa.signature),
        ("bit", "bad signature", "a bit of R", bytes([by_eddsa.signature[0] ^ 1]) + by_eddsa.signature[1:]),
        ("der", "malformed", "in a frame of DER", b"\x30\x40" + by_eddsa.signature),
        (
            "s-past-order",
            "bad signature",
            "s and the order of the group",
            by_eddsa.signature[:32]
            + (
                int.from_bytes(by_eddsa.signature[32:], "little") + 2**252 + 27742317777372353535851937790883648493
            ).to_bytes(32, "little"),
        ),
    ):
        changed = replace(by_eddsa, signature=signature).encode()
        yield f"assertion-eddsa-{case}", file(about, "assertion", expect, **of, signature=changed)
    weak = of | {"key": device(EDDSA).key.raw[:10] + (1).to_bytes(32, "little")}
    forged = replace(by_eddsa, signature=(1).to_bytes(32, "little") + bytes(32)).encode()
    yield (
        "assertion-eddsa-small-order",
        file(
            "a key of small order, under which one signature holds for everything",
            "assertion",
            "bad key",
            **weak,
            signature=forged,
        ),
    )


def registration_vectors() -> Iterator[tuple[str, bytes]]:
    """New credentials."""
    made = Authenticator("new")
    asked_for = sha256(b"a registration").digest()
    client = made.client_data(asked_for, ceremony=CREATE)
    good = made.new_credential()
    flags = GOOD_FLAGS | ATTESTED
    cases: tuple[tuple[str, str, str, bytes, bytes], ...] = (
        ("good", "accepted", "a key on P-256", good, client),
        (
            "good-extension",
            "accepted",
            "with an extension, as browsers ask for",
            made.new_credential(flags=flags | EXTENSIONS, behind=b"\xa1kcredProtect\x02"),
            client,
        ),
        ("type-get", "other ceremony", "of an assertion", good, made.client_data(asked_for)),
        (
            "other-challenge",
            "other challenge",
            "for another challenge",
            good,
            made.client_data(bytes(32), ceremony=CREATE),
        ),
        (
            "other-origin",
            "other origin",
            "on another page",
            good,
            made.client_data(asked_for, ceremony=CREATE, origin="https://evil.example"),
        ),
        ("no-uv", "not verified", "nobody was verified", made.new_credential(flags=USER_PRESENT | ATTESTED), client),
        ("no-credential", "malformed", "it says that it made none", made.new_credential(flags=GOOD_FLAGS), client),
        ("trailing", "malformed", "bytes behind the key", made.new_credential(behind=b"\0"), client),
        (
            "extension-missing",
            "malformed",
            "it says there is one, and there is none",
            made.new_credential(flags=flags | EXTENSIONS),
            client,
        ),
        (
            "extension-long",
            "malformed",
            "257 bytes of them",
            made.new_credential(flags=flags | EXTENSIONS, behind=bytes(257)),
            client,
        ),
        ("id-too-long", "malformed", "the id goes on past the end", good[:53] + b"\x03\xff" + good[55:], client),
        ("id-empty", "malformed", "the id is empty", good[:53] + b"\0\0" + good[75:], client),
        (
            "rsa",
            "bad key",
            "a key of another algorithm",
            good[:75] + b"\xa4\x01\x03\x03\x39\x01\x00" + good[82:],
            client,
        ),
        ("json-long", "malformed", "client data of 769 bytes", good, client[:-1] + b" " * (769 - len(client)) + b"}"),
        ("short", "malformed", "nothing behind the counter", good[:37], client),
    )
    of = {"rp_id": made.rp_id, "origin": made.origin, "challenge": asked_for}
    for name, expect, about, data, client_data in cases:
        yield (
            f"registration-{name}",
            file(about, "registration", expect, **of, data=data, client_data=client_data),
        )


def vectors() -> Iterator[tuple[str, bytes]]:
    """All of them, name and contents."""
    for family in (key_vectors, passkey_vectors, assertion_vectors, registration_vectors):
        yield from family()


def main() -> None:
    """Write the files, and remove what is none."""
    DIRECTORY.mkdir(exist_ok=True)
    made = dict(vectors())
    for path in DIRECTORY.glob("*.txt"):
        if path.stem not in made:
            path.unlink()
    for name, contents in made.items():
        (DIRECTORY / f"{name}.txt").write_bytes(contents)


if __name__ == "__main__":
    main()
