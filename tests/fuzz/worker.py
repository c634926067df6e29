"""One process that fuzzes one target: python -m tests.fuzz.worker TARGET SECONDS SEED OUT CORPUS...

It ends with 0 after its time, and with another number as soon as an input fails; that input is then in OUT. What we
wrote is instrumented before it is imported, and so are the readers of the standard library that are written in Python.
"""

from __future__ import annotations

import os
import resource
import sys
import time

import atheris  # type: ignore[import-untyped]

from tests.fuzz.mutate import mutate
from tests.fuzz.run import MERGE

INSTRUMENTED = ("keys", "protocol", "nodes", "hotline", "tomllib", "h11", "uvicorn.protocols")
CPU_S_MAX = 2.0
"""Of one input; the slowest of ours, with everything instrumented, take a tenth of that."""
RSS_MB_MAX = 768
ADDRESS_BYTES_MAX = 8 << 30
WALL_S_MAX = 30


def main() -> None:
    """See the module; does not return."""
    name, *arguments = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES_MAX, ADDRESS_BYTES_MAX))
    with atheris.instrument_imports(include=list(INSTRUMENTED)):
        from tests.fuzz.target import load

        target = load(name)

    def attempt(data: bytes) -> None:
        begun = time.process_time()
        target.attempt(data)
        took = time.process_time() - begun
        assert took < CPU_S_MAX, f"one input took {took:.1f} s"

    def changed(data: bytes, most: int, seed: int) -> bytes:
        return mutate(bytes(data), most, seed, shape=target.shape, head_bytes=target.head_bytes, raw=atheris.Mutate)

    # A merge starts processes of its own by this name, which is given to a shell.
    again = f"{sys.executable} -m tests.fuzz.worker {name}"
    if any(one.startswith("-merge_inner") for one in arguments):
        atheris.Setup([again, *arguments], attempt)
        atheris.Fuzz()
    seconds, seed, out, *corpus = arguments
    options = [
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        f"-max_len={target.bytes_max}",
        f"-timeout={WALL_S_MAX}",
        f"-rss_limit_mb={RSS_MB_MAX}",
        f"-artifact_prefix={out}/{name}-",
        "-detect_leaks=0",
        "-print_final_stats=1",
        "-verbosity=1",
    ]
    # What is kept reaches other code; what is tried may differ in the values compared as well.
    options += ["-merge=1"] if MERGE in os.environ else ["-use_value_profile=1"]
    atheris.Setup([again, *options, *corpus], attempt, custom_mutator=changed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
