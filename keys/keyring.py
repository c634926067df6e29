"""What is inside one key file: the seeds of a node, an officer, a root, or the logs held in reserve.

Seeds, not keys: every key of the project follows from 32 to 112 random bytes, and this module is where they get their
one job. The plain form is JSON with hexadecimal seeds, in one spelling; it exists only inside a sealed envelope and
in memory. Nothing here shows a secret in its ``repr``.

    kind      holds                                          where it lies
    node      node, sealing, TLS; log and mirror a channel   the node's home
    officer   one officer's key                              the officer's home
    root      one root's key                                 a safe
    reserve   the keys of each channel's successor log       off the machine

Source: spec/keys-and-rosters.md, "Keyrings".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self

from keys import note_key, tls_identity
from keys.errors import BROKEN_RULE, EnvelopeRefused, KeysMisused
from keys.hybrid import HybridPrivateKey
from keys.keyring_text import Fields, check_same, encode
from keys.note_key import NoteKeyType, NoteSigner
from keys.quorum import ROOT_NUMBER_MAX
from keys.roles import KeyRole
from keys.sealing import SealingPrivateKey
from keys.suite import HYBRID_SEED_BYTES, SUITE_1, Suite

Entropy = Callable[[int], bytes]
"""Gives so many fresh random bytes; ``secrets.token_bytes`` outside of tests."""

_PARTY = re.compile(r"[A-Z]{2,4}")
_OFFICER = re.compile(r"[a-z][a-z0-9-]{0,31}")
_CHANNEL = re.compile(r"[0-9a-f]{64}")

SEALING_BEFORE_MAX: Final = 64
"""Sealing keys that a party had before; more than it revokes on a channel, and half a second of opening a file."""

_EPOCH_MAX = 1_000_000
_NUMBER_MAX = 65_535
_ROOT_INDEX_MAX = ROOT_NUMBER_MAX


@dataclass(frozen=True, slots=True, repr=False)
class ChannelSeeds:
    """The seeds of one channel's log and mirror, 32 bytes each.

    Attributes:
        epoch: number of the log that these keys sign.
    """

    epoch: int
    log_ed25519: bytes
    log_mldsa44: bytes
    mirror_ed25519: bytes
    mirror_mldsa44: bytes

    def __post_init__(self) -> None:
        _rule(0 <= self.epoch <= _EPOCH_MAX, "no epoch")
        seeds = (self.log_ed25519, self.log_mldsa44, self.mirror_ed25519, self.mirror_mldsa44)
        _check_seeds(*((seed, note_key.SEED_BYTES) for seed in seeds))

    def __repr__(self) -> str:
        return f"ChannelSeeds(epoch={self.epoch})"

    @classmethod
    def generate(cls, entropy: Entropy, *, epoch: int) -> Self:
        """Fresh seeds for a channel."""
        return cls(epoch, entropy(32), entropy(32), entropy(32), entropy(32))


@dataclass(frozen=True, slots=True, repr=False)
class ReserveSeeds:
    """The seeds of one channel's successor log, 32 bytes each."""

    epoch: int
    log_ed25519: bytes
    log_mldsa44: bytes

    def __post_init__(self) -> None:
        _rule(0 <= self.epoch <= _EPOCH_MAX, "no epoch")
        _check_seeds((self.log_ed25519, note_key.SEED_BYTES), (self.log_mldsa44, note_key.SEED_BYTES))

    def __repr__(self) -> str:
        return f"ReserveSeeds(epoch={self.epoch})"

    @classmethod
    def generate(cls, entropy: Entropy, *, epoch: int) -> Self:
        """Fresh seeds for the log that would come next."""
        return cls(epoch, entropy(32), entropy(32))

    def log_signers(self, origin: str) -> tuple[NoteSigner, NoteSigner]:
        """The keys of that log, types 0x01 and 0x06."""
        return _log_signers(self, origin)


