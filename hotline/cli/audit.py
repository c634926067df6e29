"""`hotline audit`: audit what two parties said, trusting neither of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.settings import common_options, settings_of
from hotline.errors import Misused
from hotline.printable import printable

if TYPE_CHECKING:
    from hotline.output import Output
    from protocol.audit import AuditMisused
    from protocol.finding import Report

BAR_WIDTH = 40
_COLOURS = {"verified": "green", "refuted": "red", "unchecked": "yellow", "warning": "yellow", "info": "dim"}
# What is not there could not be checked; two exports of one log are a mistake in typing. Everything else that does not
# read was given as a policy and is none.
_ABSENT = frozenset({"audit-no-directory", "pack-malformed", "policy-unreadable"})
_MISUSED = frozenset({"voices-not-two"})


@click.command("audit")
@click.argument("first", metavar="A-DIR|PACK|A-URL", type=click.Path())
@click.argument("second", metavar="[B-DIR|B-URL]", type=click.Path(), required=False)
@click.option("--policy", "policy_file", required=True, type=click.Path(), help="Whom you trust (tlog-policy).")
@click.option("--page", type=click.Path(), help="Also write the report as one HTML page: OUT.html.")
@click.option("--pdf", type=click.Path(), help="Also print that page: OUT.pdf. Needs Chromium on this machine.")
@click.option("--cert", type=click.Path(), help="With addresses: your certificate in PEM, which the nodes know.")
@click.option("--key", type=click.Path(), help="With --cert: its key in PEM, if it is not in the same file.")
@click.option("--keep", type=click.Path(), help="With addresses: where to keep what is brought, and compare it later.")
@click.option("--at", metavar="TIME", help="Audit as of a time, such as 2026-11-21T09:14Z. Default: now.")
@common_options
@click.pass_context
def audit_command(
    context: click.Context,
    first: str,
    second: str | None,
    policy_file: str,
    page: str | None,
    pdf: str | None,
    cert: str | None,
    key: str | None,
    keep: str | None,
    at: str | None,
) -> int:
    """Audit the exports of both voices, or a pack of them: signatures, authority, order, copies, clocks.

    Needs no home and no network. Trust comes from the policy alone, which must not come from those you audit. The
    verdict stands first with the number of breaches (what was not done in time), then what was found, what was checked,
    and what was not and why. Exit 0 verified, 1 refuted, 3 could not check.

    The page of --page shows the same with plots of who spoke when, what waited, clocks and silences. It loads nothing;
    the same evidence at the same --at gives the same bytes, and so does --pdf with the same Chromium.

    Where both nodes serve their logs to you, give their addresses instead: https://HOST:PORT/ and behind it the short
    name of the node's counterpart. Each log is brought from its own node and compared with the mirror at the other;
    two that cannot be of one log give a file of evidence. With --keep only what is new is asked for the next time, and
    a log that is not what it was shows.

    One export of a party's journal is audited by itself; two of the same journal, an earlier and a later one, are also
    compared. Its policy is what `journal policy` printed.

    \b
    Examples:
      hotline audit arc-log bor-log --policy policy
      hotline audit line.hotline --policy policy --page report.html --pdf report.pdf
      hotline audit https://192.0.2.7:7444/BOR https://192.0.2.8:7444/ARC --policy policy --cert me.pem --keep logs
      hotline audit arc-journal --policy journal-policy
    """
    from hotline.audit_dirs import audit_directories, audit_journals
    from hotline.audit_page import audit_page
    from hotline.clock import now_ms
    from hotline.packs import audit_pack
    from hotline.printed import find_browser, printed
    from hotline.zulu import parse_instant
    from nodes.errors import FileRefused
    from nodes.files import write_file
    from protocol.audit import AuditMisused

    output = settings_of(context).output
    try:
        at_ms = now_ms() if at is None else parse_instant(at, now_ms=now_ms())
    except ValueError as error:
        raise Misused("usage", str(error)) from None
    # Said before the work, of which there may be hours.
    for wanted in (page, pdf):
        if wanted is not None and not Path(wanted).parent.is_dir():
            raise FileRefused("file-not-written", Path(wanted), "there is no such directory")
    browser = "" if pdf is None else find_browser()
    bar = Bar(output)
    live = _live(first, second, cert, key, keep)
    try:
        given, policy = [Path(one) for one in (first, second) if one is not None], Path(policy_file)
        progress = bar.show if bar.wanted else None
        packed = second is None and given[0].is_file()
        journal = None if packed or live is not None else audit_journals(given, policy)
        if live is not None:
            report = live(policy, at_ms, bar)
        elif packed:
            report = audit_pack(given[0], policy, at_ms=at_ms, progress=progress)
        elif journal is not None:
            report = journal
        elif second is None:
            raise AuditMisused("voices-not-two", first, "it is no journal and no pack; give one export of each party")
        else:
            report = audit_directories(given[0], given[1], policy, at_ms=at_ms, progress=progress)
    except AuditMisused as error:
        report = not_begun(error)
    finally:
        bar.clear()
    if page is not None or pdf is not None:
        names = (one if live is not None else Path(one).name for one in (first, second) if one is not None)
        made = audit_page(report, title=" and ".join(names))
        if page is not None:
            write_file(Path(page), made, mode=0o644)
        if pdf is not None:
            write_file(Path(pdf), printed(made, browser=browser, at_ms=at_ms), mode=0o644)
    output.result(report.as_dict(), report_lines(report, output))
    return report.exit


def _live(
    first: str, second: str | None, cert: str | None, key: str | None, keep: str | None
) -> Callable[[Path, int, Bar], Report] | None:
    """The audit of two addresses; None where what is given are paths.

    Raises:
        Misused: half of it, or options that do not go with it.
    """
    from hotline.live_audit import audit_live
    from hotline.live_logs import Address, client_context, is_address

    addresses = [one for one in (first, second) if one is not None and is_address(one)]
    if not addresses:
        if any(one is not None for one in (cert, key, keep)):
            raise Misused("usage", "--cert, --key and --keep go with two addresses, such as https://192.0.2.7:7444/BOR")
        return None
    if len(addresses) != 2:
        raise Misused("usage", "give the addresses of both nodes: each log is compared with the mirror at the other")
    if cert is None:
        raise Misused("usage", "--cert is missing: the nodes show their logs to certificates that they know")
    context = client_context(Path(cert), None if key is None else Path(key))

    def run(policy: Path, at_ms: int, bar: Bar) -> Report:
        with TemporaryDirectory(prefix="hotline-audit-") if keep is None else nullcontext(keep) as place:
            return audit_live(
                [Address.parse(one) for one in addresses],
                policy,
                context,
                Path(place),
                at_ms=at_ms,
                doing=bar.bringing if bar.wanted else None,
                progress=bar.show if bar.wanted else None,
            ).report

    return run


def report_lines(report: Report, output: Output) -> list[str]:
    """Show a report for people; every name in it may come from whoever is audited."""
    breaches = len(report.breaches)
    said = "" if not breaches else f", {breaches} breach{'' if breaches == 1 else 'es'}"
    lines = [output.paint(report.verdict, "bold", _COLOURS[report.verdict]) + said]
    if report.findings:
        lines += ["", "Found:"]
    for finding in report.findings:
        severity = output.paint(f"{finding.severity:<9}", _COLOURS.get(finding.severity, "dim"))
        lines.append(f"  {severity} {finding.code}  {printable(finding.where)}: {printable(finding.text)}")
    listed = len(report.findings)
    total = sum(report.counts.values())
    if total > listed:
        lines.append(f"  and {total - listed} more")
    if report.disclosed is not None:
        lines += ["", "Opened:", *(f"  {_opened_line(one)}" for one in report.disclosed or [{}])]
    if report.checked:
        lines += ["", "Checked:", *(f"  {printable(item)}" for item in report.checked)]
    if report.not_checked:
        lines += ["", "Not checked:", *(f"  {printable(item)}" for item in report.not_checked)]
    return lines


def _opened_line(one: Mapping[str, Any]) -> str:
    """Show one opened field; its value is the word of whoever said it."""
    if not one:
        return "nothing"
    from hotline.disclosures import value_text

    return printable(f"{one['serial']}  {one['kind']}  {one['field']}: {value_text(one['value'])}")


def not_begun(error: AuditMisused) -> Report:
    """The report of an audit that did not get as far as the evidence.

    Raises:
        Misused: the arguments make no audit.
    """
    from protocol.finding import Report

    if error.code in _MISUSED:
        raise Misused(error.code, str(error))
    report = Report()
    report.add(error.code, "unchecked" if error.code in _ABSENT else "refuted", error.where, error.text)
    report.not_checked.append("everything: the audit could not begin")
    return report


class Bar:
    """A progress bar on standard error, where that is a terminal."""

    def __init__(self, output: Output) -> None:
        self._err = output.err
        self.wanted = output.err.isatty()
        self._shown = -1

    def show(self, done: int, total: int) -> None:
        """Say how many of how many entries are judged."""
        filled = BAR_WIDTH * done // max(1, total)
        if filled != self._shown:
            self._shown = filled
            bar = "#" * filled + "." * (BAR_WIDTH - filled)
            self._err.write(f"\r[{bar}] {done} of {total} entries")
            self._err.flush()

    def bringing(self, what: str, done: int, total: int) -> None:
        """Say how many of how many files of a log are here."""
        if done == total or done % 16 == 0:
            self._err.write(f"\r\x1b[K{printable(what)}: {done} of {total} files")
            self._err.flush()
            self._shown = BAR_WIDTH + 1

    def clear(self) -> None:
        """Take the bar away."""
        if self._shown >= 0:
            self._err.write("\r\x1b[K")
            self._err.flush()
