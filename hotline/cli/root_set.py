"""`hotline root new-key|replace` and `hotline root set show|new|sign|publish|accept`: the roots change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.settings import Settings, common_options, settings_of, suite_option

if TYPE_CHECKING:
    from hotline.root_sets import RootSetFile

_ROOTS = click.option("--roots", "directory", type=click.Path(), help="Directory with root keys. Default: HOME/roots.")
_ROOTS_PASSPHRASE = click.option("--roots-passphrase-file", type=click.Path(), help="Passphrase of the root keys.")
_YEARS = click.option(
    "--years", type=click.IntRange(1, 50), default=5, show_default=True, help="How long it is meant for."
)
_YES = click.option("--yes", is_flag=True, help="Do not ask.")
_NUMBER = click.IntRange(1, 99)


@click.command("new-key")
@_ROOTS
@_ROOTS_PASSPHRASE
@click.option("--party", metavar="ABC", help="Where there is no home: short name of the party.")
@click.option("--root", "number", type=_NUMBER, help="Number of the new root. Where there is a home: the next one.")
@click.option("-o", "--out", type=click.Path(), required=True, help="Where its public key goes, to be carried.")
@suite_option("Where there is no home: suite of the party's keys.")
@common_options
@click.pass_context
def new_key(
    context: click.Context,
    directory: str | None,
    roots_passphrase_file: str | None,
    party: str | None,
    number: int | None,
    out: str,
    suite: str,
) -> None:
    """Make a root's key, on a machine without a network, and write its public key to be carried to the node's home.

    The key counts for nothing until a root set lists it. Make its shares before that: hotline root shares make.

    \b
    Example:
      hotline root new-key --party ARC --root 4 --roots /media/new-root -o /media/stick/root-4.pub
    """
    from hotline.errors import Misused
    from hotline.party_file import read_party
    from hotline.root_keys import make_key
    from hotline.root_sets import next_number
    from hotline.secret_files import roots_passphrase
    from keys.suite import SUITES
    from nodes.home import SHORT_NAME

    settings = settings_of(context)
    if party is None:
        home = settings.node_home()
        card = read_party(home.party_path)
        party, number = card.short, number or next_number(home, card)
        roots, chosen = Path(directory) if directory is not None else home.roots, card.roots.suite
    elif number is None or directory is None or SHORT_NAME.fullmatch(party) is None:
        raise Misused("usage", "without a home --party, --root and --roots are needed together")
    else:
        roots, chosen = Path(directory), SUITES[suite]
    passphrase = roots_passphrase(settings, party, roots_passphrase_file, confirm=True)
    path, key_id = make_key(party, number, roots, passphrase, out=Path(out), suite=chosen)
    step = f"Carry {out} to the node's home: hotline root set new -o set.bin --without N --add {Path(out).name}"
    settings.output.result(
        {"party": party, "root": number, "key_id": key_id, "file": str(path), "public": out, "next": step},
        [f"{path} is root key {number} of {party}", f"  key id {key_id}", f"Next: {step}"],
    )


@click.command("replace")
@click.argument("number", type=_NUMBER)
@_ROOTS
@_ROOTS_PASSPHRASE
@_YEARS
@_YES
@common_options
@click.pass_context
def replace_root(
    context: click.Context,
    number: int,
    directory: str | None,
    roots_passphrase_file: str | None,
    years: int,
    yes: bool,
) -> None:
    """Replace a lost or stolen root in one go, where home and root keys are together: make, sign, publish, renew.

    Where they are not, which is safer, the same is done step by step: hotline root new-key, then hotline root set new,
    sign, publish, then hotline roster renew. The file of the root that is replaced is not needed and not removed.

    \b
    Example:
      hotline --home ARC root replace 3 --roots /media/roots
    """
    from hotline.clock import now_ms
    from hotline.party_file import read_party
    from hotline.root_keys import make_ring, write_ring
    from hotline.root_sets import add_signatures, make_next, next_number, publish
    from hotline.root_signing import open_roots
    from hotline.rosters import renew_rosters
    from hotline.secret_files import root_secrets

    settings = settings_of(context)
    home = settings.node_home()
    card = read_party(home.party_path)
    opened = root_secrets(settings, home, directory=directory, passphrase_file=roots_passphrase_file)
    signing = open_roots(card, opened, without=(number,))
    fresh = make_ring(card.short, next_number(home, card), suite=card.roots.suite)
    added = {fresh.index: fresh.signer().public}
    file = make_next(home, added=added, without=(number,), threshold=None, years=years, now_ms=now_ms())
    for line in _lines(file):
        settings.output.note(line)
    settings.confirm("Replace the root so?", yes=yes)
    path = write_ring(fresh, opened.roots, opened.root_passphrase)
    done = publish(home, add_signatures(file, [*signing, fresh]))
    _, rosters = renew_rosters(home, opened, now_ms=now_ms())
    step = (
        f"Make shares of root {fresh.index}: hotline root shares make --root {fresh.index}; destroy those of {number}."
    )
    key_id = fresh.signer().public.key_id.hex()
    settings.output.result(
        {
            "party": card.short,
            "root": fresh.index,
            "key_id": key_id,
            "file": str(path),
            "sets": done,
            "rosters": rosters,
            "next": step,
        },
        [
            f"Root {fresh.index} takes the place of root {number}; {path}, key id {key_id}",
            *_done_lines(done),
            *(f"roster {one['version']} for {one['counterpart']}: {one['state']}" for one in rosters),
            f"Next: {step}",
        ],
    )


@click.group("set")
@common_options
def set_command() -> None:
    """Change which roots there are: a new version of the root set, signed by the one in force and by its own roots.

    \b
    At the node's home:       hotline --home ARC root set new -o set.bin --without 3 --add root-4.pub
    Where each root key is:   hotline root set sign set.bin --roots /media/roots
    At the node's home:       hotline --home ARC root set publish set.bin
                              hotline --home ARC roster renew --roots /media/roots
    """


@set_command.command("show")
@common_options
@click.pass_context
def show(context: click.Context) -> None:
    """Show the roots in force of both sides on every channel, with key ids to compare by voice.

    \b
    Example:
      hotline --home ARC root set show
    """
    from hotline.zulu import zulu_short
    from nodes.governing import agreement_in_force
    from nodes.root_sets import load

    settings = settings_of(context)
    home = settings.node_home()
    found: list[dict[str, Any]] = []
    lines = settings.banner()
    for channel in home.channels():
        agreement = agreement_in_force(channel)
        for short in (home.party, channel.counterpart):
            newest = load(channel, agreement, short).newest
            roots = newest.roots
            listed = [
                {"number": number, "key_id": key.key_id.hex()}
                for number, key in zip(roots.numbers, roots.keys, strict=True)
            ]
            until = newest.valid_until_ms or None
            found.append(
                {
                    "counterpart": channel.counterpart,
                    "party": short,
                    "version": newest.version,
                    "threshold": roots.threshold,
                    "valid_until_ms": until,
                    "roots": listed,
                }
            )
            when = "as the agreement lists them" if until is None else f"meant to be used until {zulu_short(until)}"
            counted = f"{roots.threshold} of {len(roots.keys)} sign"
            lines.append(f"channel with {channel.counterpart}: root set {newest.version} of {short}, {counted}, {when}")
            lines += [f"  root {one['number']}  {one['key_id']}" for one in listed]
    settings.output.result({"party": home.party, "sets": found}, lines or ["There is no channel yet."])


@set_command.command("new")
@click.option("-o", "--out", type=click.Path(), required=True, help="Where the file goes.")
@click.option("--without", type=_NUMBER, multiple=True, metavar="NUMBER", help="Leave this root out; repeat it.")
@click.option("--add", "files", type=click.Path(), multiple=True, help="Public key of a new root; repeat it.")
@click.option("--stolen", is_flag=True, help="What is left out was stolen, not lost: those keys still sign this set.")
@click.option("--threshold", type=click.IntRange(1, 9), help="How many must sign from then on. Default: as before.")
@_YEARS
@common_options
@click.pass_context
def new(
    context: click.Context,
    out: str,
    without: tuple[int, ...],
    files: tuple[str, ...],
    stolen: bool,
    threshold: int | None,
    years: int,
) -> None:
    """Make the next root set of every channel, to be signed. Without changes it is the same roots with a later end.

    Until it is published no roster may be logged, or it has to be made and signed anew.

    \b
    Examples:
      hotline --home ARC root set new -o set.bin --without 3 --add /media/stick/root-4.pub
      hotline --home ARC root set new -o set.bin --years 5
    """
    from hotline.clock import now_ms
    from hotline.errors import Misused
    from hotline.root_keys import read_public
    from hotline.root_sets import make_next
    from nodes.files import read_file, write_file

    settings = settings_of(context)
    home = settings.node_home()
    added = {}
    for name in files:
        party, number, key = read_public(read_file(Path(name), bytes_max=8192))
        if party != home.party or number in added:
            raise Misused("usage", f"{name} is of {party}, or its number was given twice")
        added[number] = key
    file = make_next(
        home, added=added, without=without, threshold=threshold, years=years, now_ms=now_ms(), stolen=stolen
    )
    write_file(Path(out), file.encode(), replace=False)
    _tell(settings, file, out)


@set_command.command("sign")
@click.argument("file", type=click.Path())
@click.option("--roots", "directory", type=click.Path(), required=True, help="Directory with root keys of the party.")
@_ROOTS_PASSPHRASE
@_YES
@common_options
@click.pass_context
def sign(context: click.Context, file: str, directory: str, roots_passphrase_file: str | None, yes: bool) -> None:
    """Sign with every root key of the directory that is in the set in force or in the new one. No home is needed.

    Compare the key ids that are shown with those that the other keepers have. The file is written anew.

    \b
    Example:
      hotline root set sign set.bin --roots /media/root-1
    """
    from hotline.root_keys import open_all
    from hotline.root_sets import FILE_BYTES_MAX, RootSetFile, add_signatures
    from hotline.secret_files import roots_passphrase
    from nodes.files import read_file, write_file

    settings = settings_of(context)
    made = RootSetFile.parse(read_file(Path(file), bytes_max=FILE_BYTES_MAX))
    for line in _lines(made):
        settings.output.note(line)
    rings = open_all(Path(directory), roots_passphrase(settings, made.party, roots_passphrase_file))
    settings.confirm("Sign these root sets?", yes=yes)
    made = add_signatures(made, rings)
    write_file(Path(file), made.encode())
    _tell(settings, made, file, quiet=True)


@set_command.command("publish")
@click.argument("file", type=click.Path())
@common_options
@click.pass_context
def publish_command(context: click.Context, file: str) -> None:
    """Have the node log the new root sets, where enough roots have signed. They count from the next entry.

    The node logs them at once, or at its next start. Then let the new roots sign a roster: hotline roster renew.

    \b
    Example:
      hotline --home ARC root set publish set.bin
    """
    from hotline.root_sets import FILE_BYTES_MAX, RootSetFile, publish
    from nodes.files import read_file

    settings = settings_of(context)
    home = settings.node_home()
    made = RootSetFile.parse(read_file(Path(file), bytes_max=FILE_BYTES_MAX))
    done = publish(home, made)
    step = f"hotline --home {home.path} roster renew --roots DIRECTORY"
    settings.output.result(
        {"party": home.party, "sets": done, "next": step},
        [*_done_lines(done), f"Next: {step}"],
    )


@set_command.command("accept")
@click.argument("file", type=click.Path())
@common_options
@click.pass_context
def accept(context: click.Context, file: str) -> None:
    """Have our node count by the other side's new roots before its log brings them. The node must run.

    For the day on which their node cannot be trusted to send them. The file is theirs, by any route; compare the key
    ids by voice first. The node logs that it holds the set.

    \b
    Example:
      hotline --home BOR root set accept /media/stick/set.bin
    """
    from hotline.root_sets import FILE_BYTES_MAX, RootSetFile, accept_from
    from nodes.files import read_file

    settings = settings_of(context)
    home = settings.node_home()
    made = RootSetFile.parse(read_file(Path(file), bytes_max=FILE_BYTES_MAX))
    for line in _lines(made):
        settings.output.note(line)
    done = accept_from(home, made)
    settings.output.result(
        {"party": made.party, **done}, [f"Root set {done['version']} of {made.party} is held: {done['roots']}"]
    )


def _tell(settings: Settings, file: RootSetFile, path: str, *, quiet: bool = False) -> None:
    from hotline.root_sets import missing

    lacking = missing(file)
    step = f"hotline root set sign {path} --roots DIRECTORY" if lacking else f"hotline root set publish {path}"
    found = [
        {"counterpart": row.counterpart, "version": row.coming.version, "roots": list(row.coming.roots.numbers)}
        for row in file.rows
    ]
    shown = [] if quiet else _lines(file)
    still = [f"  still to sign: {one}" for one in lacking] or ["  signed by enough roots"]
    settings.output.result(
        {"party": file.party, "file": path, "sets": found, "missing": lacking, "next": step},
        [*shown, *still, f"Next: {step}"],
    )


def _lines(file: RootSetFile) -> list[str]:
    """What the sets say, for people who are to sign or accept them."""
    from hotline.root_sets import sets_of
    from hotline.zulu import zulu_short

    lines: list[str] = []
    for row in file.rows:
        coming, (before, roots) = row.coming, sets_of(row)
        counted = f"{roots.threshold} of {len(roots.keys)} sign, before {before.threshold} of {len(before.keys)}"
        until = zulu_short(coming.valid_until_ms)
        where = f"{coming.party} with {row.counterpart}"
        lines.append(f"root set {coming.version} of {where}: {counted}, meant to be used until {until}")
        for number, key in zip(roots.numbers, roots.keys, strict=True):
            lines.append(f"  root {number}  {key.key_id.hex()}{'' if key in before.keys else '  NEW'}")
        for number, key in zip(before.numbers, before.keys, strict=True):
            if key not in roots.keys:
                lines.append(f"  root {number}  {key.key_id.hex()}  LEFT OUT")
    return lines


def _done_lines(done: list[dict[str, object]]) -> list[str]:
    return [f"root set {one['version']} with {one['counterpart']}: {one['state']}" for one in done]
