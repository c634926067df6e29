"""The text of an agreement: written for people to read and sign, and read back by the program.

Each block begins with what its terms do. The comments belong to the text and so to the digest; what stands where is in
the tables of `protocol.agreement_blocks`, and this module only follows them.

Source: spec/agreement.md, "Text" and "Reading".
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from protocol import toml_text
from protocol.agreement_blocks import BLOCKS, BlockForm, values_of
from protocol.errors import Malformed, NotUnderstood, ProtocolError
from protocol.limits import AGREEMENT_BYTES_MAX
from protocol.toml_block import Block

NEWEST: Final = max(BLOCKS)
"""The format of agreements that are made now."""

Fault = Callable[[ProtocolError], None]
"""Is told of what cannot be read."""


def write(agreement: Any) -> bytes:
    """The text of an agreement, or of terms that have no parties yet, that were checked.

    Args:
        agreement: has the attributes of `Agreement`.

    Returns:
        UTF-8 with newlines and one at the end.
    """
    return "\n".join(_blocks(agreement)).encode()


def _blocks(agreement: Any) -> Iterator[str]:
    """The blocks of the text, each ending in a newline."""
    for form in BLOCKS[agreement.format]:
        if not form.name:
            yield _comment(form.comment) + "\n"
            yield _lines([f"format = {agreement.format}", *_terms(form, agreement)])
        elif not form.attribute:
            yield _lines([_comment(form.comment), f"[{form.name}]", *_terms(form, agreement)])
        else:
            lattice = agreement.suite.signature.lattice
            yield from _records(form, getattr(agreement, form.attribute), lattice)


def _records(form: BlockForm, found: Any, lattice: str) -> Iterator[str]:
    """What one sort of block says."""
    if form.keys:
        for key, record in found.items():
            head = [_comment(form.comment.format(key, lattice=lattice)), f"[{form.name}.{key}]"]
            yield _lines([*head, *_terms(form, record)])
    elif form.many:
        for number, record in enumerate(found):
            head = [_comment(form.comment.format(lattice=lattice))] if number == 0 or not form.comment_once else []
            yield _lines([*head, f"[[{form.name}]]", *_terms(form, record)])
            if form.inner is not None:
                for inner in getattr(record, form.inner.attribute):
                    yield _lines([f"[[{form.name}.{form.inner.name}]]", *_terms(form.inner, inner)])
    elif found is not None:
        yield _lines([_comment(form.comment), f"[{form.name}]", *_terms(form, found)])


def _terms(form: BlockForm, record: Any) -> Iterator[str]:
    value_of = values_of(record)
    for term in form.terms:
        value = value_of(term.field)
        if not term.absent(value):
            yield term.form.write(term.name, value)


def _comment(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.split("\n"))


def _lines(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def read(text: bytes, *, parties: int = 2) -> dict[str, Any]:
    """Read the text into the arguments of `Agreement`. Spelling is not compared here.

    Args:
        text: its exact bytes.
        parties: how many there must be; 0 for terms that have none yet.

    Raises:
        NotUnderstood: another format, or a name that its format does not have.
        Malformed: `too-large`, `bad-text`, `bad-toml`, `missing-field`, `bad-field` or `bad-key`.
        AgreementRefused: `bad-slot`.

    Source: spec/agreement.md, "Reading", steps 1 to 4.
    """
    whole = _whole(text)
    number = _format(whole)
    values: dict[str, Any] = {"format": number}
    for form in BLOCKS[number]:
        if not form.name:
            values |= _values(form, whole)
        elif not form.attribute:
            block = whole.block(form.name)
            values |= _values(form, block)
            block.finish()
        else:
            values[form.attribute] = _read_records(form, whole)
    whole.finish()
    if len(values["parties"]) != parties:
        raise Malformed("bad-field", "agreement.party", "there are two parties")
    return values


def overlay(text: bytes, terms: Any, fault: Fault) -> dict[str, Any]:
    """Read a draft of the newest format: what it names takes the place of other terms, and may leave out the rest.

    Args:
        text: the draft; comments, order and spelling are free.
        terms: what it is laid over; has the attributes of `Agreement`.
        fault: told of each thing that cannot be read, which then stays as it was.

    Returns:
        The attributes that it names, by name.

    Raises:
        Malformed: it is no text, or not TOML.
        NotUnderstood: it is of another format.
    """
    whole = _whole(text)
    number = _format(whole) if whole.has("format") else NEWEST
    if number != NEWEST:
        raise NotUnderstood("agreement.format", f"a draft is of format {NEWEST}")
    values: dict[str, Any] = {}
    for form in BLOCKS[NEWEST]:
        try:
            if not form.name:
                values |= _values(form, whole, partial=True, fault=fault)
            elif form.many:
                if whole.has(form.name):
                    values[form.attribute] = _read_records(form, whole)
            elif whole.has(form.name):
                block = whole.block(form.name)
                if not form.attribute:
                    values |= _values(form, block, partial=True, fault=fault)
                elif form.keys:
                    values[form.attribute] = _overlay_keys(form, block, getattr(terms, form.attribute), fault)
                else:
                    values[form.attribute] = _overlay_one(form, block, getattr(terms, form.attribute), fault)
                block.finish()
        except ProtocolError as error:
            fault(error)
    try:
        whole.finish()
    except ProtocolError as error:
        fault(error)
    return values


def _overlay_keys(form: BlockForm, block: Block, before: Any, fault: Fault) -> Any:
    found = dict(before)
    for key in form.keys:
        if block.has(key):
            inner = block.block(key)
            found[key] = _overlay_one(form, inner, before[key], fault)
            inner.finish()
    return found


def _overlay_one(form: BlockForm, block: Block, before: Any, fault: Fault) -> Any:
    if before is None:
        return _reader(form)(block)
    return replace(before, **_values(form, block, partial=True, fault=fault))


def _whole(text: bytes) -> Block:
    if len(text) > AGREEMENT_BYTES_MAX:
        raise Malformed("too-large", "agreement", f"{len(text)} bytes, at most {AGREEMENT_BYTES_MAX} are taken")
    try:
        text.decode("utf-8")
        return Block(toml_text.loads(text), "agreement")
    except UnicodeDecodeError as error:
        raise Malformed("bad-text", "agreement") from error
    except toml_text.TomlRefused as error:
        raise Malformed("bad-toml", "agreement", str(error)) from error


def _format(whole: Block) -> int:
    number = whole.take("format", int)
    if number not in BLOCKS:
        raise NotUnderstood("agreement.format", f"format {number}, this program knows {', '.join(map(str, BLOCKS))}")
    return number


def _read_records(form: BlockForm, whole: Block) -> Any:
    read_one = _reader(form)
    if form.many:
        return tuple(whole.blocks(form.name, read_one))
    if form.optional and not whole.has(form.name):
        return None
    block = whole.block(form.name)
    if form.keys:
        found: Any = {}
        for key in form.keys:
            inner = block.block(key)
            found[key] = read_one(inner)
            inner.finish()
    else:
        found = read_one(block)
    block.finish()
    return found


def _reader(form: BlockForm) -> Callable[[Block], Any]:
    def read_one(block: Block) -> Any:
        values = _values(form, block)
        if form.inner is not None:
            values[form.inner.attribute] = tuple(block.blocks(form.inner.name, _reader(form.inner)))
        return form.make(**values)

    return read_one


def _values(form: BlockForm, block: Block, *, partial: bool = False, fault: Fault | None = None) -> dict[str, Any]:
    """The terms of a block; of those that cannot be read `fault` is told, and without it the first is raised."""
    found: dict[str, Any] = {}
    for term in form.terms:
        if not block.has(term.name) and (partial or term.optional):
            continue
        try:
            found[term.field] = term.form.read(block, term.name)
        except ProtocolError as error:
            if fault is None:
                raise
            fault(error)
    return found
