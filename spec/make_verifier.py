"""Make spec/verifier/verifier.html from its parts: `python spec/make_verifier.py`, from the root.

The page is one file that loads nothing. Its modules are those of `parts/` and the files of `vendor/` that they need,
each wrapped in a function, so that one script holds them all; nothing else about them is changed. A policy in the page
allows that script and that style sheet by their hashes, and nothing of the network.

Source: spec/verifier/README.md.
"""

import json
import re
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from nodes.resources import catalogue, catalogue_of  # noqa: E402
from protocol.kind import Kind  # noqa: E402
from protocol.kinds import Catalogue  # noqa: E402

FOLDER = ROOT / "spec" / "verifier"
PAGE = FOLDER / "verifier.html"
VENDOR = {"@noble/post-quantum": "noble-post-quantum", "@noble/hashes": "noble-hashes", "@noble/curves": "noble-curves"}
MAIN = "parts/page.js"

_IMPORT = re.compile(r'^import (?:\* as (\w+)|\{([^}]*)\}) from ["\']([^"\']+)["\'];$', re.MULTILINE)
_EXPORTED = re.compile(r"^export (?:async )?(?:const|function\*?|class) (\w+)", re.MULTILINE)
_EXPORT_LIST = re.compile(r"^export \{([^}]*)\};$", re.MULTILINE)


def _files(*folders: str) -> dict[str, bytes]:
    """The files of a catalogue of the kept vectors, what a later folder adds over what an earlier one has."""
    found: dict[str, bytes] = {}
    for folder in (ROOT / "spec" / "vectors" / name for name in folders):
        found |= {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.toml"))}
    return found


VECTORS = [Catalogue.load(_files("catalogue", *more)) for more in ((), ("catalogue-amended",), ("catalogue-roots",))]
"""The catalogues that the kept vectors name."""


def catalogues() -> dict[str, Catalogue]:
    """Every catalogue that the page knows, by digest: those of the program, and that of the kept vectors."""
    before = sorted((ROOT / "protocol" / "catalogue_before").iterdir())
    made = [catalogue(), *(catalogue_of(bytes.fromhex(folder.name)) for folder in before), *VECTORS]
    return {one.digest.hex(): one for one in made if one is not None}


def table() -> dict[str, Any]:
    """What the page knows of each catalogue, by digest."""
    return {
        digest: {
            "version": one.version,
            "vectors": one in VECTORS,
            "kinds": {kind.name: _row(kind) for kind in one.kinds},
        }
        for digest, one in catalogues().items()
    }


def _row(kind: Kind) -> dict[str, Any]:
    return {
        "opens": kind.opens_thread,
        "continues": kind.continues_thread,
        "reply": kind.in_reply_to[0],
        "replies": kind.replies_to,
        "voice": kind.reply_voice,
        "outcomes": kind.outcomes,
        "severity": kind.severity[0],
        "aware": kind.aware_at[0],
        "respond": kind.respond_by[0],
        "until": kind.valid_until[0],
        "authority": kind.authority,
        "machine": kind.machine,
        "document": kind.document,
        "byRoots": kind.by_roots,
        "always": kind.always,
        "fields": [one.name for one in kind.fields],
        "facts": dict(kind.facts),
        "common": dict(kind.common_facts),
    }


def modules() -> list[Path]:
    """Every module that the page has, each behind those that it imports."""
    found: list[Path] = []
    open_now: list[Path] = []

    def take(path: Path) -> None:
        if path in found:
            return
        if path in open_now:
            raise SystemExit(f"{path} imports itself by way of others")
        open_now.append(path)
        for _, _, name in _IMPORT.findall(path.read_text(encoding="utf-8")):
            take(_resolve(path, name))
        open_now.pop()
        found.append(path)

    take(FOLDER / MAIN)
    return found


def _resolve(path: Path, name: str) -> Path:
    for package, folder in VENDOR.items():
        if name.startswith(f"{package}/"):
            return FOLDER / "vendor" / folder / name.removeprefix(f"{package}/")
    if not name.startswith("."):
        raise SystemExit(f"{path} imports {name}, which is not here")
    return (path.parent / name).resolve()


def _wrapped(path: Path) -> str:
    """A module as a function of those that it imports, which gives what it exports."""
    text = path.read_text(encoding="utf-8")
    exported = {name: name for name in _EXPORTED.findall(text)}

    def imported(match: re.Match[str]) -> str:
        whole, names, source = match.groups()
        called = whole or "{" + re.sub(r"(\w+) as (\w+)", r"\1: \2", " ".join(names.split())) + "}"
        return f"const {called} = $need({json.dumps(_name(_resolve(path, source)))});"

    def listed(match: re.Match[str]) -> str:
        for one in filter(None, (part.strip() for part in match[1].split(","))):
            inner, _, outer = one.partition(" as ")
            exported[outer or inner] = inner
        return ""

    text = _EXPORT_LIST.sub(listed, _IMPORT.sub(imported, text))
    text = re.sub(r"^export (?=(?:async )?(?:const|function|class) )", "", text, flags=re.MULTILINE)
    left = re.search(r"^(?:import|export)\b.*", text, re.MULTILINE)
    if left is not None or "</script" in text.lower() or "<!--" in text:
        raise SystemExit(f"{path} has something that this builder does not know: {left and left[0]}")
    text = text.replace('"@kinds.json@"', json.dumps(json.dumps(table(), separators=(",", ":"))))
    given = ", ".join(f"{outer}: {inner}" for outer, inner in sorted(exported.items()))
    return f"define({json.dumps(_name(path))}, ($need) => {{\n{text}\nreturn {{ {given} }};\n}});\n"


def _name(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


def script() -> str:
    """The one script of the page."""
    loader = (FOLDER / "parts" / "loader.js").read_text(encoding="utf-8")
    start = f"$need({json.dumps(MAIN)});\n"
    return '\n"use strict";\n(() => {\n' + loader + "".join(_wrapped(path) for path in modules()) + start + "})();\n"


def page() -> bytes:
    """The page."""
    code = script()
    style = "\n" + (FOLDER / "parts" / "page.css").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src {_hash(code)}; style-src {_hash(style)}; worker-src blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    made = (FOLDER / "parts" / "page.html").read_text(encoding="utf-8")
    for name, text in {"policy": policy, "style": style, "script": code}.items():
        made = made.replace(f"@{name}@", text)
    return made.encode("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


def main() -> None:
    """Write the page."""
    PAGE.write_bytes(page())


if __name__ == "__main__":
    main()
