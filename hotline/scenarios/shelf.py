"""The scenarios that come with the program."""

from __future__ import annotations

from importlib import resources

from hotline.errors import Misused
from hotline.scenarios.scenario import Scenario
from hotline.scenarios.script import read_scenario

_FOLDER = resources.files("hotline") / "data" / "scenarios"


def scenario_names() -> tuple[str, ...]:
    """Their names, in order."""
    return tuple(sorted(item.name.removesuffix(".toml") for item in _FOLDER.iterdir() if item.name.endswith(".toml")))


def scenario(name: str) -> Scenario:
    """Read one.

    Raises:
        Misused: there is none of that name.
        Misspelt: it says something that scenarios do not have.
    """
    if name not in scenario_names():
        from difflib import get_close_matches

        close = get_close_matches(name, scenario_names(), n=3)
        hint = f"; did you mean {', '.join(close)}?" if close else "; see hotline demo --list"
        raise Misused("no-such-scenario", f"there is no scenario {name!r}{hint}")
    return read_scenario(name, (_FOLDER / f"{name}.toml").read_bytes())
