"""Keys of a node that a signer process holds: what a node asks it, and what becomes of the node when it is away.

Each thread that asks has a connection of its own while it waits. A connection that the signer closed meanwhile is made
anew once, which is harmless: whatever is asked may be asked twice. A signer that was missed is left alone for a moment
(`Presence`), so that only one thread at a time waits in vain.

Source: spec/signer.md, "What is asked" and "Without the signer".
"""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from keys import tls_identity
from keys.errors import KeyAway, KeysMisused, KeyWithheld, SealRefused
from keys.hybrid import HybridPublicKey
from keys.note_key import NotePair, NoteVerifier
from keys.roles import KeyRole
from keys.sealing import SealingPublicKey
from nodes.errors import NodeError
from nodes.node_keys import Presence
from nodes.signer import NOT_OPENED, VERSION
from nodes.signer_frames import NUMBER_MAX, FrameRefused, encode, read
from nodes.unix_path import check_directory, peer_user, socket_address
from protocol.canonical import Value
from protocol.note import NoteSignature

TIMEOUT_S: Final = 5.0
"""How long an answer may take; a token is slow, and a write to a disk may be."""

IDLE_MAX: Final = 8


class SignerLink:
    """Connections to one signer. Many threads may ask at once.

    Args:
        path: its socket.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.presence = Presence()
        self._idle: list[socket.socket] = []
        self._lock = threading.Lock()
        self._number = 0

    def ask(self, operation: str, *, anyway: bool = False, **arguments: Value) -> Value:
        """Ask for one thing and wait for it.

        Args:
            operation: see `nodes.signer`.
            anyway: whether to try though it was missed a moment ago.
            arguments: of the operation.

        Raises:
            KeyAway: it cannot be reached, or did not answer; whether it did what was asked is not known.
            KeyWithheld: it refuses.
            SealRefused: a secret does not open.
        """
        if not anyway:
            self.presence.check()
        try:
            answer = self._exchange([operation, arguments])
        except (OSError, EOFError, FrameRefused) as error:
            raise self.presence.miss(f"the signer at {self.path} does not answer: {_why(error)}") from error
        except NodeError as error:
            raise self.presence.miss(f"the signer is not asked: {error.text}") from error
        match answer:
            case [True, value]:
                self.presence.found()
                return value
            case [False, str(code), str(text)]:
                return self._refused(code, text)
            case _:
                raise self.presence.miss(f"the signer at {self.path} gave no answer in its form")

    def _refused(self, code: str, text: str) -> Value:
        if code == KeyAway.code:
            raise self.presence.miss(text)
        self.presence.found()
        if code == NOT_OPENED:
            raise SealRefused(text)
        raise KeyWithheld(text)

    def check(self) -> None:
        """See that it is there, as far as that costs nothing: by a connection that is open already.

        Raises:
            KeyAway: it is not.
        """
        self.presence.check()
        try:
            connection, _ = self._take()
        except OSError as error:
            raise self.presence.miss(f"the signer at {self.path} does not answer: {_why(error)}") from error
        except NodeError as error:
            raise self.presence.miss(f"the signer is not asked: {error.text}") from error
        self._give_back(connection)

    def _exchange(self, request: list[Value]) -> list[Value]:
        connection, fresh = self._take()
        try:
            try:
                answer = self._once(connection, request)
            except (OSError, EOFError, FrameRefused):
                if fresh:
                    raise
                # It was open from before; the signer may have been started anew since.
                connection.close()
                self._forget()
                connection, _ = self._take()
                answer = self._once(connection, request)
        except BaseException:
            connection.close()
            raise
        self._give_back(connection)
        return answer

    def _once(self, connection: socket.socket, request: list[Value]) -> list[Value]:
        with self._lock:
            self._number = number = (self._number + 1) % NUMBER_MAX
        connection.settimeout(TIMEOUT_S)
        connection.sendall(encode([number, *request]))
        answer = read(connection, idle_s=TIMEOUT_S, whole_s=TIMEOUT_S)
        if not isinstance(answer, list) or not answer or type(answer[0]) is not int or answer[0] != number:
            raise FrameRefused("an answer to something else")
        return answer[1:]

    def _take(self) -> tuple[socket.socket, bool]:
        """A connection, and whether it was made just now."""
        while True:
            with self._lock:
                known = self._idle.pop() if self._idle else None
            if known is None:
                return self._connected(), True
            if _is_open(known):
                return known, False
            known.close()

    def _give_back(self, connection: socket.socket) -> None:
        with self._lock:
            if len(self._idle) < IDLE_MAX:
                self._idle.append(connection)
                return
        connection.close()

    def _forget(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for one in idle:
            one.close()

    def _connected(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            connection.settimeout(TIMEOUT_S)
            with socket_address(self.path) as address:
                connection.connect(address)
            # Where others can put their own socket in its place, nothing is told to whoever answers.
            check_directory(self.path.parent, owners={0, peer_user(connection)})
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Let go of what is open."""
        self._forget()


