"""Make the vectors in spec/vectors/docket: `python -m tests.protocol.make_docket_vectors`, from the root."""

from typing import Any

from protocol.docket import docket_digest
from protocol.docket_item import Item
from protocol.event import Event
from protocol.kinds import Catalogue
from protocol.standing import in_force, state_at
from protocol.verdict import NO_LOCATION
from tests.protocol.catalogue_samples import catalogue_files
from tests.protocol.docket_cases import CASES
from tests.protocol.procedure_samples import DAY_MS, HOUR_MS, KINDS, Told
from tests.vector_world import VECTORS, dump_json, write_files

FOLDER = VECTORS / "docket"
NEEDED = ("severity", "precedence", "status", "role", "tlp")
OUTCOMES = ("answered", "partly", "not-known", "accepted")
LATER_MS = (0, HOUR_MS, DAY_MS, 30 * DAY_MS)
"""How long after the last entry each case is looked at."""


def vector_files() -> dict[str, bytes]:
    """A catalogue of its own: the tables, a kind for each step, and the vocabularies that every catalogue has. What is
    there stays as it is, whatever becomes of the catalogue that comes with the program."""
    folder = FOLDER / "catalogue"
    if folder.is_dir():
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.toml"))}
    files = catalogue_files()
    chosen = {f"vocabularies/{name}.toml": files[f"vocabularies/{name}.toml"] for name in NEEDED}
    terms = "".join(f'\n[[terms]]\ncode = "{code}"\nlabel = {{ en = "{code}" }}\n' for code in OUTCOMES)
    chosen["vocabularies/outcome.toml"] = f'title = "Outcome"\nsource = "these vectors"\n{terms}'.encode()
    chosen["catalogue.toml"] = b"version = 2\n"
    chosen["fields.toml"] = b""
    chosen["procedures.toml"] = files["procedures.toml"]
    return chosen | {f"kinds/{name}.toml": data + b"\n" for name, data in KINDS.items()}


def told_of(name: str, catalogue: Catalogue) -> Told:
    """What is said in a case, and then that both logs have arrived."""
    told = Told(catalogue)
    CASES[name](told)
    for voice in (0, 1, 0, 1):
        told.tick(voice)
    return told


def case_of(name: str, catalogue: Catalogue) -> dict[str, Any]:
    """A case with what is found in it."""
    told = told_of(name, catalogue)
    docket, ledger = told.fold()
    homes = docket.homes[0].digest(0), docket.homes[1].digest(1)
    items = sorted(ledger.items(), key=lambda item: item.place)
    last_ms = max(log[-1].logged_at_ms for log in told.logs)
    return {
        "what": (CASES[name].__doc__ or "").strip(),
        "logs": [[_event(event) for event in log] for log in told.logs],
        "homes": [one.hex() for one in homes],
        "digest": docket_digest(*homes).hex(),
        "items": [_item(item) for item in items],
        "at": [
            {
                "at_ms": last_ms + later,
                "states": {_serial(item.place): state_at(item, last_ms + later) for item in items},
                "in_force": [_serial(item.place) for item in items if in_force(item, last_ms + later)],
            }
            for later in LATER_MS
        ],
    }


def _serial(place: int) -> str:
    return f"{place & 1} {place >> 1}"


def _event(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = {"held": event.held, "logged_at_ms": event.logged_at_ms}
    if event.kind:
        found |= {"kind": event.kind, "thread": _serial(event.thread), "status": event.status}
        found["precedence"] = event.precedence
        if event.reply != NO_LOCATION:
            found["reply"] = _serial(event.reply)
    for name in ("outcome", "severity", "phase", *(f"{one}_ms" for one in TIMES)):
        if getattr(event, name) is not None:
            found[name] = getattr(event, name)
    return found | ({"forced": True} if event.forced else {})


TIMES = ("respond_by", "aware_at", "valid_until", "starts")


def _item(item: Item) -> dict[str, Any]:
    return {"serial": _serial(item.place), "kind": item.kind, "state": item.state, "encoded": item.encode().hex()}


def digest_of(name: str, catalogue: Catalogue) -> bytes:
    """The docket's digest in a case by another catalogue."""
    docket, _ = told_of(name, catalogue).fold()
    return docket_digest(docket.homes[0].digest(0), docket.homes[1].digest(1))


def make() -> dict[str, bytes]:
    """Every file by path."""
    files = vector_files()
    catalogue = Catalogue.load(files)
    made = {f"catalogue/{name}": data for name, data in files.items()}
    return made | {f"cases/{name}.json": dump_json(case_of(name, catalogue)) for name in CASES}


def main() -> None:
    """Write all files."""
    write_files(FOLDER, make())


if __name__ == "__main__":
    main()
