"""Templates at the node: what another node lets pass is marked where nobody has opened it yet."""

from pathlib import Path

import pytest

from nodes.signed import SignedStatement
from nodes.templates import belied
from protocol.agreement_terms import AuthorityRule
from protocol.merkle import Hash
from protocol.statement import LogState
from tests.nodes.homes import letter, setting, signed_by, terms
from tests.nodes.pair import held, line_of, run, running, until, write_homes

ONE = ((1, "duty"),)
RULE = AuthorityRule(("*",), (("duty",),))
WORDS = {
    "name": "outage",
    "edition": 1,
    "for_kind": "goodwill",
    "text_language": "en",
    "approvals": ["Head of the press office"],
    "words": [{"field": "message", "text": "Services are down."}],
}


@pytest.mark.slow
def test_a_template_that_is_claimed_falsely_is_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a node that looks at nothing: one that is not in force, and words beyond one that is. What keeps to it, and
    what says that it has free text, is not marked."""

    async def test() -> None:
        homes = write_homes(tmp_path)
        async with running(homes["ARC"]) as arc, running(homes["BOR"]) as bor:
            mine, theirs = line_of(arc), line_of(bor)
            monkeypatch.setattr(type(mine), "check_template", lambda *_: None)

            def says(message: str, template: Hash, **facts: object) -> SignedStatement:
                fields, named = {"message": message}, {"template": template, **facts}
                return signed_by(letter("ARC", fields=fields, facts=named), *ONE)

            end_ms = 1_795_255_200_000 + 86_400_000 * 300
            proposed = await held(
                arc, signed_by(letter("ARC", "template-register", WORDS, valid_until_ms=end_ms), *ONE)
            )
            index = proposed.index
            assert index is not None
            await until(lambda: all(one.projection.entry("ARC", index) is not None for one in (mine, theirs)))
            leaf = (theirs.projection.entry("ARC", index) or {})["leaf"]
            head = theirs.store.head("ARC")
            accepted = letter(
                "BOR",
                "accept",
                {},
                thread=bytes.fromhex(leaf),
                in_reply_to=bytes.fromhex(leaf),
                place=setting("BOR", seen=LogState(head.size, head.root)),
            )
            await held(bor, signed_by(accepted, *ONE))
            await until(lambda: bool(mine.projection.register_items("templates")))
            for said in (
                says("Services are down.", bytes.fromhex(leaf)),
                says("Services are down. You did it.", bytes.fromhex(leaf)),
                says("You did it.", bytes.fromhex(leaf), free=True),
                says("Services are down.", b"\xab" * 32),
            ):
                await held(arc, said)
            await until(lambda: len(theirs.projection.inbox()) >= 5)
            found = [
                belied(view, catalogue=theirs.catalogue, projection=theirs.projection, open_entry=theirs.open_contents)
                for view in theirs.projection.inbox(limit=4)
            ]
            assert found[::-1] == [None, "free-text", None, "template-not-in-force"]

    with terms(rules=(RULE,)):
        run(test)
