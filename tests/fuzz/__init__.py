"""Fuzzing: every decoder that sees foreign bytes, led by coverage.

A target takes bytes as they could come and fails where the decoder does anything but two things: give a value that
encodes to the same bytes again, or raise the error it declares. Time and memory of one input are bounded as well.

    make fuzz                                  every target, 30 seconds each
    make fuzz ARGS="--target note"             one; may be given several times
    make fuzz ARGS="--seconds 600 --keep"      longer, and keep what reached something new
    python -m tests.fuzz.seeds                 write the first inputs of every target anew

The inputs that are kept lie in `tests/fuzz/corpus/<target>/`: the first ones, those that reached something new, and
every one that ever failed. The fast tests try each of them once; `make test` fuzzes from them for five seconds a
target.
"""

from __future__ import annotations

from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"

TARGETS: tuple[str, ...] = (
    "agreement",
    "api",
    "body",
    "contents",
    "entry",
    "evidence",
    "export",
    "frames",
    "http",
    "judged",
    "note",
    "pairing",
    "passkey",
    "policy",
    "proof",
    "root_set",
    "roster",
    "session",
    "settings",
    "succession",
)
"""The modules of `tests.fuzz.targets`, each with a `TARGET` and its `seeds()`."""
