"""`hotline contacts`: whom to call by voice, for when the line is down."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotline.cli.settings import Settings, common_options, settings_of
from hotline.errors import CouldNot, Misused

if TYPE_CHECKING:
    from hotline.contacts import Contacts


@click.command("contacts")
@click.argument("counterpart", required=False, metavar="[ABC]")
@click.option("--card", is_flag=True, help="A card to print, of 80 columns: whom to call, and what to do.")
@click.option("--html", "page_file", type=click.Path(path_type=Path), help="Write the card as one page of HTML.")
@click.option("--force", is_flag=True, help="Write over a card that is there.")
@common_options
@click.pass_context
def contacts_command(
    context: click.Context, counterpart: str | None, card: bool, page_file: Path | None, force: bool
) -> None:
    """Show the desks of the counterpart and our own: voice numbers, hours, languages, from the agreement.

    It needs neither the node nor a passphrase. Print the card now: when it is needed, this machine may not be there.
    Its labels are in the language of --lang; what to do is in English.

    \b
    Examples:
      hotline --home ARC contacts
      hotline --home ARC contacts BOR --card | lp
      hotline --home ARC contacts BOR --card --lang fr
      hotline --home ARC contacts BOR --html card.html
      hotline --home ARC contacts BOR --html card.html --force
    """
    from hotline import contacts as shown
    from hotline.clock import now_ms
    from nodes.files import write_file

    settings = settings_of(context)
    found = _contacts(settings)
    if counterpart is not None:
        found = [one for one in found if one.counterpart.short == counterpart]
        if not found:
            raise Misused("channel-unknown", f"there is no channel with {counterpart[:8]!r}")
    if not found:
        raise CouldNot("channel-unknown", "there is no channel yet; next: hotline pair")
    words, at_ms = settings.output.words, now_ms()
    if page_file is not None:
        if len(found) > 1:
            raise Misused("channel-not-chosen", "say whose card is to be written")
        write_file(page_file, shown.page(found[0], now_ms=at_ms, words=words).encode(), mode=0o644, replace=force)
        settings.output.result({"card": str(page_file)}, [f"The card is in {page_file}."])
        return
    lines: list[str] = []
    for one in found:
        show = shown.card if card else shown.lines_of
        lines += [*([""] if lines else []), *show(one, now_ms=at_ms, words=words)]
    settings.output.result({"contacts": [one.as_dict() for one in found]}, lines)


def _contacts(settings: Settings) -> list[Contacts]:
    """What the home knows without a node: the agreement in force in a node's home, the pinned one in an officer's."""
    from hotline.contacts import Contacts
    from nodes.governing import reign_in_force
    from nodes.home import NodeHome
    from protocol.agreement import Agreement
    from protocol.governance import sunset_ms

    home = settings.any_home()
    found = []
    if isinstance(home, NodeHome):
        for channel in home.channels():
            reign = reign_in_force(channel)
            agreement = reign.agreement
            amended = agreement.founding is not None
            source = "in force as far as this node has judged"
            found.append(
                Contacts(
                    own=home.party,
                    agreement=agreement,
                    amended=amended,
                    source=source,
                    ends_ms=reign.ends_of(home.party),
                )
            )
        return found
    for text in home.pins().values():
        source = "as pinned at pairing; amendments since then are in the node's home"
        agreement = Agreement.parse(text)
        ends_ms = sunset_ms(agreement.sunset_date)
        found.append(Contacts(own=home.party, agreement=agreement, amended=False, source=source, ends_ms=ends_ms))
    return found
