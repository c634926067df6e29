"""Makes spec/vectors/keys/: one file for each thing that can be wrong with keys, and one that is right of each sort.

    python spec/vectors/make_keys.py          write what is missing, or what follows from seeds and has changed
    python spec/vectors/make_keys.py --all    write everything anew

A file begins with lines `name: value` up to the first empty line; the rest, byte for byte, is the text that is judged,
where there is one. `expect` is `accepted` or a kind of failure (keys/errors.py). Values are hexadecimal where they are
bytes; `previous` of a succession names the vector whose text is the roster before. `suite` is there where a seed is of
another suite than the first: public keys and texts show theirs. The subject "roster of roots" is a roster that reads
well, beside the root set of its party. Every seed is SHAKE-256 of its
name, so all files but those marked `hedged: yes` come out the same each time: ML-DSA signatures and HPKE wraps hold
randomness of the library.
"""

import base64
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from hashlib import sha256, shake_256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from keys import envelope, keyring, sealed_stream, tls_identity  # noqa: E402
from keys.divided_node import NODE_JOB, DividedNodeKeyring, TokenHalf, mirror_job  # noqa: E402
from keys.gate import P384_B, P384_PRIME, P  # noqa: E402
from keys.hybrid import HybridPrivateKey, HybridPublicKey  # noqa: E402
from keys.cose_key import EDDSA, from_point  # noqa: E402
from keys.note_key import NoteKeyType, NoteSigner  # noqa: E402
from keys.passkey import Passkey  # noqa: E402
from keys.quorum import RootSet  # noqa: E402
from keys.revoked import RevokedKey  # noqa: E402
from keys.roles import KeyRole  # noqa: E402
from keys.root_set import RootChain, RootSetVersion  # noqa: E402
from keys.root_set import render as render_roots  # noqa: E402
from keys.roster import NotePair, Person, Roster, render  # noqa: E402
from keys.sealing import SealingPrivateKey  # noqa: E402
from keys.token_keyring import TokenKeyring  # noqa: E402
from keys.witness_keyring import WitnessKeyring  # noqa: E402
from keys.suite import SUITE_1, SUITE_2, Suite  # noqa: E402

DIRECTORY = ROOT / "spec" / "vectors" / "keys"
CHANNEL = sha256(b"a channel").digest()
YEAR_MS = 31_536_000_000
START_MS = 1_795_000_000_000


def seed(name: str, length: int) -> bytes:
    """Secret bytes that everybody knows."""
    return shake_256(name.encode()).digest(length)


def hybrid(name: str, role: KeyRole, suite: Suite = SUITE_1) -> HybridPrivateKey:
    """A hybrid key."""
    return HybridPrivateKey.from_seed(seed(name, 64), role, suite)


def pair(name: str) -> NotePair:
    """The two keys of a log or mirror."""
    ed25519 = NoteSigner("x", NoteKeyType.ED25519, seed(name + " ed25519", 32)).verifier.raw
    mldsa44 = NoteSigner("x", NoteKeyType.MLDSA44, seed(name + " mldsa44", 32)).verifier.raw
    return NotePair(ed25519, mldsa44)


def person(number: int, *roles: str, suite: Suite = SUITE_1) -> Person:
    """An officer."""
    key = hybrid(f"person {number}", KeyRole.OFFICER, suite).public
    return Person(number, roles, key, START_MS, START_MS + YEAR_MS)


def sealing(suite: Suite = SUITE_1) -> SealingPrivateKey:
    """A sealing key."""
    return SealingPrivateKey.from_seed(seed("sealing", suite.sealing.seed_bytes), suite)


def roster(suite: Suite = SUITE_1, **changes: Any) -> Roster:
    """A good roster, with changes."""
    good = Roster(
        party="ARC",
        channel=CHANNEL,
        version=1,
        valid_from_ms=START_MS,
        valid_until_ms=START_MS + YEAR_MS,
        previous=None,
        node=hybrid("node", KeyRole.NODE, suite).public,
        epoch=1,
        log=pair("log"),
        mirror=pair("mirror"),
        sealing=sealing(suite).public,
        tls=(tls_identity.certificate(seed("tls", 32), "ARC"),),
        next_epoch=2,
        next_log=pair("next log"),
        people=(person(1, "duty", "release", suite=suite),),
    )
    return replace(good, **changes)


def unchecked(good: Any, **changes: Any) -> Any:
    """A copy that no constructor has seen: this is how the broken ones are written."""
    copy = object.__new__(type(good))
    for field in fields(good):
        object.__setattr__(copy, field.name, changes.get(field.name, getattr(good, field.name)))
    return copy


def point(y: int, sign: int = 0) -> bytes:
    """An Ed25519 key or an X25519 key from its number."""
    return (y | sign << 255).to_bytes(32, "little")


