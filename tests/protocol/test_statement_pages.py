"""The pages on statements and agreements: their examples are true, and they name every field and every code."""

import re
from pathlib import Path

from protocol.agreement import Agreement
from protocol.canonical import encode
from protocol.commitment import commit
from protocol.signature import signing_message
from protocol.statement import HEADER
from protocol.statement_secret import StatementSecret
from tests.protocol.statement_samples import CHANNEL, SECRET, STATEMENT_ID
from tests.protocol.statement_vectors import VECTORS, read_vector

SPEC = Path(__file__).resolve().parents[2] / "spec"
STATEMENT_PAGE = (SPEC / "statement-and-entry.md").read_text()
AGREEMENT_PAGE = (SPEC / "agreement.md").read_text()


def test_the_examples_of_statements_are_true() -> None:
    """Every value on the page is what this program computes."""
    bound = StatementSecret(SECRET, channel=CHANNEL, statement_id=STATEMENT_ID)
    salt = bound.salt("note")
    computed = [CHANNEL, STATEMENT_ID, SECRET, bound.opener, salt, signing_message(b"", "person/3", "duty")]
    computed.append(encode({"b": [1, None], "a": b"\xff"}))
    for value in ("Understood.", None):
        computed.append(commit(channel=CHANNEL, statement_id=STATEMENT_ID, field="note", salt=salt, value=value))
    assert {value.hex() for value in computed} == set(re.findall(r"\b[0-9a-f]{22,}\b", STATEMENT_PAGE))


def test_the_examples_of_agreements_are_true() -> None:
    """They are of the vector that the page points to."""
    agreement = Agreement.parse(read_vector(VECTORS / "agreement" / "good.txt").data)
    computed = {agreement.digest.hex(), agreement.channel.hex(), agreement.log_id("ARC"), agreement.log_id("BOR")}
    assert computed == set(re.findall(r"\b[0-9a-f]{22,}\b", AGREEMENT_PAGE))


def test_the_table_of_the_header_is_whole() -> None:
    """The page lists the fields of the format, in their order."""
    table = STATEMENT_PAGE.partition("## Statement\n")[2].partition("\n### ")[0]
    assert tuple(re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE)) == HEADER.fields


def test_every_code_of_a_vector_is_on_its_page() -> None:
    """Another program finds on the page what each code means."""
    for folder, pages in (("entry", STATEMENT_PAGE), ("agreement", AGREEMENT_PAGE)):
        codes = {read_vector(file).code for file in (VECTORS / folder).glob("*.txt")} - {""}
        missing = {code for code in codes if f"`{code}`" not in pages}
        assert missing <= {"not-understood"}
