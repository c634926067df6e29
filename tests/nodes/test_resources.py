"""The catalogues that come with the package: the newest, and every earlier one that an agreement may name."""

import pytest

from nodes.resources import catalogue, catalogue_of, earlier_catalogues

EARLIER = earlier_catalogues()


def test_an_agreement_names_its_catalogue() -> None:
    """The newest by its digest; one that never was, by none."""
    assert catalogue_of(catalogue().digest) is catalogue()
    assert catalogue_of(bytes(32)) is None
    assert catalogue().digest not in EARLIER


@pytest.mark.parametrize("digest", EARLIER, ids=lambda digest: digest.hex()[:8])
def test_an_earlier_catalogue_is_as_it_was(digest: bytes) -> None:
    """Its files give the digest that agreements name, and nothing that people ever sent is lost since."""
    found = catalogue_of(digest)
    assert found is not None
    assert found.digest == digest
    assert found.version < catalogue().version
    assert {kind.name for kind in found.kinds} <= {kind.name for kind in catalogue().kinds}
