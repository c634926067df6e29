"""Make the vectors of what is signed outside of entries: `python -m tests.protocol.make_signed_vectors`.

Run it from the root. Signatures hold chance, so a file that is there is left as it is; with `--all` all are made anew.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

from keys.hybrid import HybridPrivateKey
from keys.note_key import NoteKeyType, NoteSigner
from keys.preimage import NO_CHANNEL
from keys.roles import KeyRole
from keys.suite import SUITE_2
from nodes.login import PURPOSE as LOGIN
from nodes.login import sign_login
from protocol import accusation, canonical, frames, handshake
from protocol import beat as beats
from protocol.accusation import FORK, ROLLBACK, Accusation
from protocol.agreement import Agreement
from protocol.beat import Beat
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.cosignature import add_cosignatures, cosign
from protocol.fork import Fork, RootsDiffer
from protocol.frames import FrameType
from protocol.handshake import Tie
from protocol.party_keys import render_policy
from protocol.succession import Succession
from tests.builders import START_MS, hybrid
from tests.forger import Forger
from tests.lines import line_keys
from tests.protocol import test_accusation as shown
from tests.protocol.make_entry_vectors import flip
from tests.protocol.make_record_vectors import journal_vectors, witness_vectors
from tests.protocol.statement_samples import full_agreement, roots, sample_agreement, second_suite_agreement, seed
from tests.protocol.statement_vectors import ACCEPTED, VECTORS, Vector

CHANNEL = sha256(b"channel").digest()
NODE = hybrid("ARC", KeyRole.NODE)
PINS = {"ARC": sha256(b"arc tls").digest(), "BOR": sha256(b"bor tls").digest()}
DIALS = Tie(dialled=True, own_pin=PINS["ARC"], their_pin=PINS["BOR"], nonce=bytes(32))
LISTENS = Tie(dialled=False, own_pin=PINS["BOR"], their_pin=PINS["ARC"], nonce=bytes([1]) * 32)
ARC_HELLO = handshake.hello(channel=CHANNEL, party="ARC", tie=DIALS)
BOR_HELLO = handshake.hello(channel=CHANNEL, party="BOR", tie=LISTENS)
BAD = "bad signature"


def vectors() -> Iterator[tuple[str, Vector]]:
    """All of them, with the folder of each."""
    for folder, makers in {
        "session": (handshake_vectors, state_vectors, beat_vectors, login_vectors),
        "succession": (succession_vectors,),
        "evidence": (evidence_vectors,),
        "amendment": (amendment_vectors,),
        "journal": (journal_vectors,),
        "witness": (witness_vectors,),
    }.items():
        for maker in makers:
            for vector in maker():
                yield folder, vector


def _session(**changes: Any) -> dict[str, tuple[str, ...]]:
    """What BOR, which listens, knows of a session with ARC, which dials."""
    values: dict[str, Any] = {
        "key": NODE.public.raw,
        "channel": CHANNEL,
        "party": "ARC",
        "reader": "listens",
        "own-pin": PINS["BOR"],
        "their-pin": PINS["ARC"],
        "version": 1,
        "own-hello": BOR_HELLO,
        "their-hello": ARC_HELLO,
        **changes,
    }
    return {name: (value.hex() if isinstance(value, bytes) else str(value),) for name, value in values.items()}


def _arc(**changes: Any) -> dict[str, Any]:
    """What ARC signs by."""
    view: dict[str, Any] = {
        "signer": NODE,
        "channel": CHANNEL,
        "party": "ARC",
        "tie": DIALS,
        "version": 1,
        "own_hello": ARC_HELLO,
        "their_hello": BOR_HELLO,
    }
    return {**view, **changes}


def _proof(**changes: Any) -> bytes:
    return bytes(frames.parse(handshake.prove(**_arc(**changes)))["signature"])


def handshake_vectors() -> Iterator[Vector]:
    """ARC's signature over a session, as BOR checks it."""
    good, other_hello = (
        _proof(),
        handshake.hello(channel=CHANNEL, party="ARC", tie=replace(DIALS, nonce=bytes([7]) * 32)),
    )
    strong, bor = hybrid("ARC", KeyRole.NODE, SUITE_2), hybrid("BOR", KeyRole.NODE)
    mine = _proof(signer=bor, party="BOR", tie=LISTENS, own_hello=BOR_HELLO, their_hello=ARC_HELLO)
    statement = NODE.sign("statement", channel=CHANNEL, author="ARC", message=b"text")
    cases: dict[str, tuple[str, str, bytes, dict[str, Any]]] = {
        "good": ("nothing", ACCEPTED, good, {}),
        "suite-2-good": (
            "nothing, under the second suite",
            ACCEPTED,
            _proof(signer=strong),
            {"key": strong.public.raw},
        ),
        "ed25519-bit": ("a bit of the Ed25519 half", BAD, flip(good, 3), {}),
        "mldsa65-bit": ("a bit of the ML-DSA-65 half", BAD, flip(good, -9), {}),
        "cut": ("the last byte left out", BAD, good[:-1], {}),
        "other-key": ("by another node's key", BAD, _proof(signer=hybrid("CAR", KeyRole.NODE)), {}),
        "other-channel": ("made on another channel", BAD, _proof(channel=bytes(32)), {}),
        "other-party": ("made in the reader's name", BAD, _proof(party="BOR"), {}),
        "other-side": ("made by the side that listens", BAD, _proof(tie=replace(DIALS, dialled=False)), {}),
        "other-own-pin": ("over another TLS key of ARC", BAD, _proof(tie=replace(DIALS, own_pin=bytes(32))), {}),
        "other-their-pin": ("over another TLS key of BOR", BAD, _proof(tie=replace(DIALS, their_pin=bytes(32))), {}),
        "other-version": ("for another version", BAD, _proof(version=2), {}),
        "other-own-hello": ("over another hello of ARC", BAD, _proof(own_hello=other_hello), {}),
        "other-their-hello": ("over another hello of BOR", BAD, _proof(their_hello=other_hello), {}),
        "reflected": ("the reader's own signature", BAD, mine, {}),
        "reflected-under-own-key": (
            "the reader's own, checked by its own key",
            BAD,
            mine,
            {"key": bor.public.raw, "party": "BOR"},
        ),
        "statement": ("a signature for a statement", BAD, statement, {}),
        "suite-other": (
            "of the first suite, where the roster has a key of the second",
            BAD,
            good,
            {"key": strong.public.raw},
        ),
        "suite-other-second": ("of the second suite, where it has one of the first", BAD, _proof(signer=strong), {}),
    }
    for name, (what, expect, signature, changes) in cases.items():
        more = _session(**changes)
        yield Vector(name=f"handshake-{name}", what=what, form="handshake", expect=expect, more=more, data=signature)


