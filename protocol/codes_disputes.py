"""Codes of disputes, of evidence, and of damage on a node's own disk."""

from protocol.code import Code

DISPUTES = (
    Code(
        "disputed-full",
        "alarm",
        "no more room for disputed entries",
        "The other side goes on signing logs that contradict one another. What is new of them is passed over.",
        "Nothing is lost of what you hold. Export the evidence. They have to end their log: `hotline succession`.",
    ),
    Code(
        "disputed",
        "refuted",
        "an entry of a disputed branch",
        "Its author's key signed two logs. It is kept beside the log that is held, is not receipted and has no effect.",
        "Ask the other side through another channel what they said. See `hotline evidence list`.",
    ),
    Code(
        "log-damaged",
        "alarm",
        "part of a log on this disk is not what it was",
        "What is stored does not give the root that was signed. Nobody else is at fault.",
        "Leave the node on: the range is fetched back from the other side. Look at the disk, and replace it.",
    ),
    Code(
        "log-repaired",
        "warning",
        "a damaged range is whole again",
        "It came back from the other side, was verified against what was signed, and was written anew.",
        "Replace the disk: what it damaged once it will damage again.",
    ),
    Code(
        "repair-refused",
        "alarm",
        "what the other side gave back does not fit the damaged range",
        "It is not what was signed, so nothing of it was written.",
        "Restore a backup of the home beside this one and compare, or ask the other side's administrator.",
    ),
    Code(
        "scrub-stopped",
        "warning",
        "the stored logs could not be read through",
        "The pass ended early and begins again by itself.",
        "Look at the disk with `doctor`, then run `hotline scrub`.",
        3,
    ),
    Code(
        "evidence-malformed",
        "refuted",
        "a file that is no evidence in its one spelling",
        "It was cut, changed or made by another program.",
        "Get it again from whoever exported it.",
    ),
    Code(
        "evidence-shows-nothing",
        "refuted",
        "the objects do not show what the evidence claims",
        "Every signature may be right, and still nothing in it contradicts another thing in it.",
        "Accuse nobody with it.",
    ),
    Code(
        "evidence-not-portable",
        "error",
        "an alarm whose objects prove nothing to a third party",
        "They show what your node saw: a frame that only you received, or a claim that nothing contradicts yet.",
        "Keep it. `hotline evidence show` says what it holds, and the audit of both exports says more.",
        3,
    ),
    Code(
        "no-such-evidence",
        "error",
        "there is no evidence of that name",
        "Names are those of `hotline evidence list`.",
        "Run `hotline evidence list`.",
        3,
    ),
)
