"""The signer's decisions: what it signs, what it never does, and what it still knows after a crash."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from keys.keyring import ReserveSeeds
from keys.note_key import NoteVerifier
from nodes.errors import NodeError
from nodes.highwater import HighWater
from nodes.signer import NodeSigner
from nodes.signer_marks import LIST_BYTES_MAX, Use
from nodes.store import StoreBroken
from protocol import beat as beats
from protocol import canonical, handshake
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.cosignature import add_cosignatures, cosign, verify_note
from protocol.merkle import empty_root
from protocol.note import Note, NoteSignature
from protocol.signature import PURPOSE as STATEMENT
from protocol.signature import signing_message
from tests.keys.samples import CHANNEL, seed
from tests.nodes.signers import AT_MS, EPOCH, KEYS, MIRROR, ORIGIN, PARTY, THEIRS, head, opened, root

NODE = KEYS.node_signer().public


def log_note(signer: NodeSigner, size: int, name: str = "one") -> bytes:
    """A checkpoint of our log with the signer's lines."""
    return noted(signer.ask("log", head("log", size, name)), verifiers(ORIGIN), ORIGIN, size, name)


def noted(lines: Any, keys: tuple[NoteVerifier, ...], origin: str, size: int, name: str) -> bytes:
    """A note of what came back."""
    pairs = zip(keys, lines, strict=True)
    found = tuple(NoteSignature(key.name, key.key_id, line) for key, line in pairs)
    return Note(Checkpoint(origin, size, root(name)).text(), found).encode()


def verifiers(origin: str) -> tuple[NoteVerifier, ...]:
    """The public keys of our log."""
    return tuple(one.verifier for one in KEYS.log_signers(CHANNEL, origin))


def refused(signer: NodeSigner, operation: str, arguments: dict[str, Any]) -> str:
    """The code of a refusal."""
    with pytest.raises(NodeError) as caught:
        signer.ask(operation, arguments)
    return caught.value.code


def test_what_it_signs_verifies(tmp_path: Path) -> None:
    """A log's checkpoint and a cosignature are those of the keys, and what is sealed to the party opens."""
    with opened(tmp_path) as signer:
        assert verify_note(log_note(signer, 5), verifiers(ORIGIN)).checkpoint.size == 5
        keys = tuple(one.verifier for one in KEYS.mirror_signers(CHANNEL, MIRROR))
        note = noted(signer.ask("mirror", head("mirror", 3)), keys, THEIRS, 3, "one")
        assert set(verify_note(note, keys).times_ms.values()) == {AT_MS}
        wrap = KEYS.sealing().public.wrap(b"secret", b"info")
        assert signer.ask("unwrap", {"wrap": wrap, "info": b"info"}) == b"secret"
        assert refused(signer, "unwrap", {"wrap": wrap, "info": b"other"}) == "not-opened"
        assert signer.ask("tls", {}) == KEYS.tls_seed


@pytest.mark.parametrize("job", ["log", "mirror"])
def test_no_second_root_and_no_smaller_size(tmp_path: Path, job: str) -> None:
    """The same checkpoint is signed again, at any time; another root of its size and any smaller one never are, nor
    after a start anew."""
    with opened(tmp_path) as signer:
        signer.ask(job, head(job, 4))
        signer.ask(job, head(job, 6))
        signer.ask(job, {**head(job, 6), "at_ms": 0})
    with opened(tmp_path) as signer:
        for size, name in ((6, "other"), (5, "one"), (4, "one"), (1, "one")):
            assert refused(signer, job, head(job, size, name)) == "signer-refused"
        signer.ask(job, head(job, 6))
        signer.ask(job, head(job, 7, "other"))


