"""`holdfast check`: a table or every problem, and an exit code that a script can use."""

import json
from pathlib import Path

import typer
from typer.testing import CliRunner, Result

from holdfast.cli.check import check

VALID = """\
symbols:
  - {symbol: AAPL, qty: 10}
  - {symbol: MSFT, qty: 0.5, strategy: {name: breakout, entry: 50}}
"""


def run(folder: Path, text: str | None, *flags: str) -> Result:
    """Run `check` on the text as config.yaml of a folder."""
    app = typer.Typer()
    app.command()(check)
    path = folder / "config.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    return CliRunner().invoke(app, ["--config", str(path), *flags])


def test_a_valid_file_is_shown_as_it_is_resolved(tmp_path: Path) -> None:
    """A pipe gets one sentence and tab-separated lines, uncut; exit 0."""
    result = run(tmp_path, VALID)
    sentence, head, *rows = result.stdout.splitlines()
    assert result.exit_code == 0
    assert sentence == f"{tmp_path / 'config.yaml'} is valid: 2 symbols, broker sim, bot main"
    assert head.split("\t")[:3] == ["symbol", "qty", "timeframe"]
    assert rows[0].split("\t") == ["AAPL", "10", "1Min", "long", "keep", "adopt", "sma_cross(fast=10, slow=30)"]
    assert rows[1].split("\t")[-1] == "breakout(entry=50)"
    assert result.stderr == ""


def test_the_result_is_also_json(tmp_path: Path) -> None:
    """`--json` prints the resolved symbols, quantities as strings."""
    result = run(tmp_path, VALID, "--json")
    data = json.loads(result.stdout)
    assert (data["schema_version"], data["valid"], data["broker"]) == (1, True, "sim")
    assert [(each["symbol"], each["qty"]) for each in data["symbols"]] == [("AAPL", "10"), ("MSFT", "0.5")]


def test_an_invalid_file_is_exit_1_with_every_problem(tmp_path: Path) -> None:
    """All problems stand on stderr with their places, nothing on stdout."""
    result = run(tmp_path, "brokr: sim\nsymbols: [{symbol: aapl, qty: 0}]\n")
    assert result.exit_code == 1
    assert result.stdout == ""
    for part in ("config.yaml:1:1: brokr:", "config.yaml:2:20: symbols[0].symbol:", "3 problems; nothing was started"):
        assert part in result.stderr


def test_problems_are_also_json(tmp_path: Path) -> None:
    """`--json` prints the problems as data on stdout, still with exit 1."""
    result = run(tmp_path, "symbols: []", "--json")
    data = json.loads(result.stdout)
    assert result.exit_code == 1
    assert data["valid"] is False
    assert [(each["line"], each["where"]) for each in data["problems"]] == [(1, "symbols")]


def test_a_users_strategy_is_loaded(tmp_path: Path) -> None:
    """A user's file is run by the check, so that its mistakes show before the start."""
    (tmp_path / "mine.py").write_text("\n1 / 0\n", encoding="utf-8")
    result = run(tmp_path, "symbols: [{symbol: A, qty: 1, strategy: {use: 'mine.py:Mine'}}]")
    assert result.exit_code == 1
    assert "mine.py:2: cannot be loaded: ZeroDivisionError" in result.stderr


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """Without a config.yaml the path is named, and the flag that names another."""
    result = run(tmp_path, None)
    assert result.exit_code == 1
    assert "config.yaml: cannot be read: No such file or directory" in result.stderr
