"""The accident of the seed lesson: killed at any moment, the bot starts again and does not buy twice."""

import time
from random import Random

import pytest

from e2e.books import assert_bought_once, assert_files_equal_books, bot_orders
from e2e.harness import Process, Simulator, World, level, open_orders, until, write_bars

QUANTITIES = {"AAPL": 10, "MSFT": 5, "SPY": 4, "NVDA": 8}
ROUNDS = 4
LIFE_S_MAX = 2.0


def busy_symbols() -> list[dict[str, object]]:
    """Return strategies that trade every few bars, so that few kills miss an order."""
    strategies: list[object] = [
        {"name": "sma_cross", "fast": 2, "slow": 3},
        {"name": "breakout", "entry": 2, "exit": 2},
        "buy_and_hold",
        {"name": "sma_cross", "fast": 2, "slow": 5},
    ]
    return [
        {"symbol": symbol, "qty": quantity, "strategy": strategy}
        for (symbol, quantity), strategy in zip(QUANTITIES.items(), strategies, strict=True)
    ]


def buyer(world: World) -> Simulator:
    """Prepare one symbol that wants to be long from its first bar to its last."""
    simulator = world.simulator(bars=write_bars(world.folder / "bars", "AAA", [101] * 200))
    world.configure([level("AAA")], sim={"url": simulator.url})
    return simulator


def live_and_die(bot: Process, simulator: Simulator, random: Random) -> None:
    """Kill the bot at a moment drawn by lot: after some time, or as soon as the market has its next order."""
    if random.random() < 0.5:
        time.sleep(random.uniform(0, LIFE_S_MAX))
    else:
        known = len(simulator.orders())
        until(lambda: len(simulator.orders()) > known, "the next order")
    bot.kill()


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_any_moment_it_never_buys_twice(world: World, seed: int) -> None:
    """However often the bot is killed, no symbol ever exceeds its quantity and one more start agrees with the books."""
    random = Random(seed)  # noqa: S311 - moments to kill at
    simulator = world.simulator("--seed", str(seed))
    world.configure(busy_symbols(), sim={"url": simulator.url})
    for _ in range(ROUNDS):
        live_and_die(world.trading_bot(), simulator, random)
        assert_bought_once(simulator, QUANTITIES)
    bot = world.trading_bot()
    simulator.passes(5)
    simulator.hold()
    until(lambda: all(world.is_settled(symbol) for symbol in QUANTITIES), "every fill on file")
    assert bot.stop() == 0, bot.output
    assert_bought_once(simulator, QUANTITIES)
    assert_files_equal_books(world, simulator, list(QUANTITIES))
    assert len(simulator.orders()) > len(QUANTITIES)


def test_killed_while_it_starts_it_buys_once(world: World) -> None:
    """A bot killed again and again on its way up leaves files that the next start can use."""
    simulator, random = buyer(world), Random(5)  # noqa: S311 - moments to kill at
    bot = world.trading_bot()
    until(lambda: world.holds("AAA", 10), "the purchase on file")
    bot.kill()
    for _ in range(3):
        bot = world.start_bot()
        time.sleep(random.uniform(1.0, 2.5))
        bot.kill()
    assert world.trading_bot().stop() == 0
    assert bot_orders(simulator, "AAA") == ["buy filled"]
    assert_files_equal_books(world, simulator, ["AAA"])


def test_in_a_position_and_killed_it_does_not_buy_again(world: World) -> None:
    """The strategy still says long after the restart; the file and the broker say that it is."""
    simulator = buyer(world)
    bot = world.trading_bot()
    until(lambda: world.holds("AAA", 10), "the purchase on file")
    bot.kill()
    bot = world.trading_bot()
    simulator.passes(20)
    bot.kill()
    assert bot_orders(simulator, "AAA") == ["buy filled"]
    assert simulator.positions() == {"AAA": 10}
    assert world.state("AAA")["is_in_position"] is True


def test_killed_between_acceptance_and_save_it_adopts_the_order(world: World) -> None:
    """The answer is lost and so is the bot: the next start finds the order by its id and books it once."""
    simulator = buyer(world)
    simulator.fault("accept_no_answer")
    bot = world.trading_bot()
    until(simulator.orders, "the order at the broker")
    bot.kill()
    state = world.state("AAA")
    assert [order["status"] for order in state["orders"]] == ["intent"]
    assert state["is_in_position"] is False
    simulator.clear_faults()
    bot = world.trading_bot()
    until(lambda: world.holds("AAA", 10), "the order adopted")
    simulator.passes(20)
    assert bot.stop() == 0
    assert "corrected position.quantity: was 0, is 10" in bot.output
    assert [order["status"] for order in world.state("AAA")["orders"]] == ["filled"]
    assert bot_orders(simulator, "AAA") == ["buy filled"]
    assert_files_equal_books(world, simulator, ["AAA"])


def test_killed_with_a_request_that_never_arrived_it_buys_once(world: World) -> None:
    """The broker does not know the intent on disk: it is proved absent before any bar may buy, and then one does."""
    simulator = buyer(world)
    simulator.fault("lose_request", match={"method": "POST", "path": "/v2/orders"})
    bot = world.trading_bot()
    until(lambda: world.file("AAA").exists() and open_orders(world.state("AAA")), "the intent on disk")
    bot.kill()
    [lost] = open_orders(world.state("AAA"))
    simulator.clear_faults()
    bot = world.trading_bot()
    until(lambda: world.holds("AAA", 10), "the purchase")
    simulator.passes(10)
    assert bot.stop() == 0
    assert bot_orders(simulator, "AAA") == ["buy filled"]
    assert {order["client_order_id"]: order["status"] for order in world.state("AAA")["orders"]}[lost] == "absent"


@pytest.mark.parametrize("is_file_lost", [False, True])
def test_an_order_accepted_and_not_filled_counts(world: World, *, is_file_lost: bool) -> None:
    """The position list is empty and the open order is enough: no second one, and its fill is booked when it comes."""
    simulator = buyer(world)
    simulator.fault("hold_fills")
    bot = world.trading_bot()
    until(lambda: simulator.orders(status="open"), "the order at the broker")
    bot.kill()
    if is_file_lost:
        world.file("AAA").unlink()
    assert simulator.positions() == {}
    bot = world.trading_bot()
    simulator.passes(20)
    assert len(simulator.orders()) == 1
    state = world.state("AAA")
    assert (len(open_orders(state)), state["is_in_position"]) == (1, False)
    simulator.clear_faults()
    until(lambda: world.holds("AAA", 10), "the fill on file")
    simulator.passes(5)
    assert bot.stop() == 0
    assert bot_orders(simulator, "AAA") == ["buy filled"]
    assert_files_equal_books(world, simulator, ["AAA"])
