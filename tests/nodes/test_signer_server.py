"""The signer's socket against whoever comes to it, and the node's side of it."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from keys.errors import KeyAway, KeyWithheld, SealRefused
from nodes import signer_server
from nodes.errors import HomeRefused, NodeError
from nodes.node_keys import KeysElsewhere
from nodes.signer_client import RemoteOpener, SignerKeys
from nodes.signer_config import SignerConfig, render
from nodes.signer_frames import FRAME_BYTES_MAX, encode, read
from nodes.unix_path import check_directory, socket_address
from protocol.checkpoint import Checkpoint, sign_checkpoint
from protocol.cosignature import verify_note
from protocol.head_signer import check_there, remind, verifiers_of
from protocol.signature import PURPOSE, signing_message
from tests.keys.samples import CHANNEL, seed
from tests.nodes.signers import AT_MS, KEYS, MIRROR, ORIGIN, PARTY, head, root, serving


@contextmanager
def connected(path: Path) -> Iterator[socket.socket]:
    """A connection of whoever."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, socket_address(path) as address:
        connection.settimeout(20)
        connection.connect(address)
        yield connection


def ended(connection: socket.socket) -> bool:
    """Whether the other side ended the connection."""
    try:
        return not connection.recv(1)
    except ConnectionResetError:
        return True


def test_a_signer_opens_with_the_sealing_keys_before(tmp_path: Path) -> None:
    """It says which ones there are and opens with the one that is named; the one in force needs no name."""
    ring = KEYS.with_sealing(seed("another", 96))
    with serving(tmp_path, ring) as path:
        keys = SignerKeys.open(path)
        opener = keys.sealing()
        assert opener.public == ring.sealing().public
        assert [one.public for one in opener.before] == [KEYS.sealing().public]
        for one in (opener, *opener.before):
            assert one.unwrap(one.public.wrap(b"secret", b"info"), b"info") == b"secret"
        with pytest.raises(SealRefused):
            opener.unwrap(opener.before[0].public.wrap(b"secret", b"info"), b"info")
        strange = KEYS.with_sealing(seed("strange", 96)).sealing().public
        stranger = RemoteOpener(opener.link, strange, named=True)
        with pytest.raises(SealRefused):
            stranger.unwrap(b"wrap", b"info")
        keys.close()


def test_a_node_has_its_keys_with_a_signer(tmp_path: Path) -> None:
    """Everything that a node does with keys of its own, it does with these: the other side cannot tell."""
    with serving(tmp_path) as path:
        keys = SignerKeys.open(path)
        assert isinstance(keys, KeysElsewhere)
        assert (keys.party, keys.channel_ids()) == (PARTY, [CHANNEL.hex()])
        assert keys.tls_certificate(PARTY) == KEYS.tls_certificate(PARTY)
        assert keys.tls_private_pem() == KEYS.tls_private_pem()
        message = signing_message(b"statement", "node", "node")
        signature = keys.node_signer().sign(PURPOSE, channel=CHANNEL, author=PARTY, message=message)
        known = KEYS.node_signer().public
        known.verify(PURPOSE, channel=CHANNEL, author=PARTY, message=message, signature=signature)
        wrap = keys.sealing().public.wrap(b"secret", b"info")
        assert keys.sealing().unwrap(wrap, b"info") == b"secret"
        with pytest.raises(SealRefused):
            keys.sealing().unwrap(wrap, b"other")
        log = keys.log_signers(CHANNEL, ORIGIN)
        note = sign_checkpoint(Checkpoint(ORIGIN, 4, root("one")), log, AT_MS)
        own = [one.verifier for one in KEYS.log_signers(CHANNEL, ORIGIN)]
        assert verify_note(note, own).checkpoint.size == 4
        assert verifiers_of(keys.mirror_signers(CHANNEL, MIRROR)) == tuple(
            one.verifier for one in KEYS.mirror_signers(CHANNEL, MIRROR)
        )
        with pytest.raises(KeyWithheld):
            sign_checkpoint(Checkpoint(ORIGIN, 4, root("other")), log, AT_MS)
        remind(log, note)
        keys.look()
        keys.close()


