"""The jobs of keys, and the roles of officers. One key, one job."""

from enum import StrEnum
from typing import Final


class KeyRole(StrEnum):
    """The job of a key. It is hashed into the key's id, so the same bytes in two jobs are two different keys."""

    NODE = "node"
    OFFICER = "officer"
    ROOT = "root"
    SEALING = "sealing"
    LOG = "log"
    MIRROR = "mirror"
    TLS = "tls"


HYBRID_ROLES: Final = frozenset({KeyRole.NODE, KeyRole.OFFICER, KeyRole.ROOT})
"""The jobs that are done with Ed25519 together with ML-DSA."""

ROLES: Final = ("duty", "release", "senior", "legal", "technical", "admin")
"""What an officer may sign as, in the order in which a roster lists them."""
