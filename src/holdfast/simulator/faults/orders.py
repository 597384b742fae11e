"""Reading the body of `POST /_sim/faults`. What cannot be read is answered with what to send instead."""

import difflib
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from holdfast.simulator.call import is_bounded, parse_number
from holdfast.simulator.faults.fault import Fault
from holdfast.simulator.faults.kinds import KINDS, REQUIRED, Kind

_COMMON = ("match", "count", "after_s", "seed")
_SECONDS_MAX = 86_400.0
_STATUS_MIN, _STATUS_MAX = 200, 599
_AMOUNT_MIN, _AMOUNT_MAX = Decimal("0.000001"), Decimal(1_000_000)


def parse(body: Mapping[str, Any], now: datetime) -> Fault:
    """Read the order of one fault, given at market time `now`.

    Raises:
        ValueError: with what to send instead.
    """
    name = body.get("kind")
    if not isinstance(name, str) or name not in KINDS:
        raise ValueError(_unknown_kind(name))
    kind = KINDS[name]
    known = (*_COMMON, "every_s" if kind.is_act else "one_in", *kind.options)
    _only(body, {"kind", *known}, f"{name} takes {', '.join(known)}")
    match = _match(body, name, kind)
    seed = body.get("seed")
    if seed is not None and not _is_whole(seed):
        raise ValueError("seed must be a whole number or null")
    return Fault(
        kind=name,
        method=match.get("method"),
        path=match.get("path"),
        symbol=match.get("symbol"),
        count=_count(body, kind),
        active_from=now + timedelta(seconds=_seconds("after_s", _given(body, "after_s", 0))),
        seed=seed,
        one_in=_positive("one_in", body.get("one_in", 1)),
        every_s=_seconds("every_s", body.get("every_s", 60.0)),
        options={option: _option(name, option, body, default) for option, default in kind.options.items()},
    )


def _unknown_kind(name: object) -> str:
    near = difflib.get_close_matches(str(name), KINDS, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"there is no fault {name!r}: {hint}kind must be one of {', '.join(KINDS)}"


def _only(given: Mapping[str, Any], known: Collection[str], otherwise: str) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}. {otherwise}")


def _match(body: Mapping[str, Any], name: str, kind: Kind) -> Mapping[str, str]:
    match = _given(body, "match", {})
    known = ", ".join(sorted(kind.matches)) or "nothing"
    if not isinstance(match, dict):
        raise ValueError(f"match must be an object; {name} matches {known}")  # noqa: TRY004 - one kind of answer
    _only(match, kind.matches, f"{name} matches {known}")
    if any(value is not None and (not isinstance(value, str) or not value) for value in match.values()):
        raise ValueError('match holds text, e.g. {"symbol": "AAPL"}')
    if kind.needs_symbol and not match.get("symbol"):
        raise ValueError(f'{name} needs a symbol: add "match": {{"symbol": "AAPL"}}')
    return match


def _given(body: Mapping[str, Any], name: str, default: object) -> Any:  # noqa: ANN401 - whatever JSON a client has sent
    return default if body.get(name) is None else body[name]


def _count(body: Mapping[str, Any], kind: Kind) -> int | None:
    given = body.get("count", 1 if kind.is_act else None)
    if given is not None and (not _is_whole(given) or given < 1):
        raise ValueError("count must be a positive integer or null")
    return None if given is None else int(given)


def _option(name: str, option: str, body: Mapping[str, Any], default: object) -> Any:  # noqa: ANN401 - any option
    given = body.get(option, default)
    if given is REQUIRED:
        raise ValueError(f"{name} needs {option}")
    return None if given is None and default is None else _READERS[option](option, given)


def _is_whole(given: object) -> bool:
    return isinstance(given, int) and not isinstance(given, bool)


def _positive(name: str, given: Any) -> int:  # noqa: ANN401 - whatever JSON a client has sent
    if not _is_whole(given) or given < 1:
        raise ValueError(f"{name} must be a positive integer")
    return int(given)


def _seconds(name: str, given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= _SECONDS_MAX:
        raise ValueError(f"{name} must be a number of seconds from 0 to {_SECONDS_MAX:.0f}")
    return float(given)


def _share(name: str, given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < 1:
        raise ValueError(f"{name} must be at least 0 and less than 1")
    return float(given)


def _status(name: str, given: Any) -> int:  # noqa: ANN401 - whatever JSON a client has sent
    if not _is_whole(given) or not _STATUS_MIN <= given <= _STATUS_MAX:
        raise ValueError(f"{name} must be an HTTP status from {_STATUS_MIN} to {_STATUS_MAX}")
    return int(given)


def _amount(name: str, given: object) -> str:
    _check_amount(name, parse_number(given))
    return str(given)


def _shares(name: str, given: object) -> str:
    amount = parse_number(given)
    _check_amount(name, None if amount is None else amount.copy_abs())
    return str(given)


def _check_amount(name: str, amount: Decimal | None) -> None:
    if amount is None or not is_bounded(amount) or not _AMOUNT_MIN <= amount <= _AMOUNT_MAX:
        raise ValueError(f'{name} must be a number from {_AMOUNT_MIN} to {_AMOUNT_MAX}, e.g. "10"')


def _one_of(*words: str) -> Callable[[str, object], str]:
    def read(name: str, given: object) -> str:
        if given not in words:
            raise ValueError(f"{name} must be one of {', '.join(words)}")
        return str(given)

    return read


def _symbols(name: str, given: object) -> list[str]:
    if not isinstance(given, list) or not given or not all(isinstance(each, str) and each for each in given):
        raise ValueError(f'{name} must be a list such as ["AAPL", "MSFT"]')
    return given


def _switch(name: str, given: object) -> bool:
    if not isinstance(given, bool):
        raise ValueError(f"{name} must be true or false")  # noqa: TRY004 - one kind of answer
    return given


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "delay_s": _seconds,
    "for_s": _seconds,
    "resume_after_s": _seconds,
    "share": _share,
    "status": _status,
    "qty": _amount,
    "ratio": _amount,
    "shares": _shares,
    "side": _one_of("buy", "sell"),
    "slow": _switch,
    "symbols": _symbols,
    "field": _one_of("exchange", "asset_class", "status", "type", "time_in_force", "order_class", "side"),
}
