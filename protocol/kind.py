"""A kind: what a statement of one name may hold, and what follows from it.

Source: spec/catalogue.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from protocol.fields import Field
from protocol.rules import Rule

PROCEDURES = ("notice", "request", "proposal", "declaration", "machine", "receipt", "document")
NEEDS = ("required", "optional", "none")
VOICES = ("own", "other", "either")
CLOCKS = (
    "open_ms", "holding_ms", "answer_ms", "report_ms", "follow_ms", "update_ms", "review_ms", "warn_ms", "notice_ms",
    "lapse_ms", "longest_ms",
)  # fmt: skip
"""The clocks that a kind may have, and an agreement may set anew."""

REGISTERS = (
    "measures", "pauses", "declarations", "red-lines", "constraints", "mandates", "templates", "exercises",
    "disclosures", "agreement", "suspensions", "evidence",
)  # fmt: skip
"""Where what is in force is listed."""

EVERY_KIND = "*"
MACHINE_KINDS = frozenset(
    {"arrival", "line", "fault", "clock", "gone", "blobs-held", "roster-held", "root-set-held", "received-disputed"}
)
"""The closed list: nothing else may carry a node's signature alone, whatever the data says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of statement.

    Attributes:
        name: as it stands in the header.
        version: counts up when fields or rules of the kind change.
        procedure: one of PROCEDURES; it says how a thread moves.
        step: what an entry of this kind does there: one of the steps of `protocol.procedures` for its procedure, or
            said; opened, acknowledged (receipts), stated (machine kinds) or enacted (documents).
        opens_thread: may stand without a thread, and then opens one.
        continues_thread: may stand in a thread.
        in_reply_to: whether the header's in_reply_to is required, optional or none.
        replies_to: kinds that in_reply_to may name.
        reply_voice: whose entry in_reply_to may name: own, other or either.
        answered_by: the kinds that give the answer it is owed, an acceptance or an understanding among them.
        held_by: the kinds that are a holding reply to it.
        declined_by: the kinds that decline it or object to it.
        activated_by: for proposals, the kinds that put it in force once it is accepted; where there are none, the
            acceptance does. Like the three before, it follows from the steps of the kinds that may reply to it.
        followed_by: the kinds of which one is owed in its thread, `follow_ms` after it.
        outcomes: codes that the header's outcome takes; empty where it must be absent.
        severity: whether the header's severity is required, optional or none.
        aware_at: the same for aware_at_ms.
        respond_by: the same for respond_by_ms.
        valid_until: the same for valid_until_ms.
        precedence: the default precedence.
        clocks: default limits in milliseconds by name, the unit at the end of each. Of CLOCKS: open_ms, holding_ms and
            answer_ms from where the other node held it; report_ms from aware_at_ms to where it is logged; follow_ms
            to one of `followed_by`; update_ms from the thread's last word to an update, while its severity is 4 or
            more; review_ms in force without a review, or it lapses; warn_ms how long before its end it is warned of;
            notice_ms how long after its place it takes effect; lapse_ms its end where valid_until_ms is absent;
            longest_ms its end at most, whatever valid_until_ms says.
        authority: the slots of signatures by default; a slot is roles joined by a slash, each slot a distinct person.
        machine: whether a node alone signs it.
        document: whether its body is a plain text, which the roots sign where it has no authority.
        fields: what it says, in the order people fill them in.
        rules: how its values go together (`protocol.rules`).
        facts: type by name of fact: for machine kinds all that it states, else what it states beside its body. Those
            that the docket reads: starts_ms (in force not before), forced (no notice is kept), phase (its number).
        common_facts: for the kinds that persons sign, the facts that any of them may carry.
        register: where it is listed while it is in force, one of REGISTERS, or empty for nowhere.
        always: whether it passes, and its clocks run, during a suspension, after sunset and after withdrawal.
        official: whether it speaks for the party.
        labels: short text by language; always has `en`.
        helps: one or two sentences by language.
    """

    name: str
    version: int
    procedure: str
    step: str
    opens_thread: bool
    continues_thread: bool
    in_reply_to: str
    replies_to: tuple[str, ...]
    reply_voice: str
    answered_by: tuple[str, ...]
    held_by: tuple[str, ...]
    declined_by: tuple[str, ...]
    activated_by: tuple[str, ...]
    followed_by: tuple[str, ...]
    outcomes: tuple[str, ...]
    severity: str
    aware_at: str
    respond_by: str
    valid_until: str
    precedence: str
    clocks: Mapping[str, int]
    authority: tuple[str, ...]
    machine: bool
    document: bool
    fields: tuple[Field, ...]
    rules: tuple[Rule, ...]
    facts: Mapping[str, str]
    common_facts: Mapping[str, str]
    register: str
    always: bool
    official: bool
    labels: Mapping[str, str]
    helps: Mapping[str, str]

    @property
    def by_roots(self) -> bool:
        """Whether the party's roots sign it; a document with an authority is signed by persons."""
        return self.document and not self.authority

    def field(self, name: str) -> Field | None:
        """Find a field by name, or None."""
        for item in self.fields:
            if item.name == name:
                return item
        return None

    def label(self, lang: str = "en") -> str:
        """Give the label in a language, or in English."""
        return self.labels.get(lang, self.labels["en"])

    def help(self, lang: str = "en") -> str:
        """Give the help in a language, or in English, or an empty text."""
        return self.helps.get(lang, self.helps.get("en", ""))
