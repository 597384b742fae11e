"""A crypto pair beside a stock in one bot: the fee in coins, the two spellings, dust, and hours of their own."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from e2e.books import assert_files_equal_books, bot_orders
from e2e.harness import SESSION_OPEN, Simulator, World, level, until, write_bars

PAIR, STOCK = "BTC/USD", "AAA"
NET = Decimal("0.49875")
BEGIN = SESSION_OPEN - timedelta(minutes=30)
CLOSE = datetime(2024, 3, 5, 21, tzinfo=UTC)
HIGH, LOW = 101, 99
MINUTES = 435


def market(world: World) -> Simulator:
    """Serve a pair that is wanted, not wanted and wanted again, and a stock that is wanted until the close."""
    folder = world.folder / "bars"
    write_bars(folder, PAIR, [*[LOW] * 5, *[HIGH] * 200, *[LOW] * 60, *[HIGH] * 60, *[LOW] * 110], BEGIN)
    session = int((CLOSE - BEGIN).total_seconds() // 60)
    write_bars(folder, STOCK, [*[HIGH] * session, *[LOW] * (MINUTES - session)], BEGIN)
    simulator = world.simulator(bars=folder)
    world.configure([level(PAIR, 0.5), level(STOCK)], sim={"url": simulator.url})
    return simulator


def why(world: World) -> str:
    """Return the reason of the pair's newest decision on file."""
    return str(world.state(PAIR)["last_decision"]["why"])


def filled_at(simulator: Simulator, symbol: str) -> list[datetime]:
    """Return when the orders of a symbol were filled."""
    return [datetime.fromisoformat(row["filled_at"]) for row in simulator.orders(symbol)]


def test_a_pair_and_a_stock_trade_each_in_their_hours_over_a_kill(world: World) -> None:
    """The file is the position net of the fee, dust is shown and left, nothing is traded twice; hours are kept."""
    simulator = market(world)
    bot = world.trading_bot()
    until(lambda: world.holds(PAIR, NET), "the purchase on file, less its fee")
    bot.kill()
    assert simulator.positions()["BTCUSD"] == NET
    assert filled_at(simulator, PAIR)[0] < SESSION_OPEN
    assert_files_equal_books(world, simulator, [PAIR])
    bot = world.trading_bot()
    assert "0 corrections" in bot.output
    until(lambda: world.holds(STOCK, 10), "the stock bought in its session")
    simulator.hold()
    simulator.trade(PAIR, "sell", Decimal("0.45"))
    until(lambda: world.holds(PAIR, Decimal("0.04875")), "the owner's sale on file")
    simulator.hold(is_held=False)
    until(lambda: "dust" in why(world), "the dust shown")
    assert why(world) == "the 0.04875 left are dust, below the smallest order"
    until(lambda: simulator.now() > CLOSE + timedelta(minutes=10), "the evening")
    assert bot.stop() == 0, bot.output
    assert bot_orders(simulator, PAIR) == ["buy filled", "buy filled", "sell filled"]
    assert bot_orders(simulator, STOCK) == ["buy filled"]
    assert SESSION_OPEN <= filled_at(simulator, STOCK)[0] < CLOSE
    assert simulator.positions() == {STOCK: 10}
    state = world.state(PAIR)
    assert (state["status"], state["is_in_position"]) == ("active", False)
    assert world.state(STOCK)["last_decision"]["why"] == "the market is closed"


def test_killed_before_the_fee_is_known_it_starts_with_what_is_left(world: World) -> None:
    """Killed with the order at the broker, and then without the file: both starts know the position net of its fee."""
    simulator = market(world)
    simulator.fault("accept_no_answer", match={"symbol": PAIR})
    bot = world.trading_bot()
    until(lambda: simulator.orders(PAIR), "the order at the broker")
    bot.kill()
    simulator.clear_faults()
    simulator.hold()
    bot = world.trading_bot()
    until(lambda: world.holds(PAIR, NET), "the position less its fee")
    bot.kill()
    world.file(PAIR).unlink()
    bot = world.trading_bot()
    bot.says("rebuilt: position 0.49875")
    simulator.hold(is_held=False)
    simulator.passes(30)
    assert bot.stop() == 0
    assert bot_orders(simulator, PAIR) == ["buy filled"]
    assert simulator.positions()["BTCUSD"] == Decimal(world.state(PAIR)["position"]["quantity"]) == NET
