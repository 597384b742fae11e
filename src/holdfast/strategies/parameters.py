"""Checks the parameters of config.yaml against a strategy's own signature and types, then builds it.

Works on shipped dataclasses and on a user's class alike. It never converts text to a number: strict by design.
"""

import inspect
import math
import types
import typing
from collections.abc import Callable, Mapping
from decimal import Decimal

from holdfast.strategies.base import Strategy
from holdfast.strategies.did_you_mean import did_you_mean
from holdfast.strategies.spec import StrategyError, StrategyFault

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_LARGEST_WHOLE = 2**53


def build_strategy(factory: Callable[..., Strategy], given: Mapping[str, object]) -> Strategy:
    """Build a strategy from the parameters that were given.

    Raises:
        StrategyError: for unknown, missing and mistyped parameters (all of them), or the strategy's own refusal.
    """
    arguments = _bind(factory, given)
    try:
        return factory(**arguments)
    except ValueError as error:
        raise StrategyError(StrategyFault(str(error))) from error


def _bind(factory: Callable[..., Strategy], given: Mapping[str, object]) -> dict[str, object]:
    """Return the arguments to call `factory` with, each fitted to its annotation."""
    parameters = inspect.signature(factory).parameters
    faults = [*_unknown(parameters, given), *_missing(parameters, given)]
    hints = _hints(factory)
    bound = {}
    for name, value in given.items():
        try:
            bound[name] = _fit(value, hints.get(name, object))
        except ValueError as error:
            faults.append(StrategyFault(f"{error}, not {value!r}", name))
    if faults:
        raise StrategyError(*faults)
    return bound


def _unknown(parameters: Mapping[str, inspect.Parameter], given: Mapping[str, object]) -> list[StrategyFault]:
    """Return a fault for each given name that the signature does not take."""
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values()):
        return []
    known = [name for name, each in parameters.items() if each.kind in _NAMED]
    takes = f"; it takes {', '.join(known)}" if known else "; it takes none"
    return [
        StrategyFault(f"unknown parameter{did_you_mean(name, known) or takes}", name, is_unknown=True)
        for name in given
        if name not in known
    ]


def _missing(parameters: Mapping[str, inspect.Parameter], given: Mapping[str, object]) -> list[StrategyFault]:
    """Return a fault for each parameter that has no default and was not given."""
    return [
        StrategyFault(f"parameter {name!r} is missing")
        for name, each in parameters.items()
        if each.kind in _NAMED and each.default is inspect.Parameter.empty and name not in given
    ]


def _hints(factory: Callable[..., Strategy]) -> dict[str, object]:
    """Return the annotations of the constructor's parameters.

    Raises:
        StrategyError: when an annotation names something that does not exist.
    """
    constructor = factory.__init__
    try:
        return typing.get_type_hints(constructor)
    except (NameError, TypeError, AttributeError, SyntaxError) as error:
        raise StrategyError(StrategyFault(f"its parameter types cannot be read: {error}")) from error


def _fit(value: object, hint: object) -> object:
    """Return `value` as the annotation wants it; an annotation that is not a plain type accepts anything.

    Raises:
        ValueError: with what was expected.
    """
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return _fit_any(value, typing.get_args(hint))
    fitter = _FITTERS.get(hint)
    return value if fitter is None else fitter(value)


def _fit_any(value: object, hints: tuple[object, ...]) -> object:
    """Fit `value` to the first alternative that takes it."""
    expected = []
    for hint in hints:
        try:
            return _fit(value, hint)
        except ValueError as error:
            expected.append(str(error))
    raise ValueError(" or ".join(expected))


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST_WHOLE:
        raise ValueError("must be a whole number")
    return value


def _real(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _LARGEST_WHOLE:
        raise ValueError("must be a number")
    if not math.isfinite(value):
        raise ValueError("must be a finite number")
    return float(value)


def _exact(value: object) -> Decimal:
    return Decimal(str(_real(value)))


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 - one error type for every misfit
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")  # noqa: TRY004 - one error type for every misfit
    return value


def _nothing(value: object) -> None:
    if value is not None:
        raise ValueError("must be empty")


_FITTERS: dict[object, Callable[[object], object]] = {
    int: _whole,
    float: _real,
    Decimal: _exact,
    bool: _flag,
    str: _text,
    type(None): _nothing,
}
