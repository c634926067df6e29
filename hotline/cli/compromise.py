"""`hotline compromise`: a key that is or may be in other hands is revoked, and everybody is told what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import click

from hotline.cli.key_changes import change_key, new_key_steps, next_steps, roster_lines, secrecy_lines
from hotline.cli.officer_changes import key_options
from hotline.cli.send import WAITING
from hotline.cli.session import open_desk
from hotline.cli.settings import Settings, common_options, settings_of
from hotline.printable import printable

if TYPE_CHECKING:
    from hotline.compromises import Names, Revoked
    from nodes.home import NodeHome

REASONS = ("lost", "stolen", "suspected", "algorithm", "person-left", "other")


@click.command("compromise")
@click.argument("key")
@click.option("--since", required=True, metavar="WHEN", help="First entry not trusted ('ARC 41'), or a time.")
@click.option("--reason", required=True, type=click.Choice(REASONS), help="Why.")
@click.option("--leaves", is_flag=True, help="The officer gets no new key and leaves for good.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@key_options
@common_options
@click.pass_context
def compromise_command(
    context: click.Context, /, key: str, since: str, reason: str, leaves: bool, yes: bool, **options: Any
) -> int:
    """Revoke a key at once, give it a successor, and raise the alarm on every line.

    KEY is officer/NAME, node, mirror, tls, sealing, or machine for these four. The next roster lists it, from when it
    is not trusted, and why. What it signed since then is marked after-last-trust on both sides, and counts no more
    where nobody else signed; it stays in its place. Works while the line is down: with --out the rosters are written to
    files as well, which the counterpart takes with hotline roster import, so that nobody can keep them back. The node's
    own keys change while it is stopped. The new key of an officer lies wholly in a file, also where half of the old one
    was in a token; the command says what stays secret and what does not.

    The alarm (compromise-alarm) is signed by whoever acts (--as). Where more must sign it waits as a draft (exit 4).
    Where it cannot be said now, as with a node that is stopped, the same command says it later: given again, it revokes
    nothing twice and says nothing twice. docs/ceremonies/compromise.md is the checklist.

    \b
    Examples:
      hotline --home ARC compromise officer/duty --since 'ARC 41' --reason stolen --roots /media/roots
      hotline --home ARC compromise officer/duty --since 2026-11-20T08:00Z --reason lost --admin admin-1 --admin admin-2
      hotline --home ARC compromise machine --since 2026-11-20T08:00Z --reason suspected --out /media/to-BOR
    """
    from hotline.clock import now_ms
    from hotline.compromises import revoked_since
    from hotline.rotation import Revocation, since_when

    settings = settings_of(context)
    home = settings.node_home()
    jobs, names, kept = _subject(home, key)
    since_ms = since_when(home, since, now_ms=now_ms())
    # The same words another time: a span back from now would mean another time then.
    again = f"hotline --home {home.path} compromise {key} --since {_said_again(since, since_ms)} --reason {reason}"
    again += " --leaves --as NAME" if leaves else ""
    found = revoked_since(home, jobs, names, since_ms, kept=kept)
    rosters: list[dict[str, object]] = []
    steps = []
    if found is None:
        settings.confirm(f"Revoke the key {key} of this home for good, trusted until {since}?", yes=yes)
        revocation = Revocation(reason, since)
        rosters = change_key(settings, key, revocation, leaves=leaves, **options)
        steps = next_steps(home, key.partition("/")[0], revocation, rosters)
        steps += [] if leaves else new_key_steps(home, key)
        done = f"{key}: revoked."
        found = revoked_since(home, jobs, names, since_ms)
    else:
        version = ", ".join(f"roster {one.version} for {one.counterpart}" for one in found)
        done = f"{key}: revoked before, by {version}. A key that came into force since is trusted from then on."
    alarms = raise_alarms(settings, found or [], since_ms)
    lines = [done, *roster_lines(rosters)]
    for one, revoked in zip(alarms, found or [], strict=True):
        text, step = _alarm_text(home, one, revoked, again)
        lines.append(f"  alarm to {one['counterpart']}: {text}")
        steps.append(step)
    steps = list(dict.fromkeys(steps))
    secrecy = secrecy_lines(home, key, leaves=leaves)
    lines += ["What is secret, and what is not:", *(f"  {line}" for line in secrecy)]
    lines += ["Next:", *(f"  {step}" for step in steps)]
    result = {"party": home.party, "key": key, "rosters": rosters, "alarms": alarms, "secrecy": secrecy, "next": steps}
    settings.output.result(result, [printable(line) for line in lines])
    return WAITING if any(one["draft"] for one in alarms) else 0


def _subject(home: NodeHome, key: str) -> tuple[tuple[str, ...], Names, list[bytes]]:
    """The jobs of the keys that a command names, how they are found in a roster, and those that the card still gives.

    Raises:
        Misused: no such key.
    """
    from hotline.compromises import job_names, person_names
    from hotline.errors import Misused
    from hotline.party_file import read_party
    from hotline.rotation import NODE_SIDE

    job, _, name = key.partition("/")
    if job == "officer" and name:
        member = read_party(home.party_path).member(name)
        if member is None:
            raise Misused("officer-missing", f"{home.party} has no officer {name!r}")
        listed = [] if member.revoked else [one.key_id for one in member.person.keys]
        return (job,), person_names(member.person.number), listed
    if job not in NODE_SIDE or name:
        raise Misused("usage", f"{key!r} is not officer/NAME, {', '.join(NODE_SIDE)}")
    return NODE_SIDE[job], job_names(NODE_SIDE[job]), []


def _said_again(since: str, since_ms: int) -> str:
    """A time as it is meant at any time, in one word of a shell."""
    from hotline.zulu import zulu

    return f"'{since}'" if since[:1].isupper() else zulu(since_ms)


def raise_alarms(settings: Settings, found: Sequence[Revoked], since_ms: int) -> list[dict[str, object]]:
    """Say on each line what was revoked there, as far as it can be said now.

    Returns:
        For each line what `raise_alarm` gives; where it could not be said the state is `not-said`, with `problem`.
    """
    from hotline.clock import now_ms
    from hotline.compromises import raise_alarm
    from hotline.errors import HotlineError
    from keys.errors import KeysError
    from nodes.errors import NodeError
    from protocol.errors import ProtocolError

    alarms: list[dict[str, object]] = []
    home = settings.node_home()
    problem = "" if _runs(home) else "the node does not run"
    if not problem:
        try:
            with open_desk(settings) as (desk, officers):
                for one in found:
                    alarms.append(raise_alarm(home, desk, officers, one, since_ms=since_ms, now_ms=now_ms()))
        except (HotlineError, NodeError, KeysError, ProtocolError) as error:
            # The key is revoked, whatever becomes of the alarm.
            problem = str(error)
    return alarms + [
        {"counterpart": one.counterpart, "state": "not-said", "serial": None, "draft": None, "problem": problem}
        for one in found[len(alarms) :]
    ]


def _runs(home: NodeHome) -> bool:
    """Whether a node answers, before anybody is asked for a passphrase."""
    from nodes.client import NodeClient
    from nodes.errors import ApiRefused

    try:
        with NodeClient.connect(home.socket):
            return True
    except ApiRefused:
        return False


def _alarm_text(home: NodeHome, alarm: dict[str, object], revoked: Revoked, again: str) -> tuple[str, str]:
    """What became of an alarm, and the step that follows."""
    hotline = f"hotline --home {home.path}"
    if alarm["state"] == "not-said":
        return f"not said: {alarm['problem']}", f"Say it on the line, once the node runs: {again}"
    if alarm["draft"]:
        missing = ", ".join(str(one) for one in cast("list[str]", alarm["missing"]))
        text = f"draft {alarm['draft']}; signatures still needed: {missing}"
        return text, f"Have the alarm signed: {hotline} sign {alarm['draft']} --as NAME"
    text = f"{alarm['serial']}, {'said before' if alarm['state'] == 'said' else alarm['state']}"
    subject = revoked.subject
    sets = f"--set key_kind={subject.job} --set key_id={subject.key.hex()} --set key_reason={subject.reason}"
    return text, f"Declare it in its thread: {hotline} send key-revoke --reply-to '{alarm['serial']}' {sets}"
