"""The play: the script acted out by the cast, told in the transcript."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hotline.demo.cast import WAIT_TIMEOUT_S, Desks, Placed
from hotline.demo.letters import gist
from hotline.demo.processes import NodeProcess
from hotline.demo.script import AwaitDown, CatchUp, Event, Kill, Look, Restart, Say
from hotline.demo.transcript import Transcript
from hotline.errors import CouldNot
from nodes.resources import catalogue

DOWN_TIMEOUT_S = 15.0
LOOK_S = 0.05


@dataclass(slots=True)
class Play:
    """One performance.

    Attributes:
        nodes: by party.
        desks: by party.
        transcript: told what happens.
        said: what was said, by key, in order.
        read: how many bodies the other side opened and found as they were said.
        misread: serials whose contents came out different.
        was_down: parties whose node noticed that the line was down.
        killed: serial of the last thing said before a node was killed, by party.
        kept: the same serial, as the node that came back gave it.
    """

    nodes: Mapping[str, NodeProcess]
    desks: Mapping[str, Desks]
    transcript: Transcript
    said: dict[str, Placed] = field(default_factory=dict)
    read: int = 0
    misread: list[str] = field(default_factory=list)
    was_down: set[str] = field(default_factory=set)
    killed: dict[str, Placed] = field(default_factory=dict)
    kept: dict[str, bool] = field(default_factory=dict)

    def perform(self, events: Sequence[Event]) -> None:
        """Act out a script.

        Raises:
            HotlineError, NodeError, ProtocolError: something cannot be done.
        """
        for event in events:
            self._act(event)

    def _act(self, event: Event) -> None:
        match event:
            case Say():
                self._say(event)
            case Kill(voice):
                self._kill(voice)
            case AwaitDown(voice):
                self._await_down(voice)
            case Restart(voice):
                self._restart(voice)
            case CatchUp():
                self._catch_up()
            case Look(label):
                self._look(label)

    # --- what is said -------------------------------------------------------------------------------------------------

    def _say(self, event: Say) -> None:
        desks = self.desks[event.voice]
        to = None if event.to is None else self.said[event.to]
        thread = None if event.thread is None else self.said[event.thread]
        seen = ""
        if event.kind == "opened" and to is not None:
            seen = self._read(desks, to)
        placed = desks.say(event, to=to, thread=thread)
        self.said[event.key] = placed
        if event.wait == "held" and placed.outcome["state"] != "draft":
            self._await_held(placed)
        if event.as_draft:
            self._tell(placed, to, seen)
            for name in event.officers[1:]:
                desks.sign_draft(placed, name)
                if event.wait == "held":
                    self._await_held(placed)
                self._tell(placed, to, seen, signer=name)
        else:
            self._tell(placed, to, seen)
        if not event.as_draft and placed.outcome["state"] == "draft":
            raise CouldNot("demo-failed", f"{event.key} waits for signatures that the script did not foresee")

    def _await_held(self, placed: Placed) -> None:
        """Wait until a statement is held, for as long as both nodes are there to bring that about."""
        begun = time.monotonic()
        while placed.outcome["state"] != "held" and time.monotonic() - begun < WAIT_TIMEOUT_S:
            self.check_alive()
            self.desks[placed.event.voice].wait_held(placed)
        placed.took_ms += round((time.monotonic() - begun) * 1000)

    def check_alive(self) -> None:
        """Raises CouldNot: a node has ended by itself."""
        for node in self.nodes.values():
            node.check_alive()

    def _read(self, desks: Desks, placed: Placed) -> str:
        contents = desks.read(placed)
        self.read += 1
        if contents != placed.event.values:
            self.misread.append(str(placed.outcome["serial"]))
        return gist(placed.event.kind, contents)

    def _tell(self, placed: Placed, to: Placed | None, seen: str, *, signer: str | None = None) -> None:
        event, outcome = placed.event, placed.outcome
        kind = catalogue().kind(event.kind)
        text = seen or gist(event.kind, event.values)
        if to is not None:
            text = f"{to.outcome['serial']}: {text}" if text else str(to.outcome["serial"])
        facts: list[str] = []
        more: list[str] = []
        if event.kind == "notification":
            more += [str(event.values["last_seen"]), f"severity {event.choices['severity']}"]
            more += ["attributed"] if "attribution" in event.values else []
        if "outcome" in event.choices:
            facts.append(str(event.choices["outcome"]))
        signers = [signer] if signer else list(event.officers[:1] if event.as_draft else event.officers)
        if len(event.officers) > 1:
            more.append("signed by " + " and ".join(signers))
        match outcome["state"]:
            case "held":
                facts.append(f"held in {placed.took_ms} ms")
            case "draft":
                facts.append("waits for " + ", ".join(outcome["missing"]))
            case "queued":
                facts.append("queued, without a place")
            case _:
                facts.append("not held yet")
        self.transcript.said(
            voice=event.voice,
            serial=str(outcome["serial"] or outcome["state"]),
            precedence=placed.precedence,
            label=kind.label() if kind is not None else event.kind,
            text=text,
            facts=facts,
            more=more,
        )

    def _catch_up(self) -> None:
        for placed in self.said.values():
            if placed.outcome["state"] == "held":
                continue
            before = placed.outcome["serial"]
            self._await_held(placed)
            came = "" if before else f", which was queued as {placed.event.voice} said it,"
            self.transcript.note("held", f"{placed.outcome['serial']}{came} is {placed.outcome['state']} now")

    # --- the nodes ----------------------------------------------------------------------------------------------------

    def _kill(self, voice: str) -> None:
        last = [placed for placed in self.said.values() if placed.event.voice == voice][-1]
        node = self.nodes[voice]
        pid = node.pid
        node.kill()
        self.killed[voice] = last
        self.desks[voice].close()
        text = (
            f"{voice}'s node (process {pid}) is killed without warning, right after it logged {last.outcome['serial']}"
        )
        self.transcript.note("kill -9", text, "bold", "red")

    def _await_down(self, voice: str) -> None:
        until = time.monotonic() + DOWN_TIMEOUT_S
        while (line := self.nodes[voice].line())["line"] != "down":
            if time.monotonic() > until:
                raise CouldNot("timed-out", f"{voice} did not notice that the line is down")
            time.sleep(LOOK_S)
        self.was_down.add(voice)
        waiting = line["own_size"] - line["own_held"]
        self.transcript.note(
            "line", f"{voice} sees the line down; {waiting} entries of its log wait to be held", "yellow"
        )

    def _restart(self, voice: str) -> None:
        node = self.nodes[voice]
        node.start()
        node.wait_ready()
        self.transcript.note("node", f"{voice}'s node runs again, from what is on disk (process {node.pid})", "green")
        self.desks[voice].open()
        last = self.killed[voice]
        spoken = self.desks[voice].find(last)
        statement = spoken.statement
        self.kept[voice] = statement is not None and statement.id.hex() == last.outcome["id"]

    def _look(self, label: str) -> None:
        for voice, node in self.nodes.items():
            line = node.line()
            self.transcript.note(
                "line",
                f"{voice} after {label}: {line['line']}, round trip {line['round_trip_ms']} ms, clocks"
                f" {line['clock_offset_ms']} ms apart; own log {line['own_size']} entries, {line['own_held']} held",
            )
