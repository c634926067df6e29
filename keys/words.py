"""Safety words: what two people read to each other over the telephone, to see that they hold the same thing.

Fourteen words of a list of 256 carry 112 bits. That alone would not do: someone in the middle, who chooses what each
side sees, needs only two inputs with equal words among all that they can make, and birthdays find them after about
2**56 attempts. So the hash is stretched with Argon2id first, and each attempt costs a tenth of a second and 32 MiB.

The list is our own: common English nouns that people who learnt English late still know and can say, none of which
sounds like an insult or an alarm. No two begin with the same four letters, and no two are fewer than three edits
apart, so four typed letters name a word and a misheard one is no other word of the list.

Source: RFC 9106; spec/keys-and-rosters.md, "Safety words".
"""

from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from keys.preimage import tag

COUNT: Final = 14

_LIST = """
    acorn airport album almond anchor animal apple apron
    artist atlas autumn avenue balloon bamboo banana banjo
    barrel basket battery beard beaver bedroom beetle bicycle
    biscuit blossom boulder bracelet branch brick bridge brush
    bubble buffalo bumper button cabin cactus camera candle
    canyon captain caravan carpet ceiling cellar ceramic chalk
    cherry chess chimney cinema circle clarinet cliff clock
    clover coast cobra coffee compass concert copper cousin
    coyote cricket crown crystal cushion daisy dancer dentist
    diamond doctor dolphin domino donkey dragon drawer dream
    dumpling eagle eclipse elbow elephant elevator emerald engine
    envelope equator evening fabric factory falcon farmer feather
    fence festival fiddle finger flamingo forest fossil fountain
    freezer friend fruit furnace galaxy gallery garden garlic
    gecko giant giraffe glacier glass gorilla granite grape
    guitar harbor harvest hazelnut helmet horizon iceberg insect
    island jaguar jasmine jigsaw journal juggler karate kennel
    kingdom kitchen ladder lagoon lantern laptop leopard letter
    library lizard lobster locust machine magnet magpie mailbox
    mammoth mansion marble meadow meteor mineral mirror mitten
    morning mosaic muffin museum mustard napkin network nickel
    noodle nutmeg oatmeal octopus office omelet orange orchard
    ostrich oxygen package painter palace parrot peacock peanut
    pelican pencil perfume pickle picnic pigeon pillow pocket
    popcorn potato powder prairie present pudding pumpkin puppet
    puzzle rabbit raccoon railway rainbow raisin reptile ribbon
    runway safari sailor school seagull shelter silver sketch
    soccer spider spinach stadium statue student sunset teapot
    tennis thunder timber tissue tornado tractor traffic trophy
    trumpet turkey turtle tuxedo unicorn vanilla vehicle village
    vinegar violin visitor vitamin volcano voyage vulture waffle
    walnut weasel weekend whisker window yogurt zenith zigzag
"""

WORDS: Final = tuple(_LIST.split())

_MEMORY_KIB = 32_768
_PASSES = 2
_SALT = b"hotline/1/words\0"
"""Sixteen bytes, the same for all: both sides must find the same words, and there is no secret to protect."""


def safety_words(subject: str, *parts: bytes) -> tuple[str, ...]:
    """The words for what is compared.

    Args:
        subject: what is compared, such as ``pairing``; a purpose in the sense of :func:`keys.preimage.tag`.
        parts: the bytes that both sides should hold, in an order that both know.

    Returns:
        14 words. It takes about a tenth of a second and 32 MiB: call it when people look, not in a loop.

    Raises:
        KeysMisused: a subject of another spelling.

    Source: spec/keys-and-rosters.md, "Safety words", steps 1 to 4.
    """
    # Each part goes in as its hash, so that no two lists of parts run together to the same bytes.
    hashed = b"".join(sha256(part).digest() for part in parts)
    digest = sha256(tag("words/" + subject) + b"\0" + hashed).digest()
    stretched = Argon2id(salt=_SALT, length=COUNT, iterations=_PASSES, lanes=1, memory_cost=_MEMORY_KIB).derive(digest)
    return tuple(WORDS[byte] for byte in stretched)
