"""(b) config.yaml: any bytes are a valid config or a report with places, in bounded time."""

import tempfile
from pathlib import Path
from random import Random

from campaigns.fuzz.mutators import mangled
from campaigns.fuzz.targets import must
from holdfast.config.load import Config, load_config
from holdfast.config.problems import ConfigError
from holdfast.domain.symbols import parse_symbol

FILES = [
    b"symbols: [{symbol: AAPL, qty: 10}]\n",
    b"""broker: sim                     # sim | paper | live
bot: main
sim: {seed: 7, speed: 390, cash: 100000}
defaults:
  timeframe: 1Min
  strategy: {name: sma_cross, fast: 10, slow: 30}
  direction: long
  on_remove: keep
  on_external_change: adopt
symbols:
  - symbol: AAPL
    qty: 10
  - symbol: MSFT
    qty: 5
    strategy: {name: rsi_reversion, period: 14}
""",
    b"broker: paper\nreconcile_every: 60\nsymbols:\n- {symbol: BRK.B, qty: '0.5'}\n- symbol: 'ON'\n  qty: 1_000\n",
]
LINES = [
    b"a: &a [x, x]", b"b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]", b"<<: *a",
    b"x: !!python/object/apply:os.system [id]",
    b"---", b"%YAML 1.1", b"? [a, b]", b"- - - - -", b"k: |", b"  text",
    b"symbols: [{symbol: ../../etc/passwd, qty: 1}]",
    b"bot: " + b"x" * 100, b"sim: {bars: /nowhere}", b"sim: {seed: " + b"9" * 5000 + b"}", b"  qty: 1e999999999",
    b"  qty: .inf",
    b"key: PKABCDEFGHIJKLMNOPQR", b"\t", b"symbols:", b"defaults: {strategy: nothing}",
    b"x: " + b"[" * 2000, b"- " * 3000,
    b"{" * 500, b"'" * 99, b"? " * 1000, b"symbols: " + b"[{symbol: AAPL, qty: 1}," * 400,
]  # fmt: skip
HUGE = 100 * 1024 * 1024
HUGE_ONE_IN = 500


class ConfigBytes:
    """Broken and hostile config files."""

    name = "config"
    share = 1

    def __init__(self) -> None:
        self.tried: object = None
        self._folder = tempfile.TemporaryDirectory(prefix="holdfast-fuzz-")
        self._path = Path(self._folder.name, "config.yaml")

    def attempt(self, dice: Random) -> str:
        """Break a config and load it."""
        content = self._broken(dice)
        self.tried = content
        self._path.write_bytes(content)
        if not dice.randrange(HUGE_ONE_IN):
            with self._path.open("r+b") as file:
                file.truncate(HUGE)
        try:
            config = load_config(self._path)
        except ConfigError as error:
            self._check_report(error, content)
            return "refused"
        self._check(config)
        return "loaded"

    def _broken(self, dice: Random) -> bytes:
        content = dice.choice(FILES)
        if not dice.randrange(2):
            return mangled(content, dice, [*FILES, *LINES])
        lines = content.split(b"\n")
        for _ in range(dice.randint(1, 4)):
            place = dice.randint(0, len(lines))
            if dice.randrange(3):
                lines.insert(place, b" " * dice.choice([0, 0, 2, 4]) + dice.choice(LINES))
            elif lines:
                lines.pop(min(place, len(lines) - 1))
        return b"\n".join(lines)

    @staticmethod
    def _check_report(error: ConfigError, content: bytes) -> None:
        must(error.problems, "a config is refused without a problem")
        lines = content.decode("utf-8", errors="replace").splitlines()
        for problem in error.problems:
            must(problem.message, "a problem has no words")
            must(0 <= problem.line <= len(lines) + 1, "a problem is at a place that the file does not have")

    @staticmethod
    def _check(config: Config) -> None:
        for symbol in config.symbols:
            must(parse_symbol(symbol.symbol) == symbol.symbol, "a symbol outside the grammar was loaded")
            must(symbol.quantity.is_finite() and symbol.quantity > 0, "a quantity that is none was loaded")

    def close(self) -> None:
        """Remove the folder."""
        self._folder.cleanup()
