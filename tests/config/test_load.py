"""`load_config`: what a valid file means, and what an invalid one says."""

import hashlib
from decimal import Decimal
from pathlib import Path

import pytest

from holdfast.config.load import Config, load_config, refuse_unbuilt
from holdfast.config.problems import ConfigError
from holdfast.domain.errors import UsageError
from holdfast.domain.timeframe import TIMEFRAMES
from holdfast.strategies.breakout import Breakout
from holdfast.strategies.buy_and_hold import BuyAndHold
from holdfast.strategies.sma_cross import SmaCross

REPOSITORY = Path(__file__).parents[2]
AAPL = "symbols: [{symbol: AAPL, qty: 10}]\n"


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


def test_the_shipped_file_is_valid() -> None:
    """The repository's config.yaml loads, runs on the simulator, and has at least four symbols."""
    config = load_config(REPOSITORY / "config.yaml")
    assert config.broker == "sim"
    assert len(config.symbols) >= 4


def test_a_short_file_gets_the_defaults(tmp_path: Path) -> None:
    """One symbol and its quantity are enough."""
    config = load(tmp_path, AAPL)
    (aapl,) = config.symbols
    assert (config.broker, config.bot, config.feed, config.reconcile_every_s) == ("sim", "main", "iex", 300.0)
    assert (config.sim.seed, config.sim.speed, config.sim.cash) == (7, 390.0, Decimal(100_000))
    assert (aapl.symbol, aapl.quantity, aapl.timeframe) == ("AAPL", Decimal(10), TIMEFRAMES["1Min"])
    assert (aapl.direction, aapl.on_remove, aapl.on_external_change) == ("long", "keep", "adopt")
    assert aapl.strategy.strategy == SmaCross(10, 30)
    assert aapl.line == 1


def test_a_symbol_overrides_the_defaults(tmp_path: Path) -> None:
    """Each setting comes from the symbol, else from `defaults`; a strategy is replaced as a whole."""
    config = load(
        tmp_path,
        """\
broker: paper
bot: b2
paper: {url: "http://127.0.0.1:8900/"}
data: {feed: sip}
reconcile_every: 60
defaults:
  qty: 3
  timeframe: 5Min
  strategy: {name: breakout, entry: 50}
  direction: both
  on_remove: close
  on_external_change: halt
symbols:
  - symbol: MSFT
  - symbol: BTC/USD
    qty: 0.000000001
    timeframe: 1Day
    strategy: buy_and_hold
    direction: long
    on_remove: keep
    on_external_change: leave
""",
    )
    msft, btc = config.symbols
    assert (config.broker, config.bot, config.feed) == ("paper", "b2", "sip")
    assert (config.paper_url, config.reconcile_every_s) == ("http://127.0.0.1:8900", 60.0)
    assert (msft.quantity, msft.timeframe.name, msft.direction) == (Decimal(3), "5Min", "both")
    assert (msft.on_remove, msft.on_external_change, msft.line) == ("close", "halt", 14)
    assert msft.strategy.strategy == Breakout(50, 10)
    assert (btc.quantity, btc.timeframe.name, btc.direction) == (Decimal("1E-9"), "1Day", "long")
    assert (btc.on_remove, btc.on_external_change) == ("keep", "leave")
    assert btc.strategy.strategy == BuyAndHold()


def test_the_simulators_settings_are_read(tmp_path: Path) -> None:
    """`sim` holds the simulator's flags; a path becomes absolute beside the file."""
    (tmp_path / "history").mkdir()
    more = ", hours: extended, bad_day: 42}\n"
    config = load(tmp_path, "sim: {bars: history, seed: 1, speed: max, cash: 0.5, universe: [IBM, BRK.B]" + more + AAPL)
    assert config.sim.bars == tmp_path / "history"
    assert (config.sim.seed, config.sim.speed, config.sim.cash) == (1, "max", Decimal("0.5"))
    assert (config.sim.universe, config.sim.hours, config.sim.bad_day) == (("IBM", "BRK.B"), "extended", 42)
    assert (load(tmp_path, AAPL).sim.hours, load(tmp_path, AAPL).sim.bad_day) == (None, None)
    assert load(tmp_path, "sim: {url: 'http://127.0.0.1:9000'}\n" + AAPL).sim.url == "http://127.0.0.1:9000"


