"""The agreement: the text that two parties sign, and what the program reads out of it.

The text is TOML. Its digest, over the exact bytes, is what both parties sign, what every statement names, and where the
names of the channel and its logs come from. The program writes the text, with comments that say what each term does,
and it takes no text that it would not have written: what people read and what the nodes obey cannot differ by a
comment, an order or a spelling. Format 2 is the one that is made now; texts of format 1 are read and written as they
always were.

Source: spec/agreement.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from keys.suite import SUITE_1, Suite
from protocol.agreement_checks import ANY_KIND, Needs, check_number, refuse
from protocol.agreement_conduct import (
    DEFAULT_CADENCE,
    DEFAULT_EXERCISE,
    DEFAULT_RELEASE,
    DEFAULT_SUSPENSION,
    KEEP,
    ROSTER_ADMINS,
    CadenceTerms,
    ChallengeTerms,
    DisclosureRule,
    EmergencyTerms,
    KindClock,
    PasskeyTerms,
    PauseTerms,
    ReleaseTerms,
    RosterTerms,
)
from protocol.agreement_review import NOTICE_DAYS, checks_of
from protocol.agreement_terms import (
    Auditor,
    AuthorityRule,
    BeatTerms,
    ClockTerms,
    Desk,
    LineTerms,
    Party,
    Witness,
)
from protocol.agreement_text import NEWEST, read, write
from protocol.errors import Malformed
from protocol.limits import AGREEMENT_BYTES_MAX
from protocol.tagged import Hash, digest, tagged
from protocol.threshold_set import Accumulation, Observable, Threshold, ThresholdSet, threshold_set_of

DEMONSTRATION: Final = "demonstration"
"""The purpose that marks a channel on which nothing is meant: shown wherever a statement of it is."""


def channel_id(agreement_digest: Hash) -> Hash:
    """Name of the channel (32 bytes) that a founding agreement makes.

    Source: spec/agreement.md, "Names".
    """
    return tagged("channel", agreement_digest)


def log_id(agreement_digest: Hash, party: str) -> str:
    """Name of a party's log on that channel: 64 hexadecimal digits that do not name the other party.

    Source: spec/agreement.md, "Names".
    """
    return tagged("log", agreement_digest, party.encode("ascii")).hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One agreement. Making it checks it and writes its text.

    Attributes:
        title: one line.
        purpose: one line; `demonstration` is shown everywhere.
        languages: of the statements, the first being the usual one.
        created_ms: when it was drawn up, UTC milliseconds.
        review_date: by when the parties look at it again; it does not end by itself.
        catalogue_version: number of the catalogue of kinds.
        catalogue_digest: 32 bytes over that catalogue's files.
        parties: the two, by short name in order; the first one's log is home of the agreement's own thread.
        beat: how often nodes show that the line is up.
        clocks: how soon people answer, for each precedence.
        line: what nodes expect of one another.
        rules: authority, in order; the first that covers a statement decides.
        witnesses: who cosigns, and may be nobody.
        auditors: who may read every header, and may be nobody.
        format: of the text; all that follows came with format 2, and has its default in a text of format 1.
        sunset_date: from when on the line is only for what always passes; None for never.
        notice_days: from a withdrawal until it takes effect.
        founding: digest of the channel's first agreement; None in that one.
        amends: digest of the agreement that this one takes the place of; None in the first one.
        witness_quorum: how many witnesses must have cosigned for an audit to be content.
        cadence: how often people show that they are there.
        kind_clocks: clocks of single kinds.
        passkeys: what officers may sign with a passkey, or None for nothing.
        release: how a signed statement leaves.
        emergency: release by one person, or None for no such thing.
        challenge: what is proved on a second channel, or None for nothing.
        suspension: notice and length of a suspension of the line.
        exercise: notice and length of an exercise.
        rosters: how many admins may sign people in and out, or None for two.
        accumulation: how incidents add up, or None where the agreement has no thresholds.
        observables: what counts towards each criterion.
        thresholds: the lines.
        disclosure: when fields may open to a wider tier.
        suite: of all hybrid and sealing keys of both parties on this channel.
        text: the exact bytes (made here).
        digest: 32 bytes, SHA-256 of `text` (made here).
        channel: 32 bytes (made here).

    Raises:
        AgreementRefused: a term that cannot stand, or two that contradict one another.
        Malformed: `too-large`.
    """

    title: str
    purpose: str
    languages: tuple[str, ...]
    created_ms: int
    review_date: date
    catalogue_version: int
    catalogue_digest: Hash
    parties: tuple[Party, Party]
    beat: BeatTerms
    clocks: Mapping[str, ClockTerms]
    line: LineTerms
    rules: tuple[AuthorityRule, ...]
    witnesses: tuple[Witness, ...] = ()
    auditors: tuple[Auditor, ...] = ()
    format: int = NEWEST
    sunset_date: date | None = None
    notice_days: int = NOTICE_DAYS
    founding: Hash | None = None
    amends: Hash | None = None
    witness_quorum: int = 0
    cadence: CadenceTerms = DEFAULT_CADENCE
    kind_clocks: tuple[KindClock, ...] = ()
    passkeys: PasskeyTerms | None = None
    release: ReleaseTerms = DEFAULT_RELEASE
    emergency: EmergencyTerms | None = None
    challenge: ChallengeTerms | None = None
    suspension: PauseTerms = DEFAULT_SUSPENSION
    exercise: PauseTerms = DEFAULT_EXERCISE
    rosters: RosterTerms | None = None
    accumulation: Accumulation | None = None
    observables: tuple[Observable, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    disclosure: tuple[DisclosureRule, ...] = ()
    suite: Suite = SUITE_1
    text: bytes = field(init=False, repr=False, compare=False)
    digest: Hash = field(init=False, repr=False, compare=False)
    channel: Hash = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for check in checks_of(self):
            check()
        text = write(self)
        if len(text) > AGREEMENT_BYTES_MAX:
            raise Malformed("too-large", "agreement", f"{len(text)} bytes, at most {AGREEMENT_BYTES_MAX} are taken")
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "digest", digest(text))
        object.__setattr__(self, "channel", channel_id(self.founding or digest(text)))

    @classmethod
    def parse(cls, text: bytes) -> "Agreement":
        """Read an agreement strictly.

        Args:
            text: its exact bytes.

        Returns:
            An agreement whose `text` is the one given.

        Raises:
            NotUnderstood: another format, or a term that this program does not know.
            Malformed: `too-large`, `bad-text`, `bad-toml`, `missing-field`, `bad-field`, `bad-key` or
                `second-spelling`.
            AgreementRefused: a term that cannot stand.

        Source: spec/agreement.md, "Reading", steps 1 to 6.
        """
        agreement = cls(**read(text))
        if agreement.text != text:
            raise Malformed("second-spelling", "agreement")
        return agreement

    @classmethod
    def parse_founding(cls, text: bytes) -> "Agreement":
        """Read an agreement that founds a channel, strictly.

        The names of channel and logs pin the text of a founding agreement, and only that: an amendment says itself what
        it amends. So wherever a text is to be believed because of those names, it is read by this.

        Raises:
            AgreementRefused: `bad-amendment`; it is an amendment. Otherwise as `parse`.
        """
        agreement = cls.parse(text)
        if agreement.founding is not None:
            raise refuse("bad-amendment", "founding", "an amendment founds no channel")
        return agreement

    @property
    def threshold_set(self) -> ThresholdSet | None:
        """What adds up to what, or None where the agreement does not say."""
        return threshold_set_of(self)

    @property
    def demonstration(self) -> bool:
        """Whether nothing said under it is meant."""
        return self.purpose == DEMONSTRATION

    @property
    def shorts(self) -> tuple[str, str]:
        """The short names of the parties, in order."""
        return self.parties[0].short, self.parties[1].short

    def party(self, short: str) -> Party:
        """The party of that short name.

        Raises:
            AgreementRefused: `unknown-party`.
        """
        for party in self.parties:
            if party.short == short:
                return party
        raise refuse("unknown-party", short, "not a party to this agreement")

    def other(self, short: str) -> Party:
        """The counterpart of the party of that short name.

        Raises:
            AgreementRefused: `unknown-party`.
        """
        first, second = self.parties
        return second if self.party(short) is first else first

    def log_id(self, short: str) -> str:
        """Name of a party's log, 64 hexadecimal digits; the same in every epoch."""
        return log_id(self.founding or self.digest, self.party(short).short)

    def origin(self, short: str, epoch: int) -> str:
        """Origin, and log key name, of a party's log in an epoch: `<domain>/hotline/<id>/<epoch>`.

        Raises:
            AgreementRefused: `unknown-party`, or `out-of-range` for an epoch below zero.
        """
        check_number(epoch, "epoch", 0, 1_000_000)
        return f"{self.party(short).domain}/hotline/{self.log_id(short)}/{epoch}"

    def mirror_name(self, short: str) -> str:
        """Key name under which a party cosigns the other's log: `<domain>/hotline/<id>/mirror`."""
        return f"{self.party(short).domain}/hotline/{self.log_id(short)}/mirror"

    def needs(
        self, kind: str, severity: int | None, precedence: str, default: Needs, *, templated: bool = False
    ) -> Needs:
        """The signatures that a statement needs.

        Args:
            kind, severity, precedence: as in its header.
            default: what the catalogue gives the kind; it holds where no rule covers the statement.
            templated: its header says that it follows a template and adds no free text.

        Returns:
            Slots, each to be filled by another person.
        """
        for rule in self.rules:
            if rule.covers(kind, severity, precedence, templated=templated):
                return rule.needs
        return default

    def desks(self, short: str) -> tuple[Desk, ...]:
        """Where the people of a party are reached by voice.

        Raises:
            AgreementRefused: `unknown-party`.
        """
        return self.party(short).desks

    @property
    def roster_admins(self) -> int:
        """How many admins sign a roster that changes nothing but people; 0 where they may not."""
        return ROSTER_ADMINS if self.rosters is None else self.rosters.admins

    def kind_clock(self, kind: str, clock: str) -> int | None:
        """The agreement's own clock of a kind, in milliseconds, or None where the catalogue's holds.

        Args:
            kind: its name.
            clock: one of `CLOCK_NAMES`, or `KEEP`.
        """
        found = (one.within_ms for one in self.kind_clocks if one.kind == kind and one.clock == clock)
        return next(found, None)

    def keep_ms(self, kind: str) -> int | None:
        """For how long both parties keep the bodies of a kind, in milliseconds; None where they may not let them go."""
        own = self.kind_clock(kind, KEEP)
        return self.kind_clock(ANY_KIND, KEEP) if own is None else own


def render(agreement: Agreement) -> bytes:
    """The exact text of an agreement, as it is signed."""
    return agreement.text
