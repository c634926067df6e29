"""A node's keys, the Ed25519 half of each in a token: how they sign, and what becomes of them without the token.

Each signature asks the token and verifies what it gave. A token that was pulled out, or whose session ended, is missed
(`KeyAway`): the node goes on without, and `KeyWatch` finds out when it is back. A PIN that was refused is never tried
again by this process, because tokens lock after a few.

Source: spec/keys-and-rosters.md, "Tokens"; spec/signer.md, "Where keys are".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from keys.divided import DividedKey
from keys.divided_node import NODE_JOB, DividedNodeKeyring, TokenHalf, log_job, mirror_job
from keys.errors import SignatureRefused
from keys.hybrid import HybridPublicKey
from keys.keyring import ChannelSeeds, NodeKeyring
from keys.note_key import NoteKeyType, NoteSigner, NoteVerifier
from keys.roles import KeyRole
from keys.sealing import SealingPrivateKey
from keys.suite import MLDSA_SEED_BYTES
from nodes.errors import NodeError
from nodes.node_keys import Presence
from nodes.token import TokenKey, check_keys, make_key
from protocol.checkpoint import Checkpoint
from protocol.cosigned_message import sign_line
from protocol.head_signer import HeadSigners
from protocol.note import NoteSignature

PIN_REFUSED = "token-pin-refused"


class TokenNodeKeys:
    """The keys of a node with a token. Many threads may use it.

    Args:
        keyring: from the key file.
        module: the PKCS#11 library of the token's maker.
    """

    def __init__(self, keyring: DividedNodeKeyring, module: Path) -> None:
        self._keyring = keyring
        self._module = module
        self.presence = Presence()
        self._refused = ""

    def __repr__(self) -> str:
        return f"TokenNodeKeys({self._keyring!r})"

    @property
    def party(self) -> str:
        """Short name."""
        return self._keyring.party

    @property
    def channels(self) -> Mapping[str, ChannelSeeds]:
        """By channel id in hexadecimal digits."""
        return self._keyring.channels

    @property
    def tls_seed(self) -> bytes:
        """32 bytes."""
        return self._keyring.ring.tls_seed

    def look(self) -> None:
        """See that the token is there and has every key.

        Raises:
            KeyAway: it is not, or has not.
        """
        ids = [half.object_id for half in self._keyring.halves.values()]
        self._try(lambda: check_keys(self._module, serial=self._keyring.serial, pin=self._keyring.pin, ids=ids))

    def node_signer(self) -> TokenNodeSigner:
        """The node's own key."""
        ring, half = self._keyring.ring, self._keyring.halves[NODE_JOB]
        seed = ring.node_seed[-MLDSA_SEED_BYTES:]
        key = DividedKey.of(half.ed25519, seed, KeyRole.NODE, self._signs_with(half), ring.suite)
        return TokenNodeSigner(key, self.presence)

    def sealing(self) -> SealingPrivateKey:
        """The key that opens what is sealed to the party; it is whole in the file."""
        return self._keyring.ring.sealing()

    def tls_certificate(self, common_name: str) -> bytes:
        """The node's certificate in DER."""
        return self._keyring.ring.tls_certificate(common_name)

    def tls_private_pem(self) -> bytes:
        """The TLS private key in PEM, for memory only; it is whole in the file."""
        return self._keyring.ring.tls_private_pem()

    def log_signers(self, channel: bytes | str, origin: str) -> HeadSigners:
        """The keys of one channel's log; those of a successor log, which come out of the reserve, are not in the token.

        Raises:
            KeysMisused: the keyring has no such channel.
        """
        whole = self._keyring.ring.log_signers(channel, origin)
        name = _hex(channel)
        half = self._keyring.halves.get(log_job(name, self.channels[name].epoch))
        return whole if half is None else self._head(half, NoteKeyType.ED25519, whole)

    def mirror_signers(self, channel: bytes | str, name: str) -> HeadSigners:
        """The keys of one channel's mirror.

        Raises:
            KeysMisused: the keyring has no such channel.
        """
        whole = self._keyring.ring.mirror_signers(channel, name)
        half = self._keyring.halves.get(mirror_job(_hex(channel)))
        return whole if half is None else self._head(half, NoteKeyType.COSIGNATURE, whole)

    def _head(self, half: TokenHalf, kind: NoteKeyType, whole: tuple[NoteSigner, NoteSigner]) -> TokenHead:
        verifier = NoteVerifier(whole[0].name, kind, half.ed25519)
        return TokenHead(_TokenLine(verifier, self._signs_with(half)), whole[1], self.presence)

    def _signs_with(self, half: TokenHalf) -> Callable[[bytes], bytes]:
        keyring = self._keyring
        key = TokenKey(module=self._module, serial=keyring.serial, object_id=half.object_id, pin=keyring.pin)

        def sign(data: bytes) -> bytes:
            self.presence.check()
            found: list[bytes] = []
            self._try(lambda: found.append(key.sign(data)))
            return found[0]

        return sign

    def _try(self, use: Callable[[], None]) -> None:
        if self._refused:
            raise self.presence.miss(self._refused)
        try:
            use()
        except NodeError as error:
            if error.code == PIN_REFUSED:
                self._refused = f"{error.text}; it is tried again at the next start"
            raise self.presence.miss(error.text) from error
        self.presence.found()


