"""A split overnight while the bot runs: shares and prices change, and no order explains it."""

from datetime import timedelta
from pathlib import Path

import pytest

from e2e.books import bot_orders
from e2e.harness import SESSION_OPEN, Simulator, World, level, until

MINUTES = 10


def write_two_days(folder: Path, symbol: str, second_day: list[float]) -> Path:
    """Write ten bars above the level on the first day, and the given closes on the second; return the folder."""
    folder.mkdir(exist_ok=True)
    rows = ["time,open,high,low,close,volume"]
    for day, closes in enumerate(([101.0] * MINUTES, second_day)):
        for minute, close in enumerate(closes):
            time = SESSION_OPEN + timedelta(days=day, minutes=minute)
            rows.append(f"{time:%Y-%m-%dT%H:%M:%SZ},{close},{close},{close},{close},1000")
    (folder / f"{symbol}.csv").write_text("\n".join(rows) + "\n")
    return folder


def overnight(world: World, ratio: str) -> Simulator:
    """Hold SPLT and CALM over a night in which SPLT splits; both fall below their level on the second day.

    The recorded prices are those of the old shares: what the market shows of SPLT is divided by the ratio.
    """
    factor = float(ratio)
    bars = write_two_days(world.folder / "bars", "CALM", [102.0] * 5 + [98.0] * 5)
    write_two_days(bars, "SPLT", [102.0 * factor] * 5 + [98.0 * factor] * 5)
    simulator = world.simulator(bars=bars)
    simulator.fault("split_symbol", match={"symbol": "SPLT"}, ratio=ratio, after_s=600)
    world.configure([level("SPLT"), level("CALM")], sim={"url": simulator.url})
    bot = world.trading_bot()
    assert bot.ends(120) == 0, bot.output
    assert "Traceback" not in bot.output
    until(lambda: simulator.status()["finished"], "the end of the bars")
    return simulator


@pytest.mark.parametrize(("ratio", "held"), [("2", 20), ("0.5", 5)])
def test_what_a_split_left_is_held_and_then_sold_whole(world: World, ratio: str, held: int) -> None:
    """The day's first reconcile knows the split: nothing is traded at the open, and the exit is for what there is."""
    simulator = overnight(world, ratio)
    assert bot_orders(simulator, "SPLT") == bot_orders(simulator, "CALM") == ["buy filled", "sell filled"]
    assert simulator.positions() == {}
    assert [order["qty"] for order in simulator.orders("SPLT") if order["side"] == "sell"] == [f"{held}"]
    world.call("reconcile", "--json")
    assert world.state("SPLT")["position"]["quantity"] == "0"
