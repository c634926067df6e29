"""Cases of offers: each function one case."""

from dataclasses import replace
from datetime import date

from keys.quorum import RootSet
from keys.suite import SUITE_2
from protocol import canonical
from tests.builders import DOMAINS, roots
from tests.hotline.pairing_made import Came, Desk, items_of, with_item

# --- offers ---------------------------------------------------------------------------------------------------------


def _offer(data: bytes, code: str | None = None) -> Came:
    return Came(form="offer", data=data, code=code)


def _term(desk: Desk, **changes: object) -> Came:
    rows = items_of(desk.offer())
    return _offer(canonical.encode([*rows[:3], {**rows[3], **changes}, rows[4]]), "pairing-file-malformed")


def offer_good(desk: Desk) -> Came:
    """ARC's offer, as it comes to BOR."""
    return _offer(desk.offer())


def offer_no_endpoint(desk: Desk) -> Came:
    """An offer by a party that is not dialled."""
    return _offer(desk.offer(endpoints=()))


def offer_empty(desk: Desk) -> Came:
    """No bytes at all."""
    return _offer(b"", "pairing-file-malformed")


def offer_cut(desk: Desk) -> Came:
    """The last byte left out."""
    return _offer(desk.offer()[:-1], "pairing-file-malformed")


def offer_trailing_byte(desk: Desk) -> Came:
    """A byte behind the offer."""
    return _offer(desk.offer() + b"\xc0", "pairing-file-malformed")


def offer_second_spelling(desk: Desk) -> Came:
    """The version in two bytes."""
    data = desk.offer()
    at = len(b"\x95\xad") + len("hotline-offer")
    return _offer(data[:at] + b"\xcc\x01" + data[at + 1 :], "pairing-file-malformed")


def offer_magic(desk: Desk) -> Came:
    """An offer that calls itself an answer."""
    return _offer(with_item(desk.offer(), 0, "hotline-answer"), "pairing-file-malformed")


def offer_version(desk: Desk) -> Came:
    """Version 2."""
    return _offer(with_item(desk.offer(), 1, 2), "pairing-file-malformed")


def offer_version_true(desk: Desk) -> Came:
    """True for version 1."""
    return _offer(with_item(desk.offer(), 1, True), "pairing-file-malformed")


def offer_item_more(desk: Desk) -> Came:
    """An item behind the endpoints."""
    return _offer(canonical.encode([*items_of(desk.offer()), None]), "pairing-file-malformed")


def offer_endpoints_nine(desk: Desk) -> Came:
    """Nine endpoints."""
    endpoints = [f"line.arcadia.example:{port}" for port in range(7443, 7452)]
    return _offer(with_item(desk.offer(), 4, endpoints), "pairing-file-malformed")


def offer_endpoint_without_port(desk: Desk) -> Came:
    """An endpoint without a port."""
    return _offer(with_item(desk.offer(), 4, ["line.arcadia.example"]), "pairing-file-malformed")


def offer_endpoint_bytes(desk: Desk) -> Came:
    """An endpoint that is bytes."""
    return _offer(with_item(desk.offer(), 4, [b"line.arcadia.example:7443"]), "pairing-file-malformed")


def _card(desk: Desk, at: int, value: object) -> Came:
    card = items_of(desk.offer())[2]
    card[at] = value
    return _offer(with_item(desk.offer(), 2, card), "pairing-file-malformed")


def offer_party_in_small_letters(desk: Desk) -> Came:
    """A short name in small letters."""
    return _card(desk, 0, "arc")


def offer_domain_with_a_path(desk: Desk) -> Came:
    """A domain with a path."""
    return _card(desk, 2, "arcadia.example/hotline")


def offer_threshold_too_high(desk: Desk) -> Came:
    """Two roots must sign, and there is one."""
    return _card(desk, 3, 2)


def offer_threshold_zero(desk: Desk) -> Came:
    """No root must sign."""
    return _card(desk, 3, 0)


def offer_threshold_true(desk: Desk) -> Came:
    """True for a threshold of one."""
    return _card(desk, 3, True)


def offer_root_short(desk: Desk) -> Came:
    """A root key one byte short."""
    return _card(desk, 4, [desk.party("ARC").roots.keys[0].raw[:-1]])


