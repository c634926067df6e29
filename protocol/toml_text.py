"""Reading TOML that somebody else may have written.

The standard library's reader takes time that grows with the square of the parts of a dotted name (64 kB of `a.a.a`
take 20 s), goes one call deeper for each bracket, and reads numbers of any length. None of that is in any text of ours,
so a text is looked through once, in one pass, and refused before the reader sees it.

Source: TOML 1.0.0; spec/agreement.md, "Reading".
"""

import re
import tomllib
from typing import Any, Final

DOTS_MAX: Final = 8
"""Dots in one name; a name of ours has two at most."""

DEPTH_MAX: Final = 16
"""Brackets and braces inside one another."""

WORD_CHARS_MAX: Final = 128
"""Characters of a name or number without quotes."""

# What stands between quotes or after a number sign is no structure. A string that does not end is taken as far as it
# could go, so that no character is looked at twice; the reader refuses it there, whatever comes after.
_TOKEN: Final = re.compile(
    r"""(?P<skip>\#[^\n]*
    |\"{3}(?:[^\\"]|\\.|"(?!""))*+(?:\"{3}"{0,2})?
    |'{3}(?:[^']|'(?!''))*+(?:'{3}'{0,2})?
    |"(?:[^"\\\n]|\\[^\n])*+"?
    |'[^'\n]*+'?)
    |(?P<open>[\[{])|(?P<close>[\]}])|(?P<dot>\.)|(?P<end>[=,\n])|(?P<word>[0-9A-Za-z_+-]+)""",
    re.VERBOSE | re.DOTALL,
)


class TomlRefused(ValueError):
    """A text that is not TOML in UTF-8, or that is nested, dotted or long beyond what any text of ours is."""


def loads(data: bytes) -> dict[str, Any]:
    """Read a TOML text.

    Args:
        data: the whole text; whoever calls has bounded its length.

    Raises:
        TomlRefused: see the class.
    """
    try:
        text = data.decode("utf-8")
        _check(text)
        return tomllib.loads(text)
    except TomlRefused:
        raise
    except (ValueError, RecursionError) as error:
        raise TomlRefused(f"not TOML: {str(error)[:200]}") from error


def _check(text: str) -> None:
    depth = dots = 0
    for token in _TOKEN.finditer(text):
        match token.lastgroup:
            case "dot":
                dots += 1
                if dots > DOTS_MAX:
                    raise TomlRefused(f"a name with more than {DOTS_MAX} dots")
            case "word":
                if token.end() - token.start() > WORD_CHARS_MAX:
                    raise TomlRefused(f"a name or number of more than {WORD_CHARS_MAX} characters")
            case "open":
                depth, dots = depth + 1, 0
                if depth > DEPTH_MAX:
                    raise TomlRefused(f"brackets more than {DEPTH_MAX} deep")
            case "close":
                depth, dots = max(0, depth - 1), 0
            case "end":
                dots = 0
            case _:
                pass
