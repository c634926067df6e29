"""Cases of the fold: what two parties say, one function a case. Between them every row of the tables moves one."""

from collections.abc import Callable

from tests.protocol.procedure_samples import DAY_MS, HOUR_MS, Told

Case = Callable[[Told], None]


def notice(told: Told) -> None:
    """Made, corrected, updated, and retracted; an update after that changes nothing."""
    flag = told.say(0, "flag")
    told.say(0, "mend", flag)
    claim = told.say(0, "claim", severity=5, aware_at_ms=told.at_ms - 2 * HOUR_MS)
    told.wait(30)
    told.say(0, "claim-update", claim, severity=2)
    told.say(0, "take-back", flag)
    told.say(0, "claim-report", claim)
    told.say(0, "mend", flag)
    told.say(0, "mend", told.say(0, "flag"))


def notice_lapses(told: Told) -> None:
    """One has an end of its own, one the longest that its kind may have, one that of its kind."""
    told.say(0, "flag")
    told.say(0, "flag", valid_until_ms=told.at_ms + HOUR_MS)
    told.say(0, "flag", valid_until_ms=told.at_ms + 30 * DAY_MS)


def request(told: Told) -> None:
    """Held twice and not three times, answered in part and then in full; one declined; one taken back."""
    query, other, third = told.say(0, "query"), told.say(0, "query"), told.say(0, "query")
    for hours in (10, 20, 90):
        told.say(1, "wait", query, respond_by_ms=told.at_ms + hours * HOUR_MS)
    told.wait(1)
    reply = told.say(1, "reply", query, outcome="partly")
    told.say(1, "refuse", other)
    told.say(0, "take-back", third)
    told.wait(1)
    told.say(1, "reply", query, outcome="answered")
    told.say(1, "mend", reply)
    told.say(1, "take-back", reply)
    told.say(1, "mend", told.say(1, "reply", other, outcome="partly"))
    told.say(1, "reply", third, outcome="not-known")


def request_held_late(told: Told) -> None:
    """Eleven days after it was held, where ten are agreed: kept beside the other, for whoever knows of the pauses."""
    query, other = told.say(0, "query"), told.say(0, "query")
    told.tick(1)
    told.say(1, "wait", other, respond_by_ms=told.at_ms + 12 * DAY_MS)
    pause = told.say(1, "pause-line")
    told.wait(48)
    told.say(1, "resume-line", pause)
    told.wait(9 * 24)
    for asked in (query, other):
        told.say(1, "wait", asked, respond_by_ms=told.at_ms + 2 * DAY_MS)
    told.wait(24)
    told.say(1, "reply", query, outcome="answered")


def request_acknowledged(told: Told) -> None:
    """Of two requests the acknowledgement answers the one whose kind says so."""
    ping, query = told.say(0, "ping"), told.say(0, "query")
    told.say(1, "noted", ping)
    told.say(1, "noted", query)


def proposal_in_force(told: Told) -> None:
    """In force where the acceptance arrives at home; reviewed, phased, suspended, resumed, and ended after notice."""
    pact = told.say(0, "pact-propose", valid_until_ms=told.at_ms + 90 * DAY_MS)
    told.say(1, "pact-accept", pact, outcome="accepted")
    told.wait(2)
    told.tick(0)
    told.say(0, "pact-phase", pact, phase=3)
    told.wait(20)
    told.say(1, "pact-review", pact)
    told.say(1, "pact-suspend", pact)
    told.wait(1)
    told.say(0, "pact-resume", pact)
    told.wait(1)
    told.say(1, "pact-end", pact)


def proposal_withdrawn_first(told: Told) -> None:
    """The withdrawal has its place at home before the acceptance, which was logged earlier."""
    pact = told.say(0, "pact-propose")
    told.say(1, "pact-accept", pact, outcome="accepted")
    told.wait(1)
    told.say(0, "pact-withdraw", pact, late=True)


def proposal_withdrawn_after(told: Told) -> None:
    """The same, an hour after the acceptance arrived: an ending."""
    pact = told.say(0, "pact-propose")
    told.say(1, "pact-accept", pact, outcome="accepted")
    told.tick(0)
    told.wait(1)
    told.say(0, "pact-withdraw", pact)


def proposal_refused(told: Told) -> None:
    """Held and then objected to; accepted in part all the same. One is taken back, and an acceptance."""
    pact, other, third = told.say(0, "pact-propose"), told.say(0, "pact-propose"), told.say(0, "pact-propose")
    told.say(1, "pact-hold", pact)
    told.say(1, "pact-object", pact)
    told.wait(5)
    taken = told.say(1, "pact-accept", pact, outcome="partly")
    told.say(0, "take-back", other)
    told.say(1, "mend", taken)
    told.say(1, "take-back", taken)
    told.say(1, "mend", told.say(1, "pact-accept", third, outcome="partly"))


