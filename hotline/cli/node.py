"""`hotline node run`: run the node of a home."""

from __future__ import annotations

import click

from hotline.cli.settings import common_options, settings_of


@click.group("node")
@common_options
def node_command() -> None:
    """Run the node of a party."""


@node_command.command("run")
@common_options
@click.pass_context
def run(context: click.Context) -> None:
    """Run the node until it is told to stop (SIGTERM or Ctrl-C).

    Its log goes to standard error, or to log_file of node.toml: one JSON object a line, without contents. The settings
    are those of node.toml in the home, where each is explained. Where they name a signer, it has the keys, and no
    passphrase is needed here.

    \b
    Example:
      hotline --home ARC --passphrase-file pass node run
    """
    import asyncio
    import os

    from nodes import logs
    from nodes.config import NodeConfig
    from nodes.node import Node
    from nodes.open_keys import open_keys
    from nodes.supervisor import Supervisor

    settings = settings_of(context)
    home = settings.node_home()
    config = NodeConfig.load(home.config_path)
    keyring = open_keys(home, config, lambda: settings.passphrase(0, what=f"the node of {home.party}"))
    logs.configure(config.log_level, config.log_file)
    supervisor = Supervisor.named_in(os.environ)
    # The databases hold headers, and the home may be opened for those who may use the socket in it.
    os.umask(0o077)

    async def serve() -> None:
        node = Node(home, config, keyring, supervisor=supervisor)
        node.open()
        await node.run()

    asyncio.run(serve())
