"""`hotline pair`: the pairing ceremony, step by step."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hotline.cli.settings import Settings, common_options, settings_of
from hotline.errors import Misused
from hotline.printable import printable

if TYPE_CHECKING:
    from hotline.pairing import Paired
    from hotline.terms import Terms
    from keys.suite import Suite
    from nodes.home import NodeHome

ROOTS_OPTIONS = (
    click.option("--roots", "roots_directory", type=click.Path(), help="Directory with the root keys."),
    click.option("--roots-passphrase-file", type=click.Path(), help="Passphrase of the root keys."),
)

PURPOSE = "Direct line on cyber incidents"
_TERMS_OPTIONS = (
    click.option("--title", help="Title of the agreement."),
    click.option("--purpose", default=PURPOSE, show_default=True, help="What the line is for."),
    click.option("--language", "languages", multiple=True, help="Language of statements; the first is the usual one."),
    click.option("--review-date", help="By when the parties look at it again: 2027-11-21. Default: in a year."),
    click.option("--beat", help="From one beat to the next, such as 60s."),
    click.option(
        "--agreement",
        "--terms",
        "terms_file",
        type=click.Path(),
        help="A draft of the agreement, or of some of its terms: [beat], [[authority]]... See: hotline agreement new.",
    ),
)
Command = TypeVar("Command", bound=Callable[..., Any])


def terms_options(command: Command) -> Command:
    """Add the options that say what a first party proposes; `terms_of` reads them."""
    for option in reversed(_TERMS_OPTIONS):
        command = option(command)
    return command


@click.group("pair")
@common_options
def pair_command() -> None:
    """Agree with another party and open a channel.

    \b
    First party:   hotline --home ARC pair propose offer.bin
    Second party:  hotline --home BOR pair accept offer.bin answer.bin
    First party:   hotline --home ARC pair confirm answer.bin final.bin     (compare the words by voice)
    Second party:  hotline --home BOR pair confirm final.bin
    """


@pair_command.command("propose")
@click.argument("out", type=click.Path())
@terms_options
@click.option("--endpoint", "endpoints", multiple=True, help="Where our node answers: host:port. Repeat for several.")
@common_options
@click.pass_context
def propose(
    context: click.Context,
    /,
    out: str,
    endpoints: tuple[str, ...],
    **options: Any,
) -> None:
    """Write an offer: our root keys, our terms, where our node answers.

    The agreement is of the suite of our keys, and so must the other party's keys be.

    \b
    Examples:
      hotline --home ARC pair propose offer.bin --endpoint line.arcadia.example:7443 --beat 60s
      hotline --home ARC pair propose offer.bin --endpoint line.arcadia.example:7443 --agreement draft.toml
    """
    from hotline.clock import now_ms
    from hotline.pairing import propose as make_offer
    from hotline.pairing_files import check_endpoints
    from hotline.party_file import read_party
    from nodes.files import write_file

    settings = settings_of(context)
    home = settings.node_home()
    terms = terms_of(at_ms=now_ms(), suite=read_party(home.party_path).roots.suite, **options)
    offer = make_offer(home, terms, endpoints=check_endpoints(endpoints))
    write_file(Path(out), offer)
    settings.output.result(
        {"party": home.party, "state": "proposed", "file": out, "purpose": terms.purpose},
        [
            f"The offer of {home.party} is in {out}.",
            "Next: bring it to the other party, who runs: hotline pair accept OFFER ANSWER",
        ],
    )


@pair_command.command("accept")
@click.argument("offer", type=click.Path())
@click.argument("out", type=click.Path())
@click.option("--endpoint", "endpoints", multiple=True, help="Where our node answers: host:port.")
@click.option("--again", is_flag=True, help="Drop an earlier answer to that party that was never confirmed.")
@click.option("--yes", is_flag=True, help="Accept the terms without being asked.")
@ROOTS_OPTIONS[0]
@ROOTS_OPTIONS[1]
@common_options
@click.pass_context
def accept(
    context: click.Context,
    offer: str,
    out: str,
    endpoints: tuple[str, ...],
    again: bool,
    yes: bool,
    roots_directory: str | None,
    roots_passphrase_file: str | None,
) -> None:
    """Take an offer: read the terms, sign with our roots, write the answer.

    \b
    Example:
      hotline --home BOR pair accept offer.bin answer.bin --endpoint line.borealia.example:7443
    """
    from hotline.clock import now_ms
    from hotline.pairing import accept as take
    from hotline.pairing_files import FILE_BYTES_MAX, Offer, check_endpoints, offer_lines
    from hotline.secret_files import root_secrets
    from nodes.files import read_file, write_file

    settings = settings_of(context)
    home = settings.node_home()
    data = read_file(Path(offer), bytes_max=FILE_BYTES_MAX)
    parsed = Offer.parse(data)
    for line in offer_lines(parsed.party, parsed.terms):
        settings.output.note(line)
    if not yes and not settings.may_ask:
        raise Misused("terms-not-read", "give --yes once the terms have been read and are to be signed")
    settings.confirm(f"Sign these terms with {printable(parsed.party.short)}?", yes=yes)
    opened = root_secrets(settings, home, directory=roots_directory, passphrase_file=roots_passphrase_file)
    answer, paired = take(home, data, opened=opened, endpoints=check_endpoints(endpoints), now_ms=now_ms(), again=again)
    write_file(Path(out), answer)
    _show(settings, paired, state="accepted", file=out)


@pair_command.command("confirm")
@click.argument("file", type=click.Path())
@click.argument("out", required=False, type=click.Path())
@click.option("--words", help="The words the other side reads to you; refused if they differ.")
@click.option("--yes", is_flag=True, help="Say that the words were compared by voice and are the same.")
@click.option("--endpoint", "endpoints", multiple=True, help="Where our node answers: host:port.")
@ROOTS_OPTIONS[0]
@ROOTS_OPTIONS[1]
@common_options
@click.pass_context
def confirm(
    context: click.Context,
    file: str,
    out: str | None,
    words: str | None,
    yes: bool,
    endpoints: tuple[str, ...],
    roots_directory: str | None,
    roots_passphrase_file: str | None,
) -> None:
    """Compare the words by voice and complete the pairing.

    With an answer, the first party signs and writes the final file. With a final file, the second party completes.

    \b
    Examples:
      hotline --home ARC pair confirm answer.bin final.bin
      hotline --home BOR pair confirm final.bin --words "acorn bridge ..."
    """
    from hotline import pairing
    from hotline.clock import now_ms
    from hotline.pairing_files import FILE_BYTES_MAX, Offer, check_endpoints, kind_of
    from hotline.secret_files import root_secrets
    from nodes.files import read_file, write_file

    settings = settings_of(context)
    home = settings.node_home()
    data = read_file(Path(file), bytes_max=FILE_BYTES_MAX)
    kind = kind_of(data)
    if kind == "offer":
        raise Misused("pairing-wrong-step", "this is an offer; take it with: hotline pair accept OFFER ANSWER")
    if kind == "final":
        _, _, paired = pairing.preview_final(home, data)
        _compare(settings, paired, words=words, yes=yes)
        _show(settings, pairing.confirm_final(home, data), state="complete")
        return
    if out is None:
        raise Misused("usage", "say where the final file goes: hotline pair confirm ANSWER FINAL")
    answer, paired = pairing.preview_answer(home, data)
    _compare(settings, paired, words=words, yes=yes)
    opened = root_secrets(settings, home, directory=roots_directory, passphrase_file=roots_passphrase_file)
    if not endpoints:
        offered = home.path / "offers" / f"{answer.refers_to.hex()}.offer"
        endpoints = Offer.parse(read_file(offered, bytes_max=FILE_BYTES_MAX)).endpoints
    final, complete = pairing.confirm_answer(
        home, data, opened=opened, endpoints=check_endpoints(endpoints), now_ms=now_ms()
    )
    write_file(Path(out), final)
    _show(settings, complete, state="complete", file=out)


@pair_command.command("show")
@click.argument("what", metavar="PARTY|FILE", required=False)
@common_options
@click.pass_context
def show(context: click.Context, what: str | None) -> None:
    """Show how far the pairing with a party is, or what a file of the ceremony says; without a name, every pairing.

    \b
    Examples:
      hotline --home ARC pair show
      hotline --home ARC pair show BOR
      hotline pair show offer.bin
    """
    from hotline import pairing
    from hotline.pairing_files import FILE_BYTES_MAX, Offer, SignedTerms, kind_of, offer_lines
    from nodes.files import read_file
    from nodes.home import SHORT_NAME

    settings = settings_of(context)
    if what is None:
        home = settings.node_home()
        shown = [_shown(home, name) for name in pairing.pairings(home)]
        lines = [line for _, told in shown for line in [*told, ""]][:-1]
        lines = [*settings.banner(), *(lines or ["No pairing yet."])]
        settings.output.result({"pairings": [found for found, _ in shown]}, lines)
        return
    if SHORT_NAME.fullmatch(what) is not None and not Path(what).is_file():
        found, lines = _shown(settings.node_home(), what)
        settings.output.result(found, [*settings.banner(what), *lines])
        return
    data = read_file(Path(what), bytes_max=FILE_BYTES_MAX)
    kind = kind_of(data)
    if kind == "offer":
        offer = Offer.parse(data)
        settings.output.result(
            {"file": what, "kind": kind, "party": offer.party.short, "purpose": offer.terms.purpose},
            offer_lines(offer.party, offer.terms),
        )
        return
    signed = SignedTerms.parse(data, final=kind == "final")
    text = (signed.agreement.body or b"").decode("utf-8", errors="replace")
    settings.output.result({"file": what, "kind": kind, "agreement": text}, [printable(text, lines=True)])


def terms_of(
    *,
    at_ms: int,
    suite: Suite,
    title: str | None = None,
    purpose: str = PURPOSE,
    languages: tuple[str, ...] = (),
    review_date: str | None = None,
    beat: str | None = None,
    terms_file: str | None = None,
) -> Terms:
    """The terms that a first party proposes: what the options say, over a draft, over what is usual for its keys.

    Raises:
        Misused: an option or the draft does not parse.
    """
    from dataclasses import replace

    from hotline.terms import Terms
    from hotline.zulu import parse_duration
    from nodes.files import read_file
    from nodes.resources import catalogue
    from protocol.agreement_terms import DEFAULT_CLOCKS

    known = catalogue()
    today = datetime.datetime.fromtimestamp(at_ms / 1000, tz=datetime.UTC).date()
    try:
        review = datetime.date.fromisoformat(review_date) if review_date else today + datetime.timedelta(days=365)
    except ValueError as error:
        raise Misused("usage", f"--review-date: {error}") from error
    terms = Terms(
        title=title or "Agreement on a direct line",
        purpose=purpose,
        languages=languages or ("en",),
        created_ms=at_ms,
        review_date=review,
        catalogue_version=known.version,
        catalogue_digest=known.digest,
        clocks=DEFAULT_CLOCKS,
        suite=suite,
    )
    if terms_file is not None:
        terms = terms.with_draft(read_file(Path(terms_file)), where=terms_file)
    if beat is not None:
        try:
            terms = replace(terms, beat=replace(terms.beat, every_ms=parse_duration(beat)))
        except ValueError as error:
            raise Misused("usage", str(error)) from error
    return terms


def _compare(settings: Settings, paired: Paired, *, words: str | None, yes: bool) -> None:
    from hotline.pairing import check_words

    if words is not None:
        check_words(paired, words)
        return
    if yes:
        # They stand in the result.
        return
    for line in _word_lines(paired):
        settings.output.note(line)
    if not settings.may_ask:
        raise Misused("words-not-compared", "give --words as the other side reads them, or --yes after comparing")
    settings.confirm(f"Did {paired.counterpart} read the same words by voice?", yes=False)


def _word_lines(paired: Paired) -> list[str]:
    half = len(paired.words) // 2
    return [
        f"Safety words with {paired.counterpart}; call a number you know and compare them:",
        f"  {'  '.join(paired.words[:half])}",
        f"  {'  '.join(paired.words[half:])}",
    ]


def _shown(home: NodeHome, counterpart: str) -> tuple[dict[str, Any], list[str]]:
    """One pairing as it stands: words, and once it is complete, where the counterpart's node answers."""
    from hotline.pairing import state_of

    paired = state_of(home, counterpart)
    found, lines = _told(paired, state="complete" if paired.complete else "accepted")
    if paired.complete:
        found["endpoints"] = [
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            for host, port in home.channel(counterpart).endpoints()
        ]
        lines.insert(1, f"  answers at {printable(', '.join(found['endpoints'])) or 'nowhere we know: it dials us'}")
    return found, lines


def _show(settings: Settings, paired: Paired, *, state: str, file: str | None = None) -> None:
    found, lines = _told(paired, state=state)
    found["file"] = file
    if file is not None:
        lines.append(f"Next: bring {file} to {paired.counterpart}, who runs: hotline pair confirm {Path(file).name}")
    elif state == "complete":
        lines.append("Next: hotline node run")
    settings.output.result(found, lines)


def _told(paired: Paired, *, state: str) -> tuple[dict[str, Any], list[str]]:
    agreement = paired.agreement
    found: dict[str, Any] = {
        "counterpart": paired.counterpart,
        "state": state,
        "words": list(paired.words),
        "channel": agreement.channel.hex(),
        "agreement": agreement.digest.hex(),
        "purpose": agreement.purpose,
    }
    lines = [
        f"Pairing with {paired.counterpart}: {state}.",
        f"  purpose    {printable(agreement.purpose)}",
        f"  agreement  {agreement.digest.hex()}",
        f"  channel    {agreement.channel.hex()}",
        *_word_lines(paired),
    ]
    return found, lines
