"""A user's own strategy: loaded from its file, or refused with the file and the line."""

from pathlib import Path

import numpy as np
import pytest

from holdfast.adapters.user_strategy import load_user_strategy
from holdfast.config.load import load_config
from holdfast.config.problems import ConfigError
from holdfast.strategies.bars import Bars
from holdfast.strategies.spec import StrategyError, StrategySpec, UserSource

DATACLASS = """\
from __future__ import annotations
from dataclasses import dataclass
import numpy as np

@dataclass
class Mine:
    length: int = 3
    level: float = 0.5

    @property
    def warmup(self) -> int:
        return self.length

    def signals(self, bars):
        return np.where(bars.close > self.level, 1.0, 0.0)
"""
PLAIN = """\
class Mine:
    warmup = 0

    def __init__(self, length: int, name="x"):
        self.length = length
        self.name = name

    def signals(self, bars):
        return bars.close * 0
"""


def spec_of(folder: Path, code: str | bytes, **parameters: object) -> StrategySpec:
    """Write the code as mine.py and return the spec of its class Mine."""
    path = folder / "mine.py"
    path.write_bytes(code if isinstance(code, bytes) else code.encode())
    return StrategySpec("mine.py:Mine", tuple(parameters.items()), UserSource(path, "Mine"))


def refusal(spec: StrategySpec) -> str:
    """Return why a spec cannot be loaded."""
    with pytest.raises(StrategyError) as caught:
        load_user_strategy(spec)
    return str(caught.value)


def two_bars() -> Bars:
    """Return closes of 0 and 1."""
    close = np.array([0.0, 1.0])
    return Bars(np.array([0, 1], "datetime64[us]"), close, close, close, close, close)


def test_a_dataclass_is_loaded_with_its_parameters(tmp_path: Path) -> None:
    """A dataclass with lazy annotations gets typed parameters and says its signals."""
    strategy = load_user_strategy(spec_of(tmp_path, DATACLASS, length=5, level=0))
    assert strategy.warmup == 5
    assert strategy.signals(two_bars()).tolist() == [0.0, 1.0]


def test_a_plain_class_is_loaded_with_its_parameters(tmp_path: Path) -> None:
    """A class with an `__init__` of its own works the same way."""
    strategy = load_user_strategy(spec_of(tmp_path, PLAIN, length=5, name="ON"))
    assert vars(strategy) == {"length": 5, "name": "ON"}


def test_two_symbols_do_not_share_an_object(tmp_path: Path) -> None:
    """Each load builds a new object, so that what one symbol's strategy remembers stays its own."""
    spec = spec_of(tmp_path, DATACLASS)
    assert load_user_strategy(spec) is not load_user_strategy(spec)


def test_an_edited_file_is_loaded_anew(tmp_path: Path) -> None:
    """A second load sees the new code, however quickly the edit followed, and leaves no bytecode behind."""
    assert load_user_strategy(spec_of(tmp_path, DATACLASS)).warmup == 3
    assert load_user_strategy(spec_of(tmp_path, DATACLASS.replace("= 3", "= 4"))).warmup == 4
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = 1\ndef broken(:\n", "mine.py:2: cannot be loaded: SyntaxError: "),
        ("\nimport no_such_module_here\n", "mine.py:2: cannot be loaded: ModuleNotFoundError: No module named"),
        ("x = 1\n1 / 0\n", "mine.py:2: cannot be loaded: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)\n", "mine.py:1: cannot be loaded: SystemExit: 3"),
        (b"x = '\xff'\n", "mine.py"),
        (b"x = 1\0", "mine.py"),
        ("class Nine:\n    def signals(self, bars): ...\n", "there is no class Mine; did you mean 'Nine'?"),
        ("Mine = 5\n", "there is no class Mine"),
        ("\nclass Mine:\n    warmup = 0\n", "mine.py:2: Mine needs a method signals(self, bars)"),
        ("class Mine:\n    def signals(self, bars): ...\n", "mine.py: Mine.warmup: AttributeError"),
        ("class Mine:\n    warmup = -1\n    def signals(self, bars): ...\n", "must be a number of bars from 0 to"),
        ("class Mine:\n    warmup = 'x'\n    def signals(self, bars): ...\n", "from 0 to 100000, not 'x'"),
        ("class Mine:\n    warmup = True\n    def signals(self, bars): ...\n", "from 0 to 100000, not True"),
        (PLAIN, "parameter 'length' is missing"),
        (
            "class Mine:\n    def __init__(self):\n        {}['k']\n    def signals(self, bars): ...\n",
            "mine.py:3: Mine cannot be built: KeyError: 'k'",
        ),
        (
            "class Mine:\n    def __init__(self):\n        raise ValueError('short')\n    def signals(self, bars): ...",
            "short",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, code: str | bytes, expected: str) -> None:
    """Whatever is wrong with the file, the sentence names it, its line and the reason."""
    assert expected in refusal(spec_of(tmp_path, code))


def test_a_file_that_fails_is_tried_again(tmp_path: Path) -> None:
    """A failed load leaves no half-made module behind that a second load would take for good."""
    spec = spec_of(tmp_path, DATACLASS + "\n1 / 0\n")
    assert refusal(spec) == refusal(spec)


def test_a_missing_or_huge_file_is_refused(tmp_path: Path) -> None:
    """A file that went away, or is no program, is refused before it runs."""
    spec = spec_of(tmp_path, b"#" * (1024 * 1024 + 1))
    assert "is larger than 1024 KB" in refusal(spec)
    (tmp_path / "mine.py").unlink()
    assert "cannot be read: No such file" in refusal(spec)


def test_wrong_parameters_point_into_config_yaml(tmp_path: Path) -> None:
    """What the loader refuses is reported at its place in config.yaml, like any other mistake."""
    spec_of(tmp_path, PLAIN)
    path = tmp_path / "config.yaml"
    path.write_text(
        "symbols:\n"
        "  - {symbol: A, qty: 1, strategy: {use: 'mine.py:Mine', length: x}}\n"
        "  - {symbol: B, qty: 1, strategy: {use: 'mine.py:Mien', length: 1}}\n"
        "  - {symbol: C, qty: 1, strategy: {use: 'mine.py:Mine', length: 1, nmae: y}}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        load_config(path, load_user_strategy)
    assert [(each.line, each.column, each.where) for each in caught.value.problems] == [
        (2, 65, "symbols[0].strategy.length"),
        (3, 41, "symbols[1].strategy.use"),
        (4, 68, "symbols[2].strategy.nmae"),
    ]


def test_the_config_holds_the_loaded_strategy(tmp_path: Path) -> None:
    """With the loader, a symbol's spec carries a built strategy of its own."""
    spec_of(tmp_path, DATACLASS)
    path = tmp_path / "config.yaml"
    path.write_text(
        "defaults: {qty: 1, strategy: {use: 'mine.py:Mine', length: 7}}\nsymbols: [{symbol: A}, {symbol: B}]",
        encoding="utf-8",
    )
    first, second = (each.strategy.strategy for each in load_config(path, load_user_strategy).symbols)
    assert first is not None
    assert first.warmup == 7
    assert first is not second
