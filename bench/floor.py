"""The floor: the least that one message can cost, written without any of the project's code.

For each message it does the work that no implementation of the design can leave out, in the same order:

    client       a fresh secret wrapped to two keys (HPKE, MLKEM768-X25519), 4 KiB sealed with AES-256-GCM,
                 the statement signed with Ed25519 and ML-DSA-65
    author       both signatures verified, leaf appended to the Merkle frontier, SQLite commit           (sync 1)
                 checkpoint signed with Ed25519 and ML-DSA-44, written to a high-water file, fdatasync   (sync 2)
                 sent over a TLS 1.3 websocket with mutually pinned Ed25519 certificates
    counterpart  checkpoint verified, root and body digest recomputed, SQLite commit                     (sync 3)
                 cosigned with Ed25519 and ML-DSA-44, sent back
    author       both cosignatures verified, SQLite commit: the message is held                          (sync 4)

Author (with its client) and counterpart are two processes. One at a time, a message is timed from the client's first
step until it is held. Pipelined, many share one checkpoint, one cosignature and the four syncs. `--ed25519-only` leaves
out ML-DSA everywhere and the seal (4 KiB go in the clear, still hashed, sent and stored), and keeps everything else:
every Ed25519 signature and verification, all four syncs, TLS and two processes.
"""

import argparse
import asyncio
import contextlib
import datetime
import hashlib
import itertools
import json
import os
import secrets
import ssl
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter as clock
from time import time_ns
from typing import Any

import apsw
import msgpack
import websockets
from cryptography import x509
from cryptography.hazmat.primitives import hpke, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

BODY_BYTES, STATEMENT_BYTES = 4096, 700
GROUP_MAX = 44  # entries a frame: what fits 192 KiB of entries with hybrid signatures
IN_FLIGHT_MAX = 8 * GROUP_MAX
HANDFUL = 4  # messages a client makes before it hands them over
EXPECTED_P50_MS, EXPECTED_PER_S = 1.9, 3400  # of --ed25519-only, on two idle cores
SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
STAGES = ("client_ms", "author_verifies_ms", "author_appends_ms", "counterpart_and_network_ms", "receipt_ms")
Message = list[bytes]  # entry and body


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


class Signer:
    """Ed25519, and beside it ML-DSA where a class is given; seeds come from a label."""

    def __init__(self, label: str, second: Any = None) -> None:
        seed = sha256(label.encode())
        first = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
        self.privates = [first, *([second.from_seed_bytes(seed)] if second else [])]
        self.publics = [key.public_key() for key in self.privates]

    def sign(self, message: bytes) -> list[bytes]:
        return [key.sign(message) for key in self.privates]

    def verify(self, signatures: list[bytes], message: bytes) -> bool:
        pairs = zip(self.publics, signatures, strict=True)
        return all(public.verify(signature, message) is None for public, signature in pairs)


class Log:
    """A Merkle frontier (roots of complete subtrees, widest first, with heights), SQLite, and the high-water file."""

    def __init__(self, where: Path) -> None:
        where.mkdir(parents=True)
        self.size, self.stack = 0, list[tuple[int, bytes]]()
        self.mark = os.open(where / "high-water", os.O_CREAT | os.O_RDWR, 0o600)
        self.db = apsw.Connection(str(where / "log.sqlite"))
        self.db.execute("pragma journal_mode=wal").fetchall()
        self.db.execute("pragma synchronous=full")
        self.db.execute("create table entry(n integer primary key, entry blob, body blob); create table head(v blob)")

    def extend(self, messages: list[Message], expected: bytes = b"") -> bytes:
        """Append, compute the checkpoint, compare it where one is expected, and commit all of it with one sync."""
        rows = [(self.size + n, *message) for n, message in enumerate(messages)]
        for entry, _ in messages:
            height, node, self.size = 0, sha256(b"\0", entry), self.size + 1
            while self.stack and self.stack[-1][0] == height:
                node, height = sha256(b"\1", self.stack.pop()[1], node), height + 1
            self.stack.append((height, node))
        node = b""
        for _, left in reversed(self.stack):
            node = sha256(b"\1", left, node) if node else left
        checkpoint = b"%d\n" % self.size + node
        if expected not in (b"", checkpoint):
            raise ValueError("root")
        return self.commit(rows, checkpoint)

    def commit(self, rows: list[Any], head: bytes) -> bytes:
        with self.db:
            self.db.executemany("insert into entry values(?, ?, ?)", rows)
            self.db.execute("insert or replace into head(rowid, v) values(1, ?)", (head,))
        return head


