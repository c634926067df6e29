"""A process that has everything imported and becomes a node on request: a start then costs a tenth.

Each node is a process of its own, with its own memory, files, threads and event loop, and dies alone. A line of JSON a
request on standard input, one a reply on standard output:

    {"start": HOME, "log": FILE, ...}    {"pid": 12}
    {"wait": 12}                         {"returncode": -9}

More of a start: `tidy_s` and `threads` change what they are named after, `watched` has `tests.faults.watching` write
down what leaves, and `stopped` stops the process before it begins, until somebody sends it SIGCONT.

python -m tests.faults.zygote
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from nodes import line, logs, node
from nodes.config import NodeConfig
from nodes.errors import NodeError
from nodes.home import NodeHome
from nodes.node import Node
from nodes.resources import catalogue
from tests.builders import keyring
from tests.faults import watching
from tests.nodes.homes import agreement


async def _serve(home: NodeHome) -> None:
    made = Node(home, NodeConfig.load(home.config_path), keyring(home.party, agreement().channel))
    made.open()
    await made.run()


def become(order: dict[str, Any]) -> int:
    """Be the node of a home until it ends: exit 0 if stopped, 3 with the code on standard error otherwise."""
    logs.configure("info")
    line.TIDY_EVERY_S = order.get("tidy_s", line.TIDY_EVERY_S)
    # strace counts the calls of each thread apart, so that only with one of them every call has its number.
    node.THREADS = order.get("threads", node.THREADS)
    if order.get("watched"):
        watching.watch()
    try:
        asyncio.run(_serve(NodeHome.open(Path(order["start"]))))
    except NodeError as error:
        print(f"ended: {error.code}", file=sys.stderr)
        return 3
    return 0


def start(order: dict[str, Any]) -> int:
    """Fork a node; returns its process id."""
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDWR)
        for source, target in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.close(nothing)
        os.close(log)
        if order.get("stopped"):
            os.kill(os.getpid(), signal.SIGSTOP)
        status = become(order)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - it has no caller to go to.
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def main() -> None:
    """Serve requests until standard input ends."""
    # What every node of these homes computes once.
    for party in agreement().shorts:
        keyring(party, agreement().channel)
    catalogue()
    for request in sys.stdin:
        order = json.loads(request)
        if "wait" in order:
            reply = {"returncode": os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])}
        else:
            reply = {"pid": start(order)}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