@dataclass(frozen=True, slots=True)
class _Public:
    """The public sides of a node's keys, as its signer says them."""

    party: str
    node: HybridPublicKey
    sealing: SealingPublicKey
    sealing_before: tuple[SealingPublicKey, ...]
    channels: dict[str, tuple[NotePair, NotePair]]


def _public_of(value: Value) -> _Public:
    match value:
        case {
            "version": int(version),
            "party": str(party),
            "node": bytes(node),
            "sealing": bytes(sealing),
            "channels": dict(channels),
            **more,
        } if version == VERSION:
            before = more.get("sealing_before", [])
            if not isinstance(before, list) or not all(isinstance(one, bytes) for one in before):
                raise KeyAway("the signer's sealing keys are no list of keys")
            pairs: dict[str, tuple[NotePair, NotePair]] = {}
            for channel, row in channels.items():
                match row:
                    case [int(), bytes(log), bytes(log_44), bytes(mirror), bytes(mirror_44)]:
                        pairs[channel] = (NotePair(log, log_44), NotePair(mirror, mirror_44))
            sealing_before = tuple(map(SealingPublicKey, before))
            return _Public(party, HybridPublicKey(node, KeyRole.NODE), SealingPublicKey(sealing), sealing_before, pairs)
    raise KeyAway("the signer speaks another version")


class SignerKeys:
    """A node's keys with its signer. Make it with `open`.

    Args:
        link: to the signer.
        public: what it says it holds.
        tls_seed: of the TLS key, 32 bytes, which OpenSSL needs here.
    """

    def __init__(self, link: SignerLink, public: _Public, tls_seed: bytes) -> None:
        self._link = link
        self._public = public
        self._tls_seed = tls_seed

    def __repr__(self) -> str:
        return f"SignerKeys({self.party}, {self._link.path})"

    @classmethod
    def open(cls, path: Path) -> SignerKeys:
        """Ask a signer which keys it holds.

        Args:
            path: its socket.

        Raises:
            KeyAway: it cannot be reached, or is none.
            KeysError: what it says are no keys.
        """
        link = SignerLink(path)
        try:
            public, tls_seed = _public_of(link.ask("keys")), link.ask("tls")
            if not isinstance(tls_seed, bytes) or len(tls_seed) != tls_identity.SEED_BYTES:
                raise KeyAway("the signer gives no TLS key")
        except BaseException:
            link.close()
            raise
        return cls(link, public, tls_seed)

    @property
    def party(self) -> str:
        """Short name."""
        return self._public.party

    @property
    def presence(self) -> Presence:
        """Whether the signer was missed."""
        return self._link.presence

    def look(self) -> None:
        """Ask it whether everything can be used.

        Raises:
            KeyAway: it does not answer, or holds other keys now: the node is to be started anew.
        """
        public = _public_of(self._link.ask("keys", anyway=True))
        if public != self._public:
            raise self._link.presence.miss("the signer holds other keys than at the start; start the node anew")
        self._link.ask("look", anyway=True)

    def channel_ids(self) -> list[str]:
        """The channels it has keys of, in hexadecimal digits."""
        return sorted(self._public.channels)

    def node_signer(self) -> RemoteNode:
        """The node's own key."""
        return RemoteNode(self._link, self._public.node)

    def sealing(self) -> RemoteOpener:
        """The key that opens what is sealed to the party, and with it those before."""
        before = tuple(RemoteOpener(self._link, one, named=True) for one in self._public.sealing_before)
        return RemoteOpener(self._link, self._public.sealing, before)

    def tls_certificate(self, common_name: str) -> bytes:
        """The node's certificate in DER."""
        return tls_identity.certificate(self._tls_seed, common_name)

    def tls_private_pem(self) -> bytes:
        """The TLS private key in PEM, for memory only."""
        return tls_identity.private_pem(self._tls_seed)

    def log_signers(self, channel: bytes | str, origin: str) -> RemoteHead:
        """The keys of one channel's log.

        Raises:
            KeysMisused: the signer has no such channel.
        """
        log, _ = self._pairs(channel)
        return RemoteHead(self._link, "log", _hex(channel), log.log_verifiers(origin))

    def mirror_signers(self, channel: bytes | str, name: str) -> RemoteHead:
        """The keys of one channel's mirror.

        Raises:
            KeysMisused: the signer has no such channel.
        """
        _, mirror = self._pairs(channel)
        return RemoteHead(self._link, "mirror", _hex(channel), mirror.mirror_verifiers(name))

    def _pairs(self, channel: bytes | str) -> tuple[NotePair, NotePair]:
        pairs = self._public.channels.get(_hex(channel))
        if pairs is None:
            raise KeysMisused("the signer has no keys for this channel")
        return pairs

    def close(self) -> None:
        """Let go of connections."""
        self._link.close()


