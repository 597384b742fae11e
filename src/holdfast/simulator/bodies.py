"""Reading the body of a request: a JSON object of bounded size, or the refusal that it gets."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from starlette.requests import Request

BYTES_MAX = 1_000_000


class BadBodyError(ValueError):
    """The body is not a JSON object, or too long; `status` is the HTTP status that says so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def read_object(request: Request, number: Callable[[str], Any] = Decimal) -> dict[str, Any]:
    """Return the JSON object in a request's body; an empty body is an empty object. `number` reads its fractions.

    Raises:
        BadBodyError: it is none, or longer than `BYTES_MAX`; no more than that is ever kept.
    """
    raw = await _read(request)
    try:
        # Bytes would be guessed at: `json` takes UTF-16 too, and halves of characters that no text can hold.
        body = json.loads(raw.decode(), parse_float=number) if raw else {}
    except (ValueError, ArithmeticError, RecursionError):
        body = None
    if not isinstance(body, dict) or not _is_text(raw, body):
        raise BadBodyError(400, "request body format is invalid")
    return body


def _is_text(raw: bytes, body: object) -> bool:
    """Whether every word in the body can be written again: half of a surrogate pair is JSON and no text."""
    if b"\\u" not in raw:
        return True
    try:
        json.dumps(body, default=str, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


async def _read(request: Request) -> bytes:
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > BYTES_MAX:
            raise BadBodyError(413, f"request body is longer than {BYTES_MAX} bytes")
    return bytes(raw)
