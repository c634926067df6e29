"""Codes of agreements: why a text is not taken, and what becomes of the ones that are."""

from protocol.code import Code

AGREEMENTS = (
    Code(
        "bad-desk",
        "error",
        "a desk that is none",
        "A party has a diplomatic and a technical desk, each at most once, with telephone numbers that begin with + and"
        " the number of the country.",
        "Correct the desk; numbers are digits and single spaces.",
        2,
    ),
    Code(
        "bad-amendment",
        "error",
        "an amendment that cannot follow",
        "It names the first agreement of the channel and the one that it takes the place of, and keeps the parties'"
        " short names, domains and root keys.",
        "Make it with `agreement amend` from the agreement in force. Root keys change in no amendment.",
        2,
    ),
    Code(
        "not-of-format",
        "error",
        "a term that this format of agreements has no place for",
        "Format 1 has no desks, sunset, release, emergency, challenge, suspension, exercise or disclosure terms.",
        "Make the agreement in format 2.",
        2,
    ),
)
