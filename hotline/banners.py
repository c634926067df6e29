"""What stands on every screen of a line while it holds: nothing is meant, past its time, suspended, an exercise.

Every screen takes them from here. What is known of a line comes from the node that was asked (`banner`, `of_details`)
or from the home as it lies there (`at_home`), which knows no suspension and no exercise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from hotline.errors import HotlineError
from hotline.printable import printable
from hotline.showing import DEMONSTRATION
from hotline.zulu import zulu_short
from nodes.errors import NodeError
from nodes.home import NodeHome, OfficerHome
from protocol.agreement import DEMONSTRATION as MEANT_FOR_SHOW
from protocol.agreement import Agreement
from protocol.errors import ProtocolError
from protocol.governance import review_due, sunset_ms

if TYPE_CHECKING:
    from hotline.desk import Channel, Desk
    from nodes.home import ChannelHome

View = Mapping[str, Any]


def banners(
    agreement: Agreement,
    *,
    ends_ms: int | None,
    now_ms: int,
    suspended: Sequence[View] = (),
    exercising: Sequence[View] = (),
) -> tuple[str, ...]:
    """The banners of a line, the gravest first.

    Args:
        agreement: in force.
        ends_ms: its sunset, or the end of a withdrawal's notice, UTC milliseconds; None for neither.
        now_ms: UTC milliseconds.
        suspended, exercising: the suspensions and exercises in force, as the node lists them.
    """
    details = {
        "purpose": agreement.purpose,
        "ends_ms": ends_ms,
        "review_due": review_due(agreement, now_ms),
        "suspended": suspended,
        "exercising": exercising,
    }
    return of_details(details, now_ms=now_ms)


def of_details(details: View, *, now_ms: int) -> tuple[str, ...]:
    """The banners of a line by what a node says of it in its status.

    Args:
        details: `purpose`, `ends_ms`, `review_due`, `suspended`, `exercising`; each may be missing.
        now_ms: UTC milliseconds.
    """
    return tuple(f"*** {printable(text)} ***" for text in _texts(details, now_ms))


def banner(channel: Channel) -> list[str]:
    """The banners of a channel as an officer's program has it."""
    return list(
        banners(
            channel.agreement,
            ends_ms=channel.ends_ms,
            now_ms=channel.now_ms,
            suspended=channel.suspended,
            exercising=channel.exercising,
        )
    )


def at_desk(desk: Desk, counterparts: Sequence[str]) -> list[str]:
    """The banners of several lines; one that cannot be verified says so, and keeps nobody from the screen."""
    return merged({name: _or_why(partial(_at_desk, desk, name)) for name in counterparts})


def at_home(home: NodeHome | OfficerHome, *, now_ms: int, only: str | None = None) -> list[str]:
    """The banners of a home's lines as far as the home knows by itself: no node is asked and no key opened.

    Args:
        home: a node's, which has what is in force; or an officer's, which has what was pinned.
        now_ms: UTC milliseconds.
        only: the counterpart that a screen is about; None for all.
    """
    found: dict[str, Sequence[str]] = {}
    if isinstance(home, NodeHome):
        for channel in home.channels():
            found[channel.counterpart] = _or_why(partial(_in_force, home.party, channel, now_ms))
    else:
        for name, text in home.pins().items():
            found[name] = _or_why(partial(_pinned, text, now_ms))
    return merged(found if only is None else {only: found.get(only, ())})


def merged(found: Mapping[str, Sequence[str]]) -> list[str]:
    """The banners of several lines, each once, with whom it concerns where not all have it.

    Args:
        found: banners by counterpart.
    """
    named: dict[str, list[str]] = {}
    for name, texts in found.items():
        for text in texts:
            named.setdefault(text, []).append(name)
    return [
        printable(text if len(names) == len(found) else f"{', '.join(names)}: {text}") for text, names in named.items()
    ]


def _or_why(read: Callable[[], Sequence[str]]) -> Sequence[str]:
    """The banners of a line, or why there are none."""
    try:
        return read()
    except (HotlineError, NodeError, ProtocolError) as error:
        return [printable(f"*** {error} ***")]


def _at_desk(desk: Desk, name: str) -> Sequence[str]:
    return banner(desk.channel(name))


def _in_force(party: str, channel: ChannelHome, now_ms: int) -> Sequence[str]:
    from nodes.governing import reign_in_force

    reign = reign_in_force(channel)
    return banners(reign.agreement, ends_ms=reign.ends_of(party), now_ms=now_ms)


def _pinned(text: bytes, now_ms: int) -> Sequence[str]:
    agreement = Agreement.parse(text)
    return banners(agreement, ends_ms=sunset_ms(agreement.sunset_date), now_ms=now_ms)


def _texts(details: View, now_ms: int) -> Iterator[str]:
    if details.get("purpose") == MEANT_FOR_SHOW:
        yield DEMONSTRATION.strip("* ")
    ends_ms: int | None = details.get("ends_ms")
    over = ends_ms is not None and now_ms >= ends_ms
    if ends_ms is not None and over:
        yield f"PAST SUNSET since {zulu_short(ends_ms)}: only flashes and what always passes go through"
    for view in details.get("suspended", ()):
        yield f"{_status(view)}SUSPENDED{_until(view)} by {view['serial']}: clocks stand still, flashes pass"
    for view in details.get("exercising", ()):
        yield f"EXERCISE{_until(view)}: {view['serial']}"
    # What has ended does not go on, and nothing is left to review.
    if not over and details.get("review_due"):
        yield f"past review: the agreement was to be reviewed by {details['review_due']}; it goes on"


def _status(view: View) -> str:
    return "" if view["status"] == "actual" else f"{view['status']}: ".upper()


def _until(view: View) -> str:
    return "" if view["until_ms"] is None else f" until {zulu_short(view['until_ms'])}"
