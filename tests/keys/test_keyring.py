"""Keyrings: what is inside a key file, and the one job of each seed."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.errors import EnvelopeRefused, KeysMisused
from keys.keyring import ChannelSeeds, NodeKeyring, OfficerKeyring, ReserveKeyring, ReserveSeeds, RootKeyring
from keys.note_key import NoteKeyType
from keys.roles import KeyRole
from keys.suite import SUITE_1, SUITE_2, SUITES, Suite
from keys.tls_identity import certificate, certificate_key
from tests.keys.samples import CHANNEL, seed


def entropy() -> Callable[[int], bytes]:
    """Bytes that are fresh at each call and the same in each test."""
    calls = iter(range(1000))
    return lambda length: seed(f"entropy {next(calls)}", length)


EACH_SUITE = pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)


def node(suite: Suite = SUITE_1) -> NodeKeyring:
    """A node with two channels."""
    source = entropy()
    keyring = NodeKeyring.generate("ARC", source, suite=suite)
    keyring = keyring.with_channel(CHANNEL, ChannelSeeds.generate(source, epoch=1))
    return keyring.with_channel(bytes(32).hex(), ChannelSeeds.generate(source, epoch=4))


def reserve() -> ReserveKeyring:
    """The successor log of one channel."""
    return ReserveKeyring("ARC", {}).with_channel(CHANNEL, ReserveSeeds.generate(entropy(), epoch=2))


@EACH_SUITE
def test_keyrings_read_back(suite: Suite) -> None:
    """Each of the four kinds comes back from its plain form as it was."""
    officer = OfficerKeyring.generate("ARC", "duty", entropy(), suite=suite)
    numbered = OfficerKeyring.generate("ARC", "duty", entropy(), number=3, suite=suite)
    root = RootKeyring.generate("ARC", 2, entropy(), suite=suite)
    assert NodeKeyring.parse(node(suite).encode()) == node(suite)
    assert OfficerKeyring.parse(officer.encode()) == officer
    assert OfficerKeyring.parse(numbered.encode()) == numbered
    assert RootKeyring.parse(root.encode()) == root
    assert ReserveKeyring.parse(reserve().encode()) == reserve()


def test_keys_have_their_jobs() -> None:
    """Each method gives the typed key of one seed."""
    assert node().node_signer().public.role is KeyRole.NODE
    assert OfficerKeyring.generate("ARC", "duty", entropy()).signer().public.role is KeyRole.OFFICER
    assert RootKeyring.generate("ARC", 1, entropy()).signer().public.role is KeyRole.ROOT
    assert node().sealing().unwrap(node().sealing().public.wrap(b"secret", b""), b"") == b"secret"
    assert node().tls_certificate("ARC") == certificate(node().tls_seed, "ARC")
    assert node().tls_private_pem().startswith(b"-----BEGIN PRIVATE KEY-----")

    log = node().log_signers(CHANNEL, "arc.test/hotline/x/1")
    assert [signer.type for signer in log] == [NoteKeyType.ED25519, NoteKeyType.MLDSA44]
    mirror = node().mirror_signers(CHANNEL.hex(), "arc.test/hotline/x/mirror")
    assert [signer.type for signer in mirror] == [NoteKeyType.COSIGNATURE, NoteKeyType.MLDSA44]
    successor = reserve().channels[CHANNEL.hex()].log_signers("arc.test/hotline/x/2")
    assert [signer.type for signer in successor] == [NoteKeyType.ED25519, NoteKeyType.MLDSA44]


def test_no_two_keys_of_a_node_are_equal() -> None:
    """Every public key that a node has, of any type, is another."""
    ring = node()
    raws = [
        ring.node_signer().public.ed25519_raw,
        ring.node_signer().public.mldsa_raw,
        ring.sealing().public.curve_raw,
        certificate_key(ring.tls_certificate("ARC")),
    ]
    for channel in ring.channels:
        for signer in (*ring.log_signers(channel, "name"), *ring.mirror_signers(channel, "name")):
            raws.append(signer.verifier.raw)
    assert len(set(raws)) == len(raws) == 12


@EACH_SUITE
def test_sealing_keys_before_stay_in_the_keyring(suite: Suite) -> None:
    """Each new one puts the one until now before it; the file reads back, and one without any is written as ever."""
    first = node(suite)
    assert b"sealing_before" not in first.encode()
    second, third = (seed(name, suite.sealing.seed_bytes) for name in ("second", "third"))
    ring = first.with_sealing(second).with_sealing(third)
    assert (ring.sealing_seed, ring.sealing_before) == (third, (second, first.sealing_seed))
    again = NodeKeyring.parse(ring.encode())
    assert again == ring
    wrap = first.sealing().public.wrap(b"secret", b"info")
    assert again.sealing().before[-1].unwrap(wrap, b"info") == b"secret"
    with pytest.raises(EnvelopeRefused):
        ring.with_sealing(first.sealing_seed)


def test_unknown_channel_is_our_mistake() -> None:
    """Asking for a channel that the keyring does not have is a mistake of the caller."""
    with pytest.raises(KeysMisused):
        node().log_signers(b"\1" * 32, "name")


def test_repr_shows_no_secret() -> None:
    """No eight bytes of any seed appear in the repr of a keyring or of what it holds."""
    ring = node().with_sealing(seed("another sealing key", 96))
    seeds = ring.channels[CHANNEL.hex()]
    officer = OfficerKeyring.generate("ARC", "duty", entropy())
    root = RootKeyring.generate("ARC", 1, entropy())
    shown = " ".join(
        map(repr, (ring, ring.sealing(), ring.channels, seeds, officer, root, reserve(), reserve().channels))
    )
    for secret in (
        ring.node_seed,
        ring.sealing_seed,
        *ring.sealing_before,
        ring.tls_seed,
        seeds.log_ed25519,
        officer.seed,
        root.seed,
    ):
        assert secret.hex()[:16] not in shown
        assert repr(secret[:8])[2:-1] not in shown


def test_error_shows_no_secret() -> None:
    """A refused seed is described by its length."""
    with pytest.raises(EnvelopeRefused) as refused:
        RootKeyring("ARC", 1, seed("a", 63))
    assert seed("a", 63).hex()[:8] not in str(refused.value)
    assert "63 bytes" in str(refused.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    """Random input gives EnvelopeRefused and nothing else."""
    for kind in (NodeKeyring, OfficerKeyring, RootKeyring, ReserveKeyring):
        with pytest.raises(EnvelopeRefused):
            kind.parse(data)


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"format":"hotline/1/keyring","kind":"node"}',
        b'{"format":"hotline/1/keyring","kind":"node","channels":[]}',
        b'{"format":"hotline/1/keyring","kind":"node","channels":{"a":1}}',
        b"1" * 5000,
    ],
)
def test_other_json_is_refused(data: bytes) -> None:
    """JSON of another shape, however deep, is no keyring."""
    with pytest.raises(EnvelopeRefused):
        NodeKeyring.parse(data)


@pytest.mark.parametrize("kind", [OfficerKeyring, RootKeyring, ReserveKeyring])
def test_kinds_do_not_stand_for_each_other(kind: type[OfficerKeyring]) -> None:
    """A node's keyring is read as a node's only."""
    with pytest.raises(EnvelopeRefused, match="no keyring of the kind"):
        kind.parse(node().encode())


@pytest.mark.parametrize(
    ("party", "name", "number"),
    [("arc", "duty", 1), ("ARC", "Duty", 1), ("ARC", "", 1), ("ARC", "../x", 1), ("ARC", "duty", 0)],
)
def test_names_are_narrow(party: str, name: str, number: int) -> None:
    """Party, name and number are checked, since names become file names."""
    with pytest.raises(EnvelopeRefused):
        OfficerKeyring(party, name, number, seed("a", 64))


def test_a_generator_that_repeats_itself_is_refused() -> None:
    """Equal seeds in two jobs mean that the randomness failed."""
    with pytest.raises(EnvelopeRefused, match="twice"):
        node().with_channel(CHANNEL, ChannelSeeds.generate(lambda length: bytes(length), epoch=1))


def test_keys_are_of_the_suite_of_the_keyring() -> None:
    """Every key of a keyring is of its suite; only one that is not the first is written down."""
    for suite in SUITES.values():
        assert node(suite).node_signer().public.suite is suite
        assert node(suite).sealing().public.suite is suite
        assert OfficerKeyring.generate("ARC", "duty", entropy(), suite=suite).signer().public.suite is suite
        assert RootKeyring.generate("ARC", 1, entropy(), suite=suite).signer().public.suite is suite
        assert (b'"suite"' in node(suite).encode()) == (suite is not SUITE_1)


def test_a_keyring_of_an_unknown_or_unneeded_suite_is_refused() -> None:
    """Another name, no name, and the name of the first suite, which is never written."""
    data = RootKeyring.generate("ARC", 1, entropy(), suite=SUITE_2).encode()
    for name in (b'"ed25519+ml-dsa-88"', b'"ed25519+ml-dsa-65"', b"2", b"null"):
        with pytest.raises(EnvelopeRefused):
            RootKeyring.parse(data.replace(b'"ed25519+ml-dsa-87"', name))
    with pytest.raises(EnvelopeRefused):
        NodeKeyring.parse(node().encode().replace(b'"tls_seed"', b'"suite":"ed25519+ml-dsa-87","tls_seed"'))
