"""Two paired homes for tests, made once a process by the commands themselves, and a way to run commands in-process."""

import io
import json
import os
import re
import shutil
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hotline.cli.main import run
from hotline.output import Output
from tests.hotline.judged import wait_until_judged
from tests.ports import free_port as free_port

_SERIAL = re.compile(r"\b(?:ARC|BOR) [0-9]+\b")
PASSPHRASE = b"a passphrase for tests\n"
OFFICERS = {"duty": "duty", "release": "release", "senior": "senior", "keeper": "admin"}
TERMS = """
[line]
arrival_after_ms = 200
[[authority]]
kinds = ["*"]
severity_at_least = 4
needs = ["duty", "release/senior"]
[[authority]]
kinds = ["*"]
needs = ["duty/release/senior/legal/technical"]
[thresholds]
version = 1
window_ms = 7776000000
half_life_ms = 2592000000
[[observable]]
criterion = "impact"
field = "severity"
value = "3"
points = 30
reason = "significant"
[[observable]]
criterion = "impact"
field = "sectors"
value = "energy"
points = 15
reason = "lives depend on it"
[[observable]]
criterion = "miscalculation"
field = "context"
value = "tension"
text = "Are there open tensions?"
points = 40
reason = "more in a crisis"
[[threshold]]
name = "serious"
band = "raise"
counts = "one"
impact_at_least = 40
attribution_at_least = 0
miscalculation_at_least = 0
permits = "technical-contact"
reason = "touches what is essential"
[[threshold]]
name = "wave"
band = "threshold"
counts = "sum"
by = ["sector"]
incidents_at_least = 2
impact_at_least = 60
attribution_at_least = 0
miscalculation_at_least = 0
permits = "diplomatic-contact"
reason = "many in one sector"
[[disclosure]]
kinds = ["*"]
from_tier = "TLP:RED"
to_tier = "TLP:CLEAR"
trigger = "consent"
source = "Article 9"
[[disclosure]]
kinds = ["planned-outage"]
from_tier = "TLP:RED"
to_tier = "TLP:AMBER"
trigger = "embargo"
after_ms = 1
source = "Article 10"
[[kind_clock]]
kind = "goodwill"
clock = "keep"
within_ms = 1
source = "Article 12"
"""


@dataclass(frozen=True, slots=True)
class Done:
    """A command that ran.

    Attributes:
        status: its exit status.
        out, err: what it wrote.
    """

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON object that it must be."""
        return json.loads(self.out)


def hotline(*arguments: str | Path) -> Done:
    """Run a command in this process, which keeps its umask whatever the command sets. Where it waited until the other
    side held what it said, both nodes have judged that too: a receipt comes before, by as long as the machine takes."""
    out, err = io.StringIO(), io.StringIO()
    before = os.umask(0o022)
    os.umask(before)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            status = run([str(one) for one in arguments], Output(out=out, err=err))
    finally:
        os.umask(before)
    done = Done(status, out.getvalue(), err.getvalue())
    if status == 0 and "held" in arguments and "--home" in arguments:
        room = Path(arguments[arguments.index("--home") + 1]).parent
        for serial in dict.fromkeys(_SERIAL.findall(done.out)):
            for home in (room / "ARC", room / "BOR"):
                wait_until_judged(home, serial)
    return done


def ok(*arguments: str | Path) -> Any:
    """Run a command with --json that must succeed."""
    done = hotline(*arguments, "--json")
    assert done.status == 0, done.out + done.err
    return done.json


def acting(home: Path, *arguments: str | Path) -> Sequence[str | Path]:
    """Give the arguments of a command that runs unattended in a home of these tests."""
    return ("--home", home, "--passphrase-file", home.parent / "passphrase", "--no-input", *arguments)


def make_home(directory: Path, short: str, *, officers: Sequence[str] = ("duty",)) -> Path:
    """Make a party's home with officers, not paired."""
    (directory / "passphrase").write_bytes(PASSPHRASE)
    (directory / "passphrase").chmod(0o600)
    home = directory / short
    domain = f"line.{short.lower()}.example"
    ok(
        *acting(home, "init", "--party", short, "--name", f"Party {short}", "--domain", domain),
        *("--roots", "2", "--threshold", "2", "--listen", f"127.0.0.1:{free_port()}"),
    )
    for name in officers:
        ok(*acting(home, "officer", "add", name, "--role", OFFICERS[name]))
    return home


def listen_of(home: Path) -> str:
    """The address that a home's settings listen on."""
    line = next(line for line in (home / "node.toml").read_text().splitlines() if line.startswith("listen"))
    return line.split('"')[1]


@cache
def _template() -> Path:
    directory = Path(mkdtemp(prefix="hotline-tests-"))
    arc = make_home(directory, "ARC", officers=tuple(OFFICERS))
    bor = make_home(directory, "BOR", officers=("duty", "release"))
    (directory / "terms.toml").write_text(TERMS)
    pair(arc, bor)
    return directory


def pair(arc: Path, bor: Path) -> None:
    """Pair two homes that share a directory with terms.toml."""
    room = arc.parent
    ok(
        *acting(arc, "pair", "propose", room / "offer", "--terms", room / "terms.toml", "--beat", "250ms"),
        *("--endpoint", listen_of(arc), "--purpose", "demonstration"),
    )
    words = ok(*acting(bor, "pair", "accept", room / "offer", room / "answer", "--yes", "--endpoint", listen_of(bor)))[
        "words"
    ]
    ok(*acting(arc, "pair", "confirm", room / "answer", room / "final", "--words", " ".join(words)))
    ok(*acting(bor, "pair", "confirm", room / "final", "--words", " ".join(words)))


def paired(directory: Path) -> tuple[Path, Path]:
    """Copy the paired homes into a directory: the tests change them."""
    shutil.copytree(_template(), directory / "pair")
    return directory / "pair" / "ARC", directory / "pair" / "BOR"
