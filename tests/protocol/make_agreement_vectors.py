"""Make the vectors in spec/vectors/agreement: `python -m tests.protocol.make_agreement_vectors`, from the root.

Everything comes from fixed seeds, so a new run writes the same bytes.
"""

from collections.abc import Iterator

from keys.suite import SUITE_2
from protocol.agreement import Agreement
from protocol.agreement_conduct import PasskeyTerms
from protocol.spelling import encode_base64
from protocol.threshold_set import Accumulation, Observable, Threshold, ThresholdSet
from tests.protocol.statement_samples import (
    full_agreement,
    roots,
    sample_agreement,
    second_suite_agreement,
    small_agreement,
)
from tests.protocol.statement_vectors import ACCEPTED, VECTORS, Vector, write_vectors

# What is replaced, by what, and how the text is judged then.
CHANGES: dict[str, tuple[str, str, str, str, str]] = {
    "format-3": ("a later format", "not understood", "not-understood", "format = 1", "format = 3"),
    "format-1-as-2": ("another format than its terms are of", "malformed", "missing-field", "format = 1", "format = 2"),
    "term-unknown": ("a term of a later format", "not understood", "not-understood",
                     "[beat]\n", "[beat]\nsong = \"dawn\"\n"),
    "block-unknown": ("a block of a later format", "not understood", "not-understood",
                      "[beat]\n", "[thresholds]\nimpact = 3\n\n[beat]\n"),
    "format-text": ("a format that is text", "malformed", "bad-field", "format = 1", 'format = "1"'),
    "toml": ("a bracket left out", "malformed", "bad-toml", "[beat]", "[beat"),
    "key-twice": ("a term twice", "malformed", "bad-toml", "every_ms = 1000", "every_ms = 1000\nevery_ms = 2000"),
    "line-ends": ("a carriage return", "malformed", "second-spelling", "[beat]\n", "[beat]\r\n"),
    "comment": ("a comment changed", "malformed", "second-spelling", "# 1 second", "# 1 minute"),
    "comment-added": ("a comment added", "malformed", "second-spelling", "[beat]\n", "[beat]\n# or less\n"),
    "order": ("two terms swapped", "malformed", "second-spelling",
              "degraded_after_missed = 1\ndown_after_missed = 2", "down_after_missed = 2\ndegraded_after_missed = 1"),
    "number-spelling": ("a number with an underscore", "malformed", "second-spelling", "= 1000 ", "= 1_000 "),
    "text-spelling": ("text with an escape", "malformed", "second-spelling", "Republic", "\\u0052epublic"),
    "time-zone": ("the same time in another zone", "malformed", "bad-field",
                  "created = 2026-11-21T10:00:00.123Z", "created = 2026-11-21T11:00:00.123+01:00"),
    "time-microseconds": ("a time with microseconds", "malformed", "bad-field", "00.123Z", "00.123456Z"),
    "time-local": ("a time without zone", "malformed", "bad-field", "00.123Z", "00.123"),
    "review-time": ("a review date with a time", "malformed", "bad-field",
                    "review_date = 2027-11-21", "review_date = 2027-11-21T00:00:00Z"),
    "title-missing": ("the title left out", "malformed", "missing-field",
                      'title = "Direct line on cyber incidents"\n', ""),
    "clock-missing": ("one precedence without clock", "malformed", "missing-field", "[clock.flash]", "[clock.flsh]"),
    "beat-float": ("an interval with a fraction", "malformed", "bad-field", "= 1000 ", "= 1000.0 "),
    "beat-true": ("true for a count", "malformed", "bad-field",
                  "degraded_after_missed = 1", "degraded_after_missed = true"),
    "digest-capitals": ("a digest in capitals", "malformed", "bad-field", 'digest = "65ebc', 'digest = "65EBC'),
    "root-key-cut": ("a root key with characters left out", "malformed", "bad-key", "=\",\n]", "\",\n]"),
    "threshold-high": ("more root signatures than keys", "malformed", "bad-key",
                       "root_threshold = 1", "root_threshold = 2"),
    "threshold-zero": ("no root signature", "malformed", "bad-key", "root_threshold = 1", "root_threshold = 0"),
    "purpose-empty": ("no purpose", "agreement refused", "bad-text", '"demonstration"', '""'),
    "title-control": ("a direction mark in the title", "agreement refused", "bad-text",
                      "Direct line", "Direct \u202eline"),
    "title-decomposed": ("a title not in normalisation form C", "agreement refused", "bad-text",
                         "Direct", "Dire\u0301ct"),
    "language": ("a language that is none", "agreement refused", "bad-language", '["en", "fr"]', '["en", "french"]'),
    "language-twice": ("a language twice", "agreement refused", "bad-language", '["en", "fr"]', '["en", "en"]'),
    "created-before": ("a time before 1970", "agreement refused", "out-of-range",
                       "2026-11-21T10", "1969-11-21T10"),
    "catalogue-zero": ("catalogue 0", "agreement refused", "out-of-range", "version = 1", "version = 0"),
    "party-small": ("a short name in small letters", "agreement refused", "bad-party", '"ARC"', '"arc"'),
    "parties-unsorted": ("short names out of order", "agreement refused", "parties-unsorted", '"ARC"', '"CAR"'),
    "parties-same": ("one short name for both", "agreement refused", "parties-unsorted", '"BOR"', '"ARC"'),
    "names-same": ("one name for both", "agreement refused", "same-name",
                   'Kingdom of \\"Borealia\\"', "Republic of Arcadia"),
    "domains-same": ("one domain for both", "agreement refused", "same-domain", "hotline.borealia", "line.arcadia"),
    "domain-capitals": ("a domain with capitals", "agreement refused", "bad-domain", "line.arcadia", "line.Arcadia"),
    "domain-slash": ("a domain with a path", "agreement refused", "bad-domain",
                     "arcadia.example", "arcadia.example/hotline"),
    "beat-fast": ("a beat each millisecond", "agreement refused", "out-of-range", "= 1000 ", "= 1 "),
    "beat-order": ("down before degraded", "agreement refused", "out-of-range",
                   "degraded_after_missed = 1", "degraded_after_missed = 2"),
    "clock-order": ("an answer due before it is opened", "agreement refused", "out-of-range",
                    "answer_within_ms = 14400000 ", "answer_within_ms = 60 "),
    "rule-role": ("a role that there is not", "agreement refused", "bad-slot", "release/senior", "release/minister"),
    "rule-role-twice": ("a role twice in a slot", "agreement refused", "bad-slot", "release/senior", "release/release"),
    "rule-no-needs": ("a rule that asks for nobody", "agreement refused", "bad-rule",
                      'needs = ["duty", "release/senior"]', "needs = []"),
    "rule-no-kinds": ("a rule for no kind", "agreement refused", "bad-rule",
                      'kinds = ["notification", "correction"]', "kinds = []"),
    "rule-any-and-one": ("every kind and one more", "agreement refused", "bad-rule", 'kinds = ["*"]',
                         'kinds = ["*", "update"]'),
    "rule-severity": ("a severity above the highest", "agreement refused", "out-of-range",
                      "severity_at_least = 4", "severity_at_least = 6"),
    "rule-precedence": ("precedences out of order", "agreement refused", "bad-rule",
                        '["flash", "immediate"]', '["immediate", "flash"]'),
    "witness-key": ("a witness key with a changed hash", "agreement refused", "bad-witness-key", "+BB", "+BC"),
    "auditor-pin": ("a pin of 63 digits", "malformed", "bad-field", 'tls_pin = "c', 'tls_pin = "'),
}  # fmt: skip

