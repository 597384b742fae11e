"""Holds: why a symbol waits in doubt, how long, and what a second look must show to end it."""

from dataclasses import dataclass, replace

from holdfast.domain.reconcile import PositionRead, Reconciliation, SymbolFacts
from holdfast.engine.ports import Assumptions

POSITION_LAGS = 3


@dataclass(frozen=True, slots=True)
class Hold:
    """A reason to wait for `seconds` process seconds from `since`; `read` is the position read to be confirmed."""

    reason: str
    since: float
    seconds: float
    read: PositionRead | None = None

    def is_over(self, at: float) -> bool:
        """Whether the wait is over at process second `at`."""
        return at - self.since >= self.seconds


@dataclass(frozen=True, slots=True)
class Holds:
    """The holds of one symbol.

    `position` waits for a second position read that agrees with the first, and forbids every order. `wire` waits
    because an order sent before the memory was lost may still arrive, and forbids entries.
    """

    position: Hold | None = None
    wire: Hold | None = None

    @property
    def reason(self) -> str | None:
        """Why the symbol waits, or None."""
        hold = self.position or self.wire
        return hold.reason if hold else None

    @property
    def ends(self) -> float | None:
        """The process second at which the next hold is over, or None."""
        ends = [hold.since + hold.seconds for hold in (self.position, self.wire) if hold]
        return min(ends, default=None)

    def earlier(self, taken: float) -> PositionRead | None:
        """Return the earlier position read if a snapshot begun at `taken` is late enough to confirm it.

        While an order of ours may still arrive, no read proves that somebody else moved the position.
        """
        if self.position is None or (self.wire is not None and not self.wire.is_over(taken)):
            return None
        return self.position.read if self.position.is_over(taken) else None


NO_HOLDS = Holds()


def memory_lost(since: float, assumptions: Assumptions) -> Holds:
    """Return the holds of a symbol whose memory was lost after it had traded."""
    reason = "an order sent before the restart may still arrive"
    return Holds(wire=Hold(reason, since, assumptions.absence_proof_s))


def next_holds(
    holds: Holds, outcome: Reconciliation, facts: SymbolFacts, taken: float, assumptions: Assumptions
) -> Holds:
    """Return the holds after a reconcile of a snapshot begun at `taken`; a position that moved is waited for anew."""
    wire = holds.wire if holds.wire and not holds.wire.is_over(taken) else None
    if outcome.doubt is None:
        return Holds(wire=wire)
    # An unreadable row is no read of the position: it can confirm nothing later.
    read = None if facts.unreadable else facts.read
    seconds = POSITION_LAGS * assumptions.position_lag_s
    if facts.nobodys:
        seconds = max(seconds, assumptions.listing_proof_s)
    earlier = holds.position
    is_same = earlier and read is not None and earlier.read == read and earlier.seconds >= seconds
    if is_same and not outcome.corrections:
        return replace(holds, wire=wire)
    return Holds(Hold(outcome.doubt, taken, seconds, read), wire)


def position_moved(holds: Holds, reason: str, now: float, assumptions: Assumptions) -> Holds:
    """Return the holds after a sign that somebody else moved the position: no order until a snapshot has shown it."""
    if holds.position is not None:
        return holds
    return replace(holds, position=Hold(reason, now, assumptions.position_lag_s))


def after_fill(holds: Holds, now: float) -> Holds:
    """Return the holds after a fill was booked: a position read from before it can confirm nothing."""
    if holds.position is None:
        return holds
    return replace(holds, position=replace(holds.position, since=now, read=None))
