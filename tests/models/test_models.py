"""The formal models hold, and each broken variant fails at the claim that it should."""

import re
import shutil

import pytest

from tools.models import CLAIMS, MODELS, Case, check, large, small


@pytest.mark.slow
@pytest.mark.parametrize("case", list(small()), ids=str)
def test_a_model_is_as_it_should_be(case: Case) -> None:
    """Searched to the end; what is broken fails, and not at another claim."""
    if shutil.which("spin") is None or shutil.which("gcc") is None:
        pytest.skip("needs spin and gcc")
    found = check(case)
    print(found)
    assert found.right, found


@pytest.mark.parametrize("model", ["handshake", "pairing", "reconcile", "rotation"])
def test_every_variant_that_a_model_names_is_checked(model: str) -> None:
    """Each switch of a model is in its comment and in the table of variants, and the other way round."""
    text = (MODELS / f"{model}.pml").read_text()
    comment = text[: text.index("*/")]
    switches = set(re.findall(r"(?m)^#(?:ifdef|ifndef) ([A-Z_]+)$", text)) - {"MAXE", "CRASHES", "BREAKS", "N"}
    listed = set(re.findall(r"(?m)^ \*   ([A-Z_]+)  ", comment))
    checked = {name for case in small() if case.model == model for name in case.defines if "=" not in name}
    assert switches == checked
    assert checked - listed <= {"APART"}
    assert "APART" not in checked or "APART (" in comment


def test_every_claim_is_seen_to_fail() -> None:
    """A claim that no broken variant fails might say nothing."""
    assert {case.fails for case in small()} - {None} == set(CLAIMS)
    assert all(case.fails is None for case in large())
