"""The rules that hold between entries: one entry per asset, a quantity for each, order ids that fit."""

from holdfast.config.scalars import symbol_of
from holdfast.config.tree import Faults, Listing, Mapping, Node, Scalar, child, items_of
from holdfast.domain.order_id import BOT_NAME, longest_order_id
from holdfast.domain.symbols import asset_key

_DEFAULT_BOT = "main"


def check_symbols(root: Mapping, faults: Faults) -> None:
    """Add every fault that only shows when the entries are seen together.

    Entries that are wrong in themselves are left to the model.
    """
    listed = child(root, "symbols")
    if _is_empty(listed) and listed is not None:
        faults.add(listed.mark, "is empty; list at least one, e.g. '- symbol: AAPL' with 'qty: 10'", "symbols")
    has_default = child(child(root, "defaults"), "qty") is not None
    seen: dict[str, Scalar] = {}
    for index, item in enumerate(items_of(listed)):
        where = f"symbols[{index}]"
        if isinstance(item, Mapping) and not has_default and child(item, "qty") is None:
            faults.add(item.mark, "is missing; write it here or under defaults", f"{where}.qty")
        symbol = child(item, "symbol")
        if isinstance(symbol, Scalar) and _is_symbol(symbol):
            _check_symbol(symbol, f"{where}.symbol", _bot(root), seen, faults)


def _check_symbol(symbol: Scalar, where: str, bot: str, seen: dict[str, Scalar], faults: Faults) -> None:
    """Add a fault for a second entry of the same asset, and for a name too long for an order id."""
    first = seen.setdefault(asset_key(symbol.text), symbol)
    if first is not symbol:
        also = "" if first.text == symbol.text else f" as {first.text}, which is the same asset"
        message = f"{symbol.text} is listed twice: on line {first.mark.line}{also}, and here; remove one"
        faults.add(symbol.mark, message, where)
    try:
        longest_order_id(bot, symbol.text)
    except ValueError:
        message = f"{symbol.text} and the bot's name {bot!r} do not fit into an order id; shorten 'bot'"
        faults.add(symbol.mark, message, where)


def _bot(root: Mapping) -> str:
    """Return the bot's name, or the built-in one while the file's own is wrong."""
    bot = child(root, "bot")
    return bot.text if isinstance(bot, Scalar) and BOT_NAME.fullmatch(bot.text) else _DEFAULT_BOT


def _is_symbol(node: Scalar) -> bool:
    try:
        symbol_of(node)
    except ValueError:
        return False
    return True


def _is_empty(node: Node | None) -> bool:
    return (isinstance(node, Listing) and not node.items) or (isinstance(node, Scalar) and node.is_empty)
