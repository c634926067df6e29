"""Raw limits of this machine: one sync, one TLS websocket echo, each signature operation, all cores verifying.

What Hotline does is made of these, so that its numbers can be read beside what nothing can beat. Imports nothing of the
project.
"""

import argparse
import asyncio
import json
import os
import ssl
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import apsw
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from bench.floor import make_certificate, tls

MESSAGE = bytes(range(256)) * 3
ECHO_BYTES = 8192
SECONDS_EACH = 0.4
BATCH = 32  # signatures a thread verifies before it hands back
SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
SUITE_2 = hpke.Suite(hpke.KEM.MLKEM1024_P384, hpke.KDF.HKDF_SHA384, hpke.AEAD.AES_256_GCM)


def timed(work: Callable[[], object], seconds: float) -> dict[str, float]:
    """Median and 99th percentile of one call, in microseconds, over a number of seconds."""
    for _ in range(3):
        work()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        before = time.perf_counter()
        work()
        times.append((time.perf_counter() - before) * 1e6)
    times.sort()
    return {"p50_us": round(statistics.median(times), 1), "p99_us": round(times[len(times) * 99 // 100], 1)}


def operations() -> dict[str, Callable[[], object]]:
    """Each operation of the cryptography, ready to call."""
    edwards, small, large = (
        ed25519.Ed25519PrivateKey.generate(), mldsa.MLDSA44PrivateKey.generate(), mldsa.MLDSA65PrivateKey.generate()
    )  # fmt: skip
    edwards_signature, small_signature, large_signature = (key.sign(MESSAGE) for key in (edwards, small, large))
    edwards_public, small_public, large_public = edwards.public_key(), small.public_key(), large.public_key()
    sealing = hpke.MLKEM768X25519PrivateKey(mlkem.MLKEM768PrivateKey.generate(), x25519.X25519PrivateKey.generate())
    recipient, secret, aead = sealing.public_key(), os.urandom(32), AESGCM(os.urandom(32))
    wrap = SUITE.encrypt(secret, recipient, info=b"limits")
    second = hpke.MLKEM1024P384PrivateKey(mlkem.MLKEM1024PrivateKey.generate(), ec.generate_private_key(ec.SECP384R1()))
    second_wrap = SUITE_2.encrypt(secret, second.public_key(), info=b"limits")
    largest = mldsa.MLDSA87PrivateKey.generate()
    largest_public, largest_signature = largest.public_key(), largest.sign(MESSAGE)
    body = os.urandom(4096)
    return {
        "ed25519 sign": lambda: edwards.sign(MESSAGE),
        "ed25519 verify": lambda: edwards_public.verify(edwards_signature, MESSAGE),
        "ml-dsa-44 sign": lambda: small.sign(MESSAGE),
        "ml-dsa-44 verify": lambda: small_public.verify(small_signature, MESSAGE),
        "ml-dsa-65 sign": lambda: large.sign(MESSAGE),
        "ml-dsa-65 verify": lambda: large_public.verify(large_signature, MESSAGE),
        "ml-dsa-87 sign": lambda: largest.sign(MESSAGE),
        "ml-dsa-87 verify": lambda: largest_public.verify(largest_signature, MESSAGE),
        "hpke wrap 32 bytes": lambda: SUITE.encrypt(secret, recipient, info=b"limits"),
        "hpke unwrap": lambda: SUITE.decrypt(wrap, sealing, info=b"limits"),
        "hpke wrap, second suite": lambda: SUITE_2.encrypt(secret, second.public_key(), info=b"limits"),
        "hpke unwrap, second suite": lambda: SUITE_2.decrypt(second_wrap, second, info=b"limits"),
        "aes-256-gcm 4 KiB": lambda: aead.encrypt(bytes(12), body, None),
    }


def hybrid_verifications_per_s(seconds: float) -> float:
    """Ed25519 and ML-DSA-65 verified together, by a thread for each core: verification releases the GIL."""
    edwards, lattice = ed25519.Ed25519PrivateKey.generate(), mldsa.MLDSA65PrivateKey.generate()
    edwards_public, lattice_public = edwards.public_key(), lattice.public_key()
    first, second = edwards.sign(MESSAGE), lattice.sign(MESSAGE)
    cores = len(os.sched_getaffinity(0))
    end = time.perf_counter() + seconds

    def work() -> int:
        done = 0
        while time.perf_counter() < end:
            for _ in range(BATCH):
                edwards_public.verify(first, MESSAGE)
                lattice_public.verify(second, MESSAGE)
            done += BATCH
        return done

    begun = time.perf_counter()
    with ThreadPoolExecutor(cores) as pool:
        total = sum(future.result() for future in [pool.submit(work) for _ in range(cores)])
    return round(total / (time.perf_counter() - begun), 1)


def syncs(where: Path, seconds: float) -> dict[str, dict[str, float]]:
    """One fdatasync of a small overwrite, and one SQLite commit of one row (WAL, synchronous FULL)."""
    handle = os.open(where / "sync", os.O_CREAT | os.O_RDWR, 0o600)
    db = apsw.Connection(str(where / "sync.sqlite"))
    db.execute("pragma journal_mode=wal").fetchall()
    db.execute("pragma synchronous=full; create table t(v blob)")

    def overwrite() -> None:
        os.pwrite(handle, MESSAGE, 0)
        os.fdatasync(handle)

    def commit() -> None:
        with db:
            db.execute("insert into t values(?)", (MESSAGE,))

    try:
        return {"fdatasync": timed(overwrite, seconds), "sqlite commit": timed(commit, seconds)}
    finally:
        db.close()
        os.close(handle)


async def echo(context_server: ssl.SSLContext, context_client: ssl.SSLContext, seconds: float) -> dict[str, float]:
    """One round trip of one frame over a TLS 1.3 websocket on loopback, both ends in this process."""

    async def handle(ws: ServerConnection) -> None:
        async for frame in ws:
            await ws.send(frame)

    payload, times = os.urandom(ECHO_BYTES), list[float]()
    async with serve(handle, "127.0.0.1", 0, ssl=context_server, compression=None) as server:
        uri = f"wss://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        async with connect(uri, ssl=context_client, proxy=None, compression=None) as ws:
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                before = time.perf_counter()
                await ws.send(payload)
                await ws.recv()
                times.append((time.perf_counter() - before) * 1e6)
    times.sort()
    return {"p50_us": round(statistics.median(times), 1), "p99_us": round(times[len(times) * 99 // 100], 1)}


def run(base: Path, seconds: float = SECONDS_EACH) -> dict[str, Any]:
    """Measure everything, in a folder that is removed afterwards."""
    base.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=base) as own:
        where = Path(own)
        for name in ("author", "counterpart"):
            make_certificate(where, name)
        each = syncs(where, seconds)
        contexts = tls(where, "counterpart", "author", server=True), tls(where, "author", "counterpart", server=False)
        each[f"tls websocket echo {ECHO_BYTES // 1024} KiB"] = asyncio.run(echo(*contexts, seconds))
    for name, work in operations().items():
        each[name] = timed(work, seconds)
    return {
        "cores": len(os.sched_getaffinity(0)),
        "operations": each,
        "hybrid_verifications_per_s": hybrid_verifications_per_s(seconds * 4),
    }


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description="Raw limits of this machine.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--seconds", type=float, default=SECONDS_EACH, help="how long to measure each")
    parser.add_argument("--dir", type=Path, default=Path("build/bench"), help="where to write: a real disk, not tmpfs")
    options = parser.parse_args()
    result = run(options.dir, options.seconds)
    if options.json:
        print(json.dumps(result))
        return
    print(f"{'operation':28} {'p50 us':>10} {'p99 us':>10}")
    for name, row in result["operations"].items():
        print(f"{name:28} {row['p50_us']:10.1f} {row['p99_us']:10.1f}")
    print(f"hybrid verification on {result['cores']} cores: {result['hybrid_verifications_per_s']:.0f}/s")


if __name__ == "__main__":
    main()
