"""`holdfast run`: reconcile, then trade until the market ends or Ctrl-C."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from holdfast.cli.options import CONFIG, ConfigOption, StateDirOption


def run(
    *,
    config: ConfigOption = CONFIG,
    state_dir: StateDirOption = None,
    bars: Annotated[Path | None, typer.Option(help="Replay a folder of CSV files, one per symbol.")] = None,
    speed: Annotated[
        str | None, typer.Option(help="Simulated seconds in a real one, or max: as fast as the bot keeps up.")
    ] = None,
    new_account: Annotated[
        bool,
        typer.Option("--new-account", help="Start over: new simulated account, fresh state."),
    ] = False,
    archive_state: Annotated[
        bool, typer.Option("--archive-state", help="Move the memory of another account away and start fresh.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Trade config.yaml: reconcile every state file with the broker first, then one worker per symbol.

    \b
    holdfast run
    holdfast run --bars my_prices --speed max
    holdfast run --new-account
    """  # noqa: D301 - click's mark for lines that are not wrapped
    import asyncio
    import signal
    import sys

    # Until the bot listens itself: there is nothing to save yet.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))

    from holdfast.bootstrap.opening import Options, read_config
    from holdfast.bootstrap.run import run_bot
    from holdfast.cli.run_view import view_for_terminal

    options = Options(config, state_dir, bars, _speed(speed), new_account=new_account, archive_state=archive_state)
    loaded = read_config(options)
    asyncio.run(run_bot(loaded, options, view_for_terminal(verbose=verbose)))


def _speed(text: str | None) -> float | Literal["max"] | None:
    if text is None:
        return None
    if text == "max":
        return "max"
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise typer.BadParameter(f"{text!r} is neither a number above zero nor max", param_hint="--speed")
    return speed
