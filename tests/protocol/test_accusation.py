"""Evidence files: what each kind shows to whoever has the file and a policy, and what shows nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import roster as rosters
from keys.errors import KeysError
from keys.roles import KeyRole
from protocol import accusation, canonical
from protocol import beat as beats
from protocol.accusation import FORK, MIRROR_FORK, ROLLBACK, WRONG_VOICE, Accusation, EvidenceMalformed, ShowsNothing
from protocol.checkpoint import Checkpoint
from protocol.cosignature import add_cosignatures, cosign
from protocol.entry import Entry
from protocol.errors import ProtocolError
from protocol.fork import Fork, ForkRefused, RootsDiffer, Step
from protocol.merkle import Frontier, leaf_hash, leaf_reader, prove_consistency, prove_inclusion
from protocol.note import Note
from protocol.party_keys import render_policy
from protocol.policy import LogUnknown, Policy
from protocol.policy import parse as parse_policy
from protocol.receipt import make_receipt
from protocol.signature import sign_statement
from protocol.statement import LogState
from protocol.tagged import digest
from tests.builders import START_MS, World, hybrid
from tests.forger import Forger
from tests.lines import agreement, line_keys, roster, world

EMPTY = Frontier.empty().root()


@cache
def policy() -> Policy:
    """What an auditor of this line has."""
    arc, bor = line_keys("ARC").own, line_keys("BOR").own
    return parse_policy(render_policy(arc.log, bor.log, arc.mirror, bor.mirror, own="ARC", other="BOR"))


def log(count: int, word: bytes = b"plain") -> list[bytes]:
    """Entries of a log."""
    return [b"%s %d" % (word, index) for index in range(count)]


def step(entries: list[bytes], size: int) -> Step:
    """From a size of a log to its end."""
    leaves = [leaf_hash(entry) for entry in entries]
    path = prove_consistency(size, len(entries), leaf_reader(leaves))
    return Step(size, Frontier.empty().extend(leaves[:size]).root(), tuple(path))


@cache
def fork() -> Accusation:
    """ARC signed three entries, and five of another log."""
    one, two = Forger("ARC", log(3)), Forger("ARC", log(5, b"other"))
    return Accusation(FORK, Fork(one.note(), two.note(), RootsDiffer((step(two.entries, 3),))).objects())


@cache
def mirror_fork() -> Accusation:
    """BOR's mirror cosigned four entries of ARC, and two of another log."""
    keys = line_keys("BOR")
    origin = keys.their.origin
    four, two = Frontier.empty().extend([leaf_hash(entry) for entry in log(4)]), leaf_hash(b"a") + leaf_hash(b"b")
    claim = Checkpoint(origin, 2, Frontier.empty().extend([two[:32], two[32:]]).root())
    claimed = Note(claim.text(), tuple(cosign(claim, keys.signers.mirror, START_MS))).encode()
    receipt = Checkpoint(origin, 4, four.root())
    held = add_cosignatures(Forger("ARC", log(4)).note(), cosign(receipt, keys.signers.mirror, START_MS))
    return Accusation(MIRROR_FORK, Fork(claimed, held, RootsDiffer((step(log(4), 2),))).objects())


def beat(own: int, quoted: int) -> tuple[bytes, bytes]:
    """A beat of ARC, signed."""
    made = beats.Beat(
        channel=agreement().channel,
        party="ARC",
        number=1,
        at_ms=START_MS,
        ahead_ms=0,
        own=(own, sha256(b"root").digest()),
        held=(0, EMPTY),
        quoted=quoted,
        heard=None,
        heard_at_ms=None,
        docket=None,
        cosignatures=b"",
        **({"session": bytes(32)} if "session" in beats.Beat.__dataclass_fields__ else {}),
    )
    return beats.sign(made, line_keys("ARC").signers.node)