def state_vectors() -> Iterator[Vector]:
    """ARC's state, signed for a session."""
    items: dict[str, Any] = {
        "own_note": b"a note",
        "held_note": None,
        "newest_note": None,
        "cosigned_note": None,
        "held_size": 7,
    }
    good = handshake.vouch(**_arc(), items=items)
    signature = frames.parse(good)["signature"]
    strong = hybrid("ARC", KeyRole.NODE, SUITE_2)

    def with_items(**changes: Any) -> bytes:
        return frames.encode(FrameType.STATE, **{**items, "signature": signature, **changes})

    proof = _proof()
    cases: dict[str, tuple[str, str, bytes, dict[str, Any]]] = {
        "good": ("nothing", ACCEPTED, good, {}),
        "suite-2-good": (
            "nothing, under the second suite",
            ACCEPTED,
            handshake.vouch(**_arc(signer=strong), items=items),
            {"key": strong.public.raw},
        ),
        "size": ("another size held", BAD, with_items(held_size=8), {}),
        "note": ("another own note", BAD, with_items(own_note=b"another"), {}),
        "note-left-out": ("the own note left out", BAD, with_items(own_note=None), {}),
        "note-moved": ("the own note as the one held", BAD, with_items(own_note=None, held_note=b"a note"), {}),
        "bit": ("a bit of the signature", BAD, with_items(signature=flip(signature, 70)), {}),
        "handshake": ("the signature of the handshake", BAD, with_items(signature=proof), {}),
        "other-session": ("of another session", BAD, good, {"own-hello": ARC_HELLO}),
        "other-channel": ("of another channel", BAD, good, {"channel": bytes(32)}),
        "suite-other": (
            "of the first suite, where the roster has a key of the second",
            BAD,
            good,
            {"key": strong.public.raw},
        ),
    }
    for name, (what, expect, frame, changes) in cases.items():
        yield Vector(name=f"state-{name}", what=what, form="state", expect=expect, more=_session(**changes), data=frame)


