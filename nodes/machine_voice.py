"""What a node says for itself: statements of the machine kinds, signed with its own key and nobody else's.

Source: spec/statement-and-entry.md, "Shapes of a statement".
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from keys.hybrid import Signer
from nodes.clock import SteadyClock
from nodes.errors import NodeError
from nodes.signed import SignedStatement
from nodes.store import LogStore
from protocol.agreement import Agreement
from protocol.compose import Setting, compose
from protocol.governance import Reign
from protocol.kinds import Catalogue
from protocol.signature import NODE, sign_statement
from protocol.statement import LogState


class MachineVoice:
    """Makes a node's own statements on one channel.

    Args:
        agreement: the one in force.
        catalogue: the one it names.
        store: gives the states of the two logs.
        signer: the node's key.
        clock: the time used in entries.
        entropy: gives so many fresh random bytes.
    """

    def __init__(
        self,
        *,
        agreement: Agreement,
        catalogue: Catalogue,
        store: LogStore,
        signer: Signer,
        clock: SteadyClock,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._entropy = entropy
        self._agreement = agreement
        self._catalogue = catalogue
        self._store = store
        self._signer = signer
        self._clock = clock

    def governed(self, reign: Reign) -> None:
        """Speak under what has come into force."""
        self._agreement, self._catalogue = reign.agreement, reign.catalogue

    def knows(self, kind: str, facts: dict[str, Any] | None) -> bool:
        """Whether the agreement's catalogue has the kind with these facts; an earlier one may have others."""
        known = self._catalogue.kind(kind)
        return known is not None and known.machine and set(facts or ()) == set(known.facts)

    def statement(self, kind: str, facts: dict[str, Any] | None) -> SignedStatement:
        """Make and sign one statement. Call it on a thread.

        Args:
            kind: a machine kind.
            facts: what it states; None for nothing beyond what every entry says.

        Raises:
            NodeError: `no-such-kind`; persons must sign that kind, or it is not in the catalogue.
        """
        known = self._catalogue.kind(kind)
        if known is None or not known.machine:
            raise NodeError("no-such-kind", f"{kind!r} is not a kind that a node may say")
        store = self._store
        own, their = store.head(store.own), store.head(store.their)
        setting = Setting(
            channel=self._agreement.channel,
            party=store.own,
            agreement=self._agreement.digest,
            catalogue=self._catalogue.digest,
            after=LogState(own.size, own.root),
            seen=LogState(their.size, their.root),
        )
        composed = compose(
            known,
            setting,
            statement_id=self._entropy(16),
            secret=None,
            issued_at_ms=self._clock.take(),
            facts={} if facts is None else facts,
            status="system",
            language=self._agreement.languages[0],
        )
        signature = sign_statement(
            composed.statement_bytes,
            channel=self._agreement.channel,
            party=store.own,
            signer=NODE,
            role=NODE,
            key=self._signer,
        )
        return SignedStatement(statement=composed.statement_bytes, signatures=(signature,), body=None)
