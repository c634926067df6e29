"""Codes of the docket: what it is asked for and cannot give, and the five reasons why there is no answer."""

from protocol.code import Code

DOCKET: tuple[Code, ...] = (
    Code(
        "no-such-register",
        "error",
        "there is no register of that name",
        "What is in force is listed in registers that the catalogue names.",
        "`registers --help` names them.",
        2,
    ),
    Code(
        "no-such-audience",
        "error",
        "there is no audience of that name",
        "What is disclosed is disclosed to auditors, partners, a community or the public.",
        "`disclosable --help` names them.",
        2,
    ),
    Code(
        "field-closed",
        "error",
        "no rule has opened this field to that audience",
        "An opening that is logged before its rule allows it opens nothing, and every audit finds it.",
        "`disclosable` says what would open it, and when; `disclose propose` asks for the other side's consent.",
        1,
    ),
    Code(
        "exhibit-differs",
        "error",
        "this is not the item that was committed to",
        "With the salt that belongs to it the file has another hash, or the statement named is about other items.",
        "Look whether it is the right file and serial; `evidence chain` and `show` have the hashes.",
        1,
    ),
    Code(
        "exhibit-malformed",
        "error",
        "what is kept of an exhibit does not read",
        "FILE.exhibit has four lines: a name, a salt, a hash and a length, in one spelling.",
        "Take the copy that was made when the file was committed to. Without its salt a commitment cannot be opened.",
        1,
    ),
    Code(
        "not-judged-so-far",
        "error",
        "the logs are not judged up to the sizes asked for",
        "A docket is of entries that were judged, and a log has no more than its size.",
        "Ask for smaller sizes; `docket` says how far both logs are judged.",
        2,
    ),
    Code(
        "suspended",
        "info",
        "no answer: a suspension was declared and is in force",
        "Clocks stand still, except for flashes and for what always passes. It is an act, not a silence.",
        "`registers suspensions` shows who declared it and until when.",
    ),
    Code(
        "holding",
        "info",
        "no answer yet: a holding reply was given",
        "It has no substance; the time that it allows is not over.",
        "`due` says until when.",
    ),
    Code(
        "declined",
        "info",
        "no answer: it was refused",
        "The other side declined or objected, and said so. A refusal is an answer on the record, not a silence.",
        "`threads SERIAL` shows the refusal with its reason.",
    ),
    Code(
        "silence",
        "warning",
        "no answer: it was due, the line is up, and none came",
        "The other node holds the statement, and its people have not answered in the time agreed.",
        "Ask again, with a higher precedence or by voice; `contacts` has the numbers where the agreement gives them.",
    ),
    Code(
        "fault",
        "warning",
        "no answer: the line is down",
        "Nobody can answer what they do not hold, and an answer may be on its way. It is a fault, not a silence.",
        "`doctor` looks for the cause; reach them by voice meanwhile.",
    ),
)
