"""One checkpoint brought to one witness: asks for its cosignature, proves what it wants proved, verifies its lines.

Nothing that a witness says is believed but lines of its own keys under our checkpoint. Whatever else it answers, or
does not, is a failure that is told of and stops nothing.

Source: C2SP tlog-witness; spec/witness.md, "Submitting".
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from keys.note_key import NoteVerifier
from nodes.witness_terms import WitnessTerms
from protocol.checkpoint import Checkpoint, parse_text
from protocol.cosignature import verify_lines
from protocol.errors import ProtocolError
from protocol.merkle import HashReader, prove_consistency
from protocol.note import Note, NoteSignature
from protocol.note import parse as parse_note
from protocol.spelling import decode_decimal
from protocol.witness import ANSWER_BYTES_MAX, CONFLICT, SIZE_TYPE, UNPROVED, AddCheckpoint, signed_by

LIMIT_S: Final = 10.0
"""For one submission, all its questions together."""

QUESTIONS_MAX: Final = 3
"""A witness that names another size each time is left for later."""


class WitnessFailed(Exception):
    """A witness did not cosign.

    Attributes:
        code: of the alarm, or empty where it was only not reached.
        text: one clause for people.
        note: what it showed, for the evidence; None for nothing.
    """

    def __init__(self, text: str, *, code: str = "", note: bytes | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.note = note


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What a witness answered.

    Attributes:
        lines: of its keys, verified.
        at_ms: when it says that it signed, UTC milliseconds.
    """

    lines: tuple[NoteSignature, ...]
    at_ms: int


def submit(
    note: Note,
    *,
    log: Sequence[NoteVerifier],
    witness: Sequence[NoteVerifier],
    terms: WitnessTerms,
    known: int,
    read: HashReader,
) -> Cosigned:
    """Bring a checkpoint of ours to a witness. Call it on a thread.

    Args:
        note: the signed checkpoint.
        log: the keys of our log; only their lines are sent.
        witness: the keys of the witness, from the agreement.
        terms: where it is.
        known: leaves of the last checkpoint that it is known to have cosigned, or 0.
        read: reads hashes of our log.

    Raises:
        WitnessFailed: it did not cosign.
    """
    checkpoint = parse_text(note.text)
    own = signed_by(note, log)
    exchange = _Exchange(terms, until_s=time.monotonic() + LIMIT_S)
    old, status = min(known, checkpoint.size), 0
    for _ in range(QUESTIONS_MAX):
        proof = prove_consistency(old, checkpoint.size, read) if 0 < old < checkpoint.size else ()
        status, kind, body = exchange.ask("POST", "/add-checkpoint", AddCheckpoint(old, tuple(proof), own).encode())
        if status == 200:
            return _verified(own, checkpoint, witness, body)
        if status != CONFLICT or kind.partition(";")[0].strip() != SIZE_TYPE:
            break
        asked, old = old, _size(body)
        if old > checkpoint.size:
            raise _ahead(exchange, checkpoint, log, old)
        if asked == old == checkpoint.size:
            break
    if status == UNPROVED or (status == CONFLICT and old == checkpoint.size):
        latest = exchange.latest(checkpoint.origin)
        text = "it says that our log did not only grow since it cosigned it last"
        raise WitnessFailed(text, code="witness-refused", note=latest)
    raise WitnessFailed(f"it answers with status {status}")


def _verified(own: Note, checkpoint: Checkpoint, witness: Sequence[NoteVerifier], body: bytes) -> Cosigned:
    try:
        answered = parse_note(own.text.encode() + b"\n" + body)
        lines = signed_by(answered, witness)
        times = verify_lines(lines, checkpoint, witness).times_ms
    except (ProtocolError, ValueError) as error:
        raise WitnessFailed(f"its answer does not hold: {error}") from error
    return Cosigned(lines.signatures, max(times.values()))


def _size(body: bytes) -> int:
    try:
        return decode_decimal(body.decode("ascii").removesuffix("\n"))
    except ValueError as error:
        raise WitnessFailed("it names a size that is no number") from error


def _ahead(exchange: _Exchange, checkpoint: Checkpoint, log: Sequence[NoteVerifier], size: int) -> WitnessFailed:
    """It says that it cosigned more of our log than there is: true only with our own signature."""
    latest = exchange.latest(checkpoint.origin)
    text = f"it says that it cosigned {size} entries of our log, which has {checkpoint.size}"
    try:
        if latest is not None:
            verify_lines(parse_note(latest), parse_text(parse_note(latest).text), log, exactly=False)
            return WitnessFailed(f"{text}; our own keys signed that", code="witness-ahead", note=latest)
    except (ProtocolError, ValueError):
        return WitnessFailed(f"{text}, and shows nothing that our keys signed")
    return WitnessFailed(f"{text}, and does not show it")


class _Exchange:
    """Questions to one witness within one limit. No redirect is followed, and no proxy used."""

    def __init__(self, terms: WitnessTerms, *, until_s: float) -> None:
        self._terms = terms
        self._until_s = until_s

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, str, bytes]:
        """Ask once.

        Returns:
            Status, Content-Type, and at most ANSWER_BYTES_MAX bytes of body.

        Raises:
            WitnessFailed: nobody answers, in time.
        """
        parts = urlsplit(self._terms.url)
        left_s = self._until_s - time.monotonic()
        if left_s <= 0:
            raise WitnessFailed(f"it took more than {LIMIT_S:g} s")
        opened: Callable[..., http.client.HTTPConnection] = http.client.HTTPConnection
        options: dict[str, object] = {"timeout": left_s}
        try:
            if parts.scheme == "https":
                opened, options["context"] = http.client.HTTPSConnection, _context(self._terms)
            connection = opened(parts.hostname or "", parts.port, **options)
            try:
                connection.connect()
                late = threading.Timer(self._until_s - time.monotonic(), _cut, (connection.sock,))
                late.daemon = True
                late.start()
            except BaseException:
                connection.close()
                raise
            try:
                connection.request(method, parts.path + path, body=body, headers={"User-Agent": "hotline"})
                answer = connection.getresponse()
                return answer.status, answer.getheader("Content-Type", ""), self._read(answer)
            finally:
                late.cancel()
                connection.close()
        except (OSError, http.client.HTTPException, ssl.SSLError, ValueError) as error:
            raise WitnessFailed(f"it cannot be reached: {type(error).__name__}") from error

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        """The body, which may come a byte at a time for as long as the limit has it."""
        data = bytearray()
        while part := answer.read1(ANSWER_BYTES_MAX):
            data += part
            if len(data) > ANSWER_BYTES_MAX:
                raise WitnessFailed(f"its answer has more than {ANSWER_BYTES_MAX} bytes")
            if time.monotonic() > self._until_s:
                raise WitnessFailed(f"it took more than {LIMIT_S:g} s")
        return bytes(data)

    def latest(self, origin: str) -> bytes | None:
        """The checkpoint that it serves for a log; None where it serves none."""
        try:
            status, _, body = self.ask("GET", f"/{sha256(origin.encode()).hexdigest()}/checkpoint")
        except WitnessFailed:
            return None
        return body if status == 200 else None


def _cut(held: socket.socket) -> None:
    """End an exchange, whatever is under way: bytes that each come in time would otherwise go on for days."""
    with contextlib.suppress(OSError):
        held.shutdown(socket.SHUT_RDWR)


def _context(terms: WitnessTerms) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if terms.ca_file is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        context.load_verify_locations(cafile=str(terms.ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
