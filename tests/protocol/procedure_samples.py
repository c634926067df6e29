"""A small catalogue with a kind for each step of the four procedures, and two logs of events that use it."""

from typing import Any

from protocol.clocks import Clockwork
from protocol.docket import Docket
from protocol.docket_item import Item
from protocol.event import Event
from protocol.kinds import Catalogue
from protocol.memory_ledger import MemoryLedger
from protocol.verdict import NO_LOCATION, location
from tests.builders import START_MS, make_agreement
from tests.protocol.catalogue_samples import catalogue_files

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def _kind(procedure: str, step: str, more: str = "", replies: tuple[str, ...] = (), voice: str = "either") -> bytes:
    lines = [f'version = 1\nprocedure = "{procedure}"\nstep = "{step}"\ncontinues_thread = true']
    if replies:
        names = ", ".join(f'"{name}"' for name in replies)
        lines.append(f'in_reply_to = "required"\nreplies_to = [{names}]\nreply_voice = "{voice}"')
    else:
        lines.append("opens_thread = true")
    lines.append('valid_until = "optional"\nrespond_by = "optional"\nseverity = "optional"\naware_at = "optional"')
    lines.append(more)
    lines.append('authority = ["duty"]\nlabel = { en = "Sample" }')
    return "\n".join(lines).encode()


PACT, PACTS = "pact-propose", ("pact-propose",)
RULES = ("rule-propose",)
VOWS = ("vow-declare", "vow-renew")

TAKEN_BACK = (PACT, "query", "vow-declare", "flag", "reply", "pact-accept", "vow-understand")

KINDS = {
    PACT: _kind("proposal", "proposed", 'register = "measures"\nclocks = { review_ms = 86_400_000 }'),
    "pact-hold": _kind("proposal", "held", "", PACTS, "other"),
    "pact-accept": _kind(
        "proposal",
        "accepted",
        'outcomes = ["accepted", "partly"]',
        ("pact-propose", "pact-extend", "pact-retire"),
        "other",
    ),
    "pact-object": _kind("proposal", "objected", "", PACTS, "other"),
    "pact-extend": _kind("proposal", "extended", "", PACTS),
    "pact-review": _kind("proposal", "reviewed", "", PACTS),
    "pact-phase": _kind("proposal", "phased", '[facts]\nphase = "uint"', PACTS).replace(
        b'[facts]\nphase = "uint"\n', b""
    )
    + b'\n[facts]\nphase = "uint"\n',
    "pact-suspend": _kind("proposal", "suspended", "", PACTS),
    "pact-resume": _kind("proposal", "resumed", "", PACTS),
    "pact-end": _kind("proposal", "ended", "clocks = { notice_ms = 7_200_000 }", PACTS),
    "pact-withdraw": _kind("proposal", "withdrawn", "", PACTS),
    "pact-retire": _kind("proposal", "retired", "", PACTS),
    "rule-propose": _kind("proposal", "proposed", 'register = "pauses"\nclocks = { notice_ms = 7_200_000 }'),
    "rule-accept": _kind("proposal", "accepted", 'outcomes = ["accepted", "partly"]', RULES, "other"),
    "rule-object": _kind("proposal", "objected", "", RULES, "other"),
    "rule-activate": _kind("proposal", "activated", "", RULES),
    "rule-suspend": _kind("proposal", "suspended", "", RULES),
    "rule-extend": _kind("proposal", "extended", "", RULES),
    "rule-end": _kind("proposal", "ended", "", RULES),
    "drill-propose": _kind("proposal", "proposed", 'register = "exercises"'),
    "drill-accept": _kind("proposal", "accepted", "", ("drill-propose",), "other"),
    "drill-start": _kind("proposal", "started", "", ("drill-propose",)),
    "drill-freeze": _kind("proposal", "suspended", "", ("drill-propose",)),
    "paper-propose": _kind("proposal", "proposed", 'register = "disclosures"'),
    "paper-accept": _kind("proposal", "accepted", 'outcomes = ["accepted", "partly"]', ("paper-propose",), "other"),
    "paper-publish": _kind("proposal", "published", "", ("paper-propose",)),
    "plan-propose": _kind("proposal", "proposed", 'register = "exercises"'),
    "plan-accept": _kind("proposal", "accepted", "", ("plan-propose",), "other"),
    "plan-start": _kind("proposal", "activated", "", ("plan-propose",)),
    "vow-declare": _kind(
        "declaration", "declared", 'register = "red-lines"\nclocks = { notice_ms = 3_600_000, lapse_ms = 864_000_000 }'
    ),
    "vow-understand": _kind("declaration", "understood", "", ("vow-declare",), "other"),
    "vow-renew": _kind("declaration", "renewed", "", ("vow-declare",), "own"),
    "vow-review": _kind("declaration", "reviewed", "", ("creed-declare",)),
    "creed-declare": _kind("declaration", "declared", 'register = "declarations"\nclocks = { review_ms = 86_400_000 }'),
    "mend": _kind(
        "notice", "corrected", "", ("flag", "claim", "reply", "pact-accept", "vow-understand", "mend"), "own"
    ),
    "ping": _kind("request", "asked", 'answered_by = ["noted"]'),
    "noted": _kind("receipt", "acknowledged", "", ("*",), "other"),
    "vow-withdraw": _kind("declaration", "withdrawn", "", ("vow-declare",), "own"),
    "pause-line": _kind("declaration", "declared", 'register = "suspensions"\nalways = true'),
    "resume-line": _kind("declaration", "withdrawn", "always = true", ("pause-line",), "own"),
    "flag": _kind(
        "notice", "made", 'register = "evidence"\nclocks = { lapse_ms = 86_400_000, longest_ms = 172_800_000 }'
    ),
    "claim": _kind(
        "notice",
        "made",
        'followed_by = ["claim-report"]\n'
        "clocks = { report_ms = 3_600_000, follow_ms = 864_000_000, update_ms = 86_400_000 }",
    ),
    "claim-update": _kind("notice", "updated", "", ("claim",), "own"),
    "claim-report": _kind("notice", "made", "", ("claim",), "own"),
    "query": _kind("request", "asked"),
    "reply": _kind("request", "answered", 'outcomes = ["answered", "partly", "not-known"]', ("query",), "other"),
    "wait": _kind("request", "held", "", ("query",), "other"),
    "refuse": _kind("request", "declined", "", ("query",), "other"),
    "take-back": _kind("notice", "retracted", "always = true", TAKEN_BACK, "own"),
}


