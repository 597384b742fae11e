"""Parameters from config.yaml against a strategy's own types."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pytest
from numpy.typing import NDArray

from holdfast.strategies.bars import Bars
from holdfast.strategies.did_you_mean import did_you_mean
from holdfast.strategies.parameters import build_strategy
from holdfast.strategies.sma_cross import SmaCross
from holdfast.strategies.spec import StrategyError, StrategyFault, StrategySpec


@dataclass(frozen=True)
class Typed:
    """A strategy with a parameter of every type."""

    whole: int
    real: float = 1.0
    flag: bool = False
    text: str = "x"
    exact: Decimal = Decimal(1)
    maybe: int | None = None
    anything: object = None
    warmup = 0

    def signals(self, bars: Bars) -> NDArray[np.float64]:
        """Say nothing."""
        return np.full(len(bars), np.nan)


class Untyped:
    """A plain class that takes anything by name."""

    warmup = 0

    def __init__(self, **settings: object) -> None:
        self.settings = settings

    def signals(self, bars: Bars) -> NDArray[np.float64]:
        """Say nothing."""
        return np.full(len(bars), np.nan)


@pytest.mark.parametrize(
    ("given", "name", "expected"),
    [
        ({"whole": 3}, "whole", 3),
        ({"whole": 3, "real": 2}, "real", 2.0),
        ({"whole": 3, "flag": True}, "flag", True),
        ({"whole": 3, "exact": 0.1}, "exact", Decimal("0.1")),
        ({"whole": 3, "maybe": None}, "maybe", None),
        ({"whole": 3, "maybe": 4}, "maybe", 4),
        ({"whole": 3, "anything": "ON"}, "anything", "ON"),
    ],
)
def test_a_value_of_its_type_is_taken(given: dict[str, object], name: str, expected: object) -> None:
    """Each value arrives with the type that the strategy declared."""
    value = getattr(build_strategy(Typed, given), name)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"whole": True}, "must be a whole number, not True"),
        ({"whole": 1.5}, "must be a whole number, not 1.5"),
        ({"whole": "10"}, "must be a whole number, not '10'"),
        ({"whole": 10**30}, "must be a whole number"),
        ({"whole": 1, "real": float("inf")}, "must be a finite number|must be a number"),
        ({"whole": 1, "real": float("nan")}, "must be a finite number"),
        ({"whole": 1, "real": True}, "must be a number, not True"),
        ({"whole": 1, "flag": 1}, "must be true or false, not 1"),
        ({"whole": 1, "text": 5}, "must be text, not 5"),
        ({"whole": 1, "maybe": "x"}, "must be a whole number or must be empty, not 'x'"),
        ({}, "parameter 'whole' is missing"),
        ({"whole": 1, "reel": 2}, "unknown parameter; did you mean 'real'"),
        ({"whole": 1, "zzz": 2}, "unknown parameter; it takes whole, real"),
    ],
)
def test_a_misfit_is_refused(given: dict[str, object], message: str) -> None:
    """No value is converted from another type, and the sentence says what was expected."""
    with pytest.raises(StrategyError, match=message):
        build_strategy(Typed, given)


def test_all_faults_are_told_at_once() -> None:
    """Unknown, missing and mistyped parameters are reported together, each with its name."""
    with pytest.raises(StrategyError) as caught:
        build_strategy(Typed, {"reel": 1, "flag": "yes"})
    assert [fault.parameter for fault in caught.value.faults] == ["reel", None, "flag"]


def test_a_strategys_own_rule_is_a_fault_of_the_whole() -> None:
    """A broken rule between fields carries the strategy's sentence."""
    with pytest.raises(StrategyError) as caught:
        build_strategy(SmaCross, {"fast": 9, "slow": 3})
    assert caught.value.faults == (StrategyFault("fast (9) must be smaller than slow (3)"),)


def test_a_class_that_takes_any_name_gets_every_name() -> None:
    """A constructor with keyword arguments decides for itself."""
    built = build_strategy(Untyped, {"a": 1})
    assert isinstance(built, Untyped)
    assert built.settings == {"a": 1}


def test_a_class_that_takes_nothing_says_so() -> None:
    """A parameter for a strategy without any is refused."""
    with pytest.raises(StrategyError, match="unknown parameter; it takes none"):
        build_strategy(type("Bare", (), {}), {"a": 1})


def test_an_annotation_that_does_not_exist_is_a_fault() -> None:
    """A user's misspelt type is reported, not raised."""

    def built(length: "Nonsense") -> None:  # type: ignore[name-defined] # noqa: F821 - the misspelling
        """Stand for a constructor."""

    factory: Callable[..., object] = type("Bad", (), {"__init__": built})
    with pytest.raises(StrategyError, match="parameter types cannot be read"):
        build_strategy(factory, {})


@pytest.mark.parametrize(
    ("word", "hint"),
    [("qyt", "; did you mean 'qty'?"), ("QTY", "; did you mean 'qty'?"), ("zebra", ""), ("q" * 10_000, "")],
)
def test_a_hint_needs_a_likeness(word: str, hint: str) -> None:
    """A misspelling gets the known word, anything else no guess."""
    assert did_you_mean(word, ["qty", "symbol"]) == hint


def test_the_label_shows_what_was_given() -> None:
    """A strategy reads as its name with its parameters."""
    assert StrategySpec("sma_cross", (("fast", 5),)).label == "sma_cross(fast=5)"
    assert StrategySpec("buy_and_hold").label == "buy_and_hold"
