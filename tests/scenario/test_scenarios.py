"""Every scenario comes out as it says, and none does once what it rests on is taken out of the data."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Iterator
from functools import cache
from unittest.mock import patch

import pytest
import structlog

import protocol.kinds
from hotline.scenarios.errors import Differs, Misspelt
from hotline.scenarios.play import Play
from hotline.scenarios.scenario import Scenario
from hotline.scenarios.script import read_scenario
from hotline.scenarios.shelf import scenario, scenario_names
from hotline.scenarios.stage import Audited
from nodes.resources import catalogue, catalogue_files
from protocol.kinds import Catalogue
from tests.scenario.stage import Simulated
from tests.scenario.without import without, without_term
from tests.simulation.remembering import forget, remembered
from tests.simulation.stubs import stubbed

WITH_REAL_KEYS = ("clarification-partly",)
"""Scenarios that are played with real signatures and seals as well, so that the stubs hide nothing."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Nodes log nowhere."""
    before = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(50),
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**before)


class _Remembering:
    """The reader of TOML, asked once for each text: a catalogue without one kind has all the other files."""

    TOMLDecodeError = tomllib.TOMLDecodeError
    loads = staticmethod(cache(tomllib.loads))


def poorer_catalogue(what: str) -> Catalogue:
    """The catalogue without something."""
    with patch.object(protocol.kinds, "tomllib", _Remembering):
        return Catalogue.load(without(catalogue_files(), what))


def play(one: Scenario, kinds: Catalogue) -> Audited:
    """Play a scenario in virtual time."""
    forget()
    with quiet(), Simulated(one, kinds) as stage:
        return Play(one, stage).run()


@pytest.mark.slow
@pytest.mark.parametrize("name", scenario_names())
def test_a_scenario_comes_out_as_it_says(name: str) -> None:
    """Both nodes and the auditor see what the script expects, at the agreement's true intervals."""
    with stubbed():
        play(scenario(name), catalogue())


@pytest.mark.slow
@pytest.mark.parametrize("name", scenario_names())
def test_a_scenario_fails_without_what_it_rests_on(name: str) -> None:
    """Each kind, rule, clock or term that a scenario names is taken away in turn; each time an expectation fails."""
    one = scenario(name)
    assert one.rests_on
    with stubbed():
        for what in one.rests_on:
            poorer, kinds = one, catalogue()
            if what.split()[0] == "agreement":
                poorer = without_term(one, what)
            else:
                kinds = poorer_catalogue(what)
            try:
                play(poorer, kinds)
            except Differs:
                continue
            pytest.fail(f"{name} comes out the same without {what}")


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_REAL_KEYS)
def test_a_scenario_comes_out_the_same_with_real_keys(name: str) -> None:
    """Real signatures, seals and notes lead to the same."""
    with remembered():
        play(scenario(name), catalogue())


BASE = b'title = "t"\nabout = "a"\nrests_on = ["kinds/goodwill"]\n'


@pytest.mark.parametrize(
    ("text", "step", "says"),
    [
        (b"title = 1", 0, "title"),
        (b'title = "t"\nabout = "a"\nrests_on = []\n[[step]]\n', 0, "rests_on is missing"),
        (BASE, 0, "has no step"),
        (BASE + b"colour = 1\n[[step]]\n", 0, "no 'colour'"),
        (BASE + b'[[step]]\ndoes = "shout"\n', 1, "nobody can 'shout'"),
        (BASE + b'[[step]]\ndoes = "send goodwill"\n', 1, "by whom"),
        (BASE + b'[[step]]\n[[step]]\nat = "soon"\n', 2, "at:"),
        (BASE + b'[[step]]\nat = "2h"\n[[step]]\nat = "1h"\n', 2, "before the step before"),
        (BASE + b'[[step]]\nby = "ARC"\ndoes = "send goodwill"\nto = "x"\n', 1, "called 'x'"),
    ],
)
def test_a_scenario_that_is_misspelt_is_refused_with_its_step(text: bytes, step: int, says: str) -> None:
    """A script that says what scenarios do not have is refused, with the file and the step."""
    with pytest.raises(Misspelt, match=r"^made-up\.toml") as refused:
        read_scenario("made-up", text)
    assert refused.value.step == step
    assert says in str(refused.value)


def test_a_sentence_that_is_not_true_says_who_sees_what() -> None:
    """An expectation that fails names the step, the sentence and what each observer sees instead."""
    text = BASE + b'[[step]]\nby = "ARC"\ndoes = "send goodwill"\nname = "hello"\nexpect = ["hello is answered"]\n'
    with stubbed(), pytest.raises(Differs) as differs:
        play(read_scenario("made-up", text), catalogue())
    said = "made-up.toml, step 1: 'hello is answered' is not so: ARC sees said; BOR sees said; auditor sees said"
    assert str(differs.value) == said
