"""The stage for people to watch: two nodes as processes of their own, paired under an agreement within seconds.

The intervals of the agreement are divided, so that days pass in seconds; the nodes know nothing of that. What only a
node that was tampered with does, and clocks that somebody turns, are left to the simulator.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from hotline.clock import now_ms
from hotline.desk import Channel, Desk, Officer, Spoken
from hotline.documents import ROSTER, sign_document
from hotline.errors import CouldNot
from hotline.journalling import make_act
from hotline.party_file import read_party, write_party
from hotline.reference import Reference
from hotline.root_keys import make_ring, write_ring
from hotline.root_sets import YEARS, add_signatures, make_next, next_number, publish
from hotline.root_signing import open_roots
from hotline.roster_signers import ByRoots
from hotline.rosters import place_rosters, sign_rosters
from hotline.rotation import Revocation, keys_of, new_officer_key, revoking
from hotline.scenarios.paired import Paired
from hotline.scenarios.scenario import PARTIES
from hotline.scenarios.stage import Audited, Declined, Seen, Unplayable
from keys.revoked import OFFICER
from keys.roster import Roster
from keys.roster import render as render_roster
from nodes.errors import ApiRefused
from nodes.home import ChannelHome
from nodes.key_files import write_keyring
from nodes.root_sets import load_expected
from nodes.signed import SignedStatement
from protocol.agreement import Agreement
from protocol.kinds import Catalogue
from protocol.signature import Signature
from protocol.statement import Statement
from protocol.tagged import digest

SETTLE_TIMEOUT_S = 15.0
REST_S = 0.25
LOOK_S = 0.02


class Live:
    """See the module, and `hotline.scenarios.stage.Stage`.

    Args:
        paired: the two nodes, running; several scenarios may be played on them side by side.
    """

    observers: Sequence[str] = PARTIES

    def __init__(self, paired: Paired) -> None:
        self.paired = paired
        self.pace = paired.pace
        self.catalogue: Catalogue = paired.catalogue
        self._desks: dict[str, Desk] = {}
        self.agreement: Agreement = self.channel("ARC").agreement
        self._last_ms, self._last_s = 0, time.monotonic()

    def close(self) -> None:
        """Let go of the connections."""
        for desk in self._desks.values():
            desk.client.close()
        self._desks.clear()

    def _desk(self, party: str) -> Desk:
        if party not in self._desks:
            self._desks[party] = Desk.open(self.paired.officer(party, "duty"))
        return self._desks[party]

    def _ask(self, party: str, op: str, **arguments: Any) -> Any:
        try:
            return self._desk(party).request(op, **arguments)
        except ApiRefused as error:
            raise Declined(error.code, error.text) from error

    # --- time ---------------------------------------------------------------------------------------------------------

    def until(self, at_ms: int) -> None:
        # From the step before, so that a slow machine does not shorten what comes after it.
        left_s = self._last_s + (at_ms - self._last_ms) / self.pace / 1000 - time.monotonic()
        if left_s > 0:
            time.sleep(left_s)
        self._last_ms, self._last_s = at_ms, time.monotonic()

    def settle(self) -> None:
        if self.paired.relays[0].down or not all(node.pid for node in self.paired.nodes.values()):
            time.sleep(REST_S)
            return
        sizes = {party: self.paired.nodes[party].line()["own_size"] for party in PARTIES}
        until = time.monotonic() + SETTLE_TIMEOUT_S
        while not all(self._judged(party, sizes) for party in PARTIES):
            if time.monotonic() > until:
                raise CouldNot("timed-out", f"what was said did not reach both nodes in {SETTLE_TIMEOUT_S:.0f} s")
            time.sleep(LOOK_S)
        time.sleep(REST_S)

    def _judged(self, party: str, sizes: Mapping[str, int]) -> bool:
        """Whether a node has judged both logs so far."""
        for voice, size in sizes.items():
            with suppress(ApiRefused):
                if self._desk(party).entry(Reference(None, voice, size - 1)).view is not None:
                    continue
            return False
        return True

    def now_ms(self, party: str) -> int:
        return now_ms()

    # --- officers -----------------------------------------------------------------------------------------------------

    def channel(self, party: str) -> Channel:
        return self._desk(party).channel(None, fresh=True)

    def officer(self, party: str, name: str) -> Officer:
        return self.paired.officer(party, name)

    def spoken(self, party: str, voice: str, index: int) -> Spoken:
        return self._desk(party).entry(Reference(None, voice, index))

    def submit(self, party: str, signed: SignedStatement) -> Mapping[str, Any]:
        told: Mapping[str, Any] = self._ask(party, "submit", signed=signed.encode())
        return told

    def sign_draft(self, party: str, draft: str, signature: Signature) -> Mapping[str, Any]:
        row = [signature.signer, signature.role, signature.algorithm, signature.value]
        told: Mapping[str, Any] = self._ask(party, "sign", id=draft, signature=row)
        return told

    def outcome(self, party: str, statement_id: bytes) -> Mapping[str, Any]:
        told: Mapping[str, Any] = self._ask(party, "wait", id=statement_id.hex())
        if told["state"] == "draft":
            closed = self._ask(party, "closed")["closed"]
            if any(one["id"] == statement_id.hex() for one in closed):
                raise Declined("no-such-draft", "somebody refused or cancelled it")
        return told

    def put(self, party: str, signed: SignedStatement) -> Mapping[str, Any]:
        told: Mapping[str, Any] = self._ask(party, "submit", signed=signed.encode(), automated=True)
        return told

    def decide(
        self,
        party: str,
        op: str,
        officer: Officer,
        signed: SignedStatement,
        act: tuple[str, Mapping[str, Any], str | None],
    ) -> None:
        channel, (kind, facts, text) = self.channel(party), act
        about = {"counterpart": channel.counterpart, "statement": digest(signed.statement), **facts}
        try:
            with Desk.open(officer) as desk:
                made = make_act(desk, officer, channel.rosters[party], kind, about, text)
                desk.request(op, id=Statement.parse(signed.statement).id.hex(), act=made.encode())
        except ApiRefused as error:
            raise Declined(error.code, error.text) from error

    def called(self, party: str, statement_id: bytes) -> tuple[str, ...]:
        waits = [one["waits"] for one in self._ask(party, "drafts") if one["id"] == statement_id.hex()]
        return tuple(role for found in waits for role, _, since_ms in found if since_ms <= now_ms())

    def forge(self, party: str, signed: SignedStatement) -> int:
        raise Unplayable("only a node that was tampered with logs what nobody signed; the simulator has one")

    def enact(
        self, party: str, kind: str, text: bytes, *, thread: bytes | None, in_reply_to: bytes | None
    ) -> tuple[SignedStatement, Mapping[str, Any]]:
        channel, side = self.channel(party), self.paired.side(party)
        signed = sign_document(
            kind,
            text,
            agreement=channel.agreement,
            party=party,
            roots=open_roots(read_party(side.home.party_path), side.secrets),
            issued_at_ms=now_ms(),
            after=channel.own_log,
            seen=channel.their_log,
            thread=thread,
            in_reply_to=in_reply_to,
            numbers=load_expected(side.home.channel(channel.counterpart), channel.agreement, party).chain.roots,
        )
        return signed, self.submit(party, signed)

    def dismiss(self, party: str, name: str) -> None:
        before = self.channel(party).rosters[party]
        number = self.paired.officer(party, name).number
        people = tuple(person for person in before.people if person.number != number)
        previous = digest(render_roster(before))
        made = replace(before, version=before.version + 1, previous=previous, people=people)
        self.enact(party, ROSTER, render_roster(made), thread=None, in_reply_to=None)

    def revoke(self, party: str, name: str, trusted: int) -> None:
        side, at_ms = self.paired.side(party), now_ms()
        card = read_party(side.home.party_path)
        after, ring = new_officer_key(side.home, card, name, all_of_them=True)
        signers = ByRoots(tuple(open_roots(card, side.secrets)))
        names = partial(keys_of, number=self.paired.officer(party, name).number)
        since = Revocation("stolen", f"{party} {trusted}")
        listed = revoking(side.home, since, OFFICER, names, now_ms=at_ms)

        def change(channel: ChannelHome, before: Roster, made: Roster) -> Roster:
            return replace(made, revoked=listed(channel, before, made))

        made = sign_rosters(side.home, after, signers, now_ms=at_ms, change=change)
        write_keyring(side.home.officer(name).key_path, ring, side.passphrase, replace=True)
        place_rosters(side.home, made)
        write_party(side.home.party_path, after)
        if party in self._desks:
            # Whoever is logged in may be the one with another key.
            self._desks.pop(party).client.close()
        self.paired.forget(party, name)

    def replace_root(self, party: str, number: int) -> int:
        side = self.paired.side(party)
        card, opened = read_party(side.home.party_path), side.secrets
        signing = open_roots(card, opened, without=(number,))
        fresh = make_ring(party, next_number(side.home, card), suite=card.roots.suite)
        added = {fresh.index: fresh.signer().public}
        file = make_next(side.home, added=added, without=(number,), threshold=None, years=YEARS, now_ms=now_ms())
        write_ring(fresh, opened.roots, opened.root_passphrase)
        publish(side.home, add_signatures(file, [*signing, fresh]))
        return fresh.index

    # --- looking ------------------------------------------------------------------------------------------------------

    def see(self, observer: str, voice: str, index: int) -> Seen | None:
        try:
            view = self._ask(observer, "entry", voice=voice, index=index)["view"]
        except Declined:
            return None
        return None if view is None else seen_of(view, self._registers(observer), now_ms())

    def _registers(self, party: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        try:
            found: Mapping[str, Sequence[Mapping[str, Any]]] = self._ask(party, "registers")["found"]
        except Declined:
            return {}
        return found

    def proof(self, party: str, voice: str, index: int) -> str | None:
        found: str | None = self._ask(party, "entry", voice=voice, index=index)["view"]["proof"]
        return found

    def ask(self, party: str, op: str, **arguments: Any) -> Any:
        return self._ask(party, op, **arguments)

    def alarms(self, party: str) -> tuple[str, ...]:
        return tuple(one["code"] for one in self.paired.nodes[party].line()["details"]["alarms"])

    def line_state(self, party: str) -> str:
        return str(self.paired.nodes[party].line()["line"])

    # --- what happens to the line -------------------------------------------------------------------------------------

    def cut(self, down: bool) -> None:
        for relay in self.paired.relays:
            relay.cut(down=down)

    def power(self, party: str, up: bool) -> None:
        node = self.paired.nodes[party]
        if up:
            node.start()
            node.wait_ready()
        else:
            if party in self._desks:
                self._desks.pop(party).client.close()
            node.kill()

    def turn_clock(self, party: str, by_ms: int) -> None:
        raise Unplayable("no clock of this machine is turned; the simulator has clocks of its own")

    def audit(self) -> Audited:
        self.settle()
        self.close()
        return self.paired.audit()


def seen_of(view: Mapping[str, Any], registers: Mapping[str, Sequence[Mapping[str, Any]]], at_ms: int) -> Seen:
    """What a node's view of an entry, and its registers, say at a time."""
    return Seen(
        state=view["state"],
        rung=view["rung"],
        faults=tuple(view["faults"]),
        clocks={one["name"]: _clock_of(one, at_ms) for one in view["clocks"]},
        effective=view["effective"],
        in_force=view["in_force"],
        no_answer=view["no_answer"],
        phase=(view["course"] or {}).get("phase"),
        registers=tuple(
            name for name, rows in registers.items() if any(row["serial"] == view["serial"] for row in rows)
        ),
    )


def _clock_of(clock: Mapping[str, Any], at_ms: int) -> str:
    """How a clock stands: kept, missed or disputed; while it is owed running, overdue or paused."""
    if clock["state"] != "running":
        return str(clock["state"])
    return "paused" if clock["paused"] else "overdue" if clock["due_ms"] < at_ms else "running"
