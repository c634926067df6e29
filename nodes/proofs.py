"""Whether grave messages of the counterpart were proved on a second channel.

The agreement may ask for that of messages of some severity or precedence. Until the counterpart has answered a
challenge of ours with a proof that says the message is theirs, it is shown as *unproved*. Whether a proof says so
stands in its sealed body; whether one is owed, and by when, in the headers. Nothing here holds a message back.

Source: spec/docket.md, "Proof on a second channel".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hmac import compare_digest
from typing import Any, Protocol

from nodes.errors import NodeError
from protocol.agreement import Agreement
from protocol.body import Opened
from protocol.errors import ProtocolError
from protocol.kinds import Catalogue

CHALLENGE, PROOF = "authenticity-challenge", "authenticity-proof"

WORDS = "nonce"
"""The field of both that has the words."""

UNPROVED, ASKED, PROVED, DISOWNED = "unproved", "asked", "proved", "disowned"
"""Nobody asked; asked, without an answer that can be read; theirs; not theirs."""

_NO_MATTER = frozenset({"receipt", "machine", "document"})


class Replies(Protocol):
    """What is asked of the derived docket."""

    def replies(self, voice: str, index: int, kind: str) -> list[dict[str, Any]]:
        """What answers an entry, of one kind, newest first; so many at most."""


class Proofs:
    """See the module.

    Args:
        own: our short name.
        replies: the derived docket.
        terms: gives the agreement and the catalogue in force.
        open_contents: opens an entry's body.
    """

    def __init__(
        self,
        *,
        own: str,
        replies: Replies,
        terms: Callable[[], tuple[Agreement, Catalogue]],
        open_contents: Callable[[str, int], Opened],
    ) -> None:
        self._own = own
        self._replies = replies
        self._terms = terms
        self._open = open_contents

    def of(self, view: Mapping[str, Any]) -> str | None:
        """How far a message is proved; None where no proof is asked for. Call it on a thread.

        Args:
            view: of the entry, as the docket shows it.
        """
        if not self._is_grave(view):
            return None
        challenges = [
            one
            for one in self._replies.replies(view["voice"], view["index"], CHALLENGE)
            if one["voice"] == self._own and one["effective"]
        ]
        if not challenges:
            return UNPROVED
        answers = [
            (proof["index"], proof, challenge)
            for challenge in challenges
            for proof in self._replies.replies(challenge["voice"], challenge["index"], PROOF)
            if proof["voice"] != self._own and proof["effective"] and proof["outcome"] == "answered"
        ]
        newest_first = sorted(answers, key=lambda one: one[0], reverse=True)
        return next((said for _, proof, challenge in newest_first if (said := self._said(proof, challenge))), ASKED)

    def _is_grave(self, view: Mapping[str, Any]) -> bool:
        agreement, catalogue = self._terms()
        kind = catalogue.kind(view["kind"] or "")
        if agreement.challenge is None or kind is None or view["voice"] == self._own:
            return False
        if kind.procedure in _NO_MATTER or not kind.official or kind.name in {CHALLENGE, PROOF}:
            return False
        return agreement.challenge.covers(view["severity"], view["precedence"])

    def _said(self, proof: Mapping[str, Any], challenge: Mapping[str, Any]) -> str | None:
        """What a proof says. One that does not have the words of its challenge proves nothing, and may disown all the
        same; one that cannot be read says nothing."""
        try:
            opened = self._open(proof["voice"], proof["index"]).fields
            if opened.get("ours") is not True:
                return DISOWNED
            asked = self._open(challenge["voice"], challenge["index"]).fields
        except (NodeError, ProtocolError):
            return None
        words = plain_words(str(asked.get(WORDS) or ""))
        same = compare_digest(plain_words(str(opened.get(WORDS) or "")).encode(), words.encode())
        return PROVED if words and same else None


def plain_words(words: str) -> str:
    """Words to be compared by voice, however they were typed: in small letters, one space between them."""
    return " ".join(words.lower().replace("-", " ").split())
