"""`hotline assess`: what incidents come to by the thresholds of the agreement."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.docket import given_time
from hotline.cli.send import run_send, sending_options
from hotline.cli.session import open_desk
from hotline.cli.settings import common_options, settings_of
from hotline.errors import Misused, Refused

if TYPE_CHECKING:
    from hotline.assessing import Incident, Recorded
    from hotline.desk import Channel, Desk
    from hotline.output import Output
    from protocol.accumulation import Accumulated
    from protocol.assessment import Assessment
    from protocol.threshold_set import ThresholdSet

THREADS_MAX = 500
CONFIDENCES = ("low", "moderate", "high")


@click.command("assess")
@click.argument("serial", required=False)
@click.option("--with", "other_party", metavar="ABC", help="The other party; needed with several channels.")
@click.option(
    "--answer", "answered", multiple=True, metavar="NAME", help="A question of the rules whose answer is yes."
)
@click.option("--at", metavar="TIME", help="Add up as of a time, such as 2026-11-21T09:14Z or -2d.")
@click.option(
    "--what-if", "other", type=click.Path(), help="The same by the rules of a TOML file beside it: an opinion."
)
@click.option("--send", "sends", is_flag=True, help="Put the result into a statement `assessment` for people to sign.")
@click.option("--confidence", type=click.Choice(CONFIDENCES), help="With --send: yours in the judgement.")
@click.option("--grade", metavar="B2", help="With --send: Admiralty grade of what it rests on.")
@sending_options
@common_options
@click.pass_context
def assess_command(
    context: click.Context,
    /,
    serial: str | None,
    other_party: str | None,
    answered: tuple[str, ...],
    at: str | None,
    other: str | None,
    sends: bool,
    confidence: str | None,
    grade: str | None,
    **options: Any,
) -> int:
    """Say what an incident comes to by the thresholds of the agreement, or all incidents together.

    With SERIAL: the three criteria of its thread with every reason, the band, how far it is from the next line, and
    what would change it; assessments that stand in the thread are computed again. Without: every incident, and what
    adds up over time. It decides nothing and sends nothing unless you say --send, and then what people sign.

    Needs a role that reads contents; what is opened for it stands in your journal.

    \b
    Examples:
      hotline --home ARC assess 'BOR 4' --answer tension
      hotline --home ARC assess
      hotline --home ARC assess --what-if my-rules.toml
      hotline --home ARC assess 'BOR 4' --send --confidence moderate --severity 4
    """
    from hotline.assessing import criteria, recorded, together
    from hotline.banners import banner
    from hotline.threshold_files import read_rules

    settings = settings_of(context)
    output = settings.output
    if sends and (serial is None or confidence is None or other is not None):
        raise Misused("usage", "--send needs the SERIAL of an incident and --confidence, and goes without --what-if")
    with open_desk(settings) as (desk, _):
        threads, channel = _threads(desk, serial, other_party or options["counterpart"])
        what_if = None if other is None else read_rules(Path(other), channel.catalogue, at_ms=channel.now_ms)
        agreed = channel.agreement.threshold_set
        if agreed is None and what_if is None:
            raise Refused("no-thresholds", f"the agreement with {channel.counterpart} has no thresholds")
        _check_answers([one for one in (agreed, what_if) if one is not None], answered)
        incidents, facts = _incidents(desk, channel, threads, output)
        at_ms = given_time(at, channel) or channel.now_ms
    if serial is not None and not incidents:
        raise Misused("no-incident", f"the thread of {serial} tells of no incident")
    told: dict[str, Any] = {"counterpart": channel.counterpart, "rules": None, "at_ms": at_ms}
    lines = [*banner(channel)]
    if len(threads) == THREADS_MAX:
        lines.append(f"Only the {THREADS_MAX} threads that moved last were looked at.")
    told["whole"] = len(threads) < THREADS_MAX

    def by(rules: ThresholdSet) -> tuple[dict[str, Any], list[str]]:
        """What is found by a set of rules."""
        if serial is None:
            context = {each.serial: answered for each in incidents}
            sums = together(incidents, rules, at_ms=at_ms, context=context)
            return {"rules": rules.digest.hex(), **_added(sums)}, _sum_lines(sums, output)
        (one,) = incidents
        found, stated = one.case(rules, answered).assessment, recorded(one, facts, rules)
        return (
            {"rules": rules.digest.hex(), **_assessed(found, one), "recorded": [_recorded(each) for each in stated]},
            [*_one_lines(one, found), *_recorded_lines(stated), *_asked_lines(rules, answered)],
        )

    if agreed is not None:
        values, shown = by(agreed)
        told |= values
        lines += shown
    if what_if is not None:
        values, shown = by(what_if)
        told["what_if"] = values | {"opinion": True}
        lines += ["", "An opinion, by the rules of the file:", *shown]
    if sends and agreed is not None:
        for line in lines:
            output.note(line)
        (one,) = incidents
        found = one.case(agreed, answered).assessment
        preset = {"criteria": criteria(found, confidence=str(confidence), grade=grade)}
        stated = {"band": found.band, "rules": agreed.digest}
        return run_send(
            settings, "assessment", reply_to=one.serial, preset=preset, facts_of=lambda *_: stated, **options
        )
    output.result(told, lines)
    return 0


def _threads(desk: Desk, serial: str | None, counterpart: str | None) -> tuple[list[bytes], Channel]:
    """The threads to look at."""
    from hotline.sending import fetch

    if serial is not None:
        spoken = fetch(desk, serial)
        return [spoken.thread], desk.channel(spoken.counterpart or None)
    channel = desk.channel(counterpart)
    found = desk.request("threads", counterpart=channel.counterpart, limit=THREADS_MAX)
    return [bytes.fromhex(one["thread"]) for one in found], channel


def _check_answers(sets: Sequence[ThresholdSet], answered: Sequence[str]) -> None:
    known = list(dict.fromkeys(one.value for rules in sets for one in rules.questions))
    for name in answered:
        if name not in known:
            raise Misused("bad-field", f"the rules have no question {name!r}; they have {', '.join(known) or 'none'}")


def _incidents(
    desk: Desk, channel: Channel, threads: Sequence[bytes], output: Output
) -> tuple[list[Incident], dict[str, dict[str, Any]]]:
    """The incidents that threads tell of, and the facts of the assessments in them."""
    from hotline.assessing import ASSESSMENT, OPENERS, TELLING, incident, sound
    from hotline.reference import Reference
    from nodes.errors import ApiRefused

    found: list[Incident] = []
    facts: dict[str, dict[str, Any]] = {}
    for place, thread in enumerate(threads, 1):
        views = desk.request("thread", counterpart=channel.counterpart, id=thread)
        if not any(one["kind"] in OPENERS for one in views):
            continue
        contents: dict[str, dict[str, Any]] = {}
        for view in views:
            if view["kind"] not in {*TELLING, ASSESSMENT}:
                continue
            try:
                spoken = desk.entry(Reference(channel.counterpart, view["voice"], view["index"]))
                opened = desk.contents(spoken) or {}
                if spoken.kind is not None:
                    contents[view["serial"]] = sound(spoken.kind, opened, channel.catalogue)
                if view["kind"] == ASSESSMENT and spoken.statement is not None:
                    facts[view["serial"]] = dict(spoken.statement.facts or {})
            except (Refused, ApiRefused) as error:
                if isinstance(error, ApiRefused) and error.code in {"role-not-held", "node-not-running"}:
                    raise
        one = incident(views, contents)
        if one is not None:
            found.append(one)
        if place % 50 == 0 and place < len(threads):
            output.note(f"{place} of {len(threads)} threads")
    return found, facts


# --- what is shown ----------------------------------------------------------------------------------------------------


def _one_lines(one: Incident, found: Assessment) -> list[str]:
    from hotline.printable import printable

    lines = [f"{one.serial}  {printable(str(one.values.get('title', '')))}", ""]
    lines += [printable(line) for line in found.explanation()]
    if one.state:
        lines.append(f"It is {one.state}, and counts nothing in any sum.")
    if one.unread:
        lines.append(f"Not all could be read, and what is missing counts nothing: {', '.join(one.unread)}")
    return lines


def _asked_lines(rules: ThresholdSet, answered: Sequence[str]) -> list[str]:
    from hotline.printable import printable

    open_ = [one for one in rules.questions if one.value not in answered]
    if not open_:
        return []
    return ["", "Answered with no, unless you say --answer NAME:"] + [
        f"  {printable(one.value)}: {printable(str(one.text))}" for one in open_
    ]


def _recorded_lines(found: Sequence[Recorded]) -> list[str]:
    from hotline.printable import printable

    lines = []
    for one in found:
        if not one.ours:
            verdict = "made by other rules"
        elif one.again is None:
            verdict = "cannot be computed again: not all could be read"
        else:
            verdict = "the same here" if one.holds else f"here it is {one.again.band}"
        lines.append(f"{one.serial} says {printable(one.band)}: {verdict}")
    return ["", *lines] if lines else []


def _sum_lines(sums: Accumulated, output: Output) -> list[str]:
    from hotline.output import table
    from hotline.printable import printable
    from hotline.zulu import zulu_short

    rows = []
    for share in sums.shares:
        points = "/".join(map(str, share.case.assessment.points))
        counts = share.left_out or f"{share.thousandths} of 1000"
        rows.append(
            (
                share.case.serial,
                zulu_short(share.case.at_ms),
                share.case.assessment.band,
                points,
                counts + (f" {share.same_as}" if share.same_as else ""),
            )
        )
    if not rows:
        return ["No thread tells of an incident."]
    lines = table(rows, heads=("", "told", "band", "points", "counts"))
    for one in sums.sums:
        shown = [printable(line) for line in one.explanation()]
        if one.crossed:
            shown[0] = output.paint(shown[0], "red")
            lines += ["", *shown]
            if not one.alone:
                lines.append("  no single incident crosses it")
    if not sums.crossed:
        lines += ["", "No line is crossed by what adds up."]
    return lines


def _assessed(found: Assessment, one: Incident) -> dict[str, Any]:
    return {
        "serial": one.serial,
        "band": found.band,
        "scores": {
            score.criterion: {
                "points": score.points,
                "counted": [
                    {
                        "field": each.observable.field,
                        "value": each.value,
                        "points": each.observable.points,
                        "reason": each.observable.reason,
                    }
                    for each in score.counted
                ],
            }
            for score in found.scores
        },
        "crossed": [each.name for each in found.crossed],
        "margins": {each.threshold.name: list(each.over) for each in found.margins},
        "explanation": list(found.explanation()),
        "state": one.state or None,
        "unread": list(one.unread),
    }


def _recorded(one: Recorded) -> dict[str, Any]:
    again = None if one.again is None else one.again.band
    return {"serial": one.serial, "band": one.band, "these_rules": one.ours, "again": again}


def _added(sums: Accumulated) -> dict[str, Any]:
    return {
        "incidents": [
            {
                "serial": one.case.serial,
                "at_ms": one.case.at_ms,
                "band": one.case.assessment.band,
                "points": list(one.case.assessment.points),
                "thousandths": one.thousandths,
                "left_out": one.left_out or None,
                "same_as": one.same_as or None,
            }
            for one in sums.shares
        ],
        "sums": [
            {
                "threshold": one.threshold.name,
                "band": one.threshold.band,
                "group": list(one.group),
                "points": list(one.points),
                "over": list(one.over),
                "incidents": [each.case.serial for each in one.shares],
                "crossed": one.crossed,
                "alone": one.alone,
            }
            for one in sums.sums
        ],
    }
