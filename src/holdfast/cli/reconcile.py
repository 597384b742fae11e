"""`holdfast reconcile`: compare every state file with the broker now, without trading."""

import json
from typing import Annotated

import typer

from holdfast.cli.options import CONFIG, SCHEMA_VERSION, ConfigOption, JsonOption, ReplayedOption, StateDirOption

DryOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be corrected; write nothing.")]


def reconcile(
    *,
    config: ConfigOption = CONFIG,
    state_dir: StateDirOption = None,
    bars: ReplayedOption = None,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
) -> None:
    """Correct every state file from the broker; exit 1 if something could not be explained. The bot must be stopped.

    What was found is also kept as a page in state/.holdfast/reports/.
    """
    import asyncio

    from holdfast.adapters.log import start_logging
    from holdfast.bootstrap.opening import Options, read_config
    from holdfast.bootstrap.reconcile import reconcile_once
    from holdfast.cli.tables import draw_sections, is_terminal
    from holdfast.engine.findings import as_data, footer, lines, sections

    start_logging(is_told=True)
    options = Options(config, state_dir, bars, is_dry=dry_run, compares_only=True)
    found = asyncio.run(reconcile_once(read_config(options), options))
    if as_json:
        typer.echo(json.dumps({"schema_version": SCHEMA_VERSION, **as_data(found)}, indent=2))
    elif is_terminal():
        draw_sections(sections(found, is_dry=dry_run))
        typer.echo(footer(found))
    else:
        typer.echo("\n".join(lines(found, is_dry=dry_run)))
    if found.unexplained:
        raise typer.Exit(1)
