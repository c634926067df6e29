"""`hotline doctor`: check a home, its keys and its node."""

from __future__ import annotations

import click

from hotline.cli.settings import common_options, settings_of

FOUND_FAILURES = 1


@click.command("doctor")
@common_options
@click.pass_context
def doctor_command(context: click.Context) -> int:
    """Check a home and say what to do: permissions, keys, clock and time service, disk, ports, pagers, backup and
    scrub, agreements, rosters, lines, whether the counterparts answer with the keys of their rosters, logs.

    It changes nothing.

    With --passphrase-file the key file is opened, and counterparts are shown our TLS key too. Counterparts are dialled
    as far as TLS and no further. Exit 1 where something fails.

    \b
    Example:
      hotline --home ARC --passphrase-file pass doctor
    """
    from hotline.clock import now_ms
    from hotline.doctor import examine

    settings = settings_of(context)
    output = settings.output
    home = settings.any_home()
    passphrase = settings.passphrase(0, what="the key file") if settings.passphrase_files else None
    found = list(examine(home, passphrase=passphrase, now_ms=now_ms()))
    colours = {"ok": "green", "warn": "yellow", "fail": "red"}
    lines = []
    for check in found:
        lines.append(f"{output.paint(f'{check.result:<5}', colours[check.result])} {check.name}: {check.text}")
        if check.fix:
            lines.append(f"        {check.fix}")
    failed = [check for check in found if check.result == "fail"]
    output.result(
        {
            "home": str(home.path),
            "checks": [
                {"name": check.name, "result": check.result, "text": check.text, "fix": check.fix} for check in found
            ],
            "failed": len(failed),
        },
        lines,
    )
    return FOUND_FAILURES if failed else 0
