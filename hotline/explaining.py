"""What a code means and what to do about it, for people."""

from __future__ import annotations

from protocol.codes import CODES, code


def next_step_for(name: str) -> str:
    """Give what to do after an error of this code."""
    return code(name).next


def exit_status_for(name: str) -> int:
    """Give the exit status that belongs to a code; 0 where none is declared."""
    found = CODES.get(name)
    return 0 if found is None else found.exit


def similar(name: str) -> list[str]:
    """Give declared codes that share a word with a mistyped one, most alike first, at most five."""
    import difflib

    words = set(name.split("-"))
    close = difflib.get_close_matches(name, CODES, n=5, cutoff=0.6)
    sharing = [one for one in CODES if words & set(one.split("-")) and one not in close]
    return [*close, *sharing][:5]
