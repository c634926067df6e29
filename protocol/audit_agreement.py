"""What an audit says of the end of an agreement: who withdrew from it, when, until when each is bound, what ended so.

Source: spec/audit.md, "Steps", 5; spec/agreement.md, "Amendments".
"""

from collections.abc import Callable, Mapping

from protocol.audit_time import zulu
from protocol.finding import Report
from protocol.governance import Governance, Reign
from protocol.verdict import voice_of


def tell_withdrawals(
    governance: Governance,
    *,
    serial: Callable[[int], str],
    logged_ms: Callable[[int], int],
    after: Mapping[int, int],
    report: Report,
) -> None:
    """Add each withdrawal that took effect: a finding that refutes and accuses nothing, and a line of what was checked.

    Args:
        governance: of the channel, with both logs heeded.
        serial: names a location for people.
        logged_ms: when the entry at a location was logged, by its own node.
        after: by the number of a reign, how many entries have no effect because it had ended.
        report: where it goes.
    """
    reigns = governance.reigns
    for number, reign in enumerate(reigns):
        if reign.withdrawn_by is None:
            continue
        later = reigns[number + 1] if number + 1 < len(reigns) else None
        who, place = reign.agreement.shorts[voice_of(reign.withdrawal)], serial(reign.withdrawal)
        parts = [f"{who} withdrew at {zulu(logged_ms(reign.withdrawal))}", *_bound(reign)]
        if later is not None:
            parts.append(f"taken back by the amendment that was accepted at {serial(later.accepted)}")
        else:
            parts.append("from then on only flashes and what always passes have effect")
        if count := after.get(number):
            parts.append(f"{count} {'entry' if count == 1 else 'entries'} since then without effect")
        _tell(place, "; ".join(parts), report)
    if governance.newest.withdrawn_by is None:
        home, other = governance.newest.agreement.shorts
        for location in governance.withdrawals_to_come()[:1]:
            said = f"{other} withdrew at {zulu(logged_ms(location))}"
            _tell(serial(location), f"{said}; {home} has not yet shown that it holds it, and no notice runs", report)


def _tell(place: str, text: str, report: Report) -> None:
    report.add("agreement-withdrawn", "info", place, text)
    report.checked.append(f"5. withdrawal: {place}, {text}")


def ended_text(reign: Reign) -> str:
    """Since when an agreement is over for both, and why; of one that is.

    Args:
        reign: what governs at the end.
    """
    since = "" if reign.over_ms is None else f"since {zulu(reign.over_ms)}"
    if reign.withdrawn_by is None:
        return f"{since}, its sunset date"
    return f"{since}, after {reign.agreement.shorts[reign.withdrawn_by]} withdrew"


def _bound(reign: Reign) -> list[str]:
    """Until when each party is bound, by its own clock."""
    return [
        f"{short} is bound until {zulu(ends_ms)}"
        if ends_ms is not None
        else f"{short} has not yet shown that it holds it, and is bound"
        for short, ends_ms in zip(reign.agreement.shorts, reign.ends, strict=True)
    ]
