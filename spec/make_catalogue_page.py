"""Write spec/catalogue.md from the catalogue's data, spec/codes.md from the tables of codes, and the parsed catalogue.

    python spec/make_catalogue_page.py

A test makes both pages again and compares, so that page and program cannot disagree.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

SPEC = Path(__file__).resolve().parent
ROOT = SPEC.parent
sys.path.insert(0, str(ROOT))

from protocol.codes import GROUPS  # noqa: E402
from protocol.facts import FACT_TYPES, HASHES_MAX  # noqa: E402
from protocol.fields import FIELD_TYPES, Field, how_typed  # noqa: E402
from protocol.kinds import Catalogue, Kind  # noqa: E402
from protocol.parsed_files import NAME, write_parsed  # noqa: E402
from protocol.procedures import FLAGS, STATES  # noqa: E402
from protocol.rules import Rule  # noqa: E402

PAGE = SPEC / "catalogue.md"
CODES_PAGE = SPEC / "codes.md"
DATA = ROOT / "protocol" / "catalogue"
PARSED = ROOT / "protocol" / NAME
_UNITS = ((86_400_000, "days"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))

INTRODUCTION = """\
# The catalogue

<!-- Made by spec/make_catalogue_page.py from protocol/catalogue/. Edit that. -->

What can be said on the line, and with which words. The catalogue is data: forms, prompts, checks and this page come
from the same files.

Catalogue version: {version}. Digest: `{digest}`.

## Files and digest

| file | holds |
|---|---|
| `catalogue.toml` | the version, and the facts that every kind of persons may carry |
| `procedures.toml` | how what was said moves on: below, "Procedures" |
| `fields.toml` | fields that several kinds share; a kind takes one by `use` and may set anything of it anew |
| `kinds/<name>.toml` | one kind |
| `vocabularies/<name>.toml` | one vocabulary |

1. Every file is UTF-8 TOML 1.0. A file, name or value that is not described here is refused: whoever cannot read a
   catalogue whole MUST NOT judge entries by it.
2. The digest is SHA-256 over `hotline/1/catalogue`, a zero byte, and for every file, sorted by the bytes of its name,
   SHA-256 of the name and SHA-256 of the bytes. Names are relative to the folder, with slashes.
3. `catalogue.jsonl` beside the folder holds what the files parse to, each under the SHA-256 of its bytes. It saves time
   and is not part of the digest: where it has no line for a file, the file counts, and is parsed.
4. An agreement names the version and the digest; so does the header of every statement.

## Text

Text in fields is UTF-8 in Unicode normalisation form C, not empty, without blanks around it. It MUST NOT hold control
characters (newlines stand only in the type `text`), bidirectional controls, zero-width or tag characters, private use
characters, noncharacters, or lone surrogates; U+200C and U+200D are allowed. `protocol/plain_text.py` lists the
characters, so that the judgement does not depend on a release of Unicode.

## Rules

A kind may have `[[rules]]`: what its values say of one another. They are checked when a statement is composed, and a
statement that breaks one is refused then; the reader's program checks them again and shows what is broken. They move
nothing, because bodies are sealed: no verdict rests on them.

1. `order`: `field` does not lie before `after`; with `within_ms`, at most so long after it. A time known to the day
   alone breaks no rule about hours.
2. `value`: `field` is one of `is`, or ranks `at_least` so high in its vocabulary.
3. `count`: `fields` together hold `at_least` or `at_most` so many values; a list counts its items.
4. `fact`: `fact` of the header is a code of `vocabulary`, is SHA-256 of the text `of` a field, or, with `as_replied`,
   is that of the statement answered.

`when` limits a rule to where a field is one of some values (`is`), ranks `at_least` so high, or is there at all. A name
with a dot is a column, and each row is looked at. Beside the fields stand status, precedence, severity, outcome,
issued_at, aware_at, respond_by, valid_until, and `fact.NAME`. What is absent breaks no rule but a count.

## Templates

A template is what a `template-register` says once the other party has accepted it: for one kind and language, the text
of fields in which `{{slot}}` stands for what is filled in. It is in force until its end, or until a `template-retire`
is accepted.

1. A statement that follows a template names it in its header: `template` is the leaf hash of the registering entry. One
   with text beyond it also says `free`. Rules of authority for templates count only where `template` stands without
   `free`.
