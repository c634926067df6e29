"""Texts of agreements."""

from __future__ import annotations

from protocol.agreement import Agreement
from protocol.agreement_terms import Auditor, AuthorityRule
from protocol.errors import ProtocolError
from protocol.limits import AGREEMENT_BYTES_MAX
from tests.builders import make_agreement
from tests.fuzz.target import Target, read_or_refused


def attempt(data: bytes) -> None:
    """A text reads as the agreement that it is the text of, or is refused."""
    read_or_refused(data, Agreement.parse, lambda one: one.text, ProtocolError)


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
    return {"full": text, "second-spelling": plain, "head": text.partition(b"[[party]]")[0]}
