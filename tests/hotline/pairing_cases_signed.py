"""Cases of answers and final files: each function one case."""

from dataclasses import replace
from typing import Any

from hotline.documents import AGREEMENT, ROSTER
from keys import roster as rosters
from keys.quorum import RootSet
from keys.roles import KeyRole
from keys.suite import SUITE_2
from protocol.agreement import Agreement
from protocol.agreement_terms import Party
from protocol.statement import LogState
from protocol.tagged import digest
from tests.builders import make_agreement, make_roster, roots
from tests.hotline.pairing_made import Came, Desk, items_of, with_item

# --- offers ---------------------------------------------------------------------------------------------------------


# --- answers --------------------------------------------------------------------------------------------------------


def _answer(data: bytes, code: str | None = None) -> Came:
    return Came(form="answer", data=data, code=code, kept="offer-good")


def answer_good(desk: Desk) -> Came:
    """BOR's answer, as it comes to ARC, who keeps the good offer."""
    return _answer(desk.answer())


def answer_words_heard(desk: Desk) -> Came:
    """The same; the other side reads the words out in capitals."""
    return replace(_answer(desk.answer()), heard="capitals")


def answer_word_differs(desk: Desk) -> Came:
    """The same; the other side reads out another last word."""
    return replace(_answer(desk.answer(), "words-differ"), heard="another last word")


def answer_word_missing(desk: Desk) -> Came:
    """The same; the other side stops before the last word."""
    return replace(_answer(desk.answer(), "words-differ"), heard="all but the last word")


def answer_version(desk: Desk) -> Came:
    """Version 2."""
    return _answer(with_item(desk.answer(), 1, 2), "pairing-file-malformed")


def answer_version_true(desk: Desk) -> Came:
    """True for version 1."""
    return _answer(with_item(desk.answer(), 1, True), "pairing-file-malformed")


def answer_digest_short(desk: Desk) -> Came:
    """A digest of 31 bytes."""
    return _answer(with_item(desk.answer(), 2, bytes(31)), "pairing-file-malformed")


def answer_statement_text(desk: Desk) -> Came:
    """Text where the agreement's statement belongs."""
    return _answer(with_item(desk.answer(), 3, "agreement"), "pairing-file-malformed")


def answer_statement_version(desk: Desk) -> Came:
    """A signed statement of version 2."""
    statement = with_item(items_of(desk.answer())[3], 1, 2)
    return _answer(with_item(desk.answer(), 3, statement), "pairing-file-malformed")


def answer_statement_version_true(desk: Desk) -> Came:
    """A signed statement that says true for version 1."""
    statement = with_item(items_of(desk.answer())[3], 1, True)
    return _answer(with_item(desk.answer(), 3, statement), "pairing-file-malformed")


def answer_signatures_seventeen(desk: Desk) -> Came:
    """A signed statement of seventeen signatures."""
    statement = items_of(desk.answer())[3]
    row = items_of(statement)[3][0]
    return _answer(with_item(desk.answer(), 3, with_item(statement, 3, [row] * 17)), "pairing-file-malformed")


def answer_final(desk: Desk) -> Came:
    """BOR's answer, which calls itself a final file."""
    return _answer(with_item(desk.answer(), 0, "hotline-final"), "pairing-file-malformed")


def answer_to_another_offer(desk: Desk) -> Came:
    """An answer that names an offer ARC never made."""
    return _answer(desk.answer(refers_to=bytes(32)), "pairing-not-offered")


def answer_no_text(desk: Desk) -> Came:
    """A statement of the agreement without its text."""
    signed = desk.signed("BOR").agreement
    return _answer(desk.answer(agreement=replace(signed, body=None)), "pairing-file-malformed")


def answer_text_second_spelling(desk: Desk) -> Came:
    """An agreement with a comment changed, which both roots of BOR signed."""
    agreement = desk.agreement()
    text = agreement.text.replace(b"# 1 second", b"# 1 minute", 1)
    signed = desk.document(AGREEMENT, text, agreement=agreement, party="BOR")
    return _answer(desk.answer(agreement=signed), "pairing-file-malformed")


def _other_terms(desk: Desk, other: Agreement, code: str = "pairing-terms-differ") -> Came:
    return _answer(
        desk.answer(
            agreement=desk.document(AGREEMENT, other.text, agreement=other, party="BOR"),
            roster=desk.document(ROSTER, rosters.render(desk.roster("BOR", other)), agreement=other, party="BOR"),
        ),
        code,
    )