def beat_vectors() -> Iterator[Vector]:
    """A heartbeat of ARC."""
    root = sha256(b"root").digest()
    beat = Beat(
        channel=CHANNEL,
        party="ARC",
        session=root,
        number=3,
        at_ms=START_MS,
        ahead_ms=0,
        own=(5, root),
        held=(7, root),
        quoted=5,
        heard=root,
        heard_at_ms=START_MS - 1000,
        docket=(5, 7, root),
        cosignatures=b"lines",
    )
    good, signature = beats.sign(beat, NODE)
    strong = hybrid("ARC", KeyRole.NODE, SUITE_2)

    def signed(data: bytes, key: HybridPrivateKey = NODE, purpose: str = beats.PURPOSE) -> bytes:
        return key.sign(purpose, channel=CHANNEL, author="ARC", message=data)

    def changed(name: str, value: object) -> bytes:
        found: Any = canonical.decode(good, bytes_max=16_384)
        return canonical.encode({**found, name: value})

    late, of_bor = replace(beat, number=4).encode(), replace(beat, party="BOR").encode()
    longer = canonical.encode({**canonical.decode(good, bytes_max=16_384), "mood": "good"})  # type: ignore[dict-item]
    cases: dict[str, tuple[str, str, str, bytes, bytes, dict[str, Any]]] = {
        "good": ("nothing", ACCEPTED, "", good, signature, {}),
        "suite-2-good": (
            "nothing, under the second suite",
            ACCEPTED,
            "",
            good,
            signed(good, strong),
            {"key": strong.public.raw},
        ),
        "other-beat": ("the signature of another beat", BAD, "", late, signature, {}),
        "bit": ("a bit of the signature", BAD, "", good, flip(signature, 9), {}),
        "cut": ("the signature lacks a byte", BAD, "", good, signature[:-1], {}),
        "statement": ("signed as a statement", BAD, "", good, signed(good, purpose="statement"), {}),
        "other-key": ("by another node's key", BAD, "", good, signed(good, hybrid("CAR", KeyRole.NODE)), {}),
        "other-channel": ("of another channel than the reader's", BAD, "", good, signature, {"channel": bytes(32)}),
        "other-party": ("of another party than the reader's counterpart", BAD, "", good, signature, {"party": "BOR"}),
        "suite-other": (
            "of the first suite, where the roster has a key of the second",
            BAD,
            "",
            good,
            signature,
            {"key": strong.public.raw},
        ),
        "names-another-party": (
            "signed, and it names the other party",
            "malformed",
            "bad-beat",
            of_bor,
            signed(of_bor),
            {},
        ),
        "item-more": ("signed, with one item more", "malformed", "bad-beat", longer, signed(longer), {}),
        "no-beat": ("signed, and no beat", "malformed", "bad-beat", b"\x80", signed(b"\x80"), {}),
        "version": (
            "signed, of a later version",
            "malformed",
            "bad-beat",
            changed("version", 9),
            signed(changed("version", 9)),
            {},
        ),
        "number-negative": (
            "signed, with a number below zero",
            "malformed",
            "bad-beat",
            changed("number", -1),
            signed(changed("number", -1)),
            {},
        ),
        "session-short": (
            "signed, with a session of 31 bytes",
            "malformed",
            "bad-beat",
            changed("session", bytes(31)),
            signed(changed("session", bytes(31))),
            {},
        ),
    }
    for name, (what, expect, code, data, value, changes) in cases.items():
        given = {"key": NODE.public.raw, "channel": CHANNEL, "party": "ARC", "signature": value, **changes}
        more = {key: (one.hex() if isinstance(one, bytes) else str(one),) for key, one in given.items()}
        yield Vector(name=f"beat-{name}", what=what, form="beat", expect=expect, code=code, more=more, data=data)


