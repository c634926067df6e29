"""`hotline pack`: both voices of a channel in one file for auditors, with the fields that are open to an audience."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.disclosure import AUDIENCES
from hotline.cli.session import open_desk
from hotline.cli.settings import Settings, common_options, settings_of
from hotline.errors import Misused

if TYPE_CHECKING:
    from hotline.desk import Desk
    from nodes.pack import Disclose

PAGE_TIMEOUT_S = 600.0
"""A docket of the past is folded anew for a page; a million entries take about a minute."""


JUDGED_S = 30.0
"""How long what was cosigned may take to be judged."""

AGAIN_S = 0.1


@click.command("pack")
@click.argument("out", metavar="OUT.hotline", type=click.Path())
@click.option("--with", "counterpart", metavar="ABC", help="The other party; needed with several channels.")
@click.option("--to", "audience", type=click.Choice(AUDIENCES), help="Also open every field that is open to them.")
@click.option("--thread", metavar="'ARC 3'", help="With --to: only fields of this thread.")
@common_options
@click.pass_context
def pack_command(
    context: click.Context, out: str, counterpart: str | None, audience: str | None, thread: str | None
) -> None:
    """Write both voices of a channel, as far as each was cosigned, into one file for auditors.

    Without --to it holds headers and proofs and no contents, needs no passphrase, and works with the node running or
    stopped. With --to it also has the values of the fields that the agreement's rules open to that audience now, and of
    no other: an officer who reads contents asks the running node, whose journal has it first. Any tool for ZIP opens
    it; `hotline verify OUT.hotline --policy FILE` verifies it, with what was opened, anywhere; `hotline audit` does the
    same and writes a page.

    \b
    Examples:
      hotline --home ARC pack line.hotline
      hotline --home ARC pack bor.hotline --with BOR
      hotline --home ARC pack public.hotline --to public --thread 'ARC 3'
    """
    from hotline.channels import channel_of
    from hotline.clock import now_ms
    from hotline.journalling import note_down
    from nodes.pack import pack
    from nodes.past import open_past
    from nodes.stopped import open_store, read_agreement

    if thread is not None and audience is None:
        raise Misused("usage", "--thread chooses fields to be opened: say to whom with --to")
    settings = settings_of(context)
    home = settings.node_home()
    channel = channel_of(home, counterpart)
    agreement = read_agreement(channel)
    past = open_past(channel, agreement, own=home.party)
    at_ms = now_ms()
    lacking: list[str] = []
    unlogged: list[str] = []
    try:
        with (
            _disclosing(settings, channel.counterpart, audience, thread, lacking, unlogged) as disclose,
            open_store(home, channel) as store,
        ):
            packed = pack(store, Path(out), agreement=agreement, past=past, at_ms=at_ms, disclose=disclose)
    finally:
        past.close()
    for voice, size in packed.sizes.items():
        note_down(settings, home, "log-exported", counterpart=channel.counterpart, voice=voice, size=size, at_ms=at_ms)
    lines = [f"{out}: {', '.join(f'{size} entries of {voice}' for voice, size in packed.sizes.items())}"]
    if audience is not None:
        lines.append(f"opened to {audience}: fields of {packed.statements} statements")
    if lacking:
        lines.append(f"does not open here any more: {', '.join(lacking)}")
    if unlogged:
        lines.append(f"kept back, for no opening of it is logged (hotline disclose open): {', '.join(unlogged)}")
    settings.output.result(
        {
            "out": out,
            "counterpart": channel.counterpart,
            "sizes": packed.sizes,
            "files": packed.files,
            "bytes": packed.bytes,
            "audience": audience,
            "statements": packed.statements,
            "lacking": lacking,
            "unlogged": unlogged,
        },
        [*lines, f"next: hotline verify {out} --policy FILE, with a policy that does not come from here"],
    )


@contextmanager
def _disclosing(
    settings: Settings,
    counterpart: str,
    audience: str | None,
    thread: str | None,
    lacking: list[str],
    unlogged: list[str],
) -> Iterator[Disclose | None]:
    """Give what asks the node for opened fields, a page at a time; None where nothing is opened."""
    from hotline.sending import fetch
    from nodes.pack import Disclosed

    if audience is None:
        yield None
        return
    with open_desk(settings) as (desk, _):
        channel = desk.channel(counterpart)
        opener = None if thread is None else fetch(desk, thread).thread
        at_ms = channel.now_ms

        def disclose(sizes: dict[str, int]) -> Disclosed:
            fields: dict[tuple[str, int], bytes] = {}
            asked: dict[str, Any] = {"audience": audience, "at_ms": at_ms, "counterpart": channel.counterpart}
            asked["sizes"] = [sizes[channel.own], sizes[channel.counterpart]]
            if opener is not None:
                asked["thread"] = opener
            where: list[int] | None = None
            while True:
                page = _page(desk, {"where": where, **asked})
                fields |= {(one["voice"], one["index"]): one["fields"] for one in page["statements"]}
                lacking.extend(page["lacking"])
                unlogged.extend(page["unlogged"])
                where = page["next"]
                if where is None:
                    return Disclosed(audience=audience, thread=opener, at_ms=at_ms, fields=fields)

        yield disclose


def _page(desk: Desk, asked: dict[str, Any]) -> dict[str, Any]:
    """One page of opened fields. What was cosigned a moment ago may be judged only a moment later."""
    from nodes.errors import ApiRefused

    until_s = monotonic() + JUDGED_S
    while True:
        try:
            found: dict[str, Any] = desk.request("disclosed", timeout_s=PAGE_TIMEOUT_S, **asked)["found"]
        except ApiRefused as error:
            if error.code != "not-judged-so-far" or monotonic() >= until_s:
                raise
            sleep(AGAIN_S)
            continue
        return found
