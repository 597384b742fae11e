"""The owner's config file: while the bot is down a quantity is changed, or a symbol is taken out or put back."""

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from campaigns.days.network import DEADLINE_S
from campaigns.days.settings import Symbol, dice

if TYPE_CHECKING:
    from campaigns.days.day import Day

QUANTITIES = (1, 3, 7, 10, 20)
LOOK_AGAIN_S = 30.0


class Config:
    """Edits what the next life of the bot reads, and tells the checker by which quantity to judge."""

    def __init__(self, day: "Day") -> None:
        self._day = day
        self._random = dice(day.settings.seed, "config")
        self._symbols = {one.name: one for one in day.settings.symbols}
        self._out: set[str] = set()

    def edit(self) -> None:
        """Change one line."""
        if self._out and self._random.random() < 0.6:
            name = min(self._out)
            self._put_back(name)
        elif len(self._symbols) - len(self._out) > 1 and self._random.random() < 0.5:
            self._take_out(self._random.choice(sorted(set(self._symbols) - self._out)))
        else:
            self._set_quantity(self._random.choice(sorted(self._symbols)))
        self._write()

    def complete(self) -> None:
        """Put back what is out: in the end every symbol is judged."""
        for name in sorted(self._out):
            self._put_back(name)
            # It is met at a start.
            self._day.bots.is_memory_touched = True
        self._write()

    def _write(self) -> None:
        symbols = tuple(one for one in self._symbols.values() if one.name not in self._out)
        self._day.settings = replace(self._day.settings, symbols=symbols)

    def _take_out(self, name: str) -> None:
        self._out.add(name)
        self._told("config_removed", name)
        self._day.checker.ours[name].left_config(self._day.venue.quantity(name))

    def _put_back(self, name: str) -> None:
        self._out.remove(name)
        self._told("config_added", name)
        self._day.checker.ours[name].left_config(self._day.venue.quantity(name))

    def _set_quantity(self, name: str) -> None:
        old = self._symbols[name]
        new = replace(old, quantity=Decimal(self._random.choice(QUANTITIES)))
        if new == old:
            return
        self._symbols[name] = new
        self._told("config_quantity", f"{name} {new.quantity}")
        most = max(self._day.checker.ours[name].symbol.quantity, new.quantity)
        self._day.checker.ours[name].configured(replace(new, quantity=most), self._day.venue.quantity(name))
        lives_s = self._day.settings.assumptions.request_lifetime_s + DEADLINE_S
        self._day.loop.outside(lives_s, self._in_force, new)

    def _in_force(self, symbol: Symbol) -> None:
        """Judge by the new quantity as soon as no order of before is left."""
        if self._symbols[symbol.name] is not symbol:
            return
        if self._day.venue.working(symbol.name):
            self._day.loop.outside(LOOK_AGAIN_S, self._in_force, symbol)
        else:
            self._day.checker.ours[symbol.name].symbol = symbol

    def _told(self, what: str, text: str) -> None:
        self._day.note(what)
        self._day.say("world", f"{what} {text}")
