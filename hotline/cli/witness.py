"""`hotline witness init|follow|list|keys|show|run`: cosign how far logs go, as a third party."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotline.cli.settings import Settings, common_options, settings_of
from hotline.printable import printable

if TYPE_CHECKING:
    from nodes.witness_home import WitnessHome


@click.group("witness")
@common_options
def witness_command() -> None:
    """Cosign how far logs go, as a third party.

    A witness keeps the last checkpoint of each log it follows, and cosigns the next one only where it can see that the
    log has only grown. It reads no entries, and can stop nothing. It follows any log that speaks C2SP tlog-witness.

    \b
    Examples:
      hotline --home W witness init --name witness.example/1 --listen 127.0.0.1:7490
      hotline --home W witness follow --policy arc-log/policy
      hotline --home W --passphrase-file pass witness run
    """


def _home(settings: Settings) -> WitnessHome:
    from nodes.witness_home import WitnessHome

    return WitnessHome.open(settings.home or Path())


@witness_command.command("init")
@click.option("--name", required=True, help="Name of the witness's keys, such as witness.example/1.")
@click.option("--listen", default="127.0.0.1:7490", show_default=True, help="Where logs bring checkpoints: host:port.")
@common_options
@click.pass_context
def init(context: click.Context, name: str, listen: str) -> None:
    """Make the home of a witness, with its keys; --home says where.

    \b
    Example:
      hotline --home W witness init --name witness.example/1
    """
    import secrets

    from keys.witness_keyring import WitnessKeyring
    from nodes.witness_home import WitnessHome

    settings = settings_of(context)
    path = settings.home or Path()
    keyring = WitnessKeyring.generate(name, secrets.token_bytes)
    passphrase = settings.passphrase(0, what=f"the witness {name}", confirm=True)
    home = WitnessHome.create(path, keyring, listen=listen, passphrase=passphrase)
    keys = [signer.verifier.vkey() for signer in keyring.signers()]
    settings.output.result(
        {"home": str(home.path), "name": name, "keys": keys},
        [
            f"{home.path} is the home of the witness {name}. Its keys, for agreements and policies:",
            *keys,
            f"Next: hotline --home {home.path} witness follow --policy FILE",
        ],
    )


@witness_command.command("follow")
@click.argument("vkeys", metavar="[VKEY]...", nargs=-1)
@click.option("--policy", type=click.Path(), help="A tlog-policy file: every log that it names is followed.")
@click.option("--from", "begin", type=click.Path(), help="A signed checkpoint that the log is known to have had.")
@common_options
@click.pass_context
def follow(context: click.Context, vkeys: tuple[str, ...], policy: str | None, begin: str | None) -> None:
    """Follow logs from now on; the witness may run meanwhile.

    Give the log's keys, or the policy of its export. With --from nothing is cosigned that does not extend that
    checkpoint; without it the witness begins with whatever the log brings first, and everybody should know so.

    \b
    Examples:
      hotline --home W witness follow --policy arc-log/policy
      hotline --home W witness follow 'log.example+5f3a…+AT…' --from checkpoint
    """
    from hotline.errors import Misused
    from hotline.witnesses import keys_given, pinned_at

    settings = settings_of(context)
    logs = keys_given(vkeys, None if policy is None else Path(policy))
    if begin is not None and len(logs) != 1:
        raise Misused("witness-log", "--from is of one log: name its keys")
    store = _home(settings).store()
    try:
        for keys in logs:
            store.follow(keys, pinned=None if begin is None else pinned_at(Path(begin), keys))
    finally:
        store.close()
    origins = [keys[0].name for keys in logs]
    settings.output.result({"followed": origins}, [f"follows {printable(origin)}" for origin in origins])


@witness_command.command("list")
@common_options
@click.pass_context
def list_logs(context: click.Context) -> None:
    """List the logs that are followed, how far each was cosigned and when, and what did not fit.

    \b
    Example:
      hotline --home W witness list
    """
    from hotline.output import table
    from hotline.witnesses import shown
    from hotline.zulu import zulu_short

    settings = settings_of(context)
    store = _home(settings).store()
    try:
        logs = store.logs()
    finally:
        store.close()
    rows = [
        (
            printable(log.origin),
            "-" if log.last is None else str(log.last.size),
            "never" if log.at_ms is None else zulu_short(log.at_ms),
            f"{log.refused} REFUSED" if log.refused else "",
        )
        for log in logs
    ]
    lines = table(rows, heads=("log", "entries", "cosigned", "")) if rows else ["follows no log yet"]
    settings.output.result({"logs": [shown(log) for log in logs]}, lines)


@witness_command.command("keys")
@common_options
@click.pass_context
def keys_of(context: click.Context) -> None:
    """Print the witness's public keys, for agreements and policies.

    \b
    Example:
      hotline --home W --passphrase-file pass witness keys
    """
    settings = settings_of(context)
    home = _home(settings)
    keyring = home.keyring(settings.passphrase(0, what="the witness"))
    keys = [signer.verifier.vkey() for signer in keyring.signers()]
    settings.output.result({"name": keyring.name, "keys": keys}, keys)


@witness_command.command("show")
@click.argument("origin")
@click.option("--refused", is_flag=True, help="What the log signed and what does not fit, as it came.")
@common_options
@click.pass_context
def show(context: click.Context, origin: str, refused: bool) -> None:
    """Print the last checkpoint cosigned of a log, or with --refused what its keys signed and what did not fit.

    Two checkpoints of one log that cannot both be are evidence for everybody: `hotline verify` reads them.

    \b
    Examples:
      hotline --home W witness show mfa.arcadia.example/hotline/5f3a…/1
      hotline --home W witness show mfa.arcadia.example/hotline/5f3a…/1 --refused
    """
    from hotline.errors import CouldNot
    from hotline.witnesses import log_named
    from hotline.zulu import zulu

    settings = settings_of(context)
    store = _home(settings).store()
    try:
        log = log_named(store, origin)
        kept = store.refused(origin)
    finally:
        store.close()
    if refused:
        value = [{"at_ms": at_ms, "why": why, "note": note.decode()} for at_ms, why, note in kept]
        lines = [line for at_ms, why, note in kept for line in (f"# {zulu(at_ms)} {why}", note.decode())]
        settings.output.result({"origin": origin, "refused": value}, lines or ["nothing was refused"])
        return
    if log.note is None:
        raise CouldNot("witness-log", f"nothing was cosigned of {printable(origin)} yet")
    note = log.note.decode()
    settings.output.result({"origin": origin, "checkpoint": note}, note.removesuffix("\n").split("\n"))


@witness_command.command("run")
@click.option("--log-file", type=click.Path(), help="Where its log goes; standard error by default.")
@common_options
@click.pass_context
def run(context: click.Context, log_file: str | None) -> None:
    """Run the witness until it is told to stop (SIGTERM or Ctrl-C).

    \b
    Example:
      hotline --home W --passphrase-file pass witness run
    """
    import asyncio
    import os

    from nodes import logs
    from nodes.witness_home import run_witness

    settings = settings_of(context)
    home = _home(settings)
    keyring = home.keyring(settings.passphrase(0, what="the witness"))
    logs.configure("info", None if log_file is None else Path(log_file))
    os.umask(0o077)
    asyncio.run(run_witness(home, keyring))
