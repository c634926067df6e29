"""Key ids."""

from hashlib import sha256

from keys.key_id import key_id
from keys.roles import HYBRID_ROLES, ROLES, KeyRole


def test_bytes_are_as_the_page_says() -> None:
    """One id, written out."""
    made = key_id(algorithm="alg", role=KeyRole.NODE, raw=b"key")
    assert made == sha256(b"hotline/1/key\0" + b"\x03alg" + b"\x04node" + b"key").digest()


def test_every_part_moves_the_id() -> None:
    """The same bytes in another job, or under another algorithm, are another key."""
    ids = {
        key_id(algorithm=algorithm, role=role, raw=raw)
        for algorithm in ("alg", "algn")
        for role in KeyRole
        for raw in (b"key", b"kez")
    }
    assert len(ids) == 2 * len(KeyRole) * 2


def test_roles_are_those_of_the_design() -> None:
    """Officers have six roles; three jobs are done with hybrid keys."""
    assert ROLES == ("duty", "release", "senior", "legal", "technical", "admin")
    assert {"node", "officer", "root"} == HYBRID_ROLES