def test_a_signer_that_is_away_is_missed_and_found(tmp_path: Path) -> None:
    """What is asked meanwhile fails at once, and the same object works when it is back."""
    with serving(tmp_path) as path:
        keys = SignerKeys.open(path)
    log, missed = keys.log_signers(CHANNEL, ORIGIN), threading.Event()
    keys.presence.missed = missed.set
    for _ in range(2):
        with pytest.raises(KeyAway):
            sign_checkpoint(Checkpoint(ORIGIN, 4, root("one")), log, AT_MS)
    assert missed.is_set()
    with pytest.raises(KeyAway):
        check_there(log)
    with pytest.raises(KeyAway):
        keys.look()
    with serving(tmp_path):
        keys.look()
        check_there(log)
        sign_checkpoint(Checkpoint(ORIGIN, 4, root("one")), log, AT_MS)
    with serving(tmp_path):
        # The connection from before is dead, which is found out and costs nobody anything.
        sign_checkpoint(Checkpoint(ORIGIN, 5, root("one")), log, AT_MS)
    keys.close()


@pytest.mark.parametrize("code", ["another-user", "nobody"])
def test_only_the_users_that_it_knows_may_ask(tmp_path: Path, code: str) -> None:
    """The kernel says who asks; another user is sent away before a byte of theirs is read."""
    users = frozenset({os.geteuid() + 1}) if code == "another-user" else frozenset()
    with serving(tmp_path, users=users) as path:
        with connected(path) as connection:
            assert ended(connection)
        with pytest.raises(KeyAway):
            SignerKeys.open(path)


def test_the_socket_is_closed_to_others(tmp_path: Path) -> None:
    """To everybody but its owner, or but a group that is named."""
    with serving(tmp_path) as path:
        assert path.stat().st_mode & 0o777 == 0o600
    with serving(tmp_path, group=os.getegid()) as path:
        assert path.stat().st_mode & 0o777 == 0o660


def test_a_directory_that_others_may_write_in_is_refused(tmp_path: Path) -> None:
    """By the signer, which does not listen there, and by a node, which does not ask whoever does."""
    with serving(tmp_path) as path:
        tmp_path.chmod(0o777)
        with pytest.raises(KeyAway, match="written by others"):
            SignerKeys.open(path)
    with pytest.raises(NodeError) as caught, serving(tmp_path):
        pass
    assert caught.value.code == "socket-exposed"


def test_a_socket_without_a_directory_is_no_socket_that_others_reach(tmp_path: Path) -> None:
    """That the directory is missing is said as that, with what to do."""
    with pytest.raises(NodeError, match="does not exist: make it") as caught:
        check_directory(tmp_path / "none", owners={os.geteuid()})
    assert caught.value.code == "socket-directory-missing"


def test_a_second_signer_does_not_take_the_socket(tmp_path: Path) -> None:
    """Where one answers another one does not start; what a killed one left is no hindrance."""
    (tmp_path / "other").mkdir()
    with serving(tmp_path) as path, pytest.raises(NodeError) as caught, serving(tmp_path / "other", socket=path):
        pass
    assert caught.value.code == "home-in-use"
    left = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with socket_address(path) as address:
        left.bind(address)
    left.close()
    with serving(tmp_path):
        SignerKeys.open(path).close()


