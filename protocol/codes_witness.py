"""Codes of witnesses: what one refuses to do, and what a node meets with those of its agreements."""

from protocol.code import Code

WITNESSES = (
    Code(
        "witness-state",
        "error",
        "the state of the witness cannot be used",
        "The file that remembers how far each log went is absent, cannot be read or written, or is of another kind.",
        "Look at the disk. Where the file is lost, retire this witness: its keys must not begin anew without it.",
    ),
    Code(
        "witness-log",
        "error",
        "the log cannot be followed",
        "Its keys are not those of one log, it is followed already, or the witness follows as many as it can.",
        "See `hotline witness list`; take the log's keys from the policy of its export.",
        2,
    ),
    Code(
        "witness-pin",
        "error",
        "the checkpoint to begin with does not hold",
        "It is not signed by the keys that were given with it, so nobody says that the log ever had it.",
        "Take the checkpoint of the log again, or its keys, from somebody who verified them.",
    ),
    Code(
        "witness-refused",
        "alarm",
        "a witness says that our log did not only grow",
        "It has cosigned a checkpoint of ours that does not fit to the present one: our log was forked or put back, or "
        "it is wrong. What it showed is kept as evidence.",
        "Look at the evidence with the counterpart. If our own keys signed both, treat the log's key as stolen.",
    ),
    Code(
        "witness-ahead",
        "alarm",
        "a witness has cosigned more of our log than there is",
        "Our own keys signed a larger log than the one here: data was put back, or a copy of this node has run.",
        "Stop every copy of this node but one. Bring back what is missing with `hotline recover`.",
    ),
    Code(
        "witness-silent",
        "warning",
        "a witness does not cosign",
        "It was not reached, or did not answer as it should, for an hour. Nothing waits for it.",
        "Ask whoever runs it; look at its address in node.toml, and at the firewall.",
    ),
)
