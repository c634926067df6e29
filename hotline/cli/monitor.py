"""`hotline monitor`: follow what both nodes serve, verify it as it grows, and say at once what is wrong."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotline.cli.settings import common_options, settings_of
from hotline.errors import HotlineError, Misused

if TYPE_CHECKING:
    from hotline.live_audit import LiveAudit
    from hotline.monitoring import Event
    from hotline.output import Output

_COLOURS = {"refuted": "red", "unchecked": "yellow", "warning": "yellow"}


@click.command("monitor")
@click.argument("first", metavar="A-URL")
@click.argument("second", metavar="B-URL")
@click.option("--policy", "policy_file", required=True, type=click.Path(), help="Whom you trust (tlog-policy).")
@click.option("--cert", required=True, type=click.Path(), help="Your certificate in PEM, which the nodes know.")
@click.option("--key", type=click.Path(), help="Its key in PEM, if it is not in the same file.")
@click.option("--keep", required=True, type=click.Path(), help="Where to keep what is brought, and the evidence.")
@click.option("--every", default="1min", show_default=True, help="How often to look, such as 30s.")
@click.option("--looks", type=click.IntRange(1), help="End after so many looks. Default: go on until interrupted.")
@common_options
@click.pass_context
def monitor_command(
    context: click.Context,
    first: str,
    second: str,
    policy_file: str,
    cert: str,
    key: str | None,
    keep: str,
    every: str,
    looks: int | None,
) -> int:
    """Follow both logs and both mirrors, verify them as they grow, and say what is found when it is first found.

    An alarm is a line when it begins and a line when it is over; with --json each is an object on a line of its own.
    Forks, rollbacks and copies that differ come with a file of evidence below KEEP/evidence. A node that goes on
    showing less of its log than its counterpart holds, a log in which nothing is said any more, silences and missed
    clocks are told likewise. Look as often as the nodes beat to be told within a beat.

    Ends with exit 1 if something refutes at the last look, 3 if something could not be checked, else 0.

    \b
    Examples:
      hotline monitor https://192.0.2.7:7444/BOR https://192.0.2.8:7444/ARC --policy policy --cert me.pem --keep logs
      hotline monitor A-URL B-URL --policy policy --cert me.pem --keep logs --every 30s --json | program
    """
    from hotline.clock import now_ms
    from hotline.live_audit import audit_live
    from hotline.live_logs import Address, client_context
    from hotline.monitoring import Monitor
    from hotline.zulu import parse_duration
    from nodes.errors import NodeError
    from protocol.audit import AuditMisused

    output = settings_of(context).output
    try:
        pause_s = parse_duration(every) / 1000
    except ValueError as error:
        raise Misused("usage", f"--every: {error}") from None
    addresses = [Address.parse(first), Address.parse(second)]
    tls = client_context(Path(cert), None if key is None else Path(key))
    monitor, found = Monitor(), None
    done = 0
    while looks is None or done < looks:
        if done:
            time.sleep(pause_s)
        done += 1
        at_ms = now_ms()
        try:
            found = audit_live(addresses, Path(policy_file), tls, Path(keep), at_ms=at_ms, before=found)
        except (Misused, AuditMisused):
            raise
        except (HotlineError, NodeError) as error:
            events = monitor.failed(error, at_ms)
        else:
            events = monitor.look(found, at_ms)
            if done == 1:
                _begin(found, output)
        for event in events:
            _tell(event, output)
    severities = {alarm.severity for alarm in monitor.alarms}
    return 1 if "refuted" in severities else 3 if "unchecked" in severities else 0


def _begin(found: LiveAudit, output: Output) -> None:
    from hotline.printable import printable

    sizes = ", ".join(f"{voice} {one.size} at {node}" for (node, voice), one in sorted(found.shown.items()))
    output.note(f"following: {printable(sizes)} entries; {found.report.verdict}")


def _tell(event: Event, output: Output) -> None:
    from hotline.output import to_json
    from hotline.printable import printable
    from hotline.zulu import zulu_short

    alarm = event.alarm
    if output.as_json:
        output.out.write(to_json(event.as_dict()) + "\n")
    else:
        word = "over" if event.over else output.paint(alarm.severity, "bold", _COLOURS.get(alarm.severity, "dim"))
        text = f"{printable(alarm.where)}: {printable(alarm.text)}"
        output.out.write(f"{zulu_short(event.at_ms)}  {word}  {alarm.code}  {text}\n")
    output.out.flush()
