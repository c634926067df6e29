"""What a node does to its disk and what it lets out, call by call in their order, as strace saw it.

The record has every write with its bytes, every sync, truncation and change of a name below the home, and between them
what left for the counterpart or an officer (`tests.faults.watching`). A call that another thread's line interrupts
counts from its beginning where it writes, and from its end where it syncs.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.machine import QuickMachine
from tests.faults.watching import ANSWER, FRAME
from tests.processes.pair import PATIENCE_S, wait_until

CALLS: Final = (
    "openat,pwrite64,write,ftruncate,fallocate,fsync,fdatasync,"
    "rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir"
)
STRING_BYTES_MAX: Final = 1 << 20
UNRECORDED: Final = ("-shm", ".sock", "node.lock")
"""Files that hold nothing after a power cut: shared memory, which is made anew, and what belongs to a process."""

_WHOLE = re.compile(rb"^(\d+) +(\w+)\((.*)\) += (-?\d+)")
_BEGUN = re.compile(rb"^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
_ENDED = re.compile(rb"^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+)")
_HANDLE = re.compile(rb"^(?:\d+|AT_FDCWD)<([^>]*)>")
_STRING = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


@dataclass(frozen=True, slots=True)
class Op:
    """One step.

    Attributes:
        name: `create`, `write`, `resize`, `sync`, `rename`, `link`, `unlink`, `frame` or `answer`.
        path: of the file, below the home; of a sync, also of a directory.
        data: what was written or let out.
        offset: where it was written, or the new size.
        to: the new name.
    """

    name: str
    path: str = ""
    data: bytes = b""
    offset: int = 0
    to: str = ""


class Recorder:
    """strace on a node from its first instruction on.

    Args:
        machine: whose node is to be started.
        path: file for the record.
    """

    def __init__(self, machine: QuickMachine, path: Path) -> None:
        self._machine = machine
        self._path = path
        self._strace: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the node, recorded."""
        self._machine.order |= {"watched": True}
        self._machine.launch_stopped()
        pid = self._machine.pid
        options = ("-f", "-y", "-xx", "-s", str(STRING_BYTES_MAX), "-e", f"trace={CALLS}", "-e", "signal=none")
        self._strace = subprocess.Popen(
            ["strace", *options, "-o", self._path, "-p", str(pid)], stderr=subprocess.DEVNULL
        )
        status = Path(f"/proc/{pid}/status")
        wait_until(lambda: "TracerPid:\t0\n" not in status.read_text())
        self._machine.go_on()
        wait_until(self._machine.answers, self._machine.log)

    def ended(self) -> list[Op]:
        """The node has ended: what it did, in order."""
        assert self._strace is not None
        self._strace.wait(PATIENCE_S)
        home = str(self._machine.home.path.resolve())
        return list(_steps(self._path.read_bytes().split(b"\n"), home))


@dataclass(slots=True)
class _Line:
    call: str
    arguments: bytes
    result: int


def _calls(lines: list[bytes]) -> Iterator[_Line]:
    """Whole calls; a write stands where it began, anything else where it ended."""
    begun: dict[bytes, _Line] = {}
    for line in lines:
        if match := _WHOLE.match(line):
            yield _Line(match[2].decode(), match[3], int(match[4]))
        elif match := _BEGUN.match(line):
            call = _Line(match[2].decode(), match[3], 0)
            begun[match[1]] = call
            if call.call in {"write", "pwrite64"}:
                yield call
        elif match := _ENDED.match(line):
            call = begun.pop(match[1])
            if call.call not in {"write", "pwrite64"}:
                yield _Line(call.call, call.arguments + match[3], int(match[4]))


def _steps(lines: list[bytes], home: str) -> Iterator[Op]:
    ends: dict[str, int] = {}
    for line in _calls(lines):
        if line.result >= 0:
            yield from _step(line, home, ends)


def _step(line: _Line, home: str, ends: dict[str, int]) -> Iterator[Op]:
    """The steps of one call."""
    strings = []
    for text, cut in _STRING.findall(line.arguments):
        assert not cut, "a string longer than strace was told to print"
        strings.append(bytes.fromhex(text.decode().replace("\\x", "")))
    handle = _HANDLE.match(line.arguments)
    path = "" if handle is None else _decoded(handle[1])
    if line.call == "write" and path == "/dev/null":
        for mark, name in ((FRAME, "frame"), (ANSWER, "answer")):
            if strings[0].startswith(mark):
                yield Op(name, data=strings[0][len(mark) :])
        return
    names = [_below(text.decode(), home) for text in strings] if line.call not in {"write", "pwrite64"} else []
    below = _below(path, home)
    numbers = [int(number) for number in re.findall(rb"(?:^|, )(\d+)(?=,|$)", _STRING.sub(b'""', line.arguments))]
    match line.call:
        case "openat":
            if b"O_CREAT" in line.arguments and names[0] is not None:
                yield Op("create", names[0])
                if b"O_TRUNC" in line.arguments:
                    yield Op("resize", names[0])
        case "pwrite64" if below is not None:
            yield Op("write", below, strings[0], numbers[-1])
        case "write" if below is not None:
            # What is written in a row begins with a new file.
            offset = ends.get(below, 0)
            ends[below] = offset + len(strings[0])
            yield Op("write", below, strings[0], offset)
        case "ftruncate" if below is not None:
            yield Op("resize", below, offset=numbers[-1])
        case "fallocate" if below is not None:
            yield Op("resize", below, offset=numbers[-2] + numbers[-1])
        case "fsync" | "fdatasync" if below is not None:
            yield Op("sync", below)
        case "rename" | "renameat" | "renameat2" if names[0] is not None and names[1] is not None:
            yield Op("rename", names[0], to=names[1])
        case "link" | "linkat" if names[0] is not None and names[1] is not None:
            yield Op("link", names[0], to=names[1])
        case "unlink" | "unlinkat" if names[0] is not None:
            yield Op("unlink", names[0])
        case _:
            return


def _decoded(path: bytes) -> str:
    """A path as strace prints it beside a handle."""
    return re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes.fromhex(match[1].decode()), path).decode()


def _below(path: str, home: str) -> str | None:
    """A path below the home, or None for any other and for what is not recorded."""
    if path != home and not path.startswith(home + "/"):
        return None
    inner = path[len(home) + 1 :]
    return None if inner.endswith((*UNRECORDED, " (deleted)")) else inner