# The same for the text of format 2.
THRESHOLDS = """[thresholds]
version = 1
window_ms = 7776000000  # 90 days
half_life_ms = 2592000000  # 30 days
"""

CHANGES_2: dict[str, tuple[str, str, str, str, str]] = {
    "2-as-1": ("another format than its terms are of", "not understood", "not-understood",
               "format = 2", "format = 1"),
    "2-notice-missing": ("the days of notice left out", "malformed", "missing-field", "notice_days = 90\n", ""),
    "2-notice-long": ("more days of notice than ten years", "agreement refused", "out-of-range",
                      "notice_days = 90", "notice_days = 3651"),
    "2-sunset-early": ("an end before the review", "agreement refused", "out-of-range",
                       "sunset_date = 2029-11-21", "sunset_date = 2027-11-20"),
    "2-amends-alone": ("an amendment of no channel", "agreement refused", "bad-amendment",
                       "witness_quorum = 1", f'amends = "{"a" * 64}"\nwitness_quorum = 1'),
    "2-quorum-high": ("more witnesses asked for than there are", "agreement refused", "out-of-range",
                      "witness_quorum = 1", "witness_quorum = 2"),
    "2-desk-name": ("a desk that there is not", "agreement refused", "bad-desk", '"diplomatic"', '"commercial"'),
    "2-desk-twice": ("a desk twice", "agreement refused", "bad-desk", '"technical"', '"diplomatic"'),
    "2-desk-number": ("a telephone number with letters", "agreement refused", "bad-desk", "+991 000 0001", "+991 HELP"),
    "2-desk-no-number": ("a desk without telephone", "agreement refused", "bad-desk", '["+991 000 0003"]', "[]"),
    "2-kind-clock-name": ("a clock that there is not", "agreement refused", "bad-clocks",
                          'clock = "report"', 'clock = "alarm"'),
    "2-kind-clock-twice": ("one clock of one kind twice", "agreement refused", "bad-clocks",
                           'kind = "clarification-request"\nclock = "answer"',
                           'kind = "notification"\nclock = "report"'),
    "2-kind-clock-any": ("a clock for every kind", "agreement refused", "bad-rule", 'kind = "notification"',
                         'kind = "*"'),
    "2-template-false": ("a flag that is not set", "malformed", "bad-field",
                         "template = true\nneeds", "template = false\nneeds"),
    "2-hold-word": ("another word for a hold of nothing", "malformed", "second-spelling",
                    "hold_flash_ms = 0  # none", "hold_flash_ms = 0  # never"),
    "2-hold-long": ("a hold of more than a day", "agreement refused", "out-of-range",
                    "hold_priority_ms = 120000 ", "hold_priority_ms = 86400001 "),
    "2-percent": ("the whole clock before the next person", "agreement refused", "out-of-range",
                  "next_after_percent = 50", "next_after_percent = 100"),
    "2-passkeys-severity": ("passkeys up to a severity that there is not", "agreement refused", "out-of-range",
                            "severity_at_most = 2", "severity_at_most = 6"),
    "2-passkeys-slots": ("passkeys for no signature", "agreement refused", "out-of-range",
                         "slots_at_most = 2", "slots_at_most = 0"),
    "2-passkeys-half": ("passkeys without a number of signatures", "malformed", "missing-field",
                        "slots_at_most = 2\n", ""),
    "2-threshold-weight": ("a weight of nothing", "agreement refused", "out-of-range", "points = 40", "points = 0"),
    "2-threshold-criterion": ("a criterion that there is not", "agreement refused", "bad-rule",
                              'criterion = "impact"', 'criterion = "cost"'),
    "2-threshold-question": ("a question without its words", "agreement refused", "bad-rule",
                             'text = "Are there tensions?"\n', ""),
    "2-threshold-twice": ("one name for two lines", "agreement refused", "bad-rule",
                          'name = "serious"', 'name = "watch"'),
    "2-threshold-nothing": ("a line that asks for nothing", "agreement refused", "bad-rule",
                            "impact_at_least = 20", "impact_at_least = 0"),
    "2-threshold-alone": ("one incident, and in a group", "agreement refused", "bad-rule",
                          'counts = "sum"', 'counts = "one"'),
    "2-thresholds-missing": ("weights without how long they count", "agreement refused", "bad-rule", THRESHOLDS, ""),
    "2-emergency-slots": ("two persons for a release by one", "malformed", "bad-field",
                          'needs = "release/senior"', 'needs = ["release", "senior"]'),
    "2-challenge-nothing": ("a challenge of nothing", "agreement refused", "bad-rule",
                            'severity_at_least = 5\nprecedences = ["flash"]\n', ""),
    "2-suspension-none": ("a suspension of no length", "agreement refused", "out-of-range",
                          "longest_ms = 604800000 ", "longest_ms = 0 "),
    "2-tier": ("a tier that is none of TLP 2.0", "agreement refused", "bad-rule", '"TLP:AMBER"', '"TLP:WHITE"'),
    "2-tier-narrower": ("a rule that opens to a closer tier", "agreement refused", "bad-rule",
                        'from_tier = "TLP:RED"\nto_tier = "TLP:AMBER"',
                        'from_tier = "TLP:GREEN"\nto_tier = "TLP:AMBER"'),
    "2-trigger": ("a trigger that there is not", "agreement refused", "bad-rule", '"consent"', '"silence"'),
    "2-trigger-untimed": ("an answer awaited for no time", "agreement refused", "bad-rule",
                          "after_ms = 86400000  # 1 day\n", ""),
}  # fmt: skip


