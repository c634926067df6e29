"""Policies: the file format, and what is enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.note_key import NoteKeyType
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.cosignature import BadLine, add_cosignatures, cosign
from protocol.note import parse as parse_note
from protocol.policy import (
    GroupLine,
    LogLine,
    LogUnknown,
    Policy,
    PolicyRefused,
    QuorumMissing,
    WitnessLine,
    evaluate,
    parse,
)
from tests.protocol.log_parties import ARC, AT_MS, BOR, checkpoint_of, entries, policy_for, signer

WITNESSES = tuple(
    WitnessLine(name, signer(f"{name}.example", NoteKeyType.COSIGNATURE).verifier) for name in ("x1", "x2", "x3", "y1")
)
GROUPS = (GroupLine("x", 2, ("x1", "x2", "x3")), GroupLine("top", 2, ("x", "y1")))
LOG = (LogLine(ARC.log[0].verifier),)


def test_a_policy_returns() -> None:
    """A policy that was written is read back, addresses and strange names too."""
    odd = WitnessLine("caf\u00e9\udcff", WITNESSES[0].key, "https://w.example/")
    for policy in (
        Policy(LOG, WITNESSES, GROUPS, "top"),
        Policy((), (), (), "none"),
        Policy(LOG, (odd,), (), odd.name),
    ):
        assert parse(policy.encode()) == policy


@given(st.binary(max_size=60) | st.text(alphabet="groupwitneslquom all1 \n\t#", max_size=60).map(str.encode))
def test_garbage_is_refused(data: bytes) -> None:
    """Any bytes give a policy or PolicyRefused, nothing else."""
    try:
        parse(data)
    except PolicyRefused:
        pass


@pytest.mark.parametrize(
    ("cosigned", "enough"),
    [
        ((), False),
        (("y1",), False),
        (("x1", "x2"), False),
        (("x1", "y1"), False),
        (("x1", "x3", "y1"), True),
        (("x1", "x2", "x3", "y1"), True),
        (("x", "y1", "unknown"), True),
    ],
)
def test_the_quorum_counts_groups(cosigned: tuple[str, ...], enough: bool) -> None:
    """Two of three, and the one: a group counts when enough of its members do."""
    assert Policy(LOG, WITNESSES, GROUPS, "top").quorum_met(cosigned) is enough


def test_no_quorum_is_always_met() -> None:
    """`quorum none` asks for nobody."""
    assert Policy(LOG, WITNESSES, GROUPS, "none").quorum_met(())


def test_the_greatest_policy_is_bounded() -> None:
    """Too many lines of one kind are refused."""
    groups = tuple(GroupLine(f"g{number}", 1, (f"g{number - 1}" if number else "x1",)) for number in range(129))
    with pytest.raises(PolicyRefused):
        Policy(LOG, WITNESSES, groups, "none")
    assert Policy(LOG, WITNESSES, groups[:-1], "g127").quorum_met({"x1"})


def test_keys_beyond_the_limit_are_not_looked_at() -> None:
    """A file full of keys ends at the first that is too many, and not after seconds of arithmetic."""
    line = f"log {ARC.log[0].verifier.vkey()}\n".encode()
    with pytest.raises(PolicyRefused) as caught:
        parse(line * 4_000 + b"quorum none\n")
    assert caught.value.where == "line 130"


@pytest.mark.parametrize("line", ["log x", "witness a b", "group g all", "quorum", "quorum g", "Log", "group g 01 x1"])
def test_the_error_names_the_line(line: str) -> None:
    """A person who edits a policy is told which line is wrong."""
    text = f"# policy\nwitness x1 {WITNESSES[0].key.vkey()}\n{line}\nquorum none\n"
    with pytest.raises(PolicyRefused) as caught:
        parse(text.encode())
    assert caught.value.where == "line 3"


def test_the_public_reading_asks_for_a_listed_log_and_the_quorum() -> None:
    """What any tool for the public format accepts and refuses."""
    policy = parse(policy_for(ARC, BOR))
    checkpoint = checkpoint_of(ARC, entries(2))
    signed = sign_checkpoint(checkpoint, ARC.log, AT_MS)
    held = add_cosignatures(signed, cosign(checkpoint, BOR.mirror, AT_MS))
    assert evaluate(policy, held).checkpoint == checkpoint
    # A line nobody knows is passed over, and one key of the log is enough.
    lines = parse_note(held).signatures
    stranger = Policy(policy.logs[:1], policy.witnesses, policy.groups, policy.quorum)
    assert evaluate(stranger, held).checkpoint == checkpoint
    assert len(lines) == 4
    with pytest.raises(QuorumMissing):
        evaluate(policy, signed)
    with pytest.raises(QuorumMissing):
        evaluate(policy, add_cosignatures(signed, cosign(checkpoint, ARC.mirror, AT_MS)))
    with pytest.raises(BadLine):
        evaluate(policy, held.replace(b"\n2\n", b"\n3\n"))
    keys = signer("other.example", NoteKeyType.ED25519), signer("other.example", NoteKeyType.MLDSA44)
    with pytest.raises(LogUnknown):
        evaluate(policy, sign_checkpoint(Checkpoint("other.example", 2, checkpoint.root), keys, AT_MS))
