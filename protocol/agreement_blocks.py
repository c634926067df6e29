"""The blocks of an agreement's text, as a table for each format: their order, their terms, what people read above them.

The table of format 1 never changes: it gives the texts that were signed, to the byte. Format 2 says more of the same
things and adds blocks; a later format is another table.

Source: spec/agreement.md, "Text".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from keys.errors import KeysError
from keys.quorum import RootSet
from keys.suite import SUITE_1
from protocol.agreement_comments import (
    AUDITOR_1,
    AUTHORITY_1,
    AUTHORITY_2,
    BEAT_1,
    CADENCE_2,
    CATALOGUE_1,
    CHALLENGE_2,
    CLOCK_1,
    DISCLOSURE_2,
    EMERGENCY_2,
    EXERCISE_2,
    KIND_CLOCK_2,
    LINE_1,
    OBSERVABLE_2,
    PARTY_1,
    PARTY_2,
    PASSKEYS_2,
    RELEASE_2,
    ROSTERS_2,
    SUSPENSION_2,
    THRESHOLD_2,
    THRESHOLDS_2,
    TOP_1,
    TOP_2,
    WITNESS_1,
)
from protocol.agreement_conduct import (
    CadenceTerms,
    ChallengeTerms,
    DisclosureRule,
    EmergencyTerms,
    KindClock,
    PasskeyTerms,
    PauseTerms,
    ReleaseTerms,
    RosterTerms,
)
from protocol.agreement_forms import (
    DATE,
    FLAG,
    HASH,
    HOLD,
    INTERVAL,
    LINES,
    NUMBER,
    ROOT_KEYS,
    SLOT,
    SLOTS,
    SUITE,
    TEXT,
    TEXTS,
    TIME,
    Form,
)
from protocol.agreement_terms import Auditor, AuthorityRule, BeatTerms, ClockTerms, Desk, LineTerms, Party, Witness
from protocol.errors import Malformed
from protocol.statement import PRECEDENCES
from protocol.threshold_set import CRITERIA, Accumulation, Observable, Threshold


@dataclass(frozen=True, slots=True)
class Term:
    """One term.

    Attributes:
        name: in the text.
        form: how its values are written.
        attribute: of the record, where that has another name.
        optional: left out of the text where the record has nothing, an empty tuple or False.
        usual: left out where the record has this, which is what its absence means.
    """

    name: str
    form: Form
    attribute: str = ""
    optional: bool = False
    usual: Any = None

    @property
    def field(self) -> str:
        """Name of the record's attribute."""
        return self.attribute or self.name

    def absent(self, value: Any) -> bool:
        """Whether a term of this value is left out of the text."""
        return self.optional and (value is self.usual or value is None or value is False or value == ())


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockForm:
    """One block, or one sort of block.

    Attributes:
        name: in the text; empty for what stands at the top.
        attribute: of the agreement, or of the record that the block stands in; empty where the terms are its own.
        comment: what people read above it; `{lattice}` is the lattice half of the parties' signatures.
        terms: in order.
        make: gives the record for its attributes by name.
        many: an array of such blocks, in a tuple.
        optional: may be left out, and is then None.
        keys: for a block in each of these tables by name, such as a clock for each precedence.
        comment_once: the comment stands above the first of many only.
        inner: an array of blocks inside each of many.
    """

    name: str
    attribute: str
    comment: str
    terms: tuple[Term, ...]
    make: Callable[..., Any] = dict
    many: bool = False
    optional: bool = False
    keys: tuple[str, ...] = ()
    comment_once: bool = False
    inner: "BlockForm | None" = None


def _make_party(**values: Any) -> Party:
    try:
        values["roots"] = RootSet(values.pop("root_threshold"), values.pop("root_keys"))
    except KeysError as error:
        raise Malformed("bad-key", "agreement.party.root_keys", str(error)) from error
    return Party(**values)


def values_of(record: Any) -> Callable[[str], Any]:
    """Gives a record's values by the names of `Term.field`."""
    if isinstance(record, Party):
        roots: Mapping[str, Any] = {"root_threshold": record.roots.threshold, "root_keys": record.roots.keys}
        return lambda name: roots[name] if name in roots else getattr(record, name)
    return lambda name: getattr(record, name)


_SEVERITY = Term("severity_at_least", NUMBER, optional=True)
_PRECEDENCES = Term("precedences", TEXTS, optional=True)
_NAME = Term("name", TEXT)