def test_one_key_signs_for_one_log(tmp_path: Path) -> None:
    """Another origin or another name for the same keys, our own log for our mirror, another epoch, another channel:
    each would be a way around what the key signed before."""
    with opened(tmp_path) as signer:
        signer.ask("log", head("log", 4))
        signer.ask("mirror", head("mirror", 4))
        signer.ask("mirror", head("mirror", 1, origin=THEIRS[:-1] + "2"))
        for job, changed in (
            ("log", {"origin": "elsewhere.example/hotline/x/1"}),
            ("log", {"origin": ORIGIN[:-1] + "2"}),
            ("log", {"channel": "00" * 32}),
            ("log", {"size": 0, "root": empty_root()}),
            ("mirror", {"origin": ORIGIN}),
            ("mirror", {"name": "elsewhere.example/hotline/x/mirror"}),
            ("mirror", {"name": ORIGIN}),
        ):
            assert refused(signer, job, {**head(job, 9), **changed}) == "signer-refused", changed


def test_the_node_signs_what_a_node_says(tmp_path: Path) -> None:
    """Its own statements, beats, and proofs of who it is."""
    beat = a_beat(CHANNEL, PARTY)
    said = {
        STATEMENT: signing_message(b"statement", "node", "node"),
        beats.PURPOSE: beat.encode(),
        handshake.PURPOSE: canonical.encode(["dial", 1, bytes(32)]),
        handshake.STATE_PURPOSE: canonical.encode(["listen", 1, bytes(32), bytes(32)]),
    }
    with opened(tmp_path) as signer:
        for purpose, message in said.items():
            asked = {"purpose": purpose, "channel": CHANNEL, "author": PARTY, "message": message}
            signature = signer.ask("sign", asked)
            assert isinstance(signature, bytes)
            NODE.verify(purpose, channel=CHANNEL, author=PARTY, message=message, signature=signature)


def a_beat(channel: bytes, party: str) -> beats.Beat:
    """Some beat."""
    return beats.Beat(
        channel=channel,
        party=party,
        session=bytes(32),
        number=1,
        at_ms=AT_MS,
        ahead_ms=0,
        own=(0, empty_root()),
        held=(0, empty_root()),
        quoted=0,
        heard=None,
        heard_at_ms=None,
        docket=None,
        cosignatures=b"",
    )


OTHERS: dict[str, dict[str, Any]] = {
    "a person's statement": {"purpose": STATEMENT, "message": signing_message(b"statement", "person/1", "duty")},
    "a root's statement": {"purpose": STATEMENT, "message": signing_message(b"statement", "root/1", "root")},
    "a statement for no channel": {"message": signing_message(b"s", "node", "node"), "channel": bytes(32)},
    "a login": {"purpose": "login"},
    "a roster": {"purpose": "roster"},
    "what is no purpose": {"purpose": "\n"},
    "another party": {"author": "BOR", "message": signing_message(b"statement", "node", "node")},
    "a beat of another channel": {"purpose": "beat", "message": a_beat(bytes(32), PARTY).encode()},
    "a beat of another party": {"purpose": "beat", "message": a_beat(CHANNEL, "BOR").encode()},
    "a beat on a channel without keys": {"purpose": "beat", "channel": b"x" * 32},
    "a handshake of no side": {"purpose": "handshake", "message": canonical.encode(["both", 1, bytes(32)])},
    "a handshake with more": {"purpose": "handshake", "message": canonical.encode(["dial", 1, bytes(32), b""])},
    "bytes": {"message": b"bytes"},
}


@pytest.mark.parametrize("changed", OTHERS.values(), ids=OTHERS.keys())
def test_the_node_signs_nothing_else(tmp_path: Path, changed: dict[str, Any]) -> None:
    """What persons and roots sign, what others say, and what is nothing."""
    asked = {"purpose": STATEMENT, "channel": CHANNEL, "author": PARTY, "message": b"", **changed}
    with opened(tmp_path) as signer:
        assert refused(signer, "sign", asked) == "signer-refused"