2. Text is what stands in the types line, text and lines, and in records with a column of the type line. Codes, dates,
   numbers, flags and identifiers are no text.
3. The text of a field, as it is typed, has the lines that the template's words give for it, in their order, and each
   line equals one of the template with its slots filled. A line is compared from the left: between two slots stand
   words, and a slot ends where they first follow.
4. A slot takes one line without hidden characters, of at most `bytes` bytes, of its type: any words, a whole number, a
   partial time, or an identifier.
5. The node of the author refuses a statement whose template is not in force or is for another kind, and one that has
   text beyond it and does not say so. The reader's program compares again and shows `template-differs`.

## when

A partial time says as much as is known and no more: `2015`, `2015-12`, `2015-12-23`, `2015-12-23T14Z`,
`2015-12-23T14:05Z`, `2015-12-23T14:05:09Z`. All are UTC. Lists are ordered by the last millisecond it may mean.
"""

PROCEDURES = """\
A kind names its procedure and its step. What a statement does to the one that it names in `in_reply_to` follows from
the procedure of that one, the step, whose it is, and its state; the first row that fits counts. Where no row fits,
nothing moves. A statement of a step that does not begin anything is *said*: it only moves another. *Lapsed* and
*unanswered since* are not here: they follow from a time ([docket](docket.md), "In force").
"""

FACTS = """\
What stands in the header, in the open: all that a machine kind says, and of a kind that persons sign what moves a
procedure, a clock or a rule of authority. Of the latter a fact whose type ends in `?` is left out where it does not
apply and never nil; a statement without facts has nil for a map. A flag is true or left out; a time is UTC
milliseconds. Types: {types}; a list has at most {hashes} items.
""".format(types=", ".join(FACT_TYPES), hashes=HASHES_MAX)

WORDS = {
    "by_outcome": "or as the outcome says",
    "settles": "is the answer that was owed",
    "starts": "in force from here",
    "ends": "no more in force",
    "suspends": "not in force until resumed",
    "resumes": "in force again",
    "renews": "its `valid_until` is the end now",
    "reviews": "the review is done",
    "agreed": "once the other party accepts it",
}

CODES_INTRODUCTION = """\
# Codes

<!-- Made by spec/make_catalogue_page.py from protocol/codes_*.py. Edit those. -->

What alarms, findings, faults and errors are called. A code is stable between releases and means the same wherever it
stands: in an alarm, in the log, in an audit, in the answer of a command. `hotline explain CODE` prints what is here.

Severity: *info*: nothing is wrong; *warning*: somebody should look, in time; *alarm*: somebody must look now;
*refuted*: evidence does not hold, or what was asked is refused; *error*: a command could not do what it was told;
*unchecked*: something needed for the check is absent. The exit status is what a command ends with when the code is why
it ended: 0 done, 1 refuted or refused, 2 misused, 3 could not, 4 waiting for signatures.
"""


def duration(milliseconds: int) -> str:
    """Say a duration in the largest unit that divides it."""
    for unit, name in _UNITS:
        if milliseconds % unit == 0:
            return f"{milliseconds // unit} {name}"
    return f"{milliseconds} ms"


def table(heads: str, rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Write a table; bars in cells are escaped."""
    yield ""
    yield f"| {heads} |"
    yield "|" + "---|" * (heads.count("|") + 1)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def limits(item: Field) -> str:
    """Say the limits of a field in words."""
    said = []
    if item.vocabulary:
        said.append(f"[{item.vocabulary}](#{item.vocabulary})")
    if item.only:
        said.append("only " + ", ".join(item.only))
    if item.type in {"line", "text", "identifier"}:
        said.append(f"{item.max} bytes")
    if item.type == "integer":
        said.append(f"{item.min} to {item.max}")
    if item.type in {"choices", "identifiers", "lines", "records"}:
        said.append(f"{item.max} items")
    if item.item_max:
        said.append(f"{item.item_max} bytes each")
    if item.pattern:
        said.append(f"`{item.pattern}`")
    if item.columns:
        said.append(
            "; ".join(f"`{one.name}` {one.type}{' ' + limits(one) if limits(one) else ''}" for one in item.columns)
        )
    return ", ".join(said)