_TOP_1 = BlockForm(
    name="",
    attribute="",
    comment=TOP_1,
    terms=(
        Term("title", TEXT),
        Term("purpose", TEXT),
        Term("languages", TEXTS),
        Term("created", TIME, "created_ms"),
        Term("review_date", DATE),
    ),
)
_CATALOGUE_1 = BlockForm(
    name="catalogue",
    attribute="",
    comment=CATALOGUE_1,
    terms=(Term("version", NUMBER, "catalogue_version"), Term("digest", HASH, "catalogue_digest")),
)
_PARTY_1 = BlockForm(
    name="party",
    attribute="parties",
    comment=PARTY_1,
    terms=(
        Term("short", TEXT),
        _NAME,
        Term("domain", TEXT),
        Term("root_threshold", NUMBER),
        Term("root_keys", ROOT_KEYS),
    ),
    make=_make_party,
    many=True,
)
_BEAT_1 = BlockForm(
    name="beat",
    attribute="beat",
    comment=BEAT_1,
    terms=(
        Term("every_ms", INTERVAL),
        Term("degraded_after_missed", NUMBER),
        Term("down_after_missed", NUMBER),
    ),
    make=BeatTerms,
)
_CLOCK_1 = BlockForm(
    name="clock",
    attribute="clocks",
    comment=CLOCK_1,
    terms=(
        Term("open_within_ms", INTERVAL),
        Term("holding_within_ms", INTERVAL),
        Term("answer_within_ms", INTERVAL),
    ),
    make=ClockTerms,
    keys=PRECEDENCES,
)
_LINE_1 = BlockForm(
    name="line",
    attribute="line",
    comment=LINE_1,
    terms=(
        Term("offset_alarm_ms", INTERVAL),
        Term("tally_every_ms", INTERVAL),
        Term("arrival_after_ms", INTERVAL),
        Term("entries_per_s", NUMBER),
        Term("burst_entries", NUMBER),
    ),
    make=LineTerms,
)
_AUTHORITY_1 = BlockForm(
    name="authority",
    attribute="rules",
    comment=AUTHORITY_1,
    terms=(Term("kinds", TEXTS), _SEVERITY, _PRECEDENCES, Term("needs", SLOTS)),
    make=AuthorityRule,
    many=True,
    comment_once=True,
)
_WITNESS_1 = BlockForm(
    name="witness",
    attribute="witnesses",
    comment=WITNESS_1,
    terms=(_NAME, Term("keys", LINES)),
    make=Witness,
    many=True,
)
_AUDITOR_1 = BlockForm(
    name="auditor",
    attribute="auditors",
    comment=AUDITOR_1,
    terms=(_NAME, Term("tls_pin", HASH)),
    make=Auditor,
    many=True,
)