MALFORMED: dict[str, tuple[str, dict[str, Any]]] = {
    "no operation": ("keys ", {}),
    "an argument more": ("tls", {"seed": 1}),
    "an argument less": ("log", {"size": 1}),
    "a number that is true": ("log", {**head("log", 1), "size": True}),
    "a size below zero": ("log", {**head("log", 1), "size": -1}),
    "a root of another length": ("log", {**head("log", 1), "root": b"x"}),
    "a name of many lines": ("log", {**head("log", 1), "origin": "a\n7\nb/1"}),
    "a time before all times": ("log", {**head("log", 1), "at_ms": -1}),
    "a beat that is none": ("sign", {"purpose": "beat", "channel": CHANNEL, "author": PARTY, "message": b"x"}),
    "a note that is none": ("remind", {"job": "log", "channel": CHANNEL.hex(), "name": ORIGIN, "note": b"x"}),
}


@pytest.mark.parametrize(("operation", "arguments"), MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_malformed_is_refused(tmp_path: Path, operation: str, arguments: dict[str, Any]) -> None:
    """Each with a code, and without any mark."""
    with opened(tmp_path) as signer:
        assert refused(signer, operation, arguments) in {"request-malformed", "signer-refused"}
        assert not list(tmp_path.glob("*.mark"))


# --- what is on its disk ----------------------------------------------------------------------------------------------


def test_marks_that_were_put_back_are_learned_again(tmp_path: Path) -> None:
    """An old copy of the whole directory: what the node shows it of its own signatures is known again; a note of others
    moves nothing, and two roots of one size under its own keys are told of."""
    with opened(tmp_path / "now") as signer:
        signer.ask("log", head("log", 3))
        shutil.copytree(tmp_path / "now", tmp_path / "before")
        newest = log_note(signer, 8)
    shown = {"job": "log", "channel": CHANNEL.hex(), "name": ORIGIN, "note": newest}
    with opened(tmp_path / "before") as signer:
        forged = sign_checkpoint(Checkpoint(ORIGIN, 9, root("one")), other_signers(ORIGIN), AT_MS)
        assert refused(signer, "remind", {**shown, "note": forged}) == "request-malformed"
        signer.ask("remind", shown)
        assert refused(signer, "log", head("log", 8, "other")) == "signer-refused"
        assert refused(signer, "log", head("log", 5)) == "signer-refused"
        signer.ask("log", head("log", 8))
        signer.ask("remind", {**shown, "note": sign_checkpoint(Checkpoint(ORIGIN, 4, root("x")), own_log(), AT_MS)})
        twice = sign_checkpoint(Checkpoint(ORIGIN, 8, root("other")), own_log(), AT_MS)
        assert refused(signer, "remind", {**shown, "note": twice}) == "signer-refused"


def test_a_mirror_is_reminded_by_its_receipt(tmp_path: Path) -> None:
    """The note that the node keeps has the lines of their log besides; only the mirror's own count."""
    note = sign_checkpoint(Checkpoint(THEIRS, 5, root("one")), other_signers(THEIRS), AT_MS)
    lines = cosign(Checkpoint(THEIRS, 5, root("one")), KEYS.mirror_signers(CHANNEL, MIRROR), AT_MS)
    shown = {"job": "mirror", "channel": CHANNEL.hex(), "name": MIRROR, "note": add_cosignatures(note, lines)}
    with opened(tmp_path) as signer:
        signer.ask("remind", shown)
        assert refused(signer, "mirror", head("mirror", 4)) == "signer-refused"
        assert refused(signer, "remind", {**shown, "note": note}) == "request-malformed"


def own_log() -> Any:
    """The log's keys, as whoever stole them would use them."""
    return KEYS.log_signers(CHANNEL, ORIGIN)


def other_signers(origin: str) -> Any:
    """Keys of somebody else under the name of a log."""
    return ReserveSeeds(EPOCH, seed("not ours", 32), seed("nor this", 32)).log_signers(origin)


def cut(path: Path) -> None:
    """Half of a file."""
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    """None of a file."""
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [Path.unlink, cut, empty], ids=["away", "cut", "empty"])
@pytest.mark.parametrize("pattern", ["*.mark", "marks"])
def test_it_does_not_start_without_what_it_knew(tmp_path: Path, damage: Callable[[Path], None], pattern: str) -> None:
    """A mark or their list that is absent, cut short or empty."""
    with opened(tmp_path) as signer:
        signer.ask("log", head("log", 3))
    (path,) = tmp_path.glob(pattern)
    damage(path)
    with pytest.raises(NodeError) as caught, opened(tmp_path):
        pass
    assert caught.value.code == "signer-state-lost"


