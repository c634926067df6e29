"""The signer: holds a node's keys and decides, for whoever asks, what is signed with them.

    keys      the public sides
    tls       the seed of the TLS key, which OpenSSL needs in the node
    sign      the node's key, for the purposes of a node
    log       a log's keys under a checkpoint: never two roots of one size, never a smaller size after a larger
    mirror    a mirror's keys under a checkpoint, as above for each log that it cosigns
    unwrap    opens a secret that was sealed to the party
    remind    shows what a log or a mirror signed before
    look      whether everything can be used

It trusts nothing that it is asked with: it makes the bytes that are signed itself, from a checkpoint and not from
bytes, and reads those of the node's purposes before it signs them.

Source: spec/signer.md, "What is asked".
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from keys.errors import KeyElsewhere, KeysError, SealRefused
from keys.keyring import ChannelSeeds
from keys.preimage import CHANNEL_BYTES, NO_CHANNEL
from keys.sealing import opener_named
from nodes.errors import NodeError
from nodes.highwater import HighWater
from nodes.node_keys import NodeKeys
from nodes.signer_marks import Marks, Use, check
from protocol import beat as beats
from protocol import canonical, handshake
from protocol.canonical import Value
from protocol.checkpoint import Checkpoint, parse_text
from protocol.cosignature import cosign, verify_lines
from protocol.errors import ProtocolError
from protocol.head_signer import HeadSigners, lines_of, verifiers_of
from protocol.limits import TIME_MS_MAX
from protocol.note import Note
from protocol.note import parse as parse_note
from protocol.signature import NODE
from protocol.signature import PURPOSE as STATEMENT
from protocol.tagged import HASH_BYTES

VERSION: Final = 1
MALFORMED: Final = "request-malformed"
REFUSED: Final = "signer-refused"
NOT_OPENED: Final = "not-opened"
MADE_MAX: Final = 256
"""Keys under a name that are kept made; whoever asks may make up names."""

_SIDES: Final = ("dial", "listen")


class HeldKeys(NodeKeys, Protocol):
    """Keys of a node as a key file has them."""

    @property
    def tls_seed(self) -> bytes:
        """32 bytes."""
        ...

    @property
    def channels(self) -> Mapping[str, ChannelSeeds]:
        """By channel id in hexadecimal digits; of each, the epoch of its log is read."""
        ...


class SignerRefused(NodeError):
    """Something that the signer does not do."""


class NodeSigner:
    """See the module. Many threads may ask at once.

    Args:
        keys: the node's.
        marks: what they signed so far.
    """

    def __init__(self, keys: HeldKeys, marks: Marks) -> None:
        self._keys = keys
        self._marks = marks
        self._node = keys.node_signer()
        self._sealing = keys.sealing()
        # One request at a time for the key that has no mark; a log's and a mirror's take turns at theirs.
        self._turn = threading.Lock()
        self._signers: dict[tuple[str, str, str], HeadSigners] = {}
        self._operations: dict[str, Callable[[_Arguments], Value]] = {
            "keys": self._public,
            "tls": self._tls,
            "sign": self._sign,
            "log": self._log,
            "mirror": self._mirror,
            "unwrap": self._unwrap,
            "remind": self._remind,
            "look": self._look,
        }

    def ask(self, operation: str, arguments: Mapping[str, Any]) -> Value:
        """Do one thing.

        Raises:
            NodeError: it is refused, and the code says why: `request-malformed`, `signer-refused`, `not-opened`,
                `keys-away` where a token is missed.
            StoreBroken: what was signed could not be made durable; the process must end, and the signature is not
                given out.
        """
        known = self._operations.get(operation)
        if known is None:
            raise SignerRefused(MALFORMED, f"there is no operation {operation[:40]!r}")
        given = _Arguments(arguments)
        try:
            return known(given)
        except KeyElsewhere as error:
            raise SignerRefused(error.code, str(error)) from error
        except SealRefused as error:
            raise SignerRefused(NOT_OPENED, str(error)) from error
        except (KeysError, ProtocolError, ValueError) as error:
            raise SignerRefused(MALFORMED, str(error)) from error

    # --- what is known to everybody -----------------------------------------------------------------------------------

    def _public(self, given: _Arguments) -> Value:
        given.end()
        channels: dict[str, Value] = {}
        for channel, seeds in self._keys.channels.items():
            # The names are those of the asker's agreement; the keys are the same under any.
            log, mirror = self._keys.log_signers(channel, "log"), self._keys.mirror_signers(channel, "mirror")
            raw: list[Value] = [one.raw for one in (*verifiers_of(log), *verifiers_of(mirror))]
            channels[channel] = [seeds.epoch, *raw]
        return {
            "version": VERSION,
            "party": self._keys.party,
            "node": self._node.public.raw,
            "sealing": self._sealing.public.raw,
            "sealing_before": [one.public.raw for one in self._sealing.before],
            "channels": channels,
        }

    def _tls(self, given: _Arguments) -> Value:
        given.end()
        return self._keys.tls_seed

    def _look(self, given: _Arguments) -> Value:
        given.end()
        look = getattr(self._keys, "look", None)
        if look is not None:
            look()
        return None

    # --- the node's key -----------------------------------------------------------------------------------------------

    def _sign(self, given: _Arguments) -> Value:
        purpose, author = given.text("purpose"), given.text("author")
        channel, message = given.octets("channel", CHANNEL_BYTES), given.octets("message")
        given.end()
        if author != self._keys.party:
            raise SignerRefused(REFUSED, "the node signs for its own party")
        self._check_purpose(purpose, channel, message)
        with self._turn:
            return self._node.sign(purpose, channel=channel, author=author, message=message)

    def _check_purpose(self, purpose: str, channel: bytes, message: bytes) -> None:
        """Refuse what is no business of a node: other purposes, statements of persons, beats of others."""
        if purpose == STATEMENT:
            # The channel may be that of a journal, whose name changes with each.
            fits = channel != NO_CHANNEL and _is_row(message, lambda row: len(row) == 3 and row[1:] == [NODE, NODE])
        elif channel.hex() not in self._keys.channels:
            fits = False
        elif purpose == beats.PURPOSE:
            beat = beats.parse(message)
            fits = (beat.channel, beat.party) == (channel, self._keys.party)
        elif purpose in (handshake.PURPOSE, handshake.STATE_PURPOSE):
            items = 3 if purpose == handshake.PURPOSE else 4
            fits = _is_row(message, lambda row: len(row) == items and row[0] in _SIDES)
        else:
            fits = False
        if not fits:
            raise SignerRefused(REFUSED, f"no {purpose[:40]!r} that a node signs")

    # --- logs and mirrors ---------------------------------------------------------------------------------------------

    def _log(self, given: _Arguments) -> Value:
        channel, checkpoint, at_ms = given.text("channel"), given.checkpoint(), given.time()
        given.end()
        signers = self._log_signers(channel, checkpoint.origin)
        mark = self._marks.mark(self._log_use(signers, checkpoint.origin))
        with mark.turn:
            again = check(mark, checkpoint)
            text = checkpoint.text()
            lines = lines_of(
                signers, text=text, origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root, at_ms=at_ms
            )
            if not again:
                # Durable before it leaves: from here on no other root of this size is signed, whatever happens.
                mark.put(Note(text, lines).encode(), checkpoint)
        return [line.signature for line in lines]

    def _mirror(self, given: _Arguments) -> Value:
        channel, name = given.text("channel"), given.text("name")
        checkpoint, at_ms = given.checkpoint(), given.time()
        given.end()
        signers = self._mirror_signers(channel, name)
        mark = self._marks.mark(self._mirror_use(signers, name, checkpoint.origin))
        with mark.turn:
            again = check(mark, checkpoint)
            lines = cosign(checkpoint, signers, at_ms)
            if not again:
                mark.put(Note(checkpoint.text(), tuple(lines)).encode(), checkpoint)
        return [line.signature for line in lines]

    def _remind(self, given: _Arguments) -> Value:
        job, channel, name, note = given.text("job"), given.text("channel"), given.text("name"), given.octets("note")
        given.end()
        parsed = parse_note(note)
        checkpoint = parse_text(parsed.text)
        signers = self._log_signers(channel, name) if job == "log" else self._mirror_signers(channel, name)
        verifiers = verifiers_of(signers)
        # Only what these keys signed counts; nobody else's word moves a mark.
        verify_lines(parsed, checkpoint, verifiers, exactly=False)
        if job == "log":
            use = self._log_use(signers, checkpoint.origin)
        else:
            use = self._mirror_use(signers, name, checkpoint.origin)
        mine = {(one.name, one.key_id) for one in verifiers}
        kept = Note(parsed.text, tuple(one for one in parsed.signatures if (one.name, one.key_id) in mine)).encode()
        _learn(self._marks.mark(use), kept, checkpoint)
        return None

    def _log_signers(self, channel: str, origin: str) -> HeadSigners:
        epoch = self._epoch(channel)
        if not origin.endswith(f"/{epoch}"):
            raise SignerRefused(REFUSED, f"the keys are of the log of epoch {epoch}, not of {origin}")
        return self._made("log", channel, origin, self._keys.log_signers)

    def _mirror_signers(self, channel: str, name: str) -> HeadSigners:
        self._epoch(channel)
        if not name.endswith("/mirror"):
            raise SignerRefused(REFUSED, f"{name} is no name of a mirror")
        return self._made("mirror", channel, name, self._keys.mirror_signers)

    def _made(self, job: str, channel: str, name: str, make: Callable[[str, str], HeadSigners]) -> HeadSigners:
        """Keys under a name, made once: to load an ML-DSA key costs as much as to sign with it."""
        known = self._signers.get((job, channel, name))
        if known is None:
            known = make(channel, name)
            if len(self._signers) >= MADE_MAX:
                self._signers.clear()
            self._signers[job, channel, name] = known
        return known

    def _epoch(self, channel: str) -> int:
        seeds = self._keys.channels.get(channel)
        if seeds is None:
            raise SignerRefused(REFUSED, "there are no keys for this channel")
        return seeds.epoch

    @staticmethod
    def _log_use(signers: HeadSigners, origin: str) -> Use:
        return Use("log", verifiers_of(signers)[0].raw.hex(), origin, origin)

    @staticmethod
    def _mirror_use(signers: HeadSigners, name: str, origin: str) -> Use:
        return Use("mirror", verifiers_of(signers)[0].raw.hex(), name, origin)

    # --- the sealing key ----------------------------------------------------------------------------------------------

    def _unwrap(self, given: _Arguments) -> Value:
        wrap, info, named = given.octets("wrap"), given.octets("info"), given.key_id()
        given.end()
        opener = self._sealing if named is None else opener_named(self._sealing, named)
        if opener is None:
            raise SignerRefused(NOT_OPENED, "the party has no such sealing key")
        with self._turn:
            return opener.unwrap(wrap, info)


def _learn(mark: HighWater, note: bytes, checkpoint: Checkpoint) -> None:
    with mark.turn:
        last = mark.checkpoint
        if last is not None and last.size == checkpoint.size and last.root != checkpoint.root:
            # Both bear the signatures of one key: somebody else has it, or two signers run.
            raise SignerRefused(REFUSED, f"two roots of {last.size} entries of {last.origin} were signed: see `fork`")
        if last is None or checkpoint.size > last.size:
            mark.put(note, checkpoint)


def _is_row(message: bytes, fits: Callable[[list[Value]], bool]) -> bool:
    try:
        value = canonical.decode(message, bytes_max=1024)
    except ProtocolError:
        return False
    return isinstance(value, list) and fits(value)


class _Arguments:
    """Reads typed arguments; one that is left over is a fault."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._left = dict(given)

    def _take(self, name: str, kind: type) -> Any:
        value = self._left.pop(name, None)
        if type(value) is not kind:
            raise SignerRefused(MALFORMED, f"{name} is missing or of another type")
        return value

    def text(self, name: str) -> str:
        value: str = self._take(name, str)
        return value

    def octets(self, name: str, exact: int | None = None) -> bytes:
        value: bytes = self._take(name, bytes)
        if exact is not None and len(value) != exact:
            raise SignerRefused(MALFORMED, f"{name} has {len(value)} bytes, not {exact}")
        return value

    def key_id(self) -> bytes | None:
        """Which of several keys; None where it is the one in force."""
        return self.octets("key", HASH_BYTES) if "key" in self._left else None

    def checkpoint(self) -> Checkpoint:
        size: int = self._take("size", int)
        if size < 1:
            raise SignerRefused(REFUSED, "nobody signs an empty log")
        return Checkpoint(self.text("origin"), size, self.octets("root"))

    def time(self) -> int:
        at_ms: int = self._take("at_ms", int)
        if not 0 <= at_ms <= TIME_MS_MAX:
            raise SignerRefused(MALFORMED, "at_ms is no time")
        return at_ms

    def end(self) -> None:
        if self._left:
            raise SignerRefused(MALFORMED, "unknown arguments")
