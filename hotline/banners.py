"""What stands on every screen of a line while it holds: nothing is meant, past its time, suspended, an exercise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hotline.printable import printable
from hotline.showing import DEMONSTRATION
from hotline.zulu import zulu_short
from protocol.agreement import Agreement

if TYPE_CHECKING:
    from hotline.desk import Channel

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
    return tuple(f"*** {printable(text)} ***" for text in _texts(agreement, ends_ms, now_ms, suspended, exercising))


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


def ended(ends_ms: int | None, now_ms: int) -> list[str]:
    """The banner of an agreement that has ended; nothing before that time, or where it has no end.

    Args:
        ends_ms: from when on only what always passes is carried, UTC milliseconds; None for never.
        now_ms: UTC milliseconds.
    """
    return [f"*** {text} ***" for text in _end(ends_ms, now_ms)]


def _end(ends_ms: int | None, now_ms: int) -> Iterator[str]:
    if ends_ms is not None and now_ms >= ends_ms:
        yield f"PAST SUNSET since {zulu_short(ends_ms)}: only flashes and what always passes go through"


def _texts(
    agreement: Agreement, ends_ms: int | None, now_ms: int, suspended: Sequence[View], exercising: Sequence[View]
) -> Iterator[str]:
    if agreement.demonstration:
        yield DEMONSTRATION.strip("* ")
    yield from _end(ends_ms, now_ms)
    for view in suspended:
        yield f"{_status(view)}SUSPENDED{_until(view)} by {view['serial']}: clocks stand still, flashes pass"
    for view in exercising:
        yield f"EXERCISE{_until(view)}: {view['serial']}"
    # What has ended does not go on, and nothing is left to review.
    over = ends_ms is not None and now_ms >= ends_ms
    if not over and agreement.review_date < datetime.fromtimestamp(now_ms / 1000, tz=UTC).date():
        yield f"past review: the agreement was to be reviewed by {agreement.review_date.isoformat()}; it goes on"


def _status(view: View) -> str:
    return "" if view["status"] == "actual" else f"{view['status']}: ".upper()


def _until(view: View) -> str:
    return "" if view["until_ms"] is None else f" until {zulu_short(view['until_ms'])}"
