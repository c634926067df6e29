"""`hotline ceremony`: the pairing ceremony of two rooms, led step by step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotline.cli.ceremony_codes import qr_command, scan_command
from hotline.cli.pair import ROOTS_OPTIONS, terms_of, terms_options
from hotline.cli.settings import Settings, common_options, settings_of
from hotline.errors import CouldNot, Misused
from hotline.printable import printable

if TYPE_CHECKING:
    from hotline.ceremony import Ceremony
    from hotline.ceremony_rehearsal import Played
    from hotline.ceremony_state import State
    from hotline.ceremony_steps import Step

_WITH = click.option(
    "--with", "counterpart", metavar="ABC", help="The other party. Default: that of the only ceremony."
)


@click.group("ceremony")
@common_options
def ceremony_command() -> None:
    """Pair with another party in two rooms: who does what, what is carried, what is read aloud.

    \b
    First room:   hotline --home ARC ceremony begin --room first --with BOR --reader duty --endpoint ...
    Second room:  hotline --home BOR ceremony begin --room second --with ARC --reader duty --endpoint ...
    Both, until it says that it is over:  hotline --home ARC ceremony next [FILE]...
    To practise:  hotline ceremony rehearse
    """


ceremony_command.add_command(qr_command)
ceremony_command.add_command(scan_command)


@ceremony_command.command("begin")
@click.option("--room", type=click.Choice(["first", "second"]), required=True, help="The first makes the offer.")
@click.option("--with", "counterpart", metavar="ABC", required=True, help="Short name of the other party.")
@click.option("--reader", required=True, metavar="NAME", help="Officer who reads the words aloud.")
@click.option("--witness", metavar="NAME", help="Officer who watches; another one.")
@click.option("--endpoint", "endpoints", multiple=True, help="Where our node answers: host:port. Repeat for several.")
@terms_options
@common_options
@click.pass_context
def begin(
    context: click.Context,
    /,
    room: str,
    counterpart: str,
    reader: str,
    witness: str | None,
    endpoints: tuple[str, ...],
    **options: Any,
) -> None:
    """Begin a ceremony in this room. Nothing is signed yet. Only the first room says what is proposed.

    \b
    Examples:
      hotline --home ARC ceremony begin --room first --with BOR --reader duty --witness senior \\
          --endpoint line.arcadia.example:7443 --agreement draft.toml
      hotline --home BOR ceremony begin --room second --with ARC --reader duty --endpoint line.borealia.example:7443
    """
    from hotline.ceremony import Plan
    from hotline.ceremony import begin as begin_room
    from hotline.clock import now_ms
    from hotline.pairing_files import check_endpoints
    from hotline.party_file import read_party

    settings = settings_of(context)
    home = settings.node_home()
    plan = Plan(
        room=room,
        counterpart=counterpart,
        reader=reader,
        witness=witness,
        endpoints=check_endpoints(endpoints),
        terms=terms_of(at_ms=now_ms(), suite=read_party(home.party_path).roots.suite, **options)
        if room == "first"
        else None,
    )
    _show(settings, begin_room(home, plan, now_ms=now_ms()))


@ceremony_command.command("next")
@click.argument("files", nargs=-1, type=click.Path())
@_WITH
@click.option("--to", "directory", type=click.Path(), help="Also copy what goes out to this directory, as a medium.")
@click.option(
    "--answers", type=click.Path(), help="File with what the people in the room decided and heard; see above."
)
@ROOTS_OPTIONS[0]
@ROOTS_OPTIONS[1]
@common_options
@click.pass_context
def next_command(
    context: click.Context,
    files: tuple[str, ...],
    counterpart: str | None,
    directory: str | None,
    answers: str | None,
    roots_directory: str | None,
    roots_passphrase_file: str | None,
) -> None:
    """Do the next step of this room, with the files that the other room handed over.

    \b
    Examples:
      hotline --home ARC ceremony next --to /media/courier
      hotline --home ARC ceremony next /media/courier/answer
      hotline --home ARC --no-input ceremony next --answers answers.toml --roots /media/roots

    \b
    A file of answers has a line for each question, and is for exercises:
      terms-read = true
      number-known = true
      own-words-read = true
      heard-words = "the fourteen words that the other room read"
    """
    from hotline.ceremony_answers import FILE_BYTES_MAX as ANSWERS_BYTES_MAX
    from hotline.ceremony_answers import Asked, parse_answers
    from hotline.ceremony_work import Hands
    from hotline.clock import now_ms
    from hotline.errors import Refused
    from hotline.pairing_files import FILE_BYTES_MAX
    from hotline.secret_files import root_secrets
    from nodes.errors import FileRefused
    from nodes.files import read_file, write_file

    settings = settings_of(context)
    ceremony = opened(settings, counterpart)
    step = ceremony.state.next_step
    if directory is not None and not Path(directory).is_dir():
        # A step is done once: what goes out must have its place before.
        raise CouldNot("file-missing", f"{directory}: there is no such directory for what goes out; nothing was done")
    if step is not None and ceremony.state.stopped is None:
        for line in _step_lines(step, ceremony.state):
            settings.output.note(line)
    given = {} if answers is None else parse_answers(read_file(Path(answers), bytes_max=ANSWERS_BYTES_MAX))
    if len(files) > 4:
        raise Misused("ceremony-refused", "no step takes so many files")
    data = [read_file(Path(one), bytes_max=FILE_BYTES_MAX) for one in files]
    hands = Hands(
        answers=Asked(given, settings.output, settings.may_ask),
        opened=lambda: root_secrets(
            settings, ceremony.home, directory=roots_directory, passphrase_file=roots_passphrase_file
        ),
        now_ms=now_ms,
    )
    try:
        done = ceremony.advance(data, hands)
    except Refused as error:
        if error.code != "ceremony-stopped":
            _note(settings, ceremony, error.code)
        raise
    if ceremony.state.next_step is None:
        _note(settings, ceremony, "complete")
    copied = {}
    for name in done.gives:
        copied[name] = ceremony.path(name)
        if directory is not None:
            copied[name] = Path(directory) / name
            try:
                write_file(copied[name], ceremony.path(name).read_bytes())
            except FileRefused as error:
                done_here = f"the step is done: copy {ceremony.path(name)} there by hand"
                raise CouldNot(error.code, f"{error.text}; {done_here}") from error
    _show(settings, ceremony, done=done.name, given=copied)


@ceremony_command.command("status")
@_WITH
@common_options
@click.pass_context
def status(context: click.Context, counterpart: str | None) -> None:
    """Say where this room is, why it stopped, which files it has, and what comes next. Exit 1 where it has stopped.

    \b
    Example:
      hotline --home ARC ceremony status
    """
    settings = settings_of(context)
    ceremony = opened(settings, counterpart)
    _show(settings, ceremony)
    if ceremony.state.stopped is not None:
        context.exit(1)


@ceremony_command.command("show")
@click.option("--room", type=click.Choice(["first", "second"]), help="Only the steps of this room.")
@common_options
@click.pass_context
def show(context: click.Context, room: str | None) -> None:
    """Show the whole ceremony as a checklist: who, what, which file, what is said, what to do when it differs.

    \b
    Examples:
      hotline ceremony show
      hotline ceremony show --room second
    """
    from hotline.ceremony_steps import ROOMS, checklist, steps_of

    rooms = ROOMS if room is None else (room,)
    found = {one: [_step_json(step) for step in steps_of(one)] for one in rooms}
    lines = [line for one in rooms for line in (f"## The {one} room", "", *checklist(one), "")]
    settings_of(context).output.result({"rooms": found}, lines[:-1])


@ceremony_command.command("resume")
@_WITH
@common_options
@click.pass_context
def resume(context: click.Context, counterpart: str | None) -> None:
    """Go on after a stop that was a slip of the hand, such as a wrong medium. The stop stays in the record.

    \b
    Example:
      hotline --home ARC ceremony resume
    """
    settings = settings_of(context)
    ceremony = opened(settings, counterpart)
    ceremony.resume()
    _show(settings, ceremony)


@ceremony_command.command("restart")
@_WITH
@click.option("--agreement", type=click.Path(), help="First room: propose this draft instead. It says all terms.")
@click.option("--yes", is_flag=True, help="Do not ask: it is known that the first room has not signed.")
@common_options
@click.pass_context
def restart(context: click.Context, counterpart: str | None, agreement: str | None, yes: bool) -> None:
    """Begin the same ceremony anew in this room: new offer, new keys. The other room has to do it too.

    \b
    Examples:
      hotline --home ARC ceremony restart
      hotline --home ARC ceremony restart --agreement draft.toml --yes
    """
    from hotline.clock import now_ms
    from hotline.party_file import read_party

    settings = settings_of(context)
    ceremony = opened(settings, counterpart)
    settings.confirm("Does the other room restart as well? What it has now will count no more.", yes=yes)
    terms = None
    if agreement is not None:
        at_ms, suite = now_ms(), read_party(ceremony.home.party_path).roots.suite
        terms = terms_of(at_ms=at_ms, suite=suite, terms_file=agreement)
    ceremony.restart(now_ms=now_ms(), terms=terms, sure=yes)
    _show(settings, ceremony)


@ceremony_command.command("verify")
@click.argument("file", type=click.Path())
@click.option("--agreement", type=click.Path(), help="Text of the agreement. Default: that of this home's channel.")
@common_options
@click.pass_context
def verify(context: click.Context, file: str, agreement: str | None) -> None:
    """Verify a transcript: both rooms had the same files, and enough roots of both parties signed the text.

    \b
    Examples:
      hotline --home ARC ceremony verify transcript
      hotline ceremony verify transcript --agreement agreement.toml
    """
    from hotline.ceremony_files import SignedTranscript, parse_text
    from hotline.ceremony_work import verify as check
    from hotline.pairing_files import FILE_BYTES_MAX
    from hotline.zulu import zulu_short
    from nodes.files import read_file
    from protocol.agreement import Agreement
    from protocol.pairing_transcript import transcript_digest

    settings = settings_of(context)
    signed = SignedTranscript.parse(read_file(Path(file), bytes_max=FILE_BYTES_MAX))
    if agreement is None:
        home = settings.node_home()
        others = [one for one in parse_text(signed.text).parties if one != home.party]
        channel = home.channel(others[0])
        if not channel.is_paired():
            raise CouldNot("channel-unknown", f"there is no channel with {others[0]}; give --agreement")
        path = channel.agreement_path
    else:
        path = Path(agreement)
    found = check(signed, Agreement.parse_founding(read_file(path)))
    rooms = [one for one in (found.first, found.second) if one is not None]
    name = transcript_digest(signed.text).hex()
    settings.output.result(
        {
            "verified": True,
            "transcript": name,
            "channel": found.channel.hex(),
            "agreement": found.agreement.hex(),
            "parties": list(found.parties),
            "rooms": [
                {"party": one.party, "attempt": one.attempt, "reader": one.reader, "witness": one.witness}
                | {"roots": list(one.roots), "stops": [code for code, _ in one.stops]}
                for one in rooms
            ],
        },
        [
            f"The transcript holds: {' and '.join(found.parties)} paired, and roots of both signed it.",
            f"  transcript  {name}",
            f"  agreement   {found.agreement.hex()}",
            *(
                f"  {one.party}: attempt {one.attempt}, read by person {one.reader}, "
                + (f"watched by person {one.witness}, " if one.witness else "nobody watched, ")
                + f"roots {', '.join(map(str, one.roots))}, {zulu_short(one.began_ms)} to {zulu_short(one.done[-1])}"
                + "".join(f"; stopped: {code}" for code, _ in one.stops)
                for one in rooms
            ),
        ],
    )


@ceremony_command.command("rehearse")
@click.option("--fault", help="Let something go wrong; `--list` names what can.")
@click.option("--list", "listed", is_flag=True, help="List what can go wrong in a rehearsal.")
@click.option("--by-hand", is_flag=True, help="Type the words yourself, at a terminal.")
@click.option("--dir", "directory", type=click.Path(), help="Keep both homes in this new directory.")
@common_options
@click.pass_context
def rehearse(context: click.Context, fault: str | None, listed: bool, by_hand: bool, directory: str | None) -> None:
    """Play both rooms with parties that do not exist, in a directory that goes away. Some ten seconds.

    \b
    Examples:
      hotline ceremony rehearse
      hotline ceremony rehearse --fault man-in-the-middle
      hotline ceremony rehearse --by-hand
    """
    import tempfile

    from hotline.ceremony_rehearsal import FAULTS
    from hotline.output import table

    settings = settings_of(context)
    if listed:
        rows = [(name, one.help, one.code) for name, one in FAULTS.items()]
        settings.output.result(
            {"faults": [{"name": name, "help": text, "code": code} for name, text, code in rows]},
            table(rows, heads=("fault", "what goes wrong", "stops with")),
        )
        return
    if fault is not None and fault not in FAULTS:
        raise Misused("usage", f"--fault is one of {', '.join(FAULTS)}")
    if by_hand and not settings.may_ask:
        raise Misused("usage", "--by-hand needs a terminal")
    if directory is not None:
        path = Path(directory)
        if path.exists():
            raise CouldNot("home-exists", f"{path} exists already; name a new directory")
        path.mkdir(mode=0o700, parents=True)
        _rehearse(settings, path, fault=fault, by_hand=by_hand)
        return
    with tempfile.TemporaryDirectory(prefix="hotline-rehearsal-") as name:
        _rehearse(settings, Path(name), fault=fault, by_hand=by_hand)


def _rehearse(settings: Settings, path: Path, *, fault: str | None, by_hand: bool) -> None:
    from hotline.ceremony_answers import Asked
    from hotline.ceremony_rehearsal import FAULTS, furnish, play
    from hotline.ceremony_work import Answers
    from hotline.clock import now_ms
    from keys.suite import SUITE_1

    output = settings.output
    terms = terms_of(at_ms=now_ms(), suite=SUITE_1, title="A rehearsal")
    output.note("Two homes are made, with keys that nobody will use.")
    rooms = furnish(path, terms)

    def tell(step: Step, state: State) -> None:
        output.note("")
        for line in _step_lines(step, state):
            output.note(line)

    def told(played: Played) -> None:
        if played.stopped is not None:
            output.note(f"  stopped {played.stopped[0]}: {played.stopped[1]}")
            return
        for name, digest in played.files.items():
            output.note(f"  {name} {digest[:16]}…")
        output.note("  done")

    def ask(heard: Sequence[str]) -> Answers:
        output.note("  The other room reads: " + "  ".join(heard))
        return Asked({"number-known": True, "own-words-read": True}, output, True)

    played = play(rooms, fault=fault, tell=tell, told=told, note=output.note, ask=ask if by_hand else None)
    stopped = played[-1].stopped
    expected = FAULTS[fault].code if fault is not None else None
    found = {
        "steps": [{"room": one.step.room, "step": one.step.name, "party": one.party} for one in played],
        "stopped": None if stopped is None else {"code": stopped[0], "text": stopped[1]},
        "fault": fault,
    }
    if (stopped[0] if stopped else None) != expected and not by_hand:
        raise CouldNot("internal-error", f"the rehearsal should have ended with {expected or 'both signatures'}")
    if stopped is None:
        output.result(found, ["", "Both parties have the channel, and both signed the transcript. Nothing is kept."])
        return
    lines = ["", f"The ceremony stopped with {stopped[0]}, as it should. People decide what comes next:"]
    output.result(found, [*lines, f"  hotline explain {stopped[0]}"])


def opened(settings: Settings, counterpart: str | None) -> Ceremony:
    """Take up the ceremony that is meant: with the party named, or the only one.

    Raises:
        CouldNot: there is none.
        Misused: there are several.
    """
    from hotline.ceremony import Ceremony
    from hotline.ceremony_state import ceremonies

    home = settings.node_home()
    if counterpart is None:
        known = ceremonies(home)
        if not known:
            raise CouldNot("ceremony-missing", f"no ceremony was begun in {home.path}")
        if len(known) > 1:
            raise Misused("ceremony-refused", f"say with whom: --with {' or '.join(known)}")
        counterpart = known[0]
    return Ceremony.open(home, counterpart)


def _note(settings: Settings, ceremony: Ceremony, result: str) -> None:
    """Leave the end of a ceremony, or a stop, for the journal."""
    from hotline.clock import now_ms
    from hotline.journalling import note_down
    from protocol.pairing_transcript import transcript_digest

    state = ceremony.state
    signed = ceremony.transcript() if result == "complete" else None
    note_down(
        settings,
        ceremony.home,
        "ceremony",
        counterpart=state.counterpart,
        result=result,
        digest=None if signed is None else transcript_digest(signed.text),
        at_ms=now_ms(),
    )


def _show(
    settings: Settings, ceremony: Ceremony, *, done: str | None = None, given: dict[str, Path] | None = None
) -> None:
    state = ceremony.state
    step = state.next_step
    words = ceremony.words_to_show() if state.stopped is None else None
    name = ceremony.transcript_name() if state.stopped is None else None
    found: dict[str, Any] = {
        "transcript": name,
        "party": state.party,
        "with": state.counterpart,
        "room": state.room,
        "attempt": state.attempt,
        "did": done,
        "done": [name for name, _ in state.done],
        "files": {name: {"sha256": sha256, "path": str(ceremony.path(name))} for name, sha256 in state.files.items()},
        "given": {name: str(path) for name, path in (given or {}).items()},
        "own_words": None if words is None else list(words),
        "stopped": None if state.stopped is None else {"code": state.stopped[0], "text": state.stopped[1]},
        "stops": [code for code, _ in state.stops],
        "next": None if step is None else _step_json(step),
        "over": step is None,
    }
    head = f"{state.party}, the {state.room} room of the ceremony with {state.counterpart}, attempt {state.attempt}."
    lines = [head]
    lines += [f"  [x] {name}" for name, _ in state.done]
    lines += [f"  {name:<14} {sha256}" for name, sha256 in state.files.items() if name != "terms"]
    if name is not None:
        lines.append(f"The transcript's text has the digest {name[:8]} {name[8:]}")
    lines += [f"Bring to the other room: {path}" for path in (given or {}).values()]
    if state.stopped is not None:
        lines += [
            f"Stopped {state.stopped[0]}: {printable(state.stopped[1])}",
            "Next: hotline explain " + state.stopped[0],
        ]
    elif step is None:
        lines += [
            f"The ceremony is over; the transcript is {ceremony.path('countersigned')}",
            f"Next: hotline --home {ceremony.home.path} node run",
        ]
    else:
        lines += [
            "Next step:",
            *_step_lines(step, state),
            " ".join([f"Next: hotline --home {ceremony.home.path} ceremony next", *step.takes]),
        ]
    settings.output.result(found, lines)


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "step": step.name,
        "who": step.who,
        "does": step.does,
        "takes": list(step.takes),
        "gives": list(step.gives),
        "asks": list(step.asks),
        "aloud": step.aloud,
        "differs": step.differs,
    }


def _step_lines(step: Step, state: State) -> list[str]:
    lines = [f"{state.party}: {step.name} ({step.who})", f"  {step.does}"]
    if step.takes:
        lines.append(f"  comes in: {', '.join(step.takes)}")
    if step.gives:
        lines.append(f"  goes out: {', '.join(step.gives)}")
    if step.aloud:
        lines.append(f"  aloud: {step.aloud}")
    lines.append(f"  if it differs: {step.differs}")
    return lines
