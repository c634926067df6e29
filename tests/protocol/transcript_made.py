"""The parties of the transcripts in spec/vectors/pairing-transcript, and what comes of one."""

from dataclasses import dataclass, field

from keys.hybrid import HybridPrivateKey
from keys.quorum import RootSet
from keys.roles import KeyRole
from protocol.pairing_transcript import PURPOSE

NOW = 1_795_305_236_589
CHANNEL, AGREEMENT = bytes(range(32)), bytes(range(32, 64))
KEYS = {
    party: tuple(
        HybridPrivateKey.from_seed(bytes([index + place]) * 32 + bytes([100 + index + place]) * 32, KeyRole.ROOT)
        for place in (1, 2, 3)
    )
    for index, party in ((10, "ARC"), (20, "BOR"))
}
ROOTS = {party: RootSet(2, tuple(key.public for key in keys)) for party, keys in KEYS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """A signed transcript as it came.

    Attributes:
        text: the transcript.
        by: party and numbers of its roots that signed it.
        code: why it is refused; None where it holds.
        purpose: of the signatures.
        keys: whose keys signed for a party, where they are another's.
    """

    text: bytes
    by: dict[str, tuple[int, ...]] = field(default_factory=lambda: {"ARC": (1, 2), "BOR": (2, 3)})
    code: str | None = None
    purpose: str = PURPOSE
    keys: dict[str, str] = field(default_factory=dict)