@cache
def roster_signed(roots: tuple[int, ...] = (1, 2)) -> bytes:
    """ARC's roster, as its roots signed it."""
    text = rosters.render(roster("ARC"))
    made = world().statement("ARC", "roster", body_digest=digest(text), body_length=len(text))
    made = replace(made, opener=None, commitments=())
    raw = made.encode()
    signatures = tuple(
        sign_statement(
            raw,
            channel=agreement().channel,
            party="ARC",
            signer=f"root/{number}",
            role="root",
            key=hybrid(f"ARC {number}", KeyRole.ROOT),
        )
        for number in roots
    )
    return Entry(statement=raw, signatures=signatures, logged_at_ms=0, held=LogState(0, EMPTY)).encode()


@cache
def rollback(own: int = 3, quoted: int = 5, roots: tuple[int, ...] = (1, 2)) -> Accusation:
    """ARC's node says that it has fewer entries than BOR holds of it."""
    data, signature = beat(own, quoted)
    return Accusation(
        ROLLBACK,
        {
            "agreement": agreement().text,
            "beat": data,
            "roster": rosters.render(roster("ARC")),
            "roster-signed": roster_signed(roots),
            "signature": signature,
        },
    )


@cache
def wrong_voice(party: str = "BOR") -> Accusation:
    """ARC's log has an entry in which another party speaks."""
    made = World(begin=False)
    made.agreement = agreement()
    statement = replace(made.statement("ARC", "notification"), party=party, channel=agreement().channel)
    entry = Entry(statement=statement.encode(), signatures=(), logged_at_ms=START_MS, held=LogState(0, EMPTY)).encode()
    entries = [b"first", entry, b"last"]
    leaves = [leaf_hash(one) for one in entries]
    checkpoint = Checkpoint(line_keys("ARC").own.origin, 3, Frontier.empty().extend(leaves).root())
    note = add_cosignatures(
        Forger("ARC", entries).note(), cosign(checkpoint, line_keys("BOR").signers.mirror, START_MS)
    )
    path = prove_inclusion(1, 3, leaf_reader(leaves))
    receipt = make_receipt(entry=entry, index=1, path=path, checkpoint_note=note)
    return Accusation(WRONG_VOICE, {"agreement": agreement().text, "receipt": receipt})


KINDS: dict[str, Callable[[], Accusation]] = {
    FORK: fork,
    MIRROR_FORK: mirror_fork,
    ROLLBACK: rollback,
    WRONG_VOICE: wrong_voice,
}

FACTS = {
    FORK: {"first_size": 3, "second_size": 5},
    MIRROR_FORK: {"first_size": 2, "second_size": 4, "log": line_keys("ARC").own.origin},
    ROLLBACK: {"own_size": 3, "held_of_it": 5, "at_ms": START_MS},
    WRONG_VOICE: {"index": 1, "author": "ARC", "names": "BOR", "channel": agreement().channel.hex()},
}


