"""How quickly a node answers: `python -m bench.probe SOCKET`, in a process of its own, until its standard input ends.

`loop` is the time until the node's event loop refuses an operation that it does not have, for which it needs nothing;
`status` is the whole round trip of that operation, which reads the disk on the node's threads.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from nodes.client import NodeClient
from nodes.errors import ApiRefused

LOOP_PAUSE_S = 0.005
STATUS_PAUSE_S = 0.05


def times(ask: Callable[[], object], pause_s: float, stop: threading.Event) -> list[float]:
    """Ask until told to stop; how long each answer took, milliseconds, sorted."""
    found = []
    while not stop.is_set():
        begun = time.perf_counter()
        ask()
        found.append((time.perf_counter() - begun) * 1000)
        time.sleep(pause_s)
    return sorted(found)


def main() -> None:
    """Ask for both, and print what was found."""
    path, stop, found = Path(sys.argv[1]), threading.Event(), dict[str, list[float]]()

    def refuse() -> None:
        with contextlib.suppress(ApiRefused):
            bare.request("nothing")

    with NodeClient.connect(path) as client, NodeClient.connect(path) as bare:
        asked = {
            "loop": (refuse, LOOP_PAUSE_S),
            "status": (lambda: client.request("status"), STATUS_PAUSE_S),
        }
        threads = [
            threading.Thread(target=lambda name=name, how=how: found.update({name: times(how[0], how[1], stop)}))
            for name, how in asked.items()
        ]
        for thread in threads:
            thread.start()
        print("asking", flush=True)
        sys.stdin.read()
        stop.set()
        for thread in threads:
            thread.join()
    figures = {}
    for name, rows in found.items():
        figures[f"{name}_p50_ms"] = round(statistics.median(rows), 2)
        figures[f"{name}_p99_ms"] = round(rows[len(rows) * 99 // 100], 2)
        figures[f"{name}_max_ms"] = round(rows[-1], 2)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
