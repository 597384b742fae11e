"""All that can go wrong in one simulator, wired together: what the server, the gate and the pacer hold on to."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from holdfast.simulator.door import Door
from holdfast.simulator.faults.acts import World, act
from holdfast.simulator.faults.bad_days import BadDays
from holdfast.simulator.faults.fault import Fault
from holdfast.simulator.faults.occasions import listed_name
from holdfast.simulator.faults.under_way import UnderWay
from holdfast.simulator.faults.views import Rows, Views
from holdfast.simulator.market import Market
from holdfast.simulator.streams import Hub


class Trouble:
    """One simulator's faults. `positions` lists the true rows of the account, `cash` is what a reset one gets."""

    def __init__(
        self,
        *,
        market: Market,
        hub: Hub,
        door: Door,
        under_way: UnderWay,
        positions: Callable[[], Rows],
        cash: Decimal,
    ) -> None:
        self.faults = hub.faults
        self.under_way = under_way
        self.market = market
        self.door = door
        self.views = Views(self.faults, under_way, market, positions)
        self._hub = hub
        self._bad_days = BadDays(market, self.faults)
        self._world = World(
            market=market,
            door=door,
            faults=self.faults,
            under_way=under_way,
            views=self.views,
            bad_days=self._bad_days,
            cash=cash,
        )
        hub.listeners.append(self.views.see_events)
        self.faults.ordered = self._take_note

    def order(self, body: Mapping[str, Any]) -> Fault:
        """Take the order of a fault; an act whose moment is now happens at once.

        Raises:
            ValueError: with what to send instead.
        """
        fault = self.faults.order(body)
        act(self._world)
        return fault

    def moved(self) -> None:
        """Let happen what the market's new time brings."""
        self._bad_days.moved()
        act(self._world)

    def clear(self) -> None:
        """End all of it: held orders fill, what is under way arrives, what was cut or silent is there again."""
        self.faults.clear()
        self._bad_days.clear()
        self._free_orders()
        self.under_way.hurry()
        self._hub.speak_again()

    def _take_note(self, fault: Fault) -> None:
        if fault.symbol is not None:
            fault.symbol = listed_name(fault.symbol, self.market.exchange)
        self.views.expect(fault)

    def _free_orders(self) -> None:
        market = self.market
        for symbol in sorted(market.exchange.standing.halted):
            market.step(partial(market.exchange.resume, symbol, market.hours))
        market.step(partial(market.exchange.release, market.hours))
