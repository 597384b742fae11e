"""One day of the bot with faults: a real simulator, a real bot in lockstep, a pause for looking, and the evening.

The market stands still at the pause because something of the owner's is under way there: an order of `CLOCK` that the
lists do not show yet. Nothing relies on time: every wait is for the thing itself, with a limit.
"""

import contextlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from e2e.faults.market import BELL, CLOCK, configured, seconds_until, symbols_of, write_session
from e2e.harness import Process, Simulator, World, open_orders, until

PAUSE_S_MAX = 600.0
DAY_S_MAX = 150.0
CALM_S_MAX = 40.0
# Every look is a request: the simulator has the bot to serve.
LOOK_S = 0.05
PAUSE = 24
Order = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What one day is made of.

    `orders` are fault orders; their `minute` says when they begin, None before the bot starts. `shows` must stand in
    `holdfast status` while the trouble lasts, `awaits` in the bot's output before the faults end. With `rings` the bot
    is made to reconcile at the pause; with `ends` it must end by itself before the faults do.
    """

    orders: Sequence[Order]
    pairs: int = 1
    pause: float = PAUSE
    shows: Sequence[str] = ()
    awaits: str = ""
    rings: bool = False
    ends: bool = False


@dataclass(slots=True)
class Day:
    """What was seen from outside. `codes` are the exit codes, one for each bot that ran."""

    world: World
    simulator: Simulator
    symbols: list[str]
    bots: list[Process] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)
    happened: list[dict[str, Any]] = field(default_factory=list)
    unsteady: list[str] = field(default_factory=list)
    corrections: list[dict[str, Any]] = field(default_factory=list)
    discrepancies: list[dict[str, Any]] = field(default_factory=list)

    @property
    def output(self) -> str:
        return "".join(bot.output for bot in self.bots)

    @property
    def bot(self) -> Process:
        return self.bots[-1]


def live(world: World, plan: Plan) -> Day:
    """Live through the day, clear the faults at the pause, go on to the last bar, and reconcile once more."""
    simulator = world.simulator(bars=write_session(world.folder / "bars", plan.pairs))
    simulator.hold()
    day = Day(world, simulator, symbols_of(plan.pairs))
    world.configure(configured(day.symbols), sim={"url": simulator.url})
    _order(simulator, [order for order in plan.orders if order.get("minute") is None])
    day.bots.append(world.trading_bot())
    _order(simulator, [order for order in plan.orders if order.get("minute") is not None])
    _order(simulator, [*pause_at(plan.pause), *([a_ring(plan.pause)] if plan.rings else [])])
    asked = _snapshots(day)
    simulator.hold(is_held=False)
    _look(day, plan, asked)
    go_on(day)
    day.codes.append(day.bot.ends(DAY_S_MAX))
    evening(day)
    return day


def pause_at(minute: float) -> list[Order]:
    """Return the orders that make the market wait from `minute` on, until the faults are cleared."""
    return [
        {"kind": "list_late", "match": {"symbol": CLOCK}, "delay_s": PAUSE_S_MAX, "minute": minute - 1},
        {"kind": "owner_trade", "match": {"symbol": CLOCK}, "side": "buy", "qty": "1", "minute": minute},
    ]


def a_ring(minute: float) -> Order:
    """Return the order that makes the bot reconcile."""
    return {"kind": "owner_trade", "match": {"symbol": BELL}, "side": "buy", "qty": "1", "minute": minute}


def _order(simulator: Simulator, orders: Sequence[Order]) -> None:
    now = simulator.now()
    for order in orders:
        minute = order.get("minute")
        after_s = 0 if minute is None else seconds_until(minute, now)
        simulator.fault(**{**{key: value for key, value in order.items() if key != "minute"}, "after_s": after_s})


def _look(day: Day, plan: Plan, asked: int) -> None:
    """Watch until the market pauses, and then until what must be seen was seen; the bot may end before.

    Of the snapshots since `asked` the first belongs to the session's opening.
    """

    def is_paused() -> bool:
        _watch(day, plan)
        return not day.bot.is_running or _is_paused(day)

    def is_seen() -> bool:
        _watch(day, plan)
        is_said = re.search(plan.awaits, day.output) is not None
        is_read = not plan.rings or _snapshots(day) > asked + 1
        return not day.bot.is_running or (not plan.ends and is_said and is_read and len(day.shown) == len(plan.shows))

    until(is_paused, "the pause", DAY_S_MAX, every_s=LOOK_S)
    _patiently(is_seen)


def _watch(day: Day, plan: Plan) -> None:
    """Ask `holdfast status` for what it must show, as soon as a state file has it."""
    for pattern in plan.shows:
        if pattern not in day.shown and any(re.search(pattern, _text(day, symbol)) for symbol in day.symbols):
            found = re.search(f"^.*{pattern}.*$", day.world.call("status", code=None), re.MULTILINE)
            if found:
                day.shown[pattern] = found[0]


def _text(day: Day, symbol: str) -> str:
    file = day.world.file(symbol)
    return json.dumps(day.world.state(symbol)) if file.exists() else ""


def _snapshots(day: Day) -> int:
    return int(day.simulator.status()["requests"].get("GET /v2/positions", 0))


def _is_paused(day: Day) -> bool:
    return any(CLOCK in strike["what"] for strike in _happened(day) if strike["kind"] == "list_late")


def go_on(day: Day) -> None:
    """End the faults while the market stands, start a bot that has ended again, and let the day go on as a fine one."""
    day.simulator.hold()
    day.happened = _happened(day)
    day.simulator.clear_faults()
    if not day.bot.is_running:
        day.codes.append(day.bot.ends())
        day.bots.append(day.world.trading_bot())
    _patiently(lambda: not _unsteady(day))
    day.unsteady = _unsteady(day)
    day.simulator.hold(is_held=False)


def _unsteady(day: Day) -> list[str]:
    """Return the symbols that still wait for the broker's word."""
    states = {symbol: day.world.state(symbol) for symbol in day.symbols}
    return [symbol for symbol, state in states.items() if state["status"] == "in_doubt" or open_orders(state)]


def _happened(day: Day) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = day.simulator.ask("GET", "/_sim/faults")["happened"]
    return found


def _patiently(look: Callable[[], bool]) -> None:
    """Wait for it, but not for ever: that it never came is for the checks to say."""
    with contextlib.suppress(AssertionError):
        until(look, "it", CALM_S_MAX, every_s=LOOK_S)


def evening(day: Day) -> None:
    """Reconcile with the bot gone: whatever is still wrong now stays wrong."""
    report = json.loads(day.world.call("reconcile", "--json", code=None))
    day.corrections, day.discrepancies = report["corrections"], report["discrepancies"]
