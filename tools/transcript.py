"""Write docs/transcript.txt and the part of it in README.md, from a real run of the demonstration.

    python -m tools.transcript [--count N]

Times, serials, safety words and process ids are those of that run; nothing is edited but lines left out of the README,
where `...` stands for them.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hotline.demo.processes import COMMAND

ROOT = Path(__file__).resolve().parent.parent
TRANSCRIPT = ROOT / "docs" / "transcript.txt"
README = ROOT / "README.md"
OPENING, CLOSING = "<!-- transcript -->", "<!-- /transcript -->"
COUNT = 40
FIRST_LINES = 22
LEFT_OUT = "..."


def record(count: int) -> list[str]:
    """Run the demonstration in a directory of its own and give its transcript."""
    with tempfile.TemporaryDirectory(prefix="hotline-transcript-") as place:
        command = [*COMMAND, "demo", "--dir", "demo", "--count", str(count)]
        subprocess.run(command, cwd=place, stdout=subprocess.DEVNULL, check=True)
        return (Path(place) / "demo" / "transcript.txt").read_text(encoding="utf-8").splitlines()


def excerpt(lines: Sequence[str]) -> list[str]:
    """Choose what a reader of one page should see: the beginning, a flash, the second signature, the kill, the end."""
    wanted = set(range(FIRST_LINES))
    kill = _find(lines, "kill -9")
    wanted |= set(range(kill - 1, _find(lines, "We have all", start=kill) + 1))
    for word in ("FLASH", "draft    "):
        place = _find(lines, word)
        wanted |= set(range(place, place + 2))
        wanted |= set(range(place, place + 4)) if word.startswith("draft") else set()
    wanted |= set(range(_find(lines, "at rest:"), _find(lines, "paired  ")))
    wanted |= set(range(_find(lines, "dockets-agree"), len(lines)))
    chosen: list[str] = []
    before = -1
    for place in sorted(one for one in wanted if one < len(lines)):
        if place > before + 1:
            chosen.append(LEFT_OUT)
        chosen.append(lines[place])
        before = place
    return chosen


def with_excerpt(readme: str, chosen: Sequence[str]) -> str:
    """Put an excerpt between the marks of a README.

    Raises:
        ValueError: a mark is missing, or the excerpt has backticks.
    """
    if any("```" in line for line in chosen):
        raise ValueError("backticks in the transcript")
    head, mark, rest = readme.partition(OPENING)
    _, end, tail = rest.partition(CLOSING)
    if not mark or not end:
        raise ValueError(f"no {OPENING} and {CLOSING}")
    block = "\n".join(["```", *chosen, "```"])
    return f"{head}{OPENING}\n{block}\n{CLOSING}{tail}"


def _find(lines: Sequence[str], text: str, *, start: int = 0) -> int:
    for place in range(start, len(lines)):
        if text in lines[place]:
            return place
    raise ValueError(f"the transcript has no line with {text!r}")


def main(arguments: Sequence[str]) -> int:
    """See the module."""
    count = int(arguments[1]) if arguments[:1] == ["--count"] else COUNT
    lines = record(count)
    TRANSCRIPT.write_text("\n".join([*lines, ""]), encoding="utf-8")
    README.write_text(with_excerpt(README.read_text(encoding="utf-8"), excerpt(lines)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
