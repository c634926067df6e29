"""A systemd unit as text, and the system calls that it leaves a service."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit file.

    Attributes:
        settings: section, name and value of every line, in order; a name may come more than once.
    """

    settings: tuple[tuple[str, str, str], ...]

    @classmethod
    def read(cls, path: Path) -> Unit:
        """Read a unit file."""
        section, found = "", []
        # A line that ends so goes on in the next one.
        for line in path.read_text().replace("\\\n", " ").splitlines():
            if line.startswith("["):
                section = line.strip("[]")
            elif line and not line.startswith("#"):
                name, _, value = line.partition("=")
                found.append((section, name, value))
        return cls(tuple(found))

    def values(self, name: str) -> list[str]:
        """Every value that the service gives a name."""
        return [value for section, found, value in self.settings if section == "Service" and found == name]

    def value(self, name: str) -> str:
        """The one value of a name."""
        (value,) = self.values(name)
        return value

    def system_calls(self) -> frozenset[str]:
        """Names of the system calls that its SystemCallFilter lines allow."""
        allowed: set[str] = set()
        for value in self.values("SystemCallFilter"):
            names = _expanded(value.removeprefix("~").split())
            allowed = allowed - names if value.startswith("~") else allowed | names
        # What systemd lets through whenever a list of what is allowed is given.
        return frozenset(allowed | _expanded(["@default"]))


def _expanded(names: list[str]) -> set[str]:
    found: set[str] = set()
    for name in names:
        found |= _expanded(list(_group(name))) if name.startswith("@") else {name}
    return found


@cache
def _group(name: str) -> tuple[str, ...]:
    """What systemd counts to a group of system calls, as this machine's version says."""
    command = ["systemd-analyze", "syscall-filter", "--no-pager", name]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[1:]
    return tuple(line.strip() for line in lines if line.strip() and not line.strip().startswith("#"))