def login_vectors() -> Iterator[Vector]:
    """An officer's answer to the challenge of their node."""
    key, challenge = hybrid("ARC 1", KeyRole.OFFICER), bytes(range(32))
    strong = hybrid("ARC 1", KeyRole.OFFICER, SUITE_2)

    def answer(of: HybridPrivateKey = key, given: bytes = challenge, party: str = "ARC", person: int = 1) -> bytes:
        return sign_login(given, party=party, person=person, signer=of)

    bare = key.sign(LOGIN, channel=NO_CHANNEL, author="ARC", message=challenge)
    said = key.sign("statement", channel=NO_CHANNEL, author="ARC", message=challenge)
    cases: dict[str, tuple[str, str, bytes, HybridPrivateKey]] = {
        "good": ("nothing", ACCEPTED, answer(), key),
        "suite-2-good": ("nothing, under the second suite", ACCEPTED, answer(strong), strong),
        "other-challenge": ("to another challenge", BAD, answer(given=bytes(32)), key),
        "other-person": ("in another person's name", BAD, answer(person=2), key),
        "other-party": ("at another party's node", BAD, answer(party="BOR"), key),
        "other-key": ("by another person's key", BAD, answer(hybrid("ARC 2", KeyRole.OFFICER)), key),
        "challenge-alone": ("over the challenge alone", BAD, bare, key),
        "statement": ("signed as a statement", BAD, said, key),
        "bit": ("a bit of the signature", BAD, flip(answer(), 100), key),
        "suite-other": ("of the first suite, where the roster has a key of the second", BAD, answer(), strong),
    }
    for name, (what, expect, data, listed) in cases.items():
        more = {
            "key": (listed.public.raw.hex(),),
            "party": ("ARC",),
            "person": ("1",),
            "challenge": (challenge.hex(),),
        }
        yield Vector(name=f"login-{name}", what=what, form="login", expect=expect, more=more, data=data)


def _ended(size: int = 3, agreement: Agreement | None = None, epoch: int = 1) -> bytes:
    """The note under which a log of ARC ends."""
    origin = (sample_agreement() if agreement is None else agreement).origin("ARC", epoch)
    log = [NoteSigner(origin, kind, seed(f"ended {kind}", 32)) for kind in (NoteKeyType.ED25519, NoteKeyType.MLDSA44)]
    mirror = [
        NoteSigner("bor.example/mirror", kind, seed(f"mirror {kind}", 32))
        for kind in (NoteKeyType.COSIGNATURE, NoteKeyType.MLDSA44)
    ]
    checkpoint = Checkpoint(origin, size, seed("ended root", 32) if size else sha256(b"").digest())
    return add_cosignatures(sign_checkpoint(checkpoint, log, START_MS), cosign(checkpoint, mirror, START_MS))


def succession_vectors() -> Iterator[Vector]:
    """The document that ends a log, and what it has to be of."""
    agreement = sample_agreement()
    note = _ended(agreement=agreement)
    good = Succession("ARC", 2, "fork", note).encode()
    other = _ended(agreement=full_agreement())
    cases: dict[str, tuple[str, bytes, dict[str, Any]]] = {
        "empty": ("nothing at all", b"", {}),
        "too-long": ("more than 32 KiB", good + bytes(32_768), {}),
        "version": ("a later version", good.replace(b"succession 1", b"succession 2"), {}),
        "reason": ("a reason that there is not", good.replace(b"reason fork", b"reason boredom"), {}),
        "epoch-zero": ("epoch 0, which follows nothing", good.replace(b"epoch 2", b"epoch 0"), {}),
        "epoch-spelling": ("an epoch with a leading zero", good.replace(b"epoch 2", b"epoch 02"), {}),
        "party-small": ("a short name in small letters", good.replace(b"party ARC", b"party arc"), {}),
        "line-ends": ("carriage returns", good.replace(b"\n", b"\r\n"), {}),
        "order": ("two lines swapped", good.replace(b"party ARC\nepoch 2", b"epoch 2\nparty ARC"), {}),
        "line-more": ("one line more", good.replace(b"reason fork", b"reason fork\nmood grave"), {}),
        "trailing-newline": ("a line feed behind the note", good + b"\n", {}),
        "no-note": ("no note", good[: good.index(b"\n\n") + 2], {}),
        "note-cut": ("the note lacks its last byte", good[:-1], {}),
        "note-text": ("text in the place of a note", good[: good.index(b"\n\n") + 2] + b"no note\n", {}),
        "empty-log": (
            "it ends a log that has no entry",
            Succession("ARC", 2, "fork", _ended(0, agreement)).encode(),
            {"size": 0, "root": sha256(b"").digest()},
        ),
        "other-party": ("of the other party's log", good, {"party": "BOR"}),
        "other-epoch": ("another epoch was announced", good, {"epoch": 3}),
        "other-log": ("the note is of a log of another channel", Succession("ARC", 2, "fork", other).encode(), {}),
        "other-log-epoch": (
            "the note is of the log before the last",
            Succession("ARC", 2, "fork", _ended(agreement=agreement, epoch=0)).encode(),
            {},
        ),
        "other-size": ("another size counts", good, {"size": 2}),
        "other-root": ("another log at that size", good, {"root": bytes(32)}),
    }
    for reason in ("fork", "stolen-key", "tail-lost"):
        yield _succession(f"good-{reason}", "nothing", Succession("ARC", 2, reason, note).encode(), True, {})
    for name, (what, data, changes) in cases.items():
        yield _succession(name, what, data, False, changes)


