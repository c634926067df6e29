"""What people read above each block of an agreement.

These lines are part of the texts that parties sign, each behind a number sign, and so of their digests: those of a
format never change. A name ends with the format that brought it.

Source: spec/agreement.md, "Text".
"""

from typing import Final

TOP_1: Final = """\
Agreement on a direct line between two parties.

This text is signed as it stands, to the last byte. Its digest (SHA-256) names the channel, and every statement on the
channel names the agreement by it. Intervals are in milliseconds; the comment behind each says the same in words."""

CATALOGUE_1: Final = """\
The kinds of statements, with their fields and words. The digest is over the catalogue's files."""

PARTY_1: Final = """\
A party. Its root keys (Ed25519 and ML-DSA-65 in one) are kept offline; root_threshold of them sign the
party's rosters, which name all its other keys. Roots are numbered in the order given here."""

BEAT_1: Final = """\
Each node sends a signed beat so often. The line counts as degraded, and as down, after so many beats missed
in a row."""

CLOCK_1: Final = """\
Answers to a statement of precedence {}: from when it is held until it is opened, has a holding reply and is
answered."""

LINE_1: Final = """\
What the nodes expect of one another. A larger difference of clocks raises an alarm and stops nothing.
Beyond the rate and the burst a sender is slowed and never refused."""

AUTHORITY_1: Final = """\
Authority: which signatures a statement needs, each by another person. The first rule that covers it
decides; where none does, the catalogue's default for its kind holds. A slash joins roles of
which one suffices."""

WITNESS_1: Final = """\
A witness: cosigns how far the logs go and reads no entries. It can stop nothing."""

AUDITOR_1: Final = """\
An auditor: may read every header, over TLS, with the key of this pin (SHA-256 of its SPKI). It can stop
nothing."""

TOP_2: Final = """\
Agreement on a direct line between two parties.

This text is signed as it stands, to the last byte, by the root keys of both parties. Every statement on the line
names the agreement it was made under by the digest of its text (SHA-256), and is judged by the agreement that is
in force at its place in the logs, for ever. Intervals are in milliseconds; the comment behind each says the same
in words.

review_date: by then the parties look at the text again. It is shown when it is past, and nothing ends by itself.
sunset_date: from then on (00:00 UTC) the line carries only flash, retraction, assistance and what keeps the line
itself in order, and every screen says so. Left out, the agreement has no end.
notice_days: a party that withdraws is bound for so long after it said so.
founding, amends: in an amendment only. The digest of the first agreement of the channel, and of the one that this
text takes the place of. An amendment changes neither the parties' short names and domains nor their root keys.
witness_quorum: how many of the witnesses below must have cosigned for an audit to be content."""

PARTY_2: Final = """\
A party. Its root keys (Ed25519 and {lattice} in one) are kept offline; root_threshold of them sign this text
and the party's rosters, which name all its other keys. Roots are numbered in the order given here. Its desks
are where people answer by voice: diplomatic for what is said, technical for what the machines do."""

CADENCE_2: Final = """\
How often people show that they are there: a line check from desk to desk, and a check of the desks and numbers
above."""

KIND_CLOCK_2: Final = """\
Clocks of single kinds, in place of the catalogue's and of those of the precedences. open, holding and answer run
from when the other party's node holds the statement; report from when its author became aware until it is logged;
follow until what has to follow is logged; review from one review to the next, and what misses one lapses; warn is
how long before a lapse people are told; notice is how long after it is said a thing takes effect; lapse ends
what names no end, and longest is the longest end that may be named."""

AUTHORITY_2: Final = """\
Authority: which signatures a statement needs, each by another person. The first rule that covers it
decides; where none does, the catalogue's default for its kind holds. A slash joins roles of
which one suffices. A rule with template = true covers only what follows an agreed template and adds nothing."""

PASSKEYS_2: Final = """\
What a signature with a passkey (WebAuthn) counts for: statements of at most this severity that need at most so
many signatures, and never the release by one person in an emergency, nor what ends a log. A passkey is not
post-quantum, and signs what its page shows. Without this block none counts."""

RELEASE_2: Final = """\
How a statement that has its signatures leaves. For so long it can still be cancelled. Of drafts by programs, so
many an hour go on to people unseen, and of more a person looks at each first. A draft that waits for a signature
passes to the next person who may give it when this share of the clock has gone by."""

EMERGENCY_2: Final = """\
Release by one person, in an emergency: for these kinds, by one person in this role. It is marked wherever it is
shown, and another person reviews it within this time. Without this block there is no such release."""

CHALLENGE_2: Final = """\
Before a message of this severity or more, or of one of these precedences, is acted on, its author proves it on
a second channel, by voice, within this time. Until then it is shown as unproved. Without this block nothing is
challenged unasked."""

SUSPENSION_2: Final = """\
A party may suspend the line with this notice and for no longer than this. Flash, retraction, assistance and what
keeps the line in order pass all the same."""

EXERCISE_2: Final = """\
An exercise is announced so long before, and lasts no longer than this."""

ROSTERS_2: Final = """\
So many of a party's admins together sign a version of its roster that changes nothing but persons who are no admins,
within the validity that the roots gave it. 0: only the roots sign rosters. Left out: two admins."""

THRESHOLDS_2: Final = """\
What adds up to what. An incident counts for this long (window), and half as much after each half-life. The
version is that of all that follows: what counts, and what crosses a line. A line that is crossed is a flag for
persons, and sends nothing."""

OBSERVABLE_2: Final = """\
What can be seen, and how many of 100 points it counts towards one criterion: impact on essential functions,
attribution to a credible actor, danger of miscalculation if nothing is said. Of one field the value with the most
points counts. `context` is a question that a person answers with yes or no."""

THRESHOLD_2: Final = """\
A line: all three minima are reached, by one incident or by the sum of several. It permits contact up to a rung of
the ladder."""

DISCLOSURE_2: Final = """\
When a field may open to a wider tier (TLP 2.0): with the consent of both, when an embargo is over, at a severity,
when a request for consent stayed without an answer, when the thread is closed, by a legal order that is shown,
or at the end of the agreement; after_ms is how long after that."""
