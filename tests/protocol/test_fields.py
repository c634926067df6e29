"""Fields: one engine checks, reads and shows every value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.fields import Field, FieldRefused, Value, check_field, check_fields, how_typed, parse_text, show_text
from protocol.kinds import Kind
from protocol.plain_text import problem_of_line, problem_of_text
from tests.protocol.catalogue_samples import CATALOGUE

NOTIFICATION = {"title": "Power cut", "class": ["sabotage"], "summary": "Thirty substations went dark."}


def kind(name: str) -> Kind:
    """A kind that is there."""
    found = CATALOGUE.kind(name)
    assert found is not None
    return found


def field(kind_name: str, name: str) -> Field:
    """A field that is there."""
    found = kind(kind_name).field(name)
    assert found is not None
    return found


def codes(name: str, value: Value) -> list[tuple[str, str]]:
    """Check one field of a notification and give place and code of each problem."""
    return [(one.field, one.code) for one in check_field(field("notification", name), value, CATALOGUE)]


def test_the_least_notification_passes() -> None:
    """Title, class and summary are enough; nobody has to invent the rest."""
    assert check_fields(kind("notification"), NOTIFICATION, CATALOGUE) == ()
    assert check_fields(kind("notification"), {**NOTIFICATION, "first_seen": None}, CATALOGUE) == ()


def test_every_problem_is_reported_at_once() -> None:
    """A person is told all that is wrong, not the first thing."""
    values: dict[str, Value] = {"title": "a\u202eb", "class": [], "first_seen": "December", "shoe_size": 42}
    found = [(one.field, one.code) for one in check_fields(kind("notification"), values, CATALOGUE)]
    assert found == [
        ("title", "bad-field"),
        ("class", "bad-field"),
        ("summary", "missing-field"),
        ("first_seen", "bad-field"),
        ("shoe_size", "unknown-field"),
    ]


@pytest.mark.parametrize(
    ("name", "value", "where", "code"),
    [
        ("title", 7, "title", "bad-field"),
        ("title", "", "title", "bad-field"),
        ("title", "x" * 201, "title", "field-too-long"),
        ("title", "é" * 101, "title", "field-too-long"),
        ("title", "two\nlines", "title", "bad-field"),
        ("class", "ddos", "class", "bad-field"),
        ("class", ["ddos", "ddos"], "class", "bad-field"),
        ("class", ["DDoS"], "class[1]", "bad-field"),
        ("class", [["ddos"]], "class[1]", "bad-field"),
        (
            "class",
            ["spam", "dos", "ddos", "exploit", "outage", "other", "test", "phishing", "scanner"],
            "class",
            "field-too-long",
        ),
        ("cross_border", 1, "cross_border", "bad-field"),
        ("first_seen", "2015-13", "first_seen", "bad-field"),
        ("determination", "Suspected", "determination", "bad-field"),
        ("techniques", ["T1566", "1566"], "techniques[2]", "bad-field"),
        ("identifiers", ["a  b"], "identifiers[1]", "bad-field"),
        ("sources", [{"grade": "G1", "published": None, "source": "x"}], "sources[1].grade", "bad-field"),
        ("sources", [{"grade": "B2", "source": "x"}], "sources[1]", "bad-field"),
        ("sources", [{"grade": "B2", "published": None, "source": None}], "sources[1].source", "missing-field"),
        ("sources", ["B2 | x"], "sources[1]", "bad-field"),
        ("sources", {}, "sources", "bad-field"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(name: str, value: Value, where: str, code: str) -> None:
    """Each problem names the field, the item and the column, and has its code."""
    assert codes(name, value) == [(where, code)]


def test_questions_are_numbered_by_their_place() -> None:
    """The number of a question is its place; a body that says otherwise is refused."""
    questions = field("clarification-request", "questions")
    assert parse_text(questions, ["Who ordered it?", "When did it end?"]) == [
        {"number": 1, "text": "Who ordered it?"},
        {"number": 2, "text": "When did it end?"},
    ]
    wrong = [{"number": 2, "text": "Who ordered it?"}]
    assert [one.field for one in check_field(questions, wrong, CATALOGUE)] == ["questions[1].number"]


def test_only_some_norms_may_be_cited_in_a_request() -> None:
    """A field may take a part of a vocabulary."""
    norms = field("clarification-request", "norms")
    assert check_field(norms, ["b", "c", "h"], CATALOGUE) == ()
    assert [one.code for one in check_field(norms, ["f"], CATALOGUE)] == ["bad-field"]
    with pytest.raises(FieldRefused):
        parse_text(norms, "f", CATALOGUE)


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("title", "  Power cut ", "Power cut"),
        ("summary", "One.\r\nTwo. \n", "One.\nTwo."),
        ("class", "Sabotage, DDOS", ["sabotage", "ddos"]),
        ("class", ["sabotage", "denial of service"], ["sabotage", "dos"]),
        ("first_seen", "2015-12", "2015-12"),
        ("cross_border", "Yes", True),
        ("cross_border", "no", False),
        ("techniques", "T1566,T1566.001", ["T1566", "T1566.001"]),
        ("asks", ["Tell us, please", "Answer"], ["Tell us, please", "Answer"]),
        (
            "functions",
            "Energy | lost | yes",
            [{"sector": "energy", "effect": "lost", "cross_border": True, "function": None}],
        ),
        ("sources", "b2 | | A | B", [{"grade": "B2", "published": None, "source": "A | B"}]),
        ("outlook", "", None),
        ("class", " , ", None),
    ],
)
def test_typed_text_becomes_a_value(name: str, typed: str | list[str], value: Value) -> None:
    """Flags given once, several times, with commas or lines, in any case, by code or label, give one value."""
    assert parse_text(field("notification", name), typed, CATALOGUE) == value


@pytest.mark.parametrize(
    ("kind_name", "name", "typed", "where"),
    [
        ("notification", "class", "volcano", "class"),
        ("notification", "cross_border", "perhaps", "cross_border"),
        ("notification", "first_seen", "23.12.2015", "first_seen"),
        ("notification", "sources", "B2 | 2016", "sources[1].source"),
        ("notification", "sources", "Z9 | | x", "sources[1].grade"),
        ("clarification-response", "answers", "one | answered", "answers[1].number"),
        ("clarification-response", "answers", "1_0 | answered", "answers[1].number"),
    ],
)
def test_text_that_is_no_value_is_refused_with_its_place(kind_name: str, name: str, typed: str, where: str) -> None:
    """The person who typed it is told which field and column, and how to write it."""
    with pytest.raises(FieldRefused) as caught:
        parse_text(field(kind_name, name), typed, CATALOGUE)
    assert (caught.value.code, caught.value.where) == ("bad-field", where)
    assert caught.value.text


def test_every_field_says_how_it_is_typed() -> None:
    """Prompts have a hint for every field of every kind; columns are named in order."""
    assert all(how_typed(item) for one in CATALOGUE.kinds for item in one.fields)
    assert how_typed(field("notification", "sources")) == "one a line: grade | [published] | source"


def values_of(item: Field) -> st.SearchStrategy[Value]:
    """Good values of a field, from its declaration alone."""
    vocabulary = CATALOGUE.vocabulary(item.vocabulary or "")
    known = item.only or (() if vocabulary is None else vocabulary.codes)
    line = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(
        lambda text: problem_of_line(text) is None and "|" not in text
    )
    identifier = st.from_regex(item.pattern or "[A-Z][a-z0-9]{0,7}", fullmatch=True).filter(
        lambda text: text.isascii() and len(text) <= (item.item_max or item.max)
    )
    match item.type:
        case "line":
            return line
        case "text":
            text = st.lists(line, min_size=1, max_size=3).map("\n".join)
            return text.filter(lambda one: problem_of_text(one) is None)
        case "identifier":
            return identifier
        case "identifiers":
            return st.lists(identifier, min_size=1, max_size=3, unique=True)
        case "lines":
            return st.lists(line, min_size=1, max_size=3)
        case "integer":
            return st.integers(item.min, item.max)
        case "flag":
            return st.booleans()
        case "when":
            return st.sampled_from(["2015", "2015-12", "2015-12-23", "2015-12-23T14Z", "2015-12-23T14:05:09Z"])
        case "grade":
            return st.from_regex("[A-F][1-6]", fullmatch=True)
        case "choice":
            return st.sampled_from(known)
        case "choices":
            return st.lists(st.sampled_from(known), min_size=1, max_size=min(3, item.max), unique=True)
        case "records":
            columns = [column for column in item.columns if column.type != "ordinal"]
            row = st.fixed_dictionaries(
                {c.name: values_of(c) if c.required else st.none() | values_of(c) for c in columns}
            )
            ordinals = [column.name for column in item.columns if column.type == "ordinal"]
            return st.lists(row, min_size=1, max_size=3).map(
                lambda rows: [{**dict.fromkeys(ordinals, n), **one} for n, one in enumerate(rows, 1)]
            )
    raise AssertionError(f"no values for {item.type}")


@given(st.data(), st.sampled_from([item for one in CATALOGUE.kinds for item in one.fields]))
def test_a_good_value_passes_and_reads_back_as_shown(data: st.DataObject, item: Field) -> None:
    """For every field of the catalogue: a good value has no problem, and its shown text reads back as itself."""
    value = data.draw(values_of(item))
    assert check_field(item, value, CATALOGUE) == ()
    assert parse_text(item, show_text(item, value), CATALOGUE) == value


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.binary(max_size=9) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@given(JSON_LIKE, st.sampled_from([item for one in CATALOGUE.kinds for item in one.fields]))
def test_any_value_is_judged_and_none_raises(value: Value, item: Field) -> None:
    """A hostile body gives problems, never an exception."""
    check_field(item, value, CATALOGUE)


@given(st.text(max_size=60), st.sampled_from([item for one in CATALOGUE.kinds for item in one.fields]))
def test_any_typed_text_is_read_or_refused(text: str, item: Field) -> None:
    """Typed text gives a value or FieldRefused, nothing else; and what is read can be judged."""
    try:
        value = parse_text(item, text, CATALOGUE)
    except FieldRefused:
        return
    check_field(item, value, CATALOGUE)
