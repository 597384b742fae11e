"""`holdfast status`: what each symbol holds, wants and waits for, from the files alone."""

import json
import sys
from typing import TYPE_CHECKING, Any

import typer

from holdfast.cli.options import CONFIG, SCHEMA_VERSION, ConfigOption, JsonOption, StateDirOption, state_root

if TYPE_CHECKING:
    from holdfast.adapters.state_folder import StateFolder

_COLUMNS = ("symbol", "position", "entry", "realised", "target", "status", "last decision")


def status(*, config: ConfigOption = CONFIG, state_dir: StateDirOption = None, as_json: JsonOption = False) -> None:
    """Show every symbol's state; exit 3 if one is halted, quarantined or unreadable."""
    from holdfast.adapters.state_folder import StateFolder
    from holdfast.cli.state_reading import STOPPED, read_symbols

    folder = StateFolder(state_root(config, state_dir))
    symbols = read_symbols(folder)
    bot = _bot(folder)
    if as_json:
        typer.echo(json.dumps({"schema_version": SCHEMA_VERSION, "bot": bot, "symbols": symbols}, indent=2))
    else:
        _print(folder, bot, symbols)
    if any(one.get("status") in (*STOPPED, "unreadable") for one in symbols.values()):
        raise typer.Exit(3)


def _bot(folder: "StateFolder") -> dict[str, Any]:
    pid, stamp = folder.running(), folder.stamp()
    return {
        "running": pid is not None,
        "pid": pid,
        "broker": stamp.broker if stamp else None,
        "account_id": stamp.account_id if stamp else None,
    }


def _print(folder: "StateFolder", bot: dict[str, Any], symbols: dict[str, dict[str, Any]]) -> None:
    running = f"running, process {bot['pid']}" if bot["running"] else "not running"
    head = f"{folder.root}: {running}, broker {bot['broker'] or 'none yet'}"
    rows = [_cells(symbol, one) for symbol, one in symbols.items()]
    if not sys.stdout.isatty():
        typer.echo("\n".join("\t".join(row) for row in (_COLUMNS, *rows)))
        typer.echo(head, err=True)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=head, title_justify="left")
    for name in _COLUMNS:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(highlight=False).print(table)
    if not rows:
        typer.echo("no state yet: type holdfast run")


def _cells(symbol: str, one: dict[str, Any]) -> tuple[str, ...]:
    position = one.get("position") or {}
    last = one.get("last_decision") or {}
    held = position.get("quantity", "?")
    if position.get("unmanaged_quantity", "0") != "0":
        held += f" (+{position['unmanaged_quantity']} unmanaged)"
    reason = one.get("status_reason")
    return (
        symbol,
        held,
        (position.get("average_entry_price") or "")[:10],
        (position.get("realized_pl") or "")[:10],
        one.get("target", ""),
        f"{one.get('status')}: {reason}" if reason else str(one.get("status")),
        f"{last.get('action', '')}: {last.get('why', '')}" if last else "",
    )
