"""Codes of commands about keys: whose they are, their files, their backups on paper."""

from protocol.code import Code

KEYS: tuple[Code, ...] = (
    Code(
        "officer-not-changed",
        "error",
        "an officer cannot be changed so",
        "They have left, have the role anyway, or the time is not one that can be. Nothing was changed.",
        "`officer list` shows how everybody stands.",
        2,
    ),
    Code(
        "role-unfilled",
        "refuted",
        "nobody would be left who could sign",
        "A rule of an agreement needs roles that nobody else of the party has. Nothing was changed.",
        "Add an officer with the role or delegate it first; or give `--anyway`.",
    ),
    Code(
        "not-the-owner",
        "error",
        "the file belongs to another user",
        "A key file that is written anew becomes the file of whoever wrote it. Nothing was changed.",
        "Run it as the owner of the file: `sudo -u USER hotline ...`.",
    ),
    Code(
        "passphrase-not-changed",
        "refuted",
        "some key files still have another passphrase",
        "The passphrase given as the old one opens neither of them, nor does the new one. The others are changed.",
        "Run it again for those that the text names, with their own old passphrase.",
    ),
    Code(
        "share-unreadable",
        "refuted",
        "a share of a root key does not read",
        "A word is missing, wrong or in another place, or the page is of something else. The text says which word "
        "where that can be known.",
        "Compare the paper with what was typed, word by word. Another share of the set may be used instead.",
    ),
    Code(
        "share-of-another-set",
        "refuted",
        "shares of different sets were given",
        "Each time shares are made they form a set of their own, with a number. Sets cannot be mixed.",
        "Look at the set numbers on the pages and bring shares of one set. Destroy sets that were replaced.",
    ),
    Code(
        "share-twice",
        "error",
        "one share was given twice",
        "Copies of a share count once.",
        "Bring another share of the set.",
        2,
    ),
    Code(
        "shares-too-few",
        "error",
        "too few shares were given",
        "A set says how many of its shares are needed. Fewer say nothing about the key.",
        "Bring as many as the pages say.",
        2,
    ),
    Code(
        "shares-do-not-fit",
        "refuted",
        "the shares give no key together",
        "Each reads and says that it is of this set, but one of them is not: made up, or its words were changed.",
        "Try other shares of the set in turn to find which one it is; ask who kept that one.",
    ),
    Code(
        "shares-other-key",
        "refuted",
        "the shares give another key than the one wanted",
        "They belong together, but the key has not the id of the root. The passphrase of the shares may be another.",
        "Look at party, root and key id on the pages; try the passphrase again. Do not take this backup for one.",
    ),
    Code(
        "shares-not-shown",
        "error",
        "there is nowhere to show the shares",
        "Shares are shown on a terminal, or written to files that are named; never in output that programs read.",
        "Run it at a terminal, or name a file for each share with `-o`.",
        2,
    ),
)
