"""The vectors of passkeys see mistakes: each check that is left out is missed by at least one of them.

What is looked at twice is not here: the length of the parts, the spelling of DER and that of coordinates, which the
library refuses as well.
"""

import inspect
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any, cast

import pytest

from keys import authenticator_data, client_data, cose_key, passkey
from keys.errors import KeysError
from tests.keys.make_passkey_vectors import DIRECTORY
from tests.keys.test_passkey import judge, read

VECTORS = {path.stem: read(path) for path in sorted(DIRECTORY.glob("*.txt"))}

MISTAKES: tuple[tuple[str, Callable[..., object], str, str], ...] = (
    ("ignore UV", authenticator_data._check_head, "if not flags & USER_VERIFIED:", "if False:"),
    ("ignore UP", authenticator_data._check_head, "if not flags & USER_PRESENT:", "if False:"),
    ("ignore the relying party", authenticator_data._check_head, "if data[:32] !=", "if False and data[:32] !="),
    ("ignore flags without a meaning", authenticator_data._check_head, "if flags & _RESERVED or", "if"),
    ("ignore what is behind the key", authenticator_data.read_new_credential, "bool(rest) != bool(", "False and bool("),
    ("ignore the ceremony", client_data.check_client_data, 'if values.get("type") != ceremony:', "if False:"),
    (
        "compare the challenge as bytes",
        client_data.check_client_data,
        'values.get("challenge") !=',
        '(values.get("challenge") or "").rstrip("=") !=',
    ),
    ("ignore the challenge", client_data.check_client_data, 'if values.get("challenge") !=', "if False and 1 !="),
    ("ignore the origin", client_data.check_client_data, 'if values.get("origin") != origin:', "if False:"),
    (
        "compare the origin's beginning",
        client_data.check_client_data,
        'if values.get("origin") != origin:',
        'if not str(values.get("origin")).startswith(origin):',
    ),
    ("ignore a frame", client_data.check_client_data, "crossed is not False or", ""),
    ("take false for false", client_data.check_client_data, "crossed is not False", "crossed"),
    ("ignore the page above", client_data.check_client_data, ' or "topOrigin" in values', ""),
    ("take a name twice", client_data._once, "if len(values) < len(pairs):", "if False:"),
    ("guess the encoding", client_data._read, 'data.decode("utf-8")', "data"),
    ("take NaN", client_data._no_constant, 'raise ValueError(f"{text} is no JSON")', "return 0"),
    ("ignore the length", client_data._read, "if len(data) > CLIENT_DATA_BYTES_MAX:", "if False:"),
    ("ignore the gate", cose_key._load, "check_ed25519(_coordinates(raw))", "pass"),
    (
        "ignore the signature",
        cose_key.CoseKey.verify,
        "except InvalidSignature:\n",
        "except InvalidSignature:\n        return\n",
    ),
    ("ignore the credential", passkey.Passkey.verify, "if found.credential != self.credential:", "if False:"),
    ("ignore the client data's hash", passkey.Passkey.verify, " + sha256(found.client_data).digest()", ""),
    ("take a name that ends alike", passkey.check_desk, 'rp_id.endswith("." + domain)', "rp_id.endswith(domain)"),
    ("take localhost in earnest", passkey.check_desk, "_rule(demonstration,", "_rule(True,"),
    ("take any page that begins alike", passkey.check_origin, "bool(_PORT.fullmatch(origin[len(start) :]))", "True"),
)


def broken(function: Callable[..., object], old: str, new: str) -> CodeType:
    """The code of a function with a mistake in it."""
    source = inspect.cleandoc("\n" + inspect.getsource(function))
    assert source.count(old) == 1, f"{old!r} is not in {function.__qualname__} once"
    found: dict[str, Any] = {}
    exec(compile(source.replace(old, new), "mistake", "exec"), {**cast(FunctionType, function).__globals__}, found)
    return cast(CodeType, found[function.__name__].__code__)


@pytest.mark.parametrize(("name", "function", "old", "new"), MISTAKES, ids=[one[0] for one in MISTAKES])
def test_a_mistake_is_seen(
    name: str, function: Callable[..., object], old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the mistake some vector is judged otherwise than it says."""
    del name
    monkeypatch.setattr(function, "__code__", broken(function, old, new))
    seen = 0
    for lines in VECTORS.values():
        outcome = "accepted"
        try:
            judge(lines)
        except KeysError as error:
            outcome = error.kind
        except Exception:  # noqa: BLE001 - a mistake may let through what the library stumbles over.
            outcome = "stumbled"
        seen += outcome != lines["expect"]
    assert seen
