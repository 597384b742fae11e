"""State to JSON and back: exact, checked, readable. A file that is not provably ours is refused, never guessed at."""

import errno
import json
from collections.abc import Callable
from dataclasses import fields
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from decimal import Decimal
from functools import lru_cache
from types import NoneType
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from holdfast.adapters.checksum import checksum
from holdfast.adapters.state_migrations import Document, migrate
from holdfast.domain.decimals import plain
from holdfast.domain.state import SCHEMA_VERSION, SymbolState

SIZE_MAX = 256 * 1024
TEXT_MAX = 2000
EXPONENT_MAX = 40
INTEGER_MAX = 1 << 63


class UnreadableStateError(Exception):
    """The bytes are not a valid state of this symbol; the text says why, for a person."""


class _DuplicateKeyError(ValueError):
    pass


def encode(state: SymbolState) -> bytes:
    """Return the file's bytes."""
    return to_bytes(document_of(state))


def document_of(state: SymbolState) -> Document:
    """Return the file's content: the fields people look for first, the checksum last."""
    ready = _json_ready(state)
    document = {"symbol": ready.pop("symbol"), "is_in_position": state.is_in_position, **ready}
    if state.last_decision and state.last_decision.signal is not None:
        # People and tools expect the signal, a strategy's float, as a JSON number.
        document["last_decision"]["signal"] = float(state.last_decision.signal)
    if state.last_correction:
        document["last_correction"]["is"] = document["last_correction"].pop("now")
    document["checksum"] = checksum(document)
    return document


def to_bytes(document: Document) -> bytes:
    """Return a document as a file's bytes: indented JSON.

    Raises:
        OSError: it is so large that no start would read it again.
    """
    content = to_json(document, indent=2) + b"\n"
    if len(content) > SIZE_MAX:
        raise OSError(errno.EFBIG, f"the state of {document['symbol']} is larger than {SIZE_MAX // 1024} KB")
    return content


def decode(content: bytes, symbol: str) -> SymbolState:
    """Return the state in `content`, of this format or an older one.

    Raises:
        UnreadableStateError: broken JSON, wrong checksum, another symbol, a newer schema, a wrong shape.
    """
    return state_of(parse(content, symbol))


def parse(content: bytes, symbol: str) -> Document:
    """Return the document in `content`: whole, of this symbol, and of a format that is known.

    Raises:
        UnreadableStateError: it is not.
    """
    return checked(_json(content), symbol)


def checked(document: Document, symbol: str) -> Document:
    """Return a document that carries its own proof.

    Raises:
        UnreadableStateError: it does not, or it is another symbol's, or of a newer format.
    """
    version = document.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise UnreadableStateError(f"schema {version} is newer than this version's {SCHEMA_VERSION}")
    if document.get("checksum") != checksum(document):
        raise UnreadableStateError("the checksum does not match: it was edited or damaged")
    if document.get("symbol") != symbol:
        raise UnreadableStateError(f"it belongs to {document.get('symbol')}")
    return document


def version_of(document: Document) -> int:
    """Return the format of a document."""
    version = document.get("schema_version")
    if type(version) is not int or not 1 <= version <= SCHEMA_VERSION:
        raise UnreadableStateError(f"the field schema_version has the wrong shape: {version!r}")
    return version


def state_of(document: Document) -> SymbolState:
    """Return the state that a document holds; one of an older format is migrated, in memory only.

    Raises:
        UnreadableStateError: a field has a wrong shape.
    """
    try:
        migrated = document if version_of(document) == SCHEMA_VERSION else migrate(document, SCHEMA_VERSION)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableStateError(f"it is not what schema {document['schema_version']} holds: {error}") from None
    return _validated(migrated)


_ADAPTER = TypeAdapter(SymbolState)


