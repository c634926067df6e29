"""What is inside the key file of a witness: its name and the seeds of its two cosigning keys.

Source: C2SP tlog-cosignature; spec/keys-and-rosters.md, "Keyrings"; spec/witness.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

from keys.errors import BROKEN_RULE, EnvelopeRefused, KeysError
from keys.keyring_text import Fields, check_same, encode
from keys.note_key import NoteKeyType, NoteSigner, check_name

SEED_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class WitnessKeyring:
    """A witness's keys. They sign cosignatures and nothing else.

    Attributes:
        name: of both keys, such as `witness.example/1`.
        ed25519: 32 secret bytes.
        mldsa44: 32 secret bytes.
    """

    PURPOSE: ClassVar[str] = "witness"

    name: str
    ed25519: bytes
    mldsa44: bytes

    def __post_init__(self) -> None:
        try:
            check_name(self.name)
        except KeysError as error:
            raise EnvelopeRefused(f"the keyring is refused: {error}", kind=BROKEN_RULE) from error
        if not len(self.ed25519) == len(self.mldsa44) == SEED_BYTES or self.ed25519 == self.mldsa44:
            raise EnvelopeRefused("the keyring is refused: two different seeds of 32 bytes", kind=BROKEN_RULE)

    def __repr__(self) -> str:
        return f"WitnessKeyring({self.name})"

    @classmethod
    def generate(cls, name: str, entropy: Callable[[int], bytes]) -> Self:
        """New keys."""
        return cls(name, entropy(SEED_BYTES), entropy(SEED_BYTES))

    def signers(self) -> tuple[NoteSigner, NoteSigner]:
        """Both keys, in the order of their lines."""
        return (
            NoteSigner(self.name, NoteKeyType.COSIGNATURE, self.ed25519),
            NoteSigner(self.name, NoteKeyType.MLDSA44, self.mldsa44),
        )

    def encode(self) -> bytes:
        """The plain form, to be sealed at once."""
        return encode(self.PURPOSE, name=self.name, ed25519=self.ed25519.hex(), mldsa44=self.mldsa44.hex())

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the plain form.

        Raises:
            EnvelopeRefused: malformed, of another kind, a second spelling, or a broken rule.
        """
        fields = Fields(data, cls.PURPOSE)
        keyring = cls(fields.text("name"), fields.seed("ed25519"), fields.seed("mldsa44"))
        check_same(keyring.encode(), data)
        return keyring
