"""Starting costs the broker the same few calls for four symbols as for four hundred (I10)."""

from collections import Counter

from e2e.harness import Simulator, World, level, until, write_bars

FEW, MANY = 4, 400
BARS_CALL = "GET /v2/stocks/bars"  # pages grow with the number of bars
FILLS_CALL, FILLS_PAGE = "GET /v2/account/activities", 100


def names(count: int) -> list[str]:
    """Return so many symbols."""
    return [f"S{number:03}" for number in range(count)]


def calls_of_a_start(world: World, simulator: Simulator) -> Counter[str]:
    """Start the bot on a market that stands still, stop it, and return what it asked."""
    before = Counter(simulator.status()["requests"])
    bot = world.trading_bot()
    bot.says("bar stream is live")
    bot.says("order stream is live")
    assert bot.stop() == 0
    calls = Counter(simulator.status()["requests"])
    calls.subtract(before)
    del calls[BARS_CALL]
    return +calls


def configure(world: World, simulator: Simulator, count: int) -> None:
    """Configure one share of so many symbols."""
    world.configure([level(symbol, 1) for symbol in names(count)], sim={"url": simulator.url})


def test_a_start_asks_the_same_of_the_broker_for_any_number_of_symbols(world: World) -> None:
    """The calls of four fresh symbols equal those of four hundred, and of four hundred in a position, pages apart."""
    for symbol in names(MANY):
        bars = write_bars(world.folder / "bars", symbol, [101] * 200)
    simulator = world.simulator(bars=bars)
    simulator.hold()
    configure(world, simulator, FEW)
    few = calls_of_a_start(world, simulator)
    configure(world, simulator, MANY)
    many = calls_of_a_start(world, simulator)
    simulator.hold(is_held=False)
    bot = world.trading_bot()
    until(lambda: len(simulator.positions()) == MANY, "four hundred positions")
    # On a market that is over the bot would be gone before its streams are live.
    simulator.hold()
    assert bot.stop() == 0
    held = calls_of_a_start(world, simulator)
    assert few == many
    assert held[FILLS_CALL] <= few[FILLS_CALL] + MANY // FILLS_PAGE
    assert {**held, FILLS_CALL: few[FILLS_CALL]} == few
    assert held["GET /v2/positions"] == 1
    assert sum(few.values()) < 10
