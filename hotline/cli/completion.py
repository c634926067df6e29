"""`hotline completion`: the shell's completion script."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from hotline.cli.settings import common_options, settings_of

_WHERE = {
    "bash": 'eval "$(hotline completion bash)"   in ~/.bashrc',
    "zsh": 'eval "$(hotline completion zsh)"   in ~/.zshrc',
    "fish": "hotline completion fish > ~/.config/fish/completions/hotline.fish",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(sorted(_WHERE)))
@common_options
@click.pass_context
def completion_command(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    To install it:
      bash   eval "$(hotline completion bash)"   in ~/.bashrc
      zsh    eval "$(hotline completion zsh)"    in ~/.zshrc
      fish   hotline completion fish > ~/.config/fish/completions/hotline.fish
    """
    from hotline.cli.main import cli

    output = settings_of(context).output
    found = get_completion_class(shell)
    if found is None:  # The choices above are shells that the library knows.
        raise click.UsageError(f"no completion for {shell}")
    script = found(cli, {}, "hotline", "_HOTLINE_COMPLETE").source()
    output.result({"shell": shell, "script": script, "install": _WHERE[shell]}, script.rstrip("\n").split("\n"))