def offer_root_small_order(desk: Desk) -> Came:
    """A root key whose Ed25519 half is the neutral point."""
    return _card(desk, 4, [b"\x01" + bytes(31) + desk.party("ARC").roots.keys[0].raw[32:]])


def offer_term_missing(desk: Desk) -> Came:
    """Terms without a title."""
    rows = items_of(desk.offer())
    terms = {name: value for name, value in rows[3].items() if name != "title"}
    return _offer(canonical.encode([*rows[:3], terms, rows[4]]), "pairing-file-malformed")


def offer_term_unknown(desk: Desk) -> Came:
    """A term of a later version."""
    return _term(desk, thresholds=[])


def offer_beat_short(desk: Desk) -> Came:
    """A beat of two numbers."""
    return _term(desk, beat=[1000, 1])


def offer_beat_true(desk: Desk) -> Came:
    """True for a count of missed beats."""
    return _term(desk, beat=[1000, True, 2])


def offer_review_date_spelling(desk: Desk) -> Came:
    """The review date without hyphens: a second spelling of one date."""
    return _term(desk, review_date="20271121")


def offer_review_week(desk: Desk) -> Came:
    """The review date as a day of a week: a third spelling."""
    return _term(desk, review_date="2027-W46-7")


def offer_rule_slot(desk: Desk) -> Came:
    """A rule that asks for a minister."""
    return _term(desk, rules=[[["*"], None, [], ["duty/minister"]]])


def offer_title_control(desk: Desk) -> Came:
    """A direction mark in the title: it reads, and no agreement can stand on it."""
    return _offer(desk.offer(terms=desk.terms(title="Direct \u202eline")), "pairing-terms-refused")


def offer_beat_fast(desk: Desk) -> Came:
    """A beat each millisecond."""
    beat = replace(desk.agreement().beat, every_ms=1)
    return _offer(desk.offer(terms=desk.terms(beat=beat)), "pairing-terms-refused")


def offer_domain_of_the_other(desk: Desk) -> Came:
    """An offer under the domain of the party it is made to."""
    card = replace(desk.party("ARC"), domain=DOMAINS["BOR"])
    return _offer(desk.offer(party=card), "pairing-terms-refused")


def offer_root_of_the_other(desk: Desk) -> Came:
    """An offer with a root key of the party it is made to."""
    card = replace(desk.party("ARC"), roots=RootSet(1, desk.party("BOR").roots.keys[:1]))
    return _offer(desk.offer(party=card), "pairing-terms-refused")


def offer_catalogue(desk: Desk) -> Came:
    """An offer on a catalogue that is not at hand."""
    return _offer(desk.offer(terms=desk.terms(catalogue_digest=bytes(32))), "catalogue-differs")


def offer_of_another_suite(desk: Desk) -> Came:
    """An offer of the second suite, with root keys of it, to a party whose keys are of the first."""
    strong = roots("ARC", SUITE_2).keys[:1]
    card = replace(desk.party("ARC"), roots=RootSet(1, strong))
    desk.parts |= dict.fromkeys(key.raw for key in strong)
    return _offer(desk.offer(party=card, terms=desk.terms(format=2, suite=SUITE_2)), "other-suite")


def offer_of_another_suite_than_its_keys(desk: Desk) -> Came:
    """Terms of the first suite, offered by a party whose root keys are of the second."""
    strong = roots("ARC", SUITE_2).keys[:1]
    desk.parts |= dict.fromkeys(key.raw for key in strong)
    return _offer(desk.offer(party=replace(desk.party("ARC"), roots=RootSet(1, strong))), "other-suite")


def offer_own(desk: Desk) -> Came:
    """BOR's own offer, brought back to it."""
    return _offer(desk.offer(party=desk.party("BOR")), "pairing-with-self")


def _newer(desk: Desk, **changes: object) -> bytes:
    terms = desk.terms(format=2, sunset_date=date(2029, 1, 1), **changes)
    return desk.offer(terms=terms)


def offer_format_2(desk: Desk) -> Came:
    """Terms of the agreement's format 2, as text."""
    return _offer(_newer(desk))


def offer_amendment(desk: Desk) -> Came:
    """Terms that would take the place of an agreement, and found no channel."""
    return _offer(_newer(desk, founding=bytes(31) + b"\x01", amends=bytes(31) + b"\x02"), "bad-amendment")
