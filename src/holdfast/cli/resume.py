"""`holdfast resume SYMBOL`: a person has looked; the symbol may trade again."""

import typer

from holdfast.cli.options import CONFIG, ConfigOption, StateDirOption, state_root
from holdfast.cli.why import SymbolArgument


def resume(symbol: SymbolArgument, *, config: ConfigOption = CONFIG, state_dir: StateDirOption = None) -> None:
    """Make a halted, quarantined or paused symbol active again and re-arm its entries; the bot must be stopped."""
    from holdfast.adapters.state_folder import StateFolder
    from holdfast.bootstrap.resume import resume_symbol

    folder = StateFolder(state_root(config, state_dir)).lock()
    try:
        was = resume_symbol(folder, symbol)
    finally:
        folder.unlock()
    typer.echo(f"{symbol}: was {was}, is active; the next holdfast run trades it")
