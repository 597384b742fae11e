"""`direction: both`: long and short through zero, over a kill in the middle of the short."""

import json

from e2e.books import assert_files_equal_books, bot_orders
from e2e.harness import Simulator, World, until, write_bars

LONG, FLAT, SHORT = 101, 100, 99
DAY = [*[LONG] * 20, *[FLAT] * 10, *[SHORT] * 200, *[FLAT] * 20, *[LONG] * 20, *[SHORT] * 20, *[FLAT] * 20]


def both_ways(world: World) -> Simulator:
    """Prepare one symbol that is long, flat, short, flat, long, and turned over to short before it ends flat."""
    simulator = world.simulator(bars=write_bars(world.folder / "bars", "AAA", DAY))
    strategy = {"use": "level.py:Sides"}
    symbol = {"symbol": "AAA", "qty": 10, "strategy": strategy, "direction": "both"}
    world.configure([symbol], sim={"url": simulator.url})
    return simulator


def test_killed_while_short_it_covers_once_and_goes_on(world: World) -> None:
    """The restart knows the short, sells no more of it, covers it once; a flip closes first and opens a bar later."""
    simulator = both_ways(world)
    bot = world.trading_bot()
    until(lambda: world.holds("AAA", -10), "the short on file")
    bot.kill()
    assert simulator.positions() == {"AAA": -10}
    status = json.loads(world.call("status", "--json"))["symbols"]["AAA"]
    assert (status["position"]["quantity"], status["target"], status["is_in_position"]) == ("-10", "-10", True)
    bot = world.trading_bot()
    assert "0 corrections" in bot.output
    assert bot.ends() == 0, bot.output
    assert bot_orders(simulator, "AAA") == [
        *["buy filled", "sell filled"],
        *["sell filled", "buy filled"],
        *["buy filled", "sell filled", "sell filled", "buy filled"],
    ]
    assert (simulator.positions(), world.state("AAA")["status"]) == ({}, "active")
    assert_files_equal_books(world, simulator, ["AAA"])


def test_a_short_whose_file_is_lost_is_known_by_its_orders(world: World) -> None:
    """Killed while short and without its file, the bot rebuilds the short from its own orders and covers it once."""
    simulator = both_ways(world)
    bot = world.trading_bot()
    until(lambda: world.holds("AAA", -10), "the short on file")
    bot.kill()
    world.file("AAA").unlink()
    bot = world.trading_bot()
    bot.says("rebuilt: position -10")
    until(lambda: world.holds("AAA", 0), "the short covered")
    simulator.hold()
    assert bot.stop() == 0
    assert bot_orders(simulator, "AAA")[:4] == ["buy filled", "sell filled", "sell filled", "buy filled"]
