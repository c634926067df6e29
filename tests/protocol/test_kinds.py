"""Kinds: the catalogue is read strictly, and what it says is what the design asks for."""

import dataclasses

import pytest

from protocol.catalogue_table import CatalogueRefused
from protocol.kinds import MACHINE_KINDS, Catalogue, Kind
from protocol.limits import COMMITMENTS_MAX, CONTENTS_BYTES_MAX, SEVERITY_MAX, TOKEN_CHARS_MAX
from tests.protocol.catalogue_rows import ROWS
from tests.protocol.catalogue_samples import CATALOGUE, catalogue_files


def kind(name: str) -> Kind:
    """A kind that is there."""
    found = CATALOGUE.kind(name)
    assert found is not None
    return found


PEOPLE = [one for one in CATALOGUE.kinds if not one.machine and not one.document]


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_its_kinds(row: str) -> None:
    """What two states have to be able to say, they can say."""
    assert all(CATALOGUE.kind(name) is not None for name in ROWS[row] if not name.startswith("frame:"))


def test_every_kind_has_its_row() -> None:
    """No kind is there that nothing asks for."""
    named = {name for row in ROWS.values() for name in row}
    assert {one.name for one in CATALOGUE.kinds} - named == MACHINE_KINDS - named


def test_every_kind_speaks_for_itself() -> None:
    """Label and help are short enough for a narrow screen at night, and every field has a label."""
    for one in CATALOGUE.kinds:
        assert 0 < len(one.label()) <= 40, one.name
        assert 0 < len(one.help()) <= 120, (one.name, len(one.help()))
        for item in one.fields:
            for column in (item, *item.columns):
                assert 0 < len(column.label()) <= 40, (one.name, column.name)
                assert len(column.help()) <= 120, (one.name, column.name)


def test_what_begins_can_be_answered_and_what_is_in_force_ends() -> None:
    """Each request and proposal has an answer and a refusal; what is listed as in force has an end or can be ended."""
    ends = {"withdrawn", "ended", "retired", "retracted"}
    for one in PEOPLE:
        if (one.procedure, one.step) in {("request", "asked"), ("proposal", "proposed")}:
            assert one.answered_by, one.name
            assert one.declined_by or one.name in {"line-check", "directory-ping"}, one.name
        if one.register:
            able = {other.step for other in PEOPLE if one.name in other.replies_to}
            assert one.valid_until == "required" or able & ends, one.name


def test_everything_with_an_end_in_the_header_warns_before_it() -> None:
    """What is in force until a time is warned of before that time."""
    for one in PEOPLE:
        if one.register and one.valid_until == "required":
            assert "warn_ms" in one.clocks, one.name


@pytest.mark.parametrize(
    ("name", "opens", "continues", "severity", "signatures"),
    [
        ("notification", True, True, "required", 2),
        ("update", False, True, "optional", 2),
        ("correction", False, True, "optional", 2),
        ("retraction", False, True, "none", 2),
        ("clarification-request", True, True, "optional", 2),
        ("clarification-response", False, True, "optional", 2),
        ("holding-reply", False, True, "none", 1),
        ("decline", False, True, "none", 2),
        ("opened", False, True, "none", 1),
        ("acknowledge", False, True, "none", 1),
        ("line-check", True, False, "none", 1),
        ("goodwill", True, True, "none", 1),
        ("agreement", True, False, "none", 0),
        ("fault", False, False, "none", 0),
    ],
)
def test_threads_and_authority(name: str, opens: bool, continues: bool, severity: str, signatures: int) -> None:
    """Where each kind may stand, whether it has a severity, and how many persons it takes by default."""
    found = kind(name)
    assert (found.opens_thread, found.continues_thread, found.severity) == (opens, continues, severity)
    assert len(found.authority) == signatures


def test_no_kind_of_the_node_has_fields() -> None:
    """Nodes state facts in the open; people's words are sealed fields; documents have neither."""
    for one in CATALOGUE.kinds:
        assert bool(one.authority) == (one in PEOPLE or one.name == "succession")
        assert bool(one.fields) == (one in PEOPLE)
        assert not one.facts or not one.document