def answer_other_term(desk: Desk) -> Came:
    """A beat of an hour in an otherwise equal agreement, under good signatures of BOR."""
    return _other_terms(desk, desk.agreement(beat=replace(desk.agreement().beat, every_ms=3_600_000)))


def answer_other_root_of_ours(desk: Desk) -> Came:
    """An agreement in which ARC has another root."""
    card = replace(desk.party("ARC"), roots=RootSet(1, roots("ARC").keys[2:]))
    return _other_terms(desk, desk.agreement(parties=(card, desk.party("BOR"))))


def answer_without_us(desk: Desk) -> Came:
    """An agreement between BOR and somebody else."""
    card = Party("CEL", "Celestia", "line.celestia.example", RootSet(1, roots("ARC").keys[2:]))
    return _other_terms(desk, desk.agreement(parties=(desk.party("BOR"), card)))


def _agreement(desk: Desk, code: str = "roster-refused", **options: Any) -> Came:
    agreement = desk.agreement()
    signed = desk.document(AGREEMENT, agreement.text, agreement=agreement, **{"party": "BOR", **options})
    return _answer(desk.answer(agreement=signed), code)


def answer_one_root(desk: Desk) -> Came:
    """One root of the two that must sign."""
    return _agreement(desk, numbers=(1,))


def answer_one_root_twice(desk: Desk) -> Came:
    """One root's signature twice."""
    return _agreement(desk, numbers=(1, 1))


def answer_root_unknown(desk: Desk) -> Came:
    """One root, and a third that the agreement does not have."""
    return _agreement(desk, numbers=(1, 3))


def answer_signature_of_the_roster(desk: Desk) -> Came:
    """The agreement's statement under the roster's signatures."""
    signed = desk.signed("BOR")
    moved = replace(signed.agreement, signatures=signed.roster.signatures)
    return _answer(desk.answer(agreement=moved), "roster-refused")


def answer_by_a_person(desk: Desk) -> Came:
    """The roots' signatures, called a person's."""
    signed = desk.signed("BOR").agreement
    people = tuple(replace(one, signer=f"person/{one.root}", role="duty") for one in signed.signatures)
    return _answer(desk.answer(agreement=replace(signed, signatures=people)), "roster-refused")


def answer_statement_malformed(desk: Desk) -> Came:
    """Bytes that are no statement, in a record that reads."""
    signed = desk.signed("BOR").agreement
    return _answer(desk.answer(agreement=replace(signed, statement=b"\xc0")), "roster-refused")


def answer_statement_of_us(desk: Desk) -> Came:
    """ARC's own statement of the agreement, brought back to it."""
    return _agreement(desk, party="ARC")


def answer_statement_is_a_roster(desk: Desk) -> Came:
    """The agreement's text, stated as a roster."""
    agreement = desk.agreement()
    signed = desk.document(ROSTER, agreement.text, agreement=agreement, party="BOR")
    return _answer(desk.answer(agreement=signed), "roster-refused")


def answer_statement_of_another_channel(desk: Desk) -> Came:
    """A statement made for another channel."""
    return _agreement(desk, channel=bytes(32))


def answer_statement_under_another_agreement(desk: Desk) -> Came:
    """A statement made under another agreement."""
    return _agreement(desk, code="wrong-agreement", under=bytes(32))


def answer_statement_of_another_text(desk: Desk) -> Came:
    """A statement that names another text than the one beside it."""
    return _agreement(desk, body_digest=digest(b"another text"))


def answer_statement_of_another_length(desk: Desk) -> Came:
    """A statement that names the text with another length."""
    return _agreement(desk, code="other-body", body_length=5)


def answer_statement_after(desk: Desk) -> Came:
    """A statement of the agreement for a log that has an entry already."""
    return _agreement(desk, code="after-not-of-log", after=LogState(1, bytes(32)))


def answer_statement_sealed(desk: Desk) -> Came:
    """A statement with an opener, as if its text were sealed."""
    return _agreement(desk, code="sealed-document", opener=digest(b"an opener"))


