"""Texts of agreements."""

from __future__ import annotations

import contextlib

from hotline.agreements import base_terms, model_text
from protocol.agreement import Agreement
from protocol.agreement_terms import Auditor, AuthorityRule
from protocol.agreement_text import overlay
from protocol.errors import ProtocolError
from protocol.limits import AGREEMENT_BYTES_MAX
from tests.builders import make_agreement
from tests.fuzz.target import Target, read_or_refused
from tests.protocol.statement_samples import full_agreement


def attempt(data: bytes) -> None:
    """A text reads as the agreement that it is the text of, or is refused. As a draft it is read, or refused, too."""
    read_or_refused(data, Agreement.parse, lambda one: one.text, ProtocolError)
    with contextlib.suppress(ProtocolError):
        overlay(data, BASE, lambda _error: None)


BASE = base_terms(at_ms=1_795_255_200_000)

TARGET = Target(name="agreement", attempt=attempt, bytes_max=AGREEMENT_BYTES_MAX + 1, shape="lines")


def seeds() -> dict[str, bytes]:
    """One with most of what an agreement may have, the same without its comments, and its head alone."""
    full = make_agreement(
        rules=(
            AuthorityRule(("*",), (("duty", "senior"), ("legal",)), severity_at_least=3, precedences=("flash",)),
            AuthorityRule(("notification", "measure"), (("duty",),)),
        ),
        auditors=(Auditor("Court of Audit", bytes(range(32))),),
    )
    text = full.text
    plain = b"\n".join(line for line in text.split(b"\n") if not line.startswith(b"#"))
    head = text.partition(b"[[party]]")[0]
    newer = {"model": model_text(), "format-2": full_agreement().text}
    return {"full": text, "second-spelling": plain, "head": head, **newer}