def full_list(directory: Path) -> None:
    """A list of marks that has no room, and our log in it."""
    rows: list[list[str]] = []
    room = LIST_BYTES_MAX - len(canonical.encode(["hotline-signer-marks", 1, [0] * 256])) + 256

    def add(use: Use) -> bool:
        nonlocal room
        row = [use.file, use.job, use.key, use.name, use.origin]
        needed = len(canonical.encode(row))
        if needed > room:
            return False
        room -= needed
        rows.append(row)
        (directory / f"{use.file}.mark").symlink_to(directory / "every.mark")
        return True

    add(Use("log", verifiers(ORIGIN)[0].raw.hex(), ORIGIN, ORIGIN))
    for name, length in (("x" * 255, 255), ("x", 5)):
        place = 0
        while add(Use("mirror", "0" * 64, name, f"{place}/".ljust(length, "x"))):
            place += 1
    HighWater.open(directory / "every.mark").close()
    (directory / "marks").write_bytes(canonical.encode(["hotline-signer-marks", 1, rows]))


@pytest.mark.slow
def test_it_starts_whatever_it_was_asked_to_cosign(tmp_path: Path) -> None:
    """Whoever has the node may name many logs with long names. A list that is full takes no more, and is read again."""
    full_list(tmp_path)
    for size in (1, 2):
        with opened(tmp_path) as signer:
            assert refused(signer, "mirror", head("mirror", 1)) == "signer-refused"
            assert verify_note(log_note(signer, size), verifiers(ORIGIN)).checkpoint.size == size


def test_what_cannot_be_made_durable_is_not_given_out(tmp_path: Path) -> None:
    """Somebody else has written to the mark: the signature stays inside, and the process is to end."""
    with opened(tmp_path) as signer:
        signer.ask("log", head("log", 1))
        with opened(tmp_path) as second:
            second.ask("log", head("log", 2))
        with pytest.raises(StoreBroken):
            signer.ask("log", head("log", 2, "other"))


WRITES = ("pwrite", "fdatasync", "fsync", "replace", "posix_fallocate", "open", "write")


