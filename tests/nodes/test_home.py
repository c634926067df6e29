"""Homes: what a directory must have to be one, and what its small files may hold."""

from pathlib import Path

import pytest

from nodes.errors import HomeRefused, NodeError
from nodes.home import ChannelHome, NodeHome, OfficerHome, open_home, parse_endpoint


@pytest.fixture
def home(tmp_path: Path) -> NodeHome:
    """A node home with a card and one paired channel."""
    (tmp_path / "node.toml").write_text("")
    (tmp_path / "party.toml").write_text('short = "ARC"\n')
    channel = tmp_path / "channels" / "BOR"
    (channel / "rosters").mkdir(parents=True)
    (channel / "agreement.toml").write_text("text")
    (channel / "channel.toml").write_text('endpoints = ["192.0.2.8:7443", "[2001:db8::8]:7443"]\n')
    for name in ("ARC-1.toml", "ARC-10.toml", "ARC-2.toml", "ARC-02.toml", "BOR-1.toml", "notes.txt"):
        (channel / "rosters" / name).write_text("")
    (tmp_path / "channels" / "CEL").mkdir()
    return NodeHome.open(tmp_path)


def officer(path: Path, text: str) -> OfficerHome:
    """An officer home with these settings."""
    path.mkdir(parents=True)
    (path / "officer.toml").write_text(text)
    return OfficerHome.open(path)


def test_a_directory_is_the_home_that_its_files_make_it(home: NodeHome, tmp_path: Path) -> None:
    """node.toml makes a node home, officer.toml an officer home, neither makes none."""
    assert isinstance(open_home(home.path), NodeHome)
    settings = 'party = "ARC"\nname = "duty"\nnumber = 1\nnode_socket = "../../node.sock"\n'
    made = officer(home.officers / "duty", settings)
    assert isinstance(open_home(made.path), OfficerHome)
    assert home.officer_names() == ["duty"]
    assert made.node_socket.resolve() == home.socket.resolve()
    with pytest.raises(HomeRefused) as caught:
        open_home(tmp_path / "channels")
    assert caught.value.code == "home-missing"


def test_only_paired_channels_are_channels(home: NodeHome) -> None:
    """A channel whose pairing is not complete is not there yet."""
    assert [channel.counterpart for channel in home.channels()] == ["BOR"]
    assert not home.channel("CEL").is_paired()
    with pytest.raises(HomeRefused):
        home.channel("../BOR")


def test_roster_versions_come_in_order_of_number(home: NodeHome) -> None:
    """Ten comes after two, and names of another spelling are not rosters."""
    channel = home.channel("BOR")
    assert channel.roster_versions("ARC") == [1, 2, 10]
    assert channel.roster_versions("CEL") == []


def test_endpoints_keep_their_order(home: NodeHome) -> None:
    """Routes are tried as written."""
    assert home.channel("BOR").endpoints() == (("192.0.2.8", 7443), ("2001:db8::8", 7443))


@pytest.mark.parametrize(
    "value", ["", "host", "host:", "host:0", "host:65536", "host:07", "a b:1", "[::1:1", "::1:80", 7443, None, "h:1\n"]
)
def test_what_is_no_endpoint_is_refused(value: object) -> None:
    """Host and port, nothing else, and no second spelling of a number."""
    with pytest.raises(HomeRefused) as caught:
        parse_endpoint(value, where="here")
    assert caught.value.code == "endpoint-malformed"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not toml",
        'party = "ARC"\nname = "duty"\nnumber = 1\n',
        'party = "ARC"\nname = "duty"\nnumber = "1"\nnode_socket = "x"\n',
        'party = "ARC"\nname = "duty"\nnumber = true\nnode_socket = "x"\n',
        'party = "ARC"\nname = "duty"\nnumber = 1\nnode_socket = "x"\nkey = "y"\n',
    ],
)
def test_an_officer_file_has_exactly_its_names(tmp_path: Path, text: str) -> None:
    """Missing names, other types and unknown names are refused by name."""
    made = officer(tmp_path / "duty", text)
    with pytest.raises(NodeError) as caught:
        _ = (made.party, made.number, made.node_socket)
    assert caught.value.code == "home-file-malformed"


def test_a_channel_knows_its_files(tmp_path: Path) -> None:
    """Every file of a channel lies below its directory."""
    channel = ChannelHome(tmp_path / "BOR")
    paths = (channel.log_db, channel.docket_db, channel.agreement_path, channel.high_water, channel.bootstrap)
    assert all(path.parent == channel.path for path in paths)
    assert channel.roster_statement_path("ARC", 3).name == "ARC-3.statement"
