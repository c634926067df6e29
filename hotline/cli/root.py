"""`hotline root`: what is done with root keys; here their shares on paper, `root shares make|rehearse|restore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotline.cli.root_set import new_key, replace_root, set_command
from hotline.cli.settings import Settings, common_options, settings_of

if TYPE_CHECKING:
    from hotline.root_shares import Given, Page, Wanted
    from nodes.home import NodeHome


@click.group("root")
@common_options
def root_command() -> None:
    """Back the party's root keys up on paper; make, replace and list roots."""


root_command.add_command(new_key)
root_command.add_command(replace_root)
root_command.add_command(set_command)


@root_command.group("shares")
@common_options
def shares() -> None:
    """Shares of a root key on paper (SLIP-39): any k of n together are the key."""


@shares.command("make")
@click.option("--root", "number", type=click.IntRange(1, 99), required=True, help="Number of the root key.")
@click.option("--shares", "of", type=int, default=3, show_default=True, help="How many shares to make, at most 16.")
@click.option("--needed", type=int, default=2, show_default=True, help="How many of them are needed.")
@click.option("-o", "--output", "files", type=click.Path(), multiple=True, help="A file for each share; repeat it.")
@click.option("--with-passphrase", is_flag=True, help="Ask for a passphrase that the shares need besides.")
@click.option("--shares-passphrase-file", type=click.Path(), help="That passphrase in a file.")
@click.option("--roots", "directory", type=click.Path(), help="Directory with the root keys. Default: HOME/roots.")
@click.option("--roots-passphrase-file", type=click.Path(), help="Passphrase of the root keys.")
@common_options
@click.pass_context
def make(
    context: click.Context,
    number: int,
    of: int,
    needed: int,
    files: tuple[str, ...],
    with_passphrase: bool,
    shares_passphrase_file: str | None,
    directory: str | None,
    roots_passphrase_file: str | None,
) -> None:
    """Make shares of a root key: shown one after the other on this terminal and wiped, or written to files.

    Do it on a machine without a network. Nobody can tell who has seen a share, so each goes into an envelope at once.
    A new set does not make an older one worthless: destroy that.

    \b
    Examples:
      hotline --home ARC root shares make --root 1 --roots /media/roots
      hotline --home ARC root shares make --root 1 -o /media/a/share -o /media/b/share -o /media/c/share
    """
    from hotline.clock import now_ms
    from hotline.errors import Misused
    from hotline.root_backups import RootBackup, note_made
    from hotline.root_shares import check_numbers, make_pages
    from hotline.secret_files import passphrase_in, roots_passphrase
    from hotline.share_terminal import show_pages
    from keys.keyring import RootKeyring
    from nodes.key_files import read_keyring

    settings = settings_of(context)
    check_numbers(needed=needed, shares=of, files=len(files))
    if not files and not settings.may_ask:
        raise Misused("shares-not-shown", "there is no terminal to show shares on: name a file for each with -o")
    home = settings.node_home()
    roots = Path(directory) if directory is not None else home.roots
    opened = roots_passphrase(settings, home.party, roots_passphrase_file)
    ring = read_keyring(roots / f"root-{number}.key", RootKeyring, opened)
    passphrase = b""
    if shares_passphrase_file is not None:
        passphrase = passphrase_in(shares_passphrase_file)
    elif with_passphrase:
        passphrase = _ask_passphrase(settings, confirm=True)
    at_ms = now_ms()
    pages = make_pages(ring, needed=needed, shares=of, passphrase=passphrase, now_ms=at_ms)
    if files:
        _write_pages(pages, [Path(one) for one in files])
    else:
        show_pages(pages)
    set_number = pages[0].phrase.set_number
    note_made(home, number, RootBackup(set_number=set_number, needed=needed, of=of, made_at_ms=at_ms))
    key_id = ring.signer().public.key_id.hex()
    step = f"hotline --home {home.path} root shares rehearse"
    settings.output.result(
        {
            "party": ring.party,
            "root": number,
            "key_id": key_id,
            "set": set_number,
            "needed": needed,
            "of": of,
            "files": list(files),
            "next": step,
        },
        [
            f"root key {number} of {ring.party}, key id {key_id}",
            f"set {set_number}: {of} shares, {needed} of them needed" + (", with a passphrase" if passphrase else ""),
            *(f"  share {place}: {path}" for place, path in enumerate(files, start=1)),
            f"Next: try the shares as they lie on paper: {step}",
        ],
    )


