"""What an agreement is checked for: each term by itself, then what they say of one another.

The checks are given one by one, so that whoever makes an agreement stops at the first that fails, and whoever reviews a
draft hears of every one. A draft that has no parties yet is checked for all else.

Source: spec/agreement.md, "Reading", step 5.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from keys.suite import SUITE_1, Suite
from protocol.agreement_blocks import BLOCKS
from protocol.agreement_checks import check_languages, check_line, check_number, refuse
from protocol.agreement_conduct import DEFAULT_CADENCE, DEFAULT_EXERCISE, DEFAULT_RELEASE, DEFAULT_SUSPENSION
from protocol.limits import (
    DISCLOSURE_RULES_MAX,
    KIND_CLOCKS_MAX,
    NOTICE_DAYS_MAX,
    OBSERVERS_MAX,
    RULES_MAX,
    TIME_MS_MAX,
)
from protocol.statement import PRECEDENCES
from protocol.threshold_set import threshold_set_of

NOTICE_DAYS: Final = 180
"""Days of notice where a text of format 1 says nothing."""

LATER: Final = {
    "sunset_date": None,
    "notice_days": NOTICE_DAYS,
    "founding": None,
    "amends": None,
    "witness_quorum": 0,
    "cadence": DEFAULT_CADENCE,
    "kind_clocks": (),
    "passkeys": None,
    "release": DEFAULT_RELEASE,
    "emergency": None,
    "challenge": None,
    "suspension": DEFAULT_SUSPENSION,
    "exercise": DEFAULT_EXERCISE,
    "rosters": None,
    "accumulation": None,
    "observables": (),
    "thresholds": (),
    "disclosure": (),
    "suite": SUITE_1,
}
"""What came with format 2, and what a text of format 1 stands for."""

Check = Callable[[], None]
"""Raises AgreementRefused where something cannot stand."""


def checks_of(terms: Any) -> Iterator[Check]:
    """Every check of an agreement, or of a draft whose `parties` are empty.

    Args:
        terms: has the attributes of `Agreement`.
    """
    yield partial(check_line, terms.title, "title")
    yield partial(check_line, terms.purpose, "purpose")
    yield partial(check_languages, terms.languages, "languages")
    yield partial(check_number, terms.created_ms, "created", 0, TIME_MS_MAX)
    yield partial(check_number, terms.catalogue_version, "catalogue.version", 1, 1_000_000)
    yield partial(_check_heads, terms)
    if terms.format == 1:
        yield partial(_check_format_1, terms)
    yield partial(check_number, terms.notice_days, "notice_days", 0, NOTICE_DAYS_MAX)
    yield partial(check_number, terms.witness_quorum, "witness_quorum", 0, len(terms.witnesses))
    if tuple(terms.clocks) != PRECEDENCES:
        yield partial(_refuse, "bad-clocks", "clock", "one for each precedence, from the most to the least urgent")
    for form in BLOCKS[max(BLOCKS)]:
        found: Any = getattr(terms, form.attribute) if form.attribute else None
        if form.keys:
            yield from (partial(record.check, f"{form.name}.{key}") for key, record in found.items())
        elif form.many:
            yield from (partial(one.check, f"{form.name}[{number}]") for number, one in enumerate(found, 1))
        elif found is not None:
            yield partial(found.check, form.name)
    yield partial(_check_counts, terms)
    yield partial(_check_thresholds, terms)
    if terms.parties:
        yield partial(_check_parties, terms.parties)
        yield partial(_check_suite, terms.parties, terms.suite)
    yield partial(_check_names, terms)
    yield partial(_check_witness_keys, terms)


def _refuse(code: str, where: str, text: str) -> None:
    raise refuse(code, where, text)


def _check_heads(terms: Any) -> None:
    """Digests and dates at the head of the text."""
    if len(terms.catalogue_digest) != 32:
        raise refuse("bad-digest", "catalogue.digest", "64 hexadecimal digits")
    if terms.sunset_date is not None and terms.sunset_date < terms.review_date:
        raise refuse("out-of-range", "sunset_date", "the agreement ends before it is looked at again")
    if (terms.founding is None) != (terms.amends is None):
        raise refuse("bad-amendment", "amends", "founding and amends go together")
    if any(one is not None and len(one) != 32 for one in (terms.founding, terms.amends)):
        raise refuse("bad-digest", "amends", "64 hexadecimal digits")


def _check_format_1(terms: Any) -> None:
    """A text of format 1 has no place for what came later."""
    if (
        any(getattr(terms, name) != value for name, value in LATER.items())
        or any(rule.template for rule in terms.rules)
        or any(party.desks for party in terms.parties)
    ):
        raise refuse("not-of-format", "format", "a term that came with format 2")


def _check_counts(terms: Any) -> None:
    """How many of each there may be, and what is there twice."""
    if len(terms.rules) > RULES_MAX:
        raise refuse("too-many-rules", "authority", f"at most {RULES_MAX}")
    if len(terms.kind_clocks) > KIND_CLOCKS_MAX:
        raise refuse("too-many-rules", "kind_clock", f"at most {KIND_CLOCKS_MAX}")
    if len(terms.disclosure) > DISCLOSURE_RULES_MAX:
        raise refuse("too-many-rules", "disclosure", f"at most {DISCLOSURE_RULES_MAX}")
    if max(len(terms.witnesses), len(terms.auditors)) > OBSERVERS_MAX:
        raise refuse("too-many-observers", "witness", f"at most {OBSERVERS_MAX} witnesses, and as many auditors")
    named = [(clock.kind, clock.clock) for clock in terms.kind_clocks]
    for number, one in enumerate(named, 1):
        if one in named[: number - 1]:
            raise refuse("bad-clocks", f"kind_clock[{number}]", "a clock of a kind is there twice")


def _check_thresholds(terms: Any) -> None:
    """What adds up to what is whole, or not there at all."""
    found = threshold_set_of(terms)
    if found is not None:
        found.check("")
    elif terms.observables or terms.thresholds:
        raise refuse("bad-rule", "thresholds", "the block that says how long an incident counts")


def _check_parties(parties: Any) -> None:
    """Two different ones, in order, with nothing in common."""
    first, second = parties
    if first.short >= second.short:
        raise refuse("parties-unsorted", "party", "two different short names, in order")
    if first.domain == second.domain:
        raise refuse("same-domain", "party", "the parties share a domain, and so the names of their logs")
    raws = [key for party in parties for key in party.roots.keys]
    if len({key.ed25519_raw for key in raws}) < len(raws) or len({key.mldsa_raw for key in raws}) < len(raws):
        raise refuse("key-reused", "party", "a root key, or half of one, is there twice")


def _check_suite(parties: Any, suite: Suite) -> None:
    """The root keys are of the suite agreed on, and so is all that they sign."""
    for party in parties:
        if party.roots.suite is not suite:
            text = f"the root keys of {party.short} are of {party.roots.suite.name}, the agreement is of {suite.name}"
            raise refuse("other-suite", "party.root_keys", text)


def _check_names(terms: Any) -> None:
    """Whoever is named has a name of their own."""
    names = [one.name for one in (*terms.parties, *terms.witnesses, *terms.auditors)]
    if len(set(names)) < len(names):
        raise refuse("same-name", "name", "two of those the agreement names have one name")


def _check_witness_keys(terms: Any) -> None:
    """No two witnesses with one key, and none that cosigns under the name of a party's log or mirror."""
    keys = [key for witness in terms.witnesses for key in witness.verifiers()]
    if len({key.raw for key in keys}) < len(keys):
        raise refuse("key-reused", "witness", "a key is there twice")
    if any(key.name.startswith(f"{party.domain}/hotline/") for key in keys for party in terms.parties):
        raise refuse("bad-witness-key", "witness", "a witness under the name of a party's log or mirror")
