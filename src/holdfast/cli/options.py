"""Options that several commands share, each with its one environment twin."""

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", envvar="HOLDFAST_CONFIG", help="The config file; paths resolve beside it.")
]
StateDirOption = Annotated[
    Path | None,
    typer.Option("--state-dir", envvar="HOLDFAST_STATE_DIR", help="The state folder; default: state beside config."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON; money and quantities are strings.")]
ReplayedOption = Annotated[Path | None, typer.Option("--bars", help="The folder that holdfast run --bars replays.")]
CONFIG = Path("config.yaml")
SCHEMA_VERSION = 1


def state_root(config: Path, state_dir: Path | None) -> Path:
    """Return the state folder without reading config: commands that only read files must start at once."""
    return (state_dir or config.parent / "state").absolute()