RULES = ThresholdSet(
    Accumulation(1, 7_776_000_000, 2_592_000_000),
    (
        Observable("impact", "functions.effect", "lost", 40, "A function that stopped harms at once."),
        Observable("attribution", "attribution.likelihood", "likely", 30, "How likely somebody says it is."),
        Observable("miscalculation", "context", "tension", 25, "More in a crisis.", "Are there tensions?"),
    ),
    (
        Threshold("watch", "watch", "one", 20, 0, 0, "watch", "Worth an eye."),
        Threshold("serious", "threshold", "one", 40, 30, 0, "diplomatic-contact", "Serious, and somebody did it."),
        Threshold("wave", "raise", "sum", 90, 0, 0, "technical-contact", "Many together.", 3, ("sector", "class")),
    ),
)


def vectors() -> Iterator[Vector]:
    """One good agreement, and what can be done to its text."""
    good = small_agreement()
    yield Vector(name="good", what="nothing", form="agreement", expect=ACCEPTED, more=_names(good), data=good.text)
    full = sample_agreement()
    yield Vector(
        name="good-with-witness", what="nothing", form="agreement", expect=ACCEPTED, more=_names(full), data=full.text
    )
    newer = full_agreement()
    yield Vector(name="good-2", what="nothing", form="agreement", expect=ACCEPTED, more=_names(newer), data=newer.text)
    amended = full_agreement(founding=newer.digest, amends=newer.digest, notice_days=120)
    yield Vector(
        name="good-2-amendment", what="nothing", form="agreement", expect=ACCEPTED, more=_names(amended),
        data=amended.text,
    )  # fmt: skip
    touched = full_agreement(passkeys=PasskeyTerms(severity_at_most=2, slots_at_most=2))
    yield Vector(
        name="good-2-passkeys", what="nothing", form="agreement", expect=ACCEPTED, more=_names(touched),
        data=touched.text,
    )  # fmt: skip
    weighed = full_agreement(
        accumulation=RULES.accumulation, observables=RULES.observables, thresholds=RULES.thresholds
    )
    yield Vector(
        name="good-2-thresholds", what="nothing", form="agreement", expect=ACCEPTED, more=_names(weighed),
        data=weighed.text,
    )  # fmt: skip
    sources = {"passkeys": touched, "threshold": weighed, "thresholds": weighed}
    for name, (what, expect, code, old, new) in CHANGES_2.items():
        source = sources.get(name.split("-")[1], newer).text.decode()
        if old not in source:
            raise AssertionError(f"{name}: {old!r} is not there")
        yield Vector(
            name=name, what=what, form="agreement", expect=expect, code=code, data=source.replace(old, new, 1).encode()
        )
    yield from suite_vectors()
    text = good.text.decode()
    for name, (what, expect, code, old, new) in CHANGES.items():
        source = full.text.decode() if name == "witness-key" else text
        if old not in source:
            raise AssertionError(f"{name}: {old!r} is not there")
        yield Vector(
            name=name, what=what, form="agreement", expect=expect, code=code, data=source.replace(old, new, 1).encode()
        )
    first, second = (encode_base64(roots(short, 1, 1).keys[0].raw) for short in ("ARC", "BOR"))
    cases = {
        "root-key-reused": ("one root key for both parties", "agreement refused", "key-reused",
                            text.replace(second, first).encode()),
        "party-alone": ("one party only", "malformed", "bad-field", _without_second_party(text).encode()),
        "not-utf-8": ("a byte that is not UTF-8", "malformed", "bad-text", good.text.replace(b"Direct", b"Dir\xffct")),
        "empty": ("no bytes at all", "malformed", "missing-field", b""),
        "nested": ("thousands of arrays in one another", "malformed", "bad-toml", b"format = " + b"[" * 60_000),
        "no-newline": ("the last newline left out", "malformed", "second-spelling", good.text[:-1]),
    }  # fmt: skip
    for name, (what, expect, code, data) in cases.items():
        yield Vector(name=name, what=what, form="agreement", expect=expect, code=code, data=data)


