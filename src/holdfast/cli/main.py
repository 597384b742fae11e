"""`holdfast`: the command line. Every error ends with what to type next; the exit codes stand in `--help`."""

import sys

import typer

from holdfast.cli.check import check
from holdfast.cli.drill import drill
from holdfast.cli.reconcile import reconcile
from holdfast.cli.resume import resume
from holdfast.cli.run import run
from holdfast.cli.simulate import simulate
from holdfast.cli.state import state
from holdfast.cli.status import status
from holdfast.cli.why import why
from holdfast.domain.errors import Fatal, HoldfastError

HELP = """A portfolio bot for Alpaca that remembers what it owns.

\b
holdfast run         trade config.yaml; on the simulator inside, no keys needed
holdfast status      what each symbol holds, wants and waits for
holdfast why AAPL    the last decision and its reason
holdfast drill       what a restart would do now, without doing it
holdfast state       one symbol's memory: show, diff, history, verify

Exit codes: 0 done or stopped cleanly, 1 failed or findings, 2 usage or invalid config, 3 a symbol is halted or
quarantined, 4 credentials missing or refused, 5 another instance holds the state folder, 130 second Ctrl-C.
With --debug an error shows its traceback.
"""

app = typer.Typer(
    help=HELP, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None, add_completion=True
)
for command in (run, check, status, why, drill, reconcile, resume, simulate):
    app.command()(command)
app.add_typer(state, name="state")


def main() -> None:
    """Run the command line; a Holdfast error becomes one message and its exit code, never a traceback."""
    is_debug = "--debug" in sys.argv
    if is_debug:
        sys.argv.remove("--debug")
    try:
        app()
    except HoldfastError as error:
        if is_debug:
            raise
        typer.echo(f"holdfast: {error}", err=True)
        sys.exit(error.exit_code if isinstance(error, Fatal) else 1)


if __name__ == "__main__":
    main()