@pytest.mark.parametrize("section", ["sim", "paper", "data", "defaults"])
def test_a_section_with_nothing_in_it_has_all_defaults(tmp_path: Path, section: str) -> None:
    """A heading whose lines are all commented out is as good as none."""
    with_heading, without = load(tmp_path, f"{section}:\n  # nothing\n{AAPL}"), load(tmp_path, AAPL)
    assert (with_heading.sim, with_heading.feed) == (without.sim, without.feed)
    assert with_heading.symbols[0].quantity == without.symbols[0].quantity


@pytest.mark.parametrize("ticker", ["ON", "NO", "NULL", "TRUE", "Y", "1E5", "010"])
def test_a_ticker_stays_a_ticker(tmp_path: Path, ticker: str) -> None:
    """Words that YAML likes to turn into true, false, nothing or numbers are symbols like any other."""
    assert load(tmp_path, f"symbols: [{{symbol: {ticker}, qty: 1}}]").symbols[0].symbol == ticker


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("10", "10"),
        ("+3", "3"),
        ("0.1", "0.1"),
        ("10.50", "10.5"),
        ("1e3", "1000"),
        ("010", "10"),
        (".5", "0.5"),
        ("123456789012.123456789", "123456789012.123456789"),
    ],
)
def test_a_quantity_is_exact(tmp_path: Path, text: str, quantity: str) -> None:
    """The number that is written is the number that is held, never a neighbour of it in binary."""
    assert f"{load(tmp_path, f'symbols: [{{symbol: A, qty: {text}}}]').symbols[0].quantity:f}" == quantity


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "must be larger than 0, not '0'"),
        ("-1", "must be larger than 0, not '-1'"),
        ("0.0000000001", "must have at most 9 decimals, not '0.0000000001'"),
        ("0.12345678900000000000000000001", "is too long or too large a number: '0.12345678900000000000000000001'"),
        ("0.1234567891", "must have at most 9 decimals, not '0.1234567891'"),
        (".nan", "must be a finite number, not '.nan'"),
        (".inf", "must be a finite number, not '.inf'"),
        ("-.Inf", "must be a finite number, not '-.Inf'"),
        ("1e999", "is too long or too large a number: '1e999'"),
        ("9:30", "must be a number such as 10 or 0.5, not '9:30'"),
        ("1_000", "must be a number such as 10 or 0.5, not '1_000'"),
        ("0x10", "must be a number such as 10 or 0.5, not '0x10'"),
        ("2024-01-02", "must be a number such as 10 or 0.5, not '2024-01-02'"),
        ("ten", "must be a number such as 10 or 0.5, not 'ten'"),
        ("true", "must be a number such as 10 or 0.5, not 'true'"),
        ("'10'", "must be a number without quotes, not '10'"),
        ("", "needs a value"),
        ("[10]", "must be a single value"),
        ("{a: 1}", "must be a single value"),
        ("1" * 29, f"is too long or too large a number: '{'1' * 29}'"),
    ],
)
def test_a_quantity_that_is_none_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """Zero, negative, not finite, not a number, or quoted: refused at its place."""
    assert problems(tmp_path, f"symbols:\n  - symbol: AAPL\n    qty: {text}\n") == [
        f"3:{10 if text else 9}: symbols[0].qty: {message}"
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("aapl", "'aapl' is not a symbol; did you mean 'AAPL'?"),
        ("../../etc/passwd", "'../../etc/passwd' is not a symbol: write it as"),
        ("../orders", "'../orders' is not a symbol"),
        ("a/b/c", "'a/b/c' is not a symbol"),
        ("''", "needs a value"),
        ("X" * 300, "is not a symbol"),
        ("🚀", "is not a symbol"),
        ("'AAPL\\0'", "is not a symbol"),
        ("AAPL ~", "is not a symbol"),
    ],
)
def test_a_name_outside_the_grammar_is_refused(tmp_path: Path, name: str, message: str) -> None:
    """A symbol names a file and a URL, so nothing but the grammar gets through."""
    (problem,) = problems(tmp_path, f"symbols:\n  - symbol: {name}\n    qty: 1\n")
    assert problem.startswith("2:13: symbols[0].symbol: ")
    assert message in problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("brokr: sim\n" + AAPL, "1:1: brokr: unknown key; did you mean 'broker'?"),
        ("zebra: 1\n" + AAPL, "1:1: zebra: unknown key; known keys: broker, bot, sim,"),
        ("sim: {sead: 1}\n" + AAPL, "1:7: sim.sead: unknown key; did you mean 'seed'?"),
        ("defaults: {quantity: 1}\n" + AAPL, "1:12: defaults.quantity: unknown key; did you mean 'qty'?"),
        ("symbols: [{symbol: A, quantity: 1, qty: 1}]", "symbols[0].quantity: unknown key; did you mean 'qty'?"),
        ("symbols: [{ticker: A, symbol: A, qty: 1}]", "symbols[0].ticker: unknown key; did you mean 'symbol'?"),
        ("symbols: [{symbol: A}]", "1:11: symbols[0].qty: is missing; write it here or under defaults"),
        ("symbols: [{qty: 1}]", "1:11: symbols[0].symbol: is missing"),
        ("symbols: [AAPL]", "1:11: symbols[0]: needs keys below it, e.g. '- symbol: AAPL'"),
        ("symbols: {AAPL: {qty: 1}}", "1:10: symbols: must be a list: write one '- symbol: AAPL' per line"),
        ("symbols: []", "1:10: symbols: is empty; list at least one"),
        ("symbols:", "1:9: symbols: is empty; list at least one"),
        ("symbols: AAPL", "1:10: symbols: must be a list"),
        ("broker: sim", "1:1: symbols: is missing"),
        ("broker: papr\n" + AAPL, "1:9: broker: must be one of sim, paper, live, not 'papr'; did you mean 'paper'?"),
        ("bot: TooLong\n" + AAPL, "1:6: bot: must be 1 to 6 lower-case letters or digits, not 'TooLong'"),
        ("sim: 5\n" + AAPL, "1:6: sim: needs keys below it, e.g. 'url: ...'"),
        ("sim: {seed: 1.5}\n" + AAPL, "1:13: sim.seed: must be a whole number, 0 or more, not '1.5'"),
        ("sim: {seed: -1}\n" + AAPL, "sim.seed: must be a whole number"),
        ("sim: {bad_day: worst}\n" + AAPL, "sim.bad_day: must be a"),
        ("sim: {speed: fast}\n" + AAPL, "sim.speed: must be a number such as 10 or 0.5, not 'fast'; or write max"),
        ("sim: {speed: 0}\n" + AAPL, "sim.speed: must be larger than 0, not '0'; or write max"),
        ("sim: {cash: -5}\n" + AAPL, "sim.cash: must be larger than 0, not '-5'"),
        ("sim: {cash: 0.001}\n" + AAPL, "sim.cash: must have at most 2 decimals, not '0.001'"),
        ("sim: {bars: nowhere}\n" + AAPL, "1:13: sim.bars: there is no folder "),
        ("sim: {universe: [IBM, ibm]}\n" + AAPL, "1:23: sim.universe[1]: 'ibm' is not a symbol; did you mean 'IBM'?"),
        ("sim: {hours: night}\n" + AAPL, "sim.hours: must be one of regular, extended, always, not 'night'"),
        ("sim: {universe: IBM}\n" + AAPL, "sim.universe: must be a list"),
        ("sim: {url: 'ftp://x'}\n" + AAPL, "sim.url: must be an http URL of host and port"),
        ("sim: {url: 'http://x/path'}\n" + AAPL, "sim.url: must be an http URL of host and port"),
        ("sim: {url: 'http://[::1'}\n" + AAPL, "sim.url: "),
        ("sim: {url: 'http://x:99999'}\n" + AAPL, "sim.url: must be an http URL of host and port"),
        ("paper: {url: 'http://example.com'}\n" + AAPL, "paper.url: must be an http URL of this machine"),
        ("paper: {url: 'https://127.0.0.1'}\n" + AAPL, "paper.url: must be an http URL of this machine"),
        ("data: {feed: otc}\n" + AAPL, "data.feed: must be one of iex, sip, not 'otc'"),
        ("reconcile_every: 5\n" + AAPL, "reconcile_every: must be at least 10 seconds, not 5"),
        ("defaults: {timeframe: 1min}\n" + AAPL, "defaults.timeframe: must be one of 1Min, 5Min"),
        ("defaults: {direction: short}\n" + AAPL, "defaults.direction: must be one of long, both, not 'short'"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    """Each mistake is one problem, with line, column, path and what to write instead."""
    (problem,) = problems(tmp_path, text)
    assert expected in problem


def test_a_symbol_listed_twice_names_both_lines(tmp_path: Path) -> None:
    """Two entries of one asset are refused, also when Alpaca's two spellings of a pair hide it."""
    text = "symbols:\n  - {symbol: AAPL, qty: 1}\n  - {symbol: BTCUSD, qty: 1}\n  - {symbol: AAPL, qty: 2}\n"
    twice = problems(tmp_path, text + "  - {symbol: BTC/USD, qty: 2}\n")
    assert twice[0] == "4:14: symbols[2].symbol: AAPL is listed twice: on line 2, and here; remove one"
    assert "BTC/USD is listed twice: on line 3 as BTCUSD, which is the same asset" in twice[1]


def test_a_name_too_long_for_an_order_id_is_refused(tmp_path: Path) -> None:
    """A symbol whose order ids could pass 48 characters is refused at load, not at its first order."""
    (problem,) = problems(tmp_path, "bot: abcdef\nsymbols: [{symbol: ABCDEFGHIJ.ABCD/ABCDE, qty: 1}]")
    assert "do not fit into an order id; shorten 'bot'" in problem


def test_all_problems_are_told_at_once_in_the_files_order(tmp_path: Path) -> None:
    """Model, strategy and cross-entry mistakes appear in one report, from top to bottom."""
    text = """\
broker: simm
defaults: {strategy: nope}
symbols:
  - {symbol: AAPL, qty: 0}
  - {symbol: AAPL, qty: 1, strategy: {name: sma_cross, fast: 99}}
  - {symbol: msft, qyt: 1}
"""
    found = problems(tmp_path, text)
    assert [each.split(":")[0] for each in found] == ["1", "2", "4", "5", "5", "6", "6", "6"]


def test_a_problem_shows_the_line_and_a_caret(tmp_path: Path) -> None:
    """A problem prints file, line, column, path, sentence, the line itself, and a caret under the place."""
    path = tmp_path / "config.yaml"
    path.write_text("symbols:\n  - symbol: AAPL\n    qty: 5\n    quantity: 5\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == (
        f"{path}:4:5: symbols[0].quantity: unknown key; did you mean 'qty'?\n      quantity: 5\n      ^"
    )


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path without a file, or with a folder, says what it tried to read."""
    with pytest.raises(ConfigError, match=r"gone\.yaml: cannot be read: No such file"):
        load_config(tmp_path / "gone.yaml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(tmp_path)


def test_the_digest_is_of_the_files_bytes(tmp_path: Path) -> None:
    """The config carries the SHA-256 of what was read, and its absolute path."""
    config = load(tmp_path, AAPL)
    assert config.digest == hashlib.sha256(AAPL.encode()).hexdigest()
    assert config.path == tmp_path / "config.yaml"
    assert config.folder == tmp_path


def test_a_relative_path_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--config config.yaml` resolves beside the file in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(AAPL, encoding="utf-8")
    assert load_config(Path("config.yaml")).path == tmp_path / "config.yaml"


def test_the_environment_cannot_change_trading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables named like settings are not read."""
    for name in ("BROKER", "broker", "SYMBOLS", "HOLDFAST_BROKER", "BOT"):
        monkeypatch.setenv(name, "live")
    config = load(tmp_path, AAPL)
    assert (config.broker, config.bot) == ("sim", "main")


@pytest.mark.parametrize(
    "text",
    [
        "broker: live\n" + AAPL,
        "defaults: {timeframe: 5Min}\n" + AAPL,
        "defaults: {on_remove: close}\n" + AAPL,
    ],
)
def test_what_this_version_cannot_do_is_refused_at_the_start(tmp_path: Path, text: str) -> None:
    """A valid file may ask for what is not built yet: a start that must not happen, exit code 2."""
    config = load(tmp_path, text)
    with pytest.raises(UsageError, match="not enabled in this version") as caught:
        refuse_unbuilt(config)
    assert caught.value.exit_code == 2
    refuse_unbuilt(load(tmp_path, AAPL))
    refuse_unbuilt(load(tmp_path, "defaults: {direction: both}\n" + AAPL))
    refuse_unbuilt(load(tmp_path, "symbols: [{symbol: BTC/USD, qty: 0.01}]\n"))