@dataclass(frozen=True, slots=True, repr=False)
class NodeKeyring:
    """Everything that a node signs and opens with.

    Attributes:
        party: short name.
        node_seed: 64 bytes.
        sealing_seed: as many bytes as the suite says.
        tls_seed: 32 bytes.
        channels: by channel id in 64 hexadecimal digits.
        suite: of the node's key and the sealing key, and so of every channel.
        sealing_before: seeds of the sealing keys before the one in force, the newest first; what was sealed to them
            opens with them.

    Raises:
        EnvelopeRefused: a length or a name is wrong, one seed stands twice, or too many sealing keys.
    """

    PURPOSE: ClassVar[str] = "node"

    party: str
    node_seed: bytes
    sealing_seed: bytes
    tls_seed: bytes
    channels: Mapping[str, ChannelSeeds]
    suite: Suite = SUITE_1
    sealing_before: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        _rule(bool(_PARTY.fullmatch(self.party)), "no short name of a party")
        _rule(len(self.sealing_before) <= SEALING_BEFORE_MAX, f"more than {SEALING_BEFORE_MAX} sealing keys before")
        sealing = [(one, self.suite.sealing.seed_bytes) for one in (self.sealing_seed, *self.sealing_before)]
        parts = [
            *_check_seeds((self.node_seed, HYBRID_SEED_BYTES), *sealing),
            *_check_seeds((self.tls_seed, tls_identity.SEED_BYTES)),
        ]
        for channel, seeds in self.channels.items():
            _rule(bool(_CHANNEL.fullmatch(channel)), "no channel id")
            parts += [seeds.log_ed25519, seeds.log_mldsa44, seeds.mirror_ed25519, seeds.mirror_mldsa44]
        # One key, one job holds for secrets as well: a seed used twice is a generator that failed.
        _rule(len(set(parts)) == len(parts), "one seed stands twice")

    def __repr__(self) -> str:
        return f"NodeKeyring({self.party}, {len(self.channels)} channels)"

    @classmethod
    def generate(cls, party: str, entropy: Entropy, *, suite: Suite = SUITE_1) -> Self:
        """A new node's keys, without any channel yet."""
        return cls(
            party=party,
            node_seed=entropy(HYBRID_SEED_BYTES),
            sealing_seed=entropy(suite.sealing.seed_bytes),
            tls_seed=entropy(tls_identity.SEED_BYTES),
            channels={},
            suite=suite,
        )

    def with_channel(self, channel: bytes | str, seeds: ChannelSeeds) -> Self:
        """The same keyring with the seeds of one channel added or replaced."""
        return replace(self, channels={**self.channels, _channel_hex(channel): seeds})

    def node_signer(self) -> HybridPrivateKey:
        """The node's own key."""
        return HybridPrivateKey.from_seed(self.node_seed, KeyRole.NODE, self.suite)

    def with_sealing(self, seed: bytes) -> Self:
        """The same keyring with another sealing key in force, and the one until now before it."""
        return replace(self, sealing_seed=seed, sealing_before=(self.sealing_seed, *self.sealing_before))

    def sealing(self) -> SealingPrivateKey:
        """The key that opens what is sealed to the party, and with it those before."""
        before = tuple(SealingPrivateKey.from_seed(seed, self.suite) for seed in self.sealing_before)
        return replace(SealingPrivateKey.from_seed(self.sealing_seed, self.suite), before=before)

    def tls_certificate(self, common_name: str) -> bytes:
        """The node's certificate in DER."""
        return tls_identity.certificate(self.tls_seed, common_name)

    def tls_private_pem(self) -> bytes:
        """The TLS private key in PEM, for memory only."""
        return tls_identity.private_pem(self.tls_seed)

    def log_signers(self, channel: bytes | str, origin: str) -> tuple[NoteSigner, NoteSigner]:
        """The keys of one channel's log, types 0x01 and 0x06, named after the origin.

        Raises:
            KeysMisused: the keyring has no such channel.
        """
        return _log_signers(self._seeds(channel), origin)

    def mirror_signers(self, channel: bytes | str, name: str) -> tuple[NoteSigner, NoteSigner]:
        """The keys of one channel's mirror, types 0x04 and 0x06.

        Raises:
            KeysMisused: the keyring has no such channel.
        """
        seeds = self._seeds(channel)
        return (
            NoteSigner(name, NoteKeyType.COSIGNATURE, seeds.mirror_ed25519),
            NoteSigner(name, NoteKeyType.MLDSA44, seeds.mirror_mldsa44),
        )

    def encode(self) -> bytes:
        """The plain form, to be sealed at once."""
        # Written only where it says something, so that a keyring without it reads everywhere.
        before = {"sealing_before": [seed.hex() for seed in self.sealing_before]} if self.sealing_before else {}
        return encode(
            self.PURPOSE,
            suite=self.suite,
            **before,
            party=self.party,
            node_seed=self.node_seed.hex(),
            sealing_seed=self.sealing_seed.hex(),
            tls_seed=self.tls_seed.hex(),
            channels={
                channel: {
                    "epoch": seeds.epoch,
                    "log_ed25519": seeds.log_ed25519.hex(),
                    "log_mldsa44": seeds.log_mldsa44.hex(),
                    "mirror_ed25519": seeds.mirror_ed25519.hex(),
                    "mirror_mldsa44": seeds.mirror_mldsa44.hex(),
                }
                for channel, seeds in self.channels.items()
            },
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the plain form.

        Raises:
            EnvelopeRefused: malformed, of another kind, a second spelling, or a broken rule.
        """
        fields = Fields(data, cls.PURPOSE)
        keyring = cls(
            party=fields.text("party"),
            node_seed=fields.seed("node_seed"),
            sealing_seed=fields.seed("sealing_seed"),
            tls_seed=fields.seed("tls_seed"),
            channels={
                channel: ChannelSeeds(
                    epoch=each.number("epoch"),
                    log_ed25519=each.seed("log_ed25519"),
                    log_mldsa44=each.seed("log_mldsa44"),
                    mirror_ed25519=each.seed("mirror_ed25519"),
                    mirror_mldsa44=each.seed("mirror_mldsa44"),
                )
                for channel, each in fields.each("channels")
            },
            suite=fields.suite(),
            sealing_before=fields.seeds("sealing_before"),
        )
        check_same(keyring.encode(), data)
        return keyring

    def _seeds(self, channel: bytes | str) -> ChannelSeeds:
        seeds = self.channels.get(_channel_hex(channel))
        if seeds is None:
            raise KeysMisused("the keyring has no keys for this channel")
        return seeds


@dataclass(frozen=True, slots=True, repr=False)
class OfficerKeyring:
    """An officer's key.

    Attributes:
        party: short name.
        name: what the officer is called on this machine, such as ``duty``; it is never published.
        number: the number in the roster, None until the party has given one.
        seed: 64 bytes.
        suite: of the key.
    """

    PURPOSE: ClassVar[str] = "officer"

    party: str
    name: str
    number: int | None
    seed: bytes
    suite: Suite = SUITE_1

    def __post_init__(self) -> None:
        _rule(bool(_PARTY.fullmatch(self.party)), "no short name of a party")
        _rule(bool(_OFFICER.fullmatch(self.name)), "no name of an officer")
        _rule(self.number is None or 1 <= self.number <= _NUMBER_MAX, "no number of a person")
        _check_seeds((self.seed, HYBRID_SEED_BYTES))

    def __repr__(self) -> str:
        return f"OfficerKeyring({self.party}, {self.name}, number={self.number})"

    @classmethod
    def generate(
        cls, party: str, name: str, entropy: Entropy, *, number: int | None = None, suite: Suite = SUITE_1
    ) -> Self:
        """A new officer's key."""
        return cls(party, name, number, entropy(HYBRID_SEED_BYTES), suite)

    def signer(self) -> HybridPrivateKey:
        """The officer's key."""
        return HybridPrivateKey.from_seed(self.seed, KeyRole.OFFICER, self.suite)

    def encode(self) -> bytes:
        """The plain form, to be sealed at once."""
        return encode(
            self.PURPOSE,
            suite=self.suite,
            party=self.party,
            name=self.name,
            number=self.number,
            seed=self.seed.hex(),
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the plain form; raises as :meth:`NodeKeyring.parse` does."""
        fields = Fields(data, cls.PURPOSE)
        number = None if fields.absent("number") else fields.number("number")
        keyring = cls(fields.text("party"), fields.text("name"), number, fields.seed("seed"), fields.suite())
        check_same(keyring.encode(), data)
        return keyring


@dataclass(frozen=True, slots=True, repr=False)
class RootKeyring:
    """One root's key.

    Attributes:
        party: short name.
        index: the root's number, from 1.
        seed: 64 bytes.
        suite: of the key.
    """

    PURPOSE: ClassVar[str] = "root"

    party: str
    index: int
    seed: bytes
    suite: Suite = SUITE_1

    def __post_init__(self) -> None:
        _rule(bool(_PARTY.fullmatch(self.party)), "no short name of a party")
        _rule(1 <= self.index <= _ROOT_INDEX_MAX, "no number of a root")
        _check_seeds((self.seed, HYBRID_SEED_BYTES))

    def __repr__(self) -> str:
        return f"RootKeyring({self.party}, root {self.index})"

    @classmethod
    def generate(cls, party: str, index: int, entropy: Entropy, *, suite: Suite = SUITE_1) -> Self:
        """A new root's key."""
        return cls(party, index, entropy(HYBRID_SEED_BYTES), suite)

    def signer(self) -> HybridPrivateKey:
        """The root's key."""
        return HybridPrivateKey.from_seed(self.seed, KeyRole.ROOT, self.suite)

    def encode(self) -> bytes:
        """The plain form, to be sealed at once."""
        return encode(self.PURPOSE, suite=self.suite, party=self.party, index=self.index, seed=self.seed.hex())

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the plain form; raises as :meth:`NodeKeyring.parse` does."""
        fields = Fields(data, cls.PURPOSE)
        keyring = cls(fields.text("party"), fields.number("index"), fields.seed("seed"), fields.suite())
        check_same(keyring.encode(), data)
        return keyring


@dataclass(frozen=True, slots=True, repr=False)
class ReserveKeyring:
    """The keys of the successor logs, kept off the machine.

    Attributes:
        party: short name.
        channels: by channel id in 64 hexadecimal digits.
    """

    PURPOSE: ClassVar[str] = "reserve"

    party: str
    channels: Mapping[str, ReserveSeeds]

    def __post_init__(self) -> None:
        _rule(bool(_PARTY.fullmatch(self.party)), "no short name of a party")
        _rule(all(_CHANNEL.fullmatch(channel) for channel in self.channels), "no channel id")
        parts = [seed for seeds in self.channels.values() for seed in (seeds.log_ed25519, seeds.log_mldsa44)]
        _rule(len(set(parts)) == len(parts), "one seed stands twice")

    def __repr__(self) -> str:
        return f"ReserveKeyring({self.party}, {len(self.channels)} channels)"

    def with_channel(self, channel: bytes | str, seeds: ReserveSeeds) -> Self:
        """The same keyring with the seeds of one channel added or replaced."""
        return replace(self, channels={**self.channels, _channel_hex(channel): seeds})

    def encode(self) -> bytes:
        """The plain form, to be sealed at once."""
        channels = {
            channel: {
                "epoch": seeds.epoch,
                "log_ed25519": seeds.log_ed25519.hex(),
                "log_mldsa44": seeds.log_mldsa44.hex(),
            }
            for channel, seeds in self.channels.items()
        }
        return encode(self.PURPOSE, party=self.party, channels=channels)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the plain form; raises as :meth:`NodeKeyring.parse` does."""
        fields = Fields(data, cls.PURPOSE)
        channels = {
            channel: ReserveSeeds(each.number("epoch"), each.seed("log_ed25519"), each.seed("log_mldsa44"))
            for channel, each in fields.each("channels")
        }
        keyring = cls(fields.text("party"), channels)
        check_same(keyring.encode(), data)
        return keyring


def _log_signers(seeds: ChannelSeeds | ReserveSeeds, origin: str) -> tuple[NoteSigner, NoteSigner]:
    return (
        NoteSigner(origin, NoteKeyType.ED25519, seeds.log_ed25519),
        NoteSigner(origin, NoteKeyType.MLDSA44, seeds.log_mldsa44),
    )


def _channel_hex(channel: bytes | str) -> str:
    return channel if isinstance(channel, str) else channel.hex()


def _check_seeds(*seeds: tuple[bytes, int]) -> list[bytes]:
    for seed, length in seeds:
        # The seed itself must not appear in an error.
        _rule(len(seed) == length, f"a seed has {len(seed)} bytes instead of {length}")
    return [seed for seed, _ in seeds]


def _rule(holds: bool, text: str) -> None:
    if not holds:
        raise EnvelopeRefused(f"the keyring is refused: {text}", kind=BROKEN_RULE)