@pytest.mark.parametrize("kind", KINDS)
def test_evidence_shows_to_anyone_what_it_says(kind: str) -> None:
    """The file reads back as it was written, and shows its claim by the policy alone."""
    made = KINDS[kind]()
    data = made.encode()
    assert accusation.is_evidence(data)
    read = accusation.parse(data)
    assert read == made
    shown = accusation.verify(read, policy())
    assert (shown.kind, dict(shown.facts)) == (kind, FACTS[kind])
    name = line_keys("BOR").own.mirror[0].name if kind == MIRROR_FORK else line_keys("ARC").own.origin
    assert shown.name == name


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_one_bit_anywhere_makes_it_worthless(kind: str, data: st.DataObject) -> None:
    """A changed file is refused or shows nothing; it never shows something else."""
    whole = bytearray(KINDS[kind]().encode())
    place = data.draw(st.integers(0, 8 * len(whole) - 1))
    whole[place // 8] ^= 1 << place % 8
    try:
        shown = accusation.verify(accusation.parse(bytes(whole)), policy())
    except (ProtocolError, KeysError):
        return
    # Lines of keys that nobody asked for are passed over, so a bit in one of those changes nothing.
    assert dict(shown.facts) == FACTS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_or_longer_file_is_refused(kind: str) -> None:
    """No prefix of a file is a file, and nothing may follow one."""
    data = KINDS[kind]().encode()
    for cut in (0, 5, len(accusation.MAGIC), len(data) // 2, len(data) - 1):
        with pytest.raises(EvidenceMalformed):
            accusation.parse(data[:cut])
    with pytest.raises(EvidenceMalformed):
        accusation.parse(data + b"\x00")
    with pytest.raises(EvidenceMalformed):
        accusation.parse(data + bytes(accusation.FILE_BYTES_MAX))


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"kind": "fork"},
        {"kind": "treason", "objects": {}},
        {"kind": "fork", "objects": {"first": b"", "second": b""}},
        {"kind": "fork", "objects": {"difference": b"", "first": b"", "second": 1}},
        {"kind": "fork", "objects": {"difference": b"", "first": b"", "more": b"", "second": b""}},
        {"kind": "fork", "more": 1, "objects": {"difference": b"", "first": b"", "second": b""}},
    ],
)
def test_another_form_is_refused(value: object) -> None:
    """A kind has its own objects, all of them bytes, and nothing else."""
    with pytest.raises(EvidenceMalformed):
        accusation.parse(accusation.MAGIC + canonical.encode(value))


def test_one_log_is_no_fork() -> None:
    """Two checkpoints of one log with a right proof show nothing."""
    one = Forger("ARC", log(5))
    made = Fork(one.note(3), one.note(), RootsDiffer((step(one.entries, 3),)))
    with pytest.raises(ForkRefused):
        accusation.verify(Accusation(FORK, made.objects()), policy())
    same = Fork(one.note(), one.note(), RootsDiffer(()))
    with pytest.raises(ForkRefused):
        accusation.verify(Accusation(FORK, same.objects()), policy())


def test_two_sizes_without_a_proof_are_no_fork() -> None:
    """That roots differ at different sizes is what logs are."""
    one = Forger("ARC", log(5))
    with pytest.raises(ForkRefused):
        accusation.verify(Accusation(FORK, Fork(one.note(3), one.note(), RootsDiffer(())).objects()), policy())


def test_logs_of_two_parties_are_no_fork() -> None:
    """Each has its own keys and its own past."""
    made = Fork(Forger("ARC", log(3)).note(), Forger("BOR", log(3, b"other")).note(), RootsDiffer(()))
    with pytest.raises(ProtocolError):
        accusation.verify(Accusation(FORK, made.objects()), policy())


def test_a_log_that_the_policy_does_not_list_is_not_judged() -> None:
    """Trust comes from the policy, never from the file."""
    other = World(begin=False)
    arc = line_keys("ARC").own
    assert other.agreement.channel is not None
    listed = [line for line in policy().logs if line.key.name != arc.origin]
    with pytest.raises((LogUnknown, ProtocolError)):
        accusation.verify(fork(), replace(policy(), logs=tuple(listed)))


def test_a_beat_that_owns_what_it_quotes_shows_nothing() -> None:
    """As many as were held, or more, is no rollback."""
    for own, quoted in ((5, 5), (6, 5), (0, 0)):
        with pytest.raises(ShowsNothing):
            accusation.verify(rollback(own, quoted), policy())


def test_a_roster_that_too_few_roots_signed_vouches_for_nobody() -> None:
    """One root of two is not the party."""
    with pytest.raises(ShowsNothing):
        accusation.verify(rollback(roots=(1,)), policy())


def test_an_entry_of_its_own_voice_shows_nothing() -> None:
    """The party and channel it names are those of its log."""
    with pytest.raises(ShowsNothing):
        accusation.verify(wrong_voice("ARC"), policy())
