"""Whether grave messages of the counterpart were proved on a second channel.

The agreement may ask for that of messages of some severity or precedence. Until the counterpart has answered a
challenge of ours with a proof that says the message is theirs, it is shown as *unproved*. Whether a proof says so
stands in its sealed body; whether one is owed, and by when, in the headers. Nothing here holds a message back.

Source: spec/docket.md, "Proof on a second channel".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from nodes.errors import NodeError
from protocol.agreement import Agreement
from protocol.body import Opened
from protocol.errors import ProtocolError
from protocol.kinds import Catalogue

CHALLENGE, PROOF = "authenticity-challenge", "authenticity-proof"

UNPROVED, ASKED, PROVED, DISOWNED = "unproved", "asked", "proved", "disowned"
"""Nobody asked; asked, without an answer that can be read; theirs; not theirs."""

_NO_MATTER = frozenset({"receipt", "machine", "document"})


class Threads(Protocol):
    """What is asked of the derived docket."""

    def in_thread(self, leaf: bytes, kinds: Sequence[str], limit: int = 200) -> list[dict[str, Any]]:
        """The entries of some kinds in a thread."""


class Proofs:
    """See the module.

    Args:
        own: our short name.
        threads: the derived docket.
        terms: gives the agreement and the catalogue in force.
        open_contents: opens an entry's body.
    """

    def __init__(
        self,
        *,
        own: str,
        threads: Threads,
        terms: Callable[[], tuple[Agreement, Catalogue]],
        open_contents: Callable[[str, int], Opened],
    ) -> None:
        self._own = own
        self._threads = threads
        self._terms = terms
        self._open = open_contents

    def of(self, view: Mapping[str, Any]) -> str | None:
        """How far a message is proved; None where no proof is asked for. Call it on a thread.

        Args:
            view: of the entry, as the docket shows it.
        """
        if not self._is_grave(view):
            return None
        entries = self._threads.in_thread(bytes.fromhex(view["thread"]), (CHALLENGE, PROOF))
        challenges = {
            one["leaf"]
            for one in entries
            if one["kind"] == CHALLENGE
            and one["voice"] == self._own
            and one["in_reply_to"] == view["leaf"]
            and one["effective"]
        }
        if not challenges:
            return UNPROVED
        found = ASKED
        for one in entries:
            answers = one["in_reply_to"] in challenges and one["outcome"] == "answered"
            if one["kind"] == PROOF and one["voice"] != self._own and one["effective"] and answers:
                found = self._said(one) or found
        return found

    def _is_grave(self, view: Mapping[str, Any]) -> bool:
        agreement, catalogue = self._terms()
        kind = catalogue.kind(view["kind"] or "")
        if agreement.challenge is None or kind is None or view["voice"] == self._own:
            return False
        if kind.procedure in _NO_MATTER or not kind.official or kind.name in {CHALLENGE, PROOF}:
            return False
        return agreement.challenge.covers(view["severity"], view["precedence"])

    def _said(self, proof: Mapping[str, Any]) -> str | None:
        try:
            opened = self._open(proof["voice"], proof["index"])
        except (NodeError, ProtocolError):
            return None
        return PROVED if opened.fields.get("ours") is True else DISOWNED
