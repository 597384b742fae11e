"""config.yaml is edited: symbols come and go between two runs, and an edit while running waits for a restart."""

from e2e.books import bot_orders
from e2e.harness import Simulator, World, level, until, write_bars

FALL = 120  # minutes
UP_DOWN = [*[101] * FALL, *[99] * (160 - FALL)]
SYMBOLS = ("STAY", "GONE", "COME")


def market(world: World) -> Simulator:
    """Start a simulator on which all symbols fall below their level once."""
    for symbol in SYMBOLS:
        bars = write_bars(world.folder / "bars", symbol, UP_DOWN)
    return world.simulator(bars=bars)


def configure(world: World, simulator: Simulator, *symbols: str) -> None:
    """Write config.yaml with these symbols."""
    world.configure([level(symbol) for symbol in symbols], sim={"url": simulator.url})


def bought_and_stopped(world: World, simulator: Simulator, *symbols: str) -> str:
    """Run until every symbol holds its ten, stop the market and the bot, and return what the bot said."""
    bot = world.trading_bot()
    simulator.hold(is_held=False)
    until(lambda: all(world.holds(symbol, 10) for symbol in symbols), f"{symbols} in position")
    simulator.hold()
    assert bot.stop() == 0
    return bot.output


def test_a_symbol_comes_goes_and_comes_back(world: World) -> None:
    """One that is added trades; one that is removed is retired with its position, and put back it goes on."""
    simulator = market(world)
    configure(world, simulator, "STAY", "GONE")
    bought_and_stopped(world, simulator, "STAY", "GONE")
    configure(world, simulator, "STAY", "COME")
    output = bought_and_stopped(world, simulator, "STAY", "COME")
    assert "GONE: retired: not in config.yaml; its position is kept and not traded" in output
    assert world.state("GONE")["status"] == "retired"
    assert (world.state("GONE")["position"]["quantity"], simulator.positions()["GONE"]) == ("10", 10)
    assert bot_orders(simulator, "GONE") == ["buy filled"]
    configure(world, simulator, *SYMBOLS)
    bot = world.trading_bot()
    assert world.state("GONE")["status"] == "active"
    simulator.hold(is_held=False)
    assert bot.ends(60) == 0
    assert {symbol: bot_orders(simulator, symbol) for symbol in SYMBOLS} == {
        symbol: ["buy filled", "sell filled"] for symbol in SYMBOLS
    }


def test_a_removed_symbol_is_not_traded_to_the_end_of_the_day(world: World) -> None:
    """Its strategy would have sold at noon; the position is there in the evening, and `run` has said so."""
    simulator = market(world)
    configure(world, simulator, "STAY", "GONE")
    bought_and_stopped(world, simulator, "STAY", "GONE")
    configure(world, simulator, "STAY")
    bot = world.trading_bot()
    simulator.hold(is_held=False)
    assert bot.ends(60) == 0
    assert "GONE: retired" in bot.output
    assert bot_orders(simulator, "STAY") == ["buy filled", "sell filled"]
    assert simulator.positions() == {"GONE": 10}
    assert world.state("GONE")["position"]["quantity"] == "10"


def test_the_working_entry_of_a_removed_symbol_is_canceled(world: World) -> None:
    """An order that would still enlarge the kept position is taken back at the broker."""
    simulator = market(world)
    simulator.fault("hold_fills", match={"symbol": "GONE"})
    configure(world, simulator, "STAY", "GONE")
    bot = world.trading_bot()
    until(lambda: world.holds("STAY", 10) and simulator.orders("GONE"), "the working entry")
    simulator.hold()
    bot.kill()
    configure(world, simulator, "STAY")
    bot = world.trading_bot()
    until(lambda: bot_orders(simulator, "GONE") == ["buy canceled"], "the cancel")
    until(lambda: world.is_settled("GONE"), "the cancel on file")
    assert bot.stop() == 0
    assert world.state("GONE")["status"] == "retired"


def test_an_edit_while_running_says_that_a_restart_applies_it(world: World) -> None:
    """One line names the file; the bot trades on as it was started."""
    simulator = market(world)
    simulator.hold()
    configure(world, simulator, "STAY")
    bot = world.trading_bot()
    configure(world, simulator, "STAY", "COME")
    line = bot.says("a restart applies it")
    assert str(world.config) in line
    simulator.hold(is_held=False)
    assert bot.ends(60) == 0
    assert bot.output.count("a restart applies it") == 1
    assert bot_orders(simulator, "STAY") == ["buy filled", "sell filled"]
    assert bot_orders(simulator, "COME") == []
