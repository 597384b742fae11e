"""(e) Symbol names: what the grammar refuses reaches no file and no request; what it takes stays in the folder."""

from dataclasses import replace
from pathlib import Path
from random import Random

from builders import an_intent
from campaigns.fuzz.targets import must
from holdfast.adapters.alpaca.broker import _market_order
from holdfast.adapters.state_folder import StateFolder
from holdfast.domain.errors import Rejected
from holdfast.domain.order import Side
from holdfast.domain.order_id import order_id, parse_order_id
from holdfast.domain.symbols import parse_symbol, symbol_of_stem

ROOT = Path("/somewhere/state")
NAMES = [
    "AAPL", "BRK.B", "BTC/USD", "BTCUSD", "aapl", "", ".", "..", "/", "../../etc/passwd", "../orders", "a/b/c",
    "A/B/C",
    "A" * 10, "A" * 11, "A" * 300, "AAPL\n", "AAPL\0", " AAPL", "AAPL ", "\uff21\uff21PL", "AAPL/../X", "AAPL?x=1",
    "AAPL#", "%2e%2e",
    "😀", "CON", "NUL.TXT", "A.B.C", "A-B", "-", "--help", "$HOME", "`id`", "AAPL;ls", "\u0661", "ß", "İ", "BTC/USD/",
]  # fmt: skip
PIECES = [
    "A",
    "Z",
    "0",
    "9",
    ".",
    "/",
    "..",
    "-",
    "\\",
    "\n",
    "\0",
    "%",
    "?",
    "#",
    " ",
    "é",
    "\uff21",
    "USD",
    "BTC",
    "\u0663",
    "a",
]


class SymbolNames:
    """Names that want out of the folder."""

    name = "symbol name"
    share = 2

    def __init__(self) -> None:
        self.tried: object = None
        self._folder = StateFolder(ROOT)

    def attempt(self, dice: Random) -> str:
        """Make a name up and use it wherever a name is used."""
        made_up = "".join(dice.choices(PIECES, k=dice.randint(0, 6)))
        name = dice.choice([made_up, dice.choice(NAMES)])
        self.tried = name
        try:
            parse_symbol(name)
        except ValueError:
            self._refused(name)
            return "refused"
        self._taken(name)
        return "taken"

    def _refused(self, name: str) -> None:
        files = (self._folder.state_file, self._folder.backup_file, self._folder.journal_file)
        for build in (*files, lambda one: order_id("main", one, "1m20261120T2059", Side.BUY)):
            try:
                built = build(name)
            except ValueError:
                continue
            must(None, f"a refused name is built into {built!r:.80}")
        try:
            _market_order(replace(an_intent(), symbol=name))
        except Rejected:
            return
        must(None, "a refused name is built into an order")

    def _taken(self, name: str) -> None:
        folder = self._folder
        must(folder.state_file(name).parent == ROOT, "a state file outside its folder")
        must(folder.state_file(name).resolve().parent == ROOT, "a state file that resolves to somewhere else")
        for path in (folder.backup_file(name), folder.journal_file(name)):
            must(path.resolve().parent.parent == folder.private, "a private file outside its folder")
        must(symbol_of_stem(folder.state_file(name).stem) == name, "two symbols share a file")
        parts = parse_order_id(order_id("main", name, "1m20261120T2059", Side.BUY))
        must(parts is not None and parts.symbol == name, "an order id does not say its symbol")
        must(_market_order(replace(an_intent(), symbol=name)).symbol == name, "an order of another symbol")

    def close(self) -> None:
        """Nothing is open."""
