"""`holdfast reconcile`: compare every state file with the broker now, without trading."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.options import CONFIG, SCHEMA_VERSION, ConfigOption, JsonOption, StateDirOption

if TYPE_CHECKING:
    from holdfast.engine.reconciler import Report

DryOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be corrected; write nothing.")]


def reconcile(
    *,
    config: ConfigOption = CONFIG,
    state_dir: StateDirOption = None,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
) -> None:
    """Correct every state file from the broker; exit 1 if something could not be explained. The bot must be stopped."""
    import asyncio

    from holdfast.adapters.log import start_logging
    from holdfast.bootstrap.opening import Options, read_config
    from holdfast.bootstrap.reconcile import reconcile_once

    start_logging()
    options = Options(config, state_dir, is_dry=dry_run)
    report = asyncio.run(reconcile_once(read_config(options), options))
    if as_json:
        typer.echo(json.dumps(_as_data(report), indent=2))
    else:
        _print(report, is_dry=dry_run)
    if report.discrepancies or report.failed:
        raise typer.Exit(1)


def _as_data(report: "Report") -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "corrections": [
            {"symbol": symbol, "field": one.field, "was": one.was, "is": one.now, "why": one.why}
            for symbol, one in report.corrections
        ],
        "discrepancies": [
            {"symbol": symbol, "why": why} for symbol, why in sorted({**report.discrepancies, **report.failed}.items())
        ],
        "unmanaged": [{"symbol": position.symbol, "quantity": str(position.quantity)} for position in report.unmanaged],
        "broker_calls": report.calls,
    }


def _print(report: "Report", *, is_dry: bool) -> None:
    verb = "would correct" if is_dry else "corrected"
    for symbol, one in report.corrections:
        typer.echo(f"{symbol}: {verb} {one.field}: was {one.was}, is {one.now}: {one.why}")
    for symbol, why in sorted({**report.discrepancies, **report.failed}.items()):
        typer.echo(f"{symbol}: not explained: {why}")
    for position in report.unmanaged:
        typer.echo(f"{position.symbol}: {position.quantity} in the account and not in config.yaml: left alone")
    typer.echo(report.summary)
