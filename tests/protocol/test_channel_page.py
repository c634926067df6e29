"""The page spec/channel.md says what the code does: frames, beats, effects, codes, numbers and examples."""

import re
from pathlib import Path
from typing import get_args

import pytest

from nodes import budget, dialler, peer, reach
from protocol import beat as beats
from protocol import codes, effects, frames
from protocol.channel import OPEN_TIMEOUT_MS
from protocol.frames import FRAMES, FrameType, Item
from protocol.heart import TALLY_PAUSE_BEATS
from protocol.limits import APPEND_ENTRIES_BYTES_MAX, ENTRY_BYTES_MAX, FRAME_BYTES_MAX, FRAME_ITEMS_MAX
from protocol.mirror import AHEAD_MAX
from protocol.outbox import AHEAD_DISTANCE

PAGE = (Path(__file__).resolve().parents[2] / "spec" / "channel.md").read_text()
EXAMPLES = {name: bytes.fromhex(text) for name, text in re.findall(r"```([a-z]+)\n(.*?)```", PAGE, re.DOTALL)}
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))


def rows(section: str) -> list[list[str]]:
    """The rows of a section's table, without its head."""
    lines = [line for line in SECTIONS[section].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def spelled(item: Item) -> str:
    """An item as the page writes it."""
    bound = "" if item.kind is int else f" = {item.exact}" if item.exact else f" <= {item.most}"
    text = f"list of bytes{bound}, at most {item.count}" if item.kind is list else f"{item.kind.__name__}{bound}"
    return f"{item.name}: {text}{'?' if item.optional else ''}"


def test_the_table_of_frames_is_the_code() -> None:
    """Every type with its number, every item with its type and bounds, in order."""
    expected = [[str(int(kind)), kind.name.lower(), ", ".join(map(spelled, row))] for kind, row in FRAMES.items()]
    assert rows("Frames") == expected


def test_the_table_of_a_beat_is_the_code() -> None:
    """The fields in the order in which they are encoded."""
    assert [row[0] for row in rows("Heartbeats")] == list(beats._NAMES)


def test_the_table_of_effects_is_the_code() -> None:
    """Every effect, and no other."""
    assert [row[0] for row in rows("Effects")] == [kind.__name__ for kind in get_args(effects.Effect)]


def test_the_start_up_rule_names_the_items_of_a_state() -> None:
    """All of them, in order."""
    assert [row[0] for row in rows("The start-up rule")] == [item.name for item in FRAMES[FrameType.STATE]]


def test_the_examples_read() -> None:
    """The hello and the want on the page are frames, as the text beside them says."""
    hello = frames.parse(EXAMPLES["hello"])
    assert hello.items == {"versions": b"\x01", "channel": b"\x11" * 32, "party": "ARC", "nonce": b"\x22" * 32}
    assert frames.parse(EXAMPLES["want"]).items == {"voice": "BOR", "start": 17}


@pytest.mark.parametrize("code", re.findall(r"`([a-z]+(?:-[a-z]+)+)`", SECTIONS["Problems"] + SECTIONS["Heartbeats"]))
def test_every_code_on_the_page_can_be_explained(code: str) -> None:
    """A person who meets it can ask what it means."""
    assert code in codes.CODES


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ("Sessions", f"{FRAME_BYTES_MAX:,} bytes"),
        ("Sessions", f"a host that does not answer after {reach.REACH_TIMEOUT_S:.0f} s"),
        ("Sessions", f"a session that is not there after {dialler.DIAL_TIMEOUT_S:.0f} s"),
        ("Sessions", f"{dialler.PAUSE_FIRST_S} s at first and {dialler.PAUSE_MAX_S} s at most"),
        ("Sessions", f"given {dialler.NEXT_ROUTE_S} s before the next is tried beside it"),
        ("Sessions", f"unanswered for {reach.SILENT_MAX_MS // 1000} s"),
        ("Sessions", f"not open {OPEN_TIMEOUT_MS // 1000} s after"),
        ("Sessions", f"at most {peer.CONNECTIONS_MAX} connections, and {peer.CONNECTIONS_PER_ADDRESS} of one address"),
        ("Sessions", f"{budget.STRANGERS_PER_S} a second in, {budget.OF_ONE_PER_S} of one source"),
        ("Sessions", f"{peer.SESSIONS_AT_ONCE} sessions at once and then one a second"),
        ("Sessions", f"{budget.IDLE_AT_ONCE} at once and {budget.IDLE_PER_S} a second for long"),
        ("Sessions", peer.SUBPROTOCOL),
        ("Frames", f"{FRAME_BYTES_MAX:,} bytes and {FRAME_ITEMS_MAX:,} values"),
        ("What is checked before cosigning", f"{ENTRY_BYTES_MAX:,} bytes"),
        ("Mirroring", f"{APPEND_ENTRIES_BYTES_MAX:,} bytes"),
        ("Line state", f"waits for {TALLY_PAUSE_BEATS}"),
        ("Ahead", f"more than {AHEAD_DISTANCE} entries"),
        ("Ahead", f"At most {AHEAD_MAX} are kept"),
    ],
)
def test_the_numbers_on_the_page_are_the_code(section: str, text: str) -> None:
    """Each limit that the page gives is the one that holds."""
    assert text in SECTIONS[section]
