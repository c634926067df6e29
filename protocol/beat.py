"""The heartbeat: a signed object that stands alone and says how one node sees the line at one moment.

It carries the node's own size and root, the other log's size and root as held, a fresh cosignature for that, the size
that the other side last claimed to hold of this node's log (`quoted`), the digest of the last beat received and when,
the clock, and the docket's digest with the sizes it was computed at. It names the session it was said in, so that it
cannot be said again in another. None of it can be made beforehand.

Two facts follow from one beat alone, for anyone: `own` below `quoted` is a rollback, signed by the node that was rolled
back; and a line that is up while `held` stays behind is a node that was told and does not hold.

Source: spec/channel.md, "Heartbeats".
"""

from dataclasses import dataclass
from typing import Any, Final

from keys.hybrid import HybridPublicKey, Signer
from protocol import canonical
from protocol.errors import Malformed
from protocol.frames import BEAT_BYTES_MAX
from protocol.limits import SIZE_MAX, TIME_MS_MAX
from protocol.tagged import Hash, tagged

PURPOSE: Final = "beat"
VERSION: Final = 1

Position = tuple[int, Hash]
"""Size of a log and its root at that size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One heartbeat.

    Args:
        channel: 32 bytes.
        party: short name of the party whose node says it.
        session: transcript of the session (`protocol.handshake`), 32 bytes.
        number: counts up within the session.
        at_ms: the node's clock as it reads, UTC milliseconds; it may go back.
        ahead_ms: how far the time used in entries and cosignatures is ahead of that clock, because it never goes back.
        own: size and root of the node's own log.
        held: size and root of the other log, durable here.
        quoted: size of the own log that the other side last claimed to hold.
        heard: digest of the last beat received in this session, or None.
        heard_at_ms: the node's clock when that beat came, or None.
        docket: own size, other size and digest of the docket's timeless part at these, or None.
        cosignatures: two note signature lines for `held`, or empty where nothing is held.
    """

    channel: Hash
    party: str
    session: Hash
    number: int
    at_ms: int
    ahead_ms: int
    own: Position
    held: Position
    quoted: int
    heard: Hash | None
    heard_at_ms: int | None
    docket: tuple[int, int, Hash] | None
    cosignatures: bytes

    def encode(self) -> bytes:
        """The bytes that are signed."""
        # Names in order, as _NAMES has them.
        return canonical.encode_sorted(
            {
                "ahead_ms": self.ahead_ms,
                "at_ms": self.at_ms,
                "channel": self.channel,
                "cosignatures": self.cosignatures,
                "docket": self.docket,
                "heard": self.heard,
                "heard_at_ms": self.heard_at_ms,
                "held": self.held,
                "number": self.number,
                "own": self.own,
                "party": self.party,
                "quoted": self.quoted,
                "session": self.session,
                "version": VERSION,
            }
        )

    @property
    def shows_rollback(self) -> bool:
        """Whether the node signed that its own log is shorter than what it was told is held of it."""
        return self.own[0] < self.quoted


_NAMES: Final = (
    "ahead_ms", "at_ms", "channel", "cosignatures", "docket", "heard", "heard_at_ms", "held", "number", "own", "party",
    "quoted", "session", "version",
)  # fmt: skip


def parse(data: bytes) -> Beat:
    """Read a beat.

    Args:
        data: the signed bytes.

    Returns:
        The beat; nothing of it is verified.

    Raises:
        Malformed: `bad-beat`, or a code of the canonical decoder.
    """
    value = canonical.decode(data, bytes_max=BEAT_BYTES_MAX)
    if type(value) is not dict or tuple(value) != _NAMES:
        raise Malformed("bad-beat", "beat", "not the items of a beat")
    if type(value["version"]) is not int or value["version"] != VERSION:
        raise Malformed("bad-beat", "beat.version", "unknown version")
    return Beat(
        channel=_bytes(value, "channel", 32),
        party=_party(value),
        session=_bytes(value, "session", 32),
        number=_number(value, "number", SIZE_MAX),
        at_ms=_number(value, "at_ms", TIME_MS_MAX),
        ahead_ms=_number(value, "ahead_ms", TIME_MS_MAX),
        own=_position(value["own"], "own"),
        held=_position(value["held"], "held"),
        quoted=_number(value, "quoted", SIZE_MAX),
        heard=None if value["heard"] is None else _bytes(value, "heard", 32),
        heard_at_ms=None if value["heard_at_ms"] is None else _number(value, "heard_at_ms", TIME_MS_MAX),
        docket=None if value["docket"] is None else _docket(value["docket"]),
        cosignatures=_bytes(value, "cosignatures", None),
    )


def digest(data: bytes) -> Hash:
    """The name of a beat: a tagged hash over its signed bytes."""
    return tagged("beat", data)


def sign(beat: Beat, signer: Signer) -> tuple[bytes, bytes]:
    """Sign a beat with the node key.

    Returns:
        The beat's bytes and the signature.
    """
    data = beat.encode()
    return data, signer.sign(PURPOSE, channel=beat.channel, author=beat.party, message=data)


def verify(data: bytes, signature: bytes, *, channel: Hash, party: str, key: HybridPublicKey) -> Beat:
    """Check a beat's signature, then read it.

    Args:
        data: the beat's bytes.
        signature: the node's signature over them.
        channel: the channel it must be of.
        party: the party it must be of.
        key: that party's node key.

    Returns:
        The beat.

    Raises:
        SignatureRefused: it was not signed by that key for that channel and party.
        Malformed: it was, and is not a beat of this channel and party.
    """
    key.verify(PURPOSE, channel=channel, author=party, message=data, signature=signature)
    beat = parse(data)
    if beat.channel != channel or beat.party != party:
        raise Malformed("bad-beat", "beat", "of another channel or party")
    return beat


def _number(value: dict[str, Any], name: str, most: int) -> int:
    given = value[name]
    if type(given) is not int or not 0 <= given <= most:
        raise Malformed("bad-beat", f"beat.{name}")
    return given


def _bytes(value: dict[str, Any], name: str, exact: int | None) -> bytes:
    given = value[name]
    if type(given) is not bytes or (exact is not None and len(given) != exact):
        raise Malformed("bad-beat", f"beat.{name}")
    return given


def _party(value: dict[str, Any]) -> str:
    given = value["party"]
    if type(given) is not str or not 2 <= len(given) <= 4:
        raise Malformed("bad-beat", "beat.party")
    return given


def _position(given: object, name: str) -> Position:
    if type(given) is not list or len(given) != 2:
        raise Malformed("bad-beat", f"beat.{name}")
    size, root = given
    if type(size) is not int or not 0 <= size <= SIZE_MAX or type(root) is not bytes or len(root) != 32:
        raise Malformed("bad-beat", f"beat.{name}")
    return size, root


def _docket(given: object) -> tuple[int, int, Hash]:
    if type(given) is not list or len(given) != 3:
        raise Malformed("bad-beat", "beat.docket")
    own, other, hash_ = given
    if not all(type(size) is int and 0 <= size <= SIZE_MAX for size in (own, other)):
        raise Malformed("bad-beat", "beat.docket")
    if type(hash_) is not bytes or len(hash_) != 32:
        raise Malformed("bad-beat", "beat.docket")
    return own, other, hash_
