"""What a file is that somebody gave in the place of another one, as far as its first bytes say."""

from __future__ import annotations

from typing import Final

from hotline.printable import printable

OFFER, ANSWER, FINAL = "hotline-offer", "hotline-answer", "hotline-final"

HEAD_BYTES: Final = 64
"""So much of a file is looked at; every name stands within it."""

TITLES: Final = {
    OFFER: "the offer of a pairing (hotline pair propose)",
    ANSWER: "the answer to an offer (hotline pair accept)",
    FINAL: "the final file of a pairing (hotline pair confirm, at the first party)",
    "hotline-minutes": "the minutes of a pairing ceremony",
    "hotline-transcript": "the transcript of a pairing ceremony",
    "hotline-statement": "a signed statement, such as a roster to be carried (hotline roster import)",
    "hotline-root-sets": "root sets (hotline root set)",
    "hotline-succession": "a succession (hotline succession)",
    "hotline-attestation": "what a counterpart attests of a log (hotline succession)",
    "hotline/evidence": "evidence against a key (hotline verify)",
    "hotline/sealed": "a sealed key file, which is shown to nobody",
    "c2sp.org/tlog-proof": "a receipt (hotline verify)",
}


def title_of(data: bytes) -> str:
    """Say what a file seems to be. Nothing of it was verified.

    Args:
        data: its bytes.
    """
    if not data:
        return "an empty file"
    head = data[:HEAD_BYTES]
    for name, title in TITLES.items():
        if name.encode() in head:
            return title
    try:
        text = head.decode("utf-8", errors="strict" if len(data) <= HEAD_BYTES else "ignore").split("\n")[0]
    except UnicodeDecodeError:
        text = ""
    if text.strip() and text.isprintable():
        return f"a text that begins with {printable(text[:40])!r}"
    return "no file of this program"


def other_file(data: bytes, wanted: str, problem: str) -> str:
    """Say what is wrong with a file that does not read as what was wanted.

    Args:
        data: its bytes.
        wanted: a name of `TITLES`.
        problem: what the reader found.
    """
    found = title_of(data)
    if found == TITLES[wanted]:
        return f"{found} is damaged or of another version: {problem}"
    return f"this is {found}; wanted is {TITLES[wanted]}"