_TOP_2 = replace(
    _TOP_1,
    comment=TOP_2,
    terms=(
        *_TOP_1.terms,
        Term("sunset_date", DATE, optional=True),
        Term("notice_days", NUMBER),
        Term("founding", HASH, optional=True),
        Term("amends", HASH, optional=True),
        Term("witness_quorum", NUMBER),
        Term("suite", SUITE, optional=True, usual=SUITE_1),
    ),
)
_PARTY_2 = replace(
    _PARTY_1,
    comment=PARTY_2,
    inner=BlockForm(
        name="desk",
        attribute="desks",
        comment="",
        terms=(_NAME, Term("voice", TEXTS), Term("hours", TEXT), Term("languages", TEXTS)),
        make=Desk,
        many=True,
    ),
)
_CADENCE_2 = BlockForm(
    name="cadence",
    attribute="cadence",
    comment=CADENCE_2,
    terms=(Term("line_check_every_ms", INTERVAL), Term("directory_ping_every_ms", INTERVAL)),
    make=CadenceTerms,
)
_KIND_CLOCK_2 = BlockForm(
    name="kind_clock",
    attribute="kind_clocks",
    comment=KIND_CLOCK_2,
    terms=(Term("kind", TEXT), Term("clock", TEXT), Term("within_ms", INTERVAL), Term("source", TEXT)),
    make=KindClock,
    many=True,
    comment_once=True,
)
_AUTHORITY_2 = replace(
    _AUTHORITY_1,
    comment=AUTHORITY_2,
    terms=(Term("kinds", TEXTS), _SEVERITY, _PRECEDENCES, Term("template", FLAG, optional=True), Term("needs", SLOTS)),
)
_PASSKEYS_2 = BlockForm(
    name="passkeys",
    attribute="passkeys",
    comment=PASSKEYS_2,
    terms=(Term("severity_at_most", NUMBER), Term("slots_at_most", NUMBER)),
    make=PasskeyTerms,
    optional=True,
)
_RELEASE_2 = BlockForm(
    name="release",
    attribute="release",
    comment=RELEASE_2,
    terms=(
        *(Term(f"hold_{precedence}_ms", HOLD) for precedence in PRECEDENCES),
        Term("automated_per_hour", NUMBER),
        Term("next_after_percent", NUMBER),
    ),
    make=ReleaseTerms,
)
_EMERGENCY_2 = BlockForm(
    name="emergency",
    attribute="emergency",
    comment=EMERGENCY_2,
    terms=(Term("kinds", TEXTS), Term("needs", SLOT), Term("review_within_ms", INTERVAL)),
    make=EmergencyTerms,
    optional=True,
)
_CHALLENGE_2 = BlockForm(
    name="challenge",
    attribute="challenge",
    comment=CHALLENGE_2,
    terms=(_SEVERITY, _PRECEDENCES, Term("within_ms", INTERVAL)),
    make=ChallengeTerms,
    optional=True,
)
_SUSPENSION_2 = BlockForm(
    name="suspension",
    attribute="suspension",
    comment=SUSPENSION_2,
    terms=(Term("notice_ms", HOLD), Term("longest_ms", INTERVAL)),
    make=PauseTerms,
)
_EXERCISE_2 = BlockForm(
    name="exercise",
    attribute="exercise",
    comment=EXERCISE_2,
    terms=(Term("notice_ms", HOLD), Term("longest_ms", INTERVAL)),
    make=PauseTerms,
)
_ROSTERS_2 = BlockForm(
    name="rosters",
    attribute="rosters",
    comment=ROSTERS_2,
    terms=(Term("admins", NUMBER),),
    make=RosterTerms,
    optional=True,
)
_THRESHOLDS_2 = BlockForm(
    name="thresholds",
    attribute="accumulation",
    comment=THRESHOLDS_2,
    terms=(Term("version", NUMBER), Term("window_ms", INTERVAL), Term("half_life_ms", INTERVAL)),
    make=Accumulation,
    optional=True,
)
_OBSERVABLE_2 = BlockForm(
    name="observable",
    attribute="observables",
    comment=OBSERVABLE_2,
    terms=(
        Term("criterion", TEXT),
        Term("field", TEXT),
        Term("value", TEXT),
        Term("text", TEXT, optional=True),
        Term("points", NUMBER),
        Term("reason", TEXT),
    ),
    make=Observable,
    many=True,
    comment_once=True,
)
_THRESHOLD_2 = BlockForm(
    name="threshold",
    attribute="thresholds",
    comment=THRESHOLD_2,
    terms=(
        _NAME,
        Term("band", TEXT),
        Term("counts", TEXT),
        Term("by", TEXTS, optional=True),
        Term("incidents_at_least", NUMBER, optional=True),
        *(Term(f"{criterion}_at_least", NUMBER) for criterion in CRITERIA),
        Term("permits", TEXT),
        Term("reason", TEXT),
    ),
    make=Threshold,
    many=True,
    comment_once=True,
)
_DISCLOSURE_2 = BlockForm(
    name="disclosure",
    attribute="disclosure",
    comment=DISCLOSURE_2,
    terms=(
        Term("kinds", TEXTS),
        Term("from_tier", TEXT),
        Term("to_tier", TEXT),
        Term("trigger", TEXT),
        Term("after_ms", INTERVAL, optional=True),
        _SEVERITY,
        Term("source", TEXT),
    ),
    make=DisclosureRule,
    many=True,
    comment_once=True,
)

BLOCKS: Final[Mapping[int, tuple[BlockForm, ...]]] = {
    1: (_TOP_1, _CATALOGUE_1, _PARTY_1, _BEAT_1, _CLOCK_1, _LINE_1, _AUTHORITY_1, _WITNESS_1, _AUDITOR_1),
    2: (
        _TOP_2,
        _CATALOGUE_1,
        _PARTY_2,
        _BEAT_1,
        _CADENCE_2,
        _CLOCK_1,
        _KIND_CLOCK_2,
        _LINE_1,
        _AUTHORITY_2,
        _PASSKEYS_2,
        _RELEASE_2,
        _EMERGENCY_2,
        _CHALLENGE_2,
        _SUSPENSION_2,
        _EXERCISE_2,
        _ROSTERS_2,
        _THRESHOLDS_2,
        _OBSERVABLE_2,
        _THRESHOLD_2,
        _DISCLOSURE_2,
        _WITNESS_1,
        _AUDITOR_1,
    ),
}
"""The blocks of each format, in the order of the text."""
