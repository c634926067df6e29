"""The keys of one line: those this node signs with, and those it checks by, as the rosters in force give them.

Source: spec/keys-and-rosters.md; spec/channel.md, "Keys".
"""

from dataclasses import dataclass

from keys.hybrid import HybridPublicKey, Signer
from keys.note_key import NoteKeyType, NoteVerifier
from keys.roster import Roster
from protocol.agreement import Agreement
from protocol.head_signer import HeadSigners

Pair = tuple[NoteVerifier, NoteVerifier]
"""A log's keys of type 0x01 and 0x06, or a mirror's of type 0x04 and 0x06."""


@dataclass(frozen=True, slots=True)
class VoiceKeys:
    """The public keys of one party's node side.

    Attributes:
        party: short name.
        node: key of its machine statements, beats and handshakes.
        log: keys of its log.
        mirror: keys of its mirror.
        tls_pins: hashes of the TLS keys it may come with.
    """

    party: str
    node: HybridPublicKey
    log: Pair
    mirror: Pair
    tls_pins: frozenset[bytes]

    @property
    def origin(self) -> str:
        """Origin of its log."""
        return self.log[0].name


@dataclass(frozen=True, slots=True)
class LineSigners:
    """The private keys a node uses on one line, in this process or elsewhere.

    Attributes:
        node: its node key.
        log: its log's keys, 0x01 and 0x06.
        mirror: its mirror's keys, 0x04 and 0x06.
    """

    node: Signer
    log: HeadSigners
    mirror: HeadSigners


@dataclass(frozen=True, slots=True)
class LineKeys:
    """All keys of one line."""

    own: VoiceKeys
    their: VoiceKeys
    signers: LineSigners


def voice_keys(agreement: Agreement, roster: Roster, tls_pins: frozenset[bytes]) -> VoiceKeys:
    """The node-side keys that a roster gives a party.

    Args:
        agreement: gives logs and mirrors their names.
        roster: the one in force.
        tls_pins: hashes of the roster's TLS keys.
    """
    origin = agreement.origin(roster.party, roster.epoch)
    mirror = agreement.mirror_name(roster.party)
    return VoiceKeys(
        party=roster.party,
        node=roster.node,
        log=(
            NoteVerifier(origin, NoteKeyType.ED25519, roster.log.ed25519),
            NoteVerifier(origin, NoteKeyType.MLDSA44, roster.log.mldsa44),
        ),
        mirror=(
            NoteVerifier(mirror, NoteKeyType.COSIGNATURE, roster.mirror.ed25519),
            NoteVerifier(mirror, NoteKeyType.MLDSA44, roster.mirror.mldsa44),
        ),
        tls_pins=tls_pins,
    )
