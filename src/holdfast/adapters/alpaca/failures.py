"""What a failed call means, by HTTP status first: read it again, ask the broker, record the refusal, or stop.

APIError's own `code` and `message` raise on bodies that are not JSON, so the body is taken apart here. Every
text that leaves is the broker's message without keys, or the name of an exception; never its arguments.
"""

import json
from dataclasses import dataclass
from typing import Any

from alpaca.common.exceptions import APIError

from holdfast.adapters.alpaca.credentials import WHERE_KEYS_COME_FROM, Credentials
from holdfast.adapters.alpaca.transport import DeadlineExceeded, RedirectRefused
from holdfast.domain.errors import (
    CredentialsError,
    DuplicateOrder,
    HoldfastError,
    OutcomeUnknown,
    Recoverable,
    Rejected,
)

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _UNPROCESSABLE = 401, 403, 404, 422
# Refusals that say nothing about the request itself: too late, too early, too many.
_PASSING = frozenset({408, 425, 429})
_INVALID_REQUEST_CODE = 40010001
_NOT_FOUND_CODE = 40410000
_NOT_UNIQUE = "client_order_id must be unique"
_AUTH_WORDS = ("forbidden.", "unauthorized", "not authorized")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with a 4xx or 5xx status. `message` is None unless the body is a JSON object that has one."""

    status: int
    code: int | None
    message: str | None

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed later: it says nothing about the request itself."""
        return self.status >= 500 or self.status in _PASSING  # noqa: PLR2004 - HTTP's own number

    @property
    def is_clear(self) -> bool:
        """Whether the broker itself, not something between, said no to the request."""
        return not self.may_pass and self.message is not None


def refusal_of(error: BaseException, credentials: Credentials) -> Refusal | None:
    """Take an APIError apart; None for any other exception."""
    status = error.status_code if isinstance(error, APIError) else None
    if status is None:
        return None
    body = _json_object(str(error))
    code, message = body.get("code"), body.get("message")
    return Refusal(
        status=status,
        code=code if isinstance(code, int) else None,
        message=credentials.clean(message) if isinstance(message, str) else None,
    )


def read_failure(error: Exception, credentials: Credentials) -> HoldfastError:
    """Sort the failure of a read: nothing has changed, so whatever may pass is Recoverable."""
    if isinstance(error, HoldfastError):
        return error
    refusal = refusal_of(error, credentials)
    if refusal is None:
        return Recoverable(_cause(error))
    if _is_credentials(refusal):
        return CredentialsError(f"Alpaca refused the keys ({refusal.status}): {WHERE_KEYS_COME_FROM}")
    if refusal.may_pass:
        return Recoverable(f"the broker answered {refusal.status}{_tail(refusal)}")
    return _rejected(refusal)


def order_failure(error: Exception, credentials: Credentials) -> HoldfastError:
    """Sort the failure of an order's POST: only the broker's own words prove that nothing was accepted."""
    if isinstance(error, HoldfastError):
        return error
    refusal = refusal_of(error, credentials)
    if refusal is None or not refusal.is_clear:
        return OutcomeUnknown(f"the order was sent, its outcome is unknown: {_what(error, refusal)}")
    if refusal.status == _UNAUTHORIZED:
        return CredentialsError(f"Alpaca refused the keys ({refusal.status}): {WHERE_KEYS_COME_FROM}")
    if _is_duplicate(refusal):
        return DuplicateOrder(refusal.message or _NOT_UNIQUE, status=refusal.status, code=refusal.code)
    return _rejected(refusal)


def cancel_failure(error: Exception, credentials: Credentials) -> HoldfastError:
    """Sort the failure of an order's DELETE: 404 and 422 are answers, all else leaves the order as it may be."""
    if isinstance(error, HoldfastError):
        return error
    refusal = refusal_of(error, credentials)
    if refusal is not None and refusal.is_clear:
        if refusal.status == _UNAUTHORIZED:
            return CredentialsError(f"Alpaca refused the keys ({refusal.status}): {WHERE_KEYS_COME_FROM}")
        if refusal.status in {_NOT_FOUND, _UNPROCESSABLE}:
            return _rejected(refusal)
    return OutcomeUnknown(f"the cancel was sent, its outcome is unknown: {_what(error, refusal)}")


def is_unknown_order(refused: Rejected) -> bool:
    """Whether the broker, not a gateway in between, says that it knows no such order."""
    known_words = refused.code == _NOT_FOUND_CODE or "order not found" in refused.reason.lower()
    return refused.status == _NOT_FOUND and known_words


def is_no_position(refused: Rejected) -> bool:
    """Whether the broker, not a gateway in between, says that the account holds nothing of the symbol."""
    known_words = refused.code == _NOT_FOUND_CODE or "position does not exist" in refused.reason.lower()
    return refused.status == _NOT_FOUND and known_words


def _is_credentials(refusal: Refusal) -> bool:
    # Alpaca's edge answers 401 with an HTML page on some paths: for a read, the status is enough.
    if refusal.status == _UNAUTHORIZED:
        return True
    words = (refusal.message or "").lower()
    return refusal.status == _FORBIDDEN and any(word in words for word in _AUTH_WORDS)


def _is_duplicate(refusal: Refusal) -> bool:
    return (
        refusal.status == _UNPROCESSABLE
        and refusal.code == _INVALID_REQUEST_CODE
        and _NOT_UNIQUE in (refusal.message or "")
    )


def _rejected(refusal: Refusal) -> Rejected:
    return Rejected(refusal.message or f"HTTP {refusal.status}", status=refusal.status, code=refusal.code)


def _what(error: Exception, refusal: Refusal | None) -> str:
    return _cause(error) if refusal is None else f"the broker answered {refusal.status}{_tail(refusal)}"


def _tail(refusal: Refusal) -> str:
    return f" ({refusal.message})" if refusal.message else ""


def _cause(error: BaseException) -> str:
    """Name a failure below HTTP; only our own exceptions' texts are known to hold no address and no key."""
    if isinstance(error, (DeadlineExceeded, RedirectRefused)):
        return str(error)
    return f"no readable answer ({type(error).__name__})"


def _json_object(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
