"""What is inside the key file of a node whose Ed25519 halves are in a token: the other halves, and where the token is.

Every key of the node's that signs statements, beats and checkpoints is divided: the token has Ed25519, the file ML-DSA.
The keyring of a node without a token is inside, whole: its Ed25519 seeds for keys that the token has are random and
sign nothing. The log of a succession comes out of the reserve, where keys are whole, and is not in the token.

    job                        half in the token
    node                       of the node's key
    log/<channel>/<epoch>      of a log's keys, type 0x01
    mirror/<channel>           of a mirror's keys, type 0x04

Source: spec/keys-and-rosters.md, "Keyrings", "Tokens".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self

from keys.errors import BROKEN_RULE, EnvelopeRefused
from keys.gate import check_ed25519
from keys.keyring import ChannelSeeds, NodeKeyring
from keys.keyring_text import Fields, check_same, encode
from keys.token_keyring import OBJECT_ID_BYTES, is_pin, is_serial

NODE_JOB: Final = "node"


def log_job(channel: str, epoch: int) -> str:
    """What a log's half is called."""
    return f"log/{channel}/{epoch}"


def mirror_job(channel: str) -> str:
    """What a mirror's half is called."""
    return f"mirror/{channel}"


@dataclass(frozen=True, slots=True)
class TokenHalf:
    """An Ed25519 key in the token.

    Attributes:
        ed25519: its public key, 32 bytes.
        object_id: its id in the token, 16 bytes.

    Raises:
        EnvelopeRefused: an id of another length.
        KeyRefused: a public key that the gate refuses.
    """

    ed25519: bytes
    object_id: bytes

    def __post_init__(self) -> None:
        _rule(len(self.object_id) == OBJECT_ID_BYTES, "an id of another length")
        check_ed25519(self.ed25519)


@dataclass(frozen=True, slots=True, repr=False)
class DividedNodeKeyring:
    """A node's keys, their Ed25519 halves in a token.

    Attributes:
        ring: as of a node without a token; see the module.
        serial: the token's serial number, as it says it.
        pin: of the token's user.
        halves: by job.

    Raises:
        EnvelopeRefused: a name that cannot be, or a half that belongs to no key.
    """

    PURPOSE: ClassVar[str] = "node-token"

    ring: NodeKeyring
    serial: str
    pin: str
    halves: Mapping[str, TokenHalf]

    def __post_init__(self) -> None:
        _rule(is_serial(self.serial), "no serial number of a token")
        _rule(is_pin(self.pin), "no PIN")
        _rule(NODE_JOB in self.halves, "the token has no half of the node's key")
        ids = [half.object_id for half in self.halves.values()]
        keys = [half.ed25519 for half in self.halves.values()]
        _rule(len(set(ids)) == len(ids) and len(set(keys)) == len(keys), "one key of the token has two jobs")

    def __repr__(self) -> str:
        return f"DividedNodeKeyring({self.party}, {len(self.channels)} channels, token {self.serial})"

    @property
    def party(self) -> str:
        """Short name."""
        return self.ring.party

    @property
    def channels(self) -> Mapping[str, ChannelSeeds]:
        """As of the keyring inside."""
        return self.ring.channels

    def with_channel(self, channel: bytes | str, seeds: ChannelSeeds) -> Self:
        """The same keyring with the seeds of one channel added or replaced; its halves are those of that epoch."""
        return replace(self, ring=self.ring.with_channel(channel, seeds))

    def with_half(self, job: str, half: TokenHalf) -> Self:
        """The same keyring with one half added or replaced."""
        return replace(self, halves={**self.halves, job: half})

    def encode(self) -> bytes:
        """The plain form, to be sealed at once."""
        return encode(
            self.PURPOSE,
            ring=self.ring.encode().hex(),
            serial=self.serial,
            pin=self.pin,
            halves={
                job: {"ed25519": half.ed25519.hex(), "object_id": half.object_id.hex()}
                for job, half in self.halves.items()
            },
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the plain form.

        Raises:
            EnvelopeRefused: malformed, of another kind, a second spelling, or a broken rule.
            KeyRefused: a public key that the gate refuses.
        """
        fields = Fields(data, cls.PURPOSE)
        keyring = cls(
            ring=NodeKeyring.parse(fields.seed("ring")),
            serial=fields.text("serial"),
            pin=fields.text("pin"),
            halves={
                job: TokenHalf(each.seed("ed25519"), each.seed("object_id")) for job, each in fields.each("halves")
            },
        )
        check_same(keyring.encode(), data)
        return keyring


def _rule(holds: bool, text: str) -> None:
    if not holds:
        raise EnvelopeRefused(f"the keyring is refused: {text}", kind=BROKEN_RULE)
