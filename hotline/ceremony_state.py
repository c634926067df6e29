"""How far a ceremony is: a file in the party's home, written after each step, so that a room may stop and go on.

    HOME/ceremonies/BOR/state.json    this
    HOME/ceremonies/BOR/offer ...     each file as it came or went, under its name in the table of steps

Nothing in it is secret, and nothing that is read back is believed: files are compared with their digests each time.

Source: spec/pairing.md, "In two rooms".
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hotline.ceremony_steps import ROOMS, Step, steps_of
from hotline.errors import CouldNot, Misused
from nodes.files import make_directory, read_file, write_file
from nodes.home import SHORT_NAME, NodeHome

FORMAT = "hotline-ceremony-state/1"
STATE_BYTES_MAX = 256 * 1024
EARLIER_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a room is.

    Attributes:
        room: first or second.
        party, counterpart: short names.
        attempt: counted from 1.
        reader: number of the person who reads aloud.
        witness: number of the person who watches, or 0.
        endpoints: where our node answers.
        began_ms: when the attempt began, UTC milliseconds.
        done: name of each step done in this attempt, and when.
        files: SHA-256 in hexadecimal of each file of this attempt, by name.
        stops: code and time of each stop, of earlier attempts too.
        stopped: code and text of why it stands still; None while it goes on.
        earlier: SHA-256 in hexadecimal of what earlier attempts gave, took and agreed on.
    """

    room: str
    party: str
    counterpart: str
    attempt: int
    reader: int
    witness: int
    endpoints: tuple[str, ...]
    began_ms: int
    done: tuple[tuple[str, int], ...] = ()
    files: Mapping[str, str]
    stops: tuple[tuple[str, int], ...] = ()
    stopped: tuple[str, str] | None = None
    earlier: tuple[str, ...] = ()

    @property
    def next_step(self) -> Step | None:
        """The step that comes next; None once all are done."""
        steps = steps_of(self.room)
        return steps[len(self.done)] if len(self.done) < len(steps) else None

    def time_of(self, step: str) -> int:
        """When a step was done, UTC milliseconds."""
        return dict(self.done)[step]

    def after(self, step: Step, *, files: Mapping[str, str], now_ms: int) -> State:
        """The state with a step done. Times never go back, whatever the machine's clock does."""
        before = self.done[-1][1] if self.done else self.began_ms
        done = (*self.done, (step.name, max(before, now_ms)))
        return replace(self, done=done, files={**self.files, **files})


def directory_of(home: NodeHome, counterpart: str) -> Path:
    """Where a ceremony with a party is kept."""
    if SHORT_NAME.fullmatch(counterpart) is None:
        raise Misused("ceremony-refused", "the other party has 2 to 4 capital letters, such as BOR")
    return home.path / "ceremonies" / counterpart


def ceremonies(home: NodeHome) -> list[str]:
    """Name the parties with whom a ceremony was begun, in order."""
    found = home.path / "ceremonies"
    if not found.is_dir():
        return []
    return sorted(one.name for one in found.iterdir() if SHORT_NAME.fullmatch(one.name) and _path(one).is_file())


def read_state(home: NodeHome, counterpart: str) -> State:
    """Read how far a ceremony is.

    Raises:
        CouldNot: `ceremony-missing`; or `home-file-malformed`, the file is not what is written here.
    """
    path = _path(directory_of(home, counterpart))
    if not path.is_file():
        raise CouldNot("ceremony-missing", f"no ceremony with {counterpart} was begun in {home.path}")
    try:
        state = _state(json.loads(read_file(path, bytes_max=STATE_BYTES_MAX)))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise CouldNot("home-file-malformed", f"{path} does not parse") from error
    if (state.party, state.counterpart) != (home.party, counterpart):
        raise CouldNot("home-file-malformed", f"{path} is of another ceremony")
    return state


def write_state(home: NodeHome, state: State) -> None:
    """Write how far a ceremony is, whole or not at all."""
    directory = directory_of(home, state.counterpart)
    make_directory(directory)
    text = json.dumps({"format": FORMAT, **asdict(state)}, indent=1)
    write_file(_path(directory), text.encode("ascii") + b"\n")


@contextmanager
def alone(home: NodeHome, state: State) -> Iterator[None]:
    """Keep other commands from going on with a ceremony meanwhile.

    Raises:
        Misused: `ceremony-refused`; one is at it, or has gone on since the state was read.
    """
    handle = os.open(directory_of(home, state.counterpart), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Misused("ceremony-refused", "another command is at a step of this ceremony") from error
        if read_state(home, state.counterpart) != state:
            raise Misused("ceremony-refused", "another command has gone on with this ceremony")
        yield
    finally:
        os.close(handle)


def drop_files(home: NodeHome, state: State) -> None:
    """Remove the files of an attempt that is given up, all but the terms and the state."""
    directory = directory_of(home, state.counterpart)
    for name in state.files:
        if name != "terms":
            (directory / name).unlink(missing_ok=True)


def _path(directory: Path) -> Path:
    return directory / "state.json"


def _state(value: Any) -> State:
    if not isinstance(value, dict) or value.pop("format") != FORMAT:
        raise ValueError("another format")
    state = State(
        **{
            **value,
            "endpoints": tuple(str(one) for one in value["endpoints"]),
            "done": tuple((str(name), int(at_ms)) for name, at_ms in value["done"]),
            "files": {str(name): str(digest) for name, digest in value["files"].items()},
            "stops": tuple((str(code), int(at_ms)) for code, at_ms in value["stops"]),
            "stopped": None if value["stopped"] is None else (str(value["stopped"][0]), str(value["stopped"][1])),
            "earlier": tuple(str(one) for one in value["earlier"]),
        }
    )
    names = [step.name for step in steps_of(state.room)]
    if state.room not in ROOMS or [name for name, _ in state.done] != names[: len(state.done)]:
        raise ValueError("steps that cannot have been done")
    if any(type(one) is not int for one in (state.attempt, state.reader, state.witness, state.began_ms)):
        raise TypeError("a number is none")
    return state
