"""Keys that a party trusts no more, as its rosters list them for ever: which, why, and from where on.

A key that is only replaced is not listed: it simply stands in no roster any more. One that is listed here was, or may
have been, in other hands.

Source: spec/keys-and-rosters.md, "Roster: revoked keys".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from keys.person import rule
from keys.toml_lines import INTEGER_MAX, LineReader, LineWriter

REVOKED_MAX: Final = 64
"""More keys than a party loses on one channel; beyond it both parties pair anew."""

REVOKED_BY_ADMINS_MAX: Final = 48
"""So far admins may fill the list: whoever has their keys must not leave the roots without room to revoke any."""

OFFICER: Final = "officer"
NODE: Final = "node"
MIRROR: Final = "mirror"
SEALING: Final = "sealing"
TLS: Final = "tls"
JOBS: Final = (OFFICER, NODE, MIRROR, SEALING, TLS)
"""Jobs whose keys are revoked in a roster. A log's end in a succession, a root in a new agreement."""

REASONS: Final = ("lost", "stolen", "suspected", "algorithm", "person-left", "other")

_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RevokedKey:
    """One key.

    Attributes:
        job: what it was for, one of ``JOBS``.
        key: 32 bytes: a key id; of a mirror its Ed25519 key, of TLS its pin.
        reason: one of ``REASONS``.
        trusted: so many entries of the party's own voice count as signed by whom they say; of a mirror, so many of the
            counterpart's count as cosigned by it.

    Raises:
        RosterRefused: a rule is broken; the text names it.
    """

    job: str
    key: bytes
    reason: str
    trusted: int

    def __post_init__(self) -> None:
        rule(self.job in JOBS, f"no job of a revoked key: {self.job!r}")
        rule(len(self.key) == 32, "a revoked key is named by 32 bytes")
        rule(self.reason in REASONS, f"no reason to revoke a key: {self.reason!r}")
        rule(0 <= self.trusted <= INTEGER_MAX, f"no number of entries: {self.trusted}")


def check_revoked(revoked: Sequence[RevokedKey], current: Sequence[bytes]) -> None:
    """Check the revoked keys of a roster.

    Args:
        revoked: as it lists them.
        current: names of the keys that it gives a job.

    Raises:
        RosterRefused: too many, one twice, or one that still has a job.
    """
    rule(len(revoked) <= REVOKED_MAX, f"a roster lists at most {REVOKED_MAX} revoked keys")
    names = {one.key for one in revoked}
    rule(len(names) == len(revoked), "a revoked key is there twice")
    rule(names.isdisjoint(current), "a revoked key still has a job")


def write_revoked(out: LineWriter, revoked: RevokedKey) -> None:
    """Write the lines of one."""
    out.blank()
    out.header("[[revoked]]")
    out.string("job", revoked.job)
    out.string("key", revoked.key.hex())
    out.string("reason", revoked.reason)
    out.integer("trusted", revoked.trusted)


def read_revoked(reader: LineReader) -> RevokedKey:
    """Take the lines of one."""
    reader.header("[[revoked]]")
    job, key = reader.string("job"), reader.string("key")
    rule(bool(_KEY.fullmatch(key)), "a revoked key is not 64 lower-case hexadecimal digits")
    return RevokedKey(job, bytes.fromhex(key), reader.string("reason"), reader.integer("trusted"))