def test_a_request_names_what_ends_it() -> None:
    """Each request says which kinds answer it, and those may reply to it in the other voice."""
    for one in CATALOGUE.kinds:
        for name in (*one.answered_by, *one.held_by, *one.declined_by):
            assert one.name in kind(name).replies_to
            assert kind(name).reply_voice == "other"
    assert kind("clarification-request").answered_by == ("clarification-response",)
    assert kind("line-check").answered_by == ("acknowledge",)


def test_receipts_follow_whatever_people_say_but_receipts() -> None:
    """Everything a person says may be opened and acknowledged, except that nobody receipts a receipt."""
    spoken = {one.name for one in PEOPLE if one.procedure != "receipt"}
    assert set(kind("opened").replies_to) == set(kind("acknowledge").replies_to) == spoken


def test_every_kind_fits_the_limits_of_the_formats() -> None:
    """Names, commitments and the longest contents stay within what a header and a body can hold."""
    for one in CATALOGUE.kinds:
        assert len(one.name) <= TOKEN_CHARS_MAX
        assert len(one.fields) <= COMMITMENTS_MAX
        text = sum(item.max for item in one.fields if item.type in {"line", "text", "identifier"})
        assert text < CONTENTS_BYTES_MAX // 2


def test_vocabularies_have_the_published_values() -> None:
    """Counts and ends of the scales that come from elsewhere."""
    counts = {
        "severity": 6, "precedence": 4, "status": 4, "tlp": 5, "sector": 18, "likelihood": 7, "confidence": 3,
        "source-reliability": 6, "information-credibility": 6, "un-norm": 11, "incident-class": 39,
        "state-responsibility": 10, "observed-action": 4, "pap": 4,
    }  # fmt: skip
    for name, count in counts.items():
        vocabulary = CATALOGUE.vocabulary(name)
        assert vocabulary is not None
        assert len(vocabulary.terms) == count, name
    severity = CATALOGUE.vocabulary("severity")
    assert severity is not None
    assert [term.rank for term in severity.terms] == list(range(SEVERITY_MAX + 1))
    assert [severity.label(code) for code in severity.codes] == [
        "baseline",
        "low",
        "medium",
        "high",
        "severe",
        "emergency",
    ]
    tlp = CATALOGUE.vocabulary("tlp")
    assert tlp is not None
    assert tlp.codes == ("TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED")


def test_likelihood_and_confidence_are_never_one_value() -> None:
    """No vocabulary, field or column mixes how likely something is with how well that is founded."""
    for one in CATALOGUE.kinds:
        for item in one.fields:
            for column in (item, *item.columns):
                assert (column.vocabulary == "likelihood") == (column.name == "likelihood")
                assert (column.vocabulary == "confidence") == (column.name == "confidence")


def test_unknown_kinds_and_vocabularies_are_none() -> None:
    """A name of a newer catalogue is an answer, not an exception."""
    assert CATALOGUE.kind("moon-landing") is None
    assert CATALOGUE.vocabulary("colours") is None


def test_labels_fall_back_to_english() -> None:
    """A language without labels shows the English ones."""
    assert kind("notification").label("eo") == "Incident notification"
    assert kind("notification").fields[0].label("eo") == "Title"


def test_the_digest_covers_names_and_bytes_and_no_order() -> None:
    """Another byte, another name or another file gives another digest; the order of the files does not."""
    files = catalogue_files()
    assert Catalogue.load(dict(reversed(files.items()))).digest == CATALOGUE.digest
    assert len(CATALOGUE.digest) == 32
    changed = {**files, "kinds/goodwill.toml": files["kinds/goodwill.toml"] + b"\n"}
    assert Catalogue.load(changed).digest != CATALOGUE.digest
    renamed = {
        name.replace("goodwill", "good-will"): data.replace(b'"goodwill"', b'"good-will"')
        for name, data in files.items()
    }
    assert Catalogue.load(renamed).digest != CATALOGUE.digest


