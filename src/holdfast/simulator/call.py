"""One request and its answer as plain values, so that a handler is an ordinary function; and their parsing."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from holdfast.exchange.refusal import malformed

NO_CONTENT = 204
MULTI_STATUS = 207
_COUNT = re.compile("0*[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Call:
    """A request: `path_values` are the parts named in the route, `body` is the parsed JSON object."""

    method: str
    path: str
    path_values: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def symbols(self) -> frozenset[str]:
        """Every symbol that the request names."""
        listed = f"{self.query.get('symbols', '')},{self.query.get('symbol', '')}".split(",")
        named = (self.body.get("symbol"), self.path_values.get("symbol"), *listed)
        return frozenset(str(symbol) for symbol in named if symbol)

    def number(self, name: str, default: int, most: int) -> int:
        """Return a count from the query, at most `most`.

        Raises:
            Refusal: 422 if it is not a positive whole number.
        """
        given = self.query.get(name)
        if given is None:
            return default
        if not _COUNT.fullmatch(given):
            raise malformed(f"invalid {name}: {given}")
        return min(int(given), most)

    def moment(self, name: str) -> datetime | None:
        """Return a time from the query in UTC; None if it is not given. No further from today than prices can be.

        Raises:
            Refusal: 422 if it is not a time.
        """
        given = self.query.get(name)
        if not given:
            return None
        try:
            return min(max(parse_moment(given), _EARLIEST), _LATEST)
        except ValueError:
            raise malformed(f"invalid {name}: {given}") from None

    def day(self, name: str) -> date | None:
        """Return a date from the query; None if it is not given. No further from today than prices can be.

        Raises:
            Refusal: 422 if it is not a date.
        """
        given = self.query.get(name)
        if not given:
            return None
        try:
            return min(max(date.fromisoformat(given[:10]), _EARLIEST.date()), _LATEST.date())
        except ValueError:
            raise malformed(f"invalid {name}: {given}") from None

    def word(self, name: str, words: Collection[str]) -> str | None:
        """Return a word from the query that must be one of `words`; None if it is not given.

        Raises:
            Refusal: 422 for any other.
        """
        given = self.query.get(name) or None
        if given is not None and given not in words:
            raise malformed(f"invalid {name}: {given}")
        return given

    def flag(self, name: str) -> bool:
        """Whether a switch in the query is on, however it is spelled."""
        return self.query.get(name, "").lower() in {"true", "1"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a JSON value, or nothing at all for 204."""

    body: Any
    status: int = 200


Handler = Callable[[Call], Answer]
_AMOUNT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_SMALLEST, _LARGEST, _DIGITS_MAX = Decimal("1e-12"), Decimal("1e12"), 24


def amount(fields: Mapping[str, Any], name: str) -> Decimal | None:
    """Return an amount that may be a JSON number or the text of one; None if it is missing or null.

    Raises:
        Refusal: 422 if it is neither.
    """
    given = fields.get(name)
    if given is None:
        return None
    parsed = parse_number(given)
    if parsed is None or not is_bounded(parsed):
        raise malformed(f"invalid {name}: {given}")
    return parsed


def parse_number(given: object) -> Decimal | None:
    """Read a JSON number or the plain text of one; None for anything else, such as `1_000` or foreign digits."""
    if isinstance(given, bool) or not isinstance(given, int | float | Decimal | str):
        return None
    if isinstance(given, str) and not _AMOUNT.fullmatch(given):
        return None
    return Decimal(str(given))


def parse_moment(given: str) -> datetime:
    """Read an ISO 8601 time as UTC; without an offset it is UTC.

    Raises:
        ValueError: it is none, or lies beyond the years 1 and 9999 in UTC.
    """
    try:
        moment = datetime.fromisoformat(given.replace(" ", "+"))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{given} is out of range") from None


def is_bounded(number: Decimal) -> bool:
    """Whether arithmetic on money and quantities stays exact with it: a finite number of a size that trade has."""
    if not number.is_finite() or len(number.as_tuple().digits) > _DIGITS_MAX:
        return False
    # `abs` would round, and fail where `copy_abs` only drops the sign.
    return number == 0 or _SMALLEST <= number.copy_abs() <= _LARGEST
