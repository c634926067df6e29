"""The pairing ceremony of two rooms: each step done once, and stopped where something is not as it should be.

The ceremony is played once; a copy of both homes from before each step is where most tests begin.
"""

import json
import re
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hotline.ceremony import Ceremony, Plan, begin
from hotline.ceremony_answers import parse_answers
from hotline.ceremony_files import SignedTranscript, parse_text
from hotline.ceremony_rehearsal import FAULTS, Played, Room, play
from hotline.ceremony_state import State, alone
from hotline.ceremony_steps import FIRST, NEEDS_RESTART, ROOMS, SECOND, STEPS, Step, steps_of
from hotline.ceremony_words import typed_words, words_of
from hotline.ceremony_work import Hands, verify
from hotline.errors import CouldNot, HotlineError, Misused, Refused
from hotline.pairing_files import Offer
from hotline.root_signing import Secrets
from nodes.backup_files import KEYS, paths
from nodes.home import NodeHome
from nodes.journal_home import notes
from nodes.resources import journal_catalogue
from protocol.agreement import Agreement
from protocol.codes import CODES
from tests.hotline.people import hotline, ok
from tests.hotline.test_ceremony_pages import commands

NOW = 1_795_305_236_589
SHORT = {FIRST: "ARC", SECOND: "BOR"}

pytestmark = pytest.mark.slow


