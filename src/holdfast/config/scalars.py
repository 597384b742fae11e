"""What the text of a scalar means, decided by the type its key wants: no value changes type behind one's back.

Each reader takes a node of the tree and raises `ValueError` with a sentence that says what to write.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from urllib.parse import SplitResult, urlsplit

from holdfast.config.tree import Scalar
from holdfast.domain.symbols import parse_symbol
from holdfast.strategies.did_you_mean import did_you_mean

# YAML 1.2's core schema, written out: no sexagesimal numbers, no underscores, no octal by a leading zero.
_WHOLE = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|nan)", re.IGNORECASE)
# Decimal's own precision: a longer number would be rounded without a word.
_DIGITS_MAX = 28
_LARGEST = Decimal(10) ** 12
_SHOWN_MAX = 60
_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}


def shown(text: str) -> str:
    """Return text as a message quotes it: short, and harmless to a terminal."""
    return repr(text) if len(text) <= _SHOWN_MAX else repr(text[:_SHOWN_MAX]) + "..."


def text_of(node: object) -> str:
    """Return the text of a single, non-empty value."""
    if not isinstance(node, Scalar):
        raise ValueError("must be a single value")  # noqa: TRY004 - readers raise one error type
    if node.is_empty or not node.text:
        raise ValueError("needs a value")
    return node.text


def number_of(node: object) -> Decimal:
    """Return a plain, finite number, exact as written."""
    text = text_of(node)
    if not isinstance(node, Scalar) or not node.is_plain:
        raise ValueError(f"must be a number without quotes, not {shown(text)}")
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"must be a finite number, not {shown(text)}")
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"must be a number such as 10 or 0.5, not {shown(text)}")
    number = Decimal(text) if len(text) <= _DIGITS_MAX else None
    if number is None or not number.is_finite() or abs(number) > _LARGEST:
        raise ValueError(f"is too long or too large a number: {shown(text)}")
    return number


def positive_of(node: object, decimals_max: int) -> Decimal:
    """Return a number above zero with at most `decimals_max` decimals, written without an exponent."""
    number = number_of(node)
    if number <= 0:
        raise ValueError(f"must be larger than 0, not {shown(text_of(node))}")
    plain = number.normalize()
    exponent = plain.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -decimals_max:
        raise ValueError(f"must have at most {decimals_max} decimals, not {shown(text_of(node))}")
    return plain.quantize(Decimal(1)) if exponent > 0 else plain


def whole_of(node: object) -> int:
    """Return a whole number that is not negative."""
    number = number_of(node)
    if number != number.to_integral_value() or number < 0 or not _WHOLE.fullmatch(text_of(node)):
        raise ValueError(f"must be a whole number, 0 or more, not {shown(text_of(node))}")
    return int(number)


def choice(words: Iterable[str]) -> Callable[[object], str]:
    """Return a reader that accepts only these words."""
    known = tuple(words)

    def read(node: object) -> str:
        text = text_of(node)
        if text not in known:
            raise ValueError(
                f"must be one of {', '.join(known)}, not {shown(text)}{did_you_mean(text, known)}",
            )
        return text

    return read


def symbol_of(node: object) -> str:
    """Return a symbol of the grammar; a name in lower case gets a hint."""
    text = text_of(node)
    try:
        return parse_symbol(text)
    except ValueError:
        pass
    try:
        hint = f"; did you mean {parse_symbol(text.strip().upper())!r}?"
    except ValueError:
        hint = ": write it as the exchange does, e.g. AAPL, BRK.B or BTC/USD"
    raise ValueError(f"{shown(text)} is not a symbol{hint}")


def url_of(node: object) -> str:
    """Return an http URL of scheme, host and port alone, without a slash at its end."""
    parts = _split(text_of(node))
    try:
        is_plain = bool(parts.hostname) and parts.port != 0 and not parts.query and not parts.fragment
    except ValueError:
        is_plain = False
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or not is_plain or parts.path.strip("/"):
        raise ValueError("must be an http URL of host and port, e.g. http://127.0.0.1:8900")
    return f"{parts.scheme}://{parts.netloc}"


def loopback_url_of(node: object) -> str:
    """Return a URL as `url_of` does, but only of this machine."""
    url = url_of(node)
    host = _split(url).hostname or ""
    if not (host == "localhost" or _is_loopback(host)) or not url.startswith("http:"):
        raise ValueError(
            "must be an http URL of this machine, e.g. http://127.0.0.1:8900 (it is for trying paper "
            "against a simulator); leave it out to trade on Alpaca paper"
        )
    return url


def core_value(node: Scalar) -> object:
    """Return what YAML 1.2's core schema reads, for a strategy's parameters: null, bool, int, float or text."""
    text = node.text
    if not node.is_plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > _DIGITS_MAX:
        return text
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return float(text) if _NUMBER.fullmatch(text) else text


def _split(text: str) -> SplitResult:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be a URL, e.g. http://127.0.0.1:8900")
    return urlsplit(text)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
