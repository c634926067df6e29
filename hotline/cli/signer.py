"""`hotline signer take`, `run`, `status`: a process of another user that holds a node's keys."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.cli.settings import common_options, settings_of

DEFAULT_SOCKET = "/run/hotline-signer/signer.sock"


@click.group("signer")
@common_options
def signer_command() -> None:
    """Hold a node's keys in a process of another user, which signs for it.

    Whoever takes the node over can then ask for signatures while they are there, and takes no keys along. The signer
    never signs two roots of one size of a log, whoever asks. The node keeps the TLS key, which OpenSSL needs there.
    """


@signer_command.command("take")
@click.argument("directory", type=click.Path(file_okay=False))
@click.option("--socket", default=DEFAULT_SOCKET, show_default=True, help="Where the node will ask it.")
@common_options
@click.pass_context
def take_command(context: click.Context, directory: str, socket: str) -> None:
    """Copy the keys of a stopped node to the DIRECTORY of its signer, with what they signed so far.

    The home stays as it is; the answer says what to do next. Run it again after each ceremony that makes new keys in
    the home, such as pairing: docs/ceremonies/signer.md.

    \b
    Example:
      hotline --home /var/lib/hotline --passphrase-file pass signer take /var/lib/hotline-signer
    """
    from hotline.signer_home import take

    settings = settings_of(context)
    home = settings.node_home()
    passphrase = settings.passphrase(0, what=f"the node of {home.party}")
    taken = take(home, Path(directory), passphrase, socket=Path(socket))
    steps = [
        f"Give {directory} to the signer's own user: chown -R hotline-signer: {directory}",
        f'Name the signer in {home.config_path}: signer = "{socket}"',
        f"Start the signer, then the node; when the line is up, delete {home.keyring_path}",
    ]
    settings.output.result(
        {"party": taken.party, "channels": taken.channels, "marks": taken.marks, "next": steps},
        [
            f"{directory} has the keys of {taken.party}: {taken.channels} channels, {taken.marks} logs signed before.",
            *(f"Next: {step}" for step in steps),
        ],
    )


@signer_command.command("run")
@click.argument("directory", type=click.Path(file_okay=False))
@common_options
@click.pass_context
def run_command(context: click.Context, directory: str) -> None:
    """Answer the node from DIRECTORY until told to stop (SIGTERM or Ctrl-C).

    Who may ask stands in signer.toml, where each setting is explained. Its log goes to standard error.

    \b
    Example:
      hotline --passphrase-file pass signer run /var/lib/hotline-signer
    """
    import os
    import signal

    from hotline.errors import CouldNot
    from nodes import logs
    from nodes.errors import NodeError
    from nodes.home_lock import HomeLock
    from nodes.open_keys import open_held
    from nodes.signer import NodeSigner
    from nodes.signer_config import FILE as CONFIG_FILE
    from nodes.signer_config import SignerConfig
    from nodes.signer_marks import Marks
    from nodes.signer_server import SignerServer
    from nodes.supervisor import Supervisor

    settings = settings_of(context)
    path = Path(directory)
    if not (path / CONFIG_FILE).is_file():
        text = f"{directory} is no directory of a signer: it has no {CONFIG_FILE}"
        raise CouldNot("file-missing", text, next_step=f"Make it: hotline --home HOME signer take {directory}")
    config = SignerConfig.load(path)
    keys = open_held(path, config, settings.passphrase(0, what=f"the keys in {directory}"))
    logs.configure(config.log_level)
    os.umask(0o077)
    lock = HomeLock(path)
    try:
        lock.take()
    except NodeError as error:
        raise CouldNot("home-in-use", f"a signer of {directory} runs already, or it cannot be written") from error
    supervisor = Supervisor.named_in(os.environ)
    marks = Marks.open(path)
    try:
        server = SignerServer(NodeSigner(keys, marks), config)
        server.listen()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
        supervisor.tell("READY=1")
        server.run()
    finally:
        supervisor.tell("STOPPING=1")
        marks.close()
        lock.release()


@signer_command.command("status")
@click.argument("socket", type=click.Path(), default=DEFAULT_SOCKET)
@common_options
@click.pass_context
def status_command(context: click.Context, socket: str) -> None:
    """Ask the signer at SOCKET whose keys it holds, and whether all can be used; only those in its settings may.

    \b
    Example:
      hotline signer status /run/hotline-signer/signer.sock
    """
    from hotline.errors import CouldNot
    from keys.errors import KeyElsewhere
    from nodes.signer_client import SignerKeys

    settings = settings_of(context)
    try:
        keys = SignerKeys.open(Path(socket))
        try:
            keys.look()
        finally:
            keys.close()
    except KeyElsewhere as error:
        raise CouldNot(error.code, str(error)) from error
    channels = keys.channel_ids()
    settings.output.result(
        {"party": keys.party, "channels": channels, "node": keys.node_signer().public.key_id.hex()},
        [f"{socket}: the keys of {keys.party} can be used, {len(channels)} channels."],
    )
