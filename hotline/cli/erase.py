"""`hotline erase`: destroy the contents whose retention has ended, and say so in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hotline.cli.session import open_desk
from hotline.cli.settings import common_options, settings_of
from hotline.errors import CouldNot, Misused

if TYPE_CHECKING:
    from hotline.desk import Desk
    from hotline.output import Output

AT_ONCE = 25
"""Bodies destroyed with one request; after each the person is told how far it is."""

TIMEOUT_S = 120.0


@click.command("erase")
@click.argument("serials", nargs=-1, metavar="[SERIAL]...")
@click.option("--due", "everything", is_flag=True, help="Destroy everything that is due.")
@click.option("--with", "counterpart", metavar="ABC", help="The other party; needed with several channels.")
@click.option("--yes", is_flag=True, help="Destroy without being asked.")
@common_options
@click.pass_context
def erase_command(
    context: click.Context, serials: tuple[str, ...], everything: bool, counterpart: str | None, yes: bool
) -> int:
    """Destroy contents whose retention has ended. Without --due and serials: list them, and destroy nothing.

    The agreement says for how long both sides keep the contents of each kind. Then each destroys its own, sealed as
    they are, with the secret that opens them, and its log says so. Entries, receipts and proofs stay and go on
    verifying. What both destroyed nobody has back; backups and packs that were made before still have it. It takes a
    release, senior, legal or admin officer.

    \b
    Examples:
      hotline --home ARC erase
      hotline --home ARC erase --due
      hotline --home ARC erase 'ARC 3' 'BOR 7' --yes
    """
    from hotline.banners import banner

    if everything and serials:
        raise Misused("usage", "give --due or serials, and not both")
    settings = settings_of(context)
    output = settings.output
    with open_desk(settings) as (desk, _):
        channel = desk.channel(counterpart)
        found: dict[str, Any] = desk.request("erasable", timeout_s=TIMEOUT_S, counterpart=channel.counterpart)
        lines = banner(channel)
        if not everything and not serials:
            lines += _listed(found)
            output.result({"counterpart": channel.counterpart, "erased": 0, **found}, lines)
            return 0
        places = [_place(one, (channel.own, channel.counterpart)) for one in serials]
        count = len(places) if serials else found["count"]
        if count:
            settings.confirm(f"Destroy the contents of {count} statements at this node for good?", yes=yes)
        done, left = _erase(desk, channel.counterpart, places, count, output)
    if left:
        text = f"{done} are destroyed and the log says so; not all of it is gone from the disk: {'; '.join(left)}"
        raise CouldNot("erasure-not-whole", text)
    lines.append(f"The contents of {done} statements are destroyed here, and the log says so.")
    output.result({"counterpart": channel.counterpart, "erased": done}, lines)
    return 0


def _listed(found: dict[str, Any]) -> list[str]:
    from hotline.zulu import zulu_short

    if not found["retention"]:
        return ["The agreement says nothing of retention: everything is kept."]
    lines = []
    for one in found["bodies"]:
        by = f"; the other side destroyed its own, {one['by']}" if one["by"] else ""
        lines.append(f"{one['voice']} {one['index']}  {one['kind']}, kept until {zulu_short(one['due_ms'])}{by}")
    if found["count"] > len(found["bodies"]):
        lines.append(f"and {found['count'] - len(found['bodies'])} more")
    return lines or ["Nothing is due to be destroyed."]


def _erase(desk: Desk, counterpart: str, places: list[list[Any]], count: int, output: Output) -> tuple[int, list[str]]:
    """Destroy what was named, or as much of what is due: how many, and what is in the way of leaving nothing."""
    done, left, named = 0, set[str](), bool(places)
    while True:
        if not named and done < count:
            found = desk.request("erasable", timeout_s=TIMEOUT_S, counterpart=counterpart)
            places = [[one["voice"], one["index"]] for one in found["bodies"]][: count - done]
        part, places = places[:AT_ONCE], places[AT_ONCE:]
        told = desk.request("erase", timeout_s=TIMEOUT_S, counterpart=counterpart, places=part)
        # What stood in the way after one part may be through after the next, which leaves nothing of either.
        left = set(told["left"])
        done += len(part)
        if not part or done >= count:
            return done, sorted(left)
        output.note(f"{done} of {count}")


def _place(serial: str, parties: tuple[str, str]) -> list[Any]:
    from hotline.reference import parse_reference

    found = parse_reference(serial, party=parties[0])
    if found.voice not in parties or found.branch:
        raise Misused("usage", f"{serial} is no entry of this channel")
    return [found.voice, found.index]