def proposal_lapses(told: Told) -> None:
    """An offer that is accepted too late, and a pact whose review is missed and made up for too late."""
    offer = told.say(0, "pact-propose", valid_until_ms=told.at_ms + HOUR_MS)
    pact = told.say(0, "pact-propose")
    told.say(1, "pact-accept", pact, outcome="accepted")
    told.wait(30)
    told.say(1, "pact-accept", offer, outcome="accepted")
    told.wait(30)
    told.say(0, "pact-review", pact)


def proposal_changed(told: Told) -> None:
    """Extended and then retired, each only where the other party accepts."""
    pact = told.say(0, "pact-propose", valid_until_ms=told.at_ms + 10 * HOUR_MS)
    told.say(1, "pact-accept", pact, outcome="accepted")
    told.tick(0)
    longer = told.say(1, "pact-extend", pact, valid_until_ms=told.at_ms + 20 * HOUR_MS)
    told.wait(1)
    told.say(0, "pact-accept", longer, outcome="accepted")
    gone = told.say(0, "pact-retire", pact)
    told.wait(1)
    told.say(1, "pact-accept", gone, outcome="accepted")


def proposal_activated(told: Told) -> None:
    """Accepted, and put in force by a statement of its own; its notice runs from the acceptance. It goes on."""
    rule = told.say(0, "rule-propose", starts_ms=told.at_ms + HOUR_MS)
    told.say(1, "rule-accept", rule, outcome="accepted")
    told.wait(1)
    told.tick(0)
    told.wait(5)
    told.say(1, "rule-activate", rule)
    told.say(0, "rule-suspend", rule)
    told.wait(1)
    told.say(0, "rule-activate", rule)
    told.say(0, "rule-end", rule)


def proposal_imposed(told: Told) -> None:
    """Put in force by its author alone, extended alone; objected to, and another one accepted afterwards."""
    rule, other = told.say(0, "rule-propose"), told.say(0, "rule-propose")
    told.say(0, "rule-activate", rule)
    told.say(0, "rule-activate", other)
    told.wait(1)
    told.say(0, "rule-extend", rule, valid_until_ms=told.at_ms + DAY_MS)
    told.say(1, "rule-object", rule)
    told.say(1, "rule-accept", other, outcome="accepted")


def proposal_started(told: Told) -> None:
    """An exercise is started, frozen and started again, another stays frozen; an accepted text is published."""
    drill = told.say(0, "drill-propose", status="exercise")
    told.say(1, "drill-accept", drill, status="exercise")
    told.wait(1)
    told.say(0, "drill-start", drill, status="exercise")
    told.say(1, "drill-freeze", drill, status="exercise")
    told.wait(1)
    told.say(1, "drill-start", drill, status="exercise")
    other = told.say(1, "drill-propose")
    told.say(0, "drill-accept", other)
    told.say(1, "drill-start", other)
    told.say(0, "drill-freeze", other)
    paper = told.say(1, "paper-propose")
    told.say(0, "paper-accept", paper, outcome="accepted")
    told.say(1, "paper-publish", paper)


def declaration(told: Told) -> None:
    """After notice and until it lapses; understood, renewed, withdrawn; what says so is corrected and taken back."""
    vow, later = told.say(0, "vow-declare"), told.say(0, "vow-declare", starts_ms=told.at_ms + 5 * HOUR_MS)
    seen = told.say(1, "vow-understand", vow)
    told.say(1, "mend", seen)
    told.say(1, "take-back", seen)
    told.say(1, "mend", told.say(1, "vow-understand", vow))
    told.wait(48)
    told.say(0, "vow-renew", vow)
    told.say(0, "vow-withdraw", vow)
    told.say(0, "take-back", later)
    creed = told.say(1, "creed-declare", forced=True)
    told.wait(20)
    told.say(0, "vow-review", creed)


def suspension(told: Told) -> None:
    """Declared by the one, with a question of the other waiting, and ended."""
    told.say(0, "query")
    told.wait(1)
    pause = told.say(1, "pause-line")
    told.wait(24)
    told.say(1, "resume-line", pause)


CASES: dict[str, Case] = {
    case.__name__.replace("_", "-"): case
    for case in (
        notice, notice_lapses, request, request_held_late, request_acknowledged, proposal_in_force,
        proposal_withdrawn_first, proposal_withdrawn_after, proposal_refused, proposal_lapses, proposal_changed,
        proposal_activated, proposal_imposed, proposal_started, declaration, suspension,
    )
}  # fmt: skip
