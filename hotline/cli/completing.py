"""What the shell offers after a Tab: kinds, scenarios, codes, and the officers of the home at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from click.shell_completion import CompletionItem


def complete_kinds(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the kinds that people send."""
    from nodes.resources import catalogue

    return [
        CompletionItem(kind.name, help=kind.label())
        for kind in catalogue().kinds
        if kind.name.startswith(incomplete) and not kind.machine and not kind.document
    ]


def complete_words(*words: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Offer one of a few words; what else is typed is refused by whoever knows why."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(word) for word in words if word.startswith(incomplete)]

    return complete


def complete_scenarios(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the scenarios."""
    from hotline.scenarios.shelf import scenario_names

    return [CompletionItem(name) for name in scenario_names() if name.startswith(incomplete)]


def complete_codes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer every declared code."""
    from protocol.codes import CODES

    return [CompletionItem(one.name, help=one.text) for one in CODES.values() if one.name.startswith(incomplete)]


def complete_officers(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the officers below the home that was named before, or the working directory."""
    # Imported here because the settings offer this function.
    from hotline.cli.settings import settings_of
    from nodes.home import NodeHome

    names = NodeHome(settings_of(context).home or Path()).officer_names()
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
