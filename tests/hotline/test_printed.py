"""A page of ours is printed as PDF: the same page gives the same bytes, and nothing is reached for it."""

from pathlib import Path

import pytest

from hotline.errors import CouldNot
from hotline.printed import BROWSERS, find_browser, printed
from tests.hotline.browsers import CHROMIUM
from tests.hotline.people import hotline

PAGE = b"<!doctype html><html><head><title>One</title></head><body><h1>One page</h1></body></html>"


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM, reason="needs chromium")
def test_the_same_page_gives_the_same_bytes() -> None:
    """With the time that is given, and no other."""
    once, again = (printed(PAGE, browser=CHROMIUM, at_ms=1_795_255_200_000) for _ in range(2))
    assert once == again
    assert once.startswith(b"%PDF-")
    assert once.count(b"(D:20261121100000+00'00')") == 2


def test_without_a_browser_it_is_said_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is audited first, and the way without one is named."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CouldNot, match=BROWSERS[0]):
        find_browser()
    done = hotline("audit", tmp_path, "--policy", tmp_path / "policy", "--pdf", tmp_path / "report.pdf", "--json")
    assert (done.status, done.json["error"]["code"]) == (3, "browser-missing")
    assert "--page" in done.json["error"]["next"]


@pytest.mark.parametrize("script", ["exit 7", "echo no"])
def test_a_browser_that_prints_nothing_is_named(tmp_path: Path, script: str) -> None:
    """Whatever it ended with."""
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\n{script}\n")
    browser.chmod(0o700)
    with pytest.raises(CouldNot, match="printed nothing"):
        printed(PAGE, browser=str(browser), at_ms=0)