class Keys:
    def __init__(self, hybrid: bool) -> None:
        self.officer = Signer("officer", mldsa.MLDSA65PrivateKey if hybrid else None)
        self.log = Signer("log", mldsa.MLDSA44PrivateKey if hybrid else None)
        self.mirror = Signer("mirror", mldsa.MLDSA44PrivateKey if hybrid else None)
        halves = [(mlkem.MLKEM768PrivateKey, x25519.X25519PrivateKey)] * (2 if hybrid else 0)
        self.sealing = [hpke.MLKEM768X25519PrivateKey(a.generate(), b.generate()).public_key() for a, b in halves]

    def message(self) -> Message:
        body = secrets.token_bytes(BODY_BYTES)
        if self.sealing:
            secret = secrets.token_bytes(32)
            wraps = [SUITE.encrypt(secret, key, info=b"floor") for key in self.sealing]
            body = b"".join(wraps) + AESGCM(sha256(b"key", secret)).encrypt(bytes(12), body, b"")
        statement = sha256(body) + secrets.token_bytes(STATEMENT_BYTES - 32)
        return [msgpack.packb([statement, self.officer.sign(statement)]), body]

    def check(self, message: Message) -> bool:
        """The author node's part before it appends; raises on a bad signature."""
        statement, signatures = msgpack.unpackb(message[0])
        return self.officer.verify(signatures, statement)


