"""Signatures on a statement: who signs, in which role, and over what.

What is signed is the canonical array [SHA-256 of the statement, signer, role], under the purpose `statement` of the
keys' preimage, which adds the channel, the party and the algorithm. So a signature can be moved neither to another
statement, channel or party, nor to another person or role.

Signers are `node`, `root/N` and `person/N`; N counts from 1 and is the number in the root set or in the roster. Whether
that person holds that role, and whether the role suffices, is judged elsewhere.

Source: spec/statement-and-entry.md, "Signatures".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from keys import passkey
from keys.errors import SignatureRefused
from keys.hybrid import Signer
from keys.public_key import PublicKey
from keys.roster_people import ADMIN
from keys.suite import SUITES, Suite
from protocol.canonical import encode_sorted
from protocol.errors import BadSignature
from protocol.limits import SIGNATURE_BYTES_MAX
from protocol.schema import matching, octets, row, token
from protocol.tagged import digest

PURPOSE: Final = "statement"
NODE: Final = "node"
"""The signer that is the party's node, and the role it signs in."""

ROOT_ROLE: Final = "root"

ALGORITHMS: Final = frozenset({*SUITES, passkey.ALGORITHM})
"""What persons sign with; nodes and roots sign with hybrid keys only. Of the suites one is agreed on, and counts."""

SIGNER_PATTERN: Final = re.compile(r"node|(?:root|person)/[1-9][0-9]{0,5}")

signature_row: Final = row(matching(SIGNER_PATTERN), token, token, octets(1, SIGNATURE_BYTES_MAX))
"""Check for a signature in an encoding: [signer, role, algorithm, value]."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature on a statement.

    Attributes:
        signer: `node`, `root/1`, `person/3`.
        role: the role signed as, such as `duty`; `node` for a node and `root` for a root key.
        algorithm: name of the algorithm or pair of algorithms.
        value: bytes of the signature.
    """

    signer: str
    role: str
    algorithm: str
    value: bytes

    @property
    def person(self) -> int | None:
        """Number of the person who signed, or None where no person did."""
        return int(self.signer.removeprefix("person/")) if self.signer.startswith("person/") else None

    @property
    def root(self) -> int | None:
        """Number of the root key that signed, counted from 1, or None where it was none."""
        return int(self.signer.removeprefix("root/")) if self.signer.startswith("root/") else None


def by_admins(signatures: Sequence[Signature]) -> bool:
    """Whether a roster claims to be signed by admins, and by nobody else."""
    return bool(signatures) and all(one.person is not None and one.role == ADMIN for one in signatures)


def of_other_suite(signature: Signature, suite: Suite) -> bool:
    """Whether a signature is of a suite that is known, and is not the one agreed on."""
    return signature.algorithm in SUITES and signature.algorithm != suite.name


def signing_message(statement: bytes, signer: str, role: str) -> bytes:
    """What a signer signs: canonical [SHA-256 of the statement's bytes, signer, role]."""
    return encode_sorted([digest(statement), signer, role])


def sign_statement(statement: bytes, *, channel: bytes, party: str, signer: str, role: str, key: Signer) -> Signature:
    """Sign a statement.

    Args:
        statement: its exact bytes.
        channel: 32 bytes, as in its header.
        party: short name, as in its header.
        signer: `node`, `root/N` or `person/N`.
        role: the role signed as.
        key: the signer's key, for one role of keys only.

    Returns:
        The signature, to be put into the entry.
    """
    value = key.sign(PURPOSE, channel=channel, author=party, message=signing_message(statement, signer, role))
    return Signature(signer, role, key.public.algorithm, value)


def verify_signature(statement: bytes, signature: Signature, *, channel: bytes, party: str, key: PublicKey) -> None:
    """Check one signature on a statement.

    Args:
        statement: its exact bytes, as they came.
        signature: from the entry.
        channel: 32 bytes, of the log the entry is in.
        party: short name of the party whose log it is.
        key: what the roster or the root set gives for the signer.

    Raises:
        BadSignature: `unknown-algorithm`, `other-suite` where the key is of another, or `bad-signature` where it is not
            by that key over that statement.
    """
    if signature.algorithm != key.algorithm:
        suites = {signature.algorithm, key.algorithm} <= SUITES.keys()
        raise BadSignature("other-suite" if suites else "unknown-algorithm", signature.signer)
    message = signing_message(statement, signature.signer, signature.role)
    try:
        key.verify(PURPOSE, channel=channel, author=party, message=message, signature=signature.value)
    except SignatureRefused as error:
        raise BadSignature("bad-signature", signature.signer) from error
