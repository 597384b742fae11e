"""`holdfast why SYMBOL`: the last decision with its reason, and what stands in the way of the next one."""

from typing import Annotated, Any

import typer

from holdfast.cli.options import CONFIG, ConfigOption, StateDirOption, state_root

SymbolArgument = Annotated[str, typer.Argument(help="The symbol, e.g. AAPL.")]


def why(symbol: SymbolArgument, *, config: ConfigOption = CONFIG, state_dir: StateDirOption = None) -> None:
    """Say why a symbol did what it did last, and why it may not trade now."""
    from holdfast.adapters.state_folder import StateFolder
    from holdfast.cli.state_reading import read_symbols
    from holdfast.domain.errors import UsageError

    symbols = read_symbols(StateFolder(state_root(config, state_dir)))
    if symbol not in symbols:
        known = ", ".join(symbols) or "none; type holdfast run first"
        raise UsageError(f"there is no state of {symbol}; known: {known}")
    typer.echo("\n".join(_lines(symbol, symbols[symbol])))


def _lines(symbol: str, state: dict[str, Any]) -> list[str]:
    reason = state.get("status_reason")
    lines = [f"{symbol} is {state.get('status')}" + (f": {reason}" if reason else "")]
    if state.get("waiting"):
        lines.append(f"waits {state['waiting']['seconds_left']} s more at the most")
    last = state.get("last_decision")
    if last:
        lines += [
            f"last decision: {last['action']}: {last['why']}",
            f"taken at {last['at']} on the bar of {last['bar']}, signal {last['signal']}",
        ]
    else:
        lines.append("no decision yet: no bar has come since its state began")
    lines += [_order(order) for order in state.get("orders", [])[-3:]]
    correction = state.get("last_correction")
    if correction:
        was, now = correction["was"], correction["is"]
        lines.append(f"last correction: {correction['field']} was {was}, is {now}: {correction['why']}")
    return lines


def _order(order: dict[str, Any]) -> str:
    filled = f", filled {order['filled_quantity']}"
    if order["filled_average_price"]:
        filled += f" at {order['filled_average_price']}"
    reason = f": {order['reason']}" if order["reason"] else ""
    return f"order {order['client_order_id']}: {order['side']} {order['quantity']} {order['status']}{filled}{reason}"
