"""One request and its answer as plain values, so that a handler is an ordinary function; and their parsing."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
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
        """Return a time from the query in UTC; None if it is not given.

        Raises:
            Refusal: 422 if it is not a time.
        """
        given = self.query.get(name)
        if not given:
            return None
        try:
            return parse_moment(given)
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
_SMALLEST, _LARGEST, _DIGITS_MAX = Decimal("1e-12"), Decimal("1e12"), 24


def amount(fields: Mapping[str, Any], name: str) -> Decimal | None:
    """Return an amount that may be a JSON number or a string; None if it is missing or null.

    Raises:
        Refusal: 422 if it is neither.
    """
    given = fields.get(name)
    if given is None:
        return None
    try:
        parsed = Decimal(str(given))
    except InvalidOperation:
        raise malformed(f"invalid {name}: {given}") from None
    if isinstance(given, bool) or not is_bounded(parsed):
        raise malformed(f"invalid {name}: {given}")
    return parsed


def parse_moment(text: str) -> datetime:
    """Read a time in UTC, in ISO 8601; a plus sign may have become a space on its way through a URL.

    Raises:
        ValueError: it is none, or none in UTC: the calendar ends.
    """
    moment = datetime.fromisoformat(text.replace(" ", "+"))
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} lies beyond the calendar") from None


def is_bounded(number: Decimal) -> bool:
    """Whether arithmetic on money and quantities stays exact with it: a finite number of a size that trade has."""
    if not number.is_finite() or len(number.as_tuple().digits) > _DIGITS_MAX:
        return False
    return number == 0 or _SMALLEST <= number.copy_abs() <= _LARGEST
