"""The token that commands make keys in: --token, --pkcs11-module and --pin-file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotline.cli.settings import Settings

if TYPE_CHECKING:
    from hotline.setup import NewToken


def token_of(settings: Settings, label: str | None, module: str | None, pin_file: str | None) -> NewToken | None:
    """Where a key is to be made, with the PIN from its file or asked for; None where no token is named.

    Raises:
        Misused: half of the options, or nobody to ask for the PIN.
    """
    from hotline.errors import Misused
    from hotline.secret_files import passphrase_in
    from hotline.setup import NewToken

    if label is None and module is None and pin_file is None:
        return None
    if label is None or module is None or not Path(module).is_absolute():
        raise Misused("usage", "a key in a token needs --token and --pkcs11-module with its whole path")
    if pin_file is not None:
        pin = passphrase_in(pin_file).decode("utf-8", "replace")
    elif settings.may_ask:
        pin = str(click.prompt(f"PIN of token {label}", hide_input=True, err=True))
    else:
        raise Misused("passphrase-needed", "the PIN of the token is needed: give --pin-file")
    if not (pin.isascii() and pin.isprintable() and len(pin) <= 64):
        raise Misused("usage", "a PIN has 1 to 64 characters of printable ASCII")
    return NewToken(module=Path(module), label=label, pin=pin)
