"""Everybody else: the owner's hand in the account, the broker's acts, and what happens to machine and sockets."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from campaigns.days.settings import dice
from campaigns.days.venue import is_ours
from holdfast.domain.order import Side
from holdfast.exchange.order import Order
from holdfast.exchange.refusal import Refusal

if TYPE_CHECKING:
    from campaigns.days.day import Day


class Hand:
    """Draws when what happens to a day, and does it."""

    def __init__(self, day: "Day") -> None:
        self._day = day
        self._random = dice(day.settings.seed, "hand")
        self._number = 0

    def schedule(self) -> None:
        """Draw the whole day's acts."""
        acts: tuple[tuple[str, float, Callable[[], None]], ...] = (
            ("hand_trade", 3.0, self._trade),
            ("hand_cancel", 4.0, self._cancel),
            ("replace", 4.0, self._replace),
            ("transfer", 1.0, self._transfer),
            ("split", 3.0, self._split),
            ("liquidate", 0.7, self._liquidate),
            ("halt", 0.7, self._halt),
            ("delist", 0.1, self._delist),
            ("block", 0.3, self._block),
            ("clock", 0.7, self._set_clock),
            ("freeze", 1.0, self._freeze),
            ("term", 1.0, self._term),
            ("second", 1.0, self._second),
            ("lock", 0.3, self._move_folder),
            ("disk", 0.5, self._fill_disk),
            ("files", 2.0, self._files),
            ("outage", 0.7, self._outage),
            ("stream_away", 1.0, lambda: self._away("orders")),
            ("bars_away", 1.0, lambda: self._away("bars")),
        )
        day, settings, random = self._day, self._day.settings, self._random
        for fault, per_hour, act in acts:
            for _time in range(settings.count(fault, per_hour * day.calendar.ends_s / 1200, random)):
                day.loop.outside(random.uniform(70, day.calendar.ends_s), self._do, fault, act)

    def finds_it_down(self) -> None:
        """Draw what others do in the moments after the bot was killed, if it is still down then."""
        settings, random = self._day.settings, self._random
        files, cancels = (0.9, 0.4) if self._working() else (0.1, 0.0)
        acts: tuple[tuple[str, float, Callable[[], None]], ...] = (
            ("files", files, self._files_of_a_dead_bot),
            ("hand_cancel", cancels, self._cancel),
            ("config", 0.3, self._day.config.edit),
        )
        for fault, chance, act in acts:
            if fault in settings.faults and random.random() < chance:
                self._day.loop.outside(random.choice((0.02, 0.5, 2, 10)), self._do_while_down, fault, act)

    def _do_while_down(self, fault: str, act: Callable[[], None]) -> None:
        if self._day.running is None:
            self._do(fault, act)

    def _do(self, fault: str, act: Callable[[], None]) -> None:
        if self._day.is_calm:
            return
        try:
            act()
        except Refusal as refusal:
            self._day.say("world", f"{fault} is refused: {refusal.message}")

    def _done(self, what: str, text: str = "") -> None:
        self._day.note(what)
        self._day.say("world", f"{what} {text}")

    def _symbol(self) -> str:
        return self._random.choice(self._day.settings.symbols).name

    def _working(self) -> list[Order]:
        """The working orders of the bot."""
        return [one for one in self._day.venue.exchange.books.orders.working() if is_ours(one.client_order_id)]

    # In the account

    def _trade(self) -> None:
        symbol, held = self._symbol(), Decimal(0)
        held = self._day.venue.quantity(symbol)
        self._number += 1
        kind = self._random.choice(("buy", "sell_part", "sell_all", "buy"))
        if kind == "sell_all" and held:
            self._day.venue.close(symbol)
        elif kind == "sell_part" and held > 1:
            sold = Decimal(self._random.randint(1, int(held)))
            self._day.venue.trade_by_hand(f"hand-{self._number}", symbol, Side.SELL, sold)
        elif held >= 0:
            bought = Decimal(self._random.randint(1, 15))
            kind = f"buy {bought}"
            self._day.venue.trade_by_hand(f"hand-{self._number}", symbol, Side.BUY, bought)
        self._done("hand_trade", f"{kind} {symbol}")

    def _cancel(self) -> None:
        ours = self._working()
        if ours:
            order = self._random.choice(ours)
            self._day.venue.cancel(order.id)
            self._done("hand_cancel", order.client_order_id)

    def _replace(self) -> None:
        ours = self._working()
        if ours:
            order = self._random.choice(ours)
            quantity = int(order.request.quantity or 0) + self._random.choice((-3, -1, 1, 5))
            self._day.venue.replace(order.id, Decimal(max(1, quantity)))
            self._done("hand_replace", order.client_order_id)

    def _transfer(self) -> None:
        symbol = self._symbol()
        held = self._day.venue.quantity(symbol)
        if held < 0:
            return
        moved = Decimal(self._random.randint(-int(held), 12))
        if moved:
            self._day.venue.transfer(symbol, moved)
            self._done("transfer", f"{moved} {symbol}")

    def _split(self) -> None:
        symbol, ratio = self._symbol(), Decimal(self._random.choice(("2", "3", "0.5", "1.5", "0.1")))
        # No order lives through a split: they are all ended the evening before.
        if self._day.venue.calendar.is_open(self._day.venue.now) or self._day.venue.working(symbol):
            return
        is_fractionable = self._day.venue.exchange.instruments[symbol].is_fractionable
        if self._day.venue.quantity(symbol) * ratio % 1 and not is_fractionable:
            return
        self._day.venue.split(symbol, ratio)
        self._day.tapes[symbol].split(ratio)
        self._done("split", f"{ratio} {symbol}")

    def _liquidate(self) -> None:
        symbol = self._symbol()
        self._day.venue.liquidate(symbol)
        self._done("liquidate", symbol)

    def _halt(self) -> None:
        symbol = self._symbol()
        self._day.venue.exchange.halt(symbol)
        self._done("halt", symbol)
        self._day.loop.outside(self._random.uniform(30, 600), self._resume, symbol)

    def _resume(self, symbol: str) -> None:
        self._day.venue.resume(symbol)
        self._day.say("world", f"{symbol} trades again")

    def _delist(self) -> None:
        symbol = self._symbol()
        self._day.venue.exchange.delist(symbol)
        self._done("delist", symbol)

    def _block(self) -> None:
        self._set_blocked(is_blocked=True)
        self._done("block")
        self._day.loop.outside(self._random.uniform(30, 600), self.unblock)

    def unblock(self) -> None:
        """Let the account trade."""
        self._set_blocked(is_blocked=False)

    def _set_blocked(self, *, is_blocked: bool) -> None:
        standing = self._day.venue.exchange.standing
        standing.terms = replace(standing.terms, is_blocked=is_blocked)

    # At the machine

    def _set_clock(self) -> None:
        jump = self._random.choice((1, -1)) * self._random.choice((2, 45, 400, 3600))
        self._day.machine.wall_offset += timedelta(seconds=jump)
        self._done("clock", f"{jump} s")

    def _freeze(self) -> None:
        process = self._day.running
        if process is not None and not process.is_stopped:
            process.is_stopped = True
            self._done("freeze", process.name)
            self._day.loop.outside(self._random.choice((2, 30, 200)), self._day.loop.go_on, process)

    def _term(self) -> None:
        if self._day.bots.ask_to_stop():
            self._done("term")

    def _second(self) -> None:
        if self._day.running is not None:
            self._day.bots.begin(is_second=True)
            self._done("second")

    def _move_folder(self) -> None:
        if self._day.running is not None:
            self._day.lock.is_moved = True
            self._done("lock")

    def _fill_disk(self) -> None:
        self._day.disk_faults.is_full = True
        self._done("disk_full")
        self._day.loop.outside(self._random.uniform(5, 200), self._free_disk)

    def _free_disk(self) -> None:
        self._day.disk_faults.is_full = False

    def _files(self) -> None:
        self._day.gremlin.strike()

    def _files_of_a_dead_bot(self) -> None:
        """Strike where an order of the bot works, if there is one: nobody else will write that file again."""
        ours = self._working()
        self._day.gremlin.strike(self._random.choice(ours).symbol if ours else None)

    # On the way to the broker

    def _outage(self) -> None:
        self._day.network.is_away = True
        self._done("outage")
        self._day.loop.outside(self._random.choice((4, 20, 120)), self._end_outage)

    def _end_outage(self) -> None:
        self._day.network.is_away = False

    def _away(self, stream: str) -> None:
        hub = self._day.hubs[stream]
        hub.leave()
        self._done(f"{stream}_away")
        self._day.loop.outside(self._random.choice((1, 15, 150)), hub.come_back)
