"""Write the first inputs of every target: python -m tests.fuzz.seeds [TARGET...]

What else is kept of a target, found by fuzzing or once a failure, is left as it is. Keys and sealing draw at random, so
that the files differ each time; write them anew where a format changed.
"""

from __future__ import annotations

import sys

from tests.fuzz import CORPUS, TARGETS
from tests.fuzz.target import load_seeds

SEED_BYTES_MAX = 24_000


def main() -> None:
    """See the module."""
    for name in sys.argv[1:] or TARGETS:
        directory = CORPUS / name
        directory.mkdir(parents=True, exist_ok=True)
        for old in directory.glob("seed-*"):
            old.unlink()
        for what, data in load_seeds(name).items():
            if len(data) <= SEED_BYTES_MAX:
                (directory / f"seed-{what}").write_bytes(data)
            else:
                print(f"{name}: {what} has {len(data)} bytes and is left out")


if __name__ == "__main__":
    main()
