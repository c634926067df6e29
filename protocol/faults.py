"""Faults: what can be wrong with an entry that is held and receipted all the same.

Three groups, and every fault is in exactly one of them:

- REFUTING: the entry has no effect, and no honest, working node would have logged it. An audit that finds one refutes.
- VOIDING: the entry has no effect. Honest people and nodes can bring it about, so an audit reports it and goes on.
- SHOWN: the entry keeps its effect; the fault stands beside it.

A kind, version or field that this program does not know is `not-understood`. It voids, because nobody may act on what
they do not understand, and it never refutes, because the reader may be what is out of date.

Source: spec/docket.md, "Faults".
"""

from typing import Final

MALFORMED: Final = "malformed"
SECOND_SPELLING: Final = "second-spelling"
NOT_UNDERSTOOD: Final = "not-understood"
WRONG_CHANNEL: Final = "wrong-channel"
WRONG_PARTY: Final = "wrong-party"
WRONG_AGREEMENT: Final = "wrong-agreement"
UNFIT_HEADER: Final = "unfit-header"
UNFIT_FACTS: Final = "unfit-facts"
MISPLACED: Final = "misplaced"
BAD_SIGNATURE: Final = "bad-signature"
UNKNOWN_SIGNER: Final = "unknown-signer"
UNAUTHORISED: Final = "unauthorised"
ROSTER_EXPIRED: Final = "roster-expired"
ROSTER_REFUSED: Final = "roster-refused"
OTHER_SUITE: Final = "other-suite"
ROOT_SET_REFUSED: Final = "root-set-refused"
DOCUMENT_MISSING: Final = "document-missing"
DOCUMENT_DIFFERS: Final = "document-differs"
REPEATED_STATEMENT: Final = "repeated-statement"
RELEASED_LATE: Final = "released-late"
PASSKEY_COUNTER: Final = "passkey-counter"
AFTER_NOT_OF_LOG: Final = "after-not-of-log"
SEEN_NOT_OF_LOG: Final = "seen-not-of-log"
HELD_NOT_OF_LOG: Final = "held-not-of-log"
HELD_WENT_DOWN: Final = "held-went-down"
TIME_WENT_BACK: Final = "time-went-back"
STATUS_MIXED: Final = "status-mixed"
REFERENCE_UNKNOWN: Final = "reference-unknown"
REFERENCE_UNFIT: Final = "reference-unfit"
AGREEMENT_SUPERSEDED: Final = "agreement-superseded"
AMENDMENT_REFUSED: Final = "amendment-refused"
AFTER_SUNSET: Final = "after-sunset"

REFUTING: Final = frozenset(
    {
        MALFORMED,
        SECOND_SPELLING,
        WRONG_CHANNEL,
        WRONG_PARTY,
        WRONG_AGREEMENT,
        UNFIT_HEADER,
        UNFIT_FACTS,
        MISPLACED,
        BAD_SIGNATURE,
        UNKNOWN_SIGNER,
        UNAUTHORISED,
        ROSTER_REFUSED,
        OTHER_SUITE,
        ROOT_SET_REFUSED,
        DOCUMENT_DIFFERS,
        AFTER_NOT_OF_LOG,
        SEEN_NOT_OF_LOG,
    }
)
"""Faults that no honest, working node logs."""

VOIDING: Final = frozenset(
    {
        NOT_UNDERSTOOD,
        ROSTER_EXPIRED,
        DOCUMENT_MISSING,
        REPEATED_STATEMENT,
        RELEASED_LATE,
        PASSKEY_COUNTER,
        STATUS_MIXED,
        REFERENCE_UNKNOWN,
        REFERENCE_UNFIT,
        AMENDMENT_REFUSED,
        AFTER_SUNSET,
    }
)
"""Faults that take the effect away and accuse nobody."""

SHOWN: Final = frozenset({HELD_NOT_OF_LOG, HELD_WENT_DOWN, TIME_WENT_BACK, AGREEMENT_SUPERSEDED})
"""Faults of what the node wrote around a statement, or of one that was made before another agreement came into force.
The last good `held` stands, and the statement counts."""

ACCUSING: Final = REFUTING | {HELD_NOT_OF_LOG}
"""What an audit refutes on: the refuting faults, and a root of the other log that is not of the other log."""

FAULTS: Final = REFUTING | VOIDING | SHOWN
"""Every fault."""
