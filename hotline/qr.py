"""Drawing QR codes: as blocks on a terminal, as SVG, as PNG. Nothing here reads a picture.

Source: ISO/IEC 18004, by `segno`; spec/decisions/0016-codes-to-carry.md.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import segno

FORMATS: Final = ("svg", "png")
BORDER: Final = 4
"""Modules of quiet around a code, as the standard asks for."""

SCALE: Final = 6
"""Dots of a picture for each module."""


def blocks(text: str) -> list[str]:
    """Draw a code for a terminal: half a line for each row of modules, light ones as blocks."""
    out = io.StringIO()
    _code(text).terminal(out, border=BORDER, compact=True)
    return out.getvalue().rstrip("\n").split("\n")


def picture(text: str, kind: str) -> bytes:
    """Draw a code as a file.

    Args:
        text: a line of `hotline/qr_parts.py`.
        kind: one of `FORMATS`.
    """
    out = io.BytesIO()
    _code(text).save(out, kind=kind, scale=SCALE, border=BORDER)
    return out.getvalue()


def _code(text: str) -> segno.QRCode:
    import segno

    return segno.make_qr(text, mode="alphanumeric", error="m", boost_error=False)