def _json(content: bytes) -> Document:
    if len(content) > SIZE_MAX:
        raise UnreadableStateError(f"it is larger than {SIZE_MAX // 1024} KB")
    if not content.strip(b"\0 \n\t\r"):
        raise UnreadableStateError("it is empty" if not content else "it holds nothing but zeros")
    try:
        document = json.loads(content, object_pairs_hook=_unique)
    except _DuplicateKeyError as error:
        raise UnreadableStateError(f"the key {error} stands twice") from None
    except (ValueError, RecursionError):
        raise UnreadableStateError("it is not valid JSON: truncated or damaged") from None
    if not isinstance(document, dict):
        raise UnreadableStateError("it is not a JSON object")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _value in pairs]
        raise _DuplicateKeyError(next(key for number, key in enumerate(keys) if key in keys[:number]))
    return found


def _validated(document: Document) -> SymbolState:
    said = {key: value for key, value in document.items() if key not in ("is_in_position", "checksum")}
    correction = said.get("last_correction")
    if isinstance(correction, dict) and "is" in correction:
        said["last_correction"] = {"now": correction["is"], **{k: v for k, v in correction.items() if k != "is"}}
    try:
        state = _ADAPTER.validate_json(json.dumps(said), strict=True)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise UnreadableStateError(f"the field {where} has the wrong shape") from None
    if not _is_bounded(state):
        raise UnreadableStateError("a number or a time in it is beyond all bounds")
    if document.get("is_in_position") is not state.is_in_position:
        raise UnreadableStateError("is_in_position contradicts position.quantity")
    return state


# What to do with a field, by its type: the dataclasses and enums of a state join when they are first met.
_BOUNDED: dict[type, Callable[[Any], bool]] = {}
_READY: dict[type, Callable[[Any], Any]] = {}


def _is_bounded(value: Any) -> bool:  # noqa: ANN401 - any field
    """Whether every number and time can be written as it is: ``1e999999999`` is short here, a gigabyte as digits."""
    return (_BOUNDED.get(type(value)) or _known(type(value), _BOUNDED, _are_fields_bounded, _always))(value)


def _json_ready(value: Any) -> Any:  # noqa: ANN401 - any field in, its JSON form out
    """Return what JSON can hold: decimals as plain strings, times as ISO 8601 with a Z."""
    return (_READY.get(type(value)) or _known(type(value), _READY, _ready_fields, str.__str__))(value)


def _known(
    kind: type,
    table: dict[type, Callable[[Any], Any]],
    of_fields: Callable[[tuple[str, ...]], Callable[[Any], Any]],
    of_enum: Callable[[Any], Any],
) -> Callable[[Any], Any]:
    """Add a type to a table: asking for a dataclass's fields each time is most of what an encoding would cost."""
    is_enum = issubclass(kind, str)
    return table.setdefault(kind, of_enum if is_enum else of_fields(tuple(field.name for field in fields(kind))))


def _always(_value: object) -> bool:
    return True


def _is_time_bounded(time: datetime) -> bool:
    # At the ends of the calendar another offset is another year, which Python does not have.
    return time.tzinfo is not None and MINYEAR < time.year < MAXYEAR


def _is_number_bounded(number: Decimal) -> bool:
    # Digits beyond the precision of all our sums would be rounded away by the next save.
    return not number or (abs(number.adjusted()) <= EXPONENT_MAX and number == +number)


def _are_fields_bounded(names: tuple[str, ...]) -> Callable[[Any], bool]:
    return lambda value: all(_is_bounded(getattr(value, name)) for name in names)


def _text(text: str) -> str:
    # A broker's reason may hold half a character, which no JSON reader takes back, or a whole page.
    return (text if text.isascii() else text.encode(errors="replace").decode())[:TEXT_MAX]


@lru_cache(maxsize=4096)
def _time(time: datetime) -> str:
    # The times of an order stand in every save until it is dropped.
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _ready_fields(names: tuple[str, ...]) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {name: _json_ready(getattr(value, name)) for name in names}


_BOUNDED |= {
    NoneType: _always,
    str: _always,
    bool: _always,
    int: lambda number: abs(number) < INTEGER_MAX,
    datetime: _is_time_bounded,
    Decimal: _is_number_bounded,
    tuple: lambda items: all(map(_is_bounded, items)),
}
_READY |= {
    NoneType: lambda _none: None,
    str: _text,
    bool: lambda truth: truth,
    int: lambda number: number,
    datetime: _time,
    Decimal: plain,
    tuple: lambda items: [_json_ready(item) for item in items],
}