def make_certificate(where: Path, name: str) -> None:
    key, pem = ed25519.Ed25519PrivateKey.generate(), serialization.Encoding.PEM
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    first, last = (datetime.datetime(year, 1, 1, tzinfo=datetime.UTC) for year in (2000, 9999))
    builder = x509.CertificateBuilder(who, who, key.public_key(), 1, first, last)
    (where / f"{name}.crt").write_bytes(builder.sign(key, None).public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (where / f"{name}.key").write_bytes(private)


def tls(where: Path, own: str, peer: str, *, server: bool) -> ssl.SSLContext:
    """Mutual TLS 1.3 where each side trusts exactly the other's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname, context.verify_mode = False, ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(where / f"{peer}.crt")
    context.load_cert_chain(where / f"{own}.crt", where / f"{own}.key")
    return context


async def counterpart(where: Path, hybrid: bool) -> None:
    """Mirror what comes; cosign each checkpoint once all that is under it is on disk."""
    keys, log = Keys(hybrid), Log(where / "counterpart")

    async def handle(ws: ServerConnection) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                messages, checkpoint, signatures = msgpack.unpackb(await ws.recv(decode=False))
                keys.log.verify(signatures, checkpoint)
                if any(msgpack.unpackb(entry)[0][:32] != sha256(body) for entry, body in messages):
                    raise ValueError("body digest")
                log.extend(messages, checkpoint)
                cosigned = checkpoint + time_ns().to_bytes(8, "big")
                await ws.send(msgpack.packb([log.size, cosigned, keys.mirror.sign(cosigned)]))

    context = tls(where, "counterpart", "author", server=True)
    async with serve(handle, "127.0.0.1", 0, ssl=context, compression=None, max_size=2**20) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await server.serve_forever()


class Author:
    def __init__(self, where: Path, hybrid: bool, ws: ClientConnection) -> None:
        self.keys, self.log, self.ws = Keys(hybrid), Log(where / "author"), ws

    def append(self, messages: list[Message]) -> bytes:
        """Commit, sign, raise the mark; the frame to send."""
        checkpoint = self.log.extend(messages)
        signatures = self.keys.log.sign(checkpoint)
        os.pwrite(self.log.mark, checkpoint + b"".join(signatures), 0)
        os.fdatasync(self.log.mark)
        return bytes(msgpack.packb([messages, checkpoint, signatures]))

    def held(self, frame: bytes) -> int:
        """Verify a cosignature and store it; the size that is held."""
        size, cosigned, signatures = msgpack.unpackb(frame)
        self.keys.mirror.verify(signatures, cosigned)
        self.log.commit([], cosigned + b"".join(signatures))
        return int(size)

    async def one_message(self) -> list[float]:
        """One message until it is held; how long each stage took, in ms."""
        begun, message = clock(), self.keys.message()
        made, _ = clock(), self.keys.check(message)
        verified, frame = clock(), self.append([message])
        appended = clock()
        await self.ws.send(frame)
        answer = await self.ws.recv(decode=False)
        answered, _ = clock(), self.held(answer)
        marks = (begun, made, verified, appended, answered, clock())
        return [(after - before) * 1000 for before, after in itertools.pairwise(marks)]

    async def pipelined(self, count: int) -> float:
        """Messages a second, from the first one begun to the last one held; count is a multiple of HANDFUL."""
        loop, begun, first = asyncio.get_running_loop(), clock(), self.log.size
        clients, disk = ThreadPoolExecutor(2), ThreadPoolExecutor(1)
        ready, room = asyncio.Queue[Message](), asyncio.Semaphore(IN_FLIGHT_MAX // HANDFUL)

        def make() -> None:
            for _ in range(HANDFUL):
                message = self.keys.message()
                self.keys.check(message)
                loop.call_soon_threadsafe(ready.put_nowait, message)

        async def write() -> None:
            for _ in range(count // HANDFUL):
                await room.acquire()
                loop.run_in_executor(clients, make)

        async def sequence() -> None:
            sent = 0
            while sent < count:
                group = [await ready.get()]
                group += [ready.get_nowait() for _ in range(min(ready.qsize(), GROUP_MAX - 1))]
                sent += len(group)
                await self.ws.send(await loop.run_in_executor(disk, self.append, group))

        async def receipts() -> None:
            held = 0
            while held < count:
                last, frame = held, await self.ws.recv(decode=False)
                held = await loop.run_in_executor(disk, self.held, frame) - first
                for _ in range(held // HANDFUL - last // HANDFUL):
                    room.release()

        await asyncio.gather(write(), sequence(), receipts())
        return count / (clock() - begun)


async def measure(where: Path, hybrid: bool, one: int, many: int, port: int) -> dict[str, Any]:
    context, uri = tls(where, "author", "counterpart", server=False), f"wss://127.0.0.1:{port}"
    async with connect(uri, ssl=context, proxy=None, compression=None, max_size=2**20) as ws:
        node = Author(where, hybrid, ws)
        rows = [await node.one_message() for _ in range(one + 20)][20:]
        totals = sorted(sum(row) for row in rows)
        medians = [round(statistics.median(column), 3) for column in zip(*rows, strict=True)]
        p50, p99, rate = totals[one // 2], totals[one * 99 // 100], await node.pipelined(many)
    result = {"p50_ms": round(p50, 3), "p99_ms": round(p99, 3), "per_s": round(rate, 1)}
    return result | {"stages": dict(zip(STAGES, medians, strict=True))}


def run(where: Path, hybrid: bool, one: int, many: int) -> dict[str, Any]:
    """Both ways of sending, in a folder of their own, which is removed afterwards."""
    where.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=where) as own:
        where = Path(own)
        for name in ("author", "counterpart"):
            make_certificate(where, name)
        mode = [] if hybrid else ["--ed25519-only"]
        command = [sys.executable, __file__, "--dir", str(where), "--counterpart", *mode]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child, contextlib.ExitStack() as last:
            last.callback(child.terminate)
            port = int(child.stdout.readline()) if child.stdout else 0
            result = asyncio.run(measure(where, hybrid, one, many, port))
    if not hybrid and (result["p50_ms"] > EXPECTED_P50_MS * 1.25 or result["per_s"] < EXPECTED_PER_S * 0.8):
        expected = f"two idle cores and a quick disk give {EXPECTED_P50_MS} ms and {EXPECTED_PER_S}/s"
        result["why_not"] = f"{expected}; the load here was {os.getloadavg()[0]:.1f}, the stages show where time went"
    return {"mode": "hybrid" if hybrid else "ed25519-only", "syncs_in_a_row": 4, "one": one, "many": many} | result


def main() -> None:
    parser = argparse.ArgumentParser(description="The least that one message can cost on this machine.")
    parser.add_argument("--ed25519-only", action="store_true", help="no ML-DSA and no seal")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--one", type=int, default=500, help="messages one at a time")
    parser.add_argument("--many", type=int, default=4000, help="messages pipelined, rounded down to fours")
    parser.add_argument("--dir", type=Path, default=Path("build/bench"), help="where to write: a real disk, not tmpfs")
    parser.add_argument("--counterpart", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    hybrid = not options.ed25519_only
    if options.counterpart:
        asyncio.run(counterpart(options.dir, hybrid))
        return
    result = run(options.dir, hybrid, options.one, options.many // HANDFUL * HANDFUL)
    rows = (result | result["stages"]).items() if not options.json else ()
    print(json.dumps(result) if options.json else "\n".join(f"{name:28} {value}" for name, value in rows))


if __name__ == "__main__":
    main()
