"""`disclosable` and `disclose` between two real nodes: what is agreed opens, on both sides alike."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hotline.nodes import running
from tests.hotline.people import acting, hotline, ok, paired

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Two paired homes whose agreement opens by consent, and whose nodes run."""
    arc, bor = paired(tmp_path_factory.mktemp("disclosure"))
    with running(arc, bor):
        yield arc, bor


def say(home: Path, *arguments: str) -> str:
    """Send, wait until the other side holds it, and give its serial."""
    return str(ok(*acting(home, *arguments, "--wait", "held", "--timeout", "20"))["serial"])


def until_open(home: Path, serial: str, audience: str, names: list[str]) -> None:
    """Wait until a node says that exactly these fields are open."""
    end = time.monotonic() + 20
    while open_fields(home, serial, audience) != names:
        assert time.monotonic() < end, open_fields(home, serial, audience)
        time.sleep(0.05)


def open_fields(home: Path, serial: str, audience: str) -> list[str]:
    """What of a statement is open to an audience."""
    told = ok(*acting(home, "disclosable", "--to", audience, "--thread", serial))
    view = next(one for one in told["found"]["statements"] if one["serial"] == serial)
    return [name for group in view["groups"] if group["open"] for name in group["fields"]]


def test_what_both_agree_to_opens_and_nothing_else(homes: tuple[Path, Path]) -> None:
    """A proposal opens nothing, a consent in part what it names; the same on both sides; a publication is logged."""
    arc, bor = homes
    notice = ("--set", "title=Attack", "--set", "class=system-compromise", "--set", "summary=Two hosts.")
    told = say(arc, "send", "notification", "--severity", "2", *notice)
    words: tuple[str, ...] = ("--title", "Attack on a port", "--text", "It works again.", "--when", "2026-12-01")
    fields = ("--field", "title", "--field", "summary")
    proposed = say(arc, "disclose", "propose", told, "--audience", "public", *fields, *words)
    assert open_fields(arc, told, "public") == []
    say(bor, "disclose", "partial", proposed, "--field", "title", "--reason", "ongoing-operation")
    for home in homes:
        until_open(home, told, "public", ["title"])
        until_open(home, proposed, "public", [])
    say(bor, "disclose", "consent", proposed)
    for home in homes:
        until_open(home, told, "public", ["title", "summary"])
        until_open(home, proposed, "public", ["text"])
    say(arc, "disclose", "made", proposed, "--place", "Website", "--when", "2026-12-01T09:00Z")
    shown = hotline(*acting(bor, "disclosable", "--thread", told)).out
    assert "rule 1, consent" in shown
    assert "Article 9" in shown
    assert "Two hosts" not in shown


def test_a_refusal_and_a_withdrawal_open_nothing(homes: tuple[Path, Path]) -> None:
    """Consent is withheld for a while, then refused; a proposal is withdrawn; a closer statement stays closed."""
    arc, bor = homes
    words: tuple[str, ...] = ("--title", "t", "--text", "A text.", "--when", "2026-12-01", "--audience", "partners")
    first = say(bor, "disclose", "propose", *words)
    say(arc, "disclose", "withhold", first, "--reason", "victim-consent", "--respond-by", "+2d")
    say(arc, "disclose", "object", first, "--reason", "inaccurate")
    say(bor, "disclose", "withdraw", first, "--reason", "Overtaken.")
    for home in homes:
        assert open_fields(home, first, "partners") == []
    closest = say(arc, "send", "goodwill", "--set", "message=hello", "--set", "closest=parties")
    assert open_fields(arc, closest, "auditor") == []
    assert hotline(*acting(arc, "send", "goodwill", "--set", "message=x", "--set", "closest=all", "--yes")).status == 2
    assert hotline(*acting(arc, "disclose", "partial", first, "--field", "x", "--reason", "political")).status == 2


def keys(value: Any) -> set[str]:
    """Every name in a JSON value."""
    if isinstance(value, dict):
        return set(value) | {name for one in value.values() for name in keys(one)}
    return {name for one in value for name in keys(one)} if isinstance(value, list) else set()


def test_disclosable_shows_no_contents(homes: tuple[Path, Path]) -> None:
    """It is told from headers: names of fields, rules and times."""
    told = ok(*acting(homes[0], "disclosable"))
    assert keys(told["found"]["statements"]).isdisjoint({"value", "salt", "contents"})
