"""What two states have to be able to say to one another, row by row, and the kinds that say it.

Each row is one need of the channel. `MACHINE` are kinds that a node states; `FRAME` are parts of the wire or of the log
that are no statements: beats, cosigned checkpoints, the receipt that a cosignature is.
"""

from typing import Final

BEAT: Final = "frame: beat"
COSIGNED: Final = "frame: cosigned"
PROBLEM: Final = "frame: problem"

ROWS: Final[dict[str, tuple[str, ...]]] = {
    # the line
    "beat-by-machine": (BEAT,),
    "test-by-people": ("line-check",),
    "directory": ("directory-ping", "directory-pong"),
    "held-by-the-node": (COSIGNED,),
    "opened-by-an-officer": ("opened", "acknowledge"),
    "language": ("translated",),
    "known-to-a-principal": ("principal-informed",),
    "something-is-wrong-with-it": ("fault", PROBLEM, BEAT),
    "talk-of-operators": ("service-note",),
    "second-channel": ("authenticity-challenge", "authenticity-proof"),
    "suspension": ("line-suspend", "line-resume", "planned-outage"),
    # incidents
    "first-word": ("diplomatic-flag",),
    "early-warning": ("early-warning",),
    "notification": ("notification",),
    "update": ("update",),
    "final-report": ("final-report",),
    "taking-back": ("retraction", "correction"),
    "questions": ("clarification-request",),
    "answers": ("clarification-response",),
    "not-yet": ("holding-reply",),
    "refusal": ("decline",),
    "rumours": ("rumour-query", "rumour-answer"),
    "help": ("assistance-request", "assistance-offer", "assistance-answer"),
    "weakness": ("vulnerability-notice",),
    # evidence and attribution
    "evidence-fixed": ("evidence-commit",),
    "evidence-shown": ("evidence-release",),
    "custody": ("custody-transfer", "custody-accept"),
    "attribution": ("attribution-claim", "attribution-revise", "attribution-withdraw"),
    "assessment": ("assessment",),
    # escalation
    "threshold": ("threshold-crossed",),
    "ladder": ("step", "step-end"),
    "consultation": ("consultation-request", "consultation-accept", "consultation-record"),
    "way-back": ("deescalation-offer", "deescalation-accept", "deescalation-performed", "deescalation-failed"),
    "red-lines": ("red-line-declare", "red-line-understood", "red-line-renew", "red-line-withdraw"),
    "constraints": ("constraint-note",),
    # measures and confidence
    "measures": (
        "measure-propose", "measure-accept", "measure-reject", "measure-activate", "measure-phase", "measure-review",
        "measure-extend", "measure-suspend", "measure-reverse", "measure-expire",
    ),
    "confidence": ("cbm-declare", "cbm-acknowledge", "cbm-renew", "cbm-lapse"),
    "pauses": ("pause-propose", "pause-accept", "pause-breach-report", "pause-end"),
    "told-ahead": ("advance-notice",),
    # disclosure
    "disclosure-proposed": ("disclosure-propose",),
    "disclosure-answered": (
        "disclosure-consent", "disclosure-partial", "disclosure-object", "disclosure-withhold",
    ),
    "disclosure-made": ("disclosure-made",),
    "onward": ("onward-release-request", "onward-release-consent"),
    "one-text": ("joint-statement-draft", "joint-statement-sign"),
    # third parties and the back channel
    "intermediary": ("intermediary-mandate", "intermediary-revoke", "accept"),
    "delegation": ("delegation-mandate", "delegation-revoke"),
    "back-channel": ("sealed-talk",),
    # exercises and learning
    "exercises": ("exercise-charter", "exercise-start", "exercise-inject", "exercise-freeze", "exercise-end"),
    "review": ("review-open", "review-finding", "review-lesson", "review-close"),
    "figures": ("metrics-report",),
    # treaty, keys and audit
    "treaty": (
        "agreement",
        "agreement-propose",
        "agreement-amend",
        "agreement-countersign",
        "agreement-reserve",
        "agreement-withdraw",
    ),
    "templates": ("template-register", "template-retire"),
    "roster": ("roster", "roster-held"),
    "roots": ("root-set", "root-set-held"),
    "key-changed": ("key-rotate",),
    "key-lost": ("key-revoke", "key-restore", "compromise-alarm"),
    "heads-cosigned": (COSIGNED, BEAT),
    "audit": ("audit-request", "audit-pack", "audit-finding", "audit-response"),
    "observers": ("observer-admit", "observer-leave"),
    "goodwill": ("goodwill",),
    # answers that many proposals and declarations share
    "proposals-answered": ("accept", "object", "withdraw"),
    "successor-log": ("succession",),
}  # fmt: skip
"""The kinds of every row."""