GARBAGE = {
    "no frame": b"\0\0\0\4\xc1\xc1\xc1\xc1",
    "a frame that is too long": (FRAME_BYTES_MAX + 1).to_bytes(4, "big"),
    "the longest length": b"\xff\xff\xff\xff" + b"x" * 64,
    "no request": encode(["keys"]),
    "a number that is true": encode([True, "keys", {}]),
    "a number too large": encode([2**40, "keys", {}]),
    "a map for a request": encode({"op": "keys"}),
    "something behind": b"\0\0\0\7\x93\x01\xa4keys",
    "a deep one": b"\0\0\1\0" + b"\x91" * 256,
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_ends_its_connection_and_no_other(tmp_path: Path, data: bytes) -> None:
    """Nothing comes back, and whoever else asks is answered."""
    with serving(tmp_path) as path, connected(path) as good, connected(path) as bad:
        bad.sendall(data)
        if data.startswith(b"\0\0\0\7"):
            bad.shutdown(socket.SHUT_WR)
        assert ended(bad)
        good.sendall(encode([7, "tls", {}]))
        assert read(good, idle_s=20, whole_s=20) == [7, True, KEYS.tls_seed]


def test_half_a_frame_does_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins a request and does not end it is sent away after a while."""
    monkeypatch.setattr(signer_server, "WHOLE_S", 0.05)
    with serving(tmp_path) as path, connected(path) as connection:
        connection.sendall(encode([1, "tls", {}])[:-1])
        assert ended(connection)


def test_requests_sent_ahead_are_answered_in_order(tmp_path: Path) -> None:
    """Many at once on one connection; a refusal among them ends nothing."""
    with serving(tmp_path) as path, connected(path) as connection:
        asked = [[number, "log", head("log", number)] for number in (5, 6, 3, 7)]
        connection.sendall(b"".join(encode(one) for one in asked))
        answers = [read(connection, idle_s=20, whole_s=20) for _ in asked]
    assert [answer[:2] for answer in answers if isinstance(answer, list)] == [
        [5, True],
        [6, True],
        [3, False],
        [7, True],
    ]


def test_many_connections_are_bounded(tmp_path: Path) -> None:
    """So many are served; one more is sent away, and whoever is served stays so."""
    with serving(tmp_path) as path, ExitStack() as held:
        many = [held.enter_context(connected(path)) for _ in range(signer_server.CONNECTIONS_MAX)]
        for number, connection in enumerate(many):
            connection.sendall(encode([number, "tls", {}]))
            assert read(connection, idle_s=20, whole_s=20) == [number, True, KEYS.tls_seed]
        with connected(path) as more:
            assert ended(more)
        many[0].sendall(encode([99, "tls", {}]))
        assert read(many[0], idle_s=20, whole_s=20) == [99, True, KEYS.tls_seed]


def test_two_roots_asked_at_once_give_one(tmp_path: Path) -> None:
    """Two who ask at the same moment for two roots of one size: one is signed, whichever; at every size."""
    with serving(tmp_path) as path:
        keys = SignerKeys.open(path)
        log = keys.log_signers(CHANNEL, ORIGIN)
        for size in range(1, 9):
            results: list[str] = []
            ready = threading.Barrier(2)

            def ask(
                name: str, size: int = size, results: list[str] = results, ready: threading.Barrier = ready
            ) -> None:
                ready.wait(20)
                try:
                    sign_checkpoint(Checkpoint(ORIGIN, size, root(name)), log, AT_MS)
                    results.append("signed")
                except KeyWithheld:
                    results.append("refused")

            threads = [threading.Thread(target=ask, args=(name,)) for name in ("one", "other")]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(20)
            assert sorted(results) == ["refused", "signed"]
        keys.close()


def test_whoever_answers_nonsense_is_no_signer(tmp_path: Path) -> None:
    """A process at the socket that answers another number, or something else: the keys are away."""
    path = tmp_path / "socket"
    for answer in ([9, True, b"x" * 32], [True, True, b""], {"a": 1}, [1, True]):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            with socket_address(path) as address:
                listener.bind(address)
            listener.listen(4)

            def say(listener: socket.socket = listener, answer: object = answer) -> None:
                connection, _ = listener.accept()
                with connection:
                    read(connection, idle_s=20, whole_s=20)
                    connection.sendall(encode(answer))

            thread = threading.Thread(target=say)
            thread.start()
            with pytest.raises(KeyAway):
                SignerKeys.open(path)
            thread.join(20)
        path.unlink()


SETTINGS = {
    "an unknown name": b'socket = "s"\nusers = [1]\nkeys = 1\n',
    "no socket": b"users = [1]\n",
    "no users": b'socket = "s"\n',
    "nobody": b'socket = "s"\nusers = []\n',
    "a user that is not there": b'socket = "s"\nusers = ["nobody-of-this-name"]\n',
    "a user below zero": b'socket = "s"\nusers = [-1]\n',
    "a group that is not there": b'socket = "s"\nusers = [1]\ngroup = "no-group-of-this-name"\n',
    "a library without its path": b'socket = "s"\nusers = [1]\npkcs11_module = "lib.so"\n',
    "a level that is none": b'socket = "s"\nusers = [1]\nlog_level = "loud"\n',
    "no TOML": b"socket",
}


@pytest.mark.parametrize("text", SETTINGS.values(), ids=SETTINGS.keys())
def test_settings_are_read_strictly(tmp_path: Path, text: bytes) -> None:
    """What cannot be is refused, with the file's name."""
    (tmp_path / "signer.toml").write_bytes(text)
    with pytest.raises(HomeRefused, match=r"signer\.toml"):
        SignerConfig.load(tmp_path)


def test_the_settings_that_are_written_are_read(tmp_path: Path) -> None:
    """As they were meant; a socket is seen from the directory."""
    (tmp_path / "signer.toml").write_bytes(render(socket="sub/socket", user=7) + b"group = 9\n")
    config = SignerConfig.load(tmp_path)
    assert (config.socket, config.users, config.group) == (tmp_path / "sub" / "socket", frozenset({7}), 9)
