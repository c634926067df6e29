"""Every number that bounds a format, with its unit and its reason.

They are part of the formats: two programs that disagree on one of them disagree on what is malformed. All are checked
before anything of that size is allocated.
"""

from typing import Final

from keys.suite import WRAP_BYTES

# --- values of the canonical encoding -------------------------------------------------------------------------------

DEPTH_MAX: Final = 16
"""Levels of arrays and maps within one another. Our deepest format has 6; the rest is room for later kinds."""

ITEMS_MAX: Final = 4096
"""Values in one encoding, containers and map keys counted. It bounds what a small frame can make a reader allocate."""

# --- entries and statements -----------------------------------------------------------------------------------------

ENTRY_BYTES_MAX: Final = 65_535
"""Bytes of an entry. Entry bundles of the log format carry lengths of two bytes."""

STATEMENT_BYTES_MAX: Final = 16_384
"""Bytes of a statement. 256 commitments take 8,704, the header about 700; facts of machine kinds use the rest."""

SIGNATURES_MAX: Final = 16
"""Signatures on an entry. Sixteen hybrid signatures of the first suite and a typical statement still fit in an entry,
and twelve of the second."""

SIGNATURE_BYTES_MAX: Final = 8_192
"""Bytes of one signature. A hybrid one has 3,373 or 4,691; a passkey assertion with its data stays below 2,048."""

COMMITMENTS_MAX: Final = 256
"""Commitments in a header, one for each field of a kind."""

TIME_MS_MAX: Final = 253_402_300_799_999
"""Milliseconds since 1970 UTC at the end of the year 9999, the last that RFC 3339 can write."""

SIZE_MAX: Final = 2**63 - 1
"""Entries in a log, the limit of signed 64-bit stores; the public formats allow it too."""

SEVERITY_MAX: Final = 5
"""Highest severity, 0 being the lowest; six levels as in the incident schema that the catalogue follows."""

TOKEN_CHARS_MAX: Final = 40
"""Characters of a kind, outcome, role or algorithm name."""

# --- bodies ---------------------------------------------------------------------------------------------------------

BODY_BUCKETS: Final = (4_096, 8_192, 16_384, 32_768, 65_536, 131_072)
"""Bytes of the padded contents. Only the power of two shows, not the length of what was written."""

CONTENTS_BYTES_MAX: Final = BODY_BUCKETS[-1] - 4
"""Bytes of the contents of a body before padding; four bytes hold their length."""

RECIPIENTS_MAX: Final = 8
"""Wraps in a body: two parties, current and next sealing keys, and room for rewraps."""

WRAP_BYTES_MAX: Final = WRAP_BYTES[-1]
"""Bytes of a wrapped secret of the second suite, 1,713: 1,665 of encapsulation, 32 of secret, 16 of tag."""

BODY_BYTES_MAX: Final = BODY_BUCKETS[-1] + RECIPIENTS_MAX * (WRAP_BYTES_MAX + 64) + 64
"""Bytes of a sealed body, or of a document such as an agreement or a roster."""

ATTACHMENTS_MAX: Final = 64
"""Attachments named in one body."""

ATTACHMENT_NAME_CHARS_MAX: Final = 255
"""Characters of an attachment's name, as most file systems allow."""

# --- the wire -------------------------------------------------------------------------------------------------------

FRAME_BYTES_MAX: Final = 262_144
"""Bytes of one frame: the largest body, or the largest append, with its frame around it."""

APPEND_ENTRIES_BYTES_MAX: Final = 196_608
"""Bytes of entries in one append frame; three entries of the largest size, and room left for the checkpoint."""

FRAME_ITEMS_MAX: Final = 8_192
"""Values in one frame. An append of the smallest real entries has fewer than 1,000."""

# --- agreements -----------------------------------------------------------------------------------------------------

AGREEMENT_BYTES_MAX: Final = 131_072
"""Bytes of an agreement; it travels as a body. Eighteen root keys take 50,000, or 65,000."""

ROOTS_MAX: Final = 9
"""Root keys of a party. More could not all sign one entry beside a statement."""

RULES_MAX: Final = 64
"""Authority rules of an agreement; a person has to be able to read them all."""

KIND_CLOCKS_MAX: Final = 256
"""Clocks of single kinds that an agreement may set: some for each kind of the catalogue."""

DISCLOSURE_RULES_MAX: Final = 64
"""Disclosure rules of an agreement, as many as there may be authority rules."""

NOTICE_DAYS_MAX: Final = 3_650
"""Days of notice for a withdrawal: ten years."""

AMENDMENTS_MAX: Final = 256
"""Amendments of one party that count under one reign; more of them have no effect."""

SLOTS_MAX: Final = 6
"""Signatures that one authority rule may ask for."""

DRAFTS_OF_ONE_MAX: Final = 64
"""Statements by one person that may wait for other signatures on one channel. Each is read anew for whoever lists them,
and some 200 KB; nobody looks through more."""

OBSERVERS_MAX: Final = 16
"""Witnesses, and auditors, that an agreement may name."""

INTERVAL_MS_MAX: Final = 366 * 24 * 3_600_000
"""Milliseconds of the longest clock of an agreement: a year. What needs longer needs another agreement."""
