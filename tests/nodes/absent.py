"""Keys of a node that are elsewhere, as far as the node can tell, and that a test takes away and brings back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from keys.errors import KeyWithheld
from keys.hybrid import HybridPublicKey
from keys.keyring import NodeKeyring
from keys.note_key import NoteSigner, NoteVerifier
from keys.sealing import Opener, SealingPublicKey
from nodes.node_keys import NodeKey, Presence
from protocol.checkpoint import Checkpoint
from protocol.cosignature import cosign
from protocol.head_signer import lines_of
from protocol.note import NoteSignature


@dataclass
class Absent:
    """Keys that may be away; a `nodes.node_keys.KeysElsewhere`.

    Attributes:
        ring: the keys.
        away: whether nothing can be done with them.
        silent: whether logs and mirrors are missed only when they are to sign, and not when they are looked for.
        withheld: whether logs are refused any signature.
        presence: as the node asks for it.
    """

    ring: NodeKeyring
    away: bool = False
    silent: bool = False
    withheld: bool = False
    presence: Presence = field(default_factory=Presence)

    @property
    def party(self) -> str:
        """Short name."""
        return self.ring.party

    def need(self) -> None:
        """Raise where they are away."""
        if self.away:
            raise self.presence.miss("a test took them away")

    def look(self) -> None:
        """As the node asks."""
        self.need()

    def node_signer(self) -> NodeKey:
        """The node's key."""
        return _Node(self.need, self.ring.node_signer())

    def sealing(self) -> Opener:
        """The sealing key."""
        return _Opener(self.need, self.ring.sealing())

    def tls_certificate(self, common_name: str) -> bytes:
        """In DER."""
        return self.ring.tls_certificate(common_name)

    def tls_private_pem(self) -> bytes:
        """In PEM."""
        return self.ring.tls_private_pem()

    def log_signers(self, channel: bytes | str, origin: str) -> AbsentHead:
        """Of a log."""
        return AbsentHead(self, self.ring.log_signers(channel, origin))

    def mirror_signers(self, channel: bytes | str, name: str) -> AbsentHead:
        """Of a mirror."""
        return AbsentHead(self, self.ring.mirror_signers(channel, name))


@dataclass
class AbsentHead:
    """The keys of a log or a mirror; a `protocol.head_signer.HeadSigner`."""

    keys: Absent
    pair: tuple[NoteSigner, NoteSigner]
    reminded: list[bytes] = field(default_factory=list)

    @property
    def verifiers(self) -> tuple[NoteVerifier, NoteVerifier]:
        """Their public sides."""
        return self.pair[0].verifier, self.pair[1].verifier

    def check(self) -> None:
        """As the node asks."""
        if not self.keys.silent:
            self.keys.need()

    def remind(self, note: bytes) -> None:
        """As the node asks."""
        self.keys.need()
        self.reminded.append(note)

    def lines(self, *, origin: str, size: int, root: bytes, at_ms: int) -> tuple[NoteSignature, NoteSignature]:
        """As the node asks."""
        self.keys.need()
        checkpoint = Checkpoint(origin, size, root)
        if self.pair[0].name != origin:
            first, second = cosign(checkpoint, self.pair, at_ms)
            return first, second
        if self.keys.withheld:
            raise KeyWithheld("a test withholds them")
        first, second = lines_of(self.pair, text=checkpoint.text(), origin=origin, size=size, root=root, at_ms=at_ms)
        return first, second


@dataclass
class _Node:
    need: Callable[[], None]
    key: NodeKey

    @property
    def public(self) -> HybridPublicKey:
        return self.key.public

    def sign(self, purpose: str, *, channel: bytes, author: str, message: bytes) -> bytes:
        self.need()
        return self.key.sign(purpose, channel=channel, author=author, message=message)


@dataclass
class _Opener:
    need: Callable[[], None]
    key: Opener

    @property
    def public(self) -> SealingPublicKey:
        return self.key.public

    @property
    def before(self) -> Sequence[Opener]:
        return [_Opener(self.need, one) for one in self.key.before]

    def unwrap(self, ciphertext: bytes, info: bytes) -> bytes:
        self.need()
        return self.key.unwrap(ciphertext, info)
