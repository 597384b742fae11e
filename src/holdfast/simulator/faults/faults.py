"""The faults that wait, the journal of what they struck, and the delays that they make necessary to declare."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from loguru import logger

from holdfast.simulator.faults.fault import Fault, Occasion
from holdfast.simulator.faults.kinds import Place
from holdfast.simulator.faults.orders import parse
from holdfast.simulator.settings import LISTING_LAG_S, POSITION_LAG_S, REQUEST_LIFETIME_S

_JOURNAL_MAX = 10_000
_USED_UP_MAX = 1_000
_MARGIN = 1.1


@dataclass(frozen=True, slots=True)
class Strike:
    """One line of the journal: at market time `time` a fault struck `what`."""

    time: str
    kind: str
    row: str
    seed: int | None
    what: str


class Faults:
    """The faults that were ordered; each is used up by what it strikes. `clock` tells the market's time.

    A used-up fault moves to `used_up`, with count 0: whoever ordered it can see that it struck.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.waiting: list[Fault] = []
        self.used_up: deque[Fault] = deque(maxlen=_USED_UP_MAX)
        self.ordered: Callable[[Fault], None] = lambda _fault: None
        self.journal: deque[Strike] = deque(maxlen=_JOURNAL_MAX)
        self.assumptions: dict[str, int] = {
            "request_lifetime_s": REQUEST_LIFETIME_S,
            "listing_lag_s": LISTING_LAG_S,
            "position_lag_s": POSITION_LAG_S,
        }

    def order(self, body: Mapping[str, Any], *, plan: str | None = None) -> Fault:
        """Add a fault from the body of `POST /_sim/faults`; `plan` is the bad day that it belongs to.

        Raises:
            ValueError: with what to send instead.
        """
        fault = parse(body, self._clock())
        fault.plan = plan
        logger.log("DEBUG" if plan else "INFO", f"fault ordered: {fault.as_dict()}")
        self._declare(fault)
        self.waiting.append(fault)
        self.ordered(fault)
        return fault

    def has(self, place: Place) -> bool:
        """Whether anything waits at `place`: the short way for what happens very often."""
        return any(place in fault.row.places for fault in self.waiting)

    def fitting(self, place: Place, occasion: Occasion) -> Iterator[Fault]:
        """Yield the faults that could strike now. Whoever lets one strike asks `strikes` first."""
        now = self._clock()
        for fault in list(self.waiting):
            if fault.active_from <= now and fault.fits(place, occasion):
                yield fault

    def due(self) -> list[Fault]:
        """Return the acts whose moment has come."""
        now = self._clock()
        return [each for each in self.waiting if each.row.is_act and each.active_from <= now]

    def strikes(self, fault: Fault, what: object) -> bool:
        """Throw the fault's dice; if it strikes, count it and write it down."""
        if not fault.rolls():
            return False
        self.count(fault, what)
        return True

    def count(self, fault: Fault, what: object) -> None:
        """Count a strike and write it down."""
        self.use(fault)
        self.write_down(fault, what)

    def use(self, fault: Fault) -> None:
        """Count a strike; a fault that is used up waits no longer."""
        fault.strike()
        if fault.is_used_up and fault in self.waiting:
            self.waiting.remove(fault)
            self.used_up.append(fault)

    def choose(self, place: Place, occasion: Occasion) -> Fault | None:
        """Return the fault that the dice let strike; whoever carries it through calls `count`. None if none does."""
        return next((fault for fault in self.fitting(place, occasion) if fault.rolls()), None)

    def take(self, place: Place, occasion: Occasion) -> Fault | None:
        """Return the fault that strikes the occasion, counted and written down; None if none does."""
        fault = self.choose(place, occasion)
        if fault is not None:
            self.count(fault, occasion)
        return fault

    def write_down(self, fault: Fault, what: object) -> None:
        """Add a line to the journal and to the log."""
        strike = Strike(self._clock().isoformat(), fault.kind, fault.row.row, fault.seed, str(what))
        self.journal.append(strike)
        logger.info(f"fault {strike.kind} ({strike.row}, seed {strike.seed}) strikes {strike.what}")

    def happened(self) -> list[dict[str, Any]]:
        """Return the journal, oldest first."""
        return [asdict(strike) for strike in self.journal]

    def forget(self, plan: str) -> None:
        """Drop what is left of one bad day."""
        self.waiting = [fault for fault in self.waiting if fault.plan != plan]
        self.used_up = deque((fault for fault in self.used_up if fault.plan != plan), maxlen=_USED_UP_MAX)

    def clear(self) -> None:
        """Drop all of them; the journal stays."""
        self.waiting.clear()
        self.used_up.clear()

    def _declare(self, fault: Fault) -> None:
        name = fault.row.raises
        if name is not None:
            needed = math.ceil(fault.options["delay_s"] * _MARGIN)
            self.assumptions[name] = max(self.assumptions[name], needed)
