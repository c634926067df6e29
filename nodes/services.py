"""What a node serves beside its lines: the local API for officers, the health check, metrics, the logs for
auditors.

Each is optional but the first, and none of them can stop a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodes.api import ApiServer
from nodes.web import WebServer, health_app, tiles_app

if TYPE_CHECKING:
    from nodes.node import Node


class Services:
    """The services of one node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._api = ApiServer(node)
        self._webs: list[WebServer] = []

    async def start(self) -> None:
        """Start what the settings ask for.

        Raises:
            NodeError: `port-in-use`.
        """
        await self._api.start()
        config = self._node.config
        if config.health is not None:
            self._webs.append(WebServer(health_app(self._node), config.health))
        if config.metrics is not None:
            # Loaded where it is wanted only: the library takes longer to load than all of the node's own code.
            from nodes.metrics import metrics_app

            self._webs.append(WebServer(metrics_app(self._node), config.metrics))
        if config.tiles is not None:
            self._webs.append(WebServer(tiles_app(self._node), config.tiles, tls=self._node.tiles_context()))
        for web in self._webs:
            await web.start()

    async def stop(self) -> None:
        """Stop them."""
        for web in self._webs:
            await web.stop()
        await self._api.stop()
