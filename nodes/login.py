"""Login to the local API: an officer's key signs a challenge, and the roster says who that is and what they may read.

The node offers 32 fresh random bytes. The client signs them under the purpose `login`, which no statement uses. Roles
are asked again of the roster in force at every request, so that whoever is signed out of the roster is out at once.

Source: spec/local-api.md, "Login".
"""

from __future__ import annotations

from dataclasses import dataclass

from keys.errors import SignatureRefused
from keys.hybrid import Signer
from keys.preimage import NO_CHANNEL
from keys.public_key import PublicKey
from keys.roster import Roster
from nodes.errors import ApiRefused
from protocol import canonical

PURPOSE = "login"
SUBJECT = "hotline-local-api-1"
CHALLENGE_BYTES = 32

# Who may read contents. An administrator keeps the machine up and needs none of what is said on it.
CONTENT_ROLES = frozenset({"duty", "release", "senior", "legal", "technical"})


@dataclass(frozen=True, slots=True)
class Session:
    """Who is on the other end of a connection.

    Attributes:
        person: number in the roster.
        key: the officer key or passkey that answered the challenge.
    """

    person: int
    key: PublicKey


def login_message(challenge: bytes, person: int) -> bytes:
    """Give the bytes that an officer signs to log in."""
    return canonical.encode([challenge, SUBJECT, person])


def sign_login(challenge: bytes, *, party: str, person: int, signer: Signer) -> bytes:
    """Answer a challenge with an officer key.

    Raises:
        ApiRefused: the challenge is not 32 bytes.
    """
    if len(challenge) != CHALLENGE_BYTES:
        raise ApiRefused("answer-malformed", "the node's challenge is not 32 bytes")
    return signer.sign(PURPOSE, channel=NO_CHANNEL, author=party, message=login_message(challenge, person))


def check_login(
    challenge: bytes,
    signature: bytes,
    *,
    party: str,
    person: int,
    rosters: list[Roster],
) -> Session:
    """Check an answer against the rosters in force on any channel.

    Args:
        challenge: what this connection was offered.
        signature: the answer.
        party: short name of the node's party.
        person: number the client claims.
        rosters: the party's rosters in force, one a channel.

    Raises:
        ApiRefused: nobody of that number, or another key signed.
    """
    keys = {key for roster in rosters for key in keys_of(roster, person)}
    if not keys:
        raise ApiRefused("login-refused", f"no roster in force has a person {person}")
    for key in keys:
        try:
            key.verify(
                PURPOSE,
                channel=NO_CHANNEL,
                author=party,
                message=login_message(challenge, person),
                signature=signature,
            )
        except SignatureRefused:
            continue
        return Session(person=person, key=key)
    raise ApiRefused("login-refused", f"the signature is not by the key of person {person}")


def keys_of(roster: Roster, person: int) -> tuple[PublicKey, ...]:
    """Give a person's key and passkeys in a roster; nothing if the person is not in it.

    Validity is not looked at: it marks statements, and a wrong clock or a roster that ran out at night must not keep
    the officer from reading what came in. Whoever is to be kept out is taken out of the roster.
    """
    found = roster.person(person)
    return () if found is None else found.keys


def roles_of(roster: Roster, session: Session) -> frozenset[str]:
    """Give the roles that a session has on a channel: none if its key is no longer that person's."""
    found = roster.person(session.person)
    return frozenset(found.roles) if found is not None and session.key in found.keys else frozenset()
