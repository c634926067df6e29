"""A line with a history that grows: what stays as it was, and what grows, and how.

At each length: appending, start-up, a proof, judging, an audit, memory, disk. What the design promises to stay flat is
flat where the column does not move.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench import limits, line
from bench.history import make_history
from bench.messages import now_ms
from bench.pair import PARTIES, Pair
from hotline.audit_dirs import audit_directories
from nodes.client import NodeClient
from nodes.errors import ApiRefused
from nodes.home import NodeHome
from nodes.projection import Projection
from nodes.resources import catalogue
from nodes.sqlite_store import SqliteStore
from protocol.agreement import Agreement

READY_S = 120.0
LIMIT_S = 2.0
PROOFS = 100
APPENDS = 60


def fold(where: Path, party: str) -> dict[str, float]:
    """Judge the whole history once, as a node does behind its receipts; what it derives stays in its home."""
    home = NodeHome.open(where / party).channels()[0]
    agreement = Agreement.parse(home.agreement_path.read_bytes())
    store = SqliteStore.open(home.log_db, own=party, their=home.counterpart)
    begun, count = time.perf_counter(), 0
    with ThreadPoolExecutor(1) as pool:
        projection = Projection.open(
            home.docket_db, store=store, agreement=agreement, catalogue=catalogue(), executor=pool
        )
        while judged := projection.advance(1024):
            count += len(judged)
        projection.close()
    store.close()
    return {"entries": count, "per_s": round(count / (time.perf_counter() - begun), 1)}


def start_up(pair: Pair) -> float:
    """Seconds from the moment the key is open until the node answers a question about the line."""
    home = NodeHome.open(pair.where / "ARC")
    command = [sys.executable, "-m", "bench.serve", str(home.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout is not None
        opened_s = float(node.stdout.readline())
        try:
            until = time.monotonic() + READY_S
            while True:
                try:
                    with NodeClient.connect(home.socket) as client:
                        client.request("status")
                    return round(time.perf_counter() - opened_s, 3)
                except ApiRefused:
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.005)
        finally:
            node.terminate()


def memory(pair: Pair, load: int) -> dict[str, Any]:
    """Memory of both nodes, idle, after reading, and after each of two loads of so many messages."""
    figures: dict[str, dict[str, float]] = {party: {} for party in PARTIES}

    def note(name: str) -> None:
        for party, node in pair.nodes.items():
            figures[party][name] = node.rss_mb()

    with pair.desk("ARC") as desk:
        note("idle_mb")
        for _ in range(20):
            desk.request("inbox", limit=100)
            desk.request("threads", limit=100)
            desk.request("due")
        note("serving_mb")
        for name in ("loaded_mb", "loaded_again_mb"):
            line.pipelined(desk, load)
            time.sleep(2)
            note(name)
    for party, node in pair.nodes.items():
        figures[party]["peak_mb"] = node.peak_mb()
    return figures


def audit(pair: Pair) -> dict[str, Any]:
    """Export both voices and audit them; beside it what raw verification does on all cores just then."""
    for party in PARTIES:
        shutil.rmtree(pair.where / f"export-{party}", ignore_errors=True)
        pair.command("ARC", "log", "export", f"export-{party}", "--voice", party)
    policy = pair.where / "policy"
    policy.write_bytes((pair.where / "export-ARC" / "policy").read_bytes())
    before = limits.hybrid_verifications_per_s(LIMIT_S)
    begun, entries = time.perf_counter(), 0

    def progress(done: int, total: int) -> None:
        nonlocal entries
        entries = total

    first, second = (pair.where / f"export-{party}" for party in PARTIES)
    report = audit_directories(first, second, policy, at_ms=now_ms(), progress=progress)
    took_s = time.perf_counter() - begun
    after = limits.hybrid_verifications_per_s(LIMIT_S)
    return {
        "verdict": report.verdict,
        "entries": entries,
        "took_s": round(took_s, 1),
        "per_s": round(entries / took_s, 1),
        "raw_per_s": round((before + after) / 2, 1),
    }


def proofs(pair: Pair) -> float:
    """Milliseconds, in the median, for the receipt of an entry anywhere in the log."""
    times = []
    with pair.desk("ARC") as desk:
        held = pair.status("ARC")["own_held"]
        for number in range(PROOFS):
            begun = time.perf_counter()
            desk.request("receipt", voice="ARC", index=held * number // PROOFS)
            times.append((time.perf_counter() - begun) * 1000)
    return round(statistics.median(times), 2)


def disk_mb(pair: Pair) -> float:
    """What one home takes on disk."""
    files = [path for path in (pair.where / "ARC").rglob("*") if path.is_file()]
    return round(sum(path.stat().st_size for path in files) / 1e6, 1)


def measure(pair: Pair, entries: int, load: int) -> dict[str, Any]:
    """Let the stopped pair's history grow to a length, and measure all of it there."""
    history = make_history(pair.where, entries)
    with ProcessPoolExecutor(len(PARTIES)) as pool:
        folded = list(pool.map(fold, [pair.where] * len(PARTIES), PARTIES))
    figures: dict[str, Any] = {"history": history, "judged": folded[0], "start_up_s": start_up(pair)}
    with pair:
        with pair.desk("ARC") as desk:
            figures["append_ms"] = line.one_at_a_time(desk, APPENDS)["p50_ms"]
        figures["proof_ms"] = proofs(pair)
        figures["memory"] = memory(pair, load)
    figures["disk_mb"] = disk_mb(pair)
    figures["audit"] = audit(pair)
    return figures


def run(where: Path, lengths: Sequence[int], load: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Make a pair, and measure it at each length of its history, the longest last.

    Args:
        where: a new directory on a real disk.
        lengths: entries of both voices together.
        load: messages of each of two loads under which memory is watched.
        say: told what is being done.
    """
    pair = Pair.make(where)
    with pair:
        pass
    found = []
    for entries in sorted(lengths):
        say(f"a history of {entries} entries")
        found.append(measure(pair, entries, load))
    return found
