"""`holdfast drill`: what a restart would do now, tried on a copy against the live account, which is only read."""

import json
from typing import TYPE_CHECKING

import typer

from holdfast.cli.options import CONFIG, SCHEMA_VERSION, ConfigOption, JsonOption, ReplayedOption, StateDirOption

if TYPE_CHECKING:
    from holdfast.bootstrap.drill import Drill


def drill(
    *,
    config: ConfigOption = CONFIG,
    state_dir: StateDirOption = None,
    bars: ReplayedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rehearse a restart: nothing is written, nothing is sent, and a running bot is not disturbed.

    Exit 0 if every symbol would start clean, corrections included; 1 if one would wait, stand halted or fail.
    """
    import asyncio

    from holdfast.bootstrap.drill import drill_once
    from holdfast.bootstrap.opening import Options, read_config

    options = Options(config, state_dir, bars)
    done = asyncio.run(drill_once(read_config(options), options))
    if as_json:
        _print_json(done)
    else:
        _print(done)
    if not done.rehearsal.is_clean:
        raise typer.Exit(1)


def _print_json(done: "Drill") -> None:
    from holdfast.engine.verdict import as_data

    bot = {"running": done.running is not None, "pid": done.running}
    data = {"schema_version": SCHEMA_VERSION, "bot": bot, **as_data(done.rehearsal), "warnings": list(done.warnings)}
    typer.echo(json.dumps(data, indent=2))


def _print(done: "Drill") -> None:
    from holdfast.cli.tables import draw_sections, is_terminal
    from holdfast.engine.verdict import ending, lines, sections

    if is_terminal():
        draw_sections(sections(done.rehearsal))
    else:
        typer.echo("\n".join(lines(done.rehearsal)))
    for warning in done.warnings:
        typer.echo(f"warning: {warning}")
    if done.running is not None:
        typer.echo(f"the bot (process {done.running}) runs on; what it does from now on is not in here")
    typer.echo("\n".join(ending(done.rehearsal)))
