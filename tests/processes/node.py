"""A node of a test home, as a program: its keys follow from the party's name, so that no passphrase costs time.

python -m tests.processes.node HOME
"""

import asyncio
import sys
from pathlib import Path

from nodes import logs
from nodes.config import NodeConfig
from nodes.errors import NodeError
from nodes.home import NodeHome
from nodes.node import Node
from tests.builders import keyring
from tests.nodes.homes import agreement


async def serve(home: NodeHome) -> None:
    """Run until told to stop."""
    node = Node(home, NodeConfig.load(home.config_path), keyring(home.party, agreement().channel))
    node.open()
    await node.run()


def main() -> int:
    """Exit 0 if stopped, 3 with the code on standard error if it could not go on."""
    logs.configure("info")
    try:
        asyncio.run(serve(NodeHome.open(Path(sys.argv[1]))))
    except NodeError as error:
        print(f"ended: {error.code}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
