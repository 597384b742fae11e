"""The owner trades beside the bot while it is down: the start says so, and the bot never sells what is not its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from e2e.books import bot_orders
from e2e.harness import LEVEL, SESSION_OPEN, Process, Simulator, World, level, until, write_bars

FALL, RISE, END = 120, 140, 160  # minutes
UP_DOWN_UP = [*[101] * FALL, *[99] * (RISE - FALL), *[101] * (END - RISE)]
UP_DOWN = [*[101] * FALL, *[99] * (END - FALL)]
BARS = {"SOLD": UP_DOWN_UP, "MORE": UP_DOWN, "NEW": UP_DOWN, "CALM": UP_DOWN, "ALIEN": UP_DOWN}


@dataclass
class Day:
    """The day after the owner's trades: the bot's output, and the simulator at the end of its bars."""

    world: World
    simulator: Simulator
    bot: Process
    corrected: dict[str, str]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """Trade, stop, let the owner trade, start again with one symbol more, and go on to the last bar."""
    world = World(tmp_path_factory.mktemp("hand"))
    try:
        (world.folder / "level.py").write_text(LEVEL)
        simulator = morning(world)
        simulator.ask("DELETE", "/v2/positions/SOLD")
        for symbol, quantity in (("MORE", 7), ("NEW", 15), ("ALIEN", 3)):
            simulator.trade(symbol, "buy", quantity)
        world.configure([level(symbol) for symbol in ("SOLD", "MORE", "CALM", "NEW")], sim={"url": simulator.url})
        bot = world.trading_bot()
        until(lambda: all(world.is_settled(symbol) for symbol in ("SOLD", "MORE", "NEW")), "the files")
        corrected = {symbol: world.state(symbol)["position"]["quantity"] for symbol in ("SOLD", "MORE", "NEW")}
        simulator.hold(is_held=False)
        assert bot.ends(60) == 0, bot.output
        yield Day(world, simulator, bot, corrected)
    finally:
        world.close()


def morning(world: World) -> Simulator:
    """Buy 10 of each configured symbol, then stop the bot and the market."""
    for symbol, closes in BARS.items():
        bars = write_bars(world.folder / "bars", symbol, closes)
    simulator = world.simulator(bars=bars)
    configured = ("SOLD", "MORE", "CALM")
    world.configure([level(symbol) for symbol in configured], sim={"url": simulator.url})
    bot = world.trading_bot()
    until(lambda: all(world.holds(symbol, 10) for symbol in configured), "the purchases on file")
    simulator.hold()
    assert bot.stop() == 0
    return simulator


def test_a_position_closed_by_hand_is_corrected_to_flat(day: Day) -> None:
    """The file says flat, the output says what it was and why."""
    assert day.corrected["SOLD"] == "0"
    assert "SOLD: corrected position.quantity: was 10, is 0: " in day.bot.output


def test_a_position_closed_by_hand_is_not_bought_back(day: Day) -> None:
    """The strategy goes on saying long, and only after it has said flat once may it buy again."""
    ours = [row for row in day.simulator.orders("SOLD") if row["client_order_id"].startswith("hf.")]
    assert [row["side"] for row in ours] == ["buy", "buy"]
    assert datetime.fromisoformat(ours[1]["submitted_at"]) > SESSION_OPEN + timedelta(minutes=RISE)


def test_what_is_above_the_quantity_is_never_sold(day: Day) -> None:
    """Of 17 the bot manages the 10 that are configured and sells them; the owner's 7 stay and are shown."""
    assert day.corrected["MORE"] == "10"
    assert "MORE: 7 more are in the account, unmanaged: never sold" in day.bot.output
    assert bot_orders(day.simulator, "MORE") == ["buy filled", "sell filled"]
    assert day.simulator.positions()["MORE"] == 7
    position = day.world.state("MORE")["position"]
    assert (Decimal(position["quantity"]), Decimal(position["unmanaged_quantity"])) == (0, 7)


def test_a_position_without_a_file_is_managed_up_to_the_quantity(day: Day) -> None:
    """A symbol that is new in config.yaml adopts 10 of the owner's 15; the bot buys none and sells 10 at the exit."""
    assert day.corrected["NEW"] == "10"
    assert bot_orders(day.simulator, "NEW") == ["sell filled"]
    assert day.simulator.positions()["NEW"] == 5


def test_a_symbol_that_is_not_configured_is_reported_and_left_alone(day: Day) -> None:
    """The start names it; it gets no file and no order of ours."""
    assert "ALIEN: 3 in the account and not in config.yaml: left alone" in day.bot.output
    assert day.simulator.positions()["ALIEN"] == 3
    assert bot_orders(day.simulator, "ALIEN") == []
    assert not day.world.file("ALIEN").exists()


def test_a_symbol_that_nobody_touched_trades_on(day: Day) -> None:
    """It sells when its strategy says so, without a correction."""
    assert bot_orders(day.simulator, "CALM") == ["buy filled", "sell filled"]
    assert "CALM: corrected" not in day.bot.output