@dataclass(frozen=True, slots=True)
class TokenNodeSigner:
    """The node's key; a token that gives something else than its signature is as good as none."""

    key: DividedKey
    presence: Presence

    @property
    def public(self) -> HybridPublicKey:
        """The key that verifies."""
        return self.key.public

    def sign(self, purpose: str, *, channel: bytes, author: str, message: bytes) -> bytes:
        """As `keys.hybrid.Signer`."""
        try:
            return self.key.sign(purpose, channel=channel, author=author, message=message)
        except SignatureRefused as error:
            raise self.presence.miss(str(error)) from error


@dataclass(frozen=True, slots=True)
class _TokenLine:
    """The Ed25519 key of a log or a mirror, in the token."""

    verifier: NoteVerifier
    elsewhere: Callable[[bytes], bytes]

    def sign(self, message: bytes) -> bytes:
        signature = self.elsewhere(message)
        self.verifier.verify(message, signature)
        return signature


@dataclass(frozen=True, slots=True)
class TokenHead:
    """The two keys of a log or a mirror; a `protocol.head_signer.HeadSigner`."""

    first: _TokenLine
    second: NoteSigner
    presence: Presence

    @property
    def verifiers(self) -> tuple[NoteVerifier, NoteVerifier]:
        """Their public sides."""
        return self.first.verifier, self.second.verifier

    def check(self) -> None:
        """Raise where the token was missed a moment ago."""
        self.presence.check()

    def remind(self, note: bytes) -> None:
        """A token remembers nothing that it signed."""

    def lines(self, *, origin: str, size: int, root: bytes, at_ms: int) -> tuple[NoteSignature, NoteSignature]:
        """Sign a checkpoint: first with the token, so that nothing is signed without it."""
        text = Checkpoint(origin, size, root).text()
        try:
            one = sign_line(self.first, text=text, origin=origin, size=size, root=root, at_ms=at_ms)
        except SignatureRefused as error:
            raise self.presence.miss(f"what came from the token is no signature: {error}") from error
        return one, sign_line(self.second, text=text, origin=origin, size=size, root=root, at_ms=at_ms)


def divide(ring: NodeKeyring, module: Path, *, label: str, pin: str) -> DividedNodeKeyring:
    """Make a new node's Ed25519 half in a token.

    Args:
        ring: without channels.
        module: the PKCS#11 library.
        label: of the token.
        pin: of its user.

    Raises:
        NodeError: `token-...`; nothing was made.
    """
    key, public = make_key(module, label=label, pin=pin, name=f"{ring.party} node")
    return DividedNodeKeyring(ring, key.serial, pin, {NODE_JOB: TokenHalf(public, key.object_id)})


def divide_channel(keyring: DividedNodeKeyring, module: Path, channel: bytes) -> DividedNodeKeyring:
    """Make the Ed25519 halves of a channel's log and mirror in the token.

    Args:
        keyring: with the channel's seeds.
        module: the PKCS#11 library.
        channel: 32 bytes.

    Raises:
        NodeError: `token-...`.
    """
    name = channel.hex()
    jobs = (log_job(name, keyring.channels[name].epoch), mirror_job(name))
    for job in jobs:
        keyring = divide_job(keyring, module, job)
    return keyring


def divide_job(keyring: DividedNodeKeyring, module: Path, job: str) -> DividedNodeKeyring:
    """Make one Ed25519 half in the token, in the place of any that was there for the job.

    Args:
        keyring: of the node.
        module: the PKCS#11 library.
        job: as `keys.divided_node` calls it.

    Raises:
        NodeError: `token-...`.
    """
    label = " ".join([keyring.party, *(part[:8] for part in job.split("/"))])
    key, public = make_key(module, serial=keyring.serial, pin=keyring.pin, name=label)
    return keyring.with_half(job, TokenHalf(public, key.object_id))


def _hex(channel: bytes | str) -> str:
    return channel if isinstance(channel, str) else channel.hex()