def p384_y(x: int) -> int | None:
    """A y of the P-384 points with this x, None where there is none."""
    square = (x * x * x - 3 * x + P384_B) % P384_PRIME
    y = pow(square, (P384_PRIME + 1) // 4, P384_PRIME)
    return y if y * y % P384_PRIME == square else None


def flip(data: bytes, index: int, bit: int = 0) -> bytes:
    """One bit changed."""
    changed = bytearray(data)
    changed[index] ^= 1 << bit
    return bytes(changed)


def file(about: str, subject: str, expect: str, body: bytes = b"", *, hedged: bool = False, **values: Any) -> bytes:
    """One vector."""
    lines = [f"about: {about}", f"subject: {subject}", f"expect: {expect}"]
    if hedged:
        lines.append("hedged: yes")
    for name, value in values.items():
        for each in value if isinstance(value, list) else [value]:
            shown = each.hex() if isinstance(each, bytes) else str(each)
            lines.append(f"{name.replace('_', '-')}: {shown}".rstrip())
    return "\n".join([*lines, "", ""]).encode() + body


def gate_vectors() -> Iterator[tuple[str, bytes]]:
    """Public keys of one curve."""
    eight = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
    good = hybrid("node", KeyRole.NODE).public.ed25519_raw
    for name, about, raw in (
        ("small-order-1", "the neutral element", point(1)),
        ("small-order-1-signed", "the neutral element with the sign bit set", point(1, 1)),
        ("small-order-2", "the point of order 2", point(P - 1)),
        ("small-order-4", "a point of order 4", point(0)),
        ("small-order-4-signed", "the other point of order 4", point(0, 1)),
        ("small-order-8-a", "a point of order 8", point(eight)),
        ("small-order-8-a-signed", "a point of order 8", point(eight, 1)),
        ("small-order-8-b", "a point of order 8", point(P - eight)),
        ("small-order-8-b-signed", "a point of order 8", point(P - eight, 1)),
        ("second-spelling-of-1", "the neutral element with y written as p + 1", point(P + 1)),
        ("second-spelling-of-3", "a y of p + 3", point(P + 3)),
        ("all-ones", "32 bytes of 0xff", b"\xff" * 32),
        ("no-point", "a y of 2, which no point of the curve has", point(2)),
        ("short", "31 bytes", good[:-1]),
        ("long", "33 bytes", good + b"\0"),
    ):
        yield f"ed25519-{name}", file(about, "ed25519 key", "bad key", key=raw)
    yield "ed25519-good", file("an honest key", "ed25519 key", "accepted", key=good)
    one = 325606250916557431795983626356110631294008115727848805560023387167927233504
    two = 39382357235489614581723060781553021112529911719440698176882885853963445705823
    for name, about, u in (
        ("small-order-0", "u of 0", 0),
        ("small-order-1", "u of 1", 1),
        ("small-order-8-a", "a point of order 8", one),
        ("small-order-8-b", "a point of order 8", two),
        ("small-order-minus-1", "u of p - 1", P - 1),
        ("second-spelling-of-9", "u of p + 9", P + 9),
        ("top-bit", "u of 9 with the unused top bit set", 9 | 1 << 255),
    ):
        yield f"x25519-{name}", file(about, "x25519 key", "bad key", key=u.to_bytes(32, "little"))
    sealing = SealingPrivateKey.from_seed(seed("sealing", 96))
    yield "x25519-good", file("an honest key", "x25519 key", "accepted", key=sealing.public.curve_raw)
    raw = sealing.public.raw
    yield "sealing-key-good", file("an honest key", "sealing key", "accepted", key=raw)
    bad = b"\xff" * 1184 + raw[1184:]
    yield "sealing-key-coefficients", file("coefficients above 3,328", "sealing key", "bad key", key=bad)
    yield "sealing-key-small-order", file("X25519 half is 0", "sealing key", "bad key", key=raw[:1184] + bytes(32))
    yield "sealing-key-short", file("one byte is missing", "sealing key", "bad key", key=raw[:-1])


def signature_vectors() -> Iterator[tuple[str, bytes]]:
    """Hybrid keys and signatures, and quorums of them."""
    key = hybrid("root 1", KeyRole.ROOT)
    raw = key.public.raw
    small = point(1) + raw[32:]
    yield "hybrid-key-small-order", file("Ed25519 half is 1", "hybrid key", "bad key", role="root", key=small)
    yield "hybrid-key-short", file("one byte is missing", "hybrid key", "bad key", role="root", key=raw[:-1])
    yield "hybrid-key-wrong-job", file("a log does not sign so", "hybrid key", "bad key", role="log", key=raw)

    message = b"what the root signed"
    good: dict[str, Any] = {"purpose": "statement", "channel": CHANNEL, "author": "ARC", "message": message}
    signature = key.sign(**good)
    other = hybrid("root 2", KeyRole.ROOT).sign(**good)
    # Under the neutral element R = 1, S = 0 signs everything; the gate must have stopped the key.
    for name, about, change in (
        ("good", "both halves verify", {}),
        ("ed25519-bit", "a bit of the Ed25519 half is changed", {"signature": flip(signature, 3)}),
        ("mldsa65-bit", "a bit of the ML-DSA-65 half is changed", {"signature": flip(signature, 99)}),
        ("ed25519-of-another", "the Ed25519 half is another root's", {"signature": other[:64] + signature[64:]}),
        ("mldsa65-of-another", "the ML-DSA-65 half is another root's", {"signature": signature[:64] + other[64:]}),
        ("ed25519-only", "the ML-DSA-65 half is missing", {"signature": signature[:64]}),
        ("mldsa65-only", "the Ed25519 half is missing", {"signature": signature[64:]}),
        ("trailing-byte", "a byte follows", {"signature": signature + b"\0"}),
        ("halves-swapped", "ML-DSA-65 stands first", {"signature": signature[64:] + signature[:64]}),
        ("other-message", "it was made for other bytes", {"message": b"what the root did not sign"}),
        ("other-purpose", "it was made for another purpose", {"purpose": "beat"}),
        ("other-channel", "it was made for another channel", {"channel": bytes(32)}),
        ("other-author", "it was made in the other party's name", {"author": "BOR"}),
    ):
        values = {"role": "root", "key": raw, **good, "signature": signature, **change}
        expect = "bad signature" if change else "accepted"
        yield f"hybrid-signature-{name}", file(about, "hybrid signature", expect, hedged=True, **values)

    roots = [hybrid(f"root {number}", KeyRole.ROOT) for number in (1, 2, 3)]
    keys = [root.public.raw for root in roots]
    made = [root.sign(**good) for root in roots]

    def by(number: int, of: int | None = None) -> str:
        return f"{number} {made[(of or number) - 1].hex()}"

    for name, about, expect, lines in (
        ("good", "two of three have signed", "accepted", [by(3), by(1)]),
        ("one-of-two", "one has signed, two are needed", "no quorum", [by(1)]),
        ("none", "nobody has signed", "no quorum", []),
        ("one-twice", "one root has signed twice", "no quorum", [by(1), by(1)]),
        ("under-two-numbers", "one root's signature under two numbers", "no quorum", [by(1), by(2, 1)]),
        ("unknown-number", "the second is of root 4, and there are three", "no quorum", [by(1), by(4, 2)]),
        ("number-zero", "roots are counted from 1", "no quorum", [by(1), by(0, 2)]),
        ("bad-then-good", "the first signature given for a number decides", "no quorum", [by(1), by(2, 3), by(2)]),
    ):
        values = {"threshold": 2, "key": keys, **good, "signature": lines}
        yield f"quorum-{name}", file(about, "quorum", expect, hedged=True, **values)
    half = keys[0][:32] + keys[1][32:]
    for name, about, expect, threshold, given in (
        ("threshold-zero", "nobody would have to sign", "broken rule", 0, keys),
        ("threshold-above", "four of three", "broken rule", 4, keys),
        ("empty", "no root", "broken rule", 1, []),
        ("key-twice", "one key is two roots", "key reused", 2, [keys[0], keys[0]]),
        ("half-twice", "two roots share their Ed25519 half", "key reused", 2, [keys[0], half]),
    ):
        yield f"root-set-{name}", file(about, "root set", expect, threshold=threshold, key=given)


def note_vectors() -> Iterator[tuple[str, bytes]]:
    """Verifier keys and raw signatures of logs and mirrors."""
    name = "arc.example/hotline/log"
    for kind in NoteKeyType:
        signer = NoteSigner(name, kind, seed(f"note {kind}", 32))
        vkey = signer.verifier.vkey()
        label = f"{int(kind):#04x}"
        yield f"vkey-{label}-good", file("a verifier key", "vkey", "accepted", vkey=vkey)
        signature = signer.sign(b"message")
        values = {"vkey": vkey, "message": b"message"}
        subject = "note signature"
        yield (
            f"note-signature-{label}-good",
            file("it verifies", subject, "accepted", hedged=True, **values, signature=signature),
        )
        yield (
            f"note-signature-{label}-bit",
            file("a bit is changed", subject, "bad signature", hedged=True, **values, signature=flip(signature, 9)),
        )
        yield (
            f"note-signature-{label}-short",
            file("a byte is missing", subject, "bad signature", hedged=True, **values, signature=signature[:-1]),
        )
    good = NoteSigner(name, NoteKeyType.ED25519, seed("note 1", 32)).verifier
    _, key_id, key = good.vkey().split("+", 2)
    raw = bytes([1]) + good.raw

    def line(body: bytes, of: str = name) -> str:
        found = sha256(of.encode() + b"\n" + body).hexdigest()[:8]
        return f"{of}+{found}+{base64.b64encode(body).decode()}"

    long = NoteSigner(name, NoteKeyType.MLDSA44, seed("note 6", 32)).verifier.vkey()
    # One byte is missing to a group of three, so the last letter has two bits too many; the next letter sets one.
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    loose = letters[letters.index(long[-2]) + 1]
    for label, about, expect, vkey in (
        ("no-key", "two parts only", "malformed", f"{name}+{key_id}"),
        ("no-name", "the name is empty", "malformed", line(raw, "")),
        ("space-in-name", "the name holds a space", "malformed", line(raw, "arc log")),
        ("wide-space-in-name", "the name holds a space of another alphabet", "malformed", line(raw, "arc\u3000log")),
        ("direction-in-name", "the name holds a direction mark", "malformed", line(raw, "arc\u202elog")),
        ("wrong-id", "the id is another key's", "malformed", f"{name}+00000000+{key}"),
        ("capital-id", "the id is in capitals", "malformed", f"{name}+{key_id.upper()}+{key}"),
        ("other-name", "the id was made for another name", "malformed", f"{name}2+{key_id}+{key}"),
        ("stray-character", "a newline in the base64", "malformed", f"{name}+{key_id}+{key[:9]}\\n{key[9:]}"),
        ("no-padding", "base64 without its padding", "malformed", long.rstrip("=")),
        ("loose-bits", "bits in base64 that mean nothing", "malformed", f"{long[:-2]}{loose}="),
        ("unknown-type", "type 2 is not known here", "malformed", line(bytes([2]) + good.raw)),
        ("no-type", "an empty key", "malformed", f"{name}+{key_id}+"),
        ("short-key", "31 bytes", "bad key", line(raw[:-1])),
        ("small-order", "the neutral element", "bad key", line(bytes([1]) + point(1))),
        ("short-mldsa44", "32 bytes under type 6", "bad key", line(bytes([6]) + good.raw)),
    ):
        yield f"vkey-{label}", file(about, "vkey", expect, vkey=vkey)


def seal_vectors() -> Iterator[tuple[str, bytes]]:
    """Wraps, key files and keyrings."""
    key = SealingPrivateKey.from_seed(seed("sealing", 96))
    wrap = key.public.wrap(seed("secret", 32), b"info")
    for name, about, ciphertext, info in (
        ("good", "it opens", wrap, b"info"),
        ("other-info", "it was bound to something else", wrap, b"other"),
        ("mlkem768-bit", "a bit of the first encapsulated key is changed", flip(wrap, 5), b"info"),
        ("x25519-bit", "a bit of the second encapsulated key is changed", flip(wrap, 1100), b"info"),
        ("ciphertext-bit", "a bit of the secret is changed", flip(wrap, 1130), b"info"),
        ("tag-bit", "a bit of the tag is changed", flip(wrap, len(wrap) - 1), b"info"),
        ("short", "a byte is missing", wrap[:-1], b"info"),
        ("empty", "nothing", b"", b"info"),
        ("trailing-byte", "a byte follows", wrap + b"\0", b"info"),
    ):
        expect = "accepted" if name == "good" else "not opened"
        values = {"seed": seed("sealing", 96), "info": info, "ciphertext": ciphertext}
        yield f"wrap-{name}", file(about, "wrap", expect, hedged=True, **values)

    cheap = envelope.Cost(memory_kib=64, passes=1, lanes=1)
    salt, nonce = seed("salt", 16), seed("nonce", 12)
    blob = envelope.seal(b"contents", b"passphrase", purpose="node", salt=salt, nonce=nonce, cost=cheap)

    def digested(body: bytes) -> bytes:
        return body + sha256(body).digest()

    body = blob[:-32]
    cost_at = len(envelope.MAGIC) + 1 + 5
    length_at = cost_at + 6 + 16 + 12 + 32
    for name, about, expect, changed in (
        ("good", "it opens", "accepted", blob),
        ("empty", "nothing", "malformed", b""),
        ("other-magic", "another first byte", "malformed", flip(blob, 0)),
        ("other-version", "version 2", "malformed", digested(flip(flip(body, 15, 0), 15, 1))),
        ("short", "the last byte is missing", "damaged", blob[:-1]),
        ("trailing-byte", "a byte follows", "damaged", blob + b"\0"),
        ("bit", "a bit of the contents is changed, as by a bad disk", "damaged", flip(blob, length_at + 6)),
        (
            "ciphertext-changed",
            "the contents are changed, and the digest as well",
            "damaged",
            digested(flip(body, length_at + 6)),
        ),
        (
            "nonce-changed",
            "the header is changed, and the digest as well",
            "wrong passphrase",
            digested(flip(body, cost_at + 6 + 16)),
        ),
        ("length-changed", "it says another length", "malformed", digested(flip(body, length_at + 3))),
        ("header-only", "it ends within the header", "malformed", digested(body[: cost_at + 9])),
        (
            "memory-above",
            "it asks for 4 GiB",
            "too costly",
            digested(body[:cost_at] + (4 << 20).to_bytes(4, "big") + body[cost_at + 4 :]),
        ),
        (
            "memory-below",
            "it asks for less than 8 KiB a lane",
            "too costly",
            digested(body[:cost_at] + (7).to_bytes(4, "big") + body[cost_at + 4 :]),
        ),
        (
            "passes-zero",
            "it asks for no pass",
            "too costly",
            digested(body[: cost_at + 4] + b"\0" + body[cost_at + 5 :]),
        ),
        (
            "passes-above",
            "it asks for 255 passes",
            "too costly",
            digested(body[: cost_at + 4] + b"\xff" + body[cost_at + 5 :]),
        ),
        (
            "lanes-zero",
            "it asks for no lane",
            "too costly",
            digested(body[: cost_at + 5] + b"\0" + body[cost_at + 6 :]),
        ),
    ):
        values = {"passphrase": b"passphrase", "purpose": "node", "blob": changed}
        yield f"key-file-{name}", file(about, "key file", expect, **values)
    for name, about, expect, passphrase, purpose in (
        ("wrong-passphrase", "another passphrase", "wrong passphrase", b"Passphrase", "node"),
        ("no-passphrase", "an empty passphrase", "wrong passphrase", b"", "node"),
        ("wrong-purpose", "an officer's file was expected", "wrong purpose", b"passphrase", "officer"),
    ):
        values = {"passphrase": passphrase, "purpose": purpose, "blob": blob}
        yield f"key-file-{name}", file(about, "key file", expect, **values)

    ring = keyring.NodeKeyring.generate("ARC", lambda length: seed(f"ring {length}", length))
    ring = ring.with_channel(CHANNEL, keyring.ChannelSeeds(1, *(seed(f"channel {part}", 32) for part in range(4))))
    plain = ring.encode()
    for name, about, expect, changed in (
        ("good", "a node's keyring", "accepted", plain),
        ("no-json", "cut short", "malformed", plain[:-1]),
        ("unknown-name", "a name that is not known", "malformed", plain.replace(b'"party"', b'"colour":"red","party"')),
        ("name-twice", "a name stands twice", "malformed", plain.replace(b'"party"', b'"party":"BOR","party"')),
        ("space", "a space between values", "malformed", plain.replace(b'"kind":', b'"kind": ')),
        ("other-kind", "an officer's keyring", "malformed", plain.replace(b'"node"', b'"officer"')),
        ("true-for-1", "an epoch of true", "malformed", plain.replace(b'"epoch":1', b'"epoch":true')),
        (
            "capital-hex",
            "a seed in capitals",
            "malformed",
            plain.replace(ring.tls_seed.hex().encode(), ring.tls_seed.hex().upper().encode()),
        ),
        (
            "short-seed",
            "a seed of 31 bytes",
            "broken rule",
            plain.replace(ring.tls_seed.hex().encode(), ring.tls_seed.hex()[:-2].encode()),
        ),
        (
            "seed-twice",
            "the mirror has the TLS key's seed",
            "broken rule",
            plain.replace(seed("channel 2", 32).hex().encode(), ring.tls_seed.hex().encode()),
        ),
    ):
        yield f"keyring-{name}", file(about, "keyring", expect, changed, kind="node")
    old, older = seed("sealing before", 96), seed("sealing before that", 96)
    plain = replace(ring, sealing_before=(old, older)).encode()
    both = f'"sealing_before":["{old.hex()}","{older.hex()}"]'.encode()
    for name, about, expect, named in (
        ("good", "two sealing keys before the one in force", "accepted", both),
        ("empty", "an empty list where there was none before", "malformed", b'"sealing_before":[]'),
        ("no-list", "a seed and no list of them", "malformed", f'"sealing_before":"{old.hex()}"'.encode()),
        ("number", "a number among them", "malformed", f'"sealing_before":["{old.hex()}",1]'.encode()),
        ("capital-hex", "a seed in capitals", "malformed", f'"sealing_before":["{old.hex().upper()}"]'.encode()),
        ("short", "a seed of 95 bytes", "broken rule", f'"sealing_before":["{old.hex()[:-2]}"]'.encode()),
        ("twice", "one seed twice", "broken rule", f'"sealing_before":["{old.hex()}","{old.hex()}"]'.encode()),
        (
            "in-force",
            "the key in force is among them",
            "broken rule",
            f'"sealing_before":["{ring.sealing_seed.hex()}"]'.encode(),
        ),
        (
            "too-many",
            "65 of them",
            "broken rule",
            b'"sealing_before":[' + b",".join(b'"' + seed(f"s {n}", 96).hex().encode() + b'"' for n in range(65)) + b"]",
        ),
    ):
        changed = plain.replace(both, named)
        yield f"keyring-sealing-before-{name}", file(about, "keyring", expect, changed, kind="node")


def roster_vectors() -> Iterator[tuple[str, bytes]]:
    """Certificates, rosters, and what may follow a roster."""
    der = tls_identity.certificate(seed("tls", 32), "ARC")
    raw = tls_identity.certificate_key(der)
    for name, about, expect, changed in (
        ("good", "a node's certificate", "accepted", der),
        ("empty", "nothing", "malformed", b""),
        ("trailing-byte", "a byte follows", "malformed", der + b"\0"),
        ("signature-bit", "a bit of its signature is changed", "bad key", flip(der, len(der) - 1)),
        ("name-changed", "another common name under the old signature", "bad key", der.replace(b"ARC", b"BOR")),
        ("small-order", "the key is the neutral element", "bad key", der.replace(raw, point(1))),
        ("too-long", "more than 1,024 bytes", "malformed", der + bytes(1024)),
    ):
        yield f"certificate-{name}", file(about, "certificate", expect, certificate=changed)

    good = roster()
    text = render(good)
    first = text.split(b"\n")
    key_line = next(line for line in first if line.startswith(b"key = "))

    def person_lines(*people: Person) -> bytes:
        return render(unchecked(good, people=people))

    one, two = good.people[0], person(2, "senior")
    big = b"# " + b"x" * 131_072 + b"\n"
    malformed: tuple[tuple[str, str, bytes], ...] = (
        ("empty", "nothing", b""),
        ("no-last-newline", "the last line feed is missing", text[:-1]),
        ("carriage-returns", "lines end as on another system", text.replace(b"\n", b"\r\n")),
        ("byte-order-mark", "three bytes stand before it", b"\xef\xbb\xbf" + text),
        ("not-ascii", "a letter with an accent in a comment", text.replace(b"roots", "röots".encode())),
        ("other-format", "version 2 of the format", text.replace(b"hotline/1/roster", b"hotline/2/roster")),
        ("unknown-name", "a name that is not known", text.replace(b'party = "ARC"', b'party = "ARC"\ncolour = "red"')),
        ("unknown-table", "a table that is not known", text + b'\n[colour]\nname = "red"\n'),
        ("name-twice", "a name stands twice", text.replace(b'party = "ARC"', b'party = "ARC"\nparty = "ARC"')),
        ("name-missing", "there is no version", text.replace(b"version = 1\n", b"")),
        (
            "names-swapped",
            "two names in the other order",
            text.replace(
                b'party = "ARC"\nchannel = "' + CHANNEL.hex().encode() + b'"',
                b'channel = "' + CHANNEL.hex().encode() + b'"\nparty = "ARC"',
            ),
        ),
        ("extra-space", "two spaces after the equals sign", text.replace(b"version = 1", b"version =  1")),
        ("trailing-space", "a space ends a line", text.replace(b"version = 1\n", b"version = 1 \n")),
        ("extra-blank-line", "one blank line more", text.replace(b"\n[node]", b"\n\n[node]")),
        ("extra-comment", "one comment more", text.replace(b"version = 1", b"# Trust this.\nversion = 1")),
        (
            "comment-changed",
            "a comment names another key id",
            text.replace(b"# key id " + good.node.key_id.hex().encode(), b"# key id " + bytes(32).hex().encode()),
        ),
        ("literal-string", "single quotes", text.replace(b'"ARC"', b"'ARC'")),
        ("escape", "a letter as an escape", text.replace(b'"ARC"', b'"AR\\u0043"')),
        ("plus-sign", "a version of +1", text.replace(b"version = 1", b"version = +1")),
        ("leading-zero", "a version of 01", text.replace(b"version = 1", b"version = 01")),
        ("underscore", "a version of 1_0", text.replace(b"version = 1", b"version = 1_0")),
        ("offset-time", "a time with an offset instead of Z", text.replace(b"Z\nvalid_until", b"+00:00\nvalid_until")),
        ("time-without-ms", "a time in whole seconds", text.replace(b".000Z\nvalid_until", b"Z\nvalid_until")),
        (
            "no-such-day",
            "the thirtieth of February",
            text.replace(b"valid_from = 2026-11", b"valid_from = 2026-02", 1).replace(
                b"valid_from = 2026-02-18", b"valid_from = 2026-02-30", 1
            ),
        ),
        (
            "capital-hex",
            "the channel in capitals",
            text.replace(CHANNEL.hex().encode(), CHANNEL.hex().upper().encode()),
        ),
        ("base64-newline", "base64 over two lines", text.replace(key_line, key_line[:70] + b"\n" + key_line[70:])),
        ("base64-stray", "a stray character in base64", text.replace(key_line, key_line[:70] + b"." + key_line[71:])),
        ("too-long", "more than 128 KiB", text + big),
        ("deep-names", "a name of many parts, slow in some readers", text + b"a." * 20_000 + b"b = 1\n"),
    )
    for name, about, changed in malformed:
        yield f"roster-{name}", file(about, "roster", "malformed", changed)

    small = unchecked(good.node, raw=point(1) + good.node.raw[32:])
    small_person = unchecked(one, key=unchecked(one.key, raw=point(0) + one.key.raw[32:]))
    zero = point(P - 1)
    bad_keys: tuple[tuple[str, str, Roster], ...] = (
        ("node-small-order", "the node's Ed25519 half is 1", unchecked(good, node=small)),
        ("person-small-order", "an officer's Ed25519 half is 0", unchecked(good, people=(small_person,))),
        ("log-small-order", "the log's key is of order 2", unchecked(good, log=unchecked(good.log, ed25519=zero))),
        (
            "log-short",
            "the log's ML-DSA-44 key lacks a byte",
            unchecked(good, log=unchecked(good.log, mldsa44=good.log.mldsa44[:-1])),
        ),
        (
            "sealing-small-order",
            "the X25519 half is 0",
            unchecked(good, sealing=unchecked(good.sealing, raw=good.sealing.raw[:1184] + bytes(32))),
        ),
        (
            "certificate-signature",
            "the certificate is not signed by its key",
            unchecked(good, tls=(flip(der, len(der) - 1),)),
        ),
    )
    for name, about, changed_roster in bad_keys:
        yield f"roster-{name}", file(about, "roster", "bad key", render(changed_roster))

    node_as_person = unchecked(one, key=unchecked(one.key, raw=good.node.raw))
    half = unchecked(two, key=unchecked(two.key, raw=one.key.raw[:32] + two.key.raw[32:]))
    log_tls = (tls_identity.certificate(seed("log ed25519", 32), "ARC"),)
    reused: tuple[tuple[str, str, Roster], ...] = (
        ("node-is-person", "the node's key is an officer's", unchecked(good, people=(node_as_person,))),
        ("two-persons-one-half", "two officers share a half", unchecked(good, people=(one, half))),
        ("log-is-mirror", "the mirror has the log's keys", unchecked(good, mirror=good.log)),
        ("log-is-next", "the next log has the log's keys", unchecked(good, next_log=good.log)),
        ("tls-is-log", "the TLS key signs the log", unchecked(good, tls=log_tls)),
        ("tls-twice", "the next certificate has the key of the first", unchecked(good, tls=(der, der))),
    )
    for name, about, changed_roster in reused:
        yield f"roster-{name}", file(about, "roster", "key reused", render(changed_roster))

    rules: tuple[tuple[str, str, bytes], ...] = (
        ("number-twice", "two officers have one number", person_lines(one, unchecked(two, number=1))),
        ("numbers-unordered", "officer 2 stands before 1", person_lines(two, one)),
        ("number-zero", "officer 0", person_lines(unchecked(one, number=0))),
        ("role-unknown", "a role that there is not", person_lines(unchecked(one, roles=("king",)))),
        ("role-twice", "a role stands twice", person_lines(unchecked(one, roles=("duty", "duty")))),
        ("roles-unordered", "roles in another order", person_lines(unchecked(one, roles=("release", "duty")))),
        (
            "person-validity-empty",
            "an officer is valid never",
            person_lines(unchecked(one, valid_until_ms=one.valid_from_ms)),
        ),
        ("validity-reversed", "it ends before it begins", render(unchecked(good, valid_until_ms=START_MS - 1))),
        ("party-lower-case", "a party in small letters", render(unchecked(good, party="arc"))),
        ("version-zero", "version 0", render(unchecked(good, version=0))),
        ("previous-in-first", "version 1 names a version before it", render(unchecked(good, previous=bytes(32)))),
        ("previous-missing", "version 2 names none", render(unchecked(good, version=2))),
        ("next-epoch-skips", "the next epoch is two more", render(unchecked(good, next_epoch=3))),
        ("no-certificate", "no certificate", render(unchecked(good, tls=()))),
        (
            "three-certificates",
            "three certificates",
            render(
                unchecked(
                    good, tls=(der, *(tls_identity.certificate(seed(f"tls {number}", 32), "ARC") for number in (2, 3)))
                )
            ),
        ),
    )
    for name, about, changed in rules:
        yield f"roster-{name}", file(about, "roster", "broken rule", changed)
    yield "roster-good", file("a roster", "roster", "accepted", text)
    everyone = (one, two, person(7, "legal", "technical", "admin"))
    second = tls_identity.certificate(seed("tls 2", 32), "ARC")
    full = roster(version=2, previous=sha256(text).digest(), people=everyone, tls=(der, second))
    yield "roster-good-second", file("version 2 with a next certificate", "roster", "accepted", render(full))

    yield from passkey_roster_vectors()
    yield from revoked_roster_vectors()

    def after(**changes: Any) -> bytes:
        return render(roster(**{"version": 2, "previous": sha256(text).digest(), "people": (one, two), **changes}))

    moved: dict[str, Any] = {"epoch": 2, "next_epoch": 3, "log": good.next_log}
    third = pair("third log")
    one_as_three = replace(one, number=3)
    node_key = HybridPublicKey(one.key.raw, KeyRole.NODE)
    follow: tuple[tuple[str, str, bytes], ...] = (
        ("good", "an officer more", after()),
        ("good-epoch", "the announced log takes over", after(**moved, next_log=third)),
        ("other-party", "the other party's", after(party="BOR")),
        ("other-channel", "of another channel", after(channel=bytes(32))),
        ("version-skipped", "version 3 follows 1", after(version=3)),
        ("version-same", "version 1 again", render(roster(people=()))),
        ("other-previous", "it names another text", after(previous=sha256(text[:-1]).digest())),
        ("log-changed", "other log keys in the same epoch", after(log=third)),
        (
            "log-not-announced",
            "the next epoch with keys never announced",
            after(**{**moved, "log": third}, next_log=pair("fourth log")),
        ),
        ("epoch-skipped", "an epoch is left out", after(epoch=3, next_epoch=4, log=good.next_log, next_log=third)),
        ("retired-log-again", "the retired log is announced again", after(**moved, next_log=good.log)),
        ("key-changes-person", "officer 1's key is officer 3's now", after(people=(two, one_as_three))),
        ("key-changes-job", "officer 1's key is the node's now", after(people=(two,), node=node_key)),
        (
            "mirror-becomes-next-log",
            "the mirror's key is the next log's now",
            after(mirror=pair("new mirror"), next_log=good.mirror),
        ),
    )
    for name, about, changed in follow:
        expect = "accepted" if name.startswith("good") else "not a successor"
        yield f"succession-{name}", file(about, "succession", expect, changed, previous="roster-good")


def revoked_roster_vectors() -> Iterator[tuple[str, bytes]]:
    """Rosters that list revoked keys."""
    lost = RevokedKey("officer", hybrid("officer lost", KeyRole.OFFICER).public.key_id, "lost", 41)
    other = RevokedKey("tls", seed("a pin", 32), "suspected", 0)
    good = roster(revoked=(lost, other))
    text = render(good)
    yield "roster-good-revoked", file("a roster with two revoked keys", "roster", "accepted", text)
    first = good.people[0].key
    assert first is not None
    cases: tuple[tuple[str, str, str, bytes], ...] = (
        ("as-1", "malformed", "revoked keys under the first format", text.replace(b"hotline/2/", b"hotline/1/")),
        ("job", "broken rule", "a job whose keys are not revoked in rosters", text.replace(b'job = "tls"', b'job = "log"')),
        ("reason", "broken rule", "a reason that there is not", text.replace(b'"suspected"', b'"bored"')),
        ("capitals", "broken rule", "a key id in capitals", text.replace(lost.key.hex().encode(), lost.key.hex().upper().encode())),
        ("no-trusted", "malformed", "nothing says how far it is trusted", text.replace(b"trusted = 41\n", b"")),
        ("negative", "malformed", "a number of entries below nothing", text.replace(b"trusted = 41", b"trusted = -1")),
        ("twice", "broken rule", "one key listed twice", render(unchecked(good, revoked=(lost, lost)))),
        ("has-a-job", "broken rule", "a revoked key that an officer has",
         render(unchecked(good, revoked=(replace(lost, key=first.key_id),)))),
        ("many", "broken rule", "a sixty-fifth revoked key",
         render(unchecked(good, revoked=tuple(replace(lost, key=seed(f"key {number}", 32)) for number in range(65))))),
    )
    for name, expect, about, changed in cases:
        yield f"roster-revoked-{name}", file(about, "roster", expect, changed)
    known = sha256(text).digest()
    for name, expect, about, listed in (
        ("good-revoked", "accepted", "a revoked key more", (lost, other, replace(other, key=seed("another pin", 32)))),
        ("revoked-left", "not a successor", "a revoked key is not listed any more", (lost,)),
        ("revoked-otherwise", "not a successor", "a revoked key is trusted for longer", (replace(lost, trusted=42), other)),
        ("revoked-order", "not a successor", "revoked keys in another order", (other, lost)),
    ):
        changed = render(replace(good, version=2, previous=known, revoked=listed))
        yield f"succession-{name}", file(about, "succession", expect, changed, previous="roster-good-revoked")


def passkey_roster_vectors() -> Iterator[tuple[str, bytes]]:
    """Rosters of format 2."""
    keys = [NoteSigner("x", NoteKeyType.ED25519, seed(f"passkey {number}", 32)).verifier.raw for number in (1, 2)]
    made = [
        Passkey(number, seed(f"credential {number}", 20), from_point(EDDSA, key), desk, f"https://{desk}")
        for number, key, desk in ((1, keys[0], "desk.arcadia.example"), (2, keys[1], "night.arcadia.example"))
    ]
    one, two = (person(number, role) for number, role in ((1, "duty"), (2, "senior")))
    good = roster(people=(replace(one, passkeys=tuple(made)), two))
    text = render(good)
    yield "roster-good-passkeys", file("an officer with a key and two passkeys", "roster", "accepted", text)
    alone = render(roster(people=(replace(one, key=None, passkeys=(made[0],)),)))
    yield "roster-good-passkey-alone", file("an officer with a passkey and no key", "roster", "accepted", alone)

    def people(*listed: Person) -> bytes:
        return render(unchecked(good, people=listed))

    first, second = (one, made[0]), (two, made[1])
    cases: tuple[tuple[str, str, str, bytes], ...] = (
        ("as-1", "malformed", "passkeys under the first format", text.replace(b"hotline/2/", b"hotline/1/")),
        ("format-3", "malformed", "a later format", text.replace(b"hotline/2/", b"hotline/3/")),
        ("key-id", "malformed", "a comment names another passkey", text.replace(made[0].key_id.hex().encode(), b"0" * 64)),
        ("unpadded", "malformed", "a credential id without its padding", text.replace(b'=\"\nalgorithm', b'\"\nalgorithm')),
        ("nobody", "broken rule", "an officer with nothing to sign with", people(unchecked(one, key=None))),
        ("numbers", "broken rule", "two passkeys of one number",
         people(unchecked(one, passkeys=(made[0], replace(made[1], number=1))))),
        ("number-9", "broken rule", "a ninth passkey", people(unchecked(one, passkeys=(unchecked(made[0], number=9),)))),
        ("algorithm", "broken rule", "an algorithm that there is not", text.replace(b'"eddsa"', b'"rs256"', 1)),
        ("other-algorithm", "bad key", "32 bytes as a key on P-256", text.replace(b'"eddsa"', b'"es256"', 1)),
        ("origin", "broken rule", "a page of another host",
         text.replace(b'origin = "https://desk.', b'origin = "https://evil.')),
        ("credential-twice", "broken rule", "two officers have one credential",
         people(unchecked(first[0], passkeys=(first[1],)),
                unchecked(second[0], passkeys=(unchecked(second[1], credential=first[1].credential),)))),
        ("key-twice", "key reused", "two officers have one passkey's key",
         people(unchecked(first[0], passkeys=(first[1],)),
                unchecked(second[0], passkeys=(unchecked(second[1], key=first[1].key),)))),
        ("key-of-officer", "key reused", "a passkey has half of the officer's key",
         people(unchecked(one, passkeys=(unchecked(made[0], key=from_point(EDDSA, one.keys[0].raw[:32])),)))),
    )
    for name, expect, about, changed in cases:
        yield f"roster-passkey-{name}", file(about, "roster", expect, changed)


def file_vectors() -> Iterator[tuple[str, bytes]]:
    """Long sealed files, and keyrings of the kinds that are no node's."""
    cheap = envelope.Cost(memory_kib=64, passes=1, lanes=1)
    made = {"key": seed("stream", 32), "salt": seed("salt", 16), "nonce": seed("nonce", 12), "cost": cheap}
    sealer = sealed_stream.Sealer(b"passphrase", purpose="backup", **made)  # type: ignore[arg-type]
    first, head = sealer.update(bytes(65_537)), sealer.head
    last = sealer.finish()
    whole = head + first + last
    empty = sealed_stream.Sealer(b"passphrase", purpose="backup", **made).finish()  # type: ignore[arg-type]
    at = len(head)
    for name, about, expect, changed, passphrase, purpose in (
        ("good", "two parts", "accepted", whole, b"passphrase", "backup"),
        ("good-empty", "no contents at all", "accepted", head + empty, b"passphrase", "backup"),
        ("nothing", "an empty file", "malformed", b"", b"passphrase", "backup"),
        ("other-magic", "another first byte", "malformed", flip(whole, 0), b"passphrase", "backup"),
        ("other-version", "a later version", "malformed", flip(whole, len(sealed_stream.MAGIC), 1), b"passphrase", "backup"),
        ("key-cut", "it ends within its key", "damaged", head[:-9], b"passphrase", "backup"),
        ("key-bit", "a bit of its key is changed", "damaged", flip(whole, at - 40), b"passphrase", "backup"),
        ("wrong-passphrase", "another passphrase", "wrong passphrase", whole, b"Passphrase", "backup"),
        ("wrong-purpose", "another kind of file was expected", "wrong purpose", whole, b"passphrase", "node"),
        ("head-alone", "no part", "damaged", head, b"passphrase", "backup"),
        ("cut-between-parts", "the last part is missing", "damaged", head + first, b"passphrase", "backup"),
        ("cut", "the last byte is missing", "damaged", whole[:-1], b"passphrase", "backup"),
        ("first-part-missing", "the first part is missing", "damaged", head + last, b"passphrase", "backup"),
        ("parts-swapped", "the parts changed places", "damaged", head + last + first, b"passphrase", "backup"),
        ("part-twice", "the first part stands twice", "damaged", head + first + first + last, b"passphrase", "backup"),
        ("trailing-byte", "a byte follows", "damaged", whole + b"\0", b"passphrase", "backup"),
        ("part-bit", "a bit of a part is changed", "damaged", flip(whole, at + 9), b"passphrase", "backup"),
        ("tag-bit", "a bit of the last tag is changed", "damaged", flip(whole, len(whole) - 1), b"passphrase", "backup"),
    ):
        yield f"stream-{name}", file(about, "stream", expect, changed, passphrase=passphrase, purpose=purpose)

    rings: dict[str, Any] = {
        "officer": keyring.OfficerKeyring("ARC", "duty", 3, seed("officer", 64)),
        "root": keyring.RootKeyring("ARC", 2, seed("root", 64)),
        "reserve": keyring.ReserveKeyring("ARC", {CHANNEL.hex(): keyring.ReserveSeeds(2, seed("r 1", 32), seed("r 2", 32))}),
        "token": TokenKeyring(
            "ARC", "duty", 3, hybrid("officer", KeyRole.OFFICER).public.ed25519_raw, seed("lattice", 32), "0123", bytes(16), "12 34"
        ),
    }  # fmt: skip
    witness = WitnessKeyring("witness.example/1", seed("w 1", 32), seed("w 2", 32)).encode()
    for name, about, expect, changed in (
        ("good", "a witness's keyring", "accepted", witness),
        ("unknown-name", "a name that is not known", "malformed", witness.replace(b'"name"', b'"colour":"red","name"')),
        ("other-kind", "a node's", "malformed", witness.replace(b'"kind":"witness"', b'"kind":"node"')),
        ("space", "a space in its name", "broken rule", witness.replace(b"witness.example/1", b"witness example")),
        (
            "seed-twice",
            "both seeds are one",
            "broken rule",
            witness.replace(seed("w 2", 32).hex().encode(), seed("w 1", 32).hex().encode()),
        ),
        ("short-seed", "a seed of 31 bytes", "broken rule", witness.replace(seed("w 2", 32).hex().encode(), bytes(31).hex().encode())),
    ):
        yield f"keyring-witness-{name}", file(about, "keyring", expect, changed, kind="witness")
    whole = keyring.NodeKeyring.generate("ARC", lambda length: seed(f"divided {length}", length))
    halves = {
        NODE_JOB: TokenHalf(hybrid("half 1", KeyRole.NODE).public.ed25519_raw, bytes(16)),
        mirror_job(CHANNEL.hex()): TokenHalf(hybrid("half 2", KeyRole.NODE).public.ed25519_raw, bytes([1]) * 16),
    }
    divided = DividedNodeKeyring(whole, "0123", "12 34", halves).encode()
    one, two = (half.ed25519.hex().encode() for half in halves.values())
    for name, about, expect, changed in (
        ("good", "a node's keyring, halves of it in a token", "accepted", divided),
        ("unknown-name", "a name that is not known", "malformed", divided.replace(b'"pin"', b'"colour":"red","pin"')),
        ("other-kind", "a node's without a token", "malformed", divided.replace(b'"kind":"node-token"', b'"kind":"node"')),
        ("ring-cut", "the keyring in it lacks a byte", "malformed", divided.replace(whole.encode().hex().encode(), whole.encode().hex()[:-2].encode())),
        ("key-twice", "one key of the token has two jobs", "broken rule", divided.replace(two, one)),
        ("id-twice", "one id of the token has two jobs", "broken rule", divided.replace(b"01" * 16, b"00" * 16)),
        ("no-node", "the token has no half of the node's key", "broken rule", divided.replace(f'"{NODE_JOB}":'.encode(), b'"nodes":')),
        ("no-pin", "an empty PIN", "broken rule", divided.replace(b'"pin":"12 34"', b'"pin":""')),
        ("small-order", "a half that is the neutral element", "bad key", divided.replace(one, point(1).hex().encode())),
    ):
        yield f"keyring-node-token-{name}", file(about, "keyring", expect, changed, kind="node-token")
    for kind, ring in rings.items():
        plain = ring.encode()
        secret = {"officer": b'"seed"', "root": b'"seed"', "reserve": b'"log_mldsa44"', "token": b'"mldsa65_seed"'}[kind]
        cases = [
            ("good", f"the keyring of the kind {kind}", "accepted", plain),
            ("cut", "the last byte is missing", "malformed", plain[:-1]),
            ("unknown-name", "a name that is not known", "malformed", plain.replace(b'"party"', b'"colour":"red","party"')),
            ("space", "a space behind it", "malformed", plain + b" "),
            ("other-kind", "a node's", "malformed", plain.replace(f'"kind":"{kind}"'.encode(), b'"kind":"node"')),
            ("no-party", "a short name in small letters", "broken rule", plain.replace(b'"ARC"', b'"arc"')),
            ("no-seed", "its seed is missing", "malformed", plain.replace(secret, b'"sead"')),
        ]
        if kind == "root":
            cases.append(("number", "root 0", "broken rule", plain.replace(b'"index":2', b'"index":0')))
        elif kind != "reserve":
            cases.append(("number", "person 0", "broken rule", plain.replace(b'"number":3', b'"number":0')))
            cases.append(("name", "a name with a capital", "broken rule", plain.replace(b'"duty"', b'"Duty"')))
        for name, about, expect, changed in cases:
            yield f"keyring-{kind}-{name}", file(about, "keyring", expect, changed, kind=kind)


def people_vectors() -> Iterator[tuple[str, bytes]]:
    """What admins may sign, and for which desks a passkey may be."""
    admin, duty, senior = person(1, "admin"), person(2, "duty"), person(3, "senior")
    before = roster(people=(admin, duty))
    text = render(before)
    yield "roster-good-admin", file("a roster with an admin", "roster", "accepted", text)
    der = tls_identity.certificate(seed("tls 2", 32), "ARC")

    def after(**changes: Any) -> bytes:
        return render(replace(before, version=2, previous=sha256(text).digest(), **changes))

    later = START_MS + 2 * YEAR_MS
    for name, about, changed in (
        ("good-added", "an officer more", after(people=(admin, duty, senior))),
        ("good-left", "an officer fewer", after(people=(admin,))),
        ("good-role", "an officer has another role", after(people=(admin, replace(duty, roles=("release",))))),
        ("good-nothing", "nothing else", after()),
        ("admin-added", "an admin more", after(people=(admin, duty, person(4, "admin")))),
        ("admin-left", "the admin is gone", after(people=(duty,))),
        ("admin-longer", "the admin is valid for longer", after(people=(replace(admin, valid_until_ms=later), duty))),
        ("made-admin", "an officer is an admin now", after(people=(admin, replace(duty, roles=("duty", "admin"))))),
        ("validity", "the roster is valid for longer", after(valid_until_ms=later)),
        ("node", "another node's key", after(node=hybrid("node 2", KeyRole.NODE).public)),
        ("sealing", "another sealing key", after(sealing=SealingPrivateKey.from_seed(seed("sealing 2", 96)).public)),
        ("mirror", "another mirror", after(mirror=pair("mirror 2"))),
        ("tls", "another certificate", after(tls=(der,))),
        ("next-log", "another next log", after(next_log=pair("next log 2"))),
        ("epoch", "the next log takes over", after(epoch=2, next_epoch=3, log=before.next_log, next_log=pair("third log"))),
    ):
        expect = "accepted" if name.startswith("good") else "not a successor"
        yield f"people-{name}", file(about, "succession by admins", expect, changed, previous="roster-good-admin")

    key = NoteSigner("x", NoteKeyType.ED25519, seed("passkey 1", 32)).verifier.raw

    def at(desk: str, origin: str) -> bytes:
        made = Passkey(1, seed("credential 1", 20), from_point(EDDSA, key), desk, origin)
        return render(roster(people=(replace(duty, passkeys=(made,)),)))

    home = at("localhost", "http://localhost:8443")
    for name, about, expect, changed, domain, demonstration in (
        ("good", "a desk below the domain", "accepted", at("desk.arc.example", "https://desk.arc.example"), "arc.example", "no"),
        ("good-domain", "the domain itself", "accepted", at("arc.example", "https://arc.example"), "arc.example", "no"),
        ("good-localhost", "this machine, in a demonstration", "accepted", home, "arc.example", "yes"),
        ("localhost", "this machine, where statements are meant", "broken rule", home, "arc.example", "no"),
        ("other-domain", "a desk of somebody else", "broken rule", at("desk.bor.example", "https://desk.bor.example"), "arc.example", "no"),
        ("above", "the domain above", "broken rule", at("arc.example", "https://arc.example"), "mfa.arc.example", "no"),
        ("suffix", "a name that only ends like the domain", "broken rule", at("evilarc.example", "https://evilarc.example"), "arc.example", "no"),
    ):
        values = {"domain": domain, "demonstration": demonstration}
        yield f"desk-{name}", file(about, "roster of a desk", expect, changed, **values)


def root_text_vectors() -> Iterator[tuple[str, bytes]]:
    """The second version of a party's roots, after the set that the agreement has."""
    one, two, three, four = (hybrid(f"root {number}", KeyRole.ROOT).public for number in (1, 2, 3, 4))
    chain = RootChain.first("ARC", CHANNEL, RootSet(2, (one, two, three)))
    good = RootSetVersion(
        "ARC",
        CHANNEL,
        2,
        START_MS + YEAR_MS,
        sha256(render_roots(chain.newest)).digest(),
        1,
        RootSet(2, (one, two, four), (1, 2, 4)),
    )
    text = render_roots(good)
    strong = tuple(hybrid(f"root {number}", KeyRole.ROOT, SUITE_2).public for number in (4, 5, 6))

    def after(keys: tuple[HybridPublicKey, ...], numbers: tuple[int, ...], threshold: int = 2) -> bytes:
        return render_roots(replace(good, roots=RootSet(threshold, keys, numbers)))

    def shown(key: HybridPublicKey) -> bytes:
        return base64.b64encode(key.raw)

    small = unchecked(four, raw=point(1) + four.raw[32:])
    bad = text.replace(shown(four), base64.b64encode(small.raw)).replace(four.key_id.hex().encode(), small.key_id.hex().encode())
    for name, about, expect, changed in (
        ("good", "root 4 in the place of root 3", "accepted", text),
        ("good-same", "the same roots, for longer", "accepted", after((one, two, three), (1, 2, 3))),
        ("good-threshold", "three of three", "accepted", after((one, two, three), (1, 2, 3), 3)),
        ("empty", "nothing", "malformed", b""),
        ("no-last-newline", "the last line feed is missing", "malformed", text[:-1]),
        ("other-format", "a later format", "malformed", text.replace(b"hotline/1/root-set", b"hotline/2/root-set")),
        ("unknown-name", "a name that is not known", "malformed", text.replace(b"version = 2", b"version = 2\ncolour = 1")),
        ("extra-space", "two spaces after the equals sign", "malformed", text.replace(b"version = 2", b"version =  2")),
        ("comment-changed", "a comment names another key id", "malformed", text.replace(four.key_id.hex().encode(), b"0" * 64)),
        ("previous-missing", "it names no version before it", "malformed", b"\n".join(line for line in text.split(b"\n") if not line.startswith(b"previous"))),
        ("key-stray", "a stray character in base64", "malformed", text.replace(shown(four), b"." + shown(four)[1:])),
        ("key-small-order", "a root's Ed25519 half is 1", "bad key", bad),
        ("no-root", "no root at all", "broken rule", text[: text.index(b"\n[[root]]")]),
        ("threshold-zero", "nobody would have to sign", "broken rule", text.replace(b"threshold = 2", b"threshold = 0")),
        ("threshold-above", "four of three", "broken rule", text.replace(b"threshold = 2", b"threshold = 4")),
        ("party-lower-case", "a party in small letters", "broken rule", text.replace(b'party = "ARC"', b'party = "arc"').replace(b"roots of ARC", b"roots of arc")),
        ("key-twice", "one key is two roots", "key reused", text.replace(shown(four), shown(two)).replace(four.key_id.hex().encode(), two.key_id.hex().encode())),
        ("retired-key", "the key of root 3 as root 4", "key reused", after((one, two, three), (1, 2, 4))),
        ("suite-mixed", "root 4 is of the second suite", "other suite", text.replace(shown(four), shown(strong[0])).replace(four.key_id.hex().encode(), strong[0].key_id.hex().encode())),
        ("suite-other", "all roots are of the second suite", "other suite", after(strong, (4, 5, 6))),
        ("version-skipped", "version 3 follows 1", "not a successor", render_roots(replace(good, version=3))),
        ("other-previous", "it names another text", "not a successor", render_roots(replace(good, previous=bytes(32)))),
        ("other-party", "the other party's", "not a successor", render_roots(replace(good, party="BOR"))),
        ("other-channel", "of another channel", "not a successor", render_roots(replace(good, channel=bytes(32)))),
    ):
        values = {"party": "ARC", "channel": CHANNEL, "threshold": 2, "key": [one.raw, two.raw, three.raw]}
        yield f"roots-{name}", file(about, "root set text", expect, changed, **values)


def suite_vectors() -> Iterator[tuple[str, bytes]]:
    """The second suite, and everything that is of the one where the other belongs."""
    yield from suite_seal_vectors()
    yield from suite_signature_vectors()
    text_1, text_2 = render(roster()), render(roster(SUITE_2))
    line = f'suite = "{SUITE_2.name}"\n'.encode()
    one, two = roster().people[0], person(2, "senior", suite=SUITE_2)
    node_2 = hybrid("node", KeyRole.NODE, SUITE_2).public

    def mixed(good: Roster, **changes: Any) -> bytes:
        return render(unchecked(good, **changes))

    for name, about, expect, text in (
        ("good", "a roster", "accepted", text_2),
        (
            "person",
            "an officer's key is of it, all others of the first",
            "other suite",
            mixed(roster(), people=(one, two)),
        ),
        ("person-of-first", "an officer's key is of the first", "other suite", mixed(roster(SUITE_2), people=(one,))),
        ("sealing", "the sealing key is of it", "other suite", mixed(roster(), sealing=sealing(SUITE_2).public)),
        (
            "sealing-of-first",
            "the sealing key is of the first",
            "other suite",
            mixed(roster(SUITE_2), sealing=sealing().public),
        ),
        (
            "node",
            "the node's key is of it, and no line says so",
            "other suite",
            mixed(roster(), node=node_2).replace(line, b"").replace(b"hotline/2/", b"hotline/1/"),
        ),
        ("not-named", "the line that names it is missing", "other suite", text_2.replace(line, b"")),
        ("first-named", "the line names the first", "other suite", text_2.replace(b"-87", b"-65")),
        ("unknown", "the line names one that there is not", "other suite", text_2.replace(b"-87", b"-88")),
        ("format-1", "format 1 has no such line", "malformed", text_2.replace(b"hotline/2/", b"hotline/1/")),
        (
            "first-spelt-out",
            "the first suite is not named",
            "malformed",
            text_1.replace(b'1/roster"\n', f'2/roster"\nsuite = "{SUITE_1.name}"\n'.encode()),
        ),
    ):
        yield f"roster-suite-2-{name}", file(about, "roster", expect, text)

    following = render(roster(SUITE_2, version=2, previous=sha256(text_1).digest()))
    about = "version 2 is of the second suite"
    yield "succession-suite-2", file(about, "succession", "not a successor", following, previous="roster-good")
    for name, of, text in (
        ("suite-2-good", SUITE_2, text_2),
        ("suite-1", SUITE_2, text_1),
        ("suite-2", SUITE_1, text_2),
    ):
        expect = "accepted" if name.endswith("good") else "other suite"
        key = hybrid("root 1", KeyRole.ROOT, of).public.raw
        about = f"the roots are of {of.name}"
        yield f"roster-of-roots-{name}", file(about, "roster of roots", expect, text, threshold=1, key=[key])


def suite_seal_vectors() -> Iterator[tuple[str, bytes]]:
    """P-384, sealing keys, wraps and keyrings of the second suite."""
    key = sealing(SUITE_2)
    raw, curve = key.public.raw, key.public.curve_raw
    low_x, low_y = next((x, y) for x in range(100) if (y := p384_y(x)) is not None)
    twice = b"\4" + (P384_PRIME + low_x).to_bytes(48, "big") + low_y.to_bytes(48, "big")
    points: tuple[tuple[str, str, bytes], ...] = (
        ("good", "an honest key", curve),
        ("beside-the-curve", "y is one more", curve[:-1] + bytes([curve[-1] ^ 1])),
        ("compressed", "x alone, with the sign of y", bytes([2 + (curve[-1] & 1)]) + curve[1:49]),
        ("hybrid-form", "both coordinates and the sign of y", bytes([6 + (curve[-1] & 1)]) + curve[1:]),
        ("infinity", "one byte 0", b"\0"),
        ("origin", "x and y are 0", b"\4" + bytes(96)),
        ("second-spelling", "a point of small x, with the prime added to it", twice),
        ("short", "a byte is missing", curve[:-1]),
    )
    for name, about, changed in points:
        expect = "accepted" if name == "good" else "bad key"
        yield f"p384-{name}", file(about, "p384 key", expect, key=changed)
    for name, about, changed in (
        ("good", "an honest key", raw),
        ("coefficients", "coefficients above 3,328", b"\xff" * 1568 + curve),
        ("beside-the-curve", "the P-384 half is no point", raw[:-1] + bytes([raw[-1] ^ 1])),
        ("short", "one byte is missing", raw[:-1]),
        ("halves-swapped", "P-384 stands first", curve + raw[:1568]),
        ("curve-of-first", "X25519 stands where P-384 belongs", raw[:1568] + sealing().public.curve_raw),
    ):
        expect = "accepted" if name == "good" else "bad key"
        yield f"sealing-key-suite-2-{name}", file(about, "sealing key", expect, key=changed)

    wrap, first = key.public.wrap(seed("secret", 32), b"info"), sealing().public.wrap(seed("secret", 32), b"info")
    for name, about, ciphertext, info in (
        ("good", "it opens", wrap, b"info"),
        ("other-info", "it was bound to something else", wrap, b"other"),
        ("mlkem1024-bit", "a bit of the first encapsulated key is changed", flip(wrap, 5), b"info"),
        ("p384-bit", "a bit of the second encapsulated key is changed", flip(wrap, 1600), b"info"),
        ("ciphertext-bit", "a bit of the secret is changed", flip(wrap, 1670), b"info"),
        ("tag-bit", "a bit of the tag is changed", flip(wrap, len(wrap) - 1), b"info"),
        ("short", "a byte is missing", wrap[:-1], b"info"),
        ("of-first", "it is of the first suite", first, b"info"),
    ):
        expect = "accepted" if name == "good" else "not opened"
        values = {"suite": SUITE_2.name, "seed": seed("sealing", 112), "info": info, "ciphertext": ciphertext}
        yield f"wrap-suite-2-{name}", file(about, "wrap", expect, hedged=True, **values)
    values = {"seed": seed("sealing", 96), "info": b"info", "ciphertext": wrap}
    yield "wrap-suite-2-to-first", file("to a key of the first suite", "wrap", "not opened", hedged=True, **values)

    ring = keyring.NodeKeyring.generate("ARC", lambda length: seed(f"ring {length}", length), suite=SUITE_2)
    plain, name_2 = ring.encode(), SUITE_2.name.encode()
    for name, about, expect, changed in (
        ("good", "a node's keyring", "accepted", plain),
        ("unknown", "a suite that there is not", "malformed", plain.replace(name_2, b"ed25519+ml-dsa-88")),
        (
            "first-named",
            "its seeds are of the second, the name is the first's",
            "broken rule",
            plain.replace(name_2, SUITE_1.name.encode()),
        ),
        (
            "not-named",
            "its seeds are of the second, and nothing says so",
            "broken rule",
            plain.replace(b'"suite":"' + name_2 + b'",', b""),
        ),
    ):
        yield f"keyring-suite-2-{name}", file(about, "keyring", expect, changed, kind="node")


def suite_signature_vectors() -> Iterator[tuple[str, bytes]]:
    """Hybrid keys, signatures and quorums of the second suite."""
    one, first = hybrid("root 1", KeyRole.ROOT, SUITE_2), hybrid("root 1", KeyRole.ROOT)
    raw = one.public.raw
    yield (
        "hybrid-key-suite-2-small-order",
        file("Ed25519 half is 1", "hybrid key", "bad key", role="root", key=point(1) + raw[32:]),
    )
    yield "hybrid-key-suite-2-short", file("one byte is missing", "hybrid key", "bad key", role="root", key=raw[:-1])
    good: dict[str, Any] = {
        "purpose": "statement",
        "channel": CHANNEL,
        "author": "ARC",
        "message": b"what the root signed",
    }
    signature, of_first = one.sign(**good), first.sign(**good)
    other = hybrid("root 2", KeyRole.ROOT, SUITE_2).sign(**good)
    for name, about, change in (
        ("good", "both halves verify", {}),
        ("ed25519-bit", "a bit of the Ed25519 half is changed", {"signature": flip(signature, 3)}),
        ("mldsa87-bit", "a bit of the ML-DSA-87 half is changed", {"signature": flip(signature, 99)}),
        ("mldsa87-of-another", "the ML-DSA-87 half is another root's", {"signature": signature[:64] + other[64:]}),
        ("ed25519-only", "the ML-DSA-87 half is missing", {"signature": signature[:64]}),
        ("mldsa87-only", "the Ed25519 half is missing", {"signature": signature[64:]}),
        ("trailing-byte", "a byte follows", {"signature": signature + b"\0"}),
        ("other-purpose", "it was made for another purpose", {"purpose": "beat"}),
        ("of-first", "it is of the first suite, by a key of the same seed", {"signature": of_first}),
        (
            "ed25519-of-first",
            "the Ed25519 half was made for the first suite",
            {"signature": of_first[:64] + signature[64:]},
        ),
        ("under-first", "it is under the key of the first suite", {"key": first.public.raw}),
    ):
        values = {"role": "root", "key": raw, **good, "signature": signature, **change}
        expect = "bad signature" if change else "accepted"
        yield f"hybrid-signature-suite-2-{name}", file(about, "hybrid signature", expect, hedged=True, **values)

    roots = [hybrid(f"root {number}", KeyRole.ROOT, SUITE_2) for number in (1, 2, 3)]
    keys = [root.public.raw for root in roots]
    made = [f"{number} {root.sign(**good).hex()}" for number, root in enumerate(roots, 1)]
    second = hybrid("root 2", KeyRole.ROOT).sign(**good).hex()
    for name, about, expect, lines in (
        ("good", "two of three have signed", "accepted", [made[2], made[0]]),
        ("one-of-first", "the second has signed with a key of the first suite", "no quorum", [made[0], f"2 {second}"]),
    ):
        values = {"threshold": 2, "key": keys, **good, "signature": lines}
        yield f"quorum-suite-2-{name}", file(about, "quorum", expect, hedged=True, **values)
    about = "one root's key is of the first suite"
    yield "root-set-suite-2-mixed", file(about, "root set", "other suite", threshold=1, key=[*keys, first.public.raw])


def vectors() -> Iterator[tuple[str, bytes]]:
    """All of them, name and contents."""
    for family in (gate_vectors, signature_vectors, note_vectors, seal_vectors, roster_vectors, file_vectors, people_vectors, root_text_vectors, suite_vectors):
        yield from family()


def main(everything: bool) -> None:
    """Write the files; hedged ones only if they are missing, since they differ each time."""
    DIRECTORY.mkdir(exist_ok=True)
    names = set()
    for name, contents in vectors():
        path = DIRECTORY / f"{name}.txt"
        names.add(path.name)
        if everything or not path.exists() or b"\nhedged: yes\n" not in contents:
            path.write_bytes(contents)
    for path in DIRECTORY.glob("*.txt"):
        if path.name not in names:
            path.unlink()


if __name__ == "__main__":
    main("--all" in sys.argv[1:])