def rule_of(rule: Rule) -> str:
    """Write what a rule is about, in the names that it uses."""
    said = ", ".join(f"`{name}`" for name in rule.fields)
    for word, value in (
        ("after", rule.after),
        ("within", None if rule.within_ms is None else duration(rule.within_ms)),
        ("is", ", ".join(map(word_of, rule.values)) or None),
        ("at least", rule.least),
        ("at most", rule.most),
        ("a code of", rule.vocabulary),
        ("the hash of", rule.of),
        ("as in", "the statement answered" if rule.as_replied else None),
    ):
        if value is not None:
            said += f" {word} {value}"
    if rule.when is not None:
        said += f", where `{rule.when.field}`"
        if rule.when.values:
            said += f" is {', '.join(map(word_of, rule.when.values))}"
        elif rule.when.at_least is not None:
            said += f" is at least {rule.when.at_least}"
        else:
            said += " is there"
    return said


def word_of(value: object) -> str:
    """Write a value of a rule."""
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def kind_section(kind: Kind) -> Iterator[str]:
    """Write the section of one kind."""
    yield ""
    yield f"### {kind.name}"
    yield ""
    yield f"{kind.label()}, version {kind.version}. {kind.help()}"
    rows: list[tuple[str, ...]] = [("procedure", f"{kind.procedure}, {kind.step}")]
    if not kind.machine:
        stands = [word for word, true in (("opens one", kind.opens_thread), ("in one", kind.continues_thread)) if true]
        rows.append(("thread", " or ".join(stands)))
    if kind.replies_to:
        voice = {"own": "of its own voice", "other": "of the other voice", "either": "of either voice"}[
            kind.reply_voice
        ]
        rows.append((f"in_reply_to ({kind.in_reply_to})", f"{voice}: {', '.join(kind.replies_to)}"))
    for name, kinds in (
        ("answered by", kind.answered_by),
        ("held by", kind.held_by),
        ("declined by", kind.declined_by),
        ("put in force by", kind.activated_by),
        ("followed by", kind.followed_by),
    ):
        if kinds:
            rows.append((name, ", ".join(kinds)))
    if kind.outcomes:
        rows.append(("outcome (required)", ", ".join(kind.outcomes)))
    needs = {
        "severity": kind.severity,
        "aware_at_ms": kind.aware_at,
        "respond_by_ms": kind.respond_by,
        "valid_until_ms": kind.valid_until,
    }
    rows.extend((name, need) for name, need in needs.items() if need != "none")
    rows.extend((name, duration(limit)) for name, limit in kind.clocks.items())
    if kind.register:
        rows.append(("register", kind.register))
    if kind.always:
        rows.append(("always", "passes in a suspension, after sunset and after withdrawal"))
    if not kind.official:
        rows.append(("official", "no: it does not speak for the party"))
    if not kind.machine:
        rows.append(("default precedence", kind.precedence))
    signed = "the node alone" if kind.machine else "root keys, as many as the party's threshold asks"
    rows.append(("signed by", " and ".join(kind.authority) or signed))
    yield from table("of the header | value", rows)
    if kind.fields:
        fields = [
            (
                f"`{item.name}`" + (" (required)" if item.required else ""),
                item.type,
                item.tier,
                limits(item),
                " ".join(part for part in (item.label() + ".", item.help()) if part),
            )
            for item in kind.fields
        ]
        yield from table("field | type | tier | limits | what it is", fields)
    if kind.rules:
        yield from table("rule | of | what it says", [(rule.type, rule_of(rule), rule.label()) for rule in kind.rules])
    if kind.facts:
        yield from table("fact | type", [(f"`{name}`", type_) for name, type_ in kind.facts.items()])


def procedures_section(catalogue: Catalogue) -> Iterator[str]:
    """Write the tables of the procedures."""
    yield from ("", "## Procedures", "")
    yield from PROCEDURES.rstrip("\n").split("\n")
    starts = [
        (one.procedure, one.step, one.state + (", in force" if one.starts else ""))
        for one in catalogue.procedures.begin
    ]
    yield from table("procedure | step | begins as", starts)
    yield from ("", "What a statement of a step does to the one it names:")
    moves = []
    for one in catalogue.procedures.moves:
        also = [WORDS[name] for name in FLAGS if getattr(one, name)]
        if one.times:
            also.append(f"at most {one.times} times")
        if one.on_opener:
            also.append("acts on the thread's opener")
        origin = [state for state in STATES[one.procedure] if state in one.origin]
        moves.append((one.procedure, one.step, one.by, ", ".join(origin), one.to or "as it was", "; ".join(also)))
    yield from table("procedure of the one named | step | by | from | to | and", moves)


