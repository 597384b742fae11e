"""`holdfast check`: is config.yaml valid? Offline; loads users' strategies, touches neither state nor broker."""

from typing import TYPE_CHECKING, Any

import typer

from holdfast.cli.options import CONFIG, SCHEMA_VERSION, ConfigOption, JsonOption

if TYPE_CHECKING:
    from holdfast.config.load import Config, SymbolConfig
    from holdfast.config.problems import ConfigError

_COLUMNS = ("symbol", "qty", "timeframe", "direction", "on_remove", "on_external_change", "strategy")
_ON_TERMINAL = ("symbol", "qty", "timeframe", "strategy", "direction")  # what fits into 80 columns


def check(config: ConfigOption = CONFIG, *, as_json: JsonOption = False) -> None:
    """Check config.yaml and the strategies it names; exit 1 with every problem at once if it is not valid."""
    from holdfast.adapters.user_strategy import load_user_strategy
    from holdfast.config.load import load_config, refuse_unbuilt
    from holdfast.config.problems import ConfigError
    from holdfast.domain.errors import UsageError

    try:
        loaded = load_config(config, load_user_strategy)
    except ConfigError as error:
        _report_problems(error, as_json=as_json)
        raise typer.Exit(1) from None
    try:
        refuse_unbuilt(loaded)
    except UsageError as error:
        typer.echo(f"{error}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        _print_json(_as_data(loaded))
    else:
        count = len(loaded.symbols)
        typer.echo(f"{config} is valid: {count} symbol{'s' * (count != 1)}, broker {loaded.broker}, bot {loaded.bot}")
        _print_table([_row(symbol) for symbol in loaded.symbols])


def _report_problems(error: "ConfigError", *, as_json: bool) -> None:
    """Print the problems for a person on stderr, or as data on stdout."""
    if not as_json:
        count = len(error.problems)
        typer.echo(f"{error}\n{count} problem{'s' * (count != 1)}; nothing was started", err=True)
        return
    keys = ("file", "line", "column", "where", "message")
    problems = [{key: getattr(problem, key) for key in keys} for problem in error.problems]
    _print_json({"schema_version": SCHEMA_VERSION, "valid": False, "problems": problems})


def _as_data(config: "Config") -> dict[str, Any]:
    """Return the resolved config as JSON can hold it; numbers that are money or shares as strings."""
    return {
        "schema_version": SCHEMA_VERSION,
        "valid": True,
        "config": str(config.path),
        "broker": config.broker,
        "bot": config.bot,
        "symbols": [dict(zip(_COLUMNS, _row(symbol), strict=True)) for symbol in config.symbols],
    }


def _row(symbol: "SymbolConfig") -> tuple[str, ...]:
    """Return one symbol's settings, in the order of the columns."""
    return (
        symbol.symbol,
        f"{symbol.quantity:f}",
        symbol.timeframe.name,
        symbol.direction,
        symbol.on_remove,
        symbol.on_external_change,
        symbol.strategy.label,
    )


def _print_table(rows: list[tuple[str, ...]]) -> None:
    """Print a table on a terminal, and uncut tab-separated lines into a pipe."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        for row in (_COLUMNS, *rows):
            typer.echo("\t".join(row))
        return
    table = Table(*(Column(name, overflow="fold") for name in _ON_TERMINAL), box=SIMPLE_HEAD)
    for row in rows:
        cells = dict(zip(_COLUMNS, row, strict=True))
        table.add_row(*(Text(cells[name]) for name in _ON_TERMINAL))
    console.print(table)


def _print_json(data: dict[str, Any]) -> None:
    import json

    typer.echo(json.dumps(data, indent=2))
