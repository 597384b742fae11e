"""`holdfast state`: one symbol's memory for people: what it says now, what each save changed, and whether it is whole.

Every command reads only; a bot may be running.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.options import CONFIG, SCHEMA_VERSION, ConfigOption, JsonOption, StateDirOption, state_root
from holdfast.cli.state_words import differences, file_rows, history_of, order_rows

if TYPE_CHECKING:
    from holdfast.adapters.state_check import Check
    from holdfast.adapters.state_folder import StateFolder

HELP = """One symbol's memory: what it says, what each save changed, whether it is whole. Reads only."""
state = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None)

SymbolArgument = Annotated[str, typer.Argument(help="The symbol, e.g. AAPL.")]
AllArgument = Annotated[str | None, typer.Argument(help="The symbol, e.g. AAPL; without it, all of them.")]
CountOption = Annotated[int, typer.Option("-n", min=1, help="How many saves, the newest.")]
FromArgument = Annotated[int | None, typer.Argument(metavar="[FROM]", help="The number of a save.")]
ToArgument = Annotated[int | None, typer.Argument(metavar="[TO]", help="Another; without it, the file.")]


def _folder(config: Path, state_dir: Path | None) -> "StateFolder":
    from holdfast.adapters.state_folder import StateFolder

    return StateFolder(state_root(config, state_dir))


@state.command()
def show(
    symbol: SymbolArgument,
    *,
    config: ConfigOption = CONFIG,
    state_dir: StateDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the state file says, with its orders."""
    from holdfast.cli.state_reading import read_one

    folder = _folder(config, state_dir)
    document = read_one(folder, symbol)
    if as_json:
        typer.echo(json.dumps({"schema_version": SCHEMA_VERSION, "state": document}, indent=2))
        return
    _table(str(folder.state_file(symbol)), ("field", "value"), file_rows(document))
    columns = ("order", "role", "side", "quantity", "status", "filled", "price", "reason")
    if document.get("orders"):
        _table("orders", columns, order_rows(document["orders"]))


@state.command()
def diff(
    symbol: SymbolArgument,
    first: FromArgument = None,
    second: ToArgument = None,
    *,
    config: ConfigOption = CONFIG,
    state_dir: StateDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what changed between two saves; without numbers, between the last backup and the file."""
    from holdfast.cli.state_reading import read_one, version_numbered

    folder = _folder(config, state_dir)
    was = version_numbered(folder, symbol, first) if first is not None else read_one(folder, symbol, is_backup=True)
    now = version_numbered(folder, symbol, second) if second is not None else read_one(folder, symbol)
    found = differences(was, now)
    if as_json:
        rows = [{"field": field, "was": old, "is": new} for field, old, new in found]
        said = {"symbol": symbol, "from": was["sequence"], "to": now["sequence"], "changes": rows}
        typer.echo(json.dumps({"schema_version": SCHEMA_VERSION, **said}, indent=2))
        return
    title = f"{symbol}: from save {was['sequence']} ({was['saved_at']}) to save {now['sequence']} ({now['saved_at']})"
    _table(title, ("field", "was", "is"), [(field, _shown(old), _shown(new)) for field, old, new in found])


@state.command()
def history(
    symbol: SymbolArgument,
    *,
    number: CountOption = 20,
    config: ConfigOption = CONFIG,
    state_dir: StateDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the saves in the journal, the newest last: what each changed, and why."""
    from holdfast.adapters.journal_lines import versions
    from holdfast.cli.state_reading import journal_of

    rows = list(history_of(versions(journal_of(_folder(config, state_dir), symbol))))[-number:]
    if as_json:
        typer.echo(json.dumps({"schema_version": SCHEMA_VERSION, "symbol": symbol, "saves": rows}, indent=2))
        return
    cells = [(str(row["sequence"]), row["at"] or "", row["what"], row["why"] or "") for row in rows]
    _table(f"{symbol}: {len(rows)} saves", ("save", "at", "what changed", "why"), cells)


@state.command()
def verify(
    symbol: AllArgument = None,
    *,
    config: ConfigOption = CONFIG,
    state_dir: StateDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that file, backup, journal and account agree; exit 1 with what was found and what to type next."""
    from holdfast.adapters.state_check import check_state
    from holdfast.cli.state_reading import known_or_refused

    folder = _folder(config, state_dir)
    symbols = [known_or_refused(folder, symbol)] if symbol is not None else folder.remembered()
    checks = [check_state(folder, one) for one in symbols]
    if as_json:
        typer.echo(json.dumps({"schema_version": SCHEMA_VERSION, "checks": [asdict(one) for one in checks]}, indent=2))
    else:
        _say(folder, checks)
    if any(one.findings for one in checks):
        raise typer.Exit(1)


def _say(folder: "StateFolder", checks: "list[Check]") -> None:
    for check in checks:
        saves = f"file {check.file or 'none'}, backup {check.backup or 'none'}, journal {check.journal or 'none'}"
        typer.echo(f"{check.symbol}: {'not whole' if check.findings else 'whole'} ({saves})")
        for finding in check.findings:
            typer.echo(f"  {finding.what}\n    next: {finding.then}")
        for note in check.notes:
            typer.echo(f"  {note}")
    if not checks:
        typer.echo(f"{folder.root} holds no state yet: type holdfast run", err=True)


def _shown(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table: drawn on a terminal, tab-separated lines elsewhere."""
    if not sys.stdout.isatty():
        typer.echo("\n".join("\t".join(row) for row in (columns, *rows)))
        return
    from holdfast.cli.tables import draw

    draw(title, columns, rows)
