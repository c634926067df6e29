"""Settings: read once, strictly, and a new file explains itself."""

from pathlib import Path

import pytest

from nodes.config import NodeConfig, render
from nodes.errors import HomeRefused


def load(tmp_path: Path, text: str) -> NodeConfig:
    """Settings of a text."""
    path = tmp_path / "node.toml"
    path.write_text(text)
    return NodeConfig.load(path)


def test_a_new_file_reads(tmp_path: Path) -> None:
    """What is empty is off, and everything else has its default."""
    made = load(tmp_path, render(listen="127.0.0.1:7000", tiles="[::1]:7001").decode())
    assert made == NodeConfig(listen=("127.0.0.1", 7000), tiles=("::1", 7001))


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    """A node that only dials."""
    assert load(tmp_path, "") == NodeConfig()


def test_every_setting_reads(tmp_path: Path) -> None:
    """The place of the marks is seen from the home; an absolute one stays."""
    pin = "ab" * 32
    text = f'listen = "h.example:1"\nhealth = "127.0.0.1:2"\nhigh_water = "marks"\ntiles_clients = ["{pin}"]\n'
    made = load(tmp_path, text + 'log_level = "debug"\nscrub_kib_per_s = 0\n')
    assert made.scrub_kib_per_s == 0
    assert made.listen == ("h.example", 1)
    assert made.health == ("127.0.0.1", 2)
    assert made.high_water == tmp_path / "marks"
    assert made.tiles_clients == (bytes.fromhex(pin),)
    assert made.log_level == "debug"
    assert load(tmp_path, 'high_water = "/marks"').high_water == Path("/marks")


REFUSED = {
    "no TOML": "listen = ",
    "not UTF-8": "listen = '\udcff'",
    "an unknown name": "listne = ''",
    "an unknown table": "[listen]\nhost = 'x'",
    "a port too high": "listen = '127.0.0.1:65536'",
    "no port": "listen = '127.0.0.1'",
    "port zero": "listen = '127.0.0.1:0'",
    "a number for an address": "health = 80",
    "a level that is none": "log_level = 'loud'",
    "a pin too short": "tiles_clients = ['ab']",
    "a pin in capitals": f"tiles_clients = ['{'AB' * 32}']",
    "pins that are no list": f"tiles_clients = '{'ab' * 32}'",
    "a place that is no text": "high_water = 1",
    "a pace below nothing": "scrub_kib_per_s = -1",
    "a pace that is no number": "scrub_kib_per_s = true",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_understood_is_refused(tmp_path: Path, what: str) -> None:
    """The message names the file; the node does not start on a guess."""
    path = tmp_path / "node.toml"
    path.write_bytes(REFUSED[what].encode("utf-8", "surrogateescape"))
    with pytest.raises(HomeRefused) as caught:
        NodeConfig.load(path)
    assert str(path) in caught.value.text
