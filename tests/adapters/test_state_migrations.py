"""Older state files: every format that was ever written is read, and what it meant is kept."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders import NOON
from fakes.lock import FreeLock
from fakes.model_disk import ModelDisk
from fakes.runner import AtOnce, result_of
from holdfast.adapters.checksum import checksum
from holdfast.adapters.state_codec import decode
from holdfast.adapters.state_files import StateFiles
from holdfast.adapters.state_folder import StateFolder
from holdfast.adapters.state_migrations import MIGRATIONS, migrate
from holdfast.domain.state import SCHEMA_VERSION, SymbolState
from holdfast.engine.memory import Unreadable

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("v*.json"))
OLDER = [path for path in FILES if not path.name.startswith(f"v{SCHEMA_VERSION}_")]
Document = dict[str, Any]


def document(name: str) -> Document:
    """Return a golden file's document."""
    return dict(json.loads((GOLDEN / name).read_bytes()))


def signed(changed: Document) -> bytes:
    """Return a document with the checksum that fits it."""
    return json.dumps({**changed, "checksum": checksum(changed)}).encode()


def a_store(content: bytes, symbol: str) -> tuple[StateFiles, StateFolder]:
    """Return a store whose folder holds one file of this content."""
    root = Path("/srv/state")
    folder = StateFolder(root, ModelDisk({root / f"{symbol.replace('/', '-')}.json": content}), FreeLock()).lock()
    return StateFiles(folder, lambda: NOON, AtOnce()), folder


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_of_every_format_is_read(path: Path) -> None:
    """Each golden file, as its version wrote it, gives a state of this version with all that it said."""
    content = path.read_bytes()
    old = json.loads(content)
    state = decode(content, old["symbol"])
    assert state.schema_version == SCHEMA_VERSION
    assert (str(state.position.quantity), state.status.value) == (old["position"]["quantity"], old["status"])
    assert [order.client_order_id for order in state.orders] == [one["client_order_id"] for one in old["orders"]]
    assert (state.sequence, state.account_id) == (old["sequence"], old["account_id"])


def test_every_format_has_its_golden_files() -> None:
    """No format that this version reads is without a file that shows it."""
    shown = {int(path.name[1:].split("_")[0]) for path in FILES}
    assert shown == set(range(1, SCHEMA_VERSION + 1)) == {1, *(version + 1 for version in MIGRATIONS)}


LEDGERS = [
    # Five settled orders on file: older ones may have been dropped, and each of them was booked.
    ("v1_full.json", "2026-11-20T15:06:01Z", "2026-11-20T15:33:00Z"),
    # Five, but none of them ever came to the broker: up to the last reconcile everything is booked.
    ("v1_unsent.json", "2026-11-20T15:45:00Z", "2026-11-20T15:45:00Z"),
    # Fewer than five: nothing was ever dropped, and all of the history may be asked for.
    ("v1_flat.json", None, "2026-11-20T15:00:00Z"),
]


@pytest.mark.parametrize(("name", "orders_through", "activities_through"), LEDGERS)
def test_1_to_2_says_how_far_the_books_go(name: str, orders_through: str | None, activities_through: str) -> None:
    """Format 1 knew it only between the lines: by its settled orders, and by its last reconcile."""
    migrated = migrate(document(name), 2)
    assert migrated["ledger"] == {"orders_through": orders_through, "activities_through": activities_through}
    assert {key: value for key, value in migrated.items() if key not in ("ledger", "schema_version")} == {
        key: value for key, value in document(name).items() if key != "schema_version"
    }


def test_times_are_compared_as_times() -> None:
    """A fraction of a second does not make a time earlier."""
    full = document("v1_full.json")
    first = full["orders"][0]
    full["orders"] = [
        {**first, "submitted_at": f"2026-11-20T15:05:01{tail}"} for tail in (".5Z", "Z", ".25Z", ".9Z", ".7Z")
    ]
    assert migrate(full, 2)["ledger"]["orders_through"] == "2026-11-20T15:05:01Z"


BROKEN: list[Callable[[Document], Document]] = [
    lambda one: {**one, "orders": None},
    lambda one: {**one, "orders": [7]},
    lambda one: {**one, "orders": [{}]},
    lambda one: {**one, "orders": [{**one["orders"][0], "submitted_at": "yesterday"}] * 5},
    lambda one: {**one, "orders": [{**one["orders"][0], "submitted_at": 7}] * 5},
    lambda one: {key: value for key, value in one.items() if key != "reconciled_at"},
    lambda one: {**one, "schema_version": 0},
    lambda one: {**one, "schema_version": -1},
    lambda one: {**one, "schema_version": True},
    lambda one: {**one, "schema_version": None},
    lambda one: {**one, "schema_version": "1"},
]


@pytest.mark.parametrize("change", BROKEN, ids=range(len(BROKEN)))
def test_an_older_file_of_a_wrong_shape_is_refused(change: Callable[[Document], Document]) -> None:
    """A file that proves itself and is not of its own format is unreadable, never guessed at."""
    store, _folder = a_store(signed(change(document("v1_full.json"))), "AAPL")
    assert isinstance(store.read("AAPL"), Unreadable)


def test_a_newer_file_is_set_aside_and_never_migrated_down() -> None:
    """A file of a later version is refused in words; its bytes are kept."""
    content = signed({**document("v1_full.json"), "schema_version": SCHEMA_VERSION + 1})
    store, folder = a_store(content, "AAPL")
    found = store.read("AAPL")
    assert isinstance(found, Unreadable)
    assert "newer than this version's" in found.why
    assert found.backup is None
    kept = Path(result_of(store.set_aside("AAPL")))
    assert folder.disk.read(kept, 1 << 20) == content


@pytest.mark.parametrize("path", OLDER, ids=lambda path: path.name)
def test_the_file_before_a_migration_is_kept(path: Path) -> None:
    """Reading writes nothing; the first save keeps the older file as it was, and later ones do not again."""
    content, old = path.read_bytes(), document(path.name)
    store, folder = a_store(content, old["symbol"])
    state, aside = store.read(old["symbol"]), folder.private / "aside"
    assert isinstance(state, SymbolState)
    assert folder.disk.names(aside) == []
    for _ in range(3):
        state = result_of(store.save(state))
    stem = old["symbol"].replace("/", "-")
    assert folder.disk.names(aside) == [f"{stem}.v{old['schema_version']}.20261120T150000000000.json"]
    assert folder.disk.read(aside / folder.disk.names(aside)[0], 1 << 20) == content
    assert store.read(old["symbol"]) == state


def test_an_older_backup_is_read_too() -> None:
    """After the loss of the file right after a migration, the backup of the older format is as good."""
    content = (GOLDEN / "v1_full.json").read_bytes()
    store, folder = a_store(content, "AAPL")
    state = store.read("AAPL")
    assert isinstance(state, SymbolState)
    result_of(store.save(state))
    for lost in (folder.state_file("AAPL"), folder.journal_file("AAPL")):
        folder.disk.unlink(lost)
    found = store.read("AAPL")
    assert getattr(found, "backup", None) == decode(content, "AAPL") == state
