"""One node, run as the command line runs it, that says when its key was open: `python -m bench.serve HOME`."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from bench.pair import PASSPHRASE
from keys.keyring import NodeKeyring
from nodes import logs
from nodes.config import NodeConfig
from nodes.home import NodeHome
from nodes.key_files import read_keyring
from nodes.node import Node


async def serve(home: NodeHome, config: NodeConfig, keyring: NodeKeyring) -> None:
    """Run the node until it is told to stop."""
    node = Node(home, config, keyring)
    node.open()
    await node.run()


def main() -> None:
    """Open the key, say so on standard output, and serve."""
    home = NodeHome.open(Path(sys.argv[1]))
    config = NodeConfig.load(home.config_path)
    keyring = read_keyring(home.keyring_path, NodeKeyring, PASSPHRASE)
    print(time.perf_counter(), flush=True)
    logs.configure("warning")
    asyncio.run(serve(home, config, keyring))


if __name__ == "__main__":
    main()