def _roster(desk: Desk, code: str = "roster-refused", numbers: tuple[int, ...] | None = None, **changes: Any) -> Came:
    agreement = desk.agreement()
    text = rosters.render(replace(desk.roster("BOR", agreement), **changes))
    signed = desk.document(ROSTER, text, agreement=agreement, party="BOR", numbers=numbers)
    return _answer(desk.answer(roster=signed), code)


def answer_roster_one_root(desk: Desk) -> Came:
    """A roster that one root of two signed."""
    return _roster(desk, numbers=(1,))


def answer_roster_version(desk: Desk) -> Came:
    """A roster of version 2."""
    return _roster(desk, version=2, previous=bytes(32))


def answer_roster_epoch(desk: Desk) -> Came:
    """A first roster whose log is of the second epoch."""
    return _roster(desk, epoch=2, next_epoch=3)


def answer_roster_of_another_channel(desk: Desk) -> Came:
    """A roster of another channel, stated on this one."""
    return _roster(desk, channel=bytes(32))


def answer_roster_of_us(desk: Desk) -> Came:
    """A roster of ARC, stated by BOR."""
    return _roster(desk, party="ARC")


def answer_roster_with_a_root_key(desk: Desk) -> Came:
    """A roster whose node is a root of ARC."""
    return _roster(desk, node=replace(desk.party("ARC").roots.keys[0], role=KeyRole.NODE))


def answer_roster_of_another_suite(desk: Desk) -> Came:
    """A whole roster of the second suite, signed by BOR's roots, where the agreement is of the first."""
    strong = make_roster("BOR", make_agreement(suite=SUITE_2), people=())
    return _roster(desk, node=strong.node, sealing=strong.sealing)


def answer_roster_seen(desk: Desk) -> Came:
    """A statement of the roster whose roots had seen an entry of ARC's log."""
    agreement = desk.agreement()
    text = rosters.render(desk.roster("BOR", agreement))
    signed = desk.document(ROSTER, text, agreement=agreement, party="BOR", seen=LogState(1, bytes(32)))
    return _answer(desk.answer(roster=signed), "after-not-of-log")


def answer_roster_is_none(desk: Desk) -> Came:
    """A text that is no roster, signed as one."""
    agreement = desk.agreement()
    signed = desk.document(ROSTER, b"format = 1\n", agreement=agreement, party="BOR")
    return _answer(desk.answer(roster=signed), "roster-refused")


# --- final files ----------------------------------------------------------------------------------------------------


def _final(data: bytes, code: str | None = None) -> Came:
    return Came(form="final", data=data, code=code, kept="answer-good")


def final_good(desk: Desk) -> Came:
    """ARC's final file, as it comes to BOR, who keeps the good answer."""
    return _final(desk.final())


def final_version(desk: Desk) -> Came:
    """Version 2."""
    return _final(with_item(desk.final(), 1, 2), "pairing-file-malformed")


def final_answer(desk: Desk) -> Came:
    """A final file that calls itself an answer."""
    return _final(with_item(desk.final(), 0, "hotline-answer"), "pairing-file-malformed")


def final_for_another_agreement(desk: Desk) -> Came:
    """A final file for an agreement that BOR never signed."""
    return _final(desk.final(refers_to=bytes(32)), "pairing-not-offered")


def final_no_root(desk: Desk) -> Came:
    """An agreement that no root of ARC signed."""
    signed = desk.signed("ARC").agreement
    return _final(desk.final(agreement=replace(signed, signatures=())), "roster-refused")


def final_of_the_reader(desk: Desk) -> Came:
    """BOR's own statements, brought back to it."""
    own = desk.signed("BOR")
    return _final(desk.final(agreement=own.agreement, roster=own.roster), "roster-refused")


def final_another_text(desk: Desk) -> Came:
    """ARC signed another text, in a statement on this channel and under this agreement."""
    other = desk.agreement(title="Another line")
    signed = desk.document(AGREEMENT, other.text, agreement=desk.agreement(), party="ARC")
    return _final(desk.final(agreement=signed), "pairing-terms-differ")


def final_roster_with_a_root_key(desk: Desk) -> Came:
    """A roster whose node is a root of BOR."""
    agreement = desk.agreement()
    node = replace(desk.party("BOR").roots.keys[1], role=KeyRole.NODE)
    text = rosters.render(replace(desk.roster("ARC", agreement), node=node))
    signed = desk.document(ROSTER, text, agreement=agreement, party="ARC")
    return _final(desk.final(roster=signed), "roster-refused")