def killed_at(count: int, directory: Path, answers: int) -> bool:
    """In a process of its own: sign, and end at the so-manieth call that changes a disk; a write then ends half done.
    Each answer that left is a line in the pipe. Gives whether it came to its end before."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) == 0
    left = [count]

    def ending(call: Callable[..., Any]) -> Callable[..., Any]:
        def replaced(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                if call is WHOLE["pwrite"]:
                    handle, data, offset = arguments
                    call(handle, data[: len(data) // 2], offset)
                os._exit(9)
            return call(*arguments, **named)

        return replaced

    for name, call in WHOLE.items():
        setattr(os, name, ending(call))
    try:
        with opened(directory) as signer:
            for job, size, name in ASKED:
                signer.ask(job, head(job, size, name))
                WHOLE["write"](answers, f"{job} {size} {name}\n".encode())
        os._exit(0)
    finally:
        os._exit(1)


WHOLE: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in WRITES}
ASKED = (("log", 1, "one"), ("mirror", 2, "one"), ("log", 3, "one"), ("log", 4, "one"), ("mirror", 5, "one"))


@pytest.mark.slow
def test_killed_at_each_write_it_knows_every_answer(tmp_path: Path) -> None:
    """Whatever left the process before it was killed is signed again, and nothing beside it is; and it starts."""
    for count in range(1, 200):
        directory = tmp_path / str(count)
        read, write = os.pipe()
        whole = killed_at(count, directory, write)
        os.close(write)
        with os.fdopen(read, "rb") as stream:
            answered = [line.split() for line in stream.read().decode().splitlines()]
        last: dict[str, int] = {}
        with opened(directory) as signer:
            for job, size, _ in answered:
                last[job] = int(size)
            for job, number in last.items():
                assert refused(signer, job, head(job, number, "other")) == "signer-refused"
                assert refused(signer, job, head(job, number - 1, "one")) == "signer-refused"
            for job in ("log", "mirror"):
                signer.ask(job, head(job, 9))
        if whole:
            assert len(answered) == len(ASKED)
            assert count > 20
            break
    else:
        pytest.fail("it never came to its end")


# --- whoever asks -----------------------------------------------------------------------------------------------------

JOBS = st.sampled_from(["log", "mirror"])
SIZES = st.integers(0, 12)
NAMES = st.sampled_from(["one", "other", "third"])
ORIGINS = st.sampled_from([None, None, None, ORIGIN, THEIRS, THEIRS[:-1] + "2", "elsewhere.example/hotline/x/1"])


class AnyAsker(RuleBasedStateMachine):
    """Somebody who has the node asks whatever comes to mind, and starts the signer anew at will."""

    directory: Path
    room: Path

    @initialize()
    def begin(self) -> None:
        """A new signer."""
        self.directory = self.room / os.urandom(8).hex()
        self.context = opened(self.directory)
        self.signer = self.context.__enter__()
        self.signed: list[tuple[str, str, int, bytes]] = []

    @rule(job=JOBS, size=SIZES, name=NAMES, origin=ORIGINS)
    def ask(self, job: str, size: int, name: str, origin: str | None) -> None:
        """Ask for a checkpoint."""
        asked = head(job, size, name, origin=origin)
        try:
            lines = self.signer.ask(job, asked)
        except NodeError:
            return
        assert isinstance(lines, list)
        self.signed.append((job, str(asked["origin"]), size, root(name)))

    @rule(job=JOBS, size=SIZES, name=NAMES)
    def ask_as_node(self, job: str, size: int, name: str) -> None:
        """Ask the node's key for what a log or a mirror would sign."""
        origin = ORIGIN if job == "log" else THEIRS
        if size == 0:
            return
        text = Checkpoint(origin, size, root(name)).text().encode()
        with pytest.raises(NodeError):
            self.signer.ask("sign", {"purpose": STATEMENT, "channel": CHANNEL, "author": PARTY, "message": text})

    @rule()
    def start_anew(self) -> None:
        """End it and start it."""
        self.context.__exit__(None, None, None)
        self.context = opened(self.directory)
        self.signer = self.context.__enter__()

    @invariant()
    def one_root_of_a_size(self) -> None:
        """And sizes that never go down."""
        roots: dict[tuple[str, str, int], bytes] = {}
        sizes: dict[tuple[str, str], int] = {}
        for job, origin, size, hash_ in getattr(self, "signed", ()):
            assert roots.setdefault((job, origin, size), hash_) == hash_
            assert sizes.get((job, origin), 0) <= size
            sizes[job, origin] = size
        assert len({origin for job, origin, _, _ in getattr(self, "signed", ()) if job == "log"}) <= 1

    def teardown(self) -> None:
        """Let go of files."""
        if hasattr(self, "context"):
            self.context.__exit__(None, None, None)


@pytest.mark.slow
def test_whoever_asks_gets_one_root_of_a_size(tmp_path: Path) -> None:
    """Anything, in any order, with starts in between."""
    AnyAsker.room = tmp_path
    run_state_machine_as_test(AnyAsker, settings=settings(max_examples=15, stateful_step_count=20, deadline=None))
