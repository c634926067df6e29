"""Two parties found in a policy by the names of their keys."""

from dataclasses import replace

import pytest

from keys.note_key import NoteKeyType, NoteSigner
from protocol.party_keys import party_keys, party_prefix, render_policy
from protocol.policy import LogLine, Policy, PolicyRefused, WitnessLine, parse
from tests.protocol.log_parties import ARC, BOR, policy_for, signer

POLICY = parse(policy_for(ARC, BOR))
SECOND = tuple(
    LogLine(signer(f"{ARC.prefix}/2", key_type).verifier) for key_type in (NoteKeyType.MLDSA44, NoteKeyType.ED25519)
)
WITNESS = WitnessLine("w", signer("witness.example/w1", NoteKeyType.COSIGNATURE).verifier)


def test_both_parties_are_found() -> None:
    """Each has its log's two keys and its mirror's two keys, the exported voice first."""
    first, second = party_keys(POLICY)
    for party, keys in ((ARC, first), (BOR, second)):
        assert keys.prefix == party.prefix
        assert keys.logs == {party.origin: tuple(key.verifier for key in party.log)}
        assert keys.mirror == tuple(key.verifier for key in party.mirror)
        assert keys.mirror_names == (f"{party.label}-mirror-04", f"{party.label}-mirror-06")


def test_the_rendered_policy_is_the_promised_one() -> None:
    """The exported voice's Ed25519 log line stands first, each mirror is an `all` group, the quorum is the other's."""
    lines = policy_for(ARC, BOR).decode().splitlines()
    assert lines[0] == f"log {ARC.log[0].verifier.vkey()}"
    assert [line for line in lines if line.startswith(("group", "quorum"))] == [
        "group ARC-mirror all ARC-mirror-04 ARC-mirror-06",
        "group BOR-mirror all BOR-mirror-04 BOR-mirror-06",
        "quorum BOR-mirror",
    ]
    assert sum(line.startswith("log ") for line in lines) == sum(line.startswith("witness ") for line in lines) == 4


def test_a_party_can_have_several_epochs() -> None:
    """A successor log belongs to the same party, in whatever order its keys are listed."""
    first, _ = party_keys(replace(POLICY, logs=(*POLICY.logs, *SECOND)))
    assert list(first.logs) == [f"{ARC.prefix}/1", f"{ARC.prefix}/2"]
    assert [key.type for key in first.logs[f"{ARC.prefix}/2"]] == [NoteKeyType.ED25519, NoteKeyType.MLDSA44]


def test_a_third_party_can_witness() -> None:
    """A cosigner with a name of another shape is nobody's mirror."""
    assert party_keys(replace(POLICY, witnesses=(*POLICY.witnesses, WITNESS))) == party_keys(POLICY)


THIRD_MIRROR_KEY = signer(f"{ARC.prefix}/mirror", NoteKeyType.MLDSA44, "2")


def _witness(key: NoteSigner) -> WitnessLine:
    return WitnessLine("extra", key.verifier)


@pytest.mark.parametrize(
    "policy",
    [
        replace(POLICY, logs=POLICY.logs[:2]),
        replace(POLICY, logs=(*POLICY.logs[:3],)),
        replace(POLICY, logs=(*POLICY.logs, SECOND[0])),
        replace(POLICY, logs=(*POLICY.logs, LogLine(signer("c.example/log", NoteKeyType.ED25519).verifier))),
        replace(POLICY, logs=(*POLICY.logs, LogLine(signer(f"{ARC.prefix}/mirror", NoteKeyType.ED25519).verifier))),
        replace(POLICY, witnesses=(*POLICY.witnesses, _witness(THIRD_MIRROR_KEY))),
        replace(POLICY, witnesses=(*POLICY.witnesses, _witness(signer(f"{ARC.prefix}/1", NoteKeyType.COSIGNATURE)))),
        replace(POLICY, witnesses=(*POLICY.witnesses, _witness(ARC.log[1]))),
        Policy(POLICY.logs, POLICY.witnesses[:2], (), "none"),
        Policy(POLICY.logs, (), (), "none"),
    ],
    ids=[
        "one party",
        "a log key missing",
        "a successor's key missing",
        "a log of another shape",
        "a log named mirror",
        "a mirror with three keys",
        "a witness named like a log",
        "a log key as a witness",
        "a mirror missing",
        "no mirrors",
    ],
)  # fmt: skip
def test_anything_less_than_two_whole_parties_is_refused(policy: Policy) -> None:
    """Missing, surplus and misplaced keys are refused."""
    with pytest.raises(PolicyRefused):
        party_keys(policy)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "arcadia.example",
        f"{ARC.prefix}",
        f"{ARC.prefix}/",
        f"{ARC.prefix}/01",
        f"{ARC.prefix}/1/2",
        f"{ARC.prefix}/1\n",
        f"x/{ARC.origin}",
        ARC.origin.replace("hotline", "Hotline"),
        ARC.origin.upper(),
    ],
)
def test_other_names_are_no_partys(name: str) -> None:
    """Only `<domain>/hotline/<64 hexadecimal digits>/<epoch or mirror>` names a party's key."""
    assert party_prefix(name) is None


def test_labels_are_words() -> None:
    """Labels become names in the policy, so they hold letters and digits, and differ."""
    log, mirror = [key.verifier for key in ARC.log], [key.verifier for key in ARC.mirror]
    for own, other in (("a", "a"), ("a b", "c"), ("", "b")):
        with pytest.raises(ValueError):
            render_policy(log, log, mirror, mirror, own=own, other=other)