@shares.command("rehearse")
@click.argument("files", nargs=-1, type=click.Path())
@click.option("--with-passphrase", is_flag=True, help="The shares have a passphrase; ask for it.")
@click.option("--shares-passphrase-file", type=click.Path(), help="Passphrase of the shares.")
@click.option("--party", metavar="ABC", help="Where there is no home: short name of the party.")
@click.option("--root", "number", type=click.IntRange(1, 99), help="Where there is no home: number of the root.")
@click.option("--key-id", help="Where there is no home: the key id as the party knows it, 64 digits.")
@common_options
@click.pass_context
def rehearse(
    context: click.Context,
    files: tuple[str, ...],
    with_passphrase: bool,
    shares_passphrase_file: str | None,
    party: str | None,
    number: int | None,
    key_id: str | None,
) -> None:
    """Show that shares give a root key of this party back, without writing it anywhere.

    Without files the words are typed. More shares than are needed are all tried. The key counts if it has the id of a
    root on the party's card, party.toml, or the id given.

    \b
    Examples:
      hotline --home ARC root shares rehearse
      hotline --home ARC root shares rehearse /media/a/share /media/c/share
    """
    from hotline.clock import now_ms
    from hotline.root_backups import RootBackup, note_tried
    from hotline.root_shares import restore_ring

    settings = settings_of(context)
    home, wanted = _wanted(settings, party, number, key_id)
    given = _given(settings, files)
    passphrase = _passphrase(settings, given, with_passphrase, shares_passphrase_file)
    ring = restore_ring(given, wanted, passphrase=passphrase)
    phrase = given[0].phrase
    if home is not None:
        tried = RootBackup(set_number=phrase.set_number, needed=phrase.needed, tried_at_ms=now_ms())
        note_tried(home, ring.index, tried)
    found = ring.signer().public.key_id.hex()
    places = [one.phrase.place for one in given]
    settings.output.result(
        {
            "party": ring.party,
            "root": ring.index,
            "key_id": found,
            "set": phrase.set_number,
            "needed": phrase.needed,
            "shares": places,
        },
        [
            f"Set {phrase.set_number}, shares {', '.join(map(str, places))}: root key {ring.index} of {ring.party}.",
            f"  key id {found}",
            "Nothing was written. Put the shares back into new envelopes, each in its own place.",
        ],
    )


@shares.command("restore")
@click.argument("files", nargs=-1, type=click.Path())
@click.option("--with-passphrase", is_flag=True, help="The shares have a passphrase; ask for it.")
@click.option("--shares-passphrase-file", type=click.Path(), help="Passphrase of the shares.")
@click.option("--party", metavar="ABC", help="Where there is no home: short name of the party.")
@click.option("--root", "number", type=click.IntRange(1, 99), help="Where there is no home: number of the root.")
@click.option("--key-id", help="Where there is no home: the key id as the party knows it, 64 digits.")
@click.option("--roots", "directory", type=click.Path(), help="Where the key file is to be. Default: HOME/roots.")
@click.option("--roots-passphrase-file", type=click.Path(), help="Passphrase of the key file.")
@common_options
@click.pass_context
def restore(
    context: click.Context,
    files: tuple[str, ...],
    with_passphrase: bool,
    shares_passphrase_file: str | None,
    party: str | None,
    number: int | None,
    key_id: str | None,
    directory: str | None,
    roots_passphrase_file: str | None,
) -> None:
    """Write a root's key file anew from its shares, sealed with a passphrase. No file is replaced.

    Without files the words are typed.

    \b
    Examples:
      hotline --home ARC root shares restore --roots /media/roots
      hotline root shares restore --party ARC --root 1 --key-id 5f1c... --roots /media/roots a/share b/share
    """
    from hotline.errors import CouldNot, Misused
    from hotline.root_shares import restore_ring
    from hotline.secret_files import roots_passphrase
    from keys.keyring import RootKeyring
    from nodes.files import make_directory
    from nodes.key_files import read_keyring, write_keyring

    settings = settings_of(context)
    home, wanted = _wanted(settings, party, number, key_id)
    if directory is not None:
        roots = Path(directory)
    elif home is not None:
        roots = home.roots
    else:
        raise Misused("usage", "say with --roots where the key file is to be")
    given = _given(settings, files)
    passphrase = _passphrase(settings, given, with_passphrase, shares_passphrase_file)
    ring = restore_ring(given, wanted, passphrase=passphrase)
    path = roots / f"root-{ring.index}.key"
    if path.exists():
        raise CouldNot("file-exists", f"{path}: there is a file already")
    sealed_with = roots_passphrase(settings, ring.party, roots_passphrase_file, confirm=True)
    make_directory(roots)
    write_keyring(path, ring, sealed_with)
    if read_keyring(path, RootKeyring, sealed_with) != ring:
        raise AssertionError("the key file does not hold what was written")
    found = ring.signer().public.key_id.hex()
    step = "Make a new set of shares, try it, and destroy this one, which has been together in one place."
    settings.output.result(
        {"party": ring.party, "root": ring.index, "key_id": found, "file": str(path), "next": step},
        [f"{path} is root key {ring.index} of {ring.party}", f"  key id {found}", f"Next: {step}"],
    )


