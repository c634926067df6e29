"""Codes of entries: what can be wrong with an entry that is held and receipted all the same.

The rules are in protocol/faults.py; this is what people read about them.
"""

from protocol.code import Code

ENTRIES = (
    Code(
        "malformed",
        "refuted",
        "the entry does not parse",
        "Its bytes are not of the format. It is held and receipted, and has no effect.",
        "Ask the other side which software wrote it; keep the entry as evidence.",
    ),
    Code(
        "second-spelling",
        "refuted",
        "the bytes are not the one spelling of what they say",
        "The content decodes, but encoding it again gives other bytes. It is held and has no effect.",
        "Treat its author's software as faulty or hostile; ask them through another channel.",
    ),
    Code(
        "passkey-counter",
        "warning",
        "a passkey's counter did not grow",
        "The passkey has signed something since that is in the log before this: the signature waited too long, or there"
        " are two copies of the authenticator. The entry has no effect.",
        "Let the person sign it anew. If they did not sign twice, take the passkey out of the roster with"
        " `officer passkey remove`.",
    ),
    Code(
        "not-understood",
        "warning",
        "a kind, version or field this program does not know",
        "It may be right under a newer version. It is held, receipted and shown; nobody acts on it.",
        "Update Hotline, or ask the other side to say it in a kind both know.",
    ),
    Code(
        "other-suite",
        "refuted",
        "a key, a signature or a sealed body is of another suite than the agreement's",
        "The parties agreed on the algorithms of all their keys. What is of others counts for nothing, so that nobody"
        " can bring the line down to weaker ones.",
        "Keep it: somebody tried, or uses another home's keys. `agreement show` says the suite, `keys status` that of a"
        " home.",
    ),
    Code(
        "wrong-channel",
        "refuted",
        "the statement names another channel",
        "It was made for another pair of parties or another agreement and was placed here. It has no effect.",
        "Keep it: it may show a node or key misused. Ask the other side how it came here.",
    ),
    Code(
        "wrong-party",
        "refuted",
        "the statement names another party as its author",
        "A log holds only what its own party says. The statement has no effect.",
        "Keep it as evidence and ask the other side.",
    ),
    Code(
        "wrong-agreement",
        "refuted",
        "the statement or document names another agreement",
        "It was made under other terms than those in force at its place. It has no effect.",
        "Write your own anew: the agreement changed since. For one of theirs, compare `agreement show` on both sides.",
    ),
    Code(
        "agreement-superseded",
        "warning",
        "the statement names an agreement that another has taken the place of",
        "It was made before the amendment came into force. It counts, and is judged by the agreement in force at its"
        " place.",
        "Nothing, if it is one of a few; `agreement show` says what is in force.",
    ),
    Code(
        "amendment-refused",
        "warning",
        "an amendment that cannot take the place of the agreement in force",
        "It is no agreement, is of another channel, names another agreement than the one in force where it stands, or"
        " changes short names, domains or root keys. It has no effect.",
        "Make it anew with `agreement amend`, from the agreement in force.",
    ),
    Code(
        "after-sunset",
        "warning",
        "said after the agreement had ended",
        "Past its sunset date, or the notice of a withdrawal, the line carries only flash messages and what always"
        " passes. It has no effect.",
        "Agree on an amendment with a later date, or say it as a flash message if it cannot wait.",
    ),
    Code(
        "unfit-header",
        "refuted",
        "the header is not one its kind may have",
        "Something its kind requires is missing, or something it forbids is there. It has no effect.",
        "Ask the other side to say it anew; compare catalogue digests.",
    ),
    Code(
        "unfit-facts",
        "refuted",
        "the facts of a machine statement are not those of its kind",
        "A node states only what its kind allows, in fixed shapes. It has no effect.",
        "Ask the other side's administrator which version their node runs.",
    ),
    Code(
        "misplaced",
        "refuted",
        "an entry of this kind cannot stand at this place",
        "For instance an agreement that is not entry 0, or something else where the first roster must be.",
        "Treat the log as wrongly begun; pair again with a new log, and keep this one.",
    ),
    Code(
        "bad-signature",
        "refuted",
        "a signature does not verify",
        "The bytes were changed after signing, or the signature was made with another key. It has no effect.",
        "Treat the content as unsaid. Ask the other side through another channel whether they said it.",
    ),
    Code(
        "missing-signature",
        "refuted",
        "a signature that must be there is not",
        "A statement without the signature of a person, or a machine statement without the node's.",
        "Treat the content as unsaid; ask the other side.",
    ),
    Code(
        "doubled-signature",
        "refuted",
        "one signer signed twice",
        "Rules count persons, so one person's two signatures are refused rather than counted once.",
        "Ask the author to send it again with each signer once.",
    ),
    Code(
        "unknown-signer",
        "refuted",
        "a signature by nobody of the roster in force",
        "The number or role is not in the roster that counts at this place. It has no effect.",
        "Look whether a newer roster is on its way; otherwise ask the other side.",
    ),
    Code(
        "key-not-in-roster",
        "refuted",
        "the key is not in the roster",
        "Whoever signed held a key that the party's roster does not name at this place.",
        "Ask your administrator whether the roster must be renewed; never accept the key by hand.",
    ),
    Code(
        "unauthorised",
        "refuted",
        "the signatures the agreement asks for are not all there",
        "The statement may be genuine and lacks a person or a role. It is shown and does not count.",
        "Do not act on it as said by the party. Ask for it with the signatures that are named as missing.",
    ),
    Code(
        "after-last-trust",
        "warning",
        "signed with a key that was revoked since, after it was last trusted",
        "Its party's roster lists the key as revoked, and this stands behind the last entry that is trusted. It keeps"
        " its place, and what it did stays done; where it lacks authority without that key, it counts as unauthorised"
        " from the roster on.",
        "Ask its party by another channel whether they said it. What stands on it is ended or withdrawn by people.",
    ),
    Code(
        "body-unreadable",
        "warning",
        "the body does not open",
        "It is not sealed to a key this node holds, or it was damaged before it was sealed.",
        "Send `opened` with readable = no; the other side can wrap it anew.",
    ),
    Code(
        "document-missing",
        "warning",
        "the text of a document is not at hand",
        "An agreement or roster is named by its digest and its text is not here, so what depends on it is not judged.",
        "Fetch the text: export again, or ask the other side for it.",
    ),
    Code(
        "document-differs",
        "refuted",
        "a document is not the one its entry names",
        "Its bytes have another digest, or do not read as an agreement or roster.",
        "Take the text from another copy; if both differ from the entry, keep all three as evidence.",
    ),
    Code(
        "reference-unknown",
        "warning",
        "it refers to an entry that is not there",
        "The thread or entry it names was not held where it was written, or does not exist. It has no effect.",
        "Ask the author what it refers to.",
    ),
    Code(
        "reference-unfit",
        "warning",
        "it refers to an entry that its kind cannot follow",
        "For instance an answer to what was no question, or a retraction of the other side's words. It has no effect.",
        "Ask the author to send it with the right reference.",
    ),
    Code(
        "repeated-statement",
        "warning",
        "the same statement was logged before",
        "A statement counts once, at its first place. The repetition has no effect.",
        "Nothing: the first one stands. If it happens often, tell the other side's administrator.",
    ),
    Code(
        "status-mixed",
        "warning",
        "its status is not its thread's",
        "A thread is actual, or exercise, or test, from beginning to end. The entry has no effect.",
        "Ask the author to say it in a thread of its own.",
    ),
    Code(
        "released-late",
        "warning",
        "it was logged after its release time",
        "The signers said until when it might be released; it came too late and has no effect.",
        "If it is still meant, its author must sign it again.",
    ),
    Code(
        "after-not-of-log",
        "refuted",
        "it was signed for another past of its log",
        "The size and root it was signed after are not of this log: it comes from a fork or from before a restore.",
        "Keep it as evidence of a fork; ask the other side.",
    ),
    Code(
        "seen-not-of-log",
        "refuted",
        "what its author had seen is not of the other log",
        "The size and root it names for the other log never were that log's.",
        "Compare both copies with `audit`; one side may have been shown a fork.",
    ),
    Code(
        "held-not-of-log",
        "refuted",
        "what its node claimed to hold is not of the other log",
        "The root is not the other log's at that size. The last good one stands and the statement counts.",
        "Run `audit` on both logs; one side may have been shown a fork.",
    ),
    Code(
        "held-went-down",
        "warning",
        "its node claims to hold less than before",
        "A node never un-holds. The last good value stands and the statement counts.",
        "Tell that side's administrator: their node may have been restored from an old copy.",
    ),
    Code(
        "time-went-back",
        "warning",
        "its time of logging is before the one ahead of it",
        "Order does not depend on it. The statement counts; its node broke a rule.",
        "Tell that side's administrator to look at the clock and the software.",
    ),
    Code(
        "roster-expired",
        "warning",
        "the signer's roster or entry in it had expired",
        "What was said is marked and does not count as authorised. The line is not cut.",
        "Have the roots sign a new one: `hotline roster renew`. Then say it again.",
    ),
    Code(
        "officer-expired",
        "refuted",
        "the officer's own validity has ended, or has not begun",
        "They have left, or their time in the roster is over; the roster itself is valid. Nothing was logged.",
        "Have somebody else sign; `officer list` shows who can. Who has not left gets time by `roster renew`.",
    ),
    Code(
        "roster-refused",
        "refuted",
        "a roster that must not take effect",
        "It breaks a rule, lacks root signatures or does not follow the one before. The last good one stands.",
        "Ask that side's administrator; compare root fingerprints by voice if in doubt.",
    ),
    Code(
        "root-set-refused",
        "refuted",
        "a root set that must not take effect",
        "It breaks a rule, does not follow the one in force, or was made for another roster. The one before stands.",
        "Ask that side's administrator; compare the key ids of the roots by voice if in doubt.",
    ),
)