def suite_vectors() -> Iterator[Vector]:
    """An agreement under the second suite, and texts whose suite is not that of the root keys."""
    good = second_suite_agreement()
    text, older = good.text.decode(), full_agreement().text.decode()
    line = next(line for line in text.split("\n") if line.startswith("suite = "))
    first = encode_base64(roots("ARC", 1, 1).keys[0].raw)
    second = encode_base64(roots("ARC", 1, 1, SUITE_2).keys[0].raw)
    yield Vector(
        name="good-suite-2", what="nothing", form="agreement", expect=ACCEPTED, more=_names(good), data=good.text
    )
    refused, other = "agreement refused", "other-suite"
    cases = {
        "unknown": ("a suite that there is not", "not understood", "not-understood",
                    text.replace("ml-dsa-87\"", "ml-dsa-88\"")),
        "number": ("a suite by its number", "malformed", "bad-field", text.replace(line, "suite = 2")),
        "not-named": ("root keys of the second suite, and no suite named", refused, other,
                      text.replace(line + "\n", "")),
        "first-named": ("root keys of the second suite, and the first one named", refused, other,
                        text.replace("ml-dsa-87\"", "ml-dsa-65\"")),
        "of-first": ("the second suite named, and root keys of the first", refused, other,
                     older.replace("witness_quorum = 1\n", f"witness_quorum = 1\n{line}\n")),
        "one-party": ("one party's root key is of the first suite", refused, other, text.replace(second, first)),
        "first-spelt-out": ("the first suite named, which is left out", "malformed", "second-spelling",
                            older.replace("witness_quorum = 1\n",
                                          'witness_quorum = 1\nsuite = "ed25519+ml-dsa-65"\n')),
        "comment": ("a comment that says another suite", "malformed", "second-spelling",
                    text.replace("and ML-DSA-87;", "and ML-DSA-65;")),
        "party-comment": ("a comment above a party that says another lattice", "malformed", "second-spelling",
                          text.replace("and ML-DSA-87 in one", "and ML-DSA-65 in one", 1)),
        "format-1": ("a suite in format 1", "not understood", "not-understood",
                     small_agreement().text.decode().replace("[catalogue]", f"{line}\n[catalogue]", 1)),
    }  # fmt: skip
    for name, (what, expect, code, changed) in cases.items():
        if changed in (text, older):
            raise AssertionError(f"suite-{name}: nothing was changed")
        yield Vector(name=f"suite-{name}", what=what, form="agreement", expect=expect, code=code, data=changed.encode())


def _names(agreement: Agreement) -> dict[str, tuple[str, ...]]:
    """The names that follow from the digest of an agreement."""
    return {
        "channel": (agreement.channel.hex(),),
        "log-id": tuple(f"{short} {agreement.log_id(short)}" for short in agreement.shorts),
    }


def _without_second_party(text: str) -> str:
    """The text without the second block of a party."""
    before, party, rest = text.rpartition("[[party]]")
    assert party
    return before + rest[rest.index("[beat]") :]


def main() -> None:
    """Write all files."""
    write_vectors(VECTORS / "agreement", vectors())


if __name__ == "__main__":
    main()
