"""A day of three symbols from a seed, each with its own random stream; one of them may be struck by faults."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast

from builders import a_bar
from campaigns.isolation.parts import FairBroker, FairStore
from campaigns.machine.file_faults import LEFT, damage, lose, put_back
from campaigns.machine.world import DRAIN_S, Parts, World
from fakes.broker import Submit
from fakes.desk import BUY, FLAT, HALF, SILENT
from holdfast.domain.order import OrderStatus, Side

VICTIM, OTHERS = "AAPL", ("MSFT", "GOOG")
SYMBOLS = (VICTIM, *OTHERS)
MINUTES = 30
GOOD = Parts(broker=FairBroker, store=FairStore)
RUBBISH = (17, "0.01", 100000)  # closes that the strategy cannot bear
FAULTS = (
    "strategy raises", "bars missing", "bar again", "save fails", "save fails late", "save is slow", "answer lost",
    "never arrived", "arrives late", "refused", "untrue refusal", "post is slow", "order waits", "order ends",
    "owner trades", "transfer", "split", "rows unreadable", "file lost", "file damaged", "file older",
)  # fmt: skip
_FATES = {
    "answer lost": Submit.ACCEPT_AND_TIME_OUT, "never arrived": Submit.LOSE, "arrives late": Submit.ARRIVE_LATE,
    "refused": Submit.REFUSE, "untrue refusal": Submit.REFUSE_BUT_ACCEPT,
}  # fmt: skip


@dataclass
class Told:
    """What one symbol did in a day: what it sent, noted and wrote, version by version."""

    sent: list[Any] = field(default_factory=list)
    noted: list[Any] = field(default_factory=list)
    written: list[Any] = field(default_factory=list)


class IsolatedDay:
    """One day; with `is_struck` the victim has the faults that the seed draws, without it nobody has any of these."""

    def __init__(self, seed: int, parts: Parts = GOOD, *, is_struck: bool) -> None:
        self.coverage: Counter[str] = Counter()
        self._is_struck = is_struck
        self._dice = {name: _dice(seed, name) for name in (*SYMBOLS, "world", "faults")}
        world = self._dice["world"]
        policy = world.choice(("adopt", "leave", "halt"))
        self._restarts = {minute for minute in range(MINUTES) if not world.randrange(9)}
        share = world.choice((0.1, 0.3, 0.7))
        self._faults = [name for name in FAULTS if self._dice["faults"].random() < share] or ["strategy raises"]
        self.world = World(policy, parts, SYMBOLS)
        self.broker = cast("FairBroker", self.world.broker)
        self.store = cast("FairStore", self.world.store)
        self.store.clock = self.world.clock

    def run(self) -> dict[str, Told]:
        """Live through the day; return what the others did."""
        world = self.world
        try:
            for minute in range(MINUTES):
                if minute in self._restarts:
                    world.crash()
                    # A start waits for all files: one slow disk under them is slow for everybody.
                    self.store.slow.clear()
                    self._strike_files()
                world.boot()
                closes = {symbol: self._course(symbol) for symbol in SYMBOLS}
                if self._is_struck:
                    self._strike(closes)
                # A reconcile that a fault has rung for must not be the first to tell the others of their own fills.
                self._hear_all()
                world.tick({symbol: close for symbol, close in closes.items() if close is not None})
                self._hear_all()
            world.advance(DRAIN_S)
        finally:
            world.close()
        return {symbol: self._told(symbol) for symbol in OTHERS}

    def _course(self, symbol: str) -> int | str | None:
        """What happens to a symbol in any case, from its own stream: its bar, and how the broker treats its orders."""
        dice = self._dice[symbol]
        (self.broker.waits.add if dice.randrange(4) == 0 else self.broker.waits.discard)(symbol)
        if dice.randrange(8) == 0:
            self.broker.fates[symbol].append(dice.choice((Submit.ACCEPT_AND_TIME_OUT, Submit.LOSE, Submit.REFUSE)))
        part = dice.choice((None, 1, 3))
        for name in self._working(symbol):
            view = self.broker.books[name]
            left = (view.quantity or 0) - view.filled_quantity
            self.broker.fill(name, part if part is not None and part < left else None)
        return dice.choice((BUY, BUY, FLAT, FLAT, HALF, SILENT))

    def _working(self, symbol: str) -> list[str]:
        books = self.broker.books.items()
        return [name for name, view in books if view.symbol == symbol and not view.status.is_terminal]

    def _hear_all(self) -> None:
        while self.broker.updates:
            self.world.deliver(0, keep=False)

    # The faults of one symbol

    def _strike(self, closes: dict[str, Any]) -> None:
        """Draw one or two faults of this minute for the victim."""
        dice = self._dice["faults"]
        for _ in range(dice.randint(0, 2)):
            name = dice.choice(self._faults)
            if not name.startswith("file"):
                self.coverage[name] += 1
                self._do(name, dice, closes)

    def _do(self, name: str, dice: Random, closes: dict[str, Any]) -> None:
        broker, store = self.broker, self.store
        if name in _FATES:
            broker.fates[VICTIM].append(_FATES[name])
        elif name == "strategy raises":
            closes[VICTIM] = dice.choice(RUBBISH)
        elif name == "bars missing":
            closes[VICTIM] = None
        elif name == "bar again":
            if self.world.process is not None:
                self.world.process.bars.send(a_bar(dice.randint(0, MINUTES), dice.choice((BUY, FLAT)), VICTIM))
        elif name.startswith(("save", "post", "rows")):
            sets = {
                "save fails": store.failing, "save fails late": store.failing_after, "save is slow": store.slow,
                "post is slow": broker.slow, "rows unreadable": broker.unreadable,
            }  # fmt: skip
            sets[name].add(VICTIM)
            self.world.ends_in(dice.choice((20, 130, 400)), lambda: sets[name].discard(VICTIM))
        elif name == "order waits":
            broker.waits.add(VICTIM)
        else:
            self._at_the_broker(name, dice)

    def _at_the_broker(self, name: str, dice: Random) -> None:
        broker, working = self.broker, self._working(VICTIM)
        if name == "order ends" and working:
            broker.end(dice.choice(working), dice.choice((OrderStatus.CANCELED, OrderStatus.EXPIRED)))
        elif name == "owner trades":
            broker.owner_trades(Side.BUY, dice.randint(1, 12), VICTIM)
        elif name == "transfer":
            broker.transfer(dice.randint(1, 12), VICTIM)
        elif name == "split" and not broker.live(VICTIM) and broker.held(VICTIM) < 1000:
            broker.split(2, VICTIM)

    def _strike_files(self) -> None:
        dice = self._dice["faults"]
        name = dice.choice(self._faults)
        if not self._is_struck or not name.startswith("file"):
            return
        self.coverage[name] += 1
        if name == "file lost":
            lose(self.world, VICTIM, dice.choice(LEFT))
        elif name == "file damaged":
            damage(self.world, VICTIM, dice.choice(LEFT))
        else:
            put_back(self.world, VICTIM, dice.randint(1, 5))

    def _told(self, symbol: str) -> Told:
        return Told(
            [intent for intent in self.broker.received if intent.symbol == symbol],
            [(kind, facts) for name, kind, facts in self.world.journal.lines if name == symbol],
            [state for state in self.store.written if state.symbol == symbol],
        )


def _dice(seed: int, name: str) -> Random:
    return Random(f"{seed}/{name}")  # noqa: S311 - a day must come again, not be a secret
