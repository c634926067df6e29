"""Text from elsewhere, made safe to show.

A terminal obeys control characters, and a reader is misled by characters that reorder, hide or imitate. Every text that
somebody else wrote passes through `printable` before it reaches a screen; what could act instead of being read is shown
as its code point: `\\u{202e}`. Nothing is dropped, so that two different texts never look the same.
"""

from __future__ import annotations

import unicodedata

# Letters and symbols by category that nevertheless show as nothing: Hangul fillers and the empty Braille cell.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")
# Marks by category that show as nothing, or only choose between two forms of the letter before: the grapheme joiner,
# Khmer inherent vowels, Mongolian and other variation selectors. Any number of bytes can be hidden in these.
_BLANK_MARKS = frozenset(
    map(chr, (0x34F, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Real orthographies stack up to four marks on a letter; more than that only climbs over the lines around it.
_MARKS_MAX = 4
_STACKED = frozenset({"Mn", "Me"})


def printable(text: str, *, lines: bool = False) -> str:
    """Give a text with every character that could act on the screen shown as its code point.

    Args:
        text: anything.
        lines: whether line feeds are kept, for prose shown over several lines.
    """
    if text.isascii() and text.isprintable() and "\\u{" not in text:
        return text
    shown: list[str] = []
    marks = 0
    for place, character in enumerate(text):
        category = unicodedata.category(character)
        marks = marks + 1 if category in _STACKED else 0
        if character == "\n" and lines:
            shown.append(character)
        elif category in _HIDDEN_CATEGORIES or character in _BLANK or character in _BLANK_MARKS or marks > _MARKS_MAX:
            shown.append(_escape(character))
        elif character == "\\" and text[place + 1 : place + 3] == "u{":
            # A text that spells out an escape must not look like one of ours.
            shown.append(_escape(character))
        else:
            shown.append(character)
    return "".join(shown)


def _escape(character: str) -> str:
    return f"\\u{{{ord(character):x}}}"