def nothing(*_: object) -> None:
    """Tell nobody."""


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies of both homes from before each step, in directories such as `first-words`, and at the `end`.

    They are those of a rehearsal of a fault, after which both rooms began anew.
    """
    place = tmp_path_factory.mktemp("ceremony")
    stopped = ok("ceremony", "rehearse", "--fault", "old-format", "--dir", place / "homes")
    assert stopped["stopped"]["code"] == "ceremony-file-old"
    rooms = Stage(place / "homes").rooms
    for room in rooms.values():
        room.ceremony.restart(now_ms=NOW)

    def keep(step: Step, _state: State) -> None:
        shutil.copytree(place / "homes", place / f"{step.room}-{step.name}")

    played = play(rooms, fault=None, tell=keep, told=nothing, note=nothing)
    assert played[-1].stopped is None
    (place / "homes").rename(place / "end")
    return place


@dataclass(frozen=True, slots=True)
class Stage:
    """A copy of both homes that a test may change."""

    path: Path

    @property
    def rooms(self) -> dict[str, Room]:
        """Both rooms, taken up where they are."""
        passphrase = (self.path / "passphrase").read_bytes().strip()
        found = {}
        for room, short in SHORT.items():
            home = NodeHome(self.path / short)
            opened = Secrets(passphrase=passphrase, roots=home.roots, root_passphrase=passphrase)
            other = SHORT[SECOND if room == FIRST else FIRST]
            found[room] = Room(ceremony=Ceremony.open(home, other), opened=opened)
        return found

    def acting(self, room: str, *arguments: str | Path) -> Sequence[str | Path]:
        """Arguments of a command that runs unattended in a room."""
        secret = self.path / "passphrase"
        secret.chmod(0o600)
        return ("--home", self.path / SHORT[room], "--passphrase-file", secret, "--no-input", "ceremony", *arguments)

    def file(self, room: str, name: str) -> Path:
        """A file of the ceremony as a room keeps it."""
        return self.rooms[room].ceremony.path(name)

    def advance(self, room: str, *files: bytes, heard: str = "", yes: bool = True) -> Step:
        """Do the next step of a room, with people who say yes or no to everything."""
        at = self.rooms[room]
        return at.ceremony.advance(files, Hands(answers=Says(yes, heard), opened=at.secrets, now_ms=lambda: NOW))

    def refused(self, room: str, *files: bytes, heard: str = "") -> str:
        """Do the next step of a room, which stops it: gives the code, which the state then has."""
        with pytest.raises(Refused) as caught:
            self.advance(room, *files, heard=heard)
        stopped = self.rooms[room].ceremony.state.stopped
        assert stopped is not None
        assert stopped[0] == caught.value.code
        return caught.value.code


@dataclass(frozen=True, slots=True)
class Says:
    """People who say the same to everything."""

    yes: bool
    heard: str

    def confirm(self, question: str, about: Sequence[str]) -> bool:
        """Yes or no."""
        return self.yes

    def words(self, question: str) -> str:
        """What was heard."""
        return self.heard


def at(stages: Path, tmp_path: Path, name: str) -> Stage:
    """A copy of a stage."""
    shutil.copytree(stages / name, tmp_path / "homes")
    return Stage(tmp_path / "homes")


def test_both_rooms_end_with_one_channel_and_one_transcript(stages: Path, tmp_path: Path) -> None:
    """Same agreement, same signed text, which names files by digest and people by number; roots of both hold."""
    stage = at(stages, tmp_path, "end")
    texts = [
        (stage.path / own / "channels" / other / "agreement.toml").read_bytes()
        for own, other in (("ARC", "BOR"), ("BOR", "ARC"))
    ]
    assert texts[0] == texts[1]
    signed = [stage.rooms[room].ceremony.transcript() for room in ROOMS]
    assert signed[0] is not None
    assert signed[0] == signed[1]
    assert len({stage.rooms[room].ceremony.transcript_name() for room in ROOMS}) == 1
    found = verify(signed[0], Agreement.parse_founding(texts[0]))
    assert found.second is not None
    assert [(one.party, one.reader, one.witness, one.roots) for one in (found.first, found.second)] == [
        ("ARC", 1, 2, (1, 2)),
        ("BOR", 1, 2, (1, 2)),
    ]
    assert b"Arcadia" not in signed[0].text
    assert [(one.attempt, [code for code, _ in one.stops]) for one in (found.first, found.second)] == [
        (2, []),
        (2, ["ceremony-file-old"]),
    ]


def test_each_room_reads_words_of_its_own() -> None:
    """Who hears the words of one room does not know those of the other; every byte of both files changes them."""
    first, second, other = (words_of(room, offer=b"o", answer=b"a") for room in (FIRST, SECOND, FIRST))
    assert first == other
    assert len({first, second, words_of(FIRST, offer=b"o2", answer=b"a"), words_of(FIRST, offer=b"o", answer=b"")}) == 4


@pytest.mark.parametrize("fault", FAULTS)
def test_what_goes_wrong_stops_where_it_shows(stages: Path, tmp_path: Path, fault: str) -> None:
    """Each fault of a rehearsal stops the room that it reaches with its code, and nothing goes on behind it."""
    shown = FAULTS[fault]
    stage = at(stages, tmp_path, "first-offer" if "middle" in fault else f"{shown.room}-{shown.step}")
    told: list[Played] = []
    rooms = stage.rooms
    played = play(rooms, fault=fault, tell=nothing, told=told.append, note=nothing)
    stopped = played[-1].stopped
    assert stopped is not None
    assert (played[-1].step.room, played[-1].step.name, stopped[0]) == (shown.room, shown.step, shown.code)
    again = stage.rooms[shown.room].ceremony
    assert again.state.stopped == stopped
    with pytest.raises(Refused) as caught:
        again.advance([], Hands(answers=Says(True, ""), opened=rooms[FIRST].secrets, now_ms=lambda: NOW))
    assert caught.value.code == "ceremony-stopped"
    if shown.code in NEEDS_RESTART:
        with pytest.raises(Refused, match="cannot go on"):
            again.resume()
    else:
        again.resume()
        after = stage.rooms[shown.room].ceremony.state
        assert (after.stopped, after.stops[-1][0]) == (None, shown.code)


def test_a_step_is_done_once_and_in_order(stages: Path, tmp_path: Path) -> None:
    """The same file again, or none where one is needed, is a slip: nothing is done and nothing stops."""
    stage = at(stages, tmp_path, "second-final")
    offer = stage.file(FIRST, "offer").read_bytes()
    for files in ((), (offer,), (stage.file(FIRST, "final").read_bytes(),)):
        with pytest.raises(Misused):
            stage.advance(SECOND, *files)
    assert stage.rooms[SECOND].ceremony.state.stopped is None
    assert [name for name, _ in stage.rooms[SECOND].ceremony.state.done] == ["answer", "words"]


def test_one_command_at_a_time_goes_on(stages: Path, tmp_path: Path) -> None:
    """A second one, or one that read the state before the first was done, does nothing."""
    stage = at(stages, tmp_path, "first-answer")
    early = stage.rooms[FIRST].ceremony
    with alone(early.home, early.state), pytest.raises(Misused, match="is at a step"):
        stage.advance(FIRST, stage.file(SECOND, "answer").read_bytes())
    stage.advance(FIRST, stage.file(SECOND, "answer").read_bytes())
    with pytest.raises(Misused, match="has gone on"):
        early.restart(now_ms=NOW)


def test_people_who_say_no_leave_everything_as_it_is(stages: Path, tmp_path: Path) -> None:
    """Terms that nobody has read are not signed; a call on an unknown number compares nothing."""
    stage = at(stages, tmp_path, "second-answer")
    with pytest.raises(Misused) as caught:
        stage.advance(SECOND, stage.file(FIRST, "offer").read_bytes(), yes=False)
    assert caught.value.code == "not-confirmed"
    assert not (stage.path / "BOR/channels/ARC").exists()
    assert stage.rooms[SECOND].ceremony.state.done == ()


def test_a_slip_in_a_typed_word_compares_nothing(stages: Path, tmp_path: Path) -> None:
    """A word that is none of the list, or one too few, is typed again; four letters of each are enough."""
    stage = at(stages, tmp_path, "first-words")
    said = stage.rooms[SECOND].ceremony.own_words()
    assert said is not None
    for heard in ("", " ".join(said[:-1]), " ".join((*said[:-1], "acornish"))):
        with pytest.raises(Misused, match="word"):
            stage.advance(FIRST, heard=heard)
    assert stage.rooms[FIRST].ceremony.state.stopped is None
    assert typed_words("-".join(word[:4].upper() for word in said)) == said
    assert stage.advance(FIRST, heard=" ".join(word[:4] for word in said)).name == "words"


def test_our_own_words_are_not_theirs(stages: Path, tmp_path: Path) -> None:
    """Somebody who repeats to us what we read has shown nothing."""
    stage = at(stages, tmp_path, "first-words")
    own = stage.rooms[FIRST].ceremony.own_words()
    assert own is not None
    assert stage.refused(FIRST, heard=" ".join(own)) == "words-differ"


def test_a_restart_makes_everything_new(stages: Path, tmp_path: Path) -> None:
    """New offer, no keys that wait, and files from before count no more, in either room."""
    stage = at(stages, tmp_path, "first-words")
    before = {name: stage.file(FIRST, name).read_bytes() for name in ("offer", "answer")}
    for room in ROOMS:
        stage.rooms[room].ceremony.restart(now_ms=NOW)
    assert not (stage.path / "BOR/channels/ARC/pairing").exists()
    assert not list((stage.path / "ARC/offers").iterdir())
    assert stage.refused(SECOND, before["offer"]) == "ceremony-file-old"
    stage.advance(FIRST)
    offer = stage.file(FIRST, "offer").read_bytes()
    assert offer != before["offer"]
    assert stage.refused(FIRST, before["answer"]) == "ceremony-file-old"
    state = stage.rooms[FIRST].ceremony.state
    assert (state.attempt, [code for code, _ in state.stops]) == (3, ["ceremony-file-old"])


def test_a_room_does_not_restart_alone_behind_equal_words(stages: Path, tmp_path: Path) -> None:
    """The second room cannot know whether the first has signed; people have to say that it has not."""
    stage = at(stages, tmp_path, "second-final")
    with pytest.raises(Misused, match="may have signed"):
        stage.rooms[SECOND].ceremony.restart(now_ms=NOW)
    assert hotline(*stage.acting(SECOND, "restart", "--json")).status == 2
    assert ok(*stage.acting(SECOND, "restart", "--yes"))["attempt"] == 3


def test_other_terms_are_proposed_after_a_restart(stages: Path, tmp_path: Path) -> None:
    """Terms that the other side refuses are changed in the first room, and by nobody else."""
    stage, draft = at(stages, tmp_path, "first-answer"), tmp_path / "draft.toml"
    draft.write_text('title = "Another line"\n')
    ok(*stage.acting(FIRST, "restart", "--agreement", draft))
    stage.advance(FIRST)
    assert Offer.parse(stage.file(FIRST, "offer").read_bytes()).terms.title == "Another line"
    assert hotline(*stage.acting(SECOND, "restart", "--agreement", draft, "--json")).status == 2


def test_a_channel_that_is_there_is_not_made_again(stages: Path, tmp_path: Path) -> None:
    """After the first room has signed, what was compared stands: only files may be brought again."""
    stage = at(stages, tmp_path, "second-final")
    with pytest.raises(CouldNot) as caught:
        stage.rooms[FIRST].ceremony.restart(now_ms=NOW)
    assert caught.value.code == "channel-exists"


def test_a_crash_between_the_channel_and_the_record_loses_nothing(stages: Path, tmp_path: Path) -> None:
    """A step that was done and not written down is done again, with the same agreement and the same keys."""
    stage = at(stages, tmp_path, "second-final")
    early = at(stages, tmp_path / "early", "first-final")
    final = stage.file(FIRST, "final").read_bytes()
    shutil.copy(early.file(FIRST, "state.json"), stage.file(FIRST, "state.json"))
    stage.advance(FIRST)
    assert stage.file(FIRST, "final").read_bytes() == final
    minutes = stage.file(FIRST, "minutes").read_bytes()
    later = stage.file(SECOND, "state.json").read_bytes()
    stage.advance(SECOND, final, minutes)
    stage.file(SECOND, "state.json").write_bytes(later)
    stage.advance(SECOND, minutes, final)
    assert [name for name, _ in stage.rooms[SECOND].ceremony.state.done] == ["answer", "words", "final"]


def test_minutes_changed_on_the_way_are_found_before_the_first_party_signs(stages: Path, tmp_path: Path) -> None:
    """Nothing signs minutes; a time or person that somebody changed in them stops the first room."""
    stage = at(stages, tmp_path, "first-transcript")
    signed = SignedTranscript.parse(stage.file(SECOND, "transcript").read_bytes())
    found = parse_text(signed.text)
    for other in (replace(found.first, reader=7), replace(found.first, began_ms=found.first.began_ms - 1)):
        forged = replace(signed, text=replace(found, first=other).render()).encode()
        assert stage.refused(FIRST, forged) == "ceremony-record-differs"
        stage.rooms[FIRST].ceremony.resume()
    assert found.second is not None
    forged = replace(signed, text=replace(found, second=replace(found.second, reader=7)).render()).encode()
    assert stage.refused(FIRST, forged) == "transcript-unsigned"


def test_a_second_room_does_not_take_another_text(stages: Path, tmp_path: Path) -> None:
    """What comes back must be its own text with signatures of both; its own file alone is its own file."""
    stage = at(stages, tmp_path, "second-closed")
    assert stage.refused(SECOND, stage.file(SECOND, "transcript").read_bytes()) == "ceremony-own-file"
    stage.rooms[SECOND].ceremony.resume()
    signed = SignedTranscript.parse(stage.file(FIRST, "countersigned").read_bytes())
    swapped = replace(signed, signatures={**signed.signatures, "ARC": signed.signatures["BOR"]})
    assert stage.refused(SECOND, swapped.encode()) == "transcript-unsigned"


def test_a_ceremony_begins_with_people_who_are_there(stages: Path, tmp_path: Path) -> None:
    """Not with oneself, not with nobody, not watched by the reader, not twice."""
    home = NodeHome(at(stages, tmp_path, "second-answer").path / "BOR")
    plan = Plan(room=SECOND, counterpart="CEL", reader="duty", witness="release", endpoints=(), terms=None)
    for wrong in (
        replace(plan, counterpart="BOR"),
        replace(plan, counterpart="../x"),
        replace(plan, reader="nobody"),
        replace(plan, witness="duty"),
        replace(plan, room=FIRST),
    ):
        with pytest.raises(Misused):
            begin(home, wrong, now_ms=NOW)
    begin(home, plan, now_ms=NOW)
    with pytest.raises(CouldNot) as caught:
        begin(home, plan, now_ms=NOW)
    assert caught.value.code == "ceremony-exists"


def test_the_commands_lead_a_room_unattended(stages: Path, tmp_path: Path) -> None:
    """Answers come from a file; what goes out is copied to a medium that is there; status and resume say how it is."""
    stage = at(stages, tmp_path, "first-words")
    answers, medium = tmp_path / "answers.toml", tmp_path / "medium"
    medium.mkdir()
    silent = hotline(*stage.acting(FIRST, "next", "--json"))
    assert (silent.status, silent.json["error"]["code"]) == (2, "ceremony-answer-missing")
    assert ok(*stage.acting(SECOND, "status"))["own_words"] is None
    stage.advance(SECOND, heard=" ".join(ok(*stage.acting(FIRST, "status"))["own_words"]))
    said = ok(*stage.acting(SECOND, "status"))["own_words"]
    answers.write_text(ok(*stage.acting(SECOND, "qr", "--words"))["codes"][0])
    assert ok("ceremony", "scan", answers)["words"] == said
    answers.write_text(f'number-known = true\nown-words-read = true\nheard-words = "{" ".join(said)}"\n')
    assert ok(*stage.acting(FIRST, "next", "--answers", answers))["did"] == "words"
    nowhere = hotline(*stage.acting(FIRST, "next", "--to", tmp_path / "unplugged", "--json"))
    assert (nowhere.status, nowhere.json["error"]["code"]) == (3, "file-missing")
    done = ok(*stage.acting(FIRST, "next", "--to", medium))
    assert (sorted(done["given"]), sorted(path.name for path in medium.iterdir())) == (["final", "minutes"],) * 2
    wrong = hotline(*stage.acting(FIRST, "next", medium / "final", "--json"))
    assert (wrong.status, wrong.json["error"]["code"]) == (1, "ceremony-own-file")
    assert hotline(*stage.acting(FIRST, "status", "--json")).status == 1
    assert ok(*stage.acting(FIRST, "resume"))["stops"] == ["ceremony-own-file"]
    (note,) = notes(NodeHome(stage.path / "ARC"), journal_catalogue())
    assert note[1:] == ("ceremony", note[2])
    assert note[2]["result"] == "ceremony-own-file"


def test_a_backup_has_the_whole_ceremony(stages: Path, tmp_path: Path) -> None:
    """A room whose machine breaks goes on elsewhere, and the transcript is not lost."""
    home = NodeHome(at(stages, tmp_path, "end").path / "ARC")
    kept = {path.relative_to(home.path).as_posix() for path in (home.path / "ceremonies").rglob("*") if path.is_file()}
    assert len(kept) == 8
    assert kept <= set(paths(home, KEYS))


def test_the_transcript_is_verified_by_a_command(stages: Path, tmp_path: Path) -> None:
    """With the home, or with nothing but the agreement's text; a transcript that one party signed does not do."""
    stage = at(stages, tmp_path, "end")
    signed = stage.file(FIRST, "countersigned")
    assert ok(*stage.acting(SECOND, "verify", signed))["parties"] == ["ARC", "BOR"]
    agreement = stage.path / "ARC/channels/BOR/agreement.toml"
    assert ok("ceremony", "verify", signed, "--agreement", agreement)["verified"] is True
    alone = hotline("ceremony", "verify", stage.file(SECOND, "transcript"), "--agreement", agreement, "--json")
    assert (alone.status, alone.json["error"]["code"]) == (1, "transcript-unsigned")
    told = hotline("ceremony", "verify", signed, "--agreement", agreement)
    assert "watched by person 2" in told.out