def page(catalogue: Catalogue) -> str:
    """Make the whole page.

    Args:
        catalogue: the catalogue to describe.

    Returns:
        Markdown, ending in a newline.
    """
    lines = INTRODUCTION.format(version=catalogue.version, digest=catalogue.digest.hex()).rstrip("\n").split("\n")
    lines += ["", "## Field types", "", "A value that is absent is nil; empty texts and lists are refused."]
    lines += table("type | typed as", [(name, one.how) for name, one in FIELD_TYPES.items()])
    lines += [
        "",
        "In `records` the columns of a row are typed with ` | ` between them; only the last may hold that sign.",
    ]
    example = next(item for kind in catalogue.kinds for item in kind.fields if item.name == "answers")
    lines += ["", f"For instance `{example.name}`, {how_typed(example)}:"]
    lines += ["", "    1 | answered | B2 | The exercise ended at noon.", "    2 | declined"]
    lines += procedures_section(catalogue)
    lines += ["", "## Facts", ""]
    lines += FACTS.rstrip("\n").split("\n")
    lines += table("fact of every kind of persons | type", sorted(common_facts(catalogue).items()))
    lines += [
        "",
        "## Kinds",
        "",
        "Every kind that people send. The agreement may ask for other signatures and set other clocks.",
    ]
    for kind in catalogue.kinds:
        if not kind.machine:
            lines += kind_section(kind)
    lines += [
        "",
        "## Machine kinds",
        "",
        "What a node may state with its signature alone: a closed list. Facts stand in the header, all and no other.",
    ]
    lines += [
        "",
        "Of these kinds a fact whose type has `?` also takes nil.",
    ]
    for kind in catalogue.kinds:
        if kind.machine:
            lines += kind_section(kind)
    lines += ["", "## Vocabularies", "", "Codes are signed and never translated; labels are what people read."]
    for vocabulary in catalogue.vocabularies:
        lines += ["", f"### {vocabulary.name}", "", f"{vocabulary.title}. Source: {vocabulary.source}."]
        ranked = vocabulary.terms[0].rank is not None
        grouped = any(term.group for term in vocabulary.terms)
        heads = "code" + (" | rank" if ranked else "") + (" | group" if grouped else "") + " | label | help"
        rows = []
        for term in vocabulary.terms:
            more = [f"{name}: {duration(n) if name.endswith('_ms') else n}" for name, n in term.numbers.items()]
            cells = [f"`{term.code}`", *([str(term.rank)] if ranked else []), *([term.group or ""] if grouped else [])]
            rows.append((*cells, term.label(), " ".join([term.help(), ", ".join(more)]).strip()))
        lines += table(heads, rows)
    return "\n".join(lines) + "\n"


def codes_page() -> str:
    """Make the page of codes, as Markdown ending in a newline."""
    lines = CODES_INTRODUCTION.rstrip("\n").split("\n")
    for heading, codes in GROUPS.items():
        lines += ["", f"## {heading}"]
        rows = [(f"`{one.name}`", one.severity, str(one.exit), f"{one.text}. {one.means}", one.next) for one in codes]
        lines += table("code | severity | exit | what it means | what to do", rows)
    return "\n".join(lines) + "\n"


def common_facts(catalogue: Catalogue) -> dict[str, str]:
    """The facts that every kind signed by persons may carry."""
    return {name: type_ for kind in catalogue.kinds for name, type_ in kind.common_facts.items()}


def files() -> dict[str, bytes]:
    """Read every file of the catalogue."""
    return {path.relative_to(DATA).as_posix(): path.read_bytes() for path in sorted(DATA.rglob("*.toml"))}


def load() -> Catalogue:
    """Read the catalogue from its folder."""
    return Catalogue.load(files())


if __name__ == "__main__":
    PAGE.write_text(page(load()), encoding="utf-8")
    CODES_PAGE.write_text(codes_page(), encoding="utf-8")
    PARSED.write_bytes(write_parsed(files()))
    # The second reader has a table of the kinds of every catalogue.
    subprocess.run([sys.executable, str(Path(__file__).with_name("make_verifier.py"))], check=True)
