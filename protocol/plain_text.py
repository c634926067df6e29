"""Plain text: the only text that may stand in a field.

Two officers who read the same bytes must see the same words, today and when an auditor reads them years later. So text
is in Unicode normalisation form C, and holds no character that hides, reorders or stands for nothing: control
characters, bidirectional controls, zero-width and tag characters, private use, noncharacters, lone surrogates.

The refused characters are listed here, and not asked of the Unicode tables of the interpreter: those change from
release to release, and two nodes must judge alike. The joiners U+200C and U+200D are let through because Persian and
several Indic scripts cannot be written without them.

Source: spec/catalogue.md, "Text".
"""

import re
import unicodedata

_HIDDEN = re.compile(
    "["
    "\u0000-\u0009\u000b-\u001f\u007f-\u009f"  # controls; the newline U+000A is judged apart
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, fillers, Mongolian selectors
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"  # zero width, direction marks, line and paragraph separators
    "\u3164\ufeff\uffa0\ufff0-\ufffb"  # fillers, byte order mark, interlinear marks
    "\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff"  # surrogates, private use, noncharacters
    "\U0001d173-\U0001d17a\U000e0000-\U0010ffff"  # musical controls, tags, private planes
    "]"
)
_PLANE_ENDS = frozenset(plane << 16 | last for plane in range(1, 0xE) for last in (0xFFFE, 0xFFFF))


def problem_of_line(text: str) -> str | None:
    """Say what is wrong with one line of text, or None when nothing is.

    Args:
        text: any text.

    Returns:
        A short clause such as "holds a hidden character U+202E", or None.
    """
    if "\n" in text:
        return "is more than one line"
    return problem_of_text(text)


def problem_of_text(text: str) -> str | None:
    """Say what is wrong with text of one or more lines, or None when nothing is.

    Args:
        text: any text; lines end in U+000A.

    Returns:
        A short clause, or None.
    """
    if text.isascii() and text.isprintable():
        return None if text and text == text.strip() else "is empty or has blanks around it"
    hidden = _HIDDEN.search(text)
    if hidden is not None:
        return f"holds a hidden character U+{ord(hidden.group()):04X}"
    for character in text:
        if ord(character) in _PLANE_ENDS:
            return f"holds a hidden character U+{ord(character):04X}"
    # Making the form takes time that grows with the square of the marks on one letter; asking for it does not: what is
    # out of order is no form C, and is not put in order to find that out.
    if not unicodedata.is_normalized("NFC", text):
        return "is not in Unicode normalisation form C"
    if not text or text != text.strip():
        return "is empty or has blanks around it"
    return None


def tidy(text: str) -> str:
    """Bring typed or pasted text nearer to what a field takes: form C, newlines as U+000A, no blanks around it.

    Hidden characters stay, so that the check after it names them and a person decides: removing them silently could
    change what the text says.

    Args:
        text: as it was typed or read from a file.

    Returns:
        The tidied text, possibly empty.
    """
    lines = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    return "\n".join(line.rstrip(" \t") for line in lines).strip()