def test_a_rehearsal_says_what_can_go_wrong(tmp_path: Path) -> None:
    """It names what can go wrong, and refuses what it does not know before it makes anything."""
    assert [one["name"] for one in ok("ceremony", "rehearse", "--list")["faults"]] == list(FAULTS)
    assert hotline("ceremony", "rehearse", "--fault", "nothing", "--dir", tmp_path / "x").status == 2
    assert not (tmp_path / "x").exists()


def test_a_file_of_answers_has_nothing_but_answers() -> None:
    """Unknown names, values of another type and other formats are refused."""
    assert parse_answers(b"terms-read = true\n") == {"terms-read": True}
    for wrong in (b"x = true", b"terms-read = 1", b"heard-words = true", b"\xff", b"a" + b".a" * 9_000 + b" = 1", b"["):
        with pytest.raises(Misused):
            parse_answers(wrong)


def test_a_state_that_was_changed_by_hand_is_refused(stages: Path, tmp_path: Path) -> None:
    """Another party's, steps in another order, or no state at all."""
    stage = at(stages, tmp_path, "first-words")
    path = stage.file(FIRST, "state.json")
    whole = json.loads(path.read_text())
    for change in ({"party": "CEL"}, {"done": [["final", 1]]}, {"attempt": "1"}, {"format": "x"}, {"room": "third"}):
        path.write_text(json.dumps(whole | change))
        with pytest.raises(HotlineError):
            _ = stage.rooms
    path.write_text("[" * 100_000)
    with pytest.raises(CouldNot):
        _ = stage.rooms


