"""Evidence files, read and verified by whoever has a policy, and the records of backups."""

from __future__ import annotations

from functools import cache

from keys.errors import EnvelopeRefused, KeysError
from keys.sealed_stream import open_stream
from nodes.backup_files import BackupRefused, parse_head, parse_record, record
from protocol.accusation import FILE_BYTES_MAX, MAGIC, Accusation, EvidenceMalformed, parse, verify
from protocol.errors import ProtocolError
from protocol.policy import Policy
from tests.fuzz.quick import quick
from tests.fuzz.target import Target, read_or_refused
from tests.protocol import test_accusation as samples

PREFIX_BYTES = 4


@cache
def policy() -> Policy:
    """The reader's own."""
    return samples.policy()


def attempt(data: bytes) -> None:
    """A file is evidence in its one spelling or is refused; verified, it shows something or is refused."""
    items = read_or_refused(data, parse_record, lambda one: record(*one)[PREFIX_BYTES:], BackupRefused)  # type: ignore[arg-type]
    if items is not None:
        try:
            parse_head(items)
        except BackupRefused as error:
            str(error)
    _open(data)
    read = read_or_refused(data, parse, Accusation.encode, EvidenceMalformed)
    if read is None:
        return
    with quick():
        try:
            shown = verify(read, policy())
        except (ProtocolError, KeysError) as error:
            str(error)
        else:
            assert shown.claim.isprintable()
            assert all(isinstance(one, int) or len(one) < 1_000 for one in shown.facts.values())


def _open(data: bytes) -> None:
    """As a sealed stream of a purpose that no file has, which stops before the costly part."""
    left = memoryview(data)

    def read(count: int) -> bytes:
        nonlocal left
        part, left = bytes(left[:count]), left[count:]
        return part

    try:
        for _ in open_stream(read, b"x", purpose="fuzz"):
            raise AssertionError("a stream of another purpose was opened")
    except EnvelopeRefused as error:
        str(error)


TARGET = Target(name="evidence", attempt=attempt, bytes_max=FILE_BYTES_MAX // 8, shape="msgpack", head_bytes=len(MAGIC))


def seeds() -> dict[str, bytes]:
    """A file of each kind."""
    with quick():
        for forget in (samples.fork, samples.mirror_fork, samples.rollback, samples.wrong_voice, samples.roster_signed):
            forget.cache_clear()
        made = {kind: make().encode() for kind, make in samples.KINDS.items()}
        for forget in (samples.fork, samples.mirror_fork, samples.rollback, samples.wrong_voice, samples.roster_signed):
            forget.cache_clear()
    made["record"] = record("backup", 1, "ARC", 0, "full")[PREFIX_BYTES:]
    return made