def _wanted(
    settings: Settings, party: str | None, number: int | None, key_id: str | None
) -> tuple[NodeHome | None, tuple[Wanted, ...]]:
    """The root keys that shares may give: those of the home's card, or the one that is described."""
    import re

    from hotline.errors import Misused
    from hotline.party_file import read_party
    from hotline.root_shares import Wanted, wanted_of
    from nodes.hardening import keep_memory_private
    from nodes.home import SHORT_NAME

    # Shares are keys that nobody sealed.
    keep_memory_private()
    if party is None and number is None and key_id is None:
        home = settings.node_home()
        return home, wanted_of(read_party(home.party_path))
    if party is None or number is None or key_id is None:
        raise Misused("usage", "without a home --party, --root and --key-id are needed together")
    digits = "".join(key_id.split()).lower()
    if SHORT_NAME.fullmatch(party) is None or re.fullmatch(r"[0-9a-f]{64}", digits) is None:
        raise Misused("usage", "a short name has 2 to 4 capital letters and a key id 64 hexadecimal digits")
    return None, (Wanted(party=party, root=number, key_id=bytes.fromhex(digits)),)


def _given(settings: Settings, files: tuple[str, ...]) -> list[Given]:
    """The shares in the files, or those that are typed."""
    from hotline.errors import Misused, Refused
    from hotline.root_shares import PAGE_BYTES_MAX, read_page
    from hotline.share_terminal import ask_shares
    from nodes.files import read_file

    if not files:
        if not settings.may_ask:
            raise Misused("shares-too-few", "there is no terminal to type shares at: name their files")
        return ask_shares()
    found = []
    for file in files:
        try:
            found.append(read_page(read_file(Path(file), bytes_max=PAGE_BYTES_MAX)))
        except Refused as error:
            raise Refused(error.code, f"{file}: {error.text}") from None
    return found


def _passphrase(settings: Settings, given: list[Given], wanted: bool, file: str | None) -> bytes:
    """The passphrase of the shares, where they have one."""
    from hotline.secret_files import passphrase_in

    if file is not None:
        return passphrase_in(file)
    if wanted or any(one.asks_passphrase for one in given):
        return _ask_passphrase(settings, confirm=False)
    return b""


def _ask_passphrase(settings: Settings, *, confirm: bool) -> bytes:
    """Ask for the passphrase of shares, which is never that of a key file."""
    from hotline.errors import Misused

    if not settings.may_ask:
        raise Misused("passphrase-needed", "the shares have a passphrase: give --shares-passphrase-file")
    entered: str = click.prompt("Passphrase of the shares", hide_input=True, err=True, confirmation_prompt=confirm)
    return entered.encode("utf-8")


def _write_pages(pages: tuple[Page, ...], paths: list[Path]) -> None:
    """Write each share to its file, for its owner only; all of them, or none where one cannot be written."""
    from nodes.files import write_file

    written: list[Path] = []
    try:
        for page, path in zip(pages, paths, strict=True):
            write_file(path, page.render().encode("ascii"), replace=False)
            written.append(path)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