def test_the_table_of_steps_is_whole() -> None:
    """Every file that comes in goes out in the other room before, every stop is a code, every step says what then."""
    gives = {name: step.room for step in STEPS for name in step.gives}
    for step in STEPS:
        assert step.does
        assert step.differs
        for name in step.takes:
            assert gives[name] != step.room, name
    assert {one.code for one in FAULTS.values()} | NEEDS_RESTART <= CODES.keys()
    assert all(len({step.name for step in steps_of(room)}) == len(steps_of(room)) for room in ROOMS)


@pytest.mark.parametrize(
    ("stage_name", "wanted"),
    [
        ("first-offer", r"ceremony (begin|status|show)|officer list"),
        ("end", r"ceremony (verify|rehearse --list)|backup (--keys-only )?ARC|restore "),
    ],
)
def test_commands_of_the_checklists_run_as_written(
    stages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage_name: str, wanted: str
) -> None:
    """In the order of the page, in a directory with both homes; the passphrase comes from a file."""
    stage = at(stages, tmp_path, stage_name)
    if stage_name == "first-offer":
        for short in SHORT.values():
            shutil.rmtree(stage.path / short / "ceremonies")
    (stage.path / "draft.toml").write_text('title = "A line"\n')
    (stage.path / "passphrase").chmod(0o600)
    monkeypatch.chdir(stage.path)
    pages = ("pairing.md", "node-lost.md")
    found = dict.fromkeys(line for page, line in commands() if page in pages and re.search(wanted, line))
    lines = [line for line in found if "restart" not in line]
    # Backups come before what is restored from them, whatever page they are on.
    lines.sort(key=lambda line: "restore" in line)
    ran = [(line, hotline("--passphrase-file", "passphrase", "--no-input", *shlex.split(line))) for line in lines]
    assert [(line, done.err) for line, done in ran if done.status != 0] == []
    assert len(ran) >= 4
