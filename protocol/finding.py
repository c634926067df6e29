"""What an audit finds, and the report it ends with.

Findings refute, leave something unchecked, warn, or inform. One that refutes decides the verdict; else one that leaves
something unchecked does. Warnings (a missed clock, a silence of the line) are findings about people and machines and
leave the verdict alone: evidence of a late answer is good evidence.

Source: spec/audit.md, "Verdict".
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from protocol.audit_docket import AuditedDocket
    from protocol.audit_story import Story

Severity = Literal["refuted", "unchecked", "warning", "info"]
Verdict = Literal["verified", "refuted", "unchecked"]

FINDINGS_MAX: Final = 1000
"""Findings that are listed. A log of a hundred thousand bad entries is refuted as surely by the first of them."""

BREACHES: Final = frozenset(
    {
        "clock-missed",
        "unanswered",
        "line-silent",
        "tally-missing",
        "agreement-review-due",
        "agreement-ended",
        "disclosure-withheld",
        "disclosure-unlogged",
        "erased-early",
        "erasure-overdue",
    }
)
"""Codes of what was not done in time: findings about people and machines, on evidence that holds."""

EXITS: Final = {"verified": 0, "refuted": 1, "unchecked": 3}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found.

    Attributes:
        code: declared in `protocol.codes`.
        severity: refuted, unchecked, warning or info.
        where: file, entry or both: `ARC/tile/entries/000.p/17, ARC 3`.
        text: one clause for people, without contents.
    """

    code: str
    severity: Severity
    where: str
    text: str

    def as_dict(self) -> dict[str, str]:
        """The finding as it stands in JSON."""
        return {"code": self.code, "severity": self.severity, "where": self.where, "text": self.text}


@dataclass
class Report:
    """What an audit did and found; it grows while the audit goes on.

    Attributes:
        findings: at most FINDINGS_MAX, in the order of the steps.
        checked: for each step that was done, what was looked at.
        not_checked: what was not, and why.
        counts: findings by severity, also those not listed.
        docket: the docket at the end of both logs; None where the audit did not come so far.
        story: figures of how things went; None likewise.
        disclosed: opened fields that fit their commitments: serial, kind, field, value; None where nothing was opened.
    """

    findings: list[Finding] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    counts: dict[Severity, int] = field(default_factory=dict)
    docket: "AuditedDocket | None" = None
    story: "Story | None" = None
    disclosed: list[dict[str, Any]] | None = None

    def add(self, code: str, severity: Severity, where: str, text: str) -> None:
        """Add a finding. A refuting one is listed however many there are before it."""
        before = self.counts.get(severity, 0)
        self.counts[severity] = before + 1
        if len(self.findings) < FINDINGS_MAX or (severity in {"refuted", "unchecked"} and before == 0):
            self.findings.append(Finding(code, severity, where, text))

    @property
    def breaches(self) -> list[Finding]:
        """Of the findings that are listed, what was not done in time."""
        return [one for one in self.findings if one.code in BREACHES]

    @property
    def refuted(self) -> bool:
        """Whether anything refutes."""
        return self.counts.get("refuted", 0) > 0

    @property
    def verdict(self) -> Verdict:
        """The verdict, as far as the audit has gone."""
        if self.refuted:
            return "refuted"
        return "unchecked" if self.counts.get("unchecked", 0) else "verified"

    @property
    def exit(self) -> int:
        """Exit status: 0 verified, 1 refuted, 3 could not be checked."""
        return EXITS[self.verdict]

    def as_dict(self) -> dict[str, object]:
        """The report as it stands in JSON."""
        return {
            "verdict": self.verdict,
            "findings": [one.as_dict() for one in self.findings],
            "breaches": [one.as_dict() for one in self.breaches],
            "counts": dict(sorted(self.counts.items())),
            "checked": self.checked,
            "not_checked": self.not_checked,
            "docket": None if self.docket is None else self.docket.as_dict(),
            "figures": None if self.story is None else self.story.as_dict(),
            "disclosed": self.disclosed,
        }