def _succession(name: str, what: str, data: bytes, accepted: bool, changes: dict[str, Any]) -> Vector:
    given = {
        "agreement": "good-with-witness",
        "party": "ARC",
        "epoch": 2,
        "size": 3,
        "root": seed("ended root", 32),
        **changes,
    }
    more = {key: (one.hex() if isinstance(one, bytes) else str(one),) for key, one in given.items()}
    expect, code = (ACCEPTED, "") if accepted else ("refused", "succession-refused")
    return Vector(name=name, what=what, form="succession", expect=expect, code=code, more=more, data=data)


def evidence_vectors() -> Iterator[Vector]:
    """What accuses a key before anybody who knows the policy, and what accuses nobody."""
    arc, bor = line_keys("ARC").own, line_keys("BOR").own
    policy = render_policy(arc.log, bor.log, arc.mirror, bor.mirror, own="ARC", other="BOR")
    fork, rollback = shown.fork().encode(), shown.rollback()
    one = Forger("ARC", shown.log(5))

    def of(kind: str, **objects: bytes) -> bytes:
        made = shown.KINDS[kind]()
        return Accusation(made.kind, {**made.objects, **objects}).encode()

    def forked(first: bytes, second: bytes, *steps: Any) -> bytes:
        return Accusation(FORK, Fork(first, second, RootsDiffer(tuple(steps))).objects()).encode()

    for kind, make in shown.KINDS.items():
        yield Vector(
            name=f"good-{kind}",
            what="nothing",
            form="evidence",
            expect=ACCEPTED,
            more={"policy": (policy.hex(),)},
            data=make().encode(),
        )
    honest = shown.beat(5, 3)
    cases: dict[str, tuple[str, str, bytes]] = {
        "magic": ("evidence-malformed", "another first line", flip(fork, 0)),
        "version": ("evidence-malformed", "a later version", fork.replace(b"evidence/1", b"evidence/2")),
        "cut": ("evidence-malformed", "the last byte left out", fork[:-1]),
        "trailing-byte": ("evidence-malformed", "a byte behind it", fork + b"\0"),
        "kind-unknown": (
            "evidence-malformed",
            "a kind that there is not",
            accusation.MAGIC + canonical.encode({"kind": "x", "objects": {}}),
        ),
        "object-missing": ("evidence-malformed", "a fork without its second note", _without(shown.fork(), "second")),
        "object-more": ("evidence-malformed", "an object that no fork has", of(FORK, mood=b"grave")),
        "fork-one-log": (
            "evidence-shows-nothing",
            "two checkpoints of one log, and the proof of it",
            forked(one.note(3), one.note(), shown.step(one.entries, 3)),
        ),
        "fork-same": ("evidence-shows-nothing", "one checkpoint twice", forked(one.note(), one.note())),
        "fork-no-proof": ("evidence-shows-nothing", "two sizes without a proof", forked(one.note(3), one.note())),
        "fork-first-bit": (
            "policy-log-unknown",
            "a bit of the first note",
            of(FORK, first=flip(shown.fork().objects["first"], 20)),
        ),
        "fork-other-party": (
            "line-missing",
            "the second note is of the other party's log",
            of(FORK, second=Forger("BOR", shown.log(5, b"other")).note()),
        ),
        "rollback-honest": (
            "evidence-shows-nothing",
            "a beat whose log is no shorter than what it quotes",
            of(ROLLBACK, beat=honest[0], signature=honest[1]),
        ),
        "rollback-unsigned": ("", "a beat under the signature of another", of(ROLLBACK, beat=honest[0])),
        "rollback-one-root": (
            "evidence-shows-nothing",
            "a roster that one root of two signed",
            of(ROLLBACK, **{"roster-signed": shown.roster_signed((1,))}),
        ),
        "rollback-other-roster": (
            "evidence-shows-nothing",
            "another text under the signed roster",
            of(ROLLBACK, roster=rollback.objects["roster"] + b"\n"),
        ),
        "rollback-other-agreement": (
            "policy-log-unknown",
            "an agreement of another channel",
            of(ROLLBACK, agreement=sample_agreement().text),
        ),
        "wrong-voice-none": (
            "evidence-shows-nothing",
            "the statement names the party and the channel of its log",
            shown.wrong_voice("ARC").encode(),
        ),
        "wrong-voice-other-index": (
            "merkle-proof-wrong",
            "the receipt says another index",
            of("wrong-voice", receipt=shown.wrong_voice().objects["receipt"].replace(b"index 1\n", b"index 2\n", 1)),
        ),
    }
    for name, (code, what, data) in cases.items():
        expect = "refused" if code else BAD
        more = {"policy": (policy.hex(),)}
        yield Vector(name=name, what=what, form="evidence", expect=expect, code=code, more=more, data=data)


