"""`strategy:` in config.yaml: a shipped one by name, a user's own by file and class, checked at load."""

from pathlib import Path

import pytest

from holdfast.config.load import Config, load_config
from holdfast.config.problems import ConfigError
from holdfast.strategies.spec import UserSource


def load(folder: Path, text: str) -> Config:
    """Write the text as config.yaml and load it."""
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def problems(folder: Path, text: str) -> list[str]:
    """Return each problem of the text as `line:column: where: message`."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return [f"{each.line}:{each.column}: {each.where}: {each.message}" for each in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{name: sma_cros}", "4:22: symbols[0].strategy.name: unknown strategy 'sma_cros'; did you mean 'sma_cross'?"),
        ("sma", "4:15: symbols[0].strategy: unknown strategy 'sma'; did you mean 'sma_cross'?"),
        ("zzz", "unknown strategy 'zzz'; shipped: sma_cross, rsi_reversion, breakout, buy_and_hold"),
        ("{name: sma_cross, fsat: 3}", "4:33: symbols[0].strategy.fsat: unknown parameter; did you mean 'fast'?"),
        ("{name: sma_cross, fast: '3'}", "4:39: symbols[0].strategy.fast: must be a whole number, not '3'"),
        ("{name: sma_cross, fast: 3.5}", "must be a whole number, not 3.5"),
        ("{name: sma_cross, fast: 9:30}", "must be a whole number, not '9:30'"),
        ("{name: sma_cross, fast: yes}", "must be a whole number, not 'yes'"),
        ("{name: rsi_reversion, oversold: .nan}", "must be a finite number"),
        (
            "{name: sma_cross, fast: 30, slow: 10}",
            "4:15: symbols[0].strategy: fast (30) must be smaller than slow (10)",
        ),
        ("{name: sma_cross, fast: [1]}", "4:39: symbols[0].strategy.fast: must be a single value"),
        ("{fast: 10}", "symbols[0].strategy: needs either a name"),
        ("{name: sma_cross, use: 'a.py:A'}", "symbols[0].strategy: needs either a name"),
        ("[sma_cross]", "symbols[0].strategy: needs either a name"),
        ("", "symbols[0].strategy: needs a value"),
        ("{name: }", "symbols[0].strategy.name: needs a value"),
        ("{use: my_strategy.py}", "4:21: symbols[0].strategy.use: must be a file and a class, e.g. my_strategy.py:"),
        ("{use: 'my_strategy.txt:A'}", "must be a file and a class"),
        ("{use: 'gone.py:Gone'}", "symbols[0].strategy.use: there is no file "),
    ],
)
def test_a_strategy_is_checked_at_load(tmp_path: Path, text: str, expected: str) -> None:
    """Name, parameters, types and rules of a strategy are checked before anything starts."""
    (problem,) = problems(tmp_path, f"symbols:\n  - symbol: AAPL\n    qty: 1\n    strategy: {text}\n")
    assert expected in problem


def test_a_wrong_default_strategy_is_told_once(tmp_path: Path) -> None:
    """A mistake under `defaults` is one problem, however many symbols share it or override it."""
    text = "defaults: {strategy: nope}\nsymbols: [{symbol: A, qty: 1}, {symbol: B, qty: 1}]"
    assert len(problems(tmp_path, text)) == 1
    assert (
        len(problems(tmp_path, "defaults: {strategy: nope}\nsymbols: [{symbol: A, qty: 1, strategy: breakout}]")) == 1
    )


def test_a_users_strategy_is_a_spec_until_it_is_loaded(tmp_path: Path) -> None:
    """Without a loader the user's file is looked for beside config.yaml, and its code is not run."""
    (tmp_path / "mine.py").write_text("raise SystemExit('must not run')", encoding="utf-8")
    config = load(tmp_path, "symbols: [{symbol: A, qty: 1, strategy: {use: 'mine.py:Mine', n: 3, word: ON}}]")
    spec = config.symbols[0].strategy
    assert spec.source == UserSource(tmp_path / "mine.py", "Mine")
    assert (spec.name, spec.parameters, spec.strategy) == ("mine.py:Mine", (("n", 3), ("word", "ON")), None)