def sample_catalogue() -> Catalogue:
    """The catalogue with the kinds above, and an outcome for an acceptance."""
    files = catalogue_files()
    outcomes = files["vocabularies/outcome.toml"]
    if b'"accepted"' not in outcomes:
        files["vocabularies/outcome.toml"] = outcomes + b'\n[[terms]]\ncode = "accepted"\nlabel = { en = "accepted" }\n'
    return Catalogue.load(files | {f"kinds/{name}.toml": data for name, data in KINDS.items()})


SAMPLES = sample_catalogue()


class Told:
    """Two logs of events; every entry holds all that was said before it, unless told otherwise.

    Args:
        catalogue: by which both speak.
        terms: terms of the agreement that differ.
    """

    def __init__(self, catalogue: Catalogue = SAMPLES, **terms: Any) -> None:
        self.agreement = make_agreement(**terms)
        self.catalogue = catalogue
        self.clockwork = Clockwork(self.agreement, catalogue)
        self.logs: tuple[list[Event], list[Event]] = ([], [])
        self.at_ms = START_MS

    def say(self, voice: int, kind: str, to: Event | None = None, *, late: bool = False, **more: Any) -> Event:
        """Log a statement of a kind, answering another.

        Args:
            voice: who.
            kind: of what.
            to: what it answers; None for a new thread.
            late: its author has not yet held what the other side said last.
            more: fields of the event.
        """
        held = len(self.logs[1 - voice])
        if late:
            held = self.logs[voice][-1].held if self.logs[voice] else 0
        event = Event(voice, len(self.logs[voice]), self.at_ms, held, kind, status="actual", precedence="routine")
        if kind:
            event.thread = event.place if to is None else to.thread
            event.reply = NO_LOCATION if to is None else to.place
        for name, value in more.items():
            setattr(event, name, value)
        self.logs[voice].append(event)
        return event

    def tick(self, voice: int) -> None:
        """Log an entry that says nothing but what is held."""
        self.say(voice, "")

    def wait(self, hours: float) -> None:
        """Let time pass."""
        self.at_ms += int(hours * HOUR_MS)

    def fold(self) -> tuple[Docket, MemoryLedger]:
        """The docket of all that was said and has arrived."""
        ledger = MemoryLedger()
        docket = Docket(agreement=self.agreement, catalogue=self.catalogue, ledger=ledger, clockwork=self.clockwork)
        done = [0, 0]
        while True:
            for voice in (0, 1):
                waiting = self.logs[voice][done[voice] : done[voice] + 1]
                if waiting and waiting[0].held <= done[1 - voice]:
                    docket.add(waiting[0])
                    done[voice] += 1
                    break
            else:
                return docket, ledger

    def item(self, event: Event) -> Item:
        """What has become of a statement; every log has arrived at the other home first."""
        self.tick(event.voice)
        self.tick(1 - event.voice)
        self.tick(event.voice)
        found = self.fold()[1].item(location(event.voice, event.index))
        assert found is not None
        return found
