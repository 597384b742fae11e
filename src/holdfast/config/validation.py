"""Runs the models over the tree and turns pydantic's errors into places in the file and plain sentences."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from holdfast.config.masking import names_a_secret
from holdfast.config.model import (
    ConfigFile,
    DataSection,
    PaperSection,
    SimSection,
    SymbolSection,
    SymbolSettings,
)
from holdfast.config.tree import Faults, Listing, Node, Scalar, child, entries_below, locate, path_of
from holdfast.config.tree import Mapping as MappingNode
from holdfast.strategies.did_you_mean import did_you_mean

_SECTIONS: Mapping[tuple[str, ...], type[BaseModel]] = MappingProxyType(
    {
        (): ConfigFile,
        ("sim",): SimSection,
        ("paper",): PaperSection,
        ("data",): DataSection,
        ("defaults",): SymbolSettings,
        ("symbols",): SymbolSection,
    }
)
_OTHER_WORDS = MappingProxyType(
    {
        "quantity": "qty",
        "amount": "qty",
        "shares": "qty",
        "size": "qty",
        "ticker": "symbol",
        "name": "symbol",
        "mode": "broker",
        "interval": "timeframe",
        "default": "defaults",
    }
)


def validate(root: MappingNode, faults: Faults) -> ConfigFile | None:
    """Return the file as a model, or None with every reason in `faults`."""
    try:
        return ConfigFile.model_validate(_plain(root))
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            _add(root, detail, faults)
        return None


def find_secrets(root: Node, faults: Faults) -> None:
    """Add a fault for every key that holds a secret; the value is never shown."""
    for where, entry in entries_below(root):
        if names_a_secret(entry.key):
            faults.add(
                entry.key_mark,
                "secrets do not belong in this file: set APCA_API_KEY_ID and APCA_API_SECRET_KEY in the "
                "environment, or write them to the file .env beside it, and remove this line",
                where,
            )


def _plain(node: Node) -> object:
    """Return mappings and lists as Python's own, with scalars as they are."""
    if isinstance(node, Scalar):
        return node
    if isinstance(node, Listing):
        return [_plain(item) for item in node.items]
    return {key: _plain(entry.value) for key, entry in node.entries.items()}


def _add(root: MappingNode, detail: ErrorDetails, faults: Faults) -> None:
    """Add pydantic's error at its place: an unknown key at the key, a missing one at its parent."""
    steps, kind = _steps_in_file(root, detail), detail["type"]
    if kind == "extra_forbidden":
        message = f"unknown key{_hint(steps)}"
    elif kind == "missing":
        faults.add(locate(root, steps[:-1], at_key=False), "is missing", path_of(steps))
        return
    elif kind == "value_error":
        message = str(detail["ctx"]["error"])
    else:
        message = "must be a list" if "tuple" in kind else detail["msg"]
    faults.add(locate(root, steps, at_key=kind == "extra_forbidden"), message, path_of(steps))


def _steps_in_file(root: MappingNode, detail: ErrorDetails) -> list[str | int]:
    """Return pydantic's path without parts that the file does not have; a missing key stays as the last."""
    steps: list[str | int] = []
    node: Node | None = root
    for step in detail["loc"]:
        below = child(node, step)
        if below is None and detail["type"] != "missing":
            continue
        steps.append(step)
        node = below
    return steps


def _hint(steps: Iterable[str | int]) -> str:
    """Return the did-you-mean of an unknown key, or the keys that its section knows."""
    *parents, last = steps
    section = _SECTIONS.get(tuple(step for step in parents if isinstance(step, str)))
    known = list(section.model_fields) if section else []
    key = str(last)
    other = _OTHER_WORDS.get(key.lower(), "")
    if other in known:
        return f"; did you mean {other!r}?"
    return did_you_mean(key, known) or f"; known keys: {', '.join(known)}"