@dataclass(frozen=True, slots=True)
class RemoteNode:
    """The node's key, with the signer."""

    link: SignerLink
    public: HybridPublicKey

    def sign(self, purpose: str, *, channel: bytes, author: str, message: bytes) -> bytes:
        """As `keys.hybrid.Signer`; the signer refuses what is no business of a node."""
        arguments: dict[str, Any] = {"purpose": purpose, "channel": channel, "author": author, "message": message}
        return _octets(self.link.ask("sign", **arguments))


@dataclass(frozen=True, slots=True)
class RemoteOpener:
    """A sealing key, with the signer.

    Attributes:
        link: to the signer.
        public: the key that others seal to, or sealed to.
        before: the keys that it took the place of.
        named: whether the signer has to be told which one it is, because another is in force.
    """

    link: SignerLink
    public: SealingPublicKey
    before: tuple[RemoteOpener, ...] = ()
    named: bool = False

    def unwrap(self, ciphertext: bytes, info: bytes) -> bytes:
        """As `keys.sealing.Opener`."""
        which: dict[str, Any] = {"key": self.public.key_id} if self.named else {}
        return _octets(self.link.ask("unwrap", wrap=ciphertext, info=info, **which))


@dataclass(frozen=True, slots=True)
class RemoteHead:
    """The two keys of a log or of a mirror, with the signer; a `protocol.head_signer.HeadSigner`."""

    link: SignerLink
    job: str
    channel: str
    verifiers: tuple[NoteVerifier, NoteVerifier]

    def check(self) -> None:
        """See that the signer is there."""
        self.link.check()

    def remind(self, note: bytes) -> None:
        """Show it what these keys signed before."""
        self.link.ask("remind", job=self.job, channel=self.channel, name=self.verifiers[0].name, note=note)

    def lines(self, *, origin: str, size: int, root: bytes, at_ms: int) -> tuple[NoteSignature, NoteSignature]:
        """Have a checkpoint signed by both."""
        named: dict[str, Any] = {} if self.job == "log" else {"name": self.verifiers[0].name}
        answer = self.link.ask(
            self.job, channel=self.channel, origin=origin, size=size, root=root, at_ms=max(0, at_ms), **named
        )
        match answer:
            case [bytes(first), bytes(second)]:
                one, other = self.verifiers
                return NoteSignature(one.name, one.key_id, first), NoteSignature(other.name, other.key_id, second)
            case _:
                raise self.link.presence.miss("the signer gave no signatures")


def _is_open(connection: socket.socket) -> bool:
    """Whether a connection on which nothing was asked is still open: whatever there is to be read is its end."""
    connection.setblocking(False)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _octets(value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise KeyAway("the signer gave something else than was asked for")
    return value


def _hex(channel: bytes | str) -> str:
    return channel if isinstance(channel, str) else channel.hex()


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or "it closed the connection"
