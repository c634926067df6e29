"""What was tampered with: every case of the suite with whoever can do it and what the audit says of it.

Most cases are there already, as vectors of audits and of judgement; what they lack is in `tests/tamper/tampered.py`.
The page spec/tampering.md is made from these rows: `python -m tests.tamper.make_tampering_page`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, Final, Literal

from tests.hotline import audit_cases_entries, audit_cases_files
from tests.protocol import (
    judgement_cases_agreements,
    judgement_cases_entries,
    judgement_cases_logs,
    judgement_cases_passkeys,
    judgement_cases_roots,
    judgement_cases_rotation,
    judgement_cases_signers,
    judgement_cases_suites,
)
from tests.tamper import tampered
from tests.vector_world import cases_of

Source = Literal["audit", "judgement", "tamper"]

SOURCES: Final[dict[Source, tuple[ModuleType, ...]]] = {
    "audit": (audit_cases_files, audit_cases_entries),
    "judgement": (
        judgement_cases_agreements,
        judgement_cases_entries,
        judgement_cases_logs,
        judgement_cases_passkeys,
        judgement_cases_roots,
        judgement_cases_rotation,
        judgement_cases_signers,
        judgement_cases_suites,
    ),
    "tamper": (tampered,),
}
"""Where the cases are made; each public function is one."""

FILES: Final = "anybody with the files"
NODE: Final = "a node without its officers"
PARTY: Final = "a party with its own keys"
BOTH: Final = "both parties with their keys"


@dataclass(frozen=True, slots=True)
class Row:
    """One case.

    Attributes:
        source: where it is made.
        case: name.
        by: whoever can do it.
        codes: what refutes; empty where nothing does.
        beside: what is told besides, as a warning.
        why: why it does not refute, where it does not.
    """

    source: Source
    case: str
    by: str
    codes: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    why: str = ""

    @property
    def what(self) -> str:
        """What was done, as the case itself says, or plainer."""
        return PLAINER.get(self.case) or builders(self.source)[self.case][0]

    @property
    def build(self) -> Callable[..., Any]:
        """Makes it."""
        return builders(self.source)[self.case][1]

    @property
    def test(self) -> str:
        """Where it runs."""
        if self.source == "audit":
            return f"hotline/test_audit_vectors.py[{self.case}]"
        return f"tamper/test_tampering.py[{self.case}]"


PLAINER: Final = {
    "admins-back-dated": "Two admins who were signed out sign a roster that follows the one before that",
    "admins-make-an-admin": "Two admins sign a third admin in, which only roots may",
    "admins-one-is-none": "One admin signs a roster, and beside them a person who is none",
    "admins-prolong": "Two admins sign a roster that is valid for longer than the roots gave",
    "after-another-past": "Statements whose signers had another past of their own log in view",
    "agreement-misplaced": "The agreement logged once more, behind the first roster",
    "amended-by-the-other-party": "An amendment is acted on before it is in force where the statement stands",
    "amended-twice-on-one-base": "A second amendment of the same text is countersigned",
    "after-the-sunset": "The agreement has ended, and a statement that is no flash is logged",
    "false-claim-answered": "A node states that it holds more of the other log than there ever was at that time",
    "held-lower-and-wrong": "A node states that it holds less than before, with a root that never was",
    "passkey-not-agreed": "A passkey signs where the agreement has no passkeys count",
    "passkey-lies": "Touches of a passkey without presence, without verification, or for another page",
    "passkey-of-another-credential": "A passkey signs that the roster does not list",
    "passkey-too-severe": "A passkey signs what is too severe for one",
    "reference-to-a-copy": "A statement of the other party is logged as one's own, as it was signed",
    "reply-unfit": "Answers to no question, retractions of the other's words, replies across threads",
    "revoked-key-comes-back": "The roots sign a roster in which a revoked key has a job again",
    "revoked-key-signs": "A person signs with a key that the roster in force revokes",
    "roster-by-retired-roots": "Roots that were replaced sign a roster that is dated before that",
    "roster-root-unknown": "A roster signed by enough roots, and by one that is none",
    "roster-second": "A person signs whom the roster in force leaves out",
    "roster-version-skipped": "A roster of version 3 that follows version 1",
    "roster-previous-other": "A roster that names another text as the one before",
    "roster-with-a-root-key": "A first roster whose node has the key of a root of the other party",
    "root-set-below-the-old-threshold": "New roots signed by too few of those before",
    "root-set-by-the-new-only": "New roots signed by themselves, and by none of those before",
    "root-set-by-the-old-only": "New roots that did not sign themselves",
    "root-set-for-another-roster": "New roots that were signed for another roster than that in force",
    "root-set-retired-root-again": "A root set that lists a root again which was left out",
    "root-set-with-an-officers-key": "A root set that has the key of an officer",
    "root-sets-two-on-one": "A second root set that follows the same one as the first",
    "severe-by-one": "Grave notifications signed by too few, also by one person in both roles",
    "signer-unknown": "A signature under a number that the roster does not have, beside a good one",
    "statement-repeated": "A statement logged twice",
    "suite-other-of-a-person": "A person signs with a key of another suite than the agreement's",
    "suite-other-of-the-second-person": "Of the two persons who must sign, one does so in a weaker suite",
    "suite-other-roster": "Roots sign a roster of a weaker suite than the agreement's",
    "suite-other-under-the-name-of-the-right-one": "A signature of a weaker suite under the name of the right one",
    "time-went-back": "An entry dated before the one ahead of it",
    "held-lower": "A node states that it holds less than it stated before",
    "released-late": "A statement logged after its release time",
}
"""What was done, where the case itself says it for readers of its own folder."""


@cache
def builders(source: Source) -> dict[str, tuple[str, Callable[..., Any]]]:
    """The cases of a source by name: what was done, and what makes them."""
    return cases_of(*SOURCES[source])


def _rows(source: Source, by: str, **codes: str) -> tuple[Row, ...]:
    """Cases that refute, each with its codes; those behind a bar are told besides."""
    found = []
    for case, listed in codes.items():
        refuting, _, beside = listed.partition("|")
        found.append(Row(source, case.replace("_", "-"), by, tuple(refuting.split()), tuple(beside.split())))
    return tuple(found)


_NOBODY: Final = "unknown-signer unauthorised"
_FORGED: Final = "bad-signature unauthorised"

REFUTED: Final = (
    # --- files that were changed, with nobody's keys
    *_rows(
        "audit",
        FILES,
        entry_changed="entry-differs",
        entry_and_hash_changed="entry-differs",
        entries_cut="entry-differs",
        hash_changed="tile-differs",
        hash_changed_in_a_full_tile="tile-differs",
        hash_changed_above="tile-differs",
        file_unexpected="file-unexpected",
        tile_of_another_size="file-unexpected",
        roster_unnamed="file-unexpected",
        agreement_changed="document-differs",
        roster_changed="document-differs",
        checkpoint_number="checkpoint-malformed",
        checkpoint_extension="checkpoint-extension",
        line_doubled="note-line-doubled",
        line_of_a_stranger="line-unknown",
        line_missing_of_the_log="line-missing",
        line_missing_of_the_mirror="line-missing",
        line_bad="line-bad-signature",
        line_under_another_root="line-bad-signature",
    ),
    *_rows(
        "tamper",
        FILES,
        entries_swapped="entry-differs",
        entry_left_out="entry-differs",
        member_of_a_pack_replaced="entry-differs",
        line_of_a_witness_forged="line-bad-signature",
    ),
    # --- a node that has its log's keys and not its officers': every hash and every line of a checkpoint is right
    *_rows(
        "tamper",
        NODE,
        exercise_made_actual=_FORGED,
        severity_lowered=_FORGED,
        body_swapped=_FORGED,
        officer_of_the_other_side=_FORGED,
        touch_of_another_statement=_FORGED,
    ),
    *_rows(
        "judgement",
        NODE,
        node_for_a_person="unauthorised",
        unsigned="unauthorised",
        signature_of_another_statement=_FORGED,
        signature_half=f"{_FORGED} | repeated-statement",
        signature_in_another_role="bad-signature",
        signature_too_many="bad-signature",
        signer_unknown="unknown-signer",
        reference_to_a_copy=f"wrong-party {_FORGED} after-not-of-log seen-not-of-log | held-went-down",
    ),
    # --- a party that signs with its own true keys: every hash and every signature is right
    *_rows(
        "tamper",
        PARTY,
        history_rewritten="held-not-of-log seen-not-of-log",
        statement_of_another_line=f"wrong-channel wrong-agreement {_FORGED} after-not-of-log seen-not-of-log",
        two_numbers_of_one_person="roster-refused",
        emergency_without_a_clause="unauthorised",
        amended_authority_ignored="unauthorised",
        amendment_by_one_root="unauthorised wrong-agreement",
        succession_by_one_person="unauthorised",
        succession_ends_elsewhere="succession-differs document-differs",
        published_without_consent="disclosure-unagreed",
        another_text_published="disclosure-unagreed",
        field_opened_that_no_rule_opens="disclosure-early",
        field_opened_before_its_embargo="disclosure-early",
        opened_value_changed="disclosure-false",
    ),
    *_rows(
        "audit",
        PARTY,
        line_of_the_own_mirror="line-unknown",
        fork_shown_to_the_other="held-not-of-log",
        noise="malformed",
        agreement_not_at_zero="agreement-not-at-zero misplaced",
    ),
    *_rows(
        "judgement",
        PARTY,
        false_claim_answered="held-not-of-log",
        held_lower_and_wrong="held-not-of-log",
        after_another_past="after-not-of-log",
        seen_another_past="seen-not-of-log",
        seen_more_than_held="seen-not-of-log",
        channel_other="wrong-channel",
        party_other="wrong-party",
        agreement_other="wrong-agreement",
        amended_by_the_other_party="wrong-agreement",
        agreement_misplaced="misplaced",
        entry_second_spelling="second-spelling",
        statement_second_spelling="second-spelling",
        header_unfit="unfit-header",
        header_unfit_machine="unfit-header",
        facts_unfit="unfit-facts",
        document_length_differs="document-differs",
        severe_by_one="unauthorised",
        role_not_given="unauthorised",
        person_for_a_node="unauthorised",
        roster_second=_NOBODY,
        roster_one_root="unauthorised",
        roster_root_unknown="unknown-signer",
        roster_version_skipped="roster-refused",
        roster_previous_other="roster-refused",
        roster_of_the_other_party="roster-refused",
        roster_with_a_root_key="roster-refused",
        admins_one_alone="unauthorised",
        admins_one_is_none=_NOBODY,
        admins_make_an_admin="unauthorised",
        admins_change_the_node_key="unauthorised",
        admins_prolong="unauthorised",
        admins_back_dated=_NOBODY,
        revoked_key_signs=f"{_FORGED} | after-last-trust",
        revoked_other_by_admins="unauthorised",
        revoked_key_listed_no_more="roster-refused",
        revoked_key_comes_back="roster-refused",
        root_set_by_the_old_only="unauthorised",
        root_set_by_the_new_only="unauthorised",
        root_set_below_the_old_threshold="unauthorised",
        root_set_for_another_roster="root-set-refused",
        root_set_with_an_officers_key="root-set-refused",
        root_set_retired_root_again="root-set-refused",
        root_sets_two_on_one="root-set-refused",
        roster_by_retired_roots=_NOBODY,
        suite_other_of_a_person="other-suite unauthorised",
        suite_other_of_the_second_person="other-suite unauthorised",
        suite_other_under_the_name_of_the_right_one=_FORGED,
        suite_other_roster="roster-refused",
        suite_mixed_roster="roster-refused",
        passkey_too_severe="unauthorised",
        passkey_not_agreed="unauthorised",
        passkey_lies=_FORGED,
        passkey_of_another_credential=_NOBODY,
    ),
    # --- what needs the keys of both
    *_rows(
        "audit",
        BOTH,
        checkpoint_of_another_root="tile-differs",
        agreement_of_another_channel="policy-pins-other-agreement",
    ),
)
"""Cases that refute, in the order of the page."""

TOLD: Final = (
    Row("tamper", "field-kept-back", PARTY, (), ("disclosure-withheld",), "What is not done in time is a breach."),
    Row("audit", "tally-differs", PARTY, (), ("tally-differs",), "A clock that was set during the tally does it."),
    Row("audit", "line-silent", PARTY, (), ("line-silent", "tally-missing"), "A line that is down does it."),
    Row("audit", "clock-disputed", PARTY, (), ("clock-disputed", "tally-missing"), "Two clocks that differ do it."),
    Row("audit", "passkey-counter", PARTY, (), ("passkey-counter",), "A signature that waited too long does it."),
    Row("audit", "roster-expired", PARTY, (), ("roster-expired", "tally-missing"), "Expiry never cuts the line."),
    Row("judgement", "time-went-back", PARTY, (), ("time-went-back",), "A node without its last time does it."),
    Row("judgement", "held-lower", PARTY, (), ("held-went-down",), "A node that was restored does it."),
    Row("judgement", "statement-repeated", PARTY, (), ("repeated-statement",), "A draft that is sent twice does it."),
    Row("judgement", "released-late", PARTY, (), ("released-late",), "A node that was down meanwhile does it."),
    Row("judgement", "status-mixed", PARTY, (), ("status-mixed",), "A slip in composing does it; it has no effect."),
    Row("judgement", "reply-unfit", PARTY, (), ("reference-unfit",), "Likewise."),
    Row(
        "judgement",
        "amended-twice-on-one-base",
        PARTY,
        (),
        ("agreement-superseded", "amendment-refused"),
        "Two proposals that cross do it; the first accepted stands.",
    ),
    Row(
        "judgement",
        "after-the-sunset",
        PARTY,
        (),
        ("after-sunset", "tally-missing"),
        "A draft signed before the end does it; it has no effect.",
    ),
)
"""Cases that an audit tells and that refute nothing, because honest people and nodes can bring them about."""
