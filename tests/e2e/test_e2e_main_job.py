"""The main job: the shipped config on the simulator inside, to the end of the session and on into the next one."""

import json
import shutil
from pathlib import Path

from e2e.harness import Process, World

SHIPPED = Path(__file__).parents[2] / "config.yaml"
SYMBOLS = ("AAPL", "MSFT", "NVDA", "SPY")


def filled_sides(world: World, symbol: str) -> list[str]:
    """Return ``b`` or ``s`` for each fill in the symbol's journal, oldest first."""
    lines = (world.state_dir / ".holdfast" / "journal" / f"{symbol}.jsonl").read_text().splitlines()
    return [note["id"].rpartition(".")[2][0] for note in map(json.loads, lines) if note["kind"] == "fill"]


def ran_to_its_end(bot: Process) -> None:
    """The opening line, a summary of four rows, and the way on."""
    assert bot.ends(90) == 0, bot.output
    assert "reconciled: 4 symbols, 1 positions call, 0 corrections" in bot.output
    assert "run it again: the next session goes on where this one stopped" in bot.stdout
    assert "maximum drawdown" in bot.stdout
    assert "Traceback" not in bot.output
    summary = {line.split("\t")[0]: line.split("\t") for line in bot.stdout.splitlines() if "\t" in line}
    assert list(summary) == ["symbol", *SYMBOLS]
    assert all(len(cells) == len(summary["symbol"]) for cells in summary.values())


def test_the_shipped_config_trades_one_session_and_then_the_next(world: World) -> None:
    """Every symbol buys, one sells, one ends in a position and one without; a second run goes on a day later."""
    shutil.copy(SHIPPED, world.config)
    ran_to_its_end(world.start_bot("--speed", "max"))
    states = [world.state(symbol) for symbol in SYMBOLS]
    sides = [filled_sides(world, symbol) for symbol in SYMBOLS]
    assert all("b" in one for one in sides), sides
    assert any("s" in one for one in sides), sides
    assert {state["is_in_position"] for state in states} == {True, False}
    assert {state["status"] for state in states} == {"active"}
    first = {state["last_decision"]["bar"][:10] for state in states}
    ran_to_its_end(world.start_bot("--speed", "max"))
    second = {world.state(symbol)["last_decision"]["bar"][:10] for symbol in SYMBOLS}
    assert (first, second) == ({"2026-01-05"}, {"2026-01-06"})
