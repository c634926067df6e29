"""`hotline evidence commit`, `release`, `verify`, `hand`, `take` and `chain`: pieces of evidence and who holds them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.send import run_send, sending_options
from hotline.cli.session import open_desk
from hotline.cli.settings import common_options, settings_of
from hotline.errors import Misused, Refused
from hotline.printable import printable

if TYPE_CHECKING:
    from hotline.cli.settings import Settings
    from hotline.desk import Officer
    from protocol.exhibit import Exhibit

REFUTED = 1


@click.command("commit")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option("--title", required=True, help="What it is about. The other side reads it.")
@click.option("--type", "type_", default="other", show_default=True, help="What it is, such as log or disk-image.")
@click.option("--method", default="none", show_default=True, help="How it was taken, such as iso-27037.")
@click.option("--time-source", default="local-clock", show_default=True, help="Where its times come from.")
@click.option("--collector", help="Collected by: an office.")
@click.option("--about", metavar="'ARC 3'", help="The statement that it belongs to.")
@sending_options
@common_options
@click.pass_context
def commit_command(
    context: click.Context,
    /,
    files: tuple[str, ...],
    title: str,
    type_: str,
    method: str,
    time_source: str,
    collector: str | None,
    about: str | None,
    **options: Any,
) -> int:
    """Commit your side to files without showing them: to their salted hashes.

    Beside each file FILE.exhibit is written, with the salt: keep both. Whoever has it and the file can show that this
    file was committed to; whoever has the hash alone cannot guess what it is of.

    \b
    Example:
      hotline --home ARC evidence commit capture.pcap --title "Traffic of 12 May" --type network-capture
    """
    from hotline.exhibits import commit_file

    rows = [
        {
            "type": type_,
            "hash": commit_file(Path(one)).hash.hex(),
            "method": method,
            "time_source": time_source,
            "taken": None,
            "remark": None,
        }
        for one in files
    ]
    preset: dict[str, Any] = {"title": title, "evidence_items": rows}
    preset |= {} if collector is None else {"collector": collector}
    return run_send(settings_of(context), "evidence-commit", reply_to=about, preset=preset, **options)


@click.command("release")
@click.argument("serial")
@click.argument("item_file", metavar="FILE", type=click.Path())
@click.option("--extract", help="Give this text instead of the whole item.")
@click.option("--removed", help="With --extract: what was left out, and why.")
@sending_options
@common_options
@click.pass_context
def release_command(
    context: click.Context, /, serial: str, item_file: str, extract: str | None, removed: str | None, **options: Any
) -> int:
    """Open a commitment of yours: give the salt with which FILE has the hash that SERIAL committed to.

    The file itself goes by another way; whoever has it checks it with `evidence verify`. FILE.exhibit stands beside it.
    With --extract the salt stays secret and a text is given.

    \b
    Example:
      hotline --home ARC evidence release 'ARC 8' capture.pcap
    """
    from hotline.exhibits import check_file, kept_beside, read_exhibit

    if (extract is None) != (removed is None):
        raise Misused("usage", "--extract and --removed go together")
    settings = settings_of(context)
    exhibit = read_exhibit(kept_beside(Path(item_file)))
    check_file(Path(item_file), exhibit)
    officers = _check_named(settings, serial, exhibit.hash.hex())
    preset: dict[str, Any] = {"item_hash": exhibit.hash.hex(), "whole": extract is None}
    preset |= {"salt": exhibit.salt.hex()} if extract is None else {"extract": extract, "removed": removed}
    return run_send(settings, "evidence-release", reply_to=serial, preset=preset, officers=officers, **options)


@click.command("verify")
@click.argument("item_file", metavar="FILE", type=click.Path())
@click.argument("serial", required=False)
@click.option("--hash", "hash_", help="The hash that was committed to, where you have no node.")
@click.option("--salt", help="With --hash: the salt that was released.")
@common_options
@click.pass_context
def verify_command(
    context: click.Context, item_file: str, serial: str | None, hash_: str | None, salt: str | None
) -> int:
    """Verify that FILE is the item of a release, or of a commitment whose FILE.exhibit you have.

    With the serial of a release its hash and salt come from your node, which holds them against the signed header;
    with that of a commitment, or none, from FILE.exhibit; with --hash and --salt from you, as a pack or a page shows
    them. Exit 0 verified, 1 refuted.

    \b
    Examples:
      hotline --home BOR evidence verify capture.pcap 'ARC 9'
      hotline evidence verify capture.pcap --hash 5d41...a1 --salt 77fe...02
    """
    from hotline.exhibits import hash_file, kept_beside, read_exhibit
    from protocol.exhibit import salt_of, same

    if (hash_ is None) != (salt is None) or (hash_ is not None and serial is not None):
        raise Misused("usage", "give a serial, or --hash and --salt together, or nothing where FILE.exhibit is there")
    settings = settings_of(context)
    path = Path(item_file)
    named = [] if hash_ is None else [hash_]
    if serial is not None:
        _, named, salt = _said(settings, serial)
    if salt is None:
        exhibit = read_exhibit(kept_beside(path))
        salt, named = exhibit.salt.hex(), named if serial is not None else [exhibit.hash.hex()]
    key, wanted = salt_of(salt), [bytes.fromhex(one) for one in named if salt_of(one) is not None]
    if key is None or not wanted:
        raise Refused("exhibit-malformed", "a salt and a hash have 64 lower-case hexadecimal digits each")
    found, length = hash_file(path, key)
    verified = any(same(found, one) for one in wanted)
    verdict = "verified" if verified else "refuted"
    lines = [
        settings.output.paint(verdict, "bold", "green" if verified else "red"),
        f"  file       {printable(item_file)}, {length} bytes",
        f"  hash       {found.hex()}",
    ]
    lines += [] if verified else [f"  committed  {', '.join(one.hex() for one in wanted)}"]
    settings.output.result({"verdict": verdict, "hash": found.hex(), "bytes": length, "serial": serial}, lines)
    return 0 if verified else REFUTED


@click.command("hand")
@click.argument("serial")
@click.option("--item", required=True, metavar="HASH", help="Hash of the item, as it was committed to.")
@click.option("--from", "from_whom", required=True, help="Who hands it over: an office.")
@click.option("--to-office", "to_whom", required=True, help="Who is to have it: an office of the other side.")
@click.option("--purpose", required=True, help="Why, such as analysis or safekeeping.")
@click.option("--seal", required=True, help="Number or mark of the seal.")
@click.option("--when", required=True, help="When it was handed over.")
@sending_options
@common_options
@click.pass_context
def hand_command(
    context: click.Context,
    /,
    serial: str,
    item: str,
    from_whom: str,
    to_whom: str,
    purpose: str,
    seal: str,
    when: str,
    **options: Any,
) -> int:
    """Hand an item over to the other side: one half of a pair, whose other half is their `evidence take`.

    SERIAL is the commitment, a release, or the acceptance with which the item came to you.

    \b
    Example:
      hotline --home ARC evidence hand 'ARC 8' --item 5d41...a1 --from "Cyber lab" --to-office "Forensic desk" \\
          --purpose analysis --seal "No. 4411" --when 2026-12-01T09:00Z
    """
    settings = settings_of(context)
    officers = _check_named(settings, serial, item)
    preset = {"item_hash": item, "from_whom": from_whom, "to_whom": to_whom, "purpose": purpose, "seal": seal}
    options["values"] = (*options.get("values", ()), f"handed={when}")
    return run_send(settings, "custody-transfer", reply_to=serial, preset=preset, officers=officers, **options)


@click.command("take")
@click.argument("serial")
@click.argument("item_file", metavar="[FILE]", required=False, type=click.Path())
@click.option("--item", metavar="HASH", help="Without FILE: the hash as you computed it yourself.")
@click.option("--seal-whole/--seal-broken", required=True, help="Whether the seal was whole.")
@click.option("--when", required=True, help="When it was received.")
@click.option("--note", help="A note; a broken seal needs one.")
@sending_options
@common_options
@click.pass_context
def take_command(
    context: click.Context,
    /,
    serial: str,
    item_file: str | None,
    item: str | None,
    seal_whole: bool,
    when: str,
    note: str | None,
    **options: Any,
) -> int:
    """Accept custody of an item that the other side handed over: the countersignature of its hand-over.

    FILE is hashed again with the salt in FILE.exhibit, which comes with it; what does not have the hash that was
    handed over is not accepted.

    \b
    Example:
      hotline --home BOR evidence take 'ARC 10' capture.pcap --seal-whole --when 2026-12-01T15:00Z
    """
    from hotline.exhibits import check_file, kept_beside, read_exhibit

    if (item_file is None) == (item is None):
        raise Misused("usage", "give the file, or the hash that you computed with --item")
    settings = settings_of(context)
    if item_file is not None:
        exhibit: Exhibit = read_exhibit(kept_beside(Path(item_file)))
        check_file(Path(item_file), exhibit)
        item = exhibit.hash.hex()
    officers = _check_named(settings, serial, str(item))
    preset: dict[str, Any] = {"item_hash": item, "seal_whole": seal_whole}
    preset |= {} if note is None else {"note": note}
    options["values"] = (*options.get("values", ()), f"received={when}")
    return run_send(settings, "custody-accept", reply_to=serial, preset=preset, officers=officers, **options)


@click.command("chain")
@click.argument("serial")
@common_options
@click.pass_context
def chain_command(context: click.Context, serial: str) -> int:
    """Show who handed which item to whom, each with its countersignature, in the thread of a statement.

    Exit 0 where every hand-over was accepted with the same hash, 1 where one was not.

    \b
    Example:
      hotline --home ARC evidence chain 'ARC 8'
    """
    from hotline.exhibits import links
    from hotline.reference import Reference
    from hotline.sending import fetch
    from hotline.zulu import zulu_short

    settings = settings_of(context)
    with open_desk(settings) as (desk, _):
        spoken = fetch(desk, serial)
        channel = desk.channel(spoken.counterpart or None)
        views = desk.request("thread", counterpart=channel.counterpart, id=spoken.thread)
        said = []
        for view in views:
            if view["kind"] in {"custody-transfer", "custody-accept"} and view["effective"]:
                entry = desk.entry(Reference(channel.counterpart, view["voice"], view["index"]))
                said.append((view, desk.contents(entry) or {}))
    found = list(links(said))
    lines = []
    for one in found:
        lines.append(f"{one.transfer:<9}  {zulu_short(one.logged_at_ms)}  {one.item[:16]}")
        lines.append(f"  from {printable(one.from_whom)} to {printable(one.to_whom)}")
        if one.accept is None:
            lines.append(settings.output.paint("  not accepted", "yellow"))
        else:
            seal = "seal whole" if one.seal_whole else "seal broken"
            lines.append(f"  accepted with {one.accept}, {seal}" + ("" if one.same else "; ANOTHER HASH"))
    settings.output.result(
        {"thread": spoken.thread.hex(), "links": [one.as_dict() for one in found]},
        lines or ["Nothing was handed over in this thread."],
    )
    return 0 if all(one.same for one in found) else REFUTED


def _said(settings: Settings, serial: str) -> tuple[list[Officer], list[str], str | None]:
    """What a statement says of items: who asked, the hashes, and the salt where it releases one."""
    from hotline.exhibits import committed
    from hotline.sending import fetch

    with open_desk(settings) as (desk, officers):
        contents = desk.contents(fetch(desk, serial))
    salt = (contents or {}).get("salt")
    return officers, committed(contents), salt if isinstance(salt, str) else None


def _check_named(settings: Settings, serial: str, item: str) -> list[Officer]:
    """Check that a statement is about an item.

    Raises:
        Refused: `exhibit-differs`.
    """
    officers, named, _ = _said(settings, serial)
    if item not in named:
        text = f"{serial} is about {', '.join(named) or 'no item'}, and not about {printable(item[:64])}"
        raise Refused("exhibit-differs", text)
    return officers


COMMANDS = (commit_command, release_command, verify_command, hand_command, take_command, chain_command)