def edited(name: str, old: str, new: str) -> dict[str, bytes]:
    """The files with one place of one of them changed."""
    files = catalogue_files()
    assert old.encode() in files[name]
    return {**files, name: files[name].replace(old.encode(), new.encode(), 1)}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("kinds/goodwill.toml", "version = 2", "version = 2\ncolour = 1"),
        ("kinds/goodwill.toml", "version = 2", "version = true"),
        ("kinds/goodwill.toml", "version = 2", ""),
        ("kinds/goodwill.toml", 'procedure = "notice"', 'procedure = "whim"'),
        ("kinds/goodwill.toml", 'procedure = "notice"', 'procedure = "machine"'),
        ("kinds/goodwill.toml", '["duty/release/senior"]', "[]"),
        ("kinds/goodwill.toml", '["duty/release/senior"]', '["duty/butler"]'),
        ("kinds/goodwill.toml", 'replies_to = ["goodwill"]', 'replies_to = ["badwill"]'),
        ("kinds/goodwill.toml", 'replies_to = ["goodwill"]', "replies_to = []"),
        ("kinds/goodwill.toml", 'name = "message"', 'name = "Message"'),
        ("kinds/goodwill.toml", 'type = "text"', 'type = "novel"'),
        ("kinds/goodwill.toml", "max = 4000\n", ""),
        ("kinds/goodwill.toml", "opens_thread = true\ncontinues_thread = true", ""),
        ("kinds/line-check.toml", "answer_ms", "answer"),
        ("kinds/decline.toml", '"request:asked"', '"request:begged"'),
        ("kinds/decline.toml", '"request:asked"', '"receipt:opened"'),
        ("kinds/decline.toml", '"-line-check"', '"-lime-check"'),
        ("kinds/line-check.toml", 'vocabulary = "desk"', 'vocabulary = "chair"'),
        ("kinds/clarification-request.toml", 'only = ["b", "c", "h"]', 'only = ["b", "z"]'),
        ("kinds/notification.toml", '{ use = "title", required = true }', '{ use = "heading", required = true }'),
        ("kinds/notification.toml", '{ use = "names" }', '{ use = "title" }'),
        ("kinds/gone.toml", 'index = "uint"', 'index = "number"'),
        ("fields.toml", 'tier = "TLP:AMBER+STRICT"', 'tier = "TLP:WHITE"'),
        ("vocabularies/desk.toml", 'code = "technical"', 'code = "diplomatic"'),
        ("vocabularies/severity.toml", "rank = 3\n", ""),
        ("vocabularies/severity.toml", 'label = { en = "high" }', 'label = { fr = "haut" }'),
        ("catalogue.toml", "version = 2", "version = '2'"),
    ],
)
def test_a_catalogue_that_contradicts_itself_is_refused(name: str, old: str, new: str) -> None:
    """Unknown names, missing texts, wrong references and contradictions are refused, not passed over."""
    with pytest.raises(CatalogueRefused):
        Catalogue.load(edited(name, old, new))


@pytest.mark.parametrize("name", ["readme.txt", "kinds/Bad.toml", "kinds/a/b.toml", "kinds/../x.toml", "more/a.toml"])
def test_a_file_without_a_place_is_refused(name: str) -> None:
    """A catalogue is exactly its files: a stray one would change the digest and nothing else."""
    with pytest.raises(CatalogueRefused):
        Catalogue.load({**catalogue_files(), name: b""})


@pytest.mark.parametrize("name", ["catalogue.toml", "fields.toml", "vocabularies/tlp.toml", "vocabularies/role.toml"])
def test_a_missing_file_is_refused(name: str) -> None:
    """What the header or every kind needs must be there."""
    files = catalogue_files()
    del files[name]
    with pytest.raises(CatalogueRefused):
        Catalogue.load(files)


@pytest.mark.parametrize("data", [b"version = ", b"\xff", b"version = 1\nversion = 1"])
def test_a_file_that_is_no_toml_is_refused(data: bytes) -> None:
    """The error names the file."""
    with pytest.raises(CatalogueRefused) as caught:
        Catalogue.load({**catalogue_files(), "kinds/update.toml": data})
    assert caught.value.where == "kinds/update.toml"


def test_a_node_can_never_be_given_a_kind_of_people() -> None:
    """A ninth machine kind is refused whatever the data says: the list is closed in the code."""
    files = catalogue_files()
    files["kinds/greeting.toml"] = files["kinds/arrival.toml"]
    with pytest.raises(CatalogueRefused):
        Catalogue.load(files)


def test_kinds_cannot_be_changed() -> None:
    """What was loaded stays what the digest names."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        kind("update").severity = "none"  # type: ignore[misc]
