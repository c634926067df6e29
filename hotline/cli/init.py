"""`hotline init`: make the home of a party."""

from __future__ import annotations

from pathlib import Path

import click

from hotline.cli.settings import common_options, settings_of, suite_option


@click.command("init")
@click.argument("directory", required=False, type=click.Path())
@click.option("--party", "short", required=True, metavar="ABC", help="Short name, 2 to 4 capital letters.")
@click.option("--name", required=True, help="Name of the party, for people.")
@click.option("--domain", required=True, help="Domain that its logs are named under, such as mfa.example.")
@click.option("--roots", type=int, default=3, show_default=True, help="Number of root keys.")
@click.option("--threshold", type=int, default=2, show_default=True, help="How many roots sign together.")
@click.option("--listen", default="0.0.0.0:7443", show_default=True, help="Where the node listens: host:port.")
@click.option("--health", default="", help="Loopback address of the health check: 127.0.0.1:7480. Default: none.")
@click.option("--metrics", default="", help="Loopback address of the metrics: 127.0.0.1:7481. Default: none.")
@click.option("--tiles", default="", help="Where auditors may read the logs over HTTPS: host:port. Default: nowhere.")
@suite_option("Suite of all keys, and so of every agreement made from this home.")
@click.option("--token", "label", metavar="LABEL", help="Make half of the node's keys in this PKCS#11 token.")
@click.option("--pkcs11-module", "module", type=click.Path(), help="The library of the token's maker, a .so file.")
@click.option("--pin-file", type=click.Path(), help="PIN of the token. Default: it is asked for.")
@click.option("--roots-passphrase-file", type=click.Path(), help="Another passphrase for the root keys.")
@common_options
@click.pass_context
def init_command(
    context: click.Context,
    directory: str | None,
    short: str,
    name: str,
    domain: str,
    roots: int,
    threshold: int,
    listen: str,
    health: str,
    metrics: str,
    tiles: str,
    suite: str,
    label: str | None,
    module: str | None,
    pin_file: str | None,
    roots_passphrase_file: str | None,
) -> None:
    """Make the home of a party: root keys, node keys and settings.

    The suite says which algorithms the keys are of: ed25519+ml-dsa-87 is Ed25519 with ML-DSA-87, and ML-KEM-1024 with
    P-384 for what is sealed. Both parties of a line need the same one; it cannot be changed later.

    With --token the Ed25519 keys of node, logs and mirrors are made in the token and never leave it. The ML-DSA keys,
    which tokens do not have yet, and the PIN are in the sealed file, and so are the sealing and TLS keys. A token has
    no copy: without it the line stands still until it is back.

    \b
    Examples:
      hotline init ARC --party ARC --name Arcadia --domain mfa.arcadia.example --listen 192.0.2.7:7443
      hotline --home ARC --passphrase-file pass init --party ARC --name Arcadia --domain mfa.arcadia.example
      hotline init ARC --party ARC --name Arcadia --domain mfa.arcadia.example --suite ed25519+ml-dsa-87
    """
    from hotline.cli.tokens import token_of
    from hotline.setup import NewParty, make_home
    from keys.suite import SUITES
    from nodes.files import read_file

    settings = settings_of(context)
    output = settings.output
    path = Path(directory) if directory is not None else (settings.home or Path())
    passphrase = settings.passphrase(0, what=f"the node of {short}", confirm=True)
    if roots_passphrase_file is not None:
        root_passphrase = read_file(Path(roots_passphrase_file), bytes_max=1024).removesuffix(b"\n")
    elif settings.passphrase_files:
        root_passphrase = settings.passphrase(1, what="the root keys")
    else:
        root_passphrase = settings.passphrase(0, what=f"the root keys of {short}", confirm=True)
    party = NewParty(
        short=short,
        name=name,
        domain=domain,
        roots=roots,
        threshold=threshold,
        listen=listen,
        health=health,
        metrics=metrics,
        tiles=tiles,
        suite=SUITES[suite],
        token=token_of(settings, label, module, pin_file),
    )
    home = make_home(path, party, passphrase=passphrase, root_passphrase=root_passphrase)
    moved = f"Move {home.roots} off this machine now: copy it to two safe places, check the copies, delete it here."
    output.note(output_warning(moved))
    output.result(
        {
            "party": short,
            "home": str(path),
            "suite": suite,
            "roots": str(home.roots),
            "threshold": threshold,
            "next": moved,
        },
        [
            f"{path} is the home of {short}.",
            f"  node key   {home.keyring_path}",
            f"  root keys  {home.roots}  ({threshold} of {roots} sign together)",
            f"Next: hotline --home {path} officer add duty --role duty",
        ],
    )


def output_warning(text: str) -> str:
    """Frame a warning so that it is not passed over."""
    bar = "*" * min(100, len(text))
    return f"{bar}\n{text}\n{bar}"