def _without(made: Accusation, name: str) -> bytes:
    objects = {key: one for key, one in made.objects.items() if key != name}
    return Accusation(made.kind, objects).encode()


def amendment_vectors() -> Iterator[Vector]:
    """Texts that would take the place of an agreement."""
    base = full_agreement()
    good = full_agreement(founding=base.digest, amends=base.digest, notice_days=120)
    one, two = good.parties
    strong = second_suite_agreement(founding=base.digest, amends=base.digest)

    def parties(**changes: Any) -> Agreement:
        return replace(good, parties=(replace(one, **changes), two))

    cases: dict[str, tuple[str, Agreement]] = {
        "founding": ("a text that founds a channel", replace(good, founding=None, amends=None)),
        "other-channel": ("an amendment of another channel", replace(good, founding=bytes(32))),
        "other-base": ("an amendment of another text of the channel", replace(good, amends=bytes(32))),
        "short": ("another short name", parties(short="ARD")),
        "domain": ("another domain", parties(domain="line.other.example")),
        "root-keys": ("other root keys", parties(roots=roots("CAR", 1, 1))),
        "root-more": ("one root more", parties(roots=roots("ARC", 1, 2))),
        "threshold": ("another threshold", replace(good, parties=(replace(one, roots=roots("ARC", 2, 2)), two))),
        "suite": ("another suite, with root keys of it", strong),
    }
    more = {"base": ("good-2",)}
    yield Vector(name="good", what="nothing", form="amendment", expect=ACCEPTED, more=more, data=good.text)
    for name, (what, made) in cases.items():
        yield Vector(
            name=name, what=what, form="amendment", expect="refused", code="bad-amendment", more=more, data=made.text
        )
    text = good.text.replace(b"notice_days = 120", b"notice_days = 0120")
    yield Vector(
        name="malformed",
        what="a text that is no agreement",
        form="amendment",
        expect="malformed",
        code="bad-toml",
        more=more,
        data=text,
    )
    yield Vector(
        name="comment",
        what="a comment more",
        form="amendment",
        expect="malformed",
        code="second-spelling",
        more=more,
        data=good.text + b"# or less\n",
    )


def main(everything: bool) -> None:
    """Write the files that are missing, or all; remove those that nothing makes."""
    made: dict[str, set[str]] = {}
    for folder, vector in vectors():
        directory = VECTORS / folder
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{vector.name}.txt"
        made.setdefault(folder, set()).add(path.name)
        if everything or not path.exists():
            path.write_bytes(vector.encode())
    for folder, names in made.items():
        for path in (VECTORS / folder).glob("*.txt"):
            if path.name not in names:
                path.unlink()


if __name__ == "__main__":
    main("--all" in sys.argv[1:])
