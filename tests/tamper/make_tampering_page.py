"""Write spec/tampering.md from the rows of the suite: `python -m tests.tamper.make_tampering_page`, from the root."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.tamper.tampering import BOTH, FILES, NODE, PARTY, REFUTED, TOLD, Row

PAGE: Final = Path(__file__).resolve().parents[2] / "spec" / "tampering.md"

INTRODUCTION: Final = """\
# What was tampered with

<!-- Made by `python -m tests.tamper.make_tampering_page` from tests/tamper/tampering.py. Edit that. -->

{refuted} ways to tamper with a log, with the exports of it or with what an auditor is given, and what `hotline audit`
says of each. A test below `tests/` holds every row: these codes refute and no others. Logs with which nothing was done
are verified (`hotline/test_audit_vectors.py[clean]`, and the command in `tamper/test_tampering.py`).

| by | number | what they have |
|---|---|---|
{who}

Where the keys of a party are needed, every hash is right and so are the lines of the checkpoints that the policy asks
for: the log was signed anew over what was done, and the other party's mirror cosigned it, because a mirror refuses no
entry. The lines that are wrong themselves are rows of their own.

What nothing that was signed shows stands in [the threat model](threat-model.md). Contents are not part of an export:
whoever holds the bodies checks them against the commitments. A party's own journal is audited by itself
([journal](journal.md)), and what a key shows of a fork or a rollback stands in [disputes](disputes.md).

## Refuted

Each of these ends with exit status 1.
"""

BETWEEN: Final = """
## Told, and not refuted

Honest people and nodes can bring these about, so an audit tells them as warnings and verifies the logs (exit status 0).
"""

_HAVE: Final = {
    FILES: "an export, a pack or a policy on its way, and nobody's keys",
    NODE: "the keys of a party's node, log and mirror; signatures that its officers gave for something else",
    PARTY: "all keys of a party: its node's, its persons' and its roots'",
    BOTH: "those of both parties, against an auditor",
}
_HEAD: Final = ("| | what was done | by | code | severity | test |", "|---|---|---|---|---|---|")
_TOLD_HEAD: Final = ("| | what was done | by | code | severity | why it does not refute | test |", "|---|" + "---|" * 6)


def render() -> str:
    """The page."""
    numbers = Counter(row.by for row in REFUTED)
    who = "\n".join(f"| {by} | {numbers[by]} | {have} |" for by, have in _HAVE.items())
    first = INTRODUCTION.format(refuted=len(REFUTED), who=who)
    refuted = _table(_HEAD, (_refuted(number, row) for number, row in enumerate(REFUTED, 1)))
    told = _table(_TOLD_HEAD, (_told(number, row) for number, row in enumerate(TOLD, len(REFUTED) + 1)))
    return f"{first}\n{refuted}{BETWEEN}\n{told}"


def _table(head: Iterable[str], rows: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in (*head, *rows))


def _refuted(number: int, row: Row) -> str:
    cells = (str(number), row.what, row.by, _codes(row.codes), "refuted", f"`{row.test}`")
    return f"| {' | '.join(cells)} |"


def _told(number: int, row: Row) -> str:
    cells = (str(number), row.what, row.by, _codes(row.beside), "warning", row.why, f"`{row.test}`")
    return f"| {' | '.join(cells)} |"


def _codes(codes: Iterable[str]) -> str:
    return ", ".join(f"`{code}`" for code in codes)


def main() -> None:
    """Write the page."""
    PAGE.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
