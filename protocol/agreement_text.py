"""The text of an agreement: written for people to read and sign, and read back by the program.

Each block begins with what its terms do. The comments belong to the text and so to the digest; what stands where is in
the tables of `protocol.agreement_blocks`, and this module only follows them.

Source: spec/agreement.md, "Text" and "Reading".
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from protocol import toml_text
from protocol.agreement_blocks import BLOCKS, BlockForm, values_of
from protocol.errors import Malformed, NotUnderstood
from protocol.limits import AGREEMENT_BYTES_MAX
from protocol.toml_block import Block

if TYPE_CHECKING:
    from protocol.agreement import Agreement

NEWEST: Final = max(BLOCKS)
"""The format of agreements that are made now."""


def write(agreement: "Agreement") -> bytes:
    """The text of an agreement that has been checked.

    Returns:
        UTF-8 with newlines and one at the end.
    """
    return "\n".join(_blocks(agreement)).encode()


def _blocks(agreement: "Agreement") -> Iterator[str]:
    """The blocks of the text, each ending in a newline."""
    for form in BLOCKS[agreement.format]:
        if not form.name:
            yield _comment(form.comment) + "\n"
            yield _lines([f"format = {agreement.format}", *_terms(form, agreement)])
        elif not form.attribute:
            yield _lines([_comment(form.comment), f"[{form.name}]", *_terms(form, agreement)])
        else:
            yield from _records(form, getattr(agreement, form.attribute))


def _records(form: BlockForm, found: Any) -> Iterator[str]:
    """What one sort of block says."""
    if form.keys:
        for key, record in found.items():
            head = [_comment(form.comment.format(key)), f"[{form.name}.{key}]"]
            yield _lines([*head, *_terms(form, record)])
    elif form.many:
        for number, record in enumerate(found):
            head = [_comment(form.comment)] if number == 0 or not form.comment_once else []
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
        if not (term.optional and (value is None or value is False or value == ())):
            yield term.form.write(term.name, value)


def _comment(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.split("\n"))


def _lines(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def read(text: bytes) -> dict[str, Any]:
    """Read the text into the arguments of `Agreement`. Spelling is not compared here.

    Raises:
        NotUnderstood: another format, or a name that its format does not have.
        Malformed: `too-large`, `bad-text`, `bad-toml`, `missing-field`, `bad-field` or `bad-key`.
        AgreementRefused: `bad-slot`.

    Source: spec/agreement.md, "Reading", steps 1 to 4.
    """
    if len(text) > AGREEMENT_BYTES_MAX:
        raise Malformed("too-large", "agreement", f"{len(text)} bytes, at most {AGREEMENT_BYTES_MAX} are taken")
    try:
        text.decode("utf-8")
        whole = Block(toml_text.loads(text), "agreement")
    except UnicodeDecodeError as error:
        raise Malformed("bad-text", "agreement") from error
    except toml_text.TomlRefused as error:
        raise Malformed("bad-toml", "agreement") from error
    number = whole.take("format", int)
    if number not in BLOCKS:
        raise NotUnderstood("agreement.format", f"format {number}, this program knows {', '.join(map(str, BLOCKS))}")
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
    if len(values["parties"]) != 2:
        raise Malformed("bad-field", "agreement.party", "there are two parties")
    return values


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


def _values(form: BlockForm, block: Block) -> dict[str, Any]:
    return {
        term.field: term.form.read(block, term.name) for term in form.terms if not term.optional or block.has(term.name)
    }
